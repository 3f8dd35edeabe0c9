"""A part of a limit in days, working days, weeks, months or years: its last day, each step of the sum as a sentence.

Articles are those of Regulation (EEC, Euratom) No 1182/71. Left to others: dates alone (`comity.law.reckoning`), which
days a suspension leaves out (`comity.law.suspension`), what stands before and after the part (`comity.law.running`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from comity.law import reckoning
from comity.law.course import REGULATION, Course, Place
from comity.law.reckoning import amount_in_words, in_words, moment_in_words
from comity.law.schema import Unit
from comity.law.suspension import Pause, Running

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part in days or longer, counted from ``day_zero``."""

    place: Place
    day_zero: date
    parts: list[tuple[Unit, int]]

    @property
    def working(self) -> bool:
        """Whether it ends on a working day by what it is."""
        return self.parts[-1][0] == "working_days"

    @property
    def long(self) -> bool:
        """Whether by itself it is "any period of two days or more" (art 3(5)).

        A week, a month or a year is one; a single working day is not.
        """
        return any(n >= 2 or unit not in ("days", "working_days") for unit, n in self.parts)


def in_days(
    course: Course, parts: list[tuple[Unit, int]], moment: datetime, place: Place
) -> tuple[datetime, datetime, datetime]:
    """A period in days or longer: art 3(1) second subparagraph, 3(2)(b)-(c), 3(3), (4) and (5)."""
    zone = course.zone
    day_zero = moment.astimezone(zone).date()
    day_one = day_zero + _DAY
    custom = course.article("3(1)") or " (custom: the day of the event is left out)"
    if place.first:
        course.lines.append(f"The event falls on {moment_in_words(moment, zone)}.")
    course.lines.append(f"Day 0 is {in_words(day_zero)} and does not count{custom}; day 1 is {in_words(day_one)}.")
    running = Running(course.calendar, tuple(p.days(zone, course.reading) for p in course.pauses))
    end = _last_day(course, running, day_zero, parts)
    if place.final or course.wide or course.reading != "strict":
        end = _settled(course, running, Stretch(place, day_zero, parts), end)
    _tell_places(course, day_zero if parts[-1][0] == "working_days" else end - _DAY, end)
    expires = reckoning.midnight(end + _DAY, zone)
    return reckoning.midnight(day_one, zone), reckoning.later(expires, timedelta(seconds=-1), zone), expires


def _last_day(course: Course, running: Running, day_zero: date, parts: list[tuple[Unit, int]]) -> date:
    """The last day of the parts one after the other, before any moving."""
    end = day_zero
    if course.appended and all(unit != "working_days" for unit, _ in parts):
        for unit, amount in parts:
            end = reckoning.last_day(end, amount, unit, course.calendar)
        return running.after(day_zero, (end - day_zero).days, working=False)
    for unit, amount in parts:
        base, working = end, unit == "working_days"
        end = reckoning.last_day(base, amount, unit, course.calendar)
        course.lines.append(_counted(course, unit, amount, end))
        length = amount if working else (end - base).days
        end = _after_pauses(course, running, base, end, length, working)
    return end


def _counted(course: Course, unit: Unit, amount: int, end: date) -> str:
    if unit == "days":
        return f"Day {amount} is {in_words(end)}{course.article('3(2)(b)')}; Saturdays, Sundays and holidays count."
    if unit == "working_days":
        return f"Working day {amount} is {in_words(end)} (calendar: {course.calendar.name}){course.article('3(3)')}."
    same = "the same day of the week" if unit == "weeks" else "the same date, or else the last day of that month"
    return f"{amount_in_words(amount, unit)} later is {in_words(end)}, {same}{course.article('3(2)(c)')}."


