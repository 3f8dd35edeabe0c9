"""What an official enters when a form is made, because no record holds it: the empty file, and its strict reading.

What the docket holds is not overruled: it was signed. What is given is stored nowhere; it is marked in the form (†).
Left to others: the fields themselves (`comity.law.forms`), which of them must be filled (`conditions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from comity.docket.docket import Docket
from comity.docket.sections import Request
from comity.errors import Conflict, Malformed
from comity.law.forms import Form, FormBook, FormField, FormSection
from comity.views.forms.lines import said
from comity.views.forms.source import entry_of

MAX_TEXT = 20_000  # characters of one field
NOTHING_GIVEN: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Place:
    """A field in its section, as messages name it."""

    section: FormSection
    field: FormField

    def __str__(self) -> str:
        return f"{self.field.id} (section {self.section.letter})"


def read_given(
    form: Form, book: FormBook, docket: Docket, request: Request, audience: str, values: Mapping[str, object]
) -> dict[str, Any]:
    """The values by field id, typed; empty ones left out.

    Raises Malformed for an unknown field, one of a section that is not printed, or a value of another type; Conflict
    for a field that the docket holds. Each names field, section and the next step.
    """
    places = {f.id: _Place(s, f) for s in form.sections for f in s.fields}
    found = {}
    for name, value in values.items():
        place = places.get(name)
        if place is None:
            raise Malformed(f"{form.id} has no field {name[:80]!r}.", _what_can(form))
        if value == "" and place.field.open:
            continue
        _may_be_given(form, place, docket, request, audience)
        found[name] = _typed(place, value, book)
    return found


def _what_can(form: Form) -> str:
    names = [f"{f.id} (section {s.letter})" for s in form.sections for f in s.fields if f.open]
    return f"These can be entered: {', '.join(names)}." if names else "All of this form is taken from the docket."


def _may_be_given(form: Form, place: _Place, docket: Docket, request: Request, audience: str) -> None:
    root = place.field.source.partition(".")[0]
    if not place.field.open or (root and entry_of(docket, root) is not None):
        raise Conflict(
            f"{place} cannot be entered: it is taken from the docket, and what was signed is not overruled.",
            "Leave it out. If it is wrong, file the step anew (a request is mended with request.revise).",
        )
    if place.section.audience == "authority" and audience != "authority":
        raise Malformed(
            f"{place} cannot be entered: the section is kept from the addressee.",
            "Leave it out, or make the form for an authority.",
        )
    if place.section.measures and not {m.id for m in request.measures} & set(place.section.measures):
        raise Malformed(
            f"{place} cannot be entered: the section is for {', '.join(place.section.measures)} only.",
            "Leave it out; the request asks for none of these.",
        )


def _typed(place: _Place, value: object, book: FormBook) -> Any:
    kind = place.field.type
    if kind == "number" and isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
        return value
    if kind == "date" and (day := _day(value)) is not None:
        return day
    if kind in ("tick", "choice") and (chosen := _chosen(place.field, value, book)) is not None:
        return chosen
    if kind in ("text", "signature") and isinstance(value, str) and value.strip() and len(value) <= MAX_TEXT:
        return value.strip()
    raise Malformed(f"{place} is not {type_words(place.field, book)}.", "Write it so, or leave it empty.")


def _day(value: object) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return day if day is not None and day.isoformat() == value else None


def _chosen(field: FormField, value: object, book: FormBook) -> Any:
    keys = set(book.words[field.options])
    if keys == {"yes", "no"}:
        return value if isinstance(value, bool) else None
    several = tuple(value) if isinstance(value, list | tuple) and field.type == "tick" else (value,)
    fit = several and all(isinstance(v, str) and v in keys for v in several) and len(set(several)) == len(several)
    return several if fit else None


def type_words(field: FormField, book: FormBook) -> str:
    """What may be written into a field, for people who fill in the file."""
    if field.type == "number":
        return "a whole number"
    if field.type == "date":
        return "a date, as 2027-01-31"
    if field.type in ("tick", "choice"):
        keys = list(book.words[field.options])
        if set(keys) == {"yes", "no"}:
            return "true or false"
        return f"one of {', '.join(keys)}" + (", or a list of these" if field.type == "tick" else "")
    return f"a text of at most {MAX_TEXT} characters"


def given_template(form: Form, book: FormBook, language: str) -> str:
    """An empty file with every field of ``form`` that can be entered: its section, label in ``language`` and type."""
    lines = [
        f"# {said(form.title, language)} ({form.id}): what no record holds and is entered when the form is made.",
        "# It is printed with †: it is not part of the signed record. Leave empty what you have nothing to say about.",
    ]
    for section in form.sections:
        fields = [f for f in section.fields if f.open]
        if fields:
            lines += ["", f"# {section.letter}  {said(section.title, language)}{_only_for(section)}"]
        for field in fields:
            lines += ["", *_described(field, book, language), f'{field.id} = ""']
    return "\n".join(lines) + "\n"


def _only_for(section: FormSection) -> str:
    return f"  [only for {', '.join(section.measures)}]" if section.measures else ""


def _described(field: FormField, book: FormBook, language: str) -> list[str]:
    due = {"never": "may be left empty", "always": "required"}.get(field.required, f"required if {field.required}")
    told = [f"# {said(book.label(field), language)}", f"# {type_words(field, book)}; {due}"]
    if field.or_given:
        told.append(f"# only where nobody took the step in the docket ({field.source.partition('.')[0]})")
    return told
