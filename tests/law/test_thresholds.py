"""Thresholds, and kinds of authority: what the files can tell, and what they cannot.

Regulation (EU) 2023/1543 art 5(4)(b) names articles of three directives, if committed by an information system; art 2
(b) UNTOC four years; the European Arrest Warrant needs an issuer that takes no instructions (CJEU C-508/18).
"""

from __future__ import annotations

from datetime import date

import pytest

from comity.law.authorities import satisfies
from comity.law.book import load_law
from comity.law.offences import OffenceFacts, double_criminality, offence_facts
from comity.law.route import routes
from comity.law.thresholds import below_threshold, is_kind

DAY = date(2026, 11, 24)
LAW = load_law()
ATTACK, TERROR = "attacks_on_information_systems", "terrorism"


@pytest.mark.parametrize(
    ("offence", "kind", "answer"),
    [
        (OffenceFacts("DE", iccs="09031"), ATTACK, True),  # unlawful access to a computer system: art 3
        (OffenceFacts("DE", iccs="09032"), ATTACK, True),  # interference: arts 4-5
        (OffenceFacts("DE", iccs="0903"), ATTACK, None),  # acts against computer systems: broader
        (OffenceFacts("DE", list_category="computer_crime"), ATTACK, None),  # any computer-related crime
        (OffenceFacts("DE", iccs="09031", partly=True), ATTACK, None),
        (OffenceFacts("DE", iccs="09031", settled=False), ATTACK, None),
        (OffenceFacts("DE", iccs="0701", list_category="fraud"), ATTACK, False),
        (OffenceFacts("DE", list_category="child_sexual_exploitation"), "child_sexual_abuse", None),
        (OffenceFacts("DE", iccs="030221"), "child_sexual_abuse", None),  # whether by an information system: not known
        (OffenceFacts("DE", list_category="forgery_means_of_payment"), "non_cash_payment_fraud", None),
        (OffenceFacts("DE", iccs="0401"), "non_cash_payment_fraud", False),
        (OffenceFacts("DE", list_category="terrorism"), TERROR, True),  # Directive (EU) 2017/541, always
        (OffenceFacts("DE", iccs="0906"), TERROR, None),  # by the code alone: perhaps wider than the Directive
        (OffenceFacts("DE", iccs="0501"), TERROR, False),
        (OffenceFacts("DE", iccs="07041"), "money_laundering", True),
        (OffenceFacts("DE", iccs="0704"), "money_laundering", None),
        (OffenceFacts("DE", iccs="07031"), "corruption", True),
        (OffenceFacts("DE", iccs="0703"), "corruption", None),
        (OffenceFacts("DE", iccs="09051"), "criminal_organisation", None),
    ],
)
def test_is_of_a_kind(offence: OffenceFacts, kind: str, answer: bool | None):
    assert is_kind(offence, kind) is answer


@pytest.mark.parametrize(
    ("offence", "certain"),
    [
        (OffenceFacts("DE", iccs="0701", list_category="fraud", max_years=3), None),
        (OffenceFacts("DE", iccs="0701", list_category="fraud", max_years=2), True),
        (OffenceFacts("DE", iccs="09031", list_category="computer_crime", max_years=2), None),
        (OffenceFacts("DE", iccs="0903", list_category="computer_crime", max_years=2), False),
        (OffenceFacts("DE", iccs="03022", list_category="child_sexual_exploitation", max_years=1), False),
        (OffenceFacts("DE", iccs="0906", list_category="terrorism", max_years=1), None),
        (OffenceFacts("DE", iccs="0701", list_category="fraud"), False),
    ],
)
def test_traffic_data_under_e_evidence(offence: OffenceFacts, certain: bool | None):
    """None: the threshold is reached or not needed; True: certainly below; False: cannot tell."""
    i = LAW.instrument("e_evidence")
    rule = i.measure("produce_traffic", DAY)
    assert rule is not None
    found = below_threshold(i, rule, offence, DAY)
    assert (found.certain if found else None) is certain
    assert found is None or found.provision.startswith("Regulation (EU) 2023/1543 art 5(4)")


