"""Time limits against cases worked out by hand (cases_time/*.toml), and what must hold for every limit."""

from __future__ import annotations

import time
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import BadLaw, Malformed
from comity.law.calendars import Calendar
from comity.law.reckoning import in_words
from comity.law.schema import Limit, Unit
from comity.law.time_limits import NoNumber, Reckoning, Rules, Suspension, due, rules_for, state
from tests.every import every

FOLDER = Path(__file__).parent / "cases_time"
OF_THE_PLACE = ("zone", "calendar", "subdivision", "rules", "moves_by", "no_roll", "extensions", "no_number", "cases")
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
BERLIN, PARIS = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Paris")
GERMANY = Calendar("DE")


def read(number: bool) -> list[Any]:
    """Every case of the files, as (entry, case), named by file, limit and reason."""
    found = []
    for path in sorted(FOLDER.glob("*.toml")):
        for entry in tomllib.loads(path.read_text("utf-8"))["limit"]:
            if entry.get("no_number", False) is number:
                continue
            for case in entry["cases"]:
                found.append(pytest.param(entry, case, id=f"{path.stem}: {entry['name']} {case['why']}"))
    return found


def limit_of(entry: dict[str, Any]) -> Limit:
    return Limit(**{k: v for k, v in entry.items() if k not in OF_THE_PLACE})


def answer_to(entry: dict[str, Any], case: dict[str, Any]) -> Reckoning | NoNumber:
    extensions = [Limit(trigger="extension", mark=entry["mark"], **e) for e in entry.get("extensions", ())]
    return due(
        limit_of(entry),
        case["trigger"],
        Calendar(entry["calendar"], entry["subdivision"]),
        ZoneInfo(entry["zone"]),
        [Suspension(**s) for s in case.get("suspensions", ())],
        extensions,
        no_roll=entry.get("no_roll", False),
        rules=entry["rules"],
        moves_by=entry.get("moves_by", ""),
    )


@every(("entry", "case"), read(number=True))
def test_a_limit_ends_when_the_calendar_says(entry: dict[str, Any], case: dict[str, Any]) -> None:
    answer = answer_to(entry, case)
    assert isinstance(answer, Reckoning)
    assert answer.expires.isoformat() == case["expires"].isoformat()  # the offset too
    if "last" in case:
        assert answer.due.date() == case["last"]
        assert answer.due.isoformat()[10:19] == "T23:59:59"
    else:
        assert answer.due.isoformat() == case["due"].isoformat()
    assert in_words(answer.due.date()) in answer.explanation[-1]
    assert case.get("told", "") in " ".join(answer.explanation)
    assert answer.provision.startswith(entry["provision"])


@every(("entry", "case"), read(number=True))
def test_before_on_and_after(entry: dict[str, Any], case: dict[str, Any]) -> None:
    answer = answer_to(entry, case)
    assert isinstance(answer, Reckoning)
    late = case["expires"]
    if "due" in case:
        assert state(answer, case["due"] - 25 * HOUR) == "running"
        assert state(answer, case["due"] - HOUR) in ("running", "due today")
        assert state(answer, case["due"]) == "due today"
        assert late == case["due"] or state(answer, late - SECOND) == "due today"  # nobody is late before it expires
        assert state(answer, late + HOUR) == state(answer, late + SECOND) == "overdue"
        return
    noon = datetime(case["last"].year, case["last"].month, case["last"].day, 12, tzinfo=ZoneInfo(entry["zone"]))
    before, on, after, next_day = (state(answer, m) for m in (noon - DAY, late - SECOND, late, late + DAY))
    if entry.get("minimum"):
        assert (before, on, after, next_day) == ("not yet open", "not yet open", "open", "open")
    elif entry.get("at_end"):
        assert (before, on, after, next_day) == ("not yet open", "not yet open", "due today", "overdue")
    else:
        assert (before, state(answer, noon), on, after) == ("running", "due today", "due today", "overdue")


@every(("entry", "case"), read(number=False))
def test_no_number_is_no_date(entry: dict[str, Any], case: dict[str, Any]) -> None:
    answer = answer_to(entry, case)
    assert isinstance(answer, NoNumber)
    assert answer.provision == entry["provision"]
    assert state(answer, case["trigger"]) == "no number"


def a_limit(amount: int | None, unit: Unit = "days", **more: Any) -> Limit:
    return Limit(
        name="decide", trigger="received", provision="art 12(3)", mark="verified", amount=amount, unit=unit, **more
    )


