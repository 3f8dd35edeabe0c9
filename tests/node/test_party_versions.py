"""A Party file that was accepted is never replaced by an older one, nor by another of the same version."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from comity.docket.directory import Revocation, open_party_file, sign_party_file
from comity.errors import Conflict, Unreachable, Unverified
from comity.node.party_versions import FILE, accept_versions
from comity.package.anchors import Anchors, write_anchors
from tests.node.nodes import Nodes
from tests.world import origin


def published(nodes: Nodes, version: int, position: int = 0) -> bytes:
    """DE's file of another version, in which its judge's key is revoked."""
    kid = nodes.world.who("DE", "judge").key.public.kid
    file = open_party_file(nodes.party_files["DE"], nodes.world.root("DE").public)
    revoked = (Revocation(kid=kid, origin=origin("DE"), position=position),)
    return sign_party_file(msgspec.structs.replace(file, version=version, revocations=revoked), nodes.world.root("DE"))


def test_an_older_file_does_not_bring_a_revoked_judge_back(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    place = tmp_path / "FR" / "parties" / "DE.json"
    older = place.read_bytes()
    nodes.shut(nodes.open("FR"))
    place.write_bytes(published(nodes, 2))
    nodes.shut(nodes.open("FR"))
    for wrong, says in ((older, "version 2 was accepted"), (published(nodes, 2, position=9), "other content")):
        place.write_bytes(wrong)
        with pytest.raises(Conflict, match=says) as refused:
            nodes.open("FR")
        assert refused.value.next_step
    for right in (published(nodes, 2), published(nodes, 4, position=9)):
        place.write_bytes(right)
        nodes.shut(nodes.open("FR"))


def test_a_node_that_forgot_is_held_by_its_anchors(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    bound = Anchors(nodes.anchors.parties, nodes.anchors.policies, {"DE": 2})
    (tmp_path / "FR" / "anchors.toml").write_text(write_anchors(bound))
    with pytest.raises(Unverified, match="the anchors ask for 2"):
        nodes.open("FR")
    (tmp_path / "FR" / "parties" / "DE.json").write_bytes(published(nodes, 2))
    nodes.shut(nodes.open("FR"))


def test_one_refused_file_keeps_the_others_versions_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / FILE
    accept_versions(path, {"DE": (2, b"de2"), "FR": (2, b"fr2")})
    with pytest.raises(Conflict):
        accept_versions(path, {"DE": (3, b"de3"), "FR": (1, b"fr1")})
    accept_versions(path, {"DE": (2, b"de2")})
    with pytest.raises(Conflict):
        accept_versions(path, {"FR": (1, b"fr1")})


def test_a_spoiled_store_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(Unreachable):
        accept_versions(path, {"DE": (1, b"")})
    shutil.rmtree(tmp_path)
    with pytest.raises(Unreachable):
        accept_versions(path, {"DE": (1, b"")})
