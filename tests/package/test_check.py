"""The offline check: a true package passes with every word of it proved; one that says other than the law does not."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from comity.docket.finding import Finding, clear, hold
from comity.package.verdict import Verdict
from comity.proceedings import bodies
from tests import world as w
from tests.package import samples as s
from tests.package.readings import good, of, swapped, what
from tests.world import origin


def test_a_true_package_is_ok_and_says_who_did_what_and_where_it_is_logged() -> None:
    sides, data = s.good()
    verdict = s.verdict(data, sides.world)
    assert verdict.ok, what(verdict)
    assert (verdict.records, verdict.reassessed, verdict.docket) == (10, 10, "request:test-1")
    assert all(line.ok for line in verdict.lines)
    judge = next(x for x in verdict.lines if x.step == "request.authorise" and x.check == "legality_basis")
    assert judge.hand is not None
    assert (judge.hand.role, judge.hand.certified_by, judge.seal) == ("judge", "judiciary", "de-node")
    assert (judge.verdict, judge.assessed_by, judge.reassessed) == ("clear", ("DE", "FR"), True)
    assert "2014/41" in judge.provision
    assert [place.origin for place in judge.logs] == [origin("DE"), origin("FR")]
    assert {c.witness for place in judge.logs for c in place.cosigned} == {"de", "fr"}
    assert all(place.cosigned[0].at == "2026-12-04T13:00:00Z" for place in judge.logs)
    msgspec.json.encode(verdict)  # plain data, for --json


def test_every_safeguard_of_every_step_has_its_line() -> None:
    sides, data = s.good()
    lines = s.verdict(data, sides.world).lines
    for entry in sides.dockets["DE"].entries:
        found = [x.check for x in lines if x.record == entry.id and x.verdict and "DE" in x.assessed_by]
        assert found == [f.safeguard for f in entry.findings]


def test_a_package_with_a_real_bank_statement_is_ok() -> None:
    path = s.SHARED / "camt.053.001.08-sepa-statement.xml"
    if not path.is_file():
        pytest.skip(f"the shared sample {path.name} is not on this machine")
    data = path.read_bytes()
    sides = s.to_received(s.Sides(), s.statement(data, name=path.name))
    exhibits = tuple(replace(e, open=lambda: io.BytesIO(data)) for e in sides.contents().exhibits)
    verdict = s.verdict_on(sides.contents(exhibits=exhibits), sides.world)
    assert verdict.ok, what(verdict)


# --- made well, but something is missing, exchanged or invented ------------------------------------------------------


@pytest.mark.parametrize("number", range(10))
def test_a_record_left_out_is_missed(number: int) -> None:
    """By the records that answer it, or, for the last, by the maker's seal over a manifest that had it."""
    contents, world = good()
    records = contents.records[:number] + contents.records[number + 1 :]
    last = number == len(contents.records) - 1
    if not last:
        with pytest.raises(Exception, match="missing"):
            s.written(replace(contents, records=records))
        return
    stranger = w.World().root("ES")  # whoever remakes the bag has not the maker's seal
    assert not s.verdict_on(replace(contents, records=records), world, stranger).ok


def test_without_the_judges_record_nothing_of_the_matter_stands() -> None:
    """Not even when both nodes log that all is clear and every later record is made anew."""
    sides = s.Sides()
    sides.lie = lambda _, findings: tuple(clear(f.safeguard, f.provision, f.why) for f in findings)
    world = sides.world
    draft = sides.file("request.draft", w.eio_request(), world.who("DE", "prosecutor"))
    sides.file("request.send", bodies.Transmission(request=draft.id), world.who("DE", "prosecutor"))
    verdict = s.verdict_on(sides.contents(), world)
    assert not verdict.ok
    assert "judicial_authorisation" in what(verdict)


@pytest.mark.parametrize("party", ["DE", "FR"])
@pytest.mark.parametrize("step", ["request.draft", "request.send", "request.produce", "request.receive"])
def test_a_record_that_one_side_did_not_log_does_not_count(step: str, party: str) -> None:
    contents, world = good()
    record = of(contents, step)
    one = replace(record, logged=tuple(x for x in record.logged if x.origin != origin(party)))
    assert not s.verdict_on(swapped(contents, record, one), world).ok


def test_proofs_exchanged_between_records_do_not_count() -> None:
    contents, world = good()
    for a in contents.records:
        for b in contents.records:
            if a.id < b.id:
                mixed = swapped(swapped(contents, a, replace(a, logged=b.logged)), b, replace(b, logged=a.logged))
                assert not s.verdict_on(mixed, world).ok


def test_one_proof_of_another_record_does_not_count() -> None:
    contents, world = good()
    a, b = of(contents, "request.send"), of(contents, "request.produce")
    mixed = replace(a, logged=(a.logged[0], b.logged[1]))
    assert not s.verdict_on(swapped(contents, a, mixed), world).ok


def _findings(change: Callable[[tuple[Finding, ...]], tuple[Finding, ...]]) -> Verdict:
    contents, world = good()
    record = of(contents, "request.send")
    logged = tuple(msgspec.structs.replace(x, findings=change(x.findings)) for x in record.logged)
    return s.verdict_on(swapped(contents, record, replace(record, logged=logged)), world)


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found[:-1],
        lambda found: (),
        lambda found: tuple(reversed(found)),
        lambda found: (*found, clear("invented", "no law", "of course")),
        lambda found: (msgspec.structs.replace(found[0], why="another reason"), *found[1:]),
    ],
)
def test_other_findings_than_the_logged_ones_do_not_count(
    change: Callable[[tuple[Finding, ...]], tuple[Finding, ...]],
) -> None:
    assert not _findings(change).ok