def test_the_sum_is_told_in_sentences() -> None:
    answer = due(a_limit(8), datetime(2026, 12, 4, 17, 10, tzinfo=PARIS), Calendar("FR"), PARIS)
    assert isinstance(answer, Reckoning)
    closed = "Sat 12 Dec 2026 is a Saturday (FR)"
    unsure = "That Regulation 1182/71 governs here (its art 1) is not settled in the files"
    assert answer.explanation == (
        "decide: 8 days from received (art 12(3)).",
        "The event falls on Fri 4 Dec 2026 17:10 (Europe/Paris).",
        "Day 0 is Fri 4 Dec 2026 and does not count (Regulation 1182/71 art 3(1)); day 1 is Sat 5 Dec 2026.",
        "Day 8 is Sat 12 Dec 2026 (Regulation 1182/71 art 3(2)(b)); Saturdays, Sundays and holidays count.",
        f"{closed}: the limit moves to the next working day, Mon 14 Dec 2026 (Regulation 1182/71 art 3(4)).",
        f"{unsure}; without it the limit is over on Sun 13 Dec 2026 00:00 (Europe/Paris).",
        "Due by Mon 14 Dec 2026 24:00 (Europe/Paris).",
    )
    assert answer.starts == datetime(2026, 12, 5, tzinfo=PARIS)


def test_an_hour_limit_tells_both_moments() -> None:
    answer = due(a_limit(8, "hours"), datetime(2026, 12, 4, 17, 10, tzinfo=PARIS), Calendar("FR"), PARIS)
    told = " ".join(answer.explanation)
    assert "end on Sat 5 Dec 2026 01:10 (Europe/Paris)" in told
    assert "expires on Sat 5 Dec 2026 02:00 (Europe/Paris)" in told
    assert isinstance(answer, Reckoning)
    assert answer.starts == datetime(2026, 12, 4, 18, tzinfo=PARIS)


def test_what_is_due_at_the_end_of_hours_waits_for_the_full_hour() -> None:
    trigger = datetime(2026, 12, 4, 17, 10, tzinfo=PARIS)
    for limit in (a_limit(8, "hours", at_end=True), a_limit(8, "hours", minimum=True)):
        answer = due(limit, trigger, Calendar("FR"), PARIS)
        assert isinstance(answer, Reckoning)
        assert answer.due == answer.expires == datetime(2026, 12, 5, 2, tzinfo=PARIS)


def test_a_treaty_says_why_nothing_moves() -> None:
    trigger = datetime(2026, 9, 2, 12, tzinfo=BERLIN)
    stays = due(a_limit(10), trigger, GERMANY, BERLIN, rules="treaty")
    assert any("Regulation 1182/71 does not govern it" in line for line in stays.explanation)
    moves = due(a_limit(10), trigger, GERMANY, BERLIN, rules="treaty", moves_by="BGB § 193")
    assert any(line.endswith("Mon 14 Sep 2026 (BGB § 193).") for line in moves.explanation)


def test_a_suspension_that_lasts_leaves_no_date() -> None:
    since = datetime(2026, 9, 4, 12, tzinfo=BERLIN)
    answer = due(
        a_limit(10),
        datetime(2026, 9, 1, 12, tzinfo=BERLIN),
        GERMANY,
        BERLIN,
        [Suspension(since, None, "immunity", "art 20")],
    )
    assert isinstance(answer, NoNumber)
    assert (answer.suspended_since, answer.remaining) == (since, timedelta(days=7, hours=12))  # to Fri 11 Sep 24:00
    assert state(answer, since) == "suspended"
    too_late = Suspension(datetime(2026, 9, 12, tzinfo=BERLIN), None, "immunity", "art 20")
    assert isinstance(due(a_limit(10), datetime(2026, 9, 1, 12, tzinfo=BERLIN), GERMANY, BERLIN, [too_late]), Reckoning)


