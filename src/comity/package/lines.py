"""The lines of a verdict for one record: who put hand and seal, in which logs it stands, and each safeguard's answer.

Left to others: whether any of it holds (`comity.package.proved`, `comity.package.replay`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from comity.docket.directory import Official
from comity.docket.finding import Finding
from comity.docket.logged import Place
from comity.package.proved import Proved
from comity.package.replay import Assessed
from comity.package.verdict import Cosigned, HandBy, Line, Standing

_SIGNED = "RFC 8032 (hand), RFC 7515 (seal); ARCHITECTURE, hand and seal"
_LOGGED = "RFC 6962, C2SP tlog-proof and tlog-cosignature; ARCHITECTURE, log"


def record_lines(record: Proved, seen: Mapping[str, Assessed]) -> list[Line]:
    """Lines for a proved record. ``seen``: the log's origin to how its side assessed the record."""
    effect = bool(seen) and all(a.entry.effect for a in seen.values())
    common = Line(
        check="",
        ok=True,
        provision="",
        why="",
        step=record.authentic.sealed.record.step,
        record=record.id,
        at=record.authentic.sealed.record.at,
        effect=effect,
        hand=_hand(record.authentic.official),
        seal=record.authentic.node.id,
        logs=tuple(_standing(place) for _, place in sorted(record.places.items())),
    )
    return [
        _with(common, check="hand and seal", provision=_SIGNED, why=_signed(common)),
        _with(common, check="logged", provision=_LOGGED, why=_logged(common)),
        *_findings(common, seen),
    ]


def _with(line: Line, **changes: object) -> Line:
    changed = {name: getattr(line, name) for name in line.__struct_fields__} | changes
    return Line(**changed)


def _findings(common: Line, seen: Mapping[str, Assessed]) -> list[Line]:
    """One line per finding; sides that found the same share it."""
    merged: dict[tuple[str, str, str, str], tuple[Finding, list[Assessed]]] = {}
    for _, assessed in sorted(seen.items()):
        for finding in assessed.entry.findings:
            key = (finding.safeguard, finding.verdict, finding.provision, finding.ground)
            merged.setdefault(key, (finding, []))[1].append(assessed)
    return [
        _with(
            common,
            check=finding.safeguard,
            ok=finding.verdict == "clear",
            provision=finding.provision,
            why=finding.why,
            verdict=finding.verdict,
            assessed_by=tuple(sorted({a.assessor for a in by})),
            settled=finding.settled,
            reassessed=all(a.reassessed for a in by),
        )
        for finding, by in merged.values()
    ]


def _signed(line: Line) -> str:
    if line.hand is None:
        return f"Sealed by {line.seal}; a step of the node itself."
    root = "the judiciary's root" if line.hand.certified_by == "judiciary" else "the Party's root"
    return f"By the hand of {line.hand.holder} ({line.hand.role}), certified by {root}; sealed by {line.seal}."


def _logged(line: Line) -> str:
    return "; ".join(f"position {s.position} of {s.origin}, cosigned by {_names(s)}" for s in line.logs) + "."


def _names(standing: Standing) -> str:
    return ", ".join(c.witness for c in standing.cosigned)


def _hand(official: Official | None) -> HandBy | None:
    if official is None:
        return None
    return HandBy(
        holder=official.holder,
        role=official.role,
        authority=official.authority,
        party=official.party,
        certified_by=official.certified_by,
        key=official.kid,
    )


def _standing(place: Place) -> Standing:
    return Standing(
        origin=place.origin,
        position=place.position,
        size=place.checkpoint.checkpoint.size,
        cosigned=tuple(Cosigned(witness=w, at=_time(seconds)) for w, seconds in place.checkpoint.cosigned_by),
    )


def _time(seconds: int) -> str:
    """RFC 3339, UTC; seconds that no calendar holds are shown as they are."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return str(seconds)
