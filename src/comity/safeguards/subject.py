"""What a safeguard is asked about: the request as it stands, its instrument, and the measures in force.

The measures in force are those that the judge authorised, where an authorisation stands; else those asked for.
A revision after an authorisation voids it. Left to others: every judgement; citing (`comity.safeguards.citing`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from comity.docket.docket import Entry
from comity.docket.finding import Finding, hold
from comity.docket.sections import Measure, Request
from comity.docket.step import Filing, Safeguard, asked_once
from comity.errors import NotFound
from comity.law.schema import Instrument, MeasureRule

PRESERVATION = "preserve_data"  # the id of `data/measures.toml` for preserving without disclosing


@dataclass(frozen=True, slots=True)
class Subject:
    """The matter under judgement: request, instrument, measures in force, and the Parties of both sides."""

    request: Request
    instrument: Instrument
    measures: tuple[Measure, ...]
    requesting: str
    requested: str

    @property
    def preserves_only(self) -> bool:
        """Whether nothing is asked but to preserve: no data are disclosed on it."""
        return bool(self.measures) and all(m.id == PRESERVATION for m in self.measures)

    @property
    def parties(self) -> tuple[str, str]:
        """Both Parties, the requesting one first."""
        return (self.requesting, self.requested)


Judge = Callable[[Filing, Subject], Finding]


def asked_of_request(judge: Judge) -> Safeguard:
    """Make a safeguard of a judgement on the request: it holds where the request or its law cannot be read."""
    name = judge.__name__

    @wraps(judge)
    def safeguard(filing: Filing) -> Finding:
        subject = subject_of(filing)
        if isinstance(subject, str):
            return hold(name, "Comity: what cannot be assessed holds", subject, way_on(filing))
        return judge(filing, subject)

    return safeguard


@asked_once
def subject_of(filing: Filing) -> Subject | str:
    """The subject of a filing, or in words why there is none: contents withheld or erased, instrument unknown."""
    request = filing.request
    if request is None:
        return "Cannot tell: the request was erased or withheld, or none was drafted."
    measures = measures_in_force(filing)
    if measures is None:
        return "Cannot tell: what the judge authorised was erased or withheld."
    try:
        instrument = filing.law.instrument(request.basis.instrument)
    except NotFound:
        return "Cannot tell: the law files have no instrument of the name given."
    opening = filing.docket.opening
    requesting = opening.record.party if opening else filing.record.party
    return Subject(request, instrument, measures, requesting, request.addressee.party)


@asked_once
def standing_authorisation(filing: Filing) -> Entry | None:
    """The judge's authorisation that stands: no draft, revision or refusal to authorise came after it."""
    entry = filing.docket.latest("request.authorise", "request.revise", "request.draft", "request.decline")
    return entry if entry is not None and entry.step == "request.authorise" else None


def measures_in_force(filing: Filing) -> tuple[Measure, ...] | None:
    """The measures authorised, being authorised, or (before that) asked for; None when they cannot be read."""
    if isinstance(filing.body, Request):
        return filing.body.measures
    if filing.record.step == "request.authorise":
        return filing.body.measures if filing.body is not None else None
    entry = standing_authorisation(filing)
    if entry is not None:
        return entry.body.measures if entry.body is not None else None
    return filing.request.measures if filing.request is not None else None


def by_requested(filing: Filing, subject: Subject) -> bool:
    """Whether the step is one of the requested Party."""
    return filing.record.party == subject.requested != subject.requesting


def rule_of(filing: Filing, subject: Subject, measure: Measure) -> MeasureRule | None:
    """The instrument's rule for a measure on the day of the filing."""
    return subject.instrument.measure(measure.id, filing.day)


def said(filing: Filing, measure: str) -> str:
    """A measure's identifier as a finding may quote it: one that the law has. Anything else may be free text."""
    return measure if measure in filing.law.by_measure else "(a measure unknown to the law files)"


def way_on(filing: Filing) -> str:
    """The step by which people go on where nothing can be told: the asking side mends, the other side consults."""
    opening = filing.docket.opening
    if opening is None:
        return filing.record.step
    return mend(filing) if filing.record.party == opening.record.party else "request.consult"


def mend(filing: Filing) -> str:
    """The step that can put the request right: a revision; once it is sent, only to withdraw and send anew."""
    return "request.withdraw" if filing.docket.latest("request.send") else "request.revise"
