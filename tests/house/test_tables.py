"""The tables of all proceedings are sound: reachable, dischargeable, and nothing named in them is missing.

Tables hold names, so a wrong name would show only when a matter gets there. These tests walk every table instead.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from comity.docket.step import Duty, Proceeding, Safeguard, Step
from comity.law.book import load_law
from comity.proceedings.bodies import Withdrawal
from comity.proceedings.tables import PROCEEDINGS
from tests.house.source import Module, modules

CITATION = re.compile(r"\barts? \d|\bC-\d+/\d+|\bpara \d")
TABLES = tuple(PROCEEDINGS.values())
STEPS = [(table, step) for table in TABLES for step in table.steps]
DUTIES = [(table, duty) for table in TABLES for duty in table.duties]
SAFEGUARDS = sorted({s for _, step in STEPS for s in step.safeguards}, key=lambda s: str(getattr(s, "__name__", s)))


def name_of(safeguard: Safeguard) -> str:
    return str(getattr(safeguard, "__name__", safeguard))


def states_from(table: Proceeding, *starts: str) -> set[str]:
    """Every state that can be reached from ``starts``, those included."""
    reached = set(starts)
    while more := {s.name for s in table.steps if s.moves and reached & set(s.after)} - reached:
        reached |= more
    return reached


def unreachable(table: Proceeding) -> set[str]:
    """Steps that no path from an empty docket allows."""
    states = states_from(table, "")
    return {s.name for s in table.steps if not states & set(s.after)}


def dead_afters(table: Proceeding) -> set[str]:
    """States named in ``after`` that no docket ever stands at."""
    moving = {s.name for s in table.steps if s.moves} | {""}
    return {after for s in table.steps for after in s.after} - moving


def missing_names(table: Proceeding, duty: Duty) -> set[str]:
    """Steps that a duty names and the table lacks."""
    return {*duty.since, *duty.due, *duty.closed_by, duty.otherwise} - set(table.table)


def stuck(table: Proceeding, duty: Duty) -> set[str]:
    """States right after the duty's trigger from which it can neither be discharged nor ended."""
    ends = {*duty.due, *duty.closed_by}
    found = set()
    for since in duty.since:
        step = table.table[since]
        for state in {since} if step.moves else set(step.after) & states_from(table, ""):
            onward = states_from(table, state)
            if state not in ends and not any(onward & set(table.table[e].after) for e in ends):
                found.add(state)
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_every_step_can_be_reached(table: Proceeding) -> None:
    assert unreachable(table) == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_every_after_is_a_state(table: Proceeding) -> None:
    assert dead_afters(table) == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_names_are_unique_and_of_the_table(table: Proceeding) -> None:
    names = [s.name for s in table.steps]
    assert len(names) == len(set(names))
    assert all(n.partition(".")[0] == table.name for n in names)
    assert {name for s in table.steps for name in (s.answered_by, s.unproven_by)} - {""} <= set(names)


@pytest.mark.parametrize(("table", "duty"), DUTIES, ids=lambda x: x.name)
def test_a_duty_names_steps_that_exist(table: Proceeding, duty: Duty) -> None:
    assert missing_names(table, duty) == set()


@pytest.mark.parametrize(("table", "duty"), DUTIES, ids=lambda x: x.name)
def test_a_duty_can_be_discharged_or_ended_from_wherever_it_begins(table: Proceeding, duty: Duty) -> None:
    assert stuck(table, duty) == set()


@pytest.mark.parametrize(("table", "duty"), DUTIES, ids=lambda x: x.name)
def test_a_duty_names_a_limit_that_an_instrument_has(table: Proceeding, duty: Duty) -> None:
    limits = {x.name for i in load_law().instruments if i.proceeding == table.name for x in i.limits}
    assert duty.limit in limits or (duty.own_limit is not None and "not law" in duty.own_limit.note)


@pytest.mark.parametrize("safeguard", SAFEGUARDS, ids=name_of)
def test_a_safeguard_says_its_rule_and_cites_it(safeguard: Safeguard) -> None:
    assert CITATION.search(safeguard.__doc__ or ""), f"{name_of(safeguard)}: cite the provision in the docstring"


