"""Tiles (C2SP tlog-tiles): the tree and its entries as static files that any cache may serve.

Paths, the bytes of hash tiles and entry bundles, which of them a tree of some size has, and a reader that believes a
tile only when it leads to the root of a checkpoint. Writing and fetching files is left to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from comity.errors import Malformed, NotFound, Unverified
from comity.tlog.encoding import HASH_SIZE
from comity.tlog.tree import Coordinate, fold, leaf_hash, node_hash

HEIGHT = 8
WIDTH = 256
MAX_ENTRY = 65535
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)
_MEND = "Fetch it again from another copy of the log; if it stays so, tell oversight."


@dataclass(frozen=True)
class Tile:
    """A tile's place: ``level`` counts in steps of 256 (None: the entry bundle), ``width`` 256 means full."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Relative path, ``tile/<L>/<N>[.p/<W>]`` or ``tile/entries/<N>[.p/<W>]``."""
        return _path("entries" if self.level is None else str(self.level), self.index, self.width)

    def full(self) -> Tile:
        """The full tile in the same place."""
        return Tile(self.level, self.index)


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Path of a hash tile, as `tile/0/x001/x234/067.p/5`. Raises Malformed."""
    if not 0 <= level <= 63:
        raise Malformed(f"There is no tile level {level}.", "Use a level from 0 to 63.")
    return _path(str(level), index, width)


def entries_path(index: int, width: int = WIDTH) -> str:
    """Path of an entry bundle. Raises Malformed."""
    return _path("entries", index, width)


def _path(level: str, index: int, width: int) -> str:
    if index < 0 or not 1 <= width <= WIDTH:
        raise Malformed(f"There is no tile {index} of width {width}.", "Use an index from 0 and a width of 1 to 256.")
    parts = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03d}")
    suffix = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(parts)}{suffix}"


def parse_tile_path(path: str) -> Tile:
    """The tile a path names; each tile has one path. Raises Malformed."""
    match = _PATH.fullmatch(path)
    if match is None or len(path) > 64:
        raise Malformed("This is not the path of a tile.", "See C2SP tlog-tiles for paths.")
    level = None if match["level"] == "entries" else int(match["level"])
    index = int(match["index"].replace("/", "").replace("x", ""))
    tile = Tile(level, index, int(match["width"] or WIDTH))
    if (level or 0) > 63 or tile.width > WIDTH or tile.path != path:
        raise Malformed("This is not the path of a tile, or not its canonical one.", "See C2SP tlog-tiles for paths.")
    return tile


def tiles_of(old: int, new: int) -> Iterator[Tile]:
    """Hash tiles and entry bundles that a tree of ``new`` leaves has and one of ``old`` (0 for all) had not."""
    levels: list[int | None] = [None, *range((max(new, 1).bit_length() + HEIGHT - 1) // HEIGHT)]
    for level in levels:
        before, after = old >> HEIGHT * (level or 0), new >> HEIGHT * (level or 0)
        if after > before:
            yield from (Tile(level, index) for index in range(before // WIDTH, after // WIDTH))
            if after % WIDTH:
                yield Tile(level, after // WIDTH, after % WIDTH)


def tile_coordinates(tile: Tile) -> list[Coordinate]:
    """The tree's nodes that a hash tile holds, in order: what to read to encode it."""
    level = HEIGHT * (tile.level or 0)
    start = tile.index * WIDTH
    return [(level, index) for index in range(start, start + tile.width)]


def encode_tile(hashes: Sequence[bytes]) -> bytes:
    """Bytes of a hash tile. Raises Malformed unless it is 1 to 256 hashes of 32 bytes."""
    if not 1 <= len(hashes) <= WIDTH or any(len(value) != HASH_SIZE for value in hashes):
        raise Malformed("A tile holds 1 to 256 hashes of 32 bytes.", "Make the tile again from the tree.")
    return b"".join(hashes)


def decode_tile(data: bytes, width: int = WIDTH) -> list[bytes]:
    """The ``width`` hashes of a tile. Raises Malformed."""
    if len(data) != width * HASH_SIZE:
        raise Malformed(f"A tile of {width} hashes has {width * HASH_SIZE} bytes; this has {len(data)}.", _MEND)
    return [data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE)]


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Bytes of an entry bundle: each entry after its length in two bytes. Raises Malformed."""
    if not 1 <= len(entries) <= WIDTH or any(len(entry) > MAX_ENTRY for entry in entries):
        raise Malformed(f"A bundle holds 1 to 256 entries of at most {MAX_ENTRY} bytes.", "Log smaller entries.")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(data: bytes, width: int = WIDTH) -> list[bytes]:
    """The ``width`` entries of a bundle. Raises Malformed when it is truncated or holds more."""
    entries: list[bytes] = []
    position = 0
    while position + 2 <= len(data) and len(entries) < width:
        start = position + 2
        position = start + int.from_bytes(data[position:start], "big")
        entries.append(data[start:position])
    if position != len(data) or len(entries) != width:
        raise Malformed(f"The bundle does not hold exactly {width} whole entries.", _MEND)
    return entries


def subtree_hash(hashes: Sequence[bytes]) -> bytes:
    """Root of a complete subtree over 1, 2, 4 ... 256 hashes."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[place], row[place + 1]) for place in range(0, len(row), 2)]
    return row[0]


