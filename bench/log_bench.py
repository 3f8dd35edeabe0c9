"""What a log of a million acts costs: an outsider's audit, a proof, a leaf's bytes, a cold start.

Each function makes what it needs in a temporary folder and gives back its figures by name.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from bench.row import Row, at_most
from comity.node.auditor.audit import Auditor
from comity.node.auditor.source import FolderSource
from comity.node.auditor.state import AuditState
from comity.node.keeping import tables as t
from comity.node.keeping.last_signed import LastSigned
from comity.node.keeping.store import Store
from comity.node.log.act_log import ActLog
from comity.node.log.export import export_log
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.leaf import ActLeaf
from comity.tlog.note import Signer
from comity.tlog.policy import Policy
from comity.tlog.tree import Tree, leaf_hash

SIZE = 1_000_000
LOG = Signer.from_seed("node.example/act-log/2027", b"l" * 32)
POLICY = Policy.parse(f"log {LOG.vkey.encode()}\nquorum none\n")
_CHUNK = 50_000


@cache
def million() -> Path:
    """A folder with ``node.sqlite``, a store of a million leaves (half of them sealed), and ``log/``, exported."""
    folder = Path(tempfile.mkdtemp(prefix="comity-bench-"))
    store = Store(folder / "node.sqlite")
    tree = _fill(store, SIZE)
    note = sign_checkpoint(Checkpoint(LOG.name, tree.size, tree.root()), [LOG])
    store.add_checkpoint(tree.size, note, "2027-01-01T00:00:00.000Z")
    export_log(store, folder / "log")
    store.close()
    return folder


def _fill(store: Store, size: int, every: int = 2) -> Tree:
    """Leaves as a node writes them; every so many are sealed."""
    tree = Tree()
    for start in range(0, size, _CHUNK):
        leaves = [_leaf(position % every == 0) for position in range(start, min(start + _CHUNK, size))]
        tree, nodes = tree.append([leaf_hash(leaf) for leaf in leaves])
        with store.writing() as db:
            db.execute(t.leaves.insert(), [{"position": start + n, "leaf": leaf} for n, leaf in enumerate(leaves)])
            kept = [{"level": at, "idx": n, "hash": value} for at, n, value in nodes if at >= t.LOWEST_KEPT]
            db.execute(t.nodes.insert(), kept)
    return tree


def _leaf(sealed: bool) -> bytes:
    if sealed:
        return ActLeaf("sealed", os.urandom(32), "until 2099-01-01", os.urandom(32)).encode()
    return ActLeaf("request", os.urandom(32)).encode()


def audit_million() -> dict[str, float]:
    """Seconds for a whole audit of a million entries from a folder (bound: 60), and entries a second."""
    folder = million()
    with tempfile.TemporaryDirectory() as scratch, AuditState(Path(scratch) / "audit.sqlite") as state:
        start = time.perf_counter()
        report = Auditor(FolderSource(folder / "log"), state, POLICY, datetime.now(UTC)).run()
        seconds = time.perf_counter() - start
    if report.exit_code or sum(report.sums.counts.values()) != SIZE:
        raise AssertionError(report)
    return {"audit_seconds": seconds, "audit_entries_per_second": SIZE / seconds}


def proof_latency_million() -> dict[str, float]:
    """Milliseconds for an inclusion proof out of the store at a million leaves (bound: p50 2)."""
    with _log() as log:
        taken = []
        for number in range(1000):
            start = time.perf_counter()
            log.proof(number * 997_331 % SIZE)
            taken.append((time.perf_counter() - start) * 1000)
    cuts = statistics.quantiles(taken, n=100)
    return {"proof_p50_ms": cuts[49], "proof_p99_ms": cuts[98]}


def bytes_per_leaf() -> dict[str, float]:
    """Bytes on disk for each leaf (bound: 160): the store's leaves and tree, and the exported files.

    The store's too when every leaf is sealed, as a node's are that pads: those leaves are the longest that are common.
    """
    folder = million()
    store, sealed = Store(folder / "node.sqlite"), Store(folder / "sealed.sqlite")
    _fill(sealed, SIZE // 10, every=1)
    sizes = _bytes(store) / SIZE, _bytes(sealed) / (SIZE // 10)
    store.close()
    sealed.close()
    files = sum(path.stat().st_size for path in (folder / "log").rglob("*") if path.is_file())
    names = ("store_bytes_per_leaf", "store_bytes_per_leaf_all_sealed", "files_bytes_per_leaf")
    return dict(zip(names, (*sizes, files / SIZE), strict=True))


def _bytes(store: Store) -> int:
    with store.reading() as db:
        count, size = (int(db.exec_driver_sql(f"PRAGMA page_{word}").scalar_one()) for word in ("count", "size"))
    return count * size


def cold_start_million() -> dict[str, float]:
    """Seconds from nothing to a log that can prove, knows what was signed last, and has signed its tree (bound: 1)."""
    folder = million()
    with closing(LastSigned(folder / "last-signed.db")) as last, _log() as log:
        tree = log.tree
        last.set(LOG.name, tree.size, tree.root(), b"")
    start = time.perf_counter()
    with closing(LastSigned(folder / "last-signed.db")) as last, _log() as log:
        signed = last.get(LOG.name)
        if signed is None or log.root_at(signed[0]) != signed[1]:
            raise AssertionError(signed)
        grown = log.append([_leaf(True)]).tree
        sign_checkpoint(Checkpoint(LOG.name, grown.size, grown.root()), [LOG])
        log.consistency(LOG.name, SIZE // 3, SIZE)  # for a witness that is behind
        log.proof(SIZE // 2)
        return {"cold_start_seconds": time.perf_counter() - start}


@contextmanager
def _log() -> Iterator[ActLog]:
    store = Store(million() / "node.sqlite")
    try:
        yield ActLog(LOG.name, store)
    finally:
        store.close()


_MOST = {
    "audit_seconds": 60, "proof_p50_ms": 2, "store_bytes_per_leaf": 160, "store_bytes_per_leaf_all_sealed": 160,
    "cold_start_seconds": 1,
}  # fmt: skip


def rows(_: Path) -> list[Row]:
    """The figures for the one table of `make bench`."""
    try:
        found = {**audit_million(), **proof_latency_million(), **bytes_per_leaf(), **cold_start_million()}
    finally:
        shutil.rmtree(million(), ignore_errors=True)
        million.cache_clear()
    return [
        Row(name.replace("_", " "), f"{value:,.3f}", asked=at_most(value, _MOST[name]) if name in _MOST else "")
        for name, value in found.items()
    ]


def main() -> None:
    """Run all and print them."""
    try:
        for measure in (audit_million, proof_latency_million, bytes_per_leaf, cold_start_million):
            for name, value in measure().items():
                print(f"{name:28} {value:12.3f}", file=sys.stdout, flush=True)
    finally:
        shutil.rmtree(million(), ignore_errors=True)


if __name__ == "__main__":
    main()
