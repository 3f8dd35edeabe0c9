"""Sealed acts through time: sealed until a month, then unsealed or extended, and what stands overdue.

The leaves alone tell what is overdue; anyone may list it. Extending needs a judge's act, which is the record under the
`extend` leaf; that there is one, and who may give it, is left to the proceedings. The clock is the caller's.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

from comity.errors import Malformed, NotAdmitted, Unverified
from comity.tlog.counting import blinding_from_salt, check_count
from comity.tlog.leaf import SEALED, ActLeaf, check_opening

_LOOK = "Look the leaf up in the log and correct the reference."


@dataclass(frozen=True)
class SealedAct:
    """One sealed leaf: ``until`` when, after how many extensions, and the position that unsealed it, if any."""

    position: int
    until: datetime.date
    extensions: int = 0
    unsealed_by: int | None = None


@dataclass
class SealedActs:
    """The sealed acts of a log, followed leaf by leaf in its order. ``faults``: leaves that have no effect, and why."""

    acts: dict[int, SealedAct] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def follow(self, leaves: Iterable[tuple[int, ActLeaf]]) -> None:
        """Take these leaves, each with its position, into account. One that cannot be is a fault, never an error."""
        for position, leaf in leaves:
            if leaf.kind == SEALED and leaf.until is not None:
                self.acts[position] = SealedAct(position, leaf.until)
            elif leaf.kind in ("unseal", "extend") and leaf.ref is not None:
                try:
                    self.acts[leaf.ref] = self._after(position, leaf, leaf.ref)
                except NotAdmitted as error:
                    self.faults.append((position, error.what))

    def _after(self, position: int, leaf: ActLeaf, ref: int) -> SealedAct:
        act = self.open_act(ref)
        if leaf.until is None:
            return SealedAct(ref, act.until, act.extensions, position)
        if leaf.until <= act.until:
            raise NotAdmitted(
                f"Leaf {ref} is sealed until {act.until} already; {leaf.until} is not later.", "Give a later month."
            )
        return SealedAct(ref, leaf.until, act.extensions + 1)

    def open_act(self, ref: int) -> SealedAct:
        """The act at a position, if it is sealed still. Raises NotAdmitted."""
        act = self.acts.get(ref)
        if act is None:
            raise NotAdmitted(f"Leaf {ref} is no sealed act of this log.", _LOOK)
        if act.unsealed_by is not None:
            raise NotAdmitted(f"Leaf {ref} was unsealed by leaf {act.unsealed_by} and cannot be sealed again.", _LOOK)
        return act

    def overdue(self, today: datetime.date) -> list[SealedAct]:
        """The acts whose month has come and that were neither unsealed nor extended, longest overdue first.

        The day named is the last: on the first of the month it is due, the day after it is overdue.
        """
        late = [act for act in self.acts.values() if act.unsealed_by is None and act.until < today]
        return sorted(late, key=lambda act: (act.until, act.position))

    def extend(self, ref: int, until: datetime.date, commitment: bytes, today: datetime.date, longest: int) -> ActLeaf:
        """The leaf that extends a seal; ``commitment`` is to the record with the judge's order.

        ``longest``: months from ``today`` that the law allows at most. Raises NotAdmitted for what is unsealed or
        overdue (it must be unsealed first), or a month that is not later or too late; Malformed for a day in a month.
        """
        act = self.open_act(ref)
        if act.until < today:
            raise NotAdmitted(f"The seal on leaf {ref} ended on {act.until}.", "Unseal it; a lapse is not revived.")
        if until <= act.until:
            raise NotAdmitted(f"{until} is not later than {act.until}.", "Give a later month.")
        if (until.year - today.year) * 12 + until.month - today.month > longest:
            raise NotAdmitted(f"The law allows {longest} months at most; {until} is beyond.", "Give an earlier month.")
        return ActLeaf("extend", commitment, f"ref {ref} until {until.isoformat()}")

    def unseal(self, ref: int, commitment: bytes) -> ActLeaf:
        """The leaf that unseals an act; ``commitment`` is to the record that reveals it. Raises NotAdmitted."""
        self.open_act(ref)
        return ActLeaf("unseal", commitment, f"ref {ref}")


def check_unsealed(leaf: ActLeaf, salt: bytes, kind: str | None, record: bytes, signatures: bytes) -> None:
    """Raises Unverified unless these are what a sealed leaf committed to *and* the kind it was counted as.

    ``kind`` None: it was padding, committed to as the kind "padding".
    """
    if leaf.kind != SEALED:
        raise Malformed(f"A leaf of the kind {leaf.kind!r} was never sealed.", _LOOK)
    check_opening(leaf, salt, "padding" if kind is None else kind, record, signatures)
    if leaf.count is None:
        raise Unverified("The sealed leaf bears no count commitment: it was in no statistics.", "Tell oversight.")
    check_count(leaf, kind, blinding_from_salt(salt))
