"""What the receiving node notes of an emergency: taken without full proof of logging, proved in full. Rows and duty.

The receiver answers for what it takes so: from that moment the sender's full proof is due within 24 hours; without it
the other steps of the matter wait (`comity.safeguards.emergency.proved_in_time`).
"""

from __future__ import annotations

from comity.docket.emergency import HOURS
from comity.docket.step import Duty, Step
from comity.law.schema import Limit
from comity.proceedings import bodies

UNPROVEN, PROVED = "request.unproven", "request.proved"
PROOF_DUE = Duty(
    name="full proof",
    since=(UNPROVEN,),
    limit="full proof",
    owed_by="requested",
    due=(PROVED,),
    otherwise="request.overdue",
    own_limit=Limit(
        name="full proof",
        trigger="the taking of an emergency on the log's signature alone",
        amount=HOURS,
        unit="hours",
        provision="Comity: emergencies",
        mark="verified",
        note="Comity's own rule, not law",
    ),
)


def emergency_steps(after: tuple[str, ...]) -> tuple[Step, ...]:
    """The rows, for a matter that stands at any of ``after``; the receiving node itself takes them."""
    return (
        Step(
            name=UNPROVEN,
            title="Take an emergency before its full proof",
            body=bodies.Unproven,
            by="requested",
            roles=(),
            after=after,
            moves=False,
        ),
        Step(
            name=PROVED,
            title="Full proof of an emergency has come",
            body=bodies.ProvedInFull,
            by="requested",
            roles=(),
            after=after,
            moves=False,
        ),
    )
