"""The course of one reckoning: place, rules, the reading of the law, and the sentences written so far.

What the law leaves open of it, besides the days that a suspension leaves out (`comity.law.suspension`):

``appended``
    days left out are added after all parts, and not to the part in which they fall.
``wide``
    art 3(4) of Regulation (EEC, Euratom) No 1182/71 moves each part in days of a limit that goes on in hours, and a
    limit of days and hours as a whole; and what is suspended between a closed last day and the day to which it moves is
    made up for. Otherwise only the last day moves, to the first working day that is not left out.

Left to others: the counting (`comity.law.running`, `comity.law.days`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from comity.law.calendars import Calendar
from comity.law.reckoning import moment_in_words
from comity.law.suspension import Pause, Reading

Rules = Literal["1182/71", "treaty"]
REGULATION = "Regulation 1182/71"
INSTANT = timedelta(microseconds=1)
"""What is this much before midnight belongs to the day that ends then."""


@dataclass(slots=True)
class Course:
    """The place, rules and reading of one reckoning, and the sentences written so far."""

    calendar: Calendar
    zone: ZoneInfo
    rules: Rules
    moves_by: str  # provision by which a limit ending on a closed day moves; empty: it doesn't
    pauses: tuple[Pause, ...]
    reading: Reading = "middle"
    appended: bool = False
    wide: bool = False
    lines: list[str] = field(default_factory=list)
    changed: bool = False  # the Regulation has given another end than custom would

    @property
    def eu(self) -> bool:
        """Whether Regulation 1182/71 governs."""
        return self.rules == "1182/71"

    def article(self, number: str) -> str:
        """The article in brackets where the Regulation governs; otherwise nothing."""
        return f" ({REGULATION} art {number})" if self.eu else ""

    def suspended(self, pause: Pause) -> str:
        """When and why, as the beginning of a sentence or as one."""
        since, until = moment_in_words(pause.start, self.zone), moment_in_words(pause.end, self.zone)
        return f"Suspended from {since} to {until}: {pause.because}."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands in the limit: what lies before it, and whether it is the last."""

    event: date  # day of the event from which the limit runs
    hours: int  # of the limit, before this part
    first: bool
    final: bool
