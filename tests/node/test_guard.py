"""A node does not start on data that somebody else wrote to: every table, and what fits the tree but not the law."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from comity.docket.record import SealedRecord, compose
from comity.errors import BadLaw, Tampered
from comity.node.keeping.store import Store
from comity.node.log.act_log import ActLog
from comity.package.anchors import write_anchors
from comity.proceedings import bodies
from comity.signing.seal import seal
from comity.tlog.cosignature import Ed25519Cosigner
from tests.node import matters
from tests.node.insider import Forged, enter_by_hand
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes
from tests.world import authorisation, seal_payload

Db = sqlite3.Connection


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Nodes:
    """A finished matter on two nodes that were killed; tests work on copies."""
    nodes = Nodes(tmp_path_factory.mktemp("finished"))
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.finish(nodes, de, fr)
    matters.sent(nodes, de, DOCKET + "b")  # waits in the outbox, partly unsigned
    for node in (de, fr):
        nodes.kill(node)
    return nodes


@pytest.fixture
def nodes(finished: Nodes, tmp_path: Path) -> Iterator[Nodes]:
    here = tmp_path / "copy"
    shutil.copytree(finished.folder, here)
    before, finished.folder = finished.folder, here
    yield finished
    for node in list(finished.wire.nodes.values()):
        finished.kill(node)
    finished.folder = before


def write(nodes: Nodes, party: str, *statements: str | Callable[[Db], object]) -> None:
    with sqlite3.connect(nodes.folder / party / "data" / "node.db") as db:
        for statement in statements:
            if callable(statement):
                statement(db)
            else:
                assert db.execute(statement).rowcount >= 1, statement
    db.close()


def test_untouched_data_is_accepted(nodes: Nodes) -> None:
    assert nodes.open("DE").store.size() == 12
    assert nodes.open("FR").store.size() == 9


CHANGED = "UPDATE {0} SET {1} = {2} WHERE rowid = (SELECT min(rowid) FROM {0})"
TOUCHED = {
    "records: findings": (CHANGED.format("records", "findings", "x'5b5d'"), "position 0"),
    "records: of another type": (CHANGED.format("records", "findings", "'[]'"), "position 0|not of the kind"),
    "records: id of another type": (CHANGED.format("records", "sealed", "7"), "position 0|not of the kind"),
    "records: effect": (CHANGED.format("records", "effect", "0"), "position 0"),
    "records: step": (CHANGED.format("records", "step", "'request.close'"), "position 0"),
    "records: docket": (CHANGED.format("records", "docket", "'request:other-0001'"), "position 0"),
    "records: kind": (CHANGED.format("records", "kind", "'notification'"), "position 0"),
    "records: node": (CHANGED.format("records", "node", "'fr-node'"), "position 0"),
    "records: salt": (CHANGED.format("records", "salt", "zeroblob(32)"), "position 0"),
    "records: id": (CHANGED.format("records", "id", "'sha256:" + "0" * 64 + "'"), "position 0"),
    "records: sealed": (CHANGED.format("records", "sealed", "replace(sealed, 'prosecutor', 'judge')"), "position 0"),
    "records: position": ("UPDATE records SET position = 99 WHERE position = 3", "position 3"),
    "records: removed": ("DELETE FROM records WHERE position = 2", "position 2 has no record"),
    "records: last removed": ("DELETE FROM records WHERE position = 11", "position 11 has no record"),
    "records: written": (
        ("INSERT INTO records SELECT 'sha256:x', 77, docket, step, node, kind, effect, sealed, findings, salt, entered"
        " FROM records WHERE position = 1"), "past the registrar",
    ),
    "sections: body": (CHANGED.format("sections", "body", "zeroblob(99)"), "not those that were entered"),
    "sections: key": (CHANGED.format("sections", "key", "zeroblob(60)"), "not those that were entered"),
    "sections: exchanged": (
        "UPDATE sections SET record = CASE rowid WHEN 1 THEN 'a' ELSE record END", "sections|contents",
    ),
    "sections: removed": ("DELETE FROM sections WHERE rowid = 2", "missing, and no erasure"),
    "sections: written": ("INSERT INTO sections VALUES ('sha256:stray', x'00', x'00')", "never entered"),
    "leaves: changed": ("UPDATE leaves SET leaf = x'00' WHERE position = 4", "position 4"),
    "leaves: removed": ("DELETE FROM leaves WHERE position = 4", "position 4 is missing"),
    "leaves: last removed": ("DELETE FROM leaves WHERE position = 11", "11 leaves|does not follow|rolled back"),
    "leaves: written": ("INSERT INTO leaves VALUES (12, x'00')", "tree|position 12"),
    "nodes: changed": ("UPDATE nodes SET hash = zeroblob(32) WHERE level = 3 AND idx = 0", "tree|signed"),
    "nodes: removed": ("DELETE FROM nodes WHERE level = 3 AND idx = 0", "node"),
    "nodes: kept below the lowest": ("INSERT INTO nodes VALUES (0, 1, zeroblob(32))", "belong to no leaf"),
    "nodes: written": ("INSERT INTO nodes VALUES (9, 9, zeroblob(32))", "belong to no leaf"),
    "checkpoints: changed": ("UPDATE checkpoints SET note = x'00'", "checkpoint"),
    "checkpoints: other size": ("UPDATE checkpoints SET size = 12 WHERE size = 9", "checkpoint"),
    "checkpoints: written": ("INSERT INTO checkpoints VALUES (99, x'00', 'x')", "checkpoint"),
    "counterproofs: written": ("INSERT INTO counterproofs VALUES ('sha256:stray', 'o', x'00')", "never entered"),
    "outbox: written": (
        ("INSERT INTO outbox (node, kind, record, position, attempts, next_at, lease_until, problem)"
        " SELECT 'nl-node', 'record', id, position, 0, 0, 0, '' FROM records WHERE position = 0"), "not owed",
    ),
    "outbox: stray": (
        ("INSERT INTO outbox (node, kind, record, position, attempts, next_at, lease_until, problem)"
        " VALUES ('fr-node', 'record', 'sha256:stray', 0, 0, 0, 0, '')"), "never entered",
    ),
    "outbox: other node": ("UPDATE outbox SET node = 'nl-node'", "not owed"),
    "exhibits: key": ("UPDATE exhibits SET key = zeroblob(60)", "by hand"),
    "exhibits: id": ("UPDATE exhibits SET id = 'sha256:other'", "by hand"),
    "exhibits: blob": ("UPDATE exhibits SET blob = '" + "0" * 64 + "'", "missing from the vault"),
    "logs: start": ("UPDATE logs SET start = 1", "leaves|tree|signed|rolled back"),
    "meta: schema": ("UPDATE meta SET value = '9'", "schema 9"),
}  # fmt: skip


@pytest.mark.parametrize("what", TOUCHED)
def test_a_row_written_changed_or_removed_stops_the_start(nodes: Nodes, what: str) -> None:
    statement, says = TOUCHED[what]
    write(nodes, "DE", statement)
    with pytest.raises(Tampered, match=says):
        nodes.open("DE")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE logs SET origin = 'de.example/other'", "INSERT INTO logs VALUES (1, 'de.example/other', 12)"],
)
def test_a_log_that_the_party_file_does_not_name_stops_the_start(nodes: Nodes, statement: str) -> None:
    write(nodes, "DE", statement)
    with pytest.raises(BadLaw, match="does not name"):
        nodes.open("DE")


@pytest.mark.parametrize("party", ["DE", "FR"])
def test_an_exhibit_that_was_given_or_received_here_cannot_vanish(nodes: Nodes, party: str) -> None:
    write(nodes, party, "DELETE FROM exhibits")
    with pytest.raises(Tampered, match="given or received here and is missing"):
        nodes.open(party)


def test_bytes_of_an_exhibit_that_vanished_are_missed(nodes: Nodes) -> None:
    for blob in (nodes.folder / "FR" / "data" / "vault").iterdir():
        blob.unlink()
    with pytest.raises(Tampered, match="missing from the vault"):
        nodes.open("FR")


def test_a_peers_record_without_its_proof_is_told_while_it_is_not_signed(nodes: Nodes) -> None:
    write(nodes, "DE", "DELETE FROM counterproofs", "DELETE FROM checkpoints")
    (nodes.folder / "DE" / "data" / "last-signed.db").unlink()
    with pytest.raises(Tampered, match="No proof by the log"):
        nodes.open("DE")


def test_what_was_signed_stays_proved_when_the_policy_asks_for_more_and_the_file_apart_is_lost(nodes: Nodes) -> None:
    (nodes.folder / "DE" / "data" / "last-signed.db").unlink()
    mirror = Ed25519Cosigner.from_seed("de-oversight.example/mirror", b"m" * 32).vkey.encode()
    more = f"witness mirror {mirror} https://mirror.example\ngroup both all oversight mirror\nquorum both\n"
    policies = {o: text.replace("quorum oversight\n", more) for o, text in nodes.anchors.policies.items()}
    (nodes.folder / "DE" / "anchors.toml").write_text(write_anchors(replace(nodes.anchors, policies=policies)))
    assert nodes.open("DE").store.size() == 12


def test_a_database_restored_from_a_copy_is_told(nodes: Nodes) -> None:
    data = nodes.folder / "DE" / "data"
    shutil.copy(data / "node.db", nodes.folder / "old.db")
    de = nodes.open("DE")
    matters.draft(nodes, de, DOCKET + "c")
    de.publisher.publish()
    nodes.kill(de)
    shutil.copy(nodes.folder / "old.db", data / "node.db")
    with pytest.raises(Tampered, match="rolled back"):
        nodes.open("DE")


def test_leaves_changed_together_with_the_tree_contradict_what_was_signed(nodes: Nodes) -> None:
    """The whole database is written anew, consistently, from the first leaf on: only the signed root differs."""
    write(nodes, "DE", "DELETE FROM records", "DELETE FROM leaves", "DELETE FROM nodes", "DELETE FROM sections")
    store = Store(nodes.folder / "DE" / "data" / "node.db")
    log = ActLog("de.example/log", store)
    for _ in range(12):
        enter_by_hand(store, log, forged(nodes, hand=False))
    store.close()
    with pytest.raises(Tampered, match="not those that were signed"):
        nodes.open("DE")


def forged(nodes: Nodes, *, hand: bool, sealed_by: str = "DE", store: Store | None = None) -> Forged:
    """An authorisation that no judge gave, sealed with the node's own key by whoever has the machine."""
    request = "sha256:" + "0" * 64
    answers: tuple[str, ...] = ()
    body: msgspec.Struct = bodies.Declined(request=request, reasons="none")
    if store is not None:
        answers = (str(store.record_at(9)),)
        body = bodies.Transmission(request=answers[0])
    record, sections = compose(
        docket=DOCKET + "x", step="request.authorise", answers=answers, party=sealed_by,
        authority=f"{sealed_by.lower()}-court", role="judge", at=nodes.clock(), body=body,
    )  # fmt: skip
    mark = seal(seal_payload(record, None), nodes.keys["DE"].seal)
    return SealedRecord(record=record, hand=None, seal=mark, sections=sections), f"{sealed_by.lower()}-node"


