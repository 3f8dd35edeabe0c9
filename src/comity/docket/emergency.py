"""Emergency: a step that its filer marks as one, because a life is at risk and proof of logging cannot be waited for.

The mark is the section of this name. A record names its sections in its signed head, so both nodes see the mark, also
when the section's contents were withheld or erased. The leaf is then of the public kind ``emergency`` in both logs.

Left to others: whether it is one (`comity.safeguards.emergency`), taking it (`comity.node.post.inbox`).
"""

from __future__ import annotations

from comity.docket.record import Record
from comity.docket.step import Step

EMERGENCY = "emergency"
"""The section that marks a record, and the public kind of its leaf."""
HOURS = 24
"""Within so many hours of its arrival a record taken on the log's signature alone is proved in full."""


def is_emergency(record: Record, step: Step | None) -> bool:
    """Whether a record is marked, and of a step that may be."""
    return step is not None and bool(step.unproven_by) and EMERGENCY in record.sections


def kind_of(record: Record, step: Step) -> str:
    """The public kind of a record's leaf."""
    return EMERGENCY if is_emergency(record, step) else step.kind
