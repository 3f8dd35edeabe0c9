"""The scope: is it about somebody or something specific, over a time with two ends?"""

from __future__ import annotations

from comity.docket.finding import Finding
from comity.docket.sections import Measure
from comity.docket.step import Filing
from comity.safeguards.citing import Source, source, standards
from comity.safeguards.subject import Subject, asked_of_request, mend, rule_of, said
from comity.safeguards.wording import listed

_EVERYONE = frozenset({"*", "%", "all", "any", "everyone", "everything"})
_OF_PERSONS = frozenset({"testimony", "person"})  # data categories whose target is a person of the request


@asked_of_request
def targeting_specificity(filing: Filing, subject: Subject) -> Finding:
    """Each measure names its targets: accounts, addresses, devices, persons; never everybody.

    EIO art 6(1)(a); LED art 4(1)(c).

    Scope is limited under Budapest Convention art 15(2) and ECHR art 8 (Weber and Saravia v Germany, para 95).
    """
    rests = _rests(filing, subject, "targeting_specificity")
    open_ended = [said(filing, m.id) for m in subject.measures if not _targeted(m, subject)]
    if open_ended or not subject.measures:
        why = f"The scope is unbounded: {listed(open_ended)} names no specific target."
        return rests.hold("targeting_specificity", why, mend(filing))
    return rests.clear("targeting_specificity", "Every measure names its targets.")


def _targeted(measure: Measure, subject: Subject) -> bool:
    targets = [t.strip().casefold() for t in measure.targets]
    if not targets and measure.category in _OF_PERSONS:
        return any(p.name or p.identifiers for p in subject.request.persons)
    return bool(targets) and all(t and t not in _EVERYONE for t in targets)


@asked_of_request
def scope_duration_limit(filing: Filing, subject: Subject) -> Finding:
    """Where the measure concerns a time, the time has two ends.

    Budapest Convention art 15(2); ECHR art 8; EIO art 27, 30(3).

    Which measures need one is said by the instrument's file (``bounded_period``).
    """
    name = "scope_duration_limit"
    for measure in subject.measures:
        rule = rule_of(filing, subject, measure)
        why = _unbounded(measure, said(filing, measure.id), rule is not None and rule.bounded_period)
        if why:
            rests = _rests(filing, subject, name)
            if rule is not None and rule.bounded_period:
                rests = Source(f"{rule.provision}; {rests.provision}", rests.settled and rule.settled)
            return rests.hold(name, why, mend(filing))
    return _rests(filing, subject, name).clear(name, "Every period that is needed has both ends.")


def _unbounded(measure: Measure, named: str, needed: bool) -> str:
    start, end = measure.period.start, measure.period.end
    if start is not None and end is not None:
        return f"The period of {named} ends before it begins." if end < start else ""
    if needed or start is not None or end is not None:
        return f"The scope is unbounded: the period of {named} must have a first and a last day."
    return ""


def _rests(filing: Filing, subject: Subject, name: str) -> Source:
    """The instrument's rules on scope and proportion, and the standards on scope and on minimising data."""
    own = source(filing, subject, name)
    minimal = standards(filing, "data_minimisation", (filing.assessor,))
    return Source("; ".join(dict.fromkeys((own.provision, *(s.provision for s in minimal)))), own.settled)
