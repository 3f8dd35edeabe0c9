"""A checkpoint at every tick, as many sealed leaves in each: what the log shows does not tell how busy the node is."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import UTC, date, datetime
from threading import Thread

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import ComityError, Tampered, Unreachable
from comity.node.auditor.audit import Auditor
from comity.node.auditor.state import AuditState
from comity.node.keeping import tables
from comity.node.log.export import RowsSource
from comity.node.log.seals import sealed_totals
from comity.node.node import Node, Outside
from comity.node.publishing import unsealing
from comity.node.publishing.padding import Padder, padding_leaf
from comity.node.publishing.publisher import next_tick
from comity.settings import Settings
from comity.tlog.audit import AuditReport
from comity.tlog.counting import BLIND, kind_generator, sum_commitments
from comity.tlog.group import ORDER, add, times
from comity.tlog.leaf import parse_leaf
from comity.tlog.sealed import check_unsealed
from tests.node import matters
from tests.node.nodes import Nodes

LEAST = 4


def padder(nodes: Nodes, node: Node) -> Padder:
    return Padder(node.registrar, node.store, node.log, nodes.clock, LEAST)


def kinds(node: Node) -> Counter[str]:
    return Counter(parse_leaf(leaf).kind for leaf in node.store.leaves(0, node.store.size()))


def rows(node: Node) -> list[sa.RowMapping]:
    with node.store.reading() as db:
        return list(db.execute(sa.select(tables.padding).order_by(tables.padding.c.position)).mappings())


def audited(node: Node, nodes: Nodes) -> AuditReport:
    policy = node.peers.policies[node.entry.origin]
    with AuditState() as state:
        return Auditor(RowsSource(node.store), state, policy, nodes.clock()).run()


def test_every_tick_has_a_checkpoint_and_as_many_sealed_leaves(nodes: Nodes, de: Node) -> None:
    """Whether a tick brought an act cannot be told from its sealed leaves, nor from there being a checkpoint."""
    pads, sealed, sizes = padder(nodes, de), [], []
    for act in (None, matters.draft, None, matters.authorise, matters.send, None):
        before = kinds(de)["sealed"]
        if act is not None:
            act(nodes, de)
        pads.tick()
        assert de.publisher.publish()
        newest = de.store.checkpoint()
        assert newest is not None
        sizes.append(newest[0])
        sealed.append(kinds(de)["sealed"] - before)
    assert sealed == [LEAST] * 6
    assert sizes == [4, 9, 13, 18, 23, 27]


def test_padding_opens_as_padding_and_as_nothing_else(nodes: Nodes, de: Node) -> None:
    """What an auditor asks of a random sealed leaf: an act hidden as padding could not answer."""
    padder(nodes, de).tick()
    for row in rows(de):
        leaf = parse_leaf(de.store.leaves(row["position"], row["position"] + 1)[0])
        assert leaf.kind == "sealed"
        assert leaf.until is not None
        assert date(2027, 1, 1) <= leaf.until <= date(2027, 12, 1)
        check_unsealed(leaf, row["salt"], None, b"", b"")
        with pytest.raises(ComityError):
            check_unsealed(leaf, row["salt"], "disclosure", b"", b"")
    assert len({row["salt"] for row in rows(de)}) == LEAST


def test_an_outsider_finds_nothing_wrong_and_padding_does_not_fall_overdue(nodes: Nodes, de: Node) -> None:
    """Sealed for a year at most; on its day every padding leaf is unsealed, each once, also after a restart."""
    padder(nodes, de).tick()
    de.publisher.publish()
    assert audited(de, nodes).exit_code == 0
    nodes.clock.now = datetime(2027, 12, 1, 9, tzinfo=UTC)
    nodes.shut(de)
    de = nodes.open("DE")
    assert padder(nodes, de).tick() == 2 * LEAST
    assert padder(nodes, de).tick() == LEAST
    assert kinds(de) == {"sealed": 3 * LEAST, "unseal": LEAST}
    nodes.clock.now = datetime(2027, 12, 2, 9, tzinfo=UTC)
    de.publisher.publish()
    report = audited(de, nodes)
    assert (report.exit_code, report.sums.totals) == (0, {})


def test_padding_that_is_not_unsealed_stands_overdue(nodes: Nodes, de: Node) -> None:
    """That the test above can fail."""
    padder(nodes, de).tick()
    nodes.clock.now = datetime(2027, 12, 2, 9, tzinfo=UTC)
    de.publisher.publish()
    assert audited(de, nodes).sums.totals == {"overdue": LEAST}


def test_the_setting_is_what_every_tick_is_filled_up_to(nodes: Nodes) -> None:
    settings = Settings(node="de-node", padding_leaves=3, cadence_seconds=3600, clerk_seconds=3600)
    outside = Outside(nodes.clock, nodes.wire, nodes.witnesses, nodes.wire.log_of)
    node = Node.open(settings, nodes.folder / "DE", outside)
    node.registrar.start()
    node.publisher.before()
    assert kinds(node) == {"sealed": 3}
    node.stop()


def test_a_burst_is_unsealed_in_parts(nodes: Nodes, de: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsealing, "MOST", 3)
    pads = padder(nodes, de)
    pads.tick()
    nodes.clock.now = datetime(2027, 12, 1, 9, tzinfo=UTC)
    assert [pads.tick() - LEAST for _ in range(3)] == [3, 1, 0]


def _write(nodes: Nodes, statement: str) -> None:
    with sqlite3.connect(nodes.folder / "DE" / "data" / "node.db") as db:
        assert db.execute(statement).rowcount >= 1
    db.close()


SPOILT: dict[str, str] = {
    "removed": "DELETE FROM padding WHERE position = 1",
    "another salt": "UPDATE padding SET salt = x'" + "00" * 32 + "' WHERE position = 1",
    "called an act": "UPDATE padding SET kind = 'disclosure' WHERE position = 1",
    "with contents": "UPDATE padding SET record = x'00' WHERE position = 1",
    "unseals another": "UPDATE padding SET ref = 0 WHERE position = 1",
    "in place of a record": "UPDATE padding SET position = 4 WHERE position = 1",
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_node_whose_padding_was_changed_by_hand_does_not_start(nodes: Nodes, de: Node, how: str) -> None:
    padder(nodes, de).tick()
    matters.draft(nodes, de)
    nodes.kill(de)
    nodes.kill(nodes.open("DE"))
    _write(nodes, SPOILT[how])
    with pytest.raises(Tampered):
        nodes.open("DE")


def test_padding_and_acts_entered_at_once_keep_their_places(nodes: Nodes, de: Node) -> None:
    """One writer: the log's positions stay whole when both come together."""
    pads = [Thread(target=padder(nodes, de).tick) for _ in range(5)]
    for thread in pads:
        thread.start()
    for number in range(5):
        matters.draft(nodes, de, f"{matters.DOCKET}{number}")
    for thread in pads:
        thread.join()
    nodes.kill(de)
    de = nodes.open("DE")  # the guard has read every row
    assert kinds(de)["request"] == 5


