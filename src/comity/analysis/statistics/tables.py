"""A table of counts: flat rows, columns in a tree, and every total that follows from them.

Columns are named by their path ("emergency/provider-a/fulfilled"); the root of the tree stands for the whole row. The
row `TOTAL` adds up the others. With one tree and flat rows, what can be inferred from a part of such a table can be
computed exactly (`network`). What is withheld is decided in `small_cells`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from comity.errors import Malformed

TOTAL = "total"
ROOT = "all"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
Cell = tuple[str, str]
"""Row and column."""


@dataclass(frozen=True)
class Layout:
    """What a table has: its name, rows, leaves of the column tree (paths without the root), and where it comes from.

    No leaf may be the beginning of another. Without leaves the table has the one column `ROOT`. Raises Malformed.
    """

    name: str
    title: str
    provision: str
    rows: tuple[str, ...]
    leaves: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [self.name, *(part for row in self.rows for part in row.split("/"))]
        names += [part for leaf in self.leaves for part in leaf.split("/")]
        wrong = [name for name in names if not NAME.fullmatch(name)]
        if wrong or TOTAL in self.rows or ROOT in self.leaves:
            raise Malformed(f"The table {self.name!r} has names it cannot have: {wrong}.", "Use small letters and -.")
        if len(set(self.rows)) != len(self.rows) or len(set(self.leaves)) != len(self.leaves):
            raise Malformed(f"The table {self.name} names a row or column twice.", "Name it once.")
        if any(leaf in self.inner for leaf in self.leaves):
            raise Malformed(f"A column of the table {self.name} is both counted and a total.", "Rename it.")

    @cached_property
    def inner(self) -> tuple[str, ...]:
        """Columns that are totals of others, root first; none where there is but one column."""
        found = [ROOT] if self.leaves else []
        for leaf in self.leaves:
            parts = leaf.split("/")
            found += ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        return tuple(dict.fromkeys(found))

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns: totals, then what is counted."""
        return (*self.inner, *self.leaves) if self.leaves else (ROOT,)

    @property
    def counted(self) -> tuple[str, ...]:
        """The columns that are no totals."""
        return self.leaves or (ROOT,)

    def cells(self) -> Iterator[Cell]:
        """Every cell, totals included, in the order in which tables are written."""
        return ((row, column) for row in (*self.rows, TOTAL) for column in self.columns)

    def lines(self) -> Iterator[tuple[Cell, tuple[Cell, ...]]]:
        """Each total with the counted cells it is made of."""
        for row, column in self.cells():
            parts = tuple((r, c) for r in self._rows_of(row) for c in self._leaves_of(column))
            if parts != ((row, column),):
                yield (row, column), parts

    def _rows_of(self, row: str) -> tuple[str, ...]:
        return self.rows if row == TOTAL else (row,)

    def _leaves_of(self, column: str) -> tuple[str, ...]:
        if column in self.counted:
            return (column,)
        return self.leaves if column == ROOT else tuple(x for x in self.leaves if x.startswith(f"{column}/"))


def parent(column: str) -> str:
    """The column that a column other than the root adds to."""
    return column.rpartition("/")[0] or ROOT


@dataclass(frozen=True)
class Table:
    """A layout with every cell's count, totals included."""

    layout: Layout
    counts: Mapping[Cell, int] = field(repr=False)


def tabulate(layout: Layout, units: Iterable[Cell]) -> Table:
    """The table of these units, each given by its row and counted column. Raises Malformed for one outside it."""
    counted = Counter(units)
    return table_of(layout, counted)


def table_of(layout: Layout, counted: Mapping[Cell, int]) -> Table:
    """The table with these counts, totals added. Raises Malformed for a cell outside it or a negative count."""
    allowed = {(row, column) for row in layout.rows for column in layout.counted}
    outside = sorted(set(counted) - allowed)
    if outside or any(number < 0 for number in counted.values()):
        raise Malformed(f"The table {layout.name} has no such cell: {outside[:3]}.", "Correct the unit counted.")
    counts = {cell: counted.get(cell, 0) for cell in layout.cells()}
    for total, parts in layout.lines():
        counts[total] = sum(counted.get(part, 0) for part in parts)
    return Table(layout, counts)
