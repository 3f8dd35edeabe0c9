"""Seals and signed documents: JWS signatures of authorities and roots (RFC 7515; EdDSA by RFC 8037).

A **seal** is detached (RFC 7515, Appendix F): ``header..signature``. The protected header is exactly
``{"alg":"EdDSA","kid":...,"typ":"comity-seal+jws"}`` in canonical form. Nothing in it is negotiable: a header with any
other byte is refused, so no algorithm can be swapped and no key smuggled in.

A **document** (Party file, credential) carries its payload and one or several signatures (general JSON, RFC 7515,
7.2.1), so that a root can be several people of whom some number must agree. Its bytes are canonical JSON:
``{"payload":...,"signatures":[{"protected":...,"signature":...}]}``.

Left to others: which key is in force (`trust`); what is sealed (`comity.docket`); who is a root.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from comity.errors import Malformed, Unverified
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.canonical import canonical, parse_canonical
from comity.signing.keys import SIGNATURE_SIZE, PublicKey, Signer

SEAL_TYPE = "comity-seal+jws"
DOCUMENT_TYPE = "comity-document+jws"
MOST_SIGNATURES = 16
_LONGEST = 512

Resolve = Callable[[str], PublicKey]
"""From a key's name to the key. Raises `Unverified` for a key it does not know or that is not in force."""


def seal(payload: bytes, key: Signer) -> str:
    """Return the seal ``header..signature`` over the payload."""
    header = _header(key.public.kid, SEAL_TYPE)
    return f"{header}..{to_base64url(key.sign(_signing_input(header, payload)))}"


def check_seal(seal: str, payload: bytes, resolve: Resolve) -> str:
    """Return the name of the key that sealed the payload.

    Raises `Malformed` if the text is not a seal, `Unverified` if the key is unknown or the payload another one.
    """
    header, dots, signature = seal.partition("..")
    if len(seal) > _LONGEST or not dots:
        raise Malformed("This is not a seal.", "A seal is a detached JWS: header, two dots, signature.")
    kid = _header_kid(header, SEAL_TYPE)
    return _verify(header, kid, signature, payload, resolve)


class _Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    protected: str
    signature: str


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    payload: str
    signatures: tuple[_Signature, ...]


def sign_document(payload: bytes, key: Signer, typ: str = DOCUMENT_TYPE) -> bytes:
    """Return a document with one signature; ``typ`` keeps one kind of document from passing for another."""
    return canonical(_Document(to_base64url(payload), (_sign(payload, key, typ),)))


def add_signature(data: bytes, key: Signer, limit: int, typ: str = DOCUMENT_TYPE) -> bytes:
    """Return the document with one signature more, not checking those it has.

    Raises `Malformed` if it is no document, bears this key's signature already or has no room for another.
    """
    document = _parse(data, limit)
    signed = _Document(
        document.payload,
        (*document.signatures, _sign(from_base64url(document.payload, "The payload"), key, typ)),
    )
    _kids(signed, typ)
    return canonical(signed)


def unverified_payload(data: bytes, limit: int) -> bytes:
    """Return a document's payload without verifying anything. Never act on it. Raises `Malformed`."""
    return from_base64url(_parse(data, limit).payload, "The payload")


def signers_claimed(data: bytes, limit: int, typ: str = DOCUMENT_TYPE) -> tuple[str, ...]:
    """Return the names of the keys that a document says signed it, nothing verified. Raises `Malformed`."""
    return _kids(_parse(data, limit), typ)


def open_document(data: bytes, resolve: Resolve, limit: int, typ: str = DOCUMENT_TYPE) -> tuple[bytes, str]:
    """Return the payload and the name of the first known key that signed it. ``limit`` is in bytes.

    Raises `Malformed` if it is no document, `Unverified` if no known key signed it or a known key's signature is bad.
    """
    payload, kids = open_document_by(data, resolve, limit, quorum=1, typ=typ)
    return payload, kids[0]


def open_document_by(
    data: bytes, resolve: Resolve, limit: int, *, quorum: int, typ: str = DOCUMENT_TYPE
) -> tuple[bytes, tuple[str, ...]]:
    """Return the payload and the names of all known keys that signed it, at least ``quorum`` different ones.

    Signatures of keys that ``resolve`` does not know are passed over; a bad signature of a known key refuses the whole
    document, as for signed notes in C2SP. Raises `Malformed` if it is no document, `Unverified` if too few signed.
    """
    if quorum < 1:
        raise Malformed(f"A quorum of {quorum} is none.", "Ask for at least one signature.")
    document = _parse(data, limit)
    payload = from_base64url(document.payload, "The payload")
    signed = []
    for kid, part in zip(_kids(document, typ), document.signatures, strict=True):
        try:
            resolve(kid)
        except Unverified:
            continue
        signed.append(_verify(part.protected, kid, part.signature, payload, resolve))
    if len(signed) < quorum:
        raise Unverified(
            f"{len(signed)} known keys signed the document; {quorum} are needed.", "Have the missing keys sign it."
        )
    return payload, tuple(signed)


def _verify(header: str, kid: str, signature: str, payload: bytes, resolve: Resolve) -> str:
    """Verify one JWS signature with the key that ``resolve`` gives for ``kid``; return the key's name."""
    raw = from_base64url(signature, "The signature", size=SIGNATURE_SIZE)
    key = resolve(kid)
    if key.kid != kid:
        raise Unverified(f"Instead of the key {kid} the key {key.kid} was found.", "Mend the key list it came from.")
    key.verify(raw, _signing_input(header, payload))
    return kid


def _signing_input(header: str, payload: bytes) -> bytes:
    """Return the bytes that a JWS signs: encoded header, dot, encoded payload (RFC 7515, 5.1)."""
    return f"{header}.{to_base64url(payload)}".encode("ascii")


@lru_cache(maxsize=1024)
def _header(kid: str, typ: str) -> str:
    """Return the encoded protected header for a key and a type."""
    return to_base64url(canonical({"alg": "EdDSA", "kid": kid, "typ": typ}))


@lru_cache(maxsize=4096)
def _header_kid(header: str, typ: str) -> str:
    """Return the key's name from an encoded header; raise `Malformed` unless it is exactly ours for this type."""
    fields = parse_canonical(from_base64url(header, "The seal's header"), limit=_LONGEST)
    kid = fields.get("kid") if isinstance(fields, dict) else None
    if not isinstance(kid, str) or _header(kid, typ) != header:
        raise Malformed(f"The seal's header is not that of a {typ}.", "Seal again with alg EdDSA and this type.")
    from_base64url(kid, "The key's name", size=32)
    return kid


def _sign(payload: bytes, key: Signer, typ: str) -> _Signature:
    header = _header(key.public.kid, typ)
    return _Signature(header, to_base64url(key.sign(_signing_input(header, payload))))


def _parse(data: bytes, limit: int) -> _Document:
    value: Any = parse_canonical(data, limit=limit)
    try:
        return msgspec.convert(value, _Document)
    except msgspec.ValidationError as wrong:
        raise Malformed(f"This is not a signed document: {wrong}.", "Expected a general JSON JWS.") from wrong


def _kids(document: _Document, typ: str) -> tuple[str, ...]:
    """Return the names of the signing keys in order; a key signs once."""
    if not 1 <= len(document.signatures) <= MOST_SIGNATURES:
        raise Malformed(f"A document bears 1 to {MOST_SIGNATURES} signatures.", "Remove those not needed.")
    kids = tuple(_header_kid(part.protected, typ) for part in document.signatures)
    if len(set(kids)) != len(kids):
        raise Malformed("One key signed the document twice.", "Remove the second signature.")
    return kids
