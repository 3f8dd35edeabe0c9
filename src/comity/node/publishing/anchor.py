"""The anchor: once an hour, looks at the peers' logs and commits their newest checkpoints to this node's own log.

A peer that later shows another history contradicts not only the notes kept here but a log that its own witnesses do not
govern (log reference 5.7). What it finds is noted for oversight; the proof is at /gossip/conflicts.

A checkpoint that somebody handed in, and that only the log's tree can be compared with, is looked at as soon as `PAUSE`
allows: however many are handed in, and by whomever, a node reads no more of its peers' logs than that.

Left to others: what was seen and what contradicts it (`peers`), entering (`registrar`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from comity.errors import ComityError
from comity.node.auditor.source import LogSource, trees_of
from comity.node.clock import Clock
from comity.node.door.registrar import Registrar
from comity.node.keeping.gossip_store import identifier_of
from comity.node.keeping.peers import PeerCheckpoints
from comity.node.log_lines import get_logger
from comity.node.watched import Watched
from comity.proceedings.bodies import PeerCheckpoint, PeersSeen
from comity.tlog.checkpoint import read_checkpoint
from comity.tlog.contradiction import Contradiction, Trees

_log = get_logger(__name__)
STEP = "oversight.peer_checkpoint"
PAUSE = 60.0  # seconds between two looks at what was handed in
MOST, MOST_AN_HOUR = 4, 64  # notes of one log in such a look, and in that of every hour; each reads some tiles
LONGEST = 30.0  # seconds after which none of these is begun


class Anchor:
    """Anchors the logs in ``sources`` (origin to where it is read) for the node ``node``."""

    def __init__(
        self, registrar: Registrar, peers: PeerCheckpoints, sources: Mapping[str, LogSource], node: str, clock: Clock,
        interval: float, own: Callable[[], dict[str, LogSource]] = dict,
    ) -> None:  # fmt: skip
        """``interval`` in seconds between two looks. ``own``: the node's own logs, each told its newest checkpoint, so
        that a fork of one, handed in, is known for the theft of its key."""
        self._registrar, self._peers, self._sources, self._node = registrar, peers, dict(sources), node
        self._clock, self._interval, self._own = clock, interval, own
        self._stop, self._heard = threading.Event(), threading.Event()
        self.thread = Watched("anchor", self._run)

    def start(self) -> None:
        """Begin to look."""
        self.thread.start()

    def stop(self) -> None:
        """End after the look in hand."""
        self._stop.set()
        self._heard.set()
        self.thread.join(30)

    def heard(self) -> None:
        """Something was handed in that could not be compared."""
        self._heard.set()

    def look(self) -> int:
        """Ask every peer for its checkpoint and anchor the newest seen of each; how many were anchored."""
        self.compare(MOST_AN_HOUR)
        for origin, source in (self._sources | self._own()).items():
            try:
                self._ask(origin, source)
            except ComityError as exc:  # silent, or not to be believed: what was seen before is anchored all the same
                _log.warning("peer_checkpoint.not_had", origin=origin, reason=str(exc))
        seen = [PeerCheckpoint(origin=o, note=note.decode()) for o, note in sorted(self._peers.newest().items())]
        if seen:
            docket = f"oversight:{self._clock():%Y-%m-%d}.peers.{self._node}"
            self._registrar.act(docket, STEP, PeersSeen(checkpoints=tuple(seen)))
        return len(seen)

    def compare(self, most: int = MOST) -> None:
        """Compare some of what was handed in of each log with the tree that the peer shows."""
        for origin in self._sources | self._own():
            for found in self._peers.compare_unproven(origin, self._trees(), most, LONGEST):
                self._tell(origin, found)

    def _ask(self, origin: str, source: LogSource) -> None:
        note = source.checkpoint()
        shown = read_checkpoint(note).origin
        if shown != origin and self._sources.get(shown) is source:  # another log of the same node is shown now
            return
        if origin in self._sources:
            found = self._peers.hear(origin, note, int(self._clock().timestamp()), self._trees())
        else:
            found = self._peers.hear_own(note, self._trees())
        if found is not None:
            self._tell(origin, found)

    def _trees(self) -> Trees:
        return trees_of(self._sources | self._own())

    def _tell(self, origin: str, found: Contradiction) -> None:
        _log.critical("gossip.contradiction", says=found.sentence(), id=identifier_of(found.encode()))
        self._registrar.note_attempt("gossip", origin, found.sentence())

    def _run(self) -> None:
        begun = time.monotonic()
        due, allowed = begun + self._interval, begun
        while not self._stop.is_set():
            if self._heard.wait(_until(due)):
                self._stop.wait(_until(min(due, allowed)))
            if self._stop.is_set():
                return
            if _until(due) == 0:
                due = time.monotonic() + self._interval
                self.thread.round(self._round)
            elif _until(allowed) == 0:
                self._heard.clear()
                allowed = time.monotonic() + PAUSE
                self.thread.round(self.compare)

    def _round(self) -> None:
        try:
            self.look()
        except ComityError as exc:
            _log.warning("anchor.not_entered", reason=str(exc))


def _until(moment: float) -> float:
    """The seconds until a moment of the monotonic clock; 0 when it is past."""
    return max(0.0, moment - time.monotonic())
