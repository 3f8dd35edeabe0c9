"""``comity due``: which duties run, by when, and how that was counted."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from comity.cli.client import DEFAULT_NODE, NodeClient, NodeOption
from comity.cli.hands import KeyOption, PassphraseOption, open_hand
from comity.cli.output import console, print_json

_COLOURS = {"overdue": "red", "due today": "yellow"}


def command(
    key: KeyOption = "",
    node: NodeOption = DEFAULT_NODE,
    passphrase_file: PassphraseOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the duties that run in your dockets, the earliest first, each with its arithmetic and provision."""
    answer = NodeClient(node, open_hand(key, passphrase_file)).get("/api/duties")
    if json:
        return print_json(answer)
    if not answer["duties"]:
        return console.print("No duty is open.")
    for duty in answer["duties"]:
        colour = _COLOURS.get(duty["state"], "green")
        due = duty["due"] or "no number in the law"
        console.print(
            f"[{colour}]{duty['state']}[/{colour}]  [bold]{escape(duty['duty'])}[/bold]  {due}  owed by "
            f"{duty['party']} in {escape(duty['docket'])}  [cyan]{escape(duty['provision'])}[/cyan]"
        )
        for sentence in duty["explanation"]:
            console.print(f"    {escape(sentence)}")
