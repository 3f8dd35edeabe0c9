"""What is counted of a certificate, and what an official states for it. Rows of `proceedings.request`.

Their leaves are of the kind "request" and sealed as the docket is: a kind of their own would tell how many certificates
there are, where a table is withheld because they are too few.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from comity.analysis.statistics.certificates import CertificateFacts
from comity.docket.step import Step
from comity.safeguards import basis


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Common settings of all bodies."""


class Counted(_Body, frozen=True, kw_only=True):
    """The statistical fields of one certificate, in a section of their own: it alone is opened for a report."""

    statistics: CertificateFacts

    def __post_init__(self) -> None:
        if self.statistics.earlier is not None:
            raise ValueError("what was counted earlier is added by who makes a report")


class Supplement(_Body, frozen=True, kw_only=True):
    """What only the issuing authority knows of an order: whether it was issued before validation (art 4(5)), notified
    (art 8), with which ground raised (art 12(1)), sent for enforcement (art 16), in which State a remedy was used
    (art 18), costs in cents (art 14); ``followed_minutes``: from a preservation order's issue until production was
    asked for."""

    derogation: Literal["", "validated", "not-validated"] = ""
    notified: bool = False
    ground: Literal["", "immunity-or-press", "fundamental-right", "ne-bis-in-idem", "double-criminality"] = ""
    remedy: Literal["", "issuing", "enforcing", "both"] = ""
    enforcement: Literal["", "transmitted"] = ""
    claimed: int | None = None
    reimbursed: int | None = None
    followed_minutes: int | None = None

    def __post_init__(self) -> None:
        if self.ground and not self.notified:
            raise ValueError("a ground is raised after a notification only")
        if min(self.claimed or 0, self.reimbursed or 0, self.followed_minutes or 0) < 0:
            raise ValueError("costs and times are not below zero")
        if (self.reimbursed or 0) > (self.claimed or 0):
            raise ValueError("more was reimbursed than claimed")


def certificate_steps(after: tuple[str, ...], roles: tuple[str, ...]) -> tuple[Step, ...]:
    """The rows, for a matter that stands at any of ``after``; ``roles``: who runs it."""
    return (
        Step(
            name="request.certificate",
            title="State what the statistics ask and the docket cannot tell",
            body=Supplement,
            by="requesting",
            roles=roles,
            after=after,
            moves=False,
            readers="own",
            provision="Regulation (EU) 2023/1543 art 28(2)",
            safeguards=(basis.authority_in_matter,),
        ),
        Step(
            name="request.statistics",
            title="The facts of the certificate that are counted",
            body=Counted,
            by="requesting",
            roles=(),
            after=after,
            moves=False,
            readers="own",
            provision="Regulation (EU) 2023/1543 art 28(2)",
        ),
    )