def test_a_route_in_doubt_stays_open_with_its_question():
    offence = OffenceFacts("DE", iccs="0903", list_category="computer_crime", max_years=2)
    found = routes(LAW, "DE", "IE", "produce_traffic", offence=offence, day=DAY)
    way = next(r for r in found.open if r.instrument.id == "e_evidence")
    assert not way.certain
    assert any(n.kind == "threshold" and "cannot tell" in n.what for n in way.needs)


EAW = ("judge", "court", "investigating_judge", "independent_public_prosecutor")


@pytest.mark.parametrize(
    ("kind", "allowed", "party", "answer"),
    [
        ("public_prosecutor", EAW, "FR", True),  # CJEU C-566/19 PPU
        ("public_prosecutor", EAW, "DE", False),  # CJEU C-508/18 and C-82/19 PPU
        ("public_prosecutor", EAW, "ES", None),
        ("public_prosecutor", EAW, "XX", None),
        ("public_prosecutor", ("judge", "public_prosecutor"), "DE", True),  # EIO: CJEU C-584/19
        ("independent_public_prosecutor", ("public_prosecutor",), "DE", True),
        ("police", EAW, "FR", False),
        ("judge", EAW, "DE", True),
    ],
)
def test_kinds_of_authority(kind: str, allowed: tuple[str, ...], party: str, answer: bool | None):
    assert satisfies(kind, allowed, LAW.by_party.get(party)) is answer


@pytest.mark.parametrize(
    ("sender", "settled", "words"),
    [("FR", True, "may issue"), ("DE", True, "Not by the public prosecutor of DE"), ("ES", False, "Cannot tell")],
)
def test_a_route_says_whether_the_prosecutor_may_issue_a_warrant(sender: str, settled: bool, words: str):
    to = "NL"
    way = next(r for r in routes(LAW, sender, to, "surrender", day=DAY).open if r.instrument.id == "eaw")
    need = next(n for n in way.needs if n.kind == "prosecutor")
    assert (need.settled, words in need.what) == (settled, True)


def test_a_route_names_the_facts_it_turns_on():
    found = routes(LAW, "DE", "IE", "bank_account_data", day=DAY)
    way = next(r for r in found.open if r.instrument.id == "untoc")
    assert any(n.kind == "scope" and "organized criminal group" in n.what for n in way.needs)


@pytest.mark.parametrize(("instrument", "provision"), [("eu_mla_2000", "art 1"), ("jit", "2002/465/JHA art 1")])
def test_silence_on_double_criminality_is_said_in_the_file(instrument: str, provision: str):
    i = LAW.instrument(instrument)
    told = double_criminality(LAW, i, i.measures[0].id, offence_facts(LAW, "DE", "StGB § 263", DAY), "ES", DAY)
    assert told.verdict == "cannot_tell"
    assert provision in told.provision
    assert "says nothing" in told.reasons[0]


def test_an_investigating_judge_is_a_judge_and_a_court_is_more_than_one() -> None:
    """Regulation (EU) 2018/1805 art 2(8) names judges, art 2(2) a court."""
    freezing = LAW.instrument("freezing")
    freeze, confiscate = freezing.measure("freezing", DAY), freezing.measure("confiscation", DAY)
    assert freeze is not None
    assert confiscate is not None
    assert satisfies("investigating_judge", freeze.issue, None) is True
    assert satisfies("investigating_judge", confiscate.issue, None) is False
    assert satisfies("judge", ("investigating_judge",), None) is False


def test_an_agreement_that_says_a_threshold_twice_asks_for_it_once() -> None:
    way = routes(LAW, "GB", "US", "provider_order", "content", day=DAY).open[0]
    assert len([n for n in way.needs if n.kind == "threshold"]) == 1


@pytest.mark.parametrize(
    ("instrument", "name", "measure", "found"),
    [
        ("e_evidence", "validate_ex_post", "produce_subscriber", True),  # art 4(5): an emergency by its nature
        ("e_evidence", "validate_ex_post", "produce_content", False),  # never without a judge: art 4(2)
        ("freezing", "answer_duration_request", "", True),  # art 12: there is one such limit
        ("freezing", "execute", "freezing", False),  # no number but the urgent one: art 9(1)
        ("freezing", "execute", "", False),  # two bear the name: which measure?
    ],
)
def test_a_limit_that_has_no_namesake_is_found_by_its_name(
    instrument: str, name: str, measure: str, found: bool
) -> None:
    assert (LAW.instrument(instrument).limit(name, DAY, measure) is not None) is found
