"""What falls due in a request, and by whom. Limits are in the instrument's file; the steps in `proceedings.request`."""

from __future__ import annotations

from comity.docket.step import Duty
from comity.proceedings.request_emergency import PROOF_DUE

DUTIES = (
    Duty(
        name="acknowledge",
        since=("request.receipt",),
        limit="acknowledge",
        owed_by="requested",
        due=("request.acknowledge", "request.preserve", "request.recognise", "request.refuse"),
        otherwise="request.overdue",
        closed_by=("request.withdraw", "request.close"),
    ),
    Duty(
        name="decide",
        since=("request.receipt", "request.extend"),
        limit="decide",
        owed_by="requested",
        due=("request.recognise", "request.refuse", "request.postpone", "request.preserve"),
        otherwise="request.overdue",
        closed_by=("request.withdraw", "request.close"),
    ),
    Duty(
        name="execute",
        since=("request.recognise",),
        limit="execute",
        owed_by="requested",
        due=("request.produce", "request.refuse", "request.postpone"),
        otherwise="request.overdue",
        closed_by=("request.withdraw", "request.close"),
    ),
    Duty(
        name="follow up",
        since=("request.preserve",),
        limit="preservation",
        owed_by="requesting",
        due=("request.followup",),
        otherwise="request.overdue",
        closed_by=("request.withdraw", "request.close"),
    ),
    PROOF_DUE,
)
