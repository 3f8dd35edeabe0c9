"""Nodes keep what they saw of each other's logs: anchored in their own, compared, and told to anyone who asks."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
import sqlalchemy as sa
import structlog
from starlette.testclient import TestClient

from comity.docket.logged import Earlier
from comity.errors import NotFound
from comity.node.keeping import peers, tables
from comity.node.node import Node
from comity.proceedings.bodies import PeersSeen
from comity.tlog.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from comity.tlog.contradiction import OTHER_HISTORY, SAME_SIZE, Contradiction
from comity.tlog.cosignature import verifier_for
from comity.tlog.leaf import parse_leaf
from comity.tlog.note import NoteVerifier, Signer
from comity.tlog.proof import TlogProof
from comity.tlog.tiles import encode_entries, encode_tile, parse_tile_path, tile_coordinates
from comity.tlog.tree import Coordinate, Tree, inclusion_proof, leaf_hash
from comity.web.app import create_app
from tests.node import matters
from tests.node.lying_peer import Liar
from tests.node.nodes import Nodes
from tests.world import origin


@pytest.fixture
def both(nodes: Nodes) -> tuple[Node, Node]:
    """DE has sent a request; FR has it."""
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.sent(nodes, de)
    nodes.settle()
    return de, fr


class Fork:
    """Another history of DE's log, signed with the log's key and cosigned by both witnesses, who were bribed."""

    def __init__(self, nodes: Nodes, size: int = 0, leaves: list[bytes] | None = None) -> None:
        self.leaves = leaves or [f"another {n}\n".encode() for n in range(size)]
        tree, new = Tree().append([leaf_hash(leaf) for leaf in self.leaves])
        self.nodes: dict[Coordinate, bytes] = {(level, index): value for level, index, value in new}
        signers = [*nodes.keys["DE"].log_signers, nodes.cosigner("DE"), nodes.cosigner("FR")]
        now = int(nodes.clock().timestamp())
        ready = [s if isinstance(s, Signer) else s.at(now) for s in signers]
        self.note = sign_checkpoint(Checkpoint(origin("DE"), tree.size, tree.root()), ready)

    def checkpoint(self) -> bytes:
        return self.note

    def fetch(self, path: str) -> bytes:
        tile = parse_tile_path(path)
        if tile.level is None:
            return encode_entries(self.leaves[tile.index * 256 :][: tile.width])
        try:
            return encode_tile([self.nodes[place] for place in tile_coordinates(tile)])
        except KeyError as exc:
            raise NotFound(f"There is no {path}.") from exc


def anchors(node: Node) -> list[PeersSeen]:
    found = [node.registrar.docket(d) for d in node.store.dockets("oversight")]
    return [e.body for d in found for e in d.entries if e.effect and isinstance(e.body, PeersSeen)]


def keys(node: Node, party: str) -> list[NoteVerifier]:
    return [verifier_for(log.vkey) for log in node.peers.policies[origin(party)].logs]


def test_the_peers_newest_checkpoint_is_committed_to_the_own_log(both: tuple[Node, Node]) -> None:
    de, fr = both
    assert fr.anchor.look() == 1
    (seen,) = anchors(fr)
    (anchored,) = seen.checkpoints
    newest = de.store.checkpoint()
    assert newest is not None
    assert (anchored.origin, anchored.note.encode()) == (origin("DE"), newest[1])
    (leaf,) = fr.store.leaves(fr.store.size() - 1, fr.store.size())
    assert parse_leaf(leaf).kind == "peer-checkpoint"


def test_a_peer_that_is_gone_is_anchored_as_it_was_last_seen(nodes: Nodes, both: tuple[Node, Node]) -> None:
    """From deliveries alone, and again every hour, also after a restart."""
    de, fr = both
    nodes.shut(de)
    for hour in (1, 2):
        assert fr.anchor.look() == 1
        assert len(anchors(fr)) == hour
        nodes.shut(fr)
        fr = nodes.open("FR")
    assert {c.origin for seen in anchors(fr) for c in seen.checkpoints} == {origin("DE")}


def test_a_node_that_saw_nothing_anchors_nothing(nodes: Nodes) -> None:
    fr = nodes.open("FR")
    assert fr.anchor.look() == 0
    assert fr.store.size() == 0


@pytest.mark.parametrize("larger", [0, 5])
def test_a_fork_shown_to_whoever_asks_is_proved_and_told(nodes: Nodes, both: tuple[Node, Node], larger: int) -> None:
    """All witnesses bribed: the peer that remembers is enough. At one size, and at a larger one by its tree."""
    de, fr = both
    fr.anchor.look()
    newest = de.store.checkpoint()
    assert newest is not None
    fork = Fork(nodes, newest[0] + larger)
    nodes.wire.log_of(de.entry).shown = fork
    fr.anchor.look()
    with TestClient(create_app(fr)) as http:
        (listed,) = http.get("/gossip/conflicts").json()
        proof = Contradiction.parse(http.get(f"/gossip/conflicts/{listed['id']}").content)
    assert proof.kind == (OTHER_HISTORY if larger else SAME_SIZE)
    assert proof.check(keys(fr, "DE")) == origin("DE")
    assert [a.door for a in matters.attempts(fr) if hasattr(a, "door")] == ["gossip"]
    # The fork is not anchored.
    assert {c.note.encode() for seen in anchors(fr) for c in seen.checkpoints} == {newest[1]}


@pytest.mark.parametrize("first", [True, False])
def test_a_giant_that_nobody_can_read_hides_no_fork(nodes: Nodes, both: tuple[Node, Node], first: bool) -> None:
    """A log signs a tree that it does not have, hands it to its peer, and shows another history afterwards."""
    de, fr = both
    newest = de.store.checkpoint()
    assert newest is not None
    if first:  # all that was heard of the log before is forgotten
        nodes.shut(fr)
        (nodes.folder / "FR" / "data" / "gossip.db").unlink()
        fr = nodes.open("FR")
    signer = nodes.keys["DE"].log_signers[0]
    assert isinstance(signer, Signer)
    giant = sign_checkpoint(Checkpoint(origin("DE"), 1 << 40, b"g" * 32), [signer])
    with TestClient(create_app(fr)) as http:
        assert http.post("/gossip", content=giant).json()["said"] == ("new" if first else "unproven")
        fr.anchor.look()
        assert http.get("/gossip/conflicts").json() == []
        nodes.wire.log_of(de.entry).shown = Fork(nodes, newest[0] + 5)
        fr.anchor.look()
        (listed,) = http.get("/gossip/conflicts").json()
    assert (listed["kind"], listed["sizes"]) == (OTHER_HISTORY, [newest[0], newest[0] + 5])


def test_a_delivery_under_a_forked_checkpoint_is_refused_and_the_proof_kept(
    nodes: Nodes, both: tuple[Node, Node]
) -> None:
    """The record's own proof is good in the fork; but FR has seen another tree of that size."""
    de, fr = both
    sent = matters.latest(de, "request.send").id
    item = Liar(nodes, de, fr).item(sent)
    newest = de.store.checkpoint()
    assert newest is not None
    leaf = de.store.leaves(2, 3)[0]
    leaves = [b"another\n", b"history\n", leaf, *de.store.leaves(3, newest[0])]
    fork, begun = Fork(nodes, leaves=leaves), Fork(nodes, 0)
    path = inclusion_proof(2, len(leaves), lambda places: [fork.nodes[place] for place in places])
    logged = msgspec.structs.replace(
        item.logged,
        proof=TlogProof(2, leaf, path, fork.note).encode().decode(),
        earlier=Earlier(note=begun.note.decode()),
    )
    (outcome,) = Liar(nodes, de, fr).deliver(msgspec.structs.replace(item, logged=logged))
    assert not outcome.done
    assert "two different trees" in outcome.problem
    ((_, kept),) = fr.gossip.contradictions()
    assert kept.kind == SAME_SIZE
    assert kept.check(keys(fr, "DE")) == origin("DE")


