"""Durable append: the log's own path (tree, leaves and nodes in one transaction) beside plain sqlite3, turn by turn.

Both write the same bytes to the same disk with the same pragmas, as many leaves a commit. Plain sqlite3 is
timed twice: writing the very rows that the log writes, and writing one row for each leaf with its share of the tree.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bench.row import Row, at_least
from comity.node.keeping.batch import Batch
from comity.node.keeping.store import Store
from comity.node.keeping.tables import LOWEST_KEPT
from comity.node.log.act_log import ActLog
from comity.tlog.leaf import ActLeaf

ASKED = 0.5
_HASH = b"h" * 32
_ROUND = 0.3  # seconds of each, in turn, so that noise hits all


def rows(folder: Path, rounds: int = 9) -> list[Row]:
    """Leaves a second and their ratio to raw rows of equal bytes, at 1, 100 and 1000 a commit."""
    return [_ratio(folder, each, rounds) for each in (1, 100, 1000)]


def _ratio(folder: Path, each: int, rounds: int) -> Row:
    store = Store(folder / f"append-{each}.db")
    same, single = _raw(folder / f"same-{each}.db"), _raw(folder / f"single-{each}.db")
    acts = (_appending(ActLog("bench.example/log", store), store, each), _same(same, each), _single(single, each))
    rates = [[_rate(act) * each for act in acts] for _ in range(rounds)]
    for opened in (store, same, single):
        opened.close()
    ours, to_same, to_single = (
        statistics.median(value) for value in zip(*((o, o / a, o / b) for o, a, b in rates), strict=True)
    )
    beside = f"{ours:,.0f} leaves/s; {to_single:.2f} of plain rows of equal bytes, one a leaf"
    return Row(f"{each} a commit, to raw SQLite", f"{to_same:.2f}", beside, at_least(to_same, ASKED))


def _leaves(each: int) -> list[bytes]:
    """Sealed leaves: the longest that are common."""
    return [ActLeaf("sealed", os.urandom(32), "until 2099-01-01", os.urandom(32)).encode() for _ in range(each)]


def _appending(log: ActLog, store: Store, each: int) -> Callable[[], None]:
    leaves = _leaves(each)

    def append() -> None:
        grown = log.append(leaves)
        store.enter(Batch(log.tree.size, leaves=grown.leaves, nodes=grown.nodes))
        log.tree = grown.tree

    return append


def _raw(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "cache_size=-65536",
                   "wal_autocheckpoint=8000"):  # fmt: skip
        db.execute(f"PRAGMA {pragma}")
    db.execute("CREATE TABLE leaves (position INTEGER PRIMARY KEY, leaf BLOB NOT NULL)")
    db.execute(
        "CREATE TABLE nodes (level INTEGER, idx INTEGER, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) WITHOUT ROWID"
    )
    return db


def _same(db: sqlite3.Connection, each: int) -> Callable[[], None]:
    """The rows that the log would write; the tree's hashes are any 32 bytes."""
    leaves, size = _leaves(each), 0

    def insert() -> None:
        nonlocal size
        new = size + each
        rows = enumerate(leaves, size)
        levels = range(LOWEST_KEPT, new.bit_length())
        nodes = [(level, n, _HASH) for level in levels for n in range(size >> level, new >> level)]
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO leaves VALUES (?, ?)", rows)
        db.executemany("INSERT INTO nodes VALUES (?, ?, ?)", nodes)
        db.execute("COMMIT")
        size = new

    return insert


def _single(db: sqlite3.Connection, each: int) -> Callable[[], None]:
    """As many rows, each of a leaf's bytes and its share of the nodes."""
    share = bytes(len(_HASH) * 2 >> LOWEST_KEPT)
    rows = [(leaf + share,) for leaf in _leaves(each)]

    def insert() -> None:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO leaves (leaf) VALUES (?)", rows)
        db.execute("COMMIT")

    return insert


def _rate(act: Callable[[], None]) -> float:
    done, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < _ROUND:
        act()
        done += 1
    return done / spent
