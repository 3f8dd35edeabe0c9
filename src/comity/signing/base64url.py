"""Base64url without padding, read strictly: one value, one spelling (RFC 4648, 5; RFC 7515, 2).

Python's own decoder skips foreign characters and takes padding and stray bits; here every one of those is refused,
because a second spelling of a signature or a key would be a second name for the same thing.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from comity.errors import Malformed


def to_base64url(data: bytes) -> str:
    """Return bytes as base64url text without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str, what: str, *, size: int | None = None) -> bytes:
    """Return the bytes that base64url text stands for; ``what`` names it in errors, ``size`` is its length in bytes.

    Raises `Malformed` for padding, foreign characters, bits left over, or another length.
    """
    try:
        encoded = text.encode("ascii")
        data = urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
    except (UnicodeEncodeError, binascii.Error, ValueError) as wrong:
        raise Malformed(f"{what} is not base64url text.", "Use the URL-safe alphabet, without padding.") from wrong
    if urlsafe_b64encode(data).rstrip(b"=") != encoded:
        raise Malformed(f"{what} is not written in its one base64url form.", "Use RFC 4648, section 5, no padding.")
    if size is not None and len(data) != size:
        raise Malformed(f"{what} has {len(data)} bytes instead of {size}.", "Copy the whole of it.")
    return data