def seen_growing(nodes: Nodes, de: Node, fr: Node, times: int = 4) -> list[int]:
    """FR sees DE's log at so many more sizes, none next to another."""
    sizes = []
    for n in range(times):
        nodes.clock.forward(minutes=1)
        for which in ("a", "b"):
            matters.draft(nodes, de, f"request:2026-{which}{n:04}")
        de.publisher.publish()
        fr.anchor.look()
        newest = de.store.checkpoint()
        assert newest is not None
        sizes.append(newest[0])
    return sizes


def test_a_fork_of_a_size_long_passed_is_compared_too(nodes: Nodes, both: tuple[Node, Node]) -> None:
    """Somebody was shown another history weeks ago; what was seen since must not stand between it and the proof."""
    de, fr = both
    newest = de.store.checkpoint()
    assert newest is not None
    old = Fork(nodes, newest[0] + 1)
    sizes = seen_growing(nodes, de, fr)
    assert newest[0] < newest[0] + 1 < sizes[0]
    with TestClient(create_app(fr)) as http:
        assert http.post("/gossip", content=old.note).json()["said"] == "unproven"
        fr.anchor.look()
        (listed,) = http.get("/gossip/conflicts").json()
    assert listed["kind"] == OTHER_HISTORY
    assert newest[0] + 1 in listed["sizes"]


