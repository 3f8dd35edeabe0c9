"""The leaf has one spelling, the commitment one opening."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed, Unverified
from comity.tlog.leaf import KINDS, ActLeaf, check_opening, commit, parse_leaf

SALT = bytes(range(32))
C64 = "Y" * 42 + "8="


def test_commitment_known_answer() -> None:
    # Recorded from a shell: the fields printed one after another with printf, through sha256sum (coreutils).
    found = commit(SALT, "request", b'{"kind":"demand"}', b"sig")
    assert found.hex() == "369451b412f9fa4eadeea150f5f388ea8136ec053b0246c2fbf98df938d5281b"


@given(st.tuples(st.text("abc", min_size=1, max_size=4), st.binary(max_size=6), st.binary(max_size=6)),
       st.tuples(st.text("abc", min_size=1, max_size=4), st.binary(max_size=6), st.binary(max_size=6)))
def test_other_fields_other_commitment(one: tuple[str, bytes, bytes], two: tuple[str, bytes, bytes]) -> None:
    assert (commit(SALT, *one) == commit(SALT, *two)) == (one == two)


def test_opening() -> None:
    leaf = ActLeaf("request", commit(SALT, "request", b"r", b"s"))
    check_opening(leaf, SALT, "request", b"r", b"s")
    sealed = ActLeaf("sealed", commit(SALT, "request", b"r", b"s"), "until 2027-03-01")
    check_opening(sealed, SALT, "request", b"r", b"s")
    for opening in [(SALT, "request", b"x", b"s"), (SALT, "request", b"r", b"x"), (bytes(32), "request", b"r", b"s")]:
        with pytest.raises(Unverified):
            check_opening(leaf, *opening)
    liar = ActLeaf("refusal", commit(SALT, "request", b"r", b"s"))
    with pytest.raises(Unverified, match="the log lies"):
        check_opening(liar, SALT, "request", b"r", b"s")


@pytest.mark.parametrize(("salt", "kind"), [(b"short", "request"), (SALT, ""), (SALT, "sealed"), (SALT, "x" * 256)])
def test_bad_commitments_are_refused(salt: bytes, kind: str) -> None:
    with pytest.raises(Malformed):
        commit(salt, kind, b"", b"")


PUBLIC = {"sealed": "until 2027-03-01", "extend": "ref 12345 until 2027-09-01", "unseal": "ref 0", "erase": "ref 7"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_round_trips(kind: str) -> None:
    leaf = ActLeaf(kind, SALT, PUBLIC.get(kind, "-"), SALT if kind == "sealed" else None)
    data = leaf.encode()
    assert parse_leaf(data) == leaf
    assert len(data) <= 512
    assert data.startswith(b"act-leaf/v1\n" + kind.encode() + b"\n")


def test_reference_and_date_are_read() -> None:
    leaf = ActLeaf("extend", SALT, "ref 12345 until 2027-09-01")
    assert (leaf.ref, leaf.until) == (12345, datetime.date(2027, 9, 1))
    assert ActLeaf("request", SALT).ref is None


BAD = {
    "no newline at the end": f"act-leaf/v1\nrequest\n{C64}\n-",
    "line too many": f"act-leaf/v1\nrequest\n{C64}\n-\n\n",
    "CRLF": f"act-leaf/v1\r\nrequest\r\n{C64}\r\n-\r\n",
    "unknown kind": f"act-leaf/v1\ndemand\n{C64}\n-\n",
    "capital": f"act-leaf/v1\nRequest\n{C64}\n-\n",
    "other version": f"act-leaf/v2\nrequest\n{C64}\n-\n",
    "base64 with loose bits": f"act-leaf/v1\nrequest\n{C64[:-2]}9=\n-\n",
    "31 bytes": f"act-leaf/v1\nrequest\n{'A' * 42}==\n-\n",
    "empty public": f"act-leaf/v1\nrequest\n{C64}\n\n",
    "date where none may be": f"act-leaf/v1\nrequest\n{C64}\nuntil 2027-03-01\n",
    "reference where none may be": f"act-leaf/v1\nrequest\n{C64}\nref 3\n",
    "sealed without a date": f"act-leaf/v1\nsealed\n{C64}\n-\n",
    "sealed with a day": f"act-leaf/v1\nsealed\n{C64}\nuntil 2027-03-02\n",
    "no such month": f"act-leaf/v1\nsealed\n{C64}\nuntil 2027-13-01\n",
    "unseal without a reference": f"act-leaf/v1\nunseal\n{C64}\n-\n",
    "extension without a date": f"act-leaf/v1\nextend\n{C64}\nref 3\n",
    "leading zero": f"act-leaf/v1\nunseal\n{C64}\nref 03\n",
    "two spaces": f"act-leaf/v1\nextend\n{C64}\nref 3  until 2027-03-01\n",
    "no space": f"act-leaf/v1\nextend\n{C64}\nref 3until 2027-03-01\n",
    "leading space": f"act-leaf/v1\nsealed\n{C64}\n until 2027-03-01\n",
    "huge reference": f"act-leaf/v1\nunseal\n{C64}\nref 9223372036854775808\n",
    "count on an open leaf": f"act-leaf/v1\nrequest\n{C64}\n-\n{C64}\n",
    "Arabic digits": f"act-leaf/v1\nunseal\n{C64}\nref \u0663\n",
    "too long": "act-leaf/v1\n" + "x" * 600,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_bad_leaves_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_leaf(text.encode())
    assert parse_leaf(f"act-leaf/v1\nrequest\n{C64}\n-\n".encode()).kind == "request"
