"""Dockets for the tests of forms: a real request, and matters of proceedings under other instruments. Holds no test."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import msgspec

from comity.docket.docket import Docket, Entry
from comity.docket.sections import Addressee, Basis, Measure, Notice, Period, Request
from comity.law.forms import FormBook, load_forms
from comity.proceedings import bodies
from comity.views.forms.fill import Audience, FilledForm, fill
from tests.world import Matter, World, authorisation, eio_request, to_sent

OTHER = {
    "e_evidence": ("order", "produce_content", "content"),
    "eaw": ("surrender", "surrender", "person"),
    "freezing": ("freezing", "freezing", "property"),
    "untoc": ("request", "evidence", "document"),
}


@cache
def book() -> FormBook:
    return load_forms()


@cache
def world() -> World:
    return World()


@cache
def sent() -> Docket:
    """An order that was drafted, authorised by a judge and sent, every record assessed on both sides."""
    matter = Matter(world())
    to_sent(matter)
    assert matter.docket.state == "request.send"
    return matter.docket


def entered(docket: Docket, step: str, body: msgspec.Struct, role: str = "prosecutor", party: str = "DE") -> Docket:
    """``docket`` with one more signed record, as a node that found nothing against it would enter it."""
    who = world().who(party, role)
    sealed = world().sign(step, body, docket, who)
    return docket.with_entry(
        Entry(id=sealed.id, record=sealed.record, body=body, holder=who.holder, findings=(), effect=True)
    )


def request_under(instrument: str, **changes: Any) -> Request:
    """A request with everything that the forms of ``instrument`` ask for; ``changes`` replace whole sections."""
    _, measure, category = OTHER[instrument]
    asked = Measure(
        id=measure, category=category, description="All messages of the mailbox", targets=("muster@post.example",),
        period=Period(start=date(2026, 3, 1), end=date(2026, 6, 30)), holder="Post Example Ltd",
    )
    request = eio_request(
        basis=Basis(instrument=instrument, article="art 5", domestic_provision="StPO § 100b"), measures=(asked,),
        addressee=Addressee(party="IE", authority="ie-prosecutor"), language="en",
    )
    return msgspec.structs.replace(request, **changes)


def matter_under(instrument: str, **changes: Any) -> Docket:
    """A docket of ``instrument``: drafted and authorised."""
    proceeding = OTHER[instrument][0]
    docket = entered(Docket(f"{proceeding}:forms-1"), f"{proceeding}.draft", request_under(instrument, **changes))
    draft = docket.latest(f"{proceeding}.draft")
    assert draft is not None
    return entered(docket, f"{proceeding}.authorise", authorisation(draft), "judge")


def complete(form_id: str) -> Docket:
    """A docket that holds all that the form is filled from."""
    instrument = book().form(form_id).instrument
    docket = sent() if instrument == "eio" else matter_under(instrument)
    if form_id == "eio_annex_b":
        body = bodies.Acknowledgement(reference="PAR-77/26", contact="contact@parquet.example")
        return entered(docket, "request.acknowledge", body, party="FR")
    if form_id == "e_evidence_annex_iii":
        body_iii = bodies.Refusal(ground="not_stored", provision="art 10(6)", rationale="Deleted on 1 November 2026.")
        return entered(docket, "order.refuse", body_iii, party="IE")
    return docket


GIVEN: dict[str, dict[str, object]] = {
    "eaw": {
        "decision_kind": "arrest_warrant", "national_decision": "Amtsgericht Musterstadt, 1 Gs 7/26",
        "offence_count": 11, "participation": "Alone", "contact": "Musterstraße 1, 99999 Musterstadt",
    },
    "epoc": {"notification": ["notified"], "notified_authority": "Court of Sampletown"},
}


def filled(form_id: str, docket: Docket | None = None, audience: Audience = "addressee") -> FilledForm:
    """The form, filled from a complete docket unless another is given."""
    return fill(
        book().form(form_id), docket or complete(form_id), world().law, world().directory, audience=audience,
        given=GIVEN.get(form_id, {}), forms=book(),
    )


def with_notice_deferred(**changes: Any) -> Docket:
    """An order to a provider whose notice is put off."""
    notice = Notice(mode="defer", ground="obstruct_inquiries", reasons="THE SECRET REASONS", until=date(2027, 3, 1))
    return matter_under("e_evidence", notice=notice, **changes)
