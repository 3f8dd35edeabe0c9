import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.digest import check_digest, digest, length_prefixed, new_salt, section_digest

SALT = bytes(32)


def test_digest_is_sha256_of_fips_180() -> None:
    # FIPS 180-4 example: SHA-256 of "abc".
    assert digest(b"abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_section_digest_is_what_its_docstring_says() -> None:
    parts = [bytes(range(32)), b"facts", b'{"a":1}']
    joined = b"comity-section/v1\0" + b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    assert from_base64url(section_digest(parts[0], "facts", {"a": 1}), "x") == hashlib.sha256(joined).digest()


def test_every_part_of_a_section_digest_counts() -> None:
    digests = {
        section_digest(SALT, "facts", "x"),
        section_digest(b"\1" * 32, "facts", "x"),
        section_digest(SALT, "fact", "x"),
        section_digest(SALT, "facts", "y"),
    }
    assert len(digests) == 4


@pytest.mark.parametrize(("salt", "name"), [(b"", "facts"), (bytes(31), "facts"), (SALT, ""), (SALT, "é")])
def test_bad_salts_and_names_are_refused(salt: bytes, name: str) -> None:
    with pytest.raises(Malformed):
        section_digest(salt, name, 1)


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_length_prefixes_keep_parts_apart(one: list[bytes], other: list[bytes]) -> None:
    assert (length_prefixed(b"d", *one) == length_prefixed(b"d", *other)) == (one == other)


def test_salts_differ() -> None:
    assert len({new_salt() for _ in range(20)}) == 20
    assert len(new_salt()) == 32


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha256:" + "A" * 64, "sha256:" + "a" * 63, "sha256:" + "a" * 64 + "\n"]
)
def test_texts_that_are_no_digest_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        check_digest(text)


@given(st.binary(max_size=80))
def test_base64url_goes_both_ways(data: bytes) -> None:
    assert from_base64url(to_base64url(data), "x", size=len(data)) == data


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "A+8A", "A/8A", "AA A", "AAAA\n", "é", "AA=A", "AAAAA"])
def test_other_spellings_of_base64url_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        from_base64url(text, "x")
