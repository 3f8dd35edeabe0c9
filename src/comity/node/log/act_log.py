"""The node's own log of acts: its tree in memory, its nodes in the store, and proofs against published checkpoints.

Appending is the registrar's, signing the publisher's. Trust: this room only arranges hashes; what makes the log worth
something is that checkpoints leave the node, cosigned, and can never be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from comity.errors import NotFound, Tampered
from comity.node.keeping.batch import LeafRow, NodeRow
from comity.node.keeping.log_rows import LogRows, begin_log, kept_logs
from comity.node.keeping.store import Store
from comity.node.keeping.tables import LEVELS, LOWEST_KEPT
from comity.tlog.proof import TlogProof
from comity.tlog.tree import Tree, consistency_proof, frontier_of, inclusion_proof, leaf_hash


@dataclass(frozen=True, slots=True)
class Appended:
    """The tree after appending, and the rows that make it durable."""

    tree: Tree
    leaves: list[LeafRow]
    nodes: list[NodeRow]


@dataclass(frozen=True, slots=True)
class EarlierProof:
    """A published checkpoint from before a leaf, and the hashes that prove the later one to extend it."""

    note: bytes
    hashes: list[bytes]


class ActLog:
    """The log that is written to, and those before it. `tree` is replaced only after the rows are on disk.

    ``position`` is that of the database, which goes on from one log to the next (`log_rows`); sizes are of one log.
    """

    def __init__(self, origin: str, store: Store) -> None:
        """Load the last log of the store; a new store begins with ``origin``."""
        self._store = store
        if not kept_logs(store):
            begin_log(store, origin, 0)
        self._load()

    def _load(self) -> None:
        self.segments = kept_logs(self._store)
        self.rows = self.segments[-1]
        self.origin = self.rows.origin
        size = self.rows.size()
        self.tree = Tree(size, frontier_of(size, self.rows.hashes))

    @property
    def end(self) -> int:
        """The position of the next leaf."""
        return self.rows.start + self.tree.size

    def go_on(self, origin: str, size: int) -> None:
        """End the log with ``size`` leaves and go on in ``origin``; leaves after them are the new log's first."""
        begin_log(self._store, origin, self.rows.start + size)
        self._load()

    def place(self, position: int) -> tuple[LogRows, int]:
        """The log that holds a leaf, and its position there."""
        rows = next(each for each in reversed(self.segments) if each.start <= position)
        return rows, position - rows.start

    def append(self, leaves: Sequence[bytes]) -> Appended:
        """What appending these leaves would make of the tree; nothing is kept yet."""
        start, above = self.end, LEVELS * self.rows.number
        tree, nodes = self.tree.append([leaf_hash(leaf) for leaf in leaves], LOWEST_KEPT)
        return Appended(
            tree,
            list(enumerate(leaves, start)),
            [(n + above, i, value) for n, i, value in nodes],
        )

    def root_at(self, size: int) -> bytes:
        """The root of the tree of the first ``size`` leaves."""
        return Tree(size, frontier_of(size, self.rows.hashes)).root()

    def consistency(self, origin: str, old: int, new: int) -> list[bytes]:
        """The proof that the tree of ``new`` leaves extends that of ``old``, in a log kept here or about to begin."""
        rows = next((each for each in self.segments if each.origin == origin), self.rows)
        return consistency_proof(old, new, rows.hashes)

    def proof(self, position: int) -> TlogProof:
        """The proof that a leaf is under the newest published checkpoint of its log. NotFound before it is."""
        return self.bracket(position)[0]

    def bracket(
        self, position: int, under: tuple[int, bytes] | None = None
    ) -> tuple[TlogProof, EarlierProof | None]:
        """As `proof`, with the newest published checkpoint too small to hold the leaf: when it was not there yet.

        ``under`` a checkpoint (size, note) of its log instead of the newest published one, where given.
        """
        rows, place = self.place(position)
        newest = (under if rows == self.rows else None) or rows.checkpoint()
        proof, earlier = _proof(rows, place, newest), rows.checkpoint(at_most=place)
        if earlier is None or newest is None:
            return proof, None
        return proof, EarlierProof(earlier[1], consistency_proof(earlier[0], newest[0], rows.hashes))


def _proof(rows: LogRows, position: int, newest: tuple[int, bytes] | None) -> TlogProof:
    if newest is None or newest[0] <= position:
        raise NotFound(
            f"No published checkpoint covers position {position} yet.",
            "Wait for the next checkpoint and ask again.",
        )
    size, note = newest
    leaf = rows.leaves(position, position + 1)
    if not leaf:
        raise Tampered(f"The leaf at position {position} is missing.", "Restore the database.")
    return TlogProof(position, leaf[0], inclusion_proof(position, size, rows.hashes), note)
