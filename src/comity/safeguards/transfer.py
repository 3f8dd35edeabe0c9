"""Personal data leaving the Union: the gates of Directive (EU) 2016/680 arts 35-39, on what the docket shows.

Which country is adequate, and which is bound to appropriate safeguards, is dated data (`data/standards.toml`:
``ground``, ``country``); the same of an instrument that brings its own safeguards (``transfer_ground``). Left to
others: competence of the authority that receives (`comity.safeguards.basis`), purpose (`comity.safeguards.data`).
"""

from __future__ import annotations

from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.law.schema import Cited, Standard
from comity.safeguards.citing import Source, standards, stated
from comity.safeguards.subject import Subject, asked_of_request, mend, rule_of, standing_authorisation
from comity.safeguards.wording import says_something

_LED = "Directive (EU) 2016/680"
_GATES = f"{_LED} art 35(1)"
_DEROGATION = f"{_LED} arts 35(1)(d), 38(1)(d), 38(2)-(3)"
_PRIVATE = f"{_LED} arts 35(1)(b), 39"


@asked_of_request
def transfer_permitted(filing: Filing, subject: Subject) -> Finding:
    """Personal data leave the Union only on a ground: adequacy, appropriate safeguards, or a derogation weighed.

    LED arts 35-39; Schrems II C-311/18; Umbrella Agreement art 1(3); CETS 224 art 14(1)(d).

    Asked of who sends: the request and the evidence both hold personal data. The derogation for an individual case
    needs the person's rights to have been weighed, by a judge or the deciding authority, on record: the record is the
    documentation of art 38(3).
    """
    name, sender = "transfer_permitted", filing.record.party
    recipient = subject.requested if sender == subject.requesting else subject.requesting
    own = standards(filing, "onward_transfer_authorisation", (sender,))
    gates = tuple(s for s in own if "gate" in s.parameters)
    if not gates:
        return Source(_GATES).clear(name, f"{sender} is not bound by the Directive on {filing.law_day}.")
    if any(s in gates for s in standards(filing, "onward_transfer_authorisation", (recipient,))):
        return stated(*gates[:1], party=sender).clear(name, f"{recipient} is bound by the Directive as {sender} is.")
    private = _private(filing, subject)
    if private:
        why = (
            f"{private} is answered by a provider in {recipient}: ask its authority, unless that would be ineffective."
        )
        return Source(_PRIVATE, party=sender).hold(name, f"{why} The files cannot tell.", mend(filing))
    ground = _ground(filing, subject, own, recipient)
    if ground is not None and ground.settled:
        return stated(ground, party=sender).clear(name, f"{recipient}: {_said(ground)}")
    return _derogation(filing, subject, recipient, ground)


def _private(filing: Filing, subject: Subject) -> str:
    """A measure addressed to a provider directly, or ``""``; nothing private is told where a provider asks nobody."""
    if filing.record.party != subject.requesting:
        return ""
    rules = (rule_of(filing, subject, m) for m in subject.measures)
    return next((r.title for r in rules if r is not None and r.addressee == "provider"), "")


def _ground(filing: Filing, subject: Subject, own: tuple[Standard, ...], recipient: str) -> Cited | None:
    """Adequacy of the recipient, its appropriate safeguards, or those of the instrument: a settled one first."""
    found: list[Cited] = [s for s in own if s.parameters.get("country") == recipient]
    found += [
        r
        for r in subject.instrument.rules
        if r.topic == "no_extra_authorisation" and r.holds_on(filing.day) and subject.instrument.is_in_force(filing.day)
    ]
    return min(found, key=lambda c: not c.settled, default=None)


def _said(ground: Cited) -> str:
    kind = ground.parameters.get("ground", "") if isinstance(ground, Standard) else ""
    if kind == "adequacy":
        return "an adequate level of protection is decided on."
    return "bound to appropriate safeguards." if kind else "the instrument brings its own safeguards."


def _derogation(filing: Filing, subject: Subject, recipient: str, doubtful: Cited | None) -> Finding:
    name, sender = "transfer_permitted", filing.record.party
    doubt = f"Whether the ground under {doubtful.provision} still stands is not settled. " if doubtful else ""
    rests = Source(_DEROGATION, party=sender)
    if _weighed(filing, subject):
        return rests.clear(name, f"{doubt}To {recipient} in this individual case; the person's rights were weighed.")
    why = f"{doubt}No settled adequacy or safeguards of {recipient}, and nobody has weighed the person's rights."
    asked = "request.order" if sender == subject.requested else mend(filing)
    return rests.hold(name, why, asked)


def _weighed(filing: Filing, subject: Subject) -> bool:
    """Whether the sending side has weighed the rights of the person in this matter, in words on record."""
    if filing.record.party == subject.requested:
        latest = (filing.docket.latest("request.recognise"), filing.docket.latest("request.order", "request.recognise"))
        bodies = [e.body for e in latest if e is not None]
        return any(says_something(getattr(b, "rights", getattr(b, "reasons", ""))) for b in bodies)
    entry = standing_authorisation(filing)
    judged = entry.body.rights if entry is not None and entry.body is not None else ""
    return says_something(judged) or says_something(subject.request.rights.assessment)
