"""What refers to what in the law's files: unknown ids, circles, gaps and contradictions.

Left to others: single statements (`comity.law.check`), lines (`comity.law.files`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import PurePosixPath
from zoneinfo import available_timezones

from comity.law.countries import OFFICIAL
from comity.law.fault import Fault
from comity.law.files import Decoded
from comity.law.identities import identity_faults
from comity.law.kinds import KINDS
from comity.law.schema import Declaration, Instrument, MeasureRule, NationalOffence, PartyLaw, Rule, Threshold

AUTHORITIES = frozenset({
    "judge", "court", "investigating_judge", "public_prosecutor", "independent_public_prosecutor",
    "central_authority", "police", "contact_point_24_7", "designated_authority", "provider", "independent_authority",
    "other_investigating_authority",
})
EFFECTS = frozenset({
    "accepts_language", "requires_dual_criminality", "ground_mandatory", "requires_judge", "requires_notification",
    "limit", "reserves", "requires_form",
})
TOPICS = (
    "proportionality", "confidentiality", "remedies", "notice", "speciality", "onward_transfer", "retention", "costs",
    "urgent_channel", "review", "sunset",
)
PROCEEDINGS = frozenset({"request", "order", "surrender", "freezing", "joint_team"})
# Where a request holds what an instrument asks for: its sections (docket/sections.py), or what only the form has.
FIELDS = frozenset({
    "addressee.authority", "addressee.party", "basis.article", "basis.domestic_provision", "basis.instrument",
    "confidentiality", "facts", "language", "measures", "measures.category", "measures.description", "measures.holder",
    "measures.period", "measures.procedures", "measures.targets", "notice.mode", "notice.reasons", "offence.code",
    "offence.description", "offence.list_category", "offence.max_years", "offence.place", "offence.time", "persons",
    "privilege.checked", "purpose.proceedings", "purpose.statement", "reference", "related", "remedies.available",
    "remedies.contact", "retention.provision", "rights.assessment", "urgency.deadline", "urgency.reason",
    "weighing.less_intrusive", "weighing.necessity", "weighing.proportionality",
})
FORM_FIELDS = frozenset({
    "authorisation", "certification", "composition", "guarantees", "in_absentia", "issuing_authority",
    "notified_authority", "period", "property.description", "property.restitution", "requesting_authority",
    "return_contact", "signature", "transfer", "validating_authority",
})
_LANGUAGE = re.compile(r"[a-z]{2}")
_FACT = re.compile(r"[a-z0-9_]+( \| [a-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class _Ids:
    """Every id that something may refer to."""

    instruments: frozenset[str]
    measures: frozenset[str]
    categories: frozenset[str]
    sets: frozenset[str]
    lists: Mapping[str, frozenset[str]]
    iccs: frozenset[str]
    safeguards: frozenset[str]
    grounds: Mapping[str, frozenset[str]]


def faults(d: Decoded) -> Iterator[Fault]:
    """Everything that refers to something that is not there, goes round in a circle, is missing or contradicts."""
    ids = _Ids(
        frozenset(i.id for i in d.instruments.values()), frozenset(m.id for m in d.measures),
        frozenset(c.id for c in d.categories), frozenset(s.id for s in d.country_sets),
        {x.id: frozenset(c.id for c in x.categories) for x in d.lists.values()}, frozenset(c.code for c in d.iccs),
        frozenset(s.id for s in d.safeguards),
        {i.id: frozenset(g.id for g in i.grounds) for i in d.instruments.values()},
    )
    members = {s.id: frozenset(s.members) for s in d.country_sets}
    yield from identity_faults(d)
    for file, i in d.instruments.items():
        yield from _name(file, i.id)
        yield from _instrument(file, i, ids)
        yield from _gaps(file, i)
        yield from _contradictions(file, i)
        yield from _both_ways(file, i, members)
    yield from _circles(d)
    for file, p in d.parties.items():
        yield from _name(file, p.party)
        yield from _party(file, p, ids)
    yield from _shared(d, ids)


def _name(file: str, stem: str) -> Iterator[Fault]:
    if PurePosixPath(file).stem != stem:
        yield Fault(file, ".id", f"The file is called {PurePosixPath(file).name} but is about {stem}.", "Rename one.")


def _unknown(file: str, path: str, kind: str, used: Iterable[str], known: Iterable[str]) -> Iterator[Fault]:
    for one in used:
        if one and one not in known:
            yield Fault(file, path, f"Unknown {kind} {one!r}.", f"Correct it, or add the {kind} where it is kept.")


def _instrument(file: str, i: Instrument, ids: _Ids) -> Iterator[Fault]:
    yield from _unknown(file, ".displaces", "instrument", i.displaces, ids.instruments)
    yield from _unknown(file, ".only_without", "instrument", i.only_without, ids.instruments)
    yield from _unknown(file, ".parent", "instrument", (i.parent,), ids.instruments)
    yield from _unknown(file, ".proceeding", "proceeding", (i.proceeding,), PROCEEDINGS)
    for kind, group in (("bound", i.bound), ("excluded", i.excluded)):
        for n, m in enumerate(group):
            yield from _unknown(file, f".{kind}[{n}].country_set", "country set", (m.country_set,), ids.sets)
    for n, rule in enumerate(i.measures):
        yield from _measure(file, f".measures[{n}]", rule, ids)
    offered = {m.id for m in i.measures}
    yield from _offered(file, i, offered)
    limits = {x.name for x in i.limits}
    for n, limit in enumerate(i.limits):
        yield from _unknown(file, f".limits[{n}].extends", "limit", (limit.extends,), limits)
    for n, dual in enumerate(i.dual_criminality):
        yield from _unknown(file, f".dual_criminality[{n}].list_id", "list of offences", (dual.list_id,), ids.lists)
    for n, t in enumerate(i.thresholds):
        yield from _threshold(file, f".thresholds[{n}]", t, ids)
    for n, g in enumerate(i.grounds):
        yield from _unknown(file, f".grounds[{n}].only_without", "instrument", g.only_without, ids.instruments)
    for n, c in enumerate(i.contents):
        yield from _unknown(file, f".contents[{n}].field", "field of a request", (c.field,), FIELDS | FORM_FIELDS)
    for kind, rules in (("scope", i.scope), ("rules", i.rules)):
        for n, r in enumerate(rules):
            yield from _parameters(file, f".{kind}[{n}].parameters", r, offered, ids)


def _parameters(file: str, path: str, r: Rule, offered: set[str], ids: _Ids) -> Iterator[Fault]:
    """Parameters that name something: kinds of offences, measures, sets of countries, Parties."""
    said = {k: v.replace(",", " ").split() for k, v in r.parameters.items() if isinstance(v, str)}
    kinds = [k for k in (*said.get("offences", ()), *said.get("convention_offences", ())) if not k.isdigit()]
    yield from _unknown(file, path, "kind of offence", kinds, _kinds(ids))
    yield from _unknown(file, path, "measure of this instrument", said.get("measures", ()), offered)
    named = (*said.get("measure", ()), *said.get("excludes_measures", ()))
    yield from _unknown(file, path, "measure", named, ids.measures)
    yield from _unknown(file, path, "measure of this instrument", said.get("not_for", ()), offered)
    yield from _unknown(file, path, "instrument", said.get("treaties", ()), ids.instruments)
    yield from _unknown(file, path, "country set", (*said.get("parties", ()), *said.get("between", ())), ids.sets)
    if "between" in said:
        yield from _unknown(file, path, "country", said.get("and", ()), OFFICIAL)


def _measure(file: str, path: str, m: MeasureRule, ids: _Ids) -> Iterator[Fault]:
    yield from _unknown(file, f"{path}.id", "measure", (m.id,), ids.measures)
    yield from _unknown(file, f"{path}.categories", "data category", m.categories, ids.categories)
    yield from _unknown(file, f"{path}.only_without", "instrument", m.only_without, ids.instruments)
    for field in ("issue", "validate", "execute"):
        yield from _unknown(file, f"{path}.{field}", "kind of authority", getattr(m, field), AUTHORITIES)
    for n, t in enumerate(m.thresholds):
        yield from _threshold(file, f"{path}.thresholds[{n}]", t, ids)


def _threshold(file: str, path: str, t: Threshold, ids: _Ids) -> Iterator[Fault]:
    if t.years is None and t.months is None:
        yield Fault(file, path, "A threshold without a number.", "Give `years` or `months`.")
    if (t.years is not None and t.years < 1) or (t.months is not None and t.months < 1):
        yield Fault(file, path, "A threshold must be positive.", "Correct `years` or `months`.")
    yield from _unknown(file, f"{path}.or_offences", "kind of offence", t.or_offences, _kinds(ids))
    yield from _unknown(file, f"{path}.applies_to", "stage", (t.applies_to,), ("prosecution", "sentence"))


def _kinds(ids: _Ids) -> frozenset[str]:
    """Kinds of offences that a threshold or a scope may name: those of `KINDS`, and the 32 categories."""
    return ids.lists.get("thirty_two", frozenset()).union(KINDS)


def _offered(file: str, i: Instrument, offered: set[str]) -> Iterator[Fault]:
    named = [
        *((f".limits[{n}].measures", x.measures) for n, x in enumerate(i.limits)),
        *((f".contents[{n}].measures", x.measures) for n, x in enumerate(i.contents)),
        *((f".dual_criminality[{n}].measures", x.measures) for n, x in enumerate(i.dual_criminality)),
    ]
    for path, measures in named:
        yield from _unknown(file, path, "measure of this instrument", measures, offered)
    for n, g in enumerate(i.grounds):
        for field in ("not_for", "only_for"):
            used = getattr(g, field)
            yield from _unknown(file, f".grounds[{n}].{field}", "measure of this instrument", used, offered)
        for field in ("on", "unless"):
            if any(not _FACT.fullmatch(fact) for fact in getattr(g, field)):
                what, mend = "A fact is a word in small letters.", "Write judged_there, or served | being_served."
                yield Fault(file, f".grounds[{n}].{field}", what, mend)


def _gaps(file: str, i: Instrument) -> Iterator[Fault]:
    for field in ("bound", "measures", "contents", "grounds"):
        if not getattr(i, field) and (i.in_force or field != "bound"):
            yield Fault(
                file, f".{field}", f"A gap: nothing is said about {field}.",
                f"Add [[{field}]], or a rule with topic {field!r} that says why there is none.",
            )
    topics = {r.topic for r in i.rules}
    for topic in TOPICS:
        if topic not in topics:
            yield Fault(
                file, ".rules", f"A gap: nothing is said about {topic}.",
                f"Add a rule with topic {topic!r}; where the instrument is silent, say so with regulated = false.",
            )


def _contradictions(file: str, i: Instrument) -> Iterator[Fault]:
    excluded = {p for m in i.excluded for p in m.parties if m.until is None and m.since is None}
    for n, m in enumerate(i.bound):
        for p in excluded.intersection(m.parties):
            what = f"A contradiction: {p} is both bound and expressly not bound."
            yield Fault(file, f".bound[{n}]", what, "Remove one, or give both their dates.")
    for n, dual in enumerate(i.dual_criminality):
        if dual.rule == "list_exception" and not (dual.list_id and dual.threshold_years):
            what = "A contradiction: a list exception without list or threshold."
            yield Fault(file, f".dual_criminality[{n}]", what, "Give `list_id` and `threshold_years`.")
    free = {m for d in i.dual_criminality if d.rule == "not_required" for m in d.measures}
    for n, g in enumerate(i.grounds):
        barred = free.difference(g.not_for) if not g.only_for else free.intersection(g.only_for)
        if g.id == "dual_criminality" and barred:
            what = f"A contradiction: double criminality is not required for {', '.join(sorted(barred))}, yet a ground."
            yield Fault(file, f".grounds[{n}]", what, "Put these measures into `not_for`.")
    for n, limit in enumerate(i.limits):
        if limit.amount is not None and limit.amount <= 0:
            yield Fault(file, f".limits[{n}].amount", "A limit must be positive.", "Correct the amount.")
        if limit.minimum and limit.at_end:
            what = "A contradiction: a floor cannot be due at its end."
            yield Fault(file, f".limits[{n}]", what, "Keep `minimum` or `at_end`.")


def _both_ways(file: str, i: Instrument, members: Mapping[str, frozenset[str]]) -> Iterator[Fault]:
    """A Party of a set that is expressly not bound; one set bound twice for the same days."""
    out = {p for m in i.excluded if m.since is None and m.until is None for p in m.parties}
    for n, m in enumerate(i.bound):
        for p in sorted(out & members.get(m.country_set, frozenset())):
            what = f"A contradiction: {p} is of the set {m.country_set} that is bound, and expressly not bound."
            yield Fault(file, f".bound[{n}].country_set", what, "Name another set, or remove the exclusion.")
        same = (x for x in i.bound[:n] if x.country_set == m.country_set != "" and x.overlaps(m))
        if next(same, None) is not None:
            what = f"Overlapping dates: the set {m.country_set} is bound twice for the same days."
            yield Fault(file, f".bound[{n}]", what, "Give the earlier one an `until`, or remove one.")


def _circles(d: Decoded) -> Iterator[Fault]:
    files = {i.id: file for file, i in d.instruments.items()}
    for field in ("displaces", "only_without", "parent"):
        graph = {i.id: _targets(i, field) for i in d.instruments.values()}
        for node in _in_circle(graph):
            what = f"A circular reference: {node} refers to itself through `{field}`."
            yield Fault(files[node], f".{field}", what, "Remove one of the references.")
    for file, i in d.instruments.items():
        extends = {x.name: frozenset({x.extends} if x.extends else ()) for x in i.limits}
        for name in _in_circle(extends):
            n = next(n for n, x in enumerate(i.limits) if x.name == name)
            what = f"A circular reference: the limit {name} extends itself."
            yield Fault(file, f".limits[{n}].extends", what, "Name the limit that is extended.")


def _targets(i: Instrument, field: str) -> frozenset[str]:
    if field == "displaces":
        return frozenset(i.displaces)
    if field == "parent":
        return frozenset({i.parent} if i.parent else ())
    return frozenset(i.only_without).union(*(m.only_without for m in i.measures))


def _in_circle(graph: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for start in graph:
        seen: set[str] = set()
        ahead = list(graph[start])
        while ahead:
            node = ahead.pop()
            if node not in seen:
                seen.add(node)
                ahead.extend(graph.get(node, ()))
        if start in seen:
            yield start


def _party(file: str, p: PartyLaw, ids: _Ids) -> Iterator[Fault]:
    if p.time_zone not in _zones():
        yield Fault(file, ".time_zone", f"Unknown time zone {p.time_zone!r}.", "Give a name of the IANA database.")
    yield from _unknown(file, ".holidays", "country code of a calendar", (p.holidays,), OFFICIAL)
    if not p.languages:
        yield Fault(file, ".languages", "A gap: no official language.", "Give at least one (ISO 639-1).")
    yield from _languages(file, ".languages", p.languages)
    for n, holiday in enumerate(p.holidays_too):
        if not _is_day(holiday.day):
            yield Fault(file, f".holidays_too[{n}].day", f"{holiday.day!r} is no day.", "Give month and day: 05-05.")
        for place in set(holiday.parts_of) - set(p.subdivisions):
            yield Fault(file, f".holidays_too[{n}].parts_of", f"Unknown subdivision {place!r}.", "See `subdivisions`.")
    for other, own in p.cited_as.items():
        if not any(o.code.startswith(own) for o in p.offences):
            yield Fault(
                file, ".cited_as", f"{other!r} stands for {own!r}, by which no offence is cited.",
                "Name the law, or the whole offence, as a `code` of the file begins.",
            )
    for n, d in enumerate(p.declarations):
        yield from _declaration(file, f".declarations[{n}]", d, ids)
    for n, o in enumerate(p.offences):
        yield from _offence(file, f".offences[{n}]", o, ids)


@cache
def _zones() -> set[str]:
    return available_timezones()


def _is_day(month_and_day: str) -> bool:
    try:
        return bool(date.fromisoformat(f"2024-{month_and_day}"))  # a leap year
    except ValueError:
        return False


def _declaration(file: str, path: str, d: Declaration, ids: _Ids) -> Iterator[Fault]:
    if d.instrument != "*":
        yield from _unknown(file, f"{path}.instrument", "instrument", (d.instrument,), ids.instruments)
    yield from _unknown(file, f"{path}.effect", "effect", (d.effect,), EFFECTS)
    yield from _unknown(file, f"{path}.measures", "measure", d.measures, ids.measures)
    if d.effect == "limit" and (d.amount is None or d.amount < 1):
        yield Fault(file, path, "A limit without an amount.", "Give `amount`, a positive number, and `unit`.")
    if d.effect == "accepts_language" and d.value:
        yield from _languages(file, f"{path}.value", (d.value,))
    if d.effect == "ground_mandatory":
        known = ids.grounds.get(d.instrument) or frozenset().union(*ids.grounds.values())
        yield from _unknown(file, f"{path}.value", "ground for refusal", (d.value,), known)
    if d.effect in ("accepts_language", "ground_mandatory") and not d.value:
        yield Fault(file, path, f"{d.effect} without a value.", "Give `value`: the language or the ground's id.")


def _languages(file: str, path: str, codes: Iterable[str]) -> Iterator[Fault]:
    for code in codes:
        if not _LANGUAGE.fullmatch(code):
            yield Fault(file, path, f"{code!r} is no language code.", "Give ISO 639-1, two small letters (de, fr).")


def _offence(file: str, path: str, o: NationalOffence, ids: _Ids) -> Iterator[Fault]:
    yield from _unknown(file, f"{path}.iccs", "ICCS code", (o.iccs,), ids.iccs)
    listed = ids.lists.get("thirty_two", frozenset())
    yield from _unknown(file, f"{path}.list_category", "list category", (o.list_category,), listed)
    if o.fine_only and (o.max_years is not None or o.life):
        what = "A contradiction: a fine only, and a deprivation of liberty."
        yield Fault(file, path, what, "Remove `fine_only` or the maximum.")


def _shared(d: Decoded, ids: _Ids) -> Iterator[Fault]:
    named = frozenset(x.name for s in d.standards for x in s.limits)
    for n, s in enumerate(d.standards):
        for k, limit in enumerate(s.limits):
            where = f".standards[{n}].limits[{k}].extends"
            yield from _unknown("standards.toml", where, "limit", (limit.extends,), named)
        yield from _unknown("standards.toml", f".standards[{n}].safeguard", "safeguard", (s.safeguard,), ids.safeguards)
        if s.binds != "*":
            yield from _unknown("standards.toml", f".standards[{n}].binds", "country set", (s.binds,), ids.sets)
    for file, x in d.lists.items():
        for n, c in enumerate(x.categories):
            yield from _unknown(file, f".categories[{n}].iccs", "ICCS code", c.iccs, ids.iccs)
            if c.list_id != x.id:
                what = f"It says that it is of the list {c.list_id!r}."
                yield Fault(file, f".categories[{n}].list_id", what, f"Write {x.id!r}.")
    for n, measure in enumerate(d.measures):
        path = f".measures[{n}].categories"
        yield from _unknown("measures.toml", path, "data category", measure.categories, ids.categories)
        yield from _unknown("measures.toml", f".measures[{n}].like", "measure", measure.like, ids.measures)
        if measure.id in measure.like:
            what = f"A circular reference: {measure.id} is said to be like itself."
            yield Fault("measures.toml", f".measures[{n}].like", what, "Remove it.")
    for n, code in enumerate(d.iccs):
        if len(code.code) > 2 and code.code[:-1] not in ids.iccs and code.code[:-2] not in ids.iccs:
            yield Fault("iccs.toml", f".iccs[{n}]", f"{code.code} has no parent.", "Add the code one level up.")
