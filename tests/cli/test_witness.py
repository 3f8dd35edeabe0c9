"""An oversight body's witness and mirror at the command line: two folders, two names, two keys, both in the quorum."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.cli import run
from comity.cli.init.nodes import read_cosigner
from comity.errors import NotAuthorised
from comity.node.keeping.keys import NodeKeys
from comity.package.anchors import read_anchors
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.cosignature import cosign
from comity.tlog.note import MLDSA44, Signer, add_lines, split_note
from comity.tlog.policy import Policy
from comity.tlog.policy_lint import lint
from comity.tlog.tree import EMPTY_ROOT
from tests.cli.test_init import desk, whole_party

__all__ = ["desk"]


@pytest.fixture
def both(desk: Path) -> Path:
    """A Party with a witness and a mirror of one oversight body, trusted by its node."""
    whole_party()
    mirror = ["init", "witness", "de-mirror", "--party", "de", "--body", "de-oversight", "--mirror"]
    assert run([*mirror, "--url", "http://127.0.0.1:8161"]) == 0
    assert run(["init", "publish", "de"]) == 0
    assert run(["init", "trust", "de-node", "de/DE.json"]) == 0
    return desk


def test_a_mirror_has_a_name_and_a_key_of_its_own(both: Path) -> None:
    witness, mirror = read_cosigner(both / "de-witness"), read_cosigner(both / "de-mirror")
    assert (witness.name.rpartition("/")[2], mirror.name.rpartition("/")[2]) == ("witness", "mirror")
    assert witness.vkey.public_key != mirror.vkey.public_key
    assert 'mirror = "logs"' in (both / "de-mirror" / "witness.toml").read_text()


def test_the_policy_asks_for_the_mirror_besides_the_witnesses(both: Path) -> None:
    anchors = read_anchors((both / "de-node" / "anchors.toml").read_text())
    (origin,) = anchors.policies
    policy: Policy = anchors.policy(origin)
    assert set(policy.witnesses) == {"de-oversight", "de-oversight-mirror"}
    assert policy.witnesses["de-oversight-mirror"].url == "http://127.0.0.1:8161"
    assert policy.satisfied(["de-oversight", "de-oversight-mirror"])
    assert not policy.satisfied(["de-oversight"])
    assert not policy.satisfied(["de-oversight-mirror"])
    assert lint(policy)


def test_a_witness_s_folder_makes_no_mirror(both: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One key must not say "I saw it grow" and "I hold it all"."""
    again = ["init", "witness", "de-witness", "--party", "de", "--body", "de-oversight", "--mirror"]
    assert run(again) == 5
    assert "of its own" in capsys.readouterr().err
    assert run(["init", "trust", "de-witness", "de/DE.json"]) == 0
    assert run(["witness", "serve", "de-witness", "--mirror", "copies"]) == NotAuthorised.exit_code
    assert "key of its own" in capsys.readouterr().err


def test_a_witness_may_cosign_with_ml_dsa(both: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = ["init", "witness", "de-pq", "--party", "de", "--body", "de-oversight", "--ml-dsa"]
    assert [run([*words]) for words in (again, again, ["init", "publish", "de"])] == [0, 0, 0]
    assert run(["init", "trust", "de-node", "de/DE.json"]) == 0
    anchors = read_anchors((both / "de-node" / "anchors.toml").read_text())
    (origin,) = anchors.policies
    policy, signer = anchors.policy(origin), NodeKeys.load(both / "de-node" / "keys").log_signers[0]
    assert isinstance(signer, Signer)
    assert policy.witnesses["de-oversight"].vkey.algorithm == MLDSA44
    note = sign_checkpoint(Checkpoint(origin, 0, EMPTY_ROOT), [signer])
    cosigners = [read_cosigner(both / folder) for folder in ("de-pq", "de-mirror")]
    cosigned = add_lines(note, [cosign(split_note(note)[0], each, 1_800_000_000) for each in cosigners])
    assert [name for name, _ in policy.check(cosigned, 1_800_000_000, None).cosigned_by] == [*policy.witnesses]
    assert run(["init", "witness", "de-witness", *again[3:]]) == 5  # a key is never replaced by another in its place
    assert "Ed25519" in capsys.readouterr().err


def test_a_folder_without_a_witness_says_what_to_do(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["witness", "serve", "nowhere"]) == 3
    assert "comity init witness" in capsys.readouterr().err
