"""Comity's own recorded outputs: a later version must make and read the same bytes."""

from datetime import date

import msgspec
import pytest

from comity.signing.canonical import canonical
from comity.signing.credential import check_credential, issue_credential
from comity.signing.digest import digest, section_digest
from comity.signing.envelope import EnvelopeKey, open_envelope
from comity.signing.hand import Hand, check_hand, put_hand
from comity.signing.seal import check_seal, open_document, seal, sign_document
from tests.signing.samples import ANN, BOB, resolver, vectors

RECORDED = vectors("comity.json")
PAYLOAD = bytes.fromhex(RECORDED["canonical"])


def test_canonical_form_and_digests() -> None:
    assert canonical(RECORDED["value"]) == PAYLOAD
    assert digest(PAYLOAD) == RECORDED["digest"]
    assert section_digest(bytes(32), "facts", RECORDED["value"]) == RECORDED["section"]


def test_names_of_keys() -> None:
    assert (ANN.public.kid, ANN.public.to_text()) == (RECORDED["kid"], RECORDED["text"])


def test_seal_and_document() -> None:
    assert seal(PAYLOAD, ANN) == RECORDED["seal"]
    assert check_seal(RECORDED["seal"], PAYLOAD, resolver(ANN)) == ANN.public.kid
    assert sign_document(PAYLOAD, ANN).decode() == RECORDED["document"]
    assert open_document(RECORDED["document"].encode(), resolver(ANN), 5000)[0] == PAYLOAD


def test_hand() -> None:
    assert msgspec.to_builtins(put_hand(RECORDED["digest"], ANN)) == RECORDED["hand"]
    check_hand(msgspec.convert(RECORDED["hand"], Hand), RECORDED["digest"], ANN.public)


def test_credential() -> None:
    credential = check_credential(RECORDED["credential"], BOB.public, date(2027, 1, 1))
    assert credential.public == ANN.public
    assert issue_credential(credential, BOB) == RECORDED["credential"]


@pytest.mark.parametrize("suite", ["x25519mlkem768", "x25519"])
def test_envelopes(suite: str) -> None:
    key = EnvelopeKey(suite, bytes(range(64, 96)))  # type: ignore[arg-type]
    recorded = RECORDED["envelopes"][suite]
    assert key.public.kid == recorded["kid"]
    assert open_envelope(bytes.fromhex(recorded["envelope"]), key, "XA/court", "XB/office", "m-1") == b"content"
