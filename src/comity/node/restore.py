"""After a loss: a node's missing leaves come back from a mirror, so that it may sign again without forking.

Records that went with the disk do not come back: their leaves stay as commitments that nothing here opens, each marked
with the vault key as lost, and the loss is noted for oversight. A tree that the mirror's does not extend is left alone.

Left to others: keeping copies (`witness.mirror`), refusing to start before (`guard`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from comity.errors import NotFound, Tampered
from comity.node.auditor.source import FolderSource, HttpSource, LogSource, tree_of
from comity.node.keeping.batch import Batch
from comity.node.keeping.keys import NodeKeys
from comity.node.keeping.last_signed import LastSigned
from comity.node.keeping.lost import lost_row
from comity.node.keeping.store import Store
from comity.node.keeping.vault import Vault
from comity.node.log.act_log import ActLog
from comity.node.log.seals import follow_leaf
from comity.node.node import Node, Outside, lock_data, read_parties, read_trust
from comity.settings import Settings
from comity.tlog.checkpoint import open_checkpoint
from comity.tlog.cosignature import verifier_for
from comity.tlog.leaf import SEALED, parse_leaf
from comity.tlog.note import NoteVerifier
from comity.tlog.tiles import WIDTH, TileReader
from comity.tlog.tree import Tree, frontier_of

_STOP = "Do not start this node. Keep both, compare with every witness, and tell oversight."
_MOST = 4096  # leaves entered at once


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back: the leaves from ``start`` up to but not including ``end``, by the log's own positions."""

    origin: str
    start: int
    end: int


def copy_of(place: str, origin: str) -> LogSource:
    """Where a mirror keeps a log: below its address or folder, by the SHA-256 of the origin. NotFound."""
    name = sha256(origin.encode()).hexdigest()
    if place.startswith(("http://", "https://")):
        return HttpSource(f"{place.rstrip('/')}/{name}")
    below = Path(place) / name
    return FolderSource(below if below.is_dir() else Path(place))


def restore(settings: Settings, base: Path, place: str, outside: Outside) -> Restored:
    """Restore a node's log from the mirror at ``place`` (address or folder), and note the loss. The node is down.

    Whatever is wrong afterwards is found by the node's own guards, before anything is signed.
    """
    directory, _ = read_parties(base / settings.parties, read_trust(settings, base))
    entry, data = directory.node(settings.node), base / settings.data
    lock = lock_data(data)
    store, last = Store(data / "node.db"), LastSigned(data / "last-signed.db")
    try:
        log, vault = ActLog(entry.origin, store), Vault(data / "vault", NodeKeys.load(base / settings.keys).vault)
        keys = [verifier_for(vkey) for vkey in entry.log(log.origin).vkeys]
        restored = restore_leaves(store, log, last, vault, copy_of(place, log.origin), keys)
    finally:
        store.close()
        last.close()
        lock.close()
    report_loss(settings, base, outside, restored)
    return restored


def restore_leaves(
    store: Store, log: ActLog, last: LastSigned, vault: Vault, source: LogSource, keys: Sequence[NoteVerifier]
) -> Restored:
    """Enter what the copy has beyond this log, each leaf checked against the checkpoint that the log itself signed.

    NotFound when the copy has no more; Unverified when it is not what was signed; Tampered when it is another history.
    """
    note = source.checkpoint()
    checkpoint = open_checkpoint(note, keys, log.origin)
    start = log.tree.size
    if checkpoint.size <= start:
        raise NotFound(f"The copy has {checkpoint.size} leaves of {log.origin}, this node {start}: nothing to restore.",
                       "Ask another mirror, or start the node.")  # fmt: skip
    reader = tree_of(checkpoint, source.fetch)
    if Tree(start, frontier_of(start, reader)).root() != log.tree.root():
        raise Tampered(f"The copy does not begin with the {start} leaves that are here: two histories.", _STOP)
    signed = last.get(log.origin)
    if signed is not None and signed[0] > checkpoint.size:
        raise Tampered(f"{signed[0]} leaves were signed, the copy has {checkpoint.size}.", "Ask another mirror.")
    while log.tree.size < checkpoint.size:
        _enter(store, log, vault, _leaves(reader, log.tree.size, checkpoint.size))
    if log.tree.root() != checkpoint.root:
        raise Tampered("What was restored does not make the tree that was signed.", _STOP)
    last.set(log.origin, checkpoint.size, checkpoint.root, note)
    return Restored(log.origin, start, checkpoint.size)


def _leaves(reader: TileReader, start: int, size: int) -> list[bytes]:
    """Verified leaves from ``start`` on, to the end of a bundle."""
    found, end = list[bytes](), min(size, start + _MOST)
    for index in range(start // WIDTH, -(-end // WIDTH)):
        found += reader.entries(index)[start - index * WIDTH if index == start // WIDTH else 0 :]
    return found[: end - start]


def _enter(store: Store, log: ActLog, vault: Vault, leaves: list[bytes]) -> None:
    position, appended = log.end, log.append(leaves)
    batch = Batch(position, leaves=appended.leaves, nodes=appended.nodes)
    for place, leaf in enumerate(leaves, position):
        batch.padding.append(lost_row(vault, place, leaf))
        read = parse_leaf(leaf)
        if read.kind != SEALED:  # until when it is sealed is in the leaf; what it held nobody here can open
            follow_leaf(batch, place, read)
    store.enter(batch)
    log.tree = appended.tree


def report_loss(settings: Settings, base: Path, outside: Outside, restored: Restored) -> None:
    """Start the node as far as its one door, past every guard, and note the loss for oversight.

    Tampered when a witness saw more than was restored: then another mirror must be asked before anything is signed.
    """
    node = Node.open(settings, base, outside)
    node.registrar.start()
    try:
        node.publisher.check_witnesses()
        what = f"{restored.end - restored.start} leaves of {restored.origin} from {restored.start} on"
        node.registrar.note_attempt("restore", what, "Their records were lost; the leaves came back from a mirror.")
    finally:
        node.stop()
