"""``comity law grounds`` and ``comity law disposal``: grounds for refusal on the facts, and who gets confiscated money.

Left to others: the answers (`comity.law.refusal`, `comity.law.disposal`).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer
from rich.markup import escape

from comity.cli.law.ask import country_of, day_of
from comity.cli.output import console, print_json
from comity.errors import Malformed
from comity.law.book import load_law
from comity.law.disposal import disposal
from comity.law.refusal import Raised, facts_on, first_consulted, raised

_ANSWERS = {
    "yes": "[red]arises[/red]", "no": "[green]does not arise[/green]", "cannot_tell": "[yellow]cannot tell[/yellow]",
    "not_raised": "not raised",
}  # fmt: skip


def grounds_command(
    instrument: Annotated[str, typer.Option("--instrument", help="The instrument, e.g. eaw.")],
    measure: Annotated[str, typer.Option("--measure", help="The measure, e.g. surrender.")],
    facts: Annotated[
        list[str] | None, typer.Option("--fact", metavar="FACT", help="What is so; without it, what may be said.")
    ] = None,
    denied: Annotated[
        list[str] | None, typer.Option("--not", metavar="FACT", help="What is known not to be so.")
    ] = None,
    requested: Annotated[
        str, typer.Option("--to", help="The Party that is asked: its own law may leave no choice.")
    ] = "",
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="The day of the question; today.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Which grounds for refusal arise on these facts, must or may the Party refuse, and what is still to be known.

    A fact is given (--fact), denied (--not) or not known. Without facts: every ground and the facts on which it turns.
    """
    book, day = load_law(), day_of(on)
    i = book.instrument(book.instrument_named(instrument))
    found = raised(book, i, measure, facts or (), denied or (), country_of(requested), day)
    if json:
        return print_json({
            "day": day.isoformat(), "instrument": i.id, "measure": measure, "grounds": [_plain(r) for r in found],
        })  # fmt: skip
    told = [r for r in found if r.arises != "not_raised"] if facts or denied else list(found)
    for r in told:
        _print(r, listing=not (facts or denied))
    if not told:
        console.print("No ground arises on these facts.")
    for provision in first_consulted(told):
        console.print(f"Consult before refusing: [cyan]{escape(provision)}[/cyan]")
    return None


def _plain(r: Raised) -> dict[str, Any]:
    return {
        "id": r.ground.id, "binding": r.ground.binding, "arises": r.arises, "weight": r.weight, "why": r.why,
        "text": r.ground.text, "provision": r.provision, "mark": r.ground.mark, "settled": r.settled,
        "whose": r.whose, "on": list(facts_on(r.ground)), "unless": list(r.ground.unless),
        "open": list(r.open_facts), "consult_first": r.ground.consult_first,
    }  # fmt: skip


def _print(r: Raised, *, listing: bool) -> None:
    mark = "" if r.settled else "  [yellow](not settled)[/yellow]"
    if listing:
        unless = f", unless {' or '.join(r.ground.unless)}" if r.ground.unless else ""
        turns = f"{' and '.join(facts_on(r.ground))}{unless}"
        console.print(
            f"• {r.ground.id} ({r.ground.binding}): {escape(r.ground.text)}  [cyan]{escape(r.provision)}[/cyan]{mark}"
        )
        return console.print(f"    turns on: {escape(turns)}")
    console.print(f"{_ANSWERS[r.arises]} {r.ground.id}: {escape(r.why)}  [cyan]{escape(r.provision)}[/cyan]{mark}")
    return console.print(f"    {escape(r.ground.text)}")


def disposal_command(
    amount: Annotated[str, typer.Option("--amount", metavar="EUR", help="What execution brought in, e.g. 12000.50.")],
    restitution: Annotated[
        str, typer.Option("--restitution", metavar="EUR", help="What of it goes to victims first.")
    ] = "0",
    instrument: Annotated[str, typer.Option("--instrument", help="The instrument.")] = "freezing",
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="The day of the question; today.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How confiscated money is divided between issuing and executing State, once victims have theirs."""
    book = load_law()
    i = book.instrument(book.instrument_named(instrument))
    found = disposal(i, _money(amount), _money(restitution), day_of(on))
    if json:
        return print_json({
            "issuing": _told(found.issuing), "executing": _told(found.executing), "why": found.why,
            "restitution": str(found.restitution), "provision": found.provision, "settled": found.settled,
        })  # fmt: skip
    if found.issuing is not None:
        console.print(f"issuing State: EUR {found.issuing}; executing State: EUR {found.executing}")
    return console.print(f"{escape(found.why)}  [cyan]{escape(found.provision)}[/cyan]")


def _told(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _money(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Malformed(f"{text!r} is no amount of money.", "Give euro and cents: 12000.50.") from None
