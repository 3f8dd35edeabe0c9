"""The exchange: the door for other nodes. A delivery is judged by its seal and its proofs, not by a login.

`POST /exchange/deliveries` takes sealed messages; `GET /exchange/exhibits/<digest>` gives ciphertexts to whoever knows
their 256-bit name, which only the receiving node learns, with the key, inside its envelope.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from comity.errors import ComityError, Malformed
from comity.node.node import Node
from comity.node.post.delivery import MAX_DELIVERY
from comity.signing.canonical import canonical
from comity.web.body import read_body
from comity.web.problem import problem

_CHUNK = 1024 * 1024


def exchange_routes(node: Node) -> list[Route]:
    """The routes for peers of one node."""

    async def deliveries(request: Request) -> Response:
        try:
            data = await read_body(request, MAX_DELIVERY)
            if data is None:
                raise Malformed(f"A delivery has at most {MAX_DELIVERY} bytes.", "Send fewer records at a time.")
            answer = await run_in_threadpool(lambda: node.inbox.receive(data))
        except ComityError as exc:
            return problem(exc)
        return Response(canonical(msgspec.to_builtins(answer)), media_type="application/json")

    async def exhibit(request: Request) -> Response:
        try:
            source = await run_in_threadpool(lambda: node.vault.open_blob(request.path_params["blob"]))
        except ComityError as exc:
            return problem(exc)

        def chunks() -> Iterator[bytes]:
            with source:
                while chunk := source.read(_CHUNK):
                    yield chunk

        return StreamingResponse(chunks(), media_type="application/octet-stream")

    return [
        Route("/exchange/deliveries", deliveries, methods=["POST"]),
        Route("/exchange/exhibits/{blob}", exhibit, methods=["GET"]),
    ]
