"""Attempts: what was turned away at a door, noted as a record that oversight sees.

The first of a kind is noted at once; repeats within a minute are counted and noted together, so that a flood of
rubbish cannot fill the log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from comity.errors import ComityError
from comity.node.clock import Clock
from comity.proceedings.bodies import Attempt

WINDOW = timedelta(seconds=60)
MOST_KINDS = 256  # different kinds counted at a time; more are noted as "other"
MOST_TEXT = 300


class Attempts:
    """Counts and files attempts. ``file`` is the registrar's own `act`."""

    def __init__(self, file: Callable[..., Any], node: str, clock: Clock) -> None:
        """Nothing noted yet."""
        self._file, self._node, self._clock = file, node, clock
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], tuple[datetime, str, int]] = {}

    def note(self, door: str, what: str, reason: str) -> None:
        """Note one attempt at ``door``: ``what`` was tried, ``reason`` why it was turned away."""
        now = self._clock()
        key = (door[:MOST_TEXT], reason[:MOST_TEXT])
        with self._lock:
            due = self._close_older(now)
            if key not in self._open and len(self._open) >= MOST_KINDS:
                key = (key[0], "other")
            if key in self._open:
                began, first, count = self._open[key]
                self._open[key] = (began, first, count + 1)
            else:
                self._open[key] = (now, what[:MOST_TEXT], 0)
                due.append((*key, what[:MOST_TEXT], 1))
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
