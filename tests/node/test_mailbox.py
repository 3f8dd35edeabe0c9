"""Delivery: at least once, in order, with growing pauses; one bad peer costs only its own deliveries."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.node.post.mailbox import LONGEST_PAUSE
from comity.node.post.outbox import Outbox
from comity.proceedings import bodies
from tests.node import matters
from tests.node.lying_peer import WAYS, LyingWire, Way
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes
from tests.world import eio_request


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    found = Nodes(tmp_path)
    found.wire = LyingWire()
    yield found
    found.close()


def wire(nodes: Nodes) -> LyingWire:
    assert isinstance(nodes.wire, LyingWire)
    return nodes.wire


def keep_trying(nodes: Nodes) -> None:
    """Let pauses pass and deliver, until nothing waits."""
    for _ in range(30):
        nodes.settle()
        if not any(n.mailbox.outbox.waiting() for n in nodes.wire.nodes.values()):
            return
        nodes.clock.forward(seconds=2)


@pytest.mark.parametrize("way", WAYS)
def test_a_matter_goes_through_however_the_first_deliveries_are_spoilt(nodes: Nodes, way: Way) -> None:
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.sent(nodes, de)
    wire(nodes).lie(way, 3)
    keep_trying(nodes)
    wire(nodes).release()
    for _ in range(20):
        wire(nodes).lie(way, 1)
        keep_trying(nodes)
        if not matters.advance(nodes, de, fr):
            break
    wire(nodes).lie("honest")
    keep_trying(nodes)
    wire(nodes).release()
    keep_trying(nodes)
    for node in (de, fr):
        entries = node.registrar.docket(DOCKET).entries
        assert tuple(e.step for e in entries) == matters.WHOLE
        assert node.mailbox.outbox.waiting() == []
        assert len(entries) + len(matters.attempts(node)) == node.store.size()


def test_nothing_goes_before_a_published_checkpoint_covers_it_and_then_in_order(nodes: Nodes) -> None:
    de = nodes.open("DE")
    matters.sent(nodes, de)
    outbox = de.mailbox.outbox
    assert outbox.claim("fr-node", 0, 0, 64) == []
    assert [c.position for c in outbox.claim("fr-node", 2, 0, 64)] == [0, 1]
    assert [c.position for c in outbox.claim("fr-node", 3, 0, 64)] == [2]  # the others are leased


def test_a_lease_holds_until_it_lapses_and_a_restart_voids_it(nodes: Nodes) -> None:
    de = nodes.open("DE")
    matters.sent(nodes, de)
    outbox = Outbox(de.store, 60)
    assert len(outbox.claim("fr-node", 3, 1000, 64)) == 3
    assert outbox.claim("fr-node", 3, 1059, 64) == []
    assert len(outbox.claim("fr-node", 3, 1060, 64)) == 3  # the sender died: somebody else takes it up
    outbox.release()
    assert len(outbox.claim("fr-node", 3, 1060, 64)) == 3


def test_pauses_grow_to_an_hour_and_nothing_is_dropped(nodes: Nodes) -> None:
    de = nodes.open("DE")
    matters.sent(nodes, de)
    de.mailbox._retry = 5.0
    de.publisher.publish()
    pauses = []
    for _ in range(14):
        assert not de.mailbox.deliver("fr-node")
        waiting = de.mailbox.outbox.waiting()
        assert len(waiting) == 3
        now = int(nodes.clock().timestamp())
        pauses.append(int(str(waiting[0]["next_at"])) - now)
        assert "not running" in str(waiting[0]["problem"])
        assert not de.mailbox.outbox.nodes_due(now + pauses[-1] - 1)
        nodes.clock.forward(seconds=pauses[-1])
    assert pauses[:4] == [5, 10, 20, 40]
    assert max(pauses) == pauses[-1] == LONGEST_PAUSE
    fr = nodes.open("FR")
    keep_trying(nodes)
    assert fr.registrar.docket(DOCKET).state == "request.send"


def test_a_slow_peer_does_not_keep_another_waiting(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path, ("DE", "FR", "NL"))
    de, fr, nl = (nodes.open(p) for p in nodes.parties)
    gate, honest = threading.Event(), nodes.wire.post

    def post(node: object, data: bytes) -> bytes:
        if getattr(node, "id", "") == "fr-node":
            gate.wait(20)
        return honest(node, data)  # type: ignore[arg-type]

    nodes.wire.post = post  # type: ignore[method-assign, assignment]
    matters.sent(nodes, de)
    to_nl = eio_request(addressee={"party": "NL", "authority": "nl-prosecutor"}, language="nl")
    import msgspec

    to_nl = msgspec.convert(msgspec.to_builtins(to_nl), type(to_nl))
    second = "request:2026-nl000001"
    nodes.file(de, second, "request.draft", to_nl, nodes.world.who("DE", "prosecutor"))
    assert matters.authorise(nodes, de, second).effect
    assert matters.send(nodes, de, second).effect
    arrived = threading.Event()
    nl.registrar.entered = lambda _: arrived.set()
    de.publisher.publish()
    de.mailbox.start()
    try:
        assert arrived.wait(10)
        assert fr.store.size() == 0
    finally:
        gate.set()
        nodes.close()


def test_a_message_too_large_for_one_is_sent_in_several(nodes: Nodes) -> None:
    de, fr = nodes.open("DE"), nodes.open("FR")
    who = nodes.world.who("DE", "prosecutor")
    matters.sent(nodes, de)
    for n in range(5):
        long = bodies.Consultation(subject=f"Part {n}", text="x" * 3_000_000)
        assert nodes.file(de, DOCKET, "request.consult", long, who).effect
    nodes.settle()
    assert de.mailbox.outbox.waiting() == []
    assert len([e for e in fr.registrar.docket(DOCKET).entries if e.step == "request.consult"]) == 5


def test_a_row_written_into_the_outbox_discloses_nothing(tmp_path: Path) -> None:
    from comity.node.keeping.tables import outbox

    nodes = Nodes(tmp_path, ("DE", "FR", "NL"))
    de, nl = nodes.open("DE"), nodes.open("NL")
    matters.sent(nodes, de)
    first = matters.latest(de, "request.draft").id
    with de.store.writing() as db:
        db.execute(outbox.insert(), {"node": "nl-node", "kind": "record", "record": first, "position": 0})
    de.publisher.publish()
    assert not de.mailbox.deliver("nl-node")
    assert not [to for to, _ in nodes.wire.sent if to == "nl-node"]
    assert nl.store.size() == 0
    nodes.close()


@pytest.mark.parametrize("way", ["drop", "truncate", "flip"])
def test_an_exhibit_is_fetched_until_it_is_the_one_that_was_produced(nodes: Nodes, way: Way) -> None:
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.sent(nodes, de)
    while not matters.has(fr.registrar.docket(DOCKET), "request.produce"):
        nodes.settle()
        matters.advance(nodes, de, fr)
    fr.publisher.publish()
    fr.mailbox.deliver("de-node")
    wire(nodes).lie(way, 1)
    assert not de.mailbox.deliver("fr-node")
    row = de.store.exhibit(matters.latest(de, "request.produce").body.exhibits[0].digest)
    assert row is not None
    assert not row["present"]
    keep_trying(nodes)
    matters.finish(nodes, de, fr)
    matters.check_whole(de)
