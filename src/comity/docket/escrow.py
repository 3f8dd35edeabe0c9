"""Escrow of openings: a node cannot make an unsealing impossible by losing or refusing it.

What opens a leaf is encrypted under a fresh key; the key is shared among the oversight bodies so that any k of n can
put it together and fewer learn nothing (Shamir 1979, over GF(2^8)). Each share travels in an envelope to its body, and
a digest of it stands beside, so a false share is seen and its giver named. Keeping escrows and erasing them with the
record are the node's; whether an escrow holds the truth is tried by opening samples: `open_escrow`, then the leaf.
"""

from __future__ import annotations

import hmac
import zlib
from collections.abc import Mapping, Sequence
from hashlib import sha256, shake_256
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.errors import Malformed, Unverified
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.canonical import canonical, parse_canonical
from comity.signing.digest import length_prefixed
from comity.signing.envelope import EnvelopeKey, EnvelopePublic, open_envelope, seal_envelope
from comity.tlog.leaf import ActLeaf
from comity.tlog.sealed import check_unsealed

KEY_SIZE = 32
BLOCK = 3072  # what opens an act of an ordinary matter takes no more, so that padding's escrow looks like any other
MOST = 255
MOST_PLAIN = 8 * 1024 * 1024  # bytes of an opening
_NONCE = bytes(12)  # each key encrypts once
_DAMAGED = "Ask the other oversight bodies for their copies, and tell them whose is false."


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens a leaf: kind, salt, and the bytes it commits to (`comity.docket.logged`). No section is in it."""

    kind: str
    salt: str
    act: str
    signatures: str

    def check(self, leaf: ActLeaf) -> None:
        """Unverified unless this is what the sealed leaf commits to and counts as: else the node escrowed a lie."""
        salt = from_base64url(self.salt, "The salt of an opening", size=32)
        check_unsealed(leaf, salt, self.kind, self.act.encode(), self.signatures.encode())


def encode_opening(opening: Opening) -> bytes:
    """The opening, compressed: what goes into an escrow."""
    return zlib.compress(canonical(opening), 9)


def decode_opening(data: bytes) -> Opening:
    """Strict inverse of `encode_opening`. Raises Malformed."""
    try:
        inflate = zlib.decompressobj()
        plain = inflate.decompress(data, MOST_PLAIN)
        if inflate.unconsumed_tail or inflate.unused_data or not inflate.eof:
            raise Malformed("The opening in the escrow is too long, or not whole.", _DAMAGED)
        return msgspec.convert(parse_canonical(plain, limit=MOST_PLAIN), Opening)
    except (zlib.error, msgspec.ValidationError) as wrong:
        raise Malformed(f"This is no opening: {wrong}.", _DAMAGED) from wrong


class SealedShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One body's share: its place (1 to n), its digest, and the envelope that only that body opens."""

    body: str
    place: int
    digest: str
    envelope: str


class Escrow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What stands ready to open one leaf without the node: ``needed`` of ``shares`` open it."""

    format: Literal["comity-escrow/1"] = "comity-escrow/1"
    origin: str
    position: int
    needed: int
    content: str
    shares: tuple[SealedShare, ...]

    def __post_init__(self) -> None:
        places = [share.place for share in self.shares]
        if places != list(range(1, len(places) + 1)) or not 1 <= self.needed <= len(places) <= MOST:
            raise Malformed("The escrow does not name its shares 1 to n, or needs more than there are.", _DAMAGED)
        if len({share.body for share in self.shares}) != len(places):
            raise Malformed("One body holds two shares of the escrow.", "Give each body one.")

    @property
    def bound(self) -> bytes:
        """What content and shares are bound to."""
        return length_prefixed(
            b"comity-escrow/1\0", self.origin.encode(), str(self.position).encode(), str(self.needed).encode()
        )


class Share(msgspec.Struct, frozen=True):
    """A share that its body has opened."""

    place: int
    value: bytes


def make_escrow(
    opening: bytes, origin: str, position: int, bodies: Mapping[str, EnvelopePublic], needed: int, entropy: bytes
) -> Escrow:
    """The escrow of what opens one leaf, so that ``needed`` of the ``bodies`` open it; ``entropy``: 32 random bytes.

    The length is hidden up to the next `BLOCK`. Raises Malformed.
    """
    if len(entropy) != KEY_SIZE:
        raise Malformed(f"An escrow takes {KEY_SIZE} random bytes, not {len(entropy)}.", "Draw them from the system.")
    names = sorted(bodies)
    empty = tuple(SealedShare(name, place, "", "") for place, name in enumerate(names, 1))
    escrow = Escrow(origin=origin, position=position, needed=needed, content="", shares=empty)
    # The content is hashed in, so that random bytes used twice by mistake still never encrypt two contents alike.
    seed = length_prefixed(b"comity-escrow-key/1\0", entropy, escrow.bound, sha256(opening).digest())
    drawn = shake_256(seed).digest(KEY_SIZE * needed)
    rows = [drawn[at : at + KEY_SIZE] for at in range(0, len(drawn), KEY_SIZE)]
    shares = tuple(_sealed(escrow, share, _value(rows, share.place), bodies[share.body]) for share in empty)
    content = AESGCM(rows[0]).encrypt(_NONCE, _padded(opening), escrow.bound)
    return msgspec.structs.replace(escrow, content=to_base64url(content), shares=shares)


def _sealed(escrow: Escrow, share: SealedShare, value: bytes, to: EnvelopePublic) -> SealedShare:
    envelope = seal_envelope(value, to, escrow.origin, share.body, _message(escrow, share.place))
    return SealedShare(share.body, share.place, _digest(escrow, share.place, value), to_base64url(envelope))


def open_share(escrow: Escrow, body: str, key: EnvelopeKey) -> Share:
    """A body's share, opened with its key. Raises Malformed, Unverified: then the node gave this body a false one."""
    share = next((each for each in escrow.shares if each.body == body), None)
    if share is None:
        raise Malformed(f"The escrow has no share for {body}.", "Check whose escrow this is.")
    envelope = from_base64url(share.envelope, "The envelope of a share")
    value = open_envelope(envelope, key, escrow.origin, body, _message(escrow, share.place))
    return _checked(escrow, Share(share.place, value))