def september(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 9, day, hour, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("unit", "closed", "since", "told_since", "left"),
    [
        ("days", (september(6), september(9)), september(4), september(4), timedelta(days=7, hours=12)),  # part of it
        ("days", (september(2), september(5)), september(4), september(2), timedelta(days=9, hours=12)),  # begins it
        ("days", (september(2), september(4)), september(4), september(2), timedelta(days=9, hours=12)),  # touches it
        ("days", (september(3), september(5)), september(8), september(8), timedelta(days=6, hours=12)),  # to Mon 14
        ("days", None, datetime(2026, 8, 20, tzinfo=BERLIN), datetime(2026, 8, 20, tzinfo=BERLIN), 10 * DAY),
        ("hours", None, september(1, 22), september(1, 22), HOUR),  # due at 22:00, expires at 23:00
        ("hours", None, september(1, 15), september(1, 15), 8 * HOUR),
    ],
)
def test_what_is_left_when_a_suspension_lasts(
    unit: Unit,
    closed: tuple[datetime, datetime] | None,
    since: datetime,
    told_since: datetime,
    left: timedelta,
) -> None:
    pauses = [Suspension(since, None, "immunity", "art 20")]
    if closed:
        pauses.append(Suspension(*closed, "remedy", "art 18"))
    trigger = september(1) if unit == "days" else september(1, 14)
    answer = due(a_limit(10 if unit == "days" else 8, unit), trigger, GERMANY, BERLIN, pauses)
    assert isinstance(answer, NoNumber)
    assert (answer.suspended_since, answer.remaining) == (told_since, left)
    assert in_words(told_since.date()) in answer.explanation[-1]
    strictly_over = any("On the strictest reading it was over" in line for line in answer.explanation)
    assert strictly_over == (since == september(1, 22))


@pytest.mark.parametrize("kind", ["minimum", "at_end"])
def test_a_floor_and_an_act_at_the_end_wait_for_the_latest_reading(kind: str) -> None:
    pause = Suspension(september(3), september(7), "immunity", "art 20")
    answer = due(a_limit(10, **{kind: True}), september(1), GERMANY, BERLIN, [pause])
    assert isinstance(answer, Reckoning)
    assert answer.due == answer.expires - SECOND == datetime(2026, 9, 16, 23, 59, 59, tzinfo=BERLIN)
    assert "Keep to the later." in answer.explanation[-2]
    assert "Wed 16 Sep 2026 24:00" in answer.explanation[-1]
    assert state(answer, answer.expires - SECOND) == "not yet open"


def test_a_suspension_that_holds_the_last_day_is_told_once() -> None:
    pause = Suspension(september(11), september(14), "immunity", "art 20")
    answer = due(a_limit(10), september(1), GERMANY, BERLIN, [pause])
    assert sum("Suspended from" in line for line in answer.explanation) == 1


@pytest.mark.parametrize("hours", [(), (20, 21)])
def test_what_to_do_with_two_moments_is_told_once(hours: tuple[int, ...]) -> None:
    pauses = [Suspension(*(september(1, h) for h in hours), "immunity", "art 20")] if hours else []
    answer = due(a_limit(8, "hours"), september(1, 14), GERMANY, BERLIN, pauses)
    assert sum("nobody is late before the later" in line for line in answer.explanation) == 1


def test_an_extension_without_a_number_leaves_no_date() -> None:
    open_end = Limit(name="later", trigger="delay", provision="art 12(6)", mark="secondary", extends="decide")
    answer = due(a_limit(90), datetime(2026, 9, 1, tzinfo=BERLIN), GERMANY, BERLIN, extensions=[open_end])
    assert isinstance(answer, NoNumber)
    assert (answer.provision, answer.mark) == ("art 12(6)", "secondary")


def test_a_doubtful_number_is_said_to_be_doubtful() -> None:
    doubtful = Limit(
        name="more", trigger="t", provision="art 17(4)", mark="knowledge_medium", amount=30, extends="decide"
    )
    answer = due(a_limit(60), datetime(2026, 9, 1, tzinfo=BERLIN), GERMANY, BERLIN, extensions=[doubtful])
    assert answer.mark == "knowledge_medium"
    assert "not settled law" in " ".join(answer.explanation)


@pytest.mark.parametrize(
    ("limit", "trigger", "extensions", "error"),
    [
        (a_limit(8), datetime(2026, 9, 1), (), Malformed),
        (a_limit(0), datetime(2026, 9, 1, tzinfo=UTC), (), BadLaw),
        (a_limit(8), datetime(2026, 9, 1, tzinfo=UTC), (a_limit(8, extends="another"),), BadLaw),
    ],
)
def test_bad_input_is_refused(limit: Limit, trigger: datetime, extensions: tuple[Limit, ...], error: type) -> None:
    with pytest.raises(error):
        due(limit, trigger, GERMANY, BERLIN, extensions=extensions)


