"""An offence is found however its citation is written, and never mistaken for another."""

from __future__ import annotations

import pytest

from comity.errors import NotFound
from comity.law.book import load_law
from comity.law.citation import citation_key, names_of


@pytest.mark.parametrize("written", ["StGB § 263", "§ 263 StGB", "§263 StGB", "stgb 263", "StGB §263"])
def test_one_provision_is_one_however_it_is_written(written: str) -> None:
    assert load_law().offence("DE", written).code == "StGB § 263"


def test_a_paragraph_is_not_its_article() -> None:
    assert load_law().offence("DE", "§ 263 (3) StGB").code == "StGB § 263(3)"
    assert load_law().offence("FR", "art. 313-1 Code pénal").code == "Code pénal art 313-1"
    with pytest.raises(NotFound):
        load_law().offence("DE", "§ 263b StGB")


WRITTEN = {
    "DE": {
        "StGB § 263(3)": ["§ 263 Abs. 3 StGB", "§ 263 Absatz 3 Strafgesetzbuch", "StGB § 263 (3)"],
        "StGB § 263a": ["§ 263 a StGB", "StGB § 263A"],
        "StGB § 303b(4)": ["§ 303b Abs. 4 StGB"],
        "AO § 370": ["§ 370 Abgabenordnung"],
    },
    "FR": {
        "Code pénal art 313-1": [
            "article 313-1 du code pénal", "art.313-1 CP", "code penal art 313-1", "Code pénal art. 313\u20111",
            "Code pe\u0301nal art 313\u20131",
        ],
        "CPI art L335-2": ["CPI art L. 335-2", "art L335-2 du Code de la propriété intellectuelle"],
        "Loi du 29 juillet 1881 art 33": ["loi de 1881 art 33"],
    },
    "ES": {
        "CP art 248-249": ["art. 248 CP", "artículo 249 del Código Penal"],
        "CP art 197 bis": ["CP 197bis"],
        "CP art 197 bis(2)": ["art. 197 bis.2 CP", "art 197 bis apartado 2 CP"],
    },
    "IE": {
        "Criminal Justice (Theft and Fraud Offences) Act 2001 s 6": [
            "section 6 of the Criminal Justice (Theft and Fraud Offences) Act 2001",
            "s6 Theft and Fraud Offences Act 2001", "Theft and Fraud Offences Act 2001, section 6",
        ],
    },
    "NL": {"Sr art 420bis": ["artikel 420 bis Wetboek van Strafrecht", "art. 420bis Sr"]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("party", "code", "written"), [(p, c, w) for p, of in WRITTEN.items() for c, ways in of.items() for w in ways]
)
def test_lawyers_cite_as_their_country_does(party: str, code: str, written: str) -> None:
    assert load_law().offence(party, code).code == code
    assert load_law().offence(party, written).code == code


@pytest.mark.parametrize(
    ("party", "written"),
    [
        ("DE", "§ 29 StGB"), ("DE", "§ 263 Abs. 1 StGB"), ("DE", "StGB § 26 3"), ("DE", "§ 263"), ("DE", ""),
        ("DE", "StGB § 263, 263a"), ("FR", "Code pénal art 313.1"), ("FR", "art 313-1 CPI"), ("ES", "CP art 197"),
        ("IE", "Misuse of Drugs Act 1977 s 15A"), ("IE", "Act 2001 s 6"), ("NL", "art. 10 lid 4 Opiumwet"),
    ],
)  # fmt: skip
def test_a_number_or_a_law_is_never_guessed(party: str, written: str) -> None:
    assert load_law().known_offence(party, written) is None


def test_no_two_offences_of_a_party_share_a_citation() -> None:
    for party in load_law().parties:
        keys = [citation_key(each.code, names_of(party)) for each in party.offences]
        assert len(set(keys)) == len(keys), party.party


@pytest.mark.parametrize("written", ["fraud", "StGB § 263x"])
def test_what_is_not_there_names_what_may_be_meant(written: str) -> None:
    with pytest.raises(NotFound) as refused:
        load_law().offence("DE", written)
    assert "StGB § 263" in refused.value.next_step
