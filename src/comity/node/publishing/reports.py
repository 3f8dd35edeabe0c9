"""Reports of periods: made from two published checkpoints, kept as files beside the log, committed to by a leaf.

First what is counted must stand in the log: certificates that are still pending are entered here, at a period's end.
Then the report is made, signed by the log's key and written; last a leaf commits to it, and only then it is listed.
Killed in between, the same call goes on from there. Periods must not overlap: whoever has a year and its quarters can
subtract, and one act would bear the same commitment in both.

Left to others: the figures (`comity.package.report`), serving the files (`web.log`), who may ask (`web.reports`).
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from comity.analysis.statistics.certificates import ROWS
from comity.analysis.statistics.links import hidden_rows
from comity.analysis.statistics.tables import NAME
from comity.docket.directory import NodeEntry
from comity.docket.docket import Docket
from comity.docket.logged import act_bytes, signature_bytes
from comity.errors import ComityError, Conflict, Malformed, NotFound
from comity.node.door.certificates import STEP, counted_last, own_facts
from comity.node.door.registrar import Registrar
from comity.node.keeping import tables as t
from comity.node.keeping.dockets import read_findings
from comity.node.keeping.keys import LogSigner
from comity.node.keeping.log_rows import LogRows
from comity.node.keeping.store import Store
from comity.node.log.act_log import ActLog
from comity.node.log.export import write_file
from comity.node.log.seals import sealed_totals
from comity.node.post.contents import Outgoing
from comity.package.report import ActOpening, Openings, SealedSecrets, make_report, published, sign_report
from comity.package.report_check import read_report
from comity.package.report_files import FIGURES, LEAF, NOTE, OPENINGS, report_files
from comity.package.report_leaf import digest_of, report_leaf
from comity.proceedings.request_certificate import Counted
from comity.proceedings.statistics import FACTS, REPORT, ReportMade
from comity.signing.base64url import to_base64url
from comity.signing.canonical import canonical, parse_canonical
from comity.tlog.group import ORDER
from comity.tlog.note import Signer

FOLDER, INDEX = "reports", "index.json"
_SERVED = re.compile(rf"{INDEX}|[a-z0-9][a-z0-9-]{{0,62}}/[a-z][a-z0-9.-]{{0,62}}", re.ASCII)
_DRAFT = ".new"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing was made yet: the next checkpoint must cover this many leaves first."""

    size: int


