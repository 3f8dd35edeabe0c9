"""Which instrument? The ways open between two Parties for a measure on a day, best first, and why others are closed.

What the files cannot answer is *cannot tell*, never a guess: such a way stands apart, with its question.

Left to others: dual criminality in the case itself (`comity.law.offences`), notification (`comity.law.jurisdiction`),
conditions of a request (`comity.safeguards`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from comity.errors import Malformed
from comity.law.book import LawBook
from comity.law.countries import how_to_write
from comity.law.needs import Need, needs_of
from comity.law.offences import OffenceFacts
from comity.law.schema import Cited, Instrument, MeasureRule, Rule
from comity.law.thresholds import below_threshold

_NOT_OFFERED = "It does not offer: "
_NEVER = "Not in force on the record seen: check whether it has entered into force since."


@dataclass(frozen=True, slots=True)
class Route:
    """A way that is open: the instrument, its rule for the measure, and what it needs, each with its provision."""

    instrument: Instrument
    rule: MeasureRule
    needs: tuple[Need, ...]
    provision: str

    @property
    def certain(self) -> bool:
        """False when something it needs rests on what is not verified or not in the files."""
        return all(n.settled for n in self.needs)


@dataclass(frozen=True, slots=True)
class Closed:
    """An instrument that is not open, why, and the provision that closes it."""

    instrument: Instrument
    reason: str
    provision: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """An instrument of which the files cannot tell whether it is open, and the question to be answered."""

    instrument: Instrument
    question: str
    provision: str


@dataclass(frozen=True, slots=True)
class Routes:
    """The answer: open ways best first, what the files cannot tell, and closed ones with the reason."""

    open: tuple[Route, ...]
    cannot_tell: tuple[Unclear, ...]
    closed: tuple[Closed, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked: from whom, of whom, which measure about which data, for which offence, on which day."""

    book: LawBook
    from_party: str
    to_party: str
    measure: str
    category: str
    offence: OffenceFacts | None
    day: date


def routes(
    book: LawBook,
    from_party: str,
    to_party: str,
    measure: str,
    category: str = "",
    offence: OffenceFacts | None = None,
    *,
    day: date,
) -> Routes:
    """The instruments open from ``from_party`` (ISO 3166-1 alpha-2) to ``to_party`` for ``measure`` on ``day``.

    ``category`` (a data category) and ``offence`` narrow the answer. Raises NotFound for an unknown measure or
    category, Malformed for something that is no country code or one Party twice.
    """
    if from_party == to_party:
        raise Malformed(f"{from_party} cannot ask itself.", "Name two Parties.")
    for party in (from_party, to_party):
        _check_country(party)
    book.measure(measure)
    if category:
        book.data_category(category)
    q = _Question(book, from_party, to_party, measure, category, offence, day)
    found = [_one(q, i) for i in book.instruments]
    found = [_displaced(q, f, found) for f in found]
    return _sorted(found)


def _check_country(code: str) -> None:
    if hint := how_to_write(code):
        raise Malformed(f"{code!r} is no country code.", hint)


def _sorted(found: list[Route | Closed | Unclear]) -> Routes:
    ways = [f for f in found if isinstance(f, Route)]
    ways.sort(key=lambda r: (_in_doubt(r), r.instrument.preference, r.instrument.id))
    return Routes(
        tuple(ways),
        tuple(f for f in found if isinstance(f, Unclear)),
        tuple(sorted((f for f in found if isinstance(f, Closed)), key=_beside)),
    )


def _beside(c: Closed) -> bool:
    """Instruments that do not offer the measure at all come last."""
    return c.reason.startswith(_NOT_OFFERED)


def _in_doubt(r: Route) -> bool:
    """Whether it is in doubt that the way is open at all; doubts about the case itself do not change the order."""
    kinds = ("no_treaty", "not_replaced", "other_agreement", "threshold")
    return any(n.kind in kinds and not n.settled for n in r.needs)


