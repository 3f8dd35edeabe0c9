"""k of n roots: too few are refused with the next step; they are replaced by their own signatures and nobody else's."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed, Unverified
from comity.signing.keys import PrivateKey
from comity.signing.roots import CHANGE_TYPE, LARGEST_CHANGE, RootChange, Roots, chain_of, sign_change
from comity.signing.seal import add_signature, sign_document

KEYS = [PrivateKey.from_seed(bytes([n]) * 32) for n in range(1, 9)]
LIMIT = 10_000


def roots(needed: int, *numbers: int) -> Roots:
    return Roots(tuple(KEYS[n].public for n in numbers), needed)


def signed(payload: bytes, *numbers: int) -> bytes:
    data = sign_document(payload, KEYS[numbers[0]])
    for number in numbers[1:]:
        data = add_signature(data, KEYS[number], LIMIT)
    return data


def change(before: Roots, after: Roots, *signers: int, party: str = "DE", office: str = "party") -> str:
    made = RootChange(
        party=party, office=office, before=before.to_text(), after=after.to_text(), issued=date(2027, 1, 1)
    )
    data = sign_change(made, KEYS[signers[0]])
    for number in signers[1:]:
        data = add_signature(data, KEYS[number], LARGEST_CHANGE, CHANGE_TYPE)
    return data.decode()


@given(st.integers(1, 4), st.sets(st.integers(0, 7), min_size=1, max_size=6))
def test_a_document_opens_exactly_when_enough_roots_signed(needed: int, signers: set[int]) -> None:
    pinned = roots(needed, 0, 1, 2, 3)
    data = signed(b"{}", *sorted(signers))
    if len(signers & {0, 1, 2, 3}) >= needed:
        assert pinned.open(data, LIMIT, "The file") == b"{}"
    else:
        with pytest.raises(Unverified, match="must sign") as refused:
            pinned.open(data, LIMIT, "The file")
        assert "comity init sign" in refused.value.next_step


@pytest.mark.parametrize("spelt", [roots(1, 0), roots(1, 0, 1), roots(2, 2, 0, 1)])
def test_the_text_form_is_read_back(spelt: Roots) -> None:
    assert Roots.from_text(spelt.to_text()) == spelt


ONE, TWO = KEYS[0].public.to_text(), KEYS[1].public.to_text()


@pytest.mark.parametrize(
    "text",
    ["", f"1 of {ONE}", f"3 of {ONE} {TWO}", f"0 of {ONE} {TWO}", f"2 of {ONE} {ONE}", f"2 of  {ONE} {TWO}",
     f"2 of {ONE} {TWO} ", f"02 of {ONE} {TWO}", f"2 OF {ONE} {TWO}", f"{ONE} {TWO}", f"2 of {ONE}\n{TWO}"],
)  # fmt: skip
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Roots.from_text(text)


def test_a_chain_leads_from_any_root_of_it_to_the_present_one() -> None:
    a, b, c = roots(2, 0, 1, 2), roots(2, 1, 2, 3), roots(1, 4)
    changes = [change(a, b, 0, 1, 3), change(b, c, 2, 3, 4)]
    for pinned in (a, b, c):
        assert chain_of(pinned, changes, "DE", "party") == (a, b, c)
    assert chain_of(KEYS[4].public, changes, "DE", "party")[-1] == c
    assert chain_of(a, [], "DE", "party") == (a,)


A, B = roots(2, 0, 1, 2), roots(2, 3, 4, 5)
REFUSED = {
    "one of the old": [change(A, B, 0, 3, 4)],
    "none of the old": [change(A, B, 3, 4)],
    "one of the new": [change(A, B, 0, 1, 3)],
    "of another Party": [change(A, B, 0, 1, 3, 4, party="FR")],
    "of another office": [change(A, B, 0, 1, 3, 4, office="judiciary")],
    "not from what was pinned": [change(roots(2, 5, 6, 7), B, 5, 6, 3, 4)],
    "with a gap": [change(A, B, 0, 1, 3, 4), change(roots(1, 6), roots(1, 7), 6, 7)],
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_change_that_is_not_the_roots_own_is_refused(what: str) -> None:
    with pytest.raises(Unverified):
        chain_of(A, REFUSED[what], "DE", "party")


def test_a_single_root_says_whose_signature_it_wants() -> None:
    with pytest.raises(Unverified, match="not by the pinned root"):
        Roots((KEYS[0].public,)).open(signed(b"{}", 1), LIMIT, "The file")
