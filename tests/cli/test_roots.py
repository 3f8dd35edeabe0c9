"""Two of three root holders, each on a computer of their own; and what a node's keys and logs become, typed."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from comity.cli import run
from comity.docket.node_entry import NodeEntry
from comity.docket.party_file import PartyFile, open_party_file, read_party_file
from comity.node.keeping.batch import Batch
from comity.node.keeping.keys import ENVELOPE, OLD_ENVELOPE, NodeKeys
from comity.node.keeping.last_signed import LastSigned
from comity.node.keeping.store import Store
from comity.node.log.act_log import ActLog
from comity.package.anchors import read_anchors
from comity.signing.roots import Roots, read_root
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.note import Signer

NODE = ["--party", "de", "--id", "node.de.example"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("root", "judiciary", "hand"):
        path = tmp_path / f"{name}.pass"
        path.write_text(f"{name} passphrase\n")
        path.chmod(0o600)
        what = "COMITY_PASSPHRASE_FILE" if name == "hand" else f"COMITY_{name.upper()}_PASSPHRASE_FILE"
        monkeypatch.setenv(what, str(path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def party(desk: Path) -> Path:
    """A Party with three root holders, a node and a witness; two holders signed its first file."""
    assert run(["init", "party", "DE", "de", "--roots", "3", "--needed", "2"]) == 0
    ours = ["--authority", "de-prosecution", "--authority", "de-court"]
    assert run(["init", "node", "de-node", *NODE, *ours]) == 0
    assert run(["init", "witness", "de-witness", "--party", "de", "--body", "de-oversight"]) == 0
    publish("1", "3")
    return desk / "de"


def publish(first: str, second: str) -> PartyFile:
    assert run(["init", "publish", "de", "--root", f"de-root-{first}"]) == 0
    assert run(["init", "sign", "de/DE.json.pending", "--root", f"de-root-{second}"]) == 0
    assert not Path("de/DE.json.pending").exists()
    return read_party_file(Path("de/DE.json").read_bytes())


def entry() -> NodeEntry:
    return msgspec.json.decode(Path("de/nodes/node.de.example.json").read_bytes(), type=NodeEntry)


def test_one_of_three_roots_signs_nothing_that_counts(party: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not (party / "root.key").exists()
    assert Roots.from_text((party / "root.pub").read_text().strip()).needed == 2
    official = ["--holder", "P", "--role", "prosecutor", "--authority", "de-prosecution", "--party", "de"]
    assert run(["init", "official", "p.key", *official, "--root", "de-root-1"]) == 0
    (pending,) = (party / "credentials").iterdir()
    assert pending.suffix == ".pending"
    assert run(["init", "publish", "de", "--root", "de-root-2"]) == 0  # as before: that credential is none yet
    assert not (party / "DE.json.pending").exists()
    assert run(["init", "sign", str(pending), "--root", "de-root-1"]) == 2  # one holder signs once
    elsewhere = party.parent / "elsewhere"
    elsewhere.mkdir()
    there = Path(shutil.copy(pending, elsewhere))
    assert run(["init", "sign", str(there), "--root", "de-root-3"]) == 0
    assert there.exists()  # only in the Party's folder does it take its place
    shutil.copy(there, pending)
    assert run(["init", "sign", str(pending)]) == 0
    assert run(["init", "publish", "de", "--root", "de-root-2"]) == 0
    capsys.readouterr()
    assert run(["init", "publish", "de"]) == 3  # there is no root in the Party's folder
    assert "--root FOLDER" in capsys.readouterr().err
    alone = party.parent / "DE.json"
    shutil.copy(party / "DE.json.pending", alone)
    roots = (party / "root.pub").read_text().strip()
    capsys.readouterr()
    assert run(["init", "trust", "lawyer", str(alone), "--root", f"DE={roots}"]) == 4
    said = capsys.readouterr().err
    assert "1 of the 3 roots; 2 must sign" in said
    assert "comity init sign" in said


def test_a_root_is_replaced_by_the_old_ones_only_and_others_follow_by_themselves(party: Path) -> None:
    assert run(["init", "trust", "de-node", "de/DE.json"]) == 0
    pinned = read_anchors(Path("de-node/anchors.toml").read_text()).parties["DE"]
    assert run(["init", "root", "new"]) == 0
    keys = ["--key", "new/key.pub", "--key", "de-root-2/key.pub", "--key", "de-root-3/key.pub", "--needed", "2"]
    assert run(["init", "roots", "de", *keys, "--root", "new"]) == 0
    (pending,) = (party / "root-changes").iterdir()
    assert run(["init", "sign", str(pending), "--root", "de-root-2"]) == 0
    assert pending.exists()  # one of the old ones is too few
    assert run(["init", "roots", "de", *keys, "--root", "de-root-3"]) == 5  # one change at a time
    assert run(["init", "sign", str(pending), "--root", "de-root-3"]) == 0
    assert not pending.exists()
    assert run(["init", "publish", "de", "--root", "de-root-1"]) == 4  # that holder is none any more
    assert run(["init", "publish", "de", "--root", "new"]) == 0
    assert run(["init", "sign", "de/DE.json.pending", "--root", "de-root-2"]) == 0
    file = open_party_file((party / "DE.json").read_bytes(), pinned)  # by whoever pinned the old ones
    assert len(file.root_changes) == 1
    assert run(["init", "trust", "de-node", "de/DE.json"]) == 0
    assert read_anchors(Path("de-node/anchors.toml").read_text()).parties["DE"] != pinned


def test_another_root_is_not_taken_silently(party: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "trust", "de-node", "de/DE.json"]) == 0
    assert run(["init", "party", "DE", "fake/de"]) == 0
    shutil.copytree(party / "nodes", "fake/de/nodes", dirs_exist_ok=True)
    shutil.copytree(party / "oversight", "fake/de/oversight", dirs_exist_ok=True)
    assert run(["init", "publish", "fake/de"]) == 0
    capsys.readouterr()
    assert run(["init", "trust", "de-node", "fake/de/DE.json"]) == 4
    assert "not the one trusted here" in capsys.readouterr().err


def test_log_keys_overlap_for_thirty_days(party: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = entry().log_vkeys
    assert run(["init", "rotate-log", "de-node", *NODE, "--from", "7"]) == 0
    assert run(["init", "rotate-log", "de-node", *NODE, "--from", "7"]) == 0  # done already
    assert run(["init", "rotate-log", "de-node", *NODE, "--from", "9"]) == 5
    log = publish("1", "2").nodes[0].logs[0]
    assert (len(log.vkeys), set(log.signing_vkeys)) == (4, set(log.vkeys))
    assert NodeKeys.load(Path("de-node/keys")).log_vkeys == log.vkeys
    capsys.readouterr()
    assert run(["init", "retire-log-key", "de-node", *NODE, "--at", "9"]) == 5
    assert "both sign until" in capsys.readouterr().err
    assert run(["init", "retire-log-key", "de-node", *NODE, "--at", "3", "--overlap-days", "0"]) == 2
    assert run(["init", "retire-log-key", "de-node", *NODE, "--at", "9", "--overlap-days", "0"]) == 0
    log = publish("1", "2").nodes[0].logs[0]
    assert set(log.vkeys) - set(log.signing_vkeys) == set(old)
    assert run(["init", "node", "de-node", *NODE, "--authority", "de-court"]) == 0  # repeated, it forgets nothing
    assert entry().logs == (log,)
    assert run(["init", "rotate-log", "de-node", *NODE, "--from", "20"]) == 0  # and once more, later


def test_the_next_years_log_is_named_beforehand(party: Path) -> None:
    for _ in range(2):
        assert run(["init", "new-year", "de-node", *NODE, "--year", "2031"]) == 0
    file = publish("2", "3")
    assert file.nodes[0].origins[1:] == ("node.de.example/act-log/2031",)
    assert run(["init", "trust", "de-node", "de/DE.json"]) == 0
    assert set(read_anchors(Path("de-node/anchors.toml").read_text()).policies) == set(file.nodes[0].origins)


def published(leaves: int) -> Checkpoint:
    """What the node's database holds after ``leaves`` leaves were published and one was not."""
    data = Path("de-node/data")
    data.mkdir(exist_ok=True)
    store, signers = Store(data / "node.db"), NodeKeys.load(Path("de-node/keys")).log_signers
    log = ActLog(entry().origin, store)
    grown = log.append([b"leaf %d" % n for n in range(leaves)])
    store.enter(Batch(0, leaves=grown.leaves, nodes=grown.nodes))
    made = Checkpoint(entry().origin, leaves, grown.tree.root())
    store.add_checkpoint(leaves, sign_checkpoint(made, [s for s in signers if isinstance(s, Signer)]), "")
    store.close()
    LastSigned(data / "last-signed.db").close()
    return made


