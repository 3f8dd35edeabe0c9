"""Whose word counts: hands, seals, roots, witnesses and clocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from comity.docket.directory import PartyFile
from comity.docket.record import Record, SealedRecord
from comity.package.verdict import Verdict
from comity.signing.credential import Credential, issue_credential
from tests import world as w
from tests.package import samples as s
from tests.package.readings import good, of, what
from tests.world import NOON, World, origin

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


def test_a_party_file_older_than_the_anchors_allow_is_refused() -> None:
    assert _anchored(least_versions={"DE": 1, "FR": 1}).ok
    assert "the anchors ask for 2" in what(_anchored(least_versions={"FR": 2}))


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
