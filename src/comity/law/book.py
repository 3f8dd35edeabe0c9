"""The law book: every packaged file loaded once, checked, and answered from dictionaries.

Lookups cost a microsecond or two, because every assessment asks dozens of them. Pure after loading; no clock: each
question names its day.

Left to others: whether the files are right (`comity.law.check`), arithmetic (`comity.law.time_limits`), which
instrument is open (`comity.law.route`), conditions (`comity.safeguards`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from comity.errors import BadLaw, NotFound
from comity.law.check import check_decoded
from comity.law.citation import by_citation, citation_key, instrument_named, names_of, nearest
from comity.law.files import Decoded, OffenceList, decode, packaged
from comity.law.schema import (
    DataCategory,
    Ground,
    IccsCode,
    Instrument,
    Measure,
    Membership,
    NationalOffence,
    OffenceCategory,
    PartyLaw,
    SafeguardEntry,
    Source,
    Standard,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class LawBook:
    """All law that Comity knows, by id. ``version`` is the SHA-256 over the files, in hexadecimal.

    It never changes, and equal versions answer alike: what it answers may be kept under the book itself.
    """

    version: str
    by_instrument: Mapping[str, Instrument]
    by_party: Mapping[str, PartyLaw]
    by_country_set: Mapping[str, frozenset[str]]
    by_list: Mapping[str, OffenceList]
    by_iccs: Mapping[str, IccsCode]
    by_measure: Mapping[str, Measure]
    by_category: Mapping[str, DataCategory]
    by_safeguard: Mapping[str, SafeguardEntry]
    by_source: Mapping[str, Source]
    all_standards: tuple[Standard, ...]
    list_categories: Mapping[tuple[str, str], OffenceCategory]
    national_offences: Mapping[tuple[str, tuple[str, ...]], NationalOffence]  # by `citation_key`
    memberships: Mapping[tuple[str, str], tuple[Membership, ...]]
    exclusions: Mapping[tuple[str, str], tuple[Membership, ...]]
    standards_of: Mapping[str, tuple[Standard, ...]]
    of_day: date | None = None  # where it holds the law of one day only, as if of every day (`comity.law.of_day`)
    _standards_on: dict[tuple[str, date], tuple[Standard, ...]] = field(default_factory=dict, repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LawBook) and other.version == self.version

    def __hash__(self) -> int:
        return hash(self.version)

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """All instruments, the preferred first."""
        return tuple(self.by_instrument.values())

    @property
    def parties(self) -> tuple[PartyLaw, ...]:
        """All Parties that have a file."""
        return tuple(self.by_party.values())

    def instrument(self, instrument_id: str) -> Instrument:
        """The instrument called ``instrument_id``. Raises NotFound."""
        return _get(self.by_instrument, instrument_id, "instrument")

    def instrument_named(self, name: str) -> str:
        """The id of the instrument that people call ``name`` (EAW, ETS 30, 2018/1805); ``name`` itself if none is."""
        return name if name in self.by_instrument else instrument_named(name, self.instruments)

    def party(self, code: str) -> PartyLaw:
        """The law of a Party by its ISO 3166-1 alpha-2 code. Raises NotFound when it has no file."""
        return _get(self.by_party, code, "Party")

    def members(self, country_set: str) -> frozenset[str]:
        """The countries of a set, e.g. ``eu27``. Raises NotFound."""
        return _get(self.by_country_set, country_set, "country set")

    def measure(self, measure_id: str) -> Measure:
        """The kind of help called ``measure_id``, whatever the instrument. Raises NotFound."""
        return _get(self.by_measure, measure_id, "measure")

    def data_category(self, category_id: str) -> DataCategory:
        """The category of data called ``category_id``. Raises NotFound."""
        return _get(self.by_category, category_id, "data category")

    def safeguard(self, safeguard_id: str) -> SafeguardEntry:
        """The catalogue's entry for a safeguard. Raises NotFound."""
        return _get(self.by_safeguard, safeguard_id, "safeguard")

    def iccs(self, code: str) -> IccsCode:
        """The ICCS code. Raises NotFound."""
        return _get(self.by_iccs, code, "ICCS code")

    def category(self, list_id: str, category_id: str) -> OffenceCategory:
        """A category of a list of offences, e.g. ``("thirty_two", "fraud")``. Raises NotFound."""
        _get(self.by_list, list_id, "list of offences")
        found = self.list_categories.get((list_id, category_id))
        if found is None:
            raise NotFound(
                f"The list {list_id} has no category {category_id!r}.",
                f"Choose one of: {', '.join(c.id for c in self.by_list[list_id].categories)}.",
            )
        return found

    def offence(self, party: str, code: str) -> NationalOffence:
        """A national offence by its code as cited in that law, e.g. ``("DE", "StGB § 263")``. Raises NotFound."""
        found = self.known_offence(party, code)
        if found is None:
            meant = nearest(code, self.party(party).offences)
            cite = f"Did you mean: {', '.join(meant)}? Else cite" if meant else "Cite"
            raise NotFound(
                f"The file of {party} has no offence {code!r}.",
                f"{cite} it as the file does (comity law show {party}), or add it to parties/{party}.toml.",
            )
        return found

    def known_offence(self, party: str, code: str) -> NationalOffence | None:
        """As `offence`; None when the files have none such."""
        law = self.by_party.get(party)
        return self.national_offences.get((party, citation_key(code, names_of(law)))) if law else None

    def bound(self, instrument_id: str, party: str, day: date) -> Membership | None:
        """The statement by which ``party`` is bound by the instrument on ``day``; None when it is not.

        A statement with a later ``as_of`` counts as not known: see `known_on` for telling "no" from "cannot tell".
        Raises NotFound for an unknown instrument.
        """
        self.instrument(instrument_id)
        if self.excluded(instrument_id, party, day) is not None:
            return None
        stated = self.memberships.get((instrument_id, party), ())
        return next((m for m in stated if m.holds_on(day) and m.knows(day)), None)

    def binding(self, instruments: Iterable[str], parties: Iterable[str], day: date) -> Instrument | None:
        """The first of ``instruments`` that is in force on ``day`` and known to bind all ``parties``, or None."""
        asked = tuple(parties)
        named = (self.instrument(i) for i in instruments)
        return next((i for i in named if i.is_in_force(day) and all(self.bound(i.id, p, day) for p in asked)), None)

    def grounds(self, i: Instrument, measure: str, parties: Iterable[str], day: date) -> tuple[Ground, ...]:
        """The grounds of ``i`` for ``measure`` between ``parties``, without those that another treaty displaces."""
        asked = tuple(parties)
        return tuple(g for g in i.grounds_for(measure, day) if self.binding(g.only_without, asked, day) is None)

    def excluded(self, instrument_id: str, party: str, day: date) -> Membership | None:
        """The statement that says expressly that ``party`` is not bound on ``day``, or None."""
        return next((m for m in self.exclusions.get((instrument_id, party), ()) if m.holds_on(day)), None)

    def known_on(self, instrument_id: str, party: str, day: date) -> bool:
        """Whether the files can tell if ``party`` is bound on ``day``.

        They cannot when it is known to be bound only as of a later day and no statement names the day itself, when the
        statement is not settled, or when the list of Parties is not complete and ``party`` is not on it.
        Raises NotFound for an unknown instrument.
        """
        if (out := self.excluded(instrument_id, party, day)) is not None:
            return out.settled
        all_stated = self.memberships.get((instrument_id, party), ())
        stated = [m for m in all_stated if m.holds_on(day)]
        if not all_stated:
            return self.instrument(instrument_id).parties_complete
        if any(m.since and m.since > day and m.settled for m in all_stated):  # the day is stated: not before it
            stated = [m for m in stated if m.knows(day)]
        return not stated or any(m.knows(day) and m.settled for m in stated)

    def standards(self, day: date, party: str) -> tuple[Standard, ...]:
        """What binds ``party`` on ``day`` whatever the instrument (ECHR, Charter, LED...)."""
        known = self._standards_on.get((party, day))
        if known is None:
            stated = self.standards_of.get(party)
            if stated is None:
                stated = tuple(s for s in self.all_standards if s.binds == "*")
            known = tuple(s for s in stated if s.holds_on(day))
            if len(self._standards_on) >= 4096:  # days asked about come from filings
                self._standards_on.clear()
            self._standards_on[party, day] = known
        return known


