"""Jurisdiction: whom an order must be notified to and with what effect, and whom it may not be aimed at.

Asked with the facts that count: where the person concerned resides and is, where the offence was committed, where the
provider's seat (designated establishment) and the data are. A fact that is not known is None, and where the answer
turns on it the answer is *cannot tell*; an exception that is not shown does not apply.

Left to others: the time limits of a notification (`comity.law.time_limits`), notice to the person (`safeguards`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from comity.law.book import LawBook
from comity.law.schema import Cited, Instrument, Limit, MeasureRule, Rule

Effect = Literal["suspends", "informs", "may_object", "must_consult"]
Answer = Literal["required", "not_required", "cannot_tell"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What jurisdiction turns on; Parties as ISO 3166-1 alpha-2, None where not known."""

    from_party: str
    to_party: str
    residence: str | None = None  # where the person whose data are sought resides
    person_in: str | None = None  # where the person, or the target of an interception, is
    nationality: str | None = None
    us_person: bool | None = None  # 18 USC 2523(a)(2)
    offence_place: str | None = None
    provider_seat: str | None = None  # designated establishment or legal representative
    data_location: str | None = None
    emergency: bool = False
    after_us_person: bool = False  # aimed at somebody else to get what concerns a US person
    on_behalf_of: str | None = None  # another government at whose request, or for whom, the order is issued
    needs_assistance: bool = True  # an interception that needs technical assistance of the other State


@dataclass(frozen=True, slots=True)
class Notification:
    """Whether a Party must be notified, with what effect, why, and under which provision; ``settled``: as law is."""

    party: str
    answer: Answer
    effect: Effect
    reason: str
    provision: str
    limit: Limit | None = None  # within which the Party that is notified answers
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """Whom the order may not be aimed at: ``certain`` is False when a fact that decides it is not known."""

    reason: str
    provision: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """Notifications owed or excused, bars, and questions that the facts leave open."""

    notifications: tuple[Notification, ...]
    bars: tuple[Bar, ...]
    questions: tuple[str, ...]

    @property
    def answered(self) -> bool:
        """Whether all is said that such an order turns on, and nothing stands against it."""
        told = all(n.answer != "cannot_tell" for n in self.notifications)
        return told and not self.bars and not self.questions

    @property
    def required(self) -> tuple[Notification, ...]:
        """The notifications that must be made."""
        return tuple(n for n in self.notifications if n.answer == "required")


def jurisdiction(book: LawBook, instrument_id: str, measure: str, facts: Facts, day: date) -> Jurisdiction:
    """Whom an order under ``instrument_id`` for ``measure`` must be notified to on ``day``, and whom it may not target.

    Where the instrument is not in force or does not bind one of the two, nothing is owed under it, and the question
    says so. Raises NotFound for an unknown instrument or measure.
    """
    i = book.instrument(instrument_id)
    book.measure(measure)
    rule = i.measure(measure, day)
    shut = _not_open(book, i, facts, day)
    if shut:
        return Jurisdiction((), (*_bars(i, facts, day), *_statute(i, facts, day)), (shut,))
    notifications = [*_enforcing(i, rule, facts, day), *_interception(book, i, measure, facts, day)]
    notifications += [*_third_country(i, facts, day), *_declared(book, i, measure, facts, day)]
    questions = (*unsettled_reach(book, i, (facts.from_party, _asked(i, facts)), day), *_questions(i, rule, facts, day))
    return Jurisdiction(tuple(notifications), (*_bars(i, facts, day), *_statute(i, facts, day)), questions)


def _not_open(book: LawBook, i: Instrument, f: Facts, day: date) -> str:
    """Why nothing can be owed under the instrument at all; empty when it is open, or when the files cannot tell."""
    if i.is_in_force(day) is None:
        return f"{i.short} is not in force on {day}: no order or request rests on it."
    asked = _asked(i, f)
    if i.proceeding == "order" and asked == f.from_party:
        return f"The provider is established in {asked} itself: {i.short} is for a provider in another State."
    for party in (f.from_party, asked):
        if book.bound(i.id, party, day) is None and book.known_on(i.id, party, day):
            return f"{party} is not bound by {i.short} on {day}: no order or request under it goes from or to it."
    return ""


