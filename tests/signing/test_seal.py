import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OKPKey

from comity.errors import Malformed, Unverified
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.canonical import canonical
from comity.signing.seal import (
    SEAL_TYPE,
    add_signature,
    check_seal,
    open_document,
    open_document_by,
    seal,
    sign_document,
)
from tests.signing.samples import ANN, BOB, CAY, resolver

# RFC 9864 has a newer name for the same algorithm, of which the oracle reminds us.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

KNOWS_ANN = resolver(ANN)
REGISTRY = jws.JWSRegistry(algorithms=["EdDSA"])


def jose_key(private: bool) -> OKPKey:
    jwk: Any = {"kty": "OKP", "crv": "Ed25519", "x": to_base64url(ANN.public.raw)}
    return OKPKey.import_key(jwk | ({"d": to_base64url(bytes(range(32)))} if private else {}))


@given(st.binary(max_size=200))
def test_the_oracle_verifies_our_seals(payload: bytes) -> None:
    header, _, signature = seal(payload, ANN).split(".")
    text = f"{header}.{to_base64url(payload)}.{signature}"
    opened = jws.deserialize_compact(text, jose_key(private=False), registry=REGISTRY)
    assert opened.payload == payload
    assert opened.headers() == {"alg": "EdDSA", "kid": ANN.public.kid, "typ": SEAL_TYPE}


@given(st.binary(max_size=200))
def test_we_verify_the_seals_of_the_oracle(payload: bytes) -> None:
    fields = {"alg": "EdDSA", "kid": ANN.public.kid, "typ": SEAL_TYPE}
    text = jws.serialize_compact(fields, payload, jose_key(private=True), registry=REGISTRY)
    header, _, signature = text.split(".")
    assert check_seal(f"{header}..{signature}", payload, KNOWS_ANN) == ANN.public.kid


def test_the_oracle_reads_our_documents() -> None:
    value = json.loads(sign_document(b"payload", ANN))
    opened: Any = jws.deserialize_json(value, jose_key(private=False), registry=REGISTRY)
    assert opened.payload == b"payload"


def test_a_seal_is_for_one_payload_and_one_key() -> None:
    text = seal(b"payload", ANN)
    with pytest.raises(Unverified):
        check_seal(text, b"other", KNOWS_ANN)
    with pytest.raises(Unverified, match="unknown key"):
        check_seal(text, b"payload", resolver(BOB))
    with pytest.raises(Unverified, match="Instead of the key"):
        check_seal(text, b"payload", lambda kid: BOB.public)


def headed(fields: Any, raw: bytes | None = None) -> str:
    """A seal whose signature is right and whose header is another one."""
    header = to_base64url(canonical(fields) if raw is None else raw)
    signed = f"{header}.{to_base64url(b'payload')}".encode()
    return f"{header}..{to_base64url(ANN.sign(signed))}"


GOOD = {"alg": "EdDSA", "kid": ANN.public.kid, "typ": SEAL_TYPE}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "a.b",
        headed(GOOD | {"alg": "none"}),
        headed(GOOD | {"alg": "Ed25519"}),
        headed(GOOD | {"typ": "comity-document+jws"}),
        headed(GOOD | {"jwk": {}}),
        headed(GOOD | {"b64": False, "crit": ["b64"]}),
        headed({"alg": "EdDSA", "typ": SEAL_TYPE}),
        headed(GOOD | {"kid": "short"}),
        headed(GOOD | {"kid": 1}),
        headed([]),
        headed(None, json.dumps(GOOD).encode()),
        headed(None, canonical(GOOD).replace(b"EdDSA", b"Ed\\u0044SA")),
        headed(None, b"\xff"),
        seal(b"payload", ANN) + "=",
        seal(b"payload", ANN) + "\n",
        seal(b"payload", ANN) + "A",
        seal(b"payload", ANN)[:-1],
        seal(b"payload", ANN).replace("..", "." + to_base64url(b"payload") + "."),
        "A" * 600 + "..A",
    ],
)
def test_anything_but_the_one_form_is_refused(text: str) -> None:
    assert check_seal(headed(GOOD), b"payload", KNOWS_ANN) == ANN.public.kid
    with pytest.raises(Malformed):
        check_seal(text, b"payload", KNOWS_ANN)


