"""Checking a filled form: what is missing, and whether the Party it goes to accepts its language.

Every problem names the section's letter and the provision, in the languages of the forms. Left to others: holding a
step because of it (`comity.safeguards.form`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from comity.errors import NotFound
from comity.law.book import LawBook
from comity.law.forms import LANGUAGES, Form, Words
from comity.views.forms.fill import FilledField, FilledForm, FilledSection
from comity.views.forms.lines import said


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a filled form, in which section, under which provision. ``settled`` is False for KM law;
    ``to_enter``: what is missing is entered when the form is made."""

    kind: Literal["missing", "language", "audience", "differs", "cannot_tell"]
    section: str
    field: str
    provision: str
    words: Words
    settled: bool = True
    to_enter: bool = False

    @property
    def what(self) -> str:
        """What is wrong, in English."""
        return said(self.words, "en")


def check(filled: FilledForm, law: LawBook, party: str, language: str) -> tuple[Problem, ...]:
    """All that is wrong with ``filled`` if it goes to ``party`` set in ``language`` (ISO 639-1)."""
    found = [p for s in filled.sections for p in (*_missing(filled, s), *_differs(filled, s), *_disclosed(filled, s))]
    return (*found, *_language(filled, law, party, language))


def _told(filled: FilledForm, key: str, **parts: str | Words) -> Words:
    """The sentence ``key`` in every language, with its parts put in."""
    return {
        language: sentence.format(**{k: p if isinstance(p, str) else said(p, language) for k, p in parts.items()})
        for language, sentence in filled.forms.word("problem", key).items()
    }


def _missing(filled: FilledForm, section: FilledSection) -> list[Problem]:
    return [_lacks(filled, section, f) for f in section.fields if f.needed and not f.lines]


def _lacks(filled: FilledForm, section: FilledSection, field: FilledField) -> Problem:
    label = filled.forms.label(field.field)
    return Problem(
        kind="missing", section=section.section.letter, field=field.field.id,
        provision=filled.form.provision_of(section.section, field.field),
        words=_told(filled, "missing", section=section.section.letter, label=label),
        settled=filled.form.mark_of(field.field) != "knowledge_medium",
        to_enter=field.field.open,
    )


def _differs(filled: FilledForm, section: FilledSection) -> list[Problem]:
    """A claim about the offence that the law file of the Party that makes it contradicts."""
    return [
        Problem(
            kind="differs", section=section.section.letter, field=f.field.id,
            provision=filled.form.provision_of(section.section, f.field),
            words=_told(
                filled, "differs", section=section.section.letter, label=filled.forms.label(f.field),
                known=filled.contradicted[f.field.id],
            ),
        )
        for f in section.fields if f.lines and f.field.id in filled.contradicted
    ]  # fmt: skip


def _disclosed(filled: FilledForm, section: FilledSection) -> list[Problem]:
    """A section for authorities alone that nevertheless stands in a form for the addressee."""
    if section.section.audience != "authority" or filled.audience == "authority" or section.withheld:
        return []
    return [
        Problem(
            kind="audience", section=section.section.letter, field="", provision=filled.form.restricted,
            words=_told(filled, "audience", section=section.section.letter),
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
        words = _told(filled, "cannot_tell", party=party)
        return [Problem(kind="cannot_tell", section="", field="", provision=filled.form.provision, words=words)]
    declared = accepting.declared(filled.form.instrument, "accepts_language", filled.day)
    accepted = sorted({*accepting.languages, *(d.value for d in declared)})
    provision = "; ".join(sorted({d.provision for d in declared})) or filled.form.provision
    found = []
    if language not in accepted:
        found.append(_told(filled, "language", party=party, accepted=", ".join(accepted), language=language))
    if language not in LANGUAGES:
        found.append(_told(filled, "no_labels", language=language, languages=", ".join(LANGUAGES)))
    if filled.language != language and not filled.form.returns:  # a form that returns is written by the other side
        found.append(_told(filled, "translate", text=filled.language, language=language))
    return [Problem(kind="language", section="", field="", provision=provision, words=words) for words in found]
