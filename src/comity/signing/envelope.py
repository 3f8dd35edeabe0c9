"""Envelopes: encryption end to end to one receiving authority, by HPKE (RFC 9180), single-shot base mode.

The default suite is the hybrid ML-KEM-768 + X25519 (draft-ietf-hpke-pq, KEM 0x647a): evidence outlives today's
ciphers. X25519 alone (KEM 0x0020) is the second. Both with HKDF-SHA256 and AES-256-GCM.

Layout: version byte 0x01, suite byte, 32 bytes naming the receiving key, HPKE encapsulation and ciphertext. HPKE's
``info`` binds the suite, the key's name, sender, recipient and message id, each with its length. Base mode does not
say who sent it: what is inside is signed apart, by seal and hand.

Left to others: signing the content; streams of evidence (`stream`), whose keys travel in envelopes; key custody.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256, shake_256
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from comity.errors import Malformed, Unverified
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.digest import length_prefixed
from comity.signing.locked import lock, unlock

LARGEST = 16 * 1024 * 1024
"""Bytes of plaintext that an envelope takes. Larger things are streams, with their key in an envelope."""

SuiteName = Literal["x25519mlkem768", "x25519"]

_VERSION = 1
_HEAD = 34
_TAG = 16
_DOMAIN = b"comity-envelope/v1\0"
_MLKEM_SIZE = 1184


@dataclass(frozen=True)
class _Kind:
    """What differs between the suites: number on the wire, HPKE suite, sizes of public key and encapsulation."""

    number: int
    suite: Suite
    public_size: int
    enc_size: int


_KINDS: dict[str, _Kind] = {
    "x25519mlkem768": _Kind(1, Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM), 1216, 1120),
    "x25519": _Kind(2, Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM), 32, 32),
}


@dataclass(frozen=True)
class EnvelopePublic:
    """A public key to seal envelopes to: the suite's name and the raw key (ML-KEM-768 part first)."""

    suite: SuiteName
    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != _kind(self.suite).public_size:
            raise Malformed(f"An envelope key of this suite has another size than {len(self.raw)}.", "Copy all of it.")
        _ = self.loaded

    @property
    def kid(self) -> str:
        """The key's name: base64url of the SHA-256 of its text form."""
        return to_base64url(self.name)

    @cached_property
    def name(self) -> bytes:
        """The 32 bytes that name this key in an envelope."""
        return sha256(self.to_text().encode("ascii")).digest()

    @cached_property
    def loaded(self) -> MLKEM768X25519PublicKey | X25519PublicKey:
        """The key as the library holds it."""
        try:
            if self.suite == "x25519":
                return X25519PublicKey.from_public_bytes(self.raw)
            return MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self.raw[:_MLKEM_SIZE]),
                X25519PublicKey.from_public_bytes(self.raw[_MLKEM_SIZE:]),
            )
        except ValueError as wrong:
            raise Malformed(
                f"The envelope key is not a valid key: {wrong}.", "Ask its owner for the right one."
            ) from wrong

    def to_text(self) -> str:
        """Return the key as suite name, colon and base64url."""
        return f"{self.suite}:{to_base64url(self.raw)}"

    @classmethod
    def from_text(cls, text: str) -> EnvelopePublic:
        """Return the key that `to_text` wrote; raise `Malformed` for anything else."""
        suite, _, raw = text.partition(":")
        return cls(_suite_name(suite), from_base64url(raw, "The envelope key", size=_kind(suite).public_size))


