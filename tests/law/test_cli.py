"""``comity law``: what a newcomer types, what they read, and the exit codes."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from comity.cli.law.command import law_app
from comity.errors import ComityError
from comity.law.files import packaged
from comity.law.forms import read_forms

FILES = packaged()


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output; errors that a person can meet carry their own code, as `comity.cli.run` uses it."""
    result: Result = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(law_app, list(arguments))
    if isinstance(result.exception, ComityError):
        return result.exception.exit_code, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


FREEZING_LIMIT = (
    "due", "execute", "--instrument", "freezing", "--measure", "freezing", "--trigger", "2026-12-04T23:30", "--party",
    "FR",
)  # fmt: skip


def answer(*arguments: str):
    return json.loads(run(*arguments, "--json")[1])


def test_route_lists_open_ways_best_first_and_why_others_are_closed():
    asked = ("route", "--from", "DE", "--to", "IE", "--measure", "bank_account_data", "--on", "2026-12-04")
    code, text = run(*asked, "--offence", "StGB § 263")
    assert code == 0
    assert text.index("1. EU MLA Convention") < text.index("2. Convention on Mutual Assistance 1959")
    assert "eio: IE is not bound" in text
    assert "Directive 2014/41/EU recital 44" in text
    plain = answer(*asked)
    assert [r["instrument"] for r in plain["open"]][:2] == ["eu_mla_2000", "ets30"]
    assert {c["instrument"] for c in plain["closed"]} >= {"eio", "e_evidence", "budapest"}


def test_route_to_nowhere_is_closed():
    code, text = run("route", "--from", "DE", "--to", "FR", "--measure", "freezing", "--on", "1950-01-01")
    assert code == 1
    assert "No instrument in the law files is known to be open" in text


def test_route_takes_an_offence_that_the_files_lack():
    asked = ("route", "--from", "US", "--to", "GB", "--measure", "content_data", "--on", "2026-12-04")
    serious, petty = answer(*asked, "--max-years", "10"), answer(*asked, "--max-years", "2")
    assert "cloud_us_uk" in {r["instrument"] for r in serious["open"]}
    assert "cloud_us_uk" in {c["instrument"] for c in petty["closed"]}


def test_an_offence_of_a_country_without_a_file_is_cannot_tell():
    asked = ("route", "--from", "US", "--to", "FR", "--measure", "search_and_seizure", "--on", "2026-12-04")
    code, text = run(*asked, "--offence", "18 USC 1343")
    assert code == 0, text
    assert "Double criminality (cannot tell)" in text


def test_an_extension_by_itself_says_what_to_ask():
    asked = ("--instrument", "eio", "--trigger", "2026-12-04T17:10", "--party", "FR")
    assert "ask for decide --extended-by decide_extension" in run("due", "decide_extension", *asked)[1]
    assert "--extended-by" not in run("due", "decide", *asked, "--extended-by", "decide_extension")[1]


EAW = ("due", "decide", "--instrument", "eaw", "--trigger", "2026-09-01T12:00", "--party", "DE")


def test_a_suspended_limit_is_counted_on_or_has_no_date():
    code, text = run(*EAW, "--suspended", "2026-09-03T10:00/2026-09-07T15:00", "--because", "art 20: immunity")
    assert code == 0
    assert "Not counted: 4 days. The last day becomes Wed 4 Nov 2026." in text
    still = answer(*EAW, "--suspended", "2026-09-03T10:00/", "--because", "art 20: immunity")
    assert still["due"] is None
    assert "No date can be given until it resumes" in still["explanation"][-1]


def test_route_takes_the_kind_of_an_offence():
    """ETS 30 art 1(2): no military offences, whether the file says so or the question."""
    asked = ("route", "--from", "DE", "--to", "CH", "--measure", "hearing_witness", "--on", "2026-12-04")
    for words in (("--kind", "military", "--max-years", "5", "--iccs", "0101"), ("--offence", "WStG § 16")):
        plain = answer(*asked, *words)
        closed = {c["instrument"]: c["provision"] for c in plain["closed"]}
        assert closed["ets30"] == "ETS 30 art 1(2)"
    life = answer("route", "--from", "FR", "--to", "DE", "--measure", "surrender", "--life", "--on", "2026-12-04")
    assert "guarantee_life_sentence" in {n["kind"] for n in life["open"][0]["needs"]}
    assert run("route", "--from", "FR", "--to", "DE", "--measure", "surrender", "--fine-only")[0] == 1


