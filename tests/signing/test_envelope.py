from typing import Any

import pytest
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import Malformed, Unverified
from comity.signing import envelope
from comity.signing.envelope import EnvelopeKey, EnvelopePublic, SuiteName, open_envelope, read_head, seal_envelope
from tests.signing.samples import vectors

SUITES: tuple[SuiteName, ...] = ("x25519mlkem768", "x25519")
KEYS = {suite: EnvelopeKey(suite, bytes(range(32))) for suite in SUITES}
NAMES = ("XA/court", "XB/office", "m-1")
each_suite = pytest.mark.parametrize("suite", SUITES)


@pytest.mark.parametrize("vector", vectors("rfc9180.json"), ids=lambda vector: vector["source"])
def test_published_vectors(vector: Any) -> None:
    name: SuiteName = "x25519" if vector["kem_id"] == 32 else "x25519mlkem768"
    key = EnvelopeKey(name, bytes.fromhex(vector["skRm"]))
    assert key.public.raw.hex() == vector["pkRm"]
    kem = {32: KEM.X25519, 0x647A: KEM.MLKEM768_X25519}[vector["kem_id"]]
    aead = {1: AEAD.AES_128_GCM, 2: AEAD.AES_256_GCM, 3: AEAD.CHACHA20_POLY1305}[vector["aead_id"]]
    suite = Suite(kem, {1: KDF.HKDF_SHA256}[vector["kdf_id"]], aead)
    sealed, info, aad = (bytes.fromhex(text) for text in (vector["enc"] + vector["ct"], vector["info"], vector["aad"]))
    assert openssl.hpke._decrypt_with_aad(suite, sealed, key.loaded, info, aad).hex() == vector["pt"]


@each_suite
@settings(max_examples=30)
@given(plaintext=st.binary(max_size=300))
def test_what_is_sealed_opens(suite: SuiteName, plaintext: bytes) -> None:
    data = seal_envelope(plaintext, KEYS[suite].public, *NAMES)
    assert open_envelope(data, KEYS[suite], *NAMES) == plaintext


@each_suite
def test_an_envelope_is_bound_to_its_names(suite: SuiteName) -> None:
    data = seal_envelope(b"content", KEYS[suite].public, *NAMES)
    for names in (("XC/court", *NAMES[1:]), (NAMES[0], "XC/office", NAMES[2]), (*NAMES[:2], "m-2")):
        with pytest.raises(Unverified):
            open_envelope(data, KEYS[suite], *names)
    with pytest.raises(Unverified):  # the same letters, cut elsewhere
        open_envelope(data, KEYS[suite], "XA/courtX", "B/office", "m-1")


def test_the_hybrid_is_the_default() -> None:
    assert EnvelopeKey.generate().suite == "x25519mlkem768"
    assert EnvelopeKey.generate().public != EnvelopeKey.generate().public


@each_suite
def test_two_envelopes_differ_and_say_whom_they_are_for(suite: SuiteName) -> None:
    key = KEYS[suite]
    one, other = (seal_envelope(b"content", key.public, *NAMES) for _ in range(2))
    assert one[34:] != other[34:]
    assert read_head(one) == (suite, key.public.kid)


@each_suite
@settings(max_examples=60)
@given(place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_no_byte_can_change(suite: SuiteName, place: int, flip: int) -> None:
    data = bytearray(seal_envelope(b"content", KEYS[suite].public, *NAMES))
    data[place % len(data)] ^= flip
    with pytest.raises((Malformed, Unverified)):
        open_envelope(bytes(data), KEYS[suite], *NAMES)


@each_suite
def test_cut_envelopes_are_refused(suite: SuiteName) -> None:
    data = seal_envelope(b"content", KEYS[suite].public, *NAMES)
    for size in (0, 1, 33, 34, 35, 65, 66, len(data) - 16, len(data) - 1):
        with pytest.raises((Malformed, Unverified)):
            open_envelope(data[:size], KEYS[suite], *NAMES)


@each_suite
def test_another_key_does_not_open_it(suite: SuiteName) -> None:
    data = seal_envelope(b"content", KEYS[suite].public, *NAMES)
    with pytest.raises(Unverified, match="another key"):
        open_envelope(data, EnvelopeKey.generate(suite), *NAMES)


def test_the_size_limit_holds_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    key = KEYS["x25519"]
    monkeypatch.setattr(envelope, "LARGEST", 100)
    assert open_envelope(seal_envelope(b"x" * 100, key.public, *NAMES), key, *NAMES) == b"x" * 100
    with pytest.raises(Malformed, match="stream"):
        seal_envelope(b"x" * 101, key.public, *NAMES)
    with pytest.raises(Malformed):
        open_envelope(seal_envelope(b"x" * 100, key.public, *NAMES) + b"x", key, *NAMES)


def test_empty_names_are_refused() -> None:
    with pytest.raises(Malformed):
        seal_envelope(b"x", KEYS["x25519"].public, "", "b", "c")


@each_suite
def test_public_text_goes_both_ways(suite: SuiteName) -> None:
    public = KEYS[suite].public
    assert EnvelopePublic.from_text(public.to_text()) == public
    for text in ("", suite, public.to_text() + "=", public.to_text()[:-2], "p256:" + public.to_text().split(":")[1]):
        with pytest.raises(Malformed):
            EnvelopePublic.from_text(text)


def test_a_public_key_outside_the_field_is_refused() -> None:
    # FIPS 203, 7.2: coefficients of an encapsulation key are below 3329.
    with pytest.raises(Malformed):
        EnvelopePublic("x25519mlkem768", b"\xff" * 1184 + b"\2" * 32)


@each_suite
@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_saved_keys_load_again(suite: SuiteName, passphrase: bytes | None) -> None:
    saved = KEYS[suite].save(passphrase)
    assert EnvelopeKey.load(saved, passphrase) == KEYS[suite]
    assert (passphrase is None) == (b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" in saved)


def test_errors_of_key_files_say_what_to_do() -> None:
    locked, plain = KEYS["x25519"].save(b"right"), KEYS["x25519"].save(None)
    with pytest.raises(Unverified, match="wrong"):
        EnvelopeKey.load(locked, b"wrong")
    with pytest.raises(Unverified, match="needs"):
        EnvelopeKey.load(locked, None)
    with pytest.raises(Unverified, match="has no passphrase"):
        EnvelopeKey.load(plain, b"needless")
    with pytest.raises(Unverified):  # what the file says it holds is bound to the secret
        EnvelopeKey.load(locked.replace(b"envelope-key/x25519", b"envelope-key/x25519mlkem768"), b"right")
    for data in (
        b"",
        b"{}",
        plain + b"\n",
        plain.replace(b"envelope-key", b"another-key"),
        plain.replace(b"v1", b"v2"),
    ):
        with pytest.raises(Malformed):
            EnvelopeKey.load(data, None)


def test_printing_a_key_never_shows_it() -> None:
    assert "seed" not in repr(KEYS["x25519"])
