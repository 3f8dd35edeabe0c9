"""What a node publishes of its unsealed leaves (`comity.tlog.unsealed`), read from its rows, for each of its logs.

Derived from the salts, in the order of a log's unsealing leaves; nothing is told of a leaf whose unsealing is under no
published checkpoint. Leaves bear their numbers through all logs of the node.

Left to others: serving (`comity.web.log`), tiles and checkpoint in a folder (`export`).
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from comity.errors import NotFound
from comity.node.keeping import tables as t
from comity.node.keeping.log_rows import LogRows
from comity.node.log.export import RowsSource, export_log, write_file
from comity.tlog.counting import blinding_from_salt
from comity.tlog.tiles import WIDTH
from comity.tlog.unsealed import Unsealed, encode_unsealed, parse_unsealed_path, unsealed_path


def unsealed_count(rows: LogRows) -> int:
    """How many leaves were unsealed by the published leaves of a log."""
    by, newest = t.seals.c.unsealed_by, rows.checkpoint()
    end = rows.start + (newest[0] if newest is not None else 0)
    with rows.store.reading() as db:
        query = sa.select(sa.func.count()).select_from(t.seals).where(by >= rows.start, by < end)
        return int(db.scalar(query) or 0)


def unsealed_rows(rows: LogRows, first: int, number: int) -> list[Unsealed | None]:
    """The openings from the ``first``-th unsealing of a log on, at most ``number``; None where the salt was lost."""
    seals = t.seals.c
    kind = sa.func.coalesce(t.records.c.kind, t.padding.c.kind)
    salt = sa.func.coalesce(t.records.c.salt, t.padding.c.salt)
    joined = t.seals.outerjoin(t.records, t.records.c.position == seals.position).outerjoin(
        t.padding, t.padding.c.position == seals.position
    )
    query = (
        sa.select(seals.position, seals.unsealed_by, kind, salt)
        .select_from(joined)
        .where(seals.unsealed_by >= rows.start)
        .order_by(seals.unsealed_by)
        .offset(first)
        .limit(number)
    )
    with rows.store.reading() as db:
        found = list(db.execute(query))
    return [Unsealed(at, by, kind, blinding_from_salt(salt)) if salt else None for at, by, kind, salt in found]


def unsealed_file(rows: LogRows, path: str) -> bytes:
    """A file of openings of a log, as published. NotFound beyond that, Malformed for no such path."""
    index, width = parse_unsealed_path(path)
    if index * WIDTH + width > unsealed_count(rows):
        raise NotFound(f"No published checkpoint covers {path}.", "Read the checkpoint first.")
    return encode_unsealed(unsealed_rows(rows, index * WIDTH, width))


class NodeSource(RowsSource):
    """One of a node's own logs, openings and all, as a `comity.node.auditor.source.LogSource`."""

    def __init__(self, rows: LogRows) -> None:
        """Nothing is read yet."""
        super().__init__(rows)
        self._log_rows = rows

    def fetch(self, path: str) -> bytes:
        """A tile, an entry bundle or a file of openings. Raises NotFound beyond what was published."""
        return unsealed_file(self._log_rows, path) if path.startswith("unsealed/") else super().fetch(path)


def export_node(rows: LogRows, folder: Path) -> int:
    """Write a published log with its openings to ``folder``; how many leaves it has. Raises as `export_log`."""
    size, count = export_log(rows, folder), unsealed_count(rows)
    for first in range(0, count, WIDTH):
        width = min(WIDTH, count - first)
        path = folder / unsealed_path(first // WIDTH, width)
        if not path.exists():
            write_file(path, encode_unsealed(unsealed_rows(rows, first, width)))
    return size
