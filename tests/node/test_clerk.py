"""The clerk: not a second early, once only, for the latest of the steps, on both nodes alike."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from comity.docket.docket import Docket
from comity.docket.duty import OpenDuty
from comity.node.node import Node
from comity.proceedings import bodies
from tests.node import matters
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes


def duty(node: Node, name: str) -> OpenDuty:
    return next(d for d in node.duties(DOCKET) if d.duty == name)


def expires(node: Node, name: str) -> datetime:
    found = duty(node, name).expires
    assert found is not None
    return found


def overdue(node: Node) -> list[bodies.Overdue]:
    return [e.body for e in node.registrar.docket(DOCKET).all("request.overdue")]


def watched(nodes: Nodes) -> tuple[Node, Node]:
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.sent(nodes, de)
    nodes.settle()
    return de, fr


def test_both_nodes_reckon_the_same_moment(nodes: Nodes) -> None:
    de, fr = watched(nodes)
    assert {d.duty: d.expires for d in de.duties(DOCKET)} == {d.duty: d.expires for d in fr.duties(DOCKET)}
    assert {d.duty for d in de.duties(DOCKET)} >= {"acknowledge", "decide"}


def test_nothing_a_second_before_and_one_note_after(nodes: Nodes) -> None:
    de, fr = watched(nodes)
    end = expires(fr, "acknowledge")
    nodes.clock.now = end - timedelta(seconds=1)
    assert (de.clerk.look(), fr.clerk.look()) == (0, 0)
    nodes.clock.now = end
    assert fr.clerk.look() == 1
    nodes.clock.forward(hours=1)
    assert fr.clerk.look() == 0  # once only
    (note,) = overdue(fr)
    assert note.duty == "acknowledge"
    assert note.explanation
    assert note.provision


def test_who_owes_notes_and_the_other_side_receives_the_note(nodes: Nodes) -> None:
    de, fr = watched(nodes)
    nodes.clock.now = expires(fr, "acknowledge")
    assert (de.clerk.look(), fr.clerk.look()) == (0, 1)
    nodes.settle()
    for node in (de, fr):
        assert [e.record.party for e in node.registrar.docket(DOCKET).all("request.overdue")] == ["FR"]
        assert node.clerk.look() == 0


def test_what_fails_for_one_docket_is_looked_at_again_and_keeps_no_other_waiting(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, fr = watched(nodes)
    nodes.clock.now = expires(fr, "acknowledge")

    def broken(docket: str) -> Docket:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(fr.registrar, "docket", broken)
        assert fr.clerk.look() == 0
    assert fr.clerk.look() == 1


def test_a_duty_discharged_in_time_is_never_noted(nodes: Nodes) -> None:
    _, fr = watched(nodes)
    end = expires(fr, "acknowledge")
    body = bodies.Acknowledgement(reference="1", contact="x")
    nodes.clock.now = end - timedelta(seconds=1)
    nodes.file(fr, DOCKET, "request.acknowledge", body, nodes.world.who("FR", "prosecutor"))
    nodes.clock.now = end + timedelta(minutes=1)
    assert fr.clerk.look() == 0
    assert "acknowledge" not in {d.duty for d in fr.duties(DOCKET)}


def test_a_restart_neither_forgets_nor_repeats(nodes: Nodes) -> None:
    _, fr = watched(nodes)
    nodes.clock.now = expires(fr, "acknowledge")
    nodes.kill(fr)
    fr = nodes.open("FR")
    fr.clerk.changed(fr.store.dockets("request"))  # what `start` does first
    assert fr.clerk.look() == 1
    nodes.kill(fr)
    fr = nodes.open("FR")
    fr.clerk.changed(fr.store.dockets("request"))
    assert fr.clerk.look() == 0


def test_an_extension_moves_the_clock_and_one_before_a_lapse_does_not_revive_the_first(nodes: Nodes) -> None:
    """Duties run from the latest of their steps: after an extension the earlier limit is neither noted nor due."""
    _, fr = watched(nodes)
    prosecutor = nodes.world.who("FR", "prosecutor")
    body = bodies.Acknowledgement(reference="1", contact="x")
    nodes.file(fr, DOCKET, "request.acknowledge", body, prosecutor)
    first = expires(fr, "decide")
    nodes.clock.now = first - timedelta(days=1)
    longer = bodies.Extension(
        reasons="The bank has asked for time to retrieve archived movements.", estimate=date(2027, 3, 1)
    )
    assert nodes.file(fr, DOCKET, "request.extend", longer, prosecutor).effect
    second = expires(fr, "decide")
    assert second > first
    nodes.clock.now = first + timedelta(hours=1)
    assert fr.clerk.look() == 0
    nodes.clock.now = second
    assert fr.clerk.look() == 1
    (note,) = overdue(fr)
    assert note.since == matters.latest(fr, "request.extend").id