def _one(q: _Question, i: Instrument) -> Route | Closed | Unclear:
    """What certainly shuts the way comes first, then what the files cannot tell; else it is open."""
    rule = _rule(q, i)
    force, bound = _in_force(q, i), _bound(q, i)
    if isinstance(force, Closed):
        return force
    if rule is None:
        return _not_offered(q, i)
    said = (_parent(q, i), bound, force, _reserved(q, i, rule), _without(q, i, rule), _reach(q, i, rule))
    shut = next((x for x in said if isinstance(x, Closed)), None) or next((x for x in said if x is not None), None)
    return shut or _open(q, i, rule)


def _in_force(q: _Question, i: Instrument) -> Closed | Unclear | None:
    stated = i.is_in_force(q.day)
    if stated is None:
        return Closed(i, _not_in_force(i, q.day), _status(i))
    if not stated.settled or not stated.knows(q.day):
        return Unclear(i, f"Is {i.short} in force on {q.day}?", stated.provision)
    return None


def _not_in_force(i: Instrument, day: date) -> str:
    starts = [c.since for c in i.in_force if c.since and c.since > day]
    if starts:
        return f"Not yet in force on {day}; from {min(starts)}."
    ends = [c.until for c in i.in_force if c.until and c.until < day]
    if ends:
        return f"No longer in force on {day}; until {max(ends)}."
    said = next((r for r in i.rules if r.topic == "status" and r.holds_on(day) and r.knows(day)), None)
    return f"{_NEVER} {said.text}" if said is not None else _NEVER


def _status(i: Instrument) -> str:
    topics = ("entry_into_force", "status")
    told = [r.provision for topic in topics for r in (*i.rules, *i.scope) if r.topic == topic]
    return next(iter([*(c.provision for c in i.in_force), *told]), i.citation)


def _rule(q: _Question, i: Instrument) -> MeasureRule | None:
    """The rule for the measure itself, or for the nearest one that reaches the same end about the same data."""
    for wanted in (q.measure, *q.book.measure(q.measure).like):
        rule = i.measure(wanted, q.day)
        if rule is not None and (not q.category or q.category in rule.categories):
            return rule
    return None


def _not_offered(q: _Question, i: Instrument) -> Closed:
    title = q.book.measure(q.measure).title
    about = f" about {q.book.data_category(q.category).title.lower()}" if q.category else ""
    outside = next((r for r in i.scope if r.holds_on(q.day) and q.measure in _excluded(r)), None)
    if outside is not None:
        return Closed(i, f"{_NOT_OFFERED}{title}{about}. {outside.text}", outside.provision)
    return Closed(i, f"{_NOT_OFFERED}{title}{about}.", i.citation)


def _excluded(r: Rule) -> list[str]:
    """Measures that a statement on scope leaves out (Directive 2014/41/EU art 3: joint teams)."""
    return str(r.parameters.get("excludes_measures", "")).split()


def _bound(q: _Question, i: Instrument) -> Closed | Unclear | None:
    unclear: Unclear | None = None
    for party in (q.from_party, q.to_party):
        out = q.book.excluded(i.id, party, q.day)
        if out is not None and not out.settled:
            unclear = unclear or Unclear(i, f"Is {party} not bound by {i.short}? {out.note}".strip(), out.provision)
            continue
        if out is not None:
            why = f" ({out.note})" if out.note else ""
            return Closed(i, f"{party} is not bound{why}.", out.provision)
        if not q.book.known_on(i.id, party, q.day):
            where = _first(i.bound, i.citation)
            unclear = unclear or Unclear(i, f"Is {party} bound by {i.short} on {q.day}?", where)
        elif q.book.bound(i.id, party, q.day) is None:
            return _not_bound(q, i, party)
    return unclear


def _not_bound(q: _Question, i: Instrument, party: str) -> Closed:
    """Never bound as far as the files tell; or no longer (a denunciation, an exit), or not yet."""
    for m in q.book.memberships.get((i.id, party), ()):
        if m.until is not None and m.until < q.day:
            return Closed(i, f"{party} is no longer bound on {q.day}; until {m.until}.", m.provision)
        if m.since is not None and m.since > q.day:
            return Closed(i, f"{party} is not bound on {q.day}; from {m.since}.", m.provision)
    return Closed(i, f"{party} is not bound on {q.day}.", _first(i.bound, i.citation))


