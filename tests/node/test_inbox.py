"""What a receiver takes: nothing without proof under its own quorum, nothing altered, nothing that is not for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comity.docket.finding import clear
from comity.docket.record import SealedRecord, Section, record_id
from comity.docket.sections import Addressee
from comity.errors import ComityError, Malformed, NotFound, Unverified
from comity.node.post.delivery import MAX_DELIVERY, Item, wrap
from comity.signing.hand import put_hand
from comity.signing.keys import PrivateKey
from comity.signing.seal import seal
from tests.node import matters
from tests.node.lying_peer import Liar
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes
from tests.world import eio_request, seal_payload, seed


class Two:
    """DE has drafted, authorised, sent and published; FR has nothing yet."""

    def __init__(self, folder: Path) -> None:
        self.nodes = Nodes(folder)
        self.de, self.fr = self.nodes.open("DE"), self.nodes.open("FR")
        matters.sent(self.nodes, self.de)
        self.de.publisher.publish()
        self.liar = Liar(self.nodes, self.de, self.fr)

    @property
    def ids(self) -> dict[str, str]:
        return {e.step: e.id for e in self.de.registrar.docket(DOCKET).entries}

    def nothing_entered(self) -> None:
        assert self.fr.store.dockets("request") == []
        assert self.fr.store.size() == len(matters.attempts(self.fr)) >= 1


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    found = Two(tmp_path)
    yield found
    found.nodes.close()


def change_logged(**changes: Any) -> Callable[[Two, Item], Item]:
    def change(_: Two, item: Item) -> Item:
        return msgspec.structs.replace(item, logged=msgspec.structs.replace(item.logged, **changes))

    return change


def change_proof(change: Callable[[str], str]) -> Callable[[Two, Item], Item]:
    return lambda two, item: change_logged(proof=change(item.logged.proof))(two, item)


def change_sealed(change: Callable[[Two, SealedRecord], SealedRecord]) -> Callable[[Two, Item], Item]:
    def made(two: Two, item: Item) -> Item:
        assert item.sealed is not None
        sealed = change(two, item.sealed)
        return msgspec.structs.replace(item, sealed=sealed, record=sealed.id)

    return made


def _logged_of_another(two: Two, item: Item) -> Item:
    return msgspec.structs.replace(item, logged=two.liar.item(two.ids["request.send"]).logged)


def _other_log(two: Two, item: Item) -> Item:
    two.fr.registrar.note_attempt("test", "something", "so that FR has a leaf")
    two.fr.publisher.publish()
    record = two.fr.registrar.docket(two.fr.store.dockets("oversight")[0]).entries[0].id
    return msgspec.structs.replace(item, logged=two.fr.logged(record))


def _without(name: str) -> Callable[[str], str]:
    return lambda proof: "".join(x for x in proof.splitlines(keepends=True) if not x.startswith(f"— {name}"))


def _section(two: Two, sealed: SealedRecord) -> SealedRecord:
    facts = Section(salt=sealed.sections["facts"].salt, value="Other facts")
    return msgspec.structs.replace(sealed, sections={**sealed.sections, "facts": facts})


def _record(two: Two, sealed: SealedRecord) -> SealedRecord:
    """Another record altogether, properly signed, that no log has."""
    record = msgspec.structs.replace(sealed.record, nonce="AAAAAAAAAAAAAAAAAAAAAA")
    hand = put_hand(record_id(record), two.nodes.world.who("DE", "prosecutor").key)
    mark = seal(seal_payload(record, hand), two.nodes.keys["DE"].seal)
    return SealedRecord(record=record, hand=hand, seal=mark, sections=sealed.sections)


def _other_hand(two: Two, sealed: SealedRecord) -> SealedRecord:
    hand = put_hand(sealed.id, two.nodes.world.who("DE", "judge").key)
    return msgspec.structs.replace(sealed, hand=hand, seal=seal(seal_payload(sealed.record, hand), two.liar.key))


def _other_seal(two: Two, sealed: SealedRecord) -> SealedRecord:
    mark = seal(seal_payload(sealed.record, sealed.hand), PrivateKey.from_seed(seed("nobody")))
    return msgspec.structs.replace(sealed, seal=mark)


SPOILT: dict[str, Callable[[Two, Item], Item]] = {
    "no proof": change_logged(proof=""),
    "no leaf in the proof": change_proof(lambda p: "\n".join(x for x in p.split("\n") if not x.startswith("extra"))),
    "proof of another record": _logged_of_another,
    "proof of another log": _other_log,
    "origin changed": change_logged(origin="fr.example/log"),
    "origin unknown": change_logged(origin="nl.example/log"),
    "other index": change_proof(lambda p: p.replace("index 0\n", "index 1\n")),
    "index out of range": change_proof(lambda p: p.replace("index 0\n", "index 99\n")),
    "no signature of the log": change_proof(_without("de.example/log")),
    "one cosignature too few": change_proof(_without("fr-oversight.example/witness")),
    "own witness missing": change_proof(_without("de-oversight.example/witness")),
    "truncated proof": change_proof(lambda p: p[:-30]),
    "salt changed": change_logged(salt="A" * 43),
    "kind changed": change_logged(kind="notification"),
    "findings dropped": change_logged(findings=()),
    "findings altered": change_logged(findings=(clear("made_up", "Nowhere art 1", "All is well."),)),
    "section altered": change_sealed(_section),
    "a record that is in no log": change_sealed(_record),
    "another's hand": change_sealed(_other_hand),
    "a stranger's seal": change_sealed(_other_seal),
    "hand removed": change_sealed(lambda _, s: msgspec.structs.replace(s, hand=None)),
    "another record than named": lambda _, i: msgspec.structs.replace(i, record="sha256:" + "0" * 64),
    "no record at all": lambda _, i: msgspec.structs.replace(i, sealed=None),
    "a proof instead of a record": lambda _, i: msgspec.structs.replace(i, kind="proof", sealed=None),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_item_enters_nothing_and_is_noted_for_oversight(two: Two, how: str) -> None:
    (outcome,) = two.liar.deliver(SPOILT[how](two, two.liar.item(two.ids["request.draft"])))
    assert (outcome.done, outcome.retry) == (False, False), outcome
    assert outcome.problem
    two.nothing_entered()
    assert any(a.door == "exchange" and a.reason in outcome.problem for a in matters.attempts(two.fr))


def test_the_same_item_unspoilt_is_taken(two: Two) -> None:
    (outcome,) = two.liar.deliver(two.liar.item(two.ids["request.draft"]))
    assert outcome.done, outcome
    assert two.fr.registrar.docket(DOCKET).state == "request.draft"
    assert matters.attempts(two.fr) == []


def test_a_stale_checkpoint_proves_nothing_until_it_is_renewed(two: Two) -> None:
    item = two.liar.item(two.ids["request.draft"])
    two.nodes.clock.forward(seconds=3601)
    (outcome,) = two.liar.deliver(item)
    assert not outcome.done
    two.nothing_entered()
    assert two.de.publisher.publish()  # the same tree, cosigned anew
    (outcome,) = two.liar.deliver(two.liar.item(two.ids["request.draft"]))
    assert outcome.done, outcome


def test_a_record_from_the_future_is_not_taken_until_then(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    de, fr = nodes.open("DE"), nodes.open("FR", clock=lambda: nodes.clock() - timedelta(seconds=301))
    first = matters.draft(nodes, de)
    slow, nodes.witnesses.clock = nodes.witnesses.clock, lambda: nodes.clock() - timedelta(seconds=301)
    de.publisher.publish()
    nodes.witnesses.clock = slow
    liar = Liar(nodes, de, fr)
    (outcome,) = liar.deliver(liar.item(first.id))
    assert not outcome.done
    assert fr.store.dockets("request") == []
    nodes.close()


def test_a_log_that_lies_about_the_kind_is_caught(two: Two) -> None:
    """The commitment opens, quorum and inclusion hold; only the public kind is not the step's."""
    nodes, de = two.nodes, two.de
    table = de.bench.proceedings["request"].table
    honest = table["request.revise"]
    try:
        table["request.revise"] = __import__("dataclasses").replace(honest, kind="notification")
        revised = nodes.file(de, DOCKET + "b", "request.draft", eio_request(), nodes.world.who("DE", "prosecutor"))
        revised = nodes.file(de, DOCKET + "b", "request.revise", eio_request(), nodes.world.who("DE", "prosecutor"))
    finally:
        table["request.revise"] = honest
    de.publisher.publish()
    first = de.registrar.docket(DOCKET + "b").entries[0].id
    done, lied = two.liar.deliver(two.liar.item(first), two.liar.item(revised.id))
    assert done.done
    assert not lied.done
    assert "notification" in lied.problem
    assert [e.id for e in two.fr.registrar.docket(DOCKET + "b").entries][:1] == [first]
    assert revised.id not in two.fr.registrar.docket(DOCKET + "b").by_id


