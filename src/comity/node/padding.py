"""Padding: at every tick of the publisher, leaves that stand for nothing: a log does not tell how busy its node is.

A padding leaf is a sealed leaf like any other; it commits to the kind "padding" and is counted as nothing. Its opening
is kept, so that an audit can ask for it: padding cannot hide an act, because the kind stands inside the commitment.
When its month comes, it is unsealed like any sealed act.

Left to others: entering (`registrar`), when (`publisher`).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from comity.node import tables as t
from comity.node.clock import Clock
from comity.node.log import ActLog
from comity.node.registrar import Registrar
from comity.node.store import Store
from comity.signing.base64url import to_base64url
from comity.signing.canonical import canonical
from comity.tlog.counting import PADDING, blinding_from_salt, commit_count
from comity.tlog.leaf import SEALED, ActLeaf, commit, parse_leaf

MONTHS = 12  # how long padding stays sealed
MOST_UNSEALED = 512  # at one tick


@dataclass(frozen=True, slots=True)
class Pad:
    """A leaf without a record, and the row that opens it (all but its position)."""

    leaf: bytes
    row: dict[str, Any]


def padding_leaf(today: date) -> Pad:
    """A padding leaf, sealed for `MONTHS` from the month of ``today``."""
    salt, months = secrets.token_bytes(32), today.year * 12 + today.month - 1 + MONTHS
    until = date(months // 12, months % 12 + 1, 1).isoformat()
    count = commit_count(None, blinding_from_salt(salt))
    leaf = ActLeaf(SEALED, commit(salt, PADDING, b"", b""), f"until {until}", count)
    return Pad(leaf.encode(), {"kind": PADDING, "salt": salt, "record": b"", "until": until, "ref": None, "sealed": 1})


def unsealing_leaf(position: int, salt: bytes) -> Pad:
    """The leaf that unseals the padding at ``position``; its record holds the opening."""
    record, own = canonical({"padding": position, "salt": to_base64url(salt)}), secrets.token_bytes(32)
    leaf = ActLeaf("unseal", commit(own, "unseal", record, b""), f"ref {position}")
    row = {"kind": "unseal", "salt": own, "record": record, "until": "", "ref": position, "sealed": 0}
    return Pad(leaf.encode(), row)


class Padder:
    """Pads one log to at least ``least`` sealed leaves a tick."""

    def __init__(self, registrar: Registrar, store: Store, log: ActLog, clock: Clock, least: int) -> None:
        """Counts from the log as it stands."""
        self._registrar, self._store, self._log, self._clock, self._least = registrar, store, log, clock, least
        self._counted = log.tree.size

    def tick(self) -> int:
        """Enter what this tick lacks, and unseal what is due; how many leaves were entered. Raises Unreachable."""
        today, size = self._clock().date(), self._log.tree.size
        new = self._store.leaves(self._counted, size) if self._least else []
        lacking = self._least - sum(parse_leaf(leaf).kind == SEALED for leaf in new)
        pads = [padding_leaf(today) for _ in range(lacking)]
        pads += [unsealing_leaf(position, salt) for position, salt in self._due(today)]
        self._counted = self._registrar.pad([(pad.leaf, pad.row) for pad in pads]) if pads else size
        return len(pads)

    def _due(self, today: date) -> list[tuple[int, bytes]]:
        """Padding whose month has come: on the day named, which is the last."""
        rows = t.padding.c
        query = sa.select(rows.position, rows.salt).where(rows.sealed == 1, rows.until <= today.isoformat())
        with self._store.reading() as db:
            return [(row[0], row[1]) for row in db.execute(query.order_by(rows.position).limit(MOST_UNSEALED))]
