"""The dockets as this node holds them: folded from the store, kept in memory while in use.

Derived state only: every docket may be dropped and is rebuilt from its records. Findings and effect are those that were
entered and committed to the log, never recomputed here (`comity.package` and `guard` do that).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy.engine import RowMapping

from comity.docket.assess import Bench
from comity.docket.docket import Docket, Entry, fold
from comity.docket.finding import Finding
from comity.docket.record import Record, SealedRecord
from comity.errors import Unverified
from comity.node.keeping.store import Store
from comity.node.keeping.vault import Vault
from comity.signing.hand import Hand

KEPT = 4096  # dockets in memory


class Closed(msgspec.Struct, frozen=True):
    """A record as stored: hand and seal, no section."""

    record: Record
    hand: Hand | None
    seal: str


_CLOSED = msgspec.json.Decoder(Closed)
_FINDINGS = msgspec.json.Decoder(tuple[Finding, ...])


class Dockets:
    """Dockets by identifier. The registrar puts new ones in after they are on disk."""

    def __init__(self, store: Store, vault: Vault, bench: Bench) -> None:
        """Nothing is loaded yet."""
        self._store, self._vault, self._bench = store, vault, bench
        self._kept: OrderedDict[str, Docket] = OrderedDict()
        self._lock = threading.RLock()  # a reader must never put an older state over the registrar's newer one

    def get(self, docket: str) -> Docket:
        """The docket as entered so far; an empty one when nothing was."""
        with self._lock:
            if docket not in self._kept:
                self.load([docket])
            return self._kept.get(docket) or Docket(docket)  # what was never entered takes no room

    def put(self, docket: Docket) -> None:
        """Keep the newer state of a docket."""
        with self._lock:
            self._kept[docket.id] = docket
            self._kept.move_to_end(docket.id)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def forget(self, docket: str) -> None:
        """Drop a docket from memory; the next `get` folds it from the store."""
        with self._lock:
            self._kept.pop(docket, None)

    def sealed(self, row: RowMapping | Mapping[str, Any]) -> SealedRecord:
        """A stored record with the sections still held."""
        closed = _CLOSED.decode(row["sealed"])
        held = self._vault.open_sections(row["id"], row["body"], row["key"]) if row["key"] is not None else {}
        return SealedRecord(record=closed.record, hand=closed.hand, seal=closed.seal, sections=held)

    def load(self, dockets: Iterable[str]) -> frozenset[str]:
        """Have these dockets in memory, read together; those of them in which nothing was ever entered."""
        with self._lock:
            wanted = list({d for d in dockets if d not in self._kept})
            for start in range(0, len(wanted), 400):
                self._load(wanted[start : start + 400])
            return frozenset(d for d in wanted if d not in self._kept)

    def _load(self, wanted: list[str]) -> None:
        entries: dict[str, list[Entry]] = {docket: [] for docket in wanted}
        for row in self._store.docket_rows(wanted):
            entries[row["docket"]].append(self.entry(row))
        for docket, found in entries.items():
            if found:
                self.put(fold(docket, found))

    def entry(self, row: RowMapping) -> Entry:
        """A stored record as it was entered: its findings and effect are read, not recomputed."""
        sealed = self.sealed(row)
        step = self._bench.step(row["step"])
        values = {name: section.value for name, section in sealed.sections.items()}
        return Entry(
            id=row["id"],
            record=sealed.record,
            body=_body(step.body, values, sealed.record.sections) if step else None,
            holder=self._holder(sealed.hand),
            findings=read_findings(row["findings"]),
            effect=bool(row["effect"]),
            moves=step.moves if step else False,
        )

    def _holder(self, hand: Hand | None) -> str:
        if hand is None:
            return ""
        try:
            return self._bench.directory.official(hand.kid).holder
        except Unverified:  # a newer Party file no longer lists the key; the act was entered under an older one
            return hand.kid


def read_findings(data: bytes) -> tuple[Finding, ...]:
    """Findings as stored."""
    return _FINDINGS.decode(data)


def _body(kind: type[msgspec.Struct], values: Mapping[str, Any], named: Mapping[str, str]) -> Any:
    """The typed body, or None when a section was withheld or erased, or does not fit (it then had no effect either)."""
    if set(values) != set(named):
        return None
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError:
        return None