def test_due_says_when_it_is_not_settled_whether_the_instrument_reaches_there():
    asked = ("due", "provider_challenge", "--instrument", "cloud_us_uk", "--party", "US", "--zone", "America/New_York")
    assert answer(*asked, "--trigger", "2027-10-01T10:00")["doubts"][1:] == []
    doubts = " ".join(answer(*asked, "--trigger", "2027-10-05T10:00")["doubts"])
    assert "Cannot tell whether US-UK CLOUD Act agreement is in force on 2027-10-05" in doubts
    asked = ("due", "answer_interception_notice", "--instrument", "eu_mla_2000", "--trigger", "2026-12-04T17:10")
    doubts = answer(*asked, "--party", "GR", "--zone", "Europe/Athens")["doubts"]
    assert "Cannot tell whether GR is bound" in " ".join(doubts)


@pytest.mark.parametrize(
    ("arguments", "code", "hint"),
    [
        (("route", "--from", "DE", "--to", "IE", "--measure", "bank_data"), 3, "bank_account_data"),
        (("route", "--from", "DE", "--to", "Ireland", "--measure", "evidence"), 2, "ISO 3166-1"),
        (("route", "--from", "DE", "--to", "UK", "--measure", "evidence"), 2, "Write GB"),
        (("route", "--from", "DE", "--to", "IE", "--measure", "evidence", "--on", "4.12.2026"), 2, "2026-12-04"),
        (("route", "--from", "DE", "--to", "IE", "--measure", "evidence", "--offence", "StGB § 999"), 3, "DE.toml"),
        (("route", "--from", "DE"), 2, ""),
        (("show", "eoi"), 3, "eio"),
        (("diff", "2026-08-17", "nowhere"), 3, "folder"),
        (("check", "/nowhere"), 3, "folder"),
        (("due", "decid", "--instrument", "eio", "--trigger", "2026-12-04T17:10", "--party", "FR"), 3, "decide"),
        (FREEZING_LIMIT, 3, "--urgent"),
        (("due", "decide", "--instrument", "eio", "--trigger", "tomorrow", "--party", "FR"), 2, "2026-12-04T17:10"),
        (("due", "decide", "--instrument", "eio", "--trigger", "2026-03-29T02:30", "--party", "FR"), 2, "offset"),
        (("due", "decide", "--instrument", "eio", "--trigger", "2026-10-25T02:30", "--party", "FR"), 2, "offset"),
        (("notify", "--instrument", "eio", "--measure", "interception", "--from", "De", "--to", "FR"), 2, "DE"),
        ((*EAW, "--suspended", "2026-09-03T10:00"), 2, "FROM/"),
        (("due", "decide", "--instrument", "freezing", "--trigger", "2026-12-04T17:10", "--party", "FR"), 3,
         "one of: confiscation, freezing"),
        ((*EAW, "--suspended", "2026-09-03T10:00/"), 2, "--because"),
        (("due", "keep_logs", "--instrument", "ai_deployer_logs", "--trigger", "2025-01-01", "--party", "DE"), 3,
         "2026-08-02"),
    ],
)
def test_wrong_input_says_what_to_do(arguments: tuple[str, ...], code: int, hint: str):
    found, text = run(*arguments)
    assert found == code, text
    assert hint in text


def test_show_names_provision_dates_and_mark():
    code, text = run("show", "eio")
    assert code == 0
    assert "decide: 30 days from received" in text
    assert "Directive 2014/41/EU art 12(3)" in text
    assert "text read (EIO)" in text


def test_what_is_not_settled_is_never_shown_as_law():
    """CETS 224 art 23 is marked KM in the reference."""
    lines = run("show", "second_protocol")[1].splitlines()
    at = next(n for n, line in enumerate(lines) if "ten Parties have consented" in line)
    assert "NOT SETTLED" in lines[at + 1]
    review = next(r for r in answer("show", "second_protocol")["rules"] if r["topic"] == "review")
    assert review["settled"] is False


SHOWN = ["list", "DE", "thirty_two", "standards", "traffic_data", "eaw", "led_breach", "ne_bis_in_idem"]