def test_decisions_need_a_hand_and_nothing_is_guarded_twice() -> None:
    for _, step in STEPS:
        assert len(set(step.safeguards)) == len(step.safeguards), step.name
        assert step.hand or not step.kind.startswith("decision"), f"{step.name} decides and needs a hand"


def test_disclosure_rests_on_a_judge() -> None:
    """No step that discloses may lack the question for the judge's hand."""
    disclosing = [s for _, s in STEPS if s.kind == "disclosure"]
    assert disclosing
    assert all("judicial_authorisation" in map(name_of, s.safeguards) for s in disclosing)


# --- what the safeguards name


def safeguard_modules() -> list[Module]:
    return [m for m in modules() if m.room == "safeguards"]


def literals(tree: ast.Module) -> Iterator[str]:
    """String constants of a module that are not docstrings."""
    docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def strange_steps(tree: ast.Module, known: Iterable[str]) -> set[str]:
    """Literals that look like a step's name and are none."""
    heads = "|".join(PROCEEDINGS)
    return {t for t in literals(tree) if re.fullmatch(rf"({heads})\.\w+", t)} - set(known)


def cleared_by_literals(tree: ast.Module) -> set[str]:
    """The literal ``cleared_by`` of every ``.hold(name, why, cleared_by)``."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "attr", "") == "hold"]
    last = [c.args[2] for c in calls if len(c.args) == 3]
    return {str(a.value) for a in last if isinstance(a, ast.Constant)}


@pytest.mark.parametrize("module", safeguard_modules(), ids=lambda m: m.name)
def test_safeguards_name_steps_that_exist(module: Module) -> None:
    known = {step.name for _, step in STEPS}
    assert strange_steps(module.tree, known) == set()
    assert cleared_by_literals(module.tree) <= known
    assert not [t for t in literals(module.tree) if "human decision" in t]


def test_grounds_that_safeguards_refuse_on_are_grounds_of_the_law() -> None:
    given = {g.id for i in load_law().instruments for g in i.grounds}
    given |= {d.value for p in load_law().parties for d in p.declarations if d.effect == "ground_mandatory"}
    given |= {"persecution_discrimination"}  # binds by ECHR art 14, ICCPR art 26, Charter art 21
    refused: set[str] = set()
    for module in safeguard_modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "refuse" and len(node.args) == 3:
                last = node.args[2]
                refused |= {str(last.value)} if isinstance(last, ast.Constant) else set()
    assert refused
    assert refused <= given


# --- that these tests bite


def broken(**changes: object) -> Proceeding:
    """A tiny table with one thing wrong."""

    a = Step(name="x.a", title="", body=Withdrawal, by="either", roles=(), after=("",))
    b = Step(name="x.b", title="", body=Withdrawal, by="either", roles=(), after=("x.a",), moves=False)
    steps = {"a": a, "b": b}
    duty = Duty(name="d", since=("x.a",), due=("x.b",), limit="", otherwise="x.b", owed_by="either")
    for key, change in changes.items():
        if key == "duty":
            duty = replace(duty, **change)  # type: ignore[arg-type]
        else:
            steps[key] = replace(steps[key], **change)  # type: ignore[arg-type]
    return Proceeding("x", "", tuple(steps.values()), (duty,))


def test_the_walk_finds_what_is_wrong() -> None:
    sound = broken()
    assert (unreachable(sound), dead_afters(sound), stuck(sound, sound.duties[0])) == (set(), set(), set())
    assert unreachable(broken(b={"after": ("x.nowhere",)})) == {"x.b"}
    assert dead_afters(broken(b={"after": ("x.b", "x.a")})) == {"x.b"}
    table = broken(duty={"otherwise": "x.c"})
    assert missing_names(table, table.duties[0]) == {"x.c"}
    table = broken(b={"after": ("",)})
    assert stuck(table, table.duties[0]) == {"x.a"}
    tree = ast.parse('f.hold("n", "w", "request.nowhere")')
    assert strange_steps(tree, ["request.send"]) == {"request.nowhere"}
    assert cleared_by_literals(tree) == {"request.nowhere"}
