"""One log after another: a new one each year by itself, keys rotated with overlap, envelopes to an old key."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import date, datetime

import msgspec
import pytest

from comity.docket.node_entry import LogEntry, LogKeyTerm, NodeEntry
from comity.errors import BadLaw, ComityError, Unverified
from comity.node.auditor.audit import Auditor
from comity.node.auditor.keys import missing_events
from comity.node.auditor.state import AuditState
from comity.node.keeping.keys import ENVELOPE, OLD_ENVELOPE, NodeKeys, add_log_signers, replace_secret
from comity.node.log.openings import NodeSource
from comity.node.node import Node
from comity.node.post.delivery import wrap
from comity.signing.envelope import EnvelopeKey
from comity.tlog.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from comity.tlog.key_event import key_changed, key_event_leaf, log_begun
from comity.tlog.leaf import parse_leaf
from comity.tlog.note import Signer, split_note
from comity.tlog.policy import KnownWitness, Policy
from comity.tlog.tree import Tree, consistency_proof, leaf_hash
from comity.tlog.witness import Answer, build_add_checkpoint
from tests.node import matters
from tests.node.changed import publish
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes
from tests.world import origin

NEXT = "de.example/log/2027"
BEFORE = "de.example/log/2026"


def both(nodes: Nodes) -> tuple[Node, Node]:
    return nodes.open("DE"), nodes.open("FR")


def with_next(nodes: Nodes) -> NodeEntry:
    """DE's chain: the first log, one of 2026, one of 2027; published beforehand."""
    logs = [LogEntry(origin=o, vkeys=add_log_signers(nodes.folder / "DE" / "keys", o)) for o in (BEFORE, NEXT)]
    file = publish(nodes, "DE", lambda e: e.with_logs((*e.logs, *logs)))
    return file.nodes[0]


def turned(nodes: Nodes, origin_now: str) -> tuple[Node, Node]:
    de, fr = both(nodes)
    de.log.go_on(origin_now, de.log.tree.size)
    return de, fr


def test_the_node_turns_to_the_years_log_by_itself_and_the_matter_goes_on(nodes: Nodes) -> None:
    entry = with_next(nodes)
    de, fr = turned(nodes, BEFORE)
    matters.sent(nodes, de)
    nodes.settle()
    matters.advance(nodes, de, fr)
    nodes.settle()
    de.turn.tick()
    assert de.log.origin == BEFORE  # it is December
    nodes.clock.now = datetime(2027, 1, 1, 0, 0, 5, tzinfo=nodes.clock.now.tzinfo)
    waiting = matters.draft(nodes, de, DOCKET + "b")
    de.turn.tick()
    assert de.log.origin == NEXT
    former, now = de.log.segments[-2:]
    closing = former.checkpoint()
    assert closing is not None
    assert closing[0] == former.size()  # whole and cosigned
    last = Checkpoint(BEFORE, closing[0], former.root())
    assert read_checkpoint(closing[1]) == last
    assert now.leaves(0, 1) == [key_event_leaf(log_begun(NEXT, entry.logs[2].vkeys, last), now.start)]
    assert de.logged(waiting.id).origin == BEFORE
    matters.finish(nodes, de, fr)
    assert tuple(e.step for e in fr.registrar.docket(DOCKET).entries) == matters.WHOLE
    origins = [de.logged(e.id).origin for e in de.registrar.docket(DOCKET).entries]
    assert set(origins) == {BEFORE, NEXT}
    de.turn.tick()
    assert sum(parse_leaf(leaf).kind == "key-event" for leaf in now.leaves(0, 1000)) == 1  # entered once
    for party in nodes.parties:  # the guard takes it all again, and the node goes on where it was
        nodes.shut(nodes.wire.nodes[f"{party.lower()}-node"])
    de, fr = both(nodes)
    assert de.log.origin == NEXT
    assert [each.origin for each in de.log.segments] == [origin("DE"), BEFORE, NEXT]


def test_what_stands_in_the_old_log_is_delivered_days_later(nodes: Nodes) -> None:
    """The receiver asks for cosignatures of the last hour: so the old log's last checkpoint is cosigned anew."""
    with_next(nodes)
    de, fr = turned(nodes, BEFORE)
    matters.draft(nodes, de)
    matters.authorise(nodes, de)
    de.publisher.publish()
    nodes.clock.now = datetime(2027, 1, 1, tzinfo=nodes.clock.now.tzinfo)
    de.turn.tick()
    nodes.clock.forward(days=3)
    sent = matters.send(nodes, de)
    assert sent.effect
    nodes.settle()
    assert fr.registrar.docket(DOCKET).state == ""  # too old for FR
    de.publisher.before()
    nodes.clock.forward(seconds=5)
    nodes.settle()
    assert fr.registrar.docket(DOCKET).state == "request.send"
    assert de.logged(matters.latest(de, "request.draft").id).origin == BEFORE


