"""``comity due``: which duties run, by when, and how that was counted; which seals end when."""

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
    """Show the duties that run in your dockets, the earliest first, each with its arithmetic and provision.

    And which dockets are sealed, until when: on that day the log opens their acts' kinds, unless a judge extends it.
    """
    answer = NodeClient(node, open_hand(key, passphrase_file)).get("/api/duties")
    if json:
        return print_json(answer)
    if not answer["duties"]:
        console.print("No duty is open.")
    for duty in answer["duties"]:
        colour = _COLOURS.get(duty["state"], "green")
        due = duty["due"] or "no number in the law"
        console.print(
            f"[{colour}]{duty['state']}[/{colour}]  [bold]{escape(duty['duty'])}[/bold]  {due}  owed by "
            f"{duty['party']} in {escape(duty['docket'])}  [cyan]{escape(duty['provision'])}[/cyan]"
        )
        for sentence in duty["explanation"]:
            console.print(f"    {escape(sentence)}")
    for seal in answer["seals"]:
        console.print(
            f"sealed until [bold]{seal['until']}[/bold], then unsealed by itself: {escape(seal['docket'])}. Only a "
            "judge extends it (request.extend_seal) or lifts it (request.unseal)."
        )
