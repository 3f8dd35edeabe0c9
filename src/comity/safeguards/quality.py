"""The quality of data about persons: who is what in the matter. Left to others: necessity, purpose, erasure."""

from __future__ import annotations

from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.safeguards.citing import source
from comity.safeguards.subject import Subject, asked_of_request, mend

ROLES = frozenset({"suspect", "accused", "convicted", "victim", "witness", "expert", "third_party", "unknown"})


@asked_of_request
def accuracy_quality(filing: Filing, subject: Subject) -> Finding:
    """Every person named is told apart: suspect, accused, convicted, victim, witness, expert, third party.

    LED arts 6, 7; Umbrella Agreement art 8.

    "As far as possible": who it is not known of is ``unknown``, which is said and not guessed.
    """
    name, rests = "accuracy_quality", source(filing, subject, "accuracy_quality")
    strange = sum(p.role not in ROLES for p in subject.request.persons)
    if strange:
        why = f"{strange} of {len(subject.request.persons)} persons have no category that the law knows."
        return rests.hold(name, why, mend(filing))
    return rests.clear(name, f"{len(subject.request.persons)} persons, each with a category.")
