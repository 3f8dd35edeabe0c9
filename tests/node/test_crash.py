"""A node may die at any moment, at every call that matters. By `kill -9`: tests/cli/test_demo.py, on real nodes.

After each death the nodes are started again from disk and the matter is finished: every record once, on both sides.
Under load, and on a disk that loses what it said it had written, a few rounds here and all by `make durability`.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from bench import durability

from comity.errors import ComityError
from comity.node.node import Node
from tests.node import matters
from tests.node.nodes import Nodes

ROOT = Path(__file__).parents[2]
HERE = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}


class Killed(BaseException):
    """The machine stops here."""


class Tripwire:
    """Counts calls at named points; at the ``nth`` call of ``point`` the machine stops."""

    def __init__(self, point: str, nth: int) -> None:
        self.point, self.nth, self.seen, self.dead = point, nth, Counter[str](), False

    def pass_by(self, point: str) -> None:
        if self.dead:
            raise Killed(point)  # a dead machine does nothing more
        self.seen[point] += 1
        if point == self.point and self.seen[point] == self.nth:
            self.dead = True
            raise Killed(point)

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wired(*args: Any, **kw: Any) -> Any:
            self.pass_by(f"before {name}")
            result = call(*args, **kw)
            self.pass_by(f"after {name}")
            return result

        return wired

    def on(self, node: Node) -> None:
        """Wire the points of one node."""
        for holder, name in (
            (node.store, "enter"), (node.store, "add_checkpoint"), (node.last_signed, "set"), (node.inbox, "receive"),
            (node.mailbox.outbox, "claim"), (node.mailbox.outbox, "done"), (node.vault, "place_blob"),
            (node.store, "exhibit_arrived"), (node.store, "add_exhibit"), (node.store, "forget_pages"),
        ):  # fmt: skip
            owner: Any = holder
            _set(owner, name, self.around(f"{type(owner).__name__}.{name}", getattr(owner, name)))


def _set(owner: Any, name: str, call: Any) -> None:
    object.__setattr__(owner, name, call)


EVERYWHERE = ("Store.enter", "Store.add_checkpoint", "LastSigned.set", "Inbox.receive", "Outbox.claim", "Outbox.done")
DEATHS = [
    *((what, "DE", 1) for what in (*EVERYWHERE, "Vault.place_blob", "Store.exhibit_arrived")),
    *((what, "FR", 2) for what in EVERYWHERE),
    ("Store.add_exhibit", "FR", 1),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("what", "victim", "nth"), DEATHS)
def test_a_death_at_any_point_loses_and_doubles_nothing(
    tmp_path: Path, when: str, what: str, victim: str, nth: int
) -> None:
    nodes = Nodes(tmp_path)
    wire = Tripwire(f"{when} {what}", nth)
    running = {p: nodes.open(p) for p in ("DE", "FR")}
    wire.on(running[victim])
    with suppress(Killed, ComityError, AssertionError):
        matters.finish(nodes, running["DE"], running["FR"])
    assert wire.dead
    for party in running if nth == 2 else (victim,):
        nodes.kill(running[party])
        running[party] = nodes.open(party)
    _finish_after(nodes, running)
    for node in running.values():
        matters.check_whole(node)
        nodes.kill(node)
    for party in running:  # and what is on disk passes the guard
        nodes.kill(nodes.open(party))


def _finish_after(nodes: Nodes, running: dict[str, Node]) -> None:
    for node in running.values():
        node.mailbox.outbox.release()  # what `start` does first
    for _ in range(20):
        nodes.clock.forward(seconds=61)  # leases and pauses of the dead lapse
        nodes.settle()
        if not matters.advance(nodes, running["DE"], running["FR"]):
            break
    for _ in range(3):
        if any(node.mailbox.outbox.waiting() for node in running.values()):
            nodes.clock.forward(seconds=61)
            nodes.settle()


def durable(folder: Path, kills: int, drops: int) -> dict[str, int]:
    """Rounds of `make durability`, in a process of their own: it forks, and what ran before it here must not matter."""
    command = [sys.executable, "-m", "bench.durability", "--records", "0"]
    command += ["--kills", str(kills), "--drops", str(drops)]
    done = subprocess.run(command, cwd=folder, env=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = (line.strip().split(": ") for line in done.stdout.splitlines() if line.startswith("  "))
    return {name: int(value) for name, value in found}


@pytest.mark.slow
def test_killed_under_load_every_act_is_there_once_and_no_witness_saw_two_trees(tmp_path: Path) -> None:
    found = durable(tmp_path, kills=6, drops=0)
    assert found["killed at work"] >= 2
    assert found["acts"] == found["leaves"] > 0


@pytest.mark.slow
def test_a_disk_that_lost_its_last_transactions_makes_no_fork(tmp_path: Path) -> None:
    found = durable(tmp_path, kills=0, drops=5)
    assert found["refused to start"] + found["went on"] == found["rounds"] == 5


def test_what_was_dropped_is_gone_and_no_more(tmp_path: Path) -> None:
    """That the rounds above drop what they say: the last commit, whole, and nothing before it."""
    nodes = Nodes(tmp_path)
    de = nodes.open("DE")
    for number in range(3):
        matters.draft(nodes, de, f"{matters.DOCKET}{number}")
    wal, copy = tmp_path / "DE" / "data" / "node.db-wal", tmp_path / "copy"
    copy.mkdir()
    for name in ("node.db", "node.db-wal"):
        shutil.copyfile(wal.with_name(name), copy / name)
    nodes.kill(de)
    for count in (1, 2):
        dropped = tmp_path / f"dropped-{count}"
        shutil.copytree(copy, dropped)
        assert durability.drop_last(dropped / "node.db-wal", count) == count
        with closing(sqlite3.connect(dropped / "node.db")) as db:
            assert db.execute("SELECT count(*) FROM leaves").fetchone() == (3 - count,)
    assert durability.drop_last(copy / "missing", 1) == 0
