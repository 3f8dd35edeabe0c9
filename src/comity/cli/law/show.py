"""``comity law show``: an instrument, a Party, a list or the standards as a lawyer reads them.

Every value stands with its provision, its dates and its mark; what is known with medium certainty is shown as *not
settled*. Left to others: which of them applies (``comity law route``), arithmetic (``comity law due``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
from rich.markup import escape

from comity.cli.output import console, table
from comity.errors import NotFound
from comity.law.book import LawBook
from comity.law.reckoning import amount_in_words
from comity.law.schema import (
    Cited,
    Content,
    Declaration,
    DualCriminality,
    Ground,
    IccsCode,
    Instrument,
    Limit,
    MeasureRule,
    Membership,
    NationalOffence,
    OffenceCategory,
    PartyLaw,
    Rule,
    Standard,
    Threshold,
)

MARKS = {
    "verified": "text read",
    "secondary": "secondary source",
    "knowledge_high": "known, text not re-read",
    "knowledge_medium": "NOT SETTLED",
}
Groups = list[tuple[str, tuple[Cited, ...]]]


def headings(book: LawBook) -> dict[str, list[tuple[str, str]]]:
    """Everything that can be shown, by kind: (id, title)."""
    return {
        "Instruments": [(i.id, i.title) for i in book.instruments],
        "Parties": [(p.party, p.names.get("en", p.party)) for p in book.parties],
        "Lists of offences": [(x.id, x.title) for x in book.by_list.values()],
        "Standards": [("standards", "What binds whatever the instrument: ECHR, ICCPR, Charter, LED, AI Act...")],
        "Safeguards": [(g.id, g.rule) for g in book.by_safeguard.values()],
        "Measures": [(m.id, m.title) for m in book.by_measure.values()],
        "Categories of data": [(c.id, c.title) for c in book.by_category.values()],
        "Sets of countries": [(s, f"{len(m)} countries") for s, m in book.by_country_set.items()],
    }


def find(book: LawBook, name: str) -> tuple[str, str, Groups, object]:
    """Title, citation, statements in groups and the thing itself. Raises NotFound.

    An instrument is found by the names that people give it too; texts that were read are all shown by ``sources``.
    """
    name = book.instrument_named(name)
    if name in book.by_instrument:
        i = book.by_instrument[name]
        return i.title, _about_instrument(book, i), _instrument(i), i
    if name in book.by_party:
        p = book.by_party[name]
        return p.names.get("en", name), _about(p), [("Declarations", p.declarations), ("Offences", p.offences)], p
    if name in book.by_list:
        x = book.by_list[name]
        return x.title, x.id, [("Categories", x.categories)], x
    if name == "sources":
        texts = list(book.by_source.values())
        return "Texts that were read", "\n".join(f"{x.key}: {x.text}" for x in texts), [], texts
    if name == "standards":
        return "Standards", "bind whatever the instrument", [("Standards", book.all_standards)], book.all_standards
    if name in book.by_measure:
        rules = [(i.short, tuple(m for m in i.measures if m.id == name)) for i in book.instruments]
        return book.by_measure[name].title, name, [(s, m) for s, m in rules if m], book.by_measure[name]
    if name in book.by_safeguard:
        entry = book.by_safeguard[name]
        on_it = tuple(x for x in book.all_standards if x.safeguard == name)
        return f"{name}: {entry.rule}", "; ".join(entry.citations), [("Standards on it", on_it)], entry
    if one := tuple(x for x in book.all_standards if x.id == name):
        return one[0].text, one[0].safeguard, [("Standard", one)], one
    if named := tuple(x for x in book.all_standards if name.casefold() in (i.casefold() for i in x.instruments)):
        about = "guidance: binds nobody by itself" if named[0].binds == "nobody" else "binds whatever the instrument"
        return (
            next(i for i in named[0].instruments if i.casefold() == name.casefold()),
            about,
            [("Standards", named)],
            named,
        )
    return _country(book, name) if name.isupper() and _known(book, name) else _small(book, name)


def _known(book: LawBook, name: str) -> bool:
    return any(party == name for _, party in (*book.memberships, *book.exclusions)) or name in book.standards_of


def _country(book: LawBook, name: str) -> tuple[str, str, Groups, object]:
    """A country that has no file of its law: what binds it, by the instruments and the standards."""
    bound = [(i.short, book.memberships.get((i.id, name), ())) for i in book.instruments]
    groups: Groups = [(f"Bound by: {short}", stated) for short, stated in bound if stated]
    not_bound = [(i.short, book.exclusions.get((i.id, name), ())) for i in book.instruments]
    groups += [(f"Not bound by: {short}", stated) for short, stated in not_bound if stated]
    standards = book.standards_of.get(name) or tuple(x for x in book.all_standards if x.binds == "*")
    return name, "No Party file: its languages, calendar, declarations and offences are not known.", groups, standards


def _small(book: LawBook, name: str) -> tuple[str, str, Groups, object]:
    """What is told in a line or two: a set of countries, a text that was read, a code, a category of data."""
    if name in book.by_country_set:
        members = sorted(book.by_country_set[name])
        return name, f"{len(members)} countries: {', '.join(members)}", _bound_by(book, name), members
    if name in book.by_source:
        return name, book.by_source[name].text, [], book.by_source[name]
    if name in book.by_iccs:
        return book.by_iccs[name].title, f"ICCS {name}", [("Code", (book.by_iccs[name],))], book.by_iccs[name]
    if name in book.by_category:
        about = [(i.short, tuple(m for m in i.measures if name in m.categories)) for i in book.instruments]
        return book.by_category[name].title, name, [(s, m) for s, m in about if m], book.by_category[name]
    known = ", ".join([*book.by_instrument, *book.by_party, *book.by_list, *book.by_country_set, "standards", "list"])
    hint = f"Choose one of: {known}; or a measure, a safeguard, a standard, a source or an ICCS code by its id."
    raise NotFound(f"The law files have nothing called {name!r}.", hint)


def _bound_by(book: LawBook, country_set: str) -> Groups:
    found = [(i.short, tuple(m for m in i.bound if m.country_set == country_set)) for i in book.instruments]
    return [(f"Bound by: {short}", stated) for short, stated in found if stated]


def _about_instrument(book: LawBook, i: Instrument) -> str:
    """What stands at the head of its file, and the members of the sets it binds."""
    said = [f"{i.citation}; carried out by: {i.proceeding}"]
    if not i.in_force:
        status = next((f": {r.text} ({r.provision}; {MARKS[r.mark]})" for r in i.rules if r.topic == "status"), ".")
        said.append(f"NOT IN FORCE{status}")
    for words, others in (("Replaces between Parties to both", i.displaces), ("Open only without", i.only_without)):
        if others:
            said.append(f"{words}: {', '.join(book.by_instrument[o].short for o in others)}")
    if i.parent:
        said.append(f"Protocol to: {book.by_instrument[i.parent].short}; only its Parties can be bound")
    sets = dict.fromkeys(m.country_set for m in i.bound if m.country_set)
    said += [f"{name}: {', '.join(sorted(book.by_country_set[name]))}" for name in sets]
    if not i.parties_complete:
        said.append("Whether a State that is not named below is bound, the files cannot tell.")
    return "\n".join(said)


def _instrument(i: Instrument) -> Groups:
    return [
        ("In force", i.in_force), ("Parties bound", i.bound), ("Parties not bound", i.excluded), ("Scope", i.scope),
        ("Measures", i.measures), ("Thresholds", i.thresholds), ("Contents of a request", i.contents),
        ("Time limits", i.limits), ("Grounds for refusal", i.grounds), ("Double criminality", i.dual_criminality),
        ("Rules", i.rules),
    ]  # fmt: skip


def _about(p: PartyLaw) -> str:
    told = {True: "independent of the executive", False: "takes instructions of the executive", None: "cannot tell"}
    return (
        f"languages: {', '.join(p.languages)}; time zone {p.time_zone}; holidays {p.holidays}; "
        f"public prosecutor: {told[p.prosecutor_independent]}"
    )


def show_list(book: LawBook) -> None:
    """Print everything that can be shown."""
    for kind, entries in headings(book).items():
        listed = table(kind, "id", "what it is")
        for identifier, title in entries:
            listed.add_row(escape(identifier), escape(title))
        console.print(listed, "")


def show(title: str, about: str, groups: Groups, day: date | None) -> None:
    """Print the statements in groups; with ``day``, only those that hold on it."""
    console.print(f"[bold]{escape(title)}[/bold]\n{escape(about)}\n")
    for heading, statements in groups:
        held = [s for s in statements if day is None or s.holds_on(day)]
        if held:
            console.print(f"[bold]{heading}[/bold]")
        for s in held:
            _print(s, "")
            inner: tuple[Cited, ...] = getattr(s, "thresholds", ()) or getattr(s, "limits", ())
            for below in inner:
                _print(below, "  ")
    console.print("NOT SETTLED: known with medium certainty; check the text before relying on it.")


def _print(s: Cited, indent: str) -> None:
    mark = MARKS[s.mark] if s.settled else f"[yellow]{MARKS[s.mark]}[/yellow]"
    source = f" ({s.source})" if s.source else ""
    dates = f"; {_dates(s)}" if _dates(s) else ""
    console.print(f"{indent}• {escape(_words(s))}")
    console.print(f"{indent}    [cyan]{escape(s.provision)}[/cyan]{dates}; {mark}{escape(source)}")


def _dates(s: Cited) -> str:
    known = f" (known as of {s.as_of})" if s.as_of else ""
    if s.since and s.until:
        return f"{s.since} to {s.until}{known}"
    if s.until:
        return f"until {s.until}{known}"
    return f"from {s.since}{known}" if s.since else known.strip()


def _words(s: Cited) -> str:
    """The statement in words; its note behind it."""
    return f"{_sentence(s)}{f' Note: {s.note}.' if s.note else ''}"


def _sentence(s: Cited) -> str:
    match s:
        case MeasureRule():
            return _measure(s)
        case Limit():
            return _limit(s)
        case Ground():
            letter = f" ({s.letter})" if s.letter else ""
            scope = f" Only for: {_list(s.only_for)}." if s.only_for else ""
            scope += f" Not for: {_list(s.not_for)}." if s.not_for else ""
            consult = f" Consult first ({s.consult_first})." if s.consult_first else ""
            turns = f" Turns on: {' and '.join(s.on)}." if s.on else ""
            turns += f" Unless: {' or '.join(s.unless)}." if s.unless else ""
            return f"{s.id}{letter}, {s.binding}: {s.text}{consult}{scope}{turns}"
        case DualCriminality():
            listed = f" list {s.list_id}" if s.list_id else ""
            listed += f" at least {amount_in_words(s.threshold_years, 'years')}" if s.threshold_years else ""
            return f"{s.rule.replace('_', ' ')}:{listed} for {_list(s.measures) or 'every other measure'}"
        case Threshold():
            return _threshold(s)
        case Content():
            section = f" (section {s.section})" if s.section else ""
            return f"{s.title}{section} [{s.field}]" + (f" for {_list(s.measures)}" if s.measures else "")
        case Membership():
            return ", ".join((*s.parties, *((f"the set {s.country_set}",) if s.country_set else ())))
        case Rule() | Standard():
            values = "; ".join(f"{k} = {v}" for k, v in s.parameters.items())
            name = s.topic if isinstance(s, Rule) else f"{s.id} [{s.safeguard}]"
            return f"{name}: {s.text}" + (f" ({values})" if values else "")
        case _:
            return _of_party(s)


def _of_party(s: Cited) -> str:
    match s:
        case Declaration():
            limit = f" {s.amount} {s.unit}" if s.amount is not None else ""
            measures = f" for {_list(s.measures)}" if s.measures else ""
            return f"{s.instrument}, {s.effect} {s.value}{limit}{measures}: {s.text}"
        case NationalOffence():
            return f"{s.code}: {s.title}. ICCS {s.iccs} ({s.equivalence}); {_penalty(s)}" + (
                f"; list: {s.list_category}" if s.list_category else ""
            )
        case OffenceCategory():
            return f"{s.number}. {s.title} [{s.id}] ICCS {', '.join(s.iccs) or 'none'}"
        case IccsCode():
            return f"{s.code}. {s.title}"
        case _:
            return "in force"


def _penalty(o: NationalOffence) -> str:
    if o.life:
        return "life"
    if o.fine_only:
        return "fine only"
    if o.max_years is not None:
        return f"up to {o.max_years} years"
    return f"up to {o.max_months} months" if o.max_months is not None else "maximum not stated"


def _measure(m: MeasureRule) -> str:
    said = [f"{m.id}: {m.title}. Data: {_list(m.categories) or 'any'}"]
    for word, kinds in (("issued by", m.issue), ("validated by", m.validate), ("executed by", m.execute)):
        if kinds:
            said.append(f"{word} {_list(kinds)}")
    flags = ("judge_required", "always_available", "bounded_period", "notify_authority")
    said += [f.replace("_", " ") for f in flags if getattr(m, f)]
    if not m.coercive:
        said.append("not coercive")
    if m.addressee == "provider":
        said.append("addressed to a provider")
    if m.notify_effect:
        said.append(f"the notification {m.notify_effect}")
    if m.domestic_law:
        said.append("only as far as the law of the requested Party allows")
    if m.only_without:
        said.append(f"only without {_list(m.only_without)}")
    return "; ".join(said) + "."


def _limit(x: Limit) -> str:
    amount = f"{x.amount} {x.unit.replace('_', ' ')}" if x.amount is not None else "no number"
    said = [f"{x.name}: {amount} from {x.trigger}", f"counted at the place of the {x.place}"]
    for flag, words in (("at_end", "due at its end"), ("minimum", "at least"), ("urgent", "urgent lane only")):
        if getattr(x, flag):
            said.append(words)
    if x.extends:
        said.append(f"extends {x.extends}")
    if x.measures:
        said.append(f"for {_list(x.measures)}")
    return "; ".join(said)


def _threshold(t: Threshold) -> str:
    amount = amount_in_words(t.years, "years") if t.years else amount_in_words(t.months or 0, "months")
    of = "maximum penalty" if t.basis == "maximum_penalty" else "sentence passed"
    either = f", or: {_list(t.or_offences)}" if t.or_offences else ""
    return f"threshold: {of} of at least {amount}{either}" + (f" ({t.applies_to})" if t.applies_to else "")


def _list(names: Iterable[str]) -> str:
    return ", ".join(n.replace("_", " ").replace("24 7", "24/7") for n in names)


def as_json(thing: object, day: date | None) -> Any:
    """The thing as plain values; with ``day``, statements that do not hold on it are left out."""
    return _plain(thing, day)


def _plain(value: object, day: date | None) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(v, day) for v in value if not (day and isinstance(v, Cited) and not v.holds_on(day))]
    if isinstance(value, msgspec.Struct):
        plain = {name: _plain(getattr(value, name), day) for name in value.__struct_fields__}
        return {**plain, "settled": value.settled} if isinstance(value, Cited) else plain
    return msgspec.to_builtins(value)
