"""What can be inferred about cells that are withheld, exactly: flows in a network.

A table with flat rows and a tree of columns is a circulation: every cell is an edge, every total a point where what
flows in flows out. A cell can be larger by as much as can flow back to its start by other withheld cells, and smaller
likewise; capacities are whole numbers, so these bounds are reached by whole tables and are exact (Ford and Fulkerson
1956; integrality of network flows). Deciding what to withhold is left to `small_cells`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from comity.analysis.statistics.tables import ROOT, TOTAL, Cell, Layout, parent

Point = tuple[str, ...]
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
    """The edges of a table; of ``cells`` only where given: others can neither grow nor shrink.

    Points and cells are numbered. A cell has two arcs: arc 2n lets cell n grow, arc 2n + 1 lets it shrink; what is
    moved along one makes room on the other. Points are numbered in their own order, so that of equal ways the first is
    found.
    """

    def __init__(self, layout: Layout, cells: Iterable[Cell] | None = None) -> None:
        self._cells = list(layout.cells() if cells is None else cells)
        joined = [ends(layout, cell) for cell in self._cells]
        points = {point: n for n, point in enumerate(sorted({point for pair in joined for point in pair}))}
        self._number = {cell: n for n, cell in enumerate(self._cells)}
        self._starts: list[int] = []  # of each arc
        self._from: list[list[tuple[int, int]]] = [[] for _ in points]  # where an arc leads, and the arc
        for n, (start, end) in enumerate((points[one], points[other]) for one, other in joined):
            self._starts += (start, end)
            self._from[start].append((end, 2 * n))
            self._from[end].append((start, 2 * n + 1))

    def room(self, room: Callable[[Cell, int], int]) -> list[int]:
        """The room on each arc, where ``room`` says by how much a cell may grow (1) or shrink (-1)."""
        return [min(UNBOUNDED, room(cell, way)) for cell in self._cells for way in (1, -1)]

    def slack(self, cell: Cell, sign: int, room: Sequence[int], enough: int = UNBOUNDED) -> int:
        """By how much a cell can grow (``sign`` 1) or shrink (-1), at most ``enough``, when others may change.

        ``room``: on each arc, as `room` gives it. (Edmonds and Karp 1972.)
        """
        return self._slack(2 * self._number[cell] + (sign < 0), room, enough)[0]

    def narrow(self, room: Sequence[int], width: int) -> Iterator[tuple[Cell, int, int]]:
        """The cells, in their order, that can shrink and grow by less than ``width`` in all; and by how much each way.

        A table in which one cell has moved by ``width`` moves others with it: what moves as far is not asked again.
        """
        wide: set[int] = set()
        for n, cell in enumerate(self._cells):
            reached = [0, 0]
            for way in (1, 0):  # arc 2n + 1 lets it shrink
                if n not in wide:
                    enough = min(width - sum(reached), room[2 * n + way])
                    reached[way], changed = self._slack(2 * n + way, room, enough)
                    wide.update(each for each, by in changed.items() if abs(by) >= width)
                    if sum(reached) >= width:
                        wide.add(n)
            if n not in wide:
                yield cell, reached[1], reached[0]

    def _slack(self, arc: int, room: Sequence[int], enough: int) -> tuple[int, dict[int, int]]:
        """By how much more can be moved along an arc, and by how much each other cell then has changed."""
        back, forth, left = self._starts[arc ^ 1], self._starts[arc], list(room)
        left[arc] = left[arc ^ 1] = 0
        reached, touched = 0, set[int]()
        while reached < enough:
            path = self._path(back, {forth}, left)
            if not path:
                break
            amount = min(enough - reached, *(left[each] for each in path))
            _move(left, path, amount)
            reached += amount
            touched.update(each // 2 for each in path)
        return reached, {n: room[2 * n] - left[2 * n] for n in touched}

    def _path(self, start: int, ends: Collection[int], left: Sequence[int]) -> list[int]:
        """The arcs of a shortest path to one of ``ends`` along which every cell has room; none where there is none."""
        came = [-1] * len(self._from)
        came[start], queue = -2, [start]
        for at in queue:
            for to, arc in self._from[at]:
                if came[to] == -1 and left[arc] > 0:
                    came[to] = arc
                    if to in ends:
                        return list(self._trace(came, to))
                    queue.append(to)
        return []

    def _trace(self, came: Sequence[int], at: int) -> Iterator[int]:
        while (arc := came[at]) >= 0:
            yield arc
            at = self._starts[arc]

    def completed(self, cells: Mapping[Cell, int | None], limits: Limits) -> dict[Cell, int] | None:
        """Some whole numbers within ``limits`` for the cells that are None, so that every total holds.

        None when there are no such numbers. What is too much at a point is moved to where it lacks (Ford and Fulkerson
        1956); bounds made from one such table are the same as from any other.
        """
        ranges = [(n, n) if (n := cells[cell]) is not None else limits(cell) for cell in self._cells]
        if any(low > high for low, high in ranges):
            return None
        left = [room for low, high in ranges for room in (high - low, 0)]
        excess = [0] * len(self._from)
        for n, (low, _) in enumerate(ranges):
            excess[self._starts[2 * n]] -= low
            excess[self._starts[2 * n + 1]] += low
        lacking = {point for point, value in enumerate(excess) if value < 0}
        for over in range(len(excess)):
            while excess[over] > 0:
                path = self._path(over, lacking, left)
                if not path:
                    return None
                under = self._starts[path[0] ^ 1]
                amount = min(excess[over], -excess[under], *(left[each] for each in path))
                _move(left, path, amount)
                excess[over] -= amount
                excess[under] += amount
                if not excess[under]:
                    lacking.remove(under)
        return {cell: ranges[n][0] + left[2 * n + 1] for n, cell in enumerate(self._cells)}

    def cheapest(
        self, cell: Cell, sign: int, open_to: Callable[[Cell, int], bool], cost: Callable[[Cell], int]
    ) -> tuple[int, list[Cell]] | None:
        """The cheapest cells through which ``cell`` could grow (1) or shrink (-1), and their cost (Dijkstra 1959)."""
        own = 2 * self._number[cell] + (sign < 0)
        start, end = self._starts[own ^ 1], self._starts[own]
        came, best = [-1] * len(self._from), {start: 0}
        heap = [(0, start)]
        while heap:
            spent, at = heapq.heappop(heap)
            if at == end:
                return spent, [self._cells[arc // 2] for arc in self._trace(came, end)]
            if spent > best[at]:
                continue
            for to, arc in self._from[at]:
                other = self._cells[arc // 2]
                price = spent + cost(other)
                if arc // 2 != own // 2 and open_to(other, -1 if arc % 2 else 1) and price < best.get(to, price + 1):
                    best[to], came[to] = price, arc
                    heapq.heappush(heap, (price, to))
        return None


def _move(left: list[int], path: Iterable[int], amount: int) -> None:
    for arc in path:
        left[arc] -= amount
        left[arc ^ 1] += amount


def bounds(
    layout: Layout, counts: Mapping[Cell, int], withheld: Collection[Cell], limits: Limits,
    only: Collection[Cell] | None = None,
) -> dict[Cell, tuple[int, int]]:  # fmt: skip
    """Smallest and largest value that each withheld cell can have, for who sees the others; of ``only`` where given.

    ``counts``: the true ones, or any that are within ``limits`` and keep every total. At `UNBOUNDED` from the count
    there is no bound.
    """
    network, room, rooms = _hidden(layout, counts, withheld, limits)
    found = {}
    for cell in sorted(withheld if only is None else frozenset(withheld).intersection(only)):
        down, up = (network.slack(cell, way, rooms, room(cell, way)) for way in (-1, 1))
        found[cell] = counts[cell] - down, counts[cell] + up
    return found


def narrow(
    layout: Layout, counts: Mapping[Cell, int], withheld: Collection[Cell], limits: Limits, width: int
) -> Iterator[tuple[Cell, tuple[int, int]]]:
    """As `bounds`, one after the other, of the cells whose bounds lie less than ``width`` apart."""
    network, _, rooms = _hidden(layout, counts, withheld, limits)
    for cell, down, up in network.narrow(rooms, width):
        yield cell, (counts[cell] - down, counts[cell] + up)


def _hidden(
    layout: Layout, counts: Mapping[Cell, int], withheld: Collection[Cell], limits: Limits
) -> tuple[Network, Callable[[Cell, int], int], list[int]]:
    """The network of what is withheld, and the room that each cell and each arc has within ``limits``."""
    network = Network(layout, sorted(withheld))

    def room(cell: Cell, way: int) -> int:
        low, high = limits(cell)
        return high - counts[cell] if way > 0 else counts[cell] - low

    return network, room, network.room(room)
