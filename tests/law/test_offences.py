"""Is it an offence here too: the taxonomy between penal codes, the list exception, and saying *cannot tell*."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import NotFound
from comity.law.book import load_law
from comity.law.offences import OffenceFacts, domestic_equivalent, double_criminality, offence_facts
from comity.law.thresholds import below_threshold

DAY = date(2026, 11, 24)
LAW = load_law()


@pytest.mark.parametrize(
    ("party", "code", "to", "verdict"),
    [
        ("DE", "StGB § 263", "FR", "equivalent"),  # Betrug, escroquerie
        ("FR", "Code pénal art 313-1", "ES", "equivalent"),
        ("NL", "Sr art 420bis", "IE", "equivalent"),
        ("DE", "StGB § 267", "FR", "equivalent"),  # forgery of documents, not currency
        ("DE", "AO § 370", "FR", "equivalent"),
        ("DE", "AO § 370", "ES", "partly"),  # Spain: above a threshold only
        ("DE", "StGB § 185", "IE", "none"),  # criminal libel abolished
        ("FR", "Loi du 29 juillet 1881 art 32", "IE", "none"),
        ("DE", "StGB § 264", "FR", "partly"),  # subsidy fraud covers its code in part
        ("DE", "StGB § 324", "FR", "cannot_tell"),  # nothing in the file: not "none"
        ("FR", "Code pénal art 227-23", "NL", "cannot_tell"),  # only a statement that is not verified
    ],
)
def test_equivalence(party, code, to, verdict):
    found = domestic_equivalent(LAW, offence_facts(LAW, party, code, DAY), to, DAY)
    assert found.verdict == verdict
    assert found.reasons
    assert found.provision


def test_no_file_no_answer():
    found = domestic_equivalent(LAW, offence_facts(LAW, "DE", "StGB § 263", DAY), "US", DAY)
    assert found.verdict == "cannot_tell"


def test_an_offence_without_a_place_in_the_taxonomy_cannot_be_compared():
    for iccs in ("", "0777"):
        assert domestic_equivalent(LAW, OffenceFacts("DE", "x", iccs), "FR", DAY).verdict == "cannot_tell"


def test_an_unknown_code_is_said():
    with pytest.raises(NotFound):
        offence_facts(LAW, "DE", "StGB § 999", DAY)


@pytest.mark.parametrize(
    ("instrument", "measure", "offence", "to", "verdict", "provision"),
    [
        # listed and at least 3 years: not tested
        ("eio", "bank_transactions", ("DE", "StGB § 263"), "FR", "not_tested", "Directive 2014/41/EU art 11(1)(g)"),
        # listed, but a maximum of 2 years: tested (warning W1), and met
        ("eio", "bank_transactions", ("DE", "StGB § 303a"), "FR", "satisfied", "Directive 2014/41/EU art 11(1)(g)"),
        # not listed: tested
        ("eio", "search_and_seizure", ("DE", "StGB § 185"), "ES", "satisfied", "Directive 2014/41/EU art 11(1)(g)"),
        # a measure of art 10(2): never tested
        ("eio", "hearing_witness", ("DE", "StGB § 185"), "ES", "not_tested", "Directive 2014/41/EU art 11(2)"),
        ("budapest", "preserve_data", ("DE", "StGB § 185"), "FR", "not_tested", "ETS 185 art 29(3)"),
        ("budapest", "access_stored_data", ("DE", "StGB § 202a"), "FR", "satisfied", "ETS 185 art 25(5)"),
        ("ets30", "bank_transactions", ("DE", "StGB § 185"), "IE", "not_tested", "ETS 30 art 5(1)(a)"),
        # Ireland's declaration rests on what is not verified: it cannot make the request fail by itself
        ("ets30", "search_and_seizure", ("DE", "StGB § 185"), "IE", "cannot_tell", "ETS 30 art 5(1)(a) and (c)"),
        ("ets30", "search_and_seizure", ("DE", "StGB § 263"), "IE", "satisfied", "ETS 30 art 5(1)(a) and (c)"),
    ],
)
def test_double_criminality(instrument, measure, offence, to, verdict, provision):
    facts = offence_facts(LAW, *offence, DAY)
    found = double_criminality(LAW, LAW.instrument(instrument), measure, facts, to, DAY)
    assert (found.verdict, found.provision) == (verdict, provision)


def test_where_two_differ_the_stricter_binds_and_its_owner_is_named():
    facts = offence_facts(LAW, "DE", "StGB § 263", DAY)
    assert double_criminality(LAW, LAW.instrument("ets30"), "search_and_seizure", facts, "IE", DAY).whose == "IE"
    assert double_criminality(LAW, LAW.instrument("ets30"), "search_and_seizure", facts, "FR", DAY).whose == "ets30"


@pytest.mark.parametrize(
    ("max_years", "verdict"), [(2, "satisfied"), (3, "not_tested"), (4, "not_tested"), (None, "cannot_tell")]
)
def test_the_list_exception_needs_three_years_in_the_issuing_state(max_years, verdict):
    facts = OffenceFacts("DE", iccs="0701", list_category="fraud", max_years=max_years)
    assert double_criminality(LAW, LAW.instrument("eio"), "bank_transactions", facts, "FR", DAY).verdict == verdict


@given(st.sampled_from([o for p in LAW.parties for o in p.offences]), st.sampled_from([p.party for p in LAW.parties]))
def test_lacking_is_never_said_without_an_express_statement(offence, to):
    facts = OffenceFacts("DE", offence.code, offence.iccs, max_years=1)
    found = double_criminality(LAW, LAW.instrument("eio"), "bank_transactions", facts, to, DAY)
    if found.verdict == "lacking":
        assert any(o.equivalence == "none" for o in LAW.party(to).offences if offence.iccs.startswith(o.iccs))


@pytest.mark.parametrize(
    ("instrument", "measure", "facts", "short"),
    [
        ("e_evidence", "produce_content", OffenceFacts("DE", max_years=2, iccs="0502"), True),
        ("e_evidence", "produce_content", OffenceFacts("DE", max_years=3, iccs="0502"), False),
        ("e_evidence", "produce_content", OffenceFacts("DE", max_years=1, list_category="terrorism"), False),
        ("e_evidence", "produce_content", OffenceFacts("DE", max_years=2, iccs="09031"), False),
        ("e_evidence", "produce_subscriber", OffenceFacts("DE", max_years=1, iccs="0502"), False),
        ("untoc", "evidence", OffenceFacts("DE", max_years=3, iccs="0502", list_category="fraud"), True),
        ("untoc", "evidence", OffenceFacts("DE", max_years=4, iccs="0502"), False),
        ("eaw", "surrender", OffenceFacts("NL", max_months=11, iccs="0209"), True),
        ("eaw", "surrender", OffenceFacts("NL", max_months=12, iccs="0209"), False),
        ("eaw", "surrender", OffenceFacts("FR", fine_only=True, iccs="0209"), True),
    ],
)
def test_thresholds(instrument, measure, facts, short):
    i = LAW.instrument(instrument)
    rule = i.measure(measure, DAY)
    assert rule is not None
    found = below_threshold(i, rule, facts, DAY)
    assert (found is not None and found.certain) is short


def test_a_maximum_that_is_not_stated_is_not_guessed():
    i = LAW.instrument("e_evidence")
    rule = i.measure("produce_content", DAY)
    assert rule is not None
    found = below_threshold(i, rule, OffenceFacts("DE", iccs="0502"), DAY)
    assert found is not None
    assert not found.certain
