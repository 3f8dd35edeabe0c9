"""The shapes of the law's files: what a value is, where it comes from, since when it holds, and how sure we are.

Every statement of law is `Cited`: it names its provision, the dates between which it holds and a verification mark.
A value marked ``knowledge_medium`` is never shown as settled law; a safeguard that rests on it alone holds for a human.

Left to others: reading files (`comity.law.book`), arithmetic (`comity.law.time_limits`), conditions
(`comity.safeguards`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

Mark = Literal["verified", "secondary", "knowledge_high", "knowledge_medium"]
Unit = Literal["hours", "days", "working_days", "weeks", "months", "years"]
Binding = Literal["mandatory", "optional"]


class Cited(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A statement of law: its provision (article), verification mark, and the days between which it holds."""

    provision: str
    mark: Mark
    since: date | None = None
    until: date | None = None  # last day on which it holds
    note: str = ""
    source: str = ""  # key of the text that was read (`data/sources.toml`); required with `verified` and `secondary`
    as_of: date | None = None  # known to hold on that day; for an earlier day the files cannot tell

    def knows(self, day: date) -> bool:
        """Whether the files can tell about ``day``: not before the day on which the statement was looked up."""
        return self.as_of is None or self.as_of <= day

    def holds_on(self, day: date) -> bool:
        """Whether the statement is in force on ``day``; both ends are included."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def overlaps(self, other: Cited) -> bool:
        """Whether there is a day on which both hold."""
        return (self.since or date.min) <= (other.until or date.max) and (other.since or date.min) <= (
            self.until or date.max
        )

    @property
    def settled(self) -> bool:
        """Whether it may be shown as settled law (KM never is)."""
        return self.mark != "knowledge_medium"


class Membership(Cited, frozen=True, kw_only=True):
    """Parties bound by an instrument: ISO 3166-1 alpha-2 codes, or a country set of ``country_sets.toml``."""

    parties: tuple[str, ...] = ()
    country_set: str = ""


class Limit(Cited, frozen=True, kw_only=True):
    """A time limit. ``trigger`` names the step or event from which it runs; ``name`` is what duties refer to.

    ``amount`` is None where the law sets a duty without a number ("as soon as possible").
    """

    name: str
    trigger: str
    amount: int | None = None
    unit: Unit = "days"
    at_end: bool = False  # the act is due at the end of the limit, not within it (e-Evidence art 10(2))
    minimum: bool = False  # a floor, not a ceiling (Budapest art 29(7): not less than 60 days)
    place: Literal["requested", "requesting", "addressee"] = "requested"  # whose time zone and holidays count
    measures: tuple[str, ...] = ()  # empty: every measure
    urgent: bool = False  # applies to the urgent lane only
    extends: str = ""  # name of the limit that this one extends


def choose_limit(
    limits: tuple[Limit, ...], name: str, day: date, measure: str = "", urgent: bool = False
) -> Limit | None:
    """Of ``limits`` the one called ``name`` on ``day``: the urgent lane's first, then the measure's own.

    A name borne by one limit only means that one, without the lane and, where none is named, without the measure:
    nothing but an emergency is ever validated after the event (Regulation (EU) 2023/1543 art 4(5)).
    """
    named = [x for x in limits if x.name == name and x.holds_on(day)]
    if len(named) == 1 and (not measure or not named[0].measures or measure in named[0].measures):
        return named[0]
    fitting = [x for x in named if (not x.measures or measure in x.measures) and (urgent or not x.urgent)]
    return min(fitting, key=lambda x: (not x.urgent, not x.measures), default=None)


class Ground(Cited, frozen=True, kw_only=True):
    """A ground for refusal. ``id`` as in the cross table of grounds; ``letter`` as printed in the instrument."""

    id: str
    text: str
    binding: Binding = "optional"
    letter: str = ""
    consult_first: str = ""  # provision that requires consultation before refusing on it, if any
    not_for: tuple[str, ...] = ()  # measures for which it is not available
    only_for: tuple[str, ...] = ()
    on: tuple[str, ...] = ()  # facts on which it turns, all of them; alternatives parted by "|". Empty: its own id
    unless: tuple[str, ...] = ()  # facts of which any one keeps it from arising (EAW art 4a(1)(a)-(d))
    only_without: tuple[str, ...] = ()  # available only where none of these binds both (Budapest art 27(1))


class DualCriminality(Cited, frozen=True, kw_only=True):
    """When double criminality may be tested.

    ``rule``: ``not_required`` | ``list_exception`` (listed categories with the threshold are exempt) | ``required``
    | ``may`` (requested Party may decline in its absence).
    """

    rule: Literal["not_required", "list_exception", "required", "may"]
    list_id: str = ""
    threshold_years: int | None = None  # maximum penalty in the requesting/issuing State, at least
    measures: tuple[str, ...] = ()  # empty: every measure not named by another entry


class Threshold(Cited, frozen=True, kw_only=True):
    """A seriousness threshold for a measure or data category: maximum penalty of at least ``years`` (or ``months``)."""

    years: int | None = None
    months: int | None = None
    basis: Literal["maximum_penalty", "sentence_passed"] = "maximum_penalty"
    or_offences: tuple[str, ...] = ()  # offence categories that need no threshold
    applies_to: str = ""  # "prosecution", "sentence"; empty: always


class MeasureRule(Cited, frozen=True, kw_only=True):
    """One measure of an instrument: who may issue, validate and execute it, and what it needs.

    Authority kinds: judge, court, investigating_judge, public_prosecutor, independent_public_prosecutor (one not
    exposed to instructions of the executive: OG/PI C-508/18), central_authority, police, contact_point_24_7,
    designated_authority, provider, independent_authority, other_investigating_authority.
    """

    id: str
    title: str
    categories: tuple[str, ...] = ()  # data categories covered: subscriber, identification, traffic, content, bank, ...
    issue: tuple[str, ...] = ()
    validate: tuple[str, ...] = ()  # must validate when the issuer is not one of ``issue``
    execute: tuple[str, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    judge_required: bool = False  # a court or independent body must authorise beforehand, whoever issues (HK C-746/18)
    always_available: bool = False  # EIO art 10(2)
    domestic_law: bool = False  # only as far as the requested Party's law allows (Budapest art 34; UNTOC art 18(3)(i))
    coercive: bool = True
    bounded_period: bool = False  # needs a period with both ends
    notify_authority: bool = False  # another authority must be notified (e-Evidence art 8)
    only_without: tuple[str, ...] = ()  # open only where none of these is open between the two (Budapest art 27)
    notify_effect: str = ""  # what the notification does, e.g. "suspends" (e-Evidence art 8(4))
    addressee: Literal["authority", "provider"] = "authority"  # whom the measure is addressed to


class Content(Cited, frozen=True, kw_only=True):
    """A field a request must contain. ``field`` is a path in the request's sections, e.g. ``offence.description``."""

    field: str
    title: str
    section: str = ""  # letter of the official form
    measures: tuple[str, ...] = ()


