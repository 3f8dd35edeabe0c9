"""A life at risk: taken on the log's signature alone, counted in both logs, proved in full in 24 hours or stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from comity.docket.docket import Docket
from comity.docket.logged import Logged
from comity.docket.record import compose, record_id
from comity.docket.sections import Urgency
from comity.errors import ComityError, NotAdmitted, NotFound
from comity.law.book import load_law
from comity.node.auditor.audit import Auditor
from comity.node.auditor.state import AuditState
from comity.node.door.registrar import Entered
from comity.node.log.export import RowsSource
from comity.node.node import Node
from comity.package.check import check_source
from comity.proceedings import bodies
from comity.signing.hand import put_hand
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.contradiction import Contradiction
from comity.tlog.cosignature import verifier_for
from comity.tlog.leaf import parse_leaf
from comity.tlog.note import Signer
from comity.tlog.policy import Policy
from comity.tlog.proof import TlogProof
from comity.tlog.tree import Tree, leaf_hash
from comity.web.packaging import package_file
from tests.audit.shown import ShownLog
from tests.node import matters
from tests.node.lying_peer import Liar
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes
from tests.world import eio_request, origin, recognition

URGENT = eio_request(urgency=Urgency(urgent=True, reason="A child was taken; the ransom is to be paid tonight."))
RISK = "A child was taken and will be killed unless the account is found today."


class Two:
    """DE's witnesses go silent after it has published; a draft stands and a judge has authorised it."""

    def __init__(self, folder: Path) -> None:
        self.nodes = Nodes(folder)
        self.de, self.fr = self.nodes.open("DE"), self.nodes.open("FR")
        self.nodes.settle()
        prosecutor = self.nodes.world.who("DE", "prosecutor")
        assert self.nodes.file(self.de, DOCKET, "request.draft", URGENT, prosecutor).effect
        self.witnesses(up=False)

    def witnesses(self, up: bool) -> None:
        self.nodes.witnesses.down = set() if up else {"de"}

    def emergency(self, risk: str = RISK, node: Node | None = None) -> Entered:
        found = matters.latest(self.de, "request.draft")
        given = self.de.registrar.docket(DOCKET).latest("request.authorise")
        body = bodies.Transmission(
            request=found.id, authorisation=given.id if given else "", emergency=bodies.Emergency(risk=risk)
        )
        who = self.nodes.world.who("DE", "prosecutor")
        return self.nodes.file(node or self.de, DOCKET, "request.send", body, who)

    def tick(self, node: Node) -> None:
        """A tick of the publisher and what the mailbox can do then; without its quorum nothing is published."""
        if self.nodes.witnesses.down:
            with pytest.raises(ComityError, match="quorum"):
                node.publisher.publish()
        else:
            node.publisher.publish()
        for peer in node.mailbox.outbox.nodes_due(int(self.nodes.clock().timestamp())):
            while node.mailbox.deliver(peer):
                pass

    def sent(self) -> Entered:
        matters.authorise(self.nodes, self.de)
        done = self.emergency()
        assert done.effect, done.findings
        self.tick(self.de)
        return done

    @property
    def docket(self) -> Docket:
        return self.fr.registrar.docket(DOCKET)

    def late(self) -> bool:
        """Whether FR's clerk notes the proof as overdue when it looks now."""
        self.fr.clerk.changed([DOCKET])
        self.fr.clerk.look()
        found = [e.body for e in self.docket.all("request.overdue") if e.body.duty == "full proof"]
        assert len(found) <= 1
        return bool(found)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    found = Two(tmp_path)
    yield found
    found.nodes.close()


def kinds(node: Node) -> list[str]:
    return [parse_leaf(leaf).kind for leaf in node.store.leaves(0, node.store.size())]


def test_an_emergency_is_taken_on_the_signature_of_the_log_alone(two: Two) -> None:
    two.sent()
    assert [e.step for e in two.docket.entries] == [
        "request.draft", "request.authorise", "request.send", "request.receipt", "request.unproven",
    ]  # fmt: skip
    assert all(e.effect for e in two.docket.entries)
    assert kinds(two.de).count("emergency") == kinds(two.fr).count("emergency") == 1
    (duty,) = [d for d in two.fr.duties(DOCKET) if d.duty == "full proof"]
    assert duty.party == "FR"
    assert duty.due is not None
    assert (duty.due - duty.since.record.time).total_seconds() == 24 * 3600
    assert matters.attempts(two.fr) == []


