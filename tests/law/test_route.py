"""Which instrument is open, why others are closed, whom to notify, and what differs between two days."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed, NotFound
from comity.law.book import load_law, open_law
from comity.law.difference import difference
from comity.law.files import packaged
from comity.law.jurisdiction import Facts, jurisdiction
from comity.law.offences import offence_facts
from comity.law.route import routes

DAY = date(2026, 11, 24)
LAW = load_law()


def _routes(sender, to, measure, category="", offence=None, day=DAY):
    facts = offence_facts(LAW, sender, offence, day) if offence else None
    return routes(LAW, sender, to, measure, category, facts, day=day)


OPEN = [
    # from, to, measure, day, instruments open, best first (those named must lead in this order)
    ("DE", "FR", "bank_account_data", DAY, ["eio"]),
    ("DE", "FR", "bank_account_data", date(2017, 5, 21), ["ets30"]),
    ("DE", "FR", "bank_account_data", date(2017, 5, 22), ["eio"]),
    ("DE", "IE", "bank_account_data", DAY, ["eu_mla_2000", "ets30"]),
    ("DE", "IE", "traffic_data", DAY, ["e_evidence", "eu_mla_2000", "ets30"]),
    ("DE", "IE", "traffic_data", date(2026, 8, 17), ["eu_mla_2000", "ets30"]),
    ("DE", "FR", "preserve_data", DAY, ["e_evidence", "eio", "budapest"]),
    ("DE", "US", "preserve_data", DAY, ["budapest"]),
    ("GB", "US", "content_data", DAY, ["cloud_us_uk"]),
    ("AU", "US", "content_data", DAY, ["cloud_us_au"]),
    ("DE", "FR", "freezing", DAY, ["freezing"]),
    ("DE", "FR", "surrender", DAY, ["eaw"]),
    ("DE", "CH", "surrender", DAY, ["ece"]),
    ("DE", "DK", "search_and_seizure", DAY, ["eu_mla_2000", "ets30"]),
]


@pytest.mark.parametrize(("sender", "to", "measure", "day", "expected"), OPEN)
def test_best_ways_first(sender, to, measure, day, expected):
    found = [r.instrument.id for r in _routes(sender, to, measure, day=day).open]
    assert found[: len(expected)] == expected


CLOSED = [
    ("DE", "IE", "bank_account_data", "eio", "IE is not bound", "Directive 2014/41/EU recital 44"),
    ("DE", "DK", "bank_account_data", "eio", "DK is not bound", "Directive 2014/41/EU recital 45"),
    ("DK", "DE", "bank_account_data", "eio", "DK is not bound", "Directive 2014/41/EU recital 45"),
    ("DE", "IE", "preserve_data", "budapest", "IE is not bound (signed, not ratified)", "ETS 185 art 36"),
    ("DE", "FR", "bank_account_data", "ets30", "Replaced between them", "Directive 2014/41/EU art 34"),
    ("DE", "FR", "evidence", "budapest", "Open only without another treaty", "ETS 185 art 27"),
    ("DE", "JP", "subscriber_information", "second_protocol", "Not in force", "CETS 224 art 16"),
    ("DE", "FR", "evidence", "un_cybercrime", "Not in force", "UN Convention against Cybercrime art 65(1)"),
    ("DE", "FR", "surrender", "ece", "Replaced between them", None),
    ("DE", "US", "content_data", "cloud_us_uk", "DE is not bound", None),
]


@pytest.mark.parametrize(("sender", "to", "measure", "instrument", "words", "provision"), CLOSED)
def test_closed_ways_say_why_and_by_which_provision(sender, to, measure, instrument, words, provision):
    (closed,) = [c for c in _routes(sender, to, measure).closed if c.instrument.id == instrument]
    assert words in closed.reason
    assert closed.provision
    if provision:
        assert closed.provision == provision


def test_art_27_is_open_between_strangers_but_bilateral_treaties_cannot_be_told():
    (way,) = [r for r in _routes("DE", "US", "evidence").open if r.instrument.id == "budapest"]
    assert not way.certain
    assert way.needs[0].kind == "no_treaty"


def test_a_party_that_joined_on_an_unknown_day_is_cannot_tell_before_the_list_was_looked_up():
    found = _routes("DE", "JP", "preserve_data", day=date(2013, 1, 1))
    assert "budapest" in {u.instrument.id for u in found.cannot_tell}
    assert "budapest" in {r.instrument.id for r in _routes("DE", "JP", "preserve_data").open}


def test_a_category_narrows():
    offered = {r.instrument.id for r in _routes("DE", "IE", "produce_traffic", "traffic").open}
    assert "e_evidence" in offered
    assert "e_evidence" not in {r.instrument.id for r in _routes("DE", "IE", "produce_traffic", "bank").open}


def test_an_offence_below_the_threshold_closes_the_way():
    closed = {c.instrument.id: c for c in _routes("DE", "FR", "evidence", offence="StGB § 185").closed}
    assert closed["untoc"].provision == "UNTOC art 2(b)"
    found = _routes("FR", "IE", "content_data", "content", "Code pénal art 226-15")
    # an attack on information systems needs no threshold (art 5(4)(b))
    assert "e_evidence" not in {c.instrument.id for c in found.closed}


def test_what_a_way_needs_is_cited():
    way = _routes("DE", "FR", "bank_transactions", offence="StGB § 263").open[0]
    kinds = {n.kind for n in way.needs}
    assert {"issue", "validate", "period", "language", "contents"} <= kinds
    assert all(n.provision for n in way.needs)
    (language,) = [n for n in way.needs if n.kind == "language"]
    assert "fr" in language.what
    (order,) = [r for r in _routes("DE", "FR", "traffic_data").open if r.instrument.id == "eio"]
    assert "judge" in {n.kind for n in order.needs}


NO_PAIRS = [("DE", "DE"), ("UK", "DE"), ("EL", "DE"), ("de", "FR"), ("DEU", "FR"), ("", "FR")]


@pytest.mark.parametrize(("sender", "to"), NO_PAIRS)
def test_what_is_no_pair_of_parties_is_refused(sender, to):
    with pytest.raises(Malformed):
        routes(LAW, sender, to, "evidence", day=DAY)


def test_unknown_measures_and_categories_are_refused():
    with pytest.raises(NotFound):
        _routes("DE", "FR", "magic")
    with pytest.raises(NotFound):
        _routes("DE", "FR", "evidence", "magic")


PARTIES = sorted(LAW.members("coe46") | {"US", "JP", "AU", "VU"})


@given(
    st.sampled_from(PARTIES), st.sampled_from(PARTIES), st.sampled_from(sorted(LAW.by_measure)),
    st.dates(date(2000, 1, 1), date(2030, 1, 1)),
)
def test_every_instrument_is_answered_once_and_no_open_way_lacks_a_bound_party(sender, to, measure, day):
    if sender == to:
        return
    found = _routes(sender, to, measure, day=day)
    ids = [x.instrument.id for x in (*found.open, *found.cannot_tell, *found.closed)]
    assert sorted(ids) == sorted(LAW.by_instrument)
    for way in found.open:
        assert LAW.bound(way.instrument.id, sender, day)
        assert LAW.bound(way.instrument.id, to, day)
        assert way.instrument.is_in_force(day)


E8 = "Regulation (EU) 2023/1543 art 8"
NOTIFY = [
    # measure, residence, offence place, emergency -> answer, effect, provision
    ("produce_traffic", "DE", "DE", False, "not_required", None, f"{E8}(2)"),
    ("produce_content", "DE", "DE", False, "not_required", None, f"{E8}(2)"),
    ("produce_traffic", "FR", "DE", False, "required", "suspends", f"{E8}(1)"),
    ("produce_traffic", "DE", "FR", False, "required", "suspends", f"{E8}(1)"),
    ("produce_traffic", None, "DE", False, "required", "suspends", f"{E8}(1)"),
    ("produce_content", "FR", "DE", True, "required", "may_object", f"{E8}(1)"),
    ("produce_subscriber", "FR", "FR", False, "not_required", None, f"{E8}(1)"),
    ("produce_identification", "FR", "FR", False, "not_required", None, f"{E8}(1)"),
    ("preserve_data", "FR", "FR", False, "not_required", None, f"{E8}(1)"),
]


@pytest.mark.parametrize(("measure", "residence", "place", "emergency", "answer", "effect", "provision"), NOTIFY)
def test_e_evidence_notification(measure, residence, place, emergency, answer, effect, provision):
    facts = Facts("DE", "IE", residence=residence, offence_place=place, provider_seat="IE", emergency=emergency)
    (n,) = jurisdiction(LAW, "e_evidence", measure, facts, DAY).notifications
    assert (n.party, n.answer, n.provision) == ("IE", answer, provision)
    if effect:
        assert n.effect == effect


@pytest.mark.parametrize(
    ("person_in", "assistance", "party", "answer"),
    [
        ("ES", True, "ES", "required"),
        ("FR", False, "FR", "required"),
        ("FR", True, "FR", "not_required"),
        ("DE", False, "DE", "not_required"),
        (None, True, "FR", "cannot_tell"),
        ("US", True, "US", "cannot_tell"),
    ],
)
def test_interception_is_notified_to_the_state_where_the_target_is(person_in, assistance, party, answer):
    facts = Facts("DE", "FR", person_in=person_in, needs_assistance=assistance)
    (n,) = jurisdiction(LAW, "eio", "interception", facts, DAY).notifications
    assert (n.party, n.answer, n.provision) == (party, answer, "Directive 2014/41/EU art 31(1)")


@pytest.mark.parametrize(
    ("facts", "barred"),
    [
        (Facts("GB", "US", person_in="GB", us_person=False), []),
        (Facts("GB", "US", person_in="GB", us_person=True), [True]),
        (Facts("GB", "US", person_in="US", us_person=False), [True]),
        (Facts("GB", "US", person_in="GB"), [False]),
        (Facts("US", "GB", person_in="GB"), [True]),
        (Facts("US", "GB", person_in="FR"), []),
    ],
)
def test_whom_a_cloud_act_order_may_not_target(facts, barred):
    assert [b.certain for b in jurisdiction(LAW, "cloud_us_uk", "provider_order", facts, DAY).bars] == barred


def test_a_third_state_is_notified_of_a_target_known_to_be_there():
    found = jurisdiction(LAW, "cloud_us_uk", "provider_order", Facts("GB", "US", person_in="FR", us_person=False), DAY)
    assert [(n.party, n.effect) for n in found.required] == [("FR", "informs")]


def test_data_elsewhere_is_a_question_for_a_request_and_none_for_an_order():
    facts = Facts("DE", "FR", data_location="US", residence="DE", offence_place="DE")
    assert jurisdiction(LAW, "eio", "content_data", facts, DAY).questions
    assert not jurisdiction(LAW, "e_evidence", "produce_content", facts, DAY).questions


def test_nothing_differs_between_a_book_and_itself():
    assert difference(LAW, DAY, LAW, DAY) == ()


def test_the_day_an_instrument_begins_is_a_difference():
    found = difference(LAW, date(2026, 8, 17), LAW, date(2026, 8, 18))
    assert {(c.kind, c.where) for c in found} == {("added", "instruments/e_evidence")}
    assert any(c.about.startswith("in_force") for c in found)


def test_a_changed_value_is_shown_before_and_after():
    files = packaged()
    files["instruments/eio.toml"] = files["instruments/eio.toml"].replace("amount = 90", "amount = 91", 1)
    (change,) = difference(LAW, DAY, open_law(files), DAY)
    assert (change.kind, change.where, change.provision) == (
        "changed", "instruments/eio", "Directive 2014/41/EU art 12(4)",
    )
    assert '"amount":90' in change.before
    assert '"amount":91' in change.after


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "about"),
    [
        ("parties/DE.toml", "independent = false", "independent = true", "parties/DE", "prosecutor_independent"),
        ("instruments/eaw.toml", 'displaces = ["ece"]\n', "", "instruments/eaw", "displaces"),
        ("country_sets.toml", 'members = ["US"]', 'members = ["US", "PR"]', "country_sets/us", "members"),
        ("instruments/freezing.toml", "2020-12-19\nnote", "2020-12-20\nnote", "instruments/freezing", "in_force"),
        ("parties/DE.toml", "GG art 102", "GG art 102; IRG § 8", "parties/DE", "death_penalty"),
        ("measures.toml", '"Provisional arrest"', '"Arrest"', "measures/provisional_arrest", "measures"),
    ],
)
def test_between_two_versions_nothing_that_is_said_is_missed(file: str, old: str, new: str, where: str, about: str):
    files = packaged()
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    found = difference(LAW, None, open_law(files), None)
    assert {c.where for c in found} == {where}
    assert all(about in c.about for c in found)


def test_a_value_that_ends_later_is_a_difference_between_versions_and_none_on_the_day():
    files, name = packaged(), "instruments/eio.toml"
    files[name] = files[name].replace("amount = 90\n", "amount = 90\nuntil = 2030-12-31\n", 1)
    assert difference(LAW, DAY, open_law(files), DAY) == ()
    (change,) = difference(LAW, None, open_law(files), None)
    assert (change.kind, '"until":"2030-12-31"' in change.after) == ("changed", True)


def test_a_difference_that_is_not_settled_says_so():
    old, new = difference(LAW, date(2027, 10, 2), LAW, date(2027, 10, 3))
    assert [(old.kind, old.settled), (new.kind, new.settled)] == [("removed", True), ("added", False)]


def test_of_several_statements_of_one_name_only_the_one_that_went_is_gone():
    """Two grounds with the number 7 in the warrant (art 4(7)(a) and (b))."""
    files, name = packaged(), "instruments/eaw.toml"
    text = files[name]
    start = text.index('[[grounds]]\nid = "territoriality"')
    files[name] = text[:start] + text[text.index("[[grounds]]", start + 1) :]
    (change,) = difference(LAW, DAY, open_law(files), DAY)
    assert (change.kind, change.provision) == ("removed", "Framework Decision 2002/584/JHA art 4(7)(a)")


def test_moving_a_statement_is_no_difference():
    files = packaged()
    head, *blocks = files["parties/NL.toml"].split("[[offences]]\n")
    files["parties/NL.toml"] = head + "".join(f"[[offences]]\n{b.rstrip()}\n\n" for b in reversed(blocks))
    assert difference(LAW, DAY, open_law(files), DAY) == ()


@pytest.mark.parametrize(
    ("instrument", "measure", "to", "day"),
    [
        ("e_evidence", "produce_content", "DK", DAY),  # Protocol (No 22): Denmark takes no part
        ("e_evidence", "produce_content", "GB", DAY),
        ("e_evidence", "produce_content", "IE", date(2026, 8, 17)),  # art 34: the day before
        ("eio", "interception", "IE", DAY),  # Protocol (No 21)
        ("second_protocol", "direct_subscriber_order", "FR", DAY),  # CETS 224 art 16
    ],
)
def test_nothing_is_notified_under_an_instrument_that_is_not_open(instrument, measure, to, day):
    facts = Facts("DE", to, person_in=to, needs_assistance=False)
    found = jurisdiction(LAW, instrument, measure, facts, day)
    assert not found.notifications
    assert len(found.questions) == 1
    assert "not bound" in found.questions[0] or "not in force" in found.questions[0]
