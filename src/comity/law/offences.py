"""Is the conduct an offence here too? The common taxonomy (ICCS) stands between two Parties' penal codes.

Answers *cannot tell* where the files cannot answer; a human decides then. Terminology and category do not matter
(Budapest Convention art 25(5)); elements of the offences are not compared here, so *partly* is for a human as well.

Left to others: what follows from it (`comity.safeguards`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from comity.law.book import LawBook
from comity.law.schema import DualCriminality, Instrument, NationalOffence

Verdict = Literal["equivalent", "partly", "none", "cannot_tell"]
Tested = Literal["not_tested", "satisfied", "lacking", "cannot_tell"]


@dataclass(frozen=True, slots=True)
class OffenceFacts:
    """An offence as its own Party punishes it.

    ``max_years`` is the maximum deprivation of liberty (``max_months`` where it is less than a year or not a whole
    number of them); both None: not stated.
    """

    party: str
    code: str = ""
    iccs: str = ""
    list_category: str = ""  # id among the 32
    max_years: int | None = None
    max_months: int | None = None
    life: bool = False
    kind: Literal["ordinary", "fiscal", "political", "military"] = "ordinary"
    fine_only: bool = False
    partly: bool = False  # it covers its ICCS code only in part
    settled: bool = True
    sentence_months: int | None = None  # the sentence passed, where one is to be executed

    def reaches(self, months: int) -> bool | None:
        """Whether the maximum is at least ``months``; None when the maximum is not stated."""
        if self.life:
            return True
        if self.fine_only:
            return False
        if self.max_months is not None:
            return self.max_months >= months
        return None if self.max_years is None else self.max_years * 12 >= months


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Whether the requested Party has such an offence, why, and the provision (of its law, or of the taxonomy)."""

    verdict: Verdict
    reasons: tuple[str, ...]
    provision: str
    offences: tuple[NationalOffence, ...] = ()


@dataclass(frozen=True, slots=True)
class DoubleCriminality:
    """Whether double criminality is tested and met; ``whose`` is the rule that decided: the instrument or a Party."""

    verdict: Tested
    reasons: tuple[str, ...]
    provision: str
    whose: str
    equivalence: Equivalence | None = None
    settled: bool = True  # False: the rule or declaration that decided is not settled law


def offence_facts(book: LawBook, party: str, code: str, day: date) -> OffenceFacts:
    """The facts of a national offence from the files, as of ``day``. Raises NotFound when the files lack it."""
    o = next((x for x in book.party(party).offences if x.code == code and x.holds_on(day)), None)
    o = o or book.offence(party, code)
    return _facts_of(party, o)


def domestic_equivalent(book: LawBook, offence: OffenceFacts, requested_party: str, day: date) -> Equivalence:
    """Whether ``requested_party`` has an offence for the same conduct on ``day``.

    ``none`` only where its file says so expressly; an offence that is merely absent from the file is *cannot tell*.
    """
    if not offence.iccs or offence.iccs not in book.by_iccs:
        return _unknown("The offence has no place in the common taxonomy (ICCS).", "ICCS")
    law = book.by_party.get(requested_party)
    if law is None:
        return _unknown(f"There is no file of the law of {requested_party}.", f"ICCS {offence.iccs}")
    near = [o for o in law.offences if o.holds_on(day) and _related(o.iccs, offence.iccs)]
    settled = [o for o in near if o.settled]
    if near and not settled:
        return _unknown("The only statements on it are not verified (knowledge_medium).", near[0].provision)
    return _judge(settled, offence, requested_party)


def _unknown(reason: str, provision: str) -> Equivalence:
    return Equivalence("cannot_tell", (reason,), provision)


def _related(a: str, b: str) -> bool:
    return a.startswith(b) or b.startswith(a)


def _same(o: NationalOffence, offence: OffenceFacts) -> bool:
    """The same code, and not two different categories of the 32 that share one code (currency and documents)."""
    categories = {o.list_category, offence.list_category} - {""}
    return o.iccs == offence.iccs and len(categories) < 2


def _judge(near: list[NationalOffence], offence: OffenceFacts, party: str) -> Equivalence:
    same = [o for o in near if o.equivalence == "equivalent" and _same(o, offence)]
    none = [o for o in near if o.equivalence == "none" and offence.iccs.startswith(o.iccs)]
    part = [o for o in near if o.equivalence != "none" and o not in same]
    if none and (same or part):
        return _unknown(f"The file of {party} says both that it is and that it is not an offence.", none[0].provision)
    if same and not offence.partly:
        return _found("equivalent", same, "has the same place in the taxonomy")
    if same or part:
        return _found("partly", same or part, "covers part of the conduct, or more, by the taxonomy")
    if none:
        return _found("none", none, "says expressly that it is no offence")
    return _unknown(f"The file of {party} says nothing about ICCS {offence.iccs}.", f"ICCS {offence.iccs}")


