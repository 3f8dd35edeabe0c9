"""Programs of others that read our logs unmodified: Go's sumdb/tlog and note, and the reader tlog-scales."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tlog_scales.backend import TilesBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey, VkeySet

from comity.tlog.encoding import encode_base64
from comity.tlog.tree import inclusion_proof, leaf_hash
from tests.tlog.biglog import LOG, LOG_PQ, SIZES, WITNESSES, entry, read, tree_at

GO_PACKAGES = Path("/usr/share/gocode")  # where Debian's golang-golang-x-mod-dev puts sources
GO_REASON = "needs Go and golang.org/x/mod (Debian: golang-go, golang-golang-x-mod-dev)"
HAS_GO = shutil.which("go") is not None and (GO_PACKAGES / "src/golang.org/x/mod/sumdb/tlog").is_dir()


def build_go(folder: Path) -> Path:
    """Compiles ``go/check.go`` into ``folder``."""
    environment = {"GO111MODULE": "off", "GOPATH": str(GO_PACKAGES), "GOCACHE": str(folder / "c"), "HOME": str(folder)}
    source = Path(__file__).parent / "go" / "check.go"
    subprocess.run(["go", "build", "-o", folder / "check", source], check=True, env={**os.environ, **environment})
    return folder / "check"


def go_says(program: Path, place: Path | str, size: int) -> tuple[int, str]:
    """Exit code and output of the Go program about the test log of this size at a folder or an address."""
    indexes = ",".join(str(index) for index in sorted({0, size // 2, size - 1})) if size else ""
    olds = ",".join(f"{old}:{encode_base64(tree_at(old).root())}" for old in SIZES if 0 < old < size)
    command = [program, place, LOG.vkey.encode(), indexes, olds]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def go_agrees(size: int) -> tuple[int, str]:
    """What `go_says` when all holds: one line verified, the four of keys that Go was not given ignored."""
    return 0, f"OK {size} 1 4\n"


def check_with_scales(backend: TilesBackend, size: int) -> None:
    """Asserts that tlog-scales finds the test log of this size in order."""
    reader = TilesReader(backend)
    checkpoint = reader.get_checkpoint()
    assert (checkpoint.origin, checkpoint.size) == (LOG.name, size)
    keys = VkeySet(*(Vkey.from_string(each.vkey.encode()) for each in (LOG, LOG_PQ, *WITNESSES)))
    assert len(keys.verify(checkpoint.signatures, checkpoint)) == 5
    assert reader.calculate_root_hash() == checkpoint.root_hash
    for index in {0, size // 2, size - 1} if size else ():
        assert reader.get_entry(index) == entry(index)
        proof = reader.get_inclusion_proof(index, size)
        proof.check(leaf_hash(entry(index)), checkpoint.root_hash)
        assert proof.node_hashes == inclusion_proof(index, size, read)
    for old in (each for each in SIZES if 0 < each < size):
        reader.get_consistency_proof(old, size).check(tree_at(old).root(), checkpoint.root_hash)
