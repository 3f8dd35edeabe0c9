"""The leaf of an act and the commitment it carries: what the public sees of an act, and nothing more.

A leaf is at most 512 bytes of ASCII, each line ended by LF:

    act-leaf/v1
    <kind>
    <base64 of the 32-byte commitment>
    <public>          "-", "until 2027-03-01", "ref 12345" or "ref 12345 until 2027-09-01"
    [<base64 of the 32-byte count commitment>]        sealed leaves only

Drawing the salt, keeping record and salt, and deciding what is sealed are left to the node.
"""

from __future__ import annotations

import datetime
import hmac
import re
from dataclasses import dataclass
from hashlib import sha256

from comity.errors import Malformed, Unverified
from comity.tlog.encoding import HASH_SIZE, decode_base64, decode_decimal, encode_base64

HEADER = "act-leaf/v1"
SEALED = "sealed"
KEY_EVENT = "key-event"
MAX_LEAF = 512
REFERRING_KINDS = frozenset({"unseal", "extend", "erase"})
KINDS = REFERRING_KINDS | {
    "request", "decision-grant", "decision-refuse", "disclosure", "refusal", "notification",
    "notification-deferral", "deletion", "emergency", "key-event", "peer-checkpoint", "statistics",
    "audit-opening", SEALED,
}  # fmt: skip
_PUBLIC = re.compile(r"-|(?:ref (?P<ref>[0-9]+))?(?: ?until (?P<until>[0-9]{4}-[0-9]{2}-[0-9]{2}))?", re.ASCII)
_FORM = "Write the leaf as act-leaf/v1 demands."


@dataclass(frozen=True)
class ActLeaf:
    """One leaf. ``public`` is "-" or the reference and date that the kind demands. Raises Malformed when made wrong.

    ``until`` names the first day of a month: whole months blunt correlation. A sealed leaf must have it and an
    extension too; only `unseal`, `extend` and `erase` refer to another leaf, and they must. Leaves are numbered through
    all logs of a node, one after another: a `key-event` that begins a log names its own number.
    """

    kind: str
    commitment: bytes
    public: str = "-"
    count: bytes | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise Malformed(f"There is no public kind of act {self.kind!r}.", _FORM)
        if len(self.commitment) != HASH_SIZE or (self.count is not None and len(self.count) != HASH_SIZE):
            raise Malformed("A commitment must have 32 bytes.", _FORM)
        if self.count is not None and self.kind != SEALED:
            raise Malformed("Only a sealed leaf carries a count commitment.", _FORM)
        ref, until = self._read_public()
        if (ref is not None) != (self.kind in REFERRING_KINDS) and self.kind != KEY_EVENT:
            raise Malformed("Only unseal, extend and erase name another leaf, and they must.", _FORM)
        if (until is not None) != (self.kind in (SEALED, "extend")):
            raise Malformed("Only a sealed leaf and its extension bear a date, and they must.", _FORM)

    def _read_public(self) -> tuple[int | None, datetime.date | None]:
        match = _PUBLIC.fullmatch(self.public)
        if match is None or self.public == "" or self.public != _public(match["ref"], match["until"]):
            raise Malformed(f"The public part {self.public!r} of the leaf is not of the accepted form.", _FORM)
        ref = None if match["ref"] is None else decode_decimal(match["ref"], "reference of the leaf")
        return ref, None if match["until"] is None else _month(match["until"])

    @property
    def ref(self) -> int | None:
        """Position of the leaf that this one is about, if any."""
        return self._read_public()[0]

    @property
    def until(self) -> datetime.date | None:
        """Day by which a sealed act must be unsealed or extended, if any."""
        return self._read_public()[1]

    def encode(self) -> bytes:
        """The exact bytes that are hashed into the tree."""
        lines = [HEADER, self.kind, encode_base64(self.commitment), self.public]
        if self.count is not None:
            lines.append(encode_base64(self.count))
        return "".join(line + "\n" for line in lines).encode("ascii")


def _public(ref: str | None, until: str | None) -> str:
    words = ([f"ref {ref}"] if ref is not None else []) + ([f"until {until}"] if until is not None else [])
    return " ".join(words) or "-"


def _month(text: str) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"There is no day {text}.", _FORM) from error
    if day.day != 1:
        raise Malformed(f"The date {text} of the leaf is not the first day of a month.", _FORM)
    return day


def parse_leaf(data: bytes) -> ActLeaf:
    """The leaf in these bytes, which are the only spelling of it. Raises Malformed."""
    if len(data) > MAX_LEAF:
        raise Malformed(f"A leaf has at most {MAX_LEAF} bytes; this has {len(data)}.", _FORM)
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Malformed("A leaf is ASCII; this is not.", _FORM) from error
    if len(lines) not in (5, 6) or lines[0] != HEADER or lines[-1] != "":
        raise Malformed("These bytes are not an act-leaf/v1 of four or five lines.", _FORM)
    count = decode_base64(lines[4], "count commitment of the leaf", HASH_SIZE) if len(lines) == 6 else None
    return ActLeaf(lines[1], decode_base64(lines[2], "commitment of the leaf", HASH_SIZE), lines[3], count)


def commit(salt: bytes, kind: str, record: bytes, signatures: bytes) -> bytes:
    """The 32-byte salted commitment to an act; every field is length-prefixed, so that one commitment has one opening.

    ``kind`` is the real kind, also under a sealed leaf; ``salt`` is 32 fresh random bytes, never derived, never reused.
    Raises Malformed.
    """
    name = kind.encode("utf-8")
    if len(salt) != HASH_SIZE:
        raise Malformed(f"The salt has {len(salt)} bytes; it must have 32.", "Draw 32 bytes from the system.")
    if not 1 <= len(name) <= 255 or kind == SEALED:
        raise Malformed(f"An act cannot be of the kind {kind!r}.", "Commit to the real kind of the act.")
    return sha256(
        b"act-commit/v1\x00" + salt + len(name).to_bytes(1, "big") + name
        + len(record).to_bytes(8, "big") + record + len(signatures).to_bytes(8, "big") + signatures
    ).digest()  # fmt: skip


def check_opening(leaf: ActLeaf, salt: bytes, kind: str, record: bytes, signatures: bytes) -> None:
    """Raises Unverified unless these are what the leaf commits to, under the leaf's own kind."""
    if not hmac.compare_digest(commit(salt, kind, record, signatures), leaf.commitment):
        raise Unverified("The record is not what the leaf in the log commits to.", "Do not act on it; tell oversight.")
    if leaf.kind not in (kind, SEALED):
        raise Unverified(f"The log calls the act {leaf.kind!r}, but the record is of kind {kind!r}: the log lies.",
                         "Keep leaf and record as evidence and tell oversight.")
