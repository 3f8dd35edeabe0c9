"""Erasure in a node of some size: what is erased is nowhere in its folder, and everything else still verifies.

What one erasure does on both sides is in `test_store`; the full size (1 % of 10^5) is run by `make durability`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import erasure_bench


@pytest.mark.slow
def test_one_in_a_hundred_is_erased_and_everything_else_still_verifies(tmp_path: Path) -> None:
    figures = erasure_bench.erase_one_in_a_hundred(tmp_path, 1000)
    assert (figures["records"], figures["erased"]) == ("1,000", "10")
    assert figures["audit"] == "1,010 leaves, nothing wrong"
    assert "all 10 erased" in figures["proofs"]
    assert figures["packages"] == "5 checked"


def test_the_search_finds_bytes_wherever_they_lie(tmp_path: Path) -> None:
    """That finding nothing says something."""
    (tmp_path / "vault").mkdir()
    (tmp_path / "a.db").write_bytes(b"\x00\x01\n" * 3000 + b"a needle of some length" + b"\x00" * 50)
    (tmp_path / "vault" / "blob").write_bytes(b"\xff\xfe" * 70000 + b"\xc3\x28 another needle")
    needles = {b"a needle of some length", b"\xc3\x28 another needle", b"\xff\xfe\xff\xfe\xff\xff"}
    assert erasure_bench.found(tmp_path, needles) == {b"a needle of some length", b"\xc3\x28 another needle"}
