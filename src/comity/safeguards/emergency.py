"""Emergencies: what may be claimed as one, and what becomes of a matter whose proof of logging does not come.

The mark spares the sender the wait for its log's witnesses and nothing else: whatever asks for a judge's hand asks for
it here too. Left to others: taking such a record, noting that its proof came or is overdue (`comity.node`).
"""

from __future__ import annotations

from comity.docket.emergency import EMERGENCY
from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.safeguards.citing import Source
from comity.safeguards.subject import Subject, asked_of_request, mend
from comity.safeguards.wording import says_something

_LAW = Source("CETS 224 art 3(2)(c); Regulation (EU) 2023/1543 art 3(18)")
_RULE = Source("Comity: an emergency is proved in full within 24 hours")


def emergency_grounded(filing: Filing) -> Finding:
    """Only a risk to life or safety that does not bear waiting is an emergency, in a request for the urgent lane.

    Second Additional Protocol (CETS 224) art 3(2)(c); Regulation (EU) 2023/1543 art 3(18).
    """
    if EMERGENCY not in filing.record.sections:
        return _LAW.clear("emergency_grounded", "No emergency is claimed.")
    return _claimed(filing)


def _grounded(filing: Filing, subject: Subject) -> Finding:
    name = "emergency_grounded"
    claim = filing.body.emergency if filing.body is not None else None
    if claim is None or not says_something(claim.risk):
        return _LAW.hold(name, "Whose life or safety is at risk is not said in any substance.", filing.record.step)
    if not subject.request.urgency.urgent:
        return _LAW.hold(name, "The request itself does not ask for the urgent lane.", mend(filing))
    return _LAW.clear(name, "A risk to life or safety is stated.")


_claimed = asked_of_request(_grounded)


def proved_in_time(filing: Filing) -> Finding:
    """What was taken on the log's signature alone counts for 24 hours; after that everything waits for the full proof.

    Comity's own rule; Second Additional Protocol (CETS 224) art 3(2)(c) says what an emergency is.
    """
    name, docket = "proved_in_time", filing.docket
    taken = docket.latest("request.unproven", "request.proved")
    if taken is None or taken.step == "request.proved":
        return _RULE.clear(name, "Logging is proved in full.")
    if any(e.body is None or e.body.since == taken.id for e in docket.all("request.overdue")):
        return _RULE.hold(name, "The request's full proof of logging has not come within 24 hours.", "request.proved")
    return _RULE.clear(name, "Taken as an emergency; its full proof is still in time.")
