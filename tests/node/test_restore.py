"""After a loss: leaves come back from a mirror, records do not, nothing is forked, and oversight is told."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.errors import ComityError, NotFound, Tampered, Unverified
from comity.node.auditor.audit import Auditor
from comity.node.auditor.state import AuditState
from comity.node.log.export import RowsSource, tile_bytes
from comity.node.node import Node, Outside
from comity.node.restore import restore
from comity.node.witness.mirror import Mirror
from comity.settings import Settings
from comity.tlog.checkpoint import open_checkpoint
from comity.tlog.cosignature import verifier_for
from comity.tlog.note import Verifier
from comity.tlog.policy import Policy
from comity.tlog.tiles import parse_tile_path
from tests.node import matters
from tests.node.nodes import MemoryStore, Nodes
from tests.world import origin

SETTINGS = Settings(node="de-node", cadence_seconds=3600, retry_seconds=0.01, clerk_seconds=3600)


class Lost:
    """DE was backed up with one act, went on to four, and lost its disk; its oversight body's mirror has them all."""

    def __init__(self, folder: Path) -> None:
        self.nodes = Nodes(folder)
        self.base, self.copies = folder / "DE", folder / "mirror"
        logs = {origin("DE"): [Verifier.parse(self.nodes.keys["DE"].log_vkeys[0])]}
        log = self.nodes.wire.log_of(self.nodes.directory().node("de-node"))
        mirror = Mirror((self.nodes.cosigner("DE"),), logs, sources={origin("DE"): log}, folder=self.copies)
        self.nodes.witnesses.by_name["de"] = (mirror, MemoryStore())
        de = self.open()
        matters.draft(self.nodes, de)
        de.publisher.publish()
        self.nodes.kill(de)
        self.backup = folder / "backup.db"
        with sqlite3.connect(self.base / "data" / "node.db") as db, sqlite3.connect(self.backup) as copy:
            db.backup(copy)
        de = self.open()
        matters.authorise(self.nodes, de)
        matters.send(self.nodes, de)
        matters.draft(self.nodes, de, matters.DOCKET + "b")
        de.publisher.publish()
        self.size = de.log.tree.size
        self.nodes.kill(de)
        self.restore_backup()

    def open(self) -> Node:
        """DE, whose log the mirror reads up to what was signed, as over HTTP."""
        de = self.nodes.open("DE")
        log = self.nodes.wire.log_of(de.entry)
        log.shown = Signed(de)
        return de

    def restore_backup(self, *, all_of_it: bool = False) -> None:
        for path in (self.base / "data").glob("node.db*"):
            path.unlink()
        shutil.copy(self.backup, self.base / "data" / "node.db")
        if all_of_it:
            (self.base / "data" / "last-signed.db").unlink()

    def restore(self, place: Path | None = None) -> int:
        outside = Outside(self.nodes.clock, self.nodes.wire, self.nodes.witnesses, self.nodes.wire.log_of)
        done = restore(SETTINGS, self.base, str(place or self.copies), outside)
        return done.end - done.start


class Signed(RowsSource):
    """What a node serves: tiles up to what was signed, not only what was published."""

    def __init__(self, node: Node) -> None:
        super().__init__(node.log.rows)
        self._node = node

    def fetch(self, path: str) -> bytes:
        return tile_bytes(parse_tile_path(path), self._node.log.rows)


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Lost]:
    found = Lost(tmp_path)
    yield found
    found.nodes.close()


@pytest.mark.parametrize("all_of_it", [False, True])
def test_without_a_mirror_the_node_does_not_sign_again(lost: Lost, all_of_it: bool) -> None:
    """By what it signed last; and when that is lost too, by what its witnesses show."""
    lost.restore_backup(all_of_it=all_of_it)
    with pytest.raises(Tampered, match="rolled back" if not all_of_it else "some were lost"):
        lost.open().start()


