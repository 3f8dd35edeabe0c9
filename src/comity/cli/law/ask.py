"""``comity law due`` and ``comity law notify``: when a limit ends, with the arithmetic; whom an order is notified to.

Left to others: which limit a duty in a docket runs by (``comity due``).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import typer
from rich.markup import escape

from comity.cli.output import console, print_json
from comity.errors import Malformed, NotFound
from comity.law.book import LawBook, load_law
from comity.law.calendars import Calendar
from comity.law.countries import PRINTED, how_to_write
from comity.law.jurisdiction import Facts, Jurisdiction, jurisdiction, unsettled_reach
from comity.law.reckoning import amount_in_words
from comity.law.schema import Limit, choose_limit
from comity.law.time_limits import NoNumber, Reckoning, Rules, Suspension, due, rules_for, state

NOT_ANSWERED = 1
YEARS = range(1900, 2101)  # of moments that anybody asks about
EFFECTS = {
    "suspends": "The addressee waits: it produces at the end of its limit, or once told that no ground is raised.",
    "may_object": "Nothing is suspended; it may object to the use, or set conditions.",
    "must_consult": "The addressee consults it before it discloses.",
}
PLACES = {"requested": "the requested Party", "requesting": "the requesting Party", "addressee": "the addressee"}


def due_command(
    limit: Annotated[str, typer.Argument(help="The limit's name, e.g. decide; comity law show eio names them.")],
    instrument: Annotated[
        str, typer.Option("--instrument", help="The instrument, e.g. eio; or a standard, e.g. led_breach.")
    ],
    trigger: Annotated[
        str, typer.Option("--trigger", metavar="MOMENT", help="When it began: 2026-12-04T17:10 (local time there).")
    ],
    party: Annotated[str, typer.Option("--party", help="The Party at whose place it is counted, e.g. FR.")],
    zone_name: Annotated[
        str, typer.Option("--zone", help="The place's time zone, e.g. Europe/London; needed without a Party file.")
    ] = "",
    subdivision: Annotated[str, typer.Option("--subdivision", help="Its region, for regional holidays: DE-BY.")] = "",
    measure: Annotated[str, typer.Option("--measure", help="The measure, where the limit depends on it.")] = "",
    urgent: Annotated[bool, typer.Option("--urgent", help="The urgent lane.")] = False,
    extended_by: Annotated[
        list[str] | None, typer.Option("--extended-by", help="A limit that extends it, e.g. decide_extension.")
    ] = None,
    suspended: Annotated[
        list[str] | None, typer.Option("--suspended", metavar="FROM/UNTIL", help="It did not run then; FROM/: still.")
    ] = None,
    because: Annotated[str, typer.Option("--because", help="The provision that suspends it: art 20.")] = "",
    now: Annotated[str, typer.Option("--now", metavar="MOMENT", help="Say how it stands at this moment.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """When a time limit ends, and how that was counted: day 0, holidays, the last day and why it moves."""
    book, party = load_law(), country_of(party)
    zone = _zone(book, party, zone_name)
    start = _moment(trigger, zone)
    day = start.astimezone(zone).date()
    limits, rules = _limits(book, instrument := book.instrument_named(instrument), day)
    if measure:
        book.measure(measure)
    found = _limit(limits, limit, day, measure, urgent)
    further = _extensions(found, [_limit(limits, name, day, measure, urgent) for name in extended_by or ()])
    if found.unit == "hours" and found.amount and ":" not in trigger:
        raise Malformed(f"{limit} is counted in hours; {trigger} has none.", "Give the moment: 2026-12-04T17:10.")
    in_days = any(x.unit != "hours" for x in (found, *further))
    calendar = _calendar(book, party, subdivision, in_days)
    pauses = [_suspension(each, because, zone) for each in suspended or ()]
    answer = due(found, start, calendar, zone, pauses, further, rules=rules)
    doubts = [*_doubts(book, instrument, party, day, measure), *_alone(found)]
    stands = state(answer, _moment(now, zone)) if now else ""
    if json:
        return print_json({**_plain(found, answer, stands), "notes": _notes(found, *further), "doubts": doubts})
    for sentence in (*answer.explanation, *_notes(found, *further), *doubts):
        console.print(escape(sentence))
    where = f"counted at the place of {PLACES[found.place]}"
    console.print(f"Rests on: [cyan]{escape(answer.provision)}[/cyan]; {where}.")
    return console.print(f"At {escape(now)}: {stands}") if stands else None


def _zone(book: LawBook, party: str, name: str) -> ZoneInfo:
    """The zone asked for (an island, an overseas territory), else the Party's own. Raises NotFound, Malformed."""
    if not name:
        if party not in book.by_party:
            known = ", ".join(sorted(book.by_party))
            raise NotFound(
                f"There is no Party {party!r} in the law files.",
                f"Give its time zone, e.g. --zone Europe/London; or choose one of: {known}.",
            )
        return ZoneInfo(book.party(party).time_zone)
    if name not in available_timezones():
        raise Malformed(f"{name!r} is no time zone.", "Give the IANA name, e.g. Europe/London.")
    return ZoneInfo(name)


