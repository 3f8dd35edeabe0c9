"""The law book: what is packaged, that it is whole, and that asking it costs next to nothing."""

from __future__ import annotations

import time
from datetime import date

import msgspec
import pytest

from comity.errors import BadLaw, NotFound
from comity.law.book import digest, load_law, open_law
from comity.law.files import packaged
from comity.law.of_day import law_of

DAY = date(2026, 11, 24)
LAW = load_law()


def test_every_instrument_of_the_reference_is_there():
    expected = {
        "budapest", "second_protocol", "eio", "e_evidence", "untoc", "uncac", "un_cybercrime", "ets30", "ets182",
        "eu_mla_2000", "jit", "freezing", "eaw", "ece", "cloud_us_uk", "cloud_us_au",
    }
    assert {i.id for i in LAW.instruments} >= expected


def test_five_parties_have_a_file_with_offences_mapped():
    assert {p.party for p in LAW.parties} >= {"DE", "FR", "ES", "NL", "IE"}
    for party in LAW.parties:
        assert len(party.offences) >= 20, party.party
        assert party.names["en"]


@pytest.mark.parametrize(
    ("set_id", "size", "without"),
    [
        ("eu27", 27, set()),
        ("eu_eio", 25, {"DK", "IE"}),
        ("eu_freezing", 25, {"DK", "IE"}),
        ("eu_eevidence_reg", 26, {"DK"}),
        ("eu_eevidence_dir", 27, set()),
        ("eu_eaw", 27, set()),
        ("coe46", 46, {"RU"}),
    ],
)
def test_country_sets(set_id, size, without):
    members = LAW.members(set_id)
    assert len(members) == size
    assert not members & without


@pytest.mark.parametrize(
    ("instrument", "party", "day", "is_bound"),
    [
        ("eio", "DE", date(2017, 5, 21), False),
        ("eio", "DE", date(2017, 5, 22), True),
        ("eio", "DK", DAY, False),
        ("eio", "IE", DAY, False),
        ("budapest", "US", date(2006, 12, 31), False),
        ("budapest", "US", date(2007, 1, 1), True),
        ("budapest", "IE", DAY, False),
        ("budapest", "ZA", DAY, False),
        ("budapest", "KI", DAY, True),
        ("ets30", "IE", DAY, True),
        ("e_evidence", "IE", date(2026, 8, 17), False),
        ("e_evidence", "IE", date(2026, 8, 18), True),
        ("e_evidence", "DK", DAY, False),
    ],
)
def test_who_is_bound(instrument, party, day, is_bound):
    assert (LAW.bound(instrument, party, day) is not None) is is_bound


def test_before_the_list_of_parties_was_looked_up_the_files_cannot_tell():
    assert not LAW.known_on("budapest", "JP", date(2013, 1, 1))
    assert LAW.bound("budapest", "JP", date(2013, 1, 1)) is None
    assert LAW.known_on("budapest", "JP", DAY)


def test_a_state_not_on_an_incomplete_list_is_not_known_rather_than_not_bound():
    assert not LAW.known_on("budapest", "VU", DAY)
    assert LAW.known_on("budapest", "IE", DAY)  # signed, not ratified: said expressly


@pytest.mark.parametrize(
    ("ask", "hint"),
    [
        (lambda: LAW.instrument("eoi"), "eio"),
        (lambda: LAW.party("XX"), "DE"),
        (lambda: LAW.members("eu28"), "eu27"),
        (lambda: LAW.category("thirty_two", "fraude"), "fraud"),
        (lambda: LAW.category("thirty_three", "fraud"), "thirty_two"),
        (lambda: LAW.offence("DE", "StGB § 999"), "parties/DE.toml"),
        (lambda: LAW.iccs("07011"), "0701"),
        (lambda: LAW.measure("bank_data"), "bank_account_data"),
    ],
)
def test_an_unknown_id_is_said_with_the_next_step(ask, hint):
    with pytest.raises(NotFound) as caught:
        ask()
    assert hint in caught.value.next_step


def test_ne_bis_in_idem_is_optional_in_the_order_but_the_charter_leaves_no_choice():
    ground = next(g for g in LAW.instrument("eio").grounds if g.id == "ne_bis_in_idem")
    assert (ground.binding, ground.provision) == ("optional", "Directive 2014/41/EU art 11(1)(d)")
    charter = next(s for s in LAW.standards(DAY, "FR") if s.id == "charter_ne_bis_in_idem")
    assert charter.safeguard == "ne_bis_in_idem"
    assert charter.parameters["binding"] == "mandatory"
    assert charter.provision == "EU Charter art 50"
    assert "charter_ne_bis_in_idem" not in {s.id for s in LAW.standards(DAY, "US")}


