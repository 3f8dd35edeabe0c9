"""From one log to the next: at the turn of the year, and when the roots ended a log whose key was stolen or lost.

A log ends with its last published checkpoint, and what no witness saw of it stands in the next one. The first leaf of a
log names the one before it; further leaves say which keys were announced or ended. Both follow from the Party file, so
a node writes them by itself, once.

Left to others: rows (`log_rows`), signing (`publisher`), who may end a log (`comity.docket.node_entry`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from comity.docket.key_events import changes, first_vkeys
from comity.docket.node_entry import LogEntry, NodeEntry
from comity.errors import BadLaw, ComityError, Tampered
from comity.node.clock import Clock
from comity.node.door.admission import moment
from comity.node.door.registrar import Registrar
from comity.node.keeping import tables as t
from comity.node.keeping.store import Store
from comity.node.log.act_log import ActLog
from comity.node.log.seals import Made
from comity.node.log_lines import get_logger
from comity.node.publishing.publisher import LogSigner, Publisher
from comity.tlog.checkpoint import Checkpoint
from comity.tlog.key_event import SALT, key_event_leaf, log_begun
from comity.tlog.leaf import KEY_EVENT

_log = get_logger(__name__)
_YEAR = re.compile(r"/(?P<year>[0-9]{4})(?:-[0-9]+)?", re.ASCII)
_NEXT = "Do not start this node on this data. Compare with the witnesses and the Party file; tell oversight."


def year_of(origin: str) -> int | None:
    """The year that ends a log's origin (``node.example/act-log/2027``, ``.../2027-2``), or None."""
    name, slash, last = origin.rpartition("/")
    match = _YEAR.fullmatch(slash + last) if name else None
    return int(match["year"]) if match is not None else None


def next_log(entry: NodeEntry, origin: str) -> LogEntry | None:
    """The log after ``origin`` in the Party file. BadLaw when that does not name ``origin``."""
    if origin not in entry.origins:
        raise BadLaw(
            f"This node keeps the log {origin}, which its Party file does not name.",
            "Put back the Party file that names it; a log is never taken out, only ended.",
        )
    place = entry.origins.index(origin) + 1
    return entry.logs[place] if place < len(entry.logs) else None


def signers_of(entry: NodeEntry, signers: Sequence[LogSigner]) -> dict[str, tuple[LogSigner, ...]]:
    """For each log of the node, those of its keys here that the Party file says are in force."""
    return {
        log.origin: tuple(s for s in signers if s.vkey.name == log.origin and s.vkey.encode() in log.signing_vkeys)
        for log in entry.logs
    }


def first_open(entry: NodeEntry) -> str:
    """The log that a new database begins with: the first that the roots have not ended. BadLaw when all are."""
    for log in entry.logs:
        if log.end is None:
            return log.origin
    raise BadLaw(f"The Party file ends every log of {entry.id}.", "Name the next one: comity init successor --help.")


def end_what_ended(log: ActLog, entry: NodeEntry) -> None:
    """At start: leave every log that the Party file ended, for the one after it.

    BadLaw when there is none after it; Tampered when what it says of the end is not what stands here.
    """
    while True:
        following, last = next_log(entry, log.origin), entry.log(log.origin).last
        if last is None:
            return
        if following is None:
            raise BadLaw(
                f"The Party file ends the log {log.origin} and names none after it.",
                "Make one and publish it: comity init successor, comity init publish.",
            )
        published = log.rows.checkpoint()
        if last.size > log.tree.size or log.root_at(last.size) != last.root:
            raise Tampered(f"The log {log.origin} does not hold the {last.size} leaves it was ended with.", _NEXT)
        if published is not None and published[0] > last.size:
            raise Tampered(
                f"The log {log.origin} was ended with {last.size} leaves; {published[0]} were published.", _NEXT
            )
        log.go_on(following.origin, last.size)
        _log.warning("log.ended", origin=last.origin, size=last.size, next=following.origin)


class Turn:
    """Keeps one node's log that of the year, and its key events entered."""

    def __init__(
        self, log: ActLog, store: Store, entry: NodeEntry, registrar: Registrar, publisher: Publisher,
        signers: Mapping[str, Sequence[LogSigner]], clock: Clock,
    ) -> None:  # fmt: skip
        """``signers``: for each log, the keys that sign it here."""
        self._logbook, self._store, self._entry, self._registrar = log, store, entry, registrar
        self._publisher, self._signers, self._clock = publisher, signers, clock
        self._settled = False  # whether all key events are entered

    def tick(self) -> None:
        """Go on in the year's log when it is due, and enter missing key events. Raises as the publisher does."""
        if self._due():
            self._settled = False
            self._registrar.make(self._turn)
            self._publisher.publish()
        if not self._settled:
            self._registrar.make(self._events)
            self._settled = True

    def try_tick(self) -> None:
        """As `tick`; what keeps it from being done is logged, and it is tried again at the next. Publishing goes on."""
        try:
            self.tick()
        except ComityError as exc:
            _log.warning("log.turn_waits", reason=str(exc))

    def begin(self) -> None:
        """At start, when the door is open: the first tick. Says what the operator must do before the year ends."""
        self.try_tick()
        following, year = next_log(self._entry, self._logbook.origin), self._clock().year
        if year_of(self._logbook.origin) == year and following is None and self._clock().month == 12:
            _log.warning("log.no_next_year", origin=self._logbook.origin, next_step="comity init new-year --help")

    def _due(self) -> bool:
        following = next_log(self._entry, self._logbook.origin)
        now, year = year_of(self._logbook.origin), year_of(following.origin) if following is not None else None
        if following is None or now is None or year is None or not now < year <= self._clock().year:
            return False
        if not self._signers.get(following.origin):
            _log.warning("log.no_key_for_next_year", origin=following.origin, next_step="comity init new-year --help")
            return False
        return True

    def _turn(self) -> list[Made]:
        """The last checkpoint of the old log, then the first leaf of the new one; the writer's thread does nothing else
        meanwhile."""
        following = next_log(self._entry, self._logbook.origin)
        if following is None:
            return []
        begun = self._publisher.begun(following.origin)  # before anything ends: do its witnesses follow it?
        self._publisher.publish()
        newest = self._logbook.rows.checkpoint()
        if newest is None or newest[0] != self._logbook.tree.size:
            return []
        self._logbook.go_on(following.origin, newest[0])
        self._logbook.rows.add_checkpoint(0, begun, moment(self._clock()))
        _log.info("log.begun", origin=following.origin)
        return self._events()

    def _events(self) -> list[Made]:
        """The key events that follow from the Party file and are not in the log yet."""
        with self._store.reading() as db:
            query = sa.select(t.padding.c.record).where(t.padding.c.kind == KEY_EVENT)
            entered = set(db.scalars(query))
        return [_made(*each) for each in self._wanted() if each[0] not in entered]

    def _wanted(self) -> Iterator[tuple[bytes, int | None]]:
        """Record of each event, with the number of the leaf when it begins a log."""
        segments = self._logbook.segments
        if len(segments) > 1:
            former, rows = segments[-2], segments[-1]
            kept = Checkpoint(former.origin, former.size(), former.root())
            yield log_begun(rows.origin, first_vkeys(self._entry.log(rows.origin)), kept), rows.start
        for record in changes(self._entry, self._logbook.origin):
            yield record, None


def _made(record: bytes, number: int | None) -> Made:
    row = {"kind": KEY_EVENT, "salt": SALT, "record": record, "ref": number}
    return Made(key_event_leaf(record, number), row)
