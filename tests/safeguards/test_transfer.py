"""Personal data leaving the Union (Directive (EU) 2016/680 arts 35-39), and persons told apart (arts 6, 7).

The cases are a table: who sends to whom, when, whether rights were weighed, what is answered and by which article.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from comity.docket.docket import Docket, Entry
from comity.docket.finding import Finding
from comity.docket.record import Record
from comity.docket.sections import Addressee, Basis, Person, Rights
from comity.docket.step import Filing
from comity.proceedings import bodies
from comity.safeguards.quality import ROLES, accuracy_quality
from comity.safeguards.transfer import transfer_permitted
from tests.world import Matter, World, court_order, eio_request, to_sent

WORLD = World()
DAY = date(2026, 12, 4)
WEIGHED = "Erasure, purpose and onward use in the United States were weighed for this person."
UK = "Implementing Decision (EU) 2021/1773"
UMBRELLA = "EU-US Umbrella Agreement art 1(3)"
CASE = "38(1)(d), 38(2)-(3)"

# who sends, who receives, day, rights weighed, instrument, measure; answer, provision, settled words
SENT = [
    ("DE", "FR", DAY, "", "eio", "bank_account_data", "clear", "35(1)(a)", "bound by the Directive as"),
    ("DE", "DK", DAY, "", "eu_mla_2000", "other_assistance", "clear", "35(1)(a)", "bound by the Directive as"),
    ("US", "DE", DAY, "", "budapest", "access_stored_data", "clear", "35(1)", "US is not bound by the Directive"),
    ("DE", "US", DAY, "", "budapest", "access_stored_data", "clear", UMBRELLA, "appropriate safeguards"),
    ("DE", "US", date(2017, 1, 31), "", "budapest", "access_stored_data", "clear", "35(1)", "not bound"),
    ("DE", "GB", date(2018, 5, 5), "", "budapest", "access_stored_data", "clear", "35(1)", "not bound"),
    ("DE", "GB", date(2021, 6, 27), "", "budapest", "access_stored_data", "hold", CASE, "No settled adequacy"),
    ("DE", "GB", date(2021, 6, 28), "", "budapest", "access_stored_data", "clear", UK, "adequate level"),
    ("DE", "GB", date(2025, 6, 27), "", "budapest", "access_stored_data", "clear", UK, "adequate level"),
    ("DE", "GB", date(2025, 6, 28), "", "budapest", "access_stored_data", "hold", CASE, "is not settled"),
    ("DE", "GB", DAY, WEIGHED, "budapest", "access_stored_data", "clear", CASE, "is not settled"),
    ("DE", "AU", DAY, "", "budapest", "access_stored_data", "hold", CASE, "weighed the person's rights"),
    ("DE", "AU", DAY, "-", "budapest", "access_stored_data", "hold", CASE, "weighed the person's rights"),
    ("DE", "AU", DAY, WEIGHED, "budapest", "access_stored_data", "clear", CASE, "individual case"),
    ("DE", "CH", DAY, "", "ets30", "search_and_seizure", "hold", CASE, "No settled adequacy"),
    ("DE", "US", DAY, WEIGHED, "second_protocol", "direct_subscriber_order", "hold", "39", "by a provider in US"),
]


def record_of(step: str, party: str) -> Record:
    """A record of ``step`` as a Party of the world signed it, given to ``party``, which may have no node there."""
    made = WORLD.sign("request.draft", eio_request(), Docket("request:test-1"), WORLD.who("DE", "prosecutor")).record
    return msgspec.structs.replace(made, step=step, party=party)


def filing(party: str, to: str, day: date, **changes: Any) -> Filing:
    """``party`` sends a request to ``to``."""
    request = eio_request(addressee=Addressee(party=to, authority="x"), **changes)
    docket = Docket("request:test-1")
    return Filing(record_of("request.send", party), request, None, docket, WORLD.law, WORLD.directory, day, party)


@pytest.mark.parametrize(
    ("sender", "to", "day", "rights", "instrument", "measure", "verdict", "provision", "words"), SENT
)
def test_a_request_sent(
    sender: str,
    to: str,
    day: date,
    rights: str,
    instrument: str,
    measure: str,
    verdict: str,
    provision: str,
    words: str,
) -> None:
    measures = (msgspec.structs.replace(eio_request().measures[0], id=measure),)
    basis = Basis(instrument=instrument, article="x", domestic_provision="x")
    asked = filing(sender, to, day, basis=basis, measures=measures, rights=Rights(assessment=rights))
    found = transfer_permitted(asked)
    assert (found.safeguard, found.verdict) == ("transfer_permitted", verdict), found.why
    assert provision in found.provision
    assert words in found.why
    assert (verdict == "hold") == (found.cleared_by == "request.revise")


def produced(to: str, *decisions: msgspec.Struct) -> Finding:
    """Germany gives evidence to ``to``, which asked for it, after ``decisions`` of its own."""
    request = eio_request(
        addressee=Addressee(party="DE", authority="de-prosecutor"),
        basis=Basis(instrument="budapest", article="31", domestic_provision="x"),
    )
    docket = Docket("request:test-1").with_entry(Entry("0", record_of("request.draft", to), request, "", (), True))
    for n, body in enumerate(decisions, start=1):
        step = "request.order" if isinstance(body, bodies.CourtOrder) else "request.recognise"
        record = msgspec.structs.replace(record_of(step, "DE"), answers=(str(n - 1),))
        docket = docket.with_entry(Entry(str(n), record, body, "", (), True))
    record = record_of("request.produce", "DE")
    return transfer_permitted(Filing(record, None, None, docket, WORLD.law, WORLD.directory, DAY, "DE"))


def decided(rights: str) -> bodies.Recognition:
    return bodies.Recognition(measures=("access_stored_data",), domestic_provision="IRG § 59", rights=rights)


@pytest.mark.parametrize(
    ("to", "decisions", "verdict"),
    [
        ("FR", [decided("")], "clear"),  # no third country
        ("US", [decided("")], "clear"),  # bound to safeguards by the Umbrella Agreement
        ("AU", [decided("")], "hold"),
        ("AU", [decided("none")], "hold"),  # a word is no weighing
        ("AU", [decided(WEIGHED)], "clear"),
        ("AU", [decided(""), court_order()], "clear"),  # the court gave its reasons
        ("AU", [decided(WEIGHED), decided("")], "hold"),  # the latest decision counts, not an earlier one
        ("GB", [decided("")], "hold"),  # adequacy not settled since 28 June 2025
    ],
)
def test_evidence_given(to: str, decisions: list[msgspec.Struct], verdict: str) -> None:
    found = produced(to, *decisions)
    assert found.verdict == verdict, found.why
    assert (found.cleared_by == "request.order") is (verdict == "hold")


def test_nothing_is_held_between_member_states() -> None:
    """The whole matter of a German order to France goes through with the safeguard in its rows."""
    matter = Matter(WORLD)
    sent = to_sent(matter)
    assert sent.effect
    assert {f.safeguard for f in sent.findings} >= {"transfer_permitted", "accuracy_quality"}


@pytest.mark.parametrize(
    ("role", "verdict"), [*((r, "clear") for r in sorted(ROLES)), ("Suspect", "hold"), ("", "hold")]
)
def test_persons_are_told_apart(role: str, verdict: str) -> None:
    asked = filing("DE", "FR", DAY, persons=(Person(role="victim"), Person(role=role, name="Erika Mustermann")))
    found = accuracy_quality(asked)
    assert (found.verdict, "Mustermann" in found.why) == (verdict, False)
    assert "Directive (EU) 2016/680 art 6" in found.provision