Fetch = Callable[[str], bytes]


class TileReader:
    """A `HashReader` over the tiles of one checkpoint. Nothing is believed that does not lead to ``root``.

    ``fetch`` takes a relative path; it raises NotFound for what is not there. The partial tiles at the right edge are
    checked against the root together, every other tile against the hash its parent tile holds of it.
    """

    def __init__(self, size: int, root: bytes, fetch: Fetch) -> None:
        self.size, self.root, self._fetch = size, root, fetch
        self._edge: dict[int, list[bytes]] | None = None
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def __call__(self, coordinates: Sequence[Coordinate]) -> list[bytes]:
        """The hashes of these nodes. Raises NotFound, Malformed, Unverified."""
        self._check_edge()
        return [self._node(level, index) for level, index in coordinates]

    def entries(self, index: int) -> list[bytes]:
        """The entries of bundle ``index``, each checked against its leaf hash. Raises as the call does."""
        hashes = self._tile(0, index)
        found = decode_entries(self._get(Tile(None, index, len(hashes))), len(hashes))
        if [leaf_hash(entry) for entry in found] != hashes:
            raise Unverified(f"Entry bundle {index} is not what the checkpoint commits to.", _MEND)
        return found

    def _node(self, level: int, index: int) -> bytes:
        if level < 0 or index < 0 or (index + 1) << level > self.size:
            raise Malformed(f"A tree of {self.size} leaves has no node ({level}, {index}).", "Ask for a node it has.")
        above, height = divmod(level, HEIGHT)
        start = index << height
        hashes = self._tile(above, start // WIDTH)
        return subtree_hash(hashes[start % WIDTH : start % WIDTH + (1 << height)])

    def _tile(self, level: int, index: int) -> list[bytes]:
        edge = self._check_edge()
        complete = self.size >> HEIGHT * level
        if index == complete // WIDTH and complete % WIDTH:
            return edge[level]
        if index >= complete // WIDTH:
            raise Malformed(f"A tree of {self.size} leaves has no tile {index} at level {level}.", "Ask within it.")
        if (level, index) not in self._tiles:
            hashes = decode_tile(self._fetch(Tile(level, index).path))
            if subtree_hash(hashes) != self._tile(level + 1, index // WIDTH)[index % WIDTH]:
                raise Unverified(f"Tile {Tile(level, index).path} is not what the checkpoint commits to.", _MEND)
            self._tiles[level, index] = hashes
        return self._tiles[level, index]

    def _check_edge(self) -> dict[int, list[bytes]]:
        """The partial tiles of every level, once they have been seen to make up the root."""
        if self._edge is None:
            edge: dict[int, list[bytes]] = {}
            for level in range((self.size.bit_length() + HEIGHT - 1) // HEIGHT):
                index, width = divmod(self.size >> HEIGHT * level, WIDTH)
                if width:
                    edge[level] = decode_tile(self._get(Tile(level, index, width)), width)
            frontier = [root for level in sorted(edge, reverse=True) for root in _complete(edge[level])]
            if fold(frontier) != self.root:
                raise Unverified("The tiles at the edge of the log do not make up the root of the checkpoint.", _MEND)
            self._edge = edge
        return self._edge

    def _get(self, tile: Tile) -> bytes:
        """A tile's bytes; a partial one that is gone is cut from the full one (tlog-tiles, "Partial Tiles")."""
        try:
            return self._fetch(tile.path)
        except NotFound:
            if tile.width == WIDTH:
                raise
            data = self._fetch(tile.full().path)
            if tile.level is not None:
                return data[: tile.width * HASH_SIZE]
            return encode_entries(decode_entries(data)[: tile.width])


def _complete(hashes: Sequence[bytes]) -> Iterator[bytes]:
    """Roots of the complete subtrees over a partial tile, largest first."""
    start = 0
    for height in range(HEIGHT - 1, -1, -1):
        if len(hashes) >> height & 1:
            yield subtree_hash(hashes[start : start + (1 << height)])
            start += 1 << height
