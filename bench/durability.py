"""`kill -9` and a disk that loses its last transactions, against a real process under load: no fork, no lost act.

The client is this process: what the node answered before it died is known here and nowhere else. After every death the
node is started again on what the disk has; it goes on or says why it refuses. In the end one tree must lead to every
root that was published or cosigned in any round, and hold every act once. `python -m bench.durability` runs all.
"""

from __future__ import annotations

import argparse
import random
import shutil
import struct
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from bench.erasure_bench import erase_one_in_a_hundred
from bench.loaded_node import COSIGNED, running_clock, serve
from bench.registrar import matters
from comity.node.auditor.audit import Auditor
from comity.node.auditor.state import AuditState
from comity.node.keeping import tables as t
from comity.node.log.export import RowsSource
from comity.node.node import Node
from comity.signing.canonical import canonical
from tests.node.nodes import Nodes

_OUTSTANDING = 48  # filings on their way at once
_DATABASE = ("node.db", "node.db-wal")
_SIGNED = "last-signed.db"
_HEADER, _FRAME = 32, 24  # bytes, of a write-ahead log and of each frame in it (SQLite file format, section 4)


@dataclass(slots=True)
class Seen:
    """What the client knows. ``waiting``: filed, not known to be under a published checkpoint; oldest first."""

    waiting: dict[str, bytes] = field(default_factory=dict)
    place: dict[str, int] = field(default_factory=dict)  # as answered in this life, or published
    before: dict[str, int] = field(default_factory=dict)  # as answered in an earlier life, not known to be published
    lost: set[str] = field(default_factory=set)  # answered, lost by the disk before it was published, filed again
    published: int = 0
    deaths_at_work: int = 0

    def hear(self, said: tuple[Any, ...]) -> None:
        """Take in what the node says. AssertionError when it contradicts what it said before."""
        if said[0] == "ready":
            self.before |= {r: self.place.pop(r) for r in self.waiting if r in self.place}
        elif said[0] == "published":
            self.published = max(self.published, said[1])
        elif said[0] == "entered":
            _, record, position, effect, again = said
            if not effect or self.place.setdefault(record, position) != position:
                raise AssertionError(f"{record}: effect {effect}, answered at {self.place[record]} and at {position}")
            if record in self.before and not again:
                self.lost.add(record)
            elif self.before.get(record, position) != position:
                raise AssertionError(f"{record} was at {self.before[record]} and is at {position}")
        elif said[0] == "failed":
            raise AssertionError(said[1])
        if said[0] == "published" or (said[0] == "entered" and said[2] < self.published):
            for record in [r for r in self.waiting if self.place.get(r, self.published) < self.published]:
                del self.waiting[record]


class Run:
    """One node's data under one folder, and the client that files in it."""

    def __init__(self, folder: Path, seed: int) -> None:
        """A new node; ``seed`` draws the moments of death."""
        self.nodes, self.chance, self.began = Nodes(folder), random.Random(seed), time.time()
        self.clock, self.seen = running_clock(self.began), Seen()
        self.data = folder / "DE" / "data"
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["bench.warm_node"])
        self._source = self._filings()

    def live(self, seconds: float, start: float = 60.0) -> str:
        """Start the node, file for so long, then `kill -9`. Why it refused to start, or "" when it was at work.

        ``start``: after so many seconds it is killed though it was not at work yet.
        """
        link, end = self._context.Pipe()
        process = self._context.Process(target=serve, args=(self.nodes.folder, end, self.began))
        process.start()
        end.close()
        try:
            refused = self._drive(link, seconds, start)
        finally:
            process.kill()
            process.join()
        with suppress(EOFError, OSError):  # what it said before it died was answered
            while link.poll():
                self.seen.hear(link.recv())
        link.close()
        return refused

    def finish(self) -> None:
        """Live without harm until everything that was ever filed is answered and published."""
        end, self._source = time.monotonic() + 60, iter(())
        while self.seen.waiting and time.monotonic() < end:
            if refused := self.live(1.0):
                raise AssertionError(refused)

    def check(self) -> Node:
        """All acts are there once, at the place answered; every root published or cosigned is of this one tree."""
        node = self.nodes.open("DE", self.clock)  # passes the guard
        seen = self.seen
        if seen.waiting:
            raise AssertionError(f"{len(seen.waiting)} acts were never published")
        with node.store.reading() as db:
            places = {row[0]: row[1] for row in db.execute(sa.select(t.records.c.id, t.records.c.position))}
        if places != seen.place:
            raise AssertionError(f"{len(places)} acts are here, {len(seen.place)} were answered, or elsewhere")
        for line in (self.nodes.folder / COSIGNED).read_text().splitlines():
            witness, size, root = line.split()
            if node.log.root_at(int(size)).hex() != root:
                raise AssertionError(f"{witness} cosigned another tree of {size} leaves")
        if not 0 < seen.published <= node.log.tree.size:
            raise AssertionError(f"{seen.published} leaves were published, {node.log.tree.size} are here")
        with AuditState() as state:
            policy = node.peers.policies[node.entry.origin]
            report = Auditor(RowsSource(node.store), state, policy, self.clock()).run()
        if report.exit_code:
            raise AssertionError(report)
        return node

    def _drive(self, link: Connection, seconds: float, start: float) -> str:
        until, out = time.monotonic() + start, set[str]()
        pending: Iterator[bytes] = iter(())
        with suppress(EOFError, OSError):
            while (left := until - time.monotonic()) > 0:
                if link.poll(min(left, 0.05)):
                    said = link.recv()
                    if said[0] == "refused":
                        return str(said[1])
                    if said[0] == "ready":
                        pending = self._all(list(self.seen.waiting.items()), out)
                        until = time.monotonic() + seconds
                        self.seen.deaths_at_work += 1
                    self.seen.hear(said)
                    out.discard(said[1])
                while len(out) < _OUTSTANDING and (data := next(pending, None)) is not None:
                    link.send_bytes(data)
        return ""

    def _all(self, again: list[tuple[str, bytes]], out: set[str]) -> Iterator[bytes]:
        """First what is not known to be safe, then new acts."""
        for record, data in again:
            out.add(record)
            yield data
        for record, data in self._source:
            self.seen.waiting[record] = data
            out.add(record)
            yield data

    def _filings(self) -> Iterator[tuple[str, bytes]]:
        self.nodes.clock.now = self.clock()
        for filed in matters(self.nodes):
            self.nodes.clock.now = self.clock()
            if filed.sealed is not None:
                yield filed.sealed.id, canonical(msgspec.to_builtins(filed.sealed))


