"""Counting sealed acts without opening them: what holds, and the ways to cheat, each tried."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import ComityError, Malformed, Unverified
from comity.tlog import counting
from comity.tlog.counting import (
    BLIND,
    KINDS_COUNTED,
    PADDING,
    blinding_from_salt,
    check_count,
    check_kind,
    commit_count,
    commit_to,
    kind_generator,
    leaf_context,
    prove_kind,
    sum_blindings,
    sum_commitments,
)
from comity.tlog.group import IDENTITY, ORDER, add, check_point, decode_scalar, encode_scalar, generator, times
from comity.tlog.leaf import KINDS, ActLeaf, commit, parse_leaf
from comity.tlog.tally import Line, Tally, check_tally, prove_tally

ORIGIN = "node.example/act-log/2027"
ENTROPY = bytes(range(32))
BASE = bytes([0x58]) + bytes([0x66]) * 31  # RFC 8032 section 5.1, y = 4/5
FIELD = 2**255 - 19
CURVE_D = -121665 * pow(121666, -1, FIELD) % FIELD


def blinding(number: int) -> int:
    return blinding_from_salt(number.to_bytes(32, "big"))


def leaf(kind: str | None, number: int) -> ActLeaf:
    salt = number.to_bytes(32, "big")
    return ActLeaf(
        "sealed", commit(salt, kind or PADDING, b"{}", b""), "until 2027-03-01", commit_count(kind, blinding(number))
    )


# Plain arithmetic on the curve from RFC 8032, section 5.1.4, to check the library against.


def decode(point: bytes) -> tuple[int, int]:
    y = int.from_bytes(point, "little")
    sign, y = y >> 255, y % 2**255
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if x * x % FIELD != square:
        x = x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    if x * x % FIELD != square:
        raise ValueError
    return (FIELD - x if x & 1 != sign else x), y


def plus(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    product = CURVE_D * a[0] * b[0] * a[1] * b[1] % FIELD
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + product, -1, FIELD)
    return x % FIELD, (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, FIELD) % FIELD


def encode(point: tuple[int, int]) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def test_library_agrees_with_the_rfc() -> None:
    two = plus(decode(BASE), decode(BASE))
    assert times(2, BASE) == add(BASE, BASE) == encode(two)
    assert times(3, BASE) == encode(plus(two, decode(BASE)))
    assert times(ORDER, BASE) == times(0, BASE) == IDENTITY
    assert add(times(-1, BASE), BASE) == IDENTITY


@pytest.mark.parametrize("name", ["blinding", *(f"kind {kind}" for kind in KINDS_COUNTED)])
def test_generators_come_from_their_names_alone(name: str) -> None:
    """Made again from the documented derivation with arithmetic of our own."""
    for counter in range(256):
        data = sha256(b"comity/generator/v1\x00" + name.encode() + b"\x00" + bytes([counter])).digest()
        if int.from_bytes(data, "little") % 2**255 >= FIELD:
            continue
        try:
            point = decode(data)
        except ValueError:
            continue
        for _ in range(3):
            point = plus(point, point)
        assert generator(name) == encode(point)
        return


def test_generators_all_differ_and_have_prime_order() -> None:
    points = [BLIND, BASE, *(kind_generator(kind) for kind in KINDS_COUNTED)]
    assert len(set(points)) == len(points)
    assert all(check_point(point, "generator") == point and times(ORDER - 1, point) != IDENTITY for point in points)
    assert set(KINDS_COUNTED) - {PADDING} <= KINDS


@pytest.mark.parametrize(
    "point",
    [
        IDENTITY,
        bytes(32),  # order 4
        (FIELD - 1).to_bytes(32, "little"),  # order 2
        (FIELD + 1).to_bytes(32, "little"),  # the identity, spelt otherwise
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),  # order 8
        (2).to_bytes(32, "little"),
        b"\xff" * 32,
        BASE[:31],
        BASE + b"\0",
    ],
)
def test_points_that_are_none_are_refused(point: bytes) -> None:
    with pytest.raises(Malformed):
        sum_commitments([point])


def test_a_point_with_a_small_part_is_refused() -> None:
    mixed = add(BASE, bytes(32))  # prime order, and a part of order 4
    with pytest.raises(Malformed):
        check_point(mixed, "commitment")


@pytest.mark.parametrize("data", [encode_scalar(0)[:31], ORDER.to_bytes(32, "little"), b"\xff" * 32])
def test_scalars_have_one_spelling(data: bytes) -> None:
    with pytest.raises(Malformed):
        decode_scalar(data, "scalar")


@pytest.mark.parametrize("bad", [0, ORDER, -1])
def test_a_blinding_that_hides_nothing_is_refused(bad: int) -> None:
    with pytest.raises(Malformed):
        commit_count(None, bad)


def test_what_must_be_public_cannot_be_counted_as_sealed() -> None:
    for kind in ("emergency", "unseal", "sealed", "statistics", "", "Request"):
        with pytest.raises(Malformed):
            commit_count(kind, 5)


def tally_of(kinds: list[str | None], withheld: tuple[str, ...]) -> tuple[Tally, dict[str, int], int, bytes]:
    names = [kind or PADDING for kind in kinds]
    counts = {kind: names.count(kind) for kind in KINDS_COUNTED}
    shown = {kind: number for kind, number in counts.items() if kind not in withheld}
    tally = Tally(shown, withheld, (Line(KINDS_COUNTED, len(kinds)),))
    secret = sum_blindings(blinding(n) for n in range(len(kinds)))
    total = sum_commitments(commit_count(kind, blinding(n)) for n, kind in enumerate(kinds))
    return tally, counts, secret, total


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from([None, *KINDS_COUNTED[:-1]]), min_size=1, max_size=20),
    st.sets(st.sampled_from(KINDS_COUNTED)),
)
def test_a_sum_opens_to_its_counts_and_to_no_others(kinds: list[str | None], hidden: set[str]) -> None:
    tally, counts, secret, total = tally_of(kinds, tuple(sorted(hidden)))
    proof = prove_tally(tally, counts, secret, kind_generator, b"2027", ENTROPY)
    check_tally(tally, total, kind_generator, b"2027", proof)
    for kind in tally.shown:
        lie = Tally({**tally.shown, kind: tally.shown[kind] + 1}, tally.withheld, tally.lines)
        with pytest.raises(Unverified):
            check_tally(lie, total, kind_generator, b"2027", proof)
    with pytest.raises(Unverified):
        check_tally(tally, total, kind_generator, b"2028", proof)


def test_counts_cannot_be_moved_between_kinds_when_the_prover_lies() -> None:
    """The node makes the best proof it can for false numbers that keep the total."""
    kinds: list[str | None] = ["request"] * 6 + ["refusal"] * 7 + [None] * 9
    tally, counts, secret, total = tally_of(kinds, ())
    false = Tally({**tally.shown, "refusal": 0, "request": 13}, (), tally.lines)
    proof = prove_tally(false, counts, secret, kind_generator, b"", ENTROPY)
    with pytest.raises(Unverified):
        check_tally(false, total, kind_generator, b"", proof)


def test_a_hidden_count_cannot_make_up_for_a_false_one() -> None:
    """Refusals understated, and the difference put into what is withheld."""
    kinds: list[str | None] = ["request"] * 3 + ["refusal"] * 7 + [None] * 9
    tally, counts, secret, total = tally_of(kinds, ("request", PADDING))
    false = Tally({**tally.shown, "refusal": 5}, tally.withheld, tally.lines)
    for shift in ({"request": 5}, {PADDING: 11}):
        proof = prove_tally(false, {**counts, **shift}, secret, kind_generator, b"", ENTROPY)
        with pytest.raises(Unverified):
            check_tally(false, total, kind_generator, b"", proof)


def test_a_line_that_does_not_hold_is_refused() -> None:
    kinds: list[str | None] = ["request"] * 3 + ["refusal"] * 2 + [None] * 9
    tally, counts, secret, total = tally_of(kinds, ("request", "refusal"))
    lines = (*tally.lines, Line(("request", "refusal"), 5))
    good = Tally(tally.shown, tally.withheld, lines)
    check_tally(good, total, kind_generator, b"", prove_tally(good, counts, secret, kind_generator, b"", ENTROPY))
    false = Tally(tally.shown, tally.withheld, (*tally.lines, Line(("request", "refusal"), 4)))
    with pytest.raises(Malformed):
        prove_tally(false, counts, secret, kind_generator, b"", ENTROPY)
    forced = prove_tally(tally, counts, secret, kind_generator, b"", ENTROPY)
    with pytest.raises(Unverified):
        check_tally(false, total, kind_generator, b"", forced)


def test_withheld_counts_do_not_stand_in_the_proof() -> None:
    """Two proofs with the same published part and other hidden numbers: nothing in them is equal or small."""
    first: list[str | None] = ["request"] * 3 + ["refusal"] * 2 + [None] * 9
    second: list[str | None] = ["request"] * 2 + ["refusal"] * 3 + [None] * 9
    proofs = []
    for kinds in (first, second):
        tally, counts, secret, _ = tally_of(kinds, ("request", "refusal", PADDING))
        proofs.append(prove_tally(tally, counts, secret, kind_generator, b"", ENTROPY))
    scalars = [[int.from_bytes(p[at : at + 32], "little") for at in range(0, len(p), 32)] for p in proofs]
    for challenge, *answers in scalars:
        small = {challenge * number % ORDER for number in range(30)}
        assert not small & set(answers)
    assert not set(scalars[0]) & set(scalars[1])


@pytest.mark.parametrize(
    ("shown", "withheld", "lines"),
    [
        ({"request": -1}, (), ()),
        ({"request": 2**53}, (), ()),
        ({"request": 1}, ("request",), ()),
        ({}, ("request", "request"), ()),
        ({"request": 1}, (), (Line(("refusal",), 0),)),
        ({"request": 1}, (), (Line(("request", "request"), 2),)),
    ],
)
def test_tallies_that_make_no_sense_are_refused(
    shown: dict[str, int], withheld: tuple[str, ...], lines: tuple[Line, ...]
) -> None:
    with pytest.raises(Malformed):
        Tally(shown, withheld, lines)


def test_a_negative_number_does_not_pass_as_a_large_one() -> None:
    """Minus one act, written as the group's order minus one: no tally can hold it."""
    with pytest.raises(Malformed):
        Tally({"request": ORDER - 1, "refusal": 2}, (), (Line(("request", "refusal"), 1),))


