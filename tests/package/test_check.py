"""The offline check: a true package passes with every word of it proved; a false one, however well made, does not."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.docket.directory import PartyFile
from comity.docket.finding import Finding, clear, hold
from comity.docket.record import Record, SealedRecord, record_id
from comity.package.anchors import Anchors
from comity.package.contents import PackageContents, PackagedRecord
from comity.package.verdict import Verdict
from comity.proceedings import bodies
from comity.signing.credential import Credential, issue_credential
from comity.signing.hand import put_hand
from tests import world as w
from tests.package import samples as s
from tests.world import NOON, World, origin


def of(contents: PackageContents, step: str) -> PackagedRecord:
    return next(r for r in contents.records if r.sealed.record.step == step)


def swapped(contents: PackageContents, old: PackagedRecord, *new: PackagedRecord) -> PackageContents:
    kept = [r for r in contents.records if r.id != old.id]
    return replace(contents, records=(*kept, *new))


def good() -> tuple[PackageContents, World]:
    sides, _ = s.good()
    return sides.contents(), sides.world


def what(verdict: Verdict) -> str:
    return " / ".join(f"{p.where}: {p.what}" for p in verdict.problems)


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


# --- signatures ------------------------------------------------------------------------------------------------------


def _party_file(change: Callable[[PartyFile, World], PartyFile]) -> Verdict:
    contents, world = good()
    files = s.party_files(world, lambda file: change(file, world) if file.party == "DE" else file)
    return s.verdict_on(replace(contents, party_files=files), world)


def _without_judges(file: PartyFile, world: World) -> tuple[str, ...]:
    judge = world.who("DE", "judge").key.public.kid
    others = {p.key.public.kid: p for p in world.people.values() if p.party == "DE" and p.key.public.kid != judge}
    return tuple(world._credential(p) for p in others.values())


def _judge(world: World, role: str, root: str) -> str:
    who = world.who("DE", "judge")
    credential = Credential(
        kid=who.key.public.kid, key=who.key.public.to_text(), holder=who.holder, role=role, authority=who.authority,
        party="DE", valid_from=None, valid_until=None, serial="x",
    )
    return issue_credential(credential, world.root("DE") if root == "party" else world.judiciary("DE"))


def test_a_judge_whom_the_party_certified_itself_is_none() -> None:
    """The substitute has the very same key, name and court: only the root differs."""

    def change(file: PartyFile, world: World) -> PartyFile:
        credentials = (*_without_judges(file, world), _judge(world, "judge", "party"))
        return msgspec.structs.replace(file, credentials=credentials)

    assert not _party_file(change).ok


def test_a_prosecutor_in_the_judges_place_is_no_judge() -> None:
    def change(file: PartyFile, world: World) -> PartyFile:
        credentials = (*_without_judges(file, world), _judge(world, "prosecutor", "party"))
        return msgspec.structs.replace(file, credentials=credentials)

    assert not _party_file(change).ok


def test_the_same_party_file_made_again_is_still_good() -> None:
    """So that the two tests above fail for their reason and not because the file was made anew."""

    def change(file: PartyFile, world: World) -> PartyFile:
        return msgspec.structs.replace(
            file, credentials=(*_without_judges(file, world), _judge(world, "judge", "judiciary")), version=2
        )

    verdict = _party_file(change)
    assert verdict.ok, what(verdict)


def test_a_party_file_that_claims_the_others_authority_is_refused() -> None:
    def change(file: PartyFile, world: World) -> PartyFile:
        return msgspec.structs.replace(file, authorities=(*file.authorities, world.party_file("FR").authorities[0]))

    assert "both claim" in what(_party_file(change))


@pytest.mark.parametrize("step", ["request.draft", "request.authorise", "request.send", "request.produce"])
def test_a_record_rewritten_by_the_node_has_no_hand(step: str) -> None:
    """The node seals the changed record and everything is logged anew; the official's hand is under the old one."""
    sides = s.Sides()
    enter = sides.enter

    def rewrite(sealed: SealedRecord, parties: Sequence[str] = ("DE", "FR")) -> Any:
        if sealed.record.step == step:
            record: Record = msgspec.structs.replace(sealed.record, nonce=sealed.record.nonce[::-1])
            sealed = msgspec.structs.replace(
                sealed, record=record, seal=sides.world.seal(record, sealed.hand, record.party)
            )
        return enter(sealed, parties)

    sides.enter = rewrite  # type: ignore[method-assign]
    with pytest.raises(Exception, match="not one of the key"):
        s.to_received(sides)
    contents, world = good()
    old = of(contents, step)
    record = msgspec.structs.replace(old.sealed.record, nonce=old.sealed.record.nonce[::-1])
    sealed = msgspec.structs.replace(old.sealed, record=record, seal=world.seal(record, old.sealed.hand, record.party))
    later = tuple(r for r in contents.records if r.id != old.id and old.id not in r.sealed.record.answers)
    kept = [r for r in later if not r.sealed.record.answers] if step != "request.draft" else []
    if all(a in {r.id for r in kept} for a in record.answers):
        mixed = replace(contents, records=(*kept, replace(old, sealed=sealed)), exhibits=())
        assert not s.verdict_on(mixed, world).ok


