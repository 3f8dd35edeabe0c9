"""The receiver's acceptance rule: between two checkpoints, in both logs, and no date that the witnesses disprove."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from comity.docket.logged import Earlier
from comity.docket.record import SealedRecord, compose, record_id
from comity.node.node import Node
from comity.node.post.delivery import Item, Outcome
from comity.signing.hand import put_hand
from comity.signing.seal import seal
from comity.tlog.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from comity.tlog.encoding import encode_base64
from comity.tlog.note import Signer
from comity.tlog.tree import Tree, leaf_hash
from tests.node import matters
from tests.node.insider import enter_by_hand
from tests.node.lying_peer import Liar
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes
from tests.world import origin, recognition, seal_payload


class Two:
    """DE has drafted, published, then authorised and published again; FR has nothing yet."""

    def __init__(self, folder: Path) -> None:
        self.nodes = Nodes(folder)
        self.de, self.fr = self.nodes.open("DE"), self.nodes.open("FR")
        self.liar = Liar(self.nodes, self.de, self.fr)
        for act in (matters.draft, matters.authorise):
            act(self.nodes, self.de)
            self.de.publisher.publish()

    def item(self, step: str) -> Item:
        return self.liar.item(matters.latest(self.de, step).id)

    def earlier(self, item: Item) -> Earlier:
        assert item.logged.earlier is not None
        return item.logged.earlier

    def with_earlier(self, step: str, earlier: Earlier | None) -> Item:
        item = self.item(step)
        return msgspec.structs.replace(item, logged=msgspec.structs.replace(item.logged, earlier=earlier))

    def cosigned(self, tree: Tree, *, log: str = "DE", witnesses: tuple[str, ...] = ("DE", "FR")) -> str:
        """What the log's own key and these witnesses sign for whoever has their keys."""
        signers = [*self.nodes.keys[log].log_signers, *(self.nodes.cosigner(w) for w in witnesses)]
        now = int(self.nodes.clock().timestamp())
        ready = [s if isinstance(s, Signer) else s.at(now) for s in signers]
        return sign_checkpoint(Checkpoint(origin(log), tree.size, tree.root()), ready).decode()

    def newest(self, party: str) -> bytes:
        node = {"DE": self.de, "FR": self.fr}[party]
        node.publisher.publish()
        newest = node.store.checkpoint()
        assert newest is not None
        return newest[1]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    found = Two(tmp_path)
    yield found
    found.nodes.close()


def _refused(two: Two, outcome: Outcome, why: str) -> None:
    assert (outcome.done, outcome.retry) == (False, False), outcome
    assert why in outcome.problem
    assert two.fr.store.dockets("request") == []
    assert [a.door for a in matters.attempts(two.fr)] == ["exchange"]


def test_every_delivered_proof_shows_the_log_without_the_record(two: Two) -> None:
    """The first leaf after the empty log, the second after the first: as tight as what was published."""
    items = [two.item("request.draft"), two.item("request.authorise")]
    assert [read_checkpoint(two.earlier(item).note.encode()).size for item in items] == [0, 1]
    assert all(o.done for o in two.liar.deliver(*items))


def _none(_: Two, __: Earlier) -> None:
    return None


def _too_large(two: Two, _: Earlier) -> Earlier:
    return Earlier(note=two.newest("DE").decode())


def _of_another_log(two: Two, _: Earlier) -> Earlier:
    return Earlier(note=two.newest("FR").decode())


def _of_another_history(two: Two, earlier: Earlier) -> Earlier:
    forged, _ = Tree().append([leaf_hash(b"another first leaf")])
    return Earlier(note=two.cosigned(forged), consistency=earlier.consistency)


def _other_hashes(_: Two, earlier: Earlier) -> Earlier:
    return msgspec.structs.replace(earlier, consistency=(encode_base64(b"x" * 32),) * len(earlier.consistency))


def _one_witness(two: Two, earlier: Earlier) -> Earlier:
    tree, _ = Tree().append([leaf_hash(two.de.store.leaves(0, 1)[0])])
    return msgspec.structs.replace(earlier, note=two.cosigned(tree, witnesses=("DE",)))


SPOILT: dict[str, tuple[Callable[[Two, Earlier], Earlier | None], str]] = {
    "none at all": (_none, "could be backdated"),
    "large enough to hold the leaf": (_too_large, "could hold the one"),
    "of another log": (_of_another_log, "earlier checkpoint is of"),
    "of another history": (_of_another_history, "does not extend"),
    "other hashes": (_other_hashes, "does not extend"),
    "too many hashes": (lambda _, e: msgspec.structs.replace(e, consistency=e.consistency * 70), "more than"),
    "not base64": (lambda _, e: msgspec.structs.replace(e, consistency=("?",)), "base64"),
    "without the quorum": (_one_witness, "quorum"),
    "no checkpoint": (lambda _, e: msgspec.structs.replace(e, note="hello\n"), ""),
}


@pytest.mark.parametrize("how", SPOILT)
def test_an_earlier_checkpoint_that_proves_nothing_is_refused(two: Two, how: str) -> None:
    change, why = SPOILT[how]
    spoilt = two.with_earlier("request.authorise", change(two, two.earlier(two.item("request.authorise"))))
    (outcome,) = two.liar.deliver(spoilt)
    _refused(two, outcome, why)


