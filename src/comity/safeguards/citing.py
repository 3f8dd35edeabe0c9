"""How a finding cites: the instrument's own rule, then the standards that bind the Parties, then the catalogue.

A provision whose mark is `knowledge_medium` makes the finding unsettled. Left to others: every judgement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from comity.docket.finding import Finding, clear, hold, refuse
from comity.docket.step import Filing
from comity.errors import NotFound
from comity.law.schema import Cited
from comity.safeguards.subject import Subject

# The topics under which the instruments' files state what a safeguard rests on.
_TOPICS = {
    "necessity": ("necessity", "proportionality"),
    "proportionality": ("proportionality",),
    "domestic_equivalence": ("domestic_equivalence", "applicable_law"),
    "scope_duration_limit": ("judicial_supervision", "proportionality"),
    "targeting_specificity": ("judicial_supervision", "proportionality"),
    "judicial_authorisation": ("judicial_supervision",),
    "language_accepted": ("language",),
    "purpose_limitation": ("use_limitation", "speciality"),
    "retention_limit": ("retention",),
    "notification_affected": ("notice",),
    "effective_remedy": ("remedies", "remedy_case_law"),
    "statement_of_reasons": ("reasons",),
    "non_refoulement": ("fundamental_rights",),
    "domestic_basis": ("execution", "applicable_law"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """The provision a finding rests on, whether it is settled, and whose rule it is when it is one Party's own."""

    provision: str
    settled: bool = True
    party: str = ""

    def clear(self, name: str, why: str) -> Finding:
        """The safeguard is kept, on this provision."""
        return clear(name, self.provision, why, party=self.party, settled=self.settled)

    def hold(self, name: str, why: str, cleared_by: str) -> Finding:
        """The step waits, on this provision."""
        return hold(name, self.provision, why, cleared_by, party=self.party, settled=self.settled)

    def refuse(self, name: str, why: str, ground: str) -> Finding:
        """The step cannot be taken, on this provision."""
        return refuse(name, self.provision, why, ground, party=self.party, settled=self.settled)


def stated(*cited: Cited, party: str = "") -> Source:
    """The source that these statements of law make together: unsettled when one of them is."""
    provisions = dict.fromkeys(c.provision for c in cited)
    return Source("; ".join(provisions), all(c.settled for c in cited), party)


def source(filing: Filing, subject: Subject, safeguard: str, *, party: str = "") -> Source:
    """What ``safeguard`` rests on in this matter: the instrument's rule and the standards binding the Party judging."""
    found: list[Cited] = []
    topics = _TOPICS.get(safeguard, (safeguard,))
    for rule in subject.instrument.rules:
        if rule.topic in topics and rule.holds_on(filing.day) and rule.parameters.get("regulated", True):
            found.append(rule)
    found += standards(filing, safeguard, (filing.assessor,))
    settled = [c for c in found if c.settled]
    if settled or found:
        return stated(*(settled or found), party=party)
    return Source(catalogue(filing, safeguard), True, party)


def standards(filing: Filing, safeguard: str, parties: Iterable[str]) -> list[Cited]:
    """The standards on ``safeguard`` that bind every one of ``parties`` on the day."""
    lists = [filing.law.standards(filing.day, p) for p in parties]
    first, rest = lists[0], lists[1:]
    return [s for s in first if s.safeguard == safeguard and all(s in other for other in rest)]


def catalogue(filing: Filing, safeguard: str) -> str:
    """The catalogue's citations for a safeguard; in its absence the design's own rule."""
    try:
        return "; ".join(filing.law.safeguard(safeguard).citations)
    except NotFound:
        return "Comity table of steps"
