"""A node whose seal was rotated keeps what it sealed before, and its peers take what it seals since."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from comity.docket.directory import PartyFile, open_party_file, sign_party_file
from comity.errors import Unverified
from comity.node.keeping.keys import SEAL
from comity.node.node import Node
from comity.proceedings import bodies
from comity.signing.keys import PrivateKey, save_private
from comity.signing.trust import KeyEntry, KeyHistory
from tests.node.nodes import Nodes
from tests.world import authorisation, eio_request, seed

DOCKET = "request:rotated-1"
NEW = PrivateKey.from_seed(seed("rotated seal DE"))


def rotated(nodes: Nodes, start: int, overlap: int) -> bytes:
    """DE's Party file, one version up, with a second seal that counts from ``start``."""
    file: PartyFile = open_party_file(nodes.party_files["DE"], nodes.world.root("DE").public)
    node, key = file.nodes[0], NEW.public
    made = KeyEntry(kid=key.kid, key=key.to_text(), use="seal", authority=node.id, from_position=start)
    seals = KeyHistory(node.seals).rotate(node.seals[0].kid, made, start + overlap).entries
    node = msgspec.structs.replace(node, seals=seals)
    return sign_party_file(msgspec.structs.replace(file, version=2, nodes=(node,)), nodes.world.root("DE"))


def trust(nodes: Nodes, party: str, file: bytes) -> None:
    (nodes.folder / party / "parties" / "DE.json").write_bytes(file)


def to_authorised(nodes: Nodes, de: Node) -> bodies.Transmission:
    draft = nodes.file(de, DOCKET, "request.draft", eio_request(), nodes.world.who("DE", "prosecutor"))
    body = authorisation(de.registrar.docket(DOCKET).by_id[draft.id])
    allowed = nodes.file(de, DOCKET, "request.authorise", body, nodes.world.who("DE", "judge"))
    return bodies.Transmission(request=draft.id, authorisation=allowed.id)


def test_a_matter_goes_on_under_a_rotated_seal(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    de = nodes.open("DE")
    sending = to_authorised(nodes, de)
    file = rotated(nodes, start=de.log.tree.size, overlap=5)
    nodes.shut(de)
    for party in nodes.parties:
        trust(nodes, party, file)
    (tmp_path / "DE" / "keys" / SEAL).write_bytes(save_private(NEW, None))
    de, fr = nodes.open("DE"), nodes.open("FR")
    try:
        sent = nodes.file(de, DOCKET, "request.send", sending, nodes.world.who("DE", "prosecutor"))
        assert sent.effect, sent.findings
        nodes.settle()
        there = fr.registrar.docket(DOCKET)
        assert [e.step for e in there.entries if e.effect][:3] == ["request.draft", "request.authorise", "request.send"]
    finally:
        nodes.close()


def test_a_node_seals_nothing_after_its_overlap(tmp_path: Path) -> None:
    """The key on disk is still the old one: the next step is said before anything wrong is logged."""
    nodes = Nodes(tmp_path)
    trust(nodes, "DE", rotated(nodes, start=1, overlap=1))
    de = nodes.open("DE")
    try:
        sending = to_authorised(nodes, de)
        with pytest.raises(Unverified, match="rotated out at position 2"):
            nodes.file(de, DOCKET, "request.send", sending, nodes.world.who("DE", "prosecutor"))
    finally:
        nodes.close()
