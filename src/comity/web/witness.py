"""The HTTP face of an oversight body's witness (C2SP tlog-witness).

POST /add-checkpoint for logs, GET /<hex SHA-256 of the origin>/checkpoint for monitors.

Deciding is left to `comity.tlog.witness`, keeping to the store. Requests need no login: the log's signature counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from comity.tlog.witness import MAX_BODY, TEXT, Answer, Witness, WitnessStore
from comity.web.body import read_body


def _clock() -> int:
    return int(time.time())


def witness_app(witness: Witness, store: WitnessStore, now: Callable[[], int] = _clock) -> Starlette:
    """The application; ``now`` gives POSIX seconds."""

    async def add_checkpoint(request: Request) -> Response:
        body = await read_body(request, MAX_BODY)
        if body is None:
            return _response(Answer(413, TEXT, b"The request is larger than a witness accepts.\n"))
        return _response(await run_in_threadpool(lambda: witness.add_checkpoint(body, store, now())))

    async def latest(request: Request) -> Response:
        origin_hash = request.path_params["origin_hash"]
        response = _response(await run_in_threadpool(lambda: witness.latest(origin_hash, store)))
        response.headers["Cache-Control"] = "max-age=5"
        return response

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/{origin_hash:str}/checkpoint", latest, methods=["GET"]),
        ]
    )


def _response(answer: Answer) -> Response:
    # Given as a raw header: Starlette would add a charset to text/x.tlog.size, which tlog-witness does not have.
    return Response(answer.body, answer.status, headers={"Content-Type": answer.content_type})
