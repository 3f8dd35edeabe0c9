"""An offline proof verifies by the recipient's policy, and no altered one does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed, Unverified
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.policy import Policy
from comity.tlog.proof import TlogProof
from comity.tlog.tree import inclusion_proof
from tests.tlog.biglog import LOG, NOW, WITNESSES, entry, read, tree_at

POLICY = Policy.parse(
    f"log {LOG.vkey.encode()}\nwitness a {WITNESSES[0].vkey.encode()}\nwitness b {WITNESSES[2].vkey.encode()}\n"
    "group g all a b\nquorum g\n"
)


def proof_of(index: int, size: int) -> TlogProof:
    checkpoint = Checkpoint(LOG.name, size, tree_at(size).root())
    note = sign_checkpoint(checkpoint, [LOG, WITNESSES[0].at(NOW), WITNESSES[2].at(NOW)])
    return TlogProof(index, entry(index), tuple(inclusion_proof(index, size, read)), note)


def test_form() -> None:
    head = proof_of(1, 2).encode().decode().split("\n\n")[0].split("\n")
    assert head[0] == "c2sp.org/tlog-proof@v1"
    assert head[1:3] == ["extra ZW50cnkgMQ==", "index 1"]
    assert len(head) == 4
    assert b"\nextra" not in TlogProof(0, None, (), proof_of(0, 1).checkpoint_note).encode()


@given(st.integers(0, 65536))
def test_round_trip_and_verification(index: int) -> None:
    proof = proof_of(index, 65537)
    again = TlogProof.parse(proof.encode())
    assert again == proof
    assert again.extra is not None
    checked = again.verify(POLICY, again.extra, NOW, 3600)
    assert checked.cosigned_by == [("a", NOW), ("b", NOW)]


@given(st.data())
def test_no_altered_proof_verifies(data: st.DataObject) -> None:
    good = proof_of(5, 257).encode()
    altered = bytearray(good)
    altered[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        proof = TlogProof.parse(bytes(altered))
    except Malformed:
        return
    # The extra line is not authenticated; as in the receiver, it is the leaf that must verify.
    with pytest.raises((Malformed, Unverified)):
        proof.verify(POLICY, proof.extra or b"", NOW)


def test_another_index_leaf_log_or_time_does_not_verify() -> None:
    proof = proof_of(5, 257)
    for moved in (TlogProof(4, None, proof.proof_hashes, proof.checkpoint_note), proof_of(4, 257)):
        with pytest.raises(Unverified):
            moved.verify(POLICY, entry(5), NOW)
    with pytest.raises(Unverified):
        proof.verify(POLICY, entry(4), NOW)
    with pytest.raises(Unverified):
        proof.verify(POLICY, entry(5), NOW + 3601, 3600)
    foreign = Checkpoint("other.example/log", 257, tree_at(257).root())
    note = sign_checkpoint(foreign, [LOG, WITNESSES[0].at(NOW), WITNESSES[2].at(NOW)])
    with pytest.raises(Unverified):
        TlogProof(5, None, proof.proof_hashes, note).verify(POLICY, entry(5), NOW)


GOOD = proof_of(1, 2).encode().decode()
HASH = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
BAD = {
    "other version": GOOD.replace("@v1", "@v2"),
    "no index": GOOD.replace("index 1\n", ""),
    "leading zero": GOOD.replace("index 1", "index 01"),
    "extra after index": GOOD.replace("extra ZW50cnkgMQ==\nindex 1\n", "index 1\nextra ZW50cnkgMQ==\n"),
    "extra twice": GOOD.replace("extra ZW50cnkgMQ==\n", "extra ZW50cnkgMQ==\nextra ZW50cnkgMQ==\n"),
    "64 hashes": GOOD.replace("index 1\n", "index 1\n" + 64 * HASH),
    "CRLF": GOOD.replace("\n", "\r\n"),
    "no checkpoint": GOOD.split("\n\n")[0] + "\n\n",
    "cut": GOOD[:-1],
    "blank before": "\n" + GOOD,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_misspelt_proofs_are_refused(text: str) -> None:
    assert TlogProof.parse(GOOD.encode()).encode().decode() == GOOD
    with pytest.raises(Malformed):
        TlogProof.parse(text.encode())
