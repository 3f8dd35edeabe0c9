"""How a period runs from an event to its end, in days or in hours, with each step of the sum as a sentence.

Articles are those of Regulation (EEC, Euratom) No 1182/71. Left to others: dates alone (`comity.law.reckoning`), which
limit and which extensions (`comity.law.time_limits`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Literal
from zoneinfo import ZoneInfo

from comity.law import reckoning
from comity.law.calendars import Calendar
from comity.law.reckoning import amount_in_words, in_words, moment_in_words
from comity.law.schema import Limit, Unit

Rules = Literal["1182/71", "treaty"]
REGULATION = "Regulation 1182/71"


@dataclass(frozen=True, slots=True)
class Suspension:
    """A time during which a limit does not run. ``end`` is None while it lasts. Both ends are aware moments."""

    start: datetime
    end: datetime | None
    reason: str
    provision: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A closed suspension, or several that touch."""

    start: datetime  # UTC
    end: datetime  # UTC
    because: str


@dataclass(slots=True)
class Course:
    """The place and rules of one reckoning, and the sentences written so far."""

    calendar: Calendar
    zone: ZoneInfo
    rules: Rules
    moves_by: str  # provision by which a limit ending on a closed day moves; empty: it doesn't
    pauses: tuple[Pause, ...]
    lines: list[str] = field(default_factory=list)
    changed: bool = False  # the Regulation has given another end than custom would

    @property
    def eu(self) -> bool:
        """Whether Regulation 1182/71 governs."""
        return self.rules == "1182/71"

    def article(self, number: str) -> str:
        """The article in brackets where the Regulation governs; otherwise nothing."""
        return f" ({REGULATION} art {number})" if self.eu else ""


def merged(suspensions: Sequence[Suspension]) -> tuple[Pause, ...]:
    """Closed suspensions in order; those that touch count once."""
    pauses: list[Pause] = []
    closed = ((s.start.astimezone(UTC), s.end.astimezone(UTC), s) for s in suspensions if s.end is not None)
    for start, end, s in sorted(closed, key=lambda x: x[:2]):
        because = f"{s.reason} ({s.provision})"
        if pauses and start <= pauses[-1].end:
            before = pauses[-1]
            pauses[-1] = replace(before, end=max(end, before.end), because=f"{before.because}; {because}")
        else:
            pauses.append(Pause(start, end, because))
    return tuple(pauses)


def run(course: Course, trigger: datetime, periods: Sequence[Limit]) -> tuple[datetime, datetime, datetime]:
    """starts, due and expires of the periods one after the other; those of the same unit are one period."""
    parts = [(unit, sum(p.amount or 0 for p in same)) for unit, same in groupby(periods, key=lambda p: p.unit)]
    starts: datetime | None = None
    moment = last = trigger
    for hours, group in groupby(parts, key=lambda part: part[0] == "hours"):
        if hours:
            begins, last, expires = _hours(course, sum(n for _, n in group), moment, first=starts is None)
        else:
            begins, last, expires = _days(course, list(group), last, first=starts is None)
        starts, moment = starts or begins, expires
    assert starts is not None  # there is always one period
    return starts, last, moment


def _hours(course: Course, hours: int, moment: datetime, first: bool) -> tuple[datetime, datetime, datetime]:
    """A period in hours (art 3(1) first subparagraph, 3(2)(a)).

    Nothing moves: art 3(4) excepts hours. Art 3(5), "any period of two days or more", is read as not reaching a period
    that the law chose to express in hours, so 48, 72 and 96 hours run through weekends.
    """
    zone, lines = course.zone, course.lines
    elapsed = _ends(course, moment, hours)
    if first:
        lines.append(f"The event falls on {moment_in_words(moment, zone)}.")
    lines.append(
        f"{amount_in_words(hours, 'hours')} of elapsed time from {moment_in_words(moment, zone)} end on "
        f"{moment_in_words(elapsed, zone)}; hours run on through nights, weekends and holidays."
    )
    if moment.astimezone(zone).utcoffset() != elapsed.utcoffset():
        lines.append("The clocks change in between; the hours are counted as they pass.")
    _tell_pauses(course, moment, elapsed)
    if not (course.eu and first):
        return moment.astimezone(zone), elapsed, elapsed
    begins = reckoning.next_full_hour(moment, zone)
    expires, course.changed = _ends(course, begins, hours), True
    lines.append(
        f"The hour in which the event falls does not count ({REGULATION} art 3(1)): the period runs from "
        f"{moment_in_words(begins, zone)} and expires on {moment_in_words(expires, zone)} (art 3(2)(a)). "
        "Act by the earlier moment; nobody is late before the later."
    )
    return begins, elapsed, expires


def _ends(course: Course, start: datetime, hours: int) -> datetime:
    """``hours`` of running time after ``start``, suspended time left out."""
    end = reckoning.later(start, timedelta(hours=hours), course.zone)
    for p in course.pauses:
        begin = max(p.start, start.astimezone(UTC))
        if begin < p.end and begin < end.astimezone(UTC):
            end = reckoning.later(end, p.end - begin, course.zone)
    return end


def _tell_pauses(course: Course, start: datetime, end: datetime) -> None:
    for p in course.pauses:
        if p.end > start.astimezone(UTC) and p.start < end.astimezone(UTC):
            since, until = moment_in_words(p.start, course.zone), moment_in_words(p.end, course.zone)
            course.lines.append(f"Suspended from {since} to {until}: {p.because}.")


