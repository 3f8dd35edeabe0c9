"""The outsider's side of gossip: hand a checkpoint in, read the contradictions others found. Nothing is believed here.

Bounded in size and number, because the address may be anybody's. Checking is left to `comity.node.auditor.audit`.
"""

from __future__ import annotations

import json
import re

import httpx2

from comity.errors import NotFound, Unreachable
from comity.node.http import client
from comity.tlog.contradiction import MAX_FILE

MAX_LIST = 1 << 20
MAX_FETCHED = 50
_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


def conflicts_at(url: str, timeout: float = 20.0) -> list[bytes]:
    """The files of the contradictions listed at ``<url>/gossip/conflicts``, at most the newest 50; none when the
    address keeps no gossip. Raises Unreachable. ``timeout`` in seconds for each read."""
    place = f"{url.rstrip('/')}/gossip/conflicts"
    with client(timeout) as http:
        try:
            status, listed = _ask(http, "GET", place, None, MAX_LIST)
        except NotFound:
            return []
        if status != 200:
            raise Unreachable(f"{place} answers {status}.", "Try again later.")
        return [_ask(http, "GET", f"{place}/{each}", None, MAX_FILE)[1] for each in _ids(listed, place)[-MAX_FETCHED:]]


def hand_in(url: str, note: bytes, timeout: float = 20.0) -> list[bytes]:
    """Hand the checkpoint ``note`` in at ``<url>/gossip``; the contradiction that it makes there, if it makes one.

    Raises Unreachable, NotFound. ``timeout`` in seconds for each read.
    """
    with client(timeout) as http:
        status, body = _ask(http, "POST", f"{url.rstrip('/')}/gossip", note, MAX_FILE)
    if status in (200, 409):
        return [body] if status == 409 else []
    raise Unreachable(f"{url} did not take the checkpoint ({status}).", "Keep it, and hand it in elsewhere.")


def _ask(http: httpx2.Client, method: str, url: str, content: bytes | None, limit: int) -> tuple[int, bytes]:
    body = bytearray()
    try:
        with http.stream(method, url, content=content) as answer:
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > limit:
                    raise Unreachable(f"{url} answers with more than {limit} bytes.", "Ask another copy.")
            status = answer.status_code
    except httpx2.HTTPError as error:
        raise Unreachable(f"{url} does not answer: {error!r}.", "Try again later.") from error
    if status == 404:
        raise NotFound(f"{url} is not there.", "Check the address.")
    return status, bytes(body)


def _ids(listed: bytes, place: str) -> list[str]:
    """The ids in the list, each of the one accepted form."""
    try:
        rows = json.loads(listed)
        ids = [row["id"] for row in rows]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Unreachable(f"{place} does not answer with a list of conflicts.", "Ask its operator.") from error
    return [each for each in ids if isinstance(each, str) and _ID.fullmatch(each)]
