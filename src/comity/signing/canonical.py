"""Canonical JSON: one value, one sequence of bytes (a profile of RFC 8785).

The profile is narrower than the RFC so that no two implementations can disagree: no floats, integers below 2^53 in
size, ASCII member names, at most `DEPTH` levels. Text is taken as it stands: no Unicode normalisation (RFC 8785, 3.1).

Left to others: what the values mean. Typed decoding happens in the room that owns the type.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, get_origin

import msgspec

from comity.errors import Malformed

DEPTH = 64
"""Levels of nesting that a document may have; a fixed number, so that every node refuses the same documents."""

LARGEST = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly (RFC 8785, Appendix D; RFC 7493, 2.2)."""

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


def canonical(value: Any) -> bytes:
    """Return the canonical JSON of a value made of dicts, lists, tuples, str, int, bool, None and msgspec Structs.

    Dates, date-times with an offset and enumerations (by value) are taken too, in msgspec's text form. Raises
    `Malformed` for anything else: floats, bytes, sets, names that are not ASCII text, lone surrogates, large integers.
    Source: RFC 8785; UTF-8 order and UTF-16 order agree because names are ASCII.
    """
    _check(value, DEPTH)
    try:
        return _encode(value)
    except (UnicodeEncodeError, TypeError, ValueError) as wrong:
        raise Malformed(
            f"This value has no canonical form: {wrong}.", "Remove broken characters from the text."
        ) from wrong


def canonical_object(**members: bytes) -> bytes:
    """Return the canonical JSON of an object whose members are in canonical JSON already: nothing is encoded twice."""
    return b"{%b}" % b",".join(b'"%b":%b' % (name.encode("ascii"), members[name]) for name in sorted(members))


def parse_canonical(data: bytes, *, limit: int) -> Any:
    """Return the value that canonical JSON bytes stand for, as dicts, lists, str, int, bool and None.

    ``limit`` is the largest size taken, in bytes. Raises `Malformed` unless encoding the value again gives the very
    same bytes, which refuses duplicate names, spaces, other escapes, other number forms and unsorted members.
    """
    if len(data) > limit:
        raise Malformed(f"The document has {len(data)} bytes, more than the {limit} allowed.", "Send a smaller one.")
    try:
        value = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise Malformed(f"The document is not JSON: {wrong}.", "Send canonical JSON (RFC 8785).") from wrong
    if canonical(value) != data:
        raise Malformed("The document is not in canonical form.", "Encode it with RFC 8785 and sign it again.")
    return value


def _check(value: Any, depth: int) -> None:
    """Raise `Malformed` where a value leaves the profile. Written flat: it runs for every record."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return
    if kind is int:
        if not -LARGEST <= value <= LARGEST:
            raise Malformed(f"The integer {_shown(value)} is too large.", "Write it as text, or use a smaller unit.")
    elif depth == 0:
        raise Malformed(f"The value is nested deeper than {DEPTH} levels.", "Make it flatter.")
    elif kind is dict:
        for name, member in value.items():
            if type(name) is not str or not name.isascii():
                raise Malformed(f"The member name {name!r} is not ASCII text.", "Use ASCII names; text may be any.")
            if type(member) is not str:
                _check(member, depth - 1)
    elif kind is list or kind is tuple:
        for member in value:
            if type(member) is not str:
                _check(member, depth - 1)
    else:
        _check_typed(value, kind, depth)


def _check_typed(value: Any, kind: type, depth: int) -> None:
    """Check the rarer kinds: Structs, enumerations, dates. Refuse all others, floats among them."""
    if isinstance(value, msgspec.Struct):
        for name in _fields_to_check(kind):
            member = getattr(value, name)
            if member is not msgspec.UNSET:
                _check(member, depth - 1)
    elif isinstance(value, Enum):
        _check(value.value, depth)
    elif kind is not date and not (kind is datetime and value.tzinfo is not None):
        raise Malformed(
            f"A value of the type {kind.__name__} has no canonical form.",
            "Use text, whole numbers (in the smallest unit), true, false, null, lists and objects.",
        )


@lru_cache(maxsize=1024)
def _fields(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the attribute names of a Struct whose written names are ASCII."""
    for name in kind.__struct_encode_fields__:
        if not name.isascii():
            raise Malformed(f"The field name {name!r} of {kind.__name__} is not ASCII text.", "Rename the field.")
    return kind.__struct_fields__


@lru_cache(maxsize=1024)
def _fields_to_check(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the fields whose values may leave the profile: not those declared as text, truth value or fixed words.

    A field declared ``str`` or ``bool`` can hold nothing else in a value that msgspec decoded or mypy checked; broken
    text in it is still refused by the encoder.
    """
    names = _fields(kind)
    declared = {f.name: f.type for f in msgspec.structs.fields(kind)}
    return tuple(n for n in names if declared[n] not in (str, bool) and get_origin(declared[n]) is not Literal)


def _shown(value: int) -> str:
    """Return an integer short enough for a sentence; Python refuses to print the longest ones."""
    return str(value) if value.bit_length() < 128 else f"of {value.bit_length()} bits"
