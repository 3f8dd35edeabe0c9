"""Sealed dockets between two running nodes: what both logs show, until when, who changes it, what can be proved."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from comity.docket.sealing import inherited, seal_of
from comity.errors import NotAdmitted, Tampered, Unverified
from comity.law.book import load_law
from comity.node.auditor.audit import Auditor
from comity.node.auditor.later import settle_by
from comity.node.auditor.openings import check_openings
from comity.node.auditor.source import FolderSource, LogSource
from comity.node.auditor.state import AuditState
from comity.node.door import act_leaf
from comity.node.door.registrar import Entered
from comity.node.log.openings import NodeSource, export_node
from comity.node.node import Node
from comity.node.publishing.padding import Padder
from comity.package.check import check_source
from comity.proceedings import bodies
from comity.tlog.audit import AuditReport, LeafSums
from comity.tlog.leaf import ActLeaf, commit, parse_leaf
from comity.web.packaging import package_file
from tests.node import matters
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes
from tests.node.test_log_turn import BEFORE, NEXT, turned, with_next
from tests.world import authorisation, eio_request, text

MARCH, MAY = date(2027, 3, 1), date(2027, 5, 1)


@pytest.fixture
def fr(nodes: Nodes, de: Node) -> Node:
    return nodes.open("FR")


def draft(nodes: Nodes, de: Node, until: date | None = MARCH) -> Entered:
    return nodes.file(
        de, DOCKET, "request.draft", eio_request(), nodes.world.who("DE", "prosecutor"), sealed_until=until
    )


def order(nodes: Nodes, de: Node, step: str, role: str = "judge", until: date | None = None) -> Entered:
    """A judge's order about the seal, named by the draft."""
    body = bodies.SealOrder(record=matters.latest(de, "request.draft").id, reasons=text("inquiries"))
    return nodes.file(de, DOCKET, step, body, nodes.world.who("DE", role), sealed_until=until)


def leaves(node: Node) -> list[ActLeaf]:
    return [parse_leaf(leaf) for leaf in node.store.leaves(0, node.store.size())]


def kinds(node: Node) -> Counter[str]:
    return Counter(leaf.kind for leaf in leaves(node))


def tick(nodes: Nodes, *at: Node) -> None:
    for node in at:
        Padder(node.registrar, node.store, node.log, nodes.clock, 0).tick()


def audited(node: Node, nodes: Nodes) -> AuditReport:
    node.publisher.publish()
    policy = node.peers.policies[node.entry.origin]
    with AuditState() as state:
        report = Auditor(NodeSource(node.log.rows), state, policy, nodes.clock()).run()
        check_openings(NodeSource(node.log.rows), state)
        return replace(report, sums=state.sums(nodes.clock().date().isoformat()))


def test_a_whole_matter_leaves_only_sealed_leaves_in_both_logs(nodes: Nodes, de: Node, fr: Node) -> None:
    draft(nodes, de)
    matters.finish(nodes, de, fr)
    for node in (de, fr):
        matters.check_whole(node)
        assert set(kinds(node)) == {"sealed"}
        assert {leaf.until for leaf in leaves(node)} == {MARCH}
        assert all(leaf.count is not None for leaf in leaves(node))
        assert audited(node, nodes).exit_code == 0
    nodes.shut(de)
    nodes.open("DE")  # the guard finds nothing wrong


def test_when_the_month_comes_both_nodes_unseal_everything(nodes: Nodes, de: Node, fr: Node) -> None:
    draft(nodes, de)
    matters.finish(nodes, de, fr)
    nodes.clock.now = datetime(2027, 3, 1, 0, 1, tzinfo=UTC)
    tick(nodes, de, fr)
    for node in (de, fr):
        assert kinds(node) == {"sealed": 9, "unseal": 9}
    nodes.clock.now = datetime(2027, 3, 2, tzinfo=UTC)
    for node in (de, fr):
        report = audited(node, nodes)
        assert report.exit_code == 0
        assert report.sums.unsealed == {"request": 5, "decision-grant": 3, "disclosure": 1}
    known = de.registrar.docket(DOCKET)
    assert inherited(de.bench.step("request.close"), known, nodes.clock().date()) is None


def test_a_node_that_does_not_unseal_is_listed_overdue(nodes: Nodes, de: Node) -> None:
    draft(nodes, de)
    nodes.clock.now = datetime(2027, 3, 1, 9, tzinfo=UTC)
    assert audited(de, nodes).exit_code == 0
    nodes.clock.now = datetime(2027, 3, 2, 9, tzinfo=UTC)
    assert audited(de, nodes).sums.totals == {"overdue": 1}


