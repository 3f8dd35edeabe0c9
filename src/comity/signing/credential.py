"""Credentials: who holds a hand's key, in which office, certified by a root (a judiciary's, an authority's).

A node's operator cannot make up a judge: a judge's key counts only with a credential that the judiciary's root signed.

Left to others: which root certifies which office (the Party file); revocation (`trust`, by position in the log).
"""

from __future__ import annotations

from datetime import date

import msgspec

from comity.errors import Malformed, Unverified
from comity.signing.canonical import canonical, parse_canonical
from comity.signing.keys import PublicKey, Signer
from comity.signing.roots import Root, roots_of
from comity.signing.seal import sign_document, unverified_payload

CREDENTIAL_TYPE = "comity-credential+jws"
LARGEST = 16_384
"""Bytes that a credential may have."""


class Credential(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a root certifies about a key. Dates are whole days, both included; None means without limit."""

    kid: str
    key: str
    holder: str
    role: str
    authority: str
    party: str
    valid_from: date | None
    valid_until: date | None
    serial: str

    @property
    def public(self) -> PublicKey:
        """The certified key."""
        return PublicKey.from_text(self.key)


def issue_credential(credential: Credential, root: Signer) -> str:
    """Return the credential signed by the root. Raises `Malformed` if it contradicts itself."""
    _check_sense(credential)
    return sign_document(canonical(credential), root, CREDENTIAL_TYPE).decode("ascii")


def read_unverified(text: str) -> Credential:
    """Return what a credential claims, nothing verified: only to find out which root must have signed it."""
    return _read(unverified_payload(_ascii(text), LARGEST))


def _ascii(text: str) -> bytes:
    if not text.isascii():
        raise Malformed("The credential holds foreign characters.", "Copy it again from its issuer.")
    return text.encode("ascii")


def check_credential(text: str, root: Root, on: date | None) -> Credential:
    """Return the credential if the root signed it and it is valid on the day ``on`` (None: whatever the day).

    Raises `Malformed` if it is no credential, `Unverified` if another root or too few of several signed it, or the
    day is outside its dates.
    """
    payload = roots_of(root).open(_ascii(text), LARGEST, "The credential", CREDENTIAL_TYPE)
    credential = _read(payload)
    _check_sense(credential)
    if on is not None:
        _check_dates(credential, on)
    return credential


def _read(payload: bytes) -> Credential:
    try:
        return msgspec.convert(parse_canonical(payload, limit=LARGEST), Credential)
    except msgspec.ValidationError as wrong:
        raise Malformed(f"This is not a credential: {wrong}.", "Ask its issuer for a new one.") from wrong


def _check_sense(credential: Credential) -> None:
    if credential.public.kid != credential.kid:
        raise Malformed("The credential's key and the key's name differ.", "Ask its issuer for a new one.")
    if credential.valid_from and credential.valid_until and credential.valid_until < credential.valid_from:
        raise Malformed("The credential ends before it begins.", "Ask its issuer for a new one.")
    if not all((credential.holder, credential.role, credential.authority, credential.party, credential.serial)):
        raise Malformed("The credential leaves the holder, office, Party or serial empty.", "Fill them in.")


def _check_dates(credential: Credential, on: date) -> None:
    if credential.valid_from is not None and on < credential.valid_from:
        raise Unverified(
            f"The credential is valid from {credential.valid_from} only.", "Use the one valid on that day."
        )
    if credential.valid_until is not None and on > credential.valid_until:
        raise Unverified(f"The credential ended on {credential.valid_until}.", "Ask its issuer to renew it.")