def test_a_stolen_log_ends_with_the_last_published_checkpoint(party: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "successor", "de-node", *NODE]) == 3  # nothing was published yet
    last = published(5)
    for _ in range(2):
        assert run(["init", "successor", "de-node", *NODE]) == 0
    capsys.readouterr()
    first, following = publish("1", "2").nodes[0].logs
    assert (first.last, following.end) == (last, None)
    assert first.end is not None
    assert first.end.reason == "theft"
    assert not set(first.vkeys) & set(following.vkeys)
    note = Path("other.note")
    signers = NodeKeys.load(Path("de-node/keys")).log_signers
    note.write_bytes(sign_checkpoint(Checkpoint(first.origin, 3, b"r" * 32), [signers[0]]))  # type: ignore[list-item]
    assert run(["init", "successor", "de-node", *NODE, "--checkpoint", str(note)]) == 5  # an end is never moved
    assert run(["init", "successor", "de-node", *NODE, "--checkpoint", "nowhere"]) == 3


def test_an_envelope_key_is_destroyed_after_its_overlap(party: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = Path("de-node/keys")
    old = (keys / ENVELOPE).read_bytes()
    assert run(["init", "retire-envelope", "de-node", *NODE]) == 3
    assert run(["init", "rotate-envelope", "de-node", *NODE]) == 0
    assert run(["init", "rotate-envelope", "de-node", *NODE]) == 5
    assert (keys / OLD_ENVELOPE).read_bytes() == old
    assert len(publish("1", "2").nodes[0].envelopes) == 2
    capsys.readouterr()
    assert run(["init", "retire-envelope", "de-node", *NODE]) == 5
    assert "kept until" in capsys.readouterr().err
    assert run(["init", "retire-envelope", "de-node", *NODE, "--overlap-days", "0"]) == 0
    assert not (keys / OLD_ENVELOPE).exists()
    assert all(old not in path.read_bytes() for path in Path("de-node").rglob("*") if path.is_file())
    (envelope,) = publish("1", "2").nodes[0].envelopes
    assert envelope == NodeKeys.load(keys).envelope.public.to_text()
    assert read_root(Path("de/root.pub").read_text().strip())
