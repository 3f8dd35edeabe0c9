"""``comity report``: have the node make the report of a period; for oversight, take what opens its acts.

Making is the node's (`comity.node.publishing.reports`), checking a stranger's (``comity audit --report``).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from comity.cli.client import DEFAULT_NODE, NodeClient, NodeOption
from comity.cli.hands import KeyOption, PassphraseOption, open_hand
from comity.cli.output import console, print_json
from comity.errors import Unreachable
from comity.signing.canonical import canonical

PAUSE = 0.5  # seconds between two questions whether the next checkpoint has come
FIRST, LAST = "--from", "--to"


def command(
    period: Annotated[str, typer.Option("--period", help="What the period is called, e.g. 2027 or 2027-q1.")],
    key: KeyOption = "",
    node: NodeOption = DEFAULT_NODE,
    passphrase_file: PassphraseOption = None,
    start: Annotated[
        int | None,
        typer.Option(FIRST, help="Size of the checkpoint it begins after; default: where the last ended."),
    ] = None,
    end: Annotated[
        int | None, typer.Option(LAST, help="Size of the checkpoint it ends with; else the newest one.")
    ] = None,
    log: Annotated[
        str, typer.Option("--log", help="Origin of a log that ended; else the one that is written to.")
    ] = "",
    openings: Annotated[
        Path | None, typer.Option("--openings", help="For oversight: write what opens the report's acts to this file.")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait for the next checkpoint.")] = 120.0,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Make the report of a period, or give the one there is: figures that anybody can recompute from the log.

    It lies with the node's log from then on: report, figures as JSON and CSV with a Data Package descriptor.
    """
    client = NodeClient(node, open_hand(key, passphrase_file), timeout=600)
    if openings is not None:
        opened = client.raw("GET", f"/api/oversight/reports/{period}", signed=True).content
        openings.write_bytes(opened)
        return console.print(f"[green]✓[/green] {escape(str(openings))}: comity audit --openings takes it.")
    made = make(client, {"period": period, "origin": log, "start": start, "end": end}, wait)
    if json:
        return print_json(made)
    console.print(f"[green]✓[/green] [bold]{escape(made['period'])}[/bold]  leaves {made['start']} to {made['end']}")
    console.print(f"  {escape(client.url)}/log/reports/{escape(made['period'])}/report.note  {escape(made['report'])}")


def make(client: NodeClient, wanted: dict[str, Any], wait: float) -> dict[str, Any]:
    """Ask until the report is there. Unreachable when the checkpoint it needs does not come within ``wait`` seconds."""
    until = time.monotonic() + wait
    while True:
        answer = client.raw("POST", "/api/reports", signed=True, content=canonical(wanted))
        found: dict[str, Any] = answer.json()
        if answer.status_code == 200:
            return found
        if time.monotonic() > until:
            raise Unreachable(
                f"No checkpoint of {found['waiting']} leaves was published within {wait:.0f} s.",
                "Run the same again; look at the witnesses if it stays so.",
            )
        time.sleep(PAUSE)
