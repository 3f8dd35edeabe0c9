"""The fast reading of leaves accepts what `parse_leaf` accepts, says the same, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed
from comity.tlog.encoding import encode_base64
from comity.tlog.leaf import KINDS, parse_leaf
from comity.tlog.leaf_scan import LeafFacts, Unreadable, row_root, scan_leaf, scan_leaves
from comity.tlog.tiles import subtree_hash
from tests.audit.shown import act, commitment

HASH = encode_base64(commitment(7))
LOOSE = HASH[:42] + "B="  # the two spare bits are not zero
lines = st.sampled_from([
    "act-leaf/v1", "act-leaf/v2", *sorted(KINDS), "other", "", HASH, LOOSE, HASH[:-1], "-", "until 2027-03-01",
    "until 2027-03-02", "until 0000-01-01", "until 2027-13-01", "ref 5", "ref 05", "ref 5 until 2027-03-01",
    "ref 9223372036854775807", "ref 9223372036854775808", "ref -1", "ref 5\r", "ref \uff15", " ",
])  # fmt: skip
shaped = st.tuples(
    st.sampled_from(["act-leaf/v1", "act-leaf/v1 "]), lines, lines, lines, st.lists(lines, max_size=2),
    st.sampled_from(["\n", "", "\n\n"]),
).map(lambda each: ("\n".join([*each[:3], each[3], *each[4]]) + each[5]).encode())  # fmt: skip


def said(data: bytes) -> LeafFacts | None:
    try:
        leaf = parse_leaf(data)
    except Malformed:
        return None
    until = leaf.until.isoformat() if leaf.until else None
    return LeafFacts(leaf.kind, leaf.commitment, leaf.ref, until, leaf.count)


def scanned(data: bytes) -> LeafFacts | None:
    try:
        return scan_leaf(data)
    except Malformed:
        return None


@given(shaped | st.binary(max_size=600))
def test_both_readings_agree(data: bytes) -> None:
    assert scanned(data) == said(data)


@given(st.sampled_from(sorted(KINDS)), st.binary(min_size=32, max_size=32), st.integers(0, 2**64), st.data())
def test_both_readings_agree_on_leaves_and_their_neighbours(
    kind: str, value: bytes, ref: int, data: st.DataObject
) -> None:
    year, month = data.draw(st.integers(0, 9999)), data.draw(st.integers(0, 13))
    until = f"until {year:04d}-{month:02d}-01"
    public = {"sealed": until, "extend": f"ref {ref} {until}", "unseal": f"ref {ref}", "erase": f"ref {ref}"}
    leaf = bytearray(f"act-leaf/v1\n{kind}\n{encode_base64(value)}\n{public.get(kind, '-')}\n".encode())
    assert scanned(bytes(leaf)) == said(bytes(leaf))
    leaf[data.draw(st.integers(0, len(leaf) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert scanned(bytes(leaf)) == said(bytes(leaf))


def test_a_leaf_that_is_none_is_shown_and_an_unknown_kind_is_named() -> None:
    good, bad, unknown = act(1), b"\xff", act(1).replace(b"request", b"wiretap")
    found = scan_leaves([good, bad, unknown])
    assert isinstance(found[0], LeafFacts)
    assert isinstance(found[1], Unreadable)
    assert found[1].kind == ""
    assert isinstance(found[2], Unreadable)
    assert found[2].kind == "wiretap"


@pytest.mark.parametrize("count", [1, 2, 64, 256])
def test_row_root_is_the_subtree_hash(count: int) -> None:
    row = [commitment(index) for index in range(count)]
    assert row_root(row) == subtree_hash(row)
