"""A thread of a node that fails or ends is told to the operator's log and to whoever asks whether the node is ready."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
import structlog
from starlette.testclient import TestClient

from comity.errors import Tampered, Unreachable
from comity.node.door.filed import Door, Filed
from comity.node.door.registrar import Entered
from comity.node.log.seals import Made
from comity.node.node import Node
from comity.node.watched import Watched
from comity.proceedings import bodies
from comity.web.app import create_app
from tests.node import matters
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes

ATTEMPT = ("oversight:2026-12-04.de", "oversight.attempt", bodies.Attempt(door="a", what="b", reason="c"))


class Panic(BaseException):
    """As a library in another language raises it: past every `except Exception`."""


def breaks(exc: BaseException) -> Callable[..., Any]:
    def broken(*_: object) -> None:
        raise exc

    return broken


def ready(node: Node) -> tuple[int, str]:
    answer = TestClient(create_app(node)).get("/health/ready")
    return answer.status_code, answer.json().get("reason", "")


def test_a_round_that_breaks_is_told_until_one_holds() -> None:
    thread = Watched("clerk", lambda: None)
    with structlog.testing.capture_logs() as said:
        thread.round(breaks(KeyError("who sees this?")))
    assert [(each["event"], each["thread"], each["reason"]) for each in said] == [
        ("thread.failed", "clerk", "KeyError('who sees this?')")
    ]
    assert "KeyError" in thread.failure
    assert "who sees this" not in thread.failure, "anyone may ask whether a node is ready"
    thread.round(lambda: None)
    assert thread.failure == ""


def test_a_thread_that_ended_stays_ended_and_says_why() -> None:
    thread = Watched("clerk", breaks(Tampered("The log lost a leaf.", "Stop.")))
    with structlog.testing.capture_logs() as said:
        thread.start()
        thread.join(10)
    assert [(each["event"], each["log_level"]) for each in said] == [("thread.ended", "critical")]
    assert "The clerk has ended: The log lost a leaf." in thread.failure
    assert not thread.alive


@pytest.mark.parametrize("end", [RuntimeError("a bug"), Panic("a bug")])
@pytest.mark.parametrize(
    ("part", "interval", "act"),
    [("publisher", "_cadence", "before"), ("mailbox", "_retry", "_serve_all"), ("clerk", "_interval", "look"),
     ("anchor", "_interval", "look")],
)  # fmt: skip
def test_no_thread_ends_or_fails_unseen(de: Node, part: str, interval: str, act: str, end: BaseException) -> None:
    working: Any = getattr(de, part)
    assert ready(de) == (200, "")
    setattr(working, interval, 0.001)
    holds = getattr(working, act)
    setattr(working, act, breaks(end))
    working.start()
    while not working.thread.failure:
        working.thread.join(0.01)
    status, reason = ready(de)
    assert status == 503
    assert part in reason
    assert type(end).__name__ in reason
    setattr(working, act, holds)
    if isinstance(end, Exception):
        while working.thread.failure:
            working.thread.join(0.01)
        assert ready(de) == (200, "")
    else:
        working.thread.join(10)
        assert not working.thread.alive


def test_a_peers_turn_comes_again_when_there_was_no_thread_for_it(nodes: Nodes, de: Node) -> None:
    nodes.open("FR")
    matters.sent(nodes, de)
    de.publisher.publish()
    pool, de.mailbox._pool = de.mailbox._pool, type("Full", (), {"submit": breaks(RuntimeError("no new thread"))})()
    with pytest.raises(RuntimeError):
        de.mailbox._serve_all()
    assert not de.mailbox._busy
    de.mailbox._pool = pool


def test_what_breaks_before_anything_is_stored_leaves_the_door_open(
    nodes: Nodes, de: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(de.registrar._log, "append", breaks(RuntimeError("a bug")))
        with pytest.raises(Unreachable, match="nothing was entered"):
            matters.draft(nodes, de)
        assert ready(de)[0] == 503
    assert matters.draft(nodes, de).position == 0
    assert ready(de) == (200, "")


def test_after_a_break_in_the_middle_the_door_stays_closed_until_the_start_checks(
    nodes: Nodes, de: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on disk is not what is in memory: no act may be judged by the older state."""
    with monkeypatch.context() as patch:
        patch.setattr(de.dockets, "put", breaks(RuntimeError("a bug")))
        with pytest.raises(Unreachable, match="was entered"):
            matters.draft(nodes, de)
    de.registrar.thread.join(10)
    with pytest.raises(Unreachable, match="not at work"):
        matters.draft(nodes, de)
    status, reason = ready(de)
    assert status == 503
    assert "registrar has ended: RuntimeError" in reason
    nodes.shut(de)
    again = nodes.open("DE")
    assert [e.step for e in again.registrar.docket(DOCKET).entries] == ["request.draft"]
    assert ready(again) == (200, "")


def test_nobody_is_left_waiting_at_a_door_that_closed(de: Node) -> None:
    behind: list[Future[Entered]] = []

    def make() -> list[Made]:
        behind.append(de.registrar.file_later(Filed(None, Door.NODE, act=(*ATTEMPT, ()))))
        raise Panic

    with pytest.raises(Unreachable):
        de.registrar.make(make)
    with pytest.raises(Unreachable, match="not at work"):
        behind[0].result(10)
