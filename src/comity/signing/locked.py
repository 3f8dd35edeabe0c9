"""Locked secrets: a short secret as a file's content, encrypted under a passphrase where there is one.

For secrets that the OpenSSH format cannot hold. Canonical JSON; scrypt (RFC 7914, N=2^15, r=8, p=1) and AES-256-GCM.
The parameters are fixed by the version: a file cannot ask for weak or endless work.

Left to others: Ed25519 keys (`keys`); disks.
"""

from __future__ import annotations

import secrets
from hashlib import scrypt

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.errors import Malformed, Unverified
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.canonical import canonical, parse_canonical

_LIMIT = 65_536
_DOMAIN = "comity-locked/v1"


class _Locked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: format, what it holds, and either the plain secret or salt, nonce and ciphertext."""

    format: str
    holds: str
    secret: str
    salt: str | None
    nonce: str | None


def lock(holds: str, secret: bytes, passphrase: bytes | None) -> bytes:
    """Return the file content for a secret; ``holds`` says what it is and is bound to the ciphertext."""
    if not passphrase:
        return canonical(_Locked(_DOMAIN, holds, to_base64url(secret), None, None))
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(_derive(passphrase, salt)).encrypt(nonce, secret, holds.encode("utf-8"))
    return canonical(_Locked(_DOMAIN, holds, to_base64url(sealed), to_base64url(salt), to_base64url(nonce)))


def unlock(data: bytes, passphrase: bytes | None) -> tuple[str, bytes]:
    """Return what the file holds and the secret.

    Raises `Malformed` if it is no such file, `Unverified` for a wrong, missing or needless passphrase.
    """
    locked = _read(data)
    secret = from_base64url(locked.secret, "The secret")
    if locked.salt is None or locked.nonce is None:
        if passphrase:
            raise Unverified("The file has no passphrase, but one was given.", "Leave the passphrase out.")
        return locked.holds, secret
    if not passphrase:
        raise Unverified("The file needs a passphrase.", "Give the passphrase it was saved with.")
    salt = from_base64url(locked.salt, "The salt", size=16)
    nonce = from_base64url(locked.nonce, "The nonce", size=12)
    try:
        return locked.holds, AESGCM(_derive(passphrase, salt)).decrypt(nonce, secret, locked.holds.encode("utf-8"))
    except InvalidTag as wrong:
        raise Unverified("The passphrase is wrong, or the file is damaged.", "Try again, or restore it.") from wrong


def _read(data: bytes) -> _Locked:
    try:
        locked = msgspec.convert(parse_canonical(data, limit=_LIMIT), _Locked)
    except msgspec.ValidationError as wrong:
        raise Malformed(f"This is not a locked secret: {wrong}.", "Give the file that was saved.") from wrong
    if locked.format != _DOMAIN or (locked.salt is None) != (locked.nonce is None):
        raise Malformed("This is not a locked secret of version 1.", "Give the file that was saved.")
    return locked


def _derive(passphrase: bytes, salt: bytes) -> bytes:
    return scrypt(passphrase, salt=salt, n=2**15, r=8, p=1, maxmem=64 * 1024 * 1024, dklen=32)
