"""What the witnesses' times in a package disprove: acts dated back, by their own proof or by another record's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from comity.docket.logged import Earlier
from comity.package.contents import PackageContents
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.encoding import encode_base64
from comity.tlog.tree import Coordinate, Tree, consistency_proof, leaf_hash
from tests import world as w
from tests.package import samples as s
from tests.package.readings import what
from tests.world import NOON, origin


def with_earlier(contents: PackageContents, number: int, log: str, earlier: Earlier | None) -> PackageContents:
    """The contents with another earlier checkpoint in one record's proof from one log."""
    records = list(contents.records)
    old = records[number]
    logged = tuple(msgspec.structs.replace(x, earlier=earlier) if x.origin == log else x for x in old.logged)
    records[number] = replace(old, logged=logged)
    return replace(contents, records=tuple(records))


@pytest.mark.parametrize(("late", "ok"), [(600, True), (601, False)])
def test_an_act_dated_before_the_log_was_seen_without_it(late: int, ok: bool) -> None:
    """The empty log was cosigned an hour before noon; filer's and witness's clock may each be off by five minutes."""
    sides = s.Sides()
    at = NOON - timedelta(hours=1, seconds=late)
    sides.file("request.draft", w.eio_request(), sides.world.who("DE", "prosecutor"), at)
    wrong = what(s.verdict_on(sides.contents(), sides.world))
    assert ("backdated" not in wrong) == ok, wrong


@pytest.mark.parametrize(("log", "ok"), [("DE", False), ("FR", True)])
def test_the_log_of_the_node_that_sealed_it_must_show_an_earlier_checkpoint(log: str, ok: bool) -> None:
    """The other side's log has it later anyway."""
    sides = s.to_received(s.Sides())
    contents = with_earlier(sides.contents(), 0, origin(log), None)
    verdict = s.verdict_on(contents, sides.world)
    assert verdict.ok == ok
    assert ok or "could be backdated" in what(verdict)


def test_a_checkpoint_beside_one_record_bounds_every_other() -> None:
    """Record 0 shows the log with one leaf an hour after noon; record 1, dated noon, shows only the empty log."""
    sides = s.to_received(s.Sides())
    log = sides.logs["DE"]
    tree, new = Tree().append([leaf_hash(leaf) for leaf in log.leaves])
    nodes: dict[Coordinate, bytes] = {(level, index): value for level, index, value in new}
    hashes = consistency_proof(1, tree.size, lambda places: [nodes[place] for place in places])
    one, _ = Tree().append([leaf_hash(log.leaves[0])])
    signers = [sides.world.log_key("DE"), *(witness.at(s.COSIGNED) for witness in s.WITNESSES)]
    note = sign_checkpoint(Checkpoint(log.origin, 1, one.root()), signers).decode()
    earlier = Earlier(note=note, consistency=tuple(encode_base64(value) for value in hashes))
    number = next(n for n, r in enumerate(sides.contents().records) if sides.places["DE", r.id] > 1)
    verdict = s.verdict_on(with_earlier(sides.contents(), number, log.origin, earlier), sides.world)
    assert not verdict.ok
    assert "request.authorise" in what(verdict)
    assert "backdated" in what(verdict)
