"""Witnesses are asked at once: one that hangs costs neither a checkpoint nor an emergency its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from comity.errors import Unreachable
from comity.node.publishing.cosigning import GRACE, PATIENCE, Cosigning
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.cosignature import Ed25519Cosigner
from comity.tlog.note import SignatureLine, Signer
from comity.tlog.policy import KnownWitness, Policy
from comity.tlog.tree import Tree
from comity.tlog.witness import Answer

LOG = Signer.from_seed("node.example/act-log/2027", bytes([7]) * 32)
KEYS = {name: Ed25519Cosigner.from_seed(f"{name}.example/witness", bytes([n]) * 32) for n, name in enumerate("abc", 1)}
LINES = [f"witness {name} {key.vkey.encode()} https://{name}.example\n" for name, key in KEYS.items()]
POLICY = Policy.parse(f"log {LOG.vkey.encode()}\n{''.join(LINES)}group two 2 a b c\nquorum two\n")
EMPTY = Checkpoint(LOG.name, 0, Tree().root())
NOTE = sign_checkpoint(EMPTY, [LOG])
LONG = 5.0  # seconds: far more than a round may take, for a machine that is busy


class Hanging:
    """Witnesses that cosign whatever they are shown, but for those that hang until they are let go."""

    def __init__(self, *hang: str) -> None:
        self.hang, self.asked, self.free = set(hang), list[str](), threading.Event()

    def add_checkpoint(self, witness: KnownWitness, body: bytes) -> Answer:
        self.asked.append(witness.name)
        if witness.name in self.hang:
            self.free.wait(60)
            raise Unreachable(f"{witness.name} hung up.", "")
        signature = KEYS[witness.name].at(1_830_000_000).sign(EMPTY.encode())
        return Answer(200, "", SignatureLine(witness.vkey.name, witness.vkey.key_id, signature).encode())

    def latest(self, witness: KnownWitness, origin: str) -> Answer:
        raise Unreachable(f"{witness.name} shows nothing of {origin}.", "")


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging("a")
    yield made
    made.free.set()


def names(witnesses: Hanging, cosigning: Cosigning, hurried: bool = False) -> tuple[list[str], float]:
    """Who cosigned in one round, and how long it took."""
    event, start = threading.Event(), time.monotonic()
    if hurried:
        event.set()
    lines, conflicts = cosigning.round(POLICY, EMPTY, NOTE, event)
    assert not conflicts
    return sorted(line.name.partition(".")[0] for line in lines), time.monotonic() - start


def test_the_quorum_does_not_wait_for_one_that_hangs(hanging: Hanging) -> None:
    cosigning = Cosigning(hanging, lambda *_: [])
    found, took = names(hanging, cosigning)
    assert found == ["b", "c"]
    assert GRACE / 2 < took < LONG, "the others had a moment"
    assert names(hanging, cosigning)[0] == ["b", "c"]
    assert hanging.asked.count("a") == 1, "who has not answered is not asked again"
    hanging.hang.clear()
    hanging.free.set()
    cosigning._asked["a"].exception(LONG)
    assert names(hanging, cosigning)[0] == ["a", "b", "c"]
    cosigning.stop()


def test_whatever_one_witness_brings_about_the_others_cosignatures_count(hanging: Hanging) -> None:
    """Its bytes may break the program in a way nobody foresaw; that must not stop a log."""

    class Breaking(Hanging):
        def add_checkpoint(self, witness: KnownWitness, body: bytes) -> Answer:
            if witness.name == "a":
                raise RuntimeError("a bug")
            return super().add_checkpoint(witness, body)

    cosigning = Cosigning(Breaking(), lambda *_: [])
    assert names(hanging, cosigning)[0] == ["b", "c"]
    cosigning.stop()


def test_an_emergency_does_not_wait_for_a_quorum_that_hangs(hanging: Hanging) -> None:
    hanging.hang.add("b")
    cosigning = Cosigning(hanging, lambda *_: [])
    found, took = names(hanging, cosigning, hurried=True)
    assert found == ["c"]
    assert PATIENCE < took < LONG
    cosigning.stop()


def test_a_round_without_an_emergency_waits_for_its_quorum(hanging: Hanging) -> None:
    hanging.hang.add("b")
    cosigning = Cosigning(hanging, lambda *_: [])
    threading.Timer(PATIENCE + GRACE, hanging.free.set).start()
    found, took = names(hanging, cosigning)
    assert found == ["c"]
    assert took > PATIENCE + GRACE / 2
    cosigning.stop()
