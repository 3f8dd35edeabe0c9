import msgspec
import pytest

from comity.errors import Malformed, Unverified
from comity.signing.digest import digest
from comity.signing.hand import Hand, check_hand, hand_message, put_hand
from comity.signing.keys import PublicKey, Signer
from tests.signing.samples import ANN, BOB

DIGEST = digest(b"record")
OTHER = digest(b"other")


class Token:
    """A signer that isn't a `PrivateKey`, as an agent isn't."""

    @property
    def public(self) -> PublicKey:
        return ANN.public

    def sign(self, message: bytes) -> bytes:
        return ANN.sign(message)


@pytest.mark.parametrize("signer", [ANN, Token()])
def test_a_hand_checks(signer: Signer) -> None:
    hand = put_hand(DIGEST, signer)
    assert (hand.kid, hand.alg) == (ANN.public.kid, "Ed25519")
    check_hand(hand, DIGEST, ANN.public)


def test_what_is_signed_is_separated_from_all_else() -> None:
    assert hand_message(DIGEST) == b"comity-hand/v1\0" + DIGEST.encode("ascii")


def test_a_hand_is_for_one_record_and_one_key() -> None:
    hand = put_hand(DIGEST, ANN)
    with pytest.raises(Unverified):
        check_hand(hand, OTHER, ANN.public)
    with pytest.raises(Unverified, match="names the key"):
        check_hand(hand, DIGEST, BOB.public)
    with pytest.raises(Unverified):
        check_hand(msgspec.structs.replace(hand, kid=BOB.public.kid), DIGEST, BOB.public)


@pytest.mark.parametrize("signature", ["", "AAAA", "é", "A" * 87, put_hand(DIGEST, ANN).signature + "="])
def test_broken_signatures_are_refused(signature: str) -> None:
    with pytest.raises(Malformed):
        check_hand(Hand(ANN.public.kid, "Ed25519", signature), DIGEST, ANN.public)


def test_another_kind_of_hand_is_refused() -> None:
    hand = msgspec.structs.replace(put_hand(DIGEST, ANN), alg="WebAuthn")
    with pytest.raises(Malformed, match="WebAuthn"):
        check_hand(hand, DIGEST, ANN.public)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode(hand), type=Hand)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**msgspec.to_builtins(put_hand(DIGEST, ANN)), "note": "x"}, Hand)


@pytest.mark.parametrize("text", ["record", DIGEST.upper(), DIGEST + "0"])
def test_only_digests_are_signed(text: str) -> None:
    with pytest.raises(Malformed):
        put_hand(text, ANN)
