"""Checking a filled form: what is missing, and whether the executing Party accepts its language.

Every problem names the section's letter and the provision. Left to others: holding a step because of it
(`comity.safeguards.form`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from comity.errors import NotFound
from comity.law.book import LawBook
from comity.law.forms import LANGUAGES, Form
from comity.views.forms.fill import FilledField, FilledForm, FilledSection
from comity.views.forms.lines import said


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a filled form, in which section, under which provision. ``settled`` is False for KM law."""

    kind: Literal["missing", "language", "audience", "cannot_tell"]
    section: str
    field: str
    provision: str
    what: str
    settled: bool = True


def check(filled: FilledForm, law: LawBook, executing_party: str, language: str) -> tuple[Problem, ...]:
    """All that is wrong with ``filled`` if it is sent to ``executing_party`` set in ``language`` (ISO 639-1)."""
    found = [p for s in filled.sections for p in (*_missing(filled, s), *_disclosed(filled, s))]
    return (*found, *_language(filled, law, executing_party, language))


def _missing(filled: FilledForm, section: FilledSection) -> list[Problem]:
    return [_lacks(filled, section, f) for f in section.fields if f.needed and not f.lines]


def _lacks(filled: FilledForm, section: FilledSection, field: FilledField) -> Problem:
    label = said(filled.forms.label(field.field), "en")
    return Problem(
        kind="missing", section=section.section.letter, field=field.field.id,
        provision=filled.form.provision_of(section.section, field.field),
        what=f"Section {section.section.letter} lacks: {label}.",
        settled=filled.form.mark_of(field.field) != "knowledge_medium",
    )


def _disclosed(filled: FilledForm, section: FilledSection) -> list[Problem]:
    """A section for authorities alone that nevertheless stands in a form for the addressee."""
    if section.section.audience != "authority" or filled.audience == "authority" or section.withheld:
        return []
    return [
        Problem(
            kind="audience", section=section.section.letter, field="", provision=filled.form.restricted,
            what=f"Section {section.section.letter} must not be sent to the addressee; fill the form anew for it.",
        )
    ]


def first_accepted(form: Form, law: LawBook, party: str, day: date) -> str:
    """The first language that ``party`` accepts for ``form`` on ``day`` and that labels exist in; without labels in
    any, the first it accepts; empty when the files do not know the Party."""
    try:
        accepting = law.party(party)
    except NotFound:
        return ""
    declared = accepting.declared(form.instrument, "accepts_language", day)
    accepted = [*accepting.languages, *(d.value for d in declared)]
    return next((x for x in accepted if x in LANGUAGES), next(iter(accepted), ""))


def _language(filled: FilledForm, law: LawBook, party: str, language: str) -> list[Problem]:
    try:
        accepting = law.party(party)
    except NotFound:
        what = f"The files cannot tell which languages {party} accepts: ask its authority and have a human decide."
        return [Problem(kind="cannot_tell", section="", field="", provision=filled.form.provision, what=what)]
    declared = accepting.declared(filled.form.instrument, "accepts_language", filled.day)
    accepted = sorted({*accepting.languages, *(d.value for d in declared)})
    provision = "; ".join(sorted({d.provision for d in declared})) or filled.form.provision
    problems = []
    if language not in accepted:
        problems.append(f"{party} accepts {', '.join(accepted)}; the form is in {language!r}.")
    if language not in LANGUAGES:
        problems.append(f"There are no labels in {language!r}, only in {', '.join(LANGUAGES)}.")
    if filled.language != language:
        problems.append(f"The request is written in {filled.language!r}, the form in {language!r}: have it translated.")
    return [Problem(kind="language", section="", field="", provision=provision, what=what) for what in problems]
