"""What the logs that go on after a log say of its sealed leaves: they unseal and extend by number.

A log ends with its year, its seals do not. So whoever audits a log that ended reads the ones after it too, each under
the same care; without them its seals stand overdue. Left to others: the audit of each (`audit`).
"""

from __future__ import annotations

from dataclasses import replace

from comity.errors import Unverified
from comity.node.auditor.audit import Auditor
from comity.node.auditor.source import LogSource
from comity.node.auditor.state import AuditState
from comity.tlog.audit import AuditReport
from comity.tlog.policy import Policy


def settle_by(auditor: Auditor, report: AuditReport, logs: list[tuple[LogSource, Policy | None]]) -> AuditReport:
    """The report of ``auditor`` with what the later ``logs`` unsealed and extended of it, each audited first.

    Unverified when one is not of the same node or does not come after; a later log that contradicts itself is shown.
    """
    orders, exposed, unverified = list[tuple[int, str, str | None]](), list(report.exposed), report.unverified
    for source, policy in logs:
        with AuditState() as state:
            later = Auditor(source, state, policy, auditor.now, auditor.max_age).run()
            exposed, unverified = [*exposed, *later.exposed], unverified or later.unverified
            if not later.exposed:
                _check_after(report, auditor.state.offset(), later, state.offset())
                orders += state.orders_before()
    auditor.state.settle(orders)
    sums = auditor.state.sums(auditor.now.date().isoformat())
    return replace(report, exposed=tuple(exposed), unverified=unverified, sums=sums)


def _check_after(report: AuditReport, first: int, later: AuditReport, number: int) -> None:
    same = report.origin.rpartition("/")[0] == later.origin.rpartition("/")[0]
    if not same or number < first + report.size:
        raise Unverified(
            f"{later.origin} is no log that goes on after {report.origin} with its {report.size} leaves.",
            "Name the node's later logs, in order: --later URL/logs/1.",
        )
