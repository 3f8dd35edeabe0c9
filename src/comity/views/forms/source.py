"""Where a form's field gets its value: a path from a step's body or record in the docket.

``request.offence.description`` is a field of the latest draft; ``authorisation.record.authority`` is the authority that
filed the authorisation. ``holder`` is who put the hand, ``id`` the record's identifier.

Left to others: what the values look like in a form (`comity.views.forms.lines`).
"""

from __future__ import annotations

from functools import cache
from typing import Any, get_args, get_type_hints

import msgspec

from comity.docket.docket import Docket, Entry
from comity.docket.record import Record
from comity.docket.sections import Request
from comity.errors import BadLaw, NotFound
from comity.law.book import LawBook
from comity.law.forms import Form, FormBook
from comity.proceedings import bodies

ROOTS: dict[str, tuple[tuple[str, ...], type[msgspec.Struct]]] = {
    "request": (("draft", "revise"), Request),
    "authorisation": (("authorise",), bodies.Authorisation),
    "transmission": (("send",), bodies.Transmission),
    "acknowledgement": (("acknowledge",), bodies.Acknowledgement),
    "refusal": (("refuse",), bodies.Refusal),
}
"""First word of a path -> the steps it looks in (whatever the proceeding) and the type of their body."""

RECORD = {"id": str, "holder": str, "authority": str, "party": str, "at": str}


ENDED_BY = {"authorisation": ("draft", "revise", "decline")}
"""First word of a path -> the steps after which its own no longer stands: a judge authorised what was drafted then."""


def entry_of(docket: Docket, root: str) -> Entry | None:
    """The latest effective entry of the steps of ``root`` that still stands, or None."""
    own = {f"{docket.proceeding}.{step}" for step in ROOTS[root][0]}
    ended = (f"{docket.proceeding}.{step}" for step in ENDED_BY.get(root, ()))
    entry = docket.latest(*own, *ended)
    return entry if entry is not None and entry.step in own else None


def in_force(docket: Docket, request: Request) -> Request:
    """The request with the measures and the notice that a judge authorised, where an authorisation stands.

    A judge may narrow what was asked; the form orders no more. What was erased or withheld is left empty, not guessed.
    """
    entry = entry_of(docket, "authorisation")
    if entry is None:
        return request
    if not isinstance(entry.body, bodies.Authorisation):
        return msgspec.structs.replace(request, measures=())
    return msgspec.structs.replace(request, measures=entry.body.measures, notice=entry.body.notice)


def value_at(docket: Docket, path: str, request: Request | None = None) -> Any:
    """What stands at ``path`` in the docket; None when the step was not taken or its section is withheld or erased.

    ``request`` stands for the body of the request's step (`in_force`).
    """
    root, *rest = path.split(".")
    entry = entry_of(docket, root)
    if entry is None:
        return None
    if rest[:1] == ["record"]:
        own = {"id": entry.id, "holder": entry.holder}
        return own[rest[1]] if rest[1] in own else getattr(entry.record, rest[1])
    return _descend(request if root == "request" and request is not None else entry.body, rest)


def _descend(value: Any, names: list[str]) -> Any:
    """Follow ``names``; through a tuple, in each of its elements."""
    if value is None or not names:
        return value
    if isinstance(value, tuple):
        found = [_descend(v, names) for v in value]
        return tuple(x for f in found for x in (f if isinstance(f, tuple) else (f,)))
    return _descend(getattr(value, names[0]), names[1:])


def type_at(path: str) -> Any:
    """The type of what ``path`` leads to. Raises BadLaw when it leads nowhere."""
    root, *rest = path.split(".")
    if root not in ROOTS or not rest:
        raise BadLaw(f"The source {path!r} begins with no step that forms read.", f"Begin with one of {sorted(ROOTS)}.")
    if rest[0] == "record":
        if len(rest) != 2 or rest[1] not in RECORD or not (rest[1] in ("id", "holder") or _has(Record, rest[1])):
            raise BadLaw(f"The source {path!r} names no part of a record.", f"Choose one of {sorted(RECORD)}.")
        return RECORD[rest[1]]
    kind: Any = ROOTS[root][1]
    for name in rest:
        kinds = (kind, *get_args(kind))  # the type itself, or what a tuple or an optional is made of
        inner = next((k for k in kinds if isinstance(k, type) and issubclass(k, msgspec.Struct)), None)
        if inner is None or not _has(inner, name):
            raise BadLaw(f"The source {path!r} names no field at {name!r}.", "Name a field of the step's body.")
        kind = _fields(inner)[name]
    return kind


@cache
def _fields(of: type[msgspec.Struct]) -> dict[str, Any]:
    """The types of a struct's fields; working them out takes a tenth of a second for all forms."""
    return get_type_hints(of)


def check_sources(book: FormBook, law: LawBook) -> None:
    """Every form belongs to an instrument and its measures, and every source leads somewhere. Raises BadLaw, naming
    the file and the mend."""
    for form in book.forms.values():
        try:
            _check_form(form, law)
        except (BadLaw, NotFound) as exc:
            raise BadLaw(f"forms/{form.id}.toml: {exc.what}", exc.next_step) from exc


def _check_form(form: Form, law: LawBook) -> None:
    for instrument in form.instruments:
        law.instrument(instrument)
    for section in form.sections:
        for measure in section.measures:
            law.measure(measure)
        for field in section.fields:
            if field.type == "signature":
                if field.source not in ROOTS:
                    raise BadLaw(f"{field.id} is signed in no step.", f"Name one of {', '.join(ROOTS)} as its source.")
            elif field.source:
                type_at(field.source)


def _has(kind: type[msgspec.Struct], name: str) -> bool:
    return name in kind.__struct_fields__
