"""Publishing: not without the quorum, never two histories, and nothing leaves the node before it is published."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from comity.errors import ComityError, Tampered, Unreachable, Unverified
from comity.node.keeping.last_signed import LastSigned
from comity.node.node import Node
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.note import Signer
from comity.tlog.policy import KnownWitness
from comity.tlog.witness import SIZE, Answer
from tests.node import matters
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes


@pytest.mark.parametrize("down", ["de", "fr"])
def test_a_witness_that_is_down_stops_publishing_and_delivery_but_not_entering(nodes: Nodes, down: str) -> None:
    de, fr = nodes.open("DE"), nodes.open("FR")
    nodes.witnesses.down.add(down)
    matters.sent(nodes, de)
    with pytest.raises(ComityError):
        de.publisher.publish()
    assert de.store.checkpoint() is None
    assert not de.mailbox.deliver("fr-node")
    assert fr.store.size() == 0
    assert len(de.mailbox.outbox.waiting()) == 3
    assert not de.publisher.failure
    nodes.witnesses.down.clear()
    nodes.settle()
    assert fr.registrar.docket(DOCKET).state == "request.send"


def test_an_unchanged_tree_is_published_again_only_to_stay_fresh(nodes: Nodes) -> None:
    de = nodes.open("DE")
    assert not de.publisher.publish()  # nothing to sign yet
    matters.draft(nodes, de)
    assert de.publisher.publish()
    first = de.store.checkpoint()
    assert not de.publisher.publish()
    nodes.clock.forward(seconds=1801)
    assert de.publisher.publish()
    again = de.store.checkpoint()
    assert first is not None
    assert again is not None
    assert again[0] == first[0]
    assert again[1] != first[1]


def test_a_witness_that_only_says_it_is_ahead_stops_nobody(nodes: Nodes) -> None:
    de = nodes.open("DE")
    matters.draft(nodes, de)
    honest = nodes.witnesses.add_checkpoint, nodes.witnesses.latest
    note = f"{de.log.origin}\n999999\n{'A' * 43}=\n\n\u2014 x AAAAAAAA\n".encode()
    nodes.witnesses.add_checkpoint = lambda *_: Answer(409, SIZE, b"999999\n")  # type: ignore[method-assign]
    nodes.witnesses.latest = lambda *_: Answer(200, "text/plain", note)  # type: ignore[method-assign]
    with pytest.raises(Unverified, match="quorum"):
        de.publisher.publish()
    assert not de.publisher.failure
    de.publisher.check_witnesses()
    nodes.witnesses.add_checkpoint, nodes.witnesses.latest = honest  # type: ignore[method-assign]
    assert de.publisher.publish()


def test_a_witness_that_shows_this_logs_own_larger_checkpoint_stops_signing_for_good(nodes: Nodes) -> None:
    de = nodes.open("DE")
    matters.draft(nodes, de)
    signers = nodes.keys["DE"].log_signers
    ahead = sign_checkpoint(Checkpoint(de.log.origin, 7, b"r" * 32), [s for s in signers if isinstance(s, Signer)])
    honest = nodes.witnesses.add_checkpoint
    nodes.witnesses.add_checkpoint = lambda *_: Answer(409, SIZE, b"7\n")  # type: ignore[method-assign]
    nodes.witnesses.latest = lambda *_: Answer(200, "text/plain", ahead)  # type: ignore[method-assign]
    with pytest.raises(Tampered, match="saw 7 leaves"):
        de.publisher.publish()
    nodes.witnesses.add_checkpoint = honest  # type: ignore[method-assign]
    with pytest.raises(Tampered, match="saw 7 leaves"):
        de.publisher.publish()


def test_a_witness_that_answers_nonsense_counts_as_none(nodes: Nodes) -> None:
    de = nodes.open("DE")
    matters.draft(nodes, de)
    honest = nodes.witnesses.add_checkpoint
    answers = [
        Answer(200, "text/plain", b"not a cosignature\n"), Answer(200, "text/plain", b""), Answer(500, "", b"\xff"),
        Answer(409, SIZE, b"0\n"), Answer(409, SIZE, b"01\n"), Answer(409, "text/plain", b"1\n"), Answer(404, "", b""),
    ]  # fmt: skip
    for answer in answers:
        nodes.witnesses.add_checkpoint = lambda *_, a=answer: a  # type: ignore[method-assign]
        with pytest.raises(ComityError):
            de.publisher.publish()
        assert de.store.checkpoint() is None
        assert not de.publisher.failure
    nodes.witnesses.add_checkpoint = honest  # type: ignore[method-assign]
    assert de.publisher.publish()


def test_a_node_that_starts_behind_its_witness_refuses(nodes: Nodes) -> None:
    """The whole folder, last-signed included, comes back from a backup: only the witness remembers."""
    import shutil

    de = nodes.open("DE")
    matters.draft(nodes, de)
    nodes.settle()
    nodes.kill(de)
    shutil.copytree(nodes.folder / "DE" / "data", nodes.folder / "backup")
    de = nodes.open("DE")
    matters.authorise(nodes, de)
    nodes.settle()
    nodes.kill(de)
    shutil.rmtree(nodes.folder / "DE" / "data")
    shutil.copytree(nodes.folder / "backup", nodes.folder / "DE" / "data")
    de = nodes.open("DE")
    with pytest.raises(Tampered, match="saw 2 leaves"):
        de.start()


def test_at_the_start_witnesses_are_asked_at_once(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after another, each that hangs would cost a start its time-out."""
    de, both = nodes.open("DE"), threading.Barrier(2, timeout=10)
    latest = nodes.witnesses.latest

    def together(witness: KnownWitness, of: str) -> Answer:
        both.wait()
        return latest(witness, of)

    monkeypatch.setattr(nodes.witnesses, "latest", together)
    de.publisher.check_witnesses()


