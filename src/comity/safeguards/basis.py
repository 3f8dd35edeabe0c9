"""The legal basis: is there an instrument, is it open between these two, and may this authority act under it?"""

from __future__ import annotations

import re

from comity.docket.directory import Authority
from comity.docket.finding import Finding
from comity.docket.sections import Measure, Request
from comity.docket.step import Filing
from comity.errors import NotFound
from comity.law.authorities import satisfies
from comity.law.needs import scope_to_see
from comity.law.schema import Cited, Instrument, MeasureRule
from comity.safeguards.citing import Source, standards, stated
from comity.safeguards.subject import (
    Subject,
    asked_of_request,
    by_requested,
    mend,
    rule_of,
    said,
    standing_authorisation,
)
from comity.safeguards.wording import listed

_COUNTRY = re.compile(r"[A-Z]{2}")
_COURTS = frozenset({"court", "judge", "investigating_judge"})  # kinds of authority that may step into a matter
_MATTER = Source("Directive 2014/41/EU arts 2(c)-(d), 7(1); ETS 185 art 27(2)")


@asked_of_request
def instrument_known(filing: Filing, subject: Subject) -> Finding:
    """A request names an instrument that the law files have, another Party, and at least one measure.

    ECHR art 8(2).
    """
    rests = Source(f"{subject.instrument.citation}; ECHR art 8(2)")
    if not _COUNTRY.fullmatch(subject.requested):
        why = "The Party asked is not named by its two letters (ISO 3166-1)."
    elif subject.requested == subject.requesting:
        why = f"{subject.requested} cannot ask itself for assistance."
    elif not subject.measures:
        why = "No measure is asked for."
    else:
        return rests.clear("instrument_known", f"{subject.instrument.title} is in the law files.")
    return rests.hold("instrument_known", why, filing.record.step)


@asked_of_request
def legality_basis(filing: Filing, subject: Subject) -> Finding:
    """The power is based on law in force that binds both Parties and offers the measure.

    ECHR art 8(2); Charter art 52(1).

    Where a statement of law it rests on is unsettled, only a hand that decides (a judge's, the requested authority's)
    may go on; otherwise it holds for a human. An instrument of another proceeding (an order to a provider, a warrant, a
    freezing order) may be drafted and authorised, so that its form can be made; it is not sent as a request.
    """
    name = "legality_basis"
    if subject.instrument.proceeding != "request" and filing.record.step != "request.authorise":
        why = (
            f"{subject.instrument.short} is carried out by another proceeding: {subject.instrument.proceeding}. It is "
            "not sent as a request; make its form and send that by the instrument's own channel."
        )
        return Source(subject.instrument.citation).hold(name, why, mend(filing))
    in_force = subject.instrument.is_in_force(filing.day)
    if in_force is None:
        return Source(subject.instrument.citation).hold(
            name, f"{subject.instrument.short} is not in force on {filing.law_day}.", mend(filing)
        )
    bound: list[Cited] = [in_force]
    for party in subject.parties:
        membership = filing.law.bound(subject.instrument.id, party, filing.day)
        if membership is None:
            return _not_bound(filing, subject, party)
        bound.append(membership)
    for measure in subject.measures:
        rule = rule_of(filing, subject, measure)
        why = _not_offered(filing, subject, measure, rule)
        if rule is None or why:
            return stated(*bound).hold(name, why, mend(filing))
        bound.append(rule)
    other = _displacing(filing, subject)
    if other is not None:
        relation = [r for r in other.scope if r.topic == "relation" and r.holds_on(filing.day)]
        why = f"{other.short} binds both Parties and replaces {subject.instrument.short} between them."
        return (stated(*relation) if relation else Source(other.citation)).hold(name, why, mend(filing))
    rests = stated(*bound, *standards(filing, name, (filing.assessor,)))
    if not rests.settled and not _decided_by_hand(filing, subject):
        return rests.hold(name, "The law files aren't sure of a provision this rests on.", "request.authorise")
    why = f"{subject.instrument.short} binds {listed(subject.parties)} and offers {_names(filing, subject)}."
    return rests.clear(name, f"{why}{_for_a_person(filing, subject)}")


