"""An offence is found however its citation is written, and never mistaken for another."""

from __future__ import annotations

import pytest

from comity.errors import NotFound
from comity.law.book import load_law
from comity.law.citation import citation_key


@pytest.mark.parametrize("written", ["StGB § 263", "§ 263 StGB", "§263 StGB", "stgb 263", "StGB §263"])
def test_one_provision_is_one_however_it_is_written(written: str) -> None:
    assert load_law().offence("DE", written).code == "StGB § 263"


def test_a_paragraph_is_not_its_article() -> None:
    assert load_law().offence("DE", "§ 263 (3) StGB").code == "StGB § 263(3)"
    assert load_law().offence("FR", "art. 313-1 Code pénal").code == "Code pénal art 313-1"
    with pytest.raises(NotFound):
        load_law().offence("DE", "§ 263b StGB")


def test_no_two_offences_of_a_party_share_a_citation() -> None:
    for party in load_law().parties:
        keys = [citation_key(each.code) for each in party.offences]
        assert len(set(keys)) == len(keys), party.party


@pytest.mark.parametrize("written", ["fraud", "StGB § 263x"])
def test_what_is_not_there_names_what_may_be_meant(written: str) -> None:
    with pytest.raises(NotFound) as refused:
        load_law().offence("DE", written)
    assert "StGB § 263" in refused.value.next_step
