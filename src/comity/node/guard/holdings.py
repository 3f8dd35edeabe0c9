"""The guard over what hangs on records: contents, exhibits, proofs by peers, deliveries. Run at start, after `guard`.

Contents must open under the vault key and be those that the record names; they may be missing only where an erasure
that was entered says so. Repairs nothing: a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from comity.docket.assess import Bench
from comity.docket.directory import NodeEntry
from comity.docket.emergency import EMERGENCY
from comity.docket.record import SealedRecord, open_sections
from comity.errors import ComityError, Tampered
from comity.node.keeping import tables as t
from comity.node.keeping.dockets import Dockets
from comity.node.keeping.erasure import STEP, Act, contents_erased
from comity.node.keeping.lost import check_lost
from comity.node.keeping.store import Store
from comity.node.keeping.vault import Vault
from comity.proceedings.bodies import Erasure, Production, Reception

_NEXT = "Do not start this node on this data. Compare with a backup and the other side; tell oversight."
_OWED = (t.records.c.docket, t.records.c.position.label("entered"), t.records.c.node.label("sealed_by"))
_TOGETHER = 200  # dockets read at a time


@dataclass(slots=True)
class _Found:
    """What the records of all dockets say should be here."""

    held: dict[str, str] = field(default_factory=dict)  # exhibits given or received: digest -> name in the production
    erased: set[str] = field(default_factory=set)


def check_holdings(store: Store, dockets: Dockets, vault: Vault, bench: Bench, own: NodeEntry) -> None:
    """Check contents, exhibits, counterproofs and outbox. Tampered, naming the first thing that is wrong, otherwise."""
    _no_strays(store)
    found, every = _Found(), store.dockets()
    for start in range(0, len(every), _TOGETHER):
        rows: dict[str, list[RowMapping]] = {}
        for row in store.docket_rows(every[start : start + _TOGETHER]):
            rows.setdefault(row["docket"], []).append(row)
        for of_docket in rows.values():
            _check_docket(of_docket, dockets, bench, own, found)
    _check_exhibits(store, vault, found)
    _check_sides(store, vault)
    check_lost(store, vault)
    _check_outbox(store, own)


def _no_strays(store: Store) -> None:
    """Rows that hang on nothing."""
    with store.reading() as db:
        for table, what in ((t.sections, "contents of"), (t.counterproofs, "a peer's proof of")):
            query = sa.select(table.c.record).where(table.c.record.not_in(sa.select(t.records.c.id))).limit(1)
            if (stray := db.scalar(query)) is not None:
                raise Tampered(f"There are {what} {stray}, which was never entered.", _NEXT)


def _check_docket(rows: Iterable[RowMapping], dockets: Dockets, bench: Bench, own: NodeEntry, found: _Found) -> None:
    """Check the contents of one docket's records against what was erased here."""
    opened = [(row, _opened(row, dockets)) for row in sorted(rows, key=lambda r: int(r["position"]))]
    erased, acts = set[str](), list[Act]()
    for row, sealed in opened:
        act = _act(row, sealed)
        erased |= contents_erased(act, acts, own.id)
        acts.append(act)
        if act.erases is not None and act.node == own.id:
            found.erased |= set(act.erases.exhibits)
    names: dict[str, str] = {}
    for row, sealed in opened:
        whole = set(sealed.sections) == set(sealed.record.sections)
        if whole and row["id"] in erased and sealed.record.sections:
            raise Tampered(f"The contents of {row['id']} were erased and are back.", _NEXT)
        if not whole and row["id"] not in erased and _must_be_held(row, sealed, bench, own):
            raise Tampered(f"The contents of {row['id']} are missing, and no erasure names them.", _NEXT)
        if whole and row["effect"]:
            _note_exhibits(row, sealed, own, names, found)


def _note_exhibits(
    row: RowMapping, sealed: SealedRecord, own: NodeEntry, names: dict[str, str], found: _Found
) -> None:
    """Note what was given or received here. ``names``: of what this docket's productions so far name, by digest."""
    if row["step"] == "request.produce" and (production := _read(sealed, Production)):
        given = {x.digest: x.id for x in production.exhibits}
        names |= given
        found.held |= given if row["node"] == own.id else {}
    if row["step"] == "request.receive" and row["node"] == own.id and (reception := _read(sealed, Reception)):
        found.held |= {digest: names[digest] for digest in reception.digests if digest in names}


