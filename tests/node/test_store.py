"""The store enters all or nothing, one process at a time; the vault keeps, checks and forgets."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from comity.docket.docket import fold
from comity.errors import ComityError, Conflict, Malformed, NotFound, Tampered, Unreachable, Unverified
from comity.node.keeping.batch import Batch
from comity.node.keeping.store import Store
from comity.node.keeping.vault import StoredBlob, Vault
from comity.node.log.act_log import ActLog
from comity.node.node import Node
from comity.proceedings import bodies
from comity.tlog.tree import Tree, leaf_hash
from tests.node import matters
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes


def test_a_batch_that_fails_half_way_leaves_nothing_and_the_next_is_entered(nodes: Nodes) -> None:
    de = nodes.open("DE")
    first, enter = matters.draft(nodes, de), de.store.enter

    def spoilt(batch: Batch) -> None:
        batch.nodes += [(3, 0, b"twice")] * 2  # violates the primary key, late
        enter(batch)

    de.store.enter = spoilt  # type: ignore[method-assign]
    with pytest.raises(Tampered, match="past the registrar"):
        matters.authorise(nodes, de)
    de.store.enter = enter  # type: ignore[method-assign]
    assert (de.store.size(), de.log.tree.size) == (1, 1)
    assert de.registrar.docket(DOCKET).heads == {first.id}
    assert matters.authorise(nodes, de).position == 1
    nodes.kill(de)
    assert nodes.open("DE").registrar.docket(DOCKET).state == "request.authorise"


def test_a_batch_for_another_size_is_a_conflict(tmp_path: Path) -> None:
    store = Store(tmp_path / "node.db")
    with pytest.raises(Conflict, match="one node, one writer"):
        store.enter(Batch(3))
    store.close()


def test_nodes_that_are_not_kept_are_hashed_from_the_leaves(tmp_path: Path) -> None:
    """Every node, at sizes around where one is kept: as a tree that keeps them all has them."""
    store, every = Store(tmp_path / "node.db"), dict[tuple[int, int], bytes]()
    tree = Tree()
    for count in (1, 6, 1, 8, 241, 43):  # 1, 7, 8, 16, 257, 300
        log = ActLog("a.example/log", store)
        assert log.tree == tree
        leaves = [f"{tree.size + n}".encode() for n in range(count)]
        grown = log.append(leaves)
        store.enter(Batch(tree.size, leaves=grown.leaves, nodes=grown.nodes))
        tree, nodes = tree.append([leaf_hash(leaf) for leaf in leaves])
        every |= {(level, index): value for level, index, value in nodes}
        assert store.hashes(list(every)) == list(every.values())
        for missing in ((0, tree.size), (2, tree.size + 3 >> 2), (4, tree.size + 15 >> 4)):
            with pytest.raises(Tampered, match="lacks the node"):
                store.hashes([missing])
    assert len(grown.nodes) < 300 / 4
    store.close()


def test_another_schema_is_not_touched(tmp_path: Path) -> None:
    import sqlite3

    Store(tmp_path / "node.db").close()
    with sqlite3.connect(tmp_path / "node.db") as db:
        db.execute("UPDATE meta SET value = '999'")
    with pytest.raises(Tampered, match="999"):
        Store(tmp_path / "node.db")


def test_two_processes_cannot_hold_one_data_folder(nodes: Nodes) -> None:
    nodes.open("DE")
    with pytest.raises(Conflict, match="Another process"):
        nodes.open("DE")
    lock = nodes.folder / "DE" / "data" / "lock"
    code = (
        "import fcntl,sys; f=open(sys.argv[1],'ab')\n"
        "try: fcntl.flock(f, fcntl.LOCK_EX|fcntl.LOCK_NB)\nexcept OSError: sys.exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(lock)], check=False).returncode == 9


def test_a_reader_never_puts_an_older_docket_over_a_newer_one(nodes: Nodes) -> None:
    """The reader reads, the registrar enters, the reader keeps what it read: the newer state must stand."""
    import threading

    de = nodes.open("DE")
    matters.draft(nodes, de)
    rows, began = de.store.docket_rows, threading.Event()

    def slow(dockets: list[str]) -> object:
        found = rows(dockets)
        began.set()
        threading.Event().wait(0.3)
        return found

    de.dockets.forget(DOCKET)
    de.store.docket_rows = slow  # type: ignore[method-assign, assignment]
    reader = threading.Thread(target=de.registrar.docket, args=(DOCKET,))
    reader.start()
    began.wait(5)
    first = de.store.record_row(de.store.record_at(0) or "")
    assert first is not None
    body = bodies.Declined(request=first["id"], reasons="The request was read and does not state enough to decide on.")
    nodes.file(de, DOCKET, "request.decline", body, nodes.world.who("DE", "judge"), answers=(first["id"],))
    reader.join(5)
    assert len(de.registrar.docket(DOCKET).entries) == 2


# --- the vault


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault", b"v" * 32)


def taken(vault: Vault, data: bytes) -> StoredBlob:
    return vault.take_in(io.BytesIO(data), 1 << 24)


def read(vault: Vault, blob: StoredBlob, exhibit: str = "") -> bytes:
    sink = io.BytesIO()
    vault.read(exhibit or blob.id, blob.blob, blob.key, sink)
    return sink.getvalue()


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 3_000_000])
def test_an_exhibit_comes_back_as_it_was(vault: Vault, size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    blob = taken(vault, data)
    assert read(vault, blob) == data
    assert blob.size == size


def path_of(vault: Vault, blob: StoredBlob) -> Path:
    return vault._folder / blob.blob


@pytest.mark.parametrize("where", [0, 40, -1, -20])
def test_an_altered_or_truncated_exhibit_is_not_given_out_as_whole(vault: Vault, where: int) -> None:
    blob = taken(vault, b"evidence" * 1000)
    path = path_of(vault, blob)
    data = bytearray(path.read_bytes())
    data[where] ^= 1
    path.write_bytes(data)
    with pytest.raises(ComityError):
        read(vault, blob)
    path.write_bytes(bytes(data[: len(data) // 2]))
    with pytest.raises(ComityError):
        read(vault, blob)


def test_an_exhibit_under_anothers_name_or_key_is_tampered(vault: Vault, tmp_path: Path) -> None:
    one, two = taken(vault, b"one"), taken(vault, b"two")
    for exhibit, blob, key in ((two.id, one.blob, one.key), (one.id, two.blob, one.key), (one.id, one.blob, two.key)):
        with pytest.raises(ComityError):
            vault.read(exhibit, blob, key, io.BytesIO())
    with pytest.raises(Tampered):
        read(Vault(tmp_path / "vault", b"w" * 32), one)


def test_an_oversized_exhibit_leaves_nothing(vault: Vault) -> None:
    with pytest.raises(Malformed, match="larger"):
        vault.take_in(io.BytesIO(b"x" * 1001), 1000)
    with pytest.raises(Malformed, match="larger"):
        vault.place_blob(iter([b"x" * 600, b"x" * 600]), "0" * 64, 1000)
    with pytest.raises(Unverified, match="not the one"):
        vault.place_blob(iter([b"other bytes"]), "0" * 64, 1000)
    assert list(vault._folder.iterdir()) == []


def test_what_a_crash_left_behind_is_cleared_at_start(nodes: Nodes) -> None:
    de = nodes.open("DE")
    kept = nodes.exhibit(de, b"kept")
    orphan = taken(de.vault, b"taken in, then the machine died before the row")
    (de.vault._folder / "abc.part").write_bytes(b"half")
    nodes.kill(de)
    de = nodes.open("DE")
    row = de.store.exhibit(kept)
    assert row is not None
    assert {p.name for p in de.vault._folder.iterdir()} == {row["blob"]}
    assert orphan.blob != row["blob"]


def test_the_name_of_a_blob_cannot_leave_the_folder(vault: Vault) -> None:
    for name in ("../../etc/passwd", "", "a" * 63, "A" * 64, "/" * 64):
        with pytest.raises(Malformed):
            vault.open_blob(name)
        with pytest.raises(Malformed):
            vault.erase_blob(name)
    with pytest.raises(NotFound):
        vault.open_blob("0" * 64)


# --- erasure


def everything(folder: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file())


def erase(nodes: Nodes, node: Node, records: tuple[str, ...], exhibits: tuple[str, ...] = ()) -> None:
    body = bodies.Erasure(records=records, exhibits=exhibits, ground="unlawful", provision="LED art 16")
    done = nodes.file(node, DOCKET, "request.erase", body, nodes.world.who(node.party, "judge"))
    assert done.effect, done.findings


@pytest.mark.parametrize("named_by", ["digest", "id"])
def test_what_is_erased_is_nowhere_on_either_side_and_everything_else_still_holds(nodes: Nodes, named_by: str) -> None:
    de, fr = nodes.open("DE"), nodes.open("FR")
    nodes.exhibit_name = "E1"
    matters.finish(nodes, de, fr)
    produced = matters.latest(de, "request.produce")
    draft = matters.latest(de, "request.draft").id
    (digest,) = (x.digest for x in produced.body.exhibits)
    secrets: dict[str, list[bytes]] = {}
    for node in (de, fr):
        row, exhibit = node.store.record_row(draft), node.store.exhibit(digest)
        assert row is not None
        assert exhibit is not None
        cipher = (node.vault._folder / exhibit["blob"]).read_bytes()
        secrets[node.party] = [row["body"], row["key"], exhibit["key"], cipher, cipher[-40:], row["body"][-40:]]
        assert all(s in everything(nodes.folder / node.party / "data") for s in secrets[node.party])
    (name,) = (getattr(x, named_by) for x in produced.body.exhibits)
    for node in (de, fr):  # each erases what it holds, by a judge's hand
        erase(nodes, node, (draft, produced.id), (name,))
        nodes.settle()
    for node in (de, fr):
        data = everything(nodes.folder / node.party / "data")
        assert [n for n, s in enumerate(secrets[node.party]) if s in data] == []
        assert b"Mustermann" not in data
        _still_holds(nodes, node, draft)
    for party in ("DE", "FR"):
        nodes.kill(nodes.wire.nodes[f"{party.lower()}-node"])
        again = nodes.open(party)  # the guard accepts what an erasure explains
        assert len(again.registrar.docket(DOCKET).entries) == len(matters.WHOLE) + 3


def _still_holds(nodes: Nodes, node: Node, draft: str) -> None:
    """The docket folds, the erased record is still proved by the log, and the matter can go on."""
    node.dockets.forget(DOCKET)
    docket = node.registrar.docket(DOCKET)
    assert [e.step for e in docket.entries][:9] == list(matters.WHOLE)
    assert docket.by_id[draft].body is None
    assert docket.by_id[draft].effect
    assert fold(DOCKET, reversed(docket.entries)) == docket
    from comity.docket.logged import check_logged

    policy = nodes.anchors.policy(node.entry.origin)
    place = check_logged(node.sealed(draft), node.logged(draft), policy, int(nodes.clock().timestamp()), 3600)
    row = node.store.record_row(draft)
    assert row is not None
    assert place.position == row["position"]
    if node.party == "DE":
        note = bodies.NotificationGiven(
            person="The person concerned", contents="What was obtained, from whom and under which law.",
            remedies=bodies.Remedies(available="Complaint to the Landgericht (StPO § 304)"),
        )  # fmt: skip
        nodes.file(node, DOCKET, "request.notify", note, nodes.world.who("DE", "prosecutor"))
        nodes.settle()
        assert node.mailbox.outbox.waiting() == []


def test_a_store_that_is_closed_says_so(nodes: Nodes) -> None:
    node = nodes.open("DE")
    nodes.shut(node)
    with pytest.raises(Unreachable, match="brought to rest"):
        node.store.size()
