"""The logs that a node kept one after another in one database: positions go on from one to the next.

So a record keeps its position for ever, and an act that no witness saw before a log ended stands in the next one by
itself. What is served and proved counts from each log's own first leaf.

Left to others: the rows (`store`), when a log ends and the next begins (`log`, `turn`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from comity.node.keeping import tables as t
from comity.node.keeping.store import Store
from comity.tlog.tree import Coordinate, Tree, frontier_of, leaf_hash

_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class LogRows:
    """The rows of one log, counted from its first leaf, at ``start`` of the database; ``end`` when it ended."""

    store: Store
    number: int
    origin: str
    start: int
    end: int | None = None

    def size(self) -> int:
        """How many leaves it has."""
        return (self.store.size() if self.end is None else self.end) - self.start

    def leaves(self, start: int, end: int) -> list[bytes]:
        """Its leaves from ``start`` up to but not including ``end``."""
        last = self.start + end if self.end is None else min(self.start + end, self.end)
        return self.store.leaves(self.start + start, last)

    def hashes(self, coordinates: Sequence[Coordinate]) -> list[bytes]:
        """Nodes of its tree."""
        return self.store.hashes(coordinates, self.number, self.start)

    def root(self) -> bytes:
        """The root of its whole tree."""
        size = self.size()
        return Tree(size, frontier_of(size, self.hashes)).root()

    def checkpoint(self, at_most: int | None = None) -> tuple[int, bytes] | None:
        """Its newest published checkpoint (size and note), or None."""
        return self.store.checkpoint(at_most, self.number)

    def add_checkpoint(self, size: int, note: bytes, published: str) -> None:
        """Keep a checkpoint that reached the quorum."""
        self.store.add_checkpoint(size, note, published, self.number)


def kept_logs(store: Store) -> list[LogRows]:
    """The logs of a database in order; empty before the first was begun."""
    with store.reading() as db:
        rows = list(db.execute(sa.select(t.logs).order_by(t.logs.c.number)))
    ends = [*(row.start for row in rows[1:]), None]
    return [LogRows(store, row.number, row.origin, row.start, end) for row, end in zip(rows, ends, strict=False)]


def begin_log(store: Store, origin: str, start: int) -> None:
    """Go on in the log ``origin``, whose first leaf is at ``start``; leaves that are there already are its own.

    What the log before it kept over those leaves is forgotten, in the same transaction.
    """
    before = kept_logs(store)
    number, size = len(before), store.size()
    tree, nodes = Tree(), list[dict[str, int | bytes]]()
    for first in range(start, size if before else start, _CHUNK):
        leaves = store.leaves(first, min(first + _CHUNK, size))
        tree, grown = tree.append([leaf_hash(leaf) for leaf in leaves], t.LOWEST_KEPT)
        above = t.LEVELS * number
        nodes += [{"level": n + above, "idx": i, "hash": value} for n, i, value in grown]
    with store.writing() as db:
        db.execute(t.logs.insert(), {"number": number, "origin": origin, "start": start})
        if before:
            ended = before[-1]
            for level in range(t.LEVELS):
                beyond = t.nodes.c.idx >= (start - ended.start) >> level
                db.execute(t.nodes.delete().where(t.nodes.c.level == t.LEVELS * ended.number + level, beyond))
        if nodes:
            db.execute(t.nodes.insert(), nodes)
