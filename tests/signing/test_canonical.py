import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed
from comity.signing.canonical import DEPTH, LARGEST, canonical, parse_canonical
from tests.signing.samples import texts, values, vectors


class Colour(StrEnum):
    RED = "red"


class Inner(msgspec.Struct, rename="camel", tag_field="kind", tag="inner"):
    some_text: str
    a_number: int | msgspec.UnsetType = msgspec.UNSET


class Outer(msgspec.Struct, omit_defaults=True):
    zebra: list[Inner]
    apple: tuple[int, ...]
    day: date
    colour: Colour
    absent: str | None = None


class Accented(msgspec.Struct, rename={"name": "naïve"}):
    name: str


@given(values)
def test_agrees_with_the_oracle(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(values)
def test_parsing_gives_the_value_back(value: Any) -> None:
    data = canonical(value)
    assert parse_canonical(data, limit=len(data)) == value


@given(st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=3), values, max_size=30))
def test_members_are_sorted_like_utf16(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_every_character_is_escaped_as_the_oracle_does() -> None:
    text = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    assert canonical(text) == rfc8785.dumps(text)
    assert canonical("\b\t\n\f\r\x0b\x1f\x7f\u2028/") == b'"\\b\\t\\n\\f\\r\\u000b\\u001f\x7f\xe2\x80\xa8/"'


@pytest.mark.parametrize("vector", vectors("rfc8785.json"), ids=lambda vector: vector["name"])
def test_published_vectors(vector: Any) -> None:
    expected = vector["output"].encode("utf-8")
    assert canonical(json.loads(vector["input"])) == expected
    assert parse_canonical(expected, limit=1000) == json.loads(vector["input"])


def test_structs_are_written_by_their_encoded_names() -> None:
    value = Outer([Inner("x"), Inner("y", 2)], (3, 1), date(2027, 2, 1), Colour.RED)
    plain: Any = {
        "zebra": [{"kind": "inner", "someText": "x"}, {"kind": "inner", "someText": "y", "aNumber": 2}],
        "apple": [3, 1],
        "day": "2027-02-01",
        "colour": "red",
    }
    assert canonical(value) == rfc8785.dumps(plain)


class Half(Enum):
    HALF = 0.5


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        LARGEST + 1,
        -LARGEST - 1,
        10**5000,
        b"bytes",
        bytearray(b"x"),
        {1, 2},
        frozenset(),
        Decimal(1),
        timedelta(1),
        object(),
        Half.HALF,
        Accented("x"),
        datetime(2027, 1, 1),
        {1: "x"},
        {None: "x"},
        {"é": 1},
        {Colour.RED: 1},
        ["\ud800"],
        {"a": "\udfff"},
        Inner("\ud800"),
        [[1.5]],
        msgspec.Raw(b"1.0"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_outside_the_profile_are_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        canonical(value)


def test_offset_date_times_are_taken() -> None:
    assert canonical(datetime(2027, 1, 1, 8, tzinfo=timezone.utc)) == b'"2027-01-01T08:00:00Z"'  # noqa: UP017


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b"1\n",
        b"1.0",
        b"-0",
        b"01",
        b"1e3",
        b"9007199254740992",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'"\\u0041"',
        b'"\\u000A"',
        b'"\\/"',
        b'"\\u007f"',
        b'"\\ud800"',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b"\xef\xbb\xbf1",
        b'{"\xc3\xa9":1}',
        b"NaN",
        b"1 1",
        b"'a'",
        b"[" * 100_000,
        b"[" * 900 + b"]" * 900,
    ],
    ids=repr,
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_canonical(data, limit=1_000_000)


def test_the_limit_is_in_bytes() -> None:
    data = canonical("é")
    assert parse_canonical(data, limit=4) == "é"
    with pytest.raises(Malformed, match="more than the 3 allowed"):
        parse_canonical(data, limit=3)


def test_depth_is_bounded_by_a_fixed_number() -> None:
    fits: Any = 1
    for _ in range(DEPTH):
        fits = [fits]
    assert parse_canonical(canonical(fits), limit=1000) == fits
    with pytest.raises(Malformed, match="deeper"):
        canonical([fits])


@given(st.binary(max_size=40) | texts.map(lambda text: text.encode("utf-8")))
def test_foreign_bytes_parse_to_their_only_form_or_are_refused(data: bytes) -> None:
    try:
        value = parse_canonical(data, limit=1000)
    except Malformed:
        return
    assert rfc8785.dumps(value) == data
