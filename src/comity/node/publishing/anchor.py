"""The anchor: once an hour, looks at the peers' logs and commits their newest checkpoints to this node's own log.

A peer that later shows another history contradicts not only the notes kept here but a log that its own witnesses do not
govern (log reference 5.7). What it finds is noted for oversight; the proof is at /gossip/conflicts.

Left to others: what was seen and what contradicts it (`peers`), entering (`registrar`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from comity.errors import ComityError
from comity.node.auditor.source import LogSource, trees_of
from comity.node.clock import Clock
from comity.node.door.registrar import Registrar
from comity.node.keeping.peers import PeerCheckpoints
from comity.node.log_lines import get_logger
from comity.node.watched import Watched
from comity.proceedings.bodies import PeerCheckpoint, PeersSeen
from comity.tlog.checkpoint import read_checkpoint

_log = get_logger(__name__)
STEP = "oversight.peer_checkpoint"


class Anchor:
    """Anchors the logs in ``sources`` (origin to where it is read) for the node ``node``."""

    def __init__(
        self, registrar: Registrar, peers: PeerCheckpoints, sources: Mapping[str, LogSource], node: str, clock: Clock,
        interval: float,
    ) -> None:  # fmt: skip
        """``interval`` in seconds between two looks."""
        self._registrar, self._peers, self._sources, self._node = registrar, peers, sources, node
        self._clock, self._interval, self._trees = clock, interval, trees_of(sources)
        self._stop = threading.Event()
        self.thread = Watched("anchor", self._run)

    def start(self) -> None:
        """Begin to look."""
        self.thread.start()

    def stop(self) -> None:
        """End after the look in hand."""
        self._stop.set()
        self.thread.join(30)

    def look(self) -> int:
        """Ask every peer for its checkpoint and anchor the newest seen of each; how many were anchored."""
        for origin, source in self._sources.items():
            try:
                self._ask(origin, source)
            except ComityError as exc:  # silent, or not to be believed: what was seen before is anchored all the same
                _log.warning("peer_checkpoint.not_had", origin=origin, reason=str(exc))
        seen = [PeerCheckpoint(origin=o, note=note.decode()) for o, note in sorted(self._peers.newest().items())]
        if seen:
            docket = f"oversight:{self._clock():%Y-%m-%d}.peers.{self._node}"
            self._registrar.act(docket, STEP, PeersSeen(checkpoints=tuple(seen)))
        return len(seen)

    def _ask(self, origin: str, source: LogSource) -> None:
        note = source.checkpoint()
        shown = read_checkpoint(note).origin
        if shown != origin and self._sources.get(shown) is source:  # another log of the same node is shown now
            return
        found = self._peers.hear(origin, note, int(self._clock().timestamp()), self._trees)
        if found is not None:
            self._registrar.note_attempt("gossip", origin, found.sentence())

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            self.thread.round(self._round)

    def _round(self) -> None:
        try:
            self.look()
        except ComityError as exc:
            _log.warning("anchor.not_entered", reason=str(exc))
