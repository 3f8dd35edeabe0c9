"""Real nodes for tests: own folder, own database, own threads; peers and witnesses reached in memory.

`Nodes` builds one node per Party of `tests.world`, each with keys of its own on disk, Party files, anchors and a
witness per Party. `Wire` carries deliveries; a test may make it lie, delay, replay or break. Holds no test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import msgspec

from comity.docket.directory import Directory, NodeEntry, open_party_file, sign_party_file
from comity.docket.docket import Docket
from comity.docket.party_file import OversightBody
from comity.docket.record import compose, record_id
from comity.docket.sealing import inherited
from comity.errors import Unreachable
from comity.node.auditor.source import LogSource
from comity.node.door.registrar import Entered
from comity.node.keeping.keys import NodeKeys
from comity.node.log.export import RowsSource
from comity.node.node import Node, Outside
from comity.package.anchors import Anchors, write_anchors
from comity.settings import Settings
from comity.signing.canonical import canonical
from comity.signing.hand import put_hand
from comity.signing.trust import KeyEntry
from comity.tlog.cosignature import Ed25519Cosigner
from comity.tlog.note import Verifier
from comity.tlog.policy import KnownWitness
from comity.tlog.witness import Answer, Seen, Witness
from tests.world import Who, World, origin, seed

START = datetime(2026, 12, 4, 16, 10, tzinfo=UTC)


@dataclass
class TestClock:
    """A clock that tests set."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class MemoryStore:
    """A witness's memory."""

    seen: dict[str, Seen] = field(default_factory=dict)

    def get(self, origin: str) -> Seen | None:
        return self.seen.get(origin)

    def compare_and_set(self, origin: str, old: Seen | None, new: Seen) -> bool:
        if self.seen.get(origin) != old:
            return False
        self.seen[origin] = new
        return True


class MemoryWitnesses:
    """Witnesses by name, asked without HTTP."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock, self.down = clock, set[str]()
        self.by_name: dict[str, tuple[Witness, MemoryStore]] = {}

    def add_checkpoint(self, witness: KnownWitness, body: bytes) -> Answer:
        known, store = self._find(witness)
        return known.add_checkpoint(body, store, int(self.clock().timestamp()))

    def latest(self, witness: KnownWitness, origin: str) -> Answer:
        from comity.tlog.witness import origin_path

        known, store = self._find(witness)
        return known.latest(origin_path(origin).partition("/")[0], store)

    def _find(self, witness: KnownWitness) -> tuple[Witness, MemoryStore]:
        if witness.name in self.down:
            raise Unreachable(f"{witness.name} is down.", "")
        return self.by_name[witness.name]


class Wire:
    """Carries deliveries between nodes in memory. ``spoil`` may change, drop, delay or repeat what is sent."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.spoil: Callable[[NodeEntry, bytes], bytes] = lambda _, data: data
        self.sent: list[tuple[str, bytes]] = []
        self.logs: dict[str, WireLog] = {}

    def post(self, node: NodeEntry, data: bytes) -> bytes:
        data = self.spoil(node, data)
        self.sent.append((node.id, data))
        there = self.nodes.get(node.id)
        if there is None:
            raise Unreachable(f"{node.id} is not running.", "")
        return canonical(msgspec.to_builtins(there.inbox.receive(data)))

    def log_of(self, node: NodeEntry) -> WireLog:
        """Where that node's log is read."""
        return self.logs.setdefault(node.id, WireLog(self, node.id))

    def fetch(self, node: NodeEntry, blob: str) -> Iterator[bytes]:
        there = self.nodes.get(node.id)
        if there is None:
            raise Unreachable(f"{node.id} is not running.", "")
        with there.vault.open_blob(blob) as source:
            while chunk := source.read(1 << 20):
                yield chunk


class WireLog:
    """A peer's log, read in memory while the peer is running. ``shown`` is what it shows instead, when it lies."""

    def __init__(self, wire: Wire, node: str) -> None:
        self._wire, self._node = wire, node
        self.shown: LogSource | None = None

    def checkpoint(self) -> bytes:
        return self._source().checkpoint()

    def fetch(self, path: str) -> bytes:
        return self._source().fetch(path)

    def _source(self) -> LogSource:
        there = self._wire.nodes.get(self._node)
        if there is None:
            raise Unreachable(f"{self._node} is not running.", "")
        return self.shown or RowsSource(there.store)


