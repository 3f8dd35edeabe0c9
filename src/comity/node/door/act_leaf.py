"""The leaf of an act as this node enters it: in the open, sealed, or changing a seal that still runs here.

Used by admission alone. What a leaf means for the seals that are kept is left to `seals`, what it must show of a record
to `comity.docket.sealing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from comity.docket.docket import Entry
from comity.docket.emergency import kind_of
from comity.docket.logged import signature_bytes
from comity.docket.record import MAX_RECORD, MAX_SECTIONS, SealedRecord
from comity.docket.sealing import EXTENDS, ORDERING, WITHOUT_EFFECT
from comity.errors import Malformed
from comity.node.keeping import tables as t
from comity.node.log.seals import sealed_leaf, term_row
from comity.tlog.leaf import ActLeaf, commit

if TYPE_CHECKING:
    from comity.node.door.admission import Session


def leaf_of(
    session: Session, sealed: SealedRecord, entry: Entry, act: bytes, position: int, salt: bytes
) -> tuple[str, ActLeaf]:
    """Public kind and leaf of an act about to stand at ``position``. Malformed when the act is too large.

    ``act``: as `comity.docket.logged.act_bytes` gives it.
    """
    step = session.registry.bench.step(entry.step)
    kind = kind_of(sealed.record, step) if step is not None else WITHOUT_EFFECT
    signatures = signature_bytes(sealed)
    if len(act) > MAX_RECORD + MAX_SECTIONS:
        raise Malformed("The record is too large.", "Put large material into an exhibit instead.")
    if kind in ORDERING:
        return _ordering(session, entry, position, kind, salt, act, signatures)
    if (until := sealed.record.sealed_month) is not None:
        if (escrow := session.registry.escrow) is not None:
            session.batch.escrows.append(escrow.row(position, entry.id, kind, salt, act, signatures))
        return kind, sealed_leaf(kind, salt, act, signatures, until)
    return kind, ActLeaf(kind, commit(salt, kind, act, signatures))


def _ordering(
    session: Session, entry: Entry, position: int, kind: str, salt: bytes, act: bytes, signatures: bytes
) -> tuple[str, ActLeaf]:
    """A judge's order about a seal: of its public kind only where it changes one. What came too late changes none."""
    ref = _running(session, entry.body.record) if entry.effect and entry.body is not None else None
    if ref is None:
        return WITHOUT_EFFECT, ActLeaf(WITHOUT_EFFECT, commit(salt, WITHOUT_EFFECT, act, signatures))
    until = entry.record.sealed_month if kind == EXTENDS else None
    session.batch.seal_terms.append(term_row(entry.record.docket, entry.id, position, until))
    public = f"ref {ref}" if until is None else f"ref {ref} until {until.isoformat()}"
    return kind, ActLeaf(kind, commit(salt, kind, act, signatures), public)


def _running(session: Session, record: str) -> int | None:
    """The position of a sealed record whose seal still runs in this log, or None."""
    position = session.position_of(record)
    if any(row["ref"] == position for row in session.batch.unsealed):
        return None
    if any(row["position"] == position for row in session.batch.seals):
        return position
    seals = t.seals.c
    query = sa.select(seals.position).where(seals.position == position, seals.unsealed_by.is_(None))
    with session.registry.store.reading() as db:
        found: int | None = db.scalar(query)
        return found