def kill_rounds(folder: Path, rounds: int, seed: int = 20261204) -> dict[str, int]:
    """`kill -9` at random moments, some of them before the node is at work. Nothing answered may move or be lost."""
    run = Run(folder, seed)
    for _ in range(rounds):
        early = run.chance.random() < 0.2
        if refused := run.live(0.8 * run.chance.random(), 0.3 * run.chance.random() if early else 60.0):
            raise AssertionError(f"Nothing was lost, and yet: {refused}")
    at_work = run.seen.deaths_at_work
    run.finish()
    node = run.check()
    if run.seen.lost:
        raise AssertionError(f"{len(run.seen.lost)} acts were answered and lost")
    found = {"rounds": rounds, "killed at work": at_work, "acts": len(run.seen.place), "leaves": node.log.tree.size}
    run.nodes.kill(node)
    return found


def drop_rounds(folder: Path, rounds: int, seed: int = 20261205) -> dict[str, int]:
    """The disk loses the last transactions of each life, and in every third round the last signed checkpoint too.

    A node that refuses is given its true data back: it must go on with that.
    """
    run, refused, dropped, signed_too = Run(folder, seed), 0, 0, 0
    saved = folder / "saved"
    saved.mkdir()
    run.live(0.3)
    while dropped < rounds:
        older = (run.data / _SIGNED).read_bytes()
        run.live(0.1 + 0.4 * run.chance.random())
        for name in (*_DATABASE, _SIGNED):
            shutil.copyfile(run.data / name, saved / name)
        many = run.chance.choice((1, 1, 1, 2, 4, 8))
        if not drop_last(run.data / "node.db-wal", many):
            continue
        dropped += 1
        if dropped % 3 == 0:
            (run.data / _SIGNED).write_bytes(older)
            signed_too += 1
        if run.live(0.05 + 0.2 * run.chance.random()):
            refused += 1
            for name in (*_DATABASE, _SIGNED):
                shutil.copyfile(saved / name, run.data / name)
            (run.data / "node.db-shm").unlink(missing_ok=True)
    run.finish()
    node = run.check()
    found = {
        "rounds": dropped, "of them with an older last-signed": signed_too, "refused to start": refused,
        "went on": dropped - refused, "acts": len(run.seen.place), "answered, lost, filed again": len(run.seen.lost),
        "leaves": node.log.tree.size,
    }  # fmt: skip
    run.nodes.kill(node)
    return found


def drop_last(wal: Path, count: int) -> int:
    """Cut the last ``count`` committed transactions off a write-ahead log; how many were (all, when it has fewer)."""
    data = wal.read_bytes() if wal.exists() else b""
    page = struct.unpack(">I", data[8:12])[0] if len(data) >= _HEADER else 0
    ends, place = [_HEADER], _HEADER
    while page and place + _FRAME + page <= len(data) and data[place + 8 : place + 16] == data[16:24]:
        commit = struct.unpack(">I", data[place + 4 : place + 8])[0]  # the database's size in pages; 0: not the last
        place += _FRAME + page
        if commit:
            ends.append(place)
    lost = min(count, len(ends) - 1)
    if lost:
        wal.write_bytes(data[: ends[-1 - lost]])
        wal.with_name("node.db-shm").unlink(missing_ok=True)  # as after a power cut
    return lost


def main() -> None:
    """All rounds, with what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--drops", type=int, default=50)
    parser.add_argument("--records", type=int, default=100_000)
    wanted = parser.parse_args()
    parts: tuple[tuple[str, Callable[[Path, int], Mapping[str, object]], int], ...] = (
        ("kill -9", kill_rounds, wanted.kills),
        ("last transactions dropped", drop_rounds, wanted.drops),
        ("one in a hundred erased", erase_one_in_a_hundred, wanted.records),
    )
    for name, part, count in parts:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            began = time.monotonic()
            figures = part(Path(folder), count) if count else {}
            print(f"{name} ({time.monotonic() - began:.0f} s)", *(f"{k}: {v}" for k, v in figures.items()), sep="\n  ")


if __name__ == "__main__":
    main()
