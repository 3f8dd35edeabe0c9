"""The periods whose arithmetic is tested day by day (`cases_time/`) are those of the law files: amount, unit, article.

Without this the sums could be right for a number that the files do not hold.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from comity.law.book import load_law
from comity.law.calendars import Calendar
from comity.law.time_limits import NoNumber, due
from tests.every import every

FOLDER = Path(__file__).parent / "cases_time"
LAW = load_law()
IN_FILES = [x for i in LAW.instruments for x in i.limits] + [x for s in LAW.all_standards for x in s.limits]
NOT_OF_AN_INSTRUMENT = "rules_of_counting"  # Regulation 1182/71 by itself


@cache
def entries() -> list[Any]:
    return [
        pytest.param(entry, id=f"{path.stem}: {entry['name']}")
        for path in sorted(FOLDER.glob("*.toml"))
        if path.stem != NOT_OF_AN_INSTRUMENT
        for entry in tomllib.loads(path.read_text("utf-8"))["limit"]
        if not entry.get("no_number", False)
    ]


@every("entry", entries())
def test_the_files_hold_it(entry: dict[str, Any]) -> None:
    provision = entry["provision"].replace("arts ", "art ")
    same = [
        x for x in IN_FILES
        if (provision in x.provision or x.provision in provision)
        and (x.amount, x.unit) == (entry["amount"], entry["unit"])
    ]
    assert same, f"no limit of {entry['amount']} {entry['unit']} under {provision}"
    assert entry["mark"] in {x.mark for x in same} or entry["mark"] == "knowledge_high"
    assert entry.get("at_end", False) in {x.at_end for x in same}


def _is_of(entry: dict[str, Any], limit: Any) -> bool:
    """Whether an entry is about the limit, or about a limit extended by it."""
    for told in (entry, *entry.get("extensions", ())):
        provision = told["provision"].replace("arts ", "art ")
        if (told["amount"], told["unit"]) == (limit.amount, limit.unit) and (
            provision in limit.provision or limit.provision in provision
        ):
            return True
    return False


def _name(x: Any) -> str:
    return f"{x.provision}: {x.name}"


@every("limit", [pytest.param(x, id=_name(x)) for x in IN_FILES if x.amount is not None])
def test_every_number_in_the_files_is_counted_in_a_case(limit: Any) -> None:
    """A limit that nobody worked out by hand, over a weekend, a holiday and a change of clocks, is not yet tested."""
    told = [c["why"].lower() for e in entries() for c in e.values[0]["cases"] if _is_of(e.values[0], limit)]
    words = " ".join(told)
    assert "summer time" in words
    assert any(day in words for day in ("saturday", "sunday", "weekend"))
    assert any(day in words for day in ("holiday", "christmas", "thanksgiving", "good friday", "14 july"))


@every("limit", [pytest.param(x, id=_name(x)) for x in IN_FILES if x.amount is None])
def test_a_duty_without_a_number_gets_no_date(limit: Any) -> None:
    answer = due(limit, datetime(2026, 9, 15, 12, tzinfo=UTC), Calendar("FR"), ZoneInfo("Europe/Paris"))
    assert isinstance(answer, NoNumber)
    assert limit.provision in answer.explanation[0]


def test_there_are_many() -> None:
    assert len(entries()) > 60
