"""Where an outsider reads a log from: a node or any C2SP tlog-tiles host over HTTP, or a folder with the same files.

Nothing read here is believed; the reader verifies. Sizes are bounded before anything is kept.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import httpx2

from comity.errors import NotFound, Unreachable
from comity.node.http import client
from comity.package.report_check import MAX_OPENINGS
from comity.tlog.checkpoint import Checkpoint
from comity.tlog.contradiction import Trees
from comity.tlog.note import MAX_NOTE
from comity.tlog.tiles import MAX_ENTRY, WIDTH, Fetch, TileReader
from comity.tlog.unsealed import MAX_FILE

MAX_BUNDLE = WIDTH * (2 + MAX_ENTRY)
MAX_TILE = WIDTH * 32
_TRIES = 3


class LogSource(Protocol):
    """A log's files by their paths in C2SP tlog-tiles, and its reports below ``reports/``."""

    def checkpoint(self) -> bytes:
        """The newest checkpoint the log shows. Raises NotFound, Unreachable."""

    def fetch(self, path: str) -> bytes:
        """A tile, an entry bundle or a file of openings. Raises NotFound, Unreachable."""


def tree_of(checkpoint: Checkpoint, fetch: Fetch) -> TileReader:
    """A reader over the tree of ``checkpoint`` that believes nothing which does not lead to its root."""
    return TileReader(checkpoint.size, checkpoint.root, fetch)


def _limit(path: str) -> int:
    if path == "checkpoint":
        return MAX_NOTE
    if path.startswith("unsealed/"):
        return MAX_FILE
    if path.startswith("reports/"):
        return MAX_OPENINGS
    return MAX_BUNDLE if path.startswith("tile/entries/") else MAX_TILE


class FolderSource:
    """A folder that holds ``checkpoint`` and ``tile/``, itself or in ``log/``."""

    def __init__(self, folder: Path) -> None:
        """NotFound when there is no checkpoint in it."""
        homes = [home for home in (folder, folder / "log") if (home / "checkpoint").is_file()]
        if not homes:
            raise NotFound(f"There is no log in {folder}.", "Name the folder that holds `checkpoint` and `tile`.")
        self._home = homes[0]

    def checkpoint(self) -> bytes:
        """The checkpoint in the folder."""
        return self.fetch("checkpoint")

    def fetch(self, path: str) -> bytes:
        """A file of the log. Raises NotFound, Unreachable."""
        try:
            with (self._home / path).open("rb") as file:
                data = file.read(_limit(path) + 1)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFound(f"The log has no {path}.", "Copy the log again, whole.") from error
        except OSError as error:
            raise Unreachable(f"{path} cannot be read: {error}.", "Check the folder's rights.") from error
        return _bounded(data, path)


class HttpSource:
    """A log over HTTP at ``<url>/log`` (a node) or at ``<url>`` itself. Proxies of the environment are not used."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        """``timeout`` in seconds for each read. Nothing is asked yet."""
        self._url, self._prefix = url.rstrip("/"), ""
        self._http = client(timeout)

    def checkpoint(self) -> bytes:
        """The newest checkpoint; finds out where the log is."""
        for prefix in (f"{self._url}/log/", f"{self._url}/"):
            try:
                note = self._get(prefix, "checkpoint")
            except NotFound:
                continue
            self._prefix = prefix
            return note
        raise NotFound(f"There is no log at {self._url}.", "Check the address; a node's log is at <address>/log.")

    def fetch(self, path: str) -> bytes:
        """A file of the log. Raises NotFound, Unreachable."""
        if not self._prefix:
            self.checkpoint()
        return self._get(self._prefix, path)

    def _get(self, prefix: str, path: str) -> bytes:
        for attempt in range(1, _TRIES + 1):
            try:
                return self._once(prefix + path, path)
            except httpx2.HTTPError as error:
                if attempt == _TRIES:
                    raise Unreachable(
                        f"{prefix} does not answer: {error!r}.", "Try again; an audit with --state goes on from there."
                    ) from error
                time.sleep(0.2 * attempt)
        raise AssertionError("unreachable")

    def _once(self, url: str, path: str) -> bytes:
        limit, body = _limit(path), bytearray()
        with self._http.stream("GET", url) as answer:
            if answer.status_code == 404:
                raise NotFound(f"{url} is not there.", "Ask another copy of the log.")
            if answer.status_code != 200:
                raise Unreachable(f"{url} answers {answer.status_code}.", "Try again later.")
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > limit:
                    break
        return _bounded(bytes(body), path)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _bounded(data: bytes, path: str) -> bytes:
    if len(data) > _limit(path):
        raise Unreachable(f"{path} is longer than such a file can be.", "Ask another copy of the log.")
    return data


def open_source(place: str) -> LogSource:
    """The source at an address (http:// or https://) or in a folder. Raises NotFound."""
    if place.startswith(("http://", "https://")):
        return HttpSource(place)
    return FolderSource(Path(place))


def trees_of(sources: Mapping[str, LogSource]) -> Trees:
    """Readers for comparing checkpoints: the tree of each checkpoint from the source of its log (by origin)."""

    def tree(checkpoint: Checkpoint) -> TileReader:
        source = sources.get(checkpoint.origin)
        if source is None:
            raise NotFound(f"Nobody said where {checkpoint.origin} is read.", "Compare with a mirror of that log.")
        return tree_of(checkpoint, source.fetch)

    return tree
