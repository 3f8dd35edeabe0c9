"""The outbox: what is still to be carried to peers: claimed with a lease, put off with a reason, deleted when done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from comity.docket.emergency import EMERGENCY
from comity.node.keeping.store import Store, sql_of
from comity.node.keeping.tables import outbox as t
from comity.node.keeping.tables import records


@dataclass(frozen=True, slots=True)
class Due:
    """One claimed row."""

    id: int
    node: str
    kind: str
    record: str
    position: int
    attempts: int
    under: tuple[int, bytes] | None = None  # the checkpoint that it goes under, when that was not cosigned


_NODES_DUE = sql_of(
    sa.select(t.c.node).where(t.c.next_at <= sa.bindparam("now"), t.c.lease_until <= sa.bindparam("now")).distinct()
)


class Outbox:
    """The outbox rows of one store. ``lease`` in seconds."""

    def __init__(self, store: Store, lease: float) -> None:
        """Rows are in the store."""
        self._store, self._lease = store, int(lease)

    def nodes_due(self, now: int) -> list[str]:
        """Peers for whom something may be sent at ``now`` (POSIX seconds)."""
        return [node for (node,) in self._store.ask(_NODES_DUE, {"now": now})]

    def claim(self, node: str, published: int, now: int, most: int) -> list[Due]:
        """Claim rows for ``node`` that a published checkpoint of that size covers, oldest first."""
        query = (
            sa.select(t.c.id, t.c.node, t.c.kind, t.c.record, t.c.position, t.c.attempts)
            .where(t.c.node == node, t.c.next_at <= now, t.c.lease_until <= now, t.c.position < published)
            .order_by(t.c.id)
            .limit(most)
        )
        return self._lease_out(query, now)

    def claim_emergencies(self, node: str, covered: range, signed: tuple[int, bytes], now: int, most: int) -> list[Due]:
        """Claim emergencies that no published checkpoint covers but the one ``signed`` last does (size, note): those in
        ``covered``, each with what its docket holds before it, because the receiver takes it for their sake only."""
        urgent = records.alias()
        waits = sa.exists().where(
            urgent.c.kind == EMERGENCY, urgent.c.effect == 1, urgent.c.docket == records.c.docket,
            urgent.c.position >= covered.start, urgent.c.position < covered.stop,
            urgent.c.position >= records.c.position,
        )  # fmt: skip
        query = (
            sa.select(t.c.id, t.c.node, t.c.kind, t.c.record, t.c.position, t.c.attempts)
            .join(records, records.c.id == t.c.record)
            .where(t.c.node == node, t.c.kind == "record", t.c.next_at <= now, t.c.lease_until <= now, waits)
            .order_by(t.c.id)
            .limit(most)
        )
        return [replace(due, under=signed) for due in self._lease_out(query, now)]

    def _lease_out(self, query: sa.Select[Any], now: int) -> list[Due]:
        with self._store.writing() as db:
            found = [Due(*row) for row in db.execute(query)]
            if found:
                ids = [f.id for f in found]
                db.execute(t.update().where(t.c.id.in_(ids)).values(lease_until=now + self._lease))
        return found

    def proof_due(self, due: Due) -> None:
        """The peer took it without full proof: the proof goes as soon as a published checkpoint covers it."""
        values = {"kind": "proof", "next_at": 0, "lease_until": 0, "attempts": 0, "problem": ""}
        with self._store.writing() as db:
            db.execute(t.update().where(t.c.id == due.id).values(**values))

    def done(self, due: Due) -> None:
        """The peer confirmed it."""
        with self._store.writing() as db:
            db.execute(t.delete().where(t.c.id == due.id))

    def put_off(self, due: Due, next_at: int, problem: str) -> None:
        """Try again at ``next_at``; keep why."""
        values = {"next_at": next_at, "lease_until": 0, "attempts": due.attempts + 1, "problem": problem[:500]}
        with self._store.writing() as db:
            db.execute(t.update().where(t.c.id == due.id).values(**values))

    def release(self) -> None:
        """Void all leases."""
        with self._store.writing() as db:
            db.execute(t.update().values(lease_until=0))

    def waiting(self) -> list[dict[str, object]]:
        """What is not delivered yet, with the last problem, for the operator."""
        query = sa.select(t.c.node, t.c.kind, t.c.record, t.c.attempts, t.c.next_at, t.c.problem).order_by(t.c.id)
        with self._store.reading() as db:
            return [dict(row) for row in db.execute(query).mappings()]
