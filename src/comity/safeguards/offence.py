"""The offence: is it serious enough, and must it be an offence in the requested Party too?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.errors import NotFound
from comity.law.offences import DoubleCriminality, OffenceFacts, domestic_equivalent, double_criminality, offence_facts
from comity.law.thresholds import below_threshold, is_kind
from comity.safeguards.citing import Source, standards, stated
from comity.safeguards.grounds import applies
from comity.safeguards.subject import Subject, asked_of_request, by_requested, mend, rule_of
from comity.safeguards.wording import says_something


def facts_of(filing: Filing, subject: Subject) -> OffenceFacts:
    """The offence as the requesting Party's file has it; as the request states it where the file lacks it.

    The file binds over the request, so that a request cannot claim a higher penalty or another category than the law.
    """
    stated_offence = subject.request.offence
    claimed = OffenceFacts(
        party=subject.requesting,
        code=stated_offence.code,
        iccs=stated_offence.iccs if stated_offence.iccs.isdigit() else "",
        list_category=stated_offence.list_category,
        max_years=stated_offence.max_years,
    )
    try:
        known = offence_facts(filing.law, subject.requesting, stated_offence.code, filing.day)
    except NotFound:
        return claimed
    penalty = known.max_years if known.max_years is not None or known.fine_only else claimed.max_years
    return replace(known, max_years=penalty, iccs=known.iccs or claimed.iccs)


@asked_of_request
def seriousness_threshold(filing: Filing, subject: Subject) -> Finding:
    """A measure with a threshold needs an offence that reaches it (e-Evidence art 5(4); UNTOC art 2(b); HK C-746/18).

    Thresholds are the instrument's and the measure's; EIO and Budapest Convention have none of their own.
    """
    name, offence = "seriousness_threshold", facts_of(filing, subject)
    thresholds = [t for t in subject.instrument.thresholds if t.holds_on(filing.day)]
    for measure in subject.measures:
        rule = rule_of(filing, subject, measure)
        if rule is None:
            continue
        thresholds += [t for t in rule.thresholds if t.holds_on(filing.day)]
        short = below_threshold(subject.instrument, rule, offence, filing.day)
        if short is not None and short.certain:
            return Source(short.provision, short.settled).refuse(name, short.reason, "measure_restricted")
        if short is not None:
            return Source(short.provision, short.settled).hold(name, f"Cannot tell: {short.reason}", mend(filing))
    serious = _serious(filing, subject)
    rests = stated(*thresholds) if thresholds else serious or Source(subject.instrument.citation)
    return rests.clear(name, "The threshold is reached." if thresholds else "No threshold is set for these measures.")


def _serious(filing: Filing, subject: Subject) -> Source | None:
    """Case law asks for serious crime where traffic data are concerned; whether it is one, a judge weighs."""
    asked = {m.category for m in subject.measures}
    found = [
        s
        for s in standards(filing, "seriousness_threshold", (filing.assessor,))
        if asked & set(str(s.parameters.get("categories", "")).split(","))
    ]
    return stated(*found) if found else None


@asked_of_request
def dual_criminality(filing: Filing, subject: Subject) -> Finding:
    """The conduct is an offence in the requested Party too, where that is asked.

    EIO art 11(1)(g); Budapest arts 25(5), 29(3).

    Listed offences above the threshold need no test. Preservation needs none unless the requested Party reserved it
    (Budapest Convention art 29(4)). Where the files cannot tell, the requested authority decides and names the offence.
    """
    name, offence = "dual_criminality", facts_of(filing, subject)
    told: list[DoubleCriminality] = [
        double_criminality(filing.law, subject.instrument, m, offence, subject.requested, filing.day)
        for m in sorted({m.id for m in subject.measures})
    ]
    for verdict in ("lacking", "cannot_tell", "satisfied"):
        found = next((t for t in told if t.verdict == verdict), None)
        if found is None:
            continue
        why, rests = " ".join(found.reasons), Source(found.provision, found.settled, _whose(found, subject))
        if verdict == "lacking":
            return applies(filing, subject, name, "dual_criminality", f"{why} It is no offence there.")
        return rests.clear(name, why) if verdict == "satisfied" else _cannot_tell(filing, subject, rests, why)
    return _not_required(filing, subject, offence, told)


def _whose(found: DoubleCriminality, subject: Subject) -> str:
    return found.whose if found.whose in subject.parties else ""


def _cannot_tell(filing: Filing, subject: Subject, rests: Source, why: str) -> Finding:
    """The requested authority answers by naming the equivalent offence of its own law in its decision."""
    if not by_requested(filing, subject):
        asked = f"Cannot tell: {why} It is for {subject.requested} to say when it decides."
        return Source(rests.provision, False, subject.requested).clear("dual_criminality", asked)
    named = getattr(filing.body, "offence", "")
    if says_something(named) or any(c.isdigit() for c in named):
        holder = filing.official.holder if filing.official else filing.record.authority
        return rests.clear("dual_criminality", f"The files cannot tell; {holder} names the equivalent offence.")
    return rests.hold("dual_criminality", f"Cannot tell: {why} Name the equivalent offence.", "request.recognise")


def _not_required(filing: Filing, subject: Subject, offence: OffenceFacts, told: list[DoubleCriminality]) -> Finding:
    sure = all(t.settled for t in told)
    rests = Source("; ".join(dict.fromkeys(t.provision for t in told)) or subject.instrument.citation, sure)
    why = " ".join(dict.fromkeys(r for t in told for r in t.reasons))
    law = filing.law.by_party.get(subject.requested)
    reserved = [
        d
        for m in subject.measures
        if law is not None
        for d in law.declared(subject.instrument.id, "reserves", filing.day, m.id)
        if d.value == "dual_criminality"
    ]
    if not reserved:
        return rests.clear("dual_criminality", why)
    own = stated(*reserved, party=subject.requested)
    if _of_the_convention(subject, offence, filing.day):
        note = "has made a reservation, but for other offences than those of the Convention itself, and this is one"
        return own.clear("dual_criminality", f"{why} {subject.requested} {note}.")
    found = domestic_equivalent(filing.law, offence, subject.requested, filing.day)
    if found.verdict != "none":
        note = "reserved for offences outside arts 2-11, but nothing suggests that the condition could not be met"
        return own.clear("dual_criminality", f"{why} {subject.requested} has {note}.")
    told_why = f"{' '.join(found.reasons)} {subject.requested} has reserved the right to refuse."
    if not by_requested(filing, subject):
        return own.clear("dual_criminality", told_why)
    return own.hold("dual_criminality", told_why, "request.consult")


def _of_the_convention(subject: Subject, offence: OffenceFacts, day: date) -> bool:
    """Whether it is an offence that the instrument itself establishes (Budapest Convention arts 2-11)."""
    kinds = [
        kind
        for r in subject.instrument.scope
        if r.holds_on(day)
        for kind in str(r.parameters.get("convention_offences", "")).split()
    ]
    return any(is_kind(offence, kind) is True for kind in kinds)
