"""What the tables of article 28(2) say of one another: whoever used a remedy was issued a certificate first.

A count in one table is then at most a count in another, so two tables that each withhold enough may be read with the
help of one another. A table is published beside that of the certificates issued only where every count of it that is
not a shown zero stands against numbers that are shown: then it tells nothing of what is withheld there, and is itself
attacked with these numbers as its greatest. Grounds for refusal are raised by notified authorities only: so a number of
notifications must leave room for as many grounds as the withheld counts could be anyway. What becomes known of
certificates that an earlier report counted is published only where that report withheld none of them. Deciding is left
to `package.report`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from comity.analysis.statistics.certificates import (
    DATA,
    GROUNDS,
    ISSUED,
    LATER,
    NO_GROUND,
    OUTCOMES,
    PENDING,
    ROWS,
    SENT,
)
from comity.analysis.statistics.network import bounds
from comity.analysis.statistics.small_cells import (
    KNOWN,
    LEAST,
    PublishedTable,
    attack_published,
    completed,
    is_small,
)
from comity.analysis.statistics.tables import ROOT, TOTAL, Cell, Layout, Table

Link = tuple[Cell, tuple[Cell, ...]]
"""A cell of a table, and the cells of the certificates issued that it is a part of, taken together."""


def links(layout: Layout, issued: Layout) -> Iterator[Link]:
    """What a table's cells are a part of."""
    rows = (*ROWS, TOTAL)
    if layout.name == "remedies":  # of production orders only
        yield from (((data, ROOT), ((f"epoc/{data}", ROOT),)) for data in DATA)
    elif layout.name == "derogations":  # article 4(5): in emergencies only
        yield from (((row, ROOT), ((row, "emergency"),)) for row in rows)
    elif layout.name == "notifications":  # article 8: of production orders only
        yield from (((data, column), ((f"epoc/{data}", column),)) for data in DATA for column in layout.columns)
    elif layout.name == "enforcement":
        sent = [column for column in layout.columns if column.split("/")[0] == SENT]
        yield from (((row, column), _of(row, column, issued)) for row in rows for column in sent)


def _of(row: str, column: str, issued: Layout) -> tuple[Cell, ...]:
    """The certificates issued of which those in a column "transmitted/..." were sent for enforcement."""
    rest = column.partition("/")[2]
    if rest not in OUTCOMES:
        return ((row, rest or ROOT),)
    return tuple((row, each) for each in issued.columns if each.count("/") == 2 and each.endswith(f"/{rest}"))


def hung_on(table: Table, tables: Iterable[Table]) -> list[Cell]:
    """The cells of this table that must be shown if the others are to be published beside it."""
    if table.layout.name != ISSUED:
        return []
    others = [other for other in tables if not is_small(other.counts[TOTAL, ROOT])]
    found = ((other, link) for other in others for link in links(other.layout, table.layout))
    return [whole for other, (part, wholes) in found if other.counts.get(part) for whole in wholes]


def hidden_rows(tables: Sequence[PublishedTable]) -> list[str]:
    """The rows of a report's certificates issued of which it does not show all that a later report may add to."""
    issued = next((table for table in tables if table.layout.name == ISSUED), None)
    if issued is None:
        return list(ROWS)
    asked = [column for column in issued.layout.columns if column == ROOT or column.endswith(f"/{PENDING}")]
    return [row for row in ROWS if any(issued.cells.get((row, column), 0) is None for column in asked)]


def revealed(tables: Sequence[PublishedTable], hidden_before: Collection[str] = ()) -> list[str]:
    """What who reads these tables together can find out of the cells withheld, in sentences.

    ``hidden_before``: the `hidden_rows` of the reports before.
    Empty: they may be published beside one another. Raises Malformed where the counts of one cannot all be true.
    """
    issued = next((table for table in tables if table.layout.name == ISSUED), None)
    found = [sentence for table in tables for sentence in _revealed(table, issued)]
    later = (table for table in tables if table.layout.name.endswith(LATER))
    return found + [sentence for table in later for sentence in _added(table, hidden_before)]


def _added(table: PublishedTable, hidden_before: Collection[str]) -> Iterator[str]:
    """What a table of certificates counted before tells of those: all its counts stand, against counts that stood."""
    name = table.layout.name
    if table.withheld:
        yield f"{name}: It withholds counts, and the report before limits them."
    for row in table.layout.rows:
        if table.cells.get((row, ROOT)) != 0 and (row if row in ROWS else f"epoc/{row}") in hidden_before:
            yield f"{name} {row}: A report before withholds its certificates, and this tells something of them."


def _revealed(table: PublishedTable, issued: PublishedTable | None) -> Iterator[str]:
    name, most = table.layout.name, dict[Cell, int]()
    for part, wholes in links(table.layout, issued.layout) if issued is not None else ():
        count, limits = table.cells.get(part), [issued.cells.get(w, 0) for w in wholes] if issued is not None else []
        if None not in limits:
            most[part] = sum(limit for limit in limits if limit is not None)
        elif count != 0:
            whole = f"{ISSUED} {' '.join(wholes[0])}"
            yield f"{name} {' '.join(part)}: {whole} is withheld, and this tells something of it."
    if name == "notifications" and issued is not None:
        yield from _grounds(table, issued)
    weak = attack_published(table, lambda cell: (LEAST, most.get(cell, KNOWN(cell)[1])))
    for cell, (low, high) in weak.items():
        says = f"{low} to {high}" if high > low else str(low)
        yield f"{name} {' '.join(cell)}: It is withheld, but who subtracts finds that it is {says}."


def _grounds(table: PublishedTable, issued: PublishedTable) -> Iterator[str]:
    """Where a number of notifications limits the grounds raised that are withheld, or grounds a withheld number."""
    ended, highs = [column for column in issued.layout.inner if column.count("/") == 2], _highest(issued)
    for data in DATA:
        most = {column: _raised(issued, (f"epoc/{data}", column), highs) for column in ended}
        for column in table.layout.columns:
            parts = [most[each] for each in ended if column == ROOT or each.startswith(f"{column}/")]
            count, least, high = table.cells.get((data, column)), sum(p[0] for p in parts), sum(p[1] for p in parts)
            if (count is None and high) or (count is not None and (count < least or least < high > count)):
                says = f"No more grounds were raised, and this tells something of {ISSUED}."
                yield f"notifications {data} {column}: {says}"


def _highest(issued: PublishedTable) -> dict[Cell, int]:
    """The greatest that each withheld ground, and what it is a part of, can be."""
    hidden = {cell for cell in issued.withheld if cell[1].count("/") >= 2 and cell[0] != TOTAL}
    counts = completed(issued).counts if hidden else {}
    found = bounds(issued.layout, counts, issued.withheld, KNOWN, only=hidden)
    return {cell: high for cell, (_, high) in found.items()}


def _raised(issued: PublishedTable, ended: Cell, highs: Mapping[Cell, int]) -> tuple[int, int]:
    """How many grounds are shown to be raised among certificates that ended so, and how many there can be at most."""
    row, column = ended
    cells = [(row, f"{column}/{ground}") for ground in GROUNDS]
    shown, whole = sum(issued.cells.get(cell) or 0 for cell in cells), issued.cells.get(ended, 0)
    without = issued.cells.get((row, f"{column}/{NO_GROUND}"), 0)
    room = (highs.get(ended, 0) if whole is None else whole) - (LEAST if without is None else without)
    return shown, min(room, shown + sum(highs.get(cell, 0) for cell in cells))
