"""The start-up guard: is what is stored what was entered, logged and signed? If not, the node refuses to start.

Finds a record, leaf or tree node written, changed or removed by hand, a tree that does not lead to the last signed
root, a database restored from a backup, and a witness that is ahead of this node. Repairs nothing: a person decides.

Left to others: contents, exhibits and what waits to be delivered (`holdings`); what no signature covers yet
(`unsigned`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from comity.docket.assess import Bench
from comity.docket.directory import NodeEntry
from comity.docket.docket import effective
from comity.docket.sealing import check_leaf
from comity.errors import ComityError, Tampered, Unreachable
from comity.node.guard.seal_guard import SealCheck
from comity.node.keeping import tables as t
from comity.node.keeping.dockets import Closed, read_findings
from comity.node.keeping.last_signed import LastSigned
from comity.node.keeping.log_rows import LogRows
from comity.node.keeping.lost import LOST
from comity.node.keeping.store import Store
from comity.node.keeping.tables import LOWEST_KEPT
from comity.node.log.act_log import ActLog
from comity.signing.digest import digest
from comity.tlog.checkpoint import parse_checkpoint
from comity.tlog.cosignature import verifier_for
from comity.tlog.counting import PADDING
from comity.tlog.leaf import KEY_EVENT, ActLeaf, check_opening, parse_leaf
from comity.tlog.note import open_note
from comity.tlog.tree import Tree, frontier_of, leaf_hash


class _Stored(msgspec.Struct, frozen=True):
    """`Closed` with its parts as they were written: encoding each again would cost more than everything else here."""

    record: msgspec.Raw
    hand: msgspec.Raw
    seal: msgspec.Raw


_CLOSED, _STORED = msgspec.json.Decoder(Closed), msgspec.json.Decoder(_Stored)
_CHUNK = 2000
_PADDING = [t.padding.c[name].label(f"pad_{name}") for name in ("kind", "salt", "record", "ref")]
_NEXT = "Do not start this node on this data. Compare with the witnesses and the other sides' logs; tell oversight."


@contextmanager
def reads_whole() -> Iterator[None]:
    """Around all checks: what breaks them was not written by this node. Raises Tampered; Unreachable for the disk."""
    try:
        yield
    except ComityError:
        raise
    except (sqlite3.OperationalError, sa.exc.OperationalError) as exc:
        said = getattr(exc, "orig", exc)
        raise Unreachable(f"The database cannot be used: {said}.", "Check its rights and free space.") from exc
    except Exception as exc:
        raise Tampered(f"What is stored is not of the kind that this node writes: {exc}.", _NEXT) from exc


def check_store(store: Store, log: ActLog, last: LastSigned, bench: Bench, own: NodeEntry) -> int:
    """Check everything stored; the number of records. Tampered, naming the first thing that is wrong, otherwise."""
    signed = last.get(log.origin)
    if signed is not None:
        size = log.rows.size()
        if signed[0] > size:
            raise Tampered(f"{signed[0]} leaves were signed, {size} are here: the database was rolled back.", _NEXT)
        if log.root_at(signed[0]) != signed[1]:
            raise Tampered(f"The first {signed[0]} leaves are not those that were signed.", _NEXT)
    seals = SealCheck(store)
    for rows in log.segments:
        _check_log(rows, own, bench, seals)
    seals.finish()
    return _no_stray_rows(store, log)


def _check_log(rows: LogRows, own: NodeEntry, bench: Bench, seals: SealCheck) -> None:
    tree, size = Tree(), rows.size()
    while tree.size < size:
        tree = _check_chunk(rows, tree, min(size, tree.size + _CHUNK), bench, seals)
    if tree.root() != rows.root():
        raise Tampered("The stored tree does not follow from the stored leaves.", _NEXT)
    _check_newest_checkpoint(rows, own, tree)


def _check_chunk(rows: LogRows, tree: Tree, size: int, bench: Bench, seals: SealCheck) -> Tree:
    """Check that every leaf up to ``size`` opens to its record, and that the tree's nodes and the seals follow."""
    start, end = rows.start + tree.size, rows.start + size
    query = (
        sa.select(t.leaves.c.position.label("leaf_position"), t.leaves.c.leaf, t.records, *_PADDING)
        .outerjoin(t.records, t.records.c.position == t.leaves.c.position)
        .outerjoin(t.padding, t.padding.c.position == t.leaves.c.position)
        .where(t.leaves.c.position >= start, t.leaves.c.position < end)
        .order_by(t.leaves.c.position)
    )
    hashes, read = [], []
    with rows.store.reading() as db:
        for expected, row in enumerate(db.execute(query).mappings(), start):
            if row["leaf_position"] != expected:
                raise Tampered(f"The leaf at position {expected} is missing.", _NEXT)
            leaf = _check_row(row, bench)
            kept = (row["kind"], row["salt"], row["docket"]) if row["id"] else (row["pad_kind"], row["pad_salt"], "")
            read.append((leaf, *kept))
            hashes.append(leaf_hash(row["leaf"]))
    seals.follow(start, read)
    grown, nodes = tree.append(hashes, LOWEST_KEPT)
    if rows.hashes([(level, index) for level, index, _ in nodes]) != [value for _, _, value in nodes]:
        raise Tampered(f"The tree over the leaves from position {start} on does not follow from them.", _NEXT)
    if grown.size != size:
        raise Tampered(f"The leaf at position {rows.start + grown.size} is missing.", _NEXT)
    return grown


