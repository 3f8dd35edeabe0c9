"""The zip around a package: stored members, fixed dates, names in order. One set of files, one sequence of bytes.

Written after PKWARE's APPNOTE 6.3.10 so that every program reads it (ZIP64 only where sizes demand it), and read back
by writing every header again and comparing: whatever is not exactly as written here (compression, comments, links,
gaps, prefixes, other attributes, members twice or out of order) is refused. Nothing is compressed, so no file can
grow when it is read.

Left to others: what the files are (`comity.package.bag`).
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from comity.errors import Malformed

CHUNK = 1 << 20
_BIG, _MANY = 0xFFFFFFFF, 0xFFFF
_DATE = 0x0021  # 1 January 1980, the first day a zip can name
_ATTRIBUTES = 0o100644 << 16  # a regular file, never a link
_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}){0,7}", re.ASCII)
_END, _END64, _LOCATOR = struct.Struct("<4s4H2IH"), struct.Struct("<4sQ2H2I4Q"), struct.Struct("<4sIQI")
_LOCAL, _CENTRAL = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I")
_ORIGINAL = "Check the file as it was handed over; never unpack and pack it again."


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader takes: members, bytes of one file that is read whole, bytes of the whole package."""

    members: int = 50_000
    file: int = 16 * 1024 * 1024
    total: int = 1 << 42


@dataclass(frozen=True, slots=True)
class Member:
    """One file in the zip: its path, size in bytes, CRC-32 and where its header begins."""

    name: str
    size: int
    crc: int
    offset: int

    def header(self) -> bytes:
        """The local file header (APPNOTE 4.3.7)."""
        big = self.size >= _BIG
        extra = struct.pack("<2H2Q", 1, 16, self.size, self.size) if big else b""
        size, need = (_BIG, 45) if big else (self.size, 20)
        name = self.name.encode("ascii")
        return _LOCAL.pack(b"PK\3\4", need, 0, 0, 0, _DATE, self.crc, size, size, len(name), len(extra)) + name + extra

    def central(self) -> bytes:
        """The header in the central directory (APPNOTE 4.3.12)."""
        wide = [self.size, self.size] if self.size >= _BIG else []
        wide += [self.offset] if self.offset >= _BIG else []
        extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
        size, need = min(self.size, _BIG), 45 if wide else 20
        name = self.name.encode("ascii")
        return (
            _CENTRAL.pack(
                b"PK\1\2", 3 << 8 | 45, need, 0, 0, 0, _DATE, self.crc, size, size,
                len(name), len(extra), 0, 0, 0, _ATTRIBUTES, min(self.offset, _BIG),
            )
            + name
            + extra
        )  # fmt: skip

    @property
    def data(self) -> int:
        """Where the file's own bytes begin."""
        return self.offset + len(self.header())


def check_path(name: str) -> str:
    """The path, if it is plain: ASCII letters, digits, dot, dash, underscore; no part begins with a dot. Malformed."""
    if _PATH.fullmatch(name) is None or len(name) > 600:
        raise Malformed(f"The package holds a file with the path {name[:80]!r}.", _ORIGINAL)
    return name


class ZipWriter:
    """Writes members, in the order of their paths, to a seekable binary sink that is empty."""

    def __init__(self, sink: BinaryIO) -> None:
        """``sink`` stands at its beginning."""
        self._sink = sink
        self._members: list[Member] = []
        self._at = 0

    def add(self, name: str, data: bytes) -> None:
        """Add a file held in memory."""
        self._begin(Member(name, len(data), zlib.crc32(data), self._at))
        self._put(data)

    def add_stream(self, name: str, size: int, source: BinaryIO) -> str:
        """Copy ``size`` bytes, no more, no fewer, in pieces; the ``sha256:`` digest of what was copied. Malformed."""
        member = Member(name, size, 0, self._at)
        self._begin(member)
        hashed, crc, left = sha256(), 0, size
        while chunk := source.read(CHUNK):
            left -= len(chunk)
            hashed.update(chunk)
            crc = zlib.crc32(chunk, crc)
            self._put(chunk)
        if left != 0:
            raise Malformed(f"{name} has {size - left} bytes instead of {size}.", "Fetch it from the vault again.")
        self._members[-1] = whole = Member(name, size, crc, member.offset)
        self._sink.seek(whole.offset)
        self._sink.write(whole.header())
        self._sink.seek(self._at)
        return f"sha256:{hashed.hexdigest()}"

    def close(self) -> None:
        """Write the directory; the sink itself stays open."""
        start = self._at
        for member in self._members:
            self._put(member.central())
        self._put(_end(len(self._members), self._at - start, start))

    def _begin(self, member: Member) -> None:
        check_path(member.name)
        if self._members and member.name <= self._members[-1].name:
            raise Malformed(f"{member.name} comes twice or out of order.", "Give every file a path of its own.")
        self._members.append(member)
        self._put(member.header())

    def _put(self, data: bytes) -> None:
        self._sink.write(data)
        self._at += len(data)


def _end(count: int, size: int, start: int) -> bytes:
    """The end of the central directory (APPNOTE 4.3.14 to 4.3.16)."""
    end = _END.pack(b"PK\5\6", 0, 0, min(count, _MANY), min(count, _MANY), min(size, _BIG), min(start, _BIG), 0)
    if count < _MANY and size < _BIG and start < _BIG:
        return end
    wide = _END64.pack(b"PK\6\6", 44, 3 << 8 | 45, 45, 0, 0, count, count, size, start)
    return wide + _LOCATOR.pack(b"PK\6\7", 0, start + size, 1) + end


