"""What is sealed in this node's log: until when, what is due, and how many of each kind there are.

Rows only; the leaves alone say what is sealed. Acts and padding are kept alike, so that nothing done with them tells
which is which. The running totals hold kinds and the sum of blindings, from which no salt follows: erasing an act loses
no total.

Left to others: which record is sealed (`comity.docket.sealing`), entering (`registrar`), when (`unsealing`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import sqlalchemy as sa

from comity.node.keeping import tables as t
from comity.node.keeping.batch import Batch
from comity.node.keeping.store import Store
from comity.node.log.escrows import EscrowTo
from comity.signing.canonical import canonical
from comity.tlog.counting import PADDING, blinding_from_salt, commit_count, sum_blindings
from comity.tlog.group import decode_scalar, encode_scalar
from comity.tlog.leaf import SEALED, ActLeaf, commit, parse_leaf


@dataclass(frozen=True, slots=True)
class Made:
    """A leaf without a record in a docket, made by the node itself; ``row`` opens it, all but its position."""

    leaf: bytes
    row: dict[str, Any]


def sealed_leaf(kind: str, salt: bytes, act: bytes, signatures: bytes, until: date) -> ActLeaf:
    """The leaf of an act, or of padding, that is sealed until the first of a month. Raises Malformed."""
    count = commit_count(kind, blinding_from_salt(salt))
    return ActLeaf(SEALED, commit(salt, kind, act, signatures), f"until {until.isoformat()}", count)


def seal_row(position: int, until: date, docket: str) -> dict[str, Any]:
    """The row of a leaf just sealed."""
    return {"position": position, "docket": docket, "until": until.isoformat()}


def term_row(docket: str, record: str, position: int, until: date | None) -> dict[str, Any]:
    """What a judge ordered by ``record``, at ``position``, for a docket's leaves before it; None: to be unsealed."""
    return {"docket": docket, "record": record, "position": position, "until": until.isoformat() if until else ""}


def follow_leaf(batch: Batch, position: int, leaf: ActLeaf, docket: str = "") -> None:
    """Add to a batch what a leaf entered at ``position`` means for the seals."""
    if leaf.kind == SEALED and leaf.until is not None:
        batch.seals.append(seal_row(position, leaf.until, docket))
    elif leaf.kind == "unseal" and leaf.ref is not None:
        batch.unsealed.append({"ref": leaf.ref, "by": position})
    elif leaf.kind == "extend" and leaf.ref is not None and leaf.until is not None:
        batch.extended.append({"ref": leaf.ref, "by": position, "to": leaf.until.isoformat()})


def enter_made(batch: Batch, start: int, made: Sequence[Made], escrow: EscrowTo | None = None) -> None:
    """Add to a batch the rows of leaves without a record that stand from ``start`` on, and the escrows of padding."""
    for position, each in enumerate(made, start):
        batch.padding.append({"position": position, **each.row})
        if escrow is not None and each.row["kind"] == PADDING:
            batch.escrows.append(escrow.row(position, "", PADDING, each.row["salt"], each.row["record"], b""))
        follow_leaf(batch, position, parse_leaf(each.leaf))


def sealed_totals(store: Store, size: int) -> tuple[dict[str, int], int]:
    """Of the first ``size`` leaves: how many sealed ones there are of each kind, and the sum of their blindings.

    ``size`` is that of a checkpoint. The totals of a period are the difference between its end and its beginning.
    """
    row = t.sealed_totals.c
    query = sa.select(row.counts, row.blinding).where(row.size <= size).order_by(row.size.desc()).limit(1)
    with store.reading() as db:
        found = db.execute(query).first()
    if found is None:
        return {}, 0
    return msgspec.json.decode(found[0], type=dict[str, int]), decode_scalar(found[1], "kept sum of blindings")


def account(store: Store, batch: Batch, size: int) -> None:
    """Add to a batch that makes the log ``size`` leaves long the totals after it, if it seals anything."""
    sealed = {row["position"] for row in batch.seals}
    if not sealed:
        return
    new = [row for row in (*batch.records, *batch.padding) if row["position"] in sealed]
    before, blinding = sealed_totals(store, batch.expected_size)
    counts = Counter(before) + Counter(row["kind"] for row in new)
    total = sum_blindings([blinding, *(blinding_from_salt(row["salt"]) for row in new)])
    text = canonical(dict(counts)).decode()
    batch.sealed_totals = [{"size": size, "counts": text, "blinding": encode_scalar(total)}]