@pytest.mark.parametrize("kind", [None, *KINDS_COUNTED[:-1]])
def test_every_kind_is_proved_alike(kind: str | None) -> None:
    context = leaf_context(ORIGIN, 7, leaf(kind, 1).encode())
    proof = prove_kind(kind, blinding(1), context, ENTROPY)
    assert len(proof) == 64 * len(KINDS_COUNTED)
    check_kind(commit_count(kind, blinding(1)), proof, context)


def forge(points: list[bytes], secret: int) -> ComityError | None:
    """A leaf that counts all of ``points``, with the best proof its maker can make: each branch tried as the true one.

    The maker simulates all other branches honestly for the commitment as it stands. None if one was accepted.
    """
    total = IDENTITY
    for point in points:
        total = add(total, point)
    commitment = add(total, times(secret, BLIND))
    size, context, error = len(KINDS_COUNTED), leaf_context(ORIGIN, 7, b"leaf"), None
    for own in range(size):
        challenges, responses = list(range(10, 10 + size)), list(range(50, 50 + size))
        starts = counting._starts(commitment, challenges, responses)
        starts[own] = times(nonce := 12345, BLIND)
        rest = sum(challenges) - challenges[own]
        challenges[own] = (counting._challenge(commitment, context, starts) - rest) % ORDER
        responses[own] = (nonce + challenges[own] * secret) % ORDER
        try:
            check_kind(commitment, b"".join(map(encode_scalar, [*challenges, *responses])), context)
        except ComityError as refused:
            error = refused
        else:
            return None
    return error


