"""``comity audit``: an outsider checks a node's whole log from nothing, and what it shows is written down.

Shows and exits only; the audit is `comity.node.auditor.audit`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from comity.cli.output import console, errors, print_json, table
from comity.errors import ComityError, Malformed, NotFound
from comity.tlog.audit import AuditReport
from comity.tlog.checkpoint import read_checkpoint
from comity.tlog.encoding import encode_base64
from comity.tlog.policy import Policy

if TYPE_CHECKING:
    from comity.docket.directory import Directory
    from comity.node.auditor.audit import Auditor
    from comity.node.auditor.source import LogSource
    from comity.node.auditor.state import AuditState
    from comity.package.anchors import Anchors

SHOWN = 10
_VERDICTS = {
    0: "[green]✓ All right.[/green]",
    4: "[yellow]… Not in order, or not verified: see above.[/yellow]",
    7: "[red]✗ The log contradicts itself. Keep the files and hand them to oversight.[/red]",
}


def command(
    place: Annotated[str, typer.Argument(metavar="URL|FOLDER", help="The node's address, or a copy of its log.")],
    policy: Annotated[Path | None, typer.Option("--policy", help="Your trust policy (C2SP tlog-policy).")] = None,
    anchors: Annotated[
        Path | None, typer.Option("--anchors", help="Or your anchors; Party files beside them (parties/) count too.")
    ] = None,
    state: Annotated[Path | None, typer.Option("--state", help="Folder to keep what was seen, to go on later.")] = None,
    copy: Annotated[
        Path | None, typer.Option("--copy", help="Also copy the log to this folder, to audit it without the node.")
    ] = None,
    gossip: Annotated[
        list[str] | None, typer.Option("--gossip", help="Also hand the checkpoint in here, and read conflicts.")
    ] = None,
    max_age: Annotated[int | None, typer.Option("--max-age", help="Refuse older cosignatures (seconds).")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Recompute this report of a period (report.note) instead.")
    ] = None,
    openings: Annotated[
        Path | None, typer.Option("--openings", help="What opens the report's acts; else what was published with it.")
    ] = None,
    leaf_in: Annotated[
        str, typer.Option("--leaf-in", help="Where the log is whose leaf commits to the report, if it is a later one.")
    ] = "",
    later: Annotated[
        list[str] | None, typer.Option("--later", help="The node's logs after this one: they unseal leaves of it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check a node's whole log from outside: signatures, quorum, history, every tile, every leaf.

    With --report: fetch the leaves of its period and say of every figure whether it follows from them.

    Exit 0: all right. Exit 4: something is not verified, or a leaf is not in order. Exit 7: the log contradicts itself.
    """
    if report is not None:
        from comity.cli.report_audit import audit_report

        trusted = partial(_policy, policy, anchors)
        raise typer.Exit(audit_report(place, trusted, report, openings, leaf_in=leaf_in, as_json=json))
    found = _audited(place, partial(_policy, policy, anchors), state, gossip or [], max_age, anchors, later or [], copy)
    if json:
        print_json(found.as_json())
    else:
        show(found)
    raise typer.Exit(found.exit_code)


def _policy(policy: Path | None, anchors: Path | None, origin: str) -> Policy | None:
    """The outsider's own policy for the log, from either file, or None when neither is named."""
    try:
        if policy is not None:
            return Policy.parse(policy.read_bytes())
        if anchors is None:
            return None
        trusted = _read_anchors(anchors)
        directory = _directory(anchors, trusted)
        return trusted.policy(origin) if directory is None else directory.bounded(origin, trusted.policy(origin))
    except OSError as exc:
        raise NotFound(f"{exc.filename} cannot be read: {exc.strerror}.", "Name your policy or anchors.") from exc


def _read_anchors(path: Path) -> Anchors:
    from comity.package.anchors import read_anchors

    return read_anchors(path.read_bytes())


def _directory(anchors: Path, trusted: Anchors) -> Directory | None:
    """The Party files beside the anchors, which say where keys and logs ended; None when they are not there."""
    from comity.node.node import read_parties

    folder = anchors.parent / "parties"
    return read_parties(folder, trusted)[0] if folder.is_dir() else None


