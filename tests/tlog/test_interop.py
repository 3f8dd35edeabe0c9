"""Programs of others read a folder that we wrote, unmodified: the reader tlog-scales, and Go's sumdb/tlog and note."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey as ScalesVkey
from tlog_scales.signing import VkeySet

from comity.tlog.encoding import encode_base64
from comity.tlog.tree import inclusion_proof, leaf_hash
from tests.tlog.biglog import LOG, LOG_PQ, SIZES, WITNESSES, entry, read, tree_at

GO_PACKAGES = Path("/usr/share/gocode")  # where Debian's golang-golang-x-mod-dev puts sources
GO_REASON = "needs Go and golang.org/x/mod (Debian: golang-go, golang-golang-x-mod-dev)"
HAS_GO = shutil.which("go") is not None and (GO_PACKAGES / "src/golang.org/x/mod/sumdb/tlog").is_dir()


@pytest.mark.parametrize("size", SIZES)
def test_tlog_scales_reads_our_folder(folders: dict[int, Path], size: int) -> None:
    reader = TilesReader(LocalBackend(folders[size]))
    checkpoint = reader.get_checkpoint()
    assert (checkpoint.origin, checkpoint.size) == (LOG.name, size)
    keys = VkeySet(*(ScalesVkey.from_string(each.vkey.encode()) for each in (LOG, LOG_PQ, *WITNESSES)))
    assert len(keys.verify(checkpoint.signatures, checkpoint)) == 5
    assert reader.calculate_root_hash() == checkpoint.root_hash
    for index in {0, size // 2, size - 1} if size else ():
        assert reader.get_entry(index) == entry(index)
        proof = reader.get_inclusion_proof(index, size)
        proof.check(leaf_hash(entry(index)), checkpoint.root_hash)
        assert proof.node_hashes == inclusion_proof(index, size, read)
    for old in (each for each in SIZES if 0 < each < size):
        reader.get_consistency_proof(old, size).check(tree_at(old).root(), checkpoint.root_hash)


@pytest.fixture(scope="session")
def go_check(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("go")
    environment = {"GO111MODULE": "off", "GOPATH": str(GO_PACKAGES), "GOCACHE": str(folder / "c"), "HOME": str(folder)}
    source = Path(__file__).parent / "go" / "check.go"
    subprocess.run(["go", "build", "-o", folder / "check", source], check=True, env={**os.environ, **environment})
    return folder / "check"


def run(program: Path, folder: Path, size: int) -> tuple[int, str]:
    indexes = ",".join(str(index) for index in sorted({0, size // 2, size - 1})) if size else ""
    olds = ",".join(f"{old}:{encode_base64(tree_at(old).root())}" for old in SIZES if 0 < old < size)
    command: list[str | Path] = [program, folder, LOG.vkey.encode(), indexes, olds]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.skipif(not HAS_GO, reason=GO_REASON)
def test_go_reads_our_folders(go_check: Path, folders: dict[int, Path]) -> None:
    for size in SIZES:
        # One line verified, the four of keys Go was not given ignored.
        assert run(go_check, folders[size], size) == (0, f"OK {size} 1 4\n")


@pytest.mark.skipif(not HAS_GO, reason=GO_REASON)
def test_go_refuses_a_poisoned_tile(go_check: Path, folders: dict[int, Path], tmp_path: Path) -> None:
    shutil.copytree(folders[257], tmp_path / "log", ignore=lambda _, names: {"x000", "x001"} & set(names))
    tile = tmp_path / "log" / "tile" / "0" / "000"
    data = bytearray(tile.read_bytes())
    data[5] ^= 1
    tile.write_bytes(data)
    assert run(go_check, tmp_path / "log", 257)[0] == 1
