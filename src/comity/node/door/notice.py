"""Attempts: what was turned away at a door, noted as a record that oversight sees.

The first of a kind is noted at once; repeats within a minute are counted and noted together, so that a flood of
rubbish cannot fill the log. Where nobody is known yet, a kind is the door and the error's code: whoever knocks chooses
neither. Elsewhere it is the door and the reason, and there are only so many kinds to a door.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from comity.errors import ComityError, Malformed
from comity.node.clock import Clock
from comity.node.door.admission import DOCKET
from comity.proceedings.bodies import Attempt

WINDOW = timedelta(seconds=60)
MOST_KINDS = 16  # kinds counted apart at one door; more are counted together as "other"
MOST_TEXT = 300


class Attempts:
    """Counts and files attempts. ``file`` is the registrar's own `act`."""

    def __init__(self, file: Callable[..., Any], node: str, clock: Clock) -> None:
        """Nothing noted yet. Malformed when the node's name cannot stand in the name of a docket."""
        if not DOCKET.fullmatch(f"oversight:2026-01-01.{node}"):
            raise Malformed(
                f"{node!r} is no name for a node: attempts could not be noted.",
                "Use at most 80 small letters, digits, dots and hyphens.",
            )
        self._file, self._node, self._clock = file, node, clock
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], tuple[datetime, str, int]] = {}

    def note(self, door: str, what: str, reason: str, code: str = "") -> None:
        """Note one attempt at ``door``: ``what`` was tried, ``reason`` why it was turned away.

        ``code``: the error's, given where nobody is known yet; the reason is then that of the first of its kind.
        """
        now = self._clock()
        key = (door[:MOST_TEXT], code or reason[:MOST_TEXT])
        with self._lock:
            due = self._close_older(now)
            if key not in self._open and sum(kind[0] == key[0] for kind in self._open) >= MOST_KINDS:
                key = (key[0], "other")
            if key in self._open:
                began, first, count = self._open[key]
                self._open[key] = (began, first, count + 1)
            else:
                self._open[key] = (now, what[:MOST_TEXT], 0)
                due.append((key[0], reason[:MOST_TEXT], what[:MOST_TEXT], 1))
        self._write(now, due)

    def flush(self) -> None:
        """Note what was counted and not yet written."""
        with self._lock:
            due = self._close_older(self._clock() + WINDOW)
        self._write(self._clock(), due)

    def _close_older(self, now: datetime) -> list[tuple[str, str, str, int]]:
        old = [key for key, (began, _, _) in self._open.items() if now - began >= WINDOW]
        closed = [(*key, self._open[key][1], self._open[key][2]) for key in old]
        for key in old:
            del self._open[key]
        return [c for c in closed if c[3] > 0]

    def _write(self, now: datetime, due: list[tuple[str, str, str, int]]) -> None:
        docket = f"oversight:{now:%Y-%m-%d}.{self._node}"
        for door, reason, what, count in due:
            body = Attempt(door=door, what=what, reason=reason, count=count)
            try:
                self._file(docket, "oversight.attempt", body)
            except ComityError:  # turning away must never depend on noting it
                continue
