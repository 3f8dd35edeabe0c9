"""Evidence streams: files of any size, encrypted in segments of 1 MiB (Tink streaming AEAD, AES256_GCM_HKDF_1MB).

Every segment is authenticated together with its place and whether it is the last, so a stream cut short, reordered or
altered is refused. Memory stays constant. The stream's key is a serialised Tink keyset that travels in an envelope;
losing the key erases the evidence.

Left to others: opening and closing files, and throwing away what was written before a stream was refused.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any, BinaryIO

import tink
from google.protobuf.message import DecodeError  # type: ignore[import-untyped, unused-ignore]
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, tink_pb2

from comity.errors import Malformed, Unverified

CHUNK = 1 << 20
"""Bytes read at a time: one segment."""

_KEY_LIMIT = 512
_TEMPLATE = streaming_aead.streaming_aead_key_templates.AES256_GCM_HKDF_1MB


def new_stream_key() -> bytes:
    """Return a fresh stream key: a Tink keyset in binary form, in the clear. Wrap it in an envelope at once."""
    _register()
    handle = tink.new_keyset_handle(_TEMPLATE)
    return bytes(tink.proto_keyset_format.serialize(handle, secret_key_access.TOKEN))


def encrypt_stream(source: BinaryIO, sink: BinaryIO, key: bytes, associated: bytes) -> int:
    """Write the encryption of ``source`` to ``sink`` and return how many bytes of plaintext it had.

    ``associated`` (the exhibit's identity) is bound, not stored. Neither file is closed. Errors of the files go
    through; what was written until then cannot be decrypted. Raises `Malformed` for a key that is not a stream key.
    """
    held = _Held(sink)
    writer = _primitive(key).new_encrypting_stream(held, associated)
    try:
        total = _copy(source, writer)
        writer.close()
    except BaseException as wrong:
        # Closing the writer now would end the stream as if it were whole; let nothing more reach the sink.
        held.abandoned = True
        raise held.failure or wrong from None
    return total


def decrypt_stream(source: BinaryIO, sink: BinaryIO, key: bytes, associated: bytes) -> int:
    """Write the decryption of ``source`` to ``sink`` and return how many bytes it has.

    Raises `Unverified` if the stream was altered or cut, or the key or ``associated`` is another: throw away what was
    written to ``sink``, it is an unproven part. Neither file is closed; their errors go through.
    """
    held = _Held(source)
    primitive = _primitive(key)
    try:
        return _copy(primitive.new_decrypting_stream(held, associated), sink)
    except tink.TinkError as wrong:
        if held.failure is not None:
            raise held.failure from None
        raise Unverified(
            "The evidence stream was altered or cut short, or its key or exhibit is another.",
            "Throw away what was written, and ask for the stream again.",
        ) from wrong


class _Held(io.RawIOBase):
    """A file lent to Tink: never closed by it, its own errors remembered, deaf once abandoned."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.failure: Exception | None = None
        self.abandoned = False

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._kept(self._file.read, size)  # type: ignore[no-any-return]

    def write(self, data: Any) -> int:
        if self.abandoned:
            return len(memoryview(data))
        return self._kept(self._file.write, data)  # type: ignore[no-any-return]

    def _kept(self, act: Any, argument: Any) -> Any:
        try:
            return act(argument)
        except Exception as wrong:
            self.failure = wrong
            raise


def _copy(source: Any, sink: Any) -> int:
    total = 0
    while chunk := source.read(CHUNK):
        total += len(chunk)
        rest = memoryview(chunk)
        while rest:
            rest = rest[sink.write(rest) :]
    return total


def _primitive(key: bytes) -> Any:
    """Return Tink's primitive for a stream key: one key, of exactly our parameters and no weaker ones."""
    _register()
    _check_key(key)
    try:
        handle = tink.proto_keyset_format.parse(key, secret_key_access.TOKEN)
        return handle.primitive(streaming_aead.StreamingAead)
    except tink.TinkError as wrong:
        raise Malformed("This is not a stream key.", "Open the envelope that holds it.") from wrong


def _check_key(key: bytes) -> None:
    try:
        keyset = tink_pb2.Keyset.FromString(key[: _KEY_LIMIT + 1])
        ours = [_is_ours(entry) for entry in keyset.key]
    except DecodeError as wrong:
        raise Malformed("This is not a stream key.", "Open the envelope that holds it.") from wrong
    if len(key) > _KEY_LIMIT or ours != [True]:
        raise Malformed("This stream key is of another kind.", "Only AES256_GCM_HKDF_1MB with one key is used.")


def _is_ours(entry: Any) -> bool:
    if entry.key_data.type_url != _TEMPLATE.type_url:
        return False
    held = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey.FromString(entry.key_data.value)
    wanted = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKeyFormat.FromString(_TEMPLATE.value)
    return bool(held.params == wanted.params and len(held.key_value) == wanted.key_size)


@lru_cache(maxsize=1)
def _register() -> None:
    streaming_aead.register()
