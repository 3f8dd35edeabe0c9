"""The person concerned: told, or telling deferred by a judge for a reason; with a remedy either way."""

from __future__ import annotations

from datetime import date

from comity.docket.finding import Finding
from comity.docket.sections import Notice
from comity.docket.step import Filing
from comity.safeguards.citing import Source, resting, source, standards
from comity.safeguards.subject import Subject, asked_of_request, mend, standing_authorisation
from comity.safeguards.wording import says_something

_DEFER = "Directive (EU) 2016/680 art 13(3)"
_WITHHELD = "A judge has ordered when the person is told; the order is withheld: it is for that Party alone."
_REMEDY = "ECHR art 13; Directive (EU) 2016/680 arts 13, 52-56"


@asked_of_request
def notification_affected(filing: Filing, subject: Subject) -> Finding:
    """The person is told, or a judge defers telling on a listed ground, with reasons, until a day.

    LED art 13(3); EIO art 14(3).

    Only a judge defers: the requesting authority may ask, the authorisation or an order of deferral decides.
    """
    name, rests = "notification_affected", source(filing, subject, "notification_affected")
    if subject.preserves_only:
        return rests.clear(name, "Preservation only: nothing is disclosed; the person is told with the data.")
    if _known_to_one_side(filing):
        return Source(_DEFER).clear(name, _WITHHELD)
    decided = _decided(filing)
    notice = decided or subject.request.notice
    if notice.mode == "notify":
        return rests.clear(name, "The person is told." if decided is None else "The judge has the person told.")
    deferring = resting(standards(filing, "deferral_reasoned", (filing.assessor,)), _DEFER)
    why = _deferral_wanting(notice, filing.day)
    if why:
        return deferring.hold(name, why, "request.authorise" if decided is not None else mend(filing))
    if decided is None:
        return deferring.hold(name, "Telling the person is deferred by a judge only.", "request.authorise")
    return deferring.clear(name, f"A judge defers telling until {notice.until}: {notice.ground}.")


def _decided(filing: Filing) -> Notice | None:
    """The judge's own decision on telling: the one being filed, a later order of deferral, or the authorisation's."""
    if filing.record.step == "request.authorise" and filing.body is not None:
        return _as_notice(filing.body.notice)
    entry = standing_authorisation(filing)
    later = filing.docket.latest("request.defer", "request.authorise")
    if later is not None and later.step == "request.defer" and later.body is not None:
        return _as_notice(later.body.notice)
    return _as_notice(entry.body.notice) if entry is not None and entry.body is not None else None


def _known_to_one_side(filing: Filing) -> bool:
    """Whether a judge's later order of deferral is for one side alone, and so not to be judged in this assessment.

    Its contents stay with the Party whose judge made it. That Party judges its own steps by it; the other side cannot,
    and the other side's own steps must not hang on what it cannot know: both assessments end alike.
    """
    later = filing.docket.latest("request.defer", "request.authorise")
    if later is None or later.step != "request.defer":
        return False
    return not later.record.party == filing.record.party == filing.assessor


def _as_notice(value: object) -> Notice | None:
    return value if isinstance(value, Notice) else None


def _deferral_wanting(notice: Notice, day: date) -> str:
    """What a deferral wants, or ``""``."""
    if not notice.ground:
        return "No listed ground for deferring is named."
    if not says_something(notice.reasons):
        return "Why telling is deferred is not said in any substance."
    if notice.until is None or notice.until < day:
        return "A deferral needs a day on which it ends, and that day must not have passed."
    return ""


@asked_of_request
def effective_remedy(filing: Filing, subject: Subject) -> Finding:
    """A legal remedy against the measure is open and named.

    EIO art 14; Gavanozov II C-852/19; ECHR art 13; Charter art 47.
    """
    name, rests = "effective_remedy", source(filing, subject, "effective_remedy")
    if subject.preserves_only:
        return rests.clear(name, "Preservation only: named when the data are asked for.")
    if not says_something(subject.request.remedies.available):
        return rests.hold(
            name, "No remedy against the measure is named; without one it may not be asked for.", mend(filing)
        )
    return rests.clear(name, "A remedy is named.")


def deferral_reasoned(filing: Filing) -> Finding:
    """A judge's deferral has a listed ground, reasons and an end (LED arts 13(3), 15(4))."""
    if filing.body is None:
        return Source(_DEFER).hold(
            "deferral_reasoned", "Cannot tell: the order was erased or withheld.", "request.defer"
        )
    notice: Notice = filing.body.notice
    why = "It does not defer." if notice.mode != "defer" else _deferral_wanting(notice, filing.day)
    if why:
        return Source(_DEFER).hold("deferral_reasoned", why, "request.defer")
    return Source(_DEFER).clear("deferral_reasoned", f"Deferred until {notice.until}: {notice.ground}.")


def remedies_named(filing: Filing) -> Finding:
    """Whoever is told is told of the remedies too (EIO art 14(3); LED art 13(1); ECHR art 13)."""
    if filing.body is None:
        return Source(_REMEDY).hold(
            "remedies_named", "Cannot tell: the notice was erased or withheld.", "request.notify"
        )
    if not says_something(filing.body.remedies.available) or not filing.body.person:
        return Source(_REMEDY).hold(
            "remedies_named", "Name the person and the remedies open to them.", "request.notify"
        )
    return Source(_REMEDY).clear("remedies_named", "The remedies are named to the person.")


def person_told_or_deferred(filing: Filing) -> Finding:
    """A matter with evidence is closed only once the person was told, or a judge's deferral runs.

    LED art 13; Zakharov.
    """
    name, rests = "person_told_or_deferred", Source("Directive (EU) 2016/680 art 13; ECHR art 8")
    produced = filing.docket.latest("request.produce")
    if produced is None:
        return rests.clear(name, "No evidence was given, so there is nothing to tell of yet.")
    if filing.docket.latest("request.notify") is not None:
        return rests.clear(name, "The person was told.")
    if _known_to_one_side(filing):
        return rests.clear(name, _WITHHELD)
    notice = _decided(filing)
    if notice is not None and notice.mode == "defer" and not _deferral_wanting(notice, filing.day):
        return rests.clear(name, f"A judge defers telling until {notice.until}.")
    return rests.hold(name, "The person was not told, and no deferral by a judge runs.", "request.notify")
