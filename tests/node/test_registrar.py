"""The one door: what is entered, what is turned away with which answer, and that nothing half-entered stays."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comity.docket.directory import Revocation, open_party_file, sign_party_file
from comity.docket.record import MAX_SECTIONS, Record, Section, compose, decode_sealed, encode_sealed, record_id
from comity.docket.sections import Addressee, Basis
from comity.errors import Conflict, Malformed, NotAdmitted, NotAuthorised, Tampered, Unreachable, Unverified
from comity.node.node import Node
from comity.proceedings import bodies
from comity.signing.credential import Credential, issue_credential
from comity.signing.hand import put_hand
from comity.signing.keys import PrivateKey
from tests.node import matters
from tests.node.matters import DOCKET
from tests.node.nodes import START, Nodes
from tests.world import Who, authorisation, eio_request, origin, seed


def compose_draft(nodes: Nodes, who: Who | None = None, **changes: Any) -> tuple[Record, dict[str, Section]]:
    who = who or nodes.world.who("DE", "prosecutor")
    given = {
        "docket": DOCKET, "step": "request.draft", "answers": (), "party": who.party, "authority": who.authority,
        "role": who.role, "at": nodes.clock(), "body": eio_request(),
    }  # fmt: skip
    return compose(**{**given, **changes})


def test_a_filing_is_entered_once_and_filing_it_again_says_so(nodes: Nodes, de: Node) -> None:
    record, sections = compose_draft(nodes)
    hand = put_hand(record_id(record), nodes.world.who("DE", "prosecutor").key)
    first, second = (de.registrar.file(record, hand, sections) for _ in range(2))
    assert (first.again, second.again) == (False, True)
    assert (first.id, first.position, first.at) == (second.id, second.position, second.at)
    assert de.store.size() == 1


def test_filing_again_after_a_restart_says_the_same(nodes: Nodes, de: Node) -> None:
    record, sections = compose_draft(nodes)
    hand = put_hand(record_id(record), nodes.world.who("DE", "prosecutor").key)
    first = de.registrar.file(record, hand, sections)
    nodes.kill(de)
    assert nodes.open("DE").registrar.file(record, hand, sections) == msgspec.structs.replace(first, again=True)


def test_many_filings_at_once_are_entered_together_and_each_is_answered(nodes: Nodes, de: Node) -> None:
    batches: list[int] = []
    gate, enter = threading.Event(), de.store.enter

    def counted(batch: Any) -> None:
        gate.wait(5)
        batches.append(len(batch.records))
        enter(batch)

    de.store.enter = counted  # type: ignore[method-assign]
    who = nodes.world.who("DE", "prosecutor")
    filings = [compose_draft(nodes, docket=f"request:2026-many{n:04d}") for n in range(40)]
    waiting = []
    for record, sections in filings:
        hand = put_hand(record_id(record), who.key)
        filed = threading.Thread(target=de.registrar.file, args=(record, hand, sections))
        filed.start()
        waiting.append(filed)
    gate.set()
    for filed in waiting:
        filed.join(10)
    assert sum(batches) == 40
    assert len(batches) < 40
    assert de.store.size() == 40
    assert len(de.store.dockets("request")) == 40


def test_one_bad_filing_in_a_batch_takes_nothing_from_the_others(nodes: Nodes, de: Node) -> None:
    good, sections = compose_draft(nodes)
    hand = put_hand(record_id(good), nodes.world.who("DE", "prosecutor").key)
    session = de.registrar._registry.session(de.dockets, de.log.tree.size, nodes.clock())
    from comity.docket.record import SealedRecord
    from comity.node.door.filed import Door, Filed

    session.prepare(Filed(SealedRecord(record=good, hand=hand, seal="", sections=sections), Door.OFFICIAL))
    before = (session.batch.lengths(), dict(session.changed), list(session.prepared))
    other, held = compose_draft(nodes, docket="request:2026-other01")
    wrong = Filed(SealedRecord(record=other, hand=hand, seal="", sections=held), Door.OFFICIAL)
    with pytest.raises(Unverified):
        session.prepare(wrong)
    assert (session.batch.lengths(), dict(session.changed), list(session.prepared)) == before


def test_what_breaks_the_program_is_answered_and_leaves_the_door_open(
    nodes: Nodes, de: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr("comity.node.door.consequences.follow", broken)
        with pytest.raises(Unreachable, match="nothing was entered"):
            matters.draft(nodes, de)
    assert de.store.size() == 0
    assert not de.registrar.docket(DOCKET).entries
    assert matters.draft(nodes, de).position == 0


def test_a_row_written_while_the_node_runs_stops_its_entering_and_is_told(nodes: Nodes, de: Node) -> None:
    matters.draft(nodes, de)
    copy = "'sha256:x', 1, docket, step, node, kind, effect, sealed, findings, salt, entered"
    with closing(sqlite3.connect(nodes.folder / "DE" / "data" / "node.db")) as db, db:
        db.execute(f"INSERT INTO records SELECT {copy} FROM records")
    with pytest.raises(Tampered, match="past the registrar") as told:
        matters.draft(nodes, de, f"{DOCKET}2")
    assert "oversight" in told.value.next_step
    assert "past the registrar" in de.registrar.failure
    assert de.log.tree.size == 1
    nodes.kill(de)
    with pytest.raises(Tampered, match="2 records and 1 leaves"):
        nodes.open("DE")


def test_a_full_disk_enters_nothing_is_told_and_is_over_when_there_is_room(nodes: Nodes, de: Node) -> None:
    matters.draft(nodes, de)
    with de.store.reading() as db:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar_one()
    de.store._door.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    de.store._door.rollback()
    with pytest.raises(Unreachable, match="cannot be written: database or disk is full"):
        [matters.draft(nodes, de, f"{DOCKET}{number}") for number in range(40)]
    assert "full" in de.registrar.failure
    de.store._door.exec_driver_sql("PRAGMA max_page_count = 1000000")
    de.store._door.rollback()
    size = de.store.size()
    assert matters.draft(nodes, de, f"{DOCKET}.after").position == size
    assert de.registrar.failure == ""


def test_a_docket_that_moved_on_is_a_conflict(nodes: Nodes, de: Node) -> None:
    first = matters.draft(nodes, de)
    body, who = eio_request(facts="Other facts."), nodes.world.who("DE", "prosecutor")
    nodes.file(de, DOCKET, "request.revise", body, who)
    with pytest.raises(Conflict, match="moved on") as caught:
        nodes.file(de, DOCKET, "request.revise", body, who, answers=(first.id,))
    assert "Read the docket again" in caught.value.next_step
    with pytest.raises(Conflict):  # a second opening of the same docket is the same mistake
        nodes.file(de, DOCKET, "request.draft", eio_request(), who, answers=())
    assert de.store.size() == 2


def test_an_act_cannot_build_on_what_has_no_effect_or_is_not_here(nodes: Nodes, de: Node) -> None:
    first = matters.draft(nodes, de)
    who = nodes.world.who("DE", "prosecutor")
    idle = nodes.file(de, DOCKET, "request.send", bodies.Transmission(request=first.id), who)
    assert not idle.effect
    body = eio_request()
    with pytest.raises(NotAdmitted, match="no effect"):
        nodes.file(de, DOCKET, "request.revise", body, who, answers=tuple(sorted((first.id, idle.id))))
    with pytest.raises(NotAdmitted, match="not in this docket"):
        nodes.file(de, DOCKET, "request.revise", body, who, answers=tuple(sorted((first.id, "sha256:" + "0" * 64))))


def test_a_revision_cannot_turn_the_request_to_another_party(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, ("DE", "FR", "NL"))
    de = nodes.open("DE")
    matters.draft(nodes, de)
    turned = eio_request(addressee=Addressee(party="NL", authority="nl-prosecutor"))
    with pytest.raises(NotAdmitted, match="another addressee"):
        nodes.file(de, DOCKET, "request.revise", turned, nodes.world.who("DE", "prosecutor"))
    nodes.close()


def test_a_refused_first_draft_does_not_fix_the_addressee(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, ("DE", "FR", "NL"))
    de, fr = nodes.open("DE"), nodes.open("FR")
    nothing = eio_request(
        addressee=Addressee(party="NL", authority="nl-prosecutor"), basis=Basis(instrument="none_such", article="1")
    )
    for number in range(6):  # ids are random: some refused draft comes before the good one, some after
        docket = f"request:2026-refused{number}"
        assert not nodes.file(de, docket, "request.draft", nothing, nodes.world.who("DE", "prosecutor")).effect
        matters.sent(nodes, de, docket)
    nodes.settle()
    assert [fr.registrar.docket(d).state for d in fr.store.dockets("request")] == ["request.send"] * 6
    nodes.close()


@pytest.mark.parametrize("off", [301, -301])
def test_a_wrong_clock_is_told(nodes: Nodes, de: Node, off: int) -> None:
    record, sections = compose_draft(nodes, at=nodes.clock() + timedelta(seconds=off))
    hand = put_hand(record_id(record), nodes.world.who("DE", "prosecutor").key)
    with pytest.raises(NotAdmitted, match="clock") as caught:
        de.registrar.file(record, hand, sections)
    assert "Set the clock" in caught.value.next_step
    record, sections = compose_draft(nodes, at=nodes.clock() + timedelta(seconds=off - off // abs(off)))
    hand = put_hand(record_id(record), nodes.world.who("DE", "prosecutor").key)
    assert de.registrar.file(record, hand, sections).position == 0


def test_a_reused_id_with_other_content_changes_nothing(nodes: Nodes, de: Node) -> None:
    record, sections = compose_draft(nodes)
    key = nodes.world.who("DE", "prosecutor").key
    first = de.registrar.file(record, put_hand(record_id(record), key), sections)
    changed = msgspec.structs.replace(record, docket="request:2026-other001")
    with pytest.raises(Unverified):  # another content is another identifier, and the hand is not under it
        de.registrar.file(changed, put_hand(record_id(record), key), sections)
    other = {**sections, "facts": Section(salt=sections["facts"].salt, value="Other facts")}
    again = de.registrar.file(record, put_hand(record_id(record), key), other)
    assert again.again
    assert again.id == first.id
    assert de.sealed(first.id).sections["facts"] == sections["facts"]
    assert de.store.size() == 1


def test_an_unknown_section_is_refused_as_a_finding_that_names_the_mistake(nodes: Nodes, de: Node) -> None:
    class Wide(msgspec.Struct, kw_only=True):
        addressee: Any
        surprise: str

    record, sections = compose_draft(nodes, body=Wide(addressee={"party": "FR", "authority": "x"}, surprise="!"))
    hand = put_hand(record_id(record), nodes.world.who("DE", "prosecutor").key)
    entered = de.registrar.file(record, hand, sections)
    assert not entered.effect
    assert [(f.safeguard, f.verdict, f.ground) for f in entered.findings] == [("form", "refuse", "malformed_body")]
    assert de.registrar.docket(DOCKET).state == ""


def test_an_unknown_field_within_a_section_is_refused_as_a_finding(nodes: Nodes, de: Node) -> None:
    body = msgspec.to_builtins(eio_request())
    body["offence"]["surprise"] = "!"
    kind = msgspec.defstruct("Spoilt", [(name, Any) for name in body], kw_only=True)
    record, sections = compose_draft(nodes, body=kind(**body))
    entered = de.registrar.file(record, put_hand(record_id(record), nodes.world.who("DE", "prosecutor").key), sections)
    assert not entered.effect
    assert "offence" in entered.findings[0].why


def test_sections_that_do_not_come_along_or_were_altered_are_malformed(nodes: Nodes, de: Node) -> None:
    record, sections = compose_draft(nodes)
    hand = put_hand(record_id(record), nodes.world.who("DE", "prosecutor").key)
    fewer = {k: v for k, v in sections.items() if k != "facts"}
    altered = {**sections, "facts": Section(salt=sections["facts"].salt, value="Other facts")}
    for wrong in (fewer, altered, {**sections, "extra": sections["facts"]}):
        with pytest.raises(Malformed):
            de.registrar.file(record, hand, wrong)
    assert de.store.size() == 0


def test_truncated_oversized_and_foreign_bytes_are_malformed(nodes: Nodes, de: Node) -> None:
    sealed = de.sealed(matters.draft(nodes, de).id)
    data = encode_sealed(sealed)
    assert decode_sealed(data) == sealed
    spoilt = [data[:cut] for cut in (0, 1, len(data) // 2, len(data) - 1)]
    spoilt += [data + b" ", b" " + data, data.replace(b'"step"', b'"Step"', 1), data[:-1] + b',"x":1}', b"[" * 100_000]
    spoilt.append(data + b" " * (MAX_SECTIONS + (1 << 17)))
    for wrong in spoilt:
        with pytest.raises(Malformed):
            decode_sealed(wrong)


def test_a_record_too_large_is_malformed_and_says_what_to_do(nodes: Nodes, de: Node) -> None:
    record, sections = compose_draft(nodes, role="x" * (MAX_SECTIONS + (1 << 17)))
    with pytest.raises((Malformed, Unverified)):
        de.registrar.file(record, put_hand(record_id(record), nodes.world.who("DE", "prosecutor").key), sections)
    assert de.store.size() == 0


@pytest.mark.parametrize(
    "docket", ["", "request", "request:", "REQUEST:2026-aaaa0001", "request:../../etc", "request:" + "a" * 101]
)
def test_a_docket_that_is_none_is_malformed(nodes: Nodes, de: Node, docket: str) -> None:
    record, sections = compose_draft(nodes, docket=docket)
    with pytest.raises(Malformed, match="identifier"):
        de.registrar.file(record, put_hand(record_id(record), nodes.world.who("DE", "prosecutor").key), sections)


def test_an_authority_that_this_node_does_not_serve_is_told_where_to_go(nodes: Nodes, de: Node) -> None:
    who = nodes.world.who("FR", "prosecutor")
    with pytest.raises(NotAuthorised, match="does not serve"):
        nodes.file(de, DOCKET, "request.draft", eio_request(), who)


@pytest.mark.parametrize(
    ("change", "who"),
    [
        ({"role": "judge"}, ("DE", "prosecutor")),  # claims to be a judge
        ({"authority": "de-court"}, ("DE", "prosecutor")),  # claims another office
        ({"party": "FR"}, ("DE", "prosecutor")),  # claims another Party
        ({}, ("FR", "prosecutor")),  # another Party's official puts the hand
        ({"role": "officer"}, ("DE", "judge")),
    ],
)
def test_hand_role_authority_and_party_must_be_those_of_the_credential(
    nodes: Nodes, de: Node, change: dict[str, str], who: tuple[str, str]
) -> None:
    record, sections = compose_draft(nodes, **change)
    with pytest.raises(Unverified):
        de.registrar.file(record, put_hand(record_id(record), nodes.world.who(*who).key), sections)
    assert de.store.size() == 0


def test_a_key_that_nobody_certified_is_no_hand(nodes: Nodes, de: Node) -> None:
    record, sections = compose_draft(nodes)
    with pytest.raises(Unverified, match="certified by no Party file"):
        de.registrar.file(record, put_hand(record_id(record), PrivateKey.from_seed(seed("nobody"))), sections)


def test_without_a_hand_nothing_of_an_official_is_entered(nodes: Nodes, de: Node) -> None:
    record, sections = compose_draft(nodes)
    with pytest.raises(NotAuthorised, match="no hand"):
        de.registrar.file(record, None, sections)


@pytest.mark.parametrize("step", ["request.receipt", "request.overdue", "oversight.attempt"])
def test_steps_of_the_node_itself_cannot_be_filed_by_an_official(nodes: Nodes, de: Node, step: str) -> None:
    body = bodies.Attempt(door="x", what="y", reason="z")
    with pytest.raises(NotAuthorised, match="node itself"):
        nodes.file(de, DOCKET, step, body, nodes.world.who("DE", "prosecutor"))
    with pytest.raises(NotAuthorised, match="node itself"):
        nodes.file(de, "oversight:2026-12-04.de", step, body, nodes.world.who("DE", "judge"))


def test_an_unknown_step_and_a_step_out_of_order_have_no_effect(nodes: Nodes, de: Node) -> None:
    matters.draft(nodes, de)
    who = nodes.world.who("DE", "prosecutor")
    unknown = nodes.file(de, DOCKET, "request.skip_the_judge", eio_request(), who)
    early = nodes.file(de, DOCKET, "request.close", bodies.Closure(outcome="answered"), who)
    grounds = [next(f.ground for f in e.findings if f.verdict != "clear") for e in (unknown, early)]
    assert grounds == ["unknown_step", "wrong_order"]
    assert de.registrar.docket(DOCKET).state == "request.draft"


def republish(world: Nodes, party: str, /, **changes: Any) -> None:
    """Publish a Party file with changes, to all world."""
    file = open_party_file(world.party_files[party], world.world.root(party).public)
    world.party_files[party] = sign_party_file(msgspec.structs.replace(file, **changes), world.world.root(party))
    for other in world.parties:
        (world.folder / other / "parties" / f"{party}.json").write_bytes(world.party_files[party])


def file_of(nodes: Nodes, party: str) -> Any:
    return open_party_file(nodes.party_files[party], nodes.world.root(party).public)


def test_a_revoked_hand_counts_before_its_position_and_not_from_it_on(nodes: Nodes) -> None:
    judge = nodes.world.who("DE", "judge")
    void = Revocation(kid=judge.key.public.kid, origin=origin("DE"), position=2, reason="lost")
    republish(nodes, "DE", revocations=(void,))
    de = nodes.open("DE")
    matters.draft(nodes, de)
    assert matters.authorise(nodes, de).position == 1
    revised = nodes.file(de, DOCKET, "request.revise", eio_request(), nodes.world.who("DE", "prosecutor"))
    assert revised.position == 2
    with pytest.raises(Unverified, match="revoked at position 2"):
        matters.authorise(nodes, de)


@pytest.mark.parametrize("end", ["until_position", "revoked_position"])
def test_a_seal_that_was_rotated_out_or_revoked_seals_nothing_more(nodes: Nodes, end: str) -> None:
    node = file_of(nodes, "DE").nodes[0]
    ended = msgspec.structs.replace(node.seals[0], **{end: 1})
    republish(nodes, "DE", nodes=(msgspec.structs.replace(node, seals=(ended,)),))
    de = nodes.open("DE")
    assert matters.draft(nodes, de).position == 0
    with pytest.raises(Unverified, match="position 1"):
        matters.authorise(nodes, de)
    assert de.store.size() == 1


def certify(nodes: Nodes, who: Who, signer: PrivateKey, start: date, end: date) -> str:
    return issue_credential(
        Credential(
            kid=who.key.public.kid, key=who.key.public.to_text(), holder=who.holder, role=who.role,
            authority=who.authority, party=who.party, valid_from=start, valid_until=end, serial="n1",
        ),
        signer,
    )  # fmt: skip


@pytest.mark.parametrize(("start", "end"), [(0, 0), (1, 9), (-9, -1)])
def test_a_credential_counts_on_its_days_only(nodes: Nodes, start: int, end: int) -> None:
    day = START.date()
    who = replace(nodes.world.who("DE", "officer"), key=PrivateKey.from_seed(seed("new officer")))
    text = certify(nodes, who, nodes.world.root("DE"), day + timedelta(days=start), day + timedelta(days=end))
    republish(nodes, "DE", credentials=(*file_of(nodes, "DE").credentials, text))
    de = nodes.open("DE")
    if start <= 0 <= end:
        assert nodes.file(de, DOCKET, "request.draft", eio_request(), who).effect
    else:
        with pytest.raises(Unverified, match="not in force"):
            nodes.file(de, DOCKET, "request.draft", eio_request(), who)


def test_a_judge_certified_by_the_party_is_no_judge_and_the_party_file_is_refused(nodes: Nodes) -> None:
    made_up = replace(nodes.world.who("DE", "judge"), key=PrivateKey.from_seed(seed("made up")))
    text = certify(nodes, made_up, nodes.world.root("DE"), date(2026, 1, 1), date(2027, 1, 1))
    republish(nodes, "DE", credentials=(*file_of(nodes, "DE").credentials, text))
    with pytest.raises(Unverified):
        nodes.open("DE")


def test_a_prosecutor_cannot_authorise(nodes: Nodes, de: Node) -> None:
    first = matters.draft(nodes, de)
    body = authorisation(de.registrar.docket(DOCKET).by_id[first.id])
    entered = nodes.file(de, DOCKET, "request.authorise", body, nodes.world.who("DE", "prosecutor"))
    assert not entered.effect
    assert entered.findings[-1].ground == "wrong_role"


def test_the_door_is_closed_after_stop_and_says_so(nodes: Nodes, de: Node) -> None:
    registrar = de.registrar
    nodes.shut(de)
    with pytest.raises(Unreachable, match="not at work"):
        registrar.act("oversight:2026-12-04.de", "oversight.attempt", bodies.Attempt(door="a", what="b", reason="c"))
