"""How bytes reach a peer over HTTP. Knows nothing of what it carries."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2

from comity.docket.directory import NodeEntry
from comity.errors import Unreachable
from comity.node.mailbox import MAX_ANSWER

_TYPE = "application/vnd.comity.delivery+json"


class HttpTransport:
    """Posts deliveries and fetches exhibits. ``timeout`` in seconds for each read, not for the whole."""

    def __init__(self, timeout: float) -> None:
        """Proxies of the environment are not used: a node speaks to the address that the Party file names."""
        self._http = httpx2.Client(timeout=timeout, trust_env=False, follow_redirects=False)

    def post(self, node: NodeEntry, data: bytes) -> bytes:
        """Deliver a message; the answer's body. Raises Unreachable with what the peer said."""
        try:
            with self._http.stream(
                "POST", f"{node.url}/exchange/deliveries", content=data, headers={"Content-Type": _TYPE}
            ) as answer:
                body = _limited(answer.iter_bytes(), MAX_ANSWER)
                status = answer.status_code
        except httpx2.HTTPError as exc:
            raise Unreachable(f"{node.id} does not answer: {exc!r}.", "The delivery waits and is tried again.") from exc
        if status != 200:
            said = body[:300].decode("utf-8", "replace")
            raise Unreachable(f"{node.id} turned the delivery away ({status}): {said}", "Ask its operator.")
        return body

    def fetch(self, node: NodeEntry, blob: str) -> Iterator[bytes]:
        """The ciphertext of an exhibit in chunks."""
        try:
            with self._http.stream("GET", f"{node.url}/exchange/exhibits/{blob}") as answer:
                if answer.status_code != 200:
                    raise Unreachable(
                        f"{node.id} does not give the exhibit ({answer.status_code}).", "It is asked again."
                    )
                yield from answer.iter_bytes(1024 * 1024)
        except httpx2.HTTPError as exc:
            raise Unreachable(f"{node.id} broke off the exhibit: {exc!r}.", "It is fetched again.") from exc


def _limited(chunks: Iterator[bytes], limit: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise Unreachable("The peer's answer is too long.", "Ask its operator.")
    return bytes(body)