def test_without_the_registrar_nothing_is_padded(nodes: Nodes, de: Node) -> None:
    pads = padder(nodes, de)
    de.registrar.stop()
    with pytest.raises(Unreachable):
        pads.tick()


def test_padding_is_made_of_nothing_that_repeats() -> None:
    leaves = {padding_leaf(date(2026, 12, 31)).leaf for _ in range(20)}
    assert len(leaves) == 20
    assert len({parse_leaf(leaf).until for leaf in leaves}) > 1  # of twelve months; one in 10^20 that all are alike
    assert len({len(leaf) for leaf in leaves}) == 1


@given(
    late=st.lists(st.floats(0, 50), max_size=30),
    cadence=st.sampled_from([0.1, 1.0, 10.0, 60.0]),
    start=st.floats(0, 1e6),
)
def test_checkpoints_keep_to_the_grid_whatever_happens_between(late: list[float], cadence: float, start: float) -> None:
    """However long each takes, some longer than the cadence, the ticks stay where the clock put the first."""
    due = start
    for delay in late:
        now = due + delay
        due = next_tick(due, now, cadence)
        assert now <= due + 1e-6
        assert due - now <= cadence + 1e-6
        ticks = (due - start) / cadence
        assert abs(ticks - round(ticks)) < 1e-3


def test_running_totals_are_what_the_sealed_leaves_add_up_to(nodes: Nodes, de: Node) -> None:
    """At every size, of a period too: the sum of commitments opens to the kinds kept, with the blinding kept."""
    pads, sizes = padder(nodes, de), [0]
    for act in (matters.draft, None, matters.authorise):
        if act is not None:
            act(nodes, de)
        pads.tick()
        sizes.append(de.store.size())
    for start, end in [(0, sizes[1]), (0, sizes[3]), (sizes[1], sizes[3])]:
        first, last = sealed_totals(de.store, start), sealed_totals(de.store, end)
        leaves = [parse_leaf(leaf) for leaf in de.store.leaves(start, end)]
        total = sum_commitments(leaf.count for leaf in leaves if leaf.count is not None)
        made = times((last[1] - first[1]) % ORDER, BLIND)
        for kind, number in last[0].items():
            made = add(made, times(number - first[0].get(kind, 0), kind_generator(kind)))
        assert made == total
    assert sealed_totals(de.store, 0) == ({}, 0)
