"""The yearly figures on European Production and Preservation Orders: Regulation (EU) 2023/1543 article 28(2).

Takes of each certificate its statistical fields only, and makes the tables of the article: issued, and fulfilled or
not, by type of data, situation and addressee; derogations; notifications and refusals by ground; average times.
Not here: costs, and enforcement under article 16 (docs/statistics.md). Where the fields come from is left to others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import msgspec

from comity.analysis.statistics.small_cells import THRESHOLD, PublishedTable
from comity.analysis.statistics.tables import NAME, Cell, Layout, Table, tabulate
from comity.errors import Malformed

PROVISION = "Regulation (EU) 2023/1543 art 28(2)"
DATA = ("subscriber", "identification", "traffic", "content")
KINDS = ("epoc", "epoc-pr")
ISSUED = "certificates"  # the table of all of them
SITUATIONS = ("ordinary", "emergency")
OUTCOMES = ("fulfilled", "not-fulfilled", "pending")
GROUNDS = ("immunity-or-press", "fundamental-right", "ne-bis-in-idem", "double-criminality")
ROWS = tuple(f"{kind}/{data}" for kind in KINDS for data in DATA)


class CertificateFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The statistical fields of one EPOC or EPOC-PR: nothing that names a person, a case or an authority.

    ``addressee``: a provider, in small letters; ``minutes``: from issue until the data were obtained. ``ground``: of
    article 12(1)(a) to (d). ``derogation``: article 4(5), issued before validation. Raises Malformed where they cannot
    all be true.
    """

    certificate: Literal["epoc", "epoc-pr"]
    data: Literal["subscriber", "identification", "traffic", "content"]
    addressee: str
    emergency: bool = False
    outcome: Literal["fulfilled", "not-fulfilled", "pending"] = "pending"
    minutes: int | None = None
    derogation: Literal["", "validated", "not-validated"] = ""
    notified: bool = False
    ground: Literal["", "immunity-or-press", "fundamental-right", "ne-bis-in-idem", "double-criminality"] = ""
    remedy: bool = False

    def __post_init__(self) -> None:
        wrong = [
            words
            for words, holds in (
                ("the addressee is not written in small letters and hyphens", not NAME.fullmatch(self.addressee)),
                ("a derogation outside an emergency", bool(self.derogation) and not self.emergency),
                ("a ground raised without a notification", bool(self.ground) and not self.notified),
                ("a notification for an order that needs none", self.notified and self.certificate != "epoc"),
                ("a time to data that were not obtained", self.minutes is not None and self.outcome != "fulfilled"),
                ("a time below zero", self.minutes is not None and self.minutes < 0),
            )
            if holds
        ]
        if wrong:
            raise Malformed(f"These statistical fields cannot be: {'; '.join(wrong)}.", "Correct them at the source.")

    @property
    def row(self) -> str:
        """Certificate and type of data."""
        return f"{self.certificate}/{self.data}"

    @property
    def situation(self) -> str:
        """Emergency or ordinary."""
        return SITUATIONS[self.emergency]


def read_facts(value: Any) -> CertificateFacts:
    """The statistical fields in a decoded section. Raises Malformed."""
    try:
        return msgspec.convert(value, CertificateFacts)
    except msgspec.ValidationError as wrong:
        raise Malformed(f"These are no statistical fields: {wrong}.", "Correct them at the source.") from wrong


Placing = Callable[[CertificateFacts], Cell | None]
"""In which cell of a table a certificate is counted, if in any."""


def layouts(addressees: Iterable[str]) -> list[tuple[Layout, Placing]]:
    """The tables of the article for these addressees, each with the rule that places a certificate in it."""
    names = sorted(set(addressees))
    leaves = tuple(
        f"{situation}/{addressee}/{outcome}"
        for situation in SITUATIONS
        for addressee in names
        for outcome in OUTCOMES
    )
    issued = Layout(ISSUED, "Certificates issued, fulfilled and not fulfilled", PROVISION, ROWS, leaves)
    notified = Layout(
        "notifications", "Notifications (article 8) and grounds raised", PROVISION, DATA, ("none", *GROUNDS)
    )
    derogations = Layout(
        "derogations", "Issued before validation (article 4(5))", PROVISION, ROWS, ("validated", "not-validated")
    )
    remedies = Layout("remedies", "Certificates against which a legal remedy was used", PROVISION, ROWS)
    return [
        (issued, lambda facts: (facts.row, f"{facts.situation}/{facts.addressee}/{facts.outcome}")),
        (notified, lambda facts: (facts.data, facts.ground or "none") if facts.notified else None),
        (derogations, lambda facts: (facts.row, facts.derogation) if facts.derogation else None),
        (remedies, lambda facts: (facts.row, "all") if facts.remedy else None),
    ]


def tables(facts: Sequence[CertificateFacts]) -> list[Table]:
    """The tables of the article over these certificates, before anything is withheld."""
    return [
        tabulate(layout, (cell for each in facts if (cell := place(each)) is not None))
        for layout, place in layouts(each.addressee for each in facts)
    ]


def average_minutes(facts: Iterable[CertificateFacts]) -> dict[str, dict[str, int]]:
    """Average time to the data in whole minutes, rounded down, by row and situation; none for fewer than five."""
    times: dict[tuple[str, str], list[int]] = defaultdict(list)
    for each in facts:
        if each.minutes is not None:
            times[each.row, each.situation].append(each.minutes)
    found: dict[str, dict[str, int]] = {}
    for (row, situation), minutes in sorted(times.items()):
        if len(minutes) >= THRESHOLD:
            found.setdefault(row, {})[situation] = sum(minutes) // len(minutes)
    return found


def fulfilled(tables: Iterable[PublishedTable], row: str, situation: str) -> int | None:
    """How many certificates the published tables show as fulfilled; None where they do not say, or withhold any."""
    counts = [
        table.cells.get((row, column))
        for table in tables
        if table.layout.name == ISSUED and row in table.layout.rows
        for column in table.layout.leaves
        if column.startswith(f"{situation}/") and column.endswith(f"/{OUTCOMES[0]}")
    ]
    shown = [count for count in counts if count is not None]
    return sum(shown) if counts and len(shown) == len(counts) else None


def shown_averages(facts: Iterable[CertificateFacts], tables: Sequence[PublishedTable]) -> dict[str, dict[str, int]]:
    """The average times that are published: none that would say of a withheld count that it is five or more."""
    found: dict[str, dict[str, int]] = {}
    for row, by in average_minutes(facts).items():
        for situation, value in by.items():
            if fulfilled(tables, row, situation) is not None:
                found.setdefault(row, {})[situation] = value
    return found
