"""A year's report by one call over a real node, and a stranger who has nothing but the folder that was exported."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec
import pytest

from comity.cli import report_audit
from comity.cli.report_audit import audit_report
from comity.errors import CannotTell, Conflict, Malformed, NotFound
from comity.node import node as node_module
from comity.node.log.export import export_log
from comity.node.node import Node
from comity.node.publishing.padding import padding_leaf
from comity.node.publishing.reports import FOLDER, Reports, Waiting
from comity.package.report import PeriodReport, sign_report
from comity.package.report_check import check_report, open_report, read_report
from comity.package.report_files import FIGURES, LEAF, NOTE, OPENINGS
from comity.proceedings.statistics import ReportMade
from comity.signing.canonical import canonical
from comity.tlog.leaf import parse_leaf
from comity.tlog.note import Signer
from comity.tlog.policy import Policy
from comity.tlog.tiles import decode_entries, encode_entries
from tests.node.certificates import PROVIDERS, WorldWithProviders, issue, law, measure, order, state, withdraw
from tests.node.changed import publish
from tests.node.nodes import START, Nodes
from tests.node.test_log_theft import ended
from tests.world import origin

PERIOD = "2026"
SEALED = date(2027, 3, 1)
NOW = int(START.timestamp()) + 60


def dockets(prefix: str, count: int) -> list[str]:
    return [f"request:{prefix}-{number:06d}" for number in range(count)]


def a_year(nodes: Nodes, node: Node) -> None:
    """Three dozen certificates stated, six that went through this node, two of them sealed; padding; three pending."""
    for number in range(36):
        provider, outcome = PROVIDERS[number % 2], "not-fulfilled" if number % 6 == 0 else "fulfilled"
        minutes = {"minutes": 100 + number} if outcome == "fulfilled" else {}
        data = "traffic" if number % 3 else "subscriber"
        state(nodes, node, f"statistics:stated-{number:04d}", data=data, addressee=provider, outcome=outcome, **minutes)
    for docket in dockets("open", 2):
        issue(nodes, node, docket, order())
        withdraw(nodes, node, docket)
    for docket in dockets("sealed", 2):
        issue(nodes, node, docket, order(PROVIDERS[1]), SEALED)
        withdraw(nodes, node, docket)
    for docket in dockets("pending", 3):
        issue(nodes, node, docket, order())
    node.registrar.make(lambda: [padding_leaf(START.date()) for _ in range(30)])


@dataclass
class Shown:
    """A node with a report, and the folder a stranger got of it."""

    nodes: Nodes
    node: Node
    folder: Path
    made: ReportMade

    @property
    def policy(self) -> Policy:
        return self.nodes.anchors.policy(origin("DE"))

    @property
    def note(self) -> Path:
        return self.folder / FOLDER / PERIOD / NOTE

    def report(self) -> PeriodReport:
        return open_report(self.note.read_bytes(), self.policy)

    def audit(self, openings: Path | None = None) -> int:
        return audit_report(str(self.folder), lambda _: self.policy, self.note, openings, as_json=True)

    def log_signer(self) -> Signer:
        (signer,) = [s for s in self.nodes.keys["DE"].log_signers if isinstance(s, Signer)]
        return signer


def make(nodes: Nodes, node: Node, period: str = PERIOD) -> ReportMade:
    made = node.reports.make(period)
    if isinstance(made, Waiting):
        nodes.settle()
        made = node.reports.make(period)
    assert isinstance(made, ReportMade)
    nodes.settle()
    return made


def export(node: Node, folder: Path) -> None:
    """What an operator puts on a static host: the log, and the reports beside it."""
    export_log(node.store, folder)
    shutil.copytree(node.base / "data" / FOLDER, folder / FOLDER)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with pytest.MonkeyPatch.context() as patch:
        book = law()
        patch.setattr(node_module, "load_law", lambda: book)
        folder = tmp_path_factory.mktemp("year")
        nodes = Nodes(folder / "nodes", world=WorldWithProviders())
        node = nodes.open("DE")
        a_year(nodes, node)
        nodes.settle()
        made = make(nodes, node)
        export(node, folder / "copy")
        yield Shown(nodes, node, folder / "copy", made)
        nodes.close()


@pytest.fixture
def shown(whole: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """The same node, with a copy of the folder to spoil; the reader's clock stands at the test's time."""
    monkeypatch.setattr(report_audit, "now", lambda: NOW)
    shutil.copytree(whole.folder, tmp_path / "copy")
    return Shown(whole.nodes, whole.node, tmp_path / "copy", whole.made)


def figures(capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    answer = json.loads(capsys.readouterr().out)
    return {each["figure"]: each["problems"] for each in answer["figures"] if not each["ok"]}


def test_a_stranger_recomputes_every_figure_from_the_folder(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown.audit() == 0
    assert figures(capsys) == {}
    report = shown.report()
    total = report.tables[0].cells["total"]["all"]
    assert total == 36 + 2 + 2 + 3
    assert report.public["request"] > 0
    assert report.sealed.leaves == 30 + 2 * 5  # padding; draft, authorise, send, withdraw, statistics
    assert {each.name for each in report.sums} == {"minutes"}
    assert "statistics" not in report.public, "the report's own leaf stands after its period"
    files = {path.name for path in shown.note.parent.iterdir()}
    assert {NOTE, OPENINGS, LEAF, "report.json", "datapackage.json", "certificates.csv", "public-acts.csv"} <= files


def test_a_report_alone_is_checked_against_the_log_it_came_from(shown: Shown, tmp_path: Path) -> None:
    alone = tmp_path / "report.note"
    shutil.copy(shown.note, alone)
    assert audit_report(str(shown.folder), lambda _: shown.policy, alone, None, as_json=False) == 0
    with pytest.raises(Malformed, match="worth"):
        audit_report(str(shown.folder), lambda _: None, alone, None, as_json=False)


def forge(shown: Shown, report: PeriodReport) -> None:
    """The node itself signs other figures, and puts what they make beside them."""
    from comity.package.report_files import report_files

    shown.note.write_bytes(sign_report(report, [shown.log_signer()]))
    for name, data in report_files(report).items():
        (shown.note.parent / name).write_bytes(data)


def test_one_figure_altered_is_named(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    report = shown.report()
    forge(shown, msgspec.structs.replace(report, public={**report.public, "request": report.public["request"] - 1}))
    assert shown.audit() == 4
    wrong = figures(capsys)
    assert set(wrong) == {"public request", "leaf"}
    assert "the log holds" in wrong["public request"][0]
    assert "another report" in wrong["leaf"][0]


def test_a_cell_altered_is_named(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    report = shown.report()
    cells = {row: dict(by) for row, by in report.tables[0].cells.items()}
    cells["epoc/content"]["all"] = 7
    table = msgspec.structs.replace(report.tables[0], cells=cells)
    forge(shown, msgspec.structs.replace(report, tables=(table, *report.tables[1:])))
    assert shown.audit() == 4
    assert set(figures(capsys)) == {"certificates", "tables", "leaf"}


def test_a_csv_altered_is_named(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    path = shown.note.parent / "public-acts.csv"
    path.write_bytes(path.read_bytes().replace(b"request,", b"request,1"))
    assert shown.audit() == 4
    assert set(figures(capsys)) == {"public-acts.csv"}


def test_the_kind_of_one_leaf_altered_is_refused(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = max((shown.folder / "tile" / "entries").glob("*.p/*"), key=lambda path: int(path.name))
    entries = decode_entries(bundle.read_bytes(), int(bundle.name))
    at = next(n for n, leaf in enumerate(entries) if parse_leaf(leaf).kind == "decision-grant")
    entries[at] = entries[at].replace(b"\ndecision-grant\n", b"\ndecision-refuse\n")
    bundle.write_bytes(encode_entries(entries))
    assert shown.audit() == 4
    assert "not what the checkpoint commits to" in figures(capsys)["report"][0]


def test_an_average_altered_is_named_by_a_stranger(shown: Shown, capsys: pytest.CaptureFixture[str]) -> None:
    report = shown.report()
    first = report.sums[0]
    other = msgspec.structs.replace(first, totals={unit: total + 1 for unit, total in first.totals.items()})
    forge(shown, msgspec.structs.replace(report, sums=(other, *report.sums[1:])))
    assert shown.audit() == 4
    wrong = figures(capsys)
    assert wrong[first.group.key] == ["The totals are not those that the commitments add up to."]
    assert set(wrong) == {first.group.key, "leaf"}


def test_oversight_makes_the_withheld_cells_and_averages_again(
    shown: Shown, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = tmp_path / "acts.json"
    opened.write_bytes(canonical(shown.node.reports.openings(PERIOD)))
    assert shown.audit(opened) == 0
    capsys.readouterr()
    report = shown.report()
    forge(shown, msgspec.structs.replace(report, sums=report.sums[1:]))
    assert shown.audit(opened) == 4
    assert "The times and costs are others." in figures(capsys)["acts"]


def test_the_openings_for_oversight_name_no_docket_section_but_the_fields(shown: Shown) -> None:
    acts = shown.node.reports.openings(PERIOD).acts
    assert len(acts) == 43
    assert all(set(act.fields) <= set(msgspec.structs.asdict(act.facts())) for act in acts)
    assert "Mustermann" not in canonical(acts).decode()


def test_the_same_period_again_is_the_same_report(shown: Shown) -> None:
    before = {path.name: path.read_bytes() for path in (shown.node.base / "data" / FOLDER / PERIOD).iterdir()}
    assert shown.node.reports.make(PERIOD) == shown.made
    assert {p.name: p.read_bytes() for p in (shown.node.base / "data" / FOLDER / PERIOD).iterdir()} == before
    with pytest.raises(Conflict, match="never made anew"):
        shown.node.reports.make(PERIOD, 0, shown.made.end - 1)


def test_periods_that_overlap_are_refused_with_the_place_to_begin(shown: Shown) -> None:
    with pytest.raises(Conflict) as refused:
        shown.node.reports.make("2026-q4", 0, shown.made.end)
    assert refused.value.next_step == f"Begin where it ends: --from {shown.made.end}."
    with pytest.raises(NotFound, match="No checkpoint of"):
        shown.node.reports.make("2026-q4", shown.made.end, shown.made.end + 100_000)
    with pytest.raises(Malformed):
        shown.node.reports.make("../2026")


@pytest.mark.parametrize("path", ["../node.db", "2026/../../node.db", "2027/report.note", "2026/.new", "2026", ""])
def test_nothing_but_reports_is_served(shown: Shown, path: str) -> None:
    with pytest.raises(NotFound):
        shown.node.reports.file(path)
    index = json.loads(shown.node.reports.file("index.json"))
    assert [(each["period"], each["end"]) for each in index] == [(PERIOD, shown.made.end)]
    for name in index[0]["files"]:
        assert shown.node.reports.file(f"{PERIOD}/{name}")


# --- on a node of one's own


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    book = law()
    monkeypatch.setattr(node_module, "load_law", lambda: book)
    monkeypatch.setattr(report_audit, "now", lambda: NOW)
    made = Nodes(tmp_path / "nodes", world=WorldWithProviders())
    yield made
    made.close()


def test_what_was_counted_is_issued_once_and_its_end_counts_when_it_comes(nodes: Nodes, tmp_path: Path) -> None:
    node = nodes.open("DE")
    (docket,) = dockets("slow", 1)
    issue(nodes, node, docket, order())
    for number in range(6):
        state(nodes, node, f"statistics:stated-{number:04d}")
    nodes.settle()
    assert isinstance(node.reports.make("2026-q3"), Waiting)
    make(nodes, node, "2026-q3")
    outcomes = [act.facts().outcome for act in node.reports.openings("2026-q3").acts]
    assert sorted(outcomes) == ["fulfilled"] * 6 + ["pending"]
    withdraw(nodes, node, docket)
    nodes.settle()
    make(nodes, node, "2026-q4")
    (ended,) = (act.facts() for act in node.reports.openings("2026-q4").acts)
    assert ended.earlier is not None
    assert (ended.earlier.outcome, ended.outcome, ended.issued) == ("pending", "not-fulfilled", False)
    report = read_report((node.base / "data" / FOLDER / "2026-q4" / FIGURES).read_bytes())
    assert next(table for table in report.tables if table.name == "certificates").cells["total"]["all"] == 0
    assert "ended-later" in report.withheld_tables, "one is too few to show"
    export(node, tmp_path / "copy")
    for period in ("2026-q3", "2026-q4"):
        note = tmp_path / "copy" / FOLDER / period / NOTE
        assert audit_report(str(tmp_path / "copy"), nodes.anchors.policy, note, None, as_json=False) == 0


def test_killed_between_files_and_leaf_it_is_made_anew_and_nothing_unlisted_is_served(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = nodes.open("DE")
    for number in range(6):
        state(nodes, node, f"statistics:stated-{number:04d}")
    nodes.settle()

    def die(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(Reports, "_commit", die)
        with pytest.raises(RuntimeError):
            node.reports.make(PERIOD)
    assert (node.base / "data" / FOLDER / PERIOD / NOTE).exists()
    with pytest.raises(NotFound):
        node.reports.file(f"{PERIOD}/{NOTE}")
    with monkeypatch.context() as patch:
        patch.setattr(Reports, "_open_leaf", die)
        with pytest.raises(RuntimeError):
            node.reports.make(PERIOD)
    nodes.kill(node)
    again = nodes.open("DE")
    made = again.reports.make(PERIOD)
    assert isinstance(made, ReportMade)
    assert again.reports.file(f"{PERIOD}/{LEAF}")
    assert [each.period for each in again.reports.made()] == [PERIOD]


def test_erased_matters_lose_no_total(nodes: Nodes, tmp_path: Path) -> None:
    from comity.proceedings import bodies

    node = nodes.open("DE")
    for docket in dockets("sealed", 6):
        issue(nodes, node, docket, order(), SEALED)
        withdraw(nodes, node, docket)
        records = tuple(e.id for e in node.registrar.docket(docket).entries)
        body = bodies.Erasure(records=records, ground="court_order", provision="StPO § 489")
        assert nodes.file(node, docket, "request.erase", body, nodes.world.who("DE", "judge")).effect
    node.registrar.make(lambda: [padding_leaf(START.date()) for _ in range(9)])
    nodes.settle()
    make(nodes, node)
    export(node, tmp_path / "copy")
    note = tmp_path / "copy" / FOLDER / PERIOD / NOTE
    assert audit_report(str(tmp_path / "copy"), nodes.anchors.policy, note, None, as_json=False) == 0
    report = open_report(note.read_bytes(), nodes.anchors.policy(origin("DE")))
    assert report.tables[0].cells["total"]["all"] == 6
    assert (report.sealed.shown["decision-grant"], report.sealed.shown["padding"]) == (6, 9)
    assert report.sealed.leaves == 9 + 6 * 6


def test_a_docket_that_cannot_be_counted_is_named(nodes: Nodes) -> None:
    node = nodes.open("DE")
    (docket,) = dockets("bank", 1)
    issue(nodes, node, docket, order(PROVIDERS[0], measure("preserve_data", "bank")))
    nodes.settle()
    with pytest.raises(CannotTell, match=docket):
        node.reports.make(PERIOD)


def test_checks_of_the_library_and_of_the_command_agree(shown: Shown) -> None:
    def fetch(path: str) -> bytes:
        return (shown.folder / path).read_bytes()

    data, openings = shown.note.read_bytes(), (shown.note.parent / OPENINGS).read_bytes()
    assert check_report(data, fetch, shown.policy, openings, now=NOW, newest=fetch("checkpoint")) == []


def test_the_report_of_a_log_that_ended_is_committed_to_in_the_next(
    nodes: Nodes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = nodes.open("DE")
    for number in range(6):
        state(nodes, node, f"statistics:stated-{number:04d}")
    nodes.settle()
    size, root = node.log.tree.size, node.log.tree.root()
    nodes.shut(node)
    entry = ended(nodes, size, root)
    publish(nodes, "DE", lambda _: entry)
    node = nodes.open("DE")
    node.turn.tick()
    nodes.settle()
    made = node.reports.make(PERIOD, origin=origin("DE"))
    assert isinstance(made, ReportMade)
    assert (made.origin, made.start, made.end) == (origin("DE"), 0, size)
    with pytest.raises(NotFound, match="keeps no log"):
        node.reports.make("2025", origin="de.example/log/2025")
    nodes.settle()
    old, new = tmp_path / "old", tmp_path / "new"
    export_log(node.log.segments[0], old)
    export_log(node.log.rows, new)
    shutil.copytree(node.base / "data" / FOLDER, old / FOLDER)
    note, policy_for = old / FOLDER / PERIOD / NOTE, nodes.anchors.policy
    assert audit_report(str(old), policy_for, note, None, leaf_in=str(new), as_json=True) == 0
    capsys.readouterr()
    assert audit_report(str(old), policy_for, note, None, as_json=True) == 4
    assert set(figures(capsys)) == {"leaf"}
    state(nodes, node, "statistics:stated-1000")
    make(nodes, node, "2027")
    assert [act.position for act in node.reports.openings("2027").acts] == [node.log.tree.size - 2]
