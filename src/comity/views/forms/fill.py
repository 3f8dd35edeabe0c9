"""Filling a form from a docket: pure, and for one audience.

Sections that the addressee must not see are left out unless the form is made for an authority (Regulation (EU)
2023/1543 Annex I section M). Left to others: judging the result (`check`), setting it (`typeset`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from msgspec import structs

from comity.docket.directory import Directory
from comity.docket.docket import Docket, Entry
from comity.docket.sections import Request
from comity.errors import NotAdmitted
from comity.law.book import LawBook
from comity.law.forms import Form, FormBook, FormField, FormSection, Words, load_forms
from comity.law.time_limits import EU_ACTS
from comity.views.forms.claims import contradicted
from comity.views.forms.conditions import CONDITIONS, Case, case_of
from comity.views.forms.given import NOTHING_GIVEN, read_given
from comity.views.forms.lines import Line, Writer, moment_words, plain
from comity.views.forms.source import ROOTS, entry_of, in_force, value_at

Audience = Literal["addressee", "authority"]


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
    """A form filled from one docket, for one audience. ``records`` are those that its values were taken from; ``party``
    is the Party it goes to."""

    form: Form
    forms: FormBook
    docket: str
    records: tuple[str, ...]
    day: date
    language: str  # in which the request's own text is written
    audience: Audience
    sections: tuple[FilledSection, ...]
    party: str = ""
    contradicted: Mapping[str, Words] = field(default_factory=dict)  # field -> what the law file says instead

    @property
    def given(self) -> tuple[tuple[FilledSection, FilledField], ...]:
        """The fields that were entered when the form was made, each with its section."""
        return tuple((s, f) for s in self.sections for f in s.fields if f.given)

    def section(self, letter: str) -> FilledSection:
        """The section under this letter. Raises KeyError."""
        return next(s for s in self.sections if s.section.letter == letter)


@dataclass(frozen=True, slots=True)
class _Sources:
    """Where the values of a form come from."""

    docket: Docket
    case: Case
    audience: Audience
    given: Mapping[str, Any]
    writer: Writer


def fill(
    form: Form,
    docket: Docket,
    law: LawBook,
    directory: Directory,
    *,
    audience: Audience = "addressee",
    given: Mapping[str, object] = NOTHING_GIVEN,
    forms: FormBook | None = None,
) -> FilledForm:
    """Fill ``form`` from ``docket``. ``given``: values of fields that the docket does not hold, by field id.

    Raises NotAdmitted when the docket holds no readable request, or one under another instrument; Malformed or
    Conflict when something is given that may not be (`comity.views.forms.given`).
    """
    drafted, asked = _request(docket, form)
    request = in_force(docket, asked)
    day = drafted.record.time.date()
    form, book = form.under(request.basis.instrument) or form, forms or load_forms()
    case = case_of(drafted, request, law, directory, day)
    entered = read_given(form, book, docket, request, audience, given)
    case = replace(case, given=entered)
    writer = Writer(book, law, directory, law.instrument(request.basis.instrument).kind in EU_ACTS)
    sources = _Sources(docket, case, audience, entered, writer)
    return FilledForm(
        form=form, forms=book, docket=docket.id, records=_records(form, docket), day=day, language=request.language,
        audience=audience, sections=tuple(_section(s, sources) for s in form.sections),
        party=drafted.record.party if form.returns else request.addressee.party,
        contradicted=contradicted(request, drafted.record.party, law, book, day),
    )


def _request(docket: Docket, form: Form) -> tuple[Entry, Request]:
    entry = entry_of(docket, "request")
    if entry is None or not isinstance(entry.body, Request):
        raise NotAdmitted(
            f"The docket {docket.id} holds no request that can be read here.",
            "Draft one, or ask for the sections that were withheld.",
        )
    if entry.body.basis.instrument not in form.instruments:
        raise NotAdmitted(
            f"The form {form.id} belongs to {', '.join(form.instruments)}; the request rests on "
            f"{entry.body.basis.instrument}.",
            "Choose a form of the request's own instrument.",
        )
    return entry, entry.body


def _records(form: Form, docket: Docket) -> tuple[str, ...]:
    used = {f.source.partition(".")[0] for s in form.sections for f in s.fields} | {"authorisation"}  # see `in_force`
    roots = [r for r in ROOTS if r in used]
    found = (entry_of(docket, root) for root in roots)
    return tuple(e.id for e in found if e is not None)


def _section(section: FormSection, sources: _Sources) -> FilledSection:
    asked = {m.id for m in sources.case.request.measures}
    if section.audience == "authority" and sources.audience != "authority":
        return FilledSection(section, (), withheld=True)
    if section.measures and not asked & set(section.measures):
        return FilledSection(section, (), applies=False)
    return FilledSection(section, tuple(_field(f, section, sources) for f in section.fields))


def _field(field: FormField, section: FormSection, sources: _Sources) -> FilledField:
    needed, writer = CONDITIONS[field.required](sources.case), sources.writer
    if field.id in sources.given:
        return FilledField(field, writer.write(field, sources.given[field.id]), needed, given=True)
    if field.type == "signature":
        return FilledField(field, _signature(sources.docket, field, writer), needed)
    applies = field.source and CONDITIONS[field.only](sources.case)
    request = sources.case.request
    if section.measures:  # the section is about these measures only: their targets, their period
        own = tuple(m for m in request.measures if m.id in section.measures)
        request = structs.replace(request, measures=own)
    value = value_at(sources.docket, field.source, request) if applies else None
    if isinstance(value, tuple) and field.source.startswith("request.measures."):
        value = tuple(each for n, each in enumerate(value) if each not in value[:n])
    return FilledField(field, writer.write(field, value), needed)


def _signature(docket: Docket, field: FormField, writer: Writer) -> tuple[Line, ...]:
    """Who put the hand, when, to which record; the hand itself is in the record and is checked with `verify`."""
    entry = entry_of(docket, field.source)
    if entry is None:
        return ()
    parts = (("signed_by", plain(entry.holder)), ("time", moment_words(entry.record.time)), ("record", plain(entry.id)))
    return tuple(Line(text, writer.forms.word("part", key)) for key, text in parts if any(text.values()))
