"""Founding a Party, its officials, nodes and witnesses from the command line: nothing overwritten, nobody made up."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from comity.cli import run
from comity.cli.init.nodes import found_node
from comity.cli.init.roots import open_root
from comity.docket.directory import Directory, open_party_file
from comity.errors import Unverified
from comity.node.keeping.keys import NodeKeys
from comity.package.anchors import read_anchors
from comity.signing.credential import issue_credential, read_unverified
from comity.signing.keys import PrivateKey, PublicKey


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with passphrase files, as the tutorial makes them."""
    for name in ("root", "judiciary", "hand"):
        path = tmp_path / f"{name}.pass"
        path.write_text(f"{name} passphrase\n")
        path.chmod(0o600)
        monkeypatch.setenv(
            "COMITY_PASSPHRASE_FILE" if name == "hand" else f"COMITY_{name.upper()}_PASSPHRASE_FILE", str(path)
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def official(key: str, role: str, authority: str, *more: str) -> int:
    holder = f"{role} of {authority}"
    return run(
        ["init", "official", key, "--party", "de", "--holder", holder, "--role", role, "--authority", authority, *more]
    )


def whole_party() -> None:
    assert run(["init", "party", "DE", "de"]) == 0
    ours = ["--authority", "de-prosecution", "--authority", "de-court"]
    assert run(["init", "node", "de-node", "--party", "de", "--id", "node.de.example", *ours]) == 0
    assert run(["init", "witness", "de-witness", "--party", "de", "--body", "de-oversight"]) == 0
    assert official("hands/p.key", "prosecutor", "de-prosecution") == 0
    assert official("hands/j.key", "judge", "de-court") == 0
    assert run(["init", "publish", "de"]) == 0


def test_a_party_from_nothing(desk: Path) -> None:
    whole_party()
    root = PublicKey.from_text((desk / "de" / "root.pub").read_text().strip())
    file = open_party_file((desk / "de" / "DE.json").read_bytes(), root)
    directory = Directory({"DE": (file, root)})
    by = {o.role: o.certified_by for o in (directory.official(read_unverified(c).kid) for c in file.credentials)}
    assert by == {"prosecutor": "party", "judge": "judiciary"}
    assert file.nodes[0].log_vkeys == NodeKeys.load(desk / "de-node" / "keys").log_vkeys
    assert file.oversight[0].witness_vkey
    assert run(["init", "trust", "de-node", "de/DE.json"]) == 0
    assert set(read_anchors((desk / "de-node" / "anchors.toml").read_text()).parties) == {"DE"}


def test_every_secret_is_its_owners_alone(desk: Path) -> None:
    whole_party()
    secrets = [*desk.rglob("*.key"), *(desk / "hands").glob("*.key")]
    assert len(secrets) >= 8
    for path in secrets:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        if path.parent.name != "keys" and path.name != "witness.key":  # nodes and witnesses start by themselves
            assert b"OPENSSH" in path.read_bytes()
            with pytest.raises(Unverified):
                open_root(path.parent, b"wrong") if path.name == "root.key" else _open(path)
    (desk / "hands" / "p.key").chmod(0o640)
    assert run(["show", "--as", "hands/p.key"]) == 4


def _open(path: Path) -> None:
    from comity.signing.keys import load_private

    load_private(path.read_bytes(), b"wrong")


def test_repeating_changes_nothing(desk: Path) -> None:
    whole_party()
    before = {
        p: p.read_bytes() for p in desk.rglob("*") if p.is_file() and p.suffix in (".key", ".pub", ".jws", ".json")
    }
    whole_party()
    assert before == {p: p.read_bytes() for p in before}
    assert len(list((desk / "de" / "credentials").glob("*"))) == 2


def test_publishing_counts_up_only_when_something_changed(desk: Path) -> None:
    whole_party()
    root = PublicKey.from_text((desk / "de" / "root.pub").read_text().strip())
    assert open_party_file((desk / "de" / "DE.json").read_bytes(), root).version == 1
    assert official("hands/o.key", "officer", "de-prosecution") == 0
    assert run(["init", "publish", "de"]) == 0
    assert open_party_file((desk / "de" / "DE.json").read_bytes(), root).version == 2


def test_the_party_cannot_make_up_a_judge(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_party()
    monkeypatch.setenv("COMITY_JUDICIARY_PASSPHRASE_FILE", "root.pass")
    assert official("hands/x.key", "judge", "de-court", "--judiciary", "de") == 4  # with the Party's own root
    credentials = desk / "de" / "credentials"
    assert len(list(credentials.iterdir())) == 2
    other = credentials / "made-up.jws"  # put there by hand, nobody would accept the file
    key = PrivateKey.generate().public
    made = read_unverified(next(credentials.glob("*judge*")).read_text())
    made = msgspec.structs.replace(made, kid=key.kid, key=key.to_text())
    other.write_text(issue_credential(made, open_root(desk / "de", b"root passphrase")))
    assert run(["init", "publish", "de"]) == 4


def test_the_judiciarys_root_lies_apart(desk: Path) -> None:
    assert run(["init", "party", "DE", "de", "--judiciary", "de/judges"]) == 2


def test_a_public_key_from_an_agent_can_be_certified(desk: Path) -> None:
    assert run(["init", "party", "DE", "de"]) == 0
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUVQ7TEqkDmhCjIu/BUQ7TBzvGE8oXRJbKjnDUcNm2e token"
    (desk / "token.pub").write_text(line)
    assert official("-", "officer", "de-prosecution", "--public", "token.pub") == 0
    found = read_unverified(next((desk / "de" / "credentials").glob("*.jws")).read_text())
    assert found.key == "ed25519:dRVDtMSqQOaEKMi78FRDtMHO8YTyhdElsqOcNRw2bZ4"
    assert official("-", "officer", "de-prosecution", "--public", "ssh-ed25519 AAAA") == 2


def test_wrong_names_say_which_there_are(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "party", "DE", "de"]) == 0
    assert official("hands/p.key", "prosecutor", "de-nowhere") == 3
    assert "de-prosecution" in capsys.readouterr().err
    assert official("hands/p.key", "king", "de-prosecution") == 2
    assert run(["init", "node", "n", "--party", "de", "--id", "n", "--authority", "de-nowhere"]) == 3
    assert run(["init", "witness", "w", "--party", "de", "--body", "nobody"]) == 3
    assert run(["init", "publish", "nowhere"]) == 3
    assert run(["init", "party", "Germany", "x"]) == 2


def test_a_node_signs_two_ways_and_its_log_is_named_after_it(desk: Path) -> None:
    assert run(["init", "party", "DE", "de"]) == 0
    from comity.cli.init.nodes import NodePlan

    plan = NodePlan("node.de.example", "http://127.0.0.1:1", ("de-court",), "127.0.0.1:1", {"cadence_seconds": 2.5})
    entry = found_node(desk / "n", desk / "de", plan, 2026)
    assert entry.origin == "node.de.example/act-log/2026"
    assert len(entry.log_vkeys) == 2
    assert msgspec.toml.decode((desk / "n" / "comity.toml").read_bytes())["cadence_seconds"] == 2.5


def test_trust_names_the_least_version_and_takes_no_older_file(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole_party()
    older = (desk / "de" / "DE.json").read_bytes()
    assert official("hands/c.key", "officer", "de-contact") == 0
    assert run(["init", "publish", "de"]) == 0
    assert run(["init", "trust", "lawyer", "de/DE.json"]) == 0
    assert read_anchors((desk / "lawyer" / "anchors.toml").read_text()).least_versions == {"DE": 2}
    (desk / "de" / "DE.json").write_bytes(older)
    assert run(["init", "trust", "lawyer", "de/DE.json"]) == 4
    assert "the anchors ask for 2" in capsys.readouterr().err
    assert read_anchors((desk / "lawyer" / "anchors.toml").read_text()).least_versions == {"DE": 2}


def _published(desk: Path) -> Directory:
    assert run(["init", "publish", "de"]) == 0
    root = PublicKey.from_text((desk / "de" / "root.pub").read_text().strip())
    return Directory({"DE": (open_party_file((desk / "de" / "DE.json").read_bytes(), root), root)})


def test_an_officials_key_is_revoked_by_position(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole_party()
    kid = PublicKey.from_text(" ".join((desk / "hands" / "j.key.pub").read_text().split())).kid
    log = _published(desk).node("node.de.example").origin
    revoke = ["init", "revoke", "hands/j.key.pub", "--party", "de", "--reason", "lost", "--position"]
    assert run([*revoke, "12"]) == 0
    directory = _published(desk)
    assert (directory.files["DE"].version, directory.revoked_at(kid, directory.node_of(log))) == (2, 12)
    assert directory.official(kid).role == "judge"  # acts before the position stand
    assert run([*revoke, "13"]) == 5  # never later
    assert run([*revoke, "9"]) == 0
    assert (now := _published(desk)).revoked_at(kid, now.node_of(log)) == 9
    assert run(["init", "revoke", "nobody", "--party", "de", "--position", "1"]) == 3
    assert run([*revoke, "9", "--origin", "fr.example/log"]) == 3
    assert log in capsys.readouterr().err


def test_a_nodes_seal_is_rotated_with_overlap(desk: Path) -> None:
    whole_party()
    old = NodeKeys.load(desk / "de-node" / "keys").seal.public
    rotate = ["init", "rotate", "de-node", "--party", "de", "--id", "node.de.example", "--from", "40", "--overlap", "5"]
    assert run(rotate) == 0
    new = NodeKeys.load(desk / "de-node" / "keys").seal.public
    directory = _published(desk)
    for key, counts, not_there in ((old, (0, 39, 44), (45, 99)), (new, (40, 44, 99), (0, 39))):
        assert {directory.seal_key(key.kid, at) for at in counts} == {key}
        for at in not_there:
            with pytest.raises(Unverified):
                directory.seal_key(key.kid, at)
    assert directory.seal_key_now(new.kid, "node.de.example") == new
    assert run(rotate) == 0  # done already
    ours = ["--authority", "de-prosecution", "--authority", "de-court"]
    assert run(["init", "node", "de-node", "--party", "de", "--id", "node.de.example", *ours]) == 0
    again = _published(desk)
    assert again.files["DE"].version == directory.files["DE"].version
    assert again.seal_key(old.kid, 39) == old


def test_a_stolen_seal_ends_at_once_and_a_rotation_broken_off_is_finished(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_party()
    keys = desk / "de-node" / "keys"
    old = NodeKeys.load(keys).seal.public
    rotate = ["init", "rotate", "de-node", "--party", "de", "--id", "node.de.example", "--from", "40", "--stolen"]
    with monkeypatch.context() as broken:
        broken.setattr("comity.cli.init.key_changes.os.replace", _power_cut)
        assert run(rotate) == 70
    assert run(rotate) == 0
    new = NodeKeys.load(keys).seal.public
    directory = _published(desk)
    assert {e.kid for e in directory.node("node.de.example").seals} == {old.kid, new.kid}
    assert directory.seal_key(old.kid, 39) == old
    assert directory.seal_key(new.kid, 40) == new
    with pytest.raises(Unverified, match="revoked"):
        directory.seal_key(old.kid, 40)
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in keys.iterdir())


def _power_cut(source: Path, target: Path) -> None:
    if target.name == "seal.key":
        raise KeyError("power cut")
    source.rename(target)
