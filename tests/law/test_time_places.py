"""``comity law due`` at a place without a Party file, on an island, or where the instrument does not reach."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from comity.cli.law.command import law_app
from comity.errors import CannotTell, ComityError, Malformed, NotFound
from comity.law.calendars import Calendar

BUDAPEST = ("preservation", "budapest", "preserve_data")


def ask(limit: str, instrument: str, measure: str, trigger: str, party: str, *more: str) -> dict[str, object]:
    arguments = ["due", limit, "--instrument", instrument, "--trigger", trigger, "--party", party, "--json", *more]
    if measure:
        arguments += ["--measure", measure]
    result = CliRunner(env={"COLUMNS": "300"}).invoke(law_app, arguments, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    found: dict[str, object] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize(
    ("party", "zone", "more", "expires"),
    [
        ("US", "America/New_York", (), "2027-02-10T00:00:00-05:00"),
        ("AU", "Australia/Sydney", ("--subdivision", "AU-NSW"), "2027-02-10T00:00:00+11:00"),
        ("UK", "Europe/London", (), "2027-02-10T00:00:00+00:00"),  # EU documents print UK and EL
        ("ES", "Atlantic/Canary", (), "2027-02-10T00:00:00+00:00"),  # an island of a Party with a file
        ("FR", "", (), "2027-02-10T00:00:00+01:00"),
    ],
)
def test_sixty_days_end_at_midnight_of_the_place(party: str, zone: str, more: tuple[str, ...], expires: str) -> None:
    given = ("--zone", zone, *more) if zone else more
    found = ask(*BUDAPEST, "2026-12-11T10:00", party, *given)
    assert found["expires"] == expires
    doubts = " ".join(map(str, found["doubts"]))  # type: ignore[call-overload]
    assert ("has no Party file" in doubts) is (party not in ("ES", "FR"))


def test_a_treaty_that_is_silent_does_not_borrow_the_rule_of_the_union() -> None:
    """Thanksgiving 2026 is the 26th of November: 60 days from Sunday 27 September."""
    found = ask(*BUDAPEST, "2026-09-27T10:00", "US", "--zone", "America/New_York")
    words = " ".join(map(str, found["explanation"]))  # type: ignore[call-overload]
    assert found["expires"] == "2026-11-27T00:00:00-05:00"
    assert "Thanksgiving" in words
    assert "not declared by a Party file" in words
    assert "Cannot tell whether the law of the place moves it to Fri 27 Nov 2026" in words


@pytest.mark.parametrize(
    ("limit", "instrument", "party", "words"),
    [
        ("decide", "eio", "IE", "IE is not bound by European Investigation Order"),
        ("breach_notice", "led_breach", "GB", "does not bind GB"),
        ("decide", "eaw", "FR", "by analogy"),
        ("timeframe", "second_protocol", "FR", "not in force"),
    ],
)
def test_what_the_reader_must_know_first(limit: str, instrument: str, party: str, words: str) -> None:
    zone = ("--zone", "Europe/London") if party == "GB" else ()
    measure = "domain_registration" if limit == "timeframe" else ""
    found = ask(limit, instrument, measure, "2026-12-04T17:10", party, *zone)
    assert any(words in str(d) for d in found["doubts"])  # type: ignore[attr-defined]


def test_nothing_is_doubted_without_reason() -> None:
    assert ask("decide", "eio", "", "2026-12-04T17:10", "FR")["doubts"] == []


@pytest.mark.parametrize(
    ("party", "more", "error"),
    [
        ("GB", (), NotFound),  # which zone?
        ("GB", ("--zone", "Europe/Londn"), Malformed),
        ("GB", ("--zone", "Europe/London", "--subdivision", "GB-XYZ"), CannotTell),
        ("XX", ("--zone", "Europe/London"), Malformed),
        ("gb", ("--zone", "Europe/London"), Malformed),
    ],
)
def test_what_cannot_be_told_is_not_guessed(party: str, more: tuple[str, ...], error: type[ComityError]) -> None:
    with pytest.raises(error):
        ask(*BUDAPEST, "2026-12-11T10:00", party, *more)


def test_hours_need_no_holidays() -> None:
    found = ask("breach_notice", "led_breach", "", "2026-12-04T17:00", "KP", "--zone", "Europe/London")
    assert found["due"] == "2026-12-07T17:00:00+00:00"


def test_days_of_rest_are_those_of_the_country() -> None:
    assert Calendar.undeclared("IL").day_of_rest == (4, 5)  # Friday and Saturday
    assert Calendar.undeclared("GB", "GB-SCT").name == "GB-SCT, holidays not declared by a Party file"


@pytest.mark.parametrize(
    ("limit", "instrument", "measure", "trigger", "more", "error"),
    [
        ("produce", "e_evidence", "produce_subscriber", "2026-12-04", ("--urgent",), Malformed),  # which hour?
        ("decide", "eio", "", "2026-12-04T10:00", ("--extended-by", "acknowledge"), Malformed),  # it extends nothing
        ("decide", "eio", "", "2026-12-04T10:00", ("--extended-by", "decide_extension") * 2, Malformed),  # art 12(5)
        ("decide", "eio", "nonsense", "2026-12-04T10:00", (), NotFound),
        ("decide", "eio", "", "0001-01-01T10:00", (), Malformed),
        ("decide", "eio", "", "9999-12-30T10:00", (), Malformed),
        ("decide", "eio", "", "2100-12-04T10:00", (), CannotTell),  # no holidays of 2101
        ("decide", "eio", "", "2026-03-29T02:30", (), Malformed),  # an hour that did not exist
        ("decide", "eio", "", "2026-10-25T02:30", (), Malformed),  # an hour that came twice
    ],
)
def test_what_was_not_said_is_not_made_up(
    limit: str, instrument: str, measure: str, trigger: str, more: tuple[str, ...], error: type[ComityError]
) -> None:
    with pytest.raises(error):
        ask(limit, instrument, measure, trigger, "FR", *more)


def test_a_day_is_enough_for_days_and_a_strange_measure_is_told() -> None:
    assert ask("decide", "eio", "", "2026-12-04", "FR")["expires"] == "2027-01-05T00:00:00+01:00"
    found = ask("decide", "eio", "produce_traffic", "2026-12-04", "FR")
    assert found["doubts"] == ["European Investigation Order does not offer produce_traffic on 2026-12-04."]
