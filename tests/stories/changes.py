"""How stories make and change a request, in words. Holds no test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec

from comity.docket.sections import (
    Addressee,
    Basis,
    FinalDecision,
    Notice,
    Offence,
    Period,
    Person,
    PriorProceedings,
    Privilege,
    Purpose,
    Remedies,
    Request,
    Retention,
    Rights,
    Urgency,
    Weighing,
)
from tests.world import account_data, eio_request, preservation_request, text

replace: Callable[..., Any] = msgspec.structs.replace
LANGUAGES = {"DE": "de", "FR": "fr", "ES": "es", "NL": "nl", "IE": "en"}


def _addressed(request: Request, asked: str, office: str = "prosecutor") -> Request:
    addressee = Addressee(party=asked, authority=f"{asked.lower()}-{office}")
    return replace(request, addressee=addressee, language=LANGUAGES[asked])


def _by_order(party: str, asked: str) -> Request:
    return _addressed(eio_request(), asked)


def _preserve(party: str, asked: str) -> Request:
    return _addressed(preservation_request(), asked, "contact")


def _mailbox(party: str, asked: str) -> Request:
    measure = replace(preservation_request().measures[0], id="access_stored_data")
    basis = Basis(instrument="budapest", article="art 31", domestic_provision="StPO § 100g")
    return _addressed(eio_request(basis=basis, measures=(measure,)), asked)


def _by_convention(party: str, asked: str) -> Request:
    basis = Basis(instrument="ets30", article="art 3", domestic_provision="StPO §§ 94, 95, 161a")
    return _addressed(eio_request(basis=basis), asked)


OPENINGS: dict[str, Callable[[str, str], Request]] = {
    "for bank account data by a European Investigation Order": _by_order,
    "to preserve a mailbox under the Budapest Convention": _preserve,
    "for the contents of a mailbox under the Budapest Convention": _mailbox,
    "for bank account data under the Convention of 1959": _by_convention,
}


def day_of(words: str) -> date:
    """``3 May 2025`` as a date."""
    return datetime.strptime(words, "%d %B %Y").date()


def reported(words: str) -> PriorProceedings:
    """``the Landgericht Beispielstadt (DE) acquitted the person of the same acts on 3 May 2025`` as a section."""
    head, _, day = words.rpartition(" on ")
    court, party, rest = head[4:].partition(" (")[0], head.partition("(")[2][:2], head.partition(") ")[2]
    outcome = {
        "acquitted the person of the same acts": ("acquitted", "none", True),
        "acquitted the person of other acts": ("acquitted", "none", False),
        "convicted the person of the same acts, and the penalty is served": ("convicted", "served", True),
        "convicted the person of the same acts, and the penalty is not enforced": ("convicted", "not_enforced", True),
        "discontinued the proceedings on the same acts": ("discontinued", "none", True),
    }
    assert rest in outcome, f"unknown outcome {rest!r}; there is: {sorted(outcome)}"
    kind, enforced, same = outcome[rest]
    decision = FinalDecision(
        party=party,
        court=court,
        date=day_of(day),
        outcome=kind,
        same_acts=same,
        enforced=enforced,
    )
    return PriorProceedings(checked=True, decisions=(decision,))


def _measure(request: Request, **changes: Any) -> Request:
    return replace(request, measures=(replace(request.measures[0], **changes),))


def _offence(request: Request, code: str, iccs: str, category: str, years: str) -> Request:
    offence = Offence(
        description=request.offence.description, code=code, iccs=iccs, list_category=category, max_years=int(years)
    )
    return replace(request, offence=offence)


def _deferring(request: Request, day: str) -> Request:
    notice = Notice(mode="defer", ground="obstruct_inquiries", reasons=text("risk"), until=day_of(day))
    return replace(request, notice=notice)


def _lawyer(request: Request, with_precautions: bool) -> Request:
    precautions = text("sorting by a judge not in charge of the case") if with_precautions else ""
    return replace(
        request,
        persons=(*request.persons, Person(role="third_party", name="Maria Beispiel", privileged="lawyer")),
        privilege=Privilege(checked=True, concerned="lawyer", precautions=precautions),
    )


def _to(section: str, value: Any) -> Callable[[Request], Request]:
    return lambda request: replace(request, **{section: value})


def _measure_to(**changes: Any) -> Callable[[Request], Request]:
    return lambda request: _measure(request, **changes)


def _rights(**flags: Any) -> Callable[[Request], Request]:
    return lambda request: replace(request, rights=replace(request.rights, **flags))


TWO_ACCOUNTS = (*account_data().targets, "FR7611111111111111111111111")
PERIOD = account_data().period

CHANGES: tuple[tuple[str, Callable[..., Request]], ...] = (
    (r"names no target", _measure_to(targets=())),
    (r"names everybody as target", _measure_to(targets=("*",))),
    (r"names the account", _measure_to(targets=account_data().targets)),
    (r"names two accounts", _measure_to(targets=TWO_ACCOUNTS)),
    (r"names no period", _measure_to(period=Period())),
    (r"names a first day but no last", _measure_to(period=Period(start=date(2026, 3, 1)))),
    (r"names the months March to June 2026", _measure_to(period=PERIOD)),
    (r"names who holds the data as nobody", _measure_to(holder="")),
    (r"concerns bank transactions", _measure_to(id="bank_transactions")),
    (r"concerns a search", _measure_to(id="search_and_seizure", category="document")),
    (r"concerns stored traffic data", _measure_to(id="traffic_data", category="traffic")),
    (r"does not say why it is needed", _to("weighing", Weighing())),
    (r"says only that it is needed", _to("weighing", Weighing(necessity="Needed."))),
    (r"names no provision of domestic law", lambda r: replace(r, basis=replace(r.basis, domestic_provision=""))),
    (r"asks for the urgent lane", _to("urgency", Urgency(urgent=True, reason=text("risk")))),
    (r"names no remedy", _to("remedies", Remedies())),
    (r"sets no day of erasure", _to("retention", Retention())),
    (r"says nothing of what the data are for", _to("purpose", Purpose())),
    (r"says nothing of fundamental rights", _to("rights", Rights())),
    (r"is written in (\w\w)", lambda r, code: replace(r, language=code)),
    (r"has not been checked for final judgments", _to("prior", PriorProceedings())),
    (r"has not been checked for privilege", _to("privilege", Privilege())),
    (r"declares that (.+)", lambda r, words: replace(r, prior=reported(words))),
    (r"concerns a lawyer", lambda r: _lawyer(r, False)),
    (r"concerns a lawyer, with precautions", lambda r: _lawyer(r, True)),
    (r"is for (.+) \(ICCS (\d+), category (\w*), (\d+) years?\)", _offence),
    (r"is for a political offence", lambda r: replace(r, offence=replace(r.offence, political=True))),
    (r"says that the person faces the death penalty", _rights(death_penalty=True)),
    (r"says that the person faces torture", _rights(torture_risk=True)),
    (r"says that the person is pursued for a political opinion", _rights(persecution=True)),
    (r"asks that telling the person be deferred until (.+)", _deferring),
    (
        r"rests on article (.+) of the instrument (\w+)",
        lambda r, a, i: replace(r, basis=replace(r.basis, article=a, instrument=i)),
    ),
)