def _check_row(row: RowMapping, bench: Bench) -> ActLeaf:
    position = row["leaf_position"]
    if row["id"] is None and row["pad_kind"] is not None:
        return _check_padding(row)
    if row["id"] is None:
        raise Tampered(f"The leaf at position {position} has no record: it was removed.", _NEXT)
    try:
        closed, stored = _CLOSED.decode(row["sealed"]), _STORED.decode(row["sealed"])
        findings = read_findings(row["findings"])
        act, signatures = _committed(stored, row["findings"])
        leaf, step = parse_leaf(row["leaf"]), bench.step(closed.record.step)
        check_opening(leaf, row["salt"], row["kind"], act, signatures)
        check_leaf(leaf, row["kind"], closed.record, step, findings)
        node = bench.directory.find_node(closed.record.authority)
    except (ComityError, msgspec.MsgspecError) as exc:
        raise Tampered(f"The record at position {position} is not what was entered: {exc}", _NEXT) from exc
    stated = (row["id"], row["docket"], row["step"], bool(row["effect"]))
    meant = (digest(bytes(stored.record)), closed.record.docket, closed.record.step, effective(findings))
    if stated != meant or (node is not None and node.id != row["node"]):
        raise Tampered(f"The row at position {position} says something else than its record.", _NEXT)
    return leaf


def _committed(stored: _Stored, findings: bytes) -> tuple[bytes, bytes]:
    """What the leaf commits to (`comity.docket.logged`), of the bytes as they stand: no other spelling opens it."""
    act = b'{"findings":%b,"record":%b}' % (findings, bytes(stored.record))
    return act, b'{"hand":%b,"seal":%b}' % (bytes(stored.hand), bytes(stored.seal))


def _check_padding(row: RowMapping) -> ActLeaf:
    """A leaf without a record opens as padding, or as what unseals or extends; nothing else may stand without one."""
    if row["pad_kind"] == LOST:  # what made it so is checked with the vault (`holdings`)
        return parse_leaf(row["leaf"])
    try:
        if row["pad_kind"] not in (PADDING, "unseal", "extend", KEY_EVENT):
            raise Tampered(f"The row is of the kind {row['pad_kind']!r}.", _NEXT)
        leaf = parse_leaf(row["leaf"])
        check_opening(leaf, row["pad_salt"], row["pad_kind"], row["pad_record"], b"")
        if leaf.ref != row["pad_ref"]:
            raise Tampered("The row unseals or extends another leaf than the log says.", _NEXT)
    except ComityError as exc:
        raise Tampered(f"The padding at position {row['leaf_position']} is none: {exc}", _NEXT) from exc
    return leaf


def _check_newest_checkpoint(rows: LogRows, own: NodeEntry, tree: Tree) -> None:
    """The checkpoint that proofs are made from is this log's own, of this tree; of a log that ended, of all of it."""
    newest = rows.checkpoint()
    if newest is None:
        return
    size, note = newest
    try:
        text = open_note(note, [verifier_for(vkey) for vkey in own.log(rows.origin).vkeys]).text
        checkpoint = parse_checkpoint(text)
    except ComityError as exc:
        raise Tampered(f"The newest checkpoint (size {size}) is not this log's: {exc}", _NEXT) from exc
    if (checkpoint.origin, checkpoint.size) != (rows.origin, size) or size > tree.size:
        raise Tampered(f"The newest checkpoint is not of the {size} leaves it is kept for.", _NEXT)
    if rows.end is not None and size != tree.size:
        raise Tampered(f"The log {rows.origin} ended with {tree.size} leaves; {size} were published.", _NEXT)
    if checkpoint.root != Tree(size, frontier_of(size, rows.hashes)).root():
        raise Tampered(f"The newest checkpoint (size {size}) is of another tree.", _NEXT)


def _no_stray_rows(store: Store, log: ActLog) -> int:
    """Rows that hang on nothing: records without a leaf, contents without a record."""
    with store.reading() as db:
        count = int(db.scalar(sa.select(sa.func.count()).select_from(t.records)) or 0)
        count += int(db.scalar(sa.select(sa.func.count()).select_from(t.padding)) or 0)
        if count != log.end:
            raise Tampered(
                f"There are {count} records and {log.end} leaves: a record was written past the registrar.", _NEXT
            )
        nodes = int(db.scalar(sa.select(sa.func.count()).select_from(t.nodes)) or 0)
        # A tree of n leaves has n nodes at the lowest level and half as many, rounded down, at each above it.
        sizes = [rows.size() for rows in log.segments]
        if nodes != sum(n >> level for n in sizes for level in range(LOWEST_KEPT, n.bit_length())):
            raise Tampered("There are tree nodes that belong to no leaf.", _NEXT)
    return count