def _calendar(book: LawBook, party: str, subdivision: str, in_days: bool) -> Calendar:
    """The Party's calendar; without a file, the general table, which is not asked for hours: they never move."""
    if party in book.by_party:
        return Calendar.of(book.party(party), subdivision)
    return Calendar.undeclared(party, subdivision) if in_days else Calendar(party)


def _notes(*limits: Limit) -> list[str]:
    """What the file says of each limit beside its number: where practicable, unless postponed, or a longer one."""
    return [f"Note on {x.name}: {x.note}." for x in limits if x.note and x.amount is not None]


def _doubts(book: LawBook, name: str, party: str, day: date, measure: str) -> list[str]:
    """What the reader must know before relying on the date: whether the instrument reaches there, and whose rules."""
    found = []
    if party not in book.by_party:
        found.append(f"{party} has no Party file: its holidays and declarations, if they count, are for you to check.")
    if name not in book.by_instrument:
        if not any(s.id == name for s in book.standards(day, party)):
            found.append(f"{name} does not bind {party} on {day}: no limit of it runs there by its own force.")
        return found
    i = book.instrument(name)
    if i.is_in_force(day) is None:
        found.append(f"{i.short} is not in force on {day}: no limit of it runs.")
    elif book.known_on(name, party, day) and book.bound(name, party, day) is None:
        found.append(f"{party} is not bound by {i.short} on {day}: no limit of it runs there.")
    else:
        found += unsettled_reach(book, i, (party,), day)
    if measure and i.measure(measure, day) is None:
        found.append(f"{i.short} does not offer {measure} on {day}.")
    if i.kind == "framework_decision":
        found.append(
            "Regulation 1182/71 is applied to a framework decision by analogy; a court there may see it otherwise."
        )
    return found


def _limits(book: LawBook, name: str, day: date) -> tuple[tuple[Limit, ...], Rules]:
    """The limits of an instrument or of a standard, and the rules by which they are counted."""
    of_standards = [s for s in book.all_standards if s.id == name and s.holds_on(day)]
    if not of_standards and (later := [s for s in book.all_standards if s.id == name]):
        known = ", ".join(f"{s.since or 'always'} to {s.until or 'further notice'}" for s in later)
        raise NotFound(f"{name} does not hold on {day}: no limit of it runs.", f"It holds: {known}.")
    if name in book.by_instrument or not of_standards:
        i = book.instrument(name)
        return i.limits, rules_for(i.kind)
    limits = tuple(x for s in of_standards for x in s.limits)
    return limits, rules_for("directive" if of_standards[0].binds.startswith("eu2") else "convention")


def _limit(limits: tuple[Limit, ...], name: str, day: date, measure: str, urgent: bool) -> Limit:
    found = choose_limit(limits, name, day, measure, urgent)
    if found is None:
        known = ", ".join(dict.fromkeys(x.name for x in limits)) or "none"
        fit = " for this measure" if measure else ""
        of = sorted({m for x in limits if x.name == name and x.holds_on(day) for m in x.measures})
        if of and not measure:
            raise NotFound(f"{name} depends on the measure.", f"Give --measure, one of: {', '.join(of)}.")
        if not urgent and choose_limit(limits, name, day, measure, urgent=True) is not None:
            why = f"{name} has a limit{fit} there on {day} in the urgent lane only."
            raise NotFound(why, "Add --urgent, if that is what was asked for.")
        of = sorted({m for x in limits if x.name == name and x.holds_on(day) for m in x.measures})
        if of:
            raise NotFound(f"{name} depends on the measure.", f"Give --measure, one of: {', '.join(of)}.")
        raise NotFound(f"There is no limit {name!r}{fit} there on {day}.", f"There are: {known}; some need --measure.")
    return found


