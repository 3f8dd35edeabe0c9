"""What a way needs once it is open: who issues, who authorises, thresholds, language, contents, notification.

Left to others: whether a request has it all (`comity.safeguards`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from comity.law.authorities import INDEPENDENT, PROSECUTOR, satisfies
from comity.law.book import LawBook
from comity.law.offences import OffenceFacts, double_criminality
from comity.law.reckoning import amount_in_words
from comity.law.schema import Instrument, MeasureRule, PartyLaw, Rule, Threshold
from comity.law.thresholds import below_threshold


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that is needed, with its provision. ``settled`` is False where the files cannot tell."""

    kind: str
    what: str
    provision: str
    settled: bool = True


def needs_of(
    book: LawBook, i: Instrument, rule: MeasureRule, parties: tuple[str, str], offence: OffenceFacts | None, day: date
) -> tuple[Need, ...]:
    """All that ``i`` needs for ``rule``, in the order a drafter meets it; ``parties``: who asks, who is asked."""
    from_party, to_party = parties
    law = book.by_party.get(to_party)
    return (
        *_beside(book, i, parties, day), *_scope(i, day), *_target(i, from_party, day),
        *_promised(i, rule, offence, day), *_authority(rule),
        *_prosecutor(rule, from_party, book.by_party.get(from_party)),
        *_penalty(i, rule, offence, day), *_dual(book, i, rule, to_party, offence, day),
        *_of_kind(book, i, rule, parties, offence, day),
        *_measure(i, rule, to_party, day), *_emergency(i, rule, day), *_procedure(book, i, rule, parties, day),
        *_language(law, i, rule, to_party, day), *_declared(law, i, rule, day),
        *_contents(i, rule, day),
    )


def _beside(book: LawBook, i: Instrument, parties: tuple[str, str], day: date) -> Iterator[Need]:
    """An agreement that applies between these two and is not in the files (EU-UK TCA Part Three Title VII)."""
    for r in i.rules:
        members = book.by_country_set.get(str(r.parameters.get("between", "")), frozenset())
        others = set(str(r.parameters.get("and", "")).split())
        if r.holds_on(day) and any(a in members and b in others for a, b in (parties, parties[::-1])):
            yield Need("other_agreement", r.text, r.provision, settled=False)


def _scope(i: Instrument, day: date) -> Iterator[Need]:
    for s in scope_to_see(i, day):
        yield Need("scope", s.text, s.provision, s.settled)


def scope_to_see(i: Instrument, day: date) -> Iterator[Rule]:
    """Facts of the case that the files cannot look up: an organised group, an information system, a border crossed."""
    asked = ("transnational", "organized_criminal_group", "electronic_evidence_only", "offences")
    for s in i.scope:
        if s.topic == "cooperation" and s.holds_on(day) and any(s.parameters.get(a) for a in asked):
            yield s


def _target(i: Instrument, from_party: str, day: date) -> Iterator[Need]:
    """Whom an order may not be aimed at, by the side that asks (US-UK Agreement arts 1(12), 4(3))."""
    topic = "targeting_by_us" if from_party == "US" else "targeting_by_partner"
    for r in i.rules:
        if r.topic == topic and r.holds_on(day):
            yield Need("target", r.text, r.provision, r.settled)


def _promised(i: Instrument, rule: MeasureRule, offence: OffenceFacts | None, day: date) -> Iterator[Need]:
    """Guarantees, certificates and permissions that the instrument asks for beside the request (EAW art 5).

    The parameter ``needed`` says when: ``always``; ``life``, where the penalty may be for life.
    """
    for r in i.rules:
        needed, measures = r.parameters.get("needed", ""), str(r.parameters.get("measures", "")).split()
        due = needed == "always" or (needed == "life" and offence is not None and offence.life)
        if due and r.holds_on(day) and (not measures or rule.id in measures):
            yield Need(r.topic, r.text, r.provision, r.settled)


def _prosecutor(rule: MeasureRule, party: str, law: PartyLaw | None) -> Iterator[Need]:
    """Whether the asking Party's public prosecutor is independent enough to issue (EAW: CJEU C-508/18)."""
    if INDEPENDENT not in rule.issue:
        return
    answer = satisfies(PROSECUTOR, rule.issue, law)
    if answer is None:
        what = f"Cannot tell whether the public prosecutor of {party} is exposed to instructions of the executive."
    elif answer:
        what = f"The public prosecutor of {party} counts as independent and may issue."
    else:
        what = f"Not by the public prosecutor of {party}, who is exposed to instructions of the executive."
    yield Need("prosecutor", what, f"{rule.provision}; CJEU C-508/18", settled=answer is not None)


def _authority(rule: MeasureRule) -> Iterator[Need]:
    if rule.issue:
        yield Need("issue", f"Issued by {_list(rule.issue)}.", rule.provision, rule.settled)
    if rule.validate:
        what = f"Any other authority: validated by {_list(rule.validate)}."
        yield Need("validate", what, rule.provision, rule.settled)
    if rule.judge_required:
        what = "Authorised beforehand by a court or an independent body."
        yield Need("judge", what, rule.provision, rule.settled)


def _list(kinds: tuple[str, ...]) -> str:
    words = [k.replace("_", " ").replace("24 7", "24/7") for k in kinds]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _penalty(i: Instrument, rule: MeasureRule, offence: OffenceFacts | None, day: date) -> Iterator[Need]:
    stated = [_threshold(t) for t in (*i.thresholds, *rule.thresholds) if t.holds_on(day)]
    if offence is not None:
        short = below_threshold(i, rule, offence, day)
        if short is not None:
            yield Need("threshold", short.reason, short.provision, settled=False)
        known = offence.sentence_months is not None
        stated = [n for n in stated if n.kind == "sentence" and not known]
    yield from dict.fromkeys(stated)  # an agreement may say it for all measures and for one


