"""What can be inferred about cells that are withheld, exactly: flows in a network.

A table with flat rows and a tree of columns is a circulation: every cell is an edge, every total a point where what
flows in flows out. A cell can be larger by as much as can flow back to its start by other withheld cells, and smaller
likewise; capacities are whole numbers, so these bounds are reached by whole tables and are exact (Ford and Fulkerson
1956; integrality of network flows). Deciding what to withhold is left to `small_cells`.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from comity.analysis.statistics.tables import ROOT, TOTAL, Cell, Layout, parent

Point = tuple[str, ...]
Step = tuple[Point, Cell, int]
"""Where an edge leads, the cell it is, and +1 along it (the cell grows) or -1 against it (the cell shrinks)."""
UNBOUNDED = 10**15
Limits = Callable[[Cell], tuple[int, int]]
"""What everybody knows a withheld cell to be at least and at most."""


def at_least(least: int) -> Limits:
    """The same least number for every cell, and no greatest."""
    return lambda _: (least, UNBOUNDED)


def ends(layout: Layout, cell: Cell) -> tuple[Point, Point]:
    """The two points that a cell joins, in the direction of its flow."""
    row, column = cell
    upper: Point = ("whole",) if column == ROOT else ("sum", row, parent(column))
    lower: Point = ("sum", row, column) if column in layout.inner else ("column", column)
    return (lower, upper) if row == TOTAL else (upper, lower)


class Network:
    """The edges of a table; of ``cells`` only where given: others can neither grow nor shrink."""

    def __init__(self, layout: Layout, cells: Iterable[Cell] | None = None) -> None:
        self._ends = {cell: ends(layout, cell) for cell in (layout.cells() if cells is None else cells)}
        self._from: dict[Point, list[Step]] = defaultdict(list)
        for cell, (start, end) in self._ends.items():
            self._from[start].append((end, cell, 1))
            self._from[end].append((start, cell, -1))

    def slack(self, cell: Cell, sign: int, room: Callable[[Cell, int], int], enough: int = UNBOUNDED) -> int:
        """By how much a cell can grow (``sign`` 1) or shrink (-1), at most ``enough``, when others may change.

        ``room`` says by how much another cell may grow or shrink. (Edmonds and Karp 1972.)
        """
        start, end = self._ends[cell] if sign < 0 else self._ends[cell][::-1]
        moved: dict[Cell, int] = defaultdict(int)

        def left(other: Cell, way: int) -> int:
            if other == cell:
                return 0
            return min(UNBOUNDED, room(other, way)) - way * moved[other]

        reached = 0
        while reached < enough:
            path = self._path(start, end, left)
            if path is None:
                break
            amount = min(enough - reached, *(left(other, way) for _, other, way in path))
            for _, other, way in path:
                moved[other] += way * amount
            reached += amount
        return reached

    def _path(self, start: Point, end: Point, left: Callable[[Cell, int], int]) -> list[Step] | None:
        """A shortest path along which every cell still has room."""
        came: dict[Point, tuple[Point, Step] | None] = {start: None}
        queue = deque([start])
        while queue and end not in came:
            at = queue.popleft()
            for step in self._from[at]:
                if step[0] not in came and left(step[1], step[2]) > 0:
                    came[step[0]] = (at, step)
                    queue.append(step[0])
        return list(_trace(came, end)) if end in came else None

    def completed(self, cells: Mapping[Cell, int | None], limits: Limits) -> dict[Cell, int] | None:
        """Some whole numbers within ``limits`` for the cells that are None, so that every total holds.

        None when there are no such numbers. What is too much at a point is moved to where it lacks (Ford and Fulkerson
        1956); bounds made from one such table are the same as from any other.
        """
        if any(count is None and limits(cell)[0] > limits(cell)[1] for cell, count in cells.items()):
            return None
        found = {cell: limits(cell)[0] if count is None else count for cell, count in cells.items()}
        excess: dict[Point, int] = defaultdict(int)
        for cell, (start, end) in self._ends.items():
            excess[start] -= found[cell]
            excess[end] += found[cell]

        def left(cell: Cell, way: int) -> int:
            low, high = limits(cell)
            return 0 if cells[cell] is not None else high - found[cell] if way > 0 else found[cell] - low

        while over := next((point for point, value in excess.items() if value > 0), None):
            under = next(
                (p for p, value in excess.items() if value < 0 and self._path(over, p, left) is not None), None
            )
            if under is None:
                return None
            path = self._path(over, under, left) or []
            amount = min(excess[over], -excess[under], *(left(cell, way) for _, cell, way in path))
            for _, cell, way in path:
                found[cell] += way * amount
            excess[over] -= amount
            excess[under] += amount
        return found

    def cheapest(
        self, cell: Cell, sign: int, open_to: Callable[[Cell, int], bool], cost: Callable[[Cell], int]
    ) -> tuple[int, list[Cell]] | None:
        """The cheapest cells through which ``cell`` could grow (1) or shrink (-1), and their cost (Dijkstra 1959)."""
        start, end = self._ends[cell] if sign < 0 else self._ends[cell][::-1]
        came: dict[Point, tuple[Point, Step] | None] = {start: None}
        best = {start: 0}
        heap: list[tuple[int, Point]] = [(0, start)]
        while heap:
            spent, at = heapq.heappop(heap)
            if at == end:
                return spent, [other for _, other, _ in _trace(came, end)]
            if spent > best[at]:
                continue
            for step in self._from[at]:
                to, other, way = step
                price = spent + cost(other)
                if other != cell and open_to(other, way) and price < best.get(to, UNBOUNDED * UNBOUNDED):
                    best[to], came[to] = price, (at, step)
                    heapq.heappush(heap, (price, to))
        return None


def _trace(came: Mapping[Point, tuple[Point, Step] | None], end: Point) -> Iterator[Step]:
    link = came[end]
    while link is not None:
        yield link[1]
        link = came[link[0]]


def bounds(
    layout: Layout, counts: Mapping[Cell, int], withheld: Collection[Cell], limits: Limits, enough: int = UNBOUNDED
) -> dict[Cell, tuple[int, int]]:
    """Smallest and largest value that each withheld cell can have, for who sees the others.

    ``counts``: the true ones, or any that are within ``limits`` and keep every total. With ``enough``, each bound stops
    that far from the count. At `UNBOUNDED` from it there is no bound.
    """
    return {cell: (low, high) for cell, low, high in bounds_of(layout, counts, withheld, limits, enough)}


def bounds_of(
    layout: Layout, counts: Mapping[Cell, int], withheld: Collection[Cell], limits: Limits, enough: int = UNBOUNDED,
    only: Collection[Cell] | None = None,
) -> Iterator[tuple[Cell, int, int]]:  # fmt: skip
    """As `bounds`, one cell after the other; of ``only`` these where given."""
    hidden = frozenset(withheld)
    network = Network(layout, sorted(hidden))

    def room(cell: Cell, way: int) -> int:
        if cell not in hidden:
            return 0
        low, high = limits(cell)
        return high - counts[cell] if way > 0 else counts[cell] - low

    for cell in sorted(hidden if only is None else hidden.intersection(only)):
        down = max(0, network.slack(cell, -1, room, min(enough, room(cell, -1))))
        yield cell, counts[cell] - down, counts[cell] + network.slack(cell, 1, room, min(enough, room(cell, 1)))
