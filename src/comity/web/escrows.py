"""Escrows for oversight: what opens sealed leaves without this node, each useless without enough of the bodies' keys.

They may ask for all of them, and choose samples themselves: the node does not learn which are opened.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from comity.errors import Malformed
from comity.node.log.escrows import escrows
from comity.signing.canonical import canonical
from comity.tlog.encoding import decode_decimal
from comity.web.access import OVERSIGHT_ROLE, Call, Door, Guard

PAGE = 200


async def read(call: Call) -> Response:
    """Escrows of leaves from ``since`` on, at most `PAGE`, and ``next``: where to go on, null at the end."""
    since = decode_decimal(call.request.query_params.get("since", "0"), "number to begin at")
    if set(call.request.query_params) - {"since"}:
        raise Malformed("Only ?since=N may be asked.", "Leave the rest out.")
    found = await run_in_threadpool(lambda: escrows(call.node.store, since, PAGE))
    after = found[-1][0] + 1 if len(found) == PAGE else None
    answer = canonical({"escrows": [body.decode() for _, body in found], "next": after})
    return Response(answer, media_type="application/json", headers={"Cache-Control": "no-store"})


DOORS = (Door("GET", f"/api/{OVERSIGHT_ROLE}/escrows", Guard.OVERSIGHT, read),)
