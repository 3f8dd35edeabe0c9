"""Reading a package strictly: exactly the files that the index calls for, each with its digest, or an error.

Left to others: the layout (`comity.package.bag`), whether what it says is true (`comity.package.check`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO, TypeVar

import msgspec

from comity.docket.logged import Logged
from comity.docket.record import decode_sealed
from comity.errors import Malformed, Tampered
from comity.package.bag import (
    CASE,
    GUIDE,
    INDEX,
    SEAL,
    exhibit_path,
    logged_path,
    manifest,
    proof_path,
    record_path,
    slug,
    tag_files,
)
from comity.package.container import Limits, Member, hash_member, open_member, read_member, read_members
from comity.package.contents import (
    Index,
    PackageContents,
    PackagedExhibit,
    PackagedRecord,
    in_docket_order,
)
from comity.signing.canonical import canonical, parse_canonical

T = TypeVar("T")
_ORIGINAL = "Ask for the package again; do not rely on this copy."
_CODE = re.compile(r"[A-Z]{2}", re.ASCII)
_TAGS = frozenset({"bag-info.txt", "bagit.txt", "manifest-sha256.txt", SEAL, "tagmanifest-sha256.txt"})


@dataclass(frozen=True, slots=True)
class Package:
    """An opened package whose files are whole; nothing is known yet of whether they are true."""

    contents: PackageContents
    manifest: bytes
    seal: str


def open_package(source: BinaryIO, limits: Limits | None = None) -> Package:
    """Read a package from a seekable binary source, which must stay open while its exhibits are read.

    Malformed for anything but a package as `comity.package.bag.write_package` writes it; Tampered when a file's bytes
    are not those of the manifest.
    """
    return _Reading(source, limits or Limits()).read()


class _Reading:
    """One package being read."""

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self._source, self._limits = source, limits
        members = read_members(source, limits)
        if not members:
            raise Malformed("The package is empty.", _ORIGINAL)
        self._base = members[0].name.partition("/")[0]
        prefix = self._base + "/"
        if not all(m.name.startswith(prefix) for m in members):
            raise Malformed("The package has more than one top folder.", _ORIGINAL)
        self._members: Mapping[str, Member] = {m.name.removeprefix(prefix): m for m in members}

    def read(self) -> Package:
        index = self._typed(f"data/{INDEX}", Index)
        self._check_index(index)
        self._check_files(index)
        sealed = self._file(SEAL)
        contents = PackageContents(
            docket=index.docket,
            made_by=index.made_by,
            made_at=index.made_at,
            law=index.law,
            records=self._records(index),
            exhibits=self._exhibits(index),
            party_files={code: self._file(f"data/parties/{code}.json") for code in index.parties},
        )
        self._check_order(index, contents)
        return Package(contents, self._file("manifest-sha256.txt"), sealed.decode("ascii", "replace"))

    def _file(self, path: str) -> bytes:
        member = self._members.get(path)
        if member is None:
            raise Malformed(f"The file {path} is missing from the package.", _ORIGINAL)
        if member.size > self._limits.file:
            raise Malformed(f"{path} has {member.size} bytes; at most {self._limits.file} are taken.", _ORIGINAL)
        return read_member(self._source, member)

    def _typed(self, path: str, kind: type[T]) -> T:
        try:
            return msgspec.convert(parse_canonical(self._file(path), limit=self._limits.file), kind)
        except msgspec.ValidationError as wrong:
            raise Malformed(f"{path} cannot be read: {wrong}.", _ORIGINAL) from wrong

    def _check_index(self, index: Index) -> None:
        try:
            datetime.strptime(index.made_at, "%Y-%m-%dT%H:%M:%S%z")
        except ValueError as wrong:
            raise Malformed(f"The package's date {index.made_at!r} is none.", _ORIGINAL) from wrong
        if not (index.docket.isascii() and index.docket.isprintable() and index.made_by.isprintable()):
            raise Malformed("The docket or the maker has a name that cannot be printed.", _ORIGINAL)
        if slug(index.docket) != self._base:
            raise Malformed(f"The folder {self._base} is not that of the docket {index.docket}.", _ORIGINAL)
        codes = index.parties
        if not all(_CODE.fullmatch(code) for code in codes) or list(codes) != sorted(set(codes)):
            raise Malformed("The list of Parties is not in order.", _ORIGINAL)
        if len({e.id for e in index.exhibits}) != len(index.exhibits):
            raise Malformed("An exhibit is in the package twice.", _ORIGINAL)

    def _check_files(self, index: Index) -> None:
        logged = [path for entry in index.entries for path in entry.logged]
        payload = [INDEX, CASE, GUIDE, *(e.file for e in index.entries), *logged, *map(proof_path, logged)]
        payload += [*(e.file for e in index.exhibits), *(f"parties/{code}.json" for code in index.parties)]
        expected = _TAGS | {f"data/{path}" for path in payload}
        if len(expected) != len(_TAGS) + len(payload):
            raise Malformed("The index names a file twice.", _ORIGINAL)
        if surplus := sorted(set(self._members) - expected):
            raise Malformed(f"The package holds a file that its index does not name: {surplus[0]}.", _ORIGINAL)
        if missing := sorted(expected - set(self._members)):
            raise Malformed(f"The file {missing[0]} is missing from the package.", _ORIGINAL)
        self._check_digests(index)

    def _check_digests(self, index: Index) -> None:
        """Every file's digest against the manifests; every tag file byte for byte."""
        payload = {p: hash_member(self._source, m) for p, m in self._members.items() if p not in _TAGS}
        stated = self._file("manifest-sha256.txt")
        if manifest(payload) != stated:
            raise Tampered(f"{_first_difference(payload, stated)} is not as the manifest says.", _ORIGINAL)
        for exhibit in index.exhibits:
            if exhibit.digest != f"sha256:{payload[f'data/{exhibit.file}']}":
                raise Tampered(f"The digest of exhibit {exhibit.id} is not that of its file.", _ORIGINAL)
        size = sum(m.size for p, m in self._members.items() if p not in _TAGS)
        tags = tag_files(index, payload, size)
        for path, data in tags.items():
            if self._file(path) != data:
                raise Tampered(f"{path} is not that of this package.", _ORIGINAL)
        digests = {path: sha256(self._file(path)).hexdigest() for path in (*tags, SEAL)}
        if manifest(digests) != self._file("tagmanifest-sha256.txt"):
            raise Tampered("tagmanifest-sha256.txt does not fit the package.", _ORIGINAL)

    def _records(self, index: Index) -> tuple[PackagedRecord, ...]:
        return tuple(
            PackagedRecord(
                decode_sealed(self._file(f"data/{entry.file}")), tuple(self._logged(path) for path in entry.logged)
            )
            for entry in index.entries
        )

    def _logged(self, path: str) -> Logged:
        data = self._file(f"data/{path}")
        logged = self._typed(f"data/{path}", Logged)
        if canonical(logged) != data:
            raise Malformed(f"data/{path} is not in its one form.", _ORIGINAL)
        if logged.proof.encode() != self._file(f"data/{proof_path(path)}"):
            raise Malformed(f"data/{proof_path(path)} is not the proof that stands beside it.", _ORIGINAL)
        return logged

    def _exhibits(self, index: Index) -> tuple[PackagedExhibit, ...]:
        found = []
        for entry in index.exhibits:
            member = self._members[f"data/{entry.file}"]
            name = entry.file.removeprefix(f"exhibits/{slug(entry.id)}-")

            def opened(member: Member = member) -> BinaryIO:
                return open_member(self._source, member)

            exhibit = PackagedExhibit(entry.id, name, entry.digest, member.size, opened)
            if exhibit_path(exhibit) != entry.file:
                raise Malformed(f"The exhibit {entry.id} does not lie where it should.", _ORIGINAL)
            found.append(exhibit)
        return tuple(found)

    def _check_order(self, index: Index, contents: PackageContents) -> None:
        """Records stand in docket order under their own numbers, each proof under its own record and log."""
        if in_docket_order(contents.records) != contents.records:
            raise Malformed("The records are not in the order of the docket.", _ORIGINAL)
        for number, (entry, record) in enumerate(zip(index.entries, contents.records, strict=True), 1):
            paths = tuple(logged_path(number, logged) for logged in record.logged)
            if (entry.id, entry.file, entry.logged) != (record.id, record_path(number, record), paths):
                raise Malformed(f"The file {entry.file} does not hold the record that the index names.", _ORIGINAL)


def _first_difference(payload: Mapping[str, str], stated: bytes) -> str:
    lines = set(stated.split(b"\n"))
    differing = (path for path, value in sorted(payload.items()) if f"{value}  {path}".encode("ascii") not in lines)
    return next(differing, "A line too many")
