"""The vault: contents at rest, each under a key of its own, so that erasing the key erases the contents.

Sections of records are small and live in the database beside their wrapped key; exhibits are streams and live as files
named by the digest of their ciphertext. Keys are wrapped under the vault key, which is a file apart from the database:
a stolen database or backup opens nothing. Erasure deletes wrapped key and ciphertext (crypto-erasure); a backup made
before it still holds the wrapped key, so backups must be rotated within the retention period (docs/operations.md).
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.docket.record import Section
from comity.errors import Malformed, NotFound, Tampered, Unverified
from comity.signing.stream import decrypt_stream, encrypt_stream, new_stream_key

_CHUNK = 1024 * 1024
_SECTIONS = msgspec.json.Decoder(dict[str, Section])


class Sink(Protocol):
    """Anything that bytes can be written to."""

    def write(self, data: bytes, /) -> int:
        """Take the bytes; how many were taken."""


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """An exhibit after it was taken in: digest and size of the plain bytes, name of the blob, wrapped key."""

    id: str
    size: int
    blob: str
    key: bytes


class Vault:
    """Seals and opens contents. Holds no rows: the store keeps wrapped keys and sealed sections."""

    def __init__(self, folder: Path, vault_key: bytes) -> None:
        """``vault_key``: 32 bytes. The folder is made when missing, readable by the owner only."""
        self._wrap = AESGCM(vault_key)
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left_over in folder.glob("*.part"):  # an upload that a crash cut short
            left_over.unlink()

    def seal_sections(self, record: str, sections: dict[str, Section]) -> tuple[bytes, bytes]:
        """Ciphertext and wrapped key of a record's sections."""
        key = secrets.token_bytes(32)
        return _encrypt(AESGCM(key), msgspec.json.encode(sections), record), _encrypt(self._wrap, key, record)

    def open_sections(self, record: str, body: bytes, wrapped: bytes) -> dict[str, Section]:
        """The sections; Tampered when ciphertext, key or record do not belong together."""
        return _SECTIONS.decode(_decrypt(AESGCM(_decrypt(self._wrap, wrapped, record)), body, record))

    def wrap_key(self, exhibit: str, key: bytes) -> bytes:
        """A stream key wrapped for the store."""
        return _encrypt(self._wrap, key, exhibit)

    def unwrap_key(self, exhibit: str, wrapped: bytes) -> bytes:
        """The stream key of an exhibit, for the receiving authority's envelope."""
        return _decrypt(self._wrap, wrapped, exhibit)

    def mark(self, text: str) -> bytes:
        """A mark that only a holder of the vault key can make for ``text``."""
        return _encrypt(self._wrap, b"", text)

    def check_mark(self, text: str, mark: bytes) -> None:
        """Tampered when the mark was not made here for ``text``."""
        _decrypt(self._wrap, mark, text)

    def take_in(self, source: BinaryIO, limit: int) -> StoredBlob:
        """Encrypt a stream of at most ``limit`` bytes into the vault. Constant memory; nothing is left on failure."""
        key = new_stream_key()
        metered = _Metered(source, limit)
        with self._new_file() as (part, sink):
            # The exhibit's identifier is known only at the end, so the stream is bound to its key alone.
            encrypt_stream(metered, sink, key, b"comity-exhibit/1")  # type: ignore[arg-type]
            sink.flush()
            os.fsync(sink.fileno())
            blob = self._settle(part)
        identifier = f"sha256:{metered.digest.hexdigest()}"
        return StoredBlob(identifier, metered.size, blob, self.wrap_key(identifier, key))

    def place_blob(self, chunks: Iterator[bytes], blob: str, limit: int) -> None:
        """Store a ciphertext fetched from a peer; Unverified when it is not the blob that was named."""
        with self._new_file() as (part, sink):
            digest, size = hashlib.sha256(), 0
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise Malformed("The exhibit is larger than this node takes.", "Raise max_exhibit_bytes and retry.")
                digest.update(chunk)
                sink.write(chunk)
            if digest.hexdigest() != blob:
                raise Unverified("The fetched exhibit is not the one that was produced.", "It will be fetched again.")
            sink.flush()
            os.fsync(sink.fileno())
            self._settle(part)

    def read(self, exhibit: str, blob: str, wrapped: bytes, sink: Sink) -> None:
        """Decrypt an exhibit into ``sink``, checking that the plain bytes are the ones its identifier names."""
        hashing = _Hashing(sink)
        with self.open_blob(blob) as source:
            decrypt_stream(source, hashing, self.unwrap_key(exhibit, wrapped), b"comity-exhibit/1")  # type: ignore[arg-type]
        if f"sha256:{hashing.digest.hexdigest()}" != exhibit:
            raise Tampered("The exhibit's bytes are not those that its digest names.", "Do not use it; tell oversight.")

    def open_blob(self, blob: str) -> BinaryIO:
        """The ciphertext of an exhibit, for reading. NotFound when it was erased or never arrived."""
        try:
            return (self._folder / _safe(blob)).open("rb")
        except FileNotFoundError:
            raise NotFound("The exhibit is not in the vault.", "It was erased, or has not been fetched yet.") from None

    def has(self, blob: str) -> bool:
        """Whether the ciphertext is here."""
        return (self._folder / _safe(blob)).exists()

    def erase_blob(self, blob: str) -> None:
        """Delete the ciphertext. Harmless when it is gone."""
        (self._folder / _safe(blob)).unlink(missing_ok=True)

    def blobs(self) -> set[str]:
        """The names of all blobs held."""
        return {p.name for p in self._folder.iterdir() if not p.name.endswith(".part")}

    @contextmanager
    def _new_file(self) -> Iterator[tuple[Path, BinaryIO]]:
        part = self._folder / f"{secrets.token_hex(16)}.part"
        try:
            with part.open("xb") as sink:
                yield part, sink
        finally:
            part.unlink(missing_ok=True)

    def _settle(self, part: Path) -> str:
        """Name a complete file by its digest, durably."""
        with part.open("rb") as written:
            blob = hashlib.file_digest(written, "sha256").hexdigest()
        part.replace(self._folder / blob)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return blob


class _Metered:
    """A readable that counts, hashes and limits what passes."""

    def __init__(self, source: BinaryIO, limit: int) -> None:
        self._source, self._limit = source, limit
        self.size, self.digest = 0, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(_CHUNK if size < 0 else size)
        self.size += len(chunk)
        if self.size > self._limit:
            raise Malformed(f"The exhibit is larger than {self._limit} bytes.", "Raise max_exhibit_bytes, or split it.")
        self.digest.update(chunk)
        return chunk


class _Hashing:
    """A writable that hashes what passes."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self.digest = sink, hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._sink.write(data)


def _safe(blob: str) -> str:
    if len(blob) != 64 or not set(blob) <= set("0123456789abcdef"):
        raise Malformed(f"{blob[:80]!r} is not the name of an exhibit's ciphertext.", "Use the name as it was given.")
    return blob


def _encrypt(cipher: AESGCM, data: bytes, bound_to: str) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + cipher.encrypt(nonce, data, bound_to.encode())


def _decrypt(cipher: AESGCM, data: bytes, bound_to: str) -> bytes:
    try:
        return cipher.decrypt(data[:12], data[12:], bound_to.encode())
    except InvalidTag:
        raise Tampered(
            f"What is stored for {bound_to} was altered, or the vault key is another.", "Restore the key or the data."
        ) from None
