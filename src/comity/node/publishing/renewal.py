"""Former logs stay fresh: their last checkpoint is cosigned anew, as an unchanged log's is, so that what stands in them
can still be delivered and proved to a receiver who asks for fresh cosignatures.

A log that the roots ended needs none: the Party file names its last checkpoint. Left to others: the log written to now
(`publisher`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import structlog

from comity.errors import ComityError
from comity.node.clock import Clock
from comity.node.door.admission import moment
from comity.node.keeping.log_rows import LogRows
from comity.node.log.act_log import ActLog
from comity.node.publishing.cosigning import Witnesses
from comity.tlog.checkpoint import read_checkpoint
from comity.tlog.contradiction import trimmed
from comity.tlog.cosignature import verifier_for
from comity.tlog.note import SignatureLine, add_lines
from comity.tlog.policy import KnownWitness, Policy
from comity.tlog.witness import build_add_checkpoint, read_answer

_log = structlog.get_logger(__name__)


class Reached(Protocol):
    """What a renewal reaches beyond the node's own disk."""

    @property
    def clock(self) -> Clock:
        """The clock."""

    @property
    def witnesses(self) -> Witnesses:
        """The witnesses."""


class Renewal:
    """Renews the last checkpoints of all logs of ``log`` but the one written to, ``every`` so many seconds."""

    def __init__(self, log: ActLog, policies: Mapping[str, Policy], outside: Reached, every: float) -> None:
        """``policies`` by origin: the node's own."""
        self._logbook, self._policies, self._witnesses = log, policies, outside.witnesses
        self._clock, self._every, self._done = outside.clock, every, 0.0

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
        lines = [line for each in policy.witnesses.values() if each.url for line in self._ask(each, bare, size)]
        cosigned, now = add_lines(bare, lines), self._clock()
        policy.check(cosigned, int(now.timestamp()), None)
        rows.add_checkpoint(size, cosigned, moment(now))

    def _ask(self, witness: KnownWitness, note: bytes, size: int) -> tuple[SignatureLine, ...]:
        try:
            answer = self._witnesses.add_checkpoint(witness, build_add_checkpoint(size, [], note))
            lines = read_answer(answer, read_checkpoint(note).encode(), [verifier_for(witness.vkey)])
        except ComityError as exc:
            _log.warning("witness.no_cosignature", witness=witness.name, reason=str(exc))
            return ()
        return () if isinstance(lines, int) else lines
