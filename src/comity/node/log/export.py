"""Writing a log to a folder, so that any static host can serve it: the same bytes as over HTTP (tlog-tiles).

Tiles first, the checkpoint last and in one step: whoever copies the folder meanwhile sees no checkpoint whose tiles
are missing. Writing again adds what is new; partial tiles that a full one has replaced are left in place.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from comity.errors import NotFound, Tampered
from comity.tlog.checkpoint import read_checkpoint
from comity.tlog.tiles import (
    HEIGHT,
    WIDTH,
    Tile,
    encode_entries,
    encode_tile,
    parse_tile_path,
    tile_coordinates,
    tiles_of,
)
from comity.tlog.tree import Coordinate


class LogRows(Protocol):
    """Where a log's rows are read from: `comity.node.keeping.store.Store`, or whatever answers alike."""

    def checkpoint(self) -> tuple[int, bytes] | None:
        """The newest published checkpoint: size and note."""

    def leaves(self, start: int, end: int) -> list[bytes]:
        """The leaves from ``start`` up to but not including ``end``."""

    def hashes(self, coordinates: Sequence[Coordinate]) -> list[bytes]:
        """Nodes of the tree."""


def export_log(rows: LogRows, folder: Path) -> int:
    """Write the published log to ``folder``; how many leaves it has. Only what the folder lacks is written.

    NotFound before anything was published; Tampered when the folder holds a log that this one does not extend.
    """
    newest = rows.checkpoint()
    if newest is None:
        raise NotFound("Nothing was published yet.", "Wait for the first checkpoint.")
    size, note = newest
    old = exported_size(folder)
    if old > size:
        raise Tampered(f"The folder holds {old} leaves, the log {size}: it was rolled back.", "Keep both and compare.")
    write_tiles(folder, tiles_of(old, size), rows)
    write_file(folder / "checkpoint", note)
    return size


def exported_size(folder: Path) -> int:
    """How many leaves the folder's checkpoint names; 0 without one."""
    path = folder / "checkpoint"
    return read_checkpoint(path.read_bytes()).size if path.is_file() else 0


def write_tiles(folder: Path, tiles: Iterable[Tile], rows: LogRows) -> None:
    """Write these tiles and entry bundles."""
    for tile in tiles:
        write_file(folder / tile.path, tile_bytes(tile, rows))


def tile_bytes(tile: Tile, rows: LogRows) -> bytes:
    """The bytes of one tile or entry bundle."""
    if tile.level is None:
        start = tile.index * WIDTH
        return encode_entries(rows.leaves(start, start + tile.width))
    return encode_tile(rows.hashes(tile_coordinates(tile)))


class RowsSource:
    """A `comity.node.auditor.source.LogSource` straight from a node's rows: its own log, for comparing and auditing."""

    def __init__(self, rows: LogRows) -> None:
        """Nothing is read yet."""
        self._rows = rows

    def checkpoint(self) -> bytes:
        """The newest published checkpoint. Raises NotFound."""
        newest = self._rows.checkpoint()
        if newest is None:
            raise NotFound("Nothing was published yet.", "Wait for the first checkpoint.")
        return newest[1]

    def fetch(self, path: str) -> bytes:
        """A tile or entry bundle. Raises NotFound beyond what was published."""
        tile, newest = parse_tile_path(path), self._rows.checkpoint()
        if newest is None or (tile.index * WIDTH + tile.width) << HEIGHT * (tile.level or 0) > newest[0]:
            raise NotFound(f"No published checkpoint covers {path}.", "Read the checkpoint first.")
        return tile_bytes(tile, self._rows)


def write_file(path: Path, data: bytes) -> None:
    """Write a file in one step: a reader sees the old bytes or the new ones, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(data)
    os.replace(draft, path)
