"""Filling a form from a docket: pure, and for one audience.

Sections that the addressee must not see are left out unless the form is made for an authority (Regulation (EU)
2023/1543 Annex I section M). Left to others: judging the result (`check`), setting it (`typeset`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from comity.docket.directory import Directory
from comity.docket.docket import Docket
from comity.docket.sections import Request
from comity.errors import Malformed, NotAdmitted
from comity.law.book import LawBook
from comity.law.forms import Form, FormBook, FormField, FormSection, load_forms
from comity.views.forms.conditions import CONDITIONS
from comity.views.forms.lines import Line, Writer, plain
from comity.views.forms.source import ROOTS, entry_of, value_at

Audience = Literal["addressee", "authority"]
NOTHING_GIVEN: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FilledField:
    """A field with its lines. ``given``: entered when the form was made, so not in the signed record."""

    field: FormField
    lines: tuple[Line, ...]
    needed: bool
    given: bool = False


@dataclass(frozen=True, slots=True)
class FilledSection:
    """A section with its fields; ``applies`` is False when no measure asked for needs it, ``withheld`` when it is kept
    from this audience."""

    section: FormSection
    fields: tuple[FilledField, ...]
    applies: bool = True
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form filled from one docket, for one audience. ``records`` are those that its values were taken from."""

    form: Form
    forms: FormBook
    docket: str
    records: tuple[str, ...]
    day: date
    language: str  # in which the request's own text is written
    audience: Audience
    sections: tuple[FilledSection, ...]

    def section(self, letter: str) -> FilledSection:
        """The section under this letter. Raises KeyError."""
        return next(s for s in self.sections if s.section.letter == letter)


def fill(
    form: Form,
    docket: Docket,
    law: LawBook,
    directory: Directory,
    *,
    audience: Audience = "addressee",
    given: Mapping[str, str] = NOTHING_GIVEN,
    forms: FormBook | None = None,
) -> FilledForm:
    """Fill ``form`` from ``docket``. ``given``: values of fields that have no source in the docket, by field id.

    Raises NotAdmitted when the docket holds no readable request, or one under another instrument; Malformed when
    ``given`` names a field that the form takes from the docket, or none of its fields.
    """
    request, day = _request(docket, form)
    _only_open(form, given)
    book = forms or load_forms()
    writer = Writer(book, law, directory)
    sections = tuple(_section(s, docket, request, audience, given, writer) for s in form.sections)
    return FilledForm(
        form=form, forms=book, docket=docket.id, records=_records(form, docket), day=day, language=request.language,
        audience=audience, sections=sections,
    )


def _request(docket: Docket, form: Form) -> tuple[Request, date]:
    entry = entry_of(docket, "request")
    if entry is None or not isinstance(entry.body, Request):
        raise NotAdmitted(
            f"The docket {docket.id} holds no request that can be read here.",
            "Draft one, or ask for the sections that were withheld.",
        )
    if entry.body.basis.instrument != form.instrument:
        raise NotAdmitted(
            f"The form {form.id} belongs to {form.instrument}; the request rests on {entry.body.basis.instrument}.",
            "Choose a form of the request's own instrument.",
        )
    return entry.body, entry.record.time.date()


def _only_open(form: Form, given: Mapping[str, str]) -> None:
    open_fields = {f.id for s in form.sections for f in s.fields if not f.source and f.type != "signature"}
    wrong = sorted(set(given) - open_fields)
    if wrong:
        raise Malformed(
            f"{', '.join(wrong)} cannot be entered by hand in {form.id}.",
            f"These can: {', '.join(sorted(open_fields)) or 'none'}. Everything else is taken from the docket.",
        )


def _records(form: Form, docket: Docket) -> tuple[str, ...]:
    roots = [r for r in ROOTS if any(f.source.partition(".")[0] == r for s in form.sections for f in s.fields)]
    found = (entry_of(docket, root) for root in roots)
    return tuple(e.id for e in found if e is not None)


def _section(
    section: FormSection, docket: Docket, request: Request, audience: Audience, given: Mapping[str, str], writer: Writer
) -> FilledSection:
    asked = {m.id for m in request.measures}
    if section.audience == "authority" and audience != "authority":
        return FilledSection(section, (), withheld=True)
    if section.measures and not asked & set(section.measures):
        return FilledSection(section, (), applies=False)
    return FilledSection(section, tuple(_field(f, section, docket, request, given, writer) for f in section.fields))


def _field(
    field: FormField, section: FormSection, docket: Docket, request: Request, given: Mapping[str, str], writer: Writer
) -> FilledField:
    needed = CONDITIONS[field.required](request)
    if field.type == "signature":
        return FilledField(field, _signature(docket, field, writer), needed)
    if not field.source:
        text = given.get(field.id, "").strip()
        return FilledField(field, (Line(plain(text)),) if text else (), needed, given=bool(text))
    value = value_at(docket, field.source)
    if section.measures and field.type == "measures" and value is not None:
        value = tuple(m for m in value if m.id in section.measures)
    return FilledField(field, writer.write(field, value), needed)


def _signature(docket: Docket, field: FormField, writer: Writer) -> tuple[Line, ...]:
    """Who put the hand, when, to which record; the hand itself is in the record and is checked with `verify`."""
    entry = entry_of(docket, field.source)
    if entry is None:
        return ()
    parts = (("signed_by", entry.holder), ("time", entry.record.at), ("record", entry.id))
    return tuple(Line(plain(text), writer.forms.word("part", key)) for key, text in parts if text)
