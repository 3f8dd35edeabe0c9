"""When a limit ends: Regulation (EEC, Euratom) No 1182/71 or treaty custom, with every step of the sum in writing.

Three moments come out of a reckoning, and they are not the same:

``starts``
    when the period begins to run: the first hour of day 1, or the first hour that counts.
``due``
    the last moment at which acting is in time on every reading of the law. Plan and remind by it.
``expires``
    the moment from which the act is late. Findings, lapses and owed steps rest on it, never on an earlier one.

Days: a period ends "with the expiry of the last hour" of its last day (art 3(2)), so ``expires`` is 24:00 and ``due``
is one second earlier, on that day. Hours: ``due`` is so many elapsed hours after the event, also across a change of
clocks. Art 3(1) adds that "the hour during which that event occurs" does not count, so under the Regulation the period
runs from the next full hour and ``expires`` is up to an hour after ``due``. Whoever must act within "8 hours" does well
to take the earlier, and nobody may be called late before the later. Under a treaty nothing gives that hour: the two are
the same.

A suspension, and a limit of hours and of days, leave open how they are counted: ``due`` is then the earliest and
``expires`` the latest end of all readings (`comity.law.suspension`, `comity.law.course`), and the explanation says that
it cannot tell which. A floor, and an act due at the end, have the latest as both.

One reading is in neither moment: that the law of the place moves a closed last day under a treaty. The explanation says
that it may, and the stricter day stands.

Where the law gives no number, or a suspension is still running, the answer is `NoNumber`, never a guess.

Left to others: which limit applies (`comity.law.schema.Instrument.limit`), whose zone and calendar count (the caller,
from `Limit.place`), how a period runs (`comity.law.running`), the clock (callers give ``now``). Periods counted
backwards from an event are not computed: art 3(4) does not apply to them and no instrument here has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from comity.errors import BadLaw, Malformed
from comity.law import reckoning
from comity.law.calendars import Calendar
from comity.law.course import REGULATION, Course, Rules
from comity.law.reckoning import amount_in_words, in_words, moment_in_words, utc
from comity.law.running import on_every_reading, run
from comity.law.schema import Limit, Mark
from comity.law.suspension import Pause, Suspension, merged

__all__ = ["NoNumber", "Reckoning", "Rules", "State", "Suspension", "due", "rules_for", "state"]

State = Literal["running", "due today", "overdue", "not yet open", "open", "suspended", "no number"]

_SECOND = timedelta(seconds=1)
_DOUBT: tuple[Mark, ...] = ("verified", "secondary", "knowledge_high", "knowledge_medium")  # least doubtful first
_NOT_SETTLED = "This is not settled law here: check its source before relying on it."
EU_ACTS = ("regulation", "directive", "framework_decision")
"""Kinds of instrument that are acts of the Union."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """When a limit ends and why. ``starts``, ``due``, ``expires`` (aware, in the place's zone): see the module's text.

    ``starts`` leaves suspensions aside.

    ``mark`` is the most doubtful of the limit's and its extensions' marks.
    """

    due: datetime
    starts: datetime
    expires: datetime
    explanation: tuple[str, ...]
    provision: str
    mark: Mark
    minimum: bool
    at_end: bool


@dataclass(frozen=True, slots=True)
class NoNumber:
    """There is no date to give: the law sets none ("as soon as possible"), or the limit is suspended for now."""

    provision: str
    mark: Mark
    explanation: tuple[str, ...]
    suspended_since: datetime | None = None
    remaining: timedelta | None = None  # what was left of the limit then, on the reading that leaves most


def rules_for(kind: str) -> Rules:
    """The rules of counting for an instrument of ``kind`` (`Instrument.kind`).

    Regulation 1182/71 governs acts of the Council and Commission (art 1), and so those of Parliament and Council.
    Framework decisions were acts of the Council under another Treaty: the Regulation is taken as governing them by
    analogy, which a court of the executing State may see otherwise. Treaties and statutes of third States are outside
    it.
    """
    return "1182/71" if kind in EU_ACTS else "treaty"


def due(
    limit: Limit,
    trigger: datetime,
    calendar: Calendar,
    zone: ZoneInfo,
    suspensions: Sequence[Suspension] = (),
    extensions: Sequence[Limit] = (),
    *,
    no_roll: bool = False,
    rules: Rules = "1182/71",
    moves_by: str = "",
) -> Reckoning | NoNumber:
    """When ``limit`` ends, if it runs from ``trigger`` (an aware moment) at the place of ``calendar`` and ``zone``.

    ``extensions`` lengthen the period itself: 60 days extended by 30 are 90 days from the same day 0, and only the last
    day can move. ``no_roll`` switches off art 3(4) and (5), where the instrument excepts them. Under "treaty" rules
    days are calendar days and the last one stays where it is, unless ``moves_by`` names the provision of the Party's
    law that moves it (the European Convention on the Calculation of Time-Limits, ETS 76, would move it too, but binds
    in civil, commercial and administrative matters only, art 1).

    Raises `Malformed` for a moment without a time zone, `BadLaw` for an amount below one or an extension of another
    limit.
    """
    _check(limit, trigger, suspensions, extensions)
    periods = (limit, *extensions)
    mark = max((p.mark for p in periods), key=_DOUBT.index)
    provision = ", ".join(dict.fromkeys(p.provision for p in periods))
    if unsaid := next((p for p in periods if p.amount is None), None):
        return _without_number(unsaid, mark)
    if no_roll:
        moves_by = ""
    elif rules == "1182/71":
        moves_by = f"{REGULATION} art 3(4)"
    pauses, lasting = merged(suspensions)
    course = Course(calendar, zone, rules, moves_by, pauses)
    course.lines.append(_opening(limit, extensions))
    starts, last, expires = run(course, trigger, periods)
    span = on_every_reading(course, trigger, periods, (last, expires))
    if course.eu and (course.changed or span != (last, expires)):
        _doubt_regulation(course, trigger, periods, span)
    _tell_readings(course, periods, (last, expires), span, floor=limit.minimum or limit.at_end)
    last, expires = span
    if mark == "knowledge_medium":
        course.lines.append(_NOT_SETTLED)
    if lasting is not None and lasting.start < expires.astimezone(UTC):
        return _suspended(course, lasting, Reckoning(last, starts, expires, (), provision, mark, False, False))
    if limit.minimum or limit.at_end:
        last = expires if _in_hours(periods) else reckoning.later(expires, -_SECOND, zone)
    _close(course, limit, periods, last)
    return Reckoning(last, starts, expires, tuple(course.lines), provision, mark, limit.minimum, limit.at_end)


def state(answer: Reckoning | NoNumber, now: datetime) -> State:
    """Where a limit stands at ``now`` (aware).

    A ceiling is "running", "due today" (on its last day, and until it expires) or "overdue". A limit at whose end the
    act is due (``at_end``) is "not yet open" until it expires, "due today" through the calendar day that begins then,
    and "overdue" after. A floor (``minimum``) is "not yet open" until it expires, then "open": it can't be overdue.
    """
    _aware(now, "now")
    if isinstance(answer, NoNumber):
        return "suspended" if answer.suspended_since is not None else "no number"
    moment, expires = now.astimezone(UTC), answer.expires.astimezone(UTC)
    if (answer.minimum or answer.at_end) and moment < expires:
        return "not yet open"
    if answer.minimum:
        return "open"
    if answer.at_end:
        return "due today" if now.astimezone(answer.expires.tzinfo).date() <= answer.expires.date() else "overdue"
    if moment >= expires and moment > answer.due.astimezone(UTC):
        return "overdue"
    return "due today" if now.astimezone(answer.due.tzinfo).date() >= answer.due.date() else "running"


def _aware(moment: datetime, what: str) -> None:
    if moment.utcoffset() is None:
        raise Malformed(f"The moment {moment.isoformat()} ({what}) has no time zone.", "Give it with its offset.")


def _check(limit: Limit, trigger: datetime, suspensions: Sequence[Suspension], extensions: Sequence[Limit]) -> None:
    _aware(trigger, limit.trigger)
    names = {limit.name, *(e.name for e in extensions)}
    for period in (limit, *extensions):
        if period.amount is not None and period.amount < 1:
            raise BadLaw(f"{period.name!r} ({period.provision}) is {period.amount} long.", "Give a positive amount.")
        if period is not limit and period.extends and period.extends not in names:
            raise BadLaw(f"{period.name!r} extends {period.extends!r}, not {limit.name!r}.", "Correct `extends`.")
    for s in suspensions:
        _aware(s.start, s.reason)
        if s.end is not None:
            _aware(s.end, s.reason)
            if s.end.astimezone(UTC) < s.start.astimezone(UTC):
                raise Malformed(f"The suspension {s.reason!r} ends before it starts.", "Correct its two moments.")


def _without_number(period: Limit, mark: Mark) -> NoNumber:
    text = f"{period.name}: {period.provision} sets a duty without a number; no date can be computed."
    said = [text, period.note, "" if period.settled else _NOT_SETTLED]
    return NoNumber(period.provision, mark, tuple(s for s in said if s))


def _opening(limit: Limit, extensions: Sequence[Limit]) -> str:
    text = f"{limit.name}: {amount_in_words(limit.amount or 0, limit.unit)} from {limit.trigger} ({limit.provision})"
    for e in extensions:
        text += f", extended by {amount_in_words(e.amount or 0, e.unit)} ({e.provision})"
    return text + "."


def _in_hours(periods: Sequence[Limit]) -> bool:
    return periods[-1].unit == "hours"


def _when(course: Course, periods: Sequence[Limit], last: datetime) -> str:
    """``last`` in words; the last second of a day as 24:00."""
    if _in_hours(periods):
        return moment_in_words(last, course.zone)
    return f"{in_words(last.date())} 24:00 ({course.zone.key})"


def _close(course: Course, limit: Limit, periods: Sequence[Limit], last: datetime) -> None:
    when = _when(course, periods, last)
    if limit.minimum:
        course.lines.append(f"This is a floor, not a ceiling: it is kept until {when} at least.")
    elif limit.at_end:
        course.lines.append(f"The act is due at the end of the limit, not within it: at {when}.")
    else:
        course.lines.append(f"Due by {when}.")


def _tell_readings(
    course: Course,
    periods: Sequence[Limit],
    found: tuple[datetime, datetime],
    span: tuple[datetime, datetime],
    floor: bool,
) -> None:
    """That another reading gives another end, where one does: which, and what to do."""
    if [utc(m) for m in found] == [utc(m) for m in span]:
        return
    part = "hour" if all(p.unit == "hours" for p in periods) else "day"
    open_ = [f"whether the {part} in which a suspension begins or ends counts"] if course.pauses else []
    if len({p.unit == "hours" for p in periods}) > 1:
        open_.append("how hours and days of one limit are put together")
    latest = span[1] if _in_hours(periods) else reckoning.later(span[1], -_SECOND, course.zone)
    earliest, latest_words = _when(course, periods, span[0]), _when(course, periods, latest)
    what_to_do = "Keep to the later." if floor else "Act by the earlier; nobody is late before the later."
    course.lines.append(
        f"The law does not say {' and '.join(open_)}. Cannot tell: the limit ends on {earliest} on the strictest "
        f"reading and on {latest_words} on the most generous. {what_to_do}"
    )


def _doubt_regulation(
    course: Course, trigger: datetime, periods: Sequence[Limit], span: tuple[datetime, datetime]
) -> None:
    """Where the Regulation changes the end: that it governs acts of Parliament and Council too is not settled here.

    Its art 1 speaks of acts of the Council and the Commission; the law reference marks it knowledge_medium (W4).
    """
    free = replace(course, rules="treaty", moves_by="", lines=[])
    without = on_every_reading(free, trigger, periods, run(free, trigger, periods)[1:])
    if [utc(m) for m in without] == [utc(m) for m in span]:
        return
    over = without[0] if _in_hours(periods) else reckoning.later(without[0], _SECOND, course.zone)
    at_the_earliest = "" if utc(over) == utc(without[1]) else " at the earliest"
    course.lines.append(
        f"That {REGULATION} governs here (its art 1) is not settled in the files; without it the limit is over on "
        f"{moment_in_words(over, course.zone)}{at_the_earliest}."
    )


def _suspended(course: Course, lasting: Pause, answer: Reckoning) -> NoNumber:
    """No date: a suspension without an end began before the limit would have expired."""
    since = lasting.start.astimezone(course.zone)
    if lasting.start >= utc(answer.due):
        course.lines.append(f"On the strictest reading it was over on {moment_in_words(answer.due, course.zone)}.")
    course.lines.append(
        f"Suspended since {moment_in_words(since, course.zone)}: {lasting.because}. "
        "No date can be given until it resumes."
    )
    left = utc(answer.expires) - max(lasting.start, utc(answer.starts))
    return NoNumber(answer.provision, answer.mark, tuple(course.lines), since, left)