def open_escrow(escrow: Escrow, shares: Sequence[Share]) -> bytes:
    """What opens the leaf, from at least ``needed`` shares; any more must agree with them. Raises Unverified.

    Compare the result with the leaf: an escrow can be whole and hold a lie.
    """
    given = {share.place: _checked(escrow, share).value for share in shares}
    if len(given) < escrow.needed:
        raise Unverified(f"{len(given)} different shares are too few; {escrow.needed} are needed.", "Ask more bodies.")
    places = sorted(given)[: escrow.needed]
    for place in given.keys() - set(places):
        if _at(place, {each: given[each] for each in places}) != given[place]:
            raise Unverified("The shares do not belong together: the node made a false escrow.", _DAMAGED)
    try:
        key = _at(0, {each: given[each] for each in places})
        return _unpadded(AESGCM(key).decrypt(_NONCE, from_base64url(escrow.content, "The escrow"), escrow.bound))
    except InvalidTag as error:
        raise Unverified("The shares do not open the escrow: the node made a false one.", _DAMAGED) from error


def encode_escrow(escrow: Escrow) -> bytes:
    """Its canonical bytes."""
    return canonical(escrow)


def decode_escrow(data: bytes) -> Escrow:
    """Strict inverse of `encode_escrow`. Raises Malformed."""
    try:
        return msgspec.convert(parse_canonical(data, limit=1 << 20), Escrow)
    except msgspec.ValidationError as wrong:
        raise Malformed(f"This is no escrow: {wrong}.", _DAMAGED) from wrong


def _message(escrow: Escrow, place: int) -> str:
    return f"escrow {escrow.position} share {place}"


def _digest(escrow: Escrow, place: int, value: bytes) -> str:
    """Binds a share; as random as the key itself, so it needs no salt."""
    return to_base64url(sha256(length_prefixed(escrow.bound, str(place).encode(), value)).digest())


def _checked(escrow: Escrow, share: Share) -> Share:
    if not 1 <= share.place <= len(escrow.shares) or len(share.value) != KEY_SIZE:
        raise Malformed("This is no share of the escrow.", _DAMAGED)
    of = escrow.shares[share.place - 1]
    if not hmac.compare_digest(_digest(escrow, share.place, share.value), of.digest):
        raise Unverified(f"The share of {of.body} is not the one it was given.", _DAMAGED)
    return share


def _padded(data: bytes) -> bytes:
    framed = len(data).to_bytes(8, "big") + data
    return framed + bytes(-len(framed) % BLOCK)


def _unpadded(data: bytes) -> bytes:
    size = int.from_bytes(data[:8], "big")
    if data != _padded(data[8 : 8 + size]):
        raise Malformed("The content of the escrow has no proper length.", _DAMAGED)
    return data[8 : 8 + size]


def _multiply(left: int, right: int) -> int:
    """In GF(2^8) modulo x^8 + x^4 + x^3 + x + 1 (FIPS 197, section 4.2)."""
    product = 0
    while right:
        product ^= left * (right & 1)
        left = (left << 1) ^ (0x11B if left & 0x80 else 0)
        right >>= 1
    return product


def _inverse(value: int) -> int:
    power = 1
    for _ in range(254):  # value ** 254: the multiplicative group has 255 elements
        power = _multiply(power, value)
    return power


def _value(rows: Sequence[bytes], place: int) -> bytes:
    """The polynomials, one for each byte, at a place (Horner)."""
    found = bytes(KEY_SIZE)
    for row in reversed(rows):
        found = bytes(_multiply(value, place) ^ byte for value, byte in zip(found, row, strict=True))
    return found


def _at(place: int, given: Mapping[int, bytes]) -> bytes:
    """The polynomials through these shares, at a place (Lagrange)."""
    found = bytes(KEY_SIZE)
    for mine, value in given.items():
        factor = 1
        for other in given:
            if other != mine:
                factor = _multiply(factor, _multiply(place ^ other, _inverse(mine ^ other)))
        found = bytes(byte ^ _multiply(factor, each) for byte, each in zip(found, value, strict=True))
    return found
