"""Counting days and hours on a calendar, and writing dates in English: the sums under `comity.law.time_limits`.

Articles are those of Regulation (EEC, Euratom) No 1182/71 of 3 June 1971 (OJ L 124, 8.6.1971, p. 1). Left to others:
which rules govern, suspensions, extensions and the explanation as a whole (`comity.law.time_limits`).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from comity.law.calendars import DAYS, Calendar
from comity.law.schema import Unit

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SINGULAR = {
    "hours": "hour", "days": "day", "working_days": "working day", "weeks": "week", "months": "month", "years": "year",
}  # fmt: skip


@lru_cache(maxsize=2048)
def in_words(day: date) -> str:
    """``Fri 4 Dec 2026``, the same on every machine (no locale)."""
    return f"{DAYS[day.weekday()][:3]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def moment_in_words(moment: datetime, zone: ZoneInfo) -> str:
    """``Fri 4 Dec 2026 17:10 (Europe/Paris)``; seconds are shown when there are any."""
    local = moment.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
    return f"{in_words(local.date())} {clock} ({zone.key})"


def amount_in_words(amount: int, unit: Unit) -> str:
    """``1 week``, ``5 working days``."""
    return f"{amount} {_SINGULAR[unit]}{'' if amount == 1 else 's'}"


def add_months(day: date, months: int) -> date:
    """The same date ``months`` later, or the last day of that month if it has no such date (art 3(2)(c))."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_working_days(day: date, amount: int, calendar: Calendar) -> date:
    """The ``amount``-th working day after ``day`` (art 3(3): the period is expressed in working days)."""
    for _ in range(amount):
        day = calendar.next_working_day(day)
    return day


def last_day(day_zero: date, amount: int, unit: Unit, calendar: Calendar) -> date:
    """The last day of a period that runs from ``day_zero``, which does not count (art 3(1)), before any moving.

    Weeks end on the same day of the week as ``day_zero``, months and years on the same date (art 3(2)(c)): a week from
    a Monday ends on the following Monday (CJEU C-171/03 Toeters, paras 33 and 36).
    """
    if unit == "working_days":
        return add_working_days(day_zero, amount, calendar)
    if unit in ("months", "years"):
        return add_months(day_zero, amount * (12 if unit == "years" else 1))
    return day_zero + timedelta(days=amount * (7 if unit == "weeks" else 1))


def moved(day: date, calendar: Calendar) -> date:
    """``day`` itself if it is a working day, otherwise the following working day (art 3(4))."""
    return day if calendar.is_working_day(day) else calendar.next_working_day(day)


def working_days_between(after: date, until: date, calendar: Calendar) -> int:
    """How many working days lie after ``after``, up to and including ``until``."""
    return sum(calendar.is_working_day(after + timedelta(days=n)) for n in range(1, (until - after).days + 1))


def utc(moment: datetime) -> datetime:
    """``moment`` in UTC. Two local times of one zone compare by their clocks, wrongly in the hour that comes twice."""
    return moment.astimezone(UTC)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of ``day`` in ``zone``, also where a change of clocks falls on midnight."""
    return datetime.combine(day, time(), zone).astimezone(UTC).astimezone(zone)


def later(moment: datetime, length: timedelta, zone: ZoneInfo) -> datetime:
    """``length`` of elapsed time after ``moment``: a change to or from summer time neither adds nor takes an hour."""
    return (moment.astimezone(UTC) + length).astimezone(zone)


def next_full_hour(moment: datetime, zone: ZoneInfo) -> datetime:
    """The beginning of the first clock hour after the one in which ``moment`` falls (art 3(1), first subparagraph)."""
    local = moment.astimezone(zone)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return later(moment, timedelta(hours=1) - into, zone)
