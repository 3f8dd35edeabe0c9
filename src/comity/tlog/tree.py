"""The Merkle tree: hashing, growing, proving, and verifying what others prove.

Hashing and proofs as in RFC 6962 section 2.1, verification as in RFC 9162 sections 2.1.3.2 and 2.1.4.2, SHA-256.
A node is named by (level, index): level 0 holds leaf hashes, node (l, i) covers leaves i*2^l to (i+1)*2^l - 1.
Where nodes are kept is left to the caller, who passes a `HashReader`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from comity.errors import Malformed, Unverified

Coordinate = tuple[int, int]
HashReader = Callable[[Sequence[Coordinate]], Sequence[bytes]]
Node = tuple[int, int, bytes]

EMPTY_ROOT = sha256(b"").digest()
MAX_PROOF = 63
_SUSPECT = "Do not rely on it; ask for the proof again and keep both copies if it differs."


def leaf_hash(data: bytes) -> bytes:
    """Hash of one leaf: SHA-256(0x00 || data) (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 || left || right) (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Root over complete subtrees given left to right, each larger than the next. None: the empty tree's root."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


@dataclass(frozen=True)
class Tree:
    """A tree's state: ``size`` leaves and the complete subtrees that cover them, largest (leftmost) first."""

    size: int = 0
    frontier: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.frontier) != self.size.bit_count():
            raise Malformed(f"A tree of size {self.size} cannot have {len(self.frontier)} frontier hashes.",
                            "Rebuild the tree from its leaves.")

    def root(self) -> bytes:
        """Merkle tree hash (RFC 6962 section 2.1)."""
        return fold(self.frontier)

    def append(self, leaf_hashes: Sequence[bytes], lowest: int = 0) -> tuple[Tree, list[Node]]:
        """The tree with these leaf hashes added, and every node completed by them from level ``lowest`` up."""
        old, new = self.size, self.size + len(leaf_hashes)
        pending = dict(zip(_levels(old), self.frontier, strict=True))
        nodes: list[Node] = []
        frontier: list[bytes] = []
        row = list(leaf_hashes)
        for level in range(new.bit_length()):
            if level >= lowest:
                nodes.extend((level, index, value) for index, value in enumerate(row, old >> level))
            if old >> level & 1:
                row.insert(0, pending[level])
            if new >> level & 1:
                frontier.append(row[-1])
            row = [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]
        return Tree(new, tuple(reversed(frontier))), nodes


def _levels(size: int) -> list[int]:
    """Levels of the complete subtrees of a range of ``size`` leaves, largest first."""
    return [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]


def _cover(start: int, end: int) -> list[Coordinate]:
    """The complete subtrees that cover leaves [start, end), left to right; ``start`` aligned as RFC 6962 splits it."""
    coordinates = []
    for level in _levels(end - start):
        coordinates.append((level, start >> level))
        start += 1 << level
    return coordinates


def frontier_of(size: int, read: HashReader) -> tuple[bytes, ...]:
    """The frontier of the tree of ``size`` leaves, from stored nodes: `Tree(size, frontier_of(size, read))`."""
    return tuple(read(_cover(0, size)))


def _read_ranges(ranges: Sequence[tuple[int, int]], read: HashReader) -> list[bytes]:
    """The Merkle tree hash of each range of leaves, with one call of ``read``."""
    covers = [_cover(start, end) for start, end in ranges]
    hashes = read([coordinate for cover in covers for coordinate in cover])
    answer, position = [], 0
    for cover in covers:
        answer.append(fold(hashes[position : position + len(cover)]))
        position += len(cover)
    return answer


def _split(size: int) -> int:
    """Largest power of two smaller than ``size`` (RFC 6962 section 2.1)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, read: HashReader) -> list[bytes]:
    """Audit path of leaf ``index`` in the tree of ``size`` leaves, leaf's sibling first (RFC 6962 section 2.1.1).

    Raises Malformed when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise Malformed(f"There is no leaf {index} in a tree of {size} leaves.", "Ask for a leaf below the size.")
    ranges: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return _read_ranges(ranges[::-1], read)


def consistency_proof(old: int, new: int, read: HashReader) -> list[bytes]:
    """Proof that the tree of ``new`` leaves extends that of ``old`` (RFC 6962 section 2.1.2).

    Empty when old is 0 or new. Raises Malformed when old is greater than new.
    """
    if not 0 <= old <= new:
        raise Malformed(f"A tree of {new} leaves cannot extend one of {old}.", "Ask with the smaller size first.")
    if old in (0, new):
        return []
    ranges: list[tuple[int, int]] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start > 0:
        ranges.append((start, end))
    return _read_ranges(ranges[::-1], read)


def verify_inclusion(index: int, size: int, leaf_hash: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """Raises Unverified unless ``proof`` leads from the leaf at ``index`` to ``root`` (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        raise Unverified(f"The inclusion proof is for leaf {index}, but the tree has {size} leaves.", _SUSPECT)
    _check_hashes([leaf_hash, root, *proof])
    node, last, value = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise Unverified("The inclusion proof is longer than the tree is high.", _SUSPECT)
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while not node & 1 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise Unverified("The inclusion proof stops before the root.", _SUSPECT)
    if value != root:
        raise Unverified("The inclusion proof does not lead from this leaf to the root of the checkpoint.", _SUSPECT)


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raises Unverified unless the new tree extends the old one (RFC 9162 section 2.1.4.2).

    From size 0 the proof must be empty and the old root that of the empty tree.
    """
    _check_hashes([old_root, new_root, *proof])
    if not 0 <= old <= new:
        raise Unverified(f"A tree of {new} leaves cannot extend one of {old}: the log was rolled back.", _SUSPECT)
    if old in (0, new):
        if proof:
            raise Unverified(f"From size {old} to {new} the consistency proof must be empty.", _SUSPECT)
        if (old == 0 and old_root != EMPTY_ROOT) or (old == new and old_root != new_root):
            raise Unverified(f"Two different trees are shown for size {old}: the log has forked.", _SUSPECT)
        if new == 0 and new_root != EMPTY_ROOT:
            raise Unverified("The root shown for the empty tree is not the empty tree's.", _SUSPECT)
        return
    if not proof:
        raise Unverified("The consistency proof is missing.", _SUSPECT)
    seen_old, seen_new = _replay(old, new, old_root, proof)
    if seen_old != old_root or seen_new != new_root:
        raise Unverified(f"The log of {new} leaves does not extend the log of {old} leaves that was shown before.",
                         _SUSPECT)


def _replay(old: int, new: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Steps 2 to 6 of RFC 9162 section 2.1.4.2: the two roots that the proof leads to."""
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    seen_old = seen_new = path[0]
    for value in path[1:]:
        if last == 0:
            raise Unverified("The consistency proof is longer than the tree is high.", _SUSPECT)
        if node & 1 or node == last:
            seen_old, seen_new = node_hash(value, seen_old), node_hash(value, seen_new)
            while not node & 1 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            seen_new = node_hash(seen_new, value)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise Unverified("The consistency proof stops before the root.", _SUSPECT)
    return seen_old, seen_new


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(value) != 32 for value in hashes):
        raise Unverified("A hash in the proof does not have 32 bytes.", _SUSPECT)
