"""Unsealing: what the node does by itself with what is sealed, at the publisher's tick.

On the first of the month named, every leaf is unsealed, act or padding, by a leaf of the same form. What a judge
ordered for a docket (`seals.term_row`) is carried out on all leaves of it that stood before. The record under such a
leaf says no more than what is published of it: position, kind and blinding; or which order it carries out.

Left to others: entering (`registrar`), publishing what was unsealed (`openings`).
"""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from comity.node.keeping import tables as t
from comity.node.keeping.store import Store
from comity.node.log.seals import Made
from comity.signing.base64url import to_base64url
from comity.signing.canonical import canonical
from comity.tlog.counting import blinding_from_salt
from comity.tlog.group import encode_scalar
from comity.tlog.leaf import ActLeaf, commit

MOST = 512  # leaves at one tick


def due(store: Store, today: date) -> list[Made]:
    """The leaves that unseal what is due ``today``, on the day named, and that carry out a judge's orders."""
    seals, terms, found = t.seals.c, t.seal_terms.c, dict[int, RowMapping]()
    ordered = sa.or_(terms.until == "", terms.until > seals.until)
    running = sa.select(terms.docket).where(sa.or_(terms.until == "", terms.until > today.isoformat()))
    with store.reading() as db:
        dockets = list(db.scalars(running))
        # Apart, so that each goes by an index however many leaves are sealed: by the day, by the dockets ordered.
        late = _query(seals.unsealed_by.is_(None) & (seals.until <= today.isoformat())).order_by(seals.until)
        sealed = sa.func.coalesce(seals.unsealed_by, -1) == -1  # as a value: the index over dockets serves better here
        parts = (dockets[at : at + 400] for at in range(0, len(dockets), 400))
        for query in (late, *(_query(seals.docket.in_(part) & sealed & ordered) for part in parts)):
            found.update({row["position"]: row for row in db.execute(query).mappings()})
    return [_made(found[position], today) for position in sorted(found)[:MOST]]


def _query(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    seals, terms = t.seals.c, t.seal_terms.c
    kind = sa.func.coalesce(t.records.c.kind, t.padding.c.kind).label("kind")
    salt = sa.func.coalesce(t.records.c.salt, t.padding.c.salt).label("salt")
    joined = (
        t.seals.outerjoin(t.seal_terms, sa.and_(terms.docket == seals.docket, terms.position > seals.position))
        .outerjoin(t.records, t.records.c.position == seals.position)
        .outerjoin(t.padding, t.padding.c.position == seals.position)
    )
    lost = sa.func.length(salt) == 0  # with the disk: it stays sealed, and is listed overdue by everybody
    return (
        sa.select(seals.position, seals.until, terms.until.label("term"), terms.record.label("order"), kind, salt)
        .select_from(joined)
        .where(which, sa.not_(lost))
        .limit(MOST)
    )


def _made(row: RowMapping, today: date) -> Made:
    if row["term"] is not None and row["term"] > max(row["until"], today.isoformat()):
        return extending_leaf(row["position"], row["term"], row["order"])
    return unsealing_leaf(row["position"], row["kind"], row["salt"])


def unsealing_leaf(position: int, kind: str, salt: bytes) -> Made:
    """The leaf that unseals the one at ``position``; its record holds what is published of that one."""
    blinding = to_base64url(encode_scalar(blinding_from_salt(salt)))
    return _leaf("unseal", {"blinding": blinding, "kind": kind, "position": position}, position, f"ref {position}")


def extending_leaf(position: int, until: str, order: str) -> Made:
    """The leaf that extends the seal at ``position`` as the record ``order`` says."""
    record: dict[str, str | int] = {"order": order, "position": position, "until": until}
    return _leaf("extend", record, position, f"ref {position} until {until}")


def _leaf(kind: str, opened: dict[str, str | int], ref: int, public: str) -> Made:
    record, salt = canonical(opened), secrets.token_bytes(32)
    leaf = ActLeaf(kind, commit(salt, kind, record, b""), public)
    return Made(leaf.encode(), {"kind": kind, "salt": salt, "record": record, "ref": ref})
