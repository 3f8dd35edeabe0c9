"""How long an act may be sealed, and who may change it. Sealing hides the public kind of an act, never the act itself.

The instruments demand confidentiality and name no longest time. So the files can seldom tell, and what they cannot tell
holds unless a judge's own authorisation bears the month. `MOST_MONTHS` at once is Comity's rule, not law: a judge looks
at it again at least so often, and padding is sealed for no longer. Left to others: that all records of a docket are
sealed alike (`comity.docket.sealing`).
"""

from __future__ import annotations

from datetime import date

from comity.docket.finding import Finding
from comity.docket.sealing import MOST_MONTHS, month_after, seal_of
from comity.docket.step import Filing
from comity.safeguards.citing import Source, source
from comity.safeguards.subject import Subject, asked_of_request, standing_authorisation
from comity.safeguards.wording import says_something

_RULE = "Directive 2014/41/EU art 19; ETS 185 art 27(8)"
_DRAFTED = ("request.draft", "request.revise")
LONGEST = "months_sealed_at_most"  # the parameter of a rule on confidentiality that names a statutory maximum


def seal_limit(filing: Filing) -> Finding:
    """A seal is as long as the law lets it be; where the law does not say, as long as a judge's authorisation says.

    EIO art 19(1)-(3); Budapest Convention art 27(8).

    Before a judge has decided a draft may be sealed, but nothing leaves under that seal.
    """
    if filing.record.sealed_month is None:
        return Source(_RULE).clear("seal_limit", "It is logged in the open.")
    return _sealed(filing)


def _limit(filing: Filing, subject: Subject) -> Finding:
    name, rests = "seal_limit", source(filing, subject, "seal_limit")
    month = filing.record.sealed_month or filing.day
    if why := _too_long(filing, subject, month):
        return rests.hold(name, why, filing.record.step)
    if filing.record.step in _DRAFTED:
        return rests.clear(name, f"Sealed until {month:%Y-%m}; a judge decides on it before it is sent.")
    if filing.record.step == "request.authorise" or _longest(filing, subject) is not None:
        return rests.clear(name, f"Sealed until {month:%Y-%m}.")
    entry = standing_authorisation(filing)
    if entry is None or entry.record.sealed_month != month:
        why = f"The law files name no longest time, and no judge's authorisation is sealed until {month:%Y-%m}."
        return rests.hold(name, why, "request.authorise")
    return rests.clear(name, f"Sealed until {month:%Y-%m}, as the judge's authorisation is.")


_sealed = asked_of_request(_limit)


@asked_of_request
def seal_extended(filing: Filing, subject: Subject) -> Finding:
    """A judge extends a seal that still runs, to a later month, with reasons; a lapse is not revived.

    EIO art 19(1)-(3); Budapest Convention art 27(8).
    """
    name, rests, month = "seal_extended", source(filing, subject, "seal_limit"), filing.record.sealed_month
    standing = seal_of(filing.docket, filing.day)
    why = _order_wanting(filing, standing)
    if not why and (month is None or standing is None or month <= standing):
        why = f"An extension is sealed until a month later than {standing:%Y-%m}." if standing else ""
    if not why and month is not None:
        why = _too_long(filing, subject, month)
    if why:
        return rests.hold(name, why, filing.record.step if standing is not None else "request.consult")
    return rests.clear(name, f"A judge extends the seal until {month:%Y-%m}.")


@asked_of_request
def seal_lifted(filing: Filing, subject: Subject) -> Finding:
    """A judge may unseal before the month, with reasons; what was unsealed is not sealed again.

    EIO art 19(1)-(3); ECHR art 6(1).
    """
    name, rests = "seal_lifted", source(filing, subject, "seal_limit")
    standing = seal_of(filing.docket, filing.day)
    if why := _order_wanting(filing, standing):
        return rests.hold(name, why, filing.record.step if standing is not None else "request.consult")
    return rests.clear(name, "A judge lifts the seal.")


def _order_wanting(filing: Filing, standing: date | None) -> str:
    """What a judge's order about the seal wants, or ``""``."""
    if standing is None:
        return "The docket is not sealed, or its month has come."
    if filing.body is None:
        return "Cannot tell: the order was erased or withheld."
    named = filing.docket.by_id.get(filing.body.record)
    if named is None or not named.effect or named.record.sealed_month is None:
        return "Name a sealed record of this docket."
    return "" if says_something(filing.body.reasons) else "Why is not said in any substance."


def _longest(filing: Filing, subject: Subject) -> int | None:
    """The statutory maximum in months, the shortest where several bind; None: the files cannot tell."""
    rules = (rule for rule in subject.instrument.rules if rule.topic == "confidentiality" and rule.holds_on(filing.day))
    return min((int(str(rule.parameters[LONGEST])) for rule in rules if LONGEST in rule.parameters), default=None)


def _too_long(filing: Filing, subject: Subject, month: date) -> str:
    """Why a month is too late, or ``""``. Months count from the record's own."""
    longest = _longest(filing, subject)
    if longest is not None and month > month_after(filing.day, longest):
        return f"The law lets it be sealed for {longest} months at most."
    if month > month_after(filing.day, MOST_MONTHS):
        return f"It is sealed for {MOST_MONTHS} months at most at once; have a judge extend it then."
    return ""
