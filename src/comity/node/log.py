"""The node's own log of acts: its tree in memory, its nodes in the store, and proofs against published checkpoints.

Appending is the registrar's, signing the publisher's. Trust: this room only arranges hashes; what makes the log worth
something is that checkpoints leave the node, cosigned, and can never be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from comity.errors import NotFound, Tampered
from comity.node.store import Store
from comity.node.tables import LOWEST_KEPT
from comity.tlog.proof import TlogProof
from comity.tlog.tree import Tree, consistency_proof, frontier_of, inclusion_proof, leaf_hash


@dataclass(frozen=True, slots=True)
class Appended:
    """The tree after appending, and the rows that make it durable."""

    tree: Tree
    leaves: list[dict[str, Any]]
    nodes: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class EarlierProof:
    """A published checkpoint from before a leaf, and the hashes that prove the later one to extend it."""

    note: bytes
    hashes: list[bytes]


class ActLog:
    """The tree of one origin. `tree` is replaced only after the rows are on disk."""

    def __init__(self, origin: str, store: Store) -> None:
        """Load the frontier from the store."""
        self.origin, self._store = origin, store
        size = store.size()
        self.tree = Tree(size, frontier_of(size, store.hashes))

    def append(self, leaves: Sequence[bytes]) -> Appended:
        """What appending these leaves would make of the tree; nothing is kept yet."""
        start = self.tree.size
        tree, nodes = self.tree.append([leaf_hash(leaf) for leaf in leaves])
        return Appended(
            tree,
            [{"position": start + n, "leaf": leaf} for n, leaf in enumerate(leaves)],
            [{"level": level, "idx": index, "hash": value} for level, index, value in nodes if level >= LOWEST_KEPT],
        )

    def root_at(self, size: int) -> bytes:
        """The root of the tree of the first ``size`` leaves."""
        return Tree(size, frontier_of(size, self._store.hashes)).root()

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of ``new`` leaves extends that of ``old``."""
        return consistency_proof(old, new, self._store.hashes)

    def proof(self, position: int) -> TlogProof:
        """The proof that the leaf at ``position`` is under the newest published checkpoint. NotFound before it is."""
        return self._proof(position, self._store.checkpoint())

    def bracket(self, position: int) -> tuple[TlogProof, EarlierProof | None]:
        """As `proof`, with the newest published checkpoint too small to hold the leaf: when it was not there yet."""
        newest = self._store.checkpoint()
        proof, earlier = self._proof(position, newest), self._store.checkpoint(at_most=position)
        if earlier is None or newest is None:
            return proof, None
        return proof, EarlierProof(earlier[1], self.consistency(earlier[0], newest[0]))

    def _proof(self, position: int, newest: tuple[int, bytes] | None) -> TlogProof:
        if newest is None or newest[0] <= position:
            raise NotFound(
                f"No published checkpoint covers position {position} yet.",
                "Wait for the next checkpoint and ask again.",
            )
        size, note = newest
        leaf = self._store.leaves(position, position + 1)
        if not leaf:
            raise Tampered(f"The leaf at position {position} is missing.", "Restore the database.")
        return TlogProof(position, leaf[0], inclusion_proof(position, size, self._store.hashes), note)
