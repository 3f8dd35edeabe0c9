"""What ``comity law show`` prints: everything in the files can be read by name."""

from __future__ import annotations

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from comity.cli.law import show as law_show
from comity.cli.law.command import law_app
from comity.errors import NotFound
from comity.law.book import load_law
from comity.law.check import cited

LAW = load_law()


def shown(*arguments: str) -> str:
    """The text printed, in one line, because a terminal wraps it."""
    result = CliRunner().invoke(law_app, ["show", *arguments])
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("eio", "eu_eio: AT, BE, BG, CY, CZ, DE, EE, ES, FI, FR, GR"),
        ("eio", "Replaces between Parties to both: Convention on Mutual Assistance 1959"),
        ("un_cybercrime", "NOT IN FORCE: Not in force on the record seen."),
        ("second_protocol", "Protocol to: Budapest Convention; only its Parties can be bound"),
        ("untoc", "Whether a State that is not named below is bound, the files cannot tell."),
        ("untoc", "only as far as the law of the requested Party allows"),
        ("ece", "required: at least 1 year for every other measure"),
        ("e_evidence", "addressed to a provider; the notification suspends"),
        ("budapest", "contact point 24/7"),
        ("eu_eevidence_dir", "27 countries: AT, BE, BG, CY, CZ, DE, DK"),
        ("eu_freezing", "Bound by: Freezing and confiscation"),
        ("EIOJ", "practitioner notes"),
        ("0903", "ICCS 0903"),
        ("traffic", "produce_traffic: European Production Order for traffic data"),
    ],
)
def test_what_is_shown(name: str, words: str) -> None:
    assert words in shown(name)


def test_all_that_is_listed_can_be_shown() -> None:
    for entries in law_show.headings(LAW).values():
        for name, _ in entries:
            title, about, _, thing = law_show.find(LAW, name)
            assert title
            assert about
            assert law_show.as_json(thing, None) is not None


def test_every_statement_of_an_instrument_is_printed_with_its_provision() -> None:
    """A fact in a file that nothing prints is only half there."""
    for i in LAW.instruments:
        text = shown(i.id)
        for path, value in cited(i, ""):
            assert " ".join(value.provision.split()) in text, f"{i.id}{path}"
            if value.note:
                assert " ".join(value.note.split()) in text, f"{i.id}{path}"


def test_json_of_a_day_leaves_out_what_does_not_hold() -> None:
    parties = json.dumps(law_show.as_json(LAW.instrument("eio"), date(2021, 1, 1)))
    assert "2020-12-31" not in parties
    assert "2020-12-31" in json.dumps(law_show.as_json(LAW.instrument("eio"), date(2020, 12, 31)))


def test_what_is_not_there_is_said_with_what_is() -> None:
    with pytest.raises(NotFound) as e:
        law_show.find(LAW, "evidence_order")
    assert "e_evidence" in e.value.next_step


@pytest.mark.parametrize(
    ("name", "instrument"),
    [
        ("EAW", "eaw"), ("2002/584/JHA", "eaw"), ("European Arrest Warrant", "eaw"), ("UNCAC", "uncac"),
        ("UNTOC", "untoc"), ("ETS 30", "ets30"), ("ETS24", "ece"), ("ETS 182", "ets182"), ("2018/1805", "freezing"),
        ("JIT", "jit"), ("2002/465", "jit"), ("2023/1543", "e_evidence"), ("2014/41/EU", "eio"),
        ("US-UK CLOUD Act agreement", "cloud_us_uk"), ("CETS 224", "second_protocol"), ("ETS 185", "budapest"),
        ("EU MLA Convention", "eu_mla_2000"), ("UN Convention against Cybercrime", "un_cybercrime"),
    ],
)  # fmt: skip
def test_instruments_are_found_as_people_name_them(name: str, instrument: str) -> None:
    book = LAW
    assert book.instrument_named(name) == instrument
    assert law_show.find(book, name)[3] is book.by_instrument[instrument]


def test_what_names_two_instruments_or_none_is_not_guessed() -> None:
    assert [LAW.instrument_named(x) for x in ("18 USC 2523", "CLOUD Act", "2018", "")] == [
        "18 USC 2523", "CLOUD Act", "2018", "",
    ]  # fmt: skip
    assert "EIOJ: " in law_show.find(LAW, "sources")[1]
