"""An audit goes through at the sizes where formats turn, sums up rightly, and goes on where it was stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

import comity
from comity.errors import Conflict, NotFound, Unverified
from comity.node.auditor.audit import BUNDLES_KEPT, Auditor
from comity.node.auditor.source import FolderSource
from comity.node.auditor.state import AuditState
from comity.node.keeping import tables as t
from comity.node.keeping.store import Store
from comity.node.log.act_log import ActLog
from comity.node.log.export import export_log
from comity.node.node import Node
from comity.tlog.audit import AuditReport, LeafSums, emergencies_open
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.leaf_scan import leaf_hashes, scan_leaves
from comity.tlog.note import Signer
from comity.tlog.tiles import tiles_of
from comity.tlog.tree import EMPTY_ROOT
from comity.web.log import log_routes
from tests.audit.shown import LOG, NOW, ORIGIN, POLICY, POLICY_TEXT, Rows, ShownLog, act, acts, commitment

TODAY = datetime.fromtimestamp(NOW, UTC)  # 2027-01-15


@pytest.fixture
def state(tmp_path: Path) -> Iterator[AuditState]:
    with AuditState(tmp_path / "audit.sqlite") as state:
        yield state


def audit(log: ShownLog | FolderSource, state: AuditState, evidence: Path | None = None) -> AuditReport:
    return Auditor(log, state, POLICY, TODAY, evidence=evidence).run()


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512, 700])
def test_an_honest_log_is_all_right(state: AuditState, tmp_path: Path, size: int) -> None:
    folder = FolderSource(ShownLog(acts(size)).write(tmp_path / "log"))
    report = audit(folder, state)
    assert (report.exit_code, report.size, report.sums.counts) == (0, size, {"request": size})
    assert [name for name, _ in report.cosigned_by] == ["court", "dpa", "ombudsman"]
    assert any("2q - n = 1" in sentence for sentence in report.policy)


def test_an_empty_log_is_all_right(state: AuditState, tmp_path: Path) -> None:
    log = ShownLog(acts(1))
    log.note = sign_checkpoint(Checkpoint(LOG.name, 0, EMPTY_ROOT), [LOG])
    assert Auditor(log, state, None, TODAY).run().sums.counts == {}


def test_a_log_of_two_levels_is_read_whole(state: AuditState) -> None:
    log = ShownLog(acts(65_800))
    assert audit(log, state).exit_code == 0
    assert {tile.path for tile in tiles_of(0, 65_800)} == set(log.asked)
    assert Counter(log.asked).most_common(1)[0][1] == 1


def test_growing_is_followed_and_only_the_new_is_read(state: AuditState) -> None:
    assert audit(ShownLog(acts(1000)), state).size == 1000
    grown = ShownLog(acts(1500))
    assert audit(grown, state).sums.counts == {"request": 1500}
    assert not {"tile/entries/000", "tile/entries/001", "tile/entries/002"} & set(grown.asked)
    again = ShownLog(acts(1500))
    assert audit(again, state).size == 1500
    assert not [path for path in again.asked if path.startswith("tile/entries") and ".p/" not in path]


def test_a_tile_poisoned_later_is_seen_though_nothing_new_is_read(state: AuditState, tmp_path: Path) -> None:
    folder = ShownLog(acts(512)).write(tmp_path / "log")
    assert audit(FolderSource(folder), state).exit_code == 0
    (folder / "tile/1/000.p/2").write_bytes(b"\1" * 64)
    with pytest.raises(Unverified):
        audit(FolderSource(folder), state)


class Breaking(ShownLog):
    """Serves so many files and then is gone."""

    left = 10**9

    def fetch(self, path: str) -> bytes:
        if self.left <= 0:
            raise KeyboardInterrupt
        self.left -= 1
        return super().fetch(path)


def test_an_interrupted_audit_fetches_no_verified_full_tile_again(state: AuditState) -> None:
    log = Breaking(acts(5000))
    log.left = 21
    with pytest.raises(KeyboardInterrupt):
        audit(log, state)
    before, log.asked, log.left = set(log.asked), [], 10**9
    assert state.done() >= 8 * 256
    report = audit(log, state)
    assert (report.exit_code, report.sums.counts) == (0, {"request": 5000})
    full_before = {path for path in before if path.startswith("tile/entries/") and ".p/" not in path}
    assert len(full_before) >= 8
    # One bundle had come whose hash tile had not.
    assert len(full_before & set(log.asked)) <= 1


_SLOW = """
import sys, time
from datetime import datetime, UTC
from pathlib import Path
from comity.node.auditor.state import AuditState
from comity.node.auditor.audit import Auditor
from comity.node.auditor.source import FolderSource
from comity.tlog.policy import Policy
class Slow(FolderSource):
    def fetch(self, path):
        time.sleep(0.005)
        return super().fetch(path)
