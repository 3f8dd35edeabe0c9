"""Sample bodies for tests: a complete request, and what the steps after it carry. `changes` replace whole sections."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import Any

import msgspec

from comity.docket.docket import Entry
from comity.docket.sections import (
    Addressee,
    Basis,
    Exhibit,
    Measure,
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
from comity.proceedings import bodies


def text(about: str) -> str:
    """A sentence with some substance."""
    return f"The {about} has been considered in this matter and rests on the facts set out in the file."


def _with(sample: Any, changes: dict[str, Any]) -> Any:
    return msgspec.structs.replace(sample, **changes)


def eio_request(**changes: Any) -> Request:
    """A German order to France for bank account data, complete; ``changes`` replace whole sections."""
    return _with(
        Request(
            addressee=Addressee(party="FR", authority="fr-prosecutor"),
            basis=Basis(instrument="eio", article="art 26", domestic_provision="StPO §§ 94, 95, 161a"),
            reference="12 Js 345/26",
            language="fr",
            offence=Offence(
                description="Fraud by false invoices to eleven companies",
                code="StGB § 263",
                iccs="0701",
                list_category="fraud",
                max_years=5,
                place="DE",
                time="March to June 2026",
            ),
            facts="Between March and June 2026 the suspect sent false invoices; the money went to France.",
            measures=(account_data(),),
            persons=(Person(role="suspect", name="Erika Mustermann", born="1980-01-01", nationality="DE"),),
            weighing=Weighing(
                necessity="Who received the money can be learnt from the bank alone.",
                less_intrusive="Open sources and the victims' records were used first and name nobody.",
                proportionality="The loss is 480,000 euro; one account and four months are asked for, nothing else.",
            ),
            rights=Rights(
                assessment="No risk to the rights of the person beyond the knowledge of one account was found."
            ),
            prior=PriorProceedings(checked=True),
            privilege=Privilege(checked=True),
            purpose=Purpose(statement="Prosecution of the fraud under 12 Js 345/26"),
            retention=Retention(until=date(2031, 12, 31), provision="StPO § 489"),
            notice=Notice(mode="notify"),
            remedies=Remedies(available="Complaint to the Landgericht (StPO § 304)", contact="Amtsgericht Musterstadt"),
        ),
        changes,
    )


def account_data(**changes: Any) -> Measure:
    """One account over four months."""
    return _with(
        Measure(
            id="bank_account_data",
            category="bank",
            description="Holder, signatories and movements of the account",
            targets=("FR7612345678901234567890123",),
            period=Period(start=date(2026, 3, 1), end=date(2026, 6, 30)),
            holder="Banque Exemple SA",
        ),
        changes,
    )


def preservation_request(**changes: Any) -> Request:
    """A German request to France to preserve a mailbox (Budapest Convention art 29), by the contact point."""
    return _with(
        eio_request(
            addressee=Addressee(party="FR", authority="fr-contact"),
            basis=Basis(instrument="budapest", article="art 29", domestic_provision="StPO § 100g"),
            reference="24/7-2026-118",
            measures=(
                Measure(
                    id="preserve_data",
                    category="content",
                    description="The mailbox, its headers and its connection log",
                    targets=("muster@post.example",),
                    period=Period(start=date(2026, 11, 1), end=date(2026, 12, 4)),
                    holder="Courrier Exemple SAS",
                ),
            ),
            urgency=Urgency(urgent=True, reason="The provider deletes connection data after seven days."),
            purpose=Purpose(statement="A request for the preserved data will follow under 12 Js 345/26"),
        ),
        changes,
    )


def authorisation(entry: Entry, **changes: Any) -> bodies.Authorisation:
    """A judge's authorisation of the request in ``entry`` (a draft or revision), as asked."""
    request: Request = entry.body
    return _with(
        bodies.Authorisation(
            request=entry.id,
            measures=request.measures,
            necessity=text("need for the data"),
            proportionality=text("weight of the interference"),
            domestic_provision="StPO § 162",
            rights=text("position of the person concerned"),
            notice=request.notice,
            valid_until=date(2027, 6, 30),
        ),
        changes,
    )


def recognition(*measures: str, **changes: Any) -> bodies.Recognition:
    """A decision to recognise and execute these measures."""
    return _with(
        bodies.Recognition(
            measures=measures or ("bank_account_data",),
            domestic_provision="Code de procédure pénale art 694-20",
            rights=text("position of the person concerned"),
        ),
        changes,
    )


def court_order(*measures: str, **changes: Any) -> bodies.CourtOrder:
    """An order of the requested Party's court."""
    return _with(
        bodies.CourtOrder(
            measures=measures or ("bank_account_data",),
            domestic_provision="Code de procédure pénale art 60-2",
            reasons=text("execution"),
            valid_until=date(2027, 6, 30),
        ),
        changes,
    )


def exhibit(**changes: Any) -> Exhibit:
    """One bank statement."""
    return _with(
        Exhibit(
            id="E1",
            name="statement.xml",
            media_type="application/xml",
            size=2048,
            digest="sha256:" + sha256(b"statement").hexdigest(),
            description="Statement of account",
            measure="bank_account_data",
        ),
        changes,
    )


def production(*exhibits: Exhibit, **changes: Any) -> bodies.Production:
    """Evidence given: one statement unless told otherwise."""
    return _with(bodies.Production(exhibits=exhibits or (exhibit(),), statement=text("execution")), changes)


def reception(entry: Entry, **changes: Any) -> bodies.Reception:
    """Everything of the production in ``entry`` received as announced."""
    digests = tuple(e.digest for e in entry.body.exhibits)
    return _with(bodies.Reception(production=entry.id, digests=digests, complete=True), changes)


def refusal(ground: str, **changes: Any) -> bodies.Refusal:
    """A refusal on a ground, reasoned."""
    return _with(
        bodies.Refusal(
            ground=ground,
            provision="Directive 2014/41/EU art 11(1)",
            rationale=text("ground for refusal"),
            remedies=Remedies(available="Appeal to the chambre de l'instruction"),
        ),
        changes,
    )
