"""Escrow of openings: any k bodies open it, fewer learn nothing, a false share is named."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.docket import escrow as room
from comity.docket.escrow import Escrow, Share, decode_escrow, encode_escrow, make_escrow, open_escrow, open_share
from comity.errors import ComityError, Malformed, Unverified
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.envelope import EnvelopeKey

ORIGIN = "node.example/act-log/2027"
KEYS = {f"oversight-{n}": EnvelopeKey.generate("x25519") for n in range(5)}
BODIES = {name: key.public for name, key in KEYS.items()}
OPENING = b'{"kind":"request","salt":"..."}'
ENTROPY = bytes(range(32))
ESCROW = make_escrow(OPENING, ORIGIN, 12, BODIES, 3, ENTROPY)
SHARES = [open_share(ESCROW, name, key) for name, key in KEYS.items()]


@pytest.mark.parametrize("some", [some for n in (3, 4, 5) for some in itertools.combinations(range(5), n)])
def test_any_three_of_five_open_it(some: tuple[int, ...]) -> None:
    assert open_escrow(ESCROW, [SHARES[index] for index in some]) == OPENING


@pytest.mark.parametrize("some", [(), (0,), (1, 4), (2, 2, 2)])
def test_fewer_do_not(some: tuple[int, ...]) -> None:
    with pytest.raises(Unverified, match="too few"):
        open_escrow(ESCROW, [SHARES[index] for index in some])


def test_two_shares_fit_every_key() -> None:
    """Whatever the key is said to be, there are shares of the other bodies that go with it: two shares say nothing."""
    two = {share.place: share.value for share in SHARES[:2]}
    for claimed in (bytes(32), b"\xff" * 32, bytes(range(32))):
        third = room._at(SHARES[2].place, {0: claimed, **two})
        assert room._at(0, {**two, SHARES[2].place: third}) == claimed


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_the_field_is_a_field(a: int, b: int, c: int) -> None:
    times = room._multiply
    assert times(a, b) == times(b, a)
    assert times(a, times(b, c)) == times(times(a, b), c)
    assert times(a, b ^ c) == times(a, b) ^ times(a, c)
    assert a == 0 or times(a, room._inverse(a)) == 1


def test_the_field_is_that_of_fips_197() -> None:
    assert room._multiply(0x57, 0x83) == 0xC1  # FIPS 197 (2001), section 4.2
    assert room._multiply(0x57, 0x13) == 0xFE  # section 4.2.1


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.binary(max_size=3000), st.binary(min_size=32, max_size=32))
def test_every_k_of_n_works(needed: int, bodies: int, opening: bytes, entropy: bytes) -> None:
    keys = {f"body-{n}": KEYS["oversight-0"] for n in range(bodies)}
    publics = {name: key.public for name, key in keys.items()}
    if needed > bodies:
        with pytest.raises(Malformed):
            make_escrow(opening, ORIGIN, 1, publics, needed, entropy)
        return
    escrow = make_escrow(opening, ORIGIN, 1, publics, needed, entropy)
    shares = [open_share(escrow, name, key) for name, key in keys.items()]
    assert open_escrow(escrow, shares[bodies - needed :]) == open_escrow(escrow, shares) == opening
    assert decode_escrow(encode_escrow(escrow)) == escrow
    assert (len(from_base64url(escrow.content, "content")) - 16) % room.BLOCK == 0


def test_a_false_share_is_seen_and_its_giver_named() -> None:
    false = Share(SHARES[1].place, bytes(32))
    with pytest.raises(Unverified, match="oversight-1"):
        open_escrow(ESCROW, [SHARES[0], false, SHARES[2]])
    moved = Share(SHARES[1].place, SHARES[0].value)
    with pytest.raises(Unverified, match="oversight-1"):
        open_escrow(ESCROW, [SHARES[0], moved, SHARES[2]])
    with pytest.raises(Malformed):
        open_escrow(ESCROW, [*SHARES[:2], Share(9, bytes(32))])


def replaced(place: int, value: bytes) -> Escrow:
    """An escrow whose node gave a body a false share, with the digest and the envelope that go with it."""
    shares = list(ESCROW.shares)
    share = shares[place - 1]
    shares[place - 1] = room._sealed(ESCROW, share, value, BODIES[share.body])
    return msgspec.structs.replace(ESCROW, shares=tuple(shares))


def test_a_node_that_deals_false_shares_is_found_out_by_a_sample() -> None:
    false = replaced(2, bytes(32))
    shares = [open_share(false, name, key) for name, key in KEYS.items()]
    with pytest.raises(Unverified, match="false"):
        open_escrow(false, shares[:3])
    with pytest.raises(Unverified, match="do not belong together"):
        open_escrow(false, [shares[0], shares[2], shares[3], shares[1]])
    assert open_escrow(false, [shares[0], shares[2], shares[3]]) == OPENING


def test_a_share_is_for_its_body_place_and_leaf_only() -> None:
    with pytest.raises(ComityError):
        open_share(ESCROW, "oversight-0", KEYS["oversight-1"])
    with pytest.raises(Malformed):
        open_share(ESCROW, "somebody", KEYS["oversight-1"])
    for other in (
        msgspec.structs.replace(ESCROW, position=13),
        msgspec.structs.replace(ESCROW, origin="other.example/act-log/2027"),
    ):
        with pytest.raises(Unverified):
            open_share(other, "oversight-0", KEYS["oversight-0"])
        with pytest.raises(Unverified):
            open_escrow(other, SHARES)
    with pytest.raises(Unverified):
        open_escrow(msgspec.structs.replace(ESCROW, needed=2), SHARES[:2])


def test_content_cannot_be_altered() -> None:
    content = bytearray(from_base64url(ESCROW.content, "content"))
    content[5] ^= 1
    with pytest.raises(Unverified):
        open_escrow(msgspec.structs.replace(ESCROW, content=to_base64url(bytes(content))), SHARES)


def test_the_same_random_bytes_do_not_encrypt_two_contents_alike() -> None:
    other = make_escrow(b"other", ORIGIN, 12, BODIES, 3, ENTROPY)
    assert other.content[:40] != ESCROW.content[:40]
    with pytest.raises(Malformed):
        make_escrow(OPENING, ORIGIN, 12, BODIES, 3, b"short")


@pytest.mark.parametrize(
    "change",
    [
        {"needed": 0},
        {"needed": 6},
        {"shares": ()},
        {"shares": ESCROW.shares[1:]},
        {"shares": (*ESCROW.shares, ESCROW.shares[0])},
        {"shares": (*ESCROW.shares, room.SealedShare("oversight-0", 6, "", ""))},
    ],
)
def test_escrows_that_make_no_sense_are_refused(change: dict[str, object]) -> None:
    plain = msgspec.to_builtins(ESCROW)
    with pytest.raises(Malformed):
        decode_escrow(room.canonical({**plain, **{key: msgspec.to_builtins(value) for key, value in change.items()}}))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", encode_escrow(ESCROW)[:-1], encode_escrow(ESCROW) + b" "])
def test_bytes_that_are_no_escrow_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode_escrow(data)
