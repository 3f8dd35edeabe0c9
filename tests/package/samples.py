"""Real packages for tests: `tests.world`'s people, two logs in memory with two witnesses, one whole matter.

`Sides` takes a docket forward as two nodes would: each assesses what it may read, logs it with its own findings, and
proves it under a checkpoint that both oversight bodies cosigned. Holds no test.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import msgspec

from comity.docket.assess import assess
from comity.docket.authenticate import authenticate
from comity.docket.directory import PartyFile, sign_party_file
from comity.docket.docket import Docket, Entry
from comity.docket.finding import Finding
from comity.docket.logged import Earlier, Logged, act_bytes, findings_bytes, signature_bytes
from comity.docket.record import SealedRecord
from comity.docket.sections import Exhibit, Request
from comity.package.anchors import Anchors
from comity.package.bag import manifest, seal_message, slug, tag_files, write_package
from comity.package.check import check_package, check_source
from comity.package.container import ZipWriter
from comity.package.contents import Index, PackageContents, PackagedExhibit, PackagedRecord
from comity.package.reader import Package, open_package
from comity.package.verdict import Verdict
from comity.proceedings import bodies
from comity.proceedings.tables import PROCEEDINGS
from comity.signing.base64url import to_base64url
from comity.signing.keys import PrivateKey
from comity.signing.seal import seal
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.cosignature import Ed25519Cosigner, MLDSACosigner
from comity.tlog.leaf import ActLeaf, commit
from comity.tlog.proof import TlogProof
from comity.tlog.tree import Coordinate, Tree, inclusion_proof, leaf_hash
from tests import world as w
from tests.world import NOON, Who, World, origin, seed

SHARED = Path(__file__).parents[3] / "shared" / "data" / "tracing" / "iso20022"
STATEMENT = b"<Document>statement of account</Document>\n" * 40
BEGUN = int(NOON.timestamp()) - 3600
COSIGNED = int(NOON.timestamp()) + 3600
NOW = COSIGNED + 10 * 365 * 86400  # years later
WITNESSES = (
    Ed25519Cosigner.from_seed("de-oversight.example/witness", seed("witness DE")),
    MLDSACosigner.from_seed("fr-oversight.example/witness", seed("witness FR")),
)


class Log:
    """One Party's log: leaves, and proofs of them under its newest checkpoint, cosigned by both witnesses."""

    def __init__(self, world: World, party: str, cosigned: int = COSIGNED) -> None:
        self.origin, self._signer = origin(party), world.log_key(party)
        self.leaves: list[bytes] = []
        self.opened: list[tuple[str, bytes, tuple[Finding, ...]]] = []
        self.cosigned = cosigned
        self._notes: dict[tuple[int, int], bytes] = {}  # ML-DSA signs differently each time; one tree, one note

    def add(self, sealed: SealedRecord, findings: tuple[Finding, ...], kind: str) -> int:
        salt = seed(f"salt {self.origin} {len(self.leaves)}")
        commitment = commit(salt, kind, act_bytes(sealed, findings_bytes(findings)), signature_bytes(sealed))
        self.leaves.append(ActLeaf(kind, commitment).encode())
        self.opened.append((kind, salt, findings))
        return len(self.leaves) - 1

    def logged(self, position: int) -> Logged:
        tree, new = Tree().append([leaf_hash(leaf) for leaf in self.leaves])
        nodes: dict[Coordinate, bytes] = {(level, index): value for level, index, value in new}
        if (tree.size, self.cosigned) not in self._notes:
            signers = [self._signer, *(witness.at(self.cosigned) for witness in WITNESSES)]
            signed = sign_checkpoint(Checkpoint(self.origin, tree.size, tree.root()), signers)
            self._notes[tree.size, self.cosigned] = signed
        note = self._notes[tree.size, self.cosigned]
        path = inclusion_proof(position, tree.size, lambda places: [nodes[place] for place in places])
        proof = TlogProof(position, self.leaves[position], path, note)
        kind, salt, findings = self.opened[position]
        return Logged(
            origin=self.origin, kind=kind, salt=to_base64url(salt), findings=findings, proof=proof.encode().decode(),
            earlier=Earlier(note=self.begun.decode()),
        )  # fmt: skip

    @cached_property
    def begun(self) -> bytes:
        """The empty log, cosigned before anything was filed."""
        signers = [self._signer, *(witness.at(BEGUN) for witness in WITNESSES)]
        return sign_checkpoint(Checkpoint(self.origin, 0, Tree().root()), signers)


