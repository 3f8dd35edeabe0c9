"""What an outsider's audit of a log says: the checkpoint, the counts, and each thing that is wrong.

*Breaches* are what the log itself proves against the node that keeps it; *notices* are what a person should look at.
Reading the log is left to `comity.node.auditor.audit`, counting to `comity.node.auditor.state`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from comity.tlog.encoding import encode_base64

Breaks = Literal["unreadable", "unknown-kind", "wrong-reference", "duplicate", "overdue", "opening"]
MAX_SHOWN = 1000  # of each kind; the totals count all
FOLLOW_UPS = ("decision-grant", "decision-refuse", "disclosure", "refusal", "notification", "notification-deferral")


@dataclass(frozen=True)
class Breach:
    """One leaf that should not be as it is, and why."""

    kind: Breaks
    position: int
    says: str


@dataclass(frozen=True)
class Exposed:
    """A contradiction about some log, checked: what it shows, whose key it convicts, and the file it is kept in."""

    origin: str
    kind: str
    says: str
    key: str
    file: str


@dataclass(frozen=True)
class LeafSums:
    """What the leaves of one log mean together. ``totals`` counts breaches by kind; ``breaches`` shows the first.

    ``unsealed``: the kinds of what was unsealed, from openings that were checked against their leaves.
    ``emergencies``: the positions of the first ones; ``emergencies_open``: how many are certainly not followed up.
    """

    counts: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    breaches: tuple[Breach, ...] = ()
    emergencies_open: int = 0
    unsealed: dict[str, int] = field(default_factory=dict)
    emergencies: tuple[int, ...] = ()


@dataclass(frozen=True)
class AuditReport:
    """The whole result. ``unverified`` says what could not be relied on; "" when everything could be."""

    origin: str
    size: int
    root: bytes
    cosigned_by: tuple[tuple[str, int], ...] = ()
    policy: tuple[str, ...] = ()
    sums: LeafSums = LeafSums()
    exposed: tuple[Exposed, ...] = ()
    unverified: str = ""
    notices: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 all right; 7 this log contradicted itself; 4 anything else that is wrong."""
        if any(each.origin == self.origin for each in self.exposed):
            return 7
        return 4 if self.unverified or self.sums.totals else 0

    def as_json(self) -> dict[str, Any]:
        """For programs: times in POSIX seconds, the root in base64."""
        return {
            "origin": self.origin,
            "size": self.size,
            "root": encode_base64(self.root),
            "cosigned_by": [{"witness": name, "time": time} for name, time in self.cosigned_by],
            "policy": list(self.policy),
            "counts": dict(sorted(self.sums.counts.items())),
            "breaches": {
                "totals": dict(sorted(self.sums.totals.items())),
                "shown": [vars(breach) for breach in self.sums.breaches],
            },
            "unsealed": dict(sorted(self.sums.unsealed.items())),
            "emergencies": list(self.sums.emergencies),
            "emergencies_without_public_follow_up": self.sums.emergencies_open,
            "contradictions": [vars(each) for each in self.exposed],
            "unverified": self.unverified,
            "notices": list(self.notices),
            "verdict": {0: "all right", 4: "unverified", 7: "tampered"}[self.exit_code],
        }


def emergencies_open(kinds: Iterable[str]) -> int:
    """How many emergencies certainly have no public act after them that could follow them up.

    ``kinds`` in the order of the log; each act can follow up one emergency. A lower bound: which act belongs to which
    is inside the records, and a sealed act may be one too.
    """
    waiting = 0
    for kind in kinds:
        if kind == "emergency":
            waiting += 1
        elif kind in FOLLOW_UPS and waiting:
            waiting -= 1
    return waiting
