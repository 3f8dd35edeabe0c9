"""A mirror: a witness that keeps every leaf, and cosigns only what it holds in full.

A witness alone sees that a log extends itself, not that its leaves can be had; a log whose quorum needs a mirror cannot
publish a checkpoint and withhold an act. A mirror bears a name and keys of its own, never those of a witness.

It reads the new tiles from the log before it cosigns, so the log must serve them before it publishes. It holds them
in ``<folder>/<hex SHA-256 of the origin>/log`` as static files that anyone may serve or audit.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from comity.errors import ComityError, Malformed, NotFound, Tampered
from comity.node.auditor.audit import Auditor
from comity.node.auditor.source import FolderSource, LogSource, tree_of
from comity.node.auditor.state import AuditState
from comity.node.log.export import exported_size, write_file
from comity.tlog.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from comity.tlog.note import NoteVerifier
from comity.tlog.policy import NONE, KnownLog, Policy
from comity.tlog.tiles import encode_entries, encode_tile, entries_path, tile_coordinates, tile_path, tiles_of
from comity.tlog.witness import TEXT, Answer, Witness, WitnessStore, parse_add_checkpoint


@dataclass(frozen=True, kw_only=True)
class Mirror(Witness):
    """A `Witness` that first fetches from ``sources`` (origin to where that log is read) what it does not hold yet."""

    sources: Mapping[str, LogSource]
    folder: Path
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add_checkpoint(self, body: bytes, store: WitnessStore, now: int) -> Answer:
        """As a witness answers; and 503, with nothing cosigned, when it cannot hold the whole tree."""
        try:
            note = parse_add_checkpoint(body).note
            origin = read_checkpoint(note).origin
            if origin in self.logs:
                self.hold(note, now)
        except Malformed:
            pass  # the witness says 400, in its own words
        except ComityError as error:
            return Answer(503, TEXT, f"This mirror cosigns only what it holds. {error}\n".encode())
        return super().add_checkpoint(body, store, now)

    def hold(self, note: bytes, now: int) -> Checkpoint:
        """Fetch, verify and keep everything under the checkpoint ``note``; the checkpoint.

        Raises NotFound or Unverified when the log does not serve what it signed, Tampered when it contradicts itself.
        """
        checkpoint = read_checkpoint(note)
        source, home = self._source(checkpoint.origin), self.home(checkpoint.origin)
        home.mkdir(parents=True, exist_ok=True)
        with self.lock, AuditState(home.parent / "audit.sqlite") as state:
            auditor = Auditor(
                source, state, _signed_by(self.logs[checkpoint.origin]), datetime.fromtimestamp(now, UTC),
                evidence=home.parent / "contradictions", keep=lambda *bundle: _keep(home, *bundle),
            )  # fmt: skip
            report = auditor.run(note)
            if report.exposed:
                raise Tampered(report.exposed[0].says, "The proof lies beside the log; hand it to oversight.")
            self._keep_upper(checkpoint, source, home)
            write_file(home / "checkpoint", note)
        return checkpoint

    def home(self, origin: str) -> Path:
        """The folder in which this log is held."""
        return self.folder / sha256(origin.encode()).hexdigest() / "log"

    def held(self, origin: str) -> FolderSource:
        """What is held of this log, for restoring or auditing it. Raises NotFound."""
        return FolderSource(self.home(origin))

    def newest(self, origin: str) -> bytes:
        """The newest checkpoint of what is held, with the cosignatures that the log itself shows, if it does.

        A log asks for its quorum one witness after another, so what the mirror was shown bore few of them. NotFound.
        """
        home = self.home(origin)
        note = self.held(origin).checkpoint()
        with suppress(ComityError):
            shown = self._source(origin).checkpoint()
            if open_checkpoint(shown, self.logs[origin], origin) == read_checkpoint(note):
                write_file(home / "published", shown)
        if (home / "published").is_file():
            published = (home / "published").read_bytes()
            return published if read_checkpoint(published) == read_checkpoint(note) else note
        return note

    def file(self, origin: str, path: str) -> bytes:
        """A file of the copy: a tile or bundle that is held; of openings, those that the log shows. NotFound."""
        try:
            return self.held(origin).fetch(path)
        except NotFound:
            if not path.startswith("unsealed/"):
                raise
        data = self._source(origin).fetch(path)
        write_file(self.home(origin) / path, data)
        return data

    def _source(self, origin: str) -> LogSource:
        if origin not in self.sources:
            raise NotFound(f"This mirror does not know where {origin} is read.", "Add its address.")
        return self.sources[origin]

    def _keep_upper(self, checkpoint: Checkpoint, source: LogSource, home: Path) -> None:
        read = tree_of(checkpoint, source.fetch)
        for tile in tiles_of(exported_size(home), checkpoint.size):
            if tile.level:
                write_file(home / tile.path, encode_tile(read(tile_coordinates(tile))))


def _signed_by(verifiers: Sequence[NoteVerifier]) -> Policy:
    """The log's own signature is enough here: a mirror is one of those whose cosignature the log asks for."""
    return Policy(tuple(KnownLog(each.vkey) for each in verifiers), {}, {}, NONE)


def _keep(home: Path, index: int, entries: Sequence[bytes], hashes: Sequence[bytes]) -> None:
    width = len(entries)
    write_file(home / entries_path(index, width), encode_entries(entries))
    write_file(home / tile_path(0, index, width), encode_tile(hashes))