def test_what_is_handed_in_is_compared_at_once_but_no_flood_of_it(
    nodes: Nodes, both: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    de, fr = both
    newest = de.store.checkpoint()
    assert newest is not None
    old, second = (Fork(nodes, leaves=[f"{n} {m}\n".encode() for m in range(newest[0] + 1)]) for n in "ab")
    seen_growing(nodes, de, fr)
    looks, compare, passed = list[float](), fr.anchor.compare, threading.Event()

    def counted() -> None:
        looks.append(time.monotonic())
        compare()
        passed.set()

    monkeypatch.setattr(fr.anchor, "compare", counted)
    fr.anchor.start()
    with TestClient(create_app(fr)) as http:
        assert http.post("/gossip", content=old.note).json()["said"] == "unproven"
        assert passed.wait(10)
        assert len(http.get("/gossip/conflicts").json()) == 1
        for _ in range(5):
            assert http.post("/gossip", content=second.note).json()["said"] == "unproven"
        time.sleep(0.05)
        assert len(looks) == 1, "the next look has to wait a minute"


@pytest.mark.parametrize(("first", "size"), [(True, -1), (False, -1), (False, 0)])
def test_a_node_learns_from_whoever_was_shown_it_that_its_own_key_signs_another_history(
    nodes: Nodes, both: tuple[Node, Node], first: bool, size: int
) -> None:
    de, _ = both
    newest = de.store.checkpoint()
    assert newest is not None
    fork = Fork(nodes, newest[0] + size)
    if not first:
        de.anchor.look()
    with TestClient(create_app(de)) as http:
        said = http.post("/gossip", content=fork.note)
        de.anchor.look()
        (listed,) = http.get("/gossip/conflicts").json()
    assert (said.status_code == 409) == (size == 0)
    assert (listed["origin"], sorted(listed["sizes"])) == (origin("DE"), [newest[0] + size, newest[0]])
    assert not [c for seen in anchors(de) for c in seen.checkpoints if c.origin == origin("DE")]


def test_anybody_may_hand_a_checkpoint_in(nodes: Nodes, both: tuple[Node, Node]) -> None:
    de, fr = both
    newest = de.store.checkpoint()
    assert newest is not None
    with TestClient(create_app(fr)) as http:
        assert http.post("/gossip", content=newest[1]).json()["said"] == "unproven"  # the answer waits for nobody
        fr.anchor.look()
        assert http.post("/gossip", content=newest[1]).json()["said"] == "known"
        with structlog.testing.capture_logs() as said:
            answer = http.post("/gossip", content=Fork(nodes, newest[0]).note)
        assert answer.status_code == 409
        assert [(each["event"], each["log_level"]) for each in said] == [("gossip.contradiction", "critical")]
        assert Contradiction.parse(answer.content).checkpoints[0].size == newest[0]
        stranger = newest[1].replace(b"\n", b"/other\n", 1)
        assert http.post("/gossip", content=stranger).status_code == 404


def test_a_note_handed_in_without_its_cosignatures_does_not_weaken_what_was_seen(
    nodes: Nodes, both: tuple[Node, Node]
) -> None:
    """Time comes from the quorum this node checked itself, never from what strangers post."""
    de, fr = both
    before = fr.peers.newest()
    newest = de.store.checkpoint()
    assert newest is not None
    bare = b"".join(x for x in newest[1].splitlines(keepends=True) if b"oversight" not in x)
    with TestClient(create_app(fr)) as http:
        assert http.post("/gossip", content=bare).status_code == 200
    assert fr.peers.newest() == before
    size = read_checkpoint(newest[1]).size
    assert fr.peers.seen_from(origin("DE"), size) == int(nodes.clock().timestamp())


def test_the_newest_checkpoints_of_a_log_are_kept_and_no_more(
    nodes: Nodes, both: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is thrown away first is the smallest tree."""
    de, fr = both
    monkeypatch.setattr(peers, "MOST_KEPT", 2)
    for number in range(4):
        matters.draft(nodes, de, f"request:2026-more{number:04d}")
        de.publisher.publish()
        nodes.clock.forward(seconds=1)
        fr.anchor.look()
    with fr.store.reading() as db:
        sizes = list(db.scalars(sa.select(tables.seen_checkpoints.c.size).order_by(tables.seen_checkpoints.c.size)))
    assert sizes == [de.store.size() - 1, de.store.size()]
    assert fr.peers.seen_from(origin("DE"), 0) is None


def test_many_deliveries_at_once_see_one_log(nodes: Nodes, both: tuple[Node, Node]) -> None:
    """The exchange is served by several threads."""
    de, fr = both
    liar = Liar(nodes, de, fr)
    ids = [e.id for e in de.registrar.docket(matters.DOCKET).entries if e.record.party == "DE"]
    messages = []
    for number in range(8):
        nodes.clock.forward(seconds=1)
        matters.draft(nodes, de, f"request:2026-more{number:04d}")
        de.publisher.publish()
        messages.append(liar.message(*(liar.item(i) for i in ids)))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(fr.inbox.receive, messages))
    assert all(outcome.done for answer in answers for outcome in answer.outcomes)