place, state, policy = sys.argv[1:]
Auditor(Slow(Path(place)), AuditState(Path(state)), Policy.parse(Path(policy).read_bytes()),
        datetime.fromtimestamp(1_800_000_000, UTC), progress=lambda done, size: print(done, flush=True)).run()
"""


def test_a_killed_audit_goes_on(tmp_path: Path) -> None:
    size = (2 * BUNDLES_KEPT + 20) * 256
    log = ShownLog(acts(size))
    log.write(tmp_path / "log")
    (tmp_path / "policy").write_text(POLICY_TEXT)
    environment = {**os.environ, "PYTHONPATH": str(Path(comity.__file__).parents[1])}
    files = [str(tmp_path / name) for name in ("log", "audit.sqlite", "policy")]
    command = [sys.executable, "-c", _SLOW, *files]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= (BUNDLES_KEPT + 5) * 256:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with AuditState(tmp_path / "audit.sqlite") as state:
        kept = state.done()
        assert BUNDLES_KEPT * 256 <= kept < size
        report = audit(log, state)
    assert (report.exit_code, report.sums.counts) == (0, {"request": size})
    first = kept // 256
    assert {f"tile/entries/{index:03d}" for index in range(first)}.isdisjoint(log.asked)


def sums(leaves: list[bytes], today: str = "2027-01-15") -> LeafSums:
    with AuditState() as state:
        state.add(0, leaf_hashes(leaves), scan_leaves(leaves))
        return state.sums(today)


def positions(found: LeafSums, kind: str) -> list[int]:
    return [breach.position for breach in found.breaches if breach.kind == kind]


def test_references_must_lead_to_what_they_are_about() -> None:
    until = "until 2028-01-01"
    leaves = [
        act(0), act(1, "sealed", until), act(2, "unseal", "ref 1"),
        act(3, "unseal", "ref 0"), act(4, "unseal", "ref 4"), act(5, "extend", f"ref 99 {until}"),
        act(6, "unseal", "ref 1"), act(7, "extend", f"ref 1 {until}"), act(8, "erase", "ref 0"),
        act(9, "erase", "ref 0"), act(10, "erase", "ref 8"), act(11, "erase", "ref 2"),
    ]  # fmt: skip
    assert positions(sums(leaves), "wrong-reference") == [3, 4, 5, 6, 7, 9, 10]


def test_seals_are_overdue_after_their_day_unless_unsealed_or_extended() -> None:
    leaves = [
        act(0, "sealed", "until 2027-01-01"), act(1, "sealed", "until 2027-02-01"),
        act(2, "sealed", "until 2026-12-01"), act(3, "unseal", "ref 2"),
        act(4, "sealed", "until 2026-12-01"), act(5, "extend", "ref 4 until 2027-06-01"),
        act(6, "sealed", "until 2026-12-01"), act(7, "extend", "ref 6 until 2027-06-01"),
        act(8, "extend", "ref 6 until 2027-01-01"),
    ]  # fmt: skip
    assert positions(sums(leaves), "overdue") == [0, 6]
    assert positions(sums(leaves, "2027-01-01"), "overdue") == []
    assert positions(sums(leaves, "2027-06-02"), "overdue") == [0, 1, 4, 6]


def test_duplicates_unknown_kinds_and_what_is_no_leaf() -> None:
    leaves = [act(0), act(1), act(0, "decision-grant"), act(3).replace(b"request", b"wiretap"), b"junk\n"]
    found = sums(leaves)
    assert (positions(found, "duplicate"), positions(found, "unknown-kind")) == ([2], [3])
    assert positions(found, "unreadable") == [4]
    assert found.counts == {"request": 2, "decision-grant": 1}
    assert found.totals == {"duplicate": 1, "unknown-kind": 1, "unreadable": 1}


@given(st.lists(st.sampled_from(["emergency", "notification", "refusal", "request"]), max_size=12))
def test_no_fewer_emergencies_are_open_than_any_pairing_leaves(kinds: list[str]) -> None:
    best = max(
        (kinds[end:].count("emergency") - sum(kind in ("notification", "refusal") for kind in kinds[end:]))
        for end in range(len(kinds) + 1)
    )
    assert emergencies_open(kinds) == max(0, best)


def test_a_state_is_of_one_log(state: AuditState) -> None:
    audit(ShownLog(acts(10)), state)
    other = Signer.from_seed("other.example/act-log/2027", b"x" * 32)
    log = ShownLog(acts(10))
    log.note = sign_checkpoint(Checkpoint(other.name, 10, commitment(1)), [other])
    with pytest.raises(Unverified):
        audit(log, state)
    with pytest.raises(Conflict):
        Auditor(log, state, None, TODAY).run()


def test_a_folder_of_files_is_the_log_byte_for_byte(tmp_path: Path) -> None:
    small, large = ShownLog(acts(600)), ShownLog(acts(1300))
    for log in (small, large):  # the second adds to the first
        assert export_log(Rows(log), tmp_path / "log") == log.size
        source = FolderSource(tmp_path / "log")
        assert source.checkpoint() == log.note
        with AuditState() as state:
            assert Auditor(source, state, POLICY, TODAY).run().exit_code == 0
    for tile in tiles_of(0, 1300):
        assert source.fetch(tile.path) == large.fetch(tile.path)
    with pytest.raises(NotFound):
        source.fetch("tile/0/009")


def test_a_node_s_store_exports_what_it_serves(tmp_path: Path) -> None:
    log, store = ShownLog(acts(700)), Store(tmp_path / "node.sqlite")
    with store.writing() as db:
        db.execute(t.leaves.insert(), [{"position": n, "leaf": leaf} for n, leaf in enumerate(log.entries)])
        db.execute(t.nodes.insert(), [{"level": a, "idx": b, "hash": value} for (a, b), value in log.nodes.items()])
    store.add_checkpoint(log.size, log.note, "2027-01-15T08:00:00.000Z")
    export_log(store, tmp_path / "log")
    node = cast(Node, SimpleNamespace(store=store, log=ActLog(ORIGIN, store)))
    with TestClient(Starlette(routes=log_routes(node))) as http:
        for path in ["checkpoint", *(tile.path for tile in tiles_of(0, 700))]:
            assert http.get(f"/log/{path}").content == (tmp_path / "log" / path).read_bytes()
    with AuditState() as state:
        assert audit(FolderSource(tmp_path / "log"), state).exit_code == 0
    store.close()


def test_a_large_audit_is_fast_enough_for_a_million_a_minute() -> None:
    """30,000 entries within their share of 60 s, twice over; the figure itself is in bench."""
    log, start = ShownLog(acts(30_000)), time.process_time()
    with AuditState() as state:
        assert audit(log, state).exit_code == 0
    assert time.process_time() - start < 60 * 30_000 / 1_000_000 * 2
