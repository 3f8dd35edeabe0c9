"""Evidence given, received and read: within the decision, as announced, for the purpose of the request."""

from __future__ import annotations

from comity.docket.docket import ENDING
from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.law.schema import Declaration
from comity.safeguards.citing import Source, stated
from comity.safeguards.subject import PRESERVATION, Subject, asked_of_request, said
from comity.safeguards.wording import listed, says_something

_TRANSFER = "Directive 2014/41/EU art 13(1); ECHR art 8(2)"
_INTEGRITY = "Directive (EU) 2016/680 arts 7(2), 29"
_READING = "Directive (EU) 2016/680 arts 4(2), 25(1)"


def recognised(filing: Filing) -> Finding:
    """Evidence is given only under a decision to recognise and execute that stands (EIO arts 9(1), 13(1)).

    It falls with a withdrawal or refusal that its hand did not know of, however many steps were taken meanwhile.
    """
    entry = filing.docket.latest("request.recognise", "request.refuse", "request.postpone", "request.withdraw")
    if entry is None or entry.step != "request.recognise":
        return Source(_TRANSFER).hold("recognised", "No decision to execute stands.", "request.recognise")
    ended = [e for e in map(filing.docket.latest, sorted(ENDING)) if e is not None]
    if any(not filing.docket.saw(entry, e) for e in ended):
        why = "The request was withdrawn or refused, and the decision to execute was taken without knowing of it."
        return Source(_TRANSFER).hold("recognised", why, "request.recognise")
    return Source(_TRANSFER).clear("recognised", f"Decided by {entry.holder}.")


@asked_of_request
def within_measures(filing: Filing, subject: Subject) -> Finding:
    """Every exhibit answers a measure that was recognised, none a preservation; what is left out is said.

    EIO art 13(1); LED art 4(1)(c); Budapest art 29.
    """
    name, rests = "within_measures", Source(f"{_TRANSFER}; Directive (EU) 2016/680 art 4(1)(c)")
    entry = filing.docket.latest("request.recognise")
    if filing.body is None or entry is None or entry.body is None:
        return rests.hold(
            name, "Cannot tell: the decision or the production was erased or withheld.", "request.produce"
        )
    allowed = (set(entry.body.measures) & {m.id for m in subject.measures}) - {PRESERVATION}
    beyond = [e.id for e in filing.body.exhibits if e.measure not in allowed]
    ids = [e.id for e in filing.body.exhibits]
    if beyond:
        why = f"{len(beyond)} of {len(ids)} exhibits lie outside what was recognised. Leave them out."
        return rests.hold(name, why, "request.produce")
    if len(set(ids)) != len(ids):
        return rests.hold(name, "Two exhibits have the same identifier.", "request.produce")
    if not ids and not says_something(filing.body.withheld):
        return rests.hold(name, "Nothing is given and why is not said.", "request.produce")
    return rests.clear(name, f"{len(ids)} exhibits, all within {listed(sorted(said(filing, m) for m in allowed))}.")


@asked_of_request
def own_court_order(filing: Filing, subject: Subject) -> Finding:
    """Where the requested Party's own law asks for a judge, its court's order stands before evidence is given.

    EIO art 2(d).

    Which measures need one is the Party's own declaration (``requires_judge``); the stricter binds.
    """
    name = "own_court_order"
    law = filing.law.by_party.get(subject.requested)
    if law is None:
        why = f"Cannot tell whether {subject.requested} law asks for a court's order."
        return Source("Directive 2014/41/EU art 2(d)", party=subject.requested).hold(name, why, "request.order")
    needed: dict[str, Declaration] = {}
    for measure in subject.measures:
        for own in law.declared(subject.instrument.id, "requires_judge", filing.day, measure.id):
            needed.setdefault(measure.id, own)
    if not needed:
        return Source("Directive 2014/41/EU art 2(d)", party=subject.requested).clear(
            name, f"{subject.requested} law asks for no order of its own court."
        )
    rests = stated(*needed.values(), party=subject.requested)
    order = filing.docket.latest("request.order", "request.recognise")
    if order is None or order.step != "request.order" or order.body is None:
        return rests.hold(name, f"{subject.requested} law asks for its court's order.", "request.order")
    missing = sorted(set(needed) - set(order.body.measures))
    if missing or order.body.valid_until < filing.day:
        why = (
            f"It does not cover {listed([said(filing, m) for m in missing])}."
            if missing
            else f"It ended on {order.body.valid_until}."
        )
        return rests.hold(name, f"The court's order does not suffice. {why}", "request.order")
    return rests.clear(name, f"Ordered by {order.holder}.")


def matches_production(filing: Filing) -> Finding:
    """What is received is what was given: the digests agree (LED arts 7(2), 29; integrity of evidence)."""
    name, rests = "matches_production", Source(_INTEGRITY)
    given = filing.docket.latest("request.produce")
    if filing.body is None or given is None or given.body is None:
        return rests.hold(name, "Cannot tell: the production was erased or withheld.", "request.close")
    if filing.body.production != given.id:
        return rests.hold(name, "It names another production than the latest.", "request.receive")
    announced = {e.digest for e in given.body.exhibits}
    if set(filing.body.digests) - announced:
        return rests.hold(
            name, "A digest differs from what was given: fetch it again and tell the sender.", "request.receive"
        )
    if filing.body.complete != (set(filing.body.digests) == announced):
        return rests.hold(name, "It is not said rightly whether everything has arrived.", "request.receive")
    return rests.clear(name, f"{len(announced)} exhibits agree." if filing.body.complete else "Part of it has arrived.")


def purpose_matches(filing: Filing) -> Finding:
    """An exhibit is read for the request's own purpose, and who reads says so.

    LED arts 4(2), 25(1); Budapest art 28(2)(b).
    """
    name, rests, request = "purpose_matches", Source(_READING), filing.request
    if filing.body is None or request is None:
        return rests.hold(name, "Cannot tell: the request was erased or withheld.", "request.consult")
    given = [e.id for p in filing.docket.all("request.produce") if p.body is not None for e in p.body.exhibits]
    if filing.body.exhibit not in given:
        return rests.hold(name, "There is no such exhibit in this docket.", "request.read")
    purpose = filing.body.purpose.casefold().strip()
    same = purpose == request.purpose.statement.casefold().strip() or (
        bool(request.reference) and request.reference.casefold() in purpose
    )
    if not purpose or not same:
        why = "Name the purpose as the request does, or the request's reference. Another use needs consent."
        return rests.hold(name, why, "request.consult")
    return rests.clear(name, "Read for the purpose of the request.")
