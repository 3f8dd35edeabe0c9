"""What an oversight body's witness saw last of each log, on disk (SQLite, synchronous=FULL).

One row per log, replaced by compare-and-set only: the row is on the disk before `compare_and_set` returns, so before
any cosignature leaves. Never restore this file from a backup: a witness that forgets can be made to cosign a fork.
Deciding is left to `comity.tlog.witness`.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from types import TracebackType

from comity.errors import Unreachable
from comity.tlog.witness import Seen

_SCHEMA = """CREATE TABLE IF NOT EXISTS seen (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL CHECK (size >= 0), root BLOB NOT NULL, note BLOB NOT NULL
) STRICT, WITHOUT ROWID"""
_INSERT = "INSERT INTO seen (origin, size, root, note) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_UPDATE = "UPDATE seen SET size = ?, root = ?, note = ? WHERE origin = ? AND size = ? AND root = ? AND note = ?"


class SQLiteWitnessStore:
    """A `comity.tlog.witness.WitnessStore` in one SQLite file; safe for threads and for several processes."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file. Raises Unreachable when it cannot be used."""
        self._lock = threading.Lock()
        try:
            self._database = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute(_SCHEMA)
        except sqlite3.Error as error:
            raise Unreachable(f"The witness's store {path.name} cannot be opened: {error}.",
                              "Check the folder's rights and free space.") from error

    def get(self, origin: str) -> Seen | None:
        """What was cosigned last for this log."""
        with self._lock:
            row = self._database.execute("SELECT size, root, note FROM seen WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else Seen(*row)

    def compare_and_set(self, origin: str, old: Seen | None, new: Seen) -> bool:
        """Replaces ``old`` by ``new`` durably; False, and nothing changed, when ``old`` is not current."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                cursor = (
                    self._database.execute(_INSERT, (origin, *new))
                    if old is None
                    else self._database.execute(_UPDATE, (*new, origin, *old))
                )
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
        return cursor.rowcount == 1

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._database.close()

    def __enter__(self) -> SQLiteWitnessStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