class Sides:
    """One docket on both sides. ``lie`` may change the findings that a Party logs, as a dishonest node would."""

    def __init__(self, world: World | None = None, docket: str = "request:test-1") -> None:
        self.world = world or World()
        self.docket_id = docket
        self.dockets = {p: Docket(docket) for p in ("DE", "FR")}
        self.logs = {p: Log(self.world, p) for p in ("DE", "FR")}
        self.records: list[SealedRecord] = []
        self.places: dict[tuple[str, str], int] = {}
        self.lie: Callable[[str, tuple[Finding, ...]], tuple[Finding, ...]] = lambda _, findings: findings

    def file(self, step: str, body: msgspec.Struct, who: Who | str, at: Any = NOON) -> Entry:
        """Sign, assess on both sides, log on both sides (own first); the entry that the filing side made."""
        party = who if isinstance(who, str) else who.party
        docket = self.dockets[party]
        return self.enter(self.world.sign(step, body, docket, who, at))

    def enter(self, sealed: SealedRecord, parties: Sequence[str] = ("DE", "FR")) -> Entry:
        own = sealed.record.party
        self.records.append(sealed)
        for party in sorted(parties, key=lambda p: p != own):
            self._log(sealed, party)
        return self.dockets[own].by_id[sealed.id]

    def _log(self, sealed: SealedRecord, party: str) -> None:
        step = PROCEEDINGS[sealed.record.step.partition(".")[0]].table.get(sealed.record.step)
        if step is not None and step.readers == "own" and party != sealed.record.party:
            sealed = sealed.withholding(frozenset(sealed.sections))
        authentic = authenticate(sealed, self.world.directory, len(self.logs[party].leaves))
        entry = assess(authentic, self.dockets[party], self.world.bench(party))
        findings = self.lie(party, entry.findings)
        if findings != entry.findings:
            effect = all(f.verdict == "clear" for f in findings)
            entry = replace(entry, findings=findings, effect=effect)
        self.dockets[party] = self.dockets[party].with_entry(entry)
        self.places[party, sealed.id] = self.logs[party].add(sealed, findings, step.kind if step else "request")

    def packaged(self) -> tuple[PackagedRecord, ...]:
        def logged(identifier: str) -> tuple[Logged, ...]:
            places = [(log, self.places.get((p, identifier))) for p, log in self.logs.items()]
            return tuple(log.logged(place) for log, place in places if place is not None)

        return tuple(PackagedRecord(sealed, logged(sealed.id)) for sealed in self.records)

    def contents(self, **changes: Any) -> PackageContents:
        produced = self.dockets["FR"].latest("request.produce")
        exhibits = produced.body.exhibits if produced is not None and produced.body is not None else ()
        contents = PackageContents(
            docket=self.docket_id, made_by="de-node", made_at="2026-12-05T09:00:00Z", law=self.world.law.version,
            records=self.packaged(),
            exhibits=tuple(PackagedExhibit.of(e, lambda: io.BytesIO(STATEMENT)) for e in exhibits),
            party_files=party_files(self.world),
        )
        return replace(contents, **changes)


def party_files(world: World, change: Callable[[PartyFile], PartyFile] = lambda file: file) -> dict[str, bytes]:
    return {p: sign_party_file(change(world.party_file(p)), world.root(p)) for p in ("DE", "FR")}


def statement(data: bytes = STATEMENT, **changes: Any) -> Exhibit:
    digest = f"sha256:{sha256(data).hexdigest()}"
    return w.exhibit(size=len(data), digest=digest, **changes)