class Reports:
    """The reports of one node's log."""

    def __init__(
        self, log: ActLog, store: Store, registrar: Registrar, outgoing: Outgoing, entry: NodeEntry, folder: Path,
        signing: Mapping[str, Sequence[LogSigner]],
    ) -> None:  # fmt: skip
        """``folder``: where they are kept, served with the log. ``signing``: the keys of each log, by origin."""
        self._log, self._store, self._registrar, self._outgoing, self._entry = log, store, registrar, outgoing, entry
        self._folder, self._signing, self._lock = folder, signing, threading.Lock()

    def made(self) -> list[ReportMade]:
        """The reports there are, in the order of their periods."""
        return [body for _, body in self._entries()]

    def _entries(self) -> list[tuple[str, ReportMade]]:
        """Record and body of every report entered."""
        r = t.records.c
        query = sa.select(r.docket).where(r.step == REPORT, r.effect == 1, r.node == self._entry.id)
        with self._store.reading() as db:
            dockets = [self._registrar.docket(docket) for docket in db.scalars(query).all()]
        found = [e for docket in dockets if (e := docket.latest(REPORT)) is not None]
        pairs = [(e.id, e.body) for e in found if isinstance(e.body, ReportMade)]
        return sorted(pairs, key=lambda pair: pair[1].start)

    def make(
        self, period: str, start: int | None = None, end: int | None = None, origin: str = ""
    ) -> ReportMade | Waiting:
        """The report over the leaves from ``start`` to ``end``, both sizes of published checkpoints of one log.

        Default: of the log that is written to, from where its latest report ended to its newest checkpoint, after what
        is pending was entered. ``origin`` names a log that ended. The same period again gives the report there is.
        Malformed, NotFound, Conflict or CannotTell, with the next step, when it cannot be made.
        """
        if not NAME.fullmatch(period):
            raise Malformed(f"The period is called {period[:80]!r}.", "Call it as 2027 or 2027-q1.")
        with self._lock:
            for record, known in self._entries():
                if known.period == period:
                    self._open_leaf(record, known)
                    return _again(known, start, end)
            rows = self._rows_of(origin or self._log.origin)
            before = [made for made in self.made() if made.origin == rows.origin]
            first = max((made.end for made in before), default=0) if start is None else start
            if end is None and rows.end is None and (covered := self._enter_pending(rows, first)) > _newest(rows):
                return Waiting(covered)
            last = _newest(rows) if end is None else end
            _check_range(rows, before, first, last)
            return self._commit(self._written(period, rows, first, last))

    def _rows_of(self, origin: str) -> LogRows:
        found = next((rows for rows in self._log.segments if rows.origin == origin), None)
        if found is None:
            raise NotFound(f"This node keeps no log {origin[:120]}.", f"Choose {self._log.origin}, or one before it.")
        return found

    def openings(self, period: str) -> Openings:
        """What was published beside a report, with the acts opened: for oversight. NotFound when there is none."""
        made = next((each for each in self.made() if each.period == period), None)
        if made is None:
            raise NotFound(f"There is no report of the period {period[:80]!r}.", "Make it: comity report --period.")
        published = parse_canonical((self._folder / period / OPENINGS).read_bytes(), limit=1 << 28)
        commitments = {name: tuple(values) for name, values in published["commitments"].items()}
        return Openings(
            commitments=commitments, acts=tuple(self._acts(self._rows_of(made.origin), made.start, made.end))
        )

    def file(self, path: str) -> bytes:
        """A file of a report, or the list of them, by its path. NotFound before its leaf was entered."""
        period = path.partition("/")[0]
        if path == INDEX:
            return self._index()
        listed = any(made.period == period for made in self.made())
        if not listed or _SERVED.fullmatch(path) is None or not (self._folder / path).is_file():
            raise NotFound(f"There is no {path[:120]!r} among the reports.", f"See {FOLDER}/{INDEX}.")
        return (self._folder / path).read_bytes()

    def _index(self) -> bytes:
        return canonical([
            {
                "period": made.period, "origin": made.origin, "report": made.report,
                "start": made.start, "end": made.end,
                "files": sorted(path.name for path in (self._folder / made.period).glob("[a-z]*")),
            }
            for made in self.made()
        ])  # fmt: skip

    def _enter_pending(self, rows: LogRows, first: int) -> int:
        """Enter the facts of every certificate that this period does not count as it stands; how long the log must be.

        CannotTell or Malformed, naming the docket, where a certificate's facts cannot be told.
        """
        for docket_id in self._store.dockets("request"):
            docket = self._registrar.docket(docket_id)
            try:
                facts = own_facts(docket, self._registrar.bench.assessor)
            except ComityError as exc:
                raise type(exc)(f"{docket_id}: {exc.what}", exc.next_step) from exc
            if facts is None:
                continue
            last = counted_last(docket)
            stale = last is None or not isinstance(last.body, Counted) or last.body.statistics != facts
            if stale or (facts.outcome == "pending" and self._position(docket) < rows.start + first):
                self._registrar.act(docket_id, STEP, Counted(statistics=facts))
        counted = self._counted(rows.start + first, self._log.end)
        return max((int(row["position"]) + 1 - rows.start for row in counted), default=0)

    def _position(self, docket: Docket) -> int:
        last = counted_last(docket)
        row = self._store.record_row(last.id) if last is not None else None
        return int(row["position"]) if row is not None else -1

    def _counted(self, first: int, last: int) -> list[RowMapping]:
        """The records that are counted between these positions of the store: of each docket the one entered last."""
        r = t.records.c
        query = sa.select(t.records).where(
            r.step.in_(FACTS), r.effect == 1, r.node == self._entry.id, r.position >= first, r.position < last
        )
        with self._store.reading() as db:
            found = db.execute(query.order_by(r.position)).mappings().all()
        return sorted({row["docket"]: row for row in found}.values(), key=lambda row: int(row["position"]))

    def _acts(self, rows: LogRows, first: int, last: int) -> list[ActOpening]:
        before = self._counted_before(rows.start + first)
        found = self._counted(rows.start + first, rows.start + last)
        return [self._act(row, rows, before.get(row["docket"])) for row in found]

    def _counted_before(self, first: int) -> dict[str, RowMapping]:
        """By docket, the record that a report counted last of what stands before ``first``."""
        starts, made = {rows.origin: rows.start for rows in self._log.segments}, self.made()
        ranges = sorted((starts[m.origin] + m.start, starts[m.origin] + m.end) for m in made if m.origin in starts)
        return {row["docket"]: row for start, end in ranges if end <= first for row in self._counted(start, end)}

    def _hidden_before(self, rows: LogRows, first: int) -> set[str]:
        """The rows of certificates that reports before withhold; all, where such a report is not held any more."""
        starts, hidden = {each.origin: each.start for each in self._log.segments}, set[str]()
        for made in self.made():
            if starts.get(made.origin, 0) + made.end <= rows.start + first:
                try:
                    report = read_report((self._folder / made.period / FIGURES).read_bytes())
                    hidden.update(hidden_rows([published(table) for table in report.tables]))
                except (OSError, ComityError):
                    hidden.update(ROWS)
        return hidden

    def _act(self, row: RowMapping, rows: LogRows, before: RowMapping | None) -> ActOpening:
        sealed = self._outgoing.sealed(row["id"])
        section = sealed.sections.get("statistics")
        if section is None:
            raise Conflict(f"What is counted of {row['docket']} is not held any more.", "Restore it from a backup.")
        fields: dict[str, Any] = section.value
        return ActOpening(
            position=row["position"] - rows.start,
            kind=row["kind"],
            salt=to_base64url(row["salt"]),
            act=act_bytes(sealed, row["findings"]).decode(),
            signatures=signature_bytes(sealed).decode(),
            section_salt=section.salt,
            fields=fields,
            earlier=self._fields(before) if before is not None else None,
        )

    def _fields(self, row: RowMapping) -> dict[str, Any]:
        section = self._outgoing.sealed(row["id"]).sections.get("statistics")
        if section is None:
            raise Conflict(f"What is counted of {row['docket']} is not held any more.", "Restore it from a backup.")
        fields: dict[str, Any] = section.value
        return fields

    def _secrets(self, rows: LogRows, first: int, last: int) -> SealedSecrets:
        before, earlier = sealed_totals(self._store, rows.start + first)
        after, later = sealed_totals(self._store, rows.start + last)
        counts = {kind: count - before.get(kind, 0) for kind, count in after.items()}
        return SealedSecrets(counts, (later - earlier) % ORDER)

    def _written(self, period: str, rows: LogRows, first: int, last: int) -> ReportMade:
        """The report as files, all of them there at once. What a killed call left was never shown, and is made anew."""
        start = _checkpoint(rows, first) if first else b""
        report, openings = make_report(
            period, start, _checkpoint(rows, last), rows.leaves(first, last), self._secrets(rows, first, last),
            self._acts(rows, first, last), secrets.token_bytes(32), self._hidden_before(rows, first),
        )  # fmt: skip
        signers = [key for key in self._signing[rows.origin] if isinstance(key, Signer)]  # ML-DSA: only checkpoints
        place, draft = self._folder / period, self._folder / (period + _DRAFT)
        for left in (place, draft):
            shutil.rmtree(left, ignore_errors=True)
        public = canonical(Openings(commitments=openings.commitments))
        files = {**report_files(report), NOTE: sign_report(report, signers), OPENINGS: public}
        for name, data in files.items():
            _write(draft / name, data)
        draft.rename(place)
        return ReportMade(period=period, origin=rows.origin, report=digest_of(report), start=first, end=last)

    def _commit(self, made: ReportMade) -> ReportMade:
        """Enter the leaf that commits to the report, and publish what opens it."""
        docket = f"{REPORT.partition('.')[0]}:report-{made.period}-{made.report.partition(':')[2][:16]}"
        entered = self._registrar.act(docket, REPORT, made)
        if not entered.effect:
            raise Conflict(f"The report was not entered: {entered.findings}.", "Ask whoever runs the node.")
        self._open_leaf(entered.id, made)
        return made

    def _open_leaf(self, record: str, made: ReportMade) -> None:
        row, path = self._store.record_row(record), self._folder / made.period / LEAF
        if row is not None and not path.exists():
            sealed, findings = self._outgoing.sealed(record), read_findings(row["findings"])
            rows, place = self._log.place(row["position"])
            _write(path, canonical(report_leaf(rows.origin, place, row["salt"], sealed, findings)))


