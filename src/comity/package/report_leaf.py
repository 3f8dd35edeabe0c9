"""The leaf by which a log commits to a report: what opens it, published beside the report, and the check of it.

Without it a node could show each reader another report of the same period, each right as far as that reader can see.
Making and checking the figures are left to `report` and `report_check`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from comity.docket.finding import Finding
from comity.docket.logged import act_bytes, findings_bytes, signature_bytes
from comity.docket.record import Record, SealedRecord, Section, open_sections
from comity.errors import Malformed, Unverified
from comity.package.report import PeriodReport
from comity.proceedings.statistics import REPORT, ReportMade
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.canonical import canonical, parse_canonical
from comity.signing.digest import digest
from comity.tlog.leaf import check_opening, parse_leaf
from comity.tlog.note import MAX_NOTE
from comity.tlog.tiles import WIDTH, TileReader

T = TypeVar("T")
KIND = "statistics"
_ASK = "Ask the node for the report again; if it stays so, tell oversight."


class ReportLeaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What opens the leaf at ``position`` of the log ``origin``.

    ``act`` and ``signatures`` are the bytes under its commitment, ``salt`` that of the commitment (base64url),
    ``sections`` the contents of the record in it.
    """

    origin: str
    position: int
    salt: str
    act: str
    signatures: str
    sections: dict[str, Section]


def report_leaf(
    origin: str, position: int, salt: bytes, sealed: SealedRecord, findings: Sequence[Finding]
) -> ReportLeaf:
    """What opens the leaf of a report's record, entered in the log ``origin`` at ``position``."""
    return ReportLeaf(
        origin=origin,
        position=position,
        salt=to_base64url(salt),
        act=act_bytes(sealed, findings_bytes(findings)).decode(),
        signatures=signature_bytes(sealed).decode(),
        sections=sealed.sections,
    )


def digest_of(report: PeriodReport) -> str:
    """The digest of a report that a log commits to: of its canonical JSON, whoever signed it."""
    return digest(canonical(report))


def read_report_leaf(data: bytes) -> ReportLeaf:
    """The file that opens the leaf. Raises Malformed."""
    return _convert(parse_canonical(data, limit=MAX_NOTE), ReportLeaf)


def check_report_leaf(opened: ReportLeaf, report: PeriodReport, reader: TileReader) -> None:
    """Unverified or Malformed unless the log of ``reader`` commits, in a leaf of the kind "statistics", to this report.

    In the log it counts, the leaf stands after its period.
    """
    if opened.position >= reader.size:
        raise Malformed("The leaf that commits to the report is not in the log yet.", "Ask again in a minute.")
    if opened.origin == report.origin and opened.position < report.last:
        raise Malformed("The leaf stands before the report ends.", _ASK)
    index, offset = divmod(opened.position, WIDTH)
    leaf = parse_leaf(reader.entries(index)[offset])
    salt = from_base64url(opened.salt, "The salt", size=32)
    check_opening(leaf, salt, KIND, opened.act.encode(), opened.signatures.encode())
    act = parse_canonical(opened.act.encode(), limit=MAX_NOTE)
    record = _convert(act.get("record") if isinstance(act, dict) else None, Record)
    sealed = SealedRecord(record=record, hand=None, seal="", sections=opened.sections)
    made = _convert(open_sections(sealed), ReportMade)
    if record.step != REPORT or made != _made(report):
        raise Unverified("The log commits to another report of this period.", "Keep both and tell oversight.")


def _made(report: PeriodReport) -> ReportMade:
    return ReportMade(
        period=report.period, origin=report.origin, report=digest_of(report), start=report.first, end=report.last
    )


def _convert(value: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as wrong:
        raise Malformed(f"This opens no leaf of a report: {wrong}.", _ASK) from wrong
