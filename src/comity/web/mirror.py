"""The HTTP face of a mirror: a witness's (`comity.web.witness`), and its copy of each log as static-looking files.

GET /<hex SHA-256 of the origin>/checkpoint, tile/... (C2SP tlog-mirror), unsealed/...: `comity audit URL/<that hash>`.
"""

from __future__ import annotations

from hashlib import sha256

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from comity.errors import ComityError, Malformed, NotFound
from comity.node.witness.mirror import Mirror
from comity.tlog.tiles import parse_tile_path
from comity.tlog.witness import WitnessStore
from comity.web.log_file import log_file
from comity.web.problem import problem
from comity.web.witness import witness_app


def mirror_app(mirror: Mirror, store: WitnessStore) -> Starlette:
    """The application."""
    origins = {sha256(origin.encode()).hexdigest(): origin for origin in mirror.logs}

    async def file(request: Request) -> Response:
        path = _checked(f"{request.path_params['kind']}/{request.path_params['path']}")
        if path is None:
            return problem(NotFound("There is no such file.", "See c2sp.org/tlog-tiles for the names."))
        try:
            body = await run_in_threadpool(lambda: mirror.file(_origin(origins, request), path))
        except ComityError as exc:
            return problem(exc)
        return log_file(request, path, body)

    app = witness_app(mirror, store)
    app.router.routes += [
        Route("/{hash:str}/{kind:str}/{path:path}", file, methods=["GET"]),
    ]
    return app


def _origin(origins: dict[str, str], request: Request) -> str:
    """The log whose origin has this hash. NotFound."""
    name = str(request.path_params["hash"])
    if name not in origins:
        raise NotFound("This mirror keeps no such log.", "Name it by the SHA-256 of its origin, in hexadecimal.")
    return origins[name]


def _checked(path: str) -> str | None:
    """The path, if it is one that a log has: nothing else is ever read from the folder."""
    kind, _, rest = path.partition("/")
    try:
        parse_tile_path(path if kind == "tile" else f"tile/entries/{rest}")
    except Malformed:
        return None
    return path if kind in ("tile", "unsealed") else None
