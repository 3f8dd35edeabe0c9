"""Base64url without padding, read strictly: one value, one spelling (RFC 4648, 5; RFC 7515, 2).

Python's own decoder skips foreign characters and takes padding and stray bits; here every one of those is refused,
because a second spelling of a signature or a key would be a second name for the same thing.
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64

from comity.errors import Malformed

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")


def to_base64url(data: bytes) -> str:
    """Return bytes as base64url text without padding."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def from_base64url(text: str, what: str, *, size: int | None = None) -> bytes:
    """Return the bytes that base64url text stands for; ``what`` names it in errors, ``size`` is its length in bytes.

    Raises `Malformed` for padding, foreign characters, bits left over, or another length.
    """
    try:
        data = a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, Error) as wrong:
        raise Malformed(f"{what} is not base64url text.", "Use the URL-safe alphabet, without padding.") from wrong
    if to_base64url(data) != text:
        raise Malformed(f"{what} is not written in its one base64url form.", "Use RFC 4648, section 5, no padding.")
    if size is not None and len(data) != size:
        raise Malformed(f"{what} has {len(data)} bytes instead of {size}.", "Copy the whole of it.")
    return data
