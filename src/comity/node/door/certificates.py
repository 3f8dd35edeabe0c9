"""Entering what is counted of a certificate, as an act of the node itself, in the transaction of the step that ends it.

So it is there before anything of the docket is erased, and needs nobody to think of it. What is still pending at a
period's end is entered by `comity.node.publishing.reports`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from comity.analysis.statistics.certificates import CertificateFacts
from comity.docket.docket import Docket, Entry
from comity.errors import ComityError
from comity.node.door.filed import Door, Filed
from comity.proceedings.bodies import Erasure
from comity.proceedings.request_certificate import Counted
from comity.views.certificates import certificate_facts

if TYPE_CHECKING:
    from comity.node.door.admission import Session

STEP = "request.statistics"


def counted_last(docket: Docket) -> Entry | None:
    """The entry of this docket that is counted."""
    return docket.latest(STEP)


def own_facts(docket: Docket, party: str) -> CertificateFacts | None:
    """What is to be counted of a docket by the Party that issued the certificate; None where it issued none.

    CannotTell or Malformed where the docket does not say enough, or says what cannot be.
    """
    opening = docket.opening
    return certificate_facts(docket) if opening is not None and opening.record.party == party else None


def follow(session: Session, entry: Entry) -> None:
    """Enter the facts of the certificate that ``entry`` ended, or that it erases, if they are not those entered last.

    What cannot be told holds nobody up here: whoever makes the report is told of it.
    """
    docket = session.docket(entry.record.docket)
    if not entry.effect or entry.step == STEP or docket.proceeding != "request":
        return
    with suppress(ComityError):
        facts = own_facts(docket, session.registry.bench.assessor)
        if facts is None or (facts.outcome == "pending" and not isinstance(entry.body, Erasure)):
            return
        last = counted_last(docket)
        if last is None or not isinstance(last.body, Counted) or last.body.statistics != facts:
            session.prepare(Filed(None, Door.NODE, act=(docket.id, STEP, Counted(statistics=facts), ())))
