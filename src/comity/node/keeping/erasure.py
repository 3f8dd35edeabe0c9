"""Whose contents an erasure erases at this node. Used when it is entered, and by the guard that looks for what is gone.

An erasure acts only where it was filed, on what that side may erase: its own records and its own copies of exhibits.
The other side is shown it and files its own. What the other side sealed goes only after that side erased it itself, or
by a judge's hand: nobody takes from this node what it needs to answer for the matter. Erasures themselves stay, and
what is counted of a matter: they hold no personal data, explain what is missing and keep every total.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from comity.docket.directory import JUDICIAL_ROLES
from comity.proceedings.bodies import Erasure

STEP = "request.erase"
_STAY = frozenset({STEP, "request.statistics"})


@dataclass(frozen=True, slots=True)
class Act:
    """A record as far as erasure asks: the node that sealed it, in what role, and what it erases, if it does."""

    id: str
    node: str
    role: str
    step: str
    erases: Erasure | None = None  # of an erasure with effect


def contents_erased(erasure: Act, known: Iterable[Act], own: str) -> set[str]:
    """The records whose contents go at the node ``own``, among those ``known`` when the erasure was entered."""
    if erasure.node != own or erasure.erases is None:
        return set()
    before = list(known)
    named, judge = set(erasure.erases.records), erasure.role in JUDICIAL_ROLES
    let_go = {(a.node, r) for a in before if a.erases is not None for r in a.erases.records}
    return {
        a.id
        for a in before
        if a.id in named and a.step not in _STAY and (judge or a.node == own or (a.node, a.id) in let_go)
    }
