"""One node, put together: what it trusts, what it holds, and the threads that carry out what was entered."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from comity.docket.assess import Bench
from comity.docket.directory import Directory, NodeEntry, open_party_file
from comity.docket.duty import OpenDuty
from comity.docket.logged import Logged
from comity.docket.record import SealedRecord
from comity.errors import BadLaw, ComityError, Conflict
from comity.law.book import LawBook, load_law
from comity.law.forms import load_forms
from comity.node.auditor.source import HttpSource, LogSource
from comity.node.clerk import Clerk
from comity.node.clock import Clock, system_clock
from comity.node.door.admission import Registry
from comity.node.door.registrar import Registrar
from comity.node.guard.guard import check_store, reads_whole
from comity.node.guard.holdings import check_holdings
from comity.node.guard.unsigned import check_unsigned
from comity.node.keeping.dockets import Dockets
from comity.node.keeping.gossip_store import SQLiteGossipStore
from comity.node.keeping.keys import NodeKeys
from comity.node.keeping.last_signed import LastSigned
from comity.node.keeping.party_versions import FILE as PARTY_VERSIONS
from comity.node.keeping.party_versions import accept_judiciaries, accept_versions
from comity.node.keeping.peers import PeerCheckpoints
from comity.node.keeping.store import Store
from comity.node.keeping.vault import Vault
from comity.node.log.act_log import ActLog
from comity.node.log.escrows import escrow_to
from comity.node.log.export import RowsSource
from comity.node.post.contents import Outgoing
from comity.node.post.inbox import Inbox
from comity.node.post.mailbox import Mailbox, Transport
from comity.node.post.transport import HttpTransport, HttpWitnesses
from comity.node.publishing.anchor import Anchor
from comity.node.publishing.cosigning import Witnesses
from comity.node.publishing.padding import Padder
from comity.node.publishing.publisher import Publisher
from comity.node.publishing.renewal import Renewal
from comity.node.publishing.reports import FOLDER as REPORTS
from comity.node.publishing.reports import Reports
from comity.node.publishing.turn import Turn, end_what_ended, first_open, signers_of
from comity.package.anchors import Anchors, read_anchors
from comity.proceedings.tables import PROCEEDINGS
from comity.settings import Settings
from comity.views.forms.source import check_sources


def _http_log(node: NodeEntry) -> LogSource:
    return HttpSource(node.url)


@dataclass(frozen=True, slots=True)
class Outside:
    """All that a node reaches beyond its own disk: the clock, its peers, its witnesses."""

    clock: Clock
    transport: Transport
    witnesses: Witnesses
    log_of: Callable[[NodeEntry], LogSource] = _http_log

    @classmethod
    def http(cls, settings: Settings) -> Outside:
        """The real ones."""
        timeout = settings.peer_timeout_seconds
        return cls(system_clock, HttpTransport(timeout), HttpWitnesses(timeout))


@dataclass(slots=True)
class Node:
    """A node that passed its start-up guard. `start` sets it to work, `stop` brings it to rest."""

    settings: Settings
    base: Path
    entry: NodeEntry
    party: str
    bench: Bench
    store: Store
    vault: Vault
    log: ActLog
    dockets: Dockets
    registrar: Registrar
    publisher: Publisher
    mailbox: Mailbox
    inbox: Inbox
    clerk: Clerk
    outgoing: Outgoing
    last_signed: LastSigned
    lock: IO[bytes]
    peers: PeerCheckpoints
    gossip: SQLiteGossipStore
    anchor: Anchor
    reports: Reports
    turn: Turn

    @staticmethod
    def open(settings: Settings, base: Path, outside: Outside | None = None) -> Node:
        """Read keys, Party files and anchors, check everything stored, and put the node together."""
        anchors, files = read_trust(settings, base), base / settings.parties
        directory, signed = read_parties(files, anchors)
        data = base / settings.data
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        accept_judiciaries(data / PARTY_VERSIONS, directory.files)
        accept_versions(data / PARTY_VERSIONS, {c: (directory.files[c].version, raw) for c, raw in signed.items()})
        entry = directory.node(settings.node)
        party = directory.party_of(entry.authorities[0])
        bench = Bench(PROCEEDINGS, load_law(), directory, party)
        check_sources(load_forms(), bench.law)
        return _assemble(settings, base, entry, party, bench, anchors, outside or Outside.http(settings))

    @property
    def directory(self) -> Directory:
        """Who is who."""
        return self.bench.directory

    @property
    def law(self) -> LawBook:
        """The law this node applies."""
        return self.bench.law

    def start(self) -> None:
        """Set the node to work."""
        self.publisher.check_witnesses()
        self.publisher.begin()
        self.registrar.start()
        self.turn.begin()
        self.publisher.start()
        self.mailbox.start()
        self.clerk.start()
        self.anchor.start()

    def stop(self) -> None:
        """Bring the node to rest. Nothing is lost when this is skipped."""
        self.anchor.stop()
        self.clerk.stop()
        self.mailbox.stop()
        self.publisher.stop()
        self.registrar.stop()
        with suppress(ComityError):
            self.publisher.sign_off()
        self.store.close()
        self.last_signed.close()
        self.gossip.close()
        self.lock.close()

    def failures(self) -> tuple[str, ...]:
        """Why the node does not work as it should, in sentences; none when it does."""
        threads = (w.thread for w in (self.registrar, self.publisher, self.mailbox, self.clerk, self.anchor))
        return tuple(filter(None, (self.registrar.failure, self.publisher.failure, *(t.failure for t in threads))))

    def sealed(self, record: str) -> SealedRecord:
        """A record with the sections held. NotFound when there is none."""
        return self.outgoing.sealed(record)

    def logged(self, record: str) -> Logged:
        """How this node's log proves a record. NotFound until a checkpoint covers it."""
        return self.outgoing.logged(record)

    def duties(self, docket: str) -> tuple[OpenDuty, ...]:
        """The open duties of a docket."""
        return self.clerk.duties(self.registrar.docket(docket))


