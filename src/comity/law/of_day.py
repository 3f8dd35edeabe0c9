"""The law of one day, as if it had always held: for asking what a matter would look like under another day's law.

The facts of a matter keep their own dates (when it was filed, until when an authorisation runs); only the statements of
law are those of the chosen day. Left to others: which findings change (`comity.views.replay`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from comity.law.book import LawBook, memberships_of, standards_by_party
from comity.law.citation import by_citation
from comity.law.schema import Cited

S = TypeVar("S", bound=msgspec.Struct)
_UNKNOWN = date.max  # known to hold as of the last of all days, and so never known


def law_of(book: LawBook, day: date) -> LawBook:
    """``book`` with the statements that hold on ``day``, and with no others, on every day.

    What the files could not tell about ``day`` (looked up only later) they cannot tell in the answer either. The
    version names the day, so that no finding under it is taken for one under the book itself.
    """
    sets = book.by_country_set
    instruments = {i.id: _kept(i, day) for i in book.instruments}
    parties = {p.party: _kept(p, day) for p in book.parties}
    lists = {x.id: _kept(x, day) for x in book.by_list.values()}
    standards = tuple(_kept(s, day) for s in book.all_standards if s.holds_on(day))
    return replace(
        book,
        version=f"{book.version} of {day}",
        of_day=day,
        by_instrument=MappingProxyType(instruments),
        by_party=MappingProxyType(parties),
        by_list=MappingProxyType(lists),
        all_standards=standards,
        list_categories=MappingProxyType({(x.id, c.id): c for x in lists.values() for c in x.categories}),
        national_offences=MappingProxyType(by_citation(parties)),
        memberships=MappingProxyType(memberships_of([(i.id, i.bound) for i in instruments.values()], sets)),
        exclusions=MappingProxyType(memberships_of([(i.id, i.excluded) for i in instruments.values()], sets)),
        standards_of=MappingProxyType(standards_by_party(standards, sets)),
        _standards_on={},
    )


def _kept(thing: S, day: date) -> S:
    """The thing without the statements that do not hold on ``day``; those that do hold are left without dates."""
    changes: dict[str, Any] = {}
    for name in thing.__struct_fields__:
        value = getattr(thing, name)
        if isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            changes[name] = tuple(_kept(v, day) for v in value if not isinstance(v, Cited) or v.holds_on(day))
    if isinstance(thing, Cited):
        changes |= {"since": None, "until": None, "as_of": None if thing.knows(day) else _UNKNOWN}
    return msgspec.structs.replace(thing, **changes)
