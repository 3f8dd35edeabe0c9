"""Sums over certificates: times, for the averages of article 28(2)(e) and (f), and costs (j). Which of them may stand.

A sum stands with the number of certificates it is over. So it is published only where that number is five or more,
those it leaves out are none or five or more, and the count of all of them is shown: then neither number tells of a
count that is withheld. No two sums of a kind are over the same certificate, so none can be subtracted from another.
How a sum is proved is left to `package.report_sums`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from comity.analysis.statistics.certificates import DATA, FULFILLED, ISSUED, KINDS, SITUATIONS, CertificateFacts
from comity.analysis.statistics.small_cells import THRESHOLD, PublishedTable, is_small
from comity.analysis.statistics.tables import ROOT, Cell

MINUTES, COSTS = "minutes", "costs"
UNITS = {MINUTES: ("minutes",), COSTS: ("claimed", "reimbursed")}


@dataclass(frozen=True, order=True)
class Group:
    """Certificates that are added up: of times by type of data, situation and addressee; of costs all of a kind."""

    name: str
    row: str
    column: str

    @property
    def key(self) -> str:
        """How it is named in files."""
        return f"{self.name} {self.row} {self.column}"


@dataclass(frozen=True)
class Sum:
    """The certificates of a group that have a value, and what their values add up to."""

    group: Group
    count: int
    totals: Mapping[str, int]


def values(facts: CertificateFacts) -> dict[Group, tuple[int, ...]]:
    """The groups that a certificate is added up in, with its value for each unit of the group."""
    found: dict[Group, tuple[int, ...]] = {}
    if not facts.issued:
        return found
    if facts.minutes is not None:
        whom = f"{facts.situation}/{facts.addressee}" if facts.certificate == KINDS[0] else facts.addressee
        found[Group(MINUTES, facts.row, whom)] = (facts.minutes,)
    if facts.claimed is not None:
        found[Group(COSTS, facts.certificate, ROOT)] = (facts.claimed, facts.reimbursed or 0)
    return found


def sums(facts: Iterable[CertificateFacts]) -> list[Sum]:
    """Every sum there is, in order, before any is withheld."""
    parts: dict[Group, list[tuple[int, ...]]] = defaultdict(list)
    for each in facts:
        for group, value in values(each).items():
            parts[group].append(value)
    return [Sum(group, len(parts[group]), _added(group, parts[group])) for group in sorted(parts)]


def _added(group: Group, parts: Sequence[tuple[int, ...]]) -> dict[str, int]:
    return {unit: sum(part[place] for part in parts) for place, unit in enumerate(UNITS[group.name])}


def shown_sums(facts: Iterable[CertificateFacts], tables: Sequence[PublishedTable]) -> list[Sum]:
    """The sums that may be published beside these tables."""
    return [each for each in sums(facts) if not objection(each.group, each.count, tables)]


def objection(group: Group, count: int, tables: Iterable[PublishedTable]) -> str:
    """Why a sum over so many certificates may not stand beside these tables; "" where it may."""
    if count < THRESHOLD:
        return "It is over fewer than five certificates."
    whole = _all_of(group, next((table for table in tables if table.layout.name == ISSUED), None))
    if whole is None:
        return "It stands where the number of certificates is withheld."
    if count > whole or is_small(whole - count):
        return f"It is over {count} of {whole} certificates, which tells how few it leaves out."
    return ""


def _all_of(group: Group, issued: PublishedTable | None) -> int | None:
    """How many certificates there are of which a group holds those with a value; None where it is not shown."""
    if issued is None:
        return None
    counts = [issued.cells.get(cell, 0) for cell in _cells(group)]
    return sum(n for n in counts if n is not None) if None not in counts else None


def _cells(group: Group) -> list[Cell]:
    if group.name == COSTS:
        return [(f"{group.row}/{data}", ROOT) for data in DATA]
    if group.row.startswith(f"{KINDS[0]}/"):
        return [(group.row, f"{group.column}/{FULFILLED}")]
    return [(group.row, f"{situation}/{group.column}/{FULFILLED}") for situation in SITUATIONS]