def _get(where: Mapping[str, T], key: str, kind: str) -> T:
    found = where.get(key)
    if found is None:
        near = ", ".join(get_close_matches(key, where, 5) or sorted(where)[:40])
        raise NotFound(f"There is no {kind} {key!r} in the law files.", f"Choose one of: {near}.")
    return found


@lru_cache(maxsize=1)
def load_law() -> LawBook:
    """The packaged law, checked and loaded once per process. Raises BadLaw naming file, line and mend."""
    return open_law(packaged())


def open_law(files: Mapping[str, str]) -> LawBook:
    """The law of ``files`` (name below ``law/data`` and text). Raises BadLaw when there is any problem in them."""
    decoded = decode(files)
    problems = check_decoded(decoded, files)
    if problems:
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        first = problems[0]
        raise BadLaw(f"{first.file}:{first.line}: {first.what}{more}", f"{first.mend} `comity law check` lists all.")
    return _build(decoded, digest(files))


def digest(files: Mapping[str, str]) -> str:
    """SHA-256 over the names and texts of ``files``, in hexadecimal: the version of the law."""
    h = hashlib.sha256()
    for name, text in sorted(files.items()):
        for part in (name.encode(), text.encode()):
            h.update(len(part).to_bytes(8, "big") + part)
    return h.hexdigest()


