"""The guard over what is kept of seals: rows that follow from the leaves must still do so. Run by `guard` at start.

A row written by hand could unseal an act early, keep one sealed for good, or falsify a total; the leaves tell. What a
judge ordered for a docket is checked against the order's own record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from comity.docket.record import Record
from comity.docket.sealing import EXTENDS, ORDERING
from comity.errors import Tampered
from comity.node.keeping import tables as t
from comity.node.keeping.dockets import Closed
from comity.node.keeping.lost import LOST
from comity.node.keeping.store import Store
from comity.node.log.seals import sealed_totals
from comity.tlog.counting import blinding_from_salt
from comity.tlog.group import ORDER
from comity.tlog.leaf import SEALED, ActLeaf

_NEXT = "Do not start this node on this data. Compare with a backup and with the log; tell oversight."
_CLOSED = msgspec.json.Decoder(Closed)


class SealCheck:
    """Follows the leaves in order, a chunk at a time; `finish` says whether the rows follow from them."""

    def __init__(self, store: Store) -> None:
        """Nothing read yet."""
        self._store = store
        self._counts, self._blinding = Counter[str](), 0
        self._sealed = self._unsealed = self._extended = 0
        self._totals = 0

    def follow(self, start: int, rows: Sequence[tuple[ActLeaf, str, bytes, str]]) -> None:
        """The leaves from ``start`` on, each with kind, salt and docket of its row. Tampered otherwise."""
        refs = {leaf.ref for leaf, *_ in rows if leaf.kind in ORDERING and leaf.ref is not None}
        seals, totals = self._seals(start, start + len(rows), refs)
        for position, (leaf, kind, salt, docket) in enumerate(rows, start):
            if leaf.kind == SEALED and kind != LOST:
                self._count(kind, salt)
                _check_sealed(position, leaf, docket, seals.get(position))
                self._sealed += 1
            elif leaf.kind in ORDERING and leaf.ref is not None:
                self._check_order(position, leaf, seals.get(leaf.ref))
            if position + 1 in totals:
                self._check_totals(position + 1)

    def finish(self) -> None:
        """Tampered when there are rows that no leaf explains."""
        s, x = t.seals.c, t.seal_terms.c
        with self._store.reading() as db:
            found = [
                db.scalar(sa.select(sa.func.count()).select_from(t.seals).where(which))
                for which in (sa.true(), s.unsealed_by.is_not(None), s.extended_by.is_not(None))
            ]
            totals = db.scalar(sa.select(sa.func.count()).select_from(t.sealed_totals))
            orders = list(db.execute(_ORDERS).mappings())
            terms = {row["docket"]: row for row in db.execute(sa.select(t.seal_terms).order_by(x.docket)).mappings()}
        if [*found, totals] != [self._sealed, self._unsealed, self._extended, self._totals]:
            raise Tampered("The rows of what is sealed are not those that the log's leaves make.", _NEXT)
        if sealed_totals(self._store, self._store.size()) != (dict(self._counts), self._blinding):
            raise Tampered("The totals of what is sealed are missing or were changed.", _NEXT)
        latest = {row["docket"]: row for row in orders}
        if latest.keys() != terms.keys() or any(_term(latest[d]) != _kept(terms[d]) for d in latest):
            raise Tampered("What is kept of a judge's order about a seal is not what was ordered.", _NEXT)

    def _seals(self, start: int, end: int, refs: set[int]) -> tuple[dict[int, RowMapping], set[int]]:
        s, size = t.seals.c, t.sealed_totals.c.size
        here = sa.and_(s.position >= start, s.position < end)
        with self._store.reading() as db:
            found = list(db.execute(sa.select(t.seals).where(here)).mappings())
            for some in _parts(sorted(refs)):
                found += db.execute(sa.select(t.seals).where(s.position.in_(some))).mappings()
            totals = set(db.scalars(sa.select(size).where(size > start, size <= end)))
        return {row["position"]: row for row in found}, totals

    def _count(self, kind: str, salt: bytes) -> None:
        self._counts[kind] += 1
        self._blinding = (self._blinding + blinding_from_salt(salt)) % ORDER

    def _check_order(self, position: int, leaf: ActLeaf, row: RowMapping | None) -> None:
        if leaf.kind == EXTENDS:
            last = row["extended_by"] if row is not None else None
            if row is None or last is None or last < position:
                raise Tampered(f"The seal that leaf {position} extends is not kept as extended.", _NEXT)
            if last == position:
                self._extended += 1
                if leaf.until is None or row["until"] != leaf.until.isoformat():
                    raise Tampered(f"The seal that leaf {position} extends is kept with another month.", _NEXT)
            return
        if row is None or row["unsealed_by"] != position:
            raise Tampered(f"The seal that leaf {position} ends is not kept as ended by it.", _NEXT)
        self._unsealed += 1

    def _check_totals(self, size: int) -> None:
        self._totals += 1
        if sealed_totals(self._store, size) != (dict(self._counts), self._blinding):
            raise Tampered(f"The totals of what is sealed in the first {size} leaves were changed.", _NEXT)


def _check_sealed(position: int, leaf: ActLeaf, docket: str, row: RowMapping | None) -> None:
    if row is None or leaf.until is None:
        raise Tampered(f"The seal of the leaf at position {position} is not kept.", _NEXT)
    if row["docket"] != docket or (row["extended_by"] is None and row["until"] != leaf.until.isoformat()):
        raise Tampered(f"What is kept of the seal at position {position} is not what its leaf says.", _NEXT)


_ORDERS = (
    sa.select(t.records.c.docket, t.records.c.id, t.records.c.position, t.records.c.kind, t.records.c.sealed)
    .where(t.records.c.kind.in_(ORDERING))
    .order_by(t.records.c.position)
)


def _term(row: RowMapping) -> tuple[str, int, str]:
    record: Record = _CLOSED.decode(row["sealed"]).record
    month = record.sealed_month if row["kind"] == EXTENDS else None
    return row["id"], row["position"], month.isoformat() if month is not None else ""


def _kept(row: RowMapping) -> tuple[str, int, str]:
    return row["record"], row["position"], row["until"]


def _parts(values: Sequence[int]) -> list[Sequence[int]]:
    return [values[at : at + 400] for at in range(0, len(values), 400)]