def test_a_judge_extends_the_seal_of_the_docket_at_both_nodes(nodes: Nodes, de: Node, fr: Node) -> None:
    draft(nodes, de)
    matters.finish(nodes, de, fr)
    done = order(nodes, de, "request.extend_seal", until=MAY)
    assert done.effect, done.findings
    nodes.settle()
    tick(nodes, de, fr)
    tick(nodes, de, fr)
    for node in (de, fr):
        assert kinds(node) == {"sealed": 9, "extend": 9}
        assert {leaf.until for leaf in leaves(node)} - {MARCH} == {MAY}
        assert seal_of(node.registrar.docket(DOCKET), nodes.clock().date()) == MAY
    nodes.clock.now = datetime(2027, 4, 1, tzinfo=UTC)
    tick(nodes, de, fr)
    assert audited(de, nodes).exit_code == 0
    assert kinds(fr)["unseal"] == 0
    nodes.clock.now = datetime(2027, 5, 1, tzinfo=UTC)
    tick(nodes, de, fr)
    nodes.clock.now = datetime(2027, 5, 2, tzinfo=UTC)
    for node in (de, fr):
        assert audited(node, nodes).exit_code == 0
        assert kinds(node)["unseal"] == 9
    nodes.shut(fr)
    nodes.open("FR")


@pytest.mark.parametrize(
    ("role", "until", "wanting"),
    [("prosecutor", MAY, "hand"), ("judge", MARCH, "seal_extended"), ("judge", date(2028, 1, 1), "seal_extended")],
)
def test_an_extension_that_may_not_be_changes_no_seal(
    nodes: Nodes, de: Node, role: str, until: date, wanting: str
) -> None:
    draft(nodes, de)
    done = order(nodes, de, "request.extend_seal", role, until)
    assert not done.effect
    assert {f.safeguard for f in done.findings if f.verdict != "clear"} == {wanting}
    assert kinds(de) == {"sealed": 1, "request": 1}
    nodes.clock.now = datetime(2027, 3, 1, tzinfo=UTC)
    tick(nodes, de)
    assert kinds(de)["unseal"] == 1


def test_a_lapse_is_not_revived(nodes: Nodes, de: Node) -> None:
    draft(nodes, de)
    nodes.clock.now = datetime(2027, 3, 1, 9, tzinfo=UTC)
    done = order(nodes, de, "request.extend_seal", until=MAY)
    assert not done.effect
    assert kinds(de)["extend"] == 0


def test_a_judge_lifts_the_seal_at_both_nodes_and_what_follows_stands_in_the_open(
    nodes: Nodes, de: Node, fr: Node
) -> None:
    draft(nodes, de)
    matters.finish(nodes, de, fr)
    assert order(nodes, de, "request.unseal").effect
    nodes.settle()
    tick(nodes, de, fr)
    for node in (de, fr):
        assert kinds(node) == {"sealed": 9, "unseal": 9}
        assert audited(node, nodes).exit_code == 0
    body = bodies.Consultation(subject="After", text=text("after"))
    assert nodes.file(de, DOCKET, "request.consult", body, nodes.world.who("DE", "prosecutor")).effect
    nodes.settle()
    assert (kinds(de)["request"], kinds(fr)["request"]) == (1, 1)


def test_an_extension_that_arrives_after_the_month_seals_nothing_again(nodes: Nodes, de: Node, fr: Node) -> None:
    """The post was held up: France unsealed on the day. Its log takes the order in, and contradicts nothing."""
    draft(nodes, de)
    matters.finish(nodes, de, fr)
    nodes.clock.now = datetime(2027, 2, 28, 23, 50, tzinfo=UTC)
    assert order(nodes, de, "request.extend_seal", until=MAY).effect
    tick(nodes, de)
    nodes.clock.now = datetime(2027, 3, 1, 0, 10, tzinfo=UTC)
    tick(nodes, de, fr)
    nodes.settle()
    tick(nodes, de, fr)
    assert (kinds(de)["extend"], kinds(de)["unseal"]) == (9, 0)
    assert kinds(fr) == {"sealed": 9, "unseal": 9, "request": 1}
    assert audited(fr, nodes).exit_code == 0
    assert matters.latest(fr, "request.extend_seal").effect
    assert not de.mailbox.outbox.waiting()


def test_what_follows_in_a_sealed_docket_is_sealed_or_not_taken(nodes: Nodes, de: Node) -> None:
    draft(nodes, de)
    judge, body = nodes.world.who("DE", "judge"), authorisation(matters.latest(de, "request.draft"))
    file = partial(nodes.file, de, DOCKET, "request.authorise", body, judge)
    with pytest.raises(NotAdmitted, match="sealed until 2027-03"):
        _in_the_open(nodes, de, "request.authorise", body)
    assert kinds(de) == {"sealed": 1}
    assert file(sealed_until=date(2027, 2, 1)).effect  # the judge may name another month


