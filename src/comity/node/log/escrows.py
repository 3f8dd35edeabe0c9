"""Escrow of this node's openings to the oversight bodies of its Party (`comity.docket.escrow`).

What opens a sealed leaf is escrowed in the transaction that enters it, padding's like any act's, and erased with the
record. A node that escrows a lie is found when a sample is opened: only the bodies together can, and they choose.

Left to others: which leaves are sealed (`act_leaf`, `seals`), handing escrows out (`comity.web.escrows`).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from comity.docket.escrow import Opening, encode_escrow, encode_opening, make_escrow
from comity.docket.party_file import PartyFile
from comity.errors import BadLaw
from comity.node.keeping import tables as t
from comity.node.keeping.store import Store
from comity.signing.base64url import to_base64url
from comity.signing.envelope import EnvelopePublic


@dataclass(frozen=True, slots=True)
class EscrowTo:
    """Whom a node escrows to: ``needed`` of the ``bodies`` open. ``node``: whose numbering of leaves is meant."""

    node: str
    bodies: Mapping[str, EnvelopePublic]
    needed: int

    def row(self, position: int, record: str, kind: str, salt: bytes, act: bytes, signatures: bytes) -> dict[str, Any]:
        """The escrow of one leaf; ``record`` is "" for padding."""
        opening = Opening(kind, to_base64url(salt), act.decode(), signatures.decode())
        entropy = secrets.token_bytes(32)
        escrow = make_escrow(encode_opening(opening), self.node, position, self.bodies, self.needed, entropy)
        return {"position": position, "record": record, "body": encode_escrow(escrow)}


def escrow_to(node: str, file: PartyFile, needed: int) -> EscrowTo | None:
    """Whom this node escrows to by its Party's file; None when ``needed`` is 0. BadLaw when too few have a key."""
    if needed == 0:
        return None
    bodies = {body.id: EnvelopePublic.from_text(body.envelope) for body in file.oversight if body.envelope}
    if not 0 < needed <= len(bodies):
        raise BadLaw(
            f"escrow_needed is {needed}; {len(bodies)} oversight bodies of {file.party} publish an envelope key.",
            "Lower it, or have the bodies make keys (comity escrow key) and publish the Party file anew.",
        )
    return EscrowTo(node, bodies, needed)


def escrows(store: Store, since: int, number: int) -> list[tuple[int, bytes]]:
    """Position and escrow of sealed leaves from the position ``since`` on, in order."""
    e = t.escrows.c
    query = sa.select(e.position, e.body).where(e.position >= since).order_by(e.position).limit(number)
    with store.reading() as db:
        return [(row[0], row[1]) for row in db.execute(query)]