def test_a_suspension_must_not_end_before_it_starts() -> None:
    start = datetime(2026, 9, 4, tzinfo=BERLIN)
    with pytest.raises(Malformed):
        due(a_limit(8), start, GERMANY, BERLIN, [Suspension(start, start - SECOND, "immunity", "art 20")])


@pytest.mark.parametrize(
    ("kind", "rules"),
    [("directive", "1182/71"), ("regulation", "1182/71"), ("framework_decision", "1182/71"), ("convention", "treaty"),
     ("protocol", "treaty"), ("agreement", "treaty"), ("statute", "treaty")],
)  # fmt: skip
def test_which_rules_govern(kind: str, rules: Rules) -> None:
    assert rules_for(kind) == rules


PLACES = st.sampled_from(
    [(Calendar("DE", "BY"), BERLIN), (Calendar("FR", "57"), PARIS), (Calendar("IE"), ZoneInfo("Europe/Dublin")),
     (Calendar("US"), ZoneInfo("America/New_York"))]
)  # fmt: skip
UNITS: st.SearchStrategy[Unit] = st.sampled_from(("hours", "days", "working_days", "weeks", "months"))
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))
RULES: st.SearchStrategy[Rules] = st.sampled_from(("1182/71", "treaty"))
AMOUNTS = st.integers(1, 40)


def ends(*args: Any, **more: Any) -> tuple[datetime, datetime, datetime]:
    answer = due(*args, **more)
    assert isinstance(answer, Reckoning)
    return tuple(m.astimezone(UTC) for m in (answer.starts, answer.due, answer.expires))  # type: ignore[return-value]


@settings(max_examples=200, deadline=None)
@given(PLACES, UNITS, AMOUNTS, MOMENTS, RULES)
def test_due_is_never_before_the_event(
    place: tuple[Calendar, ZoneInfo], unit: Unit, amount: int, trigger: datetime, rules: Rules
) -> None:
    starts, last, expires = ends(a_limit(amount, unit), trigger, *place, rules=rules)
    assert trigger <= starts <= last <= expires
    if unit != "hours" and rules == "1182/71":
        local = (expires - SECOND).astimezone(place[1]).date()
        assert place[0].is_working_day(local)


@settings(max_examples=200, deadline=None)
@given(PLACES, UNITS, AMOUNTS, MOMENTS, st.timedeltas(timedelta(), timedelta(days=9)), RULES)
def test_a_later_event_never_ends_earlier(
    place: tuple[Calendar, ZoneInfo], unit: Unit, amount: int, trigger: datetime, gap: timedelta, rules: Rules
) -> None:
    early, late = (ends(a_limit(amount, unit), t, *place, rules=rules) for t in (trigger, trigger + gap))
    assert all(a <= b for a, b in zip(early, late, strict=True))


@settings(max_examples=200, deadline=None)
@given(PLACES, UNITS, AMOUNTS, UNITS, AMOUNTS, MOMENTS, RULES)
def test_an_extension_never_shortens(
    place: tuple[Calendar, ZoneInfo],
    unit: Unit,
    amount: int,
    more_unit: Unit,
    more: int,
    trigger: datetime,
    rules: Rules,
) -> None:
    plain = ends(a_limit(amount, unit), trigger, *place, rules=rules)
    extended = ends(
        a_limit(amount, unit), trigger, *place, rules=rules, extensions=[a_limit(more, more_unit, extends="decide")]
    )
    assert plain[1] <= extended[1]
    assert plain[2] <= extended[2]


@settings(max_examples=100, deadline=None)
@given(PLACES, st.integers(5, 60), MOMENTS, st.integers(0, 3), st.integers(1, 400))
def test_a_suspension_moves_a_day_limit_by_its_length(
    place: tuple[Calendar, ZoneInfo], amount: int, trigger: datetime, after: int, length: int
) -> None:
    """From noon to noon: by one day less where both days count, by one more where neither does."""
    calendar, zone = place
    noon = trigger.astimezone(zone).replace(hour=12, minute=0, second=0, microsecond=0) + after * DAY
    pause = Suspension(noon, noon + length * DAY, "immunity", "art 20")

    def ends_on(*pauses: Suspension) -> tuple[date, date]:
        answer = due(a_limit(amount), trigger, calendar, zone, pauses, no_roll=True)
        assert isinstance(answer, Reckoning)
        return answer.due.date(), (answer.expires - SECOND).date()

    plain, suspended = ends_on(), ends_on(pause)
    assert suspended[0] - plain[0] == (length - 1) * DAY
    assert suspended[1] - plain[1] == (length + (after > 0)) * DAY  # day 0 does not count in any case


