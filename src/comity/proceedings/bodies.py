"""What the steps of a request carry beside the request itself (`comity.docket.sections.Request`). Types only."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from comity.docket.finding import Finding
from comity.docket.sections import Exhibit, Measure, Notice, PriorProceedings, Remedies


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Common settings of all bodies."""


class Authorisation(_Body, frozen=True, kw_only=True):
    """A judge's decision on a request: which measures, why necessary and proportionate, under which own law.

    ``measures`` is what is authorised; it may be narrower than what was asked, never wider. ``notice`` is the judge's
    own decision on telling the person.
    """

    request: str
    measures: tuple[Measure, ...]
    necessity: str
    proportionality: str
    domestic_provision: str
    rights: str
    notice: Notice
    valid_until: date


class Declined(_Body, frozen=True, kw_only=True):
    """A judge's refusal to authorise, with reasons."""

    request: str
    reasons: str


class Emergency(_Body, frozen=True, kw_only=True):
    """Why proof of logging cannot be waited for: whose life or safety is at risk, and what comes of waiting."""

    risk: str


class Transmission(_Body, frozen=True, kw_only=True):
    """The request goes to the requested Party, with the authorisation it rests on (empty: none).

    ``emergency`` marks it as one (`comity.docket.emergency`): sent on the log's own signature, proved in full later.
    """

    request: str
    authorisation: str = ""
    emergency: Emergency | None = None


class Receipt(_Body, frozen=True, kw_only=True):
    """What the receiving node found on arrival: its own findings, and the place in its own log."""

    record: str
    received: str
    position: int
    findings: tuple[Finding, ...]


class Unproven(_Body, frozen=True, kw_only=True):
    """An emergency was taken on the signature of the sender's log alone, over a tree of ``size`` leaves."""

    record: str
    size: int


class ProvedInFull(_Body, frozen=True, kw_only=True):
    """The full proof of a record taken as an emergency has come, under a checkpoint of ``size`` leaves."""

    record: str
    size: int


class Acknowledgement(_Body, frozen=True, kw_only=True):
    """Confirmation of receipt (EIO Annex B): who is competent, how to reach them, under which number.

    ``prior`` is what the requested Party's own registers show of final judgments on the same acts.
    """

    reference: str
    contact: str
    comment: str = ""
    prior: PriorProceedings = PriorProceedings()


class Consultation(_Body, frozen=True, kw_only=True):
    """A question or a reply between the two sides; before refusing, where the instrument demands it."""

    subject: str
    text: str
    ground: str = ""  # the ground for refusal considered, if any


class Recognition(_Body, frozen=True, kw_only=True):
    """The decision to recognise and execute: which measures, under which own law, with what substituted."""

    measures: tuple[str, ...]
    domestic_provision: str
    offence: str = ""  # the equivalent offence in own law, where double criminality was tested
    rights: str = ""
    prior: str = ""
    alternative: str = ""
    conditions: str = ""


class CourtOrder(_Body, frozen=True, kw_only=True):
    """An order of the requested Party's own court for the execution, where its law needs one."""

    measures: tuple[str, ...]
    domestic_provision: str
    reasons: str
    valid_until: date


class Refusal(_Body, frozen=True, kw_only=True):
    """A refusal: the ground, its provision, individual and concrete reasons, and what can be done against it."""

    ground: str
    provision: str
    rationale: str
    remedies: Remedies = Remedies()


class Postponement(_Body, frozen=True, kw_only=True):
    """Postponement on a ground of the instrument: ``ongoing_investigation``, ``needed_in_other_proceedings``."""

    ground: str
    provision: str
    reasons: str
    until: date


class Extension(_Body, frozen=True, kw_only=True):
    """More time for a decision: reasons and the estimated time needed (EIO art 12(5))."""

    reasons: str
    estimate: date


class Preservation(_Body, frozen=True, kw_only=True):
    """Data preserved: by whom, what, until when; or a warning that preservation will not secure them."""

    holder: str
    description: str
    until: date
    warning: str = ""


class SealOrder(_Body, frozen=True, kw_only=True):
    """A judge's order about the docket's seal: a record under it, and why. An extension's new month is in the head."""

    record: str
    reasons: str


class FollowUp(_Body, frozen=True, kw_only=True):
    """The request for the preserved data has been made: in which docket."""

    docket: str


class Production(_Body, frozen=True, kw_only=True):
    """Evidence given: the exhibits, the measures they answer, what was left out and why."""

    exhibits: tuple[Exhibit, ...]
    statement: str
    withheld: str = ""


class Reception(_Body, frozen=True, kw_only=True):
    """Evidence received: the production, and the digests that were recomputed on arrival."""

    production: str
    digests: tuple[str, ...]
    complete: bool


class Reading(_Body, frozen=True, kw_only=True):
    """An official reads an exhibit (named by its digest), for a purpose (LED art 25)."""

    exhibit: str
    purpose: str


class Withdrawal(_Body, frozen=True, kw_only=True):
    """The request is withdrawn."""

    reasons: str


class NotificationGiven(_Body, frozen=True, kw_only=True):
    """The person was told: what, how, and of which remedies."""

    person: str
    contents: str
    remedies: Remedies


class Deferral(_Body, frozen=True, kw_only=True):
    """A judge defers telling the person: ground, reasons, until when."""

    notice: Notice


class Erasure(_Body, frozen=True, kw_only=True):
    """Contents of records, or exhibits (by digest), are erased. The ground names a rule, never a person."""

    records: tuple[str, ...] = ()
    exhibits: tuple[str, ...] = ()
    ground: Literal["retention_expired", "court_order", "withdrawn", "unlawful", "request_of_person"]
    provision: str


class Closure(_Body, frozen=True, kw_only=True):
    """The matter is closed, with its outcome."""

    outcome: Literal["answered", "partly_answered", "refused", "withdrawn", "declined", "lapsed"]
    note: str = ""


class Overdue(_Body, frozen=True, kw_only=True):
    """The clerk's note that a duty was not discharged in time, with the arithmetic."""

    duty: str
    since: str
    due: str
    explanation: tuple[str, ...]
    provision: str


class Attempt(_Body, frozen=True, kw_only=True):
    """Something that could not be entered: what was tried, at which door, why it was turned away, how often."""

    door: str
    what: str
    reason: str
    count: int = 1


class PeerCheckpoint(_Body, frozen=True, kw_only=True):
    """The newest checkpoint seen of one peer's log, with its cosignatures (a C2SP note)."""

    origin: str
    note: str


class PeersSeen(_Body, frozen=True, kw_only=True):
    """The newest checkpoints of all peers' logs that this node has seen, at the time of the record."""

    checkpoints: tuple[PeerCheckpoint, ...]
