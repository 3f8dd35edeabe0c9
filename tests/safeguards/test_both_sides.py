"""Where one side knows what the other cannot, both still answer alike; and who may act in a matter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import msgspec

from comity.docket.docket import Entry
from comity.docket.finding import Finding
from comity.docket.record import SealedRecord
from comity.docket.sections import Notice
from comity.docket.step import Filing
from comity.proceedings import bodies
from comity.safeguards import evidence
from tests.world import (
    NOON,
    Matter,
    Who,
    World,
    days_after,
    exhibit,
    preservation_request,
    production,
    reception,
    recognition,
    text,
    to_sent,
)

WORLD = World()
GERMAN, FRENCH = WORLD.who("DE", "prosecutor"), WORLD.who("FR", "prosecutor")


class Crossing(Matter):
    """A matter whose own steps cross without their contents, as between two nodes."""

    def own(self, sealed: SealedRecord) -> dict[str, Entry]:
        """Enter a step for its own Party's eyes: the other side gets the head alone."""
        mine, theirs = sealed.record.party, next(p for p in self.parties if p != sealed.record.party)
        whole, self.dockets = dict(self.dockets), {mine: self.dockets[mine]}
        entries = self.enter(sealed)
        after, self.dockets = self.dockets, {theirs: whole[theirs]}
        entries |= self.enter(sealed.withholding(frozenset(sealed.record.sections)))
        self.dockets = {p: {**after, **self.dockets}[p] for p in self.parties}
        return entries


def wanting(entry: Entry) -> list[Finding]:
    return [f for f in entry.findings if f.verdict != "clear"]


def deferred(until: date) -> Crossing:
    """A matter sent and acknowledged, in which a judge of the asking side then deferred that the person be told."""
    matter = Crossing(WORLD)
    to_sent(matter)
    matter.file("request.acknowledge", bodies.Acknowledgement(reference="1", contact="x"), FRENCH)
    notice = Notice(mode="defer", ground="obstruct_inquiries", reasons=text("deferral"), until=until)
    body = bodies.Deferral(notice=notice)
    found = matter.own(WORLD.sign("request.defer", body, matter.docket, WORLD.who("DE", "judge")))
    assert all(e.effect for e in found.values())
    assert found["FR"].body is None
    return matter


def test_a_deferral_that_one_side_cannot_read_closes_the_matter_on_both() -> None:
    matter = deferred(date(2027, 3, 1))
    matter.file("request.recognise", recognition(), FRENCH)
    produced = matter.file("request.produce", production(), FRENCH)["DE"]
    matter.file("request.receive", reception(produced), GERMAN)
    closed = matter.file("request.close", bodies.Closure(outcome="answered"), GERMAN)
    assert {p: wanting(e) for p, e in closed.items()} == {"DE": [], "FR": []}
    assert {d.state for d in matter.dockets.values()} == {"request.close"}


def test_a_deferral_that_ended_does_not_part_the_two_sides() -> None:
    matter = deferred(days_after(1).date())
    found = matter.file("request.recognise", recognition(), FRENCH, days_after(2))
    assert {p: wanting(e) for p, e in found.items()} == {"DE": [], "FR": []}


def test_own_steps_are_still_judged_by_the_deferral() -> None:
    matter = deferred(days_after(3).date())
    matter.file("request.recognise", recognition(), FRENCH)
    produced = matter.file("request.produce", production(), FRENCH)["DE"]
    matter.file("request.receive", reception(produced), GERMAN)
    closed = matter.file("request.close", bodies.Closure(outcome="answered"), GERMAN, days_after(4))
    assert [f.safeguard for f in wanting(closed["DE"])] == ["person_told_or_deferred"]