def _audited(
    place: str, policy_for: Callable[[str], Policy | None], folder: Path | None, gossip: list[str],
    max_age: int | None, anchors: Path | None, later: list[str], copy: Path | None,
) -> AuditReport:  # fmt: skip
    from comity.node.auditor.audit import Auditor
    from comity.node.auditor.keys import missing_events
    from comity.node.auditor.later import settle_by
    from comity.node.auditor.openings import check_openings
    from comity.node.auditor.source import open_source
    from comity.node.auditor.state import AuditState

    source = open_source(place)
    note = source.checkpoint()
    policy = policy_for(read_checkpoint(note).origin)
    if folder is not None and policy is None:
        raise Malformed("What nobody signed cannot be kept.", "Give --policy or --anchors together with --state.")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    evidence = None if folder is None else folder / "contradictions"
    with closing(AuditState(None if folder is None else folder / "audit.sqlite")) as state, _Bar() as bar:
        auditor = Auditor(source, state, policy, datetime.now(UTC), max_age, evidence, bar.show)
        report = auditor.run(note)
        if not report.exposed:
            check_openings(source, state)
            after = [open_source(each) for each in later]
            trusted = [(each, policy_for(read_checkpoint(each.checkpoint()).origin)) for each in after]
            report = settle_by(auditor, report, trusted)
            directory = None if anchors is None else _directory(anchors, _read_anchors(anchors))
            said = () if directory is None else tuple(missing_events(state, directory, report.origin))
            said += () if copy is None else (_copied(source, note, copy, state),)
            report = replace(report, sums=state.sums(auditor.now.date().isoformat()), notices=report.notices + said)
    return _gossiped(report, auditor, note, place, gossip)


def _copied(source: LogSource, note: bytes, folder: Path, state: AuditState) -> str:
    from comity.node.witness.copy import copy_log

    return f"Copied: {copy_log(source, note, folder, state)} leaves to {folder}."


class _Bar:
    """A progress bar for people, on stderr; nothing when nobody is watching."""

    def __enter__(self) -> _Bar:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("leaves verified"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=errors, disable=not errors.is_terminal, transient=True)
        self._task = self._bar.add_task("", total=None)
        self._bar.start()
        return self

    def show(self, done: int, size: int) -> None:
        """Where the audit is."""
        self._bar.update(self._task, completed=done, total=size)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _gossiped(report: AuditReport, auditor: Auditor, note: bytes, place: str, others: list[str]) -> AuditReport:
    """The report with what others heard. A gossip that does not answer is a notice, not a failure."""
    from comity.node.auditor.gossip import conflicts_at, hand_in

    asked: list[tuple[str, Callable[[], list[bytes]]]] = []
    if place.startswith(("http://", "https://")):
        asked.append((place, partial(conflicts_at, place)))
    for other in others:
        asked += [(other, partial(hand_in, other, note)), (other, partial(conflicts_at, other))]
    exposed, notices = list(report.exposed), list(report.notices)
    for where, ask in asked:
        try:
            found = auditor.shown_elsewhere(ask(), where)
        except ComityError as exc:
            notices.append(str(exc))
            continue
        exposed += [each for each in found if each not in exposed]
    return replace(report, exposed=tuple(exposed), notices=tuple(notices))


def show(report: AuditReport) -> None:
    """Print a report for people."""
    console.print(f"[bold]{escape(report.origin)}[/bold]  {report.size} leaves, root {encode_base64(report.root)}")
    for name, time in report.cosigned_by:
        console.print(f"  cosigned by {escape(name)}, {datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}Z")
    for sentence in report.policy:
        console.print(f"  {escape(sentence)}")
    if report.sums.counts:
        counts = table("", "kind of act", "leaves")
        for kind, count in sorted(report.sums.counts.items()):
            counts.add_row(kind, str(count))
        console.print(counts)
    if report.sums.unsealed:
        counts = table("", "unsealed, as", "leaves")
        for kind, count in sorted(report.sums.unsealed.items()):
            counts.add_row(kind, str(count))
        console.print(counts)
    _show_breaches(report)
    for each in report.exposed:
        key = f" Convicted: {escape(each.key)}." if each.key else ""
        console.print(f"[red]✗ {each.kind}[/red] {escape(each.says)}{key} Kept: {escape(each.file) or 'nowhere'}")
    for notice in [*report.notices, *([report.unverified] if report.unverified else [])]:
        console.print(f"  {escape(notice)}")
    console.print(_VERDICTS[report.exit_code])


def _show_breaches(report: AuditReport) -> None:
    for kind, total in sorted(report.sums.totals.items()):
        console.print(f"[yellow]… {kind}: {total}[/yellow]")
        for breach in [each for each in report.sums.breaches if each.kind == kind][:SHOWN]:
            console.print(f"    leaf {breach.position}: {escape(breach.says)}")
        if total > SHOWN:
            console.print(f"    and {total - SHOWN} more; --json shows them")
    if report.sums.emergencies_open:
        places = ", ".join(str(place) for place in report.sums.emergencies[:SHOWN])
        more = ", ..." if len(report.sums.emergencies) > SHOWN else ""
        console.print(f"  {report.sums.emergencies_open} emergencies without a public act that could follow them up")
        console.print(f"    all emergencies: leaf {places}{more}")
