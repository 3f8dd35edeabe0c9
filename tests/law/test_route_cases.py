"""Routes as a table: who asks whom for what, for which offence, on which day, and what each instrument answers.

A lawyer extends it by adding a ``[[cases]]`` to a file of ``cases_routes/``; no code is needed. The answers are of the
legal reference. Left to others: single values (`test_tables`), limits (`test_time_limits`).
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from comity.law.book import load_law
from comity.law.offences import OffenceFacts
from comity.law.route import Route, Routes, routes
from tests.every import every

CASES = Path(__file__).parent / "cases_routes"


class Offence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The offence as the asking Party punishes it."""

    iccs: str = ""
    list_category: str = ""
    max_years: int | None = None
    max_months: int | None = None
    sentence_months: int | None = None
    life: bool = False
    fine_only: bool = False
    kind: Literal["ordinary", "fiscal", "political", "military"] = "ordinary"


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question. ``open``: the ways that must be open, in this order; what is not named is not asked."""

    id: str
    scenario: str
    sender: str
    to: str
    measure: str
    day: date = date(2026, 11, 24)
    category: str = ""
    offence: Offence | None = None
    open: tuple[str, ...] = ()
    only: bool = False  # no other way is open
    closed: dict[str, str] = {}  # instrument -> words of the reason or of the provision
    cannot_tell: dict[str, str] = {}  # instrument -> words of the question or of the provision
    needs: dict[str, list[str]] = {}  # open instrument -> kinds of need, or words of one
    lacks: dict[str, list[str]] = {}  # open instrument -> what it must not ask for
    doubts: dict[str, list[str]] = {}  # open instrument -> kinds of need that are not settled, all of them
    # The languages that a Party accepts are not known for most; they are left aside in `doubts`.


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of cases."""

    cases: tuple[Case, ...]


ALL = [
    (path.stem, case)
    for path in sorted(CASES.glob("*.toml"))
    for case in msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), CaseFile).cases
]


def _ask(c: Case) -> Routes:
    facts = OffenceFacts(c.sender, **msgspec.structs.asdict(c.offence)) if c.offence else None
    return routes(load_law(), c.sender, c.to, c.measure, c.category, facts, day=c.day)


def _asks_for(way: Route, wanted: str) -> bool:
    """A kind of need or a provision, exactly; or several words of what is needed."""
    return any(wanted in (n.kind, n.provision) or (" " in wanted and wanted in n.what) for n in way.needs)


@every("case", [pytest.param(c, id=f"{stem}:{c.id}") for stem, c in ALL])
def test_route(case: Case) -> None:
    """The ways open, closed and in doubt are those of the reference, each with its provision."""
    found = _ask(case)
    ways = {w.instrument.id: w for w in found.open}
    named = [i for i in ways if i in case.open]
    assert named == list(case.open), f"{case.scenario} open: {list(ways)}"
    assert not case.only or list(ways) == list(case.open), f"{case.scenario} open: {list(ways)}"
    closed = {c.instrument.id: f"{c.reason} [{c.provision}]" for c in found.closed}
    unclear = {u.instrument.id: f"{u.question} [{u.provision}]" for u in found.cannot_tell}
    for expected, said in ((case.closed, closed), (case.cannot_tell, unclear)):
        for instrument, words in expected.items():
            assert words in said.get(instrument, "(no such answer)"), f"{case.scenario} {instrument}: {said}"
    for instrument, wanted in case.needs.items():
        assert all(_asks_for(ways[instrument], w) for w in wanted), f"{case.scenario} {ways[instrument].needs}"
    for instrument, unwanted in case.lacks.items():
        assert not any(_asks_for(ways[instrument], w) for w in unwanted), f"{case.scenario} {ways[instrument].needs}"
    for instrument, kinds in case.doubts.items():
        told = {n.kind for n in ways[instrument].needs if not n.settled} - {"language"}
        assert told == set(kinds), f"{case.scenario} {instrument}: {told}"


def test_there_are_many_and_none_is_empty() -> None:
    """No case asks nothing, and no two of one file have one id."""
    assert len(ALL) >= 60
    assert len({(stem, c.id) for stem, c in ALL}) == len(ALL)
    for _, c in ALL:
        assert c.open or c.only or c.closed or c.cannot_tell, c.id
