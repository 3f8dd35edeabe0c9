"""Roots: one key, or several of whom some number must sign (k of n), and how they are replaced by their own signatures.

A root's text form is one key, ``ed25519:...``, or ``2 of ed25519:... ed25519:... ed25519:...``. A **root change** is a
document that names the roots before and after; it counts when as many of the old ones signed it as they need, and as
many of the new ones. A chain of changes leads whoever pinned an old root to the present one; nobody else can.

Left to others: whose roots they are (the Party file, `comity.docket.directory`), keeping keys
(`comity.cli.init.roots`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from comity.errors import Malformed, Unverified
from comity.signing.canonical import canonical, parse_canonical
from comity.signing.keys import PublicKey, Signer
from comity.signing.seal import (
    DOCUMENT_TYPE,
    MOST_SIGNATURES,
    open_document_by,
    sign_document,
    signers_claimed,
    unverified_payload,
)

CHANGE_TYPE = "comity-root-change+jws"
LARGEST_CHANGE = 16_384  # bytes
_TEXT = re.compile(r"(?P<needed>[1-9][0-9]?) of (?P<keys>\S+(?: \S+)*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Roots:
    """Root keys of whom ``needed`` must sign. Raises `Malformed` for a number that cannot be, or a key named twice."""

    keys: tuple[PublicKey, ...]
    needed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.needed <= len(self.keys) <= MOST_SIGNATURES // 2:
            raise Malformed(
                f"{self.needed} of {len(self.keys)} roots cannot be asked to sign.",
                f"Name at most {MOST_SIGNATURES // 2} keys, and as many signatures as there are keys or fewer.",
            )
        if len({key.kid for key in self.keys}) != len(self.keys):
            raise Malformed("One key is named twice among the roots.", "Each holder has a key of their own.")

    @property
    def kids(self) -> frozenset[str]:
        """The names of all keys."""
        return frozenset(key.kid for key in self.keys)

    def resolve(self, kid: str) -> PublicKey:
        """The root key of this name; `Unverified` when it is none."""
        for key in self.keys:
            if key.kid == kid:
                return key
        raise Unverified(f"The key {kid} is no root.", "Ask for a document that the roots signed.")

    def to_text(self) -> str:
        """One line, as Party files, anchors and ``root.pub`` hold it."""
        texts = [key.to_text() for key in self.keys]
        return texts[0] if len(texts) == 1 else f"{self.needed} of {' '.join(texts)}"

    @classmethod
    def from_text(cls, text: str) -> Roots:
        """The roots that `to_text` wrote, in its only spelling. Raises `Malformed`."""
        match = _TEXT.fullmatch(text)
        if match is None:
            return cls((PublicKey.from_text(text),))
        roots = cls(tuple(PublicKey.from_text(word) for word in match["keys"].split(" ")), int(match["needed"]))
        if roots.to_text() != text:
            raise Malformed("These roots are not in canonical form.", "Write one key alone, without 'of'.")
        return roots

    def open(self, data: bytes, limit: int, what: str, typ: str = DOCUMENT_TYPE) -> bytes:
        """The payload of a document that enough of these roots signed. ``what``: its name in a sentence.

        Raises `Malformed` if it is no document, `Unverified` when too few signed or a root's signature is bad.
        """
        signed = self.kids.intersection(signers_claimed(data, limit, typ))
        if not signed and len(self.keys) == 1:
            raise Unverified(
                f"{what} is signed by another key, not by the pinned root {self.keys[0].kid}.",
                "Compare the root with what its owner publishes; do not accept the document.",
            )
        if len(signed) < self.needed:
            raise Unverified(
                f"{what} bears the signatures of {len(signed)} of the {len(self.keys)} roots; {self.needed} must sign.",
                "Do not use it yet. The holders sign one after another: comity init sign FILE --root FOLDER.",
            )
        return open_document_by(data, self.resolve, limit, quorum=self.needed, typ=typ)[0]


Root = PublicKey | Roots
"""A root as it is pinned: one key, or several of whom some number must sign."""


def read_root(text: str) -> Root:
    """The root in its text form: the key itself when it is one. Raises `Malformed`."""
    roots = Roots.from_text(text)
    return roots if len(roots.keys) > 1 else roots.keys[0]


def roots_of(root: Root) -> Roots:
    """The root as `Roots`."""
    return root if isinstance(root, Roots) else Roots((root,))


class RootChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``before`` and ``after`` are roots in their text form; ``office``: ``party`` or ``judiciary``."""

    format: str = "comity-root-change/1"
    party: str
    office: str
    before: str
    after: str
    issued: date


def sign_change(change: RootChange, root: Signer) -> bytes:
    """The change with a first signature; further ones are added by `comity.signing.seal.add_signature`."""
    return sign_document(canonical(change), root, CHANGE_TYPE)


def read_change(data: bytes) -> RootChange:
    """What a change claims, nothing verified. Raises `Malformed`."""
    try:
        payload = unverified_payload(data, LARGEST_CHANGE)
        return msgspec.convert(parse_canonical(payload, limit=LARGEST_CHANGE), RootChange)
    except msgspec.ValidationError as wrong:
        raise Malformed(f"This is not a change of roots: {wrong}.", "Ask the Party for the original.") from wrong


def check_change(data: bytes) -> tuple[Roots, Roots]:
    """The roots before and after, if enough of both signed. Raises `Malformed`, `Unverified`."""
    change = read_change(data)
    before, after = Roots.from_text(change.before), Roots.from_text(change.after)
    for roots, whose in ((before, "old"), (after, "new")):
        roots.open(data, LARGEST_CHANGE, f"The change of roots (asked of the {whose} ones)", CHANGE_TYPE)
    return before, after


def chain_of(pinned: Root, changes: Sequence[str], party: str, office: str) -> tuple[Roots, ...]:
    """All roots that this office ever had, oldest first, of which ``pinned`` must be one; the last one is in force.

    Raises `Unverified` when a change is not signed by enough of its old and new roots, is another office's, does not
    follow from the one before it, or when the chain never comes by what was pinned.
    """
    start = roots_of(pinned)
    chain: list[Roots] = []
    for text in changes:
        data = text.encode("ascii", "replace")
        change, (before, after) = read_change(data), check_change(data)
        if (change.party, change.office) != (party, office) or (chain and chain[-1] != before):
            raise Unverified(
                f"A change of roots of {change.party} is not one of the {office} of {party}, or not at this place.",
                "Ask the Party for a corrected file.",
            )
        chain += [after] if chain else [before, after]
    if not chain:
        return (start,)
    if start not in chain:
        raise Unverified(
            f"The changes of roots of {party} do not lead from the root that was pinned here.",
            "Compare the new root with its owner by telephone; do not accept the file before.",
        )
    return tuple(chain)
