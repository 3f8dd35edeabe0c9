"""Fixed periods and numbers of the regimes that bind whatever the instrument, as the legal reference gives them.

Sections 12 (data protection), 13 (AI Act), 15 (sanctions), 16 (protected reports), 17.5 (INTERPOL) and table 18.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from comity.cli.law.command import law_app
from comity.law.book import load_law
from comity.law.schema import Limit, Standard
from tests.every import every

LAW = load_law()
DAY = date(2026, 12, 4)
LATER = date(2027, 12, 2)  # Annex III duties of the AI Act, if deferred
LED, AI, WB = "Directive (EU) 2016/680", "Regulation (EU) 2024/1689", "Directive (EU) 2019/1937"
UN, CCF = "Security Council resolution 2734 (2024), annex II", "Statute of the CCF"

LIMITS = [
    ("led_breach", "breach_notice", DAY, 72, "hours", f"{LED} art 30(1)", "verified"),
    ("led_breach_partner", "breach_notice_partner", DAY, None, "days", f"{LED} art 30(6)", "verified"),
    ("led_breach_person", "breach_notice_person", DAY, None, "days", f"{LED} art 31", "verified"),
    ("led_prior_consultation", "prior_consultation", DAY, 6, "weeks", f"{LED} art 28(5)", "verified"),
    ("led_prior_consultation", "prior_consultation_extension", DAY, 1, "months", f"{LED} art 28(5)", "verified"),
    ("led_authority_assistance", "authority_assistance", DAY, 1, "months", f"{LED} art 50", "verified"),
    ("led_authority_silence", "complaint_news", DAY, 3, "months", f"{LED} art 53", "verified"),
    ("ai_rbi_authorisation", "authorise_real_time", DAY, 24, "hours", f"{AI} art 5(3)", "verified"),
    ("ai_rbi_national_law", "notify_national_rules", DAY, 30, "days", f"{AI} art 5(5)", "verified"),
    ("ai_post_remote_rbi", "authorise_post_remote", LATER, 48, "hours", f"{AI} art 26(10)", "verified"),
    ("ai_post_remote_rbi", "authorise_post_remote", DAY, 48, "hours", f"{AI} art 26(10)", "knowledge_medium"),
    ("ai_deployer_logs", "keep_logs", LATER, 6, "months", f"{AI} art 26(6)", "verified"),
    ("wb_internal_acknowledge", "acknowledge_internal_report", DAY, 7, "days", f"{WB} art 9(1)(b)", "knowledge_high"),
    ("wb_internal_feedback", "internal_feedback", DAY, 3, "months", f"{WB} art 9(1)(f)", "knowledge_high"),
    ("wb_external_acknowledge", "acknowledge_report", DAY, 7, "days", f"{WB} art 11(2)(b)", "verified"),
    ("wb_external_feedback", "feedback", DAY, 3, "months", f"{WB} art 11(2)(d)", "verified"),
    ("wb_external_feedback", "feedback_justified", DAY, 6, "months", f"{WB} art 11(2)(d)", "verified"),
    ("un1267_ombudsperson", "gather_information", DAY, 4, "months", UN, "knowledge_high"),
    ("un1267_ombudsperson", "gather_information_extension", DAY, 2, "months", UN, "knowledge_high"),
    ("un1267_ombudsperson", "dialogue", DAY, 2, "months", UN, "knowledge_high"),
    ("un1267_ombudsperson", "dialogue_extension", DAY, 2, "months", UN, "knowledge_high"),
    ("un1267_ombudsperson", "committee_review", DAY, 30, "days", UN, "knowledge_medium"),
    ("un1267_ombudsperson", "measures_end", DAY, 60, "days", UN, "knowledge_high"),
    ("un1267_ombudsperson", "council_decides", DAY, 60, "days", UN, "knowledge_high"),
    ("eu_list_action", "annulment_action", DAY, 2, "months", "TFEU art 263", "knowledge_high"),
    ("ofac_delisting", "decide_delisting", DAY, None, "days", "31 CFR 501.807", "secondary"),
    ("interpol_ccf", "file_access", DAY, 4, "months", f"{CCF} art 40", "knowledge_high"),
    ("interpol_ccf", "file_deletion", DAY, 9, "months", f"{CCF} art 40", "knowledge_high"),
    ("wb_internal_acknowledge", "internal_feedback_unacknowledged", DAY, 3, "months", f"{WB} art 9(1)(f)",
     "knowledge_high"),
    ("eu_list_review", "list_review", DAY, 12, "months", "Council practice on restrictive measures", "knowledge_high"),
    ("eu_list_review", "list_review_common_position", DAY, 6, "months", "Common Position 2001/931/CFSP art 1(6)",
     "knowledge_high"),
    ("un1267_triennial", "triennial_review", DAY, 3, "years", UN, "knowledge_medium"),
    ("interpol_retention", "keep_at_most", DAY, 5, "years", "INTERPOL RPD art 49", "secondary"),
]

PARAMETERS = [
    ("weber_six", DAY, {"items": 6}),
    ("bbw_eight_criteria", DAY, {"items": 8}),
    ("bbw_cornerstones", DAY, {"cornerstones": 3}),
    ("othman_assurances", DAY, {"factors": 11}),
    ("ai_rbi_offences", DAY, {"years": 4, "offences": 16}),
    ("ai_two_persons", LATER, {"persons": 2}),
    ("led_adequacy", DAY, {"review_years": 4}),
    ("un1267_triennial", DAY, {"years": 3}),
    ("eu_list_review", DAY, {"months": 12, "common_position_months": 6}),
    ("interpol_red_notice", DAY, {"years": 2, "sentence_months": 6}),
    ("umbrella_review", DAY, {"first_within_years": 3}),
]


def standard(name: str, day: date) -> Standard:
    (found,) = [s for s in LAW.all_standards if s.id == name and s.holds_on(day)]
    return found


def limit(name: str, of: str, day: date) -> Limit:
    (found,) = [x for x in standard(of, day).limits if x.name == name]
    return found


@every(("of", "name", "day", "amount", "unit", "provision", "mark"), LIMITS)
def test_periods(of: str, name: str, day: date, amount: int | None, unit: str, provision: str, mark: str) -> None:
    found = limit(name, of, day)
    assert (found.amount, found.unit, found.provision, found.mark) == (amount, unit, provision, mark)
    assert found.trigger


@pytest.mark.parametrize(("of", "day", "expected"), PARAMETERS)
def test_numbers(of: str, day: date, expected: dict[str, int]) -> None:
    assert standard(of, day).parameters.items() >= expected.items()


def test_logs_are_a_floor_and_extensions_name_what_they_extend() -> None:
    assert limit("keep_logs", "ai_deployer_logs", LATER).minimum
    assert limit("prior_consultation_extension", "led_prior_consultation", DAY).extends == "prior_consultation"


def test_whether_high_risk_duties_apply_before_december_2027_is_not_settled() -> None:
    """Adopted for 2 August 2026; the deferral to 2 December 2027 stands in a secondary source only."""
    for name in ("ai_post_remote_rbi", "ai_human_oversight", "ai_fria", "ai_event_logs"):
        assert not [s for s in LAW.all_standards if s.id == name and s.holds_on(date(2026, 8, 1))]
        assert not standard(name, date(2026, 8, 2)).settled
        assert not standard(name, date(2027, 12, 1)).settled
        assert standard(name, LATER).settled
    assert standard("ai_rbi_authorisation", date(2025, 2, 2)).settled


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("breach_notice", "led_breach", "2026-12-04T17:10"), "72 hours of elapsed time"),
        (("feedback", "wb_external_feedback", "2026-12-05T17:10"), "3 months later is Fri 5 Mar 2027"),
        (("file_deletion", "interpol_ccf", "2026-12-04T17:10"), "9 months later is"),
        (("breach_notice_person", "led_breach_person", "2026-12-04T17:10"), "a duty without a number"),
    ],
)
def test_they_can_be_computed(arguments: tuple[str, str, str], words: str) -> None:
    name, of, trigger = arguments
    asked = ["due", name, "--instrument", of, "--trigger", trigger, "--party", "FR"]
    result = CliRunner(env={"COLUMNS": "300"}).invoke(law_app, asked)
    assert result.exit_code == 0
    assert words in result.output


def test_a_union_period_follows_the_regulation_and_others_do_not() -> None:
    def told(name: str, of: str, party: str = "FR") -> str:
        asked = ["due", name, "--instrument", of, "--trigger", "2026-11-28T10:00", "--party", party]
        return CliRunner(env={"COLUMNS": "300"}).invoke(law_app, asked).output

    assert "Regulation 1182/71 art 3(4)" in told("acknowledge_report", "wb_external_acknowledge")  # 5 Dec is a Saturday
    assert "1182/71 art 3(4)" not in told("file_access", "interpol_ccf")  # 28 March 2027 is a Sunday


ROWS = tomllib.loads((Path(__file__).parent / "cases_asked" / "standards.toml").read_text("utf-8"))


@every("row", [pytest.param(r, id=f"{r['row']}: {r['id']}") for r in ROWS["rows"]])
def test_the_reference_row_by_row(row: dict[str, Any]) -> None:
    found = standard(row["id"], ROWS["day"])
    assert row["provision"] in found.provision
    assert found.mark == row["mark"]
    assert found.text
    for party in row["binds"]:
        assert found in LAW.standards(ROWS["day"], party), party
    for party in row["not"]:
        assert found not in LAW.standards(ROWS["day"], party), party


def test_what_may_change_is_dated() -> None:
    """Reference section 23: facts that must not be fixed without a dated check."""
    assert standard("led_adequacy_gb", date(2025, 6, 27)).settled
    assert not standard("led_adequacy_gb", date(2025, 6, 28)).settled
    assert not LAW.instrument("second_protocol").is_in_force(ROWS["day"])
    assert all(m.as_of or m.since for m in LAW.instrument("budapest").bound)
    assert not LAW.known_on("un_cybercrime", "DE", ROWS["day"]) or LAW.bound("un_cybercrime", "DE", ROWS["day"]) is None
    assert not limit("judge_report", "wiretap_report_judges", date(2010, 12, 31)).holds_on(date(2011, 1, 1))
    for name in ("cloud_us_uk", "cloud_us_au"):
        found = LAW.instrument(name)
        assert [c for c in found.in_force if c.until or not c.settled] or found.limit("term", ROWS["day"])
    assert "check" in standard("fatf_freezing", ROWS["day"]).note


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ECHR", "ECHR art 8(2)"),
        ("led", "Directive (EU) 2016/680 art 39"),
        ("AI Act", "Regulation (EU) 2024/1689 art 5(1)(h)"),
        ("convention 108+", "NOT SETTLED"),
        ("Charter", "EU Charter art 50"),
        ("FATF", "binds nobody"),
        ("US", "Bound by: Budapest Convention"),
        ("DK", "Not bound by: European Investigation Order"),
    ],
)
def test_a_standard_is_shown_by_its_name_and_a_country_by_what_binds_it(name: str, words: str) -> None:
    result = CliRunner(env={"COLUMNS": "300"}).invoke(law_app, ["show", name])
    assert result.exit_code == 0
    assert words in result.stdout