@pytest.mark.parametrize("name", SHOWN)
def test_everything_can_be_shown_both_ways(name: str):
    code, text = run("show", name)
    assert (code, bool(text.strip())) == (0, True)
    assert answer("show", name)


def test_show_on_a_day_leaves_out_what_does_not_hold():
    assert answer("show", "e_evidence", "--on", "2026-08-17")["in_force"] == []
    assert len(answer("show", "e_evidence", "--on", "2026-08-18")["in_force"]) == 1


def test_diff_of_two_days():
    code, text = run("diff", "2026-08-17", "2026-08-18")
    assert (code, "instruments/e_evidence: in_force" in text) == (0, True)
    assert answer("diff", "2026-08-17", "2026-08-17") == []


def _folder(base: Path, **changed: tuple[str, str]) -> Path:
    for name, text in FILES.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        stem = Path(name).stem
        (base / name).write_text(text.replace(*changed[stem], 1) if stem in changed else text, encoding="utf-8")
    return base


def test_diff_of_two_versions(tmp_path: Path):
    other = _folder(tmp_path, eio=("threshold_years = 3", "threshold_years = 4"))
    changes = answer("diff", "packaged", str(other), "--on", "2026-12-04")
    assert [(c["where"], c["kind"], c["provision"]) for c in changes] == [
        ("instruments/eio", "changed", "Directive 2014/41/EU art 11(1)(g)")
    ]


def test_check_names_file_line_and_mend(tmp_path: Path):
    assert run("check")[0] == 0
    assert run("check", str(_folder(tmp_path / "good")))[0] == 0
    bad = _folder(tmp_path / "bad", eio=("threshold_years = 3", "threshold_yeers = 3"))
    code, text = run("check", str(bad))
    line = next(n for n, x in enumerate(FILES["instruments/eio.toml"].splitlines(), 1) if "threshold_years" in x)
    assert code == 1
    assert f"instruments/eio.toml:{line}:" in text
    assert "threshold_yeers" in text
    assert answer("check", str(bad))[0]["line"] == line


def test_check_reads_the_forms_too(tmp_path: Path):
    good = _folder(tmp_path / "law")
    forms = read_forms(files("comity.law") / "data")
    (good / "forms").mkdir()
    for name, text in forms.items():
        (good / "forms" / name).write_text(text, encoding="utf-8")
    assert run("check", str(good))[0] == 0
    path = good / "forms" / "eaw.toml"
    path.write_text(forms["eaw.toml"].replace("request.reference", "request.referenze"), encoding="utf-8")
    assert run("check", str(good))[0] == 1
    found = answer("check", str(good))
    assert [(p["file"], "referenze" in p["what"], bool(p["mend"])) for p in found] == [("forms/eaw.toml", True, True)]


def test_due_explains_the_sum():
    asked = ("due", "decide", "--instrument", "eio", "--trigger", "2026-12-04T17:10", "--party", "FR")
    code, text = run(*asked)
    assert code == 0
    assert "Day 0 is Fri 4 Dec 2026" in text
    assert "moves to the next working day, Mon 4 Jan 2027" in text
    plain = answer(*asked, "--now", "2027-01-05T00:00")
    assert (plain["expires"], plain["state"]) == ("2027-01-05T00:00:00+01:00", "overdue")
    longer = answer(*asked, "--extended-by", "decide_extension")
    assert longer["due"].startswith("2027-02-02")


def test_due_without_a_number_says_so():
    asked = ("--instrument", "untoc", "--trigger", "2026-12-04T17:10", "--party", "FR")
    code, text = run("due", "decide", *asked)
    assert (code, "sets a duty without a number" in text) == (0, True)


def test_notify_answers_and_bars():
    asked = ("notify", "--instrument", "e_evidence", "--measure", "produce_traffic", "--from", "DE", "--to", "IE")
    assert answer(*asked)["notifications"][0]["answer"] == "required"
    home = answer(*asked, "--residence", "DE", "--offence-place", "DE")
    assert home["notifications"][0]["answer"] == "not_required"
    code, text = run(
        "notify", "--instrument", "cloud_us_uk", "--measure", "content_data", "--from", "GB", "--to", "US",
        "--us-person", "--person-in", "FR",
    )  # fmt: skip
    assert (code, "US person" in text) == (1, True)


