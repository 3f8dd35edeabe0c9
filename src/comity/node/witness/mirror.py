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

from comity.errors import ComityError, NotFound, Tampered
from comity.node.auditor.audit import Auditor
from comity.node.auditor.source import FolderSource, LogSource
from comity.node.auditor.state import AuditState
from comity.node.log.export import write_file
from comity.node.witness.copy import keep_tiles
from comity.tlog.checkpoint import Checkpoint, read_checkpoint
from comity.tlog.note import NoteVerifier, SignatureLine, add_lines, split_note
from comity.tlog.policy import NONE, KnownLog, Policy
from comity.tlog.tiles import encode_entries, encode_tile, entries_path, tile_path
from comity.tlog.witness import TEXT, Answer, Witness, WitnessStore


@dataclass(frozen=True, kw_only=True)
class Mirror(Witness):
    """A `Witness` that first fetches from ``sources`` (origin to where that log is read) what it does not hold yet."""

    sources: Mapping[str, LogSource]
    folder: Path
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def wanting(self, note: bytes, now: int) -> Answer | None:
        """503, with nothing cosigned, when it cannot hold the whole tree of this checkpoint."""
        try:
            self.hold(note, now)
        except ComityError as error:
            return Answer(503, TEXT, f"This mirror cosigns only what it holds. {error}\n".encode())
        return None

    def contradicted(self, note: bytes, now: int) -> None:
        """Keep the proof, where the tree that the log serves is one."""
        with suppress(ComityError):
            self.hold(note, now)

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
            keep_tiles(checkpoint, source, home, entries=False)  # those below were kept as they were read
            if not (home / "checkpoint").is_file() or not _lines_of((home / "checkpoint").read_bytes(), note):
                write_file(home / "checkpoint", note)
        return checkpoint

    def home(self, origin: str) -> Path:
        """The folder in which this log is held."""
        return self.folder / sha256(origin.encode()).hexdigest() / "log"

    def held(self, origin: str) -> FolderSource:
        """What is held of this log, for restoring or auditing it. Raises NotFound."""
        return FolderSource(self.home(origin))

    def latest(self, origin_hash: str, store: WitnessStore) -> Answer:
        """As a witness answers, with the cosignatures that the log itself shows by now.

        A log asks for its quorum one witness after another, so what the mirror was shown bore few of them.
        """
        answer = super().latest(origin_hash, store)
        if answer.status != 200:
            return answer
        return answer._replace(body=self._with_quorum(answer.body))

    def _with_quorum(self, seen: bytes) -> bytes:
        """The same checkpoint as the log published it, once it did; kept, for when the log is gone."""
        origin = read_checkpoint(seen).origin
        path = self.home(origin) / "checkpoint"
        kept = path.read_bytes() if path.is_file() else seen
        if _whole(kept, seen):
            return kept
        with suppress(ComityError):
            shown = self._source(origin).checkpoint()
            if _whole(shown, seen):
                write_file(path, shown)
                return shown
        return add_lines(seen, _lines_of(kept, seen))

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


def _signed_by(verifiers: Sequence[NoteVerifier]) -> Policy:
    """The log's own signature is enough here: a mirror is one of those whose cosignature the log asks for."""
    return Policy(tuple(KnownLog(each.vkey) for each in verifiers), {}, {}, NONE)


def _lines_of(note: bytes, seen: bytes) -> tuple[SignatureLine, ...]:
    """The lines of a note, if it is of the same checkpoint as ``seen``."""
    text, lines = split_note(note)
    return lines if text == split_note(seen)[0] else ()


def _whole(note: bytes, seen: bytes) -> bool:
    """Whether a note is of the same checkpoint as ``seen`` and has every line of it, and perhaps more."""
    return set(split_note(seen)[1]) <= set(_lines_of(note, seen))


def _keep(home: Path, index: int, entries: Sequence[bytes], hashes: Sequence[bytes]) -> None:
    width = len(entries)
    write_file(home / entries_path(index, width), encode_entries(entries))
    write_file(home / tile_path(0, index, width), encode_tile(hashes))