def _in_the_open(nodes: Nodes, de: Node, step: str, body: bodies.Authorisation) -> None:
    from comity.docket.record import compose, record_id
    from comity.signing.hand import put_hand

    who = nodes.world.who("DE", "judge")
    record, sections = compose(
        docket=DOCKET, step=step, answers=tuple(de.registrar.docket(DOCKET).heads), party="DE",
        authority=who.authority, role=who.role, at=nodes.clock(), body=body,
    )  # fmt: skip
    de.registrar.file(record, put_hand(record_id(record), who.key), sections)


def test_a_seal_that_begins_late_has_the_judges_month(nodes: Nodes, de: Node) -> None:
    """Drafted in the open; the judge's authorisation is sealed; the sending inherits it."""
    draft(nodes, de, until=None)
    body = authorisation(matters.latest(de, "request.draft"))
    assert nodes.file(
        de, DOCKET, "request.authorise", body, nodes.world.who("DE", "judge"), sealed_until=MARCH
    ).effect
    assert matters.send(nodes, de).effect
    assert kinds(de) == {"request": 1, "sealed": 2}


def test_nothing_is_hidden_for_longer_than_padding_even_without_effect(nodes: Nodes, de: Node) -> None:
    with pytest.raises(NotAdmitted, match="12 months ahead"):
        draft(nodes, de, date(2028, 1, 1))
    assert draft(nodes, de, date(2027, 12, 1)).effect


@pytest.mark.parametrize("until", [date(2026, 12, 1), date(2026, 11, 1)])
def test_a_month_that_has_come_is_not_taken(nodes: Nodes, de: Node, until: date) -> None:
    with pytest.raises(NotAdmitted, match="has come"):
        draft(nodes, de, until)


SPOILT = {
    "unsealed early": "UPDATE seals SET until = '2027-01-01' WHERE position = 1",
    "kept sealed": "UPDATE seals SET unsealed_by = 2 WHERE position = 1",
    "extended by nobody": "UPDATE seals SET extended_by = 2, until = '2027-09-01' WHERE position = 1",
    "the judge's month": "UPDATE seals SET until = '2027-09-01' WHERE position = 0",
    "of another docket": "UPDATE seals SET docket = '' WHERE position = 1",
    "not kept": "DELETE FROM seals WHERE position = 1",
    "a total": "UPDATE sealed_totals SET blinding = zeroblob(32)",
    "no total": "DELETE FROM sealed_totals",
    "the order's month": "UPDATE seal_terms SET until = '2027-09-01'",
    "no order": "DELETE FROM seal_terms",
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_node_whose_seals_were_changed_by_hand_does_not_start(nodes: Nodes, de: Node, how: str) -> None:
    draft(nodes, de)
    matters.authorise(nodes, de)
    assert order(nodes, de, "request.extend_seal", until=MAY).effect
    nodes.shut(de)
    nodes.shut(nodes.open("DE"))
    with sqlite3.connect(nodes.folder / "DE" / "data" / "node.db") as db:
        assert db.execute(SPOILT[how]).rowcount >= 1
    db.close()
    with pytest.raises(Tampered):
        nodes.open("DE")


def test_openings_of_acts_and_padding_alike_are_checked_over_a_folder_too(
    nodes: Nodes, de: Node, tmp_path: Path
) -> None:
    draft(nodes, de)
    Padder(de.registrar, de.store, de.log, nodes.clock, 300).tick()
    nodes.clock.now = datetime(2027, 12, 1, tzinfo=UTC)
    tick(nodes, de)
    report = audited(de, nodes)
    assert (report.exit_code, report.sums.unsealed) == (0, {"padding": 300, "request": 1})
    assert export_node(de.log.rows, tmp_path / "copy") == de.store.size()
    assert opened(FolderSource(tmp_path / "copy"), nodes, de).unsealed == report.sums.unsealed
    line = (tmp_path / "copy" / "unsealed" / "000").read_bytes().splitlines()
    assert len(line) == 256


def opened(source: LogSource, nodes: Nodes, node: Node) -> LeafSums:
    policy = node.peers.policies[node.entry.origin]
    with AuditState() as state:
        Auditor(source, state, policy, nodes.clock()).run()
        check_openings(source, state)
        return state.sums(nodes.clock().date().isoformat())


def _one_missing(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def _another_kind(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b" request ", b" padding ") for line in lines]


def _lost(lines: list[bytes]) -> list[bytes]:
    return [b"-", *lines[1:]]


def _exchanged(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], *lines[2:]]


def _respelt(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b" request ", b"  request ") for line in lines]