def to_received(sides: Sides, exhibit: Exhibit | None = None, request: Request | None = None) -> Sides:
    """The whole way: draft, authorise, send, receipt, acknowledge, recognise, order, produce, receive, read."""
    world = sides.world
    de, fr, judge = world.who("DE", "prosecutor"), world.who("FR", "prosecutor"), world.who("FR", "judge")
    draft = sides.file("request.draft", request or w.eio_request(), de)
    authorised = sides.file("request.authorise", w.authorisation(draft), world.who("DE", "judge"))
    sent = sides.file("request.send", bodies.Transmission(request=draft.id, authorisation=authorised.id), de)
    body = bodies.Receipt(record=sent.id, received="2026-12-04T12:00:00Z", position=2, findings=sent.findings)
    sides.file("request.receipt", body, "FR")
    sides.file("request.acknowledge", bodies.Acknowledgement(reference="FR-1", contact="parquet@fr.example"), fr)
    sides.file("request.recognise", w.recognition(), fr)
    sides.file("request.order", w.court_order(), judge)
    produced = sides.file("request.produce", w.production(exhibit or statement()), fr)
    sides.file("request.receive", w.reception(produced), de)
    sides.file("request.read", bodies.Reading(exhibit="E1", purpose=w.eio_request().purpose.statement), de)
    return sides


def anchors(world: World) -> Anchors:
    return Anchors({p: world.root(p).public for p in ("DE", "FR")}, {origin(p): policy(world, p) for p in ("DE", "FR")})


def policy(world: World, party: str) -> str:
    lines = [f"log {world.log_key(party).vkey.encode()}"]
    lines += [f"witness {name} {each.vkey.encode()}" for name, each in zip(("de", "fr"), WITNESSES, strict=True)]
    return "\n".join([*lines, "group oversight all de fr", "quorum oversight", ""])


def written(contents: PackageContents, key: PrivateKey | None = None) -> bytes:
    sink = io.BytesIO()
    write_package(sink, contents, key or World().node_key("DE"))
    return sink.getvalue()


def verdict(data: bytes, world: World, trusted: Anchors | None = None, now: int = NOW) -> Verdict:
    return check_source(io.BytesIO(data), trusted or anchors(world), world.law, now)


def verdict_on(contents: PackageContents, world: World, key: PrivateKey | None = None) -> Verdict:
    """Written, sealed and read again by the rules: only what it says can be wrong with it."""
    package: Package = open_package(io.BytesIO(written(contents, key)))
    return check_package(package, anchors(world), world.law, NOW)


@cache
def good() -> tuple[Sides, bytes]:
    """The matter from draft to reading, and its package, made once."""
    sides = to_received(Sides())
    return sides, written(sides.contents())


def files_of(data: bytes) -> dict[str, bytes]:
    """A package's files by their paths below its top folder."""
    with ZipFile(io.BytesIO(data)) as opened:
        return {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}


def zipped(files: dict[str, bytes], base: str = "request-test-1") -> bytes:
    """The files in a zip of the right form, whatever they are."""
    sink = io.BytesIO()
    writer = ZipWriter(sink)
    for path, data in sorted(files.items()):
        writer.add(f"{base}/{path}", data)
    writer.close()
    return sink.getvalue()


def remade(files: dict[str, bytes], key: PrivateKey | None = None) -> bytes:
    """A bag made anew from changed payload by one who has the maker's key: every digest and the seal are right."""
    payload = {p: d for p, d in files.items() if p.startswith("data/")}
    digests = {p: sha256(d).hexdigest() for p, d in payload.items()}
    try:
        index = msgspec.json.decode(payload["data/package.json"], type=Index)
    except msgspec.MsgspecError:
        index = msgspec.json.decode(files_of(good()[1])["data/package.json"], type=Index)
    tags = tag_files(index, digests, sum(map(len, payload.values())))
    tags["manifest.seal"] = seal(seal_message(tags["manifest-sha256.txt"]), key or World().node_key("DE")).encode()
    tags["tagmanifest-sha256.txt"] = manifest({p: sha256(d).hexdigest() for p, d in tags.items()})
    return zipped({**payload, **tags}, slug(index.docket))
