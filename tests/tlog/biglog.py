"""A log for tests: keys, entries, its nodes, and the definition of RFC 6962 to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

from comity.tlog.cosignature import Ed25519Cosigner, MLDSACosigner
from comity.tlog.note import Signer
from comity.tlog.tree import Coordinate, Tree, frontier_of, leaf_hash

SIZES = (0, 1, 2, 3, 255, 256, 257, 65535, 65536, 65537, 256001)
SMALL = 512  # what lies in a tree of this size is had without making the large one
NOW = 1_800_000_000
LOG = Signer.from_seed("node.example/act-log/2027", b"l" * 32)
LOG_PQ = MLDSACosigner.from_seed(LOG.name, b"L" * 32)
WITNESSES = (
    Ed25519Cosigner.from_seed("ombudsman.example/witness", b"o" * 32),
    MLDSACosigner.from_seed("ombudsman.example/witness", b"O" * 32),
    Ed25519Cosigner.from_seed("dpa.example/witness", b"d" * 32),
)


def entry(index: int) -> bytes:
    return b"entry %d" % index


@cache
def nodes(size: int = SIZES[-1]) -> dict[Coordinate, bytes]:
    _, new = Tree().append([leaf_hash(entry(index)) for index in range(size)])
    return {(level, index): value for level, index, value in new}


def read(places: Sequence[Coordinate]) -> list[bytes]:
    few = all((index + 1) << level <= SMALL for level, index in places)
    stored = nodes(SMALL if few else SIZES[-1])
    return [stored[place] for place in places]


def tree_at(size: int) -> Tree:
    return Tree(size, frontier_of(size, read))


def defined_root(entries: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, as it is written there."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return sha256(b"\x01" + defined_root(entries[:split]) + defined_root(entries[split:])).digest()


def defined_path(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(entries) == 1:
        return []
    split = 1
    while split * 2 < len(entries):
        split *= 2
    if index < split:
        return [*defined_path(index, entries[:split]), defined_root(entries[split:])]
    return [*defined_path(index - split, entries[split:]), defined_root(entries[:split])]


def defined_subproof(old: int, entries: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old == len(entries):
        return [] if whole else [defined_root(entries)]
    split = 1
    while split * 2 < len(entries):
        split *= 2
    if old <= split:
        return [*defined_subproof(old, entries[:split], whole), defined_root(entries[split:])]
    return [*defined_subproof(old - split, entries[split:], False), defined_root(entries[:split])]
