"""One node's whole HTTP application: the API, evidence, the exchange with peers, the log.

`declared` lists every route with its guard, so that a test can walk all of them. Headers keep browsers from guessing.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from comity.node.clock import Clock, system_clock
from comity.node.node import Node
from comity.web import api, escrows, evidence, forms, reports
from comity.web.access import Guard, routes
from comity.web.exchange import exchange_routes
from comity.web.gossip import gossip_routes
from comity.web.log import log_routes
from comity.web.problem import answer_http, answer_unexpected

DOORS = (*api.DOORS, *escrows.DOORS, *evidence.DOORS, *forms.DOORS, *reports.DOORS)
OPEN_TO_PEERS = {
    "/exchange/deliveries": Guard.SEALED,
    "/exchange/exhibits/{blob}": Guard.SEALED,
    "/log/checkpoint": Guard.ANYONE,
    "/log/tile/{path:path}": Guard.ANYONE,
    "/log/unsealed/{path:path}": Guard.ANYONE,
    "/logs/{number:int}/unsealed/{path:path}": Guard.ANYONE,
    "/log/reports/{path:path}": Guard.ANYONE,
    "/logs/{number:int}/checkpoint": Guard.ANYONE,
    "/logs/{number:int}/tile/{path:path}": Guard.ANYONE,
    "/logs/{number:int}/reports/{path:path}": Guard.ANYONE,
    "/gossip": Guard.ANYONE,
    "/gossip/conflicts": Guard.ANYONE,
    "/gossip/conflicts/{identifier:str}": Guard.ANYONE,
}
"""Guards of the routes that peers and monitors use; they are judged by what is sent, not by who asks."""
POSTED = frozenset({"/exchange/deliveries", "/gossip"})
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)


def declared() -> dict[tuple[str, str], Guard]:
    """Path and method of every route, with its guard."""
    mine = {(door.path, door.method): door.guard for door in DOORS}
    theirs = {(p, "POST" if p in POSTED else "GET"): guard for p, guard in OPEN_TO_PEERS.items()}
    return mine | theirs


def create_app(node: Node, clock: Clock = system_clock) -> Starlette:
    """The application of ``node``, which the caller starts and stops."""

    all_routes: list[Route] = [*routes(DOORS, node, clock), *exchange_routes(node), *log_routes(node)]
    all_routes += gossip_routes(node.gossip, tuple(node.peers.policies.values()), unproven=node.anchor.heard)
    return Starlette(
        routes=all_routes,
        middleware=[Middleware(Careful)],
        exception_handlers={HTTPException: answer_http, Exception: answer_unexpected},
    )


class Careful:
    """Adds the headers that every answer bears."""

    def __init__(self, app: ASGIApp) -> None:
        """Around ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self._app(scope, receive, with_headers)
