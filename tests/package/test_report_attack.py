"""A table that would reveal a small count is not published, and one published by others is refused.

The lying node here makes everything right but what it withholds: its proofs, totals and commitments all hold.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.analysis.statistics.certificates import DATA, ROWS, CertificateFacts, tables
from comity.analysis.statistics.links import hidden_rows, revealed
from comity.analysis.statistics.network import Network, bounds
from comity.analysis.statistics.small_cells import (
    KNOWN,
    PROTECTION,
    PublishedTable,
    attack,
    attack_published,
    protect,
)
from comity.analysis.statistics.sums import Group, Sum
from comity.analysis.statistics.tables import ROOT, TOTAL, Cell, Layout, Table, table_of
from comity.errors import CannotTell, Malformed
from comity.package import report as making
from comity.package.report import Openings
from comity.package.report_check import check_report
from comity.signing.base64url import to_base64url
from comity.signing.canonical import canonical
from comity.signing.digest import digest
from comity.tlog.counting import KINDS_COUNTED, kind_generator
from comity.tlog.tally import prove_tally
from tests.package.report_samples import NOW, POLICY, Year, signed

LAYOUT = Layout("few", "Few", "none", ("a", "b", "c"), ("x/p", "x/q", "y/p"))


def facts(data: str, provider: str = "mail-example", outcome: str = "fulfilled") -> CertificateFacts:
    return msgspec.convert(
        {"certificate": "epoc", "data": data, "addressee": provider, "outcome": outcome}, CertificateFacts
    )


def a_thin_year() -> Year:
    """Ten and twelve certificates for two types of data, and three for a third that a subtraction would show."""
    year = Year()
    for data, count in (("subscriber", 10), ("traffic", 12), ("content", 3)):
        for _ in range(count):
            year.certificate(facts(data))
    return year


def without_companions(table: Table) -> PublishedTable:
    """What somebody does who withholds the small counts only."""
    cells = {cell: None if 0 < count < 5 else count for cell, count in table.counts.items()}
    return PublishedTable(table.layout, cells)


def test_a_single_hole_is_not_published() -> None:
    report, openings = a_thin_year().report()
    cells = report.tables[0].cells
    assert cells["epoc/content"]["all"] is None
    assert sum(by["all"] is None for row, by in cells.items() if row != "total") >= 2
    assert check_report(signed(report), a_thin_year().fetch, POLICY, openings, now=NOW) == []


def test_a_report_that_withholds_the_small_counts_only_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        making, "publish_tables", lambda made, _: [(table, without_companions(table)) for table, *_ in made]
    )
    year = a_thin_year()
    report, openings = year.report()
    monkeypatch.undo()
    assert report.tables[0].cells["epoc/content"]["all"] is None
    public = Openings(commitments=openings.commitments)
    found = check_report(signed(report), year.fetch, POLICY, public, now=NOW)
    assert {problem.where for problem in found} == {"tables"}
    assert any(
        "certificates epoc/content all: It is withheld, but who subtracts finds that it is 3." in problem.says
        for problem in found
    )


def test_a_table_that_nothing_can_hide_is_left_out_whole() -> None:
    year = Year()
    for data in ("subscriber", "subscriber", "subscriber", "traffic", "traffic"):
        year.certificate(facts(data))
    report, _ = year.report()
    assert "certificates" in report.withheld_tables


def hiding(outcomes: dict[str, int]) -> Year:
    """One provider, one type of data, all with a time."""
    year = Year()
    for outcome, count in outcomes.items():
        for _ in range(count):
            minutes = 60 if outcome == "fulfilled" else None
            year.certificate(msgspec.structs.replace(facts("traffic", outcome=outcome), minutes=minutes))
    return year


def test_an_average_tells_nothing_of_a_withheld_count() -> None:
    """Seven fulfilled and two not, in all nine: that there is an average would leave one to four for those not."""
    report, _ = hiding({"fulfilled": 7, "not-fulfilled": 2}).report()
    assert report.tables[0].cells["epoc/traffic"]["ordinary/mail-example/fulfilled"] is None
    assert report.sums == ()
    report, _ = hiding({"fulfilled": 7, "not-fulfilled": 6}).report()
    assert [(each.count, each.totals) for each in report.sums] == [(7, {"minutes": 420})]


def test_an_average_where_a_count_is_withheld_is_refused() -> None:
    year = hiding({"fulfilled": 7, "not-fulfilled": 2})
    report, openings = year.report()
    added = Sum(Group("minutes", "epoc/traffic", "ordinary/mail-example"), 7, {"minutes": 420})
    figures = making.sum_figures(added, year.acts)
    commitments = {**openings.commitments, added.group.key: making.committed_values(added.group, year.acts)}
    lying = msgspec.structs.replace(report, sums=(figures,), commitments=digest(canonical(commitments)))
    public = Openings(commitments=commitments)
    found = check_report(signed(lying), year.fetch, POLICY, public, now=NOW)
    assert [(p.where, p.says) for p in found] == [
        (added.group.key, "It stands where the number of certificates is withheld.")
    ]


def test_sealed_kinds_that_can_be_subtracted_are_refused() -> None:
    year = Year()
    for kind, count in (("request", 9), ("disclosure", 8), ("refusal", 2)):
        for _ in range(count):
            year.seal(kind)
    report, openings = year.report()
    assert check_report(signed(report), year.fetch, POLICY, openings, now=NOW) == []
    counts = {**dict.fromkeys(KINDS_COUNTED, 0), **year.secrets().counts}
    shown = {kind: count for kind, count in counts.items() if kind != "refusal"}
    tally = making.sealed_tally(shown, ("refusal",), 19)
    proof = prove_tally(tally, counts, year.secrets().blinding, kind_generator, report.context("sealed"), bytes(32))
    sealed = making.SealedFigures(leaves=19, shown=shown, withheld=("refusal",), proof=to_base64url(proof))
    found = check_report(signed(msgspec.structs.replace(report, sealed=sealed)), year.fetch, POLICY, openings, now=NOW)
    assert [problem.says for problem in found if problem.where == "sealed"] == [
        "refusal is withheld, but who subtracts finds it: 2 to 2."
    ]


counts = st.lists(st.integers(0, 14), min_size=9, max_size=9)


@given(counts, st.randoms())
def test_the_reader_s_attack_is_the_maker_s(numbers: list[int], chance: random.Random) -> None:
    """From the published table alone the same cells turn out weak, with the same interval up to its cut."""
    cells = list(itertools.product(LAYOUT.rows, LAYOUT.leaves))
    table = table_of(LAYOUT, dict(zip(cells, numbers, strict=True)))
    withheld = {cell for cell, count in table.counts.items() if count and chance.random() < 0.4}
    published = PublishedTable(LAYOUT, {c: None if c in withheld else n for c, n in table.counts.items()})
    assert attack_published(published).keys() == attack(table, withheld).keys()
    for cell, (low, high) in attack_published(published).items():
        assert (low, high) == bounds(LAYOUT, table.counts, withheld, KNOWN)[cell]
        assert high - low < PROTECTION


@given(counts)
def test_what_is_protected_stands_against_a_reader(numbers: list[int]) -> None:
    cells = list(itertools.product(LAYOUT.rows, LAYOUT.leaves))
    try:
        published = protect(table_of(LAYOUT, dict(zip(cells, numbers, strict=True))))
    except CannotTell:
        return
    assert attack_published(published) == {}


def test_totals_that_cannot_be_are_found() -> None:
    table = table_of(LAYOUT, {("a", "x/p"): 7, ("b", "x/p"): 9})
    cells: dict[tuple[str, str], int | None] = {**table.counts, ("a", "x/p"): None, ("total", "all"): 15}
    with pytest.raises(Malformed):
        attack_published(PublishedTable(LAYOUT, cells))
    assert Network(LAYOUT).completed({**table.counts}, KNOWN) == table.counts


# --- what one table says of another


def a_linked_year() -> Year:
    """Nine certificates, three of them for content; against all six others a remedy was used."""
    year = Year()
    for number in range(6):
        year.certificate(msgspec.structs.replace(facts("subscriber"), remedy="issuing"))
        if number < 3:
            year.certificate(facts("content"))
    return year


def each_by_itself(tables: list[list[Table]], _: object) -> list[tuple[Table, PublishedTable]]:
    return [(table, making.publish_table(table)) for table, *_ in tables]


def test_a_table_that_with_another_would_reveal_a_count_is_left_out() -> None:
    """By themselves the certificates leave one to eight for content; that six remedies were used, one to three."""
    report, openings = a_linked_year().report()
    assert report.tables[0].cells["epoc/subscriber"]["all"] is None
    assert report.withheld_tables == ("remedies",)
    assert check_report(signed(report), a_linked_year().fetch, POLICY, openings, now=NOW) == []


def test_a_report_whose_tables_reveal_a_count_together_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "publish_tables", each_by_itself)
    year = a_linked_year()
    report, openings = year.report()
    monkeypatch.undo()
    assert report.withheld_tables == ()
    public = Openings(commitments=openings.commitments)
    found = check_report(signed(report), year.fetch, POLICY, public, now=NOW)
    assert {problem.where for problem in found} == {"tables"}
    assert (
        "remedies subscriber all: certificates epoc/subscriber all is withheld, and this tells something of it."
        in {problem.says for problem in found}
    )


def test_more_remedies_than_certificates_cannot_be() -> None:
    issued = PublishedTable(*_table("certificates", {("epoc/content", ROOT): 6}))
    used = PublishedTable(*_table("remedies", {("content", ROOT): None, ("traffic", ROOT): None}, total=20))
    with pytest.raises(Malformed, match="cannot all be true"):
        revealed([issued, used])


LINES = {"certificates": ROWS, "remedies": DATA}  # remedies are counted of production orders, by type of data


def _table(
    name: str, cells: dict[tuple[str, str], int | None], total: int = 6
) -> tuple[Layout, dict[Cell, int | None]]:
    layout = Layout(name, name, "none", LINES[name])
    return layout, {**dict.fromkeys(layout.cells(), 0), **cells, (TOTAL, ROOT): total}


def every(total: int, lows: list[int], highs: list[int]) -> Iterator[tuple[int, ...]]:
    """Every way to make up a total of numbers between these."""
    if not lows:
        if total == 0:
            yield ()
        return
    for first in range(lows[0], min(highs[0], total) + 1):
        for rest in every(total - first, lows[1:], highs[1:]):
            yield (first, *rest)


def behind(table: PublishedTable) -> set[tuple[int, ...]]:
    """Every list of row counts that could stand behind a published table without columns."""
    seen = [table.cells[row, ROOT] for row in LINES[table.layout.name][:4]]
    total = table.cells[TOTAL, ROOT] or 0
    return set(every(total, [1 if n is None else n for n in seen], [total if n is None else n for n in seen]))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=4, max_size=4), st.lists(st.integers(0, 8), min_size=4, max_size=4))
def test_tables_published_together_leave_every_withheld_count_a_wide_interval(
    given_out: list[int], remedies: list[int]
) -> None:
    """Held against every pair of tables that a reader could imagine behind what is published."""
    counts = {"certificates": given_out, "remedies": [min(pair) for pair in zip(given_out, remedies, strict=True)]}
    made = [
        [table_of(Layout(name, name, "none", rows := LINES[name]), {(rows[n], ROOT): numbers[n] for n in range(4)})]
        for name, numbers in counts.items()
    ]
    shown = [table for _, table in making.publish_tables(made)]
    if [table.layout.name for table in shown] != ["certificates", "remedies"]:
        return
    issued, used = (behind(table) for table in shown)
    pairs = [(a, b) for a in issued for b in used if all(less <= more for more, less in zip(a, b, strict=True))]
    for side, table in enumerate(shown):
        for place, row in enumerate(LINES[table.layout.name][:4]):
            if table.cells[row, ROOT] is None:
                values = {pair[side][place] for pair in pairs}
                assert max(values) - min(values) >= PROTECTION, (table.layout.name, row, sorted(values))


# --- what one report says of the one before


def later(count: int, earlier: str = "pending", remedy: str = "") -> list[CertificateFacts]:
    one = msgspec.structs.replace(facts("subscriber"), earlier=facts("subscriber", outcome=earlier), remedy=remedy)
    return [one] * count


def published_of(found: list[CertificateFacts], hidden: tuple[str, ...] = ()) -> dict[str, PublishedTable]:
    return {table.layout.name: shown for table, shown in making.publish_tables(tables(found), hidden)}


def test_a_certificate_counted_before_is_issued_once() -> None:
    shown = published_of(later(6))
    assert shown["certificates"].cells[TOTAL, ROOT] == 0
    assert shown["ended-later"].cells["epoc/subscriber", "fulfilled"] == 6
    assert "ended-later" not in published_of(later(4)), "a small count that the report before would limit"
    again = published_of(later(6, "fulfilled", "issuing"))
    assert again["ended-later"].cells[TOTAL, ROOT] == 0, "its end was counted too"
    assert again["remedies"].cells[TOTAL, ROOT] == 0
    assert again["remedies-later"].cells["subscriber", ROOT] == 6


def test_the_end_of_what_a_report_before_withholds_is_not_shown() -> None:
    """Three pending of ten, withheld: that six ended later could not be, but that five did would say five or more."""
    before = [facts("subscriber", outcome=end) for end in ["pending"] * 6 + ["fulfilled"] * 3 + ["not-fulfilled"] * 9]
    (issued,) = (shown for name, shown in published_of(before).items() if name == "certificates")
    hidden = hidden_rows([issued])
    assert (None in issued.cells.values()) == bool(hidden)
    assert "ended-later" in published_of(later(5))
    assert "ended-later" not in published_of(later(5), ("epoc/subscriber",))
    assert "remedies-later" not in published_of(later(5, "fulfilled", "both"), ("epoc/subscriber",))
    assert hidden_rows([]) == list(ROWS), "a table that was left out whole withholds every row"
