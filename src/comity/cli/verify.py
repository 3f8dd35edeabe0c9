"""``comity verify``: check an evidence package offline, against anchors of one's own choosing.

Opens no socket: from its first line on, the process refuses to.
"""

from __future__ import annotations

import sys
import time
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape

from comity.cli.output import console, print_json, short
from comity.errors import NotFound, Unverified
from comity.law.book import load_law
from comity.package.anchors import read_anchors
from comity.package.check import check_source
from comity.package.verdict import Line, Verdict
from comity.proceedings.tables import PROCEEDINGS

NOT_TO_BE_RELIED_ON = 4


def command(
    package: Annotated[Path, typer.Argument(help="The evidence package, as it was handed over.")],
    anchors: Annotated[
        Path,
        typer.Option(
            "--anchors", help="Whom YOU trust: roots and witnesses. Never take it from who gave you the package."
        ),
    ] = Path("anchors.toml"),
    json: Annotated[bool, typer.Option("--json", help="Print the whole verdict as JSON.")] = False,
) -> None:
    """Check an evidence package offline: every safeguard, hand, seal and proof, assessed anew by this program.

    Exit 0: all of it holds. Exit 4: do not rely on it; the reasons are printed. Needs no network and opens no socket.
    """
    stay_offline()
    for path in (package, anchors):
        if not path.is_file():
            raise NotFound(
                f"There is no file {path}.",
                "Anchors are written by comity init trust." if path == anchors else "Check the name.",
            )
    trusted = read_anchors(anchors.read_bytes())
    with package.open("rb") as source:
        verdict = check_source(source, trusted, load_law(), int(time.time()), PROCEEDINGS)
    if json:
        print_json(msgspec.to_builtins(verdict))
    else:
        show(verdict)
    if not verdict.ok:
        raise typer.Exit(NOT_TO_BE_RELIED_ON)


def stay_offline() -> None:
    """From now on, this process refuses to open a connection or to look up a name."""

    def refuse(event: str, _: Any) -> None:
        if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
            raise Unverified(f"Something tried to use the network ({event}); verify never does.", "Report this.")

    sys.addaudithook(refuse)


def show(verdict: Verdict) -> None:
    """Print a verdict for people: each act, who put hand and seal, in which logs, each safeguard with its provision."""
    if verdict.docket:
        made = f"made by {escape(verdict.made_by)}, {verdict.made_at}"
        console.print(f"[bold]Evidence package {escape(verdict.docket)}[/bold]  {made}")
    for line in (each for each in verdict.lines if not each.record):
        _line(line)
    acts = [each for each in verdict.lines if each.record]
    for _, lines in groupby(acts, key=lambda each: each.record):
        _act(list(lines))
    for problem in verdict.problems:
        console.print(f"[red]✗ {escape(problem.where)}: {escape(problem.what)}[/red]  {escape(problem.next_step)}")
    if verdict.ok:
        console.print(
            f"[green]✓ It holds:[/green] {verdict.records} acts, {verdict.reassessed} of them wholly assessed anew; "
            "every signature and proof verified offline."
        )
    else:
        console.print("[red]✗ Do not rely on this package.[/red]")


def _act(lines: list[Line]) -> None:
    first = lines[0]
    mark = "[green]✓[/green]" if first.effect else "[yellow]…[/yellow]"
    without = "" if first.effect else "  [yellow]without effect: a safeguard was not kept[/yellow]"
    console.print(f"\n{mark} [bold]{escape(first.step)}[/bold]  {first.at}  {short(first.record)}{without}")
    for line in lines:
        _line(line)


def _line(line: Line) -> None:
    mark = "[green]✓[/green]" if line.ok else "[red]✗[/red]"
    by = f"  [dim]({', '.join(line.assessed_by)})[/dim]" if line.assessed_by else ""
    name = line.check.replace("_", " ")
    console.print(
        f"  {mark} [bold]{escape(name)}[/bold]: {escape(line.why)}  [cyan]\\[{escape(line.provision)}][/cyan]{by}"
    )
