"""Tiles stand where tlog-tiles puts them, and a reader believes only those that lead to the root."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed, NotFound, Unverified
from comity.tlog.tiles import (
    Tile,
    TileReader,
    decode_entries,
    decode_tile,
    encode_entries,
    encode_tile,
    entries_path,
    parse_tile_path,
    subtree_hash,
    tile_coordinates,
    tile_path,
    tiles_of,
)
from comity.tlog.tree import Tree, consistency_proof, frontier_of, inclusion_proof, leaf_hash
from tests.tlog.biglog import SIZES, entry, nodes, read, tree_at


def test_paths_of_the_specification() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(2, 0, 1) == "tile/2/000.p/1"
    assert entries_path(999) == "tile/entries/999"
    assert entries_path(1000, 255) == "tile/entries/x001/000.p/255"


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 10**12), st.integers(1, 256))
def test_each_tile_has_one_path(level: int | None, index: int, width: int) -> None:
    assert parse_tile_path(Tile(level, index, width).path) == Tile(level, index, width)


@pytest.mark.parametrize("path", [
    "tile/0/0", "tile/0/1000", "tile/0/x000/000", "tile/00/000", "tile/64/000", "tile/0/000.p/0", "tile/0/000.p/256",
    "tile/0/000.p/01", "tile/0/../000", "tile/0/000/", "/tile/0/000", "tile/0/001/000", "tile/0/x001", "tile/-1/000",
    "tile/8/0/000", "tile/data/000", "tile/0/\u0660\u0660\u0660", "tile/0/000\n", "tile/0/" + "x001/" * 40 + "000",
])  # fmt: skip
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(Malformed):
        parse_tile_path(path)


@pytest.mark.parametrize("place", [(64, 0, 256), (-1, 0, 256), (0, -1, 256), (0, 0, 0), (0, 0, 257)])
def test_impossible_tiles_have_no_path(place: tuple[int, int, int]) -> None:
    with pytest.raises(Malformed):
        tile_path(*place)


def counts(size: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for tile in tiles_of(0, size):
        name = f"{'entries' if tile.level is None else tile.level}{'' if tile.width == 256 else f'.p/{tile.width}'}"
        found[name] = found.get(name, 0) + 1
    return found


def test_which_tiles_a_tree_has() -> None:
    # The examples of tlog-tiles, "Partial Tiles".
    assert counts(70_000) == {
        "entries": 273, "entries.p/112": 1, "0": 273, "0.p/112": 1, "1": 1, "1.p/17": 1, "2.p/1": 1,
    }  # fmt: skip
    assert counts(256) == {"entries": 1, "0": 1, "1.p/1": 1}
    assert counts(0) == {}


@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_growing_adds_what_is_missing(one: int, two: int) -> None:
    old, new = sorted((one, two))
    assert {*tiles_of(0, old), *tiles_of(old, new)} >= set(tiles_of(0, new))
    assert not set(tiles_of(0, old)) & set(tiles_of(old, new))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundles_round_trip_and_cut_ones_are_refused(entries: list[bytes]) -> None:
    data = encode_entries(entries)
    assert decode_entries(data, len(entries)) == entries
    for wrong in (data[:-1], data + b"\0", data + b"\0\0"):
        with pytest.raises(Malformed):
            decode_entries(wrong, len(entries))
    with pytest.raises(Malformed):
        decode_entries(data, len(entries) + 1)


def test_encodings_have_limits() -> None:
    assert encode_entries([b"x" * 65535]) == b"\xff\xff" + b"x" * 65535
    for entries in ([], [b"x" * 65536], [b""] * 257):
        with pytest.raises(Malformed):
            encode_entries(entries)
    for hashes in ([], [b"x" * 31], [b"x" * 32] * 257):
        with pytest.raises(Malformed):
            encode_tile(hashes)
    with pytest.raises(Malformed):
        decode_tile(b"x" * 63, 2)


class Files:
    """Tiles made when asked for, of a log that holds full tiles and the partial ones of ``size``."""

    def __init__(self, size: int, partial: bool = True) -> None:
        self.size, self.partial, self.changes = size, partial, dict[str, bytes]()

    def __call__(self, path: str) -> bytes:
        if path in self.changes:
            return self.changes[path]
        tile = parse_tile_path(path)
        if tile.width < 256 and not self.partial:
            raise NotFound("There is no such tile.")
        places = tile_coordinates(tile)
        if tile.level is None:
            return encode_entries([entry(index) for _, index in places])
        return encode_tile([nodes()[place] for place in places])


@pytest.mark.parametrize("size", SIZES)
def test_reader_reads_every_size_from_a_folder(folders: dict[int, Path], size: int) -> None:
    reader = TileReader(size, tree_at(size).root(), lambda path: (folders[size] / path).read_bytes())
    assert frontier_of(size, reader) == tree_at(size).frontier
    for index in {0, size // 2, size - 1} if size else ():
        assert inclusion_proof(index, size, reader) == inclusion_proof(index, size, read)
        assert reader.entries(index // 256)[index % 256] == entry(index)
    for old in (each for each in SIZES if each < size):
        assert consistency_proof(old, size, reader) == consistency_proof(old, size, read)


@given(st.integers(1, 70_000), st.data())
def test_reader_gives_every_node(size: int, data: st.DataObject) -> None:
    level = data.draw(st.integers(0, size.bit_length() - 1))
    index = data.draw(st.integers(0, (size >> level) - 1))
    reader = TileReader(size, tree_at(size).root(), Files(size))
    assert reader([(level, index)]) == [nodes()[level, index]]


@given(st.sampled_from([1, 3, 256, 257, 300, 65536, 65537, 66000]), st.data())
def test_no_altered_tile_is_believed(size: int, data: st.DataObject) -> None:
    files = Files(size)
    asked: list[str] = []
    index = data.draw(st.integers(0, size - 1))

    def fetch(path: str) -> bytes:
        asked.append(path)
        return files(path)

    TileReader(size, tree_at(size).root(), fetch).entries(index // 256)
    path = data.draw(st.sampled_from(asked))
    good = files(path)
    place = data.draw(st.integers(0, len(good) - 1))
    changed = good[:place] + bytes([good[place] ^ data.draw(st.integers(1, 255))]) + good[place + 1 :]
    files.changes[path] = data.draw(st.sampled_from([changed, good[:-1], good[:-32], good + good[-32:], b""]))
    reader = TileReader(size, tree_at(size).root(), files)
    for _ in range(2):  # a second try must not find the first one's tiles trusted
        with pytest.raises((Malformed, Unverified)):
            reader.entries(index // 256)


@pytest.mark.parametrize(("size", "levels"), [(257, 1), (65536, 1), (65536, 2), (65537, 1), (66000, 2)])
def test_a_lie_told_alike_in_bundle_and_tiles_is_not_believed(size: int, levels: int) -> None:
    """Whoever swaps a leaf also swaps its hash, and the hashes above it as far as there are full tiles."""
    files, index = Files(size), 7
    entries = [b"swapped" if each == index else entry(each) for each in range(256)]
    files.changes["tile/entries/000"] = encode_entries(entries)
    hashes = [leaf_hash(each) for each in entries]
    for level in range(levels):
        files.changes[f"tile/{level}/000"] = encode_tile(hashes)
        below = subtree_hash(hashes)
        hashes = [below, *decode_tile(Files(size)(f"tile/{level + 1}/000"))[1:]] if level + 1 < levels else []
    reader = TileReader(size, tree_at(size).root(), files)
    for _ in range(2):
        with pytest.raises(Unverified):
            reader.entries(0)
        with pytest.raises(Unverified):
            reader([(0, index)])


def test_partial_tiles_that_are_gone_are_cut_from_full_ones() -> None:
    reader = TileReader(300, tree_at(300).root(), Files(300, partial=False))
    assert reader.entries(1) == [entry(index) for index in range(256, 300)]
    with pytest.raises(NotFound):
        TileReader(300, tree_at(300).root(), not_there).entries(0)


def not_there(path: str) -> bytes:
    raise NotFound(f"There is no {path}.")


def test_what_a_tree_does_not_have_is_refused() -> None:
    reader = TileReader(300, tree_at(300).root(), Files(300))
    for place in [(0, 300), (9, 0), (-1, 0), (0, -1), (2, 75)]:
        with pytest.raises(Malformed):
            reader([place])
    with pytest.raises(Malformed):
        reader.entries(2)
    with pytest.raises(Unverified):
        frontier_of(0, TileReader(0, tree_at(1).root(), Files(0)))
    assert Tree().root() == tree_at(0).root()
