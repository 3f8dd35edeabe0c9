"""The API for officials' programs: file, read dockets and duties, see what was turned away, ask how the node is.

Left to others: evidence (`comity.web.evidence`), peers (`comity.web.exchange`), the log (`comity.web.log`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from comity import __doc__ as about
from comity.docket.docket import Docket
from comity.docket.record import MAX_RECORD, MAX_SECTIONS, Record, Section
from comity.errors import ComityError, Malformed, NotAdmitted, NotFound
from comity.node.door.registrar import Entered
from comity.node.node import Node
from comity.proceedings.bodies import Attempt
from comity.signing.canonical import canonical, parse_canonical
from comity.signing.hand import Hand
from comity.web.access import OVERSIGHT_ROLE, Call, Door, Guard, sees_contents
from comity.web.body import read_body
from comity.web.docket_view import duty_view, seal_view, summary, whole

MAX_FILING = MAX_RECORD + MAX_SECTIONS
ATTEMPT_DAYS = 90  # how far back the list of attempts goes


class FilingBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of ``POST /api/filings``, in canonical form."""

    record: Record
    hand: Hand | None
    sections: dict[str, Section]


def answer(value: Any, status: int = 200) -> Response:
    """JSON in canonical form."""
    return Response(canonical(value), status, media_type="application/json", headers={"Cache-Control": "no-store"})


async def file(call: Call) -> Response:
    """Take a filing. 201 when it was entered (with effect or without), 200 when it was there before."""
    data = await read_body(call.request, MAX_FILING)
    if data is None:
        raise Malformed(f"The message has more than {MAX_FILING} bytes.", "Put large material into an exhibit.")
    entered = await run_in_threadpool(lambda: _file(call.node, decode_filing(data)))
    return answer(entered, 200 if entered.again else 201)


def _file(node: Node, filing: FilingBody) -> Entered:
    try:
        return node.registrar.file(filing.record, filing.hand, filing.sections)
    except NotAdmitted as exc:  # 403s are noted at the door
        node.registrar.note_attempt("/api/filings", f"{filing.record.step} in {filing.record.docket}"[:200], exc.what)
        raise


def decode_filing(data: bytes) -> FilingBody:
    """Strict: Malformed on unknown fields, truncation, oversize or other than canonical form."""
    value = parse_canonical(data, limit=MAX_FILING)
    try:
        return msgspec.convert(value, FilingBody)
    except msgspec.ValidationError as exc:
        raise Malformed(f"This is not a filing: {exc}", 'Send {"hand":...,"record":...,"sections":...}.') from exc


def docket_for(call: Call, docket_id: str) -> tuple[Docket, bool]:
    """The docket and whether the caller sees contents. NotFound when there is none for them."""
    try:
        docket = call.node.registrar.docket(docket_id) if len(docket_id) <= 120 else Docket(docket_id)
    except ComityError:
        docket = Docket(docket_id)
    if not docket.entries:
        raise NotFound(f"There is no docket {docket_id[:120]!r} for you here.", "List yours: comity show.")
    return docket, sees_contents(call.official, docket, call.node)


def asked_docket(call: Call, docket_id: str) -> tuple[Docket, bool]:
    """As `docket_for`; asking for a docket that is there but none of the caller's is noted for oversight."""
    try:
        return docket_for(call, docket_id)
    except NotFound:
        if docket_id in call.node.store.dockets():
            who = call.official
            reason = f"{who.holder} ({who.role} of {who.authority}) takes no part in it."
            call.node.registrar.note_attempt("/api/dockets/{docket}", f"read {docket_id}", reason)
        raise


def _mine(call: Call) -> list[Docket]:
    found = []
    for docket_id in call.node.store.dockets("request"):
        try:
            found.append(docket_for(call, docket_id)[0])
        except NotFound:
            continue
    return found


async def dockets(call: Call) -> Response:
    """The dockets that the caller takes part in."""
    return answer(await run_in_threadpool(lambda: {"dockets": [summary(call.node, d) for d in _mine(call)]}))


async def docket(call: Call) -> Response:
    """One docket."""

    def read() -> Any:
        found, contents = asked_docket(call, call.request.path_params["docket"])
        return whole(call.node, found, call.clock(), contents=contents)

    return answer(await run_in_threadpool(read))


async def duties(call: Call) -> Response:
    """Open duties of the caller's dockets, the earliest first, those without a number last; and until when they are
    sealed."""

    def read() -> Any:
        now = call.clock()
        found = [duty_view(d.id, duty, now) for d in _mine(call) for duty in call.node.duties(d.id)]
        seals = [seal for d in _mine(call) if (seal := seal_view(d, now)) is not None]
        return {
            "duties": sorted(found, key=lambda v: (v["due"] is None, v["due"] or "", v["docket"], v["duty"])),
            "seals": sorted(seals, key=lambda v: (v["until"], v["docket"])),
        }

    return answer(await run_in_threadpool(read))


async def attempts(call: Call) -> Response:
    """What was turned away in the last 90 days, newest first."""

    def read() -> Any:
        since = (call.clock() - timedelta(days=ATTEMPT_DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
        entries = [
            e
            for docket_id in call.node.store.dockets("oversight")
            for e in call.node.registrar.docket(docket_id).entries
            if isinstance(e.body, Attempt) and e.record.at >= since
        ]
        newest_first = sorted(entries, key=lambda e: (e.record.at, e.depth), reverse=True)
        return {"attempts": [{"id": e.id, "at": e.record.at, **msgspec.to_builtins(e.body)} for e in newest_first]}

    return answer(await run_in_threadpool(read))


async def live(_: Call) -> Response:
    """The process answers."""
    return answer({"status": "up"})


async def ready(call: Call) -> Response:
    """Whether the node works: acts can be entered, its log is not stopped by a contradiction, and no thread failed."""
    failures = call.node.failures()
    if failures:
        return answer({"status": "down", "reason": " ".join(failures)}, 503)
    return answer({"status": "up"})


async def info(call: Call) -> Response:
    """Who this node is: identifier, Party, authorities, log, edition of the law."""
    entry = call.node.entry
    return answer(
        {
            "about": (about or "").split("\n")[0],
            "node": entry.id,
            "party": call.node.party,
            "authorities": list(entry.authorities),
            "origin": entry.origin,
            "law": call.node.law.version,
            "max_exhibit_bytes": call.node.settings.max_exhibit_bytes,
        }
    )


async def party(call: Call) -> Response:
    """This Party's file as published: anybody may check it against the Party's root."""
    path = call.node.base / call.node.settings.parties / f"{call.node.party}.json"
    return Response(await run_in_threadpool(path.read_bytes), media_type="application/jose+json")


DOORS = (
    Door("POST", "/api/filings", Guard.HAND, file),
    Door("GET", "/api/dockets", Guard.READER, dockets),
    Door("GET", "/api/dockets/{docket}", Guard.READER, docket),
    Door("GET", "/api/duties", Guard.READER, duties),
    Door("GET", f"/api/{OVERSIGHT_ROLE}/attempts", Guard.OVERSIGHT, attempts),
    Door("GET", "/health/live", Guard.ANYONE, live),
    Door("GET", "/health/ready", Guard.ANYONE, ready),
    Door("GET", "/info", Guard.ANYONE, info),
    Door("GET", "/party", Guard.ANYONE, party),
)
