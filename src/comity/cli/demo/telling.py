"""How the demonstration is told: to people with colours and marks, to programs one JSON object a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from comity.cli.output import console, finding_lines, print_json

Event = Mapping[str, Any]


def tell_programs(event: Event) -> None:
    """One event as one line of JSON."""
    print_json(event, line=True)


def tell_people(event: Event, out: Console = console) -> None:
    """One event for people."""
    teller = _TELLERS.get(event["event"])
    if teller is not None:
        teller(event, out)


def _heading(event: Event, out: Console) -> None:
    out.print()
    out.rule(f"[bold]{escape(event['title'])}[/bold]", align="left")


def _act(event: Event, out: Console) -> None:
    out.print(f"\n{escape(event['say'])}", style="italic")


def _answer(event: Event, out: Console) -> None:
    mark = "[green]✓[/green]" if event["effect"] else "[yellow]… without effect[/yellow]"
    by = f"{event['party']}, {escape(event['holder'])} ({event['role']})"
    out.print(f"{mark} [bold]{escape(event['title'])}[/bold]  [dim]{event['step']}[/dim]  {by}")
    _findings(event, out)


def _findings(event: Event, out: Console) -> None:
    """Everything that is wanting; of what is kept, the safeguards in one line with the number of provisions."""
    for line in finding_lines(event["findings"], all_of_them=event["whole"]):
        out.print(line)
    if event["whole"]:
        return
    kept = [f for f in event["findings"] if f["verdict"] == "clear"]
    if kept:
        names = ", ".join(f["safeguard"].replace("_", " ") for f in kept)
        out.print(Text("  ✓ ", "green").append(f"{len(kept)} kept: ", "bold").append(names))
        for found in kept:
            if found["safeguard"] in _SHOWN:
                out.print(Text("    ✓ ", "green").append(found["why"]).append(f"  [{found['provision']}]", "cyan"))


_SHOWN = ("judicial_authorisation", "dual_criminality", "own_court_order", "ground_available", "preservation_period")


def _arrived(event: Event, out: Console) -> None:
    effect = "has effect there" if event["effect"] else "has no effect there"
    out.print(
        f"  → [bold]{event['party']}[/bold] has it after {event['seconds']} s, with proof of the other log; its own "
        f"assessment: {effect}"
    )
    for line in finding_lines(event["findings"], all_of_them=False):
        out.print(line)
    contents = event["contents"]
    if "rationale" in contents:
        out.print(f"    ground: {contents['ground']}  [cyan]\\[{escape(contents['provision'])}][/cyan]")
        out.print(f"    reasons: {escape(contents['rationale'])}")
        out.print(f"    remedy: {escape(contents.get('remedies', {}).get('available', ''))}")


def _due(event: Event, out: Console) -> None:
    for duty in event["duties"]:
        when = duty["due"] or "no number in the law"
        out.print(
            f"  ⏳ [bold]{duty['duty']}[/bold] owed by {duty['party']}: {when} ({duty['state']})  "
            f"[cyan]\\[{escape(duty['provision'])}][/cyan]"
        )
        for sentence in duty["explanation"]:
            out.print(f"     {escape(sentence)}", style="dim")


def _read(event: Event, out: Console) -> None:
    out.print(f"    {escape(event['name'])}: {event['media_type']}, {event['size']} bytes, {event['digest'][:23]}…")


def _say(event: Event, out: Console) -> None:
    out.print(escape(event["text"]))


def _verdict(event: Event, out: Console) -> None:
    mark = "[green]✓[/green]" if event["as_expected"] else "[red]✗[/red]"
    out.print(f"{mark} exit {event['exit']}  [dim]{escape(event['command'])}[/dim]")
    out.print(Text.from_ansi(event["output"].rstrip()))


_TELLERS = {
    "say": _say,
    "matter": _heading,
    "heading": _heading,
    "act": _act,
    "answer": _answer,
    "arrived": _arrived,
    "due": _due,
    "read": _read,
    "verify": _verdict,
}