def test_standards_bind_by_country_and_day():
    assert any(s.id.startswith("ai_") for s in LAW.standards(date(2025, 2, 2), "FR"))
    assert not any(s.id.startswith("ai_") for s in LAW.standards(date(2025, 2, 1), "FR"))
    everywhere = {"ICCPR", "INTERPOL", "Security Council"}
    us = {i for s in LAW.standards(DAY, "US") for i in s.instruments}
    assert us == {*everywhere, "Umbrella Agreement", "18 USC 2519", "31 CFR 501.807"}
    ch = {i for s in LAW.standards(DAY, "CH") for i in s.instruments}
    assert ch == {*everywhere, "ECHR", "Convention 108+"}


def test_thirty_two_categories_in_order():
    found = sorted((c for (x, _), c in LAW.list_categories.items() if x == "thirty_two"), key=lambda c: c.number)
    assert [c.number for c in found] == list(range(1, 33))
    assert (found[0].id, found[31].id) == ("criminal_organisation", "sabotage")


def test_the_catalogue_cites_for_every_safeguard():
    assert len(LAW.by_safeguard) == 50
    assert all(s.citations for s in LAW.by_safeguard.values())
    assert "Directive 2014/41/EU art 11(1)(d)" in LAW.safeguard("ne_bis_in_idem").citations


def test_the_book_cannot_be_altered():
    with pytest.raises(TypeError):
        LAW.by_instrument["eio"] = LAW.instrument("budapest")  # type: ignore[index]
    with pytest.raises(AttributeError):
        LAW.instrument("eio").preference = 1  # type: ignore[misc]


def test_the_version_changes_with_one_character():
    files = packaged()
    assert digest(files) == LAW.version
    assert digest({**files, "iccs.toml": files["iccs.toml"] + "\n"}) != LAW.version


def test_the_version_tells_a_boundary_between_files():
    assert digest({"a": "bc"}) != digest({"ab": "c"})


def test_a_book_with_a_problem_is_not_opened():
    files = packaged()
    files["instruments/eio.toml"] = files["instruments/eio.toml"].replace("amount = 90", "amout = 90", 1)
    with pytest.raises(BadLaw, match=r"instruments/eio.toml:\d+: .*amout"):
        open_law(files)


def test_a_new_instrument_with_known_conditions_is_one_file():
    """What CONTRIBUTING promises: no code and no other file."""
    files = packaged()
    text = files["instruments/ets30.toml"].replace('id = "ets30"', 'id = "example"', 1)
    book = open_law({**files, "instruments/example.toml": text})
    assert book.bound("example", "DE", DAY) is not None


def test_a_new_party_is_one_file():
    files = packaged()
    text = files["parties/NL.toml"].replace('party = "NL"', 'party = "BE"', 1)
    book = open_law({**files, "parties/BE.toml": text})
    assert book.offence("BE", "Sr art 326").iccs == "0701"


def test_no_text_of_the_reference_is_shown_as_read_that_was_not():
    for i in LAW.instruments:
        for group in (i.in_force, i.bound, i.measures, i.limits, i.grounds, i.rules, i.dual_criminality):
            for s in group:
                assert (s.mark in ("verified", "secondary")) == bool(s.source), msgspec.to_builtins(s)


def test_asking_costs_microseconds():
    """Assessments ask dozens of questions and must stay below 2 ms; the bound here is generous for busy machines."""
    asks = [
        lambda: LAW.bound("eio", "FR", DAY), lambda: LAW.standards(DAY, "FR"), lambda: LAW.offence("DE", "StGB § 263"),
        lambda: LAW.category("thirty_two", "fraud"), lambda: LAW.instrument("eio").limit("decide", DAY),
    ]
    best = min(_timed(asks) for _ in range(5))
    assert best < 100e-6


def test_books_of_one_version_are_one_and_a_days_law_is_another() -> None:
    """What one book answered is kept for all that are equal to it."""
    again, of_day = open_law(packaged()), law_of(LAW, DAY)
    assert again is not LAW
    assert {LAW: "kept"}[again] == "kept"
    assert of_day not in {LAW: "kept"}
    assert of_day.version != LAW.version


def _timed(asks) -> float:
    start = time.process_time()
    for _ in range(100):
        for ask in asks:
            ask()
    return (time.process_time() - start) / (100 * len(asks))
