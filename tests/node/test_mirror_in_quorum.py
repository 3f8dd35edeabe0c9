"""A mirror in the quorum: nothing is published that it does not hold, and it can fetch what it is asked to cosign."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from comity.errors import ComityError, NotFound, Unreachable
from comity.node.auditor.audit import Auditor
from comity.node.auditor.state import AuditState
from comity.node.node import Node
from comity.node.witness.mirror import Mirror
from comity.tlog.checkpoint import Checkpoint
from comity.tlog.note import Signer, Verifier, sign_note, split_note
from comity.tlog.policy import Policy
from comity.tlog.witness import build_add_checkpoint
from comity.web.app import create_app
from comity.web.mirror import mirror_app
from tests.node import matters
from tests.node.nodes import MemoryStore, Nodes
from tests.world import origin


class OverHttp:
    """The node's log as its HTTP application serves it. ``withheld``: it answers 404 to tiles and bundles."""

    def __init__(self, http: TestClient, at: str = "/log/") -> None:
        self.http, self.at, self.withheld, self.gone = http, at, False, False

    def checkpoint(self) -> bytes:
        return self.fetch("checkpoint")

    def fetch(self, path: str) -> bytes:
        if self.gone:
            raise Unreachable("The node is gone.", "")
        answer = self.http.get(self.at + path)
        if answer.status_code != 200 or (self.withheld and path != "checkpoint"):
            raise NotFound(f"{path} is not there.", "")
        return answer.content


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[tuple[Nodes, Node, OverHttp, Mirror]]:
    """DE's oversight body mirrors DE's log; both oversight bodies are the quorum."""
    nodes = Nodes(tmp_path)
    de = nodes.open("DE")
    with TestClient(create_app(de)) as http:
        source = OverHttp(http)
        logs = {origin("DE"): [Verifier.parse(nodes.keys["DE"].log_vkeys[0])]}
        mirror = Mirror(
            cosigners=(nodes.cosigner("DE"),), logs=logs, sources={origin("DE"): source}, folder=tmp_path / "mirror"
        )
        nodes.witnesses.by_name["de"] = (mirror, MemoryStore())
        yield nodes, de, source, mirror
    nodes.close()


def test_what_is_published_is_held_by_the_mirror(mirrored: tuple[Nodes, Node, OverHttp, Mirror]) -> None:
    nodes, de, _, mirror = mirrored
    for act in (matters.draft, matters.authorise, matters.send):
        act(nodes, de)
        assert de.publisher.publish()
    held = mirror.held(origin("DE"))
    assert held.fetch("tile/entries/000.p/3") == b"".join(
        len(leaf).to_bytes(2, "big") + leaf for leaf in de.store.leaves(0, 3)
    )


def test_a_leaf_that_is_withheld_cannot_be_published(mirrored: tuple[Nodes, Node, OverHttp, Mirror]) -> None:
    nodes, de, source, _ = mirrored
    matters.draft(nodes, de)
    assert de.publisher.publish()
    source.withheld = True
    matters.authorise(nodes, de)
    with pytest.raises(ComityError, match="quorum"):
        de.publisher.publish()
    newest = de.store.checkpoint()
    assert newest is not None
    assert newest[0] == 1
    source.withheld = False
    assert de.publisher.publish()


def test_what_is_not_signed_yet_is_not_served(mirrored: tuple[Nodes, Node, OverHttp, Mirror]) -> None:
    nodes, de, source, _ = mirrored
    matters.draft(nodes, de)
    with pytest.raises(NotFound):
        source.fetch("tile/entries/000.p/1")
    de.publisher.publish()
    assert source.fetch("tile/entries/000.p/1")


def test_what_the_mirror_serves_is_as_good_as_the_node(mirrored: tuple[Nodes, Node, OverHttp, Mirror]) -> None:
    """With the quorum's cosignatures, which the log had not yet when it asked; also when the node is gone."""
    nodes, de, source, mirror = mirrored
    home = f"/{sha256(origin('DE').encode()).hexdigest()}/"
    with TestClient(mirror_app(mirror, nodes.witnesses.by_name["de"][1])) as http:
        assert http.get(home + "checkpoint").status_code == 404  # nothing is held yet
        matters.sent(nodes, de)
        de.publisher.publish()
        policy, now = Policy.parse(nodes.policy("DE")), int(nodes.clock().timestamp())
        served = http.get(home + "checkpoint")
        assert policy.check(served.content, now, None).checkpoint.size == 3
        source.gone = True
        assert http.get(home + "checkpoint").content == served.content
        assert mirror.held(origin("DE")).checkpoint() == served.content  # the folder alone is as good
        copy = OverHttp(http, home)
        with AuditState() as state:
            assert Auditor(copy, state, policy, nodes.clock()).run().exit_code == 0
        for path in ("../../audit.sqlite", "tile/%2e%2e/checkpoint", "log/checkpoint", "published", "tile/0/001"):
            assert http.get(home + path).status_code == 404
        assert http.get("/" + "0" * 64 + "/checkpoint").status_code == 404


def test_a_tree_cosigned_anew_keeps_its_quorum_when_the_node_goes(
    mirrored: tuple[Nodes, Node, OverHttp, Mirror],
) -> None:
    nodes, de, source, mirror = mirrored
    home = f"/{sha256(origin('DE').encode()).hexdigest()}/checkpoint"
    policy = Policy.parse(nodes.policy("DE"))
    with TestClient(mirror_app(mirror, nodes.witnesses.by_name["de"][1])) as http:
        matters.sent(nodes, de)
        de.publisher.publish()
        before = http.get(home).content
        nodes.clock.forward(minutes=50)
        de.publisher.publish()
        source.gone = True
        now = int(nodes.clock().timestamp())
        after = http.get(home).content
        assert set(split_note(before)[1]) < set(split_note(after)[1])  # and the mirror's new line
        assert policy.check(after, now, None).checkpoint.size == 3


def test_a_mirror_answers_as_a_witness_before_it_fetches(mirrored: tuple[Nodes, Node, OverHttp, Mirror]) -> None:
    """What the protocol refuses is refused in its words (403, 409, 422), and nothing is read for it."""
    nodes, de, source, mirror = mirrored
    matters.sent(nodes, de)
    de.publisher.publish()
    _, store = nodes.witnesses.by_name["de"]
    seen, now = store.get(origin("DE")), int(nodes.clock().timestamp())
    assert seen is not None
    stranger = Signer.from_seed(origin("DE"), b"x" * 32)
    text = Checkpoint(origin("DE"), 4, b"r" * 32).encode()
    first = nodes.keys["DE"].log_signers[0]
    assert isinstance(first, Signer)
    foreign = sign_note(text, [stranger])
    own = sign_note(text, [first])
    source.gone = True

    def status(old: int, note: bytes, proof: tuple[bytes, ...] = ()) -> int:
        return mirror.add_checkpoint(build_add_checkpoint(old, proof, note), store, now).status

    assert status(3, foreign) == 403
    assert status(0, own) == 409
    assert status(3, own, (b"h" * 32,)) == 422
    assert status(3, seen.note) == 503  # all in order, but this cannot be held while the node is gone