@pytest.mark.parametrize(
    ("sealed_by", "says"), [("DE", "cannot have effect|missing"), ("FR", "written past the registrar")]
)
def test_an_extra_leaf_that_fits_the_tree_is_found_by_what_it_lacks(nodes: Nodes, sealed_by: str, says: str) -> None:
    """The insider has database, program, vault and seal key; not a judge's hand, and not the other side's log."""
    from comity.node.keeping.keys import NodeKeys
    from comity.node.keeping.vault import Vault

    store = Store(nodes.folder / "DE" / "data" / "node.db")
    keys = NodeKeys.load(nodes.folder / "DE" / "keys")
    vault = Vault(nodes.folder / "DE" / "data" / "vault", keys.vault)
    made = forged(nodes, hand=False, sealed_by=sealed_by)
    enter_by_hand(store, ActLog("de.example/log", store), made, vault)
    store.close()
    with pytest.raises(Tampered, match=says):
        nodes.open("DE")


def test_findings_made_clear_on_a_record_that_is_not_signed_yet_are_found(nodes: Nodes) -> None:
    """An entered, authentic act without effect is given effect by rewriting its findings, its leaf and the tree."""
    de = nodes.open("DE")
    request = matters.draft(nodes, de, DOCKET + "d")
    entry = de.registrar.docket(DOCKET + "d").by_id[request.id]
    idle = nodes.file(de, DOCKET + "d", "request.authorise", authorisation(entry), nodes.world.who("DE", "prosecutor"))
    assert not idle.effect
    sealed = de.sealed(idle.id)
    vault = de.vault
    nodes.kill(de)
    write(
        nodes, "DE", f"DELETE FROM records WHERE id = '{idle.id}'", f"DELETE FROM sections WHERE record = '{idle.id}'",
        f"DELETE FROM leaves WHERE position = {idle.position}",
    )  # fmt: skip
    store = Store(nodes.folder / "DE" / "data" / "node.db")
    assert store.size() == idle.position == 13
    enter_by_hand(store, ActLog("de.example/log", store), (sealed, "de-node"), vault)
    store.close()
    with pytest.raises(Tampered, match="cannot have effect"):
        nodes.open("DE")
