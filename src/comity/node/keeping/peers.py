"""What this node saw of its peers' logs: every cosigned checkpoint that came with a proof or was asked for, kept.

So a peer cannot later date an act before a moment at which this node saw its log without it, nor show another history
unnoticed: two notes that contradict each other are kept as a proof that anyone can check. The newest of each log go
into this node's own log (`anchor`).

Left to others: what two notes prove (`comity.tlog.contradiction`), handing them on (`comity.web.gossip`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from comity.docket.logged import Logged, Place
from comity.errors import ComityError, NotFound, Unverified
from comity.node.keeping import tables as t
from comity.node.keeping.gossip_store import SQLiteGossipStore
from comity.node.keeping.store import Store
from comity.node.log_lines import get_logger
from comity.tlog.checkpoint import Checkpoint, read_checkpoint
from comity.tlog.contradiction import Contradiction, Trees
from comity.tlog.gossip import Gossip, followed
from comity.tlog.policy import CheckedCheckpoint, Policy
from comity.tlog.proof import TlogProof
from comity.tlog.tree import HashReader

_log = get_logger(__name__)
MOST_KEPT = 10_000  # checkpoints of one log; whoever asks about older leaves has the earlier checkpoint of the proof


def unread(checkpoint: Checkpoint) -> HashReader:
    """Trees of others are not read here; contradictions of one size, or by time, are found without. NotFound."""
    raise NotFound(f"The tree of {checkpoint.origin} is not read here.", "Compare with a mirror of that log.")


class PeerCheckpoints:
    """Keeps what deliveries show of other logs. Thread-safe."""

    def __init__(self, store: Store, kept: SQLiteGossipStore, policies: Mapping[str, Policy]) -> None:
        """``kept`` is where contradictions go; ``policies``: by origin, the logs that are followed."""
        self._store, self._kept, self.policies = store, kept, policies
        self._logs = followed(tuple(policies.values()))
        self._recent: deque[bytes] = deque(maxlen=64)
        self._lock = threading.Lock()

    def see(self, logged: Logged, place: Place) -> None:
        """Keep the checkpoints of a proof that holds. Unverified when they contradict what was seen before."""
        self._keep(TlogProof.parse(logged.proof.encode()).checkpoint_note, place.checkpoint)
        if logged.earlier is not None and place.earlier is not None:
            self._keep(logged.earlier.note.encode(), place.earlier)

    def heard_alone(self, logged: Logged) -> None:
        """Compare and keep what a log signed for an emergency, without its witnesses: it convicts the log if another
        history is shown later. It bounds no time and is not anchored. Unverified as `see`."""
        self._compare(TlogProof.parse(logged.proof.encode()).checkpoint_note)

    def hear(self, origin: str, note: bytes, now: int, trees: Trees) -> Contradiction | None:
        """Take in what a peer shows when asked, compared with what was seen by reading ``trees``; the contradiction it
        makes, if it makes one. ``now`` in POSIX seconds. Malformed, Unverified when it is not to be believed."""
        if read_checkpoint(note).origin != origin:
            raise Unverified(f"A checkpoint of another log is shown for {origin}.", "Ask its operator.")
        found = self.hear_own(note, trees)
        if found is None:
            self._keep(note, self.policies[origin].check(note, now, None))
        return found

    def hear_own(self, note: bytes, trees: Trees) -> Contradiction | None:
        """As `hear`, of this node's own log, which is compared only. Malformed, Unverified, NotFound."""
        return Gossip(self._logs, trees).hear(note, self._kept).contradiction

    def compare_unproven(self, origin: str, trees: Trees, most: int, seconds: float) -> list[Contradiction]:
        """Compare what was handed in of a log and could not be compared then by reading ``trees``: the contradictions.

        At most ``most`` notes, and none begun after ``seconds``: the log's host may be slow.
        """
        found, until = list[Contradiction](), time.monotonic() + seconds
        for note in self._kept.unproven(origin, most):
            if time.monotonic() > until:
                break
            try:
                heard = Gossip(self._logs, trees).hear(note, self._kept)
            except ComityError as exc:  # a key that is no longer in the policy
                _log.warning("peer_checkpoint.not_compared", reason=str(exc))
                continue
            if heard.contradiction is not None:
                self._kept.forget(heard.checkpoint)
                found.append(heard.contradiction)
        return found

    def seen_from(self, origin: str, position: int) -> int | None:
        """The last moment (POSIX seconds) at which this node knows the log to have been without the leaf there."""
        seen, query = t.seen_checkpoints.c, sa.select(sa.func.max(t.seen_checkpoints.c.cosigned))
        with self._store.reading() as db:
            found: int | None = db.scalar(query.where(seen.origin == origin, seen.size <= position))
            return found

    def newest(self) -> dict[str, bytes]:
        """The newest checkpoint seen of each log."""
        query = sa.select(t.seen_checkpoints.c.origin, t.seen_checkpoints.c.note).order_by(
            t.seen_checkpoints.c.size, t.seen_checkpoints.c.cosigned
        )
        with self._store.reading() as db:
            return {row[0]: row[1] for row in db.execute(query)}

    def _keep(self, note: bytes, checked: CheckedCheckpoint) -> None:
        with self._lock:
            if note in self._recent:  # one delivery proves its records under one checkpoint
                return
        self._compare(note)
        cosigned = max((time for _, time in checked.cosigned_by), default=0)
        at = checked.checkpoint
        self._store_seen({"origin": at.origin, "size": at.size, "cosigned": cosigned, "note": note})
        with self._lock:
            self._recent.append(note)

    def _store_seen(self, row: dict[str, Any]) -> None:
        """Keep a checkpoint, in place of the same cosigned earlier; of its log the newest `MOST_KEPT` stay."""
        seen = t.seen_checkpoints.c
        of_log = seen.origin == row["origin"]
        older = of_log & (seen.size == row["size"]) & (seen.cosigned < row["cosigned"])
        newest_first = sa.select(seen.size).where(of_log).order_by(seen.size.desc())
        last = newest_first.offset(MOST_KEPT).limit(1).scalar_subquery()
        with self._store.writing() as db:
            db.execute(t.seen_checkpoints.delete().where(older))
            db.execute(t.seen_checkpoints.insert().prefix_with("OR IGNORE"), row)
            db.execute(t.seen_checkpoints.delete().where(of_log & (seen.size <= last)))

    def _compare(self, note: bytes) -> None:
        try:
            heard = Gossip(self._logs, unread).hear(note, self._kept)
        except ComityError as exc:  # too many notes, a key that is no longer in the policy: nothing is proved by it
            _log.warning("peer_checkpoint.not_compared", reason=str(exc))
            return
        if heard.contradiction is not None:
            raise Unverified(
                heard.contradiction.sentence(), "Both notes are kept: GET /gossip/conflicts. Tell every oversight body."
            )