def _parent(q: _Question, i: Instrument) -> Closed | None:
    """A protocol binds Parties to its convention only (ETS 182 art 30; CETS 224 art 16)."""
    if not i.parent:
        return None
    shut = _bound(q, q.book.instrument(i.parent))
    if not isinstance(shut, Closed):
        return None
    reason = f"{shut.reason.rstrip('.')} by {shut.instrument.short}, to which it is a protocol."
    return Closed(i, reason, shut.provision)


def _reserved(q: _Question, i: Instrument, rule: MeasureRule) -> Closed | Unclear | None:
    """A Party that has reserved the whole measure neither gives nor gets it (CETS 224 art 7(9)(a))."""
    unclear: Unclear | None = None
    for party in (q.to_party, q.from_party):
        law = q.book.by_party.get(party)
        for d in law.declared(i.id, "reserves", q.day, rule.id) if law else ():
            if d.value == "measure" and d.settled:
                return Closed(i, f"{party} has reserved it: {d.text}", d.provision)
            if d.value == "measure":
                unclear = unclear or Unclear(i, f"Has {party} reserved it? {d.text}", d.provision)
    return unclear


def _first(stated: tuple[Cited, ...], otherwise: str) -> str:
    return stated[0].provision if stated else otherwise


def _without(q: _Question, i: Instrument, rule: MeasureRule) -> Closed | Unclear | None:
    """Open only where no other treaty is (Budapest Convention art 27)."""
    unclear: Unclear | None = None
    for other_id in (*i.only_without, *rule.only_without):
        other = q.book.instrument(other_id)
        state = _in_force(q, other) or _bound(q, other)
        if state is None:
            return Closed(i, f"Open only without another treaty; {other.short} binds both.", rule.provision)
        if isinstance(state, Unclear):
            unclear = unclear or Unclear(i, f"Open only without another treaty: {state.question}", rule.provision)
    return unclear


def _reach(q: _Question, i: Instrument, rule: MeasureRule) -> Closed | None:
    """Not open for the offence: below a threshold, or outside the offences the instrument is about."""
    if q.offence is None:
        return None
    below = below_threshold(i, rule, q.offence, q.day)
    if below is not None and below.certain:
        return Closed(i, below.reason, below.provision)
    return None


def _open(q: _Question, i: Instrument, rule: MeasureRule) -> Route:
    needs = needs_of(q.book, i, rule, (q.from_party, q.to_party), q.offence, q.day)
    if i.only_without or rule.only_without:
        what = "No bilateral treaty or reciprocal arrangement between them; bilateral treaties are not in the files."
        needs = (Need("no_treaty", what, rule.provision, settled=False), *needs)
    return Route(i, rule, needs, rule.provision)


def _displaced(
    q: _Question, this: Route | Closed | Unclear, found: list[Route | Closed | Unclear]
) -> Route | Closed | Unclear:
    """Replaced between Parties bound by both, for what the other offers (Directive 2014/41/EU art 34)."""
    if isinstance(this, Closed):
        return this
    whole = _wholly_displacing(q, this.instrument.id)
    if whole is not None:
        return Closed(this.instrument, f"Replaced between them by {whole.short}.", _relation(whole))
    for other in _displacing(this.instrument.id, found):
        provision = _relation(other.instrument)
        if isinstance(other, Route):
            return Closed(this.instrument, f"Replaced between them by {other.instrument.short}.", provision)
        if isinstance(this, Route):
            what = f"Not replaced by {other.instrument.short}: {other.question}"
            this = replace(this, needs=(Need("not_replaced", what, provision, settled=False), *this.needs))
    return this


def _wholly_displacing(q: _Question, instrument: str) -> Instrument | None:
    """What replaces it between them also for what is not offered any more (EAW art 31(1))."""
    whole = (i for i in q.book.instruments if i.displaces_wholly and instrument in i.displaces)
    return next((i for i in whole if not (_in_force(q, i) or _bound(q, i))), None)


def _displacing(instrument: str, found: list[Route | Closed | Unclear]) -> Iterator[Route | Unclear]:
    for f in found:
        if not isinstance(f, Closed) and instrument in f.instrument.displaces:
            yield f


def _relation(i: Instrument) -> str:
    return next((r.provision for r in (*i.scope, *i.rules) if r.topic == "relation"), i.citation)