def _threshold(t: Threshold) -> Need:
    amount = amount_in_words(t.years, "years") if t.years else amount_in_words(t.months or 0, "months")
    either = f", or one of: {_list(t.or_offences)}" if t.or_offences else ""
    if t.basis == "sentence_passed":
        note = f" ({t.note})" if t.note else ""
        return Need("sentence", f"To execute a sentence: one of at least {amount}{note}.", t.provision, t.settled)
    what = f"An offence with a maximum of at least {amount}{either}."
    return Need("threshold", what, t.provision, t.settled)


def _dual(
    book: LawBook, i: Instrument, rule: MeasureRule, to_party: str, offence: OffenceFacts | None, day: date
) -> Iterator[Need]:
    if offence is None:
        return
    found = double_criminality(book, i, rule.id, offence, to_party, day)
    if found.verdict in ("lacking", "cannot_tell"):
        what = f"Double criminality ({found.verdict.replace('_', ' ')}): {' '.join(found.reasons)}"
        yield Need("dual_criminality", what, found.provision, settled=found.settled and found.verdict != "cannot_tell")


def _of_kind(
    book: LawBook, i: Instrument, rule: MeasureRule, parties: tuple[str, str], offence: OffenceFacts | None, day: date
) -> Iterator[Need]:
    """A political, military or fiscal offence: whether the instrument makes that a ground, or says it is none."""
    kind = f"{offence.kind}_offence" if offence is not None and offence.kind != "ordinary" else ""
    for g in book.grounds(i, rule.id, parties, day) if kind else ():
        if g.id == kind:
            word = "must" if g.binding == "mandatory" else "may"
            yield Need("ground", f"It {word} be refused: {g.text}", g.provision, g.settled)
    for r in i.rules if kind else ():
        said = {"no_ground": "excludes", "limited": "limits"}
        for name in (n for n, p in said.items() if r.parameters.get(p) == kind and r.holds_on(day)):
            yield Need(name, r.text, r.provision, r.settled)


def _measure(i: Instrument, rule: MeasureRule, to_party: str, day: date) -> Iterator[Need]:
    if rule.domestic_law:
        what = f"Only as far as the law of {to_party}, and the treaties that apply, allow it."
        yield Need("domestic_law", what, rule.provision, rule.settled)
    if rule.bounded_period:
        yield Need("period", "A period with both ends.", rule.provision, rule.settled)
    if rule.notify_authority:
        said = [r for r in i.rules if r.topic in ("notification", "residence_exception") and r.holds_on(day)]
        what = "Notification of the authority of the enforcing State, unless an exception applies."
        provision = "; ".join(dict.fromkeys(r.provision for r in said)) or rule.provision
        yield Need("notification", what, provision, all(r.settled for r in said))


def _emergency(i: Instrument, rule: MeasureRule, day: date) -> Iterator[Need]:
    """Without validation beforehand, in an emergency, for the measures named (Regulation (EU) 2023/1543 art 4(5))."""
    for r in i.rules:
        named = str(r.parameters.get("measures", "")).split()
        if r.topic == "emergency_validation" and r.holds_on(day) and rule.id in named:
            yield Need("emergency", r.text, r.provision, r.settled)


def _procedure(
    book: LawBook, i: Instrument, rule: MeasureRule, parties: tuple[str, str], day: date
) -> Iterator[Need]:
    """Whose procedure and grounds apply: those of another treaty between the two first (Budapest Convention art 27)."""
    for r in i.rules:
        others = str(r.parameters.get("treaties", "")).split()
        if not others or not r.holds_on(day) or rule.id in str(r.parameters.get("not_for", "")).split():
            continue
        binding = book.binding(others, parties, day)
        known = f"{binding.short} binds both." if binding else "Bilateral treaties are not in the files."
        yield Need("procedure", f"{r.text} {known}", r.provision, r.settled)


def _language(law: PartyLaw | None, i: Instrument, rule: MeasureRule, party: str, day: date) -> Iterator[Need]:
    if law is None:
        yield Need("language", f"Which languages {party} accepts is not in the files.", i.citation, settled=False)
        return
    accepted = law.declared(i.id, "accepts_language", day, rule.id)
    if accepted:
        words = _list(tuple(dict.fromkeys(d.value for d in accepted)))
        settled = any(d.settled for d in accepted)
        yield Need("language", f"In a language {party} accepts: {words}.", accepted[0].provision, settled)


def _declared(law: PartyLaw | None, i: Instrument, rule: MeasureRule, day: date) -> Iterator[Need]:
    """What the Party asked has declared, or its own law asks beyond the instrument: the stricter binds."""
    effects = (
        "requires_judge", "requires_notification", "requires_form", "requires_dual_criminality", "reserves", "limit",
    )  # fmt: skip
    for effect in effects:
        for d in law.declared(i.id, effect, day, rule.id) if law else ():
            amount = f" ({amount_in_words(d.amount, d.unit)})" if d.amount is not None else ""
            yield Need(effect, f"{d.text}{amount}", d.provision, d.settled)
    offered = {g.id for g in i.grounds_for(rule.id, day)}
    for d in law.declared(i.id, "ground_mandatory", day, rule.id) if law else ():
        if d.value in offered:
            what = f"The ground {d.value.replace('_', ' ')} leaves no choice there: {d.text}"
            yield Need("ground_mandatory", what, d.provision, d.settled)


def _contents(i: Instrument, rule: MeasureRule, day: date) -> Iterator[Need]:
    for c in i.contents:
        if c.holds_on(day) and (not c.measures or rule.id in c.measures):
            section = f" (section {c.section})" if c.section else ""
            yield Need("contents", f"{c.title}{section}.", c.provision, c.settled)