@given(st.integers(0, 10_000), st.characters())
def test_no_character_of_a_seal_can_change(place: int, other: str) -> None:
    text = seal(b"payload", ANN)
    place %= len(text)
    changed = text[:place] + other + text[place + 1 :]
    if changed != text:
        with pytest.raises((Malformed, Unverified)):
            check_seal(changed, b"payload", KNOWS_ANN)


def test_a_document_opens_for_a_known_signer() -> None:
    data = sign_document(b"payload", ANN)
    assert open_document(data, KNOWS_ANN, limit=1000) == (b"payload", ANN.public.kid)
    with pytest.raises(Unverified):
        open_document(data, resolver(BOB), limit=1000)
    with pytest.raises(Malformed):
        open_document(data, KNOWS_ANN, limit=len(data) - 1)
    with pytest.raises(Malformed):
        open_document(data, KNOWS_ANN, limit=1000, typ="comity-credential+jws")


def test_some_of_a_root_must_sign() -> None:
    data = add_signature(sign_document(b"payload", ANN), BOB, limit=5000)
    all_three = resolver(ANN, BOB, CAY)
    assert open_document_by(data, all_three, 5000, quorum=2) == (b"payload", (ANN.public.kid, BOB.public.kid))
    assert open_document_by(data, resolver(BOB), 5000, quorum=1)[1] == (BOB.public.kid,)
    with pytest.raises(Unverified, match="2 known keys signed the document; 3 are needed"):
        open_document_by(data, all_three, 5000, quorum=3)
    with pytest.raises(Malformed):
        open_document_by(data, all_three, 5000, quorum=0)


def test_a_key_signs_a_document_once() -> None:
    data = sign_document(b"payload", ANN)
    with pytest.raises(Malformed, match="twice"):
        add_signature(data, ANN, limit=5000)
    value = json.loads(data)
    value["signatures"] *= 2
    with pytest.raises(Malformed, match="twice"):
        open_document_by(canonical(value), KNOWS_ANN, 5000, quorum=2)


def changed_document(change: Any) -> bytes:
    value = json.loads(add_signature(sign_document(b"payload", ANN), BOB, limit=5000))
    change(value)
    return canonical(value)


def test_a_bad_signature_of_a_known_key_refuses_the_whole() -> None:
    def spoil(value: Any) -> None:
        raw = bytearray(from_base64url(value["signatures"][1]["signature"], "x"))
        raw[0] ^= 1
        value["signatures"][1]["signature"] = to_base64url(bytes(raw))

    data = changed_document(spoil)
    assert open_document(data, KNOWS_ANN, 5000)[1] == ANN.public.kid  # passes over the signer it does not know
    with pytest.raises(Unverified):
        open_document(data, resolver(ANN, BOB), 5000)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(extra=1),
        lambda value: value.update(signatures=[]),
        lambda value: value.update(payload=None),
        lambda value: value["signatures"][0].update(header={}),
        lambda value: value["signatures"][0].pop("protected"),
        lambda value: value.update(payload=value["payload"] + "="),
    ],
)
def test_documents_of_another_shape_are_refused(change: Any) -> None:
    with pytest.raises(Malformed):
        open_document(changed_document(change), resolver(ANN, BOB), 5000)


def test_a_document_must_be_canonical() -> None:
    data = sign_document(b"payload", ANN)
    with pytest.raises(Malformed):
        open_document(data + b"\n", KNOWS_ANN, 5000)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_byte_of_a_document_can_change(place: int, flip: int) -> None:
    data = bytearray(sign_document(b"payload", ANN))
    data[place % len(data)] ^= flip
    with pytest.raises((Malformed, Unverified)):
        open_document(bytes(data), KNOWS_ANN, 5000)