@pytest.fixture
def backdated(two: Two) -> Item:
    """DE's node, its clock turned back by two hours, enters an act; the witnesses' clocks are right."""
    two.nodes.clock.forward(hours=2)
    two.de.publisher._published_at = 0.0
    assert two.de.publisher.publish()  # the log as it stands, cosigned now
    two.nodes.clock.forward(hours=-2)
    matters.send(two.nodes, two.de)
    two.nodes.clock.forward(hours=2)
    two.de.publisher.publish()
    return two.item("request.send")


def test_a_backdated_act_is_refused_by_the_checkpoint_before_it(two: Two, backdated: Item) -> None:
    (outcome,) = two.liar.deliver(backdated)
    _refused(two, outcome, "backdated")


def test_what_was_seen_of_a_log_binds_it(two: Two) -> None:
    """As above, and DE shows its empty log as the earlier checkpoint; but FR saw two leaves at the later hour."""
    two.nodes.clock.forward(hours=2)
    assert two.de.publisher.publish()
    assert all(o.done for o in two.liar.deliver(two.item("request.draft"), two.item("request.authorise")))
    two.nodes.clock.forward(hours=-2)
    matters.send(two.nodes, two.de)
    two.nodes.clock.forward(hours=2)
    two.de.publisher.publish()
    begun = two.de.store.checkpoint(at_most=0)
    assert begun is not None
    weak = two.with_earlier("request.send", Earlier(note=begun[1].decode()))
    (outcome,) = two.liar.deliver(weak)
    assert not outcome.done
    assert "backdated" in outcome.problem
    assert two.fr.registrar.docket(DOCKET).state == "request.authorise"


def test_an_act_dated_ahead_of_its_witnesses_is_refused(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    de, fr = nodes.open("DE"), nodes.open("FR")
    nodes.clock.forward(seconds=400)
    first = matters.draft(nodes, de)
    nodes.witnesses.clock = lambda: nodes.clock() - timedelta(seconds=400)
    de.publisher.publish()
    liar = Liar(nodes, de, fr)
    (outcome,) = liar.deliver(liar.item(first.id))
    assert not outcome.done
    assert "after that at which witnesses saw it" in outcome.problem
    nodes.close()


# --- the counterpart's leaf ------------------------------------------------------------------------------------------


def _answered(two: Two) -> tuple[Node, Liar]:
    """FR has the request, has acknowledged and recognised it; DE has heard nothing yet."""
    matters.send(two.nodes, two.de)
    two.de.publisher.publish()
    two.liar.deliver_docket(DOCKET)
    for _ in range(2):
        two.fr.publisher.publish()
        matters.advance(two.nodes, two.de, two.fr)
    two.fr.publisher.publish()
    return two.fr, Liar(two.nodes, two.fr, two.de)


def test_a_decision_waits_until_the_other_log_is_proved_to_hold_the_request(two: Two) -> None:
    fr, back = _answered(two)
    own = [e for e in fr.registrar.docket(DOCKET).entries if e.record.party == "FR"]
    assert [e.step for e in own] == ["request.receipt", "request.acknowledge", "request.recognise"]
    *before, decision = back.deliver(*(back.item(e.id) for e in own))
    assert all(o.done for o in before)
    assert (decision.done, decision.retry) == (False, True)
    assert "has not proved" in decision.problem
    sent = matters.latest(two.de, "request.send").id
    proof, decision = back.deliver(back.item(sent, "proof"), back.item(own[-1].id))
    assert proof.done
    assert decision.done
    assert two.de.registrar.docket(DOCKET).state == "request.recognise"


def test_an_answer_to_a_request_that_was_never_sent_is_turned_away(two: Two) -> None:
    """FR's insiders enter a recognition that builds on the draft alone, in their own log, past their registrar."""
    matters.send(two.nodes, two.de)
    two.nodes.settle()
    judge, draft = two.nodes.world.who("FR", "judge"), matters.latest(two.fr, "request.draft").id
    record, sections = compose(
        docket=DOCKET, step="request.recognise", answers=(draft,), party="FR", authority=judge.authority, role="judge",
        at=two.nodes.clock(), body=recognition(),
    )  # fmt: skip
    hand = put_hand(record_id(record), judge.key)
    mark = seal(seal_payload(record, hand), two.nodes.keys["FR"].seal)
    sealed = SealedRecord(record=record, hand=hand, seal=mark, sections=sections)
    enter_by_hand(two.fr.store, two.fr.log, (sealed, "fr-node"), two.fr.vault)
    two.fr.publisher.publish()
    item = Item(kind="record", record=sealed.id, sealed=sealed, logged=two.fr.logged(sealed.id))
    (outcome,) = Liar(two.nodes, two.fr, two.de).deliver(item)
    assert (outcome.done, outcome.retry) == (False, False)
    assert "answers no request that was sent" in outcome.problem
    assert sealed.id not in two.de.registrar.docket(DOCKET).by_id
    assert len(matters.attempts(two.de)) == 1
