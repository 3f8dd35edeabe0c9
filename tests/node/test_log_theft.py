"""The log's key is stolen: the thief leads the witnesses on, the node notices and stops, the roots end the log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from comity.docket.node_entry import LogEnd, LogEntry, NodeEntry
from comity.errors import BadLaw, Tampered, Unverified
from comity.law.book import load_law
from comity.node.auditor.audit import Auditor
from comity.node.auditor.keys import BEYOND
from comity.node.auditor.source import FolderSource
from comity.node.auditor.state import AuditState
from comity.node.keeping.keys import add_log_signers
from comity.node.log.export import tile_bytes, write_file
from comity.node.node import Node
from comity.package.check import check_source
from comity.tlog.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from comity.tlog.cosignature import verifier_for
from comity.tlog.encoding import encode_base64
from comity.tlog.key_event import key_event_leaf, log_begun
from comity.tlog.leaf import ActLeaf
from comity.tlog.note import Signer, add_lines
from comity.tlog.proof import TlogProof
from comity.tlog.tiles import tiles_of
from comity.tlog.tree import Coordinate, Tree, consistency_proof, inclusion_proof, leaf_hash
from comity.tlog.witness import build_add_checkpoint, read_answer
from comity.web.packaging import package_file
from tests.node import matters
from tests.node.changed import entry_of, publish
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes
from tests.world import origin

NEW = "de.example/log/2026-2"
FORGED = ActLeaf("disclosure", b"\x66" * 32).encode()


class Thief:
    """Has the log's key and what the log serves: extends the honest tree by a leaf of its own."""

    def __init__(self, nodes: Nodes, node: Node) -> None:
        newest = node.store.checkpoint()
        assert newest is not None
        self.nodes, self.size = nodes, newest[0]
        self.leaves = [*node.store.leaves(0, self.size), FORGED]
        self.tree, grown = Tree().append([leaf_hash(leaf) for leaf in self.leaves])
        self._hashes = {(level, index): value for level, index, value in grown}
        signers = [s for s in nodes.keys["DE"].log_signers if isinstance(s, Signer)]
        self.note = sign_checkpoint(Checkpoint(origin("DE"), len(self.leaves), self.tree.root()), signers)

    def read(self, places: object) -> list[bytes]:
        return [self._hashes[place] for place in places]  # type: ignore[attr-defined]

    def lead_on(self) -> bytes:
        """Have every witness cosign the malicious extension; the note with a whole quorum."""
        proof = consistency_proof(self.size, len(self.leaves), self.read)
        body, note = build_add_checkpoint(self.size, proof, self.note), self.note
        text = read_checkpoint(note).encode()
        now = int(self.nodes.clock().timestamp())
        for witness, store in self.nodes.witnesses.by_name.values():
            answer = witness.add_checkpoint(body, store, now)
            lines = read_answer(answer, text, [verifier_for(c.vkey) for c in witness.cosigners])
            assert not isinstance(lines, int), answer
            note = add_lines(note, lines)
        return note


class ThiefRows:
    """What the thief serves."""

    def __init__(self, thief: Thief) -> None:
        self._thief = thief

    def checkpoint(self) -> tuple[int, bytes] | None:
        return len(self._thief.leaves), self._thief.note

    def leaves(self, start: int, end: int) -> list[bytes]:
        return self._thief.leaves[start:end]

    def hashes(self, coordinates: Sequence[Coordinate]) -> list[bytes]:
        return self._thief.read(coordinates)


def robbed(nodes: Nodes) -> tuple[Node, Thief]:
    """A matter sent to FR and published; then the thief leads the witnesses on, and another act is filed here."""
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.sent(nodes, de)
    nodes.settle()
    matters.advance(nodes, de, fr)  # FR acknowledges
    nodes.settle()
    thief = Thief(nodes, de)
    thief.note = thief.lead_on()
    matters.draft(nodes, de, DOCKET + "b")
    return de, thief


