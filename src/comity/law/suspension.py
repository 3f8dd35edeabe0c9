"""Times in which a limit does not run, and which days and hours each reading of the law leaves out for them.

Regulation (EEC, Euratom) 1182/71 says nothing of suspensions, nor do the provisions that suspend say how their days are
counted. So the files cannot tell whether the day on which one begins counts, and the day on which it ends. Three
readings are kept apart:

``strict``
    only days suspended from their first to their last hour are left out; hours as they pass.
``middle``
    the day in whose course it begins counts and the day in whose course it ends does not, as art 3(1) has it of the day
    of an event; hours as they pass. The one that is told step by step.
``generous``
    neither day counts; under the Regulation neither does the hour in which it begins or ends, as in art 3(1).

On every reading a limit does not run out while it is suspended.

Left to others: the counting (`comity.law.running`, `comity.law.days`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from comity.law import reckoning
from comity.law.calendars import Calendar

Reading = Literal["strict", "middle", "generous"]
READINGS: tuple[Reading, ...] = ("strict", "middle", "generous")
_DAY = timedelta(days=1)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Suspension:
    """A time during which a limit does not run. ``end`` is None while it lasts. Both ends are aware moments."""

    start: datetime
    end: datetime | None
    reason: str
    provision: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A suspension, or several that overlap or touch."""

    start: datetime  # UTC
    end: datetime  # UTC
    because: str

    def meets(self, start: datetime, end: datetime) -> bool:
        """Whether any of it lies between two moments."""
        return self.end > reckoning.utc(start) and self.start < reckoning.utc(end)

    def holds(self, day: date, zone: ZoneInfo) -> bool:
        """Whether the limit does not run when ``day`` ends."""
        return self.start.astimezone(zone).date() <= day < self.end.astimezone(zone).date()

    def days(self, zone: ZoneInfo, reading: Reading) -> tuple[date, date]:
        """The first and the last day left out; none if the first is the later."""
        begins, ends = (m.astimezone(zone).date() for m in (self.start, self.end))
        whole_first = self.start == reckoning.midnight(begins, zone).astimezone(UTC)
        whole_last = self.end == reckoning.midnight(ends, zone).astimezone(UTC)
        first = begins if whole_first or reading == "generous" else begins + _DAY
        last = ends - _DAY if reading == "strict" or (whole_last and reading == "middle") else ends
        return first, last

    def full_hours(self, zone: ZoneInfo) -> Pause:
        """From the beginning of the clock hour in which it begins to the end of the one in which it ends."""
        start, end = (reckoning.utc(reckoning.next_full_hour(m, zone)) for m in (self.start, self.end))
        return Pause(start - timedelta(hours=1), end, self.because)


def merged(suspensions: Sequence[Suspension]) -> tuple[tuple[Pause, ...], Pause | None]:
    """The suspensions that are over, in order, and the one that lasts; those that overlap or touch are one.

    One that begins while another lasts is part of it. One without any length suspends nothing.
    """
    given = [
        Pause(s.start.astimezone(UTC), s.end.astimezone(UTC) if s.end else _NEVER, f"{s.reason} ({s.provision})")
        for s in suspensions
    ]
    pauses = joined([p for p in given if p.start < p.end])
    if pauses and pauses[-1].end == _NEVER:
        return pauses[:-1], pauses[-1]
    return pauses, None


def joined(pauses: Sequence[Pause]) -> tuple[Pause, ...]:
    """In order, those that overlap or touch as one."""
    found: list[Pause] = []
    for p in sorted(pauses, key=lambda p: (p.start, p.end)):
        if found and p.start <= found[-1].end:
            q = found[-1]
            because = q.because if p.because in q.because.split("; ") else f"{q.because}; {p.because}"
            found[-1] = Pause(q.start, max(p.end, q.end), because)
        else:
            found.append(p)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Running:
    """Which days run: a calendar, and the spans of days left out (first and last day of each)."""

    calendar: Calendar
    out: tuple[tuple[date, date], ...]

    def after(self, day: date, amount: int, working: bool) -> date:
        """The ``amount``-th running day after ``day``; of working days only, if ``working``."""
        if working:
            for _ in range(amount):
                day = self.calendar.next_working_day(day)
                while self.out and (last := self._left_out_until(day)):
                    day = self.calendar.next_working_day(last)
            return day
        end = day + timedelta(days=amount)
        for first, last in self._apart(day):
            if first <= end:
                end += last - first + _DAY
        return end

    def working_days_lost(self, after: date, until: date) -> int:
        """How many working days after ``after``, up to and including ``until``, did not run."""
        spans = ((first, min(last, until)) for first, last in self._apart(after))
        return sum(reckoning.working_days_between(first - _DAY, last, self.calendar) for first, last in spans)

    def _left_out_until(self, day: date) -> date | None:
        return max((last for first, last in self.out if first <= day <= last), default=None)

    def _apart(self, after: date) -> Iterator[tuple[date, date]]:
        """The spans in order, only what lies after ``after``, and no day twice."""
        for first, last in self.out:
            first = max(first, after + _DAY)
            if first <= last:
                yield first, last
                after = last
