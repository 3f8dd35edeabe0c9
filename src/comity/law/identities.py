"""Ids and codes in the law's files: none is given twice, and every country code is one.

Left to others: whether what is referred to exists (`comity.law.references`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from comity.law.countries import how_to_write
from comity.law.fault import Fault
from comity.law.files import Decoded
from comity.law.schema import Membership


def identity_faults(d: Decoded) -> Iterator[Fault]:
    """Ids that two things bear, and country codes that are none."""
    for group in (d.instruments, d.lists):
        yield from _twice([(file, ".id", x.id) for file, x in group.items()])
    yield from _twice([(file, ".party", p.party) for file, p in d.parties.items()])
    for file, key, name, ids in _tables(d):
        yield from _twice([(file, f".{key}[{n}].{name}", one) for n, one in enumerate(ids)])
    for file, x in d.lists.items():
        yield from _twice([(file, f".categories[{n}].id", c.id) for n, c in enumerate(x.categories)])
        yield from _twice([(file, f".categories[{n}].number", str(c.number)) for n, c in enumerate(x.categories)])
    yield from _countries(d)


def _tables(d: Decoded) -> Iterator[tuple[str, str, str, Sequence[str]]]:
    """File, table, the field that names its entries, and their names in order."""
    yield "country_sets.toml", "country_sets", "id", [s.id for s in d.country_sets]
    yield "safeguards.toml", "safeguards", "id", [s.id for s in d.safeguards]
    yield "measures.toml", "measures", "id", [m.id for m in d.measures]
    yield "measures.toml", "categories", "id", [c.id for c in d.categories]
    yield "iccs.toml", "iccs", "code", [c.code for c in d.iccs]
    yield "sources.toml", "sources", "key", [s.key for s in d.sources]


def _twice(named: Sequence[tuple[str, str, str]]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for file, path, one in named:
        if one in first:
            what = f"A duplicate: {one!r} is named twice (first in {first[one]})."
            yield Fault(file, path, what, "Rename one, or remove it.")
        first.setdefault(one, file)


def _countries(d: Decoded) -> Iterator[Fault]:
    for n, s in enumerate(d.country_sets):
        yield from _codes("country_sets.toml", f".country_sets[{n}].members", s.members)
    for file, i in d.instruments.items():
        for kind, group in (("bound", i.bound), ("excluded", i.excluded)):
            for n, m in enumerate(group):
                yield from _membership(file, f".{kind}[{n}]", m)
    for file, p in d.parties.items():
        yield from _codes(file, ".party", (p.party,))


def _membership(file: str, path: str, m: Membership) -> Iterator[Fault]:
    if not m.country_set and not m.parties:
        yield Fault(file, path, "It names no Party.", "Give `parties` or `country_set`.")
    yield from _codes(file, f"{path}.parties", m.parties)


def _codes(file: str, path: str, codes: Sequence[str]) -> Iterator[Fault]:
    for n, code in enumerate(codes):
        if mend := how_to_write(code):
            yield Fault(file, path, f"{code!r} is no country code.", mend)
        if code in codes[:n]:
            yield Fault(file, path, f"A duplicate: {code} is named twice.", "Remove one.")
