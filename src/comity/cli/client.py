"""The command line's way to a node: HTTP, with the official's token, and with patience where asking twice is harmless.

Left to others: what is asked (each command), the hand (`comity.cli.hands`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeVar

import httpx2
import msgspec
import typer

from comity import errors
from comity.docket.party_file import MAX_PARTY_FILE, PartyFile
from comity.errors import ComityError, Malformed, Unreachable, Unverified
from comity.signing.credential import Credential, read_unverified
from comity.signing.hand import Signer
from comity.signing.seal import unverified_payload
from comity.web.token import make_token

DEFAULT_NODE = "http://127.0.0.1:8140"
NodeOption = Annotated[str, typer.Option("--node", envvar="COMITY_NODE", help="Address of your authority's node.")]
_CHUNK = 1024 * 1024
_T = TypeVar("_T")
_KINDS = {kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ComityError)}


class NodeClient:
    """One node, asked with one official's key. ``patience`` in seconds: how long a lost connection is tried again."""

    def __init__(self, url: str, signer: Signer | None, patience: float = 30.0, timeout: float = 60.0) -> None:
        """Nothing is asked yet."""
        self.url, self.signer, self._patience = url.rstrip("/"), signer, patience
        tls = not url.startswith("http://")  # plain HTTP, as on loopback, needs no roots read from disk
        self._http = httpx2.Client(timeout=timeout, trust_env=False, verify=tls)
        self._info: dict[str, Any] | None = None

    def info(self) -> dict[str, Any]:
        """Who the node is."""
        if self._info is None:
            self._info = self._json("GET", "/info")
        return self._info

    def who_am_i(self) -> Credential:
        """The credential of this client's key, as the node's Party publishes it. Unverified when there is none."""
        payload = unverified_payload(self.raw("GET", "/party").content, MAX_PARTY_FILE)
        file = msgspec.json.decode(payload, type=PartyFile)
        kid = self._signer().public.kid
        found = next((c for c in map(read_unverified, file.credentials) if c.kid == kid), None)
        if found is None:
            raise Unverified(
                f"The node's Party file ({file.party}, version {file.version}) certifies no key {kid}.",
                "Have it certified (comity init official) and the Party file published (comity init publish).",
            )
        return found

    def get(self, path: str) -> dict[str, Any]:
        """Read something that needs the official's token."""
        return self._json("GET", path, signed=True)

    def docket(self, docket: str) -> dict[str, Any]:
        """A docket as this official sees it. NotFound when there is none for them."""
        return self.get(f"/api/dockets/{docket}")

    def file(self, body: bytes) -> dict[str, Any]:
        """File a record; sent again as it is when the connection is lost, which is harmless."""
        return self._json("POST", "/api/filings", content=body)

    def upload(self, path: Path, name: str, media_type: str) -> dict[str, Any]:
        """Bring an exhibit into the node's vault."""

        def chunks() -> Iterator[bytes]:
            with path.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    yield chunk

        answer = self._again(
            lambda: self._http.post(
                f"{self.url}/api/exhibits",
                params={"name": name},
                content=chunks(),
                headers={**self._token(), "Content-Type": media_type},
            )
        )
        found: dict[str, Any] = _checked(answer).json()
        return found

    def download(self, path: str, sink: BinaryIO) -> int:
        """Write what a path gives into ``sink``, from its start; the number of bytes. A lost connection begins anew."""

        def attempt() -> int:
            sink.seek(0)
            sink.truncate()
            with self._http.stream("GET", self.url + path, headers=self._token()) as answer:
                if answer.status_code != 200:
                    answer.read()
                    _checked(answer)
                return sum(sink.write(chunk) for chunk in answer.iter_bytes(_CHUNK))

        return self._again(attempt)

    def raw(
        self, method: str, path: str, *, signed: bool = False, content: bytes | None = None, accept: str = "*/*"
    ) -> httpx2.Response:
        """Ask; the checked answer. Raises the ComityError that the node's problem names."""
        return _checked(
            self._again(
                lambda: self._http.request(
                    method, self.url + path, content=content,
                    headers={"Accept": accept, **(self._token() if signed else {})},
                )
            )
        )

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self.raw(method, path, accept="application/json", **more).json()
        except ValueError as exc:
            raise Malformed(f"{self.url} does not answer as a node does.", "Check the address: --node.") from exc
        return found

    def _again(self, ask: Callable[[], _T]) -> _T:
        """Ask; on a lost connection ask again until patience ends."""
        until = time.monotonic() + self._patience
        pause = 0.2
        while True:
            try:
                return ask()
            except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as exc:
                raise Malformed(f"{self.url!r} is no address of a node.", "Write it as http://127.0.0.1:8140.") from exc
            except httpx2.HTTPError as exc:
                if time.monotonic() + pause > until:
                    raise self._unreachable(exc) from exc
                time.sleep(pause)
                pause = min(pause * 1.6, 2.0)

    def _unreachable(self, exc: Exception) -> Unreachable:
        return Unreachable(
            f"The node at {self.url} does not answer: {exc}.",
            "Is it running (comity serve)? File the same again: a record filed twice is entered once.",
        )

    def _signer(self) -> Signer:
        if self.signer is None:
            raise Unverified("This needs an official's key.", "Name yours: --as KEYFILE.")
        return self.signer

    def _token(self) -> dict[str, str]:
        return {"Authorization": make_token(self.info()["node"], self._signer(), datetime.now(UTC))}


def _checked(answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code < 400:
        return answer
    try:
        said = answer.json()
        kind, what, next_step = said["code"], str(said["detail"]), str(said.get("next_step", ""))
    except (ValueError, KeyError, TypeError):
        raise Unreachable(
            f"{answer.url.host}:{answer.url.port} answered {answer.status_code}, and not as a node does.",
            "Check the address (--node): is it your authority's node? Else ask its operator.",
        ) from None
    raise _KINDS.get(kind, Unreachable)(what, next_step)
