"""The judge's hand: does an authorisation stand, is it of this request, no wider than asked, and reasoned?"""

from __future__ import annotations

from comity.docket.docket import Entry
from comity.docket.finding import Finding
from comity.docket.sections import Measure, Period
from comity.docket.step import Filing
from comity.safeguards.citing import Source, standards, stated
from comity.safeguards.subject import (
    Subject,
    asked_of_request,
    mend,
    rule_of,
    said,
    standing_authorisation,
    way_on,
)
from comity.safeguards.wording import listed, says_something

_RULE = "Directive 2014/41/EU art 2(c); ECHR art 8; EU Charter art 52(1)"


def authorises_latest(filing: Filing) -> Finding:
    """An authorisation names the request as it last stood.

    EIO art 2(c): the judge decides on this request, no other.
    """
    latest = filing.docket.latest("request.draft", "request.revise")
    if filing.body is None or latest is None:
        return Source(_RULE).hold("authorises_latest", "Cannot tell which request is meant.", "request.revise")
    if filing.body.request != latest.id:
        why = "It names another version than the latest draft; read that and decide on it."
        return Source(_RULE).hold("authorises_latest", why, "request.authorise")
    return Source(_RULE).clear("authorises_latest", "It decides on the request as it stands.")


def not_wider(filing: Filing) -> Finding:
    """A judge may narrow what was asked, never widen it: no other measure, target or time.

    EIO art 6(1); Charter art 52(1).
    """
    rests = Source("Directive 2014/41/EU art 6(1); EU Charter art 52(1)")
    if filing.body is None or filing.request is None:
        return rests.hold("not_wider", "Cannot tell: request or authorisation was erased or withheld.", way_on(filing))
    asked = filing.request.measures
    wider = [said(filing, m.id) for m in filing.body.measures if not any(_within(m, a) for a in asked)]
    if wider:
        why = f"Wider than what was asked: {listed(wider)}. Have the request revised, then decide."
        return rests.hold("not_wider", why, "request.revise")
    return rests.clear("not_wider", "No measure, target or time goes beyond the request.")


def _within(granted: Measure, asked: Measure) -> bool:
    return (
        (granted.id, granted.category) == (asked.id, asked.category)
        and (not asked.holder or granted.holder == asked.holder)
        and (not asked.targets or (bool(granted.targets) and set(granted.targets) <= set(asked.targets)))
        and _period_within(granted.period, asked.period)
    )


def _period_within(granted: Period, asked: Period) -> bool:
    starts = asked.start is None or (granted.start is not None and granted.start >= asked.start)
    ends = asked.end is None or (granted.end is not None and granted.end <= asked.end)
    return starts and ends


@asked_of_request
def reasoned(filing: Filing, subject: Subject) -> Finding:
    """A judge says why: necessity, proportionality, rights, the domestic provision, until when.

    EIO art 6(1); ECHR art 8(2).
    """
    body = filing.body
    rests = Source("Directive 2014/41/EU art 6(1); ECHR art 8(2); EU Charter art 52(1)")
    if body is None:
        return rests.hold("reasoned", "Cannot tell: the authorisation was erased or withheld.", "request.authorise")
    missing = [f for f in ("necessity", "proportionality", "rights") if not says_something(getattr(body, f))]
    missing += [f for f in ("measures", "domestic_provision") if not getattr(body, f)]
    if body.valid_until < filing.day:
        missing.append("valid_until (it has passed)")
    if missing:
        return rests.hold("reasoned", f"The decision does not state: {listed(missing)}.", "request.authorise")
    return rests.clear("reasoned", f"Reasons are given; valid until {body.valid_until}.")


@asked_of_request
def judicial_authorisation(filing: Filing, subject: Subject) -> Finding:
    """No evidence moves without a judge's own hand under the request as it stands.

    EIO art 2(c); ECHR art 8; HK C-746/18.

    Comity demands a judge even where the instrument lets a prosecutor issue. Only the sending of a pure preservation
    needs none: nothing is disclosed on it (Budapest Convention art 29(3)). What decides or discloses always does.
    """
    name, rests = "judicial_authorisation", _rests(filing, subject)
    entry = standing_authorisation(filing)
    if entry is None:
        sending = filing.record.step == "request.send" and filing.body is not None
        if sending and subject.preserves_only and not filing.body.authorisation:
            return rests.clear(name, "Preservation only: nothing is disclosed, so no judge is needed yet.")
        return rests.hold(name, _none_stands(filing, subject), _cleared_by(filing))
    why = _wanting(filing, entry)
    if why:
        return rests.hold(name, why, _cleared_by(filing))
    return rests.clear(name, f"Authorised by {entry.holder}, valid until {entry.body.valid_until}.")


def _rests(filing: Filing, subject: Subject) -> Source:
    rules = [r for r in (rule_of(filing, subject, m) for m in subject.measures) if r is not None]
    categories = {m.category for m in subject.measures}
    reviews = [
        s
        for s in standards(filing, "independent_prior_review", (filing.assessor,))
        if categories & set(str(s.parameters.get("categories", "")).split(","))
    ]
    cited = stated(*rules, *reviews) if rules else Source(subject.instrument.citation)
    return Source(f"{_RULE}; {cited.provision}", cited.settled)


def _none_stands(filing: Filing, subject: Subject) -> str:
    before = filing.docket.latest("request.authorise")
    lapsed = " An earlier authorisation fell with the revision." if before is not None else ""
    rule = rule_of(filing, subject, subject.measures[0]) if subject.measures else None
    lets = f" {subject.instrument.short} lets {listed(rule.issue)} issue it, but" if rule and rule.issue else ""
    return f"No judge has authorised this request as it stands.{lapsed}{lets} Comity asks for a judge's own hand."


def _wanting(filing: Filing, entry: Entry) -> str:
    """What an authorisation wants, or ``""``."""
    request = filing.docket.latest("request.draft", "request.revise")
    if entry.body is None:
        return "Cannot tell: the authorisation was erased or withheld."
    if request is None or entry.body.request != request.id:
        return "The authorisation is of another version of the request."
    if entry.body.valid_until < filing.day:
        return f"The authorisation ended on {entry.body.valid_until}; it cannot be revived."
    if not entry.body.measures:
        return "The authorisation covers no measure."
    if filing.record.step == "request.send" and (filing.body.request, filing.body.authorisation) != (
        request.id,
        entry.id,
    ):
        return "The sending must name the latest request and the authorisation that stands."
    return ""


def _cleared_by(filing: Filing) -> str:
    return (
        "request.send"
        if filing.record.step == "request.send" and _names_wrong(filing)
        else ("request.authorise" if mend(filing) == "request.revise" else "request.withdraw")
    )


def _names_wrong(filing: Filing) -> bool:
    entry = standing_authorisation(filing)
    return (
        entry is not None
        and entry.body is not None
        and entry.body.valid_until >= filing.day
        and (filing.body.request, filing.body.authorisation) != (entry.body.request, entry.id)
    )
