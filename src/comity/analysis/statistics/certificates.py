"""The yearly figures on European Production and Preservation Orders: Regulation (EU) 2023/1543 article 28(2).

Takes of each certificate its statistical fields only, and makes the tables of the article, by letter: (a) issued and
(c) fulfilled or not, by type of data, addressee and situation, with (d) the ground for refusal raised; (d)
notifications; (b), (i) issued before validation, and not validated; (g) sent and received for enforcement; (h) legal
remedies. Times (e), (f) and costs (j) are in `sums`. Where the fields come from is left to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import msgspec

from comity.analysis.statistics.tables import NAME, ROOT, Cell, Layout, Table, tabulate
from comity.errors import Malformed

PROVISION = "Regulation (EU) 2023/1543 art 28(2)"
DATA = ("subscriber", "identification", "traffic", "content")
KINDS = ("epoc", "epoc-pr")
ISSUED = "certificates"  # the table of all of them
SITUATIONS = ("ordinary", "emergency")
FULFILLED, NOT_FULFILLED, PENDING = OUTCOMES = ("fulfilled", "not-fulfilled", "pending")
GROUNDS = ("immunity-or-press", "fundamental-right", "ne-bis-in-idem", "double-criminality")
NO_GROUND = "no-ground"
ENDS = (*(f"{end}/{g}" for end in OUTCOMES[:2] for g in (NO_GROUND, *GROUNDS)), PENDING)
"""Outcomes with the ground for refusal that was raised; one raised after the data were sent too (article 10(4))."""
LATER = "-later"  # how tables end that are of certificates counted before
SENT, RECEIVED = ENFORCEMENT = ("transmitted", "received")
MOST_MINUTES, MOST_CENTS = 10**8, 10**13
ROWS = tuple(f"{kind}/{data}" for kind in KINDS for data in DATA)


class CertificateFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The statistical fields of one EPOC or EPOC-PR: nothing that names a person, a case or an authority.

    ``addressee``: a provider, in small letters. ``minutes``: from issue until the data were obtained; of a preservation
    order, until the production that follows it was asked for. ``ground``: of article 12(1)(a) to (d). ``derogation``:
    article 4(5), issued before validation. ``remedy``: in which State one was used. ``enforcement``: article 16, sent
    to the enforcing State, or received there (then it was not issued here). ``claimed``, ``reimbursed``: article 14, in
    cents of a euro. ``earlier``: as what an earlier report counted it; never stated, but added by who makes a report.
    Raises Malformed where they cannot all be true.
    """

    certificate: Literal["epoc", "epoc-pr"]
    data: Literal["subscriber", "identification", "traffic", "content"]
    addressee: str
    emergency: bool = False
    outcome: Literal["fulfilled", "not-fulfilled", "pending"] = "pending"
    minutes: int | None = None
    derogation: Literal["", "validated", "not-validated"] = ""
    notified: bool = False
    ground: Literal["", "immunity-or-press", "fundamental-right", "ne-bis-in-idem", "double-criminality"] = ""
    remedy: Literal["", "issuing", "enforcing", "both"] = ""
    enforcement: Literal["", "transmitted", "received"] = ""
    claimed: int | None = None
    reimbursed: int | None = None
    earlier: CertificateFacts | None = None

    def __post_init__(self) -> None:
        wrong = [words for words, holds in self._contradictions() if holds]
        if wrong:
            raise Malformed(f"These statistical fields cannot be: {'; '.join(wrong)}.", "Correct them at the source.")

    def _contradictions(self) -> tuple[tuple[str, bool], ...]:
        said = bool(self.derogation or self.notified or self.remedy)
        said = said or not self.minutes is self.claimed is self.reimbursed is None
        return (
            ("the addressee is not written in small letters and hyphens", not NAME.fullmatch(self.addressee)),
            ("a derogation outside an emergency", bool(self.derogation) and not self.emergency),
            ("a ground raised without a notification", bool(self.ground) and not self.notified),
            ("a notification for an order that needs none", self.notified and self.certificate != "epoc"),
            ("a time to data that were not obtained", self.minutes is not None and self.outcome != FULFILLED),
            ("a time below zero or of centuries", not 0 <= (self.minutes or 0) <= MOST_MINUTES),
            ("costs below zero or beyond all measure", not 0 <= (self.claimed or 0) <= MOST_CENTS),
            ("more reimbursed than claimed", (self.reimbursed or 0) > (self.claimed or 0)),
            ("a reimbursement below zero", (self.reimbursed or 0) < 0),
            (
                "an order received for enforcement, with what only its issuing State states",
                self.enforcement == RECEIVED and said,
            ),
        )

    @property
    def issued(self) -> bool:
        """Whether it counts as issued in this period: not received for enforcement, nor counted before."""
        return self.enforcement != RECEIVED and self.earlier is None

    @property
    def enforced(self) -> bool:
        """Whether it counts as sent or received for enforcement in this period, with the certificates of this one."""
        return bool(self.enforcement) and self.earlier is None

    @property
    def row(self) -> str:
        """Certificate and type of data."""
        return f"{self.certificate}/{self.data}"

    @property
    def situation(self) -> str:
        """Emergency or ordinary."""
        return SITUATIONS[self.emergency]

    @property
    def end(self) -> str:
        """Outcome, with the ground for refusal that was raised."""
        return PENDING if self.outcome == PENDING else f"{self.outcome}/{self.ground or NO_GROUND}"


