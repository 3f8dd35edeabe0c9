"""Sealing: until when a record's leaf is sealed, in clear in the signed head, so that both sides seal alike.

A seal begins with a step that may begin one (`Step.seals`) and is inherited by every later record of the docket, in
both logs, until its month comes, a judge extends it, or a judge unseals the docket. What crosses or is packaged is
checked against it here. Whether a seal may be that long is a safeguard (`comity.safeguards.sealing`); rows and leaves
are the node's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from comity.docket.docket import Docket
from comity.docket.emergency import is_emergency, kind_of
from comity.docket.finding import Finding, worst
from comity.docket.logged import Logged
from comity.docket.record import Record
from comity.docket.step import Step
from comity.errors import NotAdmitted, Unverified
from comity.tlog.counting import KINDS_COUNTED
from comity.tlog.leaf import SEALED, ActLeaf, parse_leaf
from comity.tlog.proof import TlogProof

MOST_MONTHS = 12
"""How many months ahead padding is sealed at most: what is sealed beyond them stands out and hides nothing."""
UNSEALS, EXTENDS = "unseal", "extend"
ORDERING = frozenset({UNSEALS, EXTENDS})  # public kinds of what a judge orders about a seal
WITHOUT_EFFECT = "request"  # public kind of such a record that changes no seal
_TELL = "Keep leaf and record as evidence and tell oversight."


def month_after(day: date, months: int) -> date:
    """The first of the month so many months after the day's own."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def sealable(step: Step) -> bool:
    """Whether a leaf of this step can be sealed: only kinds that are counted under the seal."""
    return step.kind in KINDS_COUNTED


def seal_of(past: Docket, day: date) -> date | None:
    """Until when a record of ``day`` must be sealed that builds on this docket; None: it stands in the open.

    The latest word of a record with effect counts: a seal, an extension, an unsealing. It ends with its month.
    """
    last = past.last.values()  # whatever is sealed is followed by nothing of its step in the open, save after its month
    spoken = [e for e in last if e.record.sealed_month is not None or e.step.endswith(".unseal")]
    if not spoken:
        return None
    until = max(spoken, key=lambda e: e.place).record.sealed_month
    return until if until is not None and day < until else None


def check_sealed_alike(record: Record, step: Step | None, past: Docket) -> None:
    """NotAdmitted unless a record is sealed as its docket is; a later act in the open would tell of the sealed ones."""
    own, day = record.sealed_month, record.time.date()
    if own is not None and own <= day:
        raise NotAdmitted(f"The month {own:%Y-%m} has come already.", "Give a later month, or none.")
    if step is not None and step.kind == EXTENDS:
        return  # it names the month it extends to; that it does is a safeguard's
    if own is not None and own > month_after(day, MOST_MONTHS):  # also what has no effect would stay hidden so long
        raise NotAdmitted(f"{own:%Y-%m} is more than {MOST_MONTHS} months ahead.", "Give an earlier month.")
    if is_emergency(record, step):
        if own is not None:
            raise NotAdmitted("An emergency is always in the open, so that it is counted.", "File it unsealed.")
        return
    until = inherited(step, past, day)
    if step is not None and not sealable(step) and own is not None:
        raise NotAdmitted(f"{step.name} is always in the open.", "File it without --sealed-until.")
    if until is None and own is not None and not (step is not None and step.seals):
        raise NotAdmitted(f"No seal begins with {record.step}.", "Seal the request when it is drafted or authorised.")
    if until is not None and own != until and not (step is not None and step.seals and own is not None):
        raise NotAdmitted(f"The docket is sealed until {until:%Y-%m}; so is all that follows.", "File it sealed alike.")


def inherited(step: Step | None, past: Docket, day: date) -> date | None:
    """Until when a record of this step is sealed because its docket is."""
    return seal_of(past, day) if step is None or sealable(step) else None


def check_shown(record: Record, logged: Logged, step: Step | None) -> None:
    """As `check_leaf`, of a proof that was checked (`comity.docket.logged`). Malformed, Unverified."""
    leaf = parse_leaf(TlogProof.parse(logged.proof.encode()).extra or b"")
    check_leaf(leaf, logged.kind, record, step, logged.findings)


def check_leaf(leaf: ActLeaf, kind: str, record: Record, step: Step | None, findings: Iterable[Finding]) -> None:
    """Unverified unless the leaf shows of the record what it may and must: sealed as the head says, or in the open.

    ``kind``: what the leaf's commitment was opened as; the leaf has been opened already.
    """
    wanted = kind_of(record, step) if step is not None else WITHOUT_EFFECT
    late = wanted in ORDERING and kind == WITHOUT_EFFECT  # it changed no seal in that log: refused, or too late there
    if kind != wanted and not late:
        raise Unverified(f"The log calls the act {kind!r}; {record.step} is of kind {wanted!r}: the log lies.", _TELL)
    if kind in ORDERING and worst(findings) != "clear":
        raise Unverified(f"The log lets {record.step} change a seal, though it has no effect.", _TELL)
    sealed = record.sealed_month if kind not in ORDERING and not late else None
    if (leaf.kind == SEALED) != (sealed is not None) or (sealed is not None and leaf.until != sealed):
        raise Unverified(f"The record and its leaf do not say alike whether {record.step} is sealed.", _TELL)
    if kind == EXTENDS and leaf.until != record.sealed_month:
        raise Unverified("The leaf extends to another month than the judge ordered.", _TELL)
