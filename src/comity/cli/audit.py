"""`comity audit`: an outsider checks a node's log from nothing, and what it shows is written down.

Shows and exits only; the audit is `comity.node.log_audit`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from comity.errors import ComityError, Malformed, NotFound
from comity.node.audit_state import AuditState
from comity.node.gossip_client import conflicts_at, hand_in
from comity.node.log_audit import Auditor, check_exposed
from comity.node.log_source import open_source
from comity.tlog.audit import AuditReport
from comity.tlog.encoding import encode_base64
from comity.tlog.policy import Policy

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="Your trust policy (C2SP tlog-policy).")]
StateFolder = Annotated[Path | None, typer.Option("--state", help="Where to keep what was seen, to go on later.")]
GossipUrls = Annotated[
    list[str] | None, typer.Option("--gossip", help="Also hand the checkpoint in here, and read conflicts.")
]
MaxAge = Annotated[int | None, typer.Option("--max-age", help="Refuse cosignatures older than this many seconds.")]


def audit(
    place: Annotated[str, typer.Argument(metavar="URL|FOLDER", help="The node's address, or a copy of its log.")],
    policy: PolicyFile = None,
    state: StateFolder = None,
    gossip: GossipUrls = None,
    max_age: MaxAge = None,
    as_json: Json = False,
) -> None:
    """Check a node's whole log from outside: signatures, quorum, history, every tile and every leaf.

    Exits with 0 when all is right, 4 when something is not verified or not in order, 7 when the log contradicts itself.
    """
    try:
        report = _audited(place, policy, state, gossip or [], max_age)
    except ComityError as error:
        _fail(error, as_json)
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        _show(report, Console())
    raise typer.Exit(report.exit_code)


def _fail(error: ComityError, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"code": error.code, "detail": error.what, "next_step": error.next_step}, indent=2))
    else:
        Console(stderr=True).print(f"[bold red]{escape(error.what)}[/] {escape(error.next_step)}", highlight=False)
    raise typer.Exit(error.exit_code)


def _audited(
    place: str, policy_file: Path | None, folder: Path | None, gossip: list[str], max_age: int | None
) -> AuditReport:
    policy = _policy(policy_file)
    if folder is not None and policy is None:
        raise Malformed("What nobody signed cannot be kept.", "Give --policy together with --state.")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("Reading leaves"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, disable=not console.is_terminal, transient=True,
    )  # fmt: skip
    with AuditState(None if folder is None else folder / "audit.sqlite") as state, bar:
        task = bar.add_task("")
        auditor = Auditor(
            open_source(place), state, policy, datetime.now(UTC), max_age,
            None if folder is None else folder / "contradictions",
            lambda done, size: bar.update(task, completed=done, total=size),
        )  # fmt: skip
        note = auditor.source.checkpoint()
        report = auditor.run(note)
    return _gossiped(report, auditor, note, place, gossip)


def _policy(path: Path | None) -> Policy | None:
    if path is None:
        return None
    try:
        return Policy.parse(path.read_bytes())
    except OSError as error:
        raise NotFound(f"The policy {path} cannot be read: {error}.", "Name the policy file.") from error


def _gossiped(report: AuditReport, auditor: Auditor, note: bytes, place: str, others: list[str]) -> AuditReport:
    """The report with what others heard. A gossip that does not answer is a notice, not a failure."""
    exposed, notices = list(report.exposed), list(report.notices)
    asked: list[tuple[str, Callable[[], list[bytes]]]] = []
    if place.startswith(("http://", "https://")):
        asked.append((place, lambda: conflicts_at(place)))
    for other in others:
        asked += [(other, partial(hand_in, other, note)), (other, partial(conflicts_at, other))]
    for where, ask in asked:
        try:
            found = check_exposed(ask(), auditor.verifiers, where)
        except ComityError as error:
            notices.append(str(error))
            continue
        exposed += [each for each in found if each not in exposed]
    return replace(report, exposed=tuple(exposed), notices=tuple(notices))


_VERDICTS = {
    0: "[bold green]All right.[/]",
    4: "[bold yellow]Not in order, or not verified.[/]",
    7: "[bold red]The log contradicts itself. Keep the files, hand them to oversight.[/]",
}


def _show(report: AuditReport, console: Console) -> None:
    say = partial(console.print, highlight=False, soft_wrap=True)
    say(f"[bold]{escape(report.origin)}[/], {report.size} leaves, root {encode_base64(report.root)}")
    for name, time in report.cosigned_by:
        say(f"  cosigned by {escape(name)} at {datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}Z")
    for sentence in report.policy:
        say(f"  {escape(sentence)}")
    if report.sums.counts:
        table = Table("Kind of act", Column("Leaves", justify="right"), box=None)
        for kind, count in sorted(report.sums.counts.items()):
            table.add_row(kind, str(count))
        say(table)
    _show_breaches(report, say)
    for each in report.exposed:
        say(f"[bold red]{each.kind}[/] {escape(each.says)} Key: {escape(each.key) or '-'}. Kept: {escape(each.file)}")
    for notice in [*report.notices, *([report.unverified] if report.unverified else [])]:
        say(f"  {escape(notice)}")
    say(_VERDICTS[report.exit_code])


def _show_breaches(report: AuditReport, say: Callable[..., None]) -> None:
    for kind, total in sorted(report.sums.totals.items()):
        say(f"[yellow]{kind}: {total}[/]")
        for breach in [each for each in report.sums.breaches if each.kind == kind][:10]:
            say(f"  leaf {breach.position}: {escape(breach.says)}")
    if report.sums.emergencies_open:
        say(f"  {report.sums.emergencies_open} emergencies have no public act after them that could follow them up.")
