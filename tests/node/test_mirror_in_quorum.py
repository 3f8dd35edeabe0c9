"""A mirror in the quorum: nothing is published that it does not hold, and it can fetch what it is asked to cosign."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from comity.errors import ComityError, NotFound
from comity.node.node import Node
from comity.node.witness.mirror import Mirror
from comity.tlog.note import Verifier
from comity.web.app import create_app
from tests.node import matters
from tests.node.nodes import MemoryStore, Nodes
from tests.world import origin


class OverHttp:
    """The node's log as its HTTP application serves it. ``withheld``: it answers 404 to tiles and bundles."""

    def __init__(self, http: TestClient) -> None:
        self.http, self.withheld = http, False

    def checkpoint(self) -> bytes:
        return self.fetch("checkpoint")

    def fetch(self, path: str) -> bytes:
        answer = self.http.get(f"/log/{path}")
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
