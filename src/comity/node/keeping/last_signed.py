"""The last checkpoint this node signed, kept apart from its database in a compare-and-set store.

Trust: this file is what makes a rollback visible at home. Keep it on another disk than the database where you can, and
never restore it from a backup: a node that forgets what it signed could sign a fork without knowing.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from comity.errors import Tampered, Unreachable

_SCHEMA = """CREATE TABLE IF NOT EXISTS signed (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL
) STRICT, WITHOUT ROWID"""


class LastSigned:
    """One row per origin, replaced only by a tree at least as large."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. Unreachable when it cannot be used."""
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(_SCHEMA)
        except sqlite3.Error as exc:
            raise Unreachable(
                f"{path.name} cannot be opened: {exc}.", "Check the folder's rights and free space."
            ) from exc

    def get(self, origin: str) -> tuple[int, bytes, bytes] | None:
        """Size, root and note signed last, or None."""
        with self._lock:
            row: tuple[int, bytes, bytes] | None = self._db.execute(
                "SELECT size, root, note FROM signed WHERE origin = ?", (origin,)
            ).fetchone()
            return row

    def note(self, origin: str) -> tuple[int, bytes] | None:
        """Size and note signed last, or None."""
        signed = self.get(origin)
        return (signed[0], signed[2]) if signed is not None else None

    def set(self, origin: str, size: int, root: bytes, note: bytes) -> None:
        """Keep what is about to be signed, before it leaves. Tampered when it contradicts what was signed before."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                row = self._db.execute("SELECT size, root FROM signed WHERE origin = ?", (origin,)).fetchone()
                if row is not None and (row[0] > size or (row[0] == size and row[1] != root)):
                    raise Tampered(
                        f"A checkpoint of size {row[0]} was signed before; a tree of size {size} contradicts it.",
                        "Do not sign. Restore the missing leaves from a mirror, or retire the origin.",
                    )
                self._db.execute("INSERT OR REPLACE INTO signed VALUES (?, ?, ?, ?)", (origin, size, root, note))
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
