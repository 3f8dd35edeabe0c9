"""One log of 256,001 cheap entries for the whole session, and folders of its tiles at the sizes where formats turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.note import NoteSigner
from comity.tlog.tiles import encode_entries, encode_tile, tile_coordinates, tiles_of
from tests.tlog.biglog import LOG, LOG_PQ, NOW, SIZES, WITNESSES, entry, nodes, tree_at


def write_tiles(folder: Path, old: int, new: int) -> None:
    stored = nodes()
    for tile in tiles_of(old, new):
        places = tile_coordinates(tile)
        if tile.level is None:
            data = encode_entries([entry(index) for _, index in places])
        else:
            data = encode_tile([stored[place] for place in places])
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A folder per size: its own checkpoint, and the tiles that all sizes share."""
    shared = tmp_path_factory.mktemp("log")
    (shared / "tile").mkdir()
    found = {}
    for old, size in zip([0, *SIZES], SIZES, strict=False):
        write_tiles(shared, old, size)
        folder = tmp_path_factory.mktemp(f"at-{size}")
        (folder / "tile").symlink_to(shared / "tile")
        text = Checkpoint(LOG.name, size, tree_at(size).root())
        signers: list[NoteSigner] = [LOG, LOG_PQ.at(NOW), *(witness.at(NOW) for witness in WITNESSES)]
        (folder / "checkpoint").write_bytes(sign_checkpoint(text, signers))
        found[size] = folder
    return found
