"""Erasing one record in a hundred of a large node: everything else still verifies, and the bytes are nowhere.

A real data folder: every record goes through the registrar and its safeguards, every erasure too. The folder is read
byte by byte (`grep -F`) before and after: what was searched for must be found before, or finding nothing says nothing.
"""

from __future__ import annotations

import random
import secrets
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from bench.registrar import _file_all, _filed
from comity.docket.logged import check_logged
from comity.docket.record import open_sections
from comity.law.book import load_law
from comity.node.auditor.audit import Auditor
from comity.node.auditor.state import AuditState
from comity.node.door.filed import Filed
from comity.node.log.export import RowsSource
from comity.node.node import Node
from comity.package.check import check_source
from comity.proceedings import bodies
from comity.web.packaging import package_file
from tests.node.nodes import Nodes
from tests.world import authorisation, eio_request

_SLICE = 24  # bytes searched for at a time: long enough not to be there by chance
_AT_ONCE = 3000
_SINGLE = 20  # erasures filed alone, to time one


@dataclass(slots=True)
class Filled:
    """What was filed, and of what is to be erased what must never be found again."""

    nodes: Nodes
    node: Node
    erase: list[tuple[str, str]] = field(default_factory=list)  # docket and record
    stored: set[bytes] = field(default_factory=set)  # slices of what is on the disk before
    plain: set[bytes] = field(default_factory=set)  # contents and salts, which never stood there in clear