def test_the_forger_of_these_tests_can_prove_what_is_true() -> None:
    assert forge([kind_generator("refusal")], 99) is None


@pytest.mark.parametrize(
    "names",
    [["request", "refusal"], ["request", "request"], [], [PADDING, "request"]],
    ids=["two kinds in one leaf", "one act twice", "no act at all", "padding and an act"],
)
def test_a_leaf_that_does_not_count_once_cannot_be_proved(names: list[str]) -> None:
    assert isinstance(forge([kind_generator(name) for name in names], 99), Unverified)


def test_a_value_outside_the_set_cannot_be_proved() -> None:
    assert isinstance(forge([generator("kind emergency")], 99), Unverified)
    assert isinstance(forge([times(ORDER - 1, kind_generator("refusal"))], 99), Unverified)
    assert isinstance(forge([times(-1, kind_generator("refusal")), *[kind_generator("request")] * 2], 99), Unverified)


def test_proofs_are_bound_to_their_leaf_position_and_log() -> None:
    one, other = leaf("request", 1), leaf("request", 2)
    assert one.count is not None
    assert other.count is not None
    context = leaf_context(ORIGIN, 7, one.encode())
    proof = prove_kind("request", blinding(1), context, ENTROPY)
    for commitment, where in [
        (other.count, context),
        (one.count, leaf_context(ORIGIN, 8, one.encode())),
        (one.count, leaf_context("other.example/act-log/2027", 7, one.encode())),
        (one.count, leaf_context(ORIGIN, 7, other.encode())),
    ]:
        with pytest.raises(Unverified):
            check_kind(commitment, proof, where)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 64 * len(KINDS_COUNTED) - 1), st.integers(1, 255))