def test_the_seal_of_another_node_does_not_vouch_for_the_package() -> None:
    contents, world = good()
    assert "sealed it" in what(s.verdict_on(contents, world, world.node_key("FR")))
    assert not s.verdict_on(replace(contents, made_by="fr-node"), world).ok
    assert s.verdict_on(replace(contents, made_by="fr-node"), world, world.node_key("FR")).ok


# --- anchors, clocks -------------------------------------------------------------------------------------------------


def _anchored(**changes: Any) -> Verdict:
    sides, data = s.good()
    return s.verdict(data, sides.world, replace(s.anchors(sides.world), **changes))


def test_other_anchors_give_another_answer() -> None:
    sides, _ = s.good()
    world, mine = sides.world, s.anchors(sides.world)
    assert "anchors name no root for FR" in what(_anchored(parties={"DE": mine.parties["DE"]}))
    assert not _anchored(parties={"DE": mine.parties["DE"], "FR": world.root("ES").public}).ok
    assert not _anchored(policies={origin("DE"): mine.policies[origin("DE")]}).ok
    third = s.Ed25519Cosigner.from_seed("es-oversight.example/witness", w.seed("witness ES")).vkey.encode()
    group = "group oversight all de fr"
    more = mine.policies[origin("FR")].replace(group, f"witness es {third}\n{group} es")
    verdict = _anchored(policies={**mine.policies, origin("FR"): more})
    assert "missing: es" in what(verdict)


def test_a_verifier_whose_clock_is_before_the_cosignatures_says_so() -> None:
    sides, data = s.good()
    assert "ahead of the clock" in what(s.verdict(data, sides.world, now=s.COSIGNED - 301))
    assert s.verdict(data, sides.world, now=s.COSIGNED - 299).ok


@pytest.mark.parametrize(("late", "ok"), [(-3600 - 299, True), (-3600 - 301, False)])
def test_no_witness_can_have_seen_a_record_before_its_time(late: int, ok: bool) -> None:
    sides = s.Sides()
    for log in sides.logs.values():
        log.cosigned += late
    assert s.verdict_on(s.to_received(sides).contents(), sides.world).ok is ok


def test_a_record_older_than_what_it_answers_is_refused() -> None:
    sides = s.Sides()
    draft = sides.file("request.draft", w.eio_request(), sides.world.who("DE", "prosecutor"))
    sides.file("request.authorise", w.authorisation(draft), sides.world.who("DE", "judge"), NOON - timedelta(days=30))
    assert "older than" in what(s.verdict_on(sides.contents(), sides.world))


def test_a_record_that_stands_before_what_it_answers_is_refused() -> None:
    """A log in which the judge's decision comes before the request it decides on."""
    sides = s.Sides()
    world = sides.world
    draft = world.sign("request.draft", w.eio_request(), sides.dockets["DE"], world.who("DE", "prosecutor"))
    ahead = s.Sides(world)
    entry = ahead.enter(draft)
    sealed = world.sign("request.authorise", w.authorisation(entry), ahead.dockets["DE"], world.who("DE", "judge"))
    ahead.enter(sealed)
    log = sides.logs["DE"]
    for place, each in enumerate((sealed, draft)):
        log.add(each, ahead.dockets["DE"].by_id[each.id].findings, "decision-grant" if each is sealed else "request")
        sides.places["DE", each.id] = place
        sides.records.append(each)
    assert "stands before it" in what(s.verdict_on(sides.contents(), world))


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
    entry = sides.file("request.erase", erasure, sides.world.who("FR", "prosecutor"))
    assert entry.effect, entry.findings
    verdict = s.verdict_on(sides.contents(exhibits=()), sides.world)
    assert verdict.ok, what(verdict)
    assert any("erased" in x.why for x in verdict.lines if x.check == "exhibit")