def read_facts(value: Any) -> CertificateFacts:
    """The statistical fields in a decoded section. Raises Malformed."""
    try:
        return msgspec.convert(value, CertificateFacts)
    except msgspec.ValidationError as wrong:
        raise Malformed(f"These are no statistical fields: {wrong}.", "Correct them at the source.") from wrong


Placing = Callable[[CertificateFacts], Cell | None]
"""In which cell of a table a certificate is counted, if in any."""
Variants = tuple[tuple[Layout, Placing], ...]
"""A table in its finest layout first: where that cannot be published, the next one says less."""


def layouts(addressees: Iterable[str]) -> list[Variants]:
    """The tables of the article for these addressees, each with the rules that place a certificate in it."""
    names = sorted(set(addressees))
    whom = tuple(f"{situation}/{addressee}" for situation in SITUATIONS for addressee in names)
    return [_issued(whom), _notifications(whom), _derogations(), _remedies(), _enforcement(whom), *_later()]


def _issued(whom: tuple[str, ...]) -> Variants:
    leaves = tuple(f"{each}/{end}" for each in whom for end in ENDS)
    title, provision = "Certificates issued, fulfilled and not fulfilled", f"{PROVISION}(a), (c), (d)"
    layout = Layout(ISSUED, title, provision, ROWS, leaves)
    return ((layout, lambda f: (f.row, f"{f.situation}/{f.addressee}/{f.end}") if f.issued else None),)


def _notifications(whom: tuple[str, ...]) -> Variants:
    title, provision = "Notifications (article 8)", f"{PROVISION}(d)"
    return (
        (Layout("notifications", title, provision, DATA, whom),
         lambda f: (f.data, f"{f.situation}/{f.addressee}") if f.notified and f.issued else None),
        (Layout("notifications", title, provision, DATA),
         lambda f: (f.data, ROOT) if f.notified and f.issued else None),
    )  # fmt: skip


def _derogations() -> Variants:
    title = "Issued before validation (article 4(5))"
    layout = Layout("derogations", title, f"{PROVISION}(b), (i)", ROWS, ("validated", "not-validated"))
    return ((layout, lambda f: (f.row, f.derogation) if f.derogation and f.issued else None),)


def _remedies() -> Variants:
    title, states = "Production orders against which a remedy was used, by State", ("issuing", "enforcing", "both")
    layout = Layout("remedies", title, f"{PROVISION}(h)", DATA, states)
    return ((layout, lambda f: (f.data, f.remedy) if f.remedy and f.issued and f.certificate == KINDS[0] else None),)


def _enforcement(whom: tuple[str, ...]) -> Variants:
    title, provision = "Orders sent and received for enforcement (article 16)", f"{PROVISION}(g)"
    fine = tuple(f"{way}/{each}/{end}" for way in ENFORCEMENT for each in whom for end in OUTCOMES)
    coarse = tuple(f"{way}/{end}" for way in ENFORCEMENT for end in OUTCOMES)
    return (
        (Layout("enforcement", title, provision, ROWS, fine),
         lambda f: (f.row, f"{f.enforcement}/{f.situation}/{f.addressee}/{f.outcome}") if f.enforced else None),
        (Layout("enforcement", title, provision, ROWS, coarse),
         lambda f: (f.row, f"{f.enforcement}/{f.outcome}") if f.enforced else None),
        (Layout("enforcement", title, provision, ROWS, ENFORCEMENT),
         lambda f: (f.row, f.enforcement) if f.enforced else None),
    )  # fmt: skip


def _later() -> tuple[Variants, ...]:
    """What became known of certificates that an earlier report counted: they are not issued once more."""
    ended = Layout(f"ended{LATER}", "Counted as pending before, ended now", f"{PROVISION}(c)", ROWS, OUTCOMES[:2])
    used = Layout(f"remedies{LATER}", "Counted before, remedy known now", f"{PROVISION}(h)", DATA)
    sent = Layout(f"enforcement{LATER}", "Counted before, sent for enforcement now", f"{PROVISION}(g)", ROWS)
    return (
        ((ended, lambda f: (f.row, f.outcome) if _newly(f, "outcome", PENDING) else None),),
        ((used, lambda f: (f.data, ROOT) if _newly(f, "remedy", "") and f.certificate == KINDS[0] else None),),
        ((sent, lambda f: (f.row, ROOT) if _newly(f, "enforcement", "") else None),),
    )


def _newly(facts: CertificateFacts, field: str, before: str) -> bool:
    return (
        facts.earlier is not None
        and facts.enforcement != RECEIVED
        and getattr(facts.earlier, field) == before != getattr(facts, field)
    )


_ADDRESSEE = {ISSUED: (1, 3), "notifications": (1, 2), "enforcement": (2, 4)}
"""Where the addressee stands in a column of a table, and how many parts such a column has at least."""


def variants_like(layout: Layout) -> Variants:
    """The table of this layout's name, laid out for the addressees that it names; none for another name."""
    place, least = _ADDRESSEE.get(layout.name, (0, 99))
    named = {parts[place] for leaf in layout.leaves if len(parts := leaf.split("/")) >= least}
    return next((found for found in layouts(named) if found[0][0].name == layout.name), ())


def tables(facts: Sequence[CertificateFacts]) -> list[list[Table]]:
    """The tables of the article over these certificates, each in every layout, before anything is withheld."""
    return [
        [tabulate(layout, (cell for each in facts if (cell := place(each)) is not None)) for layout, place in variants]
        for variants in layouts(each.addressee for each in facts)
    ]
