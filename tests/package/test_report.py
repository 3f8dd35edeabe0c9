"""A period's report: a stranger finds every figure that does not follow from the log, and no small one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from hashlib import sha256

import msgspec
import pytest

from comity.analysis.statistics.certificates import CertificateFacts, read_facts, tables
from comity.analysis.statistics.small_cells import PublishedTable, is_small
from comity.analysis.statistics.sums import Group, objection, shown_sums
from comity.errors import Malformed
from comity.package.report import ActOpening, Openings, PeriodReport, SumFigures, make_report, sign_report
from comity.package.report_check import Problem, check_report, open_report, read_openings, recompute
from comity.package.report_files import report_files
from comity.signing.base64url import to_base64url
from comity.signing.canonical import canonical
from comity.tlog.checkpoint import open_checkpoint
from comity.tlog.cosignature import Ed25519Cosigner
from comity.tlog.counting import PADDING, commit_count
from comity.tlog.leaf import ActLeaf
from comity.tlog.note import Signer, Verifier
from comity.tlog.policy import Policy
from tests.package.report_samples import ENTROPY, LOG, NOW, POLICY, WITNESS, Year, a_year, signed

SUM = "minutes epoc/content ordinary/mail-example"


@pytest.fixture(scope="module", autouse=True)
def a_report() -> None:
    """Made when the first of these tests runs, not when they are collected: it takes a second."""
    global YEAR, REPORT, OPENINGS, PUBLIC, ROW, COLUMN, COUNT, PLACE
    YEAR = a_year(certificates=100)
    REPORT, OPENINGS = YEAR.report()
    PUBLIC = Openings(commitments=OPENINGS.commitments)
    ROW, COLUMN, COUNT = a_shown_cell(6)
    PLACE = next(place for place, each in enumerate(REPORT.sums) if each.group.key == SUM)


def problems(report: PeriodReport, openings: Openings | None = None, year: Year | None = None) -> list[Problem]:
    return check_report(signed(report), (year or YEAR).fetch, POLICY, openings or PUBLIC, now=NOW)


def changed(**changes: object) -> PeriodReport:
    return msgspec.structs.replace(REPORT, **changes)


def cell(row: str, column: str, count: int | None, table: int = 0) -> PeriodReport:
    """The report with one cell of a table changed."""
    figures = REPORT.tables[table]
    cells = {name: dict(by) for name, by in figures.cells.items()}
    assert column in cells[row]
    cells[row][column] = count
    tables = list(REPORT.tables)
    tables[table] = msgspec.structs.replace(figures, cells=cells)
    return changed(tables=tuple(tables))


def a_shown_cell(least: int) -> tuple[str, str, int]:
    for row, by in REPORT.tables[0].cells.items():
        for column, count in by.items():
            if count is not None and count >= least and row != "total" and column.endswith("/fulfilled/no-ground"):
                return row, column, count
    raise AssertionError


def test_a_stranger_recomputes_the_report_from_public_files() -> None:
    assert problems(REPORT) == []
    data = canonical(PUBLIC)
    assert check_report(signed(REPORT), YEAR.fetch, POLICY, data, now=NOW) == []
    assert b'"acts":[]' in data


def test_oversight_makes_it_again_from_the_openings_of_the_acts() -> None:
    assert problems(REPORT, OPENINGS) == []
    assert YEAR.report() == (REPORT, OPENINGS), "the same acts make the same bytes"


def test_no_small_count_stands_in_any_file() -> None:
    counts = [count for table in REPORT.tables for by in table.cells.values() for count in by.values()]
    assert None in counts
    assert not any(is_small(count) for count in counts if count is not None)
    assert not any(is_small(count) for count in REPORT.sealed.shown.values())
    assert "refusal" in REPORT.sealed.withheld
    for path, data in report_files(REPORT).items():
        if path.endswith(".csv") and path != "public-acts.csv":
            for row in csv.DictReader(io.StringIO(data.decode())):
                assert not row.get("count") or not is_small(int(row["count"]))
                assert row.get("status") != "withheld" or row["count"] == ""


def added(**more: int) -> PeriodReport:
    """The report with other totals of its first sum of times."""
    first = REPORT.sums[PLACE]
    totals = {unit: total + more.get(unit, 0) for unit, total in first.totals.items()}
    return _with_sum(msgspec.structs.replace(first, totals=totals))


def counted(more: int) -> PeriodReport:
    """The report with another number of certificates for its first sum of times."""
    return _with_sum(msgspec.structs.replace(REPORT.sums[PLACE], count=REPORT.sums[PLACE].count + more))


def _with_sum(figures: SumFigures) -> PeriodReport:
    return changed(sums=(*REPORT.sums[:PLACE], figures, *REPORT.sums[PLACE + 1 :]))


@pytest.mark.parametrize(
    ("lie", "where"),
    [
        (lambda: changed(public={**REPORT.public, "request": REPORT.public["request"] - 1}), "public"),
        (lambda: changed(public={**REPORT.public, "emergency": 2}), "public"),
        (lambda: _sealed(disclosure=22, padding=33), "sealed"),
        (lambda: _sealed(leaves=1), "sealed"),
        (lambda: cell(ROW, COLUMN, COUNT - 1), "certificates"),
        (lambda: cell(ROW, COLUMN, None), "certificates"),
        (lambda: cell("total", "all", 149), "certificates"),
        (lambda: cell("epoc/identification", "all", 7), "certificates"),
        (lambda: cell("traffic", "all", 5, table=1), "notifications"),
        (lambda: added(minutes=1), SUM),
        (lambda: changed(sums=REPORT.sums[1:]), "commitments"),
        (lambda: changed(sums=(*REPORT.sums, REPORT.sums[0])), "commitments"),
        (lambda: counted(1), SUM),
        (lambda: changed(threshold=3), "report"),
        (lambda: changed(tables=REPORT.tables[1:]), "tables"),
        (lambda: changed(tables=(*REPORT.tables, REPORT.tables[0])), "tables"),
        (lambda: changed(withheld_tables=("remedies",)), "tables"),
        (lambda: changed(commitments="sha256:" + "0" * 64), "commitments"),
        (lambda: changed(origin="other.example/act-log/2027"), "report"),
        (lambda: changed(start=""), "public"),
    ],
)
def test_a_false_figure_is_found(lie: Callable[[], PeriodReport], where: str) -> None:
    assert where in {problem.where for problem in problems(lie())}


def _sealed(leaves: int = 0, **shown: int) -> PeriodReport:
    """Another number of sealed leaves, or numbers moved between kinds."""
    figures = REPORT.sealed
    lie = msgspec.structs.replace(figures, shown={**figures.shown, **shown}, leaves=figures.leaves + leaves)
    return changed(sealed=lie)


def test_a_figure_moved_into_what_is_withheld_is_found_though_every_line_holds() -> None:
    """The cheat with the most room: the node counts otherwise and makes new proofs for it with all it knows."""
    moved = [
        act if act.fields.get("outcome") != "not-fulfilled" else _as_fulfilled(act) for act in OPENINGS.acts
    ]
    false, _ = make_report(
        "2027", REPORT.start.encode(), REPORT.end.encode(), YEAR.leaves[YEAR.start :], YEAR.secrets(), moved, ENTROPY
    )
    forged = msgspec.structs.replace(false, commitments=REPORT.commitments)
    assert {"certificates"} <= {problem.where for problem in problems(forged)}


def _as_fulfilled(act: ActOpening) -> ActOpening:
    fields = {**act.fields, "outcome": "fulfilled"}
    return msgspec.structs.replace(act, fields=fields)


def test_false_fields_are_found_by_who_holds_the_openings() -> None:
    """A whole report over other facts, commitments and all: the public cannot know, oversight does."""
    first = OPENINGS.acts[0]
    assert first.fields["data"] != "content"
    lying = (msgspec.structs.replace(first, fields={**first.fields, "data": "content"}), *OPENINGS.acts[1:])
    false, openings = make_report(
        "2027", REPORT.start.encode(), REPORT.end.encode(), YEAR.leaves[YEAR.start :], YEAR.secrets(), lying, ENTROPY
    )
    assert problems(false, Openings(commitments=openings.commitments)) == []
    says = [problem.says for problem in problems(false, openings)]
    assert any("not those that were signed" in each for each in says)
    says = [p.says for p in problems(false, msgspec.structs.replace(OPENINGS, commitments=openings.commitments))]
    assert "The tables are others." in says
    assert "The acts are not those that are committed to." in says


@pytest.mark.parametrize("what", ["left out", "twice", "added", "not sorted"])
def test_other_commitments_are_found(what: str) -> None:
    mine = list(OPENINGS.commitments["certificates"])
    others = {
        "left out": mine[1:],
        "twice": [*mine[1:], mine[1]],
        "added": sorted([*mine, to_base64url(commit_count(None, 5))]),
        "not sorted": mine[::-1],
    }[what]
    openings = Openings(commitments={**OPENINGS.commitments, "certificates": tuple(others)})
    found = {problem.where for problem in problems(REPORT, openings)}
    assert "commitments" in found
    assert "certificates" in found


def test_an_act_left_out_is_found_by_oversight() -> None:
    fewer = msgspec.structs.replace(OPENINGS, acts=OPENINGS.acts[1:])
    assert "acts" in {problem.where for problem in problems(REPORT, fewer)}
    twice = msgspec.structs.replace(OPENINGS, acts=(*OPENINGS.acts, OPENINGS.acts[0]))
    assert "acts" in {problem.where for problem in problems(REPORT, twice)}


def test_a_sealed_leaf_without_a_count_is_named() -> None:
    year = a_year(certificates=30)
    year.leaves.append(ActLeaf("sealed", bytes(32), "until 2027-09-01").encode())
    report, openings = year.report()
    assert [p.says for p in problems(report, openings, year)] == [
        "1 sealed leaves bear no count commitment and cannot be counted."
    ]


def test_a_count_commitment_used_twice_is_named() -> None:
    year = a_year(certificates=30)
    year.leaves.append(year.leaves[max(year.sealed)])
    report, openings = year.report()
    assert "sealed" in {p.where for p in problems(report, openings, year)}


def test_a_period_too_thin_says_only_how_many_leaves_there_are() -> None:
    year = Year()
    for kind in ("request", "refusal", "refusal"):
        year.seal(kind)
    report, openings = year.report()
    assert (report.sealed.shown, report.sealed.leaves) == ({}, 3)
    assert PADDING in report.sealed.withheld
    assert problems(report, openings, year) == []


def test_the_report_must_be_signed_by_its_log_and_cosigned_checkpoints_by_the_quorum() -> None:
    stranger = Signer.from_seed("stranger.example", bytes([9]) * 32)
    assert check_report(sign_report(REPORT, [stranger]), YEAR.fetch, POLICY, PUBLIC, now=NOW)
    other = Policy.parse(
        f"log {LOG.vkey.encode()}\nwitness w {WITNESS.vkey.encode()}\n"
        f"witness x {second_witness()}\ngroup g all w x\nquorum g\n"
    )
    assert [p.where for p in check_report(signed(REPORT), YEAR.fetch, other, PUBLIC, now=NOW)] == ["report"]


def second_witness() -> str:
    return Ed25519Cosigner.from_seed("second.example/witness", bytes([10]) * 32).vkey.encode()


def test_another_history_is_refused() -> None:
    other = a_year(seed=2)
    assert [p.where for p in problems(REPORT, PUBLIC, other)] == ["report"]
    end = a_year(seed=2).note(len(YEAR.leaves))
    assert [p.where for p in problems(changed(end=end.decode()))] == ["report"]


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda _: b"",
        lambda _: b"{}",
        lambda _: b"{}\n\n",
        lambda whole: whole[:-2],
        lambda whole: whole.replace(b'{"', b'{ "', 1),
        lambda _: b"\xff" * 50,
    ],
)
def test_bytes_that_are_no_report_are_refused(spoilt: Callable[[bytes], bytes]) -> None:
    assert check_report(spoilt(signed(REPORT)), YEAR.fetch, POLICY, PUBLIC, now=NOW)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"commitments":{},"acts":[]}', b'{"acts":[],"commitments":{"a":[1]}}'])
def test_bytes_that_are_no_openings_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_openings(data)


def test_a_report_cannot_pass_as_a_checkpoint() -> None:
    with pytest.raises(Malformed):
        open_checkpoint(signed(REPORT), [Verifier(LOG.vkey)], LOG.name)
    with pytest.raises(Malformed):
        open_report(YEAR.note(5), POLICY)


def test_files_are_a_data_package_of_the_same_bytes_every_time() -> None:
    files = report_files(REPORT)
    assert files == report_files(open_report(signed(REPORT), POLICY))
    package = json.loads(files["datapackage.json"])
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert {resource["path"] for resource in package["resources"]} == {path for path in files if path.endswith(".csv")}
    for resource in package["resources"]:
        data = files[resource["path"]]
        assert resource["hash"] == f"sha256:{sha256(data).hexdigest()}"
        rows = list(csv.DictReader(io.StringIO(data.decode())))
        names = [field["name"] for field in resource["schema"]["fields"]]
        keys = [tuple(row[name] for name in resource["schema"]["primaryKey"]) for row in rows]
        assert all(list(row) == names for row in rows)
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    "fields",
    [
        {"certificate": "epoc", "data": "traffic", "addressee": "=cmd()"},
        {"certificate": "epoc", "data": "traffic", "addressee": "a", "derogation": "validated"},
        {"certificate": "epoc", "data": "traffic", "addressee": "a", "ground": "ne-bis-in-idem"},
        {"certificate": "epoc-pr", "data": "traffic", "addressee": "a", "notified": True},
        {"certificate": "epoc", "data": "traffic", "addressee": "a", "minutes": 5},
        {"certificate": "epoc", "data": "traffic", "addressee": "a", "outcome": "fulfilled", "minutes": -5},
        {"certificate": "epoc", "data": "voice", "addressee": "a"},
        {"certificate": "epoc", "data": "traffic", "addressee": "a", "remedy": True},
        {"certificate": "epoc", "data": "traffic", "addressee": "a", "enforcement": "received", "remedy": "both"},
        {"certificate": "epoc", "data": "traffic", "addressee": "a", "enforcement": "received", "claimed": 0},
        {"certificate": "epoc", "data": "traffic", "addressee": "a", "claimed": -1},
        {"certificate": "epoc", "data": "traffic", "addressee": "a", "claimed": 5, "reimbursed": 6},
        {"certificate": "epoc", "data": "traffic", "addressee": "a", "reimbursed": -6},
        {"certificate": "epoc", "data": "traffic", "addressee": "a", "person": "somebody"},
        [],
    ],
)
def test_statistical_fields_that_cannot_be_are_refused(fields: object) -> None:
    with pytest.raises(Malformed):
        read_facts(fields)


def one(minutes: int | None, data: str = "traffic", **fields: object) -> CertificateFacts:
    given = {"certificate": "epoc", "data": data, "addressee": "a", "outcome": "fulfilled", "minutes": minutes}
    return msgspec.convert({**given, **fields}, CertificateFacts)


def shown_of(facts: list[CertificateFacts]) -> list[PublishedTable]:
    """The table of certificates with every count shown, whatever it is."""
    table = tables(facts)[0][0]
    return [PublishedTable(table.layout, dict(table.counts))]


TIMES = Group("minutes", "epoc/traffic", "ordinary/a")


def test_a_sum_is_over_five_or_more_and_leaves_out_none_or_five_or_more() -> None:
    def kept(*minutes: int | None) -> dict[Group, dict[str, int]]:
        facts = [one(n) for n in minutes]
        return {each.group: dict(each.totals) for each in shown_sums(facts, shown_of(facts))}

    assert kept(1, 2, 3, 4) == {}
    assert kept(1, 2, 3, 4, 9) == {TIMES: {"minutes": 19}}
    assert kept(1, 2, 3, 4, 9, None) == {}
    assert kept(1, 2, 3, 4, 9, *[None] * 5) == {TIMES: {"minutes": 19}}


def test_times_of_preservation_orders_and_costs_have_groups_of_their_own() -> None:
    facts = [one(10, certificate="epoc-pr", emergency=n % 2 == 0) for n in range(6)]
    facts += [one(None, data, claimed=100, reimbursed=n) for n, data in enumerate(("traffic", "content") * 3)]
    found = {each.group: (each.count, dict(each.totals)) for each in shown_sums(facts, shown_of(facts))}
    assert found == {
        Group("minutes", "epoc-pr/traffic", "a"): (6, {"minutes": 60}),
        Group("costs", "epoc", "all"): (6, {"claimed": 600, "reimbursed": 15}),
    }


def test_no_sum_stands_where_the_number_of_certificates_is_withheld() -> None:
    (table,) = shown_of([one(5)] * 7)
    hidden = PublishedTable(table.layout, {**table.cells, ("epoc/traffic", "ordinary/a/fulfilled"): None})
    assert objection(TIMES, 7, [table]) == ""
    assert "withheld" in objection(TIMES, 7, [hidden])
    assert "withheld" in objection(TIMES, 7, [])
    assert objection(TIMES, 8, [table])
    assert "withheld" in objection(Group("costs", "epoc", "all"), 9, [])


def test_every_item_of_the_article_has_its_figures() -> None:
    """Article 28(2)(a) to (j), each in a table or a sum of the report."""
    given = " ".join([*(table.provision for table in REPORT.tables), *REPORT.withheld_tables])
    names = [variants[0].layout.name for variants in tables([])]
    later = ["ended-later", "remedies-later", "enforcement-later"]
    assert names == ["certificates", "notifications", "derogations", "remedies", "enforcement", *later]
    assert {each.name for each in REPORT.sums} == {"minutes", "costs"}
    package = report_files(REPORT)["datapackage.json"].decode()
    letters = {letter for text in (package, *(v[0].layout.provision for v in tables([]))) for letter in "abcdefghij"
               if f"({letter})" in text}
    assert letters == set("abcdefghij"), given


def test_recompute_says_nothing_of_a_report_that_is_right() -> None:
    assert recompute(YEAR.leaves[YEAR.start :], OPENINGS, REPORT) == []
