"""Official forms as data: sections with their letters, fields, where each is filled from, and their labels.

A form is one TOML file in ``data/forms``; ``words.toml`` there holds what several forms say alike. The labels are
Comity's own wording in four languages; letters and contents follow the instrument's annex.

Left to others: filling a form from a docket, checking and setting it (`comity.views.forms`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from typing import Literal, TypeVar

import msgspec

from comity.errors import BadLaw, NotFound
from comity.law.files import Problem, line_of, parsed, text_of
from comity.law.schema import Mark

T = TypeVar("T")
LANGUAGES = ("en", "fr", "de", "es")
"""The languages that every label has, ISO 639-1."""

Words = dict[str, str]  # language -> text
FieldType = Literal[
    "text", "number", "date", "time", "party", "authority", "kind", "law", "tick", "choice", "persons", "measures",
    "period", "decisions", "signature",
]
GIVEN_TYPES = ("text", "number", "date", "tick", "choice", "signature")
"""What an official may enter when the form is made. ``signature`` only for a step that was taken outside Comity."""
Condition = Literal[
    "always", "never", "urgent", "deadline", "deferred", "listed", "not_listed", "related", "privileged",
    "remedy_sought", "decided_before", "orders_data", "sensitive_data", "sentenced", "served", "not_served",
    "validation_due", "notified",
]


class FormField(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One field. Without ``label`` the word of the same ``id`` is its label.

    ``source`` is a path from a step's body or record (`comity.views.forms.source`); without one the official enters
    the value when the form is made. ``or_given``: the official may also enter it where nobody took that step in the
    docket. ``only``: filled from the docket only on this condition. ``options`` names the words of a tick or choice.
    """

    id: str
    type: FieldType = "text"
    source: str = ""
    required: Condition = "never"
    only: Condition = "always"
    provision: str = ""  # empty: the section's
    mark: Mark | None = None  # none: the form's
    label: Words = {}
    options: str = ""
    or_given: bool = False

    @property
    def open(self) -> bool:
        """Whether an official may enter it, at least where the docket says nothing."""
        return self.or_given or not (self.source or self.type == "signature")


class FormSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A section under its printed letter. ``measures``: only for requests for one of these; empty: for all.

    ``audience`` is ``authority`` where the addressee of the form (a provider) must not see the section.
    """

    letter: str
    title: Words
    provision: str = ""  # empty: the form's
    audience: Literal["all", "authority"] = "all"
    measures: tuple[str, ...] = ()
    fields: tuple[FormField, ...] = ()


class Also(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another instrument that asks for the same contents. ``articles``: how it calls an article of the form's own."""

    instrument: str
    articles: dict[str, str]
    mark: Mark


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An official form of an instrument. ``restricted`` says which rule keeps sections from the addressee.

    ``returns``: it goes from the requested back to the requesting Party. ``preamble`` is printed above the sections.
    """

    id: str
    instrument: str
    title: Words
    short: str
    provision: str
    mark: Mark
    note: str = ""
    restricted: str = ""
    returns: bool = False
    preamble: Words = {}
    also: tuple[Also, ...] = ()
    sections: tuple[FormSection, ...]

    @property
    def instruments(self) -> tuple[str, ...]:
        """Every instrument it belongs to, its own first."""
        return (self.instrument, *(a.instrument for a in self.also))

    def under(self, instrument: str) -> Form | None:
        """The form with the provisions of one of its instruments; None when it is no form of that."""
        other = next((a for a in self.also if a.instrument == instrument), None)
        if other is None:
            return self if instrument == self.instrument else None
        sections = tuple(
            msgspec.structs.replace(
                s,
                provision=_cited(s.provision, other),
                fields=tuple(msgspec.structs.replace(f, provision=_cited(f.provision, other)) for f in s.fields),
            )
            for s in self.sections
        )
        provision = _cited(self.provision, other)
        return msgspec.structs.replace(
            self, instrument=instrument, mark=other.mark, provision=provision, sections=sections
        )

    @property
    def settled(self) -> bool:
        """Whether the list of sections may be shown as settled law."""
        return self.mark != "knowledge_medium"

    def provision_of(self, section: FormSection, field: FormField | None = None) -> str:
        """The provision a field or section rests on: its own, else the section's, else the form's."""
        return (field.provision if field else "") or section.provision or f"{self.provision} section {section.letter}"

    def mark_of(self, field: FormField) -> Mark:
        """How sure the files are of a field."""
        return field.mark or self.mark


class FormBook(msgspec.Struct, frozen=True, kw_only=True):
    """All forms by id, and the words they share: group -> key -> language -> text."""

    forms: dict[str, Form]
    words: dict[str, dict[str, Words]]

    def form(self, form_id: str) -> Form:
        """The form called ``form_id``. Raises NotFound."""
        if form_id not in self.forms:
            raise NotFound(f"There is no form {form_id!r}.", f"Choose one of: {', '.join(sorted(self.forms))}.")
        return self.forms[form_id]

    def of(self, instrument: str) -> tuple[Form, ...]:
        """The forms of an instrument, in order of their id, with its provisions."""
        found = (f.under(instrument) for _, f in sorted(self.forms.items()))
        return tuple(f for f in found if f is not None)

    def word(self, group: str, key: str) -> Words:
        """A word in all languages; the key itself where the files have none, so that nothing is lost."""
        return self.words.get(group, {}).get(key) or {"": key}

    def label(self, field: FormField) -> Words:
        """The label of a field in all languages."""
        return field.label or self.word("field", field.id)


def _cited(provision: str, other: Also) -> str:
    """A provision as another instrument numbers it."""
    for own, its in other.articles.items():
        provision = provision.replace(own, its)
    return provision


@lru_cache(maxsize=1)
def load_forms() -> FormBook:
    """The packaged forms, read once per process. Raises BadLaw naming the file and the mend."""
    return open_forms(read_forms(package_files("comity.law") / "data"))


def read_forms(root: Traversable) -> dict[str, str]:
    """The form definitions below ``root`` (a folder of law files), by name; none when it has no ``forms``."""
    folder = root / "forms"
    found = folder.iterdir() if folder.is_dir() else ()
    return {e.name: text_of(e) for e in found if e.name.endswith(".toml")}


def open_forms(files: Mapping[str, str]) -> FormBook:
    """The forms of ``files`` (name and text, ``words.toml`` among them). Raises BadLaw when one cannot be used."""
    words = _read("words.toml", files.get("words.toml", ""), dict[str, dict[str, Words]])
    forms: dict[str, Form] = {}
    for name, text in sorted(files.items()):
        if name != "words.toml":
            form = _read(name, text, Form)
            if name != f"{form.id}.toml":
                raise BadLaw(f"forms/{name} holds the form {form.id!r}.", f"Name the file {form.id}.toml.")
            forms[form.id] = form
    book = FormBook(forms=forms, words=words)
    _check(book)
    return book


def _read(name: str, text: str, kind: type[T]) -> T:
    raw = parsed(f"forms/{name}", text)
    if isinstance(raw, Problem):
        raise BadLaw(f"{raw.file}:{raw.line}: {raw.what}", raw.mend)
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as exc:
        line = line_of(text, "".join(re.findall(r"\.\w+|\[\d+\]", str(exc).partition("`$")[2])))
        raise BadLaw(f"forms/{name}:{line}: {exc}", "Correct the file; docs/forms.md describes its fields.") from exc


def _check(book: FormBook) -> None:
    """Every text in every language, no letter and no field twice, every group of options known."""
    for form in book.forms.values():
        letters = [s.letter for s in form.sections]
        ids = [f.id for s in form.sections for f in s.fields]
        for twice in sorted({x for x in letters if letters.count(x) > 1} | {x for x in ids if ids.count(x) > 1}):
            raise BadLaw(f"forms/{form.id}.toml names {twice!r} twice.", "Give each letter and field its own name.")
        _spoken(form.id, "title", form.title)
        if form.preamble:
            _spoken(form.id, "preamble", form.preamble)
        for section in form.sections:
            _spoken(form.id, f"section {section.letter}", section.title)
            for field in section.fields:
                _spoken(form.id, f"field {field.id}", book.label(field))
                _check_field(form.id, field, book)
    for group, entries in book.words.items():
        for key, texts in entries.items():
            _spoken("words", f"{group}.{key}", texts)


def _check_field(form: str, field: FormField, book: FormBook) -> None:
    if field.type in ("tick", "choice") and field.options not in book.words:
        raise BadLaw(f"forms/{form}.toml: {field.id} has no options.", "Name a group of words.toml.")
    if field.open and field.type not in GIVEN_TYPES:
        raise BadLaw(
            f"forms/{form}.toml: nobody can enter {field.id}, of type {field.type}.",
            f"Give it a source, or one of the types {', '.join(GIVEN_TYPES)}.",
        )


def _spoken(file: str, what: str, texts: Words) -> None:
    missing = [x for x in LANGUAGES if not texts.get(x, "").strip()]
    if missing or set(texts) - set(LANGUAGES):
        raise BadLaw(f"forms/{file}.toml: {what} has no text in {', '.join(missing)}.", "Give it in en, fr, de, es.")