def _extensions(limit: Limit, named: list[Limit]) -> list[Limit]:
    """The extensions asked for, each of this limit and each once. Raises Malformed for any other limit."""
    for n, extension in enumerate(named):
        if extension.extends not in (limit.name, *(x.name for x in named[:n])):
            raise Malformed(f"{extension.name} does not extend {limit.name}.", "Name a limit that says it extends it.")
        if extension in named[:n]:
            raise Malformed(f"{extension.name} is given twice.", f"{extension.provision} extends once.")
    return named


def _alone(limit: Limit) -> list[str]:
    """What to ask instead of an extension by itself."""
    asked = f"{limit.extends} --extended-by {limit.name}"
    return [f"{limit.name} lengthens {limit.extends}, from the same day 0: ask for {asked}."] if limit.extends else []


def _suspension(text: str, because: str, zone: ZoneInfo) -> Suspension:
    """A time in which the limit did not run; without an end it lasts. Raises Malformed without a reason or a start."""
    start, slash, end = text.partition("/")
    if not (slash and start):
        raise Malformed(f"{text!r} is no time.", "Write it as 2026-12-04T17:10/2026-12-08T09:00; still: FROM/.")
    if not because:
        raise Malformed("A limit is suspended by a provision only.", "Name it: --because 'art 20: immunity'.")
    return Suspension(_moment(start, zone), _moment(end, zone) if end else None, "as you say", because)


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """A moment; without an offset it is read as local time there. Raises Malformed for an hour that did not exist."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{text!r} is no moment.", "Write it as 2026-12-04T17:10.") from None
    if moment.year not in YEARS:
        raise Malformed(f"The year {moment.year} is out of range.", f"Give one from {YEARS[0]} to {YEARS[-1]}.")
    if moment.tzinfo is not None:
        return moment
    local = moment.replace(tzinfo=zone)
    if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
        raise Malformed(f"{text} does not exist in {zone.key}: the clocks went forward.", "Give it with its offset.")
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        raise Malformed(f"{text} happened twice in {zone.key}: the clocks went back.", "Give it with its offset.")
    return local


def _plain(limit: Limit, answer: Reckoning | NoNumber, stands: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "limit": limit.name, "trigger": limit.trigger, "place": limit.place,
        "provision": answer.provision, "mark": answer.mark,
        "settled": answer.mark != "knowledge_medium", "explanation": list(answer.explanation),
    }  # fmt: skip
    moments = ("starts", "due", "expires")
    found |= {m: getattr(answer, m).isoformat() if isinstance(answer, Reckoning) else None for m in moments}
    if isinstance(answer, Reckoning):
        found |= {"minimum": answer.minimum, "at_end": answer.at_end}
    return {**found, "state": stands} if stands else found


def notify_command(
    instrument: Annotated[str, typer.Option("--instrument", help="The instrument, e.g. e_evidence.")],
    measure: Annotated[str, typer.Option("--measure", help="The measure, e.g. produce_traffic.")],
    from_party: Annotated[str, typer.Option("--from", help="The Party that asks or orders.")],
    to_party: Annotated[str, typer.Option("--to", help="The Party that is asked.")],
    residence: Annotated[str, typer.Option(help="Where the person whose data are sought resides.")] = "",
    person_in: Annotated[str, typer.Option("--person-in", help="Where the person, or the target, is.")] = "",
    nationality: Annotated[str, typer.Option(help="Of the person.")] = "",
    us_person: Annotated[
        bool | None, typer.Option("--us-person/--no-us-person", help="Whether a US person (18 USC 2523(a)(2)).")
    ] = None,
    after_us_person: Annotated[
        bool, typer.Option("--after-us-person", help="Aimed at another to get what concerns a US person.")
    ] = False,
    on_behalf_of: Annotated[
        str, typer.Option("--on-behalf-of", help="The government for which the order is issued, if not one's own.")
    ] = "",
    offence_place: Annotated[str, typer.Option("--offence-place", help="Where the offence was committed.")] = "",
    provider_seat: Annotated[
        str, typer.Option("--provider-seat", help="The provider's designated establishment or representative.")
    ] = "",
    data_location: Annotated[str, typer.Option("--data-location", help="Where the data are.")] = "",
    emergency: Annotated[bool, typer.Option("--emergency", help="An emergency case.")] = False,
    needs_assistance: Annotated[
        bool, typer.Option("--needs-assistance/--no-assistance", help="Interception that needs the other State's help.")
    ] = True,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="The day of the question; today.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Whom an order must be notified to and with what effect; whom it may not target. What you leave out is not known.

    Exit 0: answered. Exit 1: the instrument is not open for this, forbids the target or may, or the law files, or the
    facts given, cannot tell.
    """
    facts = Facts(
        from_party=country_of(from_party), to_party=country_of(to_party), residence=country_of(residence) or None,
        person_in=country_of(person_in) or None, nationality=country_of(nationality) or None, us_person=us_person,
        offence_place=country_of(offence_place) or None, provider_seat=country_of(provider_seat) or None,
        data_location=country_of(data_location) or None, emergency=emergency, needs_assistance=needs_assistance,
        after_us_person=after_us_person, on_behalf_of=country_of(on_behalf_of) or None,
    )  # fmt: skip
    book = load_law()
    found = jurisdiction(book, book.instrument_named(instrument), measure, facts, day_of(on))
    if json:
        print_json(_jurisdiction(found))
    else:
        _print(found)
    if not found.answered:
        raise typer.Exit(NOT_ANSWERED)


