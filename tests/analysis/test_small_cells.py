"""Small cells: what a reader can infer is computed exactly, and never pins a withheld count."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.analysis.statistics.network import UNBOUNDED, bounds
from comity.analysis.statistics.small_cells import KNOWN, LEAST, PROTECTION, attack, is_small, protect
from comity.analysis.statistics.tables import ROOT, TOTAL, Cell, Layout, Table, table_of
from comity.errors import CannotTell, Malformed

FLAT = Layout("flat", "Flat", "none", ("r1", "r2", "r3"), ("c1", "c2", "c3"))
TREE = Layout("tree", "Tree", "none", ("r1", "r2", "r3"), ("a/x/f", "a/x/n", "a/y/f", "b/x/f", "b/x/n", "c"))
SINGLE = Layout("single", "Single", "none", ("r1", "r2", "r3", "r4"))
COUNTS = st.one_of(st.just(0), st.integers(1, 4), st.integers(5, 40))


@st.composite
def tables(draw: st.DrawFn, layouts: tuple[Layout, ...] = (FLAT, TREE)) -> Table:
    layout = draw(st.sampled_from(layouts))
    cells = [(row, column) for row in layout.rows for column in layout.counted]
    counts = draw(st.lists(COUNTS, min_size=len(cells), max_size=len(cells)))
    return table_of(layout, dict(zip(cells, counts, strict=True)))


def consistent(table: Table, withheld: frozenset[Cell], highest: int) -> dict[Cell, tuple[int, int]]:
    """By trying everything: least and greatest value of each withheld cell over all tables a reader cannot exclude."""
    layout = table.layout
    inner = [cell for cell in withheld if cell[0] != TOTAL and cell[1] in layout.counted]
    seen: dict[Cell, list[int]] = {cell: [] for cell in withheld}
    for values in itertools.product(range(LEAST, highest + 1), repeat=len(inner)):
        counted = {
            (row, column): table.counts[row, column] for row in layout.rows for column in layout.counted
        } | dict(zip(inner, values, strict=True))
        imagined = table_of(layout, counted).counts
        if all(imagined[cell] == table.counts[cell] for cell in layout.cells() if cell not in withheld):
            for cell in withheld:
                seen[cell].append(imagined[cell])
    return {cell: (min(values), max(values)) for cell, values in seen.items()}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bounds_are_those_found_by_trying_every_table(data: st.DataObject) -> None:
    layout = Layout("t", "T", "none", ("r1", "r2"), ("a/x", "a/y", "b"))
    cells = [(row, column) for row in layout.rows for column in layout.counted]
    counted = dict(zip(cells, data.draw(st.lists(st.integers(1, 4), min_size=6, max_size=6)), strict=True))
    table = table_of(layout, counted)
    withheld = frozenset(data.draw(st.lists(st.sampled_from(list(layout.cells())), min_size=1, max_size=7)))
    if sum(cell in withheld for cell in cells) > 4:
        return
    high = 9
    tried = consistent(table, withheld, high)
    exact = bounds(layout, table.counts, withheld, KNOWN)
    for cell, (low, top) in exact.items():
        assert tried[cell][0] == low
        if top - table.counts[cell] < UNBOUNDED and tried[cell][1] < high and cell in cells:
            assert tried[cell][1] == top


def test_a_single_hole_is_pinned_by_its_totals() -> None:
    table = table_of(FLAT, {("r1", "c1"): 3, ("r2", "c2"): 50, ("r1", "c2"): 9, ("r2", "c1"): 20})
    assert attack(table, {("r1", "c1")}) == {("r1", "c1"): (3, 3)}
    published = protect(table)
    assert set(published.withheld) > {("r1", "c1")}


def test_a_known_case_withholds_a_rectangle() -> None:
    """One small cell in a full table: three companions make a rectangle, and no total is given up."""
    cells = {(row, column): 20 for row in FLAT.rows for column in FLAT.leaves}
    published = protect(table_of(FLAT, {**cells, ("r2", "c2"): 2}))
    rows, columns = {row for row, _ in published.withheld}, {column for _, column in published.withheld}
    assert (len(published.withheld), len(rows), len(columns)) == (4, 2, 2)
    assert TOTAL not in rows
    assert ROOT not in columns


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables())
def test_no_withheld_cell_is_pinned_and_no_small_one_shows(table: Table) -> None:
    published = protect(table)
    for cell, count in published.cells.items():
        assert count is None or (count == table.counts[cell] and not is_small(count))
    found = bounds(table.layout, table.counts, published.withheld, KNOWN)
    assert all(high - low >= PROTECTION for low, high in found.values())
    assert all(low <= table.counts[cell] <= high for cell, (low, high) in found.items())
    if not any(is_small(count) for count in table.counts.values()):
        assert not published.withheld


@settings(max_examples=80, deadline=None)
@given(tables((SINGLE, FLAT, TREE)), st.booleans())
def test_a_total_that_everybody_knows_is_never_withheld(table: Table, known: bool) -> None:
    public = [(TOTAL, ROOT)] if known else []
    try:
        published = protect(table, public)
    except CannotTell:
        assert known  # everything else is too small to hide a small cell behind
        assert any(is_small(count) for count in table.counts.values())
        return
    assert not set(published.withheld) & set(public)
    assert not attack(table, published.withheld)


@pytest.mark.parametrize(
    ("rows", "leaves"),
    [
        (("r1", "r1"), ("a",)),
        (("total",), ("a",)),
        (("r1",), ("a", "a/b")),
        (("r1",), ("all",)),
        (("r 1",), ("a",)),
        (("=r",), ("a",)),
        (("r1",), ("a//b",)),
    ],
)
def test_layouts_that_mean_two_things_are_refused(rows: tuple[str, ...], leaves: tuple[str, ...]) -> None:
    with pytest.raises(Malformed):
        Layout("t", "T", "none", rows, leaves)


def test_totals_add_up() -> None:
    table = table_of(TREE, {("r1", "a/x/f"): 1, ("r2", "a/y/f"): 10, ("r2", "c"): 100})
    assert table.counts["r2", "a"] == 10
    assert table.counts["r2", ROOT] == 110
    assert table.counts[TOTAL, "a/x"] == 1
    assert table.counts[TOTAL, ROOT] == 111
    with pytest.raises(Malformed):
        table_of(TREE, {("r1", "a/x"): 1})
    with pytest.raises(Malformed):
        table_of(TREE, {("r1", "c"): -1})