def _act(row: RowMapping, sealed: SealedRecord) -> Act:
    erases = _read(sealed, Erasure) if row["effect"] and row["step"] == STEP else None
    return Act(row["id"], row["node"], sealed.record.role, row["step"], erases)


def _opened(row: RowMapping, dockets: Dockets) -> SealedRecord:
    try:
        sealed = dockets.sealed(row)
        open_sections(sealed)
    except (ComityError, msgspec.MsgspecError) as exc:
        raise Tampered(f"The contents of {row['id']} are not those that were entered: {exc}", _NEXT) from exc
    return sealed


def _must_be_held(row: RowMapping, sealed: SealedRecord, bench: Bench, own: NodeEntry) -> bool:
    """Own contents always; a peer's when the record has effect and its step is for both sides."""
    step = bench.step(sealed.record.step)
    return row["node"] == own.id or (bool(row["effect"]) and step is not None and step.readers == "both")


def _read(sealed: SealedRecord, kind: type[msgspec.Struct]) -> Any:
    try:
        return msgspec.convert({name: s.value for name, s in sealed.sections.items()}, kind)
    except msgspec.ValidationError:
        return None


def _check_exhibits(store: Store, vault: Vault, found: _Found) -> None:
    with store.reading() as db:
        rows = list(db.execute(sa.select(t.exhibits)).mappings())
    for row in rows:
        try:
            vault.unwrap_key(row["id"], row["key"])
            here = not row["present"] or vault.has(row["blob"])
        except ComityError as exc:
            raise Tampered(f"The row of the exhibit {row['id']} was written by hand: {exc}", _NEXT) from exc
        if not here:
            raise Tampered(f"The bytes of the exhibit {row['id']} are missing from the vault.", _NEXT)
    erased = {digest for digest, name in found.held.items() if {digest, name} & found.erased}
    missing = set(found.held) - erased - {row["id"] for row in rows}
    if missing:
        gone = min(missing)
        raise Tampered(f"The exhibit {gone} was given or received here and is missing; no erasure names it.", _NEXT)


def _check_sides(store: Store, vault: Vault) -> None:
    """Whom a docket's records are delivered to was written by this node itself."""
    with store.reading() as db:
        rows = list(db.execute(sa.select(t.sides)).mappings())
    for row in rows:
        try:
            vault.check_mark(f"side {row['docket']} {row['node']}", row["mark"])
        except ComityError as exc:
            raise Tampered(f"That {row['node']} is a side of {row['docket']} was written by hand.", _NEXT) from exc


def _check_outbox(store: Store, own: NodeEntry) -> None:
    """A delivery that nobody ordered would disclose a record: each must follow from the docket's sides."""
    query = sa.select(t.outbox, *_OWED).outerjoin(t.records, t.records.c.id == t.outbox.c.record)
    with store.reading() as db:
        rows = list(db.execute(query).mappings())
    sides = store.sides_of({row["docket"] for row in rows if row["docket"] is not None})
    for row in rows:
        name = f"{row['kind']} of {row['record']} to {row['node']}"
        if row["kind"] == "fetch":
            continue  # asks for bytes, gives none; what has no exhibit's row is dropped
        docket, own_act = row["docket"], row["sealed_by"] == own.id
        if docket is None or row["entered"] != row["position"]:
            raise Tampered(f"The outbox has a {name}, which was never entered.", _NEXT)
        ours = row["kind"] == "record" or (row["kind"] == "proof" and own_act and _urgent(store, docket, own))
        if row["node"] not in sides.get(docket, set()) - {own.id} or ours != own_act:
            raise Tampered(f"The outbox has a {name}, which is not owed to it.", _NEXT)


def _urgent(store: Store, docket: str, own: NodeEntry) -> bool:
    """Whether an emergency of this node left in a docket before its full proof, which is to follow then."""
    query = sa.select(t.records.c.id).where(
        t.records.c.docket == docket, t.records.c.kind == EMERGENCY, t.records.c.node == own.id
    )
    with store.reading() as db:
        return db.scalar(query.limit(1)) is not None
