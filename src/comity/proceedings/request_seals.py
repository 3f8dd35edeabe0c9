"""What a judge may order about the seal on a request: to extend it, to lift it. Rows of `proceedings.request`."""

from __future__ import annotations

from comity.docket.step import Step
from comity.proceedings import bodies
from comity.safeguards import basis, sealing


def seal_steps(after: tuple[str, ...], judges: tuple[str, ...]) -> tuple[Step, ...]:
    """The rows, for a matter that stands at any of ``after``; only the requesting Party's own judges take them."""
    return (
        Step(
            name="request.extend_seal",
            title="Extend the seal (judge)",
            body=bodies.SealOrder,
            by="requesting",
            roles=judges,
            after=after,
            moves=False,
            kind="extend",
            provision="EIO art 19",
            safeguards=(basis.authority_in_matter, sealing.seal_extended),
        ),
        Step(
            name="request.unseal",
            title="Lift the seal (judge)",
            body=bodies.SealOrder,
            by="requesting",
            roles=judges,
            after=after,
            moves=False,
            kind="unseal",
            provision="EIO art 19",
            safeguards=(basis.authority_in_matter, sealing.seal_lifted),
        ),
    )
