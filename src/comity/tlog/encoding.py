"""Strict readings of the small encodings the C2SP formats share: base64, decimals, key names.

Foreign bytes have exactly one accepted spelling, so that nothing signed can be respelt. Left to others: whole formats.
"""

from __future__ import annotations

import base64
import binascii
import re

from comity.errors import Malformed

MAX_INTEGER = 2**63 - 1
HASH_SIZE = 32
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NOT_IN_NAMES = re.compile(r"[\s+\x00-\x1f]")


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str, what: str, length: int | None = None) -> bytes:
    """Canonical base64 (RFC 4648 section 4) of ``length`` bytes; ``what`` names it in the error. Raises Malformed."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"The {what} is not base64.", _ASK) from error
    if encode_base64(data) != text:
        raise Malformed(f"The {what} is base64, but not in its one canonical spelling.", _ASK)
    if length is not None and len(data) != length:
        raise Malformed(f"The {what} has {len(data)} bytes; it must have {length}.", _ASK)
    return data


def decode_decimal(text: str, what: str) -> int:
    """An ASCII decimal from 0 to 2^63 - 1 without leading zeros. Raises Malformed."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_INTEGER:
        raise Malformed(f"The {what} is not a plain decimal number below 2^63 without leading zeros.", _ASK)
    return int(text)


def decode_text(data: bytes, what: str, limit: int) -> str:
    """UTF-8 of at most ``limit`` bytes whose only control character is the newline (signed-note, "Format").

    Raises Malformed.
    """
    if len(data) > limit:
        raise Malformed(f"The {what} has {len(data)} bytes; at most {limit} are accepted.", _ASK)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"The {what} is not valid UTF-8.", _ASK) from error
    if _CONTROL.search(text):
        raise Malformed(f"The {what} holds a control character other than newline.", _ASK)
    return text


def check_name(name: str, what: str = "key name") -> str:
    """A signed-note key name: not empty, no Unicode space, no plus; at most 255 bytes of UTF-8, so that an ML-DSA
    cosignature can carry it. Raises Malformed."""
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise Malformed(f"The {what} is not valid Unicode.", _ASK) from error
    if not 1 <= size <= 255:
        raise Malformed(f"The {what} has {size} bytes; it must have 1 to 255.", _ASK)
    if _NOT_IN_NAMES.search(name):
        raise Malformed(f"The {what} holds a space, a plus sign or a control character.", _ASK)
    return name


_ASK = "Ask whoever sent it for the original bytes."
