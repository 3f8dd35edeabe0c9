"""Preserving without disclosing (Budapest Convention arts 16, 29): only that, and for long enough."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.errors import NotFound
from comity.law.calendars import Calendar
from comity.law.schema import Cited, Limit
from comity.law.time_limits import Reckoning, due, rules_for
from comity.safeguards.citing import Source, stated
from comity.safeguards.subject import PRESERVATION, Subject, asked_of_request

_ART_29 = "ETS 185 art 29(3)"


@asked_of_request
def preservation_only(filing: Filing, subject: Subject) -> Finding:
    """The answer *preserved* is for a request to preserve and nothing else (Budapest Convention art 29(1), (3))."""
    if subject.preserves_only:
        return Source(_ART_29).clear("preservation_only", "The request asks to preserve and nothing else.")
    why = "More than a preservation is asked; recognise it or refuse it."
    return Source(_ART_29).hold("preservation_only", why, "request.recognise")


@asked_of_request
def preservation_period(filing: Filing, subject: Subject) -> Finding:
    """Data are kept at least as long as the instrument says, so that a request can follow.

    Budapest Convention art 29(7).

    The instrument's minimum, or the longer one that a Party has declared.
    """
    name = "preservation_period"
    least = next((x for x in subject.instrument.limits if _is_minimum(x) and x.holds_on(filing.day)), None)
    if least is None or filing.body is None:
        return Source(_ART_29).hold(name, "Cannot tell how long the data must be kept.", "request.consult")
    last, cited, party = _longest(filing, subject, least)
    rests = stated(*cited, party=party)
    if last is None:
        return rests.hold(name, "Cannot tell how long the data must be kept.", "request.consult")
    if filing.body.until < last:
        return rests.hold(name, f"Kept until {filing.body.until}; at least until {last} is asked.", "request.preserve")
    return rests.clear(name, f"Kept until {filing.body.until}, at least until {last}.")


def _is_minimum(limit: Limit) -> bool:
    return limit.minimum and PRESERVATION in limit.measures


def _longest(filing: Filing, subject: Subject, least: Limit) -> tuple[date | None, tuple[Cited, ...], str]:
    """The last day on which the data must still be there, what says so, and whose rule it is."""
    last, party = _end(filing, subject, least), ""
    cited: tuple[Cited, ...] = (least,)
    law = filing.law.by_party.get(subject.requested)
    for own in law.declared(subject.instrument.id, "limit", filing.day, PRESERVATION) if law else ():
        if own.value != least.name or own.amount is None or own.unit not in ("days", "weeks"):
            continue
        day = filing.day + timedelta(days=own.amount * (7 if own.unit == "weeks" else 1))
        if last is None or day > last:
            last, cited, party = day, (own,), subject.requested
    return last, cited, party


def _end(filing: Filing, subject: Subject, least: Limit) -> date | None:
    try:
        party = filing.law.party(subject.requested)
    except NotFound:
        return None
    rules = rules_for(subject.instrument.kind)
    reckoned = due(least, filing.record.time, Calendar.of(party), ZoneInfo(party.time_zone), rules=rules)
    return reckoned.due.date() if isinstance(reckoned, Reckoning) else None
