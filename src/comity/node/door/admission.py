"""Admission: from a filing at a door to the rows that enter it. Used by the registrar's writer thread alone.

A `Session` prepares one batch: it authenticates, asks whether the node may take the act at this door at all, assesses,
and collects rows. Nothing here is durable; the registrar enters the rows or throws the session away.

Left to others: the law (`comity.docket.assess`), what follows from an entry (`consequences`).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from comity.docket.assess import Bench, assess
from comity.docket.authenticate import Authentic, authenticate
from comity.docket.directory import NodeEntry
from comity.docket.docket import Docket, Entry
from comity.docket.logged import Logged, act_bytes, findings_bytes
from comity.docket.record import SealedRecord, compose
from comity.docket.sealing import check_sealed_alike, inherited
from comity.docket.sides import addressed, sides_of
from comity.errors import Conflict, Malformed, NotAdmitted, NotAuthorised
from comity.node.door import consequences
from comity.node.door.act_leaf import leaf_of
from comity.node.door.filed import Door, Filed
from comity.node.door.peer_door import check_opening, check_peer
from comity.node.keeping.batch import Batch
from comity.node.keeping.dockets import Dockets
from comity.node.keeping.store import Store
from comity.node.keeping.vault import Vault
from comity.node.log import seals
from comity.node.log.act_log import ActLog
from comity.node.log.escrows import EscrowTo
from comity.signing.canonical import canonical
from comity.signing.hand import check_hand
from comity.signing.keys import PrivateKey
from comity.signing.seal import seal

T = TypeVar("T")
DOCKET = re.compile(r"[a-z_]{3,30}:[a-z0-9][a-z0-9.-]{6,99}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry ready to be made durable, or one that was there before (``again``)."""

    entry: Entry
    position: int
    at: str
    leaf: bytes = b""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Registry:
    """What admission needs to know of its node."""

    bench: Bench
    store: Store
    vault: Vault
    entry: NodeEntry
    seal: PrivateKey
    clock_tolerance: int
    log: ActLog
    escrow: EscrowTo | None = None

    def number(self, position: int) -> int:
        """The number (`NodeEntry.number`) of a position in this node's logs."""
        rows, place = self.log.place(position)
        return self.entry.number(rows.origin, place)

    def session(self, dockets: Dockets, size: int, now: datetime) -> Session:
        """A new batch that extends the log of ``size`` leaves."""
        return Session(self, dockets, size, now)