def _after_pauses(course: Course, running: Running, base: date, end: date, length: int, working: bool) -> date:
    """The last day once the days left out are made up for, one suspension after the other."""
    for n, p in enumerate(course.pauses, 1):
        before, so_far = (Running(course.calendar, running.out[:k]) for k in (n - 1, n))
        later = so_far.after(base, length, working)
        meets = p.meets(*(reckoning.midnight(d + _DAY, course.zone) for d in (base, end)))
        if later == end and (not meets or p.holds(end, course.zone)):
            continue
        lost = (later - end).days
        if working:
            lost = so_far.working_days_lost(base, later) - before.working_days_lost(base, later)
        becomes = f"becomes {in_words(later)}" if later != end else f"is still {in_words(end)}"
        course.lines.append(
            f"{course.suspended(p)} Not counted: {amount_in_words(lost, 'working_days' if working else 'days')}. "
            f"The last day {becomes}."
        )
        end = later
    return end


def _settled(course: Course, running: Running, stretch: Stretch, end: date) -> date:
    """The last day out of every suspension, on a working day where it moves, with two working days before its end."""
    moves = bool(course.moves_by) and (stretch.place.final or course.wide)
    second = _second_working_day(course, running, stretch) if moves and course.eu else end
    while True:
        held = next((p for p in course.pauses if p.holds(end, course.zone)), None)
        if held is not None:
            later = _resumed(course, held, stretch.working)
            course.lines.append(
                f"{course.suspended(held)} A limit does not run out while it is suspended: the last day becomes "
                f"{in_words(later)}."
            )
        elif (moves or stretch.working) and not course.calendar.is_working_day(end):
            later = _moved(course, running, end)
        elif second > end:
            later, course.changed = second, True
            course.lines.append(
                f"A period of two days or more has at least two working days: it ends on {in_words(later)} "
                f"({REGULATION} art 3(5))."
            )
        else:
            break
        end = later
    if stretch.place.final and not moves:
        _tell_stays(course, end)
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


def _resumed(course: Course, pause: Pause, working: bool) -> date:
    """The day on which a limit runs again that would have run out during ``pause``."""
    day = pause.end.astimezone(course.zone).date()
    return reckoning.moved(day, course.calendar) if working else day


def _second_working_day(course: Course, running: Running, stretch: Stretch) -> date:
    """The second working day of a long period (art 3(5)); of any other, day 0.

    A day left out is no part of the period; strictly it is. The hours before are part of it; strictly they do not make
    it long, and generously it has two working days without them.
    """
    if not stretch.long and (course.reading == "strict" or stretch.place.hours < _DAY // timedelta(hours=1)):
        return stretch.day_zero
    if course.reading == "strict":
        return reckoning.add_working_days(stretch.place.event, 2, course.calendar)
    alone = stretch.long and course.reading == "generous"
    return running.after(stretch.day_zero if alone else stretch.place.event, 2, working=True)


def _moved(course: Course, running: Running, end: date) -> date:
    """The working day to which a closed last day moves (art 3(4)): not to one that is left out.

    A closed day, to be moved again, where the days that are left out on the way are made up for.
    """
    calendar = course.calendar
    plain = calendar.next_working_day(end)
    later = running.after(end, 1, working=True)
    if course.wide:
        later = running.after(end, (plain - end).days, working=False)
    for p in course.pauses if later != plain else ():
        if p.meets(*(reckoning.midnight(d + _DAY, course.zone) for d in (end, later))):
            course.lines.append(f"{course.suspended(p)} The limit does not move to a day left out.")
    by = f" ({course.moves_by})" if course.moves_by else ""
    course.lines.append(
        f"{in_words(end)} is {calendar.why_closed(end)} ({calendar.name}): the limit moves to the next working day, "
        f"{in_words(later)}{by}."
    )
    course.changed = True
    return later


def _tell_stays(course: Course, end: date) -> None:
    """A closed last day that stays, and why."""
    calendar = course.calendar
    if calendar.is_working_day(end):
        return
    stays = "the limit does not move."
    if not course.eu:
        stays = (
            f"the instrument does not move the limit, and {REGULATION} does not govern it. Cannot tell whether the law "
            f"of the place moves it to {in_words(calendar.next_working_day(end))}: keep to the stricter day."
        )
    course.lines.append(f"{in_words(end)} is {calendar.why_closed(end)} ({calendar.name}); {stays}")
