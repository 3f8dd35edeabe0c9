"""A copy of a log of another: the files that anyone may serve, carry away on a stick, and audit without the node.

Every tile and bundle is written as it follows from the checkpoint, never as it came; the checkpoint comes last. A copy
made again adds what is new.

Left to others: what the leaves say (`comity.node.auditor`), whom to trust (the reader's policy).
"""

from __future__ import annotations

from pathlib import Path

from comity.errors import Tampered
from comity.node.auditor.source import LogSource, tree_of
from comity.node.auditor.state import AuditState
from comity.node.log.export import exported_size, write_file
from comity.tlog.checkpoint import Checkpoint, read_checkpoint
from comity.tlog.tiles import WIDTH, encode_entries, encode_tile, tile_coordinates, tiles_of
from comity.tlog.unsealed import unsealed_path


def copy_log(source: LogSource, note: bytes, folder: Path, state: AuditState) -> int:
    """Copy the log under the checkpoint ``note``, whose leaves ``state`` has verified, to ``folder``; how many leaves.

    Raises NotFound or Unreachable for what the source does not serve, Unverified for what does not lead to the root,
    Tampered where the folder holds more than the log.
    """
    checkpoint = read_checkpoint(note)
    if (held := exported_size(folder)) > checkpoint.size:
        raise Tampered(
            f"The copy has {held} leaves, the log {checkpoint.size}: it was rolled back.", "Keep both and compare."
        )
    keep_tiles(checkpoint, source, folder, entries=True)
    _keep_openings(source, folder, state)
    write_file(folder / "checkpoint", note)
    return checkpoint.size


def keep_tiles(checkpoint: Checkpoint, source: LogSource, folder: Path, *, entries: bool) -> None:
    """Write what ``folder`` lacks under ``checkpoint``: the tiles of hashes; without ``entries``, from level 1 on."""
    read = tree_of(checkpoint, source.fetch)
    for tile in tiles_of(exported_size(folder), checkpoint.size):
        if tile.level is None and entries:
            write_file(folder / tile.path, encode_entries(read.entries(tile.index)))
        elif tile.level is not None and (tile.level or entries):
            write_file(folder / tile.path, encode_tile(read(tile_coordinates(tile))))


def _keep_openings(source: LogSource, folder: Path, state: AuditState) -> None:
    """The openings of what was unsealed, file by file; a full file is fetched once."""
    index, last = 0, -1
    while unseals := state.unseals(last, WIDTH):
        path = unsealed_path(index, len(unseals))
        if len(unseals) < WIDTH or not (folder / path).is_file():
            write_file(folder / path, source.fetch(path))
        index, last = index + 1, unseals[-1][0]
