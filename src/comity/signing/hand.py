"""Hands: a named official's own signature over the digest of a record.

The message is ``comity-hand/v1``, a zero byte and the digest, so that a hand can never be taken for a seal or a login.
``alg`` names the kind of hand. There is one kind here, an Ed25519 key (in memory, in an agent, on a token). A passkey
hand (``alg`` "WebAuthn", challenge = the digest) is to be a struct of its own beside `Hand`, with its own check;
`Hand` refuses that ``alg`` when read, so an old node never takes one for the other.

Left to others: whose key it is (`credential`); when a hand is needed (the proceeding's table).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from comity.errors import Malformed, Unverified
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.digest import check_digest
from comity.signing.keys import SIGNATURE_SIZE, PublicKey, Signer

__all__ = ["Hand", "Signer", "check_hand", "hand_message", "put_hand"]

_DOMAIN = b"comity-hand/v1\0"


class Hand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An official's signature: the key's name, the kind of hand, the signature in base64url."""

    kid: str
    alg: Literal["Ed25519"]
    signature: str


def hand_message(record_digest: str) -> bytes:
    """Return the bytes an official signs for a record; raise `Malformed` if it is not a digest."""
    return _DOMAIN + check_digest(record_digest).encode("ascii")


def put_hand(record_digest: str, signer: Signer) -> Hand:
    """Return the signer's hand under the record with this digest. Raises what the signer raises."""
    return Hand(signer.public.kid, "Ed25519", to_base64url(signer.sign(hand_message(record_digest))))


def check_hand(hand: Hand, record_digest: str, public: PublicKey) -> None:
    """Return if this is the hand of the key's holder under the record.

    Raises `Malformed` for a hand of another kind or a broken signature text, `Unverified` if key or digest differ.
    """
    if hand.alg != "Ed25519":
        raise Malformed(f"A hand of the kind {hand.alg!r} is not known here.", "Upgrade this node.")
    if hand.kid != public.kid:
        raise Unverified(f"The hand names the key {hand.kid}, not {public.kid}.", "Give the credential of the signer.")
    public.verify(
        from_base64url(hand.signature, "The hand's signature", size=SIGNATURE_SIZE), hand_message(record_digest)
    )
