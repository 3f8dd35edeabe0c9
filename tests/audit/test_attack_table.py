"""docs/attacks.md: every attack that the log must survive has a row, and every row names tests that are there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.house.source import ROOT

DOCUMENT = ROOT / "docs" / "attacks.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
COLLUDING = "both sides and all oversight bodies together"
ATTACKS = (
    "rollback", "fork", "back-dating", "dating ahead", "omission", "a leaf withheld", "a lie about the kind",
    "refusing to unseal", "guessing a record", "two openings", "one commitment counted twice",
    "the proof of another log", "theft of the log's key", "some witnesses bribed", "one witness's key under two names",
    "the emergency as a loophole", "inference from times", "a cache poisons", "a partial tile", "abuse of parsers",
    "a later forger", COLLUDING,
)  # fmt: skip


def rows(text: str) -> dict[str, list[tuple[str, str]]]:
    """Each attack of the table with the tests it names (file, function)."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    return {cells[0]: NAMED.findall(cells[-1]) for cells in lines}


ROWS = rows(DOCUMENT.read_text(encoding="utf-8"))


@cache
def functions_in(file: str) -> frozenset[str]:
    """The test functions of a file; none when it is not there."""
    path = ROOT / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.parse("")
    return frozenset(n.name for n in tree.body if isinstance(n, ast.FunctionDef))


def unshown(table: dict[str, list[tuple[str, str]]]) -> set[str]:
    """Attacks without a test, or with one that is not there."""
    return {
        attack
        for attack, named in table.items()
        if attack != COLLUDING and (not named or any(name not in functions_in(file) for file, name in named))
    }


def test_every_attack_has_a_row() -> None:
    assert len(ROWS) == len(ATTACKS)
    for begins, attack in zip(ATTACKS, ROWS, strict=True):
        assert attack.startswith(begins)


@pytest.mark.parametrize("attack", ROWS)
def test_every_row_names_tests_that_are_there(attack: str) -> None:
    assert not unshown({attack: ROWS[attack]})


def test_a_row_without_a_test_is_seen() -> None:
    here = "`tests/audit/test_attack_table.py::test_every_attack_has_a_row`"
    gone = "`tests/audit/test_attack_table.py::test_that_is_not_there`"
    text = f"| attack | who | tests |\n|---|---|---|\n| a | b | {here} |\n| c | d | {gone} |\n| e | f | none |\n"
    assert unshown(rows(text)) == {"c", "e"}