def test_a_record_whose_antecedents_are_missing_waits_and_is_no_attempt(two: Two) -> None:
    (outcome,) = two.liar.deliver(two.liar.item(two.ids["request.send"]))
    assert (outcome.done, outcome.retry) == (False, True)
    assert two.fr.store.size() == 0
    outcomes = two.liar.deliver_docket(DOCKET)
    assert all(o.done for o in outcomes)
    assert two.fr.registrar.docket(DOCKET).state == "request.send"


def test_a_replayed_message_enters_nothing_more(two: Two) -> None:
    message = two.liar.message(*(two.liar.item(i) for i in two.ids.values()))
    answers = [two.fr.inbox.receive(message) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert [e.step for e in two.fr.registrar.docket(DOCKET).entries] == list(matters.WHOLE[:4])
    two.nodes.clock.forward(hours=2)
    assert not any(o.done for o in two.fr.inbox.receive(message).outcomes)  # its proofs are stale by now
    assert len(two.fr.registrar.docket(DOCKET).entries) == 4


def test_a_message_for_another_is_turned_away(two: Two) -> None:
    item = two.liar.item(two.ids["request.draft"])
    message = wrap((item,), two.de.entry, two.fr.entry, "m1", "2026-12-04T16:10:00Z", two.liar.key)
    with pytest.raises(Unverified, match="not for"):
        two.de.inbox.receive(message)
    assert len(matters.attempts(two.de)) == 1


def test_messages_that_are_not_to_be_believed_are_noted_once_each_kind(two: Two) -> None:
    item = two.liar.item(two.ids["request.draft"])
    stranger = msgspec.structs.replace(two.de.entry, id="xx-node")
    at = "2026-12-04T16:10:00Z"
    bad = {
        "nobody": wrap((item,), stranger, two.fr.entry, "m1", at, two.liar.key),
        "wrong key": wrap((item,), two.de.entry, two.fr.entry, "m2", at, PrivateKey.from_seed(seed("nobody"))),
        "own name": wrap((item,), two.fr.entry, two.fr.entry, "m3", at, two.liar.key),
        "empty": wrap((), two.de.entry, two.fr.entry, "m4", at, two.liar.key),
        "too many": wrap((item,) * 65, two.de.entry, two.fr.entry, "m5", at, two.liar.key),
        "truncated": two.liar.message(item)[:-1],
        "not JSON": b"\xff\xfe",
        "deep": b"[" * 200_000,
        "unknown field": two.liar.message(item).replace(b'"at":', b'"ab":1,"at":', 1),
        "too large": b" " * (MAX_DELIVERY + 1),
        "surrogate": b'{"at":"\\ud800"}',
    }
    for data in bad.values():
        with pytest.raises((Malformed, Unverified, NotFound)):
            two.fr.inbox.receive(data)
    two.nothing_entered()
    first = two.fr.store.size()
    for _ in range(50):
        with pytest.raises(ComityError):
            two.fr.inbox.receive(bad["not JSON"])
    assert two.fr.store.size() == first  # a flood does not fill the log
    two.nodes.clock.forward(seconds=61)
    with pytest.raises(ComityError):
        two.fr.inbox.receive(bad["nobody"])
    assert max(a.count for a in matters.attempts(two.fr)) >= 50


def test_a_docket_that_the_receiver_is_no_party_to(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, ("DE", "FR", "NL"))
    de, nl = nodes.open("DE"), nodes.open("NL")
    matters.sent(nodes, de)
    de.publisher.publish()
    first = matters.latest(de, "request.draft").id
    with pytest.raises(ComityError, match="no party"):  # the honest node does not even offer it
        Liar(nodes, de, nl).item(first)
    item = Item(kind="record", record=first, sealed=de.sealed(first), logged=de.logged(first))
    (outcome,) = Liar(nodes, de, nl).deliver(item)
    assert not outcome.done
    assert "no party" in outcome.problem
    assert nl.store.dockets("request") == []
    assert len(matters.attempts(nl)) == 1
    nodes.close()


def test_a_third_party_cannot_push_into_a_docket_of_two_others(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, ("DE", "FR", "NL"))
    de, fr, nl = (nodes.open(p) for p in nodes.parties)
    matters.sent(nodes, de)
    nodes.settle()
    who = nodes.world.who("NL", "prosecutor")
    pushed = nodes.file(nl, DOCKET, "request.draft", eio_request(), who)
    nl.publisher.publish()
    liar = Liar(nodes, nl, fr)
    (outcome,) = liar.deliver(liar.item(pushed.id))
    assert not outcome.done
    assert pushed.id not in fr.registrar.docket(DOCKET).by_id
    nodes.close()


def test_a_peer_cannot_act_for_our_authority(two: Two) -> None:
    """DE's node seals a record in the name of a French authority, by the hand of a French official it won over."""
    nodes, fr_prosecutor = two.nodes, two.nodes.world.who("FR", "prosecutor")
    two.liar.deliver_docket(DOCKET)
    known = two.fr.registrar.docket(DOCKET)
    from comity.docket.record import compose
    from comity.proceedings.bodies import Acknowledgement

    record, sections = compose(
        docket=DOCKET, step="request.acknowledge", answers=tuple(known.heads), party="FR",
        authority=fr_prosecutor.authority, role="prosecutor", at=nodes.clock(),
        body=Acknowledgement(reference="1", contact="x"),
    )  # fmt: skip
    hand = put_hand(record_id(record), fr_prosecutor.key)
    sealed = SealedRecord(
        record=record, hand=hand, seal=seal(seal_payload(record, hand), two.liar.key), sections=sections
    )
    logged = two.liar.item(two.ids["request.send"]).logged
    (outcome,) = two.liar.deliver(Item(kind="record", record=sealed.id, sealed=sealed, logged=logged))
    assert not outcome.done
    assert two.fr.registrar.docket(DOCKET).state == "request.send"


def test_our_own_record_sent_back_as_the_peers_is_turned_away(two: Two) -> None:
    two.liar.deliver_docket(DOCKET)
    two.fr.publisher.publish()
    receipt = matters.latest(two.fr, "request.receipt").id
    own = Item(kind="record", record=receipt, sealed=two.fr.sealed(receipt), logged=two.fr.logged(receipt))
    size = two.fr.store.size()
    (outcome,) = two.liar.deliver(own)
    assert not outcome.done
    assert two.fr.store.size() == size + 1  # the attempt


def test_contents_held_back_give_no_effect(two: Two) -> None:
    """A peer that withholds sections that the other side must judge: no docket begins so; later, entered, no effect."""
    draft, authorised = (two.liar.item(two.ids[step]) for step in ("request.draft", "request.authorise"))
    (outcome,) = two.liar.deliver(withheld(draft, "facts"))
    assert not outcome.done
    assert two.fr.store.dockets("request") == []
    first, second = two.liar.deliver(draft, withheld(authorised, "necessity"))
    assert (first.done, second.done) == (True, True)
    entry = two.fr.registrar.docket(DOCKET).by_id[authorised.record]
    assert not entry.effect
    assert any(f.safeguard == "withheld" and f.verdict == "hold" for f in entry.findings)


def withheld(item: Item, section: str) -> Item:
    assert item.sealed is not None
    return msgspec.structs.replace(item, sealed=item.sealed.withholding(frozenset({section})))


def test_a_request_to_an_authority_of_another_party_is_not_ours(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, ("DE", "FR", "NL"))
    de, fr = nodes.open("DE"), nodes.open("FR")
    body = eio_request(addressee=Addressee(party="FR", authority="nl-prosecutor"))
    first = nodes.file(de, DOCKET, "request.draft", body, nodes.world.who("DE", "prosecutor"))
    de.publisher.publish()
    item = Item(kind="record", record=first.id, sealed=de.sealed(first.id), logged=de.logged(first.id))
    (outcome,) = Liar(nodes, de, fr).deliver(item)
    assert not outcome.done
    nodes.close()


def test_a_proof_of_ours_that_lies_about_the_kind_is_not_kept(two: Two) -> None:
    two.nodes.settle()
    record = two.ids["request.send"]
    kept = two.de.store.counterproofs(record)
    assert len(kept) == 1
    back = Liar(two.nodes, two.fr, two.de)
    item = back.item(record, "proof")
    lying = msgspec.structs.replace(item, logged=msgspec.structs.replace(item.logged, kind="notification"))
    (outcome,) = back.deliver(lying)
    assert not outcome.done
    assert two.de.store.counterproofs(record) == kept
