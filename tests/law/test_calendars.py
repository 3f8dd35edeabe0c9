"""Working days of a place: national, regional, days off given as data, and the refusals."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from comity.errors import BadLaw, CannotTell
from comity.law.book import load_law
from comity.law.calendars import Calendar
from comity.law.schema import PartyLaw
from comity.law.time_limits import due

GERMANY = PartyLaw(
    party="DE",
    names={"en": "Germany"},
    languages=("de",),
    time_zone="Europe/Berlin",
    holidays="DE",
    subdivisions={"DE-BY": "BY", "DE-BE": "BE"},
)

# Holidays of 2026 as these countries' laws fix them; regional ones with and without the region. Names in English.
DAYS_OFF = [
    ("DE", "", date(2026, 10, 3), "German Unity Day"),
    ("DE", "BY", date(2026, 6, 4), "Corpus Christi"),
    ("DE", "BE", date(2026, 6, 4), ""),
    ("FR", "", date(2026, 7, 14), "National Day"),
    ("FR", "", date(2026, 4, 3), ""),
    ("FR", "57", date(2026, 4, 3), "Good Friday"),
    ("ES", "", date(2026, 6, 24), ""),
    ("ES", "CT", date(2026, 6, 24), "Saint John the Baptist"),
    ("IE", "", date(2026, 2, 2), "Saint Brigid's Day"),
    ("GB", "SCT", date(2026, 11, 30), "Saint Andrew's Day"),
    ("GB", "ENG", date(2026, 11, 30), ""),
    ("GB", "ENG", date(2026, 12, 28), "Boxing Day (observed)"),
    ("US", "", date(2026, 7, 3), "Independence Day (observed)"),
    ("SE", "", date(2026, 6, 6), "National Day"),
]


@pytest.mark.parametrize(("country", "subdivision", "day", "name"), DAYS_OFF)
def test_public_holidays(country: str, subdivision: str, day: date, name: str) -> None:
    calendar = Calendar(country, subdivision)
    assert calendar.holiday_name(day) == name
    assert calendar.is_working_day(day) is (not name)


def test_a_holiday_that_the_party_file_adds_counts_every_year() -> None:
    """Algemene termijnenwet art 3(1): 5 May, which the general table has every five years."""
    netherlands = Calendar.of(load_law().party("NL"))
    assert [netherlands.holiday_name(date(year, 5, 5)) for year in (2025, 2026, 2027)] == ["Liberation Day"] * 3
    assert netherlands.next_working_day(date(2027, 5, 4)) == date(2027, 5, 7)  # Ascension Day is the 6th


def test_a_holiday_in_some_places_of_a_subdivision_is_told_and_never_guessed() -> None:
    """15 August: in Munich, not in Nuremberg (BayFTG art 1(1) no 2)."""
    bavaria, germany = (Calendar.of(load_law().party("DE"), place) for place in ("DE-BY", ""))
    day = date(2028, 8, 15)
    assert bavaria.is_working_day(day)
    assert bavaria.perhaps_closed(day) is not None
    assert germany.perhaps_closed(day) is None
    decide = load_law().instrument("eio").limit("acknowledge", day)
    assert decide is not None
    answer = due(decide, datetime(2028, 8, 8, 10, tzinfo=UTC), bavaria, ZoneInfo("Europe/Berlin"))
    assert answer.explanation[-2].startswith("Tue 15 Aug 2028 is Assumption Day in some places of DE-BY (BayFTG")
    assert "Cannot tell" in answer.explanation[-2]


def test_saturday_and_sunday_are_not_working_days() -> None:
    calendar = Calendar("DE")
    week = [calendar.is_working_day(date(2026, 9, n)) for n in range(14, 21)]
    assert week == [True] * 5 + [False] * 2
    assert calendar.why_closed(date(2026, 9, 19)) == "a Saturday"
    assert calendar.why_closed(date(2026, 9, 18)) == ""


def test_days_of_rest_follow_the_party() -> None:
    calendar = Calendar("AE", day_of_rest=(4, 5))
    assert calendar.is_working_day(date(2026, 9, 20))  # a Sunday
    assert not calendar.is_working_day(date(2026, 9, 18))  # a Friday


def test_the_next_working_day_passes_over_easter() -> None:
    assert Calendar("DE").next_working_day(date(2026, 4, 2)) == date(2026, 4, 7)
    assert Calendar("GB", "SCT").next_working_day(date(2026, 4, 2)) == date(2026, 4, 6)


def test_a_calendar_is_built_from_the_party_file() -> None:
    bavaria = Calendar.of(GERMANY, "DE-BY")
    assert (bavaria.name, bavaria.is_working_day(date(2026, 6, 4))) == ("DE-BY", False)
    national = Calendar.of(GERMANY)
    assert (national.name, national.is_working_day(date(2026, 6, 4))) == ("DE, national holidays only", True)


def test_days_off_are_data() -> None:
    day, unity = date(2026, 9, 16), date(2026, 10, 3)
    calendar = Calendar.of(GERMANY, extra={day: "Court closed"}, not_holidays=frozenset({unity}))
    assert calendar.why_closed(day) == "Court closed"
    assert calendar.why_closed(unity) == "a Saturday"
    assert Calendar.of(GERMANY).is_working_day(day)


def test_an_unknown_subdivision_is_not_guessed() -> None:
    with pytest.raises(CannotTell, match="DE-XX"):
        Calendar.of(GERMANY, "DE-XX")


@pytest.mark.parametrize("where", [("XX", ""), ("DE", "XX")])
def test_an_unknown_calendar_code_is_bad_law(where: tuple[str, str]) -> None:
    with pytest.raises(BadLaw, match="no holiday calendar"):
        Calendar(*where).is_working_day(date(2026, 9, 16))


def test_a_year_outside_the_tables_is_not_guessed() -> None:
    with pytest.raises(CannotTell, match="2150"):
        Calendar("DE").is_working_day(date(2150, 9, 15))


def test_a_calendar_without_working_days_is_bad_law() -> None:
    with pytest.raises(BadLaw, match="no working day"):
        Calendar("DE", day_of_rest=tuple(range(7))).next_working_day(date(2026, 9, 16))


@pytest.mark.parametrize("locale", ["de_DE.UTF-8", "th_TH.UTF-8", "C"])
def test_names_do_not_follow_the_machines_locale(locale: str, monkeypatch: Any) -> None:
    from comity.law import calendars

    monkeypatch.setenv("LANGUAGE", locale)
    monkeypatch.setenv("LC_ALL", locale)
    calendars._table.cache_clear()
    assert Calendar("DE").holiday_name(date(2026, 12, 25)) == "Christmas Day"
