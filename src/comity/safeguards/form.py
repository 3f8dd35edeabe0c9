"""The form: everything the instrument asks for is there, in a language the requested Party accepts."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.errors import NotFound
from comity.law.references import FORM_FIELDS
from comity.law.schema import Content
from comity.safeguards.citing import Source, source, stated
from comity.safeguards.subject import Subject, asked_of_request, mend

# Boxes that stay empty where there is nothing to say: no earlier order, no date, no secret, no list offence.
_IF_ANY = frozenset({"related", "urgency.deadline", "confidentiality", "offence.list_category"})

@asked_of_request
def form_complete(filing: Filing, subject: Subject) -> Finding:
    """What the instrument's form asks for is filled in.

    EIO art 5(1), Annex A; Budapest art 29(2)(a)-(f); ETS 30 art 14.

    Each missing item is named with its own provision. An item that no section of a request holds (who signs, whom the
    order is notified to, which property is returned) is asked for by the form itself (`comity.views.forms.check`).
    """
    name = "form_complete"
    ids = {m.id for m in subject.measures}
    asked = [
        c
        for c in subject.instrument.contents
        if c.holds_on(filing.day) and (not c.measures or ids & set(c.measures)) and _due(subject, c)
    ]
    missing = [c for c in asked if not _present(filing, subject, c)]
    if missing:
        items = "; ".join(f"{c.title} ({c.field}, {c.provision})" for c in missing)
        return stated(*missing).hold(name, f"Missing: {items}.", mend(filing))
    if not asked:
        return Source(subject.instrument.citation).clear(name, "The instrument asks for no particular content.")
    return stated(*asked).clear(name, f"All {len(asked)} items that the instrument asks for are there.")


def _due(subject: Subject, content: Content) -> bool:
    """Whether a section of the request must hold it: not what other parts hold, nor what is said only if it is so."""
    if content.field in _IF_ANY or content.field in FORM_FIELDS:
        return False
    return subject.request.urgency.urgent or content.field != "urgency.reason"


def _present(filing: Filing, subject: Subject, content: Content) -> bool:
    head, _, rest = content.field.partition(".")
    if head == "measures":
        concerned = [m for m in subject.measures if not content.measures or m.id in content.measures]
        return bool(concerned) and all(_filled(m, rest) for m in concerned)
    return _filled(getattr(subject.request, head), rest)


def _filled(value: Any, path: str) -> bool:
    """Whether something stands at ``path`` below ``value``; of a list, in each of its elements."""
    if isinstance(value, tuple):
        return bool(value) and all(_filled(v, path) for v in value)
    if path:
        head, _, rest = path.partition(".")
        return _filled(getattr(value, head), rest)
    if isinstance(value, str):
        return any(c.isalnum() for c in value)
    if isinstance(value, msgspec.Struct):
        return any(_filled(getattr(value, f), "") for f in value.__struct_fields__)
    return value is not None


@asked_of_request
def language_accepted(filing: Filing, subject: Subject) -> Finding:
    """The text is in an official language of the requested Party or one it has declared.

    EIO art 5(2)-(3); ETS 30 art 16.
    """
    name, rests = "language_accepted", source(filing, subject, "language_accepted")
    try:
        law = filing.law.party(subject.requested)
    except NotFound:
        why = f"Cannot tell which languages {subject.requested} accepts: it has no file."
        return rests.hold(name, why, mend(filing))
    declared = law.declared(subject.instrument.id, "accepts_language", filing.day)
    language = subject.request.language
    matching = [d for d in declared if d.value == language]
    if matching:
        return stated(*matching, party=subject.requested).clear(name, f"{subject.requested} accepts {language!r}.")
    if language in law.languages:
        return rests.clear(name, f"{language!r} is an official language of {subject.requested}.")
    accepted = ", ".join(sorted({*law.languages, *(d.value for d in declared)}))
    named = repr(language) if re.fullmatch("[a-z]{2}", language) else "the language given"
    why = f"{subject.requested} accepts {accepted}, not {named}: have it translated."
    return Source(rests.provision, rests.settled, subject.requested).hold(name, why, mend(filing))
