"""What the safeguards of a request answer, case by case, each through real records assessed on both sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.docket.docket import Entry, fold
from comity.docket.finding import Finding
from comity.docket.sections import Period, Request, Retention
from comity.docket.step import Filing, Safeguard, Step
from comity.proceedings import bodies
from comity.proceedings.request import REQUEST
from tests.every import every
from tests.stories.changes import reported
from tests.stories.language import changed
from tests.world import (
    NOON,
    Matter,
    World,
    account_data,
    authorisation,
    days_after,
    eio_request,
    exhibit,
    preservation_request,
    production,
    recognition,
    to_authorised,
    to_sent,
)

WORLD = World()
BREAKING = {
    "names no target": ("targeting_specificity",),
    "names everybody as target": ("targeting_specificity",),
    "names a first day but no last": ("scope_duration_limit",),
    "does not say why it is needed": ("necessity", "proportionality", "form_complete"),
    "names no provision of domestic law": ("domestic_equivalence",),
    "names no remedy": ("effective_remedy", "form_complete"),
    "sets no day of erasure": ("retention_limit",),
    "says nothing of what the data are for": ("purpose_limitation",),
    "says nothing of fundamental rights": ("non_refoulement",),
    "has not been checked for final judgments": ("ne_bis_in_idem",),
    "has not been checked for privilege": ("privilege_protection",),
    "says that the person is pursued for a political opinion": ("persecution_clause",),
}


def authorised(request: Request, world: World = WORLD) -> dict[str, Entry]:
    """The entries both sides make of a judge's authorisation of ``request``."""
    matter = Matter(world)
    draft = matter.file("request.draft", request, world.who("DE", "prosecutor"))["DE"]
    assert draft.effect, draft.findings
    return matter.file("request.authorise", authorisation(draft), world.who("DE", "judge"))


def wanting(entry: Entry) -> set[str]:
    return {f.safeguard for f in entry.findings if f.verdict != "clear"}


def finding(entry: Entry, safeguard: str) -> Finding:
    return next(f for f in entry.findings if f.safeguard == safeguard)


def test_a_complete_request_is_clear_on_every_question() -> None:
    for entry in authorised(eio_request()).values():
        assert wanting(entry) == set()
        asked = {s.__name__ for s in REQUEST.table["request.authorise"].safeguards}  # type: ignore[attr-defined]
        assert {f.safeguard for f in entry.findings} == {*asked, "order", "side", "hand"}


@pytest.mark.parametrize("change", BREAKING)
def test_each_lack_is_found_and_nothing_else(change: str) -> None:
    for entry in authorised(changed(eio_request(), change)).values():
        assert wanting(entry) == set(BREAKING[change])


@given(st.sets(st.sampled_from(sorted(BREAKING)), max_size=5))
def test_no_lack_hides_another(lacks: set[str]) -> None:
    """However lacks are combined, each is found, both sides find the same, and every finding can be acted on."""
    request = eio_request()
    for change in sorted(lacks):
        request = changed(request, change)
    found = authorised(request)
    assert {frozenset(wanting(e)) for e in found.values()} == {frozenset(s for c in lacks for s in BREAKING[c])}
    for entry in found.values():
        assert entry.effect == (not lacks)
        for f in entry.findings:
            assert f.provision
            assert f.why
            assert (f.verdict == "hold") == bool(f.cleared_by)
            assert (f.verdict == "refuse") == bool(f.ground)
            assert f.cleared_by in {*REQUEST.table, ""}


def test_a_request_withheld_from_the_start_never_moves_the_docket() -> None:
    matter = Matter(WORLD)
    to_sent(matter)
    gone = msgspec.structs.replace(matter.records[0], sections={})
    blind = Matter(WORLD)
    entry = blind.enter(gone)["FR"]
    assert (entry.body, entry.effect) == (None, False)
    for sealed in matter.records[1:]:
        assert not blind.enter(sealed)["FR"].effect
    assert blind.dockets["FR"].state == ""


ASKS_THE_DOCKET_ONLY = {
    "seal_limit", "recognised", "person_told_or_deferred", "authority_in_matter", "arrived", "emergency_grounded",
    "proved_in_time",
}  # fmt: skip
GUARDED = [(step, guard) for step in REQUEST.steps for guard in step.safeguards]


@every(("step", "guard"), GUARDED, ids=lambda x: getattr(x, "name", getattr(x, "__name__", "")))
def test_what_was_erased_holds(step: Step, guard: Safeguard) -> None:
    """Bodies erased after they took effect (ARCHITECTURE, rule 7): every question that needs them holds."""
    matter = Matter(WORLD)
    to_sent(matter)
    erased = [replace(e, body=None) for e in matter.docket.entries]
    record = msgspec.structs.replace(matter.records[-1].record, step=step.name)
    filing = Filing(
        record=record,
        body=None,
        official=None,
        docket=fold(matter.docket.id, erased),
        law=WORLD.law,
        directory=WORLD.directory,
        day=NOON.date(),
        assessor="FR",
    )
    found = guard(filing)
    name = str(getattr(guard, "__name__", ""))
    assert found.safeguard == name
    assert found.verdict == "hold" or name in ASKS_THE_DOCKET_ONLY