@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [(_one_missing, 3), (_another_kind, 2), (_exchanged, 2), (_lost, 1), (_respelt, 3)],
    ids=lambda x: getattr(x, "__name__", str(x)),
)
def test_a_missing_or_false_opening_is_a_breach(
    nodes: Nodes, de: Node, tmp_path: Path, spoil: Callable[[list[bytes]], list[bytes]], wrong: int
) -> None:
    """The node says of an act that it was padding, withholds an opening, or shows the openings out of order."""
    draft(nodes, de)
    matters.authorise(nodes, de)
    matters.send(nodes, de)
    nodes.clock.now = datetime(2027, 3, 1, tzinfo=UTC)
    tick(nodes, de)
    de.publisher.publish()
    export_node(de.log.rows, tmp_path / "copy")
    file = tmp_path / "copy" / "unsealed" / "000.p" / "3"
    assert opened(FolderSource(tmp_path / "copy"), nodes, de).totals == {}
    file.write_bytes(b"".join(line + b"\n" for line in spoil(file.read_bytes().splitlines())))
    assert opened(FolderSource(tmp_path / "copy"), nodes, de).totals == {"opening": wrong}
    file.unlink()
    assert opened(FolderSource(tmp_path / "copy"), nodes, de).totals == {"opening": 3}


def test_packages_of_a_sealed_docket_are_checked_as_any_other(nodes: Nodes, de: Node, fr: Node) -> None:
    """Years later, of a matter that was sealed, extended and lifted; whoever holds the package holds the opening."""
    draft(nodes, de)
    matters.finish(nodes, de, fr)
    assert order(nodes, de, "request.extend_seal", until=MAY).effect
    assert not order(nodes, de, "request.extend_seal", "prosecutor", date(2027, 6, 1)).effect
    assert order(nodes, de, "request.unseal").effect
    nodes.settle()
    tick(nodes, de, fr)
    for node in (de, fr):
        with package_file(node, node.registrar.docket(DOCKET), nodes.clock()) as package:
            now = int(nodes.clock().timestamp()) + 5 * 365 * 86400
            verdict = check_source(package, nodes.anchors, load_law(), now)
        assert verdict.ok, verdict.problems
        assert verdict.reassessed == verdict.records


def test_a_peer_that_shows_a_sealed_act_in_the_open_is_turned_away(
    nodes: Nodes, de: Node, fr: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log commits to the record, but its leaf says what the head keeps sealed."""

    def in_the_open(kind: str, salt: bytes, act: bytes, signatures: bytes, until: date) -> ActLeaf:
        return ActLeaf(kind, commit(salt, kind, act, signatures))

    draft(nodes, de)
    matters.authorise(nodes, de)
    with monkeypatch.context() as lying:
        lying.setattr(act_leaf, "sealed_leaf", in_the_open)
        matters.send(nodes, de)
    nodes.settle()
    assert not fr.registrar.docket(DOCKET).entries or not matters.has(fr.registrar.docket(DOCKET), "request.send")
    assert any("say alike" in attempt.reason for attempt in matters.attempts(fr))


def test_a_seal_outlasts_its_log_and_the_next_log_unseals_it(nodes: Nodes) -> None:
    """Sealed in the log of 2026, extended and unsealed in that of 2027, by number; whoever audits reads both."""
    with_next(nodes)
    de, _ = turned(nodes, BEFORE)
    matters.draft(nodes, de, DOCKET + "a")
    draft(nodes, de)
    Padder(de.registrar, de.store, de.log, nodes.clock, 3).tick()
    nodes.clock.now = datetime(2027, 1, 2, tzinfo=UTC)
    de.publisher.publish()
    de.turn.tick()
    assert de.log.origin == NEXT
    assert order(nodes, de, "request.extend_seal", until=MAY).effect
    nodes.clock.now = datetime(2027, 12, 1, tzinfo=UTC)
    tick(nodes, de)
    de.publisher.publish()
    nodes.clock.now = datetime(2027, 12, 2, tzinfo=UTC)
    former, now = (NodeSource(rows) for rows in de.log.segments[-2:])
    policies = de.peers.policies
    with AuditState() as state:
        auditor = Auditor(former, state, policies[BEFORE], nodes.clock())
        alone = auditor.run()
        assert alone.sums.totals == {"overdue": 4}
        assert settle_by(auditor, alone, [(now, policies[NEXT])]).exit_code == 0
        with pytest.raises(Unverified, match="goes on after"):
            settle_by(auditor, alone, [(former, policies[BEFORE])])
    with AuditState() as state:
        report = Auditor(now, state, policies[NEXT], nodes.clock()).run()
        check_openings(now, state)
        sums = state.sums(nodes.clock().date().isoformat())
        assert (report.exit_code, sums.totals, sums.counts["unseal"], sums.counts["extend"]) == (0, {}, 4, 1)
    nodes.shut(de)
    nodes.shut(nodes.open("DE"))
