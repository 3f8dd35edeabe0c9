"""Reading many leaves fast, as strictly as `comity.tlog.leaf` and no otherwise: what an auditor keeps of each.

One expression accepts what `parse_leaf` accepts; what it does not accept is given to `parse_leaf`, whose word counts.
What the leaves of a log mean together is left to `comity.tlog.audit`.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from comity.errors import Malformed
from comity.tlog.encoding import MAX_INTEGER
from comity.tlog.leaf import HEADER, KINDS, REFERRING_KINDS, SEALED, parse_leaf

# 32 bytes are 43 characters and a pad; the last of them has two bits to spare, which must be zero.
_HASH = rb"([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)\n"
_DAY = rb"until ((?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-01)\n"
_REF = rb"ref (0|[1-9][0-9]{0,18})"
_PLAIN = "|".join(sorted(KINDS - REFERRING_KINDS - {SEALED})).encode()
_LEAF = re.compile(
    HEADER.encode() + rb"\n(?:(" + _PLAIN + rb")\n" + _HASH + rb"-\n"
    rb"|(sealed)\n" + _HASH + _DAY + rb"(?:" + _HASH + rb")?"
    rb"|(unseal|erase)\n" + _HASH + _REF + rb"\n"
    rb"|(extend)\n" + _HASH + _REF + rb" " + _DAY + rb")"
)  # fmt: skip
_KIND_LINE = re.compile(HEADER.encode() + rb"\n([a-z][a-z0-9-]{0,63})\n")
_NAMES = {kind.encode(): kind for kind in KINDS}


class LeafFacts(NamedTuple):
    """What a leaf says: kind, commitment, leaf it refers to, first of a month it is sealed until, count commitment.

    Commitments have 32 bytes.
    """

    kind: str
    commitment: bytes
    ref: int | None
    until: str | None
    counted: bytes | None = None


class Unreadable(NamedTuple):
    """A leaf that is none: ``kind`` is the unknown kind it names or "", ``reason`` what is wrong with it."""

    kind: str
    reason: str


def scan_leaf(data: bytes) -> LeafFacts:
    """The facts of one leaf. Raises Malformed exactly where `parse_leaf` does."""
    match = _LEAF.fullmatch(data)
    if match is None:
        leaf = parse_leaf(data)
        until = leaf.until.isoformat() if leaf.until else None
        return LeafFacts(leaf.kind, leaf.commitment, leaf.ref, until, leaf.count)
    plain, commitment, sealed, sealed_to, day, count, act, act_to, act_ref, extend, extend_to, extend_ref, new_day = (
        match.groups()
    )
    if plain:
        return LeafFacts(_NAMES[plain], a2b_base64(commitment), None, None)
    if sealed:
        return LeafFacts(SEALED, a2b_base64(sealed_to), None, day.decode(), a2b_base64(count) if count else None)
    if act:
        return LeafFacts(_NAMES[act], a2b_base64(act_to), _position(act_ref, data), None)
    return LeafFacts(_NAMES[extend], a2b_base64(extend_to), _position(extend_ref, data), new_day.decode())


def _position(digits: bytes, data: bytes) -> int:
    position = int(digits)
    if position > MAX_INTEGER:
        parse_leaf(data)  # raises, and says why
        raise Malformed("The reference of the leaf is too large.", "Write the leaf as act-leaf/v1 demands.")
    return position


def scan_leaves(entries: Sequence[bytes]) -> list[LeafFacts | Unreadable]:
    """The facts of each leaf, or why it is none. Never raises: a bad leaf is the log's fault and must be shown."""
    found: list[LeafFacts | Unreadable] = []
    for entry in entries:
        try:
            found.append(scan_leaf(entry))
        except Malformed as error:
            line = _KIND_LINE.match(entry)
            kind = line[1].decode() if line is not None and line[1] not in _NAMES else ""
            found.append(Unreadable(kind, error.what))
    return found


def leaf_hashes(entries: Sequence[bytes]) -> list[bytes]:
    """The leaf hash of each entry (RFC 6962 section 2.1)."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def row_root(hashes: Sequence[bytes]) -> bytes:
    """The root of a complete subtree over 1, 2, 4 ... 256 hashes: `comity.tlog.tiles.subtree_hash`, faster."""
    row = list(hashes)
    while len(row) > 1:
        pairs = iter(row)
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return row[0]