class Rule(Cited, frozen=True, kw_only=True):
    """A statement without arithmetic: confidentiality, remedies, speciality, costs, onward transfer, review, sunset."""

    topic: str
    text: str
    parameters: dict[str, str | int | bool] = {}


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One instrument: a file of its own."""

    id: str
    title: str
    short: str
    citation: str
    kind: Literal["directive", "regulation", "framework_decision", "convention", "protocol", "agreement", "statute"]
    preference: int  # route order: lower is preferred where several are open (lex specialis first)
    proceeding: str  # which proceeding it is carried out by: request, order, surrender, freezing, joint_team
    in_force: tuple[Cited, ...]  # periods in which the instrument itself is in force; empty: not in force
    bound: tuple[Membership, ...]
    excluded: tuple[Membership, ...] = ()  # Parties expressly not bound, with the provision that says so
    parties_complete: bool = True  # False: a State not listed in ``bound`` is "cannot tell", not "not bound"
    displaces: tuple[str, ...] = ()  # instruments it replaces between Parties bound by both, for what it offers
    displaces_wholly: bool = False  # also for what it does not offer itself (EAW art 31(1): no arrest under ETS 24)
    parent: str = ""  # the convention to which it is a protocol: only its Parties can be bound
    only_without: tuple[str, ...] = ()  # open only where none of these is (Budapest art 27)
    scope: tuple[Rule, ...] = ()
    measures: tuple[MeasureRule, ...] = ()
    contents: tuple[Content, ...] = ()
    limits: tuple[Limit, ...] = ()
    grounds: tuple[Ground, ...] = ()
    dual_criminality: tuple[DualCriminality, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    rules: tuple[Rule, ...] = ()

    def is_in_force(self, day: date) -> Cited | None:
        """The statement by which the instrument is in force on ``day``, or None."""
        return next((c for c in self.in_force if c.holds_on(day)), None)

    def measure(self, measure_id: str, day: date) -> MeasureRule | None:
        """The rule for a measure on ``day``, or None when the instrument does not offer it."""
        return next((m for m in self.measures if m.id == measure_id and m.holds_on(day)), None)

    def limit(self, name: str, day: date, measure: str = "", urgent: bool = False) -> Limit | None:
        """The limit called ``name`` on ``day``; the urgent lane's first, then the measure's own, then the general."""
        return choose_limit(self.limits, name, day, measure, urgent)

    def grounds_for(self, measure: str, day: date) -> tuple[Ground, ...]:
        """The grounds for refusal available for ``measure`` on ``day``."""
        return tuple(
            g for g in self.grounds
            if g.holds_on(day) and measure not in g.not_for and (not g.only_for or measure in g.only_for)
        )


class Declaration(Cited, frozen=True, kw_only=True):
    """A Party's declaration or reservation under an instrument, or a stricter rule of its own law.

    ``effect`` is from a closed list known to the safeguards: ``accepts_language``, ``requires_dual_criminality``,
    ``ground_mandatory``, ``requires_judge``, ``requires_notification``, ``limit``, ``reserves``, ``requires_form``.
    ``reserves`` with the value ``measure`` shuts the measures named altogether (CETS 224 art 7(9)(a)).
    """

    instrument: str
    effect: str
    text: str
    value: str = ""
    amount: int | None = None
    unit: Unit = "days"
    measures: tuple[str, ...] = ()
    on: tuple[str, ...] = ()  # facts without which it says nothing (a final judgment of a Member State: Charter art 50)


class NationalOffence(Cited, frozen=True, kw_only=True):
    """An offence of national law and its place in the common taxonomy (UNODC ICCS)."""

    code: str  # as cited in that law, e.g. "StGB § 263"
    title: str
    iccs: str
    equivalence: Literal["equivalent", "partly", "none"]
    max_years: int | None = None  # maximum deprivation of liberty; None: not stated here
    max_months: int | None = None  # instead of ``max_years`` where it is not a whole number of years
    life: bool = False
    list_category: str = ""  # id among the 32 list offences, where it fits
    kind: Literal["ordinary", "fiscal", "political", "military"] = "ordinary"  # matters to grounds for refusal
    fine_only: bool = False  # no deprivation of liberty at all


class PublicHoliday(Cited, frozen=True, kw_only=True):
    """A day that the Party's law makes a public holiday each year, where the general table lacks it."""

    day: Annotated[str, msgspec.Meta(pattern=r"^\d{2}-\d{2}$")]  # month and day: 05-05
    name: str
    parts_of: tuple[str, ...] = ()  # only in some places of these subdivisions: which, the files cannot tell