def forked(nodes: Nodes) -> Node:
    """A node on a backup, whose two leaves are not the two that its witnesses saw; it did not publish them yet."""
    de = nodes.open("DE")
    matters.draft(nodes, de)
    nodes.settle()
    nodes.kill(de)
    shutil.copytree(nodes.folder / "DE" / "data", nodes.folder / "backup")
    de = nodes.open("DE")
    matters.authorise(nodes, de)
    nodes.settle()
    nodes.kill(de)
    shutil.rmtree(nodes.folder / "DE" / "data")
    shutil.copytree(nodes.folder / "backup", nodes.folder / "DE" / "data")
    de = nodes.open("DE")
    matters.authorise(nodes, de)
    return de


def test_a_fork_is_not_cosigned_and_the_node_stops_signing(nodes: Nodes) -> None:
    """As above, but the restored node goes on writing: another history of the same length or longer."""
    de = forked(nodes)
    matters.send(nodes, de)
    with pytest.raises(ComityError) as caught:
        de.publisher.publish()
    assert de.publisher.failure == str(caught.value)
    assert not de.mailbox.deliver("fr-node")


@pytest.mark.parametrize("said", [Answer(409, "text/plain", b"another root\n"), Answer(409, SIZE, b"2\n")])
def test_a_fork_told_as_tlog_witness_1_0_0_tells_it_stops_the_node_too(
    nodes: Nodes, said: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There another root at the same size is 409; the specification has since made it 422."""
    de, asked = forked(nodes), nodes.witnesses.add_checkpoint
    monkeypatch.setattr(nodes.witnesses, "add_checkpoint", lambda w, b: said if (a := asked(w, b)).status == 422 else a)
    with pytest.raises(Tampered, match="saw another tree of 2 leaves"):
        de.publisher.publish()


def test_last_signed_refuses_to_go_back_or_sideways(tmp_path: Path) -> None:
    last = LastSigned(tmp_path / "last.db")
    last.set("o", 3, b"c" * 32, b"note")
    last.set("o", 3, b"c" * 32, b"note again")
    for size, root in ((2, b"b" * 32), (3, b"x" * 32), (0, b"e" * 32)):
        with pytest.raises(Tampered, match="contradicts"):
            last.set("o", size, root, b"note")
    assert last.get("o") == (3, b"c" * 32, b"note again")
    last.set("o", 4, b"d" * 32, b"n4")
    last.set("p", 1, b"p" * 32, b"other log")
    last.close()
    again = LastSigned(tmp_path / "last.db")
    assert again.get("o") == (4, b"d" * 32, b"n4")
    again.close()


def test_what_is_signed_is_on_disk_before_any_witness_sees_it(nodes: Nodes) -> None:
    de = nodes.open("DE")
    assert not de.publisher.publish()  # the log begins, empty
    matters.draft(nodes, de)
    seen: list[int] = []

    def look(witness: KnownWitness, body: bytes) -> Answer:
        signed = de.last_signed.get(de.entry.origin)
        seen.append(signed[0] if signed else 0)
        raise Unreachable("down", "")

    nodes.witnesses.add_checkpoint = look  # type: ignore[method-assign]
    with pytest.raises(ComityError):
        de.publisher.publish()
    assert set(seen) == {1}
