"""The audit: read a log of another, believe nothing, and say what is wrong with it.

Order: the log's signature; the checkpoint seen before (never back, never another history); the quorum; then every tile
and entry bundle from the left, each verified before it counts, so that a killed audit goes on where it was.
Where the bytes come from is left to `source`, what leaves mean together to `state`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from comity.errors import ComityError, Unverified
from comity.node.auditor.keys import beyond_end
from comity.node.auditor.source import LogSource, tree_of
from comity.node.auditor.state import AuditState
from comity.tlog.audit import AuditReport, Exposed
from comity.tlog.checkpoint import Checkpoint, read_checkpoint
from comity.tlog.contradiction import SUFFIX, Contradiction, find_contradiction
from comity.tlog.cosignature import verifier_for
from comity.tlog.leaf_scan import LeafFacts, Unreadable, leaf_hashes, row_root, scan_leaves
from comity.tlog.note import NoteVerifier, open_note
from comity.tlog.policy import Policy
from comity.tlog.policy_lint import lint
from comity.tlog.tiles import WIDTH, TileReader, decode_entries, encode_tile, entries_path, tile_path
from comity.tlog.tree import HashReader

BUNDLES_KEPT = 32  # verified bundles are written to the state in groups of so many
_SUSPECT = "Fetch it from another copy of the log; if it stays so, tell oversight."
Progress = Callable[[int, int], None]
Keep = Callable[[int, Sequence[bytes], Sequence[bytes]], None]


def _quiet(done: int, size: int) -> None:
    """No progress shown."""


@dataclass(frozen=True)
class Auditor:
    """Audits one log from ``source``. ``policy`` None: signatures cannot be checked and the result says so; the state
    must then be a fresh one, because what nobody signed may not bind later.

    ``now`` (aware) judges cosignatures and overdue seals; ``max_age`` in seconds as in `Policy.check`. ``evidence`` is
    the folder where contradictions are written. ``keep`` is given each verified bundle: its index, entries and hashes.
    """

    source: LogSource
    state: AuditState
    policy: Policy | None
    now: datetime
    max_age: int | None = None
    evidence: Path | None = None
    progress: Progress = _quiet
    keep: Keep | None = None

    def run(self, note: bytes | None = None) -> AuditReport:
        """Audit the checkpoint ``note``, by default the one that the source shows.

        Raises Unverified, Malformed, NotFound or Unreachable when the log cannot be verified to its end; a log that
        contradicts what was seen before is a result, not an error.
        """
        note = self.source.checkpoint() if note is None else note
        checkpoint = self._opened(note)
        report = AuditReport(checkpoint.origin, checkpoint.size, checkpoint.root)
        exposed = self._beyond_end(note, checkpoint) or self._against_seen(note, checkpoint)
        if exposed is not None:
            return replace(report, exposed=(exposed,))
        report = self._judged(report, note)
        self.state.see(checkpoint.origin, checkpoint.size, note)
        self._read(checkpoint)
        return replace(report, sums=self.state.sums(self.now.date().isoformat()))

    @property
    def verifiers(self) -> list[NoteVerifier]:
        """Every key of the policy: the logs' and the witnesses'."""
        if self.policy is None:
            return []
        keys = [log.vkey for log in self.policy.logs]
        keys += [witness.vkey for witness in self.policy.witnesses.values()]
        return [verifier_for(key) for key in keys]

    def _opened(self, note: bytes) -> Checkpoint:
        """The checkpoint, signed by its log. The quorum is asked later: a fork without it must still be shown."""
        checkpoint = read_checkpoint(note)
        if self.policy is not None:
            logs = [verifier_for(log.vkey) for log in self.policy.logs if log.vkey.name == checkpoint.origin]
            open_note(note, logs)
        return checkpoint

    def _judged(self, report: AuditReport, note: bytes) -> AuditReport:
        if self.policy is None:
            return replace(report, unverified="No policy was given: nobody's signature was checked.")
        checked = self.policy.check(note, int(self.now.timestamp()), self.max_age)
        return replace(report, cosigned_by=tuple(checked.cosigned_by), policy=tuple(lint(self.policy)))

    def _against_seen(self, note: bytes, checkpoint: Checkpoint) -> Exposed | None:
        seen = self.state.seen(checkpoint.origin)
        if seen is None:
            return None
        before = read_checkpoint(seen)
        found = find_contradiction(seen, note, self.verifiers, self._tree)
        if found is not None:
            return self._exposed(found)
        if checkpoint.size < before.size:
            says = (f"{checkpoint.origin} was shown with {before.size} leaves before and is now shown with "
                    f"{checkpoint.size}: it was taken back, or somebody shows an old copy.")
            files = [self._write(f"{read_checkpoint(each).size}.note", each) for each in (seen, note)]
            return Exposed(checkpoint.origin, "went-back", says, "", ", ".join(filter(None, files)))
        return None

    def _beyond_end(self, note: bytes, checkpoint: Checkpoint) -> Exposed | None:
        """What was signed after the roots ended the log."""
        if self.policy is None:
            return None
        reader = tree_of(checkpoint, self.source.fetch)
        return beyond_end(
            note, checkpoint, self.policy.bounds.last, self.verifiers, lambda index: self._bundle(reader, index)[0],
            self._write,
        )  # fmt: skip

    def _tree(self, checkpoint: Checkpoint) -> HashReader:
        """What was verified before, when it reaches that far; otherwise what the log serves."""
        if self.state.done() >= checkpoint.size:
            seen = self.state.seen(checkpoint.origin)
            if seen is not None and read_checkpoint(seen) == checkpoint:
                return self.state.hashes
        return tree_of(checkpoint, self.source.fetch)

    def _exposed(self, found: Contradiction, where: str = "") -> Exposed:
        key = found.check(self.verifiers)
        small, large = found.checkpoints
        proof = self._write(f"{small.size}-{large.size}-{large.root.hex()[:16]}{SUFFIX}", found.encode())
        return Exposed(found.origin, found.kind, found.sentence(), key, proof or where)

    def shown_elsewhere(self, files: Sequence[bytes], where: str) -> list[Exposed]:
        """The contradictions among ``files``, shown by others at ``where``, that check under the policy's keys; others
        prove nothing and are left out. They are kept here too: who shows them may be gone tomorrow."""
        found = []
        for data in files:
            with suppress(ComityError):
                found.append(self._exposed(Contradiction.parse(data), where))
        return found

    def _write(self, name: str, data: bytes) -> str:
        if self.evidence is None:
            return ""
        self.evidence.mkdir(parents=True, exist_ok=True)
        path = self.evidence / name
        path.write_bytes(data)
        return str(path)

    def _read(self, checkpoint: Checkpoint) -> None:
        reader = tree_of(checkpoint, self.source.fetch)
        reader([])  # the tiles at the right edge, against the root
        pending = _Pending(self.state, self.state.done())
        first = pending.start // WIDTH
        try:
            for index in range(first, -(-checkpoint.size // WIDTH)):
                entries, hashes = self._bundle(reader, index)
                if self.keep is not None:
                    self.keep(index, entries, hashes)
                pending.add(index * WIDTH, entries, hashes)
                self.progress(index * WIDTH + len(entries), checkpoint.size)
        finally:
            pending.flush()

    def _bundle(self, reader: TileReader, index: int) -> tuple[list[bytes], list[bytes]]:
        """One verified entry bundle and its leaf hashes. Raises Unverified, naming the file that is wrong."""
        if (index + 1) * WIDTH > reader.size:
            entries = reader.entries(index)
            return entries, leaf_hashes(entries)
        path = entries_path(index)
        entries = decode_entries(self.source.fetch(path))
        hashes = leaf_hashes(entries)
        if row_root(hashes) != reader([(8, index)])[0]:
            raise Unverified(f"{path} is not what the checkpoint commits to.", _SUSPECT)
        if self.source.fetch(tile_path(0, index)) != encode_tile(hashes):
            raise Unverified(f"{tile_path(0, index)} is not what the checkpoint commits to.", _SUSPECT)
        return entries, hashes


class _Pending:
    """Verified leaves on their way into the state."""

    def __init__(self, state: AuditState, start: int) -> None:
        self.start = start
        self._state = state
        self._hashes: list[bytes] = []
        self._facts: list[LeafFacts | Unreadable] = []

    def add(self, position: int, entries: Sequence[bytes], hashes: Sequence[bytes]) -> None:
        new = max(0, self.start + len(self._hashes) - position)
        self._hashes += hashes[new:]
        self._facts += scan_leaves(entries[new:])
        if len(self._hashes) >= BUNDLES_KEPT * WIDTH:
            self.flush()

    def flush(self) -> None:
        self._state.add(self.start, self._hashes, self._facts)
        self.start += len(self._hashes)
        self._hashes, self._facts = [], []
