"""Ed25519 keys (RFC 8032), their names (RFC 7638 thumbprints) and their files (OpenSSH private key format).

Left to others: where key files lie and who may read them (`comity.node`); which key counts when (`trust`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from secrets import token_bytes
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_ssh_private_key,
)
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from comity.errors import Malformed, Unverified
from comity.signing.base64url import from_base64url, to_base64url

SIGNATURE_SIZE = 64
_PREFIX = "ed25519:"
KDF_ROUNDS = 16  # of bcrypt over a passphrase: about 0.1 s a guess; what OpenSSH chose for years
_FILE_LIMIT = 16_384
_FIELD = 2**255 - 19
# The y coordinates of the points whose order divides 8. Under such a key anyone can make a signature that verifies.
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _FIELD - 1,
        int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
        int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
    }
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key, by its 32 raw bytes. Raises `Malformed` for a size or point that no honest key has."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise Malformed(f"An Ed25519 public key has 32 bytes, this one {len(self.raw)}.", "Give the whole key.")
        y = int.from_bytes(self.raw, "little") & (2**255 - 1)
        if y >= _FIELD or y in _SMALL_ORDER:
            raise Malformed(
                "This Ed25519 public key is one that anyone could sign for.", "Refuse it and tell its sender."
            )

    @property
    def kid(self) -> str:
        """The key's name: its JWK thumbprint in base64url (RFC 7638 and RFC 8037, 2)."""
        return _thumbprint(self.raw)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return if the signature over the message is this key's; raise `Unverified` otherwise.

        By libsodium, in half the time that OpenSSL takes. Both check without the cofactor (RFC 8032, 5.1.7) and refuse
        an S that is not reduced; libsodium also refuses an R of small order, which nobody makes who signs by the RFC.
        """
        try:
            if len(signature) != SIGNATURE_SIZE:
                raise BadSignatureError
            crypto_sign_open(signature + message, self.raw)
        except BadSignatureError as wrong:
            raise Unverified(
                f"The signature is not one of the key {self.kid}.",
                "Ask the sender for the original; do not rely on this.",
            ) from wrong

    def to_text(self) -> str:
        """Return the key as ``ed25519:`` and base64url."""
        return _PREFIX + to_base64url(self.raw)

    @classmethod
    def from_text(cls, text: str) -> PublicKey:
        """Return the key that `to_text` wrote; raise `Malformed` for anything else."""
        if not text.startswith(_PREFIX):
            raise Malformed(f"{text[:40]!r} is not an Ed25519 public key.", f"It must begin with {_PREFIX!r}.")
        return cls(from_base64url(text[len(_PREFIX) :], "The public key", size=32))


class Signer(Protocol):
    """Whatever signs with an Ed25519 key: a key in memory, an agent, a hardware module."""

    @property
    def public(self) -> PublicKey:
        """The key whose signatures it makes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature over the message."""
        ...


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """An Ed25519 private key held in memory. It satisfies `Signer`; printing it never shows the secret."""

    _seed: bytes = field(repr=False)
    public: PublicKey

    @classmethod
    def generate(cls) -> PrivateKey:
        """Return a new key from the operating system's random source."""
        return cls.from_seed(token_bytes(32))

    @classmethod
    def from_seed(cls, seed: bytes) -> PrivateKey:
        """Return the key of a 32-byte seed (RFC 8032, 5.1.5); raise `Malformed` for another size."""
        if len(seed) != 32:
            raise Malformed(f"An Ed25519 seed has 32 bytes, this one {len(seed)}.", "Give the whole seed.")
        return cls(seed, PublicKey(crypto_sign_seed_keypair(seed)[0]))

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature over the message."""
        return crypto_sign(message, self._seed + self.public.raw)[:SIGNATURE_SIZE]


def save_private(key: PrivateKey, passphrase: bytes | None) -> bytes:
    """Return the key as an OpenSSH private key file, encrypted (bcrypt KDF, AES-256-CTR) if there is a passphrase.

    `ssh-keygen` and `ssh-add` read the result. Raises `Malformed` for a passphrase longer than 1,023 bytes.
    """
    if passphrase is not None and len(passphrase) > 1023:
        raise Malformed("The passphrase is longer than 1,023 bytes.", "Choose a shorter one.")
    way = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(KDF_ROUNDS)
    lock = way.build(passphrase) if passphrase else NoEncryption()
    return Ed25519PrivateKey.from_private_bytes(key._seed).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock)


def load_private(data: bytes, passphrase: bytes | None) -> PrivateKey:
    """Return the key in an OpenSSH private key file.

    Raises `Malformed` if it is no such file or holds another kind of key, `Unverified` if the passphrase is missing,
    wrong (which looks the same as a damaged file) or given for a file that has none.
    """
    if len(data) > _FILE_LIMIT or not data.startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----"):
        raise Malformed("This is not an OpenSSH private key file.", "Name the key file; comity init makes one.")
    try:
        key = load_ssh_private_key(data, passphrase or None)
    except TypeError as wrong:
        raise Unverified(*_passphrase_words(passphrase)) from wrong
    except (ValueError, UnsupportedAlgorithm) as wrong:
        if passphrase:
            raise Unverified(
                "The passphrase is wrong, or the key file is damaged.", "Try again or restore it."
            ) from wrong
        raise Malformed(f"The private key file cannot be read: {wrong}.", "Restore it from a backup.") from wrong
    if not isinstance(key, Ed25519PrivateKey):
        raise Malformed("The file holds a key that is not Ed25519.", "Make one with 'ssh-keygen -t ed25519'.")
    return PrivateKey.from_seed(key.private_bytes_raw())


def _passphrase_words(passphrase: bytes | None) -> tuple[str, str]:
    if passphrase:
        return "The key file has no passphrase, but one was given.", "Leave the passphrase out."
    return "The key file needs a passphrase.", "Give the passphrase it was saved with."


@lru_cache(maxsize=4096)
def _thumbprint(raw: bytes) -> str:
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{to_base64url(raw)}"}}'
    return to_base64url(sha256(jwk.encode("ascii")).digest())
