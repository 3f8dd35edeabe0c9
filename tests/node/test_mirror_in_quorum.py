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
from comity.tlog.note import Verifier
from comity.tlog.policy import Policy
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
    home = f"/{sha256(origin('DE').encode()).hexdigest()}/log/"
    with TestClient(mirror_app(mirror, MemoryStore())) as http:
        assert http.get(home + "checkpoint").status_code == 404  # nothing is held yet
        matters.sent(nodes, de)
        de.publisher.publish()
        policy, now = Policy.parse(nodes.policy("DE")), int(nodes.clock().timestamp())
        served = http.get(home + "checkpoint")
        assert policy.check(served.content, now, None).checkpoint.size == 3
        source.gone = True
        assert http.get(home + "checkpoint").content == served.content
        copy = OverHttp(http, home)
        with AuditState() as state:
            assert Auditor(copy, state, policy, nodes.clock()).run().exit_code == 0
        assert http.get(home.replace("/log/", "/checkpoint")).status_code == 404  # as a witness it saw nothing here
        for path in ("../../audit.sqlite", "tile/%2e%2e/checkpoint", "published", "tile/0/001"):
            assert http.get(home + path).status_code == 404
        assert http.get("/" + "0" * 64 + "/log/checkpoint").status_code == 404
