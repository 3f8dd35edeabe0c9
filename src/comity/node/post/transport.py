"""How bytes reach peers and witnesses over HTTP. Knows nothing of what it carries."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2

from comity.docket.directory import NodeEntry
from comity.errors import Unreachable
from comity.node.http import client
from comity.node.post.mailbox import MAX_ANSWER
from comity.tlog.policy import KnownWitness
from comity.tlog.witness import Answer, origin_path

_TYPE = "application/vnd.comity.delivery+json"


class HttpTransport:
    """Posts deliveries and fetches exhibits. ``timeout`` in seconds for each read; the whole is bounded too."""

    def __init__(self, timeout: float) -> None:
        """Proxies of the environment are not used: a node speaks to the address that the Party file names."""
        self._http = client(timeout)

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


class HttpWitnesses:
    """Speaks tlog-witness. ``timeout`` in seconds."""

    def __init__(self, timeout: float) -> None:
        """No proxies, no redirects."""
        self._http = client(timeout)

    def add_checkpoint(self, witness: KnownWitness, body: bytes) -> Answer:
        """Post an add-checkpoint request. Raises Unreachable."""
        return self._ask("POST", witness, "/add-checkpoint", body)

    def latest(self, witness: KnownWitness, origin: str) -> Answer:
        """Ask what the witness saw last of ``origin``. Raises Unreachable."""
        return self._ask("GET", witness, f"/{origin_path(origin)}", None)

    def _ask(self, method: str, witness: KnownWitness, path: str, body: bytes | None) -> Answer:
        try:
            with self._http.stream(method, (witness.url or "").rstrip("/") + path, content=body) as answer:
                content = _limited(answer.iter_bytes(), MAX_ANSWER)
        except httpx2.HTTPError as exc:
            raise Unreachable(f"The witness {witness.name} does not answer: {exc!r}.", "It is asked again.") from exc
        return Answer(answer.status_code, answer.headers.get("content-type", ""), content)


def _limited(chunks: Iterator[bytes], limit: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise Unreachable("The peer's answer is too long.", "Ask its operator.")
    return bytes(body)
