"""What is entered together: the rows of one transaction, by table. Entering them is `store`'s."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

LeafRow = tuple[int, bytes]  # position, leaf; in the order of the table's columns, as the next
NodeRow = tuple[int, int, bytes]  # level, index, hash


@dataclass(slots=True)
class Batch:
    """Rows to be entered together. ``expected_size`` is the size of the log they extend."""

    expected_size: int
    records: list[dict[str, Any]] = field(default_factory=list)
    sections: list[dict[str, Any]] = field(default_factory=list)
    leaves: list[LeafRow] = field(default_factory=list)
    nodes: list[NodeRow] = field(default_factory=list)
    outbox: list[dict[str, Any]] = field(default_factory=list)
    counterproofs: list[dict[str, Any]] = field(default_factory=list)
    exhibits: list[dict[str, Any]] = field(default_factory=list)
    erase_records: list[str] = field(default_factory=list)
    uses: list[dict[str, Any]] = field(default_factory=list)
    erase_exhibits: list[dict[str, Any]] = field(default_factory=list)  # exhibit and docket, as in ``uses``
    erase_blobs: list[str] = field(default_factory=list)
    sides: list[dict[str, Any]] = field(default_factory=list)
    peer_places: list[dict[str, Any]] = field(default_factory=list)
    padding: list[dict[str, Any]] = field(default_factory=list)
    seals: list[dict[str, Any]] = field(default_factory=list)
    sealed_totals: list[dict[str, Any]] = field(default_factory=list)
    escrows: list[dict[str, Any]] = field(default_factory=list)
    seal_terms: list[dict[str, Any]] = field(default_factory=list)
    unsealed: list[dict[str, int]] = field(default_factory=list)  # ref, by
    extended: list[dict[str, Any]] = field(default_factory=list)  # ref, by, to

    def lengths(self) -> tuple[int, ...]:
        """How many rows of each kind there are, for `cut`."""
        return tuple(len(rows) for rows in self._lists())

    def cut(self, lengths: tuple[int, ...]) -> None:
        """Throw away what was added since `lengths` was asked."""
        for rows, length in zip(self._lists(), lengths, strict=True):
            del rows[length:]

    def _lists(self) -> list[list[Any]]:
        return [getattr(self, name) for name in _LISTS]


_LISTS = [f.name for f in fields(Batch) if f.default_factory is list]