# --- any byte, any copy ----------------------------------------------------------------------------------------------


@given(st.data())
def test_no_package_with_one_byte_changed_is_ok(data: st.DataObject) -> None:
    sides, whole = s.good()
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    assert not s.verdict(bytes(changed), sides.world).ok


@given(st.data())
def test_no_package_with_one_byte_changed_and_everything_around_it_made_anew_is_ok(data: st.DataObject) -> None:
    """Whoever changes it has the maker's own key: only signatures, proofs and the law stand in the way."""
    sides, whole = s.good()
    files = s.files_of(whole)
    claims = ("data/records/", "data/logged/", "data/parties/", "data/exhibits/")
    path = data.draw(st.sampled_from(sorted(p for p in files if p.startswith(claims))))
    changed = bytearray(files[path])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    assert not s.verdict(s.remade({**files, path: bytes(changed)}), sides.world).ok


def test_a_package_that_calls_itself_another_docket_is_not_ok() -> None:
    sides, whole = s.good()
    files = s.files_of(whole)
    other = files["data/package.json"].replace(b'"request:test-1"', b'"request:test-2"')
    verdict = s.verdict(s.remade({**files, "data/package.json": other}), sides.world)
    assert verdict.docket == "request:test-2"
    assert not verdict.ok


def test_the_same_files_made_anew_are_the_same_package() -> None:
    """So that the property above fails packages for their content and not for how they were remade."""
    _, whole = s.good()
    assert s.remade(s.files_of(whole)) == whole


@given(st.data())
def test_no_two_files_can_change_places(data: st.DataObject) -> None:
    sides, whole = s.good()
    files = s.files_of(whole)
    folder = data.draw(st.sampled_from(["data/records/", "data/logged/", "data/parties/"]))
    paths = sorted(p for p in files if p.startswith(folder))
    a, b = data.draw(st.sampled_from(paths)), data.draw(st.sampled_from(paths))
    if files[a] != files[b]:
        assert not s.verdict(s.remade({**files, a: files[b], b: files[a]}), sides.world).ok


@given(st.data())
def test_no_package_cut_short_or_added_to_is_ok(data: st.DataObject) -> None:
    sides, whole = s.good()
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert not s.verdict(whole[:cut], sides.world).ok
    assert not s.verdict(whole[cut:] + b"x", sides.world).ok
    assert not s.verdict(whole + data.draw(st.binary(min_size=1, max_size=40)), sides.world).ok


def test_bytes_that_are_no_package_are_a_verdict_and_not_an_exception() -> None:
    world = s.good()[0].world
    for data in (b"", b"PK", b"\0" * 22, b"PK\5\6" + b"\0" * 18, b"PK\5\6" + b"\xff" * 18):
        verdict = s.verdict(data, world)
        assert not verdict.ok
        assert verdict.problems[0].next_step


def test_whatever_fails_inside_is_a_problem() -> None:
    contents, world = good()
    package = s.open_package(io.BytesIO(s.written(contents)))
    broken: Any = None
    assert s.check_package(package, s.anchors(world), world.law, s.NOW).ok
    assert not s.check_package(package, s.anchors(world), broken, s.NOW).ok
    assert not s.check_package(package, broken, world.law, s.NOW).ok
    assert not s.check_package(package, s.anchors(world), world.law, broken).ok
    assert not s.check_package(package, s.anchors(world), world.law, s.NOW, broken).ok
    assert not s.check_package(package, s.anchors(world), world.law, s.NOW, {}).ok


def test_a_hand_of_another_official_does_not_count() -> None:
    contents, world = good()
    old = of(contents, "request.authorise")
    hand = put_hand(record_id(old.sealed.record), world.who("DE", "prosecutor").key)
    seal = world.seal(old.sealed.record, hand, "DE")
    sealed = msgspec.structs.replace(old.sealed, hand=hand, seal=seal)
    assert not s.verdict_on(swapped(contents, old, replace(old, sealed=sealed)), world).ok


def test_anchors_without_any_trust_are_not_anchors() -> None:
    sides, data = s.good()
    assert not s.verdict(data, sides.world, Anchors({}, {})).ok