def test_the_same_without_the_mark_waits_for_the_quorum(two: Two) -> None:
    matters.authorise(two.nodes, two.de)
    matters.send(two.nodes, two.de)
    two.tick(two.de)
    assert two.docket.entries == ()
    two.witnesses(up=True)
    two.nodes.settle()
    assert two.docket.state == "request.send"
    assert "emergency" not in kinds(two.fr)


def test_the_mark_with_a_quorum_is_counted_and_needs_nothing_more(two: Two) -> None:
    two.witnesses(up=True)
    matters.authorise(two.nodes, two.de)
    two.emergency()
    two.nodes.settle()
    assert [e.step for e in two.docket.entries][-1] == "request.receipt"
    assert kinds(two.de).count("emergency") == kinds(two.fr).count("emergency") == 1
    assert not [d for d in two.fr.duties(DOCKET) if d.duty == "full proof"]


def test_the_full_proof_clears_it(two: Two) -> None:
    done = two.sent()
    two.witnesses(up=True)
    two.nodes.settle()
    (proved,) = two.docket.all("request.proved")
    assert proved.body.record == done.id
    assert not [d for d in two.fr.duties(DOCKET) if d.duty == "full proof"]
    policy = Policy.parse(two.nodes.policy("DE"))
    now = int(two.nodes.clock().timestamp())
    for entry in (e for e in two.docket.entries if e.record.party == "DE"):
        (kept,) = two.fr.store.counterproofs(entry.id)
        note = TlogProof.parse(msgspec.json.decode(kept, type=Logged).proof.encode()).checkpoint_note
        assert policy.check(note, now, 3600).checkpoint.size > 0
    two.nodes.clock.forward(hours=25)
    assert not two.late()
    matters.finish(two.nodes, two.de, two.fr)
    assert two.docket.state == "request.receive"


def test_no_judge_no_emergency(two: Two) -> None:
    """The mark spares the witnesses, never the judge."""
    done = two.emergency()
    assert not done.effect
    assert any(f.safeguard == "judicial_authorisation" and f.verdict == "hold" for f in done.findings)
    two.tick(two.de)
    assert two.docket.entries == ()


@pytest.mark.parametrize("risk", ["", "Urgent."])
def test_a_claim_that_says_nothing_has_no_effect(two: Two, risk: str) -> None:
    matters.authorise(two.nodes, two.de)
    done = two.emergency(risk)
    assert [(f.verdict, f.cleared_by) for f in done.findings if f.verdict != "clear"] == [("hold", "request.send")]


@pytest.mark.parametrize(("seconds", "late"), [(-1, False), (0, False), (1, True)])
def test_the_clock_of_24_hours(two: Two, seconds: int, late: bool) -> None:
    """In time a second before and at the very moment, late a second after."""
    two.sent()
    two.nodes.clock.forward(hours=24, seconds=seconds)
    assert two.late() is late


def acts(two: Two) -> Entered:
    """FR's prosecutor goes on with the matter: acknowledged before, recognised now."""
    judge, prosecutor = two.nodes.world.who("FR", "judge"), two.nodes.world.who("FR", "prosecutor")
    if two.docket.state == "request.send":
        body = bodies.Acknowledgement(reference="FR-7", contact="parquet@villemodele.example")
        assert two.nodes.file(two.fr, DOCKET, "request.acknowledge", body, prosecutor).effect
    return two.nodes.file(two.fr, DOCKET, "request.recognise", recognition(), judge)


def test_meanwhile_the_receiver_may_act(two: Two) -> None:
    two.sent()
    done = acts(two)
    assert done.effect, done.findings


def test_without_its_proof_everything_waits_after_24_hours_and_goes_on_when_it_comes(two: Two) -> None:
    two.sent()
    two.nodes.clock.forward(hours=24, seconds=1)
    assert two.late()
    held = acts(two)
    assert not held.effect
    (finding,) = [f for f in held.findings if f.verdict != "clear"]
    assert (finding.safeguard, finding.verdict, finding.cleared_by) == ("proved_in_time", "hold", "request.proved")
    two.witnesses(up=True)
    two.nodes.settle()
    assert two.docket.latest("request.proved") is not None
    assert "request.overdue" in {e.step for e in two.de.registrar.docket(DOCKET).entries}  # the sender is told
    done = acts(two)
    assert done.effect, done.findings


def test_a_node_may_take_no_emergency(tmp_path: Path) -> None:
    two = Two(tmp_path)
    two.fr.inbox._emergencies = False
    two.sent()
    assert two.docket.entries == ()
    assert any("quorum" in a.reason for a in matters.attempts(two.fr))
    assert two.de.mailbox.outbox.waiting()
    two.witnesses(up=True)
    two.nodes.clock.forward(hours=1)  # the pause between two tries
    two.nodes.settle()
    assert [e.step for e in two.docket.entries][-1] == "request.receipt"
    two.nodes.close()


