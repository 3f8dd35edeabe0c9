"""The newest Party file accepted of each Party: an older one is refused, for it could hide a revocation. So is one that
names another judiciary's root without that root's own signatures, for it could make judges.

Kept beside `last-signed.db`, and like it never restored from a backup (ARCHITECTURE, ground state). A node without this
file accepts what it is given at its first start, down to the ``least_version`` of its anchors.

Left to others: who signed the file (`comity.docket.directory`), the anchors' bound (`comity.package.anchors`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

from comity.docket.party_file import PartyFile, check_judiciary
from comity.errors import Conflict, Unreachable

FILE = "party-versions.db"
_JUDICIARIES = """CREATE TABLE IF NOT EXISTS judiciaries (
    party TEXT PRIMARY KEY, root TEXT NOT NULL
) STRICT, WITHOUT ROWID"""
_SCHEMA = """CREATE TABLE IF NOT EXISTS accepted (
    party TEXT PRIMARY KEY, version INTEGER NOT NULL, digest BLOB NOT NULL
) STRICT, WITHOUT ROWID"""


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction, rolled back on any error. Unreachable when the file cannot be used."""
    try:
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = FULL")
            db.execute(_SCHEMA)
            db.execute(_JUDICIARIES)
            db.execute("BEGIN IMMEDIATE")  # closing without COMMIT rolls back
            yield db
            db.execute("COMMIT")
    except sqlite3.Error as exc:
        raise Unreachable(f"{path.name} cannot be used: {exc}.", "Check the folder's rights and free space.") from exc


def accept_versions(path: Path, files: Mapping[str, tuple[int, bytes]]) -> None:
    """Keep each Party's version and the digest of its signed file, all or none, before anything relies on them.

    Conflict, keeping nothing, when a version is lower than one accepted before, or the same with other content.
    Unreachable when the file cannot be used.
    """
    with _writing(path) as db:
        for party, (version, data) in files.items():
            _accept(db, party, version, sha256(data).digest())


def accept_judiciaries(path: Path, files: Mapping[str, PartyFile]) -> None:
    """Keep the root of each Party's judiciary. Unverified, keeping nothing, when one is not led to from that kept."""
    with _writing(path) as db:
        for party, file in files.items():
            row = db.execute("SELECT root FROM judiciaries WHERE party = ?", (party,)).fetchone()
            if row is not None:
                check_judiciary(row[0], file)
            db.execute("INSERT OR REPLACE INTO judiciaries VALUES (?, ?)", (party, file.judiciary_root))


def _accept(db: sqlite3.Connection, party: str, version: int, digest: bytes) -> None:
    row = db.execute("SELECT version, digest FROM accepted WHERE party = ?", (party,)).fetchone()
    if row is not None and version < row[0]:
        raise Conflict(
            f"The Party file of {party} has version {version}; version {row[0]} was accepted here before.",
            f"Put back the newest {party}.json, or obtain it from {party}. An older one may hide a revoked key.",
        )
    if row is not None and version == row[0] and digest != row[1]:
        raise Conflict(
            f"The Party file of {party} has version {version} like the one accepted before, but other content.",
            f"Ask {party} which of the two is right; it must publish that one with a higher version.",
        )
    db.execute("INSERT OR REPLACE INTO accepted VALUES (?, ?, ?)", (party, version, digest))
