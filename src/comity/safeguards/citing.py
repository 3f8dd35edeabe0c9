"""How a finding cites: the instrument's own rule, then the standards that bind the Parties, then the catalogue.

A provision whose mark is `knowledge_medium` makes the finding unsettled. Left to others: every judgement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

import msgspec

from comity.docket.finding import Finding, clear, hold, refuse
from comity.docket.step import Filing
from comity.law.book import LawBook
from comity.law.schema import Cited, Standard
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
    "seal_limit": ("confidentiality",),
    "domestic_basis": ("execution", "applicable_law"),
}


class Source(msgspec.Struct, frozen=True):
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
    return Source(_each_once(tuple([c.provision for c in cited])), all(c.settled for c in cited), party)


def resting(cited: Sequence[Cited], otherwise: str) -> Source:
    """What a finding rests on: the settled ones of ``cited``, else all of them; ``otherwise`` where there are none."""
    settled = [c for c in cited if c.settled]
    return stated(*(settled or cited)) if cited else Source(otherwise)


@lru_cache(maxsize=4096)
def _each_once(provisions: tuple[str, ...]) -> str:
    return "; ".join(dict.fromkeys(each for provision in provisions for each in provision.split("; ")))


def source(filing: Filing, subject: Subject, safeguard: str, *, party: str = "") -> Source:
    """What ``safeguard`` rests on in this matter: the instrument's rule and the standards binding the Party judging."""
    found = _source(filing.law, subject.instrument.id, safeguard, filing.assessor, filing.day)
    return Source(found.provision, found.settled, party) if party else found


@lru_cache(maxsize=4096)
def _source(law: LawBook, instrument: str, safeguard: str, assessor: str, day: date) -> Source:
    topics = _TOPICS.get(safeguard, (safeguard,))
    found: list[Cited] = [
        rule
        for rule in law.instrument(instrument).rules
        if rule.topic in topics and rule.holds_on(day) and rule.parameters.get("regulated", True)
    ]
    found += _standards(law, safeguard, (assessor,), day)
    return resting(found, _catalogue(law, safeguard))


def standards(filing: Filing, safeguard: str, parties: Iterable[str]) -> tuple[Standard, ...]:
    """The standards on ``safeguard`` that bind every one of ``parties`` on the day and are cited on requests."""
    return _standards(filing.law, safeguard, tuple(parties), filing.day)


@lru_cache(maxsize=4096)
def _standards(law: LawBook, safeguard: str, parties: tuple[str, ...], day: date) -> tuple[Standard, ...]:
    first, *rest = (law.standards(day, p) for p in parties)
    mine = (s for s in first if s.safeguard == safeguard and s.parameters.get("cited", True))
    return tuple(s for s in mine if all(s in other for other in rest))


def catalogue(filing: Filing, safeguard: str) -> str:
    """The catalogue's citations for a safeguard; in its absence the design's own rule."""
    return _catalogue(filing.law, safeguard)


def _catalogue(book: LawBook, safeguard: str) -> str:
    entry = book.by_safeguard.get(safeguard)
    return "; ".join(entry.citations) if entry is not None else "Comity table of steps"
