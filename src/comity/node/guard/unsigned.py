"""The guard over the last records, which no signature of this log covers yet. Run at start, after `guard`.

Whoever can write to the database can make leaf and tree fit a record. They cannot make a hand, a seal or a peer's
proof, and cannot give effect to what the law does not let be: so these few are verified and assessed once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from comity.docket.assess import Bench, assess
from comity.docket.authenticate import Authentic, authenticate
from comity.docket.directory import NodeEntry
from comity.docket.docket import Docket, Entry
from comity.docket.emergency import EMERGENCY
from comity.docket.finding import Finding
from comity.docket.logged import Logged, Place, check_logged, log_alone
from comity.docket.record import SealedRecord
from comity.errors import ComityError, Tampered, Unverified
from comity.node.keeping import tables as t
from comity.node.keeping.dockets import Dockets
from comity.node.keeping.last_signed import LastSigned
from comity.node.keeping.store import Store
from comity.node.log.act_log import ActLog
from comity.tlog.policy import Policy

_NEXT = "Do not start this node on this data. Compare with the other side's log; tell oversight."


def check_unsigned(
    store: Store, log: ActLog, dockets: Dockets, last: LastSigned, bench: Bench, own: NodeEntry,
    policies: Mapping[str, Policy], now: int,
) -> None:  # fmt: skip
    """Tampered when a record not yet under a signed root is not authentic, not proved, or cannot have its effect."""
    start = log.rows.start + _signed_size(log, last)
    query = sa.select(t.records.c.docket).where(t.records.c.position >= start).distinct()
    with store.reading() as db:
        touched = list(db.scalars(query))
    court = _Court(store, log, dockets, bench, own, policies, now)
    for docket in touched:
        _check_docket(store.docket_rows([docket]), Docket(docket), start, court)


def _signed_size(log: ActLog, last: LastSigned) -> int:
    """How many leaves a signature of this log covers: the one kept apart, or, where that file was lost, the newest
    checkpoint, whose signature and root `guard` checked. What was proved under a policy of those days stays proved."""
    signed, newest = last.get(log.origin), log.rows.checkpoint()
    return max(signed[0] if signed is not None else 0, newest[0] if newest is not None else 0)


class _Court:
    """Verifies and assesses one stored record again."""

    def __init__(
        self, store: Store, log: ActLog, dockets: Dockets, bench: Bench, own: NodeEntry, policies: Mapping[str, Policy],
        now: int,
    ) -> None:  # fmt: skip
        self._log = log
        self._store, self._dockets, self.bench, self._own = store, dockets, bench, own
        self._policies, self._now = policies, now

    def sealed(self, row: RowMapping) -> SealedRecord:
        return self._dockets.sealed(row)

    def entry(self, row: RowMapping) -> Entry:
        return self._dockets.entry(row)

    def authentic(self, row: RowMapping, sealed: SealedRecord, urgent: bool) -> Authentic:
        """The record, its signatures verified at its place in the log of the node that sealed it.

        ``urgent``: it may have come with an emergency, on the signature of that log alone.
        """
        directory = self.bench.directory
        if row["node"] == self._own.id:
            rows, position = self._log.place(int(row["position"]))
            return authenticate(sealed, directory, self._own.number(rows.origin, position))
        for data in self._store.counterproofs(row["id"]):
            logged = msgspec.json.decode(data, type=Logged)
            policy = self._policies.get(logged.origin)
            if policy is not None and logged.origin in (node := directory.node(row["node"])).origins:
                place = _proved(sealed, logged, policy, self._now, urgent)
                return authenticate(sealed, directory, node.number(place.origin, place.position))
        raise Unverified("No proof by the log of the node that sealed it is here.", "Ask that node for it.")


def _proved(sealed: SealedRecord, logged: Logged, policy: Policy, now: int, urgent: bool) -> Place:
    try:
        return check_logged(sealed, logged, policy, now, None)
    except Unverified:
        if not urgent:
            raise
        return check_logged(sealed, logged, log_alone(policy), now, None)


def _check_docket(rows: Sequence[RowMapping], docket: Docket, start: int, court: _Court) -> None:
    emergencies = {row["node"] for row in rows if row["kind"] == EMERGENCY}
    for row in rows:
        position, sealed = row["position"], court.sealed(row)
        try:
            urgent = row["node"] in emergencies
            entry = assess(court.authentic(row, sealed, urgent), docket, court.bench) if position >= start else None
        except (ComityError, msgspec.MsgspecError) as exc:
            raise Tampered(f"The record at position {position} was written past the registrar: {exc}", _NEXT) from exc
        whole = set(sealed.sections) == set(sealed.record.sections)
        wanting = _wanting(entry, docket) if entry is not None and row["effect"] and whole else None
        if wanting is not None:
            raise Tampered(f"The record at position {position} cannot have effect: {wanting.why}", _NEXT)
        if any(answered not in docket.by_id for answered in sealed.record.answers):
            raise Tampered(f"The record at position {position} answers one that is not here.", _NEXT)
        docket = docket.with_entry(court.entry(row))


def _wanting(entry: Entry, docket: Docket) -> Finding | None:
    """The first finding against the record's effect that can be made now.

    Where contents it was judged by were erased since, only order, side and hand can still be judged.
    """
    past = docket.past_of(entry.record.answers)
    erased = any(e.body is None and e.effect for e in past.entries)
    asked = [f for f in entry.findings if not erased or f.safeguard in ("order", "side", "hand", "form")]
    return next((f for f in asked if f.verdict != "clear"), None)
