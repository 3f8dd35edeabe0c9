"""Emergencies on arrival: which records of a delivery may do without a quorum, and the full proof that comes later.

An emergency, and what it builds on in the same delivery, is taken on the signature of the sender's log alone; nothing
else ever is. Noting that it was (`consequences`) and that its proof is late (`clerk`) is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from comity.docket.assess import Bench
from comity.docket.emergency import HOURS, is_emergency
from comity.docket.logged import Logged, size_of
from comity.docket.record import SealedRecord
from comity.errors import Unverified
from comity.node.door.registrar import Registrar
from comity.node.keeping.store import Store
from comity.node.post.delivery import Item
from comity.proceedings.bodies import ProvedInFull
from comity.proceedings.request_emergency import PROVED, UNPROVEN
from comity.signing.canonical import canonical


def hurried(items: Sequence[Item], bench: Bench, holds: Callable[[Item], bool]) -> frozenset[str]:
    """Identifiers of the emergencies among ``items``, and of what those build on; ``holds``: whether its log signed it.

    What an emergency does not build on gains nothing by travelling with it.
    """
    carried = {i.record: i for i in items if i.sealed is not None and i.kind == "record" and i.sealed.id == i.record}
    heads = {name: i.sealed.record for name, i in carried.items() if i.sealed is not None}
    waiting = [name for name, head in heads.items() if is_emergency(head, bench.step(head.step))]
    found, waiting = set[str](), [name for name in waiting if holds(carried[name])]
    while waiting:
        name = waiting.pop()
        if name in heads and name not in found:
            found.add(name)
            waiting.extend(heads[name].answers)
    return frozenset(found)


def check_now(sealed: SealedRecord, now: int) -> None:
    """Unverified when an emergency is older than the time in which it had to be proved. ``now`` in POSIX seconds."""
    if now - int(sealed.record.time.timestamp()) > HOURS * 3600:
        raise Unverified(
            f"The emergency is more than {HOURS} hours old, and its log's witnesses have not seen it.",
            "Deliver it with its full proof.",
        )


def proved_in_full(record: str, logged: Logged, docket_id: str, registrar: Registrar, store: Store) -> None:
    """Keep a full proof of a record in place of what it was taken on, and note it when an emergency waited for it."""
    store.keep_counterproof({"record": record, "origin": logged.origin, "logged": canonical(logged)})
    docket = registrar.docket(docket_id)
    waits = any(e.body is not None and e.body.record == record for e in docket.all(UNPROVEN))
    if waits and not any(e.body is not None and e.body.record == record for e in docket.all(PROVED)):
        registrar.act(docket_id, PROVED, ProvedInFull(record=record, size=size_of(logged)))
