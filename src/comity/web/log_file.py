"""A file of a log as an HTTP answer (C2SP tlog-tiles): it never changes, so any cache may keep it for ever.

Entry bundles are compressed for whoever takes gzip: half the bytes, for they are base64 under the same few words. Hash
tiles do not compress.
"""

from __future__ import annotations

import gzip

from starlette.requests import Request
from starlette.responses import Response

_FOREVER = "public, max-age=31536000, immutable"
_ENTRIES = "tile/entries/"


def log_file(request: Request, path: str, body: bytes) -> Response:
    """The answer with the bytes of the file at ``path``, relative to the log."""
    media_type = "text/plain; charset=us-ascii" if path.startswith("unsealed/") else "application/octet-stream"
    headers = {"Cache-Control": _FOREVER}
    if path.startswith(_ENTRIES):
        headers["Vary"] = "Accept-Encoding"
        if _takes_gzip(request):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 6, mtime=0)
    return Response(body, media_type=media_type, headers=headers)


def _takes_gzip(request: Request) -> bool:
    """Whether ``Accept-Encoding`` names gzip and does not refuse it (RFC 9110 section 12.5.3)."""
    for each in request.headers.get("accept-encoding", "").lower().split(","):
        coding, _, weight = each.replace(" ", "").partition(";q=")
        if coding == "gzip":
            return weight.strip("0.") != "" or not weight
    return False
