"""The counterpart's leaf: nothing that answers a request is taken unless that request stands in both logs.

Before an answer to a request has any effect here, the request must have left this node (so it is in its log), the
answer must build on it, and the answering side's log must be proved to hold it too (log reference 5.5).

Left to others: whether the answer is lawful (`comity.docket.assess`).
"""

from __future__ import annotations

import msgspec

from comity.docket.assess import Bench
from comity.docket.directory import NodeEntry
from comity.docket.docket import Docket
from comity.docket.record import SealedRecord
from comity.errors import Conflict, NotAdmitted
from comity.node.keeping.store import Store

DECIDING_KINDS = frozenset({"decision-grant", "decision-refuse", "disclosure", "refusal"})


class _Of(msgspec.Struct):
    """The log that a kept proof is of."""

    origin: str


def check_counterpart(sealed: SealedRecord, docket: Docket, sender: NodeEntry, bench: Bench, store: Store) -> None:
    """What is asked of a peer's decision or production; ``sender``: the node that sealed it.

    NotAdmitted when it answers no request that this Party sent; Conflict while the peer has not proved yet that its own
    log holds that request (the proof is on its way; the delivery is tried again).
    """
    step = bench.step(sealed.record.step)
    if step is None or step.by != "requested" or step.kind not in DECIDING_KINDS:
        return
    past = docket.past_of(sealed.record.answers)
    crossing = (s.name for s in bench.proceedings[docket.proceeding].steps if s.crosses)
    sent = past.latest(*crossing)
    if sent is None or sent.record.party != bench.assessor:
        raise NotAdmitted(
            f"The record ({step.name}) answers no request that was sent from here.",
            "Answer the request's own record; it must stand in both logs.",
        )
    if not any(msgspec.json.decode(data, type=_Of).origin in sender.origins for data in store.counterproofs(sent.id)):
        raise Conflict(
            f"The answering side has not proved yet that its log holds the request {sent.id}.",
            "Deliver that proof first; this one is tried again.",
        )
