"""Signed notes (C2SP signed-note v1.0.0): a text and the lines of those who signed it.

Holds verifier keys, Ed25519 (0x01) signing and the strict reading of notes. Timestamped signatures are in
`comity.tlog.cosignature`. Keeping keys is left to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from comity.errors import Malformed, Unverified
from comity.tlog.encoding import check_name, decode_base64, decode_text, encode_base64

MAX_NOTE = 1 << 20
MAX_LINES = 64
ED25519 = 0x01
ED25519_COSIGNATURE = 0x04
MLDSA44 = 0x06
KEY_SIZES = {ED25519: 32, ED25519_COSIGNATURE: 32, MLDSA44: 1312}
_DASH = "\u2014 "
_VKEY = re.compile(r"(?P<name>[^+]+)\+(?P<id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/=]+)")
_ASK = "Ask whoever sent it for the original bytes."
# One checkpoint proves many records, and is read and checked for each. What a few bytes say never changes.
_SHORT = 8 << 10


@dataclass(frozen=True)
class Vkey:
    """A verifier key: who signs (``name``), how (``algorithm``, the signature type byte) and the raw public key.

    Raises Malformed for an unknown algorithm, a wrong key length or a name that notes cannot carry.
    """

    name: str
    algorithm: int
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if KEY_SIZES.get(self.algorithm) != len(self.public_key):
            raise Malformed(f"The verifier key of {self.name} has an unknown type or a wrong length.", _ASK)

    @cached_property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name || LF || type || key) (signed-note, "Signatures")."""
        return sha256(self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public_key).digest()[:4]

    def encode(self) -> str:
        """``name+hash+base64``, as in C2SP files and Go's note package."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.algorithm]) + self.public_key)}"

    @classmethod
    @lru_cache(maxsize=1024)
    def parse(cls, text: str) -> Vkey:
        """The key in ``text``; its hash must be right. Raises Malformed."""
        match = _VKEY.fullmatch(text)
        if match is None:
            raise Malformed("This is not a verifier key of the form name+hash+base64.", _ASK)
        key = decode_base64(match["key"], "verifier key")
        vkey = cls(match["name"], key[0] if key else 0, key[1:])
        if vkey.key_id.hex() != match["id"]:
            raise Malformed(f"The hash in the verifier key of {vkey.name} does not fit the key.", _ASK)
        return vkey


class NoteVerifier(Protocol):
    """Anything that can say whether a signature of one key over a note's text is good."""

    @property
    def vkey(self) -> Vkey:
        """The key whose signatures these are."""

    def check(self, text: bytes, signature: bytes) -> bool:
        """Whether ``signature`` (without the key id) is good for ``text``."""


class NoteSigner(Protocol):
    """Anything that can sign a note's text, perhaps in another process."""

    @property
    def vkey(self) -> Vkey:
        """The key whose signatures these are."""

    def sign(self, text: bytes) -> bytes:
        """The signature over ``text``, without the key id."""


@dataclass(frozen=True)
class Verifier:
    """Verifies plain Ed25519 note signatures (0x01)."""

    vkey: Vkey

    def __post_init__(self) -> None:
        if self.vkey.algorithm != ED25519:
            raise Malformed(f"The key of {self.vkey.name} does not sign plain notes.", "Configure a key of type 0x01.")

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """The verifier of an encoded verifier key. Raises Malformed."""
        return cls(Vkey.parse(vkey))

    def check(self, text: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is good for ``text``."""
        return verify_ed25519(self.vkey.public_key, signature, text)


@dataclass(frozen=True)
class Signer:
    """Signs notes with Ed25519 (0x01) under ``name``."""

    name: str
    key: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> Signer:
        """The signer whose private key is the 32-byte RFC 8032 seed. Raises Malformed."""
        return cls(name, ed25519_from_seed(seed))

    @cached_property
    def vkey(self) -> Vkey:
        """The public half, to hand out."""
        return Vkey(self.name, ED25519, self.key.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        """64-byte signature over ``text`` (RFC 8032)."""
        return self.key.sign(text)


def ed25519_from_seed(seed: bytes) -> Ed25519PrivateKey:
    """The key of a 32-byte seed. Raises Malformed."""
    if len(seed) != 32:
        raise Malformed(f"An Ed25519 seed has 32 bytes; this has {len(seed)}.", "Use a key made by comity init.")
    return Ed25519PrivateKey.from_private_bytes(seed)


def verify_ed25519(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature is good; a key that is no point on the curve verifies nothing."""
    verify = _verify if len(message) <= _SHORT else _verify.__wrapped__
    return verify(public_key, signature, message)


def forget() -> None:
    """Read and verify anew what comes next: for measurements."""
    for known in (_split, _verify, Vkey.parse):
        known.cache_clear()


@lru_cache(maxsize=1024)
def _verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True)
class SignatureLine:
    """One signature line of a note. ``signature`` is without the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def encode(self) -> bytes:
        """The line with its newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.signature)}\n".encode()

    @classmethod
    def parse(cls, line: str) -> SignatureLine:
        """The line without its newline. Raises Malformed."""
        words = line.removeprefix(_DASH).split(" ")
        if not line.startswith(_DASH) or len(words) != 2:
            raise Malformed("A signature line of the note is not an em dash, a name and base64.", _ASK)
        data = decode_base64(words[1], "signature in the note")
        if len(data) < 5:
            raise Malformed("A signature in the note is too short.", _ASK)
        return cls(check_name(words[0]), data[:4], data[4:])


