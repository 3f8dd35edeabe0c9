"""A Party file that was accepted is never replaced by an older one, nor by another of the same version."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from comity.docket.directory import Revocation, open_party_file, sign_party_file
from comity.errors import Conflict, Unreachable, Unverified
from comity.node.keeping.party_versions import FILE, accept_versions
from comity.package.anchors import Anchors, write_anchors
from comity.signing.keys import PrivateKey
from comity.signing.roots import CHANGE_TYPE, RootChange, sign_change
from comity.signing.seal import add_signature
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


def test_the_partys_root_cannot_put_another_judiciary_in_place(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    nodes.shut(nodes.open("FR"))
    file = open_party_file(nodes.party_files["DE"], nodes.world.root("DE").public)
    old, new = nodes.world.judiciary("DE"), PrivateKey.from_seed(b"\x09" * 32)
    place = tmp_path / "FR" / "parties" / "DE.json"
    change = RootChange(
        party="DE", office="judiciary", before=old.public.to_text(), after=new.public.to_text(), issued=file.issued
    )
    alone = sign_change(change, new)
    for changes in ((), (alone.decode(),)):  # by the Party's word, and by the new judiciary's
        made = msgspec.structs.replace(
            file, version=2, judiciary_root=new.public.to_text(), judiciary_changes=changes, credentials=()
        )
        place.write_bytes(sign_party_file(made, nodes.world.root("DE")))
        with pytest.raises(Unverified):
            nodes.open("FR")
    both = add_signature(alone, old, 20_000, CHANGE_TYPE).decode()
    made = msgspec.structs.replace(file, version=2, judiciary_root=new.public.to_text(), judiciary_changes=(both,))
    place.write_bytes(sign_party_file(made, nodes.world.root("DE")))
    fr = nodes.open("FR")  # and the judges that the old one certified, and the Party still lists, stay judges
    assert fr.directory.official(nodes.world.who("DE", "judge").key.public.kid).certified_by == "judiciary"
    nodes.shut(fr)
