"""The node's log as static-looking files (C2SP tlog-tiles), with openings of what was unsealed and reports.

Open to anyone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from comity.errors import ComityError, Malformed, NotFound
from comity.node.keeping.log_rows import LogRows
from comity.node.log.openings import unsealed_file
from comity.node.node import Node
from comity.tlog.tiles import encode_entries, encode_tile, parse_tile_path, tile_coordinates
from comity.tlog.unsealed import parse_unsealed_path
from comity.web.log_file import log_file
from comity.web.problem import problem

T = TypeVar("T")
_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


def log_routes(node: Node) -> list[Route]:
    """The routes of the log written to now (``/log``), and of each of the node's logs by number (``/logs/0`` ...)."""

    async def checkpoint(request: Request) -> Response:
        try:
            newest = await run_in_threadpool(lambda: _rows(node, request).checkpoint())
        except ComityError as exc:
            return problem(exc)
        if newest is None:
            return problem(NotFound("Nothing was published yet.", "Ask again after the next checkpoint."))
        return Response(newest[1], media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-cache"})

    async def tile(request: Request) -> Response:
        path = "tile/" + request.path_params["path"]
        try:
            body = await run_in_threadpool(lambda: _tile(node, _rows(node, request), path))
        except ComityError as exc:
            return problem(exc)
        return log_file(request, path, body)

    async def report(request: Request) -> Response:
        path = request.path_params["path"]
        try:
            body = await run_in_threadpool(lambda: node.reports.file(path))
        except ComityError as exc:
            return problem(exc)
        return Response(body, media_type=_TYPES.get(path.rpartition(".")[2], "text/plain; charset=utf-8"))

    async def unsealed(request: Request) -> Response:
        path = "unsealed/" + request.path_params["path"]
        try:
            _named(parse_unsealed_path, path)
            body = await run_in_threadpool(lambda: unsealed_file(_rows(node, request), path))
        except ComityError as exc:
            return problem(exc)
        return log_file(request, path, body)

    return [
        Route("/log/checkpoint", checkpoint, methods=["GET"]),
        Route("/log/tile/{path:path}", tile, methods=["GET"]),
        Route("/logs/{number:int}/checkpoint", checkpoint, methods=["GET"]),
        Route("/logs/{number:int}/tile/{path:path}", tile, methods=["GET"]),
        Route("/log/unsealed/{path:path}", unsealed, methods=["GET"]),
        Route("/logs/{number:int}/unsealed/{path:path}", unsealed, methods=["GET"]),
        Route("/log/reports/{path:path}", report, methods=["GET"]),
        Route("/logs/{number:int}/reports/{path:path}", report, methods=["GET"]),
    ]


def _rows(node: Node, request: Request) -> LogRows:
    """The log that is asked for. NotFound."""
    number: int | None = request.path_params.get("number")
    if number is None:
        return node.log.rows
    if number >= len(node.log.segments):
        raise NotFound(f"This node has no log {number}.", f"It has {len(node.log.segments)}; the first is 0.")
    return node.log.segments[number]


def _named(parse: Callable[[str], T], path: str) -> T:
    """What a path names; one that no file of a log has is not there, as with any static host. NotFound."""
    try:
        return parse(path)
    except Malformed as exc:
        raise NotFound(exc.what, exc.next_step) from exc


def _tile(node: Node, rows: LogRows, path: str) -> bytes:
    """One tile or entry bundle below the size that was signed. NotFound otherwise.

    Signed, not published: a mirror in the quorum fetches what it is to cosign before there is a checkpoint to publish.
    """
    wanted = _named(parse_tile_path, path)
    newest = rows.checkpoint()
    size = newest[0] if newest is not None else 0
    level = max(wanted.level or 0, 0)
    last = (wanted.index * 256 + wanted.width) << (8 * level)
    if last > size and rows.end is None and (signed := node.last_signed.get(rows.origin)) is not None:
        size = max(size, signed[0])
    if last > size:
        raise NotFound(f"No signed checkpoint covers {path}.", "Read /log/checkpoint first.")
    if wanted.level is None:
        return encode_entries(rows.leaves(wanted.index * 256, wanted.index * 256 + wanted.width))
    return encode_tile(rows.hashes(tile_coordinates(wanted)))