class Session:
    """One batch being prepared."""

    def __init__(self, registry: Registry, dockets: Dockets, size: int, now: datetime) -> None:
        """Empty."""
        self.registry, self._dockets, self._size, self.now = registry, dockets, size, now
        self.at = moment(now)
        self.changed: dict[str, Docket] = {}
        self.prepared: dict[str, Prepared] = {}  # by record
        self.erased_from: set[str] = set()
        self.batch = Batch(size)
        self._absent: frozenset[str] = frozenset()
        self._sides: dict[str, set[str]] = {}

    def read_ahead(self, dockets: Iterable[str]) -> None:
        """Read what the batch will ask of the store in one go: its dockets and their sides."""
        wanted = {d for d in dockets if DOCKET.fullmatch(d)}
        self._absent = self._dockets.load(wanted)
        self._sides = self.registry.store.sides_of(wanted - self._absent)

    def rows(self, size: int) -> Batch:
        """The rows of everything prepared (leaves and nodes are the log's to add)."""
        self.batch.expected_size = size
        return self.batch

    def prepare(self, filed: Filed) -> Prepared:
        """Verify, admit and assess one filing. Raises, and keeps nothing of it, when it cannot be entered."""
        this, lengths, count = filed.docket, self.batch.lengths(), len(self.prepared)
        before, sides = self.changed.get(this), self._sides.get(this)
        try:
            return self._prepare(filed)
        except BaseException:
            self.batch.cut(lengths)
            while len(self.prepared) > count:
                self.prepared.popitem()
            _put_back(self.changed, this, before)
            _put_back(self._sides, this, sides)
            raise

    def _prepare(self, filed: Filed) -> Prepared:
        sealed = filed.sealed if filed.sealed is not None else self._own_act(filed)
        docket = self.docket(sealed.record.docket)
        known = docket.by_id.get(sealed.id)
        if known is not None:
            return self._again(known, filed, sealed)
        position = self._size + len(self.prepared)
        authentic = self._admitted(filed, sealed, docket, position)
        entry = assess(authentic, docket, self.registry.bench)
        if filed.door is Door.PEER:
            check_opening(entry, docket)
        prepared = self._enter(authentic, entry, docket, position)
        consequences.follow(self, filed, authentic, entry)
        return prepared

    def _admitted(self, filed: Filed, sealed: SealedRecord, docket: Docket, position: int) -> Authentic:
        """The filing, found authentic and then admissible at its door. Whoever is not who they say learns nothing."""
        own, directory = self.registry.entry, self.registry.bench.directory
        if filed.door is Door.PEER:
            authentic = authenticate(sealed, directory, filed.position)
            check_peer(self, filed, authentic, docket)
            return authentic
        if sealed.record.authority not in own.authorities:
            raise NotAuthorised(
                f"This node does not serve {sealed.record.authority!r}.", "File at the node that serves it."
            )
        if filed.door is Door.OFFICIAL:
            self._check_official(sealed)
        number = self.registry.number(position)
        authentic = authenticate(sealed, directory, number, sealed_here=own)
        self._check_door(filed.door, sealed, docket)
        return replace(authentic, sealed=self._sealed(sealed, number))

    def docket(self, docket: str) -> Docket:
        """A docket as this batch has it so far."""
        if (changed := self.changed.get(docket)) is not None:
            return changed
        if not DOCKET.fullmatch(docket):
            raise Malformed(
                f"{docket[:120]!r} is not a docket's identifier.",
                "Write the proceeding and 7 to 100 small letters, digits, dots or dashes: request:2027-0001.",
            )
        return Docket(docket) if docket in self._absent else self._dockets.get(docket)

    def position_of(self, record: str) -> int:
        """The leaf of a record in this node's log, entered or about to be."""
        if (pending := self.prepared.get(record)) is not None:
            return pending.position
        row = self.registry.store.record_row(record)
        if row is None:
            raise Conflict(f"The record {record} is not in the store.", "Restart the node; nothing was lost.")
        return int(row["position"])

    def sides(self, docket: str) -> set[str]:
        """The nodes of both sides of a docket, as this batch has it so far; empty before its opening."""
        known = self._sides.get(docket)
        if known is None:
            return set() if docket in self._absent else self.registry.store.sides(docket)
        return known

    def peer_times(self, node: str, position: int) -> tuple[int | None, int | None]:
        """As `Store.peer_times`, with what this batch adds."""
        below, above = self.registry.store.peer_times(node, position)
        pending = [row for row in self.batch.peer_places if row["node"] == node]
        before = [row["latest"] for row in pending if row["position"] < position]
        after = [(row["position"], row["claimed"]) for row in pending if row["position"] > position]
        below = max((*before, *(() if below is None else (below,))), default=None)
        return below, min(after)[1] if after and above is None else above

    def givers(self, exhibit: str) -> set[str]:
        """The nodes that gave an exhibit, in whatever docket."""
        pending = {row["giver"] for row in self.batch.uses if row["exhibit"] == exhibit and row["giver"]}
        return pending | self.registry.store.givers(exhibit)

    def _keep_sides(self, authentic: Authentic, docket: Docket) -> None:
        nodes = sides_of(authentic.node.id, authentic.values, self.registry.bench.directory)
        self.batch.sides.extend(
            {"docket": docket.id, "node": node, "mark": self.registry.vault.mark(f"side {docket.id} {node}")}
            for node in sorted(nodes)
        )
        self._sides[docket.id] = nodes

    def keep_counterproof(self, record: str, logged: Logged) -> None:
        """Keep how a peer's log proves a record."""
        self.batch.counterproofs.append({"record": record, "origin": logged.origin, "logged": canonical(logged)})

    def _own_act(self, filed: Filed) -> SealedRecord:
        if filed.act is None:
            raise Malformed("There is nothing to file.", "Give a record.")
        docket, step, body, also = filed.act
        answers = tuple(self.docket(docket).heads | set(also))
        authority, bench = self.registry.entry.authorities[0], self.registry.bench
        party = bench.directory.party_of(authority)
        record, held = compose(
            docket=docket,
            step=step,
            answers=answers,
            party=party,
            authority=authority,
            role="node",
            at=self.now,
            body=body,
            sealed_until=inherited(bench.step(step), self.docket(docket), self.now.date()),
        )
        return SealedRecord(record=record, hand=None, seal="", sections=held)

    def _sealed(self, sealed: SealedRecord, number: int) -> SealedRecord:
        """Put this node's seal; Unverified when the Party file says that its key does not count at this place."""
        self.registry.bench.directory.seal_key(self.registry.seal.public.kid, number)
        return sealed.under(seal(sealed.payload, self.registry.seal))

    def _check_door(self, door: Door, sealed: SealedRecord, docket: Docket) -> None:
        """What is asked of this node's own filings before they are sealed."""
        record = sealed.record
        if unknown := set(record.answers) - set(docket.by_id):
            raise NotAdmitted(
                f"The record answers {sorted(unknown)[0]}, which is not in this docket.", "Read the docket."
            )
        if missing := docket.heads - set(record.answers):
            raise Conflict(
                f"The docket has moved on: {sorted(missing)[0]} is not answered.",
                "Read the docket again, then file anew.",
            )
        self._check_clock(record.time)
        check_sealed_alike(record, self.registry.bench.step(record.step), docket)
        if door is Door.OFFICIAL:
            self._check_builds_on(sealed, docket)
            consequences.check_exhibits(self, sealed)

    def _check_builds_on(self, sealed: SealedRecord, docket: Docket) -> None:
        """Whatever an own act builds on must reach the other side, and the other side stays the one it opened with."""
        own, directory = self.registry.entry, self.registry.bench.directory
        for entry in (docket.by_id[a] for a in sealed.record.answers):
            if not entry.effect and entry.record.authority in own.authorities:
                raise NotAdmitted(f"The record answers {entry.id}, which has no effect.", "Answer the docket's heads.")
        values = {name: section.value for name, section in sealed.sections.items()}
        to = addressed(values, directory)
        if to and (sides := self.sides(docket.id)) and to - sides:
            raise NotAdmitted("The docket was opened with another addressee.", "Draft a request in a new docket.")

    def _check_official(self, sealed: SealedRecord) -> None:
        step = self.registry.bench.step(sealed.record.step)
        if step is not None and not step.hand:
            raise NotAuthorised(f"{step.name} is a step of the node itself.", "Choose a step that an official takes.")
        if sealed.hand is None:
            raise NotAuthorised("The filing bears no hand.", "Put your own hand to it: comity file --as KEY.")
        if set(sealed.sections) != set(sealed.record.sections):
            raise Malformed("Not all sections that the record names were sent.", "File it with all its sections.")

    def _check_clock(self, at: datetime) -> None:
        off = abs((at - self.now).total_seconds())
        if off > self.registry.clock_tolerance:
            raise NotAdmitted(
                f"The record's time is {at:%Y-%m-%d %H:%M:%S}Z; this node's clock shows {self.now:%Y-%m-%d %H:%M:%S}Z.",
                "Set the clock that is wrong, then file anew.",
            )

    def _again(self, known: Entry, filed: Filed, sealed: SealedRecord) -> Prepared:
        """What was entered before. An official's: told only to whose hand it bears."""
        if filed.door is Door.OFFICIAL:
            self._check_official(sealed)
            if sealed.hand is not None:
                check_hand(sealed.hand, known.id, self.registry.bench.directory.official(sealed.hand.kid).key)
        if (pending := self.prepared.get(known.id)) is not None:
            return Prepared(pending.entry, pending.position, pending.at, again=True)
        row = self.registry.store.record_row(known.id)
        if row is None:
            raise Conflict("The record is in memory but not in the store.", "Restart the node; nothing was lost.")
        return Prepared(known, row["position"], row["entered"], again=True)

    def _enter(self, authentic: Authentic, entry: Entry, docket: Docket, position: int) -> Prepared:
        sealed, vault = authentic.sealed, self.registry.vault
        salt = secrets.token_bytes(32)
        findings = findings_bytes(entry.findings)
        kind, leaf = leaf_of(self, sealed, entry, act_bytes(sealed, findings), position, salt)
        seals.follow_leaf(self.batch, position, leaf, docket.id)
        self.batch.records.append(
            {
                "id": entry.id, "position": position, "docket": docket.id, "step": entry.step, "kind": kind,
                "node": authentic.node.id, "effect": int(entry.effect), "salt": salt, "entered": self.at,
                "sealed": sealed.closed, "findings": findings,
            }
        )  # fmt: skip
        if sealed.sections:
            body, key = vault.seal_sections(entry.id, sealed.sections)
            self.batch.sections.append({"record": entry.id, "body": body, "key": key})
        if entry.effect and docket.opening is None:
            self._keep_sides(authentic, docket)
        prepared = Prepared(entry, position, self.at, leaf.encode())
        self.prepared[entry.id] = prepared
        self.changed[docket.id] = docket.with_entry(entry)
        return prepared


def _put_back(kept: dict[str, T], key: str, before: T | None) -> None:
    """Have under ``key`` again what was there before."""
    kept.pop(key, None)
    if before is not None:
        kept[key] = before


def moment(at: datetime) -> str:
    """A time as this node writes it: RFC 3339, UTC, milliseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