def _for_a_person(filing: Filing, subject: Subject) -> str:
    """What of the instrument's scope no section of a request shows, such as a group of three (UNTOC art 3)."""
    asked = [r for r in scope_to_see(subject.instrument, filing.day) if r.parameters.get("organized_criminal_group")]
    seen = [f"{r.text.rstrip('.')} ({r.provision})" for r in asked]
    return f" Whether the case is within its scope a person has to see: {'; '.join(seen)}." if seen else ""


def _decided_by_hand(filing: Filing, subject: Subject) -> bool:
    return (
        filing.record.step == "request.authorise"
        or standing_authorisation(filing) is not None
        or by_requested(filing, subject)
    )


def _not_bound(filing: Filing, subject: Subject, party: str) -> Finding:
    excluded = filing.law.excluded(subject.instrument.id, party, filing.day)
    if excluded is not None:
        why = f"{party} is not bound by {subject.instrument.short}; choose another instrument."
        return stated(excluded, party=party).hold("legality_basis", why, mend(filing))
    if not filing.law.known_on(subject.instrument.id, party, filing.day):
        why = f"Cannot tell whether {party} was bound by {subject.instrument.short} on {filing.law_day}."
        return Source(subject.instrument.citation, party=party).hold("legality_basis", why, mend(filing))
    why = f"{party} is not known to be bound by {subject.instrument.short} on {filing.law_day}."
    return Source(subject.instrument.citation, party=party).hold("legality_basis", why, mend(filing))


def _not_offered(filing: Filing, subject: Subject, measure: Measure, rule: MeasureRule | None) -> str:
    """Why the instrument does not offer a measure to these two, or ``""`` when it does."""
    if rule is None:
        return f"{subject.instrument.short} offers no measure called {said(filing, measure.id)}."
    for other in (*rule.only_without, *subject.instrument.only_without):
        if all(filing.law.bound(other, p, filing.day) for p in subject.parties):
            return (
                f"{measure.id} is open only where {filing.law.instrument(other).short} is not; it binds both Parties."
            )
    return ""


def _displacing(filing: Filing, subject: Subject) -> Instrument | None:
    """The instrument that replaces the one relied on between these two Parties, if there is one."""
    return next(
        (
            other
            for other in filing.law.instruments
            if subject.instrument.id in other.displaces
            and other.is_in_force(filing.day)
            and all(filing.law.bound(other.id, p, filing.day) for p in subject.parties)
            and (other.displaces_wholly or all(other.measure(m.id, filing.day) for m in subject.measures))
        ),
        None,
    )


def _names(filing: Filing, subject: Subject) -> str:
    return listed(sorted({said(filing, m.id) for m in subject.measures}))


@asked_of_request
def competence(filing: Filing, subject: Subject) -> Finding:
    """The authority acting is competent, and of a kind that the instrument lets issue, validate or execute.

    EIO art 2(c)-(d).

    Competence is what the Party's own signed file says (Budapest Convention arts 27(2), 35; ETS 30 art 24).
    """
    name = "competence"
    asked = by_requested(filing, subject)
    way = mend(filing) if filing.record.step in ("request.authorise", "request.send") else filing.record.step
    for measure in subject.measures:
        rule = rule_of(filing, subject, measure)
        if rule is None:
            return Source(subject.instrument.citation).hold(
                name, f"No rule is known for {said(filing, measure.id)}.", way
            )
        why = _executing(filing, subject, measure, rule) if asked else _issuing(filing, subject, measure, rule)
        if why:
            return stated(rule).hold(name, why, way)
    who = filing.record.authority
    rules = [r for r in (rule_of(filing, subject, m) for m in subject.measures) if r is not None]
    return stated(*rules).clear(name, f"The Party file of {filing.record.party} names {who} for this.")


