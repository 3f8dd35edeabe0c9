"""``comity law``: ask the law that is packaged with this program: routes, texts, differences, limits, notifications.

Needs no node and no network. Exit 0: answered and open. Exit 1: closed, barred, the files cannot tell, or a problem
found. Exit 3: unknown.
Left to others: showing (`comity.cli.law.show`), limits and notifications (`comity.cli.law.ask`), forms
(`comity.cli.forms`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from importlib.resources import files as package_files
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import typer
from rich.markup import escape

from comity.cli.commands import Commands, Row
from comity.cli.law import ask as law_ask
from comity.cli.law import show as law_show
from comity.cli.law.ask import day_of
from comity.cli.law.grounds import disposal_command, grounds_command
from comity.cli.output import console, print_json
from comity.errors import BadLaw, NotFound
from comity.law.book import LawBook, load_law, open_law
from comity.law.calendars import Calendar
from comity.law.check import check_law
from comity.law.difference import difference
from comity.law.files import Problem, line_of, packaged, read
from comity.law.forms import open_forms, read_forms
from comity.law.offences import OffenceFacts, offence_facts
from comity.law.route import Route, Routes, routes

CLOSED = 1


class Questions(Commands):
    """Beside the questions of this file, those that need much more of the program."""

    rows: ClassVar[Mapping[str, Row]] = {
        "form": Row("comity.cli.forms", "form_command", "What an official form asks for, and whence it is filled."),
        "replay": Row("comity.cli.law.replay", "replay_command", "What changes under the law of another day."),
    }


law_app = typer.Typer(
    cls=Questions,
    help="Ask the law: which instrument is open, what it says, what changed, when a limit ends, whom to notify.\n\n"
    "Countries are two letters (DE, IE, GB). Start with: comity law show list",
    no_args_is_help=True,
    rich_markup_mode=None,
)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OnOption = Annotated[str, typer.Option("--on", metavar="DATE", help="The day of the question, 2026-12-04; today.")]


@law_app.command("route")
def route(
    from_party: Annotated[str, typer.Option("--from", help="The Party that asks, e.g. DE.")],
    to_party: Annotated[str, typer.Option("--to", help="The Party that is asked, e.g. IE.")],
    measure: Annotated[str, typer.Option("--measure", help="What is asked for; comity law show list names them.")],
    category: Annotated[str, typer.Option("--category", help="The category of data, e.g. traffic.")] = "",
    offence: Annotated[str, typer.Option("--offence", help="The offence as the asking law cites it: StGB § 263.")] = "",
    list_category: Annotated[
        str, typer.Option("--list-category", help="Its category among the 32, where the files lack the offence.")
    ] = "",
    iccs: Annotated[str, typer.Option("--iccs", help="Its ICCS code, where the files lack the offence.")] = "",
    max_years: Annotated[
        int | None, typer.Option("--max-years", min=0, help="Its maximum penalty, where the files lack the offence.")
    ] = None,
    max_months: Annotated[
        int | None, typer.Option("--max-months", min=0, help="The same in months, where it is no number of years.")
    ] = None,
    sentence_months: Annotated[
        int | None, typer.Option("--sentence-months", min=0, help="The sentence to be executed, where one was passed.")
    ] = None,
    life: Annotated[bool, typer.Option("--life", help="Its maximum penalty is for life.")] = False,
    fine_only: Annotated[bool, typer.Option("--fine-only", help="It is punished by a fine only.")] = False,
    kind: Annotated[
        Literal["ordinary", "fiscal", "political", "military"], typer.Option("--kind", help="The kind of offence.")
    ] = "ordinary",
    on: OnOption = "",
    json: JsonOption = False,
) -> None:
    """Which instruments are open between two Parties for a measure: best first, what each needs, why others are closed.

    Exit 0: at least one is open. Exit 1: none is, or the law files cannot tell.
    """
    book, day = load_law(), day_of(on)
    described = OffenceFacts(
        from_party, offence, iccs, list_category, max_years, max_months, life=life, kind=kind, fine_only=fine_only
    )
    facts = _facts(book, described, sentence_months, day)
    found = routes(book, from_party, to_party, measure, category, facts, day=day)
    if json:
        print_json({"day": day.isoformat(), "law": book.version, **_plain(found)})
    else:
        _print_routes(found, f"{from_party} → {to_party}, {measure}, on {day}")
    if not found.open:
        raise typer.Exit(CLOSED)


def _facts(book: LawBook, said: OffenceFacts, sentence_months: int | None, day: date) -> OffenceFacts | None:
    """The offence from the files; or, where the files lack it, as it is ``said`` by the options."""
    described = said != OffenceFacts(said.party, said.code)
    if said.list_category:
        book.category("thirty_two", said.list_category)
    if said.iccs:
        book.iccs(said.iccs)
    if said.party in book.by_party and said.code and (not described or book.known_offence(said.party, said.code)):
        said = offence_facts(book, said.party, said.code, day)
    elif not described and not said.code and sentence_months is None:
        return None
    return replace(said, sentence_months=sentence_months)


def _plain(found: Routes) -> dict[str, Any]:
    return {
        "open": [_route(r) for r in found.open],
        "cannot_tell": [
            {"instrument": u.instrument.id, "question": u.question, "provision": u.provision} for u in found.cannot_tell
        ],
        "closed": [{"instrument": c.instrument.id, "reason": c.reason, "provision": c.provision} for c in found.closed],
    }


def _route(r: Route) -> dict[str, Any]:
    needs = [{"kind": n.kind, "what": n.what, "provision": n.provision, "settled": n.settled} for n in r.needs]
    return {
        "instrument": r.instrument.id, "title": r.instrument.title, "measure": r.rule.id, "provision": r.provision,
        "proceeding": r.instrument.proceeding, "certain": r.certain, "needs": needs,
    }  # fmt: skip


def _print_routes(found: Routes, question: str) -> None:
    console.print(f"[bold]{escape(question)}[/bold]")
    if not found.open:
        console.print("[red]✗[/red] No instrument in the law files is known to be open.")
    for place, r in enumerate(found.open, 1):
        console.print(
            f"\n[green]{place}. {escape(r.instrument.short)}[/green]  ({r.instrument.id}, measure {r.rule.id})  "
            f"[cyan]{escape(r.provision)}[/cyan]"
        )
        for n in r.needs:
            mark = "" if n.settled else "  [yellow](not settled)[/yellow]"
            console.print(f"   • {escape(n.what)}  [cyan]{escape(n.provision)}[/cyan]{mark}")
    if found.cannot_tell:
        console.print("\n[bold]Cannot tell[/bold]")
    for u in found.cannot_tell:
        console.print(f"[yellow]?[/yellow] {u.instrument.id}: {escape(u.question)}  [cyan]{escape(u.provision)}[/cyan]")
    if found.closed:
        console.print("\n[bold]Closed[/bold]")
    for c in found.closed:
        console.print(f"✗ {c.instrument.id}: {escape(c.reason)}  [cyan]{escape(c.provision)}[/cyan]")


@law_app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="An instrument (eio), a Party (FR), a list, standards, or: list.")],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Only what holds on this day.")] = "",
    json: JsonOption = False,
) -> None:
    """Read the law files: every value with its provision, its dates and how sure it is. ``list`` names everything."""
    book = load_law()
    if name == "list":
        if json:
            return print_json({k: [{"id": i, "title": t} for i, t in v] for k, v in law_show.headings(book).items()})
        return law_show.show_list(book)
    day = day_of(on) if on else None
    title, about, groups, thing = law_show.find(book, name)
    if json:
        return print_json(law_show.as_json(thing, day))
    return law_show.show(title, about, groups, day)


@law_app.command("diff")
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A day (2026-08-17), a folder of law files, or packaged.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The other day, or the other folder.")],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="Compare folders on this day only.")] = "",
    json: JsonOption = False,
) -> None:
    """What begins, ends or changes between two days, or between two versions of the law files.

    Two versions are compared whole, with their dates; with --on as they stand on that day.
    """
    (old, old_day), (new, new_day) = _side(before, on), _side(after, on)
    if old_day or new_day:  # a day against a folder: the folder as it stands today
        old_day, new_day = old_day or day_of(on), new_day or day_of(on)
    changes = difference(old, old_day, new, new_day)
    if json:
        return print_json([msgspec.to_builtins(c) for c in changes])
    for c in changes:
        mark = {"added": "[green]+[/green]", "removed": "[red]-[/red]", "changed": "[yellow]~[/yellow]"}[c.kind]
        doubt = "" if c.settled else "  [yellow](not settled)[/yellow]"
        console.print(f"{mark} {escape(c.where)}: {escape(c.about)}  [cyan]{escape(c.provision)}[/cyan]{doubt}")
        if c.kind == "changed":
            console.print(f"    before: {escape(c.before)}\n    after:  {escape(c.after)}")
    many = "difference" if len(changes) == 1 else "differences"
    return console.print(f"{len(changes)} {many}." if changes else "No difference.")


def _side(named: str, on: str) -> tuple[LawBook, date | None]:
    """The law named, and the day it is asked about; None: whatever the day."""
    day = day_of(on) if on else None
    if Path(named).is_dir():
        return open_law(_folder(Path(named))), day
    if named == "packaged":
        return load_law(), day
    try:
        return load_law(), date.fromisoformat(named)
    except ValueError:
        raise NotFound(f"{named!r} is neither a day nor a folder.", "Give 2026-08-18, a folder or packaged.") from None


def _folder(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}.", "Name the folder that holds instruments/ and parties/.")
    return read(folder)


@law_app.command("check")
def check(
    folder: Annotated[
        str, typer.Argument(metavar="[FOLDER]", help="A folder of law files; without it, those of this program.")
    ] = "",
    json: JsonOption = False,
) -> None:
    """Check law files and form definitions: shape, citations, gaps, contradictions. Names file, line and mend.

    Exit 1 if there is any problem.
    """
    files = _folder(Path(folder)) if folder else packaged()
    forms = read_forms(Path(folder) if folder else package_files("comity.law") / "data")
    problems: list[Problem] = check_law(files) or _more(files, forms)
    if json:
        print_json([{"file": p.file, "line": p.line, "what": p.what, "mend": p.mend} for p in problems])
    else:
        for p in problems:
            console.print(f"[red]✗[/red] {escape(p.file)}:{p.line}: {escape(p.what)}\n  {escape(p.mend)}")
        many = "problem" if len(problems) == 1 else "problems"
        console.print(f"{len(files) + len(forms)} files, {len(problems)} {many}.")
    if problems:
        raise typer.Exit(CLOSED)


def _more(files: Mapping[str, str], forms: Mapping[str, str]) -> list[Problem]:
    """What only shows once the law can be opened: calendars that there is no table of, forms that cannot be used."""
    book = open_law(files)
    return [*_calendar_problems(files, book), *_form_problems(forms, book)]


def _calendar_problems(files: Mapping[str, str], book: LawBook) -> list[Problem]:
    found = []
    for p in book.parties:
        for place in ("", *p.subdivisions):
            try:
                Calendar.of(p, place).is_working_day(date(2026, 1, 1))
            except BadLaw as exc:
                name, field = f"parties/{p.party}.toml", ".subdivisions" if place else ".holidays"
                found.append(Problem(name, line_of(files[name], field), exc.what, exc.next_step))
    return found


def _form_problems(forms: Mapping[str, str], book: LawBook) -> list[Problem]:
    """The first form definition that cannot be used. No forms, no problem: a folder of law need not have any."""
    from comity.views.forms.source import check_sources  # only here: it knows every step there is

    try:
        if forms:
            check_sources(open_forms(forms), book)
    except BadLaw as exc:
        file, line, what = re.fullmatch(r"(\S+?\.toml)?(?::(\d+))?:? ?(.*)", exc.what, re.DOTALL).groups()  # type: ignore[union-attr]
        return [Problem(file or "forms", int(line or _named_at(forms, file or "", what)), what, exc.next_step)]
    return []


def _named_at(forms: Mapping[str, str], file: str, what: str) -> int:
    """The first line of the form on which one of the words of ``what`` stands as a value; 1 where none does."""
    words = set(re.findall(r"[\w.]+", what))
    lines = forms.get(file.removeprefix("forms/"), "").splitlines()
    return next((n for n, x in enumerate(lines, 1) if words & set(re.findall(r'"([\w.]+)"', x))), 1)


law_app.command("due")(law_ask.due_command)
law_app.command("notify")(law_ask.notify_command)
law_app.command("grounds")(grounds_command)
law_app.command("disposal")(disposal_command)
