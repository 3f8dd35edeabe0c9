"""Errors as problem+json (RFC 9457): what is wrong, the next step, a code for programs. Never a traceback.

Left to others: what can go wrong (`comity.errors`), the command line's exit codes (`comity.cli`).
"""

from __future__ import annotations

import errno
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from comity.docket.finding import Finding
from comity.errors import ComityError, Unreachable
from comity.node.log_lines import get_logger
from comity.signing.canonical import canonical

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:comity:problem:"
_FULL = {errno.ENOSPC, errno.EDQUOT}
_NOT_KEPT = {"Cache-Control": "no-store"}  # a cache that kept "not there" would hide the tile that comes next
_log = get_logger(__name__)


def problem(exc: ComityError, findings: tuple[Finding, ...] = ()) -> Response:
    """The answer for an error; ``findings`` when a safeguard's answer explains it."""
    body: dict[str, Any] = {
        "type": _TYPE + exc.code,
        "title": HTTPStatus(exc.status).phrase,
        "status": exc.status,
        "detail": exc.what,
        "next_step": exc.next_step,
        "code": exc.code,
    }
    if findings:
        body["findings"] = list(findings)
    asked = {"WWW-Authenticate": "Comity"} if exc.status == 403 else {}
    return Response(canonical(body), exc.status, headers=_NOT_KEPT | asked, media_type=MEDIA_TYPE)


async def answer_unexpected(request: Request, exc: Exception) -> Response:
    """Log what nobody foresaw, and tell the caller nothing of the inside."""
    if isinstance(exc, OSError) and exc.errno in _FULL:
        _log.error("web.disk_full", path=request.url.path)
        return problem(Unreachable("This node's disk is full; nothing was kept.", "Have the operator make room first."))
    _log.error("web.unexpected", path=request.url.path, exc_info=exc)
    body = {
        "type": _TYPE + "bug",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "This node could not answer; the reason is in its log.",
        "next_step": "Try again; filing the same record twice is harmless. If it stays, ask the operator.",
        "code": "bug",
    }
    return Response(canonical(body), 500, headers=_NOT_KEPT, media_type=MEDIA_TYPE)


async def answer_http(_: Request, exc: Exception) -> Response:
    """Unknown paths and methods, in the same shape as every other problem."""
    status = exc.status_code if isinstance(exc, HTTPException) else 404
    body = {
        "type": _TYPE + ("not-found" if status == 404 else "malformed"),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": "There is nothing at this address." if status == 404 else "This address does not take that method.",
        "next_step": "See docs/cli.md for what a node answers.",
        "code": "not-found" if status == 404 else "malformed",
    }
    return Response(canonical(body), status, headers=_NOT_KEPT, media_type=MEDIA_TYPE)
