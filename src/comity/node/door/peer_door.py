"""The peer's door: what is asked of a record that another node sealed, besides authenticity and law.

Its own records only, proved by its own log, in a docket that both are party to, in order, at a credible time. What
fails here is not entered at all. Tells a stranger nothing of a docket.

Left to others: signatures (`comity.docket.authenticate`), the proof (`inbox`), the law (`comity.docket.assess`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.docket.authenticate import Authentic
from comity.docket.docket import Docket, Entry
from comity.docket.sealing import check_sealed_alike
from comity.docket.sides import addressed
from comity.errors import Conflict, NotAdmitted, Unverified
from comity.node.door.counterpart import check_counterpart
from comity.node.door.filed import Filed

if TYPE_CHECKING:
    from comity.node.door.admission import Session

_COMPARE = "Compare both logs; tell oversight."


def check_peer(session: Session, filed: Filed, authentic: Authentic, docket: Docket) -> None:
    """NotAdmitted, Unverified, or Conflict when something it needs has not arrived yet."""
    own = session.registry.entry
    if authentic.node.id == own.id:
        raise NotAdmitted("A peer sent a record that this node would have sealed.", _COMPARE)
    if filed.logged is None or filed.logged.origin not in authentic.node.origins:
        raise Unverified("The record's proof is not from the log of the node that sealed it.", "Ask for its own proof.")
    _check_sides(session, authentic, docket)
    record = authentic.sealed.record
    check_sealed_alike(record, session.registry.bench.step(record.step), docket.past_of(record.answers))
    check_counterpart(authentic.sealed, docket, authentic.node, session.registry.bench, session.registry.store)
    _check_time(session, filed, authentic)


def check_opening(entry: Entry, docket: Docket) -> None:
    """A docket begins here with what the other side's law and ours let begin; NotAdmitted, and nothing is kept."""
    if entry.effect or docket.opening is not None:
        return
    wanting = next(f for f in entry.findings if f.verdict != "clear")
    raise NotAdmitted(
        f"The first record of a docket must open it; this one was found wanting: {wanting.safeguard} "
        f"({wanting.provision}).",
        "File it anew, in a new docket.",
    )


def _check_sides(session: Session, authentic: Authentic, docket: Docket) -> None:
    bench, record = session.registry.bench, authentic.sealed.record
    table = bench.proceedings.get(docket.proceeding)
    if table is None or not any(step.crosses for step in table.steps):
        raise NotAdmitted(f"Dockets of {docket.proceeding!r} do not cross a border.", "Keep it at your own node.")
    known, needed = session.sides(docket.id), {session.registry.entry.id, authentic.node.id}
    if known and not needed <= known:
        raise NotAdmitted("This node or the sender is no party to that docket.", "Send it to the node it is for.")
    if set(record.answers) - set(docket.by_id):
        raise Conflict("Earlier records of this docket have not arrived.", "Deliver them first; it is tried again.")
    if known and not record.answers:
        raise NotAdmitted("The docket was opened already.", "Answer its heads, or open a new docket.")
    if not known and addressed(authentic.values, bench.directory) != {session.registry.entry.id}:
        raise NotAdmitted(
            "This node or the sender is no party to that docket: nothing has opened it and addressed it here.",
            "Send it to the node it is for, beginning with the record that opens it.",
        )


def _check_time(session: Session, filed: Filed, authentic: Authentic) -> None:
    """Not from the future, and not before what the same log held earlier, or after what it held next.

    Both neighbours may be off by the tolerance, each in its own direction, hence twice.
    """
    tolerance, node = session.registry.clock_tolerance, authentic.node.id
    ahead = (authentic.sealed.record.time - session.now).total_seconds()
    if ahead > tolerance:
        raise NotAdmitted(f"The record's time is {ahead:.0f} s ahead of this node's clock.", "Compare both clocks.")
    claimed = int(authentic.sealed.record.time.timestamp())
    below, above = session.peer_times(node, filed.position)
    if below is not None and claimed < below - 2 * tolerance:
        raise NotAdmitted(
            f"The record claims a time {below - claimed} s before that of an earlier record of the same log.",
            "It was backdated, or the sender's clock went back: file it anew at the true time.",
        )
    if above is not None and claimed > above + 2 * tolerance:
        raise NotAdmitted(
            f"The record claims a time {claimed - above} s after that of a later record of the same log.", _COMPARE
        )
    session.batch.peer_places.append(
        {"node": node, "position": filed.position, "claimed": claimed, "latest": max(claimed, below or claimed)}
    )
