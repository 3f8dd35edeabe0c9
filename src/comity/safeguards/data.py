"""The data: what for, how long, and when they may be erased."""

from __future__ import annotations

from comity.docket.directory import JUDICIAL_ROLES
from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.safeguards.citing import Source, source
from comity.safeguards.subject import Subject, asked_of_request, mend
from comity.safeguards.wording import says_something

_LED_ERASURE = "Directive (EU) 2016/680 arts 5, 16"
_FACTS = frozenset({"retention_expired", "withdrawn"})  # grounds that are there or not: nothing is to be weighed


@asked_of_request
def purpose_limitation(filing: Filing, subject: Subject) -> Finding:
    """The request states for what the data will be used, in proceedings the instrument serves.

    LED arts 4(1)(b), 4(2), 9; EIO art 4.

    Budapest Convention art 28(2)(b) lets the requested Party bind use to the request.
    """
    name, rests = "purpose_limitation", source(filing, subject, "purpose_limitation")
    purpose = subject.request.purpose
    served = next((r for r in subject.instrument.scope if r.topic == "proceedings" and r.holds_on(filing.day)), None)
    if served is not None and not served.parameters.get(purpose.proceedings, False):
        why = f"{subject.instrument.short} does not serve proceedings of the kind {purpose.proceedings}."
        return Source(served.provision, served.settled).hold(name, why, mend(filing))
    if not says_something(purpose.statement):
        return rests.hold(name, "For what the data will be used is not stated.", mend(filing))
    return rests.clear(name, "Use is bound to the purpose that the request states.")


@asked_of_request
def retention_limit(filing: Filing, subject: Subject) -> Finding:
    """A day of erasure or of review is set under a provision, and has not passed.

    LED art 5; ECHR art 8, S. and Marper.
    """
    name, rests = "retention_limit", source(filing, subject, "retention_limit")
    retention = subject.request.retention
    if subject.preserves_only:
        return rests.clear(name, "Preservation only: no data are handed over; set when they are asked for.")
    day = min((d for d in (retention.until, retention.review) if d is not None), default=None)
    if day is None or not retention.provision:
        return rests.hold(name, "No day of erasure or review, or not the provision for it, is set.", mend(filing))
    if day < filing.day:
        return rests.hold(name, f"The day set for erasure or review, {day}, has passed.", mend(filing))
    return rests.clear(name, f"To be erased or reviewed by {day}, under the provision stated.")


def erasure_grounded(filing: Filing) -> Finding:
    """Erasure has a ground that is given, a provision, and names what is in this docket with effect.

    LED arts 5, 16; Budapest art 29.
    """
    name, body = "erasure_grounded", filing.body
    rests = Source(_LED_ERASURE)
    if body is None:
        return rests.hold(name, "Cannot tell what is to be erased.", "request.erase")
    strange = [r for r in body.records if not _here(filing, r)] + _strange_exhibits(filing)
    if strange or not (body.records or body.exhibits):
        return rests.hold(name, "It names nothing, or something that has no effect in this docket.", "request.erase")
    if not body.provision:
        return rests.hold(name, "The provision that lets or makes it be erased is not named.", "request.erase")
    if body.ground == "withdrawn" and filing.docket.latest("request.withdraw") is None:
        return rests.hold(name, "The request has not been withdrawn.", "request.withdraw")
    if body.ground == "retention_expired":
        until = filing.request.retention.until if filing.request is not None else None
        if until is None or filing.day < until:
            why = f"The time for keeping has not ended: {until or 'no day is known'}."
            return rests.hold(name, why, "request.erase")
    return rests.clear(name, f"Ground: {body.ground}, under the provision stated.")


def erasure_decided(filing: Filing) -> Finding:
    """A judge decides to erase what is the other side's, or on a ground that has to be weighed.

    LED arts 5, 16, 47(2)(b); ECHR art 6 (evidence is not destroyed by one party alone).

    An officer erases what is their own side's, when the time has ended or the request was withdrawn: those are facts.
    Of evidence each side holds its own copy, so it is each side's own.
    """
    name, body, rests = "erasure_decided", filing.body, Source(f"{_LED_ERASURE}, 47(2)(b); ECHR art 6")
    if body is None:
        return rests.hold(name, "Cannot tell what is to be erased.", "request.erase")
    if filing.official is not None and filing.official.role in JUDICIAL_ROLES:
        return rests.clear(name, f"Decided by {filing.official.holder}.")
    if any(_here(filing, r) and filing.docket.by_id[r].record.party != filing.record.party for r in body.records):
        return rests.hold(name, "It names records of the other side: a judge decides on that.", "request.erase")
    if body.ground not in _FACTS:
        return rests.hold(name, f"On the ground {body.ground} a judge decides.", "request.erase")
    return rests.clear(name, f"Own records and copies only, on the ground {body.ground}.")


def _here(filing: Filing, record: str) -> bool:
    return record in filing.docket.by_id and filing.docket.by_id[record].effect


def _strange_exhibits(filing: Filing) -> list[str]:
    """Exhibits named, by id or digest, that no production gave; none where a production was itself erased already."""
    given = filing.docket.all("request.produce")
    if any(p.body is None for p in given):
        return []
    known = {name for p in given for e in p.body.exhibits for name in (e.id, e.digest)}
    return [e for e in filing.body.exhibits if e not in known]
