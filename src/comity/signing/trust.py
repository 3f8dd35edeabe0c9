"""Key histories: which key of an authority counted at which position of its log.

Positions, not clocks: an act at position p is judged by what the history says about p, so that the answer is the same
for everybody and for ever. A key counts from ``from_position`` up to but not including ``until_position`` (rotation)
and ``revoked_position`` (theft or loss): acts before a revocation stand, acts from it on don't.

Left to others: publishing histories (the Party file) and finding an act's position (`comity.tlog`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from comity.errors import Malformed, Unverified
from comity.signing.keys import PublicKey

Use = Literal["seal", "hand", "log"]


class KeyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key of an authority: what it is used for and between which positions (leaf indexes) it counts."""

    kid: str
    key: str
    use: Use
    authority: str
    from_position: int
    until_position: int | None = None
    revoked_position: int | None = None


class KeyHistory:
    """All keys that an authority or Party ever had. Raises `Malformed` for entries that contradict one another."""

    def __init__(self, entries: Iterable[KeyEntry]) -> None:
        self.entries = tuple(entries)
        self._by_kid: dict[str, tuple[KeyEntry, PublicKey]] = {}
        for entry in self.entries:
            if entry.kid in self._by_kid:
                raise Malformed(f"The key {entry.kid} is listed twice.", "One key has one use and one entry.")
            self._by_kid[entry.kid] = (entry, _checked(entry))

    def valid_at(self, kid: str, position: int, use: Use | None = None) -> PublicKey:
        """Return the signing key of this name if it counts at the position (for ``use``, where given).

        Raises `Unverified` saying why not: unknown, another use, not yet in force, rotated out, or revoked.
        """
        return self._find(kid, position, use)

    def rotate(self, kid: str, successor: KeyEntry, until_position: int) -> KeyHistory:
        """Return the history with a successor for a key, which itself counts until ``until_position``.

        Raises `Malformed` unless both count for at least one position: without overlap, acts under way would fail.
        """
        old = self._entry(kid)
        if successor.from_position >= until_position:
            raise Malformed("The old key ends before the new one begins.", "Let them overlap by some positions.")
        if (successor.use, successor.authority) != (old.use, old.authority):
            raise Malformed("A successor has the same use and authority.", "Add another entry for another use.")
        ended = msgspec.structs.replace(old, until_position=until_position)
        return KeyHistory((*self._replaced(ended), successor))

    def revoke(self, kid: str, position: int) -> KeyHistory:
        """Return the history with a key revoked from a position on. A revocation can be moved earlier, never later."""
        old = self._entry(kid)
        if old.revoked_position is not None and old.revoked_position <= position:
            return self
        return KeyHistory(self._replaced(msgspec.structs.replace(old, revoked_position=position)))

    def _find(self, kid: str, position: int, use: Use | None) -> PublicKey:
        entry, key = self._by_kid.get(kid, (None, None))
        if entry is None or key is None:
            raise Unverified(f"The key {kid} is unknown.", "Fetch the Party's newest file, or refuse.")
        if use is not None and entry.use != use:
            raise Unverified(f"The key {kid} is for {entry.use}, not for {use}.", "Refuse, and tell the sender.")
        reason = _reason(entry, position)
        if reason:
            raise Unverified(
                f"The key {kid} {reason}; the act is at position {position}.", "Refuse, and tell the sender."
            )
        return key

    def _entry(self, kid: str) -> KeyEntry:
        if kid not in self._by_kid:
            raise Unverified(f"The key {kid} is unknown.", "Give the name of a key in this history.")
        return self._by_kid[kid][0]

    def _replaced(self, new: KeyEntry) -> tuple[KeyEntry, ...]:
        return tuple(new if entry.kid == new.kid else entry for entry in self.entries)


def _reason(entry: KeyEntry, position: int) -> str:
    """Return why an entry does not count at a position, or nothing if it does."""
    if position < entry.from_position:
        return f"counts only from position {entry.from_position}"
    if entry.revoked_position is not None and position >= entry.revoked_position:
        return f"was revoked at position {entry.revoked_position} (acts before it stand)"
    if entry.until_position is not None and position >= entry.until_position:
        return f"was rotated out at position {entry.until_position}"
    return ""


def _checked(entry: KeyEntry) -> PublicKey:
    """Return the key of an entry; raise `Malformed` if the entry contradicts itself."""
    key = PublicKey.from_text(entry.key)
    if key.kid != entry.kid:
        raise Malformed(f"The key named {entry.kid} has the name {key.kid}.", "Write the key's own name.")
    if entry.from_position < 0 or (entry.revoked_position is not None and entry.revoked_position < 0):
        raise Malformed(f"The key {entry.kid} has a position below zero.", "Positions count from 0.")
    if entry.until_position is not None and entry.until_position <= entry.from_position:
        raise Malformed(f"The key {entry.kid} ends before it begins.", "Give a later until_position.")
    return key