@dataclass(frozen=True)
class Note:
    """An opened note: its text (with the final newline), the lines that verified and those of unknown keys."""

    text: bytes
    verified: tuple[SignatureLine, ...]
    unknown: tuple[SignatureLine, ...] = ()


def split_note(data: bytes) -> tuple[bytes, tuple[SignatureLine, ...]]:
    """Text and signature lines of a note, nothing verified. Raises Malformed.

    At most 1 MiB and 64 lines; signed-note demands that at least 16 be accepted.
    """
    return (_split if len(data) <= _SHORT else _split.__wrapped__)(data)


@lru_cache(maxsize=1024)
def _split(data: bytes) -> tuple[bytes, tuple[SignatureLine, ...]]:
    note = decode_text(data, "note", MAX_NOTE)
    text, blank, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not blank or lines[-1] != "" or len(lines) < 2:
        raise Malformed("The note is not a text, a blank line and signature lines.", _ASK)
    if len(lines) - 1 > MAX_LINES:
        raise Malformed(f"The note has more than {MAX_LINES} signature lines.", _ASK)
    return (text + "\n").encode(), tuple(SignatureLine.parse(line) for line in lines[:-1])


def sign_note(text: bytes, signers: Iterable[NoteSigner]) -> bytes:
    """The signed note over ``text``, which must end in a newline. Raises Malformed."""
    lines = b"".join(sign_line(text, signer).encode() for signer in signers)
    data = text + b"\n" + lines
    split_note(data)
    if not text.endswith(b"\n"):
        raise Malformed("The text of a note must end in a newline.", "Add the newline.")
    return data


def sign_line(text: bytes, signer: NoteSigner) -> SignatureLine:
    """One signer's line over ``text``."""
    return SignatureLine(signer.vkey.name, signer.vkey.key_id, signer.sign(text))


def add_lines(note: bytes, lines: Iterable[SignatureLine]) -> bytes:
    """The note with further signature lines after its own; a line it has already is not repeated. Raises Malformed."""
    _, present = split_note(note)
    new = [line for line in dict.fromkeys(lines) if line not in present]
    data = note + b"".join(line.encode() for line in new)
    split_note(data)
    return data


def open_note(data: bytes, verifiers: Sequence[NoteVerifier]) -> Note:
    """The note, if at least one known key signed it and no known key's line is bad (signed-note, "Signatures").

    A key is known by name and id together; lines of others are ignored. Raises Malformed, Unverified.
    """
    text, lines = split_note(data)
    known = {(verifier.vkey.name, verifier.vkey.key_id): verifier for verifier in verifiers}
    verified, unknown = [], []
    for line in lines:
        verifier = known.get((line.name, line.key_id))
        if verifier is None:
            unknown.append(line)
        elif verifier.check(text, line.signature):
            verified.append(line)
        else:
            raise Unverified(f"The signature of {line.name} on the note is bad.", "Treat the note as forged.")
    if not verified:
        raise Unverified("No known key signed the note.", "Check that the signer's verifier key is configured.")
    return Note(text, tuple(verified), tuple(unknown))