def unsettled_reach(book: LawBook, i: Instrument, parties: tuple[str, ...], day: date) -> Iterator[str]:
    """What the files cannot tell of an instrument that is not known to be closed: in force, and binding whom?"""
    in_force = i.is_in_force(day)
    if in_force is not None and not (in_force.settled and in_force.knows(day)):
        yield f"Cannot tell whether {i.short} is in force on {day} ({in_force.provision})."
    for party in parties:
        if not book.known_on(i.id, party, day):
            yield f"Cannot tell whether {party} is bound by {i.short} on {day}."


def _asked(i: Instrument, f: Facts) -> str:
    """The Party where the order goes: an order, to the provider's seat; anything else, to the requested Party."""
    return (f.provider_seat or f.to_party) if i.proceeding == "order" else f.to_party


def _rule(i: Instrument, topic: str, day: date) -> Rule | None:
    return next((r for r in (*i.rules, *i.scope) if r.topic == topic and r.holds_on(day)), None)


def _enforcing(i: Instrument, rule: MeasureRule | None, f: Facts, day: date) -> Iterator[Notification]:
    """The enforcing authority, unless offence and residence are at home (Regulation (EU) 2023/1543 art 8)."""
    if i.proceeding != "order" or rule is None:
        return
    said = _rule(i, "notification", day)
    where = _asked(i, f)
    provision = said.provision if said else rule.provision
    if not rule.notify_authority:
        if said is not None and any(m.notify_authority for m in i.measures):
            yield Notification(where, "not_required", "informs", "Not for this measure or category of data.", provision)
        return
    exception = _rule(i, "residence_exception", day)
    if exception is not None and f.offence_place == f.from_party and f.residence == f.from_party:
        why, rests = "The offence is committed in the issuing State and the person resides there.", exception
        yield Notification(
            where, _sure(rests, "not_required"), "informs", why, rests.provision, settled=rests.settled
        )
        return
    why, limit, stated = _why(f, exception is not None), _answers(i, said, rule.id, f, day), said or rule
    yield Notification(
        where, _sure(stated, "required"), _effect(i, rule, f, day), why, provision, limit, stated.settled
    )


def _sure(rests: Cited, answer: Answer) -> Answer:
    """The answer, where what it rests on is settled law."""
    return answer if rests.settled else "cannot_tell"


def _answers(i: Instrument, said: Rule | None, measure: str, f: Facts, day: date) -> Limit | None:
    """The limit within which a notified Party answers, by the name that the rule on notification gives it."""
    name = str(said.parameters.get("limit", "")) if said else ""
    return i.limit(name, day, measure, f.emergency) if name else None


def _effect(i: Instrument, rule: MeasureRule, f: Facts, day: date) -> Effect:
    """Suspends the addressee's duty, except in an emergency (Regulation (EU) 2023/1543 art 8(4))."""
    said = _rule(i, "notification_effect", day)
    suspends = rule.notify_effect == "suspends" or bool(said and said.parameters.get("suspends"))
    if f.emergency and said is not None and said.parameters.get("in_emergency") is False:
        suspends = False
    return "suspends" if suspends else "may_object"


def _why(f: Facts, exception: bool) -> str:
    if not exception:
        return "The instrument requires it."
    if f.residence not in (None, f.from_party):
        return f"The person resides in {f.residence}, not in the issuing State."
    if f.offence_place not in (None, f.from_party):
        return f"The offence was committed in {f.offence_place}, not in the issuing State."
    asked = (("residence", f.residence), ("place of the offence", f.offence_place))
    return f"The residence exception is not shown: {' and '.join(w for w, v in asked if not v)} not known."


def _interception(book: LawBook, i: Instrument, measure: str, f: Facts, day: date) -> Iterator[Notification]:
    """The State where the target is, when its help is not needed (Directive 2014/41/EU art 31)."""
    said = _rule(i, "notification", day)
    if measure != "interception" or said is None or i.proceeding != "request":
        return
    if f.person_in is None:
        why = "Where the target is, is not known; notify immediately on becoming aware."
        yield Notification(f.to_party, "cannot_tell", "may_object", why, said.provision)
    elif f.person_in == f.from_party:
        yield Notification(f.person_in, "not_required", "informs", "The target is in the State itself.", said.provision)
    elif f.person_in == f.to_party and f.needs_assistance:
        why = "Its technical assistance is asked for by the order itself."
        yield Notification(f.person_in, "not_required", "informs", why, said.provision)
    elif not book.known_on(i.id, f.person_in, day):
        why = f"The target is in {f.person_in}; cannot tell whether it is bound by {i.short}."
        yield Notification(f.person_in, "cannot_tell", "may_object", why, said.provision)
    elif book.bound(i.id, f.person_in, day) is not None:
        why = f"The target is in {f.person_in}, whose technical assistance is not needed; it may object."
        limit, answer = _answers(i, said, measure, f, day), _sure(said, "required")
        yield Notification(f.person_in, answer, "may_object", why, said.provision, limit, said.settled)
    else:
        why = f"The target is in {f.person_in}, which is not bound by {i.short}.{_elsewhere(book, i, f, day)}"
        yield Notification(f.person_in, "cannot_tell", "may_object", why, said.provision)