def erase_one_in_a_hundred(folder: Path, records: int) -> dict[str, str]:
    """Fill a node, erase, search, audit. The figures, as text; AssertionError when anything does not hold."""
    began = time.perf_counter()
    filled = _fill(folder, records)
    figures = {"records": f"{filled.node.store.size():,}", "filling": f"{time.perf_counter() - began:.0f} s"}
    missing = filled.stored - found(folder, filled.stored)
    if len(missing) > len(filled.stored) // 5 or found(folder, filled.plain):  # a slice may lie across two pages
        raise AssertionError(f"{len(missing)} of {len(filled.stored)} slices were not there before")
    searched = filled.stored - missing
    figures |= _erase(filled, records // 100)
    left = found(folder, searched | filled.plain)
    if left:
        raise AssertionError(f"{len(left)} of {len(searched)} slices are still there")
    figures["searched for"] = f"{len(searched) + len(filled.plain):,} slices in {_size(folder):.0f} MB: none found"
    figures |= _everything_else(filled, records)
    figures |= _vacuum(folder)
    filled.nodes.close()
    return figures


def _fill(folder: Path, records: int) -> Filled:
    nodes = Nodes(folder, ("DE", "FR"))
    filled = Filled(nodes, nodes.open("DE"))
    source, wanted = _matters(nodes), records // 100
    for start in range(0, records, _AT_ONCE):
        filed = list(islice(source, min(_AT_ONCE, records - start)))
        _file_all(filled.node, [each for each, _ in filed])
        drafts = [(each, marker) for each, marker in filed if marker][::30]  # of about three records each
        for each, marker in drafts[: wanted - len(filled.erase)]:
            _remember(filled, each, marker)
    filled.node.publisher.publish()
    return filled


def _matters(nodes: Nodes) -> Iterator[tuple[Filed, bytes]]:
    """Drafts with contents of their own (each with its marker), each authorised and sent; every tenth is not sent."""
    prosecutor, judge = nodes.world.who("DE", "prosecutor"), nodes.world.who("DE", "judge")
    for number in range(1 << 40):
        docket, marker = f"request:e{number:015d}", secrets.token_hex(_SLICE // 2)
        request = eio_request(facts=f"The suspect sent false invoices; the money went to the account {marker}.")
        draft, drafted = _filed(nodes, docket, "request.draft", request, prosecutor, ())
        yield draft, marker.encode()
        order, ordered = _filed(nodes, docket, "request.authorise", authorisation(drafted), judge, (drafted.id,))
        yield order, b""
        if number % 10:
            sending = bodies.Transmission(request=drafted.id, authorisation=ordered.id)
            yield _filed(nodes, docket, "request.send", sending, prosecutor, (ordered.id,))[0], b""


def _remember(filled: Filled, filed: Filed, marker: bytes) -> None:
    sealed = filed.sealed
    assert sealed is not None
    row = filled.node.store.record_row(sealed.id)
    assert row is not None
    filled.erase.append((sealed.record.docket, sealed.id))
    filled.stored |= {_searchable(row[name], part) for name in ("body", "key") for part in (0, 1)} - {b""}
    filled.plain.add(marker)
    filled.plain |= {section.salt.encode() for section in sealed.sections.values()}


def _searchable(data: bytes, part: int) -> bytes:
    """A slice from the beginning or the end that `grep` can take: no NUL, no line end. Empty when there is none."""
    starts = range(0, len(data) - _SLICE + 1) if part == 0 else range(len(data) - _SLICE, -1, -1)
    slices = (data[start : start + _SLICE] for start in starts)
    return next((s for s in slices if not set(s) & {0, 10}), b"")


def found(folder: Path, wanted: set[bytes]) -> set[bytes]:
    """Which of these are somewhere in the folder's files (database, write-ahead log, vault, everything)."""
    files = [str(p) for p in sorted(folder.rglob("*")) if p.is_file()]
    with tempfile.NamedTemporaryFile() as patterns:
        patterns.write(b"\n".join(sorted(wanted)) + b"\n")
        patterns.flush()
        command = ["grep", "-aohF", "-f", patterns.name, "--", *files]
        done = subprocess.run(command, capture_output=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, check=False)
    if done.returncode > 1:
        raise AssertionError(done.stderr.decode())
    return wanted & set(done.stdout.split(b"\n"))


def _erase(filled: Filled, count: int) -> dict[str, str]:
    """A few one by one, each durable and off the disk before the next; the others as they come."""
    nodes, node = filled.nodes, filled.node
    judge, before = nodes.world.who("DE", "judge"), node.log.tree.size
    orders = []
    for docket, record in filled.erase:
        heads = tuple(sorted(node.registrar.docket(docket).heads))
        body = bodies.Erasure(records=(record,), ground="unlawful", provision="LED art 16")
        orders.append(_filed(nodes, docket, "request.erase", body, judge, heads)[0])
    single = min(_SINGLE, count // 2)
    alone = [_file_all(node, [order]) for order in orders[:single]]
    together = _file_all(node, orders[single:])
    if len(orders) != count or node.log.tree.size != before + count:
        raise AssertionError(f"{len(orders)} erasures were filed of {count}")
    return {
        "erased": f"{count:,}",
        "one erasure, filed alone": f"{statistics.median(alone) * 1e3:.1f} ms, at most {max(alone) * 1e3:.1f} ms",
        "erasures filed together": f"{together / max(1, count - single) * 1e3:.2f} ms each",
    }


def _everything_else(filled: Filled, records: int) -> dict[str, str]:
    """The guard over all of it at a start, an outsider's audit, proofs of the erased and of others, packages."""
    nodes, node = filled.nodes, filled.node
    node.publisher.publish()
    nodes.kill(node)
    began = time.perf_counter()
    node = filled.node = nodes.open("DE")
    start = time.perf_counter() - began
    policy = node.peers.policies[node.entry.origin]
    with AuditState() as state:
        report = Auditor(RowsSource(node.store), state, policy, nodes.clock()).run()
    if report.exit_code:
        raise AssertionError(report)
    return {
        "start, the guard over every commitment and all contents": f"{start:.1f} s",
        "audit": f"{sum(report.sums.counts.values()):,} leaves, nothing wrong",
        **_proofs(filled, min(500, records // 10)),
        **_packages(filled, min(20, records // 200)),
    }


def _proofs(filled: Filled, sample: int) -> dict[str, str]:
    node, gone = filled.node, {record for _, record in filled.erase}
    policy, now = node.peers.policies[node.entry.origin], int(filled.nodes.clock().timestamp())
    others = random.Random(1).sample(range(node.log.tree.size), min(sample, node.log.tree.size))
    records = {r for r in (node.store.record_at(position) for position in others) if r is not None}
    for record in records | gone:
        sealed = node.sealed(record)
        check_logged(sealed, node.logged(record), policy, now, None)
        open_sections(sealed)
        if (not sealed.sections) != (record in gone):
            raise AssertionError(f"{record}: the contents are {'gone' if not sealed.sections else 'still there'}")
    return {"proofs": f"of all {len(gone):,} erased and of {len(records - gone):,} others hold"}


def _packages(filled: Filled, sample: int) -> dict[str, str]:
    """Packages of matters that were not sent (those that were wait for the other side's proofs)."""
    node, gone, checked = filled.node, {docket for docket, _ in filled.erase}, 0
    now = filled.nodes.clock()
    for docket in (f"request:e{number:015d}" for number in range(0, 10**9, 10)):
        if docket in gone:
            continue
        folded = node.registrar.docket(docket)
        if checked == sample or not folded.entries:
            break
        with package_file(node, folded, now) as source:
            verdict = check_source(source, filled.nodes.anchors, load_law(), int(now.timestamp()))
        if not verdict.ok:
            raise AssertionError(verdict.problems)
        checked += 1
    return {"packages": f"{checked} checked"}


def _vacuum(folder: Path) -> dict[str, str]:
    """What `VACUUM` would cost and give, on a copy: no erasure needs it."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        copy = Path(place) / "node.db"
        for name in ("node.db", "node.db-wal"):
            shutil.copyfile(folder / "DE" / "data" / name, copy.with_name(name))
        with closing(sqlite3.connect(copy, isolation_level=None)) as db:
            free, pages = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
            began = time.perf_counter()
            db.execute("VACUUM")
            spent = time.perf_counter() - began
    wal = (folder / "DE" / "data" / "node.db-wal").stat().st_size
    return {
        "write-ahead log afterwards": f"{wal / 1e6:.1f} MB",
        "pages free in the database": f"{free:,} of {pages:,}",
        "VACUUM (not needed)": f"{spent:.1f} s",
    }


def _size(folder: Path) -> float:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6
