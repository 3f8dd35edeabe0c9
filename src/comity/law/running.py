"""How a period runs from an event to its end, and how many hours, with each step of the sum as a sentence.

Articles are those of Regulation (EEC, Euratom) No 1182/71. A limit may be of hours and of days (96 hours, extended by 8
days): such parts follow each other. Left to others: parts in days or longer (`comity.law.days`), what a suspension
leaves out (`comity.law.suspension`), which limit and which extensions (`comity.law.time_limits`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby, product

from comity.law import reckoning
from comity.law.course import INSTANT, REGULATION, Course, Place
from comity.law.days import in_days
from comity.law.reckoning import amount_in_words, moment_in_words, utc
from comity.law.schema import Limit
from comity.law.suspension import READINGS, joined


def run(course: Course, trigger: datetime, periods: Sequence[Limit]) -> tuple[datetime, datetime, datetime]:
    """starts, due and expires of the periods one after the other; those of the same unit are one period."""
    parts = [(unit, sum(p.amount or 0 for p in same)) for unit, same in groupby(periods, key=lambda p: p.unit)]
    groups = [(hours, list(group)) for hours, group in groupby(parts, key=lambda part: part[0] == "hours")]
    starts: datetime | None = None
    before = 0
    moment = last = trigger
    for n, (hours, group) in enumerate(groups):
        place = Place(trigger.astimezone(course.zone).date(), before, first=n == 0, final=n == len(groups) - 1)
        if hours:
            amount = sum(n for _, n in group)
            before += amount
            begins, last, moment = _hours(course, amount, moment, place)
        else:
            ended = {"strict": utc(last) - INSTANT, "middle": last, "generous": moment}[course.reading]
            begins, last, moment = in_days(course, group, trigger if place.first else ended, place)
        starts = starts or begins
    assert starts is not None  # there is always one period
    if len(groups) > 1:
        last, moment = _at_least(course, trigger, periods, last, moment)
    return starts, last, moment


def on_every_reading(
    course: Course, trigger: datetime, periods: Sequence[Limit], found: tuple[datetime, datetime]
) -> tuple[datetime, datetime]:
    """The earliest ``due`` and the latest ``expires`` of all readings of what the law leaves open."""
    if not course.pauses and len({p.unit == "hours" for p in periods}) == 1:
        return found
    ways = product(READINGS, (False, True), (False, True))
    courses = [replace(course, reading=r, appended=a, wide=w, lines=[]) for r, a, w in ways]
    ends = [found, *(run(c, trigger, periods)[1:] for c in courses)]
    return min((e[0] for e in ends), key=utc), max((e[1] for e in ends), key=utc)


def _at_least(
    course: Course, trigger: datetime, periods: Sequence[Limit], last: datetime, expires: datetime
) -> tuple[datetime, datetime]:
    """due and expires, not before those of the limit without what extends it last: no extension shortens a limit."""
    hours = periods[-1].unit == "hours"
    n = next(n for n, p in reversed(list(enumerate(periods))) if (p.unit == "hours") != hours)
    _, least, over = run(replace(course, lines=[]), trigger, periods[: n + 1])
    if utc(least) > utc(last):
        course.lines.append(
            "An extension does not shorten a limit: it ends when it would have ended without the last one, on "
            f"{moment_in_words(over, course.zone)}."
        )
    return max(last, least, key=utc), max(expires, over, key=utc)


def _hours(course: Course, hours: int, moment: datetime, place: Place) -> tuple[datetime, datetime, datetime]:
    """A period in hours (art 3(1) first subparagraph, 3(2)(a)).

    Nothing moves: art 3(4) excepts hours. Art 3(5), "any period of two days or more", is read as not reaching a period
    that the law chose to express in hours, so 48, 72 and 96 hours run through weekends.
    """
    zone, lines = course.zone, course.lines
    elapsed = expires = _ends(course, moment, hours)
    begins = moment.astimezone(zone)
    if place.first:
        lines.append(f"The event falls on {moment_in_words(moment, zone)}.")
    lines.append(
        f"{amount_in_words(hours, 'hours')} of elapsed time from {moment_in_words(moment, zone)} end on "
        f"{moment_in_words(elapsed, zone)}; hours run on through nights, weekends and holidays."
    )
    if begins.utcoffset() != elapsed.utcoffset():
        lines.append("The clocks change in between; the hours are counted as they pass.")
    if course.eu:
        begins = reckoning.next_full_hour(moment, zone) if place.first else begins
        expires = _ends(course, begins, hours)
    pauses = [course.suspended(p) for p in course.pauses if p.meets(moment, expires)]
    lines += pauses
    if course.eu and place.first:
        course.changed = True
        lines.append(
            f"The hour in which the event falls does not count ({REGULATION} art 3(1)): the period runs from "
            f"{moment_in_words(begins, zone)} and expires on {moment_in_words(expires, zone)} (art 3(2)(a))."
            + (" Act by the earlier moment; nobody is late before the later." if place.final and not pauses else "")
        )
    if place.final and not place.first and course.moves_by and course.wide:
        expires = _next_open(course, expires)
    return begins, elapsed, expires


def _ends(course: Course, start: datetime, hours: int) -> datetime:
    """``hours`` of running time after ``start``, suspended time left out."""
    end = reckoning.later(start, timedelta(hours=hours), course.zone)
    pauses = course.pauses
    if course.eu and course.reading == "generous":
        pauses = joined([p.full_hours(course.zone) for p in pauses])
    for p in pauses:
        begin = max(p.start, utc(start))
        if begin < p.end and begin < utc(end):
            end = reckoning.later(end, p.end - begin, course.zone)
    return end


def _next_open(course: Course, end: datetime) -> datetime:
    """The end of the day in which ``end`` falls where that day is closed: the end of the next working day."""
    day = (utc(end) - INSTANT).astimezone(course.zone).date()
    if course.calendar.is_working_day(day):
        return end
    return reckoning.midnight(course.calendar.next_working_day(day) + timedelta(days=1), course.zone)