def test_the_setting_is_the_inbox_s(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    de = nodes.open("DE")
    assert de.settings.accept_emergencies
    assert de.inbox._emergencies
    nodes.close()


def test_what_an_emergency_does_not_build_on_gains_nothing_by_it(two: Two) -> None:
    other = DOCKET + "b"
    matters.draft(two.nodes, two.de, other)
    matters.authorise(two.nodes, two.de)
    sent = two.emergency()
    with pytest.raises(ComityError):
        two.de.publisher.publish()
    under = two.de.last_signed.note(origin("DE"))
    drafted = matters.latest(two.de, "request.draft", docket=other)
    names = [*(e.id for e in two.de.registrar.docket(DOCKET).entries), drafted.id]
    items = [two.de.outgoing.item("record", name, two.fr.entry, under) for name in names]
    outcomes = Liar(two.nodes, two.de, two.fr).deliver(*items)
    assert [o.done for o in outcomes] == [True, True, True, False]
    assert sent.id in two.docket.by_id
    assert two.fr.registrar.docket(other).entries == ()


def test_an_emergency_that_the_log_did_not_sign_carries_nothing_in(two: Two) -> None:
    """The send's proof is of another leaf: neither it nor the draft it builds on is taken."""
    matters.authorise(two.nodes, two.de)
    two.emergency()
    with pytest.raises(ComityError):
        two.de.publisher.publish()
    under = two.de.last_signed.note(origin("DE"))
    own = two.de.registrar.docket(DOCKET).entries
    draft, _, send = [two.de.outgoing.item("record", e.id, two.fr.entry, under) for e in own]
    outcomes = Liar(two.nodes, two.de, two.fr).deliver(draft, msgspec.structs.replace(send, logged=draft.logged))
    assert not any(o.done for o in outcomes)
    assert two.docket.entries == ()


def test_an_old_emergency_is_not_taken_so(two: Two) -> None:
    matters.authorise(two.nodes, two.de)
    two.emergency()
    two.nodes.clock.forward(hours=24, seconds=1)
    two.tick(two.de)
    assert two.docket.entries == ()
    assert any("24 hours old" in a.reason or "quorum" in a.reason for a in matters.attempts(two.fr))


def test_replaying_it_enters_nothing_more(two: Two) -> None:
    two.sent()
    carried = [data for node, data in two.nodes.wire.sent if node == two.fr.entry.id][-1]
    size = two.fr.store.size()
    assert all(o.done for o in two.fr.inbox.receive(carried).outcomes)
    assert two.fr.store.size() == size
    two.nodes.clock.forward(hours=25)
    assert two.late()
    assert not any(o.done for o in two.fr.inbox.receive(carried).outcomes)  # nor does it count as the proof
    assert two.docket.latest("request.proved") is None


def test_the_full_proof_may_come_as_the_record_itself(two: Two) -> None:
    """DE's node was restored to before the answer and sends the whole again."""
    done = two.sent()
    two.witnesses(up=True)
    two.de.publisher.publish()
    liar = Liar(two.nodes, two.de, two.fr)
    (outcome,) = liar.deliver(liar.item(done.id))
    assert outcome.done
    assert [e.body.record for e in two.docket.all("request.proved")] == [done.id]


def test_both_nodes_may_be_killed_before_the_proof(two: Two) -> None:
    two.sent()
    for party, node in (("DE", two.de), ("FR", two.fr)):
        two.nodes.kill(node)
        reopened = two.nodes.open(party)
        two.de, two.fr = (reopened, two.fr) if party == "DE" else (two.de, reopened)
    assert two.docket.latest("request.unproven") is not None
    two.witnesses(up=True)
    two.nodes.settle()
    assert two.docket.latest("request.proved") is not None


def test_a_sealed_emergency_is_turned_away(two: Two) -> None:
    """What is counted in public cannot be sealed."""
    who = two.nodes.world.who("DE", "prosecutor")
    body = bodies.Transmission(request="x", emergency=bodies.Emergency(risk=RISK))
    record, sections = compose(
        docket=DOCKET, step="request.send", answers=tuple(two.de.registrar.docket(DOCKET).heads), party="DE",
        authority=who.authority, role=who.role, at=two.nodes.clock(), body=body, sealed_until=date(2027, 6, 1),
    )  # fmt: skip
    with pytest.raises(NotAdmitted, match="always in the open"):
        two.de.registrar.file(record, put_hand(record_id(record), who.key), sections)


def fork(two: Two) -> ShownLog:
    """DE's insiders rewrite the log without the emergency, of more leaves, and win over its witnesses' quorum."""
    entries = [*two.de.store.leaves(0, 2), *(two.de.store.leaves(0, 1) * 3)]
    shown = ShownLog(entries)
    tree, _ = Tree().append([leaf_hash(each) for each in entries])
    now = int(two.nodes.clock().timestamp())
    signers = [*two.nodes.keys["DE"].log_signers, two.nodes.cosigner("DE"), two.nodes.cosigner("FR")]
    ready = [s if isinstance(s, Signer) else s.at(now) for s in signers]
    shown.note = sign_checkpoint(Checkpoint(origin("DE"), tree.size, tree.root()), ready)
    return shown


def test_a_log_that_drops_the_emergency_convicts_itself(two: Two) -> None:
    """The leaf it signed for never appears in the tree that its witnesses cosigned: two notes, for anyone to check."""
    two.sent()
    two.nodes.wire.log_of(two.de.entry).shown = fork(two)
    two.fr.anchor.look()
    ((identifier, _),) = two.fr.gossip.contradictions()
    proof = Contradiction.parse(two.fr.gossip.contradiction(identifier))
    assert proof.check([verifier_for(v) for v in two.nodes.keys["DE"].log_vkeys]) == origin("DE")
    assert any(a.door == "gossip" and origin("DE") in a.what for a in matters.attempts(two.fr))


def test_the_audit_of_both_logs_counts_it(two: Two) -> None:
    two.sent()
    two.witnesses(up=True)
    two.nodes.settle()
    for party, node in (("DE", two.de), ("FR", two.fr)):
        with AuditState() as state:
            report = Auditor(
                RowsSource(node.store), state, Policy.parse(two.nodes.policy(party)), two.nodes.clock()
            ).run()
        assert report.exit_code == 0
        assert (report.sums.counts["emergency"], report.sums.emergencies_open) == (1, 1)


def test_in_a_sealed_docket_the_emergency_alone_stands_in_the_open(tmp_path: Path) -> None:
    two = Two(tmp_path)
    other, march, who = DOCKET + "b", date(2027, 3, 1), two.nodes.world.who("DE", "prosecutor")
    first = two.nodes.file(two.de, other, "request.draft", URGENT, who, sealed_until=march)
    given = matters.authorise(two.nodes, two.de, other)
    body = bodies.Transmission(request=first.id, authorisation=given.id, emergency=bodies.Emergency(risk=RISK))
    record, sections = compose(
        docket=other, step="request.send", answers=(given.id,), party="DE", authority=who.authority, role=who.role,
        at=two.nodes.clock(), body=body,
    )  # fmt: skip
    done = two.de.registrar.file(record, put_hand(record_id(record), who.key), sections)
    assert done.effect, done.findings
    two.tick(two.de)
    assert kinds(two.fr) == ["sealed", "sealed", "emergency", "sealed", "sealed"]
    two.witnesses(up=True)
    two.nodes.settle()
    assert two.fr.registrar.docket(other).latest("request.proved") is not None
    two.nodes.close()


def test_the_package_verifies_when_the_proof_has_come_and_not_before(two: Two) -> None:
    two.sent()
    with pytest.raises(NotFound, match="has not arrived yet"):
        package_file(two.fr, two.docket, two.nodes.clock())
    two.witnesses(up=True)
    two.nodes.settle()
    with package_file(two.fr, two.docket, two.nodes.clock()) as package:
        verdict = check_source(package, two.nodes.anchors, load_law(), int(two.nodes.clock().timestamp()))
    assert verdict.ok, verdict.problems
    assert verdict.reassessed == verdict.records == 6


def test_an_emergency_does_not_wait_for_the_cadence(tmp_path: Path) -> None:
    """Checkpoints come once an hour here; this one within a second, and the other side has it."""
    two = Two(tmp_path)
    matters.authorise(two.nodes, two.de)
    two.de.publisher.start()
    two.de.mailbox.start()
    begun = time.monotonic()
    two.emergency()
    while "request.unproven" not in (steps := {e.step for e in two.docket.entries}) and time.monotonic() < begun + 60:
        time.sleep(0.05)
    assert "request.unproven" in steps
    assert time.monotonic() - begun < 60  # a busy machine; one second and the delivery on an idle one
    two.nodes.close()


def test_contents_of_the_mark_may_be_withheld_and_both_sides_still_see_it(two: Two) -> None:
    done = two.sent()
    record = two.fr.sealed(done.id).withholding(frozenset({"emergency"})).record
    assert "emergency" in record.sections
