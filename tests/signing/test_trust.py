from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed, Unverified
from comity.signing.envelope import EnvelopeKey
from comity.signing.keys import PrivateKey
from comity.signing.seal import check_seal, seal
from comity.signing.trust import KeyEntry, KeyHistory
from tests.signing.samples import ANN, BOB, CAY

OFFICE = "XA/office"
ENVELOPE = EnvelopeKey("x25519", bytes(range(32))).public


def entry(key: PrivateKey, start: int, until: int | None = None, revoked: int | None = None) -> KeyEntry:
    return KeyEntry(key.public.kid, key.public.to_text(), "seal", OFFICE, start, until, revoked)


HISTORY = KeyHistory([entry(ANN, 0, 20), entry(BOB, 10, None, 30), entry(CAY, 25)])


@pytest.mark.parametrize(
    ("key", "position", "reason"),
    [
        (ANN, 0, None),
        (ANN, 19, None),
        (ANN, 20, "rotated out at position 20"),
        (BOB, 9, "only from position 10"),
        (BOB, 10, None),
        (BOB, 29, None),
        (BOB, 30, "revoked at position 30"),
        (BOB, 31, "acts before it stand"),
        (CAY, 24, "only from position 25"),
        (CAY, 10**9, None),
        (CAY, -1, "only from position 25"),
        (PrivateKey.from_seed(b"\7" * 32), 5, "unknown"),
    ],
)
def test_a_key_counts_between_its_positions(key: PrivateKey, position: int, reason: str | None) -> None:
    if reason is None:
        assert HISTORY.valid_at(key.public.kid, position) == key.public
    else:
        with pytest.raises(Unverified, match=reason):
            HISTORY.valid_at(key.public.kid, position)


def test_revocation_before_the_end_of_rotation_binds() -> None:
    history = KeyHistory([entry(ANN, 0, 20, 5)])
    assert history.valid_at(ANN.public.kid, 4) == ANN.public
    with pytest.raises(Unverified, match="revoked at position 5"):
        history.valid_at(ANN.public.kid, 25)


def test_a_key_has_one_use() -> None:
    assert HISTORY.valid_at(ANN.public.kid, 0, "seal") == ANN.public
    with pytest.raises(Unverified, match="for seal, not for hand"):
        HISTORY.valid_at(ANN.public.kid, 0, "hand")


def test_seals_resolve_through_a_history() -> None:
    text = seal(b"payload", ANN)
    assert check_seal(text, b"payload", lambda kid: HISTORY.valid_at(kid, 19, "seal")) == ANN.public.kid
    with pytest.raises(Unverified, match="rotated out"):
        check_seal(text, b"payload", lambda kid: HISTORY.valid_at(kid, 20, "seal"))


def test_rotation_overlaps() -> None:
    history = KeyHistory([entry(ANN, 0)]).rotate(ANN.public.kid, entry(BOB, 10), until_position=15)
    for key, positions in ((ANN, (0, 12, 14)), (BOB, (10, 12, 15))):
        assert {history.valid_at(key.public.kid, at, "seal") for at in positions} == {key.public}
    for key, position in ((ANN, 15), (BOB, 9)):
        with pytest.raises(Unverified):
            history.valid_at(key.public.kid, position)
    with pytest.raises(Malformed, match="overlap"):
        KeyHistory([entry(ANN, 0)]).rotate(ANN.public.kid, entry(BOB, 10), until_position=10)
    other = msgspec.structs.replace(entry(BOB, 10), use="hand")
    with pytest.raises(Malformed, match="same use"):
        KeyHistory([entry(ANN, 0)]).rotate(ANN.public.kid, other, until_position=15)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=5))
def test_a_revocation_moves_earlier_only(positions: list[int]) -> None:
    history = KeyHistory([entry(ANN, 0)])
    for position in positions:
        history = history.revoke(ANN.public.kid, position)
    assert history.entries[0].revoked_position == min(positions)


def test_unknown_keys_are_not_rotated_or_revoked() -> None:
    with pytest.raises(Unverified):
        HISTORY.revoke("nobody", 1)
    with pytest.raises(Unverified):
        HISTORY.rotate("nobody", entry(BOB, 1), 5)


@pytest.mark.parametrize(
    "entries",
    [
        [entry(ANN, 0), entry(ANN, 10)],
        [entry(ANN, -1)],
        [entry(ANN, 5, 5)],
        [entry(ANN, 0, None, -1)],
        [msgspec.structs.replace(entry(ANN, 0), kid=BOB.public.kid)],
        [msgspec.structs.replace(entry(ANN, 0), key=ENVELOPE.to_text())],
    ],
)
def test_histories_that_contradict_themselves_are_refused(entries: Any) -> None:
    with pytest.raises(Malformed):
        KeyHistory(entries)