def _found(verdict: Verdict, offences: list[NationalOffence], why: str) -> Equivalence:
    reasons = tuple(f"{o.code} ({o.title}) {why}: ICCS {o.iccs}." for o in offences)
    return Equivalence(verdict, reasons, offences[0].provision, tuple(offences))


def double_criminality(
    book: LawBook, instrument: Instrument, measure: str, offence: OffenceFacts, requested_party: str, day: date
) -> DoubleCriminality:
    """Whether the requested Party may test double criminality for ``measure``, and whether it is met.

    Where the instrument does not require it but the requested Party has declared that it does, the stricter binds and
    ``whose`` names that Party. ``lacking`` is not yet a refusal: the ground may be optional.
    """
    rule = dual_rule(instrument, measure, day)
    law = book.by_party.get(requested_party)
    declared = law.declared(instrument.id, "requires_dual_criminality", day, measure) if law else ()
    if rule is None and not declared:
        why = f"{instrument.short} says nothing about double criminality for {measure}."
        silent = next((r for r in instrument.rules if r.topic == "dual_criminality" and r.holds_on(day)), None)
        return DoubleCriminality(
            "cannot_tell", (why,), silent.provision if silent else instrument.citation, instrument.id
        )
    if declared and (rule is None or rule.rule == "not_required"):
        d = declared[0]
        return _tested(book, offence, requested_party, day, d.provision, requested_party, d.settled)
    assert rule is not None  # settled above: neither rule nor declaration has returned
    if rule.rule == "not_required" and not rule.settled:
        why = f"That {instrument.short} asks for no double criminality for {measure} is not settled."
        return DoubleCriminality("cannot_tell", (why,), rule.provision, instrument.id, settled=False)
    if rule.rule == "not_required":
        why = "Double criminality is not required for this measure."
        return DoubleCriminality("not_tested", (why,), rule.provision, instrument.id)
    if rule.rule == "list_exception":
        listed = _list_exception(book, rule, offence)
        if listed is not None:
            return DoubleCriminality(listed[0], (listed[1],), rule.provision, instrument.id, settled=rule.settled)
    months = 12 * (rule.threshold_years or 0) if rule.rule == "required" else 0  # under both laws: ETS 24 art 2(1)
    return _tested(book, offence, requested_party, day, rule.provision, instrument.id, rule.settled, months)


def dual_rule(instrument: Instrument, measure: str, day: date) -> DualCriminality | None:
    """The rule on double criminality for ``measure``: its own before the general one."""
    fitting = [d for d in instrument.dual_criminality if d.holds_on(day) and (not d.measures or measure in d.measures)]
    return min(fitting, key=lambda d: not d.measures, default=None)


def _list_exception(book: LawBook, rule: DualCriminality, offence: OffenceFacts) -> tuple[Tested, str] | None:
    """Exempt, or cannot tell; None when it is to be tested (not listed, or below the threshold: warning W1)."""
    if not offence.list_category or (rule.list_id, offence.list_category) not in book.list_categories:
        return None
    title = book.category(rule.list_id, offence.list_category).title
    months = 12 * (rule.threshold_years or 0)
    reaches = offence.reaches(months)
    if reaches is None:
        return "cannot_tell", f"Listed ({title}), but the maximum penalty in {offence.party} is not stated."
    if not reaches:
        return None
    if not offence.settled:
        return "cannot_tell", f"Listed ({title}), but the maximum penalty in {offence.party} is not verified."
    return "not_tested", f"Listed ({title}) and punishable in {offence.party} by at least {rule.threshold_years} years."


def _tested(
    book: LawBook, offence: OffenceFacts, party: str, day: date, provision: str, whose: str, settled: bool,
    months: int = 0,
) -> DoubleCriminality:
    """Whether ``party`` has the offence, and where ``months`` is asked, punishes it by a maximum of at least that."""
    found = domestic_equivalent(book, offence, party, day)
    verdict: Tested = "cannot_tell"
    reasons = found.reasons
    if found.verdict == "equivalent":
        grave = {_facts_of(party, o).reaches(months) if months else True for o in found.offences}
        verdict = "satisfied"
        if grave != {True}:  # which of them it is, the taxonomy cannot say where only some are grave enough
            reasons = (*reasons, f"In {party} not each of them has a maximum of at least {months} months.")
            verdict = "lacking" if grave == {False} and settled else "cannot_tell"
    elif found.verdict == "none" and settled:
        verdict = "lacking"
    return DoubleCriminality(verdict, reasons, provision, whose, found, settled)


def _facts_of(party: str, o: NationalOffence) -> OffenceFacts:
    """The facts of a national offence, as the Party punishes it."""
    return OffenceFacts(
        party=party, code=o.code, iccs=o.iccs, list_category=o.list_category, max_years=o.max_years,
        max_months=o.max_months, life=o.life, kind=o.kind, fine_only=o.fine_only,
        partly=o.equivalence == "partly", settled=o.settled,
    )