@pytest.mark.parametrize("liar", ["DE", "FR"])
def test_a_side_that_logged_what_it_should_not_have_found_is_shown(liar: str) -> None:
    """Its log, its leaves and its signatures are all in order: only assessing again shows it."""
    sides = s.Sides()
    sides.lie = lambda party, found: tuple(f for f in found if f.safeguard != "necessity") if party == liar else found
    verdict = s.verdict_on(s.to_received(sides).contents(), sides.world)
    assert not verdict.ok
    assert f"in {origin(liar)}" in what(verdict)
    assert f"in {origin('FR' if liar == 'DE' else 'DE')}" not in what(verdict)


def test_an_unlawful_request_that_both_sides_call_clear_is_shown() -> None:
    sides = s.Sides()
    sides.lie = lambda _, findings: tuple(clear(f.safeguard, f.provision, f.why) for f in findings)
    request = w.eio_request(measures=(w.account_data(targets=()),))
    verdict = s.verdict_on(s.to_received(sides, request=request).contents(), sides.world)
    assert not verdict.ok
    assert "targeting_specificity" in what(verdict)
    assert any(x.check == "targeting_specificity" and not x.ok for x in verdict.lines)


# --- contents withheld, erased, refused ------------------------------------------------------------------------------


def test_withheld_contents_are_never_called_assessed_again() -> None:
    contents, world = good()
    record = of(contents, "request.authorise")
    bare = replace(record, sealed=record.sealed.withholding(frozenset(record.sealed.record.sections)))
    verdict = s.verdict_on(swapped(contents, record, bare), world)
    lines = [x for x in verdict.lines if x.record == record.id and x.verdict]
    assert lines
    assert not any(x.reassessed for x in lines)
    assert verdict.reassessed < verdict.records
    assert verdict.ok, what(verdict)


def test_a_package_in_which_nothing_can_be_assessed_proves_nothing() -> None:
    contents, world = good()
    records = tuple(
        replace(r, sealed=r.sealed.withholding(frozenset(r.sealed.record.sections))) for r in contents.records
    )
    assert not s.verdict_on(replace(contents, records=records, exhibits=()), world).ok


def test_a_package_of_nothing_is_not_ok() -> None:
    contents, world = good()
    assert not s.verdict_on(replace(contents, records=(), exhibits=()), world).ok
    assert not s.verdict_on(replace(contents, records=(), exhibits=(), party_files={}), world).ok


def test_what_was_held_is_shown_and_had_no_effect() -> None:
    sides = s.Sides()
    world = sides.world
    sides.file("request.draft", w.eio_request(), world.who("DE", "prosecutor"))
    draft = sides.dockets["DE"].entries[0]
    sealed = world.sign(
        "request.send", bodies.Transmission(request=draft.id), sides.dockets["DE"], world.who("DE", "prosecutor")
    )
    assert not sides.enter(sealed, parties=("DE",)).effect
    verdict = s.verdict_on(sides.contents(), world)
    held = [x for x in verdict.lines if x.record == sealed.id and x.verdict == "hold"]
    assert verdict.ok, what(verdict)
    assert held
    assert not any(x.effect or x.ok for x in held)


def test_what_one_side_found_wanting_has_no_effect_in_the_package() -> None:
    sides = s.Sides()
    sides.lie = lambda party, found: (
        (*found, hold("own_rule", "Test Act s 1", "not here", "a human decision")) if party == "FR" else found
    )
    sides.file("request.draft", w.eio_request(), sides.world.who("DE", "prosecutor"))
    verdict = s.verdict_on(sides.contents(), sides.world)
    assert not any(x.effect for x in verdict.lines if x.record)
    assert not verdict.ok


# --- exhibits --------------------------------------------------------------------------------------------------------


def test_exhibits_are_those_of_the_production_and_no_others() -> None:
    contents, world = good()
    exhibit = contents.exhibits[0]
    other = replace(
        exhibit, digest=f"sha256:{s.sha256(b'other').hexdigest()}", size=5, open=lambda: io.BytesIO(b"other")
    )
    assert "not here" in what(s.verdict_on(replace(contents, exhibits=()), world))
    assert not s.verdict_on(replace(contents, exhibits=(other,)), world).ok
    assert not s.verdict_on(replace(contents, exhibits=(exhibit, replace(other, id="E2"))), world).ok


def test_an_erased_exhibit_is_not_missed() -> None:
    sides = s.to_received(s.Sides())
    exhibit = sides.contents().exhibits[0]
    erasure = bodies.Erasure(exhibits=(exhibit.id,), ground="court_order", provision="LED art 16")
    entry = sides.file("request.erase", erasure, sides.world.who("FR", "judge"))
    assert entry.effect, entry.findings
    verdict = s.verdict_on(sides.contents(exhibits=()), sides.world)
    assert verdict.ok, what(verdict)
    assert any("erased" in x.why for x in verdict.lines if x.check == "exhibit")