def test_a_withheld_section_of_the_authorisation_stops_the_sending() -> None:
    matter = Matter(WORLD)
    to_sent(matter)
    draft, judge, sending = matter.records
    blind = Matter(WORLD)
    blind.enter(draft)
    assert not blind.enter(judge.withholding(frozenset({"measures"})))["FR"].effect
    assert "judicial_authorisation" in wanting(blind.enter(sending)["FR"]) | {"order"}
    assert blind.dockets["FR"].state == "request.draft"


# --- the judge's hand


def test_a_sending_must_name_the_authorisation_that_stands() -> None:
    matter = Matter(WORLD)
    judge = to_authorised(matter)
    who = WORLD.who("DE", "prosecutor")
    wrong = matter.file("request.send", bodies.Transmission(request=judge.body.request), who)["DE"]
    assert finding(wrong, "judicial_authorisation").cleared_by == "request.send"
    body = bodies.Transmission(request=judge.body.request, authorisation=judge.id)
    assert matter.file("request.send", body, who)["FR"].effect


def test_a_judge_decides_on_the_latest_version_only() -> None:
    matter = Matter(WORLD)
    who = WORLD.who("DE", "prosecutor")
    first = matter.file("request.draft", eio_request(), who)["DE"]
    matter.file("request.revise", eio_request(reference="12 Js 345/26 (2)"), who)
    entry = matter.file("request.authorise", authorisation(first), WORLD.who("DE", "judge"))["DE"]
    assert wanting(entry) == {"authorises_latest"}


@pytest.mark.parametrize(
    ("granted", "wider"),
    [
        (account_data(), False),
        (account_data(period=Period(start=date(2026, 4, 1), end=date(2026, 4, 30))), False),
        (account_data(period=Period(start=date(2026, 2, 1), end=date(2026, 4, 30))), True),
        (account_data(period=Period(start=date(2026, 4, 1))), True),
        (account_data(targets=()), True),
        (account_data(targets=("FR7612345678901234567890124",)), True),
        (account_data(id="bank_transactions"), True),
        (account_data(holder="Banque Autre SA"), True),
        (account_data(category="content"), True),
    ],
)
def test_a_judge_narrows_and_never_widens(granted: object, wider: bool) -> None:
    matter = Matter(WORLD)
    draft = matter.file("request.draft", eio_request(), WORLD.who("DE", "prosecutor"))["DE"]
    body = authorisation(draft, measures=(granted,))
    entry = matter.file("request.authorise", body, WORLD.who("DE", "judge"))["DE"]
    assert ("not_wider" in wanting(entry)) == wider


def test_what_the_judge_left_out_cannot_be_recognised() -> None:
    matter = Matter(WORLD)
    both = (account_data(), account_data(id="production_of_records"))
    draft = matter.file("request.draft", eio_request(measures=both), WORLD.who("DE", "prosecutor"))["DE"]
    judge = matter.file("request.authorise", authorisation(draft, measures=both[:1]), WORLD.who("DE", "judge"))["DE"]
    sending = bodies.Transmission(request=draft.id, authorisation=judge.id)
    assert matter.file("request.send", sending, WORLD.who("DE", "prosecutor"))["FR"].effect
    french = WORLD.who("FR", "prosecutor")
    matter.file("request.acknowledge", bodies.Acknowledgement(reference="1", contact="x"), french)
    wide = matter.file("request.recognise", recognition("bank_account_data", "production_of_records"), french)["FR"]
    assert wanting(wide) == {"within_request"}
    assert matter.file("request.recognise", recognition(), french)["FR"].effect


# --- final judgments


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("the Court (ES) acquitted the person of the same acts", "refuse"),
        ("the Court (IE) convicted the person of the same acts, and the penalty is served", "refuse"),
        ("the Court (NL) convicted the person of the same acts, and the penalty is not enforced", "clear"),
        ("the Court (NL) acquitted the person of other acts", "clear"),
        ("the Court (NL) discontinued the proceedings on the same acts", "clear"),  # the judge has it before them
        ("the Court (CH) acquitted the person of the same acts", "refuse"),  # by France's own rule: Schengen
        ("the Court (US) acquitted the person of the same acts", "clear"),  # optional, for France to use: art 11(1)(d)
    ],
)
def test_final_judgments(words: str, verdict: str) -> None:
    for entry in authorised(eio_request(prior=reported(f"{words} on 3 May 2025"))).values():
        assert finding(entry, "ne_bis_in_idem").verdict == verdict


