"""Digests: the names of records by their content, and salted commitments to parts of them.

Left to others: which sections a record has and where salts are kept (erasing a salt erases what a commitment says).
"""

from __future__ import annotations

import re
import secrets
from hashlib import sha256
from typing import Any

from comity.errors import Malformed
from comity.signing.base64url import to_base64url
from comity.signing.canonical import canonical

SALT_SIZE = 32
"""Bytes in a salt: as many as the digest, so that guessing the content never beats guessing the salt."""

_SECTION = b"comity-section/v1\0"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


def digest(data: bytes) -> str:
    """Return ``sha256:`` and the SHA-256 of the data in lower-case hexadecimal (FIPS 180-4)."""
    return f"sha256:{sha256(data).hexdigest()}"


def check_digest(text: str) -> str:
    """Return the text if it is a digest as `digest` writes it; raise `Malformed` otherwise."""
    if _DIGEST.fullmatch(text) is None:
        raise Malformed(f"{text[:80]!r} is not a digest.", "Give 'sha256:' and 64 lower-case hexadecimal digits.")
    return text


def new_salt() -> bytes:
    """Return a fresh 32-byte salt from the operating system's random source."""
    return secrets.token_bytes(SALT_SIZE)


def section_digest(salt: bytes, name: str, value: Any) -> str:
    """Return the salted commitment to one section of a record, as base64url of a SHA-256.

    The salt, the section's name and its canonical value are each preceded by their length (8 bytes, big-endian), so
    that no byte can move from one to the other. Raises `Malformed` for a salt of another size, a name that is empty
    or not ASCII, or a value without canonical form.
    """
    if len(salt) != SALT_SIZE:
        raise Malformed(f"A salt has {SALT_SIZE} bytes, this one {len(salt)}.", "Make it with new_salt().")
    if not name or not name.isascii():
        raise Malformed(f"The section name {name!r} is empty or not ASCII.", "Use the name the record gives it.")
    return to_base64url(sha256(length_prefixed(_SECTION, salt, name.encode("ascii"), canonical(value))).digest())


def length_prefixed(domain: bytes, *parts: bytes) -> bytes:
    """Return a domain name followed by parts, each after its length in 8 bytes, big-endian: an injective joining."""
    return b"".join([domain, *[len(part).to_bytes(8, "big") + part for part in parts]])