def ended(nodes: Nodes, size: int, root: bytes, reason: str = "theft") -> NodeEntry:
    vkeys = add_log_signers(nodes.folder / "DE" / "keys", NEW)
    entry = entry_of(nodes, "DE")
    end = LogEnd(size=size, root=encode_base64(root), reason=reason)  # type: ignore[arg-type]
    first = msgspec.structs.replace(entry.logs[0], end=end)
    return entry.with_logs((first, LogEntry(origin=NEW, vkeys=vkeys)))


def test_the_node_notices_and_refuses_to_sign(nodes: Nodes) -> None:
    de, thief = robbed(nodes)
    with pytest.raises(Tampered, match=f"saw {len(thief.leaves)} leaves|saw another tree"):
        de.publisher.publish()
    assert de.publisher.failure
    with pytest.raises(Tampered):  # for good
        de.publisher.publish()
    nodes.kill(de)
    again = nodes.open("DE")
    with pytest.raises(Tampered, match="The witness"):
        again.publisher.check_witnesses()  # what `Node.start` asks first


def test_the_matter_goes_on_in_a_log_that_the_roots_name(nodes: Nodes) -> None:
    de, thief = robbed(nodes)
    with pytest.raises(Tampered):
        de.publisher.publish()
    agreed, waiting = thief.size, de.store.size() - thief.size
    assert waiting >= 1
    root = de.log.root_at(agreed)
    for node in list(nodes.wire.nodes.values()):
        nodes.kill(node)
    entry = ended(nodes, agreed, root)
    publish(nodes, "DE", lambda _: entry)
    de, fr = nodes.open("DE"), nodes.open("FR")
    assert (de.log.origin, de.log.rows.start, de.log.tree.size) == (NEW, agreed, waiting)
    de.turn.tick()
    matters.finish(nodes, de, fr)
    assert tuple(e.step for e in fr.registrar.docket(DOCKET).entries) == matters.WHOLE
    assert matters.latest(de, "request.draft", docket=DOCKET + "b").effect  # what no witness had seen was not lost
    begun = key_event_leaf(log_begun(NEW, entry.logs[1].vkeys, Checkpoint(origin("DE"), agreed, root)), agreed)
    assert de.log.rows.leaves(waiting, waiting + 1) == [begun]
    for party in nodes.parties:  # the guard takes both logs
        nodes.shut(nodes.wire.nodes[f"{party.lower()}-node"])
        nodes.shut(nodes.open(party))


def test_nothing_of_the_old_log_beyond_its_end_counts_any_more(nodes: Nodes) -> None:
    """Before, the thief's checkpoint would pass FR's policy, whole quorum and all: so the roots' word is needed."""
    de, thief = robbed(nodes)
    now = int(nodes.clock().timestamp())
    path = inclusion_proof(thief.size, len(thief.leaves), thief.read)
    proof = TlogProof(thief.size, FORGED, path, thief.note)
    before = nodes.anchors.policy(origin("DE"))
    assert proof.verify(before, FORGED, now, 3600).checkpoint.size == len(thief.leaves)
    root = de.log.root_at(thief.size)
    for node in list(nodes.wire.nodes.values()):
        nodes.kill(node)
    entry = ended(nodes, thief.size, root)
    publish(nodes, "DE", lambda _: entry)
    fr = nodes.open("FR")
    with pytest.raises(Unverified, match=f"ended with {thief.size} leaves"):
        proof.verify(fr.inbox._policies[origin("DE")], FORGED, now, 3600)
    with pytest.raises(Unverified, match="not one of"):
        fr.directory.node("de-node").number(origin("DE"), thief.size)
    further = build_add_checkpoint(len(thief.leaves), [], thief.note)
    for witness, store in nodes.witnesses.by_name.values():
        answer = witness.add_checkpoint(further, store, now)
        assert (answer.status, b"was ended" in answer.body) == (403, True)