SPANS = st.tuples(st.integers(-72, 800), st.integers(0, 300))  # hours after the event, and of length


@settings(max_examples=100, deadline=None)
@given(PLACES, st.integers(1, 30), MOMENTS, st.lists(SPANS, min_size=1, max_size=3))
def test_so_many_days_run_as_the_limit_has(
    place: tuple[Calendar, ZoneInfo], amount: int, trigger: datetime, spans: list[tuple[int, int]]
) -> None:
    """Counted hour by hour: until due, days that ran in part; until it expires, days that ran from end to end."""
    calendar, zone = place
    pauses = [(trigger + a * HOUR, trigger + (a + b) * HOUR) for a, b in spans]
    given_ = [Suspension(*p, "immunity", "art 20") for p in pauses]
    answer = due(a_limit(amount), trigger, calendar, zone, given_, no_roll=True)
    assert isinstance(answer, Reckoning)

    def ran(day: date) -> list[bool]:
        midnights = [datetime(d.year, d.month, d.day, tzinfo=zone).astimezone(UTC) for d in (day, day + DAY)]
        cuts = sorted({*midnights, *(m for p in pauses for m in p if midnights[0] < m < midnights[1])})
        return [not any(start <= cut < end for start, end in pauses) for cut in cuts[:-1]]

    def days(last: date) -> list[list[bool]]:
        first = trigger.astimezone(zone).date() + DAY
        return [ran(first + n * DAY) for n in range((last - first).days + 1)]

    on, latest = answer.due.date(), (answer.expires - SECOND).date()
    assert sum(map(any, days(on))) >= amount  # so many days at least before the strictest end
    assert sum(map(any, days(on - DAY))) <= amount  # and not one more than it takes to run out while not suspended
    assert sum(map(all, days(latest))) >= amount
    assert any(days(on)[-1])  # never due on a day that is suspended as a whole


@settings(max_examples=100, deadline=None)
@given(
    PLACES,
    UNITS,
    AMOUNTS,
    MOMENTS,
    st.timedeltas(timedelta(), timedelta(days=20)),
    st.timedeltas(timedelta(), timedelta(days=20)),
)
def test_nothing_is_due_while_suspended(
    place: tuple[Calendar, ZoneInfo], unit: Unit, amount: int, trigger: datetime, after: timedelta, length: timedelta
) -> None:
    pause = Suspension(trigger + after, trigger + after + length, "immunity", "art 20")
    plain = ends(a_limit(amount, unit), trigger, *place)
    paused = ends(a_limit(amount, unit), trigger, *place, [pause])
    assert plain[2] <= paused[2]
    if trigger + after < plain[1]:
        assert paused[2] >= trigger + after + length


@pytest.mark.parametrize(
    ("amount", "unit", "pause", "last"),
    [
        (1, "working_days", None, date(2024, 1, 2)),  # one working day is no "period of two days or more"
        (2, "days", None, date(2024, 1, 3)),  # a holiday, Tuesday, Wednesday: two working days
        (2, "days", (3, 5), date(2024, 1, 5)),
        (1, "working_days", (3, 5), date(2024, 1, 2)),
    ],
)
def test_two_working_days_and_a_suspension_on_the_second(
    amount: int, unit: Unit, pause: tuple[int, int] | None, last: date
) -> None:
    days = [datetime(2024, 1, day, 1, tzinfo=BERLIN) for day in pause or ()]
    pauses = [Suspension(*days, "immunity", "art 20")] if days else []
    event = datetime(2023, 12, 31 if unit == "days" else 30, 12, tzinfo=BERLIN)
    answer = due(a_limit(amount, unit), event, GERMANY, BERLIN, pauses)
    assert isinstance(answer, Reckoning)
    assert answer.due.date() == last


def test_a_reckoning_takes_less_than_a_fifth_of_a_millisecond() -> None:
    trigger = datetime(2026, 12, 4, 17, 10, tzinfo=PARIS)
    due(a_limit(90), trigger, GERMANY, BERLIN)  # the holidays of the year are computed once
    rounds = []
    for _ in range(5):
        begin = time.process_time()
        for _ in range(100):
            due(a_limit(90), trigger, GERMANY, BERLIN)
        rounds.append((time.process_time() - begin) / 100)
    assert min(rounds) < 200e-6
