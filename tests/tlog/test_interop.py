"""Programs of others read what we write, unmodified, at the sizes where formats turn: from a folder and over HTTP.

Over HTTP it is a node's own store that is read, through the routes that a node serves.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx2
import pytest
from tlog_scales.backend import HttpBackend, LocalBackend

from tests.tlog.biglog import SIZES, SMALL
from tests.tlog.outsiders import GO_REASON, HAS_GO, build_go, check_with_scales, go_agrees, go_says
from tests.tlog.served import served_log

needs_go = pytest.mark.skipif(not HAS_GO, reason=GO_REASON)


@pytest.fixture(scope="session")
def go_check(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_go(tmp_path_factory.mktemp("go"))


@pytest.mark.parametrize("size", SIZES)
def test_tlog_scales_reads_our_folder(folders: dict[int, Path], size: int) -> None:
    check_with_scales(LocalBackend(folders[size]), size)


@needs_go
def test_go_reads_our_folders(go_check: Path, folders: dict[int, Path]) -> None:
    for size in SIZES:
        assert go_says(go_check, folders[size], size) == go_agrees(size)


def test_both_read_a_node_over_http(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    go_check = request.getfixturevalue("go_check") if HAS_GO else None
    with served_log(tmp_path) as served:
        for size in SIZES:
            served.sign(size)
            check_with_scales(HttpBackend(served.url), size)
            if go_check is not None:
                assert go_says(go_check, served.url, size) == go_agrees(size)


NO_TILE = (
    "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/4", "tile/0/001", "tile/0/x001/234",
    "tile/1/000", "tile/1/000.p/1", "tile/64/000.p/1", "tile/00/000.p/1", "tile/0/00", "tile/0/x000/000", "tile/0/000/",
    "tile/entries/000", "tile/entries/000.p/4", "tile/entries/x000/000.p/1", "tile/0/..%2f0/000.p/1", "tile/",
    "unsealed/000.p/0", "unsealed/000.p/1", "unsealed/x",
)  # fmt: skip


def test_what_no_tree_of_this_size_has_is_not_there(tmp_path: Path) -> None:
    """As with static files: 404, and no cache keeps it, for the tile may come with the next checkpoint."""
    with served_log(tmp_path, SMALL) as served, httpx2.Client(base_url=served.url, trust_env=False) as http:
        assert http.get("checkpoint").status_code == 404
        served.sign(3)
        for path in NO_TILE:
            answer = http.get(path)
            assert (answer.status_code, answer.headers.get("cache-control")) == (404, "no-store"), path
        for path, size in (("tile/0/000.p/3", 96), ("tile/0/000.p/1", 32), ("tile/entries/000.p/3", 27)):
            answer = http.get(path)
            assert (len(answer.content), answer.headers["content-type"]) == (size, "application/octet-stream"), path
            assert "immutable" in answer.headers["cache-control"]
        plain = http.get("tile/entries/000.p/3", headers={"accept-encoding": "identity, gzip;q=0"})
        assert "content-encoding" not in plain.headers
        packed = http.get("tile/entries/000.p/3", headers={"accept-encoding": "br, gzip;q=0.5"})
        assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
        assert packed.content == plain.content
        assert "content-encoding" not in http.get("tile/0/000.p/3").headers
        note = http.get("checkpoint")
        assert note.headers["content-type"] == "text/plain; charset=utf-8"
        assert note.headers["cache-control"] == "no-cache"


@needs_go
def test_go_refuses_a_poisoned_tile(go_check: Path, folders: dict[int, Path], tmp_path: Path) -> None:
    shutil.copytree(folders[257], tmp_path / "log", ignore=lambda _, names: {"x000", "x001"} & set(names))
    tile = tmp_path / "log" / "tile" / "0" / "000"
    data = bytearray(tile.read_bytes())
    data[5] ^= 1
    tile.write_bytes(data)
    assert go_says(go_check, tmp_path / "log", 257)[0] == 1