def _elsewhere(book: LawBook, i: Instrument, f: Facts, day: date) -> str:
    """Another instrument by which the State where the target is may have to be notified, e.g. of DK and IE."""
    for other in book.instruments:
        said = _rule(other, "notification", day)
        bound = all(book.bound(other.id, p, day) for p in (f.from_party, str(f.person_in)))
        if other.id != i.id and said and bound and other.is_in_force(day) and other.measure("interception", day):
            return f" Ask under {other.short} ({said.provision})."
    return ""


def _third_country(i: Instrument, f: Facts, day: date) -> Iterator[Notification]:
    """A third State where the target is known to be (US-UK Agreement art 5(10))."""
    said = _rule(i, "third_country_target", day)
    if said is None or f.person_in in (None, f.from_party, f.to_party):
        return
    why = f"The target is known to be in {f.person_in}; unless harmful to security, the investigation or human rights."
    yield Notification(str(f.person_in), _sure(said, "required"), "informs", why, said.provision, settled=said.settled)


def _declared(book: LawBook, i: Instrument, measure: str, f: Facts, day: date) -> Iterator[Notification]:
    """A Party that requires notification by its own declaration (CETS 224 art 7(5)(a))."""
    asked = _asked(i, f)
    law = book.by_party.get(asked)
    for d in law.declared(i.id, "requires_notification", day, measure) if law else ():
        effect: Effect = "must_consult" if d.value == "consult" else "may_object"
        yield Notification(asked, _sure(d, "required"), effect, d.text, d.provision, settled=d.settled)


def _bars(i: Instrument, f: Facts, day: date) -> Iterator[Bar]:
    """Whom the agreement forbids to target (18 USC 2523(b)(4)(A); US-UK Agreement arts 1(12), 4(3))."""
    topic = "targeting_by_us" if f.from_party == "US" else "targeting_by_partner"
    said = _rule(i, topic, day)
    if said is None:
        return
    place = str(said.parameters.get("not_located_in", ""))
    if place and f.person_in in (None, place):
        where = f"is located in {place}" if f.person_in else f"may be located in {place}: where it is, is not known"
        yield Bar(f"The target {where}.", said.provision, said.settled and f.person_in is not None)
    nation = str(said.parameters.get("not_nationals_of", ""))
    if nation and f.nationality in (None, nation):
        what = "is" if f.nationality else "may be (nationality not known)"
        yield Bar(f"The target {what} a national of {nation}.", said.provision, said.settled and bool(f.nationality))
    if said.parameters.get("not_us_persons_anywhere") and (f.us_person is not False or f.nationality == "US"):
        sure = f.us_person is True or f.nationality == "US"  # a national is one: 18 USC 2523(a)(2)
        what = "is a US person" if sure else "may be a US person: not known"
        yield Bar(f"The target {what}.", said.provision, said.settled and sure)


def _statute(i: Instrument, f: Facts, day: date) -> Iterator[Bar]:
    """What the partner may not do by a detour: 18 USC 2523(b)(4)(B)-(C)."""
    said = _rule(i, "targeting_statute", day)
    if said is None or f.from_party == "US":
        return
    if f.after_us_person:
        yield Bar("The target is chosen to get information on a US person.", said.provision, said.settled)
    if f.on_behalf_of not in (None, f.from_party):
        why = f"The order is issued at the request of, or for, the government of {f.on_behalf_of}."
        yield Bar(why, said.provision, said.settled)


def _questions(i: Instrument, rule: MeasureRule | None, f: Facts, day: date) -> Iterator[str]:
    if rule is None:
        yield f"{i.short} does not offer this measure on {day}."
    regardless = i.proceeding == "order"  # Regulation (EU) 2023/1543 art 1(1): wherever the data lie
    if f.data_location not in (None, f.to_party) and not regardless:
        yield f"The data are in {f.data_location}: can {f.to_party} reach them under its own law?"
    if regardless and f.provider_seat not in (None, f.to_party):
        yield f"The provider is established in {f.provider_seat}: the order goes there, not to {f.to_party}."
