"""Asking a node for the report of a period, and, for oversight, for what opens its acts.

The report itself is public: it lies with the log (`comity.web.log`).
"""

from __future__ import annotations

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from comity.errors import Malformed
from comity.node.publishing.reports import Waiting
from comity.signing.canonical import canonical, parse_canonical
from comity.web.access import OVERSIGHT_ROLE, Call, Door, Guard
from comity.web.body import read_body

MAX_BODY = 4096


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of ``POST /api/reports``, in canonical form: sizes of published checkpoints, null for the default.

    ``origin``: of the log that is counted, "" for the one that is written to.
    """

    period: str
    origin: str = ""
    start: int | None = None
    end: int | None = None


async def make(call: Call) -> Response:
    """Make a report. 200 when it is there; 202 while a checkpoint must first cover what is counted: ask again."""
    data = await read_body(call.request, MAX_BODY)
    wanted = _wanted(data)
    reports = call.node.reports
    made = await run_in_threadpool(lambda: reports.make(wanted.period, wanted.start, wanted.end, wanted.origin))
    if isinstance(made, Waiting):
        return _answer({"waiting": made.size}, 202)
    return _answer(made, 200)


def _wanted(data: bytes | None) -> Wanted:
    try:
        return msgspec.convert(parse_canonical(data or b"", limit=MAX_BODY), Wanted)
    except msgspec.ValidationError as exc:
        raise Malformed(f"This asks for no report: {exc}.", 'Send {"end":null,"period":"2027","start":null}.') from exc


async def openings(call: Call) -> Response:
    """What was published with a report, and every act of it opened for its statistical fields."""
    period = call.request.path_params["period"]
    return _answer(await run_in_threadpool(lambda: call.node.reports.openings(period)), 200)


def _answer(value: object, status: int) -> Response:
    return Response(canonical(value), status, media_type="application/json", headers={"Cache-Control": "no-store"})


DOORS = (
    Door("POST", "/api/reports", Guard.READER, make),
    Door("GET", f"/api/{OVERSIGHT_ROLE}/reports/{{period}}", Guard.OVERSIGHT, openings),
)
