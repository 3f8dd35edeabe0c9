"""Statistics: certificates that went another way, and the reports of periods (docs/statistics.md).

An order under Regulation (EU) 2023/1543 that goes through this node is counted from its docket
(`comity.proceedings.request_certificate`). One that went another way (the decentralised IT system, paper) is stated
here, each in a docket of its own; the latest statement counts. Left to others: counting
(`comity.analysis.statistics`), the reports themselves (`comity.package.report`).
"""

from __future__ import annotations

import msgspec

from comity.docket.step import Proceeding, Step
from comity.proceedings.request_certificate import Counted
from comity.safeguards import basis

CASE_ROLES = ("officer", "prosecutor")  # who runs a matter, as in a request
REPORT = "statistics.report"
FACTS = ("request.statistics", "statistics.certificate")
"""Steps whose section "statistics" is counted."""


class ReportMade(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A report was made: the digest of its canonical JSON, and which leaves of which log it counts (``end`` is not)."""

    period: str
    origin: str
    report: str
    start: int
    end: int


STEPS = (
    Step(
        name="statistics.certificate",
        title="State the facts of a certificate that went another way",
        body=Counted,
        by="either",
        roles=CASE_ROLES,
        after=("", "statistics.certificate"),
        readers="own",
        provision="Regulation (EU) 2023/1543 art 28(2)",
        safeguards=(basis.authority_in_matter,),
    ),
    Step(
        name=REPORT,
        title="The report of a period",
        body=ReportMade,
        by="either",
        roles=(),
        after=("",),
        readers="own",
        kind="statistics",
        provision="Regulation (EU) 2023/1543 art 28(2); LED art 29(2)",
    ),
)

STATISTICS = Proceeding("statistics", "Statistics", STEPS, ())
