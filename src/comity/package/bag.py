"""The bag: a package's files as BagIt 1.0 (RFC 8493) in one zip, written and strictly read back.

    <docket>/bagit.txt, bag-info.txt, manifest-sha256.txt, tagmanifest-sha256.txt
    <docket>/manifest.seal                   the maker's seal over the manifest: nothing is missing
    <docket>/data/package.json               the index (`comity.package.contents.Index`)
    <docket>/data/records/<nnn>-<step>.json  sealed records, canonical, in docket order
    <docket>/data/logged/<nnn>-<log>.json    each log's proof of the record, with its findings
    <docket>/data/logged/<nnn>-<log>.tlog-proof   the same proof for programs of others
    <docket>/data/parties/<CC>.json, data/exhibits/<id>-<name>, data/case.jsonld, data/READ-ME.txt

A reader gets exactly these files, each with the right digest, or an error. Exhibits are copied and hashed in pieces.

Left to others: the zip (`comity.package.container`), whether what it says is true (`comity.package.check`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import BinaryIO

from comity.docket.logged import Logged
from comity.docket.record import encode_sealed
from comity.errors import Malformed, Tampered
from comity.package.case import case_jsonld
from comity.package.container import ZipWriter, check_path
from comity.package.contents import (
    Index,
    IndexedExhibit,
    IndexedRecord,
    PackageContents,
    PackagedExhibit,
    PackagedRecord,
    in_docket_order,
)
from comity.package.guide import read_me
from comity.signing.canonical import canonical
from comity.signing.digest import check_digest
from comity.signing.keys import Signer
from comity.signing.seal import seal

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
INDEX, GUIDE, CASE = "package.json", "READ-ME.txt", "case.jsonld"
SEAL = "manifest.seal"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


def slug(text: str, longest: int = 80) -> str:
    """The text as part of a path: other characters than letters, digits, dot, dash, underscore become one dash."""
    return _UNSAFE.sub("-", text)[:longest].strip(".-") or "x"


def record_path(number: int, record: PackagedRecord) -> str:
    """Where the record with this number (from 1, in docket order) lies."""
    return f"records/{number:03d}-{slug(record.sealed.record.step)}.json"


def logged_path(number: int, logged: Logged) -> str:
    """Where a log's proof of the record with this number lies; the standalone proof beside it ends in .tlog-proof."""
    return f"logged/{number:03d}-{slug(logged.origin, 120)}.json"


def exhibit_path(exhibit: PackagedExhibit) -> str:
    """Where an exhibit lies."""
    return f"exhibits/{slug(exhibit.id)}-{slug(exhibit.name)}"


def proof_path(path: str) -> str:
    """The standalone proof that lies beside a ``logged`` file."""
    return path.removesuffix(".json") + ".tlog-proof"


def write_package(sink: BinaryIO, contents: PackageContents, signer: Signer) -> None:
    """Write a package to a seekable, empty sink. ``signer`` is the seal of the node ``made_by``: it vouches that the
    package is complete.

    The same contents give the same bytes. Malformed when contents contradict themselves, Tampered when an exhibit's
    bytes are not those that its digest names (discard what was written).
    """
    contents = replace(contents, records=in_docket_order(contents.records))
    index, files = _payload(contents)
    streams = {f"data/{exhibit_path(e)}": e for e in contents.exhibits}
    if len(streams) != len(contents.exhibits):
        raise Malformed("Two exhibits have the same identifier and name.", "Name each exhibit once.")
    digests = {path: sha256(data).hexdigest() for path, data in files.items()}
    digests |= {path: check_digest(e.digest).removeprefix("sha256:") for path, e in streams.items()}
    sizes = sum(len(data) for data in files.values()) + sum(e.size for e in contents.exhibits)
    tags = tag_files(index, digests, sizes)
    tags[SEAL] = seal(seal_message(tags["manifest-sha256.txt"]), signer).encode()
    tags["tagmanifest-sha256.txt"] = manifest({path: sha256(data).hexdigest() for path, data in tags.items()})
    _write(sink, slug(contents.docket), {**files, **tags}, streams)


def _write(sink: BinaryIO, base: str, files: Mapping[str, bytes], streams: Mapping[str, PackagedExhibit]) -> None:
    writer = ZipWriter(sink)
    for path in sorted([*files, *streams]):
        if path in files:
            writer.add(f"{base}/{path}", files[path])
            continue
        exhibit = streams[path]
        with exhibit.open() as source:
            if writer.add_stream(f"{base}/{path}", exhibit.size, source) != exhibit.digest:
                raise Tampered(
                    f"The bytes of exhibit {exhibit.id} are not those of its digest.", "Fetch it from the vault again."
                )
    writer.close()


def _payload(contents: PackageContents) -> tuple[Index, dict[str, bytes]]:
    files: dict[str, bytes] = {}
    entries = []
    for number, record in enumerate(contents.records, 1):
        proofs = tuple(logged_path(number, logged) for logged in record.logged)
        if len(set(proofs)) != len(proofs):
            raise Malformed(f"{record.id} has two proofs of one log.", "Give one proof per log.")
        entries.append(IndexedRecord(id=record.id, file=record_path(number, record), logged=proofs))
        files[record_path(number, record)] = encode_sealed(record.sealed)
        for path, logged in zip(proofs, record.logged, strict=True):
            files[path], files[proof_path(path)] = canonical(logged), logged.proof.encode()
    for code, data in contents.party_files.items():
        files[check_path(f"parties/{code}.json")] = data
    index = Index(
        docket=contents.docket,
        made_by=contents.made_by,
        made_at=contents.made_at,
        law=contents.law,
        entries=tuple(entries),
        exhibits=tuple(IndexedExhibit(id=e.id, digest=e.digest, file=exhibit_path(e)) for e in contents.exhibits),
        parties=tuple(sorted(contents.party_files)),
    )
    files[INDEX], files[CASE] = canonical(index), case_jsonld(contents)
    files[GUIDE] = read_me(contents.docket, contents.made_by, contents.made_at)
    return index, {f"data/{path}": data for path, data in files.items()}


def tag_files(index: Index, digests: Mapping[str, str], size: int) -> dict[str, bytes]:
    """BagIt's own files for a payload of these paths and digests (hexadecimal), ``size`` bytes in all."""
    info = (
        f"Bag-Software-Agent: {index.format}\nBagging-Date: {index.made_at[:10]}\nExternal-Identifier: {index.docket}\n"
        f"Payload-Oxum: {size}.{len(digests)}\nSource-Organization: {index.made_by}\n"
    )
    return {"bag-info.txt": info.encode(), "bagit.txt": BAGIT, "manifest-sha256.txt": manifest(digests)}


def manifest(digests: Mapping[str, str]) -> bytes:
    """A manifest (RFC 8493, 2.1.3), which ``sha256sum -c`` reads too."""
    return "".join(f"{value}  {path}\n" for path, value in sorted(digests.items())).encode("ascii")


def seal_message(manifest: bytes) -> bytes:
    """What the maker of a package seals; its format keeps it from passing for the seal of a record."""
    return canonical({"format": "comity-package-seal/1", "manifest": f"sha256:{sha256(manifest).hexdigest()}"})