def _build(d: Decoded, version: str) -> LawBook:
    sets = {s.id: frozenset(s.members) for s in d.country_sets}
    instruments = sorted(d.instruments.values(), key=lambda i: (i.preference, i.id))
    parties = {p.party: p for p in d.parties.values()}
    return LawBook(
        version=version,
        by_instrument=MappingProxyType({i.id: i for i in instruments}),
        by_party=MappingProxyType(parties),
        by_country_set=MappingProxyType(sets),
        by_list=MappingProxyType({x.id: x for x in d.lists.values()}),
        by_iccs=MappingProxyType({c.code: c for c in d.iccs}),
        by_measure=MappingProxyType({m.id: m for m in d.measures}),
        by_category=MappingProxyType({c.id: c for c in d.categories}),
        by_safeguard=MappingProxyType({s.id: s for s in d.safeguards}),
        by_source=MappingProxyType({s.key: s for s in d.sources}),
        all_standards=d.standards,
        list_categories=MappingProxyType({(x.id, c.id): c for x in d.lists.values() for c in x.categories}),
        national_offences=MappingProxyType(by_citation(parties)),
        memberships=MappingProxyType(memberships_of([(i.id, i.bound) for i in instruments], sets)),
        exclusions=MappingProxyType(memberships_of([(i.id, i.excluded) for i in instruments], sets)),
        standards_of=MappingProxyType(standards_by_party(d.standards, sets)),
    )


def memberships_of(
    stated: list[tuple[str, tuple[Membership, ...]]], sets: Mapping[str, frozenset[str]]
) -> dict[tuple[str, str], tuple[Membership, ...]]:
    """The statements about each (instrument, Party), country sets resolved."""
    out: dict[tuple[str, str], tuple[Membership, ...]] = {}
    for instrument, memberships in stated:
        for m in memberships:
            for party in {*m.parties, *sets.get(m.country_set, ())}:
                out[instrument, party] = (*out.get((instrument, party), ()), m)
    return out


def standards_by_party(
    stated: tuple[Standard, ...], sets: Mapping[str, frozenset[str]]
) -> dict[str, tuple[Standard, ...]]:
    """The standards that bind each Party of any set, on whatever day."""
    everyone = frozenset().union(*sets.values())
    return {
        party: tuple(s for s in stated if s.binds == "*" or party in sets.get(s.binds, ()))
        for party in everyone
    }
