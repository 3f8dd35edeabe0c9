"""A leaf whose record was lost with the disk: a row of its own kind, marked with the vault key.

So nobody can take a record out of the database and call it lost. Bringing such leaves back is left to `restore`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from comity.errors import ComityError, Tampered
from comity.node.keeping import tables as t
from comity.node.keeping.store import Store
from comity.node.keeping.vault import Vault
from comity.tlog.leaf import parse_leaf

LOST = "lost"


def lost_row(vault: Vault, position: int, leaf: bytes) -> dict[str, Any]:
    """The row that stands for the record of a leaf."""
    mark = vault.mark(_text(position, leaf))
    return {"position": position, "kind": LOST, "salt": b"", "record": mark, "ref": parse_leaf(leaf).ref}


def check_lost(store: Store, vault: Vault) -> None:
    """Tampered when a leaf stands as lost that this node did not restore so."""
    row, leaf = t.padding.c, t.leaves.c
    query = sa.select(row.position, row.record, leaf.leaf).join(t.leaves, leaf.position == row.position)
    with store.reading() as db:
        rows = list(db.execute(query.where(row.kind == LOST)))
    for position, mark, data in rows:
        try:
            vault.check_mark(_text(position, data), mark)
        except ComityError as exc:
            raise Tampered(
                f"That the record at position {position} was lost was written by hand.",
                "Do not start this node on this data. Compare with a backup and the other side; tell oversight.",
            ) from exc


def _text(position: int, leaf: bytes) -> str:
    return f"lost {position} {sha256(leaf).hexdigest()}"
