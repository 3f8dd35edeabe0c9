"""Timestamped cosignatures (C2SP tlog-cosignature v1.1.0-rc.1): Ed25519 (0x04) and ML-DSA-44 (0x06).

A witness cosigns with either; a log adds its own ML-DSA-44 line with the second. What each signs:

* Ed25519: "cosignature/v1" LF "time <seconds>" LF and the whole note text. The name is not signed, therefore a key
  must never be used under two names.
* ML-DSA-44 (FIPS 204, pure, empty context): the struct cosigned_message, that is label "subtree/v1" LF NUL, name
  and origin each with a one-byte length around the 8-byte timestamp, then start (0), end (the size) and the root.

The clock is left to the caller: `cosigner.at(seconds)` is a signer for that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from comity.errors import Malformed
from comity.tlog.checkpoint import Checkpoint, parse_checkpoint
from comity.tlog.encoding import MAX_INTEGER
from comity.tlog.note import (
    ED25519,
    ED25519_COSIGNATURE,
    MLDSA44,
    NoteVerifier,
    SignatureLine,
    Verifier,
    Vkey,
    ed25519_from_seed,
    verify_ed25519,
)  # fmt: skip

_SIGNATURE_SIZES = {ED25519_COSIGNATURE: 64, MLDSA44: 2420}


def ed25519_message(text: bytes, timestamp: int) -> bytes:
    """What an Ed25519 cosigner signs ("Ed25519 signed message")."""
    return b"cosignature/v1\ntime %d\n" % timestamp + text


def mldsa_message(name: str, checkpoint: Checkpoint, timestamp: int) -> bytes:
    """What an ML-DSA-44 cosigner signs ("ML-DSA-44 signed message"); integers are big-endian."""
    cosigner, origin = name.encode(), checkpoint.origin.encode()
    return (
        b"subtree/v1\n\x00" + bytes([len(cosigner)]) + cosigner + timestamp.to_bytes(8, "big")
        + bytes([len(origin)]) + origin + bytes(8) + checkpoint.size.to_bytes(8, "big") + checkpoint.root
    )  # fmt: skip


class Cosigner(Protocol):
    """Anything that can cosign a checkpoint at a given moment."""

    @property
    def vkey(self) -> Vkey:
        """The key whose signatures these are."""

    def sign_at(self, text: bytes, timestamp: int) -> bytes:
        """The ``timestamped_signature`` over a checkpoint's text."""


@dataclass(frozen=True)
class SignerAt:
    """A cosigner at one moment: a `NoteSigner`."""

    cosigner: Cosigner
    timestamp: int

    @property
    def vkey(self) -> Vkey:
        """The cosigner's key."""
        return self.cosigner.vkey

    def sign(self, text: bytes) -> bytes:
        """The cosignature for that moment over ``text``."""
        return self.cosigner.sign_at(text, self.timestamp)


@dataclass(frozen=True)
class Ed25519Cosigner:
    """Cosigns with Ed25519 (0x04) under ``name``."""

    name: str
    key: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Ed25519Cosigner:
        """The cosigner whose private key is the 32-byte seed. Raises Malformed."""
        return cls(name, ed25519_from_seed(seed))

    @cached_property
    def vkey(self) -> Vkey:
        """The public half, to hand out."""
        return Vkey(self.name, ED25519_COSIGNATURE, self.key.public_key().public_bytes_raw())

    def at(self, timestamp: int) -> SignerAt:
        """A signer for the moment ``timestamp`` (POSIX seconds)."""
        return SignerAt(self, timestamp)

    def sign_at(self, text: bytes, timestamp: int) -> bytes:
        """8-byte timestamp and 64-byte signature. Raises Malformed when ``text`` is no checkpoint."""
        parse_checkpoint(text)
        return _stamp(timestamp) + self.key.sign(ed25519_message(text, timestamp))


@dataclass(frozen=True)
class MLDSACosigner:
    """Cosigns with ML-DSA-44 (0x06) under ``name``; also the log's own second line."""

    name: str
    key: MLDSA44PrivateKey

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> MLDSACosigner:
        """The cosigner whose private key is the 32-byte FIPS 204 seed. Raises Malformed."""
        if len(seed) != 32:
            raise Malformed(f"An ML-DSA seed has 32 bytes; this has {len(seed)}.", "Use a key made by comity init.")
        return cls(name, MLDSA44PrivateKey.from_seed_bytes(seed))

    @cached_property
    def vkey(self) -> Vkey:
        """The public half, to hand out."""
        return Vkey(self.name, MLDSA44, self.key.public_key().public_bytes_raw())

    def at(self, timestamp: int) -> SignerAt:
        """A signer for the moment ``timestamp`` (POSIX seconds)."""
        return SignerAt(self, timestamp)

    def sign_at(self, text: bytes, timestamp: int) -> bytes:
        """8-byte timestamp and 2420-byte signature. Raises Malformed when ``text`` is no checkpoint."""
        return _stamp(timestamp) + self.key.sign(mldsa_message(self.name, parse_checkpoint(text), timestamp))


def _stamp(timestamp: int) -> bytes:
    if not 0 <= timestamp <= MAX_INTEGER:
        raise Malformed(f"The time {timestamp} is not one a cosignature can carry.", "Set the clock.")
    return timestamp.to_bytes(8, "big")


@dataclass(frozen=True)
class CosignatureVerifier:
    """Verifies cosignatures of one key, of type 0x04 or 0x06. Raises Malformed for a key of another type."""

    vkey: Vkey

    def __post_init__(self) -> None:
        if self.vkey.algorithm not in _SIGNATURE_SIZES:
            raise Malformed(f"The key of {self.vkey.name} is not a cosigner's.", "Configure a 0x04 or 0x06 key.")

    def check(self, text: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is this key's cosignature over the checkpoint ``text``."""
        if len(signature) != 8 + _SIGNATURE_SIZES[self.vkey.algorithm] or timestamp_of(signature) > MAX_INTEGER:
            return False
        if self.vkey.algorithm == ED25519_COSIGNATURE:
            message = ed25519_message(text, timestamp_of(signature))
            return verify_ed25519(self.vkey.public_key, signature[8:], message)
        return self._check_mldsa(text, signature)

    def _check_mldsa(self, text: bytes, signature: bytes) -> bool:
        try:
            message = mldsa_message(self.vkey.name, parse_checkpoint(text), timestamp_of(signature))
            MLDSA44PublicKey.from_public_bytes(self.vkey.public_key).verify(signature[8:], message)
        except (InvalidSignature, ValueError, Malformed):
            return False
        return True


def timestamp_of(signature: bytes) -> int:
    """POSIX seconds in a cosignature (as in `SignatureLine.signature`); only meaningful once it has verified."""
    return int.from_bytes(signature[:8], "big")


def cosign(text: bytes, cosigner: Cosigner, timestamp: int) -> SignatureLine:
    """The cosigner's line over a checkpoint's text."""
    return SignatureLine(cosigner.vkey.name, cosigner.vkey.key_id, cosigner.sign_at(text, timestamp))


def verifier_for(vkey: Vkey | str) -> NoteVerifier:
    """The verifier that the key's type asks for: 0x01, 0x04 or 0x06. Raises Malformed."""
    key = Vkey.parse(vkey) if isinstance(vkey, str) else vkey
    return Verifier(key) if key.algorithm == ED25519 else CosignatureVerifier(key)