@pytest.mark.parametrize("all_of_it", [False, True])
def test_leaves_come_back_and_the_log_goes_on(lost: Lost, all_of_it: bool) -> None:
    lost.restore_backup(all_of_it=all_of_it)
    assert lost.restore() == 3
    de = lost.open()
    assert de.log.tree.size > lost.size == 4
    assert [e.step for e in de.registrar.docket(matters.DOCKET).entries] == ["request.draft"]
    (attempt,) = matters.attempts(de)
    assert (attempt.door, attempt.what) == ("restore", f"3 leaves of {origin('DE')} from 1 on")
    de.publisher.check_witnesses()
    again = matters.authorise(lost.nodes, de)
    assert again.effect
    assert de.publisher.publish()
    policy = Policy.parse(lost.nodes.policy("DE"))
    with AuditState() as state:
        report = Auditor(RowsSource(de.log.rows), state, policy, lost.nodes.clock()).run()
    assert (report.exit_code, report.size) == (0, 6)
    lost.nodes.shut(de)
    assert lost.open().log.tree.size == 6  # the guard takes it at every later start too


def test_nothing_is_restored_twice(lost: Lost) -> None:
    lost.restore()
    with pytest.raises(NotFound, match="nothing to restore"):
        lost.restore()


@pytest.mark.parametrize("what", ["a bundle", "the checkpoint"])
def test_a_copy_that_was_changed_is_refused(lost: Lost, what: str) -> None:
    (home,) = (path / "log" for path in lost.copies.iterdir())
    path = home / ("tile/entries/000.p/4" if what == "a bundle" else "checkpoint")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"decision-grant", b"decision-gramt") if what == "a bundle" else data[:-20])
    with pytest.raises(ComityError):
        lost.restore()
    path.write_bytes(data)
    assert lost.restore() == 3


def test_a_copy_of_another_history_is_refused(lost: Lost) -> None:
    """DE's database was forked before the loss: what is here is not how the copy begins."""
    with sqlite3.connect(lost.base / "data" / "node.db") as db:
        (leaf,) = db.execute("SELECT leaf FROM leaves WHERE position = 0").fetchone()
        db.execute("UPDATE leaves SET leaf = ? WHERE position = 0", (leaf.replace(b"request", b"refusal"),))
    with pytest.raises(Tampered, match="two histories"):
        lost.restore()


def test_a_copy_that_the_log_did_not_sign_is_refused(lost: Lost) -> None:
    (home,) = (path / "log" for path in lost.copies.iterdir())
    note = (home / "checkpoint").read_bytes()
    lines = note.decode().splitlines(keepends=True)
    (home / "checkpoint").write_text(
        "".join(x for x in lines if not x.startswith(f"— {origin('DE')} ")) + "— x aaaaaaaa\n"
    )
    with pytest.raises((Unverified, ComityError)):
        lost.restore()
    keys = [verifier_for(v) for v in lost.nodes.keys["DE"].log_vkeys]
    assert open_checkpoint(note, keys, origin("DE")).size == 4


def test_a_mirror_that_is_behind_a_witness_does_not_suffice(lost: Lost) -> None:
    """The witness of FR saw more than what the copy has: another mirror must be asked before anything is signed."""
    (home,) = (path / "log" for path in lost.copies.iterdir())
    kept = (home / "checkpoint").read_bytes(), (home / "tile/entries/000.p/4").read_bytes()
    assert lost.restore() == 3
    de = lost.open()
    matters.authorise(lost.nodes, de)
    de.publisher.publish()
    lost.nodes.kill(de)
    lost.restore_backup(all_of_it=True)
    (home / "checkpoint").write_bytes(kept[0])
    (home / "tile/entries/000.p/4").write_bytes(kept[1])
    with pytest.raises(Tampered, match="some were lost"):
        lost.restore()


def test_a_record_cannot_be_taken_out_and_called_lost(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    de = nodes.open("DE")
    matters.sent(nodes, de)
    de.publisher.publish()
    nodes.shut(de)
    with sqlite3.connect(tmp_path / "DE" / "data" / "node.db") as db:
        (record,) = db.execute("SELECT id FROM records WHERE position = 1").fetchone()
        for table, column in (("records", "id"), ("sections", "record"), ("outbox", "record")):
            db.execute(f"DELETE FROM {table} WHERE {column} = ?", (record,))
        db.execute("INSERT INTO padding VALUES (1, 'lost', x'', x'00112233445566778899aabbccddeeff', NULL)")
    with pytest.raises(Tampered):
        nodes.open("DE")
    nodes.close()
