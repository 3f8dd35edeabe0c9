"""What differs between two days, or between two versions of the law's files.

A statement is known by where it stands and what it is about, not by its place in the file, so that moving it is no
difference.

Left to others: which findings change by it (replay of dockets).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

import msgspec

from comity.law.book import LawBook
from comity.law.schema import Cited

_NAMES = (
    "id", "name", "topic", "effect", "field", "code", "rule", "instrument", "list_id", "number", "letter", "value",
)
_SILENT = frozenset({"since", "until", "as_of"})  # dates decide whether a statement holds; they are not its content


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One statement that begins, ends or changes: where it stands, what it is about, and its text before and after."""

    where: str
    about: str
    kind: Literal["added", "removed", "changed"]
    provision: str
    before: str = ""
    after: str = ""


def difference(before: LawBook, before_day: date, after: LawBook, after_day: date) -> tuple[Change, ...]:
    """Every statement of law that holds on one side only, or holds otherwise; sorted by where it stands.

    The same book with two days, or two books with one day, or both.
    """
    a, b = _statements(before, before_day), _statements(after, after_day)
    changes = []
    for key in sorted(a.keys() | b.keys()):
        old, new = a.get(key), b.get(key)
        if old is None and new is not None:
            changes.append(Change(key[0], key[1], "added", new[0], "", new[1]))
        elif new is None and old is not None:
            changes.append(Change(key[0], key[1], "removed", old[0], old[1], ""))
        elif old is not None and new is not None and old[1] != new[1]:
            changes.append(Change(key[0], key[1], "changed", new[0], old[1], new[1]))
    return tuple(changes)


def _statements(book: LawBook, day: date) -> dict[tuple[str, str], tuple[str, str]]:
    """(where, about) -> (provision, content) of every statement that holds on ``day``."""
    out: dict[tuple[str, str], tuple[str, str]] = {}
    for where, root in _roots(book):
        for kind, s in _cited(root, ""):
            if s.holds_on(day):
                about, n = _about(kind, s), 1
                while (where, about) in out:  # several of one name, e.g. two grounds of one letter
                    n += 1
                    about = f"{_about(kind, s)} #{n}"
                out[where, about] = (s.provision, _content(s))
    return out


def _roots(book: LawBook) -> Iterator[tuple[str, object]]:
    for i in book.instruments:
        yield f"instruments/{i.id}", i
    for p in book.parties:
        yield f"parties/{p.party}", p
    for x in book.by_list.values():
        yield f"lists/{x.id}", x
    yield "standards", book.all_standards


def _cited(value: object, kind: str) -> Iterator[tuple[str, Cited]]:
    if isinstance(value, Cited):
        yield kind, value
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _cited(getattr(value, name), name)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _cited(inner, kind)


def _about(kind: str, s: Cited) -> str:
    names = [str(getattr(s, n)) for n in _NAMES if getattr(s, n, None) not in (None, "")]
    for many in ("measures", "only_for", "parties"):
        names += [str(x) for x in getattr(s, many, ()) or ()]
    if country_set := getattr(s, "country_set", ""):
        names.append(str(country_set))
    return f"{kind}: {' '.join(names) or s.provision}"


def _content(s: Cited) -> str:
    plain = {k: v for k, v in msgspec.to_builtins(s).items() if k not in _SILENT and v not in ("", [], None, {})}
    return msgspec.json.encode(plain, order="sorted").decode()
