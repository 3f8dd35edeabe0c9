"""The group in which sealed acts are counted: points of prime order on edwards25519 (RFC 8032), by libsodium.

Points are their 32 canonical bytes, scalars are integers modulo `ORDER`. Generators come from public names, so that
nobody can know how they relate. What commitments mean is left to `comity.tlog.counting`. Scalars pass through Python
integers: who can time this process closely is already inside the node.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256, sha512

from nacl import bindings
from nacl.exceptions import CryptoError

from comity.errors import Malformed

ORDER = 2**252 + 27742317777372353535851937790883648493
SIZE = 32
IDENTITY = (1).to_bytes(SIZE, "little")
_FIELD = 2**255 - 19
_ASK = "Ask whoever sent it for the original bytes; if they stay so, keep them as evidence."


def check_point(point: bytes, what: str) -> bytes:
    """The point, if it is the canonical encoding of a point of prime order, not the identity. Raises Malformed."""
    if len(point) != SIZE or not bindings.crypto_core_ed25519_is_valid_point(point):
        raise Malformed(f"The {what} is no point of prime order in its one canonical encoding.", _ASK)
    return point


def add(left: bytes, right: bytes) -> bytes:
    """The sum of two points; the identity is allowed. Both must have been checked, or made here."""
    return bindings.crypto_core_ed25519_add(left, right)


def subtract(left: bytes, right: bytes) -> bytes:
    """The difference of two points, as `add`."""
    return bindings.crypto_core_ed25519_sub(left, right)


def times(scalar: int, point: bytes) -> bytes:
    """``scalar`` (reduced modulo `ORDER`) times the point; the identity where the product is the identity."""
    reduced = scalar % ORDER
    if reduced == 0 or point == IDENTITY:
        return IDENTITY
    return bindings.crypto_scalarmult_ed25519_noclamp(reduced.to_bytes(SIZE, "little"), point)


@lru_cache(maxsize=4096)
def generator(name: str) -> bytes:
    """The generator of a public name: nothing up the sleeve, so no relation between two of them can be known.

    For n = 0, 1, 2...: SHA-256("comity/generator/v1" || 0x00 || name || 0x00 || n in one byte) is read as the encoding
    of a point (RFC 8032 section 5.1.3); the first that is one, times the cofactor 8, unless that is the identity.
    """
    for counter in range(256):
        data = sha256(b"comity/generator/v1\x00" + name.encode() + b"\x00" + bytes([counter])).digest()
        point = _on_curve(data)
        if point is not None:
            return point
    raise AssertionError("one in two candidates is a point")  # 2^-256


def _on_curve(data: bytes) -> bytes | None:
    """Eight times the point that these bytes encode, or nothing where they encode none or one of small order."""
    if int.from_bytes(data, "little") % 2**255 >= _FIELD:
        return None
    try:
        point = add(data, IDENTITY)
    except (CryptoError, RuntimeError):  # libsodium: not on the curve
        return None
    for _ in range(3):
        point = add(point, point)
    return None if point == IDENTITY else point


def scalar_from(domain: str, *parts: bytes) -> int:
    """A scalar by hashing: SHA-512 over the domain and the parts, each after its length in 8 bytes, modulo `ORDER`."""
    fields = (domain.encode(), *parts)
    data = b"".join(len(field).to_bytes(8, "big") + field for field in fields)
    return int.from_bytes(sha512(data).digest(), "little") % ORDER


def encode_scalar(scalar: int) -> bytes:
    """32 bytes, least first (RFC 8032 section 5.1.2)."""
    return (scalar % ORDER).to_bytes(SIZE, "little")


def decode_scalar(data: bytes, what: str) -> int:
    """The scalar in its one spelling, below `ORDER`. Raises Malformed."""
    value = int.from_bytes(data, "little")
    if len(data) != SIZE or value >= ORDER:
        raise Malformed(f"The {what} is no scalar of 32 bytes below the order of the group.", _ASK)
    return value
