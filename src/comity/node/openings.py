"""What a node publishes of its unsealed leaves (`comity.tlog.unsealed`), read from its rows.

Derived from the salts, in the order of the unsealing leaves; nothing is told of a leaf whose unsealing is under no
published checkpoint. Left to others: serving (`comity.web.log`), tiles and checkpoint in a folder (`export`).
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from comity.errors import NotFound
from comity.node import tables as t
from comity.node.export import RowsSource, export_log, write_file
from comity.node.store import Store
from comity.tlog.counting import blinding_from_salt
from comity.tlog.tiles import WIDTH
from comity.tlog.unsealed import Unsealed, encode_unsealed, parse_unsealed_path, unsealed_path


def unsealed_count(store: Store, size: int) -> int:
    """How many leaves were unsealed by the first ``size`` leaves."""
    seals = t.seals.c
    with store.reading() as db:
        return int(db.scalar(sa.select(sa.func.count()).select_from(t.seals).where(seals.unsealed_by < size)) or 0)


def unsealed_rows(store: Store, start: int, number: int) -> list[Unsealed]:
    """The openings from the ``start``-th unsealing on, at most ``number``."""
    seals = t.seals.c
    kind = sa.func.coalesce(t.records.c.kind, t.padding.c.kind)
    salt = sa.func.coalesce(t.records.c.salt, t.padding.c.salt)
    joined = t.seals.outerjoin(t.records, t.records.c.position == seals.position).outerjoin(
        t.padding, t.padding.c.position == seals.position
    )
    query = (
        sa.select(seals.position, seals.unsealed_by, kind, salt)
        .select_from(joined)
        .where(seals.unsealed_by.is_not(None))
        .order_by(seals.unsealed_by)
        .offset(start)
        .limit(number)
    )
    with store.reading() as db:
        return [Unsealed(at, by, kind, blinding_from_salt(salt)) for at, by, kind, salt in db.execute(query)]


def unsealed_file(store: Store, path: str, size: int) -> bytes:
    """A file of openings as of ``size`` leaves. NotFound beyond them, Malformed for no such path."""
    index, width = parse_unsealed_path(path)
    if index * WIDTH + width > unsealed_count(store, size):
        raise NotFound(f"No published checkpoint covers {path}.", "Read the checkpoint first.")
    return encode_unsealed(unsealed_rows(store, index * WIDTH, width))


class NodeSource(RowsSource):
    """A node's own log, openings and all, as a `comity.node.auditor.source.LogSource`."""

    def __init__(self, store: Store) -> None:
        """Nothing is read yet."""
        super().__init__(store)
        self._store = store

    def fetch(self, path: str) -> bytes:
        """A tile, an entry bundle or a file of openings. Raises NotFound beyond what was published."""
        if not path.startswith("unsealed/"):
            return super().fetch(path)
        newest = self._store.checkpoint()
        return unsealed_file(self._store, path, newest[0] if newest is not None else 0)


def export_node(store: Store, folder: Path) -> int:
    """Write the published log with the openings to ``folder``; how many leaves it has. Raises as `export_log`."""
    size = export_log(store, folder)
    count = unsealed_count(store, size)
    for index in range(-(-count // WIDTH)):
        path = folder / unsealed_path(index, min(WIDTH, count - index * WIDTH))
        if not path.exists():
            write_file(path, encode_unsealed(unsealed_rows(store, index * WIDTH, min(WIDTH, count - index * WIDTH))))
    return size