class PartyLaw(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A Party's standing legal data: languages, calendar, declarations, offences. Keys are in its Party file."""

    party: str  # ISO 3166-1 alpha-2
    names: dict[str, str]
    languages: tuple[str, ...]  # official, ISO 639-1
    time_zone: str  # IANA name
    holidays: str  # country code for the calendar
    subdivisions: dict[str, str] = {}  # ISO 3166-2 subdivision -> calendar subdivision code
    day_of_rest: tuple[int, ...] = (5, 6)  # Monday is 0
    holidays_too: tuple[PublicHoliday, ...] = ()
    cited_as: dict[str, str] = {}  # other ways to cite a law -> how the codes below cite it
    declarations: tuple[Declaration, ...] = ()
    offences: tuple[NationalOffence, ...] = ()
    prosecutor_independent: bool | None = None  # exposed to executive instructions? None: cannot tell

    def declared(self, instrument: str, effect: str, day: date, measure: str = "") -> tuple[Declaration, ...]:
        """Declarations with ``effect`` under ``instrument`` (or ``*``) in force on ``day`` for ``measure``."""
        return tuple(
            d for d in self.declarations
            if d.instrument in (instrument, "*") and d.effect == effect and d.holds_on(day)
            and (not d.measures or measure in d.measures)
        )


class Standard(Cited, frozen=True, kw_only=True):
    """A rule that binds whatever the instrument (ECHR, ICCPR, Charter, LED, Convention 108+, AI Act prohibitions)."""

    id: str
    safeguard: str  # identifier in the safeguards catalogue
    text: str
    instruments: tuple[str, ...]  # ECHR, ICCPR, Charter, LED...
    absolute: bool = False
    binds: str = "*"  # country set bound by it
    parameters: dict[str, str | int | bool] = {}
    limits: tuple[Limit, ...] = ()  # periods it sets, e.g. 72 hours after a breach


class OffenceCategory(Cited, frozen=True, kw_only=True):
    """One category of a list of offences (the 32; Annex IV), with its nearest ICCS codes."""

    id: str
    list_id: str
    number: int
    title: str
    iccs: tuple[str, ...] = ()


class CountrySet(Cited, frozen=True, kw_only=True):
    """A named set of countries, ISO 3166-1 alpha-2."""

    id: str
    members: tuple[str, ...]


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of help, called the same in every instrument (`data/measures.toml`)."""

    id: str
    title: str
    categories: tuple[str, ...] = ()  # data categories it can be about
    like: tuple[str, ...] = ()  # measures under other instruments that reach the same end


class DataCategory(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A category of data, called the same in every instrument."""

    id: str
    title: str


class IccsCode(Cited, frozen=True, kw_only=True):
    """A code of the International Classification of Crime for Statistical Purposes (UNODC, 2015)."""

    code: str
    title: str


class SafeguardEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An entry of the safeguards catalogue: the rule in short and what it rests on."""

    id: str
    rule: str
    citations: tuple[str, ...]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A text that was read for a value marked `verified` or `secondary`."""

    key: str
    text: str