@dataclass(frozen=True)
class EnvelopeKey:
    """A private key that opens envelopes. It is its 32-byte seed, expanded as in X-Wing; printing never shows it."""

    suite: SuiteName
    _seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, suite: SuiteName = "x25519mlkem768") -> EnvelopeKey:
        """Return a new key from the operating system's random source."""
        _kind(suite)
        return cls(suite, secrets.token_bytes(32))

    @cached_property
    def loaded(self) -> MLKEM768X25519PrivateKey | X25519PrivateKey:
        """The key as the library holds it: for the hybrid, SHAKE-256 of the seed gives the seeds of both parts."""
        if self.suite == "x25519":
            return X25519PrivateKey.from_private_bytes(self._seed)
        return MLKEM768X25519PrivateKey(*self._parts())

    def _parts(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        expanded = shake_256(self._seed).digest(96)
        return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), X25519PrivateKey.from_private_bytes(expanded[64:])

    @cached_property
    def public(self) -> EnvelopePublic:
        """The public half."""
        if isinstance(self.loaded, X25519PrivateKey):
            return EnvelopePublic(self.suite, self.loaded.public_key().public_bytes_raw())
        post_quantum, classical = self._parts()
        raw = post_quantum.public_key().public_bytes_raw() + classical.public_key().public_bytes_raw()
        return EnvelopePublic(self.suite, raw)

    def save(self, passphrase: bytes | None) -> bytes:
        """Return the key as a file's content, encrypted (scrypt, AES-256-GCM) if there is a passphrase."""
        return lock(f"comity-envelope-key/{self.suite}", self._seed, passphrase)

    @classmethod
    def load(cls, data: bytes, passphrase: bytes | None) -> EnvelopeKey:
        """Return the key that `save` wrote.

        Raises `Malformed` if it is no such file, `Unverified` for a wrong, missing or needless passphrase.
        """
        kind, seed = unlock(data, passphrase)
        label, _, suite = kind.partition("/")
        if label != "comity-envelope-key" or len(seed) != 32:
            raise Malformed("This file holds no envelope key.", "Give the file that 'save' wrote.")
        return cls(_suite_name(suite), seed)


def seal_envelope(plaintext: bytes, to: EnvelopePublic, sender: str, recipient: str, message_id: str) -> bytes:
    """Return the plaintext encrypted to a key, bound to sender, recipient and message id.

    Raises `Malformed` for a plaintext larger than `LARGEST` or an empty name.
    """
    if len(plaintext) > LARGEST:
        raise Malformed(f"An envelope takes {LARGEST} bytes, not {len(plaintext)}.", "Send it as a stream.")
    kind = _kind(to.suite)
    info = _info(to, sender, recipient, message_id)
    return bytes((_VERSION, kind.number)) + to.name + kind.suite.encrypt(plaintext, to.loaded, info)


def open_envelope(data: bytes, key: EnvelopeKey, sender: str, recipient: str, message_id: str) -> bytes:
    """Return the plaintext of an envelope sealed to this key with these names.

    Raises `Malformed` if it is no envelope, `Unverified` if it is for another key, altered, or bound to other names.
    """
    suite, _ = read_head(data)
    kind = _kind(key.suite)
    if suite != key.suite or data[2:_HEAD] != key.public.name:
        raise Unverified("The envelope is for another key.", "Open it with the key it names, or ask to send it again.")
    if not kind.enc_size + _TAG <= len(data) - _HEAD <= kind.enc_size + _TAG + LARGEST:
        raise Malformed("The envelope is too short or too long.", "Ask the sender to send it again.")
    try:
        return kind.suite.decrypt(data[_HEAD:], key.loaded, _info(key.public, sender, recipient, message_id))
    except InvalidTag as wrong:
        raise Unverified(
            "The envelope was altered, or is bound to another sender, recipient or message.", "Ask to send it again."
        ) from wrong


def read_head(data: bytes) -> tuple[SuiteName, str]:
    """Return the suite of an envelope and the name (kid) of the key it is for, so that the right key can be fetched.

    Raises `Malformed` for another version or an unknown suite.
    """
    if len(data) < _HEAD or data[0] != _VERSION:
        raise Malformed("This is not an envelope of version 1.", "Upgrade this node, or ask to send it again.")
    for name, kind in _KINDS.items():
        if kind.number == data[1]:
            return _suite_name(name), to_base64url(data[2:_HEAD])
    raise Malformed(f"The envelope's suite {data[1]} is not known here.", "Upgrade this node.")


def _info(to: EnvelopePublic, sender: str, recipient: str, message_id: str) -> bytes:
    names = (sender, recipient, message_id)
    if not all(names):
        raise Malformed("An envelope needs a sender, a recipient and a message id.", "Give all three.")
    return length_prefixed(_DOMAIN, to.suite.encode("ascii"), to.name, *(name.encode("utf-8") for name in names))


def _kind(suite: str) -> _Kind:
    return _KINDS[_suite_name(suite)]


def _suite_name(text: str) -> SuiteName:
    if text == "x25519mlkem768":
        return "x25519mlkem768"
    if text == "x25519":
        return "x25519"
    raise Malformed(f"{text[:40]!r} is not a suite for envelopes.", f"Use one of: {', '.join(_KINDS)}.")
