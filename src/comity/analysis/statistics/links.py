"""What the tables of article 28(2) say of one another: whoever used a remedy was issued a certificate first.

A count in one table is then at most a count in another, so two tables that each withhold enough may be read with the
help of one another. A table is published beside that of the certificates issued only where every count of it that is
not a shown zero stands against a number that is shown: then it tells nothing of what is withheld there, and is itself
attacked with that number as its greatest. Between the others there is no link. Deciding is left to `package.report`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from comity.analysis.statistics.certificates import DATA, ISSUED, ROWS
from comity.analysis.statistics.small_cells import KNOWN, LEAST, PublishedTable, attack_published, is_small
from comity.analysis.statistics.tables import ROOT, TOTAL, Cell, Table


def links(name: str) -> Iterator[tuple[Cell, Cell]]:
    """Cells of the table ``name``, each with the cell of the certificates issued that it is a part of."""
    rows = (*ROWS, TOTAL)
    if name == "remedies":
        yield from (((row, ROOT), (row, ROOT)) for row in rows)
    elif name == "derogations":  # article 4(5): in emergencies only
        yield from (((row, ROOT), (row, "emergency")) for row in rows)
    elif name == "notifications":  # article 8: of production orders only
        yield from (((data, ROOT), (f"epoc/{data}", ROOT)) for data in DATA)


def hung_on(table: Table, tables: Iterable[Table]) -> list[Cell]:
    """The cells of this table that must be shown if the others are to be published beside it."""
    if table.layout.name != ISSUED:
        return []
    others = [other for other in tables if not is_small(other.counts[TOTAL, ROOT])]
    return [whole for other in others for part, whole in links(other.layout.name) if other.counts.get(part)]


def revealed(tables: Sequence[PublishedTable]) -> list[str]:
    """What who reads these tables together can find out of the cells withheld, in sentences.

    Empty: they may be published beside one another. Raises Malformed where the counts of one cannot all be true.
    """
    issued = next((table for table in tables if table.layout.name == ISSUED), None)
    return [sentence for table in tables for sentence in _revealed(table, issued)]


def _revealed(table: PublishedTable, issued: PublishedTable | None) -> Iterator[str]:
    name, most = table.layout.name, dict[Cell, int]()
    for part, whole in links(name) if issued is not None else ():
        count, limit = table.cells.get(part), issued.cells.get(whole, 0) if issued is not None else 0
        if limit is not None:
            most[part] = limit
        elif count != 0:
            yield f"{name} {' '.join(part)}: {ISSUED} {' '.join(whole)} is withheld, and this tells something of it."
    weak = attack_published(table, lambda cell: (LEAST, most.get(cell, KNOWN(cell)[1])))
    for cell, (low, high) in weak.items():
        says = f"{low} to {high}" if high > low else str(low)
        yield f"{name} {' '.join(cell)}: It is withheld, but who subtracts finds that it is {says}."
