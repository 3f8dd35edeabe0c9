"""Checkpoints heard of other people and contradictions found, on disk (SQLite, synchronous=FULL, a file of its own).

Contradictions are never removed. Notes of one log are limited: only the log's own key can fill them, and a log that
does is refused, not the others. Deciding is left to `comity.tlog.gossip`.
"""

from __future__ import annotations

import sqlite3
import threading
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from comity.errors import NotAdmitted, NotFound, Unreachable
from comity.tlog.checkpoint import Checkpoint
from comity.tlog.contradiction import Contradiction

MAX_NOTES = 100_000
MAX_CONTRADICTIONS = 1000  # of one log
_SCHEMA = """
CREATE TABLE IF NOT EXISTS heard (
    origin TEXT NOT NULL, size INTEGER NOT NULL CHECK (size >= 0), root BLOB NOT NULL, note BLOB NOT NULL,
    compared INTEGER NOT NULL, PRIMARY KEY (origin, size, root)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contradictions (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, origin TEXT NOT NULL, proof BLOB NOT NULL
) STRICT;
"""
# Next to a size stand the nearest notes, whatever they are, and the nearest that were compared: a tree that nobody can
# read, signed to stand in the way, then hides none of those that can be read.
_NEAREST = "SELECT note, compared FROM (SELECT note, compared FROM heard WHERE origin = ?1 AND {} LIMIT {})"
_NEXT_TO = " UNION ".join([
    "SELECT note, compared FROM heard WHERE origin = ?1 AND size = ?2",
    _NEAREST.format("size < ?2 ORDER BY size DESC", 2), _NEAREST.format("size < ?2 AND compared ORDER BY size DESC", 1),
    _NEAREST.format("size > ?2 ORDER BY size", 1), _NEAREST.format("size > ?2 AND compared ORDER BY size", 1),
])  # fmt: skip


def identifier_of(proof: bytes) -> str:
    """The id of a contradiction: hex SHA-256 of its file."""
    return sha256(proof).hexdigest()


class SQLiteGossipStore:
    """A `comity.tlog.gossip.GossipStore` in one SQLite file; safe for threads and for several processes."""

    def __init__(self, path: Path, max_notes: int = MAX_NOTES) -> None:
        """Open or make the file; ``max_notes`` per log. Unreachable when it cannot be used."""
        self._lock, self._max_notes = threading.Lock(), max_notes
        try:
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise Unreachable(
                f"The gossip store {path.name} cannot be opened: {error}.", "Check the folder's rights and free space."
            ) from error

    def notes(self, origin: str, size: int) -> list[tuple[bytes, bool]]:
        """The notes kept of the log at this size (one per root), and those next to it in size, above and below; each
        with whether it was compared."""
        with self._lock:
            return [(note, bool(compared)) for note, compared in self._db.execute(_NEXT_TO, (origin, size))]

    def keep(self, checkpoint: Checkpoint, note: bytes, compared: bool) -> None:
        """Keep a note durably; a later note of the same tree replaces it. NotAdmitted when there are too many."""
        with self._lock:
            count = self._db.execute("SELECT count(*) FROM heard WHERE origin = ?", (checkpoint.origin,)).fetchone()[0]
            if count >= self._max_notes:
                raise NotAdmitted(
                    f"{checkpoint.origin} has signed more checkpoints than are kept here.", "Keep your copy yourself."
                )
            self._db.execute(
                "INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?, ?)",
                (checkpoint.origin, checkpoint.size, checkpoint.root, note, compared),
            )

    def unproven(self, origin: str, most: int) -> list[bytes]:
        """Notes of the log that could not be compared yet, at most so many, drawn by lot: a log that signs what nobody
        can read crowds nothing out for ever."""
        query = "SELECT note FROM heard WHERE origin = ? AND NOT compared ORDER BY random() LIMIT ?"
        with self._lock:
            return [bytes(note) for (note,) in self._db.execute(query, (origin, most))]

    def forget(self, checkpoint: Checkpoint) -> None:
        """Take a note out: what it contradicts is kept as a proof, and what came first stays what is compared with."""
        with self._lock:
            self._db.execute(
                "DELETE FROM heard WHERE origin = ? AND size = ? AND root = ?",
                (checkpoint.origin, checkpoint.size, checkpoint.root),
            )

    def keep_contradiction(self, contradiction: Contradiction) -> None:
        """Keep a contradiction durably, unless so many of that log are here that one more tells nothing."""
        proof, origin = contradiction.encode(), contradiction.origin
        with self._lock:
            count = self._db.execute("SELECT count(*) FROM contradictions WHERE origin = ?", (origin,)).fetchone()[0]
            if count < MAX_CONTRADICTIONS:
                self._db.execute(
                    "INSERT INTO contradictions (id, origin, proof) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    (identifier_of(proof), origin, proof),
                )

    def contradictions(self, limit: int = 1000) -> list[tuple[str, Contradiction]]:
        """The contradictions found, oldest first, each with its id."""
        with self._lock:
            rows = self._db.execute("SELECT id, proof FROM contradictions ORDER BY number LIMIT ?", (limit,)).fetchall()
        return [(identifier, Contradiction.parse(proof)) for identifier, proof in rows]

    def contradiction(self, identifier: str) -> bytes:
        """The file of one contradiction. Raises NotFound."""
        with self._lock:
            row = self._db.execute("SELECT proof FROM contradictions WHERE id = ?", (identifier,)).fetchone()
        if row is None:
            raise NotFound("There is no such contradiction here.", "Read the list at /gossip/conflicts.")
        return bytes(row[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> SQLiteGossipStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