class Nodes:
    """Nodes of some Parties under one folder. `open` starts (or restarts) one; `settle` delivers everything."""

    def __init__(
        self, folder: Path, parties: tuple[str, ...] = ("DE", "FR"), world: World | None = None, *,
        oversight: tuple[OversightBody, ...] = (), escrow_needed: int = 0,
    ) -> None:  # fmt: skip
        """``oversight``: bodies of each Party, instead of the world's; ``escrow_needed``: the setting."""
        self.oversight, self.escrow_needed = oversight, escrow_needed
        self.folder, self.parties, self.world = folder, parties, world or World()
        self.clock, self.wire = TestClock(), Wire()
        self.exhibit_name = ""  # how productions name their exhibit; by its digest when empty, as the CLI does
        self.witnesses = MemoryWitnesses(self.clock)
        self.keys = {p: NodeKeys.generate(folder / p / "keys", origin(p)) for p in parties}
        self._write_world()

    def open(self, party: str, clock: Callable[[], datetime] | None = None) -> Node:
        settings = Settings(
            node=f"{party.lower()}-node", cadence_seconds=3600, retry_seconds=0.01, clerk_seconds=3600,
            escrow_needed=self.escrow_needed,
        )  # fmt: skip
        outside = Outside(clock or self.clock, self.wire, self.witnesses, self.wire.log_of)
        node = Node.open(settings, self.folder / party, outside)
        node.registrar.start()
        self.wire.nodes[node.entry.id] = node
        return node

    def close(self) -> None:
        for node in list(self.wire.nodes.values()):
            self.shut(node)

    def shut(self, node: Node) -> None:
        self.wire.nodes.pop(node.entry.id, None)
        node.stop()

    def kill(self, node: Node) -> None:
        """As `kill -9` leaves it: nothing is brought to rest, nothing is signed; only what is on disk stays."""
        self.wire.nodes.pop(node.entry.id, None)
        node.registrar._queue.put(None)  # end the thread; what it was doing is lost or done
        node.registrar.thread.join(10)
        node.mailbox._pool.shutdown(wait=True, cancel_futures=True)
        node.store.close()
        node.last_signed.close()
        node.lock.close()

    def exhibit(self, node: Node, data: bytes) -> str:
        """Take an exhibit in, as an upload does; its identifier."""
        taken = node.vault.take_in(BytesIO(data), 1 << 30)
        row = {
            "id": taken.id, "size": taken.size, "name": "statement.xml", "media_type": "application/xml",
            "blob": taken.blob, "key": taken.key, "present": 1, "stored": "2026-12-04T16:10:00Z",
        }  # fmt: skip
        node.store.add_exhibit(row)
        return taken.id

    def settle(self, rounds: int = 12) -> None:
        """Publish and deliver until nothing moves."""
        for _ in range(rounds):
            moved = False
            for node in list(self.wire.nodes.values()):
                moved |= node.publisher.publish()
                for peer in node.mailbox.outbox.nodes_due(int(self.clock().timestamp())):
                    moved |= node.mailbox.deliver(peer)
            if not moved:
                return

    def file(
        self, node: Node, docket: str, step: str, body: msgspec.Struct, who: Who,
        answers: tuple[str, ...] | None = None, *, sealed_until: date | None = None,
    ) -> Entered:  # fmt: skip
        """File as an official would: read the docket, compose, put the hand, file; sealed as the docket is."""
        known: Docket = node.registrar.docket(docket)
        record, sections = compose(
            docket=docket,
            step=step,
            answers=tuple(sorted(known.heads)) if answers is None else answers,
            party=who.party,
            authority=who.authority,
            role=who.role,
            at=self.clock(),
            body=body,
            sealed_until=sealed_until or inherited(node.bench.step(step), known, self.clock().date()),
        )
        return node.registrar.file(record, put_hand(record_id(record), who.key), sections)

    def _write_world(self) -> None:
        signed: dict[str, bytes] = {}
        for party in self.parties:
            file = self.world.party_file(party)
            node = msgspec.structs.replace(
                file.nodes[0],
                seals=(self._seal_entry(party),),
                envelopes=(self.keys[party].envelope.public.to_text(),),
                log_vkeys=self.keys[party].log_vkeys,
            )
            file = msgspec.structs.replace(file, nodes=(node,), oversight=self._bodies(party) or file.oversight)
            signed[party] = sign_party_file(file, self.world.root(party))
        anchors = Anchors(
            {p: self.world.root(p).public for p in self.parties}, {origin(p): self.policy(p) for p in self.parties}
        )
        for party in self.parties:
            place = self.folder / party
            (place / "parties").mkdir(parents=True, exist_ok=True)
            (place / "anchors.toml").write_text(write_anchors(anchors), encoding="utf-8")
            for code, data in signed.items():
                (place / "parties" / f"{code}.json").write_bytes(data)
        self.anchors, self.party_files = anchors, signed
        logs = {origin(p): [Verifier.parse(self.keys[p].log_vkeys[0])] for p in self.parties}
        for party in self.parties:
            self.witnesses.by_name[party.lower()] = (Witness((self.cosigner(party),), logs), MemoryStore())

    def _bodies(self, party: str) -> tuple[OversightBody, ...]:
        return tuple(msgspec.structs.replace(b, id=f"{party.lower()}-{b.id}") for b in self.oversight)

    def cosigner(self, party: str) -> Ed25519Cosigner:
        return cosigner(party)

    def policy(self, party: str) -> str:
        lines = [f"log {self.keys[party].log_vkeys[0]}"]
        names = [p.lower() for p in self.parties]
        lines += [
            f"witness {p.lower()} {self.cosigner(p).vkey.encode()} https://{p.lower()}.example/w" for p in self.parties
        ]
        return "\n".join([*lines, f"group oversight all {' '.join(names)}", "quorum oversight", ""])

    def _seal_entry(self, party: str) -> KeyEntry:
        key = self.keys[party].seal.public
        return KeyEntry(kid=key.kid, key=key.to_text(), use="seal", authority=f"{party.lower()}-node", from_position=0)

    def directory(self) -> Directory:
        files = {p: open_party_file(d, self.world.root(p).public) for p, d in self.party_files.items()}
        return Directory({p: (f, self.world.root(p).public) for p, f in files.items()})


def cosigner(party: str) -> Ed25519Cosigner:
    """The key of a Party's witness."""
    return Ed25519Cosigner.from_seed(f"{party.lower()}-oversight.example/witness", seed(f"witness {party}"))


def today() -> date:
    return START.date()