def test_an_end_that_is_not_what_stands_here_is_refused(nodes: Nodes) -> None:
    de, thief = robbed(nodes)
    root = de.log.root_at(thief.size)
    for node in list(nodes.wire.nodes.values()):
        nodes.kill(node)
    for size, value in ((thief.size, b"r" * 32), (thief.size - 1, Tree().root()), (99, root)):
        entry = ended(nodes, size, value)
        publish(nodes, "DE", lambda _, entry=entry: entry.with_logs((entry.logs[0], entry.logs[-1])))  # type: ignore[misc]
        with pytest.raises(Tampered, match="ended with"):
            nodes.open("DE")


def test_a_node_that_lost_its_database_begins_anew_in_the_log_that_follows(nodes: Nodes) -> None:
    de, thief = robbed(nodes)
    root = de.log.root_at(thief.size)
    for node in list(nodes.wire.nodes.values()):
        nodes.kill(node)
    entry = ended(nodes, thief.size, root, "loss")
    publish(nodes, "DE", lambda _: entry)
    for path in (nodes.folder / "DE" / "data").glob("node.db*"):
        path.unlink()
    de, fr = nodes.open("DE"), nodes.open("FR")
    assert (de.log.origin, de.log.tree.size) == (NEW, 0)
    matters.sent(nodes, de, DOCKET + "c")
    nodes.settle()
    assert fr.registrar.docket(DOCKET + "c").state == "request.send"


def test_a_log_that_ended_with_none_after_it_says_what_to_do(nodes: Nodes) -> None:
    de, thief = robbed(nodes)
    end = LogEnd(size=thief.size, root=encode_base64(de.log.root_at(thief.size)), reason="theft")
    for node in list(nodes.wire.nodes.values()):
        nodes.kill(node)
    publish(nodes, "DE", lambda e: e.with_logs((msgspec.structs.replace(e.logs[0], end=end),)))
    with pytest.raises(BadLaw, match="ends every log") as refused:
        nodes.open("DE")
    assert "comity init successor" in refused.value.next_step


@pytest.mark.parametrize("maker", ["DE", "FR"])
def test_a_package_of_a_matter_over_two_logs_is_proved_from_both(nodes: Nodes, maker: str) -> None:
    de, thief = robbed(nodes)
    root = de.log.root_at(thief.size)
    for node in list(nodes.wire.nodes.values()):
        nodes.kill(node)
    entry = ended(nodes, thief.size, root)
    publish(nodes, "DE", lambda _: entry)
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.finish(nodes, de, fr)
    by, now = {"DE": de, "FR": fr}[maker], nodes.clock()
    with package_file(by, by.registrar.docket(DOCKET), now) as package:
        verdict = check_source(package, nodes.anchors, load_law(), int(now.timestamp()))
    assert verdict.ok, verdict.problems
    assert {standing.origin for line in verdict.lines for standing in line.logs} >= {origin("DE"), NEW, origin("FR")}


def test_an_auditor_shows_what_the_thief_logged_and_counts_none_of_it(nodes: Nodes, tmp_path: Path) -> None:
    de, thief = robbed(nodes)
    root = de.log.root_at(thief.size)
    for node in list(nodes.wire.nodes.values()):
        nodes.kill(node)
    entry = ended(nodes, thief.size, root)
    publish(nodes, "DE", lambda _: entry)
    stolen = tmp_path / "stolen"
    for tile in tiles_of(0, len(thief.leaves)):
        write_file(stolen / tile.path, tile_bytes(tile, ThiefRows(thief)))
    write_file(stolen / "checkpoint", thief.note)
    policy = nodes.directory().bounded(origin("DE"), nodes.anchors.policy(origin("DE")))
    with AuditState() as state:
        auditor = Auditor(FolderSource(stolen), state, policy, nodes.clock(), evidence=tmp_path / "evidence")
        report = auditor.run()
    (shown,) = report.exposed
    assert (shown.kind, report.exit_code, report.sums.counts) == (BEYOND, 7, {})
    assert shown.key.startswith(f"{origin('DE')}+")
    assert (tmp_path / "evidence" / f"beyond-{thief.size}.leaf").read_bytes() == FORGED
    assert (tmp_path / "evidence" / f"beyond-{len(thief.leaves)}.note").read_bytes() == thief.note
