"""Padding: at every tick of the publisher, leaves that stand for nothing: a log does not tell how busy its node is.

A padding leaf is a sealed leaf like any other; it commits to the kind "padding" and is counted as nothing. Its opening
is kept, so that an audit can ask for it: padding cannot hide an act, because the kind stands inside the commitment.
It is sealed until any of the months that acts are sealed until, and unsealed as they are (`unsealing`).

Left to others: entering (`registrar`), when (`publisher`).
"""

from __future__ import annotations

import secrets
from datetime import date

from comity.docket.sealing import MOST_MONTHS, month_after
from comity.node.clock import Clock
from comity.node.door.registrar import Registrar
from comity.node.keeping.store import Store
from comity.node.log.act_log import ActLog
from comity.node.log.seals import Made, sealed_leaf
from comity.node.publishing.unsealing import due
from comity.tlog.counting import PADDING
from comity.tlog.leaf import SEALED, parse_leaf


def padding_leaf(today: date) -> Made:
    """A padding leaf. Its month is drawn evenly, so that no month by itself tells an act from padding."""
    salt, until = secrets.token_bytes(32), month_after(today, 1 + secrets.randbelow(MOST_MONTHS))
    row = {"kind": PADDING, "salt": salt, "record": b"", "ref": None}
    return Made(sealed_leaf(PADDING, salt, b"", b"", until).encode(), row)


class Padder:
    """Pads one log to at least ``least`` sealed leaves a tick."""

    def __init__(self, registrar: Registrar, store: Store, log: ActLog, clock: Clock, least: int) -> None:
        """Counts from the log as it stands."""
        self._registrar, self._store, self._log, self._clock, self._least = registrar, store, log, clock, least
        self._counted = log.end

    def tick(self) -> int:
        """Enter what this tick lacks, and unseal what is due; how many leaves were entered. Raises Unreachable."""
        before, self._counted = self._registrar.make(self._made)
        return self._counted - before

    def _made(self) -> list[Made]:
        """What this tick adds; asked by the registrar's own thread, so that nothing is entered in between."""
        today = self._clock().date()
        new = self._store.leaves(self._counted, self._log.end) if self._least else []
        lacking = self._least - sum(parse_leaf(leaf).kind == SEALED for leaf in new)
        return [padding_leaf(today) for _ in range(lacking)] + due(self._store, today)
