"""Oversight: what a node must tell its oversight body without being asked."""

from __future__ import annotations

from comity.docket.step import Proceeding, Step
from comity.proceedings import bodies

STEPS = (
    Step(
        name="oversight.attempt",
        title="An attempt was turned away",
        body=bodies.Attempt,
        by="either",
        roles=(),
        after=("", "oversight.attempt"),
        readers="own",
        kind="request",
        provision="LED art 29(2)",
    ),
    Step(  # in dockets of its own, one a day
        name="oversight.peer_checkpoint",
        title="The peers' logs as this node saw them",
        body=bodies.PeersSeen,
        by="either",
        roles=(),
        after=("", "oversight.peer_checkpoint"),
        readers="own",
        kind="peer-checkpoint",
        provision="LED art 25(1)",
    ),
)

OVERSIGHT = Proceeding("oversight", "Oversight", STEPS, ())
