"""The periods whose arithmetic is tested day by day (`cases_time/`) are those of the law files: amount, unit, article.

Without this the sums could be right for a number that the files do not hold.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from comity.law.book import load_law

FOLDER = Path(__file__).parent / "cases_time"
LAW = load_law()
IN_FILES = [x for i in LAW.instruments for x in i.limits] + [x for s in LAW.all_standards for x in s.limits]
NOT_OF_AN_INSTRUMENT = "rules_of_counting"  # Regulation 1182/71 by itself


def entries() -> list[Any]:
    return [
        pytest.param(entry, id=f"{path.stem}: {entry['name']}")
        for path in sorted(FOLDER.glob("*.toml"))
        if path.stem != NOT_OF_AN_INSTRUMENT
        for entry in tomllib.loads(path.read_text("utf-8"))["limit"]
        if not entry.get("no_number", False)
    ]


@pytest.mark.parametrize("entry", entries())
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


def test_there_are_many() -> None:
    assert len(entries()) > 40
