"""``comity audit --report``: what of a report follows from the log, figure by figure.

Shows and gathers files only; the checks are `comity.package.report_check` and `report_leaf`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.markup import escape

from comity.analysis.statistics.sums import MINUTES
from comity.cli.output import console, print_json
from comity.errors import ComityError, Malformed, NotFound, Unverified
from comity.node.auditor.source import LogSource, open_source, tree_of
from comity.package.report import PeriodReport, SumFigures
from comity.package.report_check import Problem, check_report, claimed_origin, open_report, read_openings
from comity.package.report_files import LEAF, OPENINGS, report_files
from comity.package.report_leaf import check_report_leaf, read_report_leaf
from comity.tlog.checkpoint import read_checkpoint
from comity.tlog.policy import Policy

NOT_ALL_FOLLOWS = 4
PolicyFor = Callable[[str], Policy | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, or one part of a report, and what is wrong with it."""

    name: str
    says: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """The files beside a report: from the folder it lies in, else from where the log is read."""

    report: Path
    source: LogSource

    def read(self, name: str, period: str) -> bytes:
        """NotFound when neither has it."""
        beside = self.report.parent / name
        return beside.read_bytes() if beside.is_file() else self.source.fetch(f"reports/{period}/{name}")


def audit_report(
    place: str, policy_for: PolicyFor, report: Path, openings: Path | None, *, leaf_in: str = "", as_json: bool
) -> int:
    """Recompute a report from the log at ``place``, show each figure, and return the exit code: 0 or 4.

    Raises Malformed or Unverified for what is no report of a log of the policy, NotFound or Unreachable where the log
    cannot be read.
    """
    data = _bytes(report)
    policy = policy_for(claimed_origin(data))
    if policy is None:
        raise Malformed("A report is worth what its log is worth to you.", "Give --policy or --anchors.")
    source, opened = open_source(place), open_report(data, policy)
    given = Given(report, source)
    acts = _bytes(openings) if openings is not None else given.read(OPENINGS, opened.period)
    newest = source.checkpoint()
    found = check_report(data, source.fetch, policy, acts, now=now(), newest=newest)
    found += _leaf(opened, given, policy_for, open_source(leaf_in) if leaf_in else source)
    found += _files(opened, given)
    whole = bool(read_openings(acts).acts) if not any(p.where == "report" for p in found) else False
    figures = list(_figures(opened, found, whole))
    if as_json:
        print_json(_as_json(opened, figures))
    else:
        _show(opened, figures, whole)
    return NOT_ALL_FOLLOWS if any(figure.problems for figure in figures) else 0


def now() -> int:
    """The reader's own clock, in POSIX seconds: no cosignature may come from its future."""
    return int(datetime.now(UTC).timestamp())


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise NotFound(f"{path} cannot be read: {exc.strerror}.", "Name the report.note of the period.") from exc


def _leaf(report: PeriodReport, given: Given, policy_for: PolicyFor, source: LogSource) -> list[Problem]:
    """Whether the log commits to this report and no other."""

    def check() -> None:
        opened, note = read_report_leaf(given.read(LEAF, report.period)), source.checkpoint()
        policy = policy_for(opened.origin)
        if policy is None or opened.origin != read_checkpoint(note).origin:
            raise NotFound(f"The leaf that commits to it stands in {opened.origin}; name that log: --leaf-in.")
        checkpoint = policy.check(note, now(), None).checkpoint
        check_report_leaf(opened, report, tree_of(checkpoint, source.fetch))

    return _tried("leaf", check)


def _files(report: PeriodReport, given: Given) -> list[Problem]:
    """Whether the open data beside the report are those that it makes."""
    found: list[Problem] = []
    for name, data in report_files(report).items():

        def check(name: str = name, data: bytes = data) -> None:
            if given.read(name, report.period) != data:
                raise Unverified("It is not what the report makes.")

        found += _tried("files", check, name)
    return found


def _tried(where: str, check: Callable[[], None], figure: str = "") -> list[Problem]:
    try:
        check()
    except ComityError as exc:
        return [Problem(where, exc.what, figure)]
    return []


def _figures(report: PeriodReport, found: list[Problem], whole: bool) -> Iterator[Figure]:
    """Every figure of the report in the order in which it is shown, each with what is wrong with it."""

    def wrong(where: str, figure: str = "") -> tuple[str, ...]:
        return tuple(p.says for p in found if p.where == where and p.figure == figure)

    yield Figure("report", f"signed by {report.origin}, leaves {report.first} to {report.last}", wrong("report"))
    yield Figure("leaf", "the log commits to this report", wrong("leaf"))
    kinds = {p.figure for p in found if p.where == "public"} | set(report.public)
    for kind in sorted(kinds):
        yield Figure(f"public {kind}" if kind else "public", str(report.public.get(kind, 0)), wrong("public", kind))
    sealed = report.sealed
    yield Figure("sealed", f"{sealed.leaves} leaves, {len(sealed.withheld)} kinds withheld", wrong("sealed"))
    yield Figure("commitments", "those that the report was made from", wrong("commitments"))
    yield Figure("tables", "attacked together, none tells what it or another withholds", wrong("tables"))
    for table in report.tables:
        yield Figure(table.name, f"{table.cells['total'].get('all')} counted; {table.title}", wrong(table.name))
    for each in report.sums:
        yield Figure(each.group.key, f"{_says(each)}, of {each.count} certificates", wrong(each.group.key))
    if whole:
        yield Figure("acts", "every figure made again from the acts", wrong("acts"))
    for name in report_files(report):
        yield Figure(name, "the same bytes", wrong("files", name))


def _says(figures: SumFigures) -> str:
    if figures.name == MINUTES:
        return f"{figures.totals.get(MINUTES, 0) // max(1, figures.count)} minutes on average"
    return ", ".join(f"{total} cents {unit}" for unit, total in figures.totals.items())


def _as_json(report: PeriodReport, figures: list[Figure]) -> dict[str, Any]:
    return {
        "origin": report.origin,
        "period": report.period,
        "start": report.first,
        "end": report.last,
        "figures": [
            {"figure": each.name, "says": each.says, "ok": not each.problems, "problems": list(each.problems)}
            for each in figures
        ],
        "withheld_tables": list(report.withheld_tables),
        "ok": not any(each.problems for each in figures),
    }


def _show(report: PeriodReport, figures: list[Figure], whole: bool) -> None:
    console.print(f"[bold]Report {escape(report.period)}[/bold] of {escape(report.origin)}")
    for figure in figures:
        mark = "[red]✗[/red]" if figure.problems else "[green]✓[/green]"
        console.print(f"{mark} {escape(figure.name)}: {escape(figure.says)}")
        for problem in figure.problems:
            console.print(f"    [red]{escape(problem)}[/red]")
    if report.withheld_tables:
        console.print(f"  Left out whole, too few to show: {escape(', '.join(report.withheld_tables))}")
    if not whole:
        console.print("  Withheld cells follow from the acts, which oversight opens: --openings FILE.")
    bad = sum(bool(figure.problems) for figure in figures)
    console.print(
        f"[red]✗ {bad} of {len(figures)} do not follow from the log.[/red]" if bad else
        f"[green]✓ All {len(figures)} follow from the log, bit for bit.[/green]"
    )  # fmt: skip
