"""What differs between two days, or between two versions of the law's files.

A statement is known by where it stands and what it is about, not by its place in the file, so that moving it is no
difference.

Left to others: which findings change by it (replay of dockets).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import Literal, NamedTuple

import msgspec

from comity.law.book import LawBook
from comity.law.schema import Cited

_NAMES = (
    "id", "name", "topic", "effect", "field", "code", "rule", "instrument", "list_id", "number", "letter", "value",
)
_DATES = frozenset({"since", "until", "as_of"})  # on one day they decide whether a statement holds, and no more


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One statement that begins, ends or changes: where it stands, what it is about, and its text before and after."""

    where: str
    about: str
    kind: Literal["added", "removed", "changed"]
    provision: str
    before: str = ""
    after: str = ""
    settled: bool = True  # False where either side is marked knowledge_medium: not shown as settled law


def difference(
    before: LawBook, before_day: date | None, after: LawBook, after_day: date | None
) -> tuple[Change, ...]:
    """Every statement of law that holds on one side only, or holds otherwise; sorted by where it stands.

    The same book with two days, or two books with one day, or both. Two books without a day: every statement whatever
    its dates, and the dates too, so that a value that ends or begins later is seen.
    """
    a, b = _statements(before, before_day), _statements(after, after_day)
    return tuple(c for key in sorted(a.keys() | b.keys()) for c in _between(key, a.get(key, []), b.get(key, [])))


class _Said(NamedTuple):
    """A statement as it is compared."""

    provision: str
    content: str
    settled: bool = True


def _between(key: tuple[str, str], old: list[_Said], new: list[_Said]) -> Iterator[Change]:
    """What differs among statements of one place and name; where there are several, those alike go together."""
    gone = [s for s in old if s.content not in {x.content for x in new}]
    come = [s for s in new if s.content not in {x.content for x in old}]
    for was, now in zip_longest(gone, come):
        if was is None:
            yield Change(*key, "added", now.provision, "", now.content, now.settled)
        elif now is None:
            yield Change(*key, "removed", was.provision, was.content, "", was.settled)
        else:
            yield Change(*key, "changed", now.provision, was.content, now.content, was.settled and now.settled)


def _statements(book: LawBook, day: date | None) -> dict[tuple[str, str], list[_Said]]:
    """(where, about) -> what is said there on ``day``; None: whatever the day, with its dates."""
    out = defaultdict[tuple[str, str], list[_Said]](list)
    silent = _DATES if day is not None else frozenset[str]()
    for where, root in _roots(book):
        for kind, s in _cited(root, ""):
            if day is None or s.holds_on(day):
                out[where, _about(kind, s)].append(_Said(s.provision, _content(s, silent), s.settled))
    for where, about, provision, value in _undated(book):
        out[where, about].append(_Said(provision, value))
    return out


def _undated(book: LawBook) -> Iterator[tuple[str, str, str, str]]:
    """What the files hold beside dated statements: where, about, provision (or file), value."""
    for i in book.instruments:
        yield from ((f"instruments/{i.id}", name, i.citation, value) for name, value in _fields(i))
    for p in book.parties:
        yield from ((f"parties/{p.party}", name, f"parties/{p.party}.toml", value) for name, value in _fields(p))
    for x in book.by_list.values():
        yield from ((f"lists/{x.id}", name, f"lists/{x.id}.toml", value) for name, value in _fields(x))
    for name, members in book.by_country_set.items():
        yield f"country_sets/{name}", "members", "country_sets.toml", " ".join(sorted(members))
    named = (
        ("measures", book.by_measure), ("categories", book.by_category), ("safeguards", book.by_safeguard),
        ("sources", book.by_source), ("iccs", book.by_iccs),
    )  # fmt: skip
    for file, things in named:
        for key, thing in things.items():
            yield f"{file}/{key}", file, f"{file}.toml", msgspec.json.encode(thing, order="sorted").decode()


def _fields(thing: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """Its fields that hold no dated statement, as far as they say something."""
    for name in thing.__struct_fields__:
        value = getattr(thing, name)
        if value not in ("", (), None, {}) and not (isinstance(value, tuple) and isinstance(value[0], Cited)):
            yield name, msgspec.json.encode(value, order="sorted").decode()


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


def _content(s: Cited, silent: frozenset[str]) -> str:
    plain = {k: v for k, v in msgspec.to_builtins(s).items() if k not in silent and v not in ("", [], None, {})}
    return msgspec.json.encode(plain, order="sorted").decode()
