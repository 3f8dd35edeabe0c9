import io
import tracemalloc
from typing import Any

import pytest
import tink
from tink import secret_key_access, streaming_aead

from comity.errors import Malformed, Unverified
from comity.signing.stream import CHUNK, decrypt_stream, encrypt_stream, new_stream_key

KEY = new_stream_key()
NAME = b"exhibit 1"


def encrypted(plaintext: bytes) -> bytes:
    sink = io.BytesIO()
    assert encrypt_stream(io.BytesIO(plaintext), sink, KEY, NAME) == len(plaintext)
    return sink.getvalue()


def decrypted(data: bytes, key: bytes = KEY, associated: bytes = NAME) -> bytes:
    sink = io.BytesIO()
    assert decrypt_stream(io.BytesIO(data), sink, key, associated) == len(sink.getvalue())
    return sink.getvalue()


THREE = bytes(range(256)) * 4096 * 3
SEALED = encrypted(THREE)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 57, CHUNK - 56, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_is_encrypted_decrypts(size: int) -> None:
    sealed = encrypted(THREE[:size])
    assert decrypted(sealed) == THREE[:size]
    assert sealed[100:] not in (b"", THREE[100:size]) or size < 100


@pytest.mark.parametrize("size", [0, 1, 39, 40, 56, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK, len(SEALED) - 1])
def test_cut_streams_are_refused(size: int) -> None:
    with pytest.raises(Unverified):
        decrypted(SEALED[:size])


@pytest.mark.parametrize("place", [0, 1, 10, 39, 40, CHUNK - 1, CHUNK, 2 * CHUNK + 5, len(SEALED) - 1])
def test_altered_streams_are_refused(place: int) -> None:
    data = bytearray(SEALED)
    data[place] ^= 1
    with pytest.raises(Unverified):
        decrypted(bytes(data))


def test_lengthened_and_reordered_streams_are_refused() -> None:
    swapped = SEALED[:CHUNK] + SEALED[2 * CHUNK : 3 * CHUNK] + SEALED[CHUNK : 2 * CHUNK] + SEALED[3 * CHUNK :]
    for data in (SEALED + b"x", SEALED + SEALED, swapped):
        with pytest.raises(Unverified):
            decrypted(data)


def test_another_key_or_exhibit_is_refused() -> None:
    with pytest.raises(Unverified):
        decrypted(SEALED, key=new_stream_key())
    with pytest.raises(Unverified):
        decrypted(SEALED, associated=b"exhibit 2")


def weaker(template: Any) -> bytes:
    streaming_aead.register()
    handle = tink.new_keyset_handle(template)
    return bytes(tink.proto_keyset_format.serialize(handle, secret_key_access.TOKEN))


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"text",
        KEY[:-1],
        KEY + KEY,
        KEY + b"\x12" * 600,
        weaker(streaming_aead.streaming_aead_key_templates.AES128_GCM_HKDF_4KB),
        weaker(streaming_aead.streaming_aead_key_templates.AES256_CTR_HMAC_SHA256_1MB),
    ],
)
def test_other_keys_are_refused(key: bytes) -> None:
    with pytest.raises(Malformed):
        encrypt_stream(io.BytesIO(b"x"), io.BytesIO(), key, NAME)


def test_files_stay_open() -> None:
    source, sealed, opened = io.BytesIO(b"x"), io.BytesIO(), io.BytesIO()
    encrypt_stream(source, sealed, KEY, NAME)
    sealed.seek(0)
    decrypt_stream(sealed, opened, KEY, NAME)
    assert [file.closed for file in (source, sealed, opened)] == [False] * 3


class Breaking(io.BytesIO):
    """A file whose disk fails after some megabytes."""

    left = 2

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError("disk failed")

    def read(self, size: int | None = -1, /) -> bytes:
        self._count()
        return super().read(size)

    def write(self, data: Any, /) -> int:
        self._count()
        return super().write(data)


def test_a_source_that_fails_leaves_no_valid_stream() -> None:
    sink = io.BytesIO()
    with pytest.raises(OSError, match="disk failed"):
        encrypt_stream(Breaking(THREE), sink, KEY, NAME)
    with pytest.raises(Unverified):
        decrypted(sink.getvalue())


def test_errors_of_the_files_go_through() -> None:
    with pytest.raises(OSError, match="disk failed"):
        encrypt_stream(io.BytesIO(THREE), Breaking(), KEY, NAME)
    with pytest.raises(OSError, match="disk failed"):
        decrypt_stream(Breaking(SEALED), io.BytesIO(), KEY, NAME)
    with pytest.raises(OSError, match="disk failed"):
        decrypt_stream(io.BytesIO(SEALED), Breaking(), KEY, NAME)


class Zeros(io.RawIOBase):
    """A file of zeros that needs no memory."""

    def __init__(self, size: int) -> None:
        self.left = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        part = min(size, self.left)
        self.left -= part
        return bytes(part)


class Nowhere(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def test_memory_stays_constant() -> None:
    tracemalloc.start()
    try:
        assert encrypt_stream(Zeros(64 * CHUNK), Nowhere(), KEY, NAME) == 64 * CHUNK  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 10 * CHUNK
    finally:
        tracemalloc.stop()