def read_members(source: BinaryIO, limits: Limits) -> tuple[Member, ...]:
    """The members of a zip that `ZipWriter` wrote, every header compared. Malformed for any other zip."""
    total = source.seek(0, io.SEEK_END)
    if total > limits.total:
        raise Malformed(f"The package has {total} bytes; at most {limits.total} are taken.", "Raise the limit.")
    count, size, start = _read_end(source, total)
    if count > limits.members or size > count * 1024:
        raise Malformed(f"The package has {count} files; at most {limits.members} are taken.", _ORIGINAL)
    directory = _read(source, start, size)
    members = tuple(_read_central(directory, count))
    _check_layout(source, members, directory, start)
    return members


def _read_end(source: BinaryIO, total: int) -> tuple[int, int, int]:
    if total < _END.size:
        raise Malformed("This is not a package: it is too short for a zip.", _ORIGINAL)
    _, _, _, count, _, size, start, _ = _END.unpack(_read(source, total - _END.size, _END.size))
    if count == _MANY or _BIG in (size, start):
        at = total - _END.size - _LOCATOR.size - _END64.size
        if at < 0:
            raise Malformed("This is not a package: the end of the zip is broken.", _ORIGINAL)
        *_, count, size, start = _END64.unpack(_read(source, at, _END64.size))
    end = _end(count, size, start)
    if start + size + len(end) != total or _read(source, total - len(end), len(end)) != end:
        raise Malformed("This is not a package, or bytes were added to or taken from its end.", _ORIGINAL)
    return count, size, start


def _read_central(directory: bytes, count: int) -> Iterator[Member]:
    at = 0
    for _ in range(count):
        if at + _CENTRAL.size > len(directory):
            raise Malformed("The directory of the zip is broken.", _ORIGINAL)
        fields = _CENTRAL.unpack_from(directory, at)
        crc, size, names, extras, offset = fields[7], fields[9], fields[10], fields[11], fields[16]
        name = directory[at + _CENTRAL.size : at + _CENTRAL.size + names].decode("latin-1")
        extra = directory[at + _CENTRAL.size + names : at + _CENTRAL.size + names + extras]
        wide = iter(struct.unpack_from(f"<{(len(extra) - 4) // 8}Q", extra, 4) if len(extra) in (12, 20, 28) else ())
        if size == _BIG:
            size = next(wide, size)
            next(wide, None)
        yield Member(check_path(name), size, crc, next(wide, offset) if offset == _BIG else offset)
        at += _CENTRAL.size + names + extras


def _check_layout(source: BinaryIO, members: Iterable[Member], directory: bytes, start: int) -> None:
    """Every header is exactly the one that would be written, one member after the other, without gaps."""
    at, previous, again = 0, "", []
    for member in members:
        header = member.header()
        if member.name <= previous or member.offset != at or at + len(header) + member.size > start:
            raise Malformed(f"{member.name} is in the package twice or not in its place.", _ORIGINAL)
        if _read(source, at, len(header)) != header:
            raise Malformed(f"The header of {member.name} is not as a package has it.", _ORIGINAL)
        at, previous = at + len(header) + member.size, member.name
        again.append(member.central())
    if at != start or b"".join(again) != directory:
        raise Malformed("The zip was not written as a package is: packed again, compressed or altered.", _ORIGINAL)


def _read(source: BinaryIO, at: int, size: int) -> bytes:
    if at < 0:
        raise Malformed("The zip is broken.", _ORIGINAL)
    source.seek(at)
    data = source.read(size)
    if len(data) != size:
        raise Malformed("The zip is truncated.", _ORIGINAL)
    return data


class MemberReader(io.RawIOBase):
    """One member's bytes as a file of its own, read in pieces from the package."""

    def __init__(self, source: BinaryIO, member: Member) -> None:
        """``source`` must stay open; several readers may share it, one at a time."""
        self._source, self._next, self._end = source, member.data, member.data + member.size

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the member; 0 at its end."""
        self._source.seek(self._next)
        data = self._source.read(min(len(buffer), self._end - self._next))
        buffer[: len(data)] = data
        self._next += len(data)
        return len(data)


def open_member(source: BinaryIO, member: Member) -> BinaryIO:
    """The member's bytes, as a buffered binary file."""
    return io.BufferedReader(MemberReader(source, member), CHUNK)


def read_member(source: BinaryIO, member: Member) -> bytes:
    """A small member's bytes; Malformed when they do not fit the zip's own CRC-32."""
    with open_member(source, member) as reader:
        data = reader.read()
    if zlib.crc32(data) != member.crc:
        raise Malformed(f"{member.name} is damaged: its bytes do not fit the zip's check sum.", _ORIGINAL)
    return data


def hash_member(source: BinaryIO, member: Member) -> str:
    """The SHA-256 of a member's bytes, in hexadecimal; Malformed when they do not fit the zip's own CRC-32."""
    hashed, crc, reader = sha256(), 0, open_member(source, member)
    while chunk := reader.read(CHUNK):
        hashed.update(chunk)
        crc = zlib.crc32(chunk, crc)
    if crc != member.crc:
        raise Malformed(f"{member.name} is damaged: its bytes do not fit the zip's check sum.", _ORIGINAL)
    return hashed.hexdigest()