def _check_range(rows: LogRows, before: Sequence[ReportMade], first: int, last: int) -> None:
    if not 0 <= first < last:
        raise Malformed(f"There are no leaves from {first} to {last}.", "Give --from below --to.")
    for size in filter(None, (first, last)):
        _checkpoint(rows, size)
    for made in before:
        if first < made.end and made.start < last:
            raise Conflict(
                f"The report of {made.period} counts the leaves {made.start} to {made.end} already; who has both "
                "could subtract one from the other.",
                f"Begin where it ends: --from {made.end}.",
            )


def _checkpoint(rows: LogRows, size: int) -> bytes:
    """The published checkpoint of this very size; NotFound, naming the nearest below."""
    found = rows.checkpoint(at_most=size)
    if found is None or found[0] != size:
        raise NotFound(
            f"No checkpoint of {size} leaves of {rows.origin} was published.",
            f"Take the one of {found[0]} leaves, or leave --from and --to away." if found else "Wait for one.",
        )
    return found[1]


def _newest(rows: LogRows) -> int:
    newest = rows.checkpoint()
    return newest[0] if newest is not None else 0


def _again(known: ReportMade, start: int | None, end: int | None) -> ReportMade:
    """A report is made once; asked for again it is the one there is. Conflict when other leaves are asked for."""
    if start not in (None, known.start) or end not in (None, known.end):
        raise Conflict(
            f"The report of {known.period} counts the leaves {known.start} to {known.end}; it is never made anew.",
            "Give the period another name, and a range that no report counts.",
        )
    return known


def _write(path: Path, data: bytes) -> None:
    """Write a file in one step, and have it on the disk before anything says that it is there."""
    write_file(path, data)
    for part in (path, path.parent):
        handle = os.open(part, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
