"""The clerk: the only one who looks at the clock. Notes duties that were not discharged in time.

Keeps in memory when each docket's next duty expires, derived from the dockets at start and after every entry; a note is
a record like any other and goes through the registrar.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from comity.docket.docket import Docket
from comity.docket.duty import OpenDuty, open_duties
from comity.errors import ComityError
from comity.node.clock import Clock
from comity.node.door.registrar import Registrar
from comity.node.keeping.store import Store
from comity.node.log_lines import get_logger
from comity.node.watched import Watched
from comity.proceedings.bodies import Overdue

_log = get_logger(__name__)
T = TypeVar("T")


class Clerk:
    """Watches the duties of one node's dockets."""

    def __init__(self, registrar: Registrar, store: Store, clock: Clock, interval: float) -> None:
        """``interval`` in seconds between two looks."""
        self._registrar, self._store, self._clock, self._interval = registrar, store, clock, interval
        self._expires: dict[str, datetime] = {}
        self._changed: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.thread = Watched("clerk", self._run)

    def start(self) -> None:
        """Read all dockets once, then watch."""
        with self._lock:
            self._changed.update(self._store.dockets("request"))
        self.thread.start()

    def stop(self) -> None:
        """End after the look in hand."""
        self._stop.set()
        self.thread.join(30)

    def changed(self, dockets: list[str]) -> None:
        """Something was entered in these dockets."""
        with self._lock:
            self._changed.update(dockets)

    def duties(self, docket: Docket) -> tuple[OpenDuty, ...]:
        """The open duties of a docket."""
        bench = self._registrar.bench
        table = bench.proceedings.get(docket.proceeding)
        return open_duties(docket, table, bench.law, bench.directory) if table is not None else ()

    def _own(self, docket: Docket) -> list[OpenDuty]:
        """The duties that this node's own Party owes: who owes, notes; the other side receives the note."""
        return [d for d in self.duties(docket) if d.party == self._registrar.bench.assessor]

    def look(self) -> int:
        """Note what is overdue now; how many notes were filed."""
        with self._lock:
            changed, self._changed = self._changed, set()
        for docket_id in changed:
            self._safely(self._refresh, docket_id)
        now = self._clock()
        late = [docket_id for docket_id, at in list(self._expires.items()) if at <= now]
        return sum(self._safely(lambda d: self._note(d, now), docket_id) or 0 for docket_id in late)

    def _safely(self, act: Callable[[str], T], docket_id: str) -> T | None:
        """What fails for one docket is tried again at the next look and keeps no other from being looked at."""
        try:
            return act(docket_id)
        except Exception:
            _log.exception("clerk.docket_failed", docket=docket_id)
            self.changed([docket_id])
            return None

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            self.thread.round(self.look)

    def _refresh(self, docket_id: str) -> None:
        docket = self._registrar.docket(docket_id)
        moments = [d.expires for d in self._own(docket) if d.expires is not None and not _noted(docket, d)]
        if moments:
            self._expires[docket_id] = min(moments)
        else:
            self._expires.pop(docket_id, None)

    def _note(self, docket_id: str, now: datetime) -> int:
        docket, filed = self._registrar.docket(docket_id), 0
        for duty in self._own(docket):
            if duty.state(now) != "overdue" or _noted(docket, duty):
                continue
            body = Overdue(
                duty=duty.duty,
                since=duty.since.id,
                due=duty.expires.isoformat() if duty.expires else "",
                explanation=duty.explanation,
                provision=duty.provision,
            )
            try:
                self._registrar.act(docket_id, duty.owed_step, body)
                filed += 1
            except ComityError as exc:
                _log.warning("clerk.not_noted", docket=docket_id, duty=duty.duty, reason=str(exc))
        self._refresh(docket_id)
        return filed


def _noted(docket: Docket, duty: OpenDuty) -> bool:
    return any(
        isinstance(e.body, Overdue) and (e.body.duty, e.body.since) == (duty.duty, duty.since.id)
        for e in docket.all(duty.owed_step)
    )
