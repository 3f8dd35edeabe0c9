"""What the reference says of each instrument, asked of the law book: every case in ``cases/*.toml``.

A lawyer extends it by adding a ``[[cases]]`` to the instrument's file; no code is needed. The answers were written from
the legal reference, not from the instrument files. How each question is asked stands below, one function for each.
Left to others: arithmetic of limits (`test_time_limits`), routes, conditions (the safeguards' own tests).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from comity.law.book import LawBook, load_law
from comity.law.schema import Cited, Content, DualCriminality, Ground, Instrument, Limit, MeasureRule, Rule
from tests.every import every

CASES = Path(__file__).parent / "cases"
Value = str | int | bool | list[str]
Mark = Literal["", "verified", "secondary", "knowledge_high", "knowledge_medium"]


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One question to the law book. ``provision`` is the article as the reference gives it, without the instrument."""

    id: str
    scenario: str  # what happens, in one sentence
    ask: str  # which question: a key of QUESTIONS
    expected: str | dict[str, Value]
    provision: str
    mark: Mark = ""  # how sure the reference is of the value; empty: not asked
    day: date | None = None  # the day of the question; empty: the day at the head of the file
    measure: str = ""
    authority: str = ""
    party: str = ""
    name: str = ""  # of a limit, ground, rule or content, as the law's files call it
    urgent: bool = False


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The cases of one instrument."""

    instrument: str
    day: date
    cases: tuple[Case, ...]


Answer = tuple[str | dict[str, Value], Cited | None]
Question = Callable[[LawBook, Instrument, Case, date], Answer]


def _measure(i: Instrument, c: Case, day: date) -> MeasureRule:
    found = i.measure(c.measure, day)
    assert found is not None, f"{i.id} does not offer {c.measure} on {day}"
    return found


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def in_force(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """Is the instrument in force on the day: yes, no, or cannot tell where what is said of it is not settled?"""
    found = i.is_in_force(day)
    if found is not None and not found.settled:
        return "cannot tell", found
    return _yes(found is not None), found


def bound(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """Is the Party bound: yes, no, excluded (said expressly), or cannot tell (not settled, or not in the files)?"""
    if (said := law.excluded(i.id, c.party, day)) is not None:
        return "excluded", said
    if (found := law.bound(i.id, c.party, day)) is not None:
        return ("yes" if found.settled else "cannot tell"), found
    return ("no" if law.known_on(i.id, c.party, day) else "cannot tell"), None


def offers(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """Does the instrument offer the measure?"""
    found = i.measure(c.measure, day)
    return _yes(found is not None), found


def may_issue(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """May the authority issue by itself (yes), only with validation by another (validated), or not at all (no)?"""
    m = _measure(i, c, day)
    return ("yes" if c.authority in m.issue else "validated" if m.validate else "no"), m


def may_validate(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """May the authority validate what another issued?"""
    m = _measure(i, c, day)
    return _yes(c.authority in m.validate), m


def executes(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """May the authority (or provider) execute?"""
    m = _measure(i, c, day)
    return _yes(c.authority in m.execute), m


def flags(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """Fields of the measure, by name: judge_required, notify_authority, always_available, addressee, categories..."""
    m = _measure(i, c, day)
    assert isinstance(c.expected, dict)
    return {k: _plain(getattr(m, k)) for k in c.expected}, m


def threshold(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """The threshold of the measure (or instrument); ``name`` says for what: prosecution, sentence, or empty."""
    rules = _measure(i, c, day).thresholds if c.measure else i.thresholds
    found = next((t for t in rules if t.holds_on(day) and t.applies_to in (c.name, "")), None)
    if found is None or not isinstance(c.expected, dict):
        return "none", None
    return {k: _plain(getattr(found, k)) for k in c.expected}, found


def limit(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """The limit called ``name``: amount and unit, trigger, floor or ceiling, what it extends. No number: ``none``."""
    found: Limit | None = i.limit(c.name, day, c.measure, c.urgent)
    assert found is not None, f"{i.id} has no limit {c.name}"
    if found.amount is None or not isinstance(c.expected, dict):
        return "no number", found
    return {k: _plain(getattr(found, k)) for k in c.expected}, found


def ground(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """Is the ground open for the measure: optional, mandatory or none; or its letter and prior consultation?"""
    fitting: list[Ground] = [g for g in i.grounds_for(c.measure, day) if g.id == c.name]
    found = next((g for g in fitting if _cites(g, c.provision)), fitting[0] if fitting else None)
    if found is None:
        return "none", None
    if isinstance(c.expected, str):
        return found.binding, found
    said: dict[str, Value] = {"letter": found.letter, "consult_first": bool(found.consult_first)}
    return {k: said[k] for k in c.expected}, found


def grounds(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """All grounds settled for the measure, no more and no less: ids by binding, and letters as printed."""
    settled = [g for g in i.grounds_for(c.measure, day) if g.settled]
    said: dict[str, Value] = {
        "mandatory": sorted({g.id for g in settled if g.binding == "mandatory"}),
        "optional": sorted({g.id for g in settled if g.binding == "optional"}),
        "letters": sorted({g.letter for g in settled} - {""}),
    }
    assert isinstance(c.expected, dict)
    return {k: said[k] for k in c.expected}, None


def dual_criminality(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """The rule on dual criminality for the measure: its own, else the general one; silent: cannot tell."""
    stated = [d for d in i.dual_criminality if d.holds_on(day)]
    own: list[DualCriminality] = [d for d in stated if c.measure in d.measures] or [d for d in stated if not d.measures]
    if not own:
        silent = next((r for r in i.rules if r.topic == "dual_criminality" and r.holds_on(day)), None)
        assert silent, f"{i.id} says nothing on dual criminality for {c.measure}, nor that it is silent"
        return "cannot tell", silent
    if isinstance(c.expected, str):
        return own[0].rule, own[0]
    return {k: _plain(getattr(own[0], k)) for k in c.expected}, own[0]


def content(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """Must a request for the measure hold the field called ``name`` (yes or no), and in which section of the form?"""
    fitting: list[Content] = [x for x in i.contents if x.holds_on(day) and x.field == c.name and _fits(x, c)]
    found = next((x for x in fitting if _cites(x, c.provision)), None)
    if found is None or isinstance(c.expected, str):
        return _yes(found is not None), found
    return {"section": found.section}, found


def rule(law: LawBook, i: Instrument, c: Case, day: date) -> Answer:
    """What the rule on the topic ``name`` says: parameters by key, or (as text) words it must hold."""
    fitting: list[Rule] = [r for r in (*i.rules, *i.scope) if r.topic == c.name and r.holds_on(day)]
    found = next((r for r in fitting if _cites(r, c.provision)), None)
    assert found is not None, f"{i.id} has no rule on {c.name} citing {c.provision}"
    if isinstance(c.expected, str):
        return (c.expected if c.expected.lower() in found.text.lower() else found.text), found
    return {k: _plain(found.parameters.get(k, "not stated")) for k in c.expected}, found


QUESTIONS: dict[str, Question] = {
    f.__name__: f
    for f in (
        in_force, bound, offers, may_issue, may_validate, executes, flags, threshold, limit, ground, grounds,
        dual_criminality, content, rule,
    )
}


def _plain(value: object) -> Value:
    if isinstance(value, tuple):
        return sorted(str(v) for v in value)
    assert isinstance(value, str | int | bool), f"not stated: {value!r}"
    return value


def _fits(x: Content, c: Case) -> bool:
    return not c.measure or not x.measures or c.measure in x.measures


def _cites(value: Cited, provision: str) -> bool:
    """Whether the value cites the article: ``12(3)`` is in ``Directive 2014/41/EU art 12(3)`` but not in ``112(3)``."""
    return re.search(rf"(?<![\d(]){re.escape(provision)}(?!\d)", value.provision) is not None


def _read() -> list[tuple[str, date, Case]]:
    out = []
    for path in sorted(CASES.glob("*.toml")):
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), CaseFile)
        assert path.stem == file.instrument, f"{path.name} is about {file.instrument}"
        out += [(file.instrument, c.day or file.day, c) for c in file.cases]
    return out


ALL = _read()


@pytest.fixture(scope="module")
def law() -> LawBook:
    """The packaged law, loaded once: when it does not load, every case says so at once."""
    return load_law()


@every(("instrument", "day", "case"), [pytest.param(*x, id=f"{x[0]}:{x[2].id}") for x in ALL])
def test_case(law: LawBook, instrument: str, day: date, case: Case) -> None:
    """The law book answers as the reference does, from the same provision, with the same mark."""
    answer, value = QUESTIONS[case.ask](law, law.instrument(instrument), case, day)
    expected = case.expected
    if isinstance(expected, dict):
        expected = {k: sorted(v) if isinstance(v, list) else v for k, v in expected.items()}
    assert answer == expected, f"{case.scenario} {case.ask}: {answer!r}, but {case.provision} says {expected!r}"
    if value is not None:
        assert _cites(value, case.provision), f"rests on {value.provision}, the reference gives {case.provision}"
        assert not case.mark or value.mark == case.mark, f"{value.provision} is marked {value.mark}"
        assert value.settled == (value.mark != "knowledge_medium")


def test_there_are_at_least_four_hundred_and_every_instrument_has_some(law: LawBook) -> None:
    """Every instrument has its table, and no two cases of one instrument have the same id."""
    assert len(ALL) >= 400
    assert {i for i, _, _ in ALL} >= set(law.by_instrument)
    assert len({(i, c.id) for i, _, c in ALL}) == len(ALL)


def test_every_question_is_asked() -> None:
    """No kind of question lies idle, and no case asks one that does not exist."""
    assert {c.ask for _, _, c in ALL} == set(QUESTIONS)
