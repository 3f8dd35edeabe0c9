"""The bag and its zip: others' programs read it, the same contents give the same bytes, and nothing else is taken."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from dataclasses import replace
from typing import BinaryIO

import msgspec
import pytest

from comity.docket.record import decode_sealed, encode_sealed
from comity.errors import ComityError, Malformed, Tampered
from comity.package.bag import exhibit_path, manifest, slug, write_package
from comity.package.container import (
    CHUNK,
    Limits,
    Member,
    ZipWriter,
    check_path,
    hash_member,
    open_member,
    read_member,
    read_members,
)
from comity.package.contents import in_docket_order
from comity.package.reader import open_package
from comity.signing.canonical import canonical
from comity.tlog.proof import TlogProof
from tests.package import samples as s
from tests.world import World


def opened(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def test_it_is_a_bag_by_rfc_8493() -> None:
    """Sections 2.1 to 2.2 read off independently of the writer: declaration, manifests of all and only the payload."""
    with zipfile.ZipFile(opened(s.good()[1])) as bag:
        assert bag.testzip() is None
        files = {name: bag.read(name) for name in bag.namelist()}
    tops = {name.split("/")[0] for name in files}
    assert tops == {"request-test-1"}  # section 4: one top-level folder
    inside = {name.split("/", 1)[1]: data for name, data in files.items()}
    assert inside["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

    def listed(name: str) -> dict[str, str]:
        lines = inside[name].decode("utf-8").splitlines()
        return {line.split(maxsplit=1)[1]: line.split(maxsplit=1)[0] for line in lines}

    payload = {name: data for name, data in inside.items() if name.startswith("data/")}
    tags = {name: data for name, data in inside.items() if not name.startswith(("data/", "tagmanifest"))}
    assert listed("manifest-sha256.txt") == {n: hashlib.sha256(d).hexdigest() for n, d in payload.items()}
    assert listed("tagmanifest-sha256.txt") == {n: hashlib.sha256(d).hexdigest() for n, d in tags.items()}
    info = dict(line.split(": ", 1) for line in inside["bag-info.txt"].decode().splitlines())
    assert info["Payload-Oxum"] == f"{sum(map(len, payload.values()))}.{len(payload)}"
    assert info["Bagging-Date"] == "2026-12-05"


def test_records_and_proofs_lie_where_the_layout_says_and_are_what_others_can_read() -> None:
    sides, whole = s.good()
    files = s.files_of(whole)
    assert files["data/records/002-request.authorise.json"] == encode_sealed(sides.records[1])
    logged = msgspec.json.decode(files["data/logged/002-fr.example-log.json"])
    proof = files["data/logged/002-fr.example-log.tlog-proof"]
    assert proof == logged["proof"].encode()
    assert TlogProof.parse(proof).index == sides.places["FR", sides.records[1].id]
    assert b"comity verify" in files["data/READ-ME.txt"]
    assert files["data/exhibits/E1-statement.xml"] == s.STATEMENT
    index = msgspec.json.decode(files["data/package.json"])
    assert index["format"] == "comity-package/1"
    assert [e["id"] for e in index["entries"]] == [r.id for r in sides.records]


def test_what_is_written_is_read_back() -> None:
    sides, whole = s.good()
    contents, read = sides.contents(), open_package(opened(whole)).contents
    assert replace(read, exhibits=(), records=()) == replace(contents, exhibits=(), records=())
    assert [encode_sealed(r.sealed) for r in read.records] == [encode_sealed(r.sealed) for r in contents.records]
    assert [r.logged for r in read.records] == [r.logged for r in contents.records]
    assert [(e.id, e.name, e.digest, e.size) for e in read.exhibits] == [
        (e.id, e.name, e.digest, e.size) for e in contents.exhibits
    ]
    with read.exhibits[0].open() as exhibit:
        assert exhibit.read() == s.STATEMENT


def test_the_same_contents_give_the_same_bytes_in_whatever_order_they_come() -> None:
    sides, whole = s.good()
    contents = sides.contents()
    assert s.written(replace(contents, records=tuple(reversed(contents.records)))) == whole
    assert s.written(open_package(opened(whole)).contents) == whole


def test_a_large_exhibit_passes_through_in_pieces() -> None:
    sides, _ = s.good()
    size, largest = 40 * CHUNK + 17, 0

    class Zeros(io.RawIOBase):
        left = size

        def readable(self) -> bool:
            return True

        def read(self, count: int = -1) -> bytes:
            nonlocal largest
            assert count >= 0, "read whole"
            largest = max(largest, count)
            given = bytes(min(count, self.left))
            self.left -= len(given)
            return given

    digest = f"sha256:{hashlib.sha256(bytes(size)).hexdigest()}"
    exhibit = replace(sides.contents().exhibits[0], size=size, digest=digest, open=Zeros)
    data = s.written(sides.contents(exhibits=(exhibit,)))
    assert largest <= CHUNK
    read = open_package(opened(data)).contents.exhibits[0]
    assert (read.size, read.digest) == (size, digest)


@pytest.mark.parametrize("data", [b"other", s.STATEMENT + b"x", s.STATEMENT[:-1], b"X" + s.STATEMENT[1:], b""])
def test_an_exhibit_that_is_not_the_one_of_its_digest_is_not_packed(data: bytes) -> None:
    exhibit = replace(s.good()[0].contents().exhibits[0], open=lambda: opened(data))
    with pytest.raises((Malformed, Tampered)):
        s.written(s.good()[0].contents(exhibits=(exhibit,)))


def test_a_record_twice_or_without_what_it_answers_is_not_packed() -> None:
    records = s.good()[0].packaged()
    with pytest.raises(Malformed, match="twice"):
        in_docket_order((*records, records[0]))
    with pytest.raises(Malformed, match="missing"):
        in_docket_order(records[1:])


# --- a reader takes nothing else -------------------------------------------------------------------------------------


def refused(files: dict[str, bytes], match: str | None = None) -> None:
    with pytest.raises((Malformed, Tampered), match=match):
        open_package(opened(s.remade(files)))


def test_a_surplus_or_missing_file_is_refused() -> None:
    files = s.files_of(s.good()[1])
    refused({**files, "data/records/011-request.close.json": b"{}"}, "does not name")
    refused({**files, "data/.hidden": b""}, "path")
    for path in files:
        if path.startswith("data/") and path != "data/package.json":
            refused({p: d for p, d in files.items() if p != path}, "missing")
    with pytest.raises(Malformed):
        open_package(opened(s.zipped({p: d for p, d in files.items() if p != "manifest.seal"})))
    with pytest.raises(Malformed):
        open_package(opened(s.zipped({**files, "fetch.txt": b""})))


def test_altered_tag_files_are_refused_even_when_nothing_else_is_altered() -> None:
    files = s.files_of(s.good()[1])
    for path in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"):
        with pytest.raises(Tampered):
            open_package(opened(s.zipped({**files, path: files[path] + b"\n"})))
    with pytest.raises(Tampered):
        open_package(opened(s.zipped({**files, "manifest.seal": b"x" + files["manifest.seal"]})))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"comity-package/1"', b'"comity-package/2"'),
        (b'"made_at"', b'"made_on"'),
        (b'{"docket"', b'{"docket":"x","docket"'),
        (b'{"docket"', b'{ "docket"'),
        (b"2026-12-05T09:00:00Z", b"5 December 2026"),
        (b"records/001-request.draft.json", b"../001-request.draft.json"),
        (b"records/001-request.draft.json", b"records/002-request.draft.json"),
        (b'"parties":["DE","FR"]', b'"parties":["FR","DE"]'),
        (b'"parties":["DE","FR"]', b'"parties":["DE","DE"]'),
        (b'"parties":["DE","FR"]', b'"parties":["DE"]'),
        (b'"made_by":"de-node"', b'"made_by":"de-node\\nSource-Organization: court"'),
    ],
)
def test_an_index_of_another_form_is_refused(old: bytes, new: bytes) -> None:
    files = s.files_of(s.good()[1])
    index = files["data/package.json"].replace(old, new, 1)
    assert index != files["data/package.json"]
    refused({**files, "data/package.json": index})


def test_records_out_of_order_are_refused() -> None:
    """Even when the index names them in that order."""
    files = s.files_of(s.good()[1])
    index = msgspec.json.decode(files["data/package.json"])
    index["entries"][4:6] = index["entries"][5:3:-1]
    refused({**files, "data/package.json": canonical(index)}, "order")


def test_a_record_that_is_not_canonical_is_refused() -> None:
    files = s.files_of(s.good()[1])
    path = "data/records/001-request.draft.json"
    refused({**files, path: files[path] + b"\n"}, "canonical")
    assert encode_sealed(decode_sealed(files[path])) == files[path]


def test_limits_are_kept() -> None:
    whole = s.good()[1]
    for limits in (Limits(members=5), Limits(file=1000), Limits(total=1000)):
        with pytest.raises(Malformed, match="at most"):
            open_package(opened(whole), limits)
    open_package(opened(whole), Limits(members=100, file=20_000, total=len(whole)))


def test_a_zip_that_somebody_packed_again_is_refused() -> None:
    """Compression, comments, folders, links: a zip of the same files by another program is not the package."""
    files = s.files_of(s.good()[1])

    def packed(compression: int = zipfile.ZIP_STORED, comment: bytes = b"", mode: int = 0o100644) -> bytes:
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", compression) as again:
            again.comment = comment
            for path, data in sorted(files.items()):
                info = zipfile.ZipInfo(f"request-test-1/{path}")
                info.compress_type, info.external_attr = compression, mode << 16
                again.writestr(info, data)
        return sink.getvalue()

    for data in (packed(zipfile.ZIP_DEFLATED), packed(comment=b"hello"), packed(mode=0o120777), packed(mode=0o100777)):
        with pytest.raises(Malformed):
            open_package(opened(data))


# --- the zip ---------------------------------------------------------------------------------------------------------


def small() -> bytes:
    sink = io.BytesIO()
    writer = ZipWriter(sink)
    writer.add("a/one.txt", b"one")
    writer.add_stream("a/two.bin", 5, opened(b"\0\1\2\3\4"))
    writer.add("b", b"")
    writer.close()
    return sink.getvalue()


def everything(data: bytes) -> list[tuple[str, str]]:
    members = read_members(opened(data), Limits())
    return [(m.name, hash_member(opened(data), m)) for m in members]


def test_every_single_byte_of_the_zip_counts() -> None:
    data = small()
    before = everything(data)
    for at in range(len(data)):
        for bit in (1, 0x20, 0x80):
            changed = bytearray(data)
            changed[at] ^= bit
            try:
                after = everything(bytes(changed))
            except ComityError:
                continue
            assert after != before, f"byte {at} could be changed unseen"


def test_others_read_the_zip() -> None:
    with zipfile.ZipFile(opened(small())) as other:
        assert other.testzip() is None
        assert {n: other.read(n) for n in other.namelist()} == {
            "a/one.txt": b"one", "a/two.bin": b"\0\1\2\3\4", "b": b""
        }  # fmt: skip


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../b", "a//b", "a/", ".a", "a/.b", "a b", "ä", "a\\b", "a:b"])
def test_paths_that_could_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(Malformed):
        check_path(name)
    with pytest.raises(Malformed):
        ZipWriter(io.BytesIO()).add(name, b"")


def test_members_twice_or_out_of_order_are_refused() -> None:
    writer = ZipWriter(io.BytesIO())
    writer.add("b", b"")
    for name in ("b", "a"):
        with pytest.raises(Malformed, match="twice or out of order"):
            writer.add(name, b"")


def test_large_sizes_are_written_as_zip64_and_others_agree() -> None:
    """Headers only: APPNOTE 4.5.3. The standard library's reader is the second opinion."""
    big = Member("a", 5_000_000_000, 7, 0)
    after = Member("b", 3, 9, big.data + big.size)
    assert big.header()[18:26] == b"\xff" * 8
    assert struct.unpack_from("<2H2Q", big.header(), 31) == (1, 16, big.size, big.size)
    for member in (big, after):
        info = zipfile.ZipInfo("x")
        central = member.central()
        extra = central[46 + 1 :]
        info.extra = extra
        info.file_size, info.compress_size, info.header_offset = (
            struct.unpack_from("<I", central, 24)[0],
            struct.unpack_from("<I", central, 20)[0],
            struct.unpack_from("<I", central, 42)[0],
        )
        info._decodeExtra(0) if "filename_crc" in info._decodeExtra.__code__.co_varnames else info._decodeExtra()  # type: ignore[attr-defined,call-arg]
        assert (info.file_size, info.header_offset) == (member.size, member.offset)


