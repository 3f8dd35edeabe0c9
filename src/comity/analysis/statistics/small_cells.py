"""Withholding small cells so that the rest does not reveal them, and attacking the table before it is published.

A count from 1 to 4 could point at persons. Withholding it alone is of no use where totals stand beside it; so for each
such cell the cheapest further cells are withheld through which it could be larger by `PROTECTION` (Kelly, Golden and
Assad 1992: cell suppression by network flow). Then the table is attacked with everything a reader has: all cells shown,
all totals, and the rule that nothing withheld is zero. What tables say of one another is left to `links`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice

from comity.analysis.statistics.network import Limits, Network, at_least, narrow
from comity.analysis.statistics.tables import Cell, Layout, Table
from comity.errors import CannotTell, Malformed

THRESHOLD = 5
PROTECTION = 4
"""A reader must be left with an interval at least this wide: five values or more that a withheld count may have."""
EFFORT = 5_000  # cells attacked, at most, while cells are shown again
LEAST = 1
KNOWN = at_least(LEAST)


@dataclass(frozen=True)
class PublishedTable:
    """A table as everybody may see it: ``cells`` without a count (None) are withheld."""

    layout: Layout
    cells: Mapping[Cell, int | None]

    @property
    def withheld(self) -> tuple[Cell, ...]:
        """The cells withheld, in the order of the table."""
        return tuple(cell for cell in self.layout.cells() if self.cells[cell] is None)


def is_small(count: int) -> bool:
    """Whether a count could point at persons: 1 to 4. Zero points at nobody."""
    return 0 < count < THRESHOLD


def protect(table: Table, public: Collection[Cell] = ()) -> PublishedTable:
    """The table with its small cells withheld, and as few others as the method finds; attacked before it is returned.

    ``public`` cells are known to everybody already and cannot be withheld. Raises CannotTell where no such table
    protects its small cells; then only a longer period can be published.
    """
    known = frozenset(public)
    withheld = {cell for cell, count in table.counts.items() if is_small(count) and cell not in known}
    network = Network(table.layout)
    for cell in sorted(withheld, key=lambda each: (-table.counts[each], each)):
        withheld.update(_companions(network, table, cell, withheld, known))
    _give_back(table, withheld)
    weak = attack(table, withheld)
    if weak:
        raise CannotTell(
            f"The table {table.layout.name} cannot be published: {len(weak)} small counts would show.",
            "Publish it for a longer period, or with fewer rows and columns.",
        )
    return PublishedTable(table.layout, {c: None if c in withheld else n for c, n in table.counts.items()})


def _companions(
    network: Network, table: Table, cell: Cell, withheld: Collection[Cell], known: Collection[Cell]
) -> list[Cell]:
    """The cheapest cells to withhold so that this one could be larger by `PROTECTION`, or smaller; none if it could."""

    def open_to(other: Cell, way: int) -> bool:
        count = table.counts[other]
        return count > 0 and other not in known and (way > 0 or count - LEAST >= PROTECTION)

    def cost(other: Cell) -> int:
        return 0 if other in withheld else table.counts[other] + 1

    ways = [network.cheapest(cell, 1, open_to, cost)]
    if table.counts[cell] - LEAST >= PROTECTION:
        ways.append(network.cheapest(cell, -1, open_to, cost))
    found = [way for way in ways if way is not None]
    return min(found)[1] if found else []


def _give_back(table: Table, withheld: set[Cell]) -> None:
    """Show again, largest first, what proves not to be needed: a later path often makes an earlier one idle.

    In a large table only the largest are tried: what stays withheld without need does no harm.
    """
    if not withheld or attack(table, withheld):
        return
    spare = [cell for cell in withheld if not is_small(table.counts[cell])]
    for cell in sorted(spare, key=lambda each: (-table.counts[each], each))[: EFFORT // len(withheld)]:
        withheld.remove(cell)
        if attack(table, withheld, first=True):
            withheld.add(cell)


def attack(
    table: Table, withheld: Collection[Cell], first: bool = False, limits: Limits = KNOWN
) -> dict[Cell, tuple[int, int]]:
    """The withheld cells that a reader can pin to an interval narrower than `PROTECTION`, with the interval.

    Empty: the table may be published. ``first``: stop at the first one found; ``limits``: what else the reader knows.
    """
    found = narrow(table.layout, table.counts, withheld, limits, PROTECTION)
    return dict(islice(found, 1) if first else found)


def attack_published(table: PublishedTable, limits: Limits = KNOWN) -> dict[Cell, tuple[int, int]]:
    """As `attack`, by a reader who has nothing but the table as it was published; intervals end at `PROTECTION`.

    Raises Malformed where no counts at all could stand in the withheld cells.
    """
    return attack(completed(table, limits), table.withheld, limits=limits)


def completed(table: PublishedTable, limits: Limits = KNOWN) -> Table:
    """Some table that could stand behind what was published. Raises Malformed when there is none."""
    counts = Network(table.layout).completed(table.cells, limits)
    if counts is None:
        raise Malformed(f"The counts of the table {table.layout.name} cannot all be true.", "Do not rely on it.")
    return Table(table.layout, counts)
