"""Reading the body of a request, no longer than it may be. What a longer one is answered is left to each route."""

from __future__ import annotations

from starlette.requests import Request


async def read_body(request: Request, limit: int) -> bytes | None:
    """The whole body, or None as soon as it is longer than ``limit`` bytes: no more than that is ever held."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)