def country_of(code: str) -> str:
    """A country code as the law files write it (EL is GR, UK is GB); empty stays empty. Raises Malformed."""
    said = PRINTED.get(code, code)
    if said and (hint := how_to_write(said)):
        raise Malformed(f"{code!r} is no country code.", hint)
    return said


def day_of(text: str) -> date:
    """A day as ISO 8601 writes it; empty: today. Raises Malformed."""
    if not text:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{text!r} is no day.", "Write it as 2026-12-04.") from None


def _jurisdiction(found: Jurisdiction) -> dict[str, Any]:
    notified = ("party", "answer", "effect", "reason", "provision", "settled")
    return {
        "notifications": [
            {**{k: getattr(n, k) for k in notified}, "limit": _answer_limit(n.limit)} for n in found.notifications
        ],
        "bars": [{k: getattr(b, k) for k in ("reason", "provision", "certain")} for b in found.bars],
        "questions": list(found.questions),
    }


def _answer_limit(limit: Limit | None) -> dict[str, Any] | None:
    if limit is None:
        return None
    return {k: getattr(limit, k) for k in ("name", "amount", "unit", "trigger", "provision", "mark")}


def _print(found: Jurisdiction) -> None:
    words = {"required": "[green]notify[/green]", "not_required": "no need to notify", "cannot_tell": "cannot tell"}
    for n in found.notifications:
        effect = f", effect: {n.effect.replace('_', ' ')}" if n.answer == "required" else ""
        doubt = "" if n.settled else "  [yellow](not settled)[/yellow]"
        told = f"{words[n.answer]} [bold]{n.party}[/bold]{effect}: {escape(n.reason)}"
        console.print(f"{told}  [cyan]{escape(n.provision)}[/cyan]{doubt}")
        if n.answer == "required" and n.effect in EFFECTS:
            console.print(f"   {EFFECTS[n.effect]}")
        if n.limit is not None and n.limit.amount is not None:
            asked = amount_in_words(n.limit.amount, n.limit.unit)
            console.print(
                f"   {n.party} answers within {asked} of the notice ({n.limit.name}).  "
                f"[cyan]{escape(n.limit.provision)}[/cyan]"
            )
    for b in found.bars:
        sure = "" if b.certain else " (cannot tell)"
        console.print(f"[red]✗[/red] barred{sure}: {escape(b.reason)}  [cyan]{escape(b.provision)}[/cyan]")
    for q in found.questions:
        console.print(f"? {escape(q)}")
    if not (found.notifications or found.bars or found.questions):
        console.print("The instrument asks for no notification.")
