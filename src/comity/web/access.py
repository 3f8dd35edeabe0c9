"""Access: who may use which route. Every route is declared with its guard; there is no route without one.

Reading is by an official's token. A docket's contents are for officials of the authorities that take part in it and
for the court beside them; oversight follows every act by its heads and findings, without contents.

Left to others: who may take a step (the registrar and the tables of proceedings).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from comity.docket.directory import JUDICIAL_ROLES, Official
from comity.docket.docket import Docket
from comity.docket.sections import Request as LegalRequest
from comity.errors import ComityError, NotAuthorised, NotFound
from comity.node.clock import Clock
from comity.node.node import Node
from comity.web.problem import problem
from comity.web.token import check_token

OVERSIGHT_ROLE = "oversight"


class Guard(Enum):
    """Who may use a route."""

    ANYONE = "anyone"
    HAND = "whoever's hand the filing bears; the registrar decides"
    SEALED = "another node, by the seals and proofs of what it sends"
    OFFICIAL = "an official of an authority that this node serves"
    READER = "an official of the node's Party; each docket is for those who take part in it and for oversight"
    OVERSIGHT = "an official of the Party's oversight body"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that passed its guard: the node, who asks (None where nobody need say), the HTTP request."""

    node: Node
    who: Official | None
    request: Request
    clock: Clock

    @property
    def official(self) -> Official:
        """Who asks. NotAuthorised on a route whose guard asks for nobody."""
        if self.who is None:
            raise NotAuthorised("Nobody has said who asks.", "Ask with your own key.")
        return self.who


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Door:
    """A route as declared: method, path, who may, what it does."""

    method: str
    path: str
    guard: Guard
    handler: Handler


def routes(doors: tuple[Door, ...], node: Node, clock: Clock) -> list[Route]:
    """The doors as Starlette routes; each asks its guard first and answers errors as problems."""
    return [Route(door.path, _endpoint(door, node, clock), methods=[door.method]) for door in doors]


def _endpoint(door: Door, node: Node, clock: Clock) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            who = await run_in_threadpool(lambda: admit(door.guard, request, node, clock))
            return await door.handler(Call(node, who, request, clock))
        except ComityError as exc:
            if exc.status == 403:
                what, reason = f"{door.method} {request.url.path}", exc.what
                await run_in_threadpool(lambda: node.registrar.note_attempt(door.path, what, reason))
            return problem(exc)

    return endpoint


def admit(guard: Guard, request: Request, node: Node, clock: Clock) -> Official | None:
    """The official who asks, if the guard lets them in; None where it asks for nobody. NotAuthorised otherwise."""
    if guard in (Guard.ANYONE, Guard.HAND, Guard.SEALED):
        return None
    header = request.headers.get("authorization", "")
    number = node.entry.number(node.log.origin, node.log.tree.size)
    who = check_token(header, node.entry.id, node.directory, clock(), number)
    ours = who.party == node.party
    oversight = who.role == OVERSIGHT_ROLE and ours
    served = who.authority in node.entry.authorities and ours and not oversight
    allowed = {Guard.OVERSIGHT: oversight, Guard.OFFICIAL: served, Guard.READER: served or oversight}[guard]
    if not allowed:
        raise NotAuthorised(
            f"{who.holder} ({who.role}) may not ask this of {node.entry.id}.", f"It is for {guard.value}."
        )
    return who


def taking_part(docket: Docket) -> set[str]:
    """The authorities that take part: those that acted with effect, and those asked. Filing in vain makes nobody one.

    Where nothing has effect yet, whoever opened the docket takes part, to see what is wanting.
    """
    acts = [e for e in docket.entries if e.effect]
    asked = {e.body.addressee.authority for e in acts if isinstance(e.body, LegalRequest)}
    return {e.record.authority for e in acts or docket.entries[:1]} | asked


def sees_contents(who: Official, docket: Docket, node: Node) -> bool:
    """Whether an official takes part in a docket: by authority, as addressee, or as the court beside them.

    NotFound when it is none of theirs, so that nobody learns that it exists. Oversight sees it without contents.
    """
    if who.role == OVERSIGHT_ROLE:
        return False
    parties = taking_part(docket)
    ours = bool(parties & set(node.entry.authorities))
    if ours and (who.authority in parties or who.role in JUDICIAL_ROLES):
        return True
    raise NotFound(f"There is no docket {docket.id[:120]!r} for you here.", "Check the identifier, or ask who runs it.")
