"""Replay: fold the docket again as each side saw it, assess every record anew, and compare with what was logged.

Each log's findings are those of the Party whose node keeps it, so each log is replayed with that Party as assessor, by
the law of the record's own day. Where contents were withheld or erased, the logged findings stand in and are never
called re-assessed.

Left to others: the assessment (`comity.docket.assess`); proofs and signatures (`comity.package.proved`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from comity.docket.assess import Bench, assess
from comity.docket.authenticate import Authentic
from comity.docket.docket import Docket, Entry, effective
from comity.docket.finding import Finding
from comity.docket.sealing import check_sealed_alike
from comity.errors import Unverified
from comity.package.proved import Proved
from comity.package.verdict import Report

_ASK = "Do not rely on this step; ask the node whose log it is, and tell oversight."


@dataclass(frozen=True, slots=True)
class Assessed:
    """A record as one side assessed it. ``reassessed``: whether this verifier came to the same findings by itself."""

    entry: Entry
    assessor: str
    reassessed: bool


def replay(docket: str, origin: str, bench: Bench, records: Sequence[Proved], report: Report) -> dict[str, Assessed]:
    """What the side that keeps the log ``origin`` found of each record, in docket order, assessed anew.

    Differences between logged and recomputed findings, and records that answer what this log lacks, are problems.
    """
    folded, done = Docket(docket), dict[str, Assessed]()
    for record in records:
        if origin not in record.logged:
            continue
        with report.guard(f"{record.name} in {origin}"):
            if missing := [a for a in record.authentic.sealed.record.answers if a not in folded.by_id]:
                raise Unverified(f"{origin} has it, but not the record {missing[0]} that it answers.", _ASK)
            sealed, past = record.authentic.sealed.record, folded.past_of(record.authentic.sealed.record.answers)
            check_sealed_alike(sealed, bench.step(sealed.step), past)
            done[record.id] = found = _assess(record, origin, folded, bench, done, report)
            folded = folded.with_entry(found.entry)
    return done


def _assess(
    record: Proved, origin: str, folded: Docket, bench: Bench, done: dict[str, Assessed], report: Report
) -> Assessed:
    view, whole = as_seen(record.authentic, bench)
    logged = record.logged[origin].findings
    entry = assess(view, folded, bench)
    same = _outline(entry.findings) == _outline(logged)
    past = folded.past_of(view.sealed.record.answers).entries
    if not whole or (not same and not all(done[e.id].reassessed for e in past)):
        return Assessed(replace(entry, findings=logged, effect=effective(logged)), bench.assessor, False)
    if not same:
        report.problem(f"{record.name} in {origin}", _difference(logged, entry.findings), _ASK)
        entry = replace(entry, effect=entry.effect and effective(logged))
    return Assessed(entry, bench.assessor, same)


def as_seen(authentic: Authentic, bench: Bench) -> tuple[Authentic, bool]:
    """The record as the assessor had it, and whether all of that is here: own steps cross without their contents."""
    record = authentic.sealed.record
    step = bench.step(record.step)
    if step is not None and step.readers == "own" and record.party != bench.assessor:
        bare = authentic.sealed.withholding(frozenset(record.sections))
        return replace(authentic, sealed=bare, values={}), True
    return authentic, set(authentic.sealed.sections) == set(record.sections)


def _outline(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
    return [(f.safeguard, f.verdict, f.ground) for f in findings]


def _difference(logged: Sequence[Finding], found: Sequence[Finding]) -> str:
    """The first difference, in a sentence."""
    for then, now in zip(logged, found, strict=False):
        if (then.safeguard, then.verdict, then.ground) != (now.safeguard, now.verdict, now.ground):
            return (
                f"The log says {then.safeguard}: {then.verdict}; assessed again, it is {now.safeguard}: {now.verdict} "
                f"({now.provision}: {now.why})"
            )
    return f"The log has {len(logged)} findings; assessed again there are {len(found)}."