def test_any_other_byte_in_a_proof_is_refused(place: int, change: int) -> None:
    context = leaf_context(ORIGIN, 7, b"leaf")
    proof = bytearray(prove_kind("refusal", blinding(1), context, ENTROPY))
    proof[place] ^= change
    with pytest.raises((Unverified, Malformed)):
        check_kind(commit_count("refusal", blinding(1)), bytes(proof), context)


@pytest.mark.parametrize("proof", [b"", bytes(64 * len(KINDS_COUNTED) - 1), bytes(64 * len(KINDS_COUNTED))])
def test_empty_proofs_are_refused(proof: bytes) -> None:
    with pytest.raises((Unverified, Malformed)):
        check_kind(commit_count("refusal", blinding(1)), proof, b"")


def test_the_same_commitment_twice_is_noticed() -> None:
    same = commit_count("request", blinding(1))
    with pytest.raises(Unverified, match="same count commitment"):
        sum_commitments([same, commit_count("request", blinding(2)), same])


def test_unsealing_opens_the_count_and_a_lie_shows() -> None:
    honest = leaf("disclosure", 3)
    check_count(parse_leaf(honest.encode()), "disclosure", blinding(3))
    for kind, secret in [("refusal", 3), (None, 3), ("disclosure", 4)]:
        with pytest.raises(Unverified):
            check_count(honest, kind, blinding(secret))
    bare = ActLeaf("sealed", honest.commitment, "until 2027-03-01")
    with pytest.raises(Unverified):
        check_count(bare, "disclosure", blinding(3))


def test_commitments_to_one_kind_do_not_look_alike() -> None:
    assert len({commit_count("request", blinding(n)) for n in range(50)}) == 50
    with pytest.raises(Malformed):
        blinding_from_salt(b"short")
    assert commit_to(BASE, 1) == add(BASE, BLIND)