def test_an_emergency_does_not_wait_until_an_old_log_is_cosigned_anew(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its witnesses are asked at once, as those of the log written to are; what one hangs on is tried again later."""
    with_next(nodes)
    de, _ = turned(nodes, BEFORE)
    nodes.clock.now = datetime(2027, 1, 1, tzinfo=nodes.clock.now.tzinfo)
    de.turn.tick()
    nodes.clock.forward(days=3)
    before, free = de.log.segments[1].checkpoint(), threading.Event()
    cosign, asked = nodes.witnesses.add_checkpoint, list[str]()

    def hang(witness: KnownWitness, body: bytes) -> Answer:
        asked.append(witness.name)
        if witness.name == "de":
            free.wait(60)
        return cosign(witness, body)

    monkeypatch.setattr(nodes.witnesses, "add_checkpoint", hang)
    de.publisher.hurry()
    begun = time.monotonic()
    de.publisher.before()
    free.set()
    assert time.monotonic() - begun < 5
    assert "fr" in asked
    assert de.log.segments[1].checkpoint() == before


def test_the_key_of_a_past_year_leads_no_witness_on(nodes: Nodes) -> None:
    with_next(nodes)
    de, _ = turned(nodes, BEFORE)
    matters.draft(nodes, de)
    nodes.clock.now = datetime(2027, 1, 1, tzinfo=nodes.clock.now.tzinfo)
    de.turn.tick()
    former = de.log.segments[-2]
    tree, grown = Tree().append([leaf_hash(leaf) for leaf in [*former.leaves(0, 1), b"the thief's\n"]])
    hashes = {(level, index): value for level, index, value in grown}
    signers = [s for s in NodeKeys.load(nodes.folder / "DE" / "keys").log_signers if s.vkey.name == BEFORE]
    note = sign_checkpoint(Checkpoint(BEFORE, 2, tree.root()), [s for s in signers if isinstance(s, Signer)])
    body = build_add_checkpoint(1, consistency_proof(1, 2, lambda places: [hashes[p] for p in places]), note)
    for witness, store in nodes.witnesses.by_name.values():
        answer = witness.add_checkpoint(body, store, int(nodes.clock().timestamp()))
        assert (answer.status, b"grows no more" in answer.body) == (403, True)


def test_without_its_quorum_the_old_log_goes_on_until_it_is_closed(nodes: Nodes) -> None:
    with_next(nodes)
    de, _ = turned(nodes, BEFORE)
    matters.draft(nodes, de)
    nodes.clock.now = datetime(2027, 1, 1, tzinfo=nodes.clock.now.tzinfo)
    nodes.witnesses.down.add("fr")
    with pytest.raises(ComityError):
        de.turn.tick()
    assert de.log.origin == BEFORE
    matters.authorise(nodes, de)  # filing goes on
    nodes.witnesses.down.clear()
    de.turn.tick()
    assert (de.log.origin, de.log.segments[-2].size()) == (NEXT, 2)


def test_while_its_witnesses_do_not_follow_the_next_log_the_old_one_goes_on(nodes: Nodes) -> None:
    with_next(nodes)
    de, _ = turned(nodes, BEFORE)
    matters.draft(nodes, de)
    nodes.clock.now = datetime(2027, 1, 1, tzinfo=nodes.clock.now.tzinfo)
    witness, store = nodes.witnesses.by_name["fr"]
    unaware = {origin: keys for origin, keys in witness.logs.items() if origin != NEXT}
    nodes.witnesses.by_name["fr"] = (replace(witness, logs=unaware), store)
    with pytest.raises(Unverified, match="quorum"):
        de.turn.tick()
    assert de.log.origin == BEFORE
    de.publisher.before()  # as at every tick: it is no reason to stop publishing
    assert de.publisher.publish()
    nodes.witnesses.by_name["fr"] = (witness, store)
    de.turn.tick()
    assert de.log.origin == NEXT


def test_a_log_that_the_party_file_no_longer_names_stops_the_start(nodes: Nodes) -> None:
    with_next(nodes)
    de, fr = turned(nodes, BEFORE)
    matters.draft(nodes, de)
    for node in (de, fr):
        nodes.shut(node)
    publish(nodes, "DE", lambda e: e.with_logs(e.logs[:1]))
    with pytest.raises(BadLaw, match="does not name"):
        nodes.open("DE")


def rotated(nodes: Nodes, start: int) -> tuple[str, ...]:
    made = add_log_signers(nodes.folder / "DE" / "keys", origin("DE"))
    terms = tuple(LogKeyTerm(vkey=v, start=start, since=date(2026, 12, 4)) for v in made)

    def change(entry: NodeEntry) -> NodeEntry:
        log = entry.logs[0]
        return entry.with_logs((msgspec.structs.replace(log, vkeys=(*log.vkeys, *made), terms=terms),))

    publish(nodes, "DE", change)
    return made


def ended(nodes: Nodes, size: int, old: tuple[str, ...]) -> None:
    def change(entry: NodeEntry) -> NodeEntry:
        log = entry.logs[0]
        terms = (*log.terms, *(LogKeyTerm(vkey=v, end=size) for v in old))
        return entry.with_logs((msgspec.structs.replace(log, terms=terms),))

    publish(nodes, "DE", change)


def signing(note: bytes) -> int:
    return sum(line.name == origin("DE") for line in split_note(note)[1])


def test_a_log_key_is_rotated_with_overlap_and_each_counts_at_its_sizes(nodes: Nodes) -> None:
    old = nodes.keys["DE"].log_vkeys
    de, fr = both(nodes)
    matters.sent(nodes, de)
    nodes.settle()
    before = de.logged(matters.latest(de, "request.send").id)
    for node in (de, fr):
        nodes.shut(node)
    new = rotated(nodes, 3)
    de, fr = both(nodes)
    de.turn.tick()
    matters.advance(nodes, de, fr)
    nodes.settle()
    newest = de.log.rows.checkpoint()
    assert newest is not None
    assert signing(newest[1]) == len(old) + len(new)  # both sign
    leaves = de.log.rows.leaves(0, 1000)
    assert all(key_event_leaf(key_changed("log", v, "announced", 3)) in leaves for v in new)
    for node in (de, fr):
        nodes.shut(node)
    size = newest[0]
    ended(nodes, size, old)
    de, fr = both(nodes)
    de.turn.tick()
    matters.finish(nodes, de, fr)
    matters.check_steps(fr)
    newest = de.log.rows.checkpoint()
    assert newest is not None
    assert signing(newest[1]) == len(new)
    leaves = de.log.rows.leaves(0, 1000)
    assert all(key_event_leaf(key_changed("log", v, "ended", size)) in leaves for v in old)
    policy: Policy = fr.inbox._policies[origin("DE")]
    now = int(nodes.clock().timestamp())
    policy.check(before.proof.split("\n\n", 1)[1].encode(), now, None)  # what the old key signed then stands
    signers = [s for s in nodes.keys["DE"].log_signers if isinstance(s, Signer)]
    forged = sign_checkpoint(Checkpoint(origin("DE"), size + 1, b"r" * 32), signers)
    with pytest.raises(Unverified, match="with a key that counts at"):
        policy.check(forged, now, None)


def test_what_was_sealed_to_the_old_envelope_key_opens_during_the_overlap_only(nodes: Nodes) -> None:
    de, fr = both(nodes)
    matters.sent(nodes, de)
    de.publisher.publish()
    late = [de.outgoing.item("record", e.id, fr.entry) for e in de.registrar.docket(DOCKET).entries]
    delivery = wrap(tuple(late), de.entry, fr.entry, "0" * 32, "2026-12-04T16:10:00Z", nodes.keys["DE"].seal)
    keys, new = nodes.folder / "FR" / "keys", EnvelopeKey.generate()
    old = (keys / ENVELOPE).read_bytes()
    nodes.shut(fr)
    replace_secret(keys / OLD_ENVELOPE, old)
    replace_secret(keys / ENVELOPE, new.save(None))
    publish(nodes, "FR", lambda e: msgspec.structs.replace(e, envelopes=(*e.envelopes, new.public.to_text())))
    fr = nodes.open("FR")
    assert all(outcome.done for outcome in fr.inbox.receive(delivery).outcomes)
    nodes.shut(fr)
    (keys / OLD_ENVELOPE).unlink()
    fr = nodes.open("FR")
    with pytest.raises(Unverified, match="which this node does not hold"):
        fr.inbox.receive(delivery)
    entries = fr.registrar.docket(DOCKET).entries
    assert all(e.body is not None for e in entries)  # what it holds lies under its vault key
    assert matters.latest(fr, "request.send").effect


def test_an_auditor_takes_the_new_key_and_asks_for_its_announcement(nodes: Nodes) -> None:
    de, fr = both(nodes)
    matters.draft(nodes, de)
    nodes.settle()
    for node in (de, fr):
        nodes.shut(node)
    old = nodes.keys["DE"].log_vkeys
    rotated(nodes, 1)
    ended(nodes, 1, old)
    de = nodes.open("DE")
    matters.authorise(nodes, de)
    de.publisher.publish()
    directory = nodes.directory()
    policy = directory.bounded(origin("DE"), nodes.anchors.policy(origin("DE")))
    with AuditState() as state:
        report = Auditor(NodeSource(de.log.rows), state, policy, nodes.clock()).run()
        assert report.size == 2
        assert len(missing_events(state, directory, origin("DE"))) == 4  # two announced, two ended
    de.turn.tick()
    de.publisher.publish()
    with AuditState() as state:
        assert Auditor(NodeSource(de.log.rows), state, policy, nodes.clock()).run().exit_code == 0
        assert missing_events(state, directory, origin("DE")) == []
    signers = [s for s in nodes.keys["DE"].log_signers if isinstance(s, Signer)]
    forged = sign_checkpoint(Checkpoint(origin("DE"), 9, b"r" * 32), signers)  # with the key that ended
    with AuditState() as state, pytest.raises(Unverified, match="with a key that counts"):
        Auditor(NodeSource(de.log.rows), state, policy, nodes.clock()).run(forged)
