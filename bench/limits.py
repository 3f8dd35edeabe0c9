"""What the machine can do at best right now: durable SQLite commits and Ed25519 signatures, measured in this run."""

from __future__ import annotations

import sqlite3
import time
from functools import lru_cache
from pathlib import Path

from bench.row import Row
from comity.signing.keys import PrivateKey

ROW = b"x" * 1200  # about what one record takes


def rows(folder: Path) -> list[Row]:
    """The limits as rows."""
    one, many, sign, verify = commits(folder, 1), commits(folder, 100), *signatures()
    return [
        Row("raw SQLite commits, 1 row each", f"{one:,.0f}/s", "WAL, synchronous=FULL"),
        Row("raw SQLite rows, 100 a commit", f"{many:,.0f}/s", "WAL, synchronous=FULL"),
        Row("Ed25519 signatures, one thread", f"{sign:,.0f}/s"),
        Row("Ed25519 verifications, one thread", f"{verify:,.0f}/s"),
    ]


def commits(folder: Path, rows_each: int, seconds: float = 1.5) -> float:
    """Rows a second that plain sqlite3 makes durable, ``rows_each`` a commit."""
    path = folder / f"limit-{rows_each}.db"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO t (body) VALUES (?)", [(ROW,)] * rows_each)
        db.execute("COMMIT")
        done += rows_each
    rate = done / (time.perf_counter() - began)
    db.close()
    return rate


@lru_cache(maxsize=1)
def signatures(seconds: float = 0.7) -> tuple[float, float]:
    """Signatures and verifications a second of a 1,200-byte message."""
    key = PrivateKey.generate()
    public, signature = key.public, key.sign(ROW)
    return _rate(lambda: key.sign(ROW), seconds), _rate(lambda: public.verify(signature, ROW), seconds)


def _rate(act: object, seconds: float) -> float:
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        act()  # type: ignore[operator]
        done += 1
    return done / (time.perf_counter() - began)
