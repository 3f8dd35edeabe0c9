"""docs/law.md says of every safeguard of the catalogue what keeps it, or why a request cannot; held here."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from comity.law.book import load_law
from comity.proceedings.request import REQUEST

LAW = load_law()
SECTION = (Path(__file__).parents[2] / "docs" / "law.md").read_text("utf-8").partition("## The catalogue")[2]
ROW = re.compile(r"^\| `(\w+)` \| (.*?) ?\| ?(.*?) ?\|$")
ROWS = [m.groups() for line in SECTION.partition("\n## ")[0].splitlines() if (m := ROW.match(line))]
KEPT = {name: re.findall(r"`(\w+\.\w+)`", kept) for name, kept, _ in ROWS}
IN_THE_TABLE = {getattr(g, "__name__", "") for step in REQUEST.steps for g in step.safeguards}


def test_every_identifier_has_one_row() -> None:
    names = [name for name, _, _ in ROWS]
    assert len(names) == len(set(names))
    assert set(names) == set(LAW.by_safeguard)


@pytest.mark.parametrize("row", ROWS, ids=[r[0] for r in ROWS])
def test_it_is_kept_or_it_is_said_why_not(row: tuple[str, str, str]) -> None:
    name, _, why = row
    assert KEPT[name] or len(why.split()) >= 2


@pytest.mark.parametrize("function", sorted({f for found in KEPT.values() for f in found}))
def test_the_function_exists_cites_and_guards_a_step(function: str) -> None:
    module, name = function.split(".")
    guard = getattr(importlib.import_module(f"comity.safeguards.{module}"), name)
    assert re.search(r"\d", guard.__doc__), "its docstring cites a provision"
    assert name in IN_THE_TABLE


def test_a_safeguard_that_is_asked_of_requests_has_standards_or_citations() -> None:
    for name, kept in KEPT.items():
        if kept:
            assert LAW.safeguard(name).citations