def test_a_decision_that_did_not_know_of_the_withdrawal_carries_no_evidence() -> None:
    matter = Matter(WORLD)
    to_sent(matter)
    matter.file("request.acknowledge", bodies.Acknowledgement(reference="1", contact="x"), FRENCH)
    before = matter.docket
    withdrawal = WORLD.sign("request.withdraw", bodies.Withdrawal(reasons=text("x")), before, GERMAN)
    matter.file("request.recognise", recognition(), FRENCH)
    last = matter.file("request.consult", bodies.Consultation(subject="x", text=text("x")), FRENCH)["FR"]
    assert matter.enter(withdrawal)["FR"].effect
    docket = matter.dockets["FR"]
    assert docket.state == "request.withdraw"
    body = production()
    record = WORLD.sign("request.produce", body, docket, FRENCH).record
    filing = Filing(record, body, None, docket, WORLD.law, WORLD.directory, NOON.date(), "FR")
    assert evidence.recognised(filing).verdict == "hold"
    assert evidence.recognised(replace(filing, docket=docket.past_of([last.id]))).verdict == "clear"


def test_a_request_that_was_erased_can_be_withdrawn() -> None:
    matter = Matter(WORLD)
    to_sent(matter)
    erasure = bodies.Erasure(records=(matter.latest("request.draft").id,), ground="court_order", provision="x")
    assert matter.file("request.erase", erasure, WORLD.who("DE", "judge"))["FR"].effect
    for party, docket in matter.dockets.items():
        entries = tuple(replace(e, body=None) if e.step == "request.draft" else e for e in docket.entries)
        last = {e.step: e for e in entries}
        matter.dockets[party] = replace(docket, entries=entries, by_id={e.id: e for e in entries}, last=last)
    found = matter.file("request.withdraw", bodies.Withdrawal(reasons=text("withdrawal")), GERMAN)
    assert {p: wanting(e) for p, e in found.items()} == {"DE": [], "FR": []}


def test_what_had_no_effect_is_not_there_to_be_erased_on_either_side() -> None:
    matter = Matter(WORLD)
    to_sent(matter)
    nothing = matter.file("request.acknowledge", bodies.Acknowledgement(reference="1", contact="x"), GERMAN)["DE"]
    assert not nothing.effect
    body = bodies.Erasure(records=(nothing.id,), ground="unlawful", provision="x")
    found = matter.file("request.erase", body, WORLD.who("DE", "judge"))
    assert [[f.safeguard for f in wanting(e)] for e in found.values()] == [["erasure_grounded"]] * 2


def acted(step: str, body: msgspec.Struct, who: Who) -> list[str]:
    matter = Matter(WORLD)
    to_sent(matter)
    return [f.safeguard for f in wanting(matter.file(step, body, who)["DE"])]


def test_another_office_of_the_same_party_is_no_part_of_the_matter() -> None:
    duty = WORLD.who("DE", "officer", "contact")
    assert acted("request.withdraw", bodies.Withdrawal(reasons=text("x")), duty) == ["authority_in_matter"]
    assert acted("request.withdraw", bodies.Withdrawal(reasons=text("x")), WORLD.who("DE", "officer")) == []
    court = WORLD.who("FR", "judge")
    question = bodies.Consultation(subject="x", text=text("x"))
    assert acted("request.consult", question, court) == []
    assert acted("request.consult", question, WORLD.who("FR", "officer", "contact")) == ["authority_in_matter"]


def test_nothing_is_given_on_a_preservation_even_where_a_judge_authorised_it() -> None:
    matter = Matter(WORLD)
    request = preservation_request(
        addressee=msgspec.structs.replace(preservation_request().addressee, authority="fr-prosecutor")
    )
    assert to_sent(matter, request).effect
    matter.file("request.acknowledge", bodies.Acknowledgement(reference="1", contact="x"), FRENCH)
    found = matter.file("request.recognise", recognition("preserve_data"), FRENCH)
    assert {p: [f.safeguard for f in wanting(e)] for p, e in found.items()} == {
        "DE": ["within_request"], "FR": ["within_request"]
    }  # fmt: skip
    forced = matter.docket.with_entry(replace(found["FR"], findings=(), effect=True))
    body = production(exhibit(measure="preserve_data"))
    record = WORLD.sign("request.produce", body, forced, FRENCH).record
    filing = Filing(record, body, None, forced, WORLD.law, WORLD.directory, NOON.date(), "FR")
    assert evidence.within_measures(filing).verdict == "hold"