def test_whose_rule_bars_is_said() -> None:
    entry = authorised(
        eio_request(prior=reported("the Court (CH) acquitted the person of the same acts on 3 May 2025"))
    )
    assert finding(entry["DE"], "ne_bis_in_idem").party == "FR"
    entry = authorised(
        eio_request(prior=reported("the Court (ES) acquitted the person of the same acts on 3 May 2025"))
    )
    assert finding(entry["DE"], "ne_bis_in_idem").party == ""
    assert "EU Charter art 50" in finding(entry["DE"], "ne_bis_in_idem").provision


def test_an_unclear_judgment_is_consulted_on() -> None:
    matter = Matter(WORLD)
    to_sent(matter)
    french = WORLD.who("FR", "prosecutor")
    prior = reported("the Court (FR) discontinued the proceedings on the same acts on 3 May 2025")
    matter.file("request.acknowledge", bodies.Acknowledgement(reference="1", contact="x", prior=prior), french)
    entry = matter.file("request.recognise", recognition(), french)["FR"]
    assert finding(entry, "ne_bis_in_idem").cleared_by == "request.consult"
    body = bodies.Consultation(subject="x", text="y", ground="ne_bis_in_idem")
    matter.file("request.consult", body, french)
    assert matter.file("request.recognise", recognition(), french)["FR"].effect


# --- preservation


def test_a_preservation_needs_the_six_items_only() -> None:
    """Budapest Convention art 29(2): what a request for the data needs is asked when the data are asked for."""
    request = preservation_request()
    for change in (
        "names no remedy",
        "sets no day of erasure",
        "has not been checked for final judgments",
        "has not been checked for privilege",
        "says nothing of fundamental rights",
        "names no provision of domestic law",
    ):
        request = changed(request, change)
    matter = Matter(WORLD)
    duty = WORLD.who("DE", "officer", "contact")
    draft = matter.file("request.draft", request, duty)["DE"]
    assert matter.file("request.send", bodies.Transmission(request=draft.id), duty)["FR"].effect


@pytest.mark.parametrize(("days", "enough"), [(59, False), (60, True)])
def test_sixty_days_are_sixty(days: int, enough: bool) -> None:
    matter = Matter(WORLD)
    german, french = WORLD.who("DE", "officer", "contact"), WORLD.who("FR", "officer", "contact")
    draft = matter.file("request.draft", preservation_request(), german)["DE"]
    matter.file("request.send", bodies.Transmission(request=draft.id), german)
    until = days_after(days).date()
    body = bodies.Preservation(holder="Courrier Exemple SAS", description="mailbox", until=until)
    entry = matter.file("request.preserve", body, french, NOON)["FR"]
    assert entry.effect == enough


def test_a_contact_point_cannot_ask_for_data() -> None:
    matter = Matter(WORLD)
    duty = WORLD.who("DE", "officer", "contact")
    draft = matter.file("request.draft", eio_request(), duty)["DE"]
    judge = matter.file("request.authorise", authorisation(draft), WORLD.who("DE", "judge"))["DE"]
    body = bodies.Transmission(request=draft.id, authorisation=judge.id)
    assert wanting(matter.file("request.send", body, duty)["DE"]) == {"competence"}


# --- erasure


def produced(request: Request | None = None) -> Matter:
    matter = Matter(WORLD)
    to_sent(matter, request)
    french = WORLD.who("FR", "prosecutor")
    matter.file("request.acknowledge", bodies.Acknowledgement(reference="1", contact="x"), french)
    matter.file("request.recognise", recognition(), french)
    assert matter.file("request.produce", production(), french)["DE"].effect
    return matter


@pytest.mark.parametrize(
    ("changes", "clear"),
    [
        ({"exhibits": ("E1",)}, True),
        ({"exhibits": (exhibit().digest,)}, True),
        ({"exhibits": ("E2",)}, False),
        ({"records": ("sha256:" + "0" * 64,)}, False),
        ({}, False),
        ({"exhibits": ("E1",), "provision": ""}, False),
        ({"exhibits": ("E1",), "ground": "withdrawn"}, False),
        ({"exhibits": ("E1",), "ground": "retention_expired"}, False),
    ],
)
def test_erasure_has_a_ground_and_names_what_is_here(changes: dict[str, object], clear: bool) -> None:
    body = msgspec.structs.replace(bodies.Erasure(ground="unlawful", provision="LED art 16"), **changes)
    entry = produced().file("request.erase", body, WORLD.who("DE", "judge"))["DE"]
    assert entry.effect == clear
    assert wanting(entry) == (set() if clear else {"erasure_grounded"})


@pytest.mark.parametrize(("after", "clear"), [(99, False), (100, True)])
def test_erasure_is_due_on_the_day_set(after: int, clear: bool) -> None:
    matter = produced(eio_request(retention=Retention(until=days_after(100).date(), provision="StPO § 489")))
    body = bodies.Erasure(ground="retention_expired", provision="StPO § 489", exhibits=("E1",))
    entry = matter.file("request.erase", body, WORLD.who("DE", "prosecutor"), days_after(after))["DE"]
    assert entry.effect == clear