def read_parties(folder: Path, anchors: Anchors) -> tuple[Directory, dict[str, bytes]]:
    """The directory of all Party files in ``folder`` whose root is pinned, and the files as published.

    BadLaw when one is missing, Unverified when one is older than the anchors allow or speaks for another Party.
    """
    signed = {code: folder / f"{code}.json" for code in anchors.parties}
    missing = [code for code, path in signed.items() if not path.exists()]
    if missing:
        raise BadLaw(f"The Party file of {missing[0]} is missing in {folder.name}.", f"Obtain {missing[0]}.json.")
    raw = {code: path.read_bytes() for code, path in signed.items()}
    directory = Directory({c: (open_party_file(raw[c], root), root) for c, root in anchors.parties.items()})
    for code, file in directory.files.items():
        anchors.check_version(code, file.version)
    return directory, raw


def read_trust(settings: Settings, base: Path) -> Anchors:
    """The node's anchors. BadLaw when there are none."""
    path = base / settings.anchors
    if not path.exists():
        raise BadLaw(f"{settings.anchors} is missing: this node trusts nobody.", "Write it: comity init --help.")
    return read_anchors(path.read_bytes())


def _assemble(
    settings: Settings, base: Path, entry: NodeEntry, party: str, bench: Bench, anchors: Anchors,
    outside: Outside,
) -> Node:  # fmt: skip
    data = base / settings.data
    lock = lock_data(data)
    keys = NodeKeys.load(base / settings.keys)
    policies = {o: bench.directory.bounded(o, anchors.policy(o)) for o in anchors.policies}
    store, last = Store(data / "node.db"), LastSigned(data / "last-signed.db")
    vault, log = Vault(data / "vault", keys.vault), ActLog(first_open(entry), store)
    end_what_ended(log, entry)
    dockets = Dockets(store, vault, bench)
    with reads_whole():
        check_store(store, log, last, bench, entry)
        check_holdings(store, dockets, vault, bench, entry)
        check_unsigned(store, log, dockets, last, bench, entry, policies, int(outside.clock().timestamp()))
    for blob in vault.blobs() - store.blob_names():  # erased, or left by an upload that was cut short
        vault.erase_blob(blob)
    escrow = escrow_to(entry.id, bench.directory.files[party], settings.escrow_needed)
    registry = Registry(bench, store, vault, entry, keys.seal, settings.clock_tolerance_seconds, log, escrow)
    registrar = Registrar(store, log, dockets, registry, outside.clock)
    outgoing = Outgoing(store, vault, log, dockets, bench)
    freshness, signing = settings.freshness_seconds, signers_of(entry, keys.log_signers)
    publisher = Publisher(
        log, last, signing, policies, outside.clock, outside.witnesses, cadence=settings.cadence_seconds,
        renew_after=freshness / 2,
    )  # fmt: skip
    mailbox = Mailbox(
        store, vault, outgoing, bench.directory, entry, keys.seal, outside.transport, outside.clock,
        retry=settings.retry_seconds, limit=settings.max_exhibit_bytes, signed=lambda: last.note(log.origin),
    )  # fmt: skip
    gossip = SQLiteGossipStore(data / "gossip.db")
    peers = PeerCheckpoints(store, gossip, policies)
    inbox = Inbox(
        registrar, store, outgoing, bench, entry, keys.envelopes, policies, peers, outside.clock,
        freshness=freshness, tolerance=settings.clock_tolerance_seconds, emergencies=settings.accept_emergencies,
    )  # fmt: skip
    clerk = Clerk(registrar, store, outside.clock, settings.clerk_seconds)
    sources = _sources(bench.directory, entry, policies.keys(), outside)
    anchor = Anchor(registrar, peers, sources, entry.id, outside.clock, settings.anchor_seconds, partial(_own, log))
    reports = Reports(log, store, registrar, outgoing, entry, data / REPORTS, signing)
    registrar.entered, registrar.urgent, publisher.published = clerk.changed, publisher.hurry, mailbox.wake
    turn = Turn(log, store, entry, registrar, publisher, signing, outside.clock)
    renewal = Renewal(log, policies, publisher.ask, outside.clock, freshness / 2)
    padder = Padder(registrar, store, log, outside.clock, settings.padding_leaves)
    publisher.before = partial(_tick, turn, padder, renewal)
    return Node(
        settings, base, entry, party, bench, store, vault, log, dockets, registrar, publisher, mailbox, inbox, clerk,
        outgoing, last, lock, peers, gossip, anchor, reports, turn,
    )  # fmt: skip


def _sources(directory: Directory, own: NodeEntry, known: Collection[str], outside: Outside) -> dict[str, LogSource]:
    """Where the peers' logs are read: all known logs of a node at one address."""
    others = [(node, outside.log_of(node)) for node in directory.nodes() if node.id != own.id]
    return {origin: source for node, source in others for origin in node.origins if origin in known}


def _own(log: ActLog) -> dict[str, LogSource]:
    """The node's own logs, read from its rows."""
    return {rows.origin: RowsSource(rows) for rows in log.segments}


def _tick(turn: Turn, padder: Padder, renewal: Renewal) -> None:
    """What comes before every checkpoint."""
    turn.try_tick()
    renewal.tick()
    padder.tick()


def lock_data(data: Path) -> IO[bytes]:
    """Hold the data folder: two processes must never sign one log."""
    lock = (data / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise Conflict(
            "Another process holds this node's data folder.", "Stop it first: one node, one writer."
        ) from None
    return lock