@pytest.mark.parametrize(
    ("instrument", "measure", "to", "day", "code", "said"),
    [
        ("e_evidence", "produce_traffic", "IE", "2026-12-04", 0, "notify IE"),
        ("e_evidence", "produce_traffic", "IE", "2026-08-17", 1, "not in force"),
        ("eio", "interception", "IE", "2026-12-04", 1, "IE is not bound"),
        ("eaw", "interception", "FR", "2026-12-04", 1, "does not offer this measure"),
        ("eio", "interception", "PT", "2026-12-04", 1, "cannot tell"),
    ],
)
def test_notify_tells_a_program_whether_an_order_may_rest_on_the_answer(
    instrument: str, measure: str, to: str, day: str, code: int, said: str
):
    found, text = run(
        "notify", "--instrument", instrument, "--measure", measure, "--from", "DE", "--to", to, "--on", day
    )
    assert said in text
    assert found == code, text


@pytest.mark.parametrize("command", ["route", "show", "diff", "check", "due", "notify"])
def test_help_is_there(command: str):
    code, text = run(command, "--help")
    assert (code, "--json" in text) == (0, True)


def test_the_line_of_a_fault_is_a_number_and_no_picture(tmp_path: Path):
    """Line 100 between two colons is not to become a picture on the way to the screen."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    lines = FILES["sources.toml"].splitlines()
    assert lines[99].startswith("key =")
    lines[99] = 'key = "AIA"'
    (tmp_path / "sources.toml").write_text("\n".join(lines), encoding="utf-8")
    assert "sources.toml:100: A duplicate" in run("check", str(tmp_path))[1]


def test_a_form_that_cannot_be_read_is_named_by_its_line(tmp_path: Path):
    folder = tmp_path / "forms"
    folder.mkdir()
    for name, text in read_forms(files("comity.law") / "data").items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (folder / "epoc.toml").write_bytes(b'id = "epoc"\n\xff')
    assert answer("check", str(tmp_path))[0]["line"] == 2


def test_what_is_not_settled_is_so_in_differences_too():
    changes = answer("diff", "2026-08-17", "2026-08-18")
    settled = {(c["where"], c["about"]): c["settled"] for c in changes}
    assert settled["instruments/e_evidence", "in_force: Regulation (EU) 2023/1543 art 34"]


def test_a_difference_in_a_doubtful_value_is_marked(tmp_path: Path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    changed = FILES["instruments/e_evidence.toml"].replace("The service is outside", "It is outside")
    (tmp_path / "instruments/e_evidence.toml").write_text(changed, encoding="utf-8")
    (change,) = answer("diff", "packaged", str(tmp_path), "--on", "2026-12-04")
    assert not change["settled"]
    assert "(not settled)" in run("diff", "packaged", str(tmp_path), "--on", "2026-12-04")[1]


def test_a_limit_is_told_with_the_note_of_its_file():
    asked = ("due", "decide", "--instrument", "eio", "--measure", "provisional_measure", "--party", "FR")
    found = answer(*asked, "--trigger", "2026-11-27T17:10")
    assert found["notes"] == ["Note on decide: as soon as possible and, where practicable, within 24 hours."]


def test_a_doubtful_duty_without_a_number_is_told_as_doubtful():
    asked = ("due", "decide", "--instrument", "un_cybercrime", "--party", "FR", "--trigger", "2026-11-27T17:10")
    assert "not settled law" in run(*asked)[1]
    assert answer(*asked)["settled"] is False


@pytest.mark.parametrize(("code", "hint"), [("ZZ", "ISO 3166-1"), ("UK", "GB"), ("EL", "GR"), ("XK", "cannot tell")])
def test_a_code_of_no_country_is_no_party(code: str, hint: str):
    assert hint in run("route", "--from", "DE", "--to", code, "--measure", "evidence")[1]


@pytest.mark.parametrize(("form", "doubtful"), [("e_evidence_annex_iii", True), ("epoc", False)])
def test_a_form_whose_sections_are_not_settled_says_so(form: str, doubtful: bool):
    assert ("(not settled" in run("form", form)[1]) == doubtful
    fields = [f for s in answer("form", form)["sections"] for f in s["fields"]]
    assert {f["settled"] for f in fields} == {not doubtful}
