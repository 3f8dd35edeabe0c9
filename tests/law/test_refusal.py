"""Grounds for refusal on the facts of a case, as data a lawyer extends (``cases_asked/refusal.toml``); money taken."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from comity.cli.law.command import law_app
from comity.errors import Malformed, NotFound
from comity.law.book import load_law
from comity.law.check import check_law
from comity.law.disposal import disposal
from comity.law.files import packaged
from comity.law.refusal import first_consulted, raised
from tests.every import every

LAW = load_law()
FILE = tomllib.loads((Path(__file__).parent / "cases_asked" / "refusal.toml").read_text("utf-8"))
DAY: date = FILE["day"]
Case = dict[str, Any]


@every("case", [pytest.param(c, id=f"{c['instrument']}: {c['why']}") for c in FILE["cases"]])
def test_what_is_raised(case: Case) -> None:
    instrument, facts, denied = LAW.instrument(case["instrument"]), case.get("facts", ()), case.get("denied", ())
    found = raised(LAW, instrument, case["measure"], facts, denied, case.get("to", ""), DAY)
    told = [r for r in found if r.arises != "not_raised"]
    assert [f"{r.ground.id} {r.weight or r.arises}" for r in told] == [x.rpartition(" ")[0] for x in case["raised"]]
    for r, expected in zip(told, case["raised"], strict=True):
        assert expected.rpartition(" ")[2] in r.provision
        assert r.why
    assert "open" not in case or case["open"] == [f for r in told for f in r.open_facts]
    assert {r.whose for r in told} - {""} == ({case["whose"]} if "whose" in case else set())
    assert "consult" not in case or list(first_consulted(told)) == [case["consult"]]


def test_the_trial_in_absentia_had_another_rule_before() -> None:
    """Article 4a was added by Framework Decision 2009/299/JHA, to be implemented by 28 March 2011."""
    for day, known in ((date(2011, 3, 27), False), (date(2011, 3, 28), True)):
        grounds = LAW.instrument("eaw").grounds_for("surrender_sentence", day)
        assert any(g.id == "in_absentia" for g in grounds) == known


def test_a_fact_on_which_nothing_turns_is_not_taken_silently() -> None:
    eaw = LAW.instrument("eaw")
    with pytest.raises(Malformed, match="turns on left_handed"):
        raised(LAW, eaw, "surrender", ("left_handed",), (), "", DAY)
    with pytest.raises(Malformed, match="both given and denied"):
        raised(LAW, eaw, "surrender", ("amnesty",), ("amnesty",), "", DAY)


def test_a_fact_misspelt_in_a_file_is_a_problem() -> None:
    files = packaged()
    name = "instruments/eaw.toml"
    files[name] = files[name].replace('on = ["below_age_there"]', 'on = ["Below age, there"]')
    (problem,) = check_law(files)
    assert (problem.file, problem.what) == (name, "A fact is a word in small letters.")


def test_the_command() -> None:
    def ask(*arguments: str) -> str:
        given = ["grounds", "--instrument", "eaw", "--measure", "surrender", *arguments]
        result = CliRunner(env={"COLUMNS": "300"}).invoke(law_app, given)
        assert result.exit_code == 0, result.output
        return result.output

    assert "turns on: amnesty and executing_jurisdiction" in ask()
    assert "Consult before refusing: Framework Decision 2002/584/JHA art 15(2)" in ask("--fact", "general_deficiency")
    assert "does not arise ne_bis_in_idem: Not so: pending there." in ask("--not", "pending_there")
    answer = json.loads(ask("--fact", "below_age_there", "--on", "2026-11-24", "--json"))
    (age,) = [g for g in answer["grounds"] if g["arises"] == "yes"]
    assert (age["id"], age["weight"], age["settled"]) == ("age", "must", True)
    assert answer["day"] == "2026-11-24"


@pytest.mark.parametrize(
    ("amount", "restitution", "issuing", "executing"),
    [
        ("9999.99", "0", "0", "9999.99"),
        ("10000", "0", "0", "10000"),  # up to EUR 10 000: the executing State keeps it
        ("10000.02", "0", "5000.01", "5000.01"),
        ("10000.01", "0", "5000.00", "5000.01"),
        ("25000", "5000", "10000.00", "10000.00"),  # victims first
        ("8000", "3000", "0", "5000"),
        ("12000", "12000", "0", "0"),
        ("12000", "3000", None, None),  # before restitution above, after it below: the files cannot tell
    ],
)
def test_disposal_of_money(amount: str, restitution: str, issuing: str | None, executing: str | None) -> None:
    """Regulation (EU) 2018/1805 art 30(7)."""
    found = disposal(LAW.instrument("freezing"), Decimal(amount), Decimal(restitution), DAY)
    assert (found.issuing, found.executing) == tuple(None if x is None else Decimal(x) for x in (issuing, executing))
    assert found.settled == (issuing is not None)
    assert found.provision == "Regulation (EU) 2018/1805 art 30(7)"


def test_money_that_cannot_be() -> None:
    freezing = LAW.instrument("freezing")
    for amount, restitution in (("-1", "0"), ("1", "2"), ("0.001", "0"), ("NaN", "0"), ("1e50", "0")):
        with pytest.raises(Malformed):
            disposal(freezing, Decimal(amount), Decimal(restitution), DAY)
    with pytest.raises(NotFound, match="no rule on the disposal"):
        disposal(LAW.instrument("eaw"), Decimal(1), Decimal(0), DAY)
    result = CliRunner().invoke(law_app, ["disposal", "--amount", "20000", "--json"])
    assert json.loads(result.stdout)["issuing"] == "10000.00"