def _days(
    course: Course, parts: list[tuple[Unit, int]], moment: datetime, first: bool
) -> tuple[datetime, datetime, datetime]:
    """A period in days or longer: art 3(1) second subparagraph, 3(2)(b)-(c), 3(3), (4) and (5)."""
    zone = course.zone
    day_zero = moment.astimezone(zone).date()
    day_one = day_zero + timedelta(days=1)
    custom = course.article("3(1)") or " (custom: the day of the event is left out)"
    if first:
        course.lines.append(f"The event falls on {moment_in_words(moment, zone)}.")
    course.lines.append(f"Day 0 is {in_words(day_zero)} and does not count{custom}; day 1 is {in_words(day_one)}.")
    end = day_zero
    for unit, amount in parts:
        end = reckoning.last_day(end, amount, unit, course.calendar)
        course.lines.append(_counted(course, unit, amount, end))
    working = parts[-1][0] == "working_days"
    # Art 3(5): "any period of two days or more". A week, a month or a year is one; a single working day is not.
    long = any(n >= 2 or unit not in ("days", "working_days") for unit, n in parts)
    end = _after_pauses(course, day_zero, end, working, long)
    end = _after_moving(course, day_zero, end, long)
    _tell_places(course, day_zero if working else end - timedelta(days=1), end)
    expires = reckoning.midnight(end + timedelta(days=1), zone)
    return reckoning.midnight(day_one, zone), reckoning.later(expires, timedelta(seconds=-1), zone), expires


def _counted(course: Course, unit: Unit, amount: int, end: date) -> str:
    if unit == "days":
        return f"Day {amount} is {in_words(end)}{course.article('3(2)(b)')}; Saturdays, Sundays and holidays count."
    if unit == "working_days":
        return f"Working day {amount} is {in_words(end)} (calendar: {course.calendar.name}){course.article('3(3)')}."
    same = "the same day of the week" if unit == "weeks" else "the same date, or else the last day of that month"
    return f"{amount_in_words(amount, unit)} later is {in_words(end)}, {same}{course.article('3(2)(c)')}."


def _after_pauses(course: Course, day_zero: date, end: date, working: bool, long: bool) -> date:
    """The last day once suspended days are left out: the day a suspension starts counts, the day it ends doesn't."""
    calendar = course.calendar
    for p in course.pauses:
        start, resumed = (m.astimezone(course.zone).date() for m in (p.start, p.end))
        start = max(start, day_zero)
        reached = _reached(course, day_zero, end, long)
        if start >= resumed or start > reached:
            continue
        base = end if start <= end else reached
        if working:
            lost = reckoning.working_days_between(start, resumed, calendar)
            # A limit suspended on its last day and resumed on a closed one is not over when it resumes.
            end = max(reckoning.add_working_days(base, lost, calendar), reckoning.moved(resumed, calendar))
        else:
            lost = (resumed - start).days
            end = base + timedelta(days=lost)
        course.lines.append(
            f"Suspended from {in_words(start)} to {in_words(resumed)}: {p.because}. Not counted: "
            f"{amount_in_words(lost, 'working_days' if working else 'days')}. The last day becomes {in_words(end)}."
        )
    return end


def _tell_places(course: Course, after: date, end: date) -> None:
    """A day that counts as a working day here, and is a holiday in some places of the subdivision."""
    for n in range(1, (end - after).days + 1) if course.moves_by else ():
        day = after + timedelta(days=n)
        holiday = course.calendar.perhaps_closed(day)
        if holiday is not None:
            course.lines.append(
                f"{in_words(day)} is {holiday.name} in some places of {course.calendar.name} ({holiday.provision}). "
                "Cannot tell whether it is there: it is counted as a working day; keep to the stricter day."
            )


def _reached(course: Course, day_zero: date, end: date, long: bool) -> date:
    """The day to which ``end`` moves (art 3(4)), and on until the period has two working days (art 3(5))."""
    if not course.moves_by:
        return end
    moved = reckoning.moved(end, course.calendar)
    return max(moved, reckoning.add_working_days(day_zero, 2, course.calendar)) if course.eu and long else moved


def _after_moving(course: Course, day_zero: date, end: date, long: bool) -> date:
    """The last day moved to a working day (art 3(4)), and on until the period has two working days (art 3(5))."""
    moved = reckoning.moved(end, course.calendar)
    if moved != end:
        shut = f"{in_words(end)} is {course.calendar.why_closed(end)} ({course.calendar.name})"
        if not course.moves_by:
            stays = "the limit does not move."
            if not course.eu:
                stays = (
                    f"the instrument does not move the limit, and {REGULATION} does not govern it. Cannot tell whether "
                    f"the law of the place moves it to {in_words(moved)}: keep to the stricter day."
                )
            course.lines.append(f"{shut}; {stays}")
            return end
        course.lines.append(f"{shut}: the limit moves to the next working day, {in_words(moved)} ({course.moves_by}).")
        end, course.changed = moved, True
    second = _reached(course, day_zero, end, long)
    if second > end:
        course.lines.append(
            f"A period of two days or more has at least two working days: it ends on {in_words(second)} "
            f"({REGULATION} art 3(5))."
        )
        end, course.changed = second, True
    return end
