"""Hard questions to the law, as data a lawyer extends: `cases_asked/`: offences, jurisdiction, grounds for refusal.

Expected answers were written from the legal reference and the penal codes before the code was asked.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from comity.law.book import LawBook, load_law, open_law
from comity.law.files import packaged
from comity.law.jurisdiction import Facts, jurisdiction
from comity.law.offences import OffenceFacts, domestic_equivalent, double_criminality, offence_facts
from tests.every import every

FOLDER = Path(__file__).parent / "cases_asked"
LAW = load_law()
OFFENCES = tomllib.loads((FOLDER / "offences.toml").read_text("utf-8"))
JURISDICTION = tomllib.loads((FOLDER / "jurisdiction.toml").read_text("utf-8"))
GROUNDS = tomllib.loads((FOLDER / "grounds.toml").read_text("utf-8"))
Case = dict[str, Any]


def named(cases: list[Case]) -> list[Any]:
    return [pytest.param(c, id=f"{c.get('code') or c.get('instrument', '')}: {c['why']}") for c in cases]


@every("case", named(OFFENCES["same_conduct"]))
def test_an_offence_there_too(case: Case) -> None:
    facts = offence_facts(LAW, case["from"], case["code"], OFFENCES["day"])
    found = domestic_equivalent(LAW, facts, case["to"], OFFENCES["day"])
    assert found.verdict == case["answer"], found.reasons
    assert found.reasons
    assert found.provision


@every("case", named(OFFENCES["stated"]))
def test_as_the_request_states_it(case: Case) -> None:
    found = domestic_equivalent(LAW, OffenceFacts("US", "as stated", case["iccs"]), case["to"], OFFENCES["day"])
    assert found.verdict == case["answer"], found.reasons


@every("case", named(OFFENCES["tested"]))
def test_double_criminality(case: Case) -> None:
    facts = OffenceFacts(
        "DE", "as stated", case["iccs"], case.get("list", ""), max_months=case.get("max_months"),
        life=case.get("life", False), partly=case.get("partly", False),
    )  # fmt: skip
    instrument = LAW.instrument(case["instrument"])
    found = double_criminality(LAW, instrument, case["measure"], facts, case["to"], OFFENCES["day"])
    assert found.verdict == case["answer"], found.reasons
    assert found.provision


@every("case", named(JURISDICTION["cases"]))
def test_whom_to_notify_and_whom_not_to_target(case: Case) -> None:
    day = case.get("day", JURISDICTION["day"])
    found = jurisdiction(LAW, case["instrument"], case["measure"], Facts(**case["facts"]), day)
    assert "; ".join(f"{n.party} {n.answer} {n.effect}" for n in found.notifications) == case.get("notified", "")
    barred = "no" if not found.bars else "sure" if any(b.certain for b in found.bars) else "unsure"
    assert barred == case.get("barred", "no"), found.bars
    assert bool(found.questions) == ("asks" in case), found.questions
    assert case.get("asks", "") in " ".join(found.questions)
    told = [f"{n.limit.amount} {n.limit.unit} {n.limit.provision}" if n.limit else "" for n in found.required]
    assert all(words in " ".join(told) for words in case.get("within", "").split(" art ")), told
    assert "within" not in case or bool(case["within"]) == bool("".join(told))
    assert all(n.provision for n in found.notifications)
    assert all(b.provision for b in found.bars)


def test_another_instrument_is_named_where_this_one_does_not_reach() -> None:
    facts = Facts("DE", "FR", person_in="DK")
    (found,) = jurisdiction(LAW, "eio", "interception", facts, JURISDICTION["day"]).notifications
    assert "EU MLA Convention 2000 art 20(4)" in found.reason


EVIDENCE = "instruments/e_evidence.toml"


def doubtful(topic: str) -> LawBook:
    """The law with the rule on ``topic`` of e-Evidence no longer settled."""
    head, named, tail = packaged()[EVIDENCE].partition(f'topic = "{topic}"\n')
    return open_law({**packaged(), EVIDENCE: head + named + tail.replace("verified", "knowledge_medium", 1)})


def test_a_notification_that_rests_on_doubtful_law_is_not_told_as_sure() -> None:
    facts = Facts("DE", "IE", residence="FR", offence_place="DE")
    (sure,) = jurisdiction(LAW, "e_evidence", "produce_traffic", facts, JURISDICTION["day"]).notifications
    assert (sure.answer, sure.settled) == ("required", True)
    (unsure,) = jurisdiction(
        doubtful("notification"), "e_evidence", "produce_traffic", facts, JURISDICTION["day"]
    ).notifications
    assert (unsure.answer, unsure.settled) == ("cannot_tell", False)
    home = Facts("DE", "IE", residence="DE", offence_place="DE")
    (excused,) = jurisdiction(
        doubtful("residence_exception"), "e_evidence", "produce_traffic", home, JURISDICTION["day"]
    ).notifications
    assert (excused.answer, excused.settled) == ("cannot_tell", False)


def test_the_declaration_that_counts_is_of_the_state_where_the_provider_is() -> None:
    files = packaged()
    declared = (
        '\n[[declarations]]\ninstrument = "e_evidence"\neffect = "requires_notification"\ntext = "Of this test."\n'
        'provision = "Test Act s 1"\nmark = "knowledge_high"\n'
    )
    law = open_law({**files, "parties/FR.toml": files["parties/FR.toml"] + declared})
    for named, seat, notified in (("IE", "FR", ["FR"]), ("FR", "IE", [])):
        facts = Facts("DE", named, provider_seat=seat)
        found = jurisdiction(law, "e_evidence", "produce_subscriber", facts, JURISDICTION["day"])
        assert [n.party for n in found.required] == notified


def test_there_are_enough_of_them() -> None:
    assert sum(len(OFFENCES[k]) for k in ("same_conduct", "stated", "tested")) >= 60
    assert len(JURISDICTION["cases"]) >= 35


CELLS = [
    pytest.param(g["id"], instrument, answer, id=f"{g['id']} {instrument}")
    for g in GROUNDS["grounds"]
    for instrument, answer in g.items()
    if instrument != "id"
]


@every(("ground", "instrument", "answer"), CELLS)
def test_the_cross_table_of_grounds(ground: str, instrument: str, answer: str) -> None:
    stated = [g for g in LAW.instrument(instrument).grounds if g.id == ground and g.holds_on(GROUNDS["day"])]
    assert (" ".join(sorted({g.binding for g in stated})) or "none") == answer
    assert all(g.provision for g in stated)