def test_a_package_larger_than_four_gigabytes_is_written_and_read_without_being_held(tmp_path_factory: object) -> None:
    """A sparse file in memory: only what is not zero is kept."""
    sink = Sparse()
    size = (1 << 32) + 5

    class Zeros(io.RawIOBase):
        left = size

        def read(self, count: int = -1) -> bytes:
            given = ZERO[: min(count, self.left)]
            self.left -= len(given)
            return given

    writer = ZipWriter(sink)  # type: ignore[arg-type]
    writer.add("a", b"first")
    writer._begin(Member("b", size, 0, writer._at))
    writer._at += size
    sink.seek(writer._at)
    writer.add("c", b"last")
    writer.close()
    members = read_members(sink, Limits())  # type: ignore[arg-type]
    assert [(m.name, m.size) for m in members] == [("a", 5), ("b", size), ("c", 4)]
    assert read_member(sink, members[2]) == b"last"  # type: ignore[arg-type]
    with open_member(sink, members[1]) as reader:  # type: ignore[arg-type]
        assert reader.read(4) == b"\0" * 4


ZERO = bytes(CHUNK)


class Sparse:
    """A seekable binary file that keeps what was written and reads the rest as zeros."""

    def __init__(self) -> None:
        self.parts: dict[int, bytes] = {}
        self.at = self.end = 0

    def seek(self, at: int, whence: int = 0) -> int:
        self.at = at if whence == 0 else self.end + at
        return self.at

    def write(self, data: bytes) -> int:
        if data:
            self.parts[self.at] = bytes(data)
        self.at += len(data)
        self.end = max(self.end, self.at)
        return len(data)

    def read(self, count: int) -> bytes:
        count = max(0, min(count, self.end - self.at))
        out = bytearray(count)
        for start, data in self.parts.items():
            low, high = max(start, self.at), min(start + len(data), self.at + count)
            if low < high:
                out[low - self.at : high - self.at] = data[low - start : high - start]
        self.at += count
        return bytes(out)


def test_names_become_safe_parts_of_paths() -> None:
    exhibit = s.good()[0].contents().exhibits[0]
    assert slug("request:2026/1") == "request-2026-1"
    assert slug("../../etc/passwd") == "etc-passwd"
    assert slug("…") == "x"
    assert exhibit_path(replace(exhibit, id="sha256:ab", name="Kontoauszug März.xml")) == (
        "exhibits/sha256-ab-Kontoauszug-M-rz.xml"
    )
    assert len(slug("a" * 500)) == 80


def test_manifest_lines_are_sorted_and_read_by_sha256sum() -> None:
    assert manifest({"data/b": "22", "data/a": "11"}) == b"11  data/a\n22  data/b\n"


def test_exhibits_with_one_name_are_not_packed() -> None:
    exhibit = s.good()[0].contents().exhibits[0]
    with pytest.raises(Malformed, match="same identifier"):
        write_package(
            io.BytesIO(), s.good()[0].contents(exhibits=(exhibit, exhibit)), World().node_key("DE")
        )
