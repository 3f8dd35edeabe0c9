"""Former logs stay fresh: their last checkpoint is cosigned anew, as an unchanged log's is, so that what stands in them
can still be delivered and proved to a receiver who asks for fresh cosignatures.

A log that the roots ended needs none: the Party file names its last checkpoint. Left to others: the log written to now
(`publisher`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from comity.errors import ComityError
from comity.node.clock import Clock
from comity.node.door.admission import moment
from comity.node.keeping.log_rows import LogRows
from comity.node.log.act_log import ActLog
from comity.node.log_lines import get_logger
from comity.tlog.checkpoint import Checkpoint, read_checkpoint
from comity.tlog.contradiction import trimmed
from comity.tlog.cosignature import verifier_for
from comity.tlog.note import SignatureLine, add_lines
from comity.tlog.policy import Policy

_log = get_logger(__name__)
Lines = Sequence[SignatureLine]


class Renewal:
    """Renews the last checkpoints of all logs of ``log`` but the one written to, ``every`` so many seconds."""

    def __init__(
        self, log: ActLog, policies: Mapping[str, Policy], ask: Callable[[Policy, Checkpoint, bytes], Lines],
        clock: Clock, every: float,
    ) -> None:  # fmt: skip
        """``policies`` by origin: the node's own. ``ask``: for cosignatures of a checkpoint (`Publisher.ask`)."""
        self._logbook, self._policies, self._ask = log, policies, ask
        self._clock, self._every, self._done = clock, every, 0.0

    def tick(self) -> None:
        """Renew what is due. What no quorum cosigns stays as it is, and is tried again after the same time."""
        now = self._clock().timestamp()
        if now - self._done < self._every:
            return
        self._done = now
        for rows in self._logbook.segments[:-1]:
            policy, newest = self._policies.get(rows.origin), rows.checkpoint()
            if policy is None or newest is None or policy.bounds.last is not None:
                continue
            try:
                self._renew(rows, policy, *newest)
            except ComityError as exc:
                _log.warning("log.not_renewed", origin=rows.origin, reason=str(exc))

    def _renew(self, rows: LogRows, policy: Policy, size: int, note: bytes) -> None:
        bare = trimmed(note, [verifier_for(log.vkey) for log in policy.logs if log.vkey.name == rows.origin])
        cosigned, now = add_lines(bare, self._ask(policy, read_checkpoint(bare), bare)), self._clock()
        policy.check(cosigned, int(now.timestamp()), None)
        rows.add_checkpoint(size, cosigned, moment(now))
