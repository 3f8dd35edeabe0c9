"""Working days and public holidays of a place: national, regional, and days off given as data.

A day does not count as a working day when it is one of the Party's days of rest, a public holiday of the country, a
public holiday of the subdivision where the act is to be done, or an extra day off. "Public holidays" are those of the
Member State in which the action is to be taken (Regulation (EEC, Euratom) 1182/71 art 2(1)); "working days" are all
other days than these, Sundays and Saturdays (art 2(2)).

The holiday tables are those of the `holidays` library, computed for each year; a Party's list can be mended with
``extra`` and ``not_holidays``. A country without a Party file has the library's national table at most, and its
calendar says so (`Calendar.undeclared`). Left to others: counting (`comity.law.reckoning`), limits
(`comity.law.time_limits`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, lru_cache

from comity.errors import BadLaw, CannotTell
from comity.law.schema import PartyLaw, PublicHoliday

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LANGUAGE = "en_US"  # named, because the library would otherwise follow the machine's locale
_LONGEST_CLOSURE = 60  # days; no place is closed longer, so a calendar that says so is wrong


@cache
def _regions() -> Mapping[str, list[str]]:
    """ISO 3166-1 codes with a table, each with its subdivisions that have one."""
    import holidays  # here and below: loading it takes a tenth of a second, which most commands don't need

    return holidays.list_supported_countries(include_aliases=False)


@lru_cache(maxsize=512)
def _table(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    """The public holidays of a year. Raises `BadLaw` for an unknown code, `CannotTell` for a year not covered."""
    import holidays

    try:
        table = holidays.country_holidays(
            country, subdiv=subdivision or None, years=year, expand=False, language=_LANGUAGE
        )
    except NotImplementedError as problem:
        place = f"{country}-{subdivision}" if subdivision else country
        raise BadLaw(
            f"There is no holiday calendar for {place!r}.",
            "Correct `holidays` or `subdivisions` in the Party's law file: calendar codes are ISO 3166 codes.",
        ) from problem
    if not table.start_year <= year <= table.end_year:
        raise CannotTell(
            f"The holidays of {country} in {year} are not known (the tables cover {table.start_year} to "
            f"{table.end_year}).",
            "Give the days off of that year as extra days, or let a person compute the limit.",
        )
    return dict(table.items())


def _falls_on(holiday: PublicHoliday, day: date) -> bool:
    return holiday.day == f"{day:%m-%d}" and holiday.holds_on(day)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days of one place. Pure: the same day always has the same answer.

    ``label`` is shown in explanations. ``extra`` adds days off (date to name), ``not_holidays`` takes some away;
    ``declared`` are holidays of every year that the Party's law names and the library's table lacks; ``in_places``
    those that it has in some places of the subdivision only.
    """

    country: str
    subdivision: str = ""
    day_of_rest: tuple[int, ...] = (5, 6)  # Monday is 0
    extra: Mapping[date, str] = field(default_factory=dict)
    not_holidays: frozenset[date] = frozenset()
    label: str = ""
    declared: tuple[PublicHoliday, ...] = ()
    in_places: tuple[PublicHoliday, ...] = ()

    @classmethod
    def of(
        cls,
        party: PartyLaw,
        subdivision: str = "",
        extra: Mapping[date, str] | None = None,
        not_holidays: frozenset[date] = frozenset(),
    ) -> Calendar:
        """The calendar of ``party`` at ``subdivision`` (ISO 3166-2, e.g. ``DE-BY``; empty: national holidays only).

        Raises `CannotTell` when the Party's file does not know the subdivision.
        """
        if subdivision and subdivision not in party.subdivisions:
            known = ", ".join(sorted(party.subdivisions)) or "none"
            raise CannotTell(
                f"The law file of {party.party} has no calendar for {subdivision} (known: {known}).",
                "Add the subdivision to the Party's law file, or name the right one.",
            )
        return cls(
            country=party.holidays,
            subdivision=party.subdivisions.get(subdivision, ""),
            day_of_rest=party.day_of_rest,
            extra=dict(extra or {}),
            not_holidays=not_holidays,
            label=subdivision or f"{party.party}, national holidays only",
            declared=tuple(h for h in party.holidays_too if not h.parts_of),
            in_places=tuple(h for h in party.holidays_too if subdivision in h.parts_of),
        )

    @classmethod
    def undeclared(cls, country: str, subdivision: str = "") -> Calendar:
        """The national calendar of a country that has no Party file (ISO 3166-1), as the library's table has it.

        No Party has declared it, and the label says so. Raises `CannotTell` where the library doesn't know the country
        or the ``subdivision`` (ISO 3166-2, e.g. ``GB-SCT``).
        """
        import holidays

        region = subdivision.removeprefix(f"{country}-")
        if region not in ("", *_regions().get(country, ())) or country not in _regions():
            raise CannotTell(
                f"The public holidays of {subdivision or country} are not known: it has no Party file and no table.",
                "Ask there which day the limit ends on, or add a Party file with its calendar.",
            )
        rest = tuple(sorted(holidays.country_holidays(country, subdiv=region or None).weekend))
        label = f"{subdivision or country}, holidays not declared by a Party file"
        return cls(country=country, subdivision=region, day_of_rest=rest, label=label)

    @property
    def name(self) -> str:
        """How the calendar is called in explanations, e.g. ``DE-BY``."""
        return self.label or "-".join(filter(None, (self.country, self.subdivision)))

    def holiday_name(self, day: date) -> str:
        """The English name of the public holiday or extra day off on ``day``; empty when there is none."""
        if day in self.extra:
            return self.extra[day]
        if day in self.not_holidays:
            return ""
        named = _table(self.country, self.subdivision, day.year).get(day, "")
        return named or next((h.name for h in self.declared if _falls_on(h, day)), "")

    def perhaps_closed(self, day: date) -> PublicHoliday | None:
        """The holiday that ``day`` is in some places of the subdivision only; None where it is closed or none."""
        return next((h for h in self.in_places if _falls_on(h, day) and self.is_working_day(day)), None)

    def why_closed(self, day: date) -> str:
        """Why ``day`` is not a working day: the holiday's name, or the day of the week; empty for a working day."""
        if holiday := self.holiday_name(day):
            return holiday
        return f"a {DAYS[day.weekday()]}" if day.weekday() in self.day_of_rest else ""

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on ``day`` (Regulation 1182/71 art 2(2))."""
        return day.weekday() not in self.day_of_rest and not self.holiday_name(day)

    def next_working_day(self, day: date) -> date:
        """The first working day after ``day``. Raises `BadLaw` when there is none within sixty days."""
        for ahead in range(1, _LONGEST_CLOSURE + 1):
            if self.is_working_day(day + timedelta(days=ahead)):
                return day + timedelta(days=ahead)
        raise BadLaw(
            f"The calendar {self.name} has no working day in the {_LONGEST_CLOSURE} days after {day.isoformat()}.",
            "Correct `day_of_rest` or the extra days off of the Party.",
        )