def _issuing(filing: Filing, subject: Subject, measure: Measure, rule: MeasureRule) -> str:
    """Why the requesting side may not issue this measure or the addressee not execute it; ``""`` when they may."""
    addressee = _authority(filing, subject.request.addressee.authority)
    if addressee is None or filing.directory.party_of(addressee.id) != subject.requested:
        return f"{subject.requested} has no authority of the name given in its Party file."
    if not _covers(filing, subject, addressee.id, measure, "execute"):
        return f"{addressee.id} is not competent to execute {measure.id} for {subject.requested}."
    acting = filing.record.authority
    if not _covers(filing, subject, acting, measure, "issue", "validate", "transmit"):
        return f"The Party file of {subject.requesting} gives {acting} no competence for {measure.id}."
    judge = standing_authorisation(filing)
    hands = [acting] if judge is None else [acting, judge.record.authority]
    drafted = filing.docket.latest("request.draft", "request.revise")
    if filing.record.step == "request.authorise" and drafted is not None:
        hands.append(drafted.record.authority)  # a judge authorises what a central authority alone may issue
    kinds = {a.kind for a in (_authority(filing, h) for h in hands) if a is not None}
    allowed = {*rule.issue, *rule.validate}
    fits = {satisfies(kind, allowed, filing.law.by_party.get(subject.requesting)) for kind in kinds}
    if rule.issue and True not in fits:
        if None in fits:
            return f"Cannot tell whether the prosecutor of {subject.requesting} is independent of the executive."
        return f"{measure.id} is issued or validated by {listed(sorted(allowed))} only."
    return ""


def _executing(filing: Filing, subject: Subject, measure: Measure, rule: MeasureRule) -> str:
    """Why the requested side's authority may not execute this measure; ``""`` when it may."""
    acting = _authority(filing, filing.record.authority)
    if acting is None or not _covers(filing, subject, acting.id, measure, "execute"):
        return f"The Party file of {subject.requested} gives {filing.record.authority} no competence for {measure.id}."
    law = filing.law.by_party.get(subject.requested)
    if rule.execute and not satisfies(acting.kind, rule.execute, law):
        return f"{measure.id} is executed by {listed(sorted(rule.execute))} only; {acting.id} is {acting.kind}."
    return ""


def _covers(filing: Filing, subject: Subject, authority: str, measure: Measure, *roles: str) -> bool:
    return any(
        filing.directory.competence(authority, role, subject.instrument.id, measure.id, filing.day) for role in roles
    )


def _authority(filing: Filing, authority: str) -> Authority | None:
    try:
        return filing.directory.authority(authority)
    except NotFound:
        return None


def authority_in_matter(filing: Filing) -> Finding:
    """Who acts is at work in this matter: who opened it, whom it is addressed to, or a competent court of that Party.

    EIO arts 2(c)-(d), 7(1); Budapest art 27(2).

    Where the request was erased and names nobody any more: an authority that has acted in the matter before.
    """
    name, acting, opening = "authority_in_matter", filing.record.authority, filing.docket.opening
    if opening is None:
        return _MATTER.clear(name, f"{acting} opens the matter.")
    if acting == opening.record.authority and filing.record.party == opening.record.party:
        return _MATTER.clear(name, f"{acting} opened the matter.")
    request = filing.request
    if request is None:
        if any(e.effect and e.record.authority == acting for e in filing.docket.entries):
            return _MATTER.clear(name, f"{acting} has acted in this matter before.")
    elif filing.record.party != opening.record.party and acting == request.addressee.authority:
        return _MATTER.clear(name, f"The matter is addressed to {acting}.")
    elif _competent_court(filing, request):
        return _MATTER.clear(name, f"{acting} is a court of {filing.record.party}, competent in this matter.")
    why = f"{acting} neither opened this matter nor is asked, and is no court competent in it."
    return _MATTER.hold(name, why, filing.record.step)


def _competent_court(filing: Filing, request: Request) -> bool:
    acting = _authority(filing, filing.record.authority)
    return (
        acting is not None
        and acting.kind in _COURTS
        and any(
            filing.directory.competence(acting.id, role, request.basis.instrument, measure.id, filing.day)
            for measure in request.measures
            for role in ("issue", "validate", "execute")
        )
    )
