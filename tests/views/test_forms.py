"""Official forms: defined whole, filled from the docket, checked against instrument and Party."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from msgspec import structs

from comity.docket.docket import Docket
from comity.docket.sections import (
    Basis,
    Measure,
    Notice,
    Offence,
    Period,
    Person,
    Purpose,
    Remedies,
    Request,
    Urgency,
    Weighing,
)
from comity.errors import BadLaw, Conflict, NotAdmitted, NotFound
from comity.law.forms import LANGUAGES, open_forms
from comity.law.schema import Mark
from comity.proceedings import bodies
from comity.views.forms.check import check, first_accepted
from comity.views.forms.conditions import CONDITIONS
from comity.views.forms.fill import fill
from comity.views.forms.lines import said
from comity.views.forms.source import ROOTS, type_at
from comity.views.forms.typeset import to_typst
from tests.views.matters import GIVEN, book, complete, entered, filled, matter_under, sent, with_notice_deferred, world
from tests.world import authorisation, eio_request

# Law reference section 22. The freezing certificate's letters are not given there, its contents are.
LETTERS = {
    "eio_annex_a": "A B C D E F G H H1 H2 H3 H4 H5 H6 H7 I J K L",
    "eio_annex_b": "A B C D E",
    "eio_annex_c": "A B C",
    "epoc": "A B C D E F G H I J K L M",
    "epoc_pr": "A B C D E F G",
    "e_evidence_annex_iii": "A B C D E F G H",
    "eaw": "a b c d e f g h i",
    "freezing_certificate": "A B C D E F G H I J K",
    "un_request": "a b c d e f g h",
}
MARKS: dict[str, Mark] = {"e_evidence_annex_iii": "knowledge_medium", "freezing_certificate": "knowledge_medium"}
ALL = sorted(LETTERS)


def test_the_forms_are_these() -> None:
    assert sorted(book().forms) == ALL


@pytest.mark.parametrize("form_id", ALL)
def test_every_section_letter_of_the_form_is_there_in_order(form_id: str) -> None:
    assert [s.letter for s in book().form(form_id).sections] == LETTERS[form_id].split()


@pytest.mark.parametrize("form_id", ALL)
def test_what_is_not_verified_says_so(form_id: str) -> None:
    assert book().form(form_id).mark == MARKS.get(form_id, "knowledge_high")
    assert book().form(form_id).settled is (form_id not in MARKS)


@pytest.mark.parametrize("form_id", ALL)
def test_every_form_is_of_an_instrument_in_the_law(form_id: str) -> None:
    form = book().form(form_id)
    known = {m.id for i in form.instruments for m in world().law.instrument(i).measures}
    assert {m for s in form.sections for m in s.measures} <= known
    assert form in book().of(form.instrument)
    for instrument in form.instruments:
        assert form.id in [f.id for f in book().of(instrument)]


@pytest.mark.parametrize("form_id", ALL)
def test_every_label_is_there_in_all_four_languages(form_id: str) -> None:
    form = book().form(form_id)
    texts = [form.title, *(s.title for s in form.sections), *(book().label(f) for s in form.sections for f in s.fields)]
    assert all(set(t) == set(LANGUAGES) and all(v.strip() for v in t.values()) for t in texts)


@pytest.mark.parametrize("form_id", ALL)
def test_every_source_leads_to_a_field_of_its_type(form_id: str) -> None:
    for section in book().form(form_id).sections:
        for field in section.fields:
            if field.type == "signature":
                assert field.source in ROOTS
            elif field.source:
                assert type_at(field.source) is not None


@pytest.mark.parametrize(
    "path", ["request.offence.colour", "request", "nothing.at.all", "request.record.salt", "request.facts.length"]
)
def test_a_source_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(BadLaw):
        type_at(path)


def test_every_condition_named_in_a_form_is_decided() -> None:
    named = {f.required for form in book().forms.values() for s in form.sections for f in s.fields}
    assert named <= CONDITIONS.keys()


def test_measures_ticked_and_offences_chosen_are_those_of_the_law() -> None:
    law = world().law
    assert set(book().words["list_offence"]) == {c.id for c in law.by_list["thirty_two"].categories}
    assert set(book().words["eio_measure"]) <= {m.id for m in law.instrument("eio").measures}
    needed = {m.id for f in book().forms.values() for m in law.instrument(f.instrument).measures}
    assert needed <= set(book().words["measure"]), needed - set(book().words["measure"])
    assert set(law.by_category) <= set(book().words["category"])


@pytest.mark.parametrize("form_id", ALL)
def test_a_complete_docket_fills_the_form(form_id: str) -> None:
    docket = complete(form_id)
    form = filled(form_id, docket)
    assert form.party == ("DE" if form.form.returns else "FR" if docket.id == sent().id else "IE")
    language = first_accepted(form.form, world().law, form.party, form.day)
    assert check(form, world().law, form.party, language) == ()
    assert form.records == tuple(dict.fromkeys(form.records))
    assert docket.latest(f"{docket.proceeding}.draft").id in form.records  # type: ignore[union-attr]


COMMON = {
    "basis.instrument", "basis.article", "basis.domestic_provision", "addressee.party", "addressee.authority",
    "urgency.urgent", "urgency.reason", "urgency.deadline", "offence.description", "offence.code", "offence.iccs",
    "offence.list_category", "offence.max_years", "offence.place", "offence.time", "facts", "persons", "measures",
    "measures.id", "measures.category", "measures.period", "measures.procedures", "weighing.necessity",
    "weighing.proportionality", "rights.assessment", "privilege.concerned", "confidentiality", "notice.mode",
    "notice.reasons", "remedies.available", "retention.until", "purpose.onward", "related",
    "record.party", "record.authority", "record.at", "reference",
}  # fmt: skip


def test_the_common_field_set_stands_in_the_forms() -> None:
    """Law reference section 22.6, with the names that the sections of a request have; costs are entered."""
    fields = [f for form in book().forms.values() for s in form.sections for f in s.fields]
    sources = {f.source.partition(".")[2] for f in fields if f.source.partition(".")[0] == "request"}
    assert sources >= COMMON
    assert {f.id for f in fields} >= {"costs", "signature", "validating_authority"}


@pytest.mark.parametrize(
    ("instrument", "content", "confiscation", "settled"),
    [
        ("untoc", "UNTOC art 18(15)(c)", "UNTOC art 13(3)", True),
        ("uncac", "UNCAC art 46(15)(c)", "UNCAC art 55(3)", True),
        (
            "un_cybercrime", "UN Convention against Cybercrime art 40(15)(c)",
            "UN Convention against Cybercrime arts 49-52", False,
        ),
    ],
)  # fmt: skip
def test_the_un_request_cites_the_convention_it_rests_on(
    instrument: str, content: str, confiscation: str, settled: bool
) -> None:
    (form,) = book().of(instrument)
    cited = {s.letter: s.provision for s in form.sections}
    assert (cited["c"], cited["h"], form.settled) == (content, confiscation, settled)
    basis = Basis(instrument=instrument, article="art 1", domestic_provision="StPO § 94")
    docket = entered(Docket("request:un-basis"), "request.draft", eio_request(basis=basis))
    filled_form = fill(book().form("un_request"), docket, world().law, world().directory)
    assert filled_form.form == form
    assert book().form("un_request").under("eio") is None


def answers(form_id: str, letter: str, field_id: str, language: str, docket: Docket | None = None) -> list[str]:
    section = filled(form_id, docket).section(letter)
    return [said(x.text, language) for f in section.fields if f.field.id == field_id for x in f.lines]


@pytest.mark.parametrize(("code", "printed"), [("GR", "EL"), ("GB", "UK"), ("CH", "CH"), ("FR", "France")])
def test_a_form_of_the_union_prints_greece_and_the_united_kingdom_as_its_documents_do(code: str, printed: str) -> None:
    person = Person(role="suspect", name="A. Beispiel", nationality=code)
    docket = entered(Docket("request:printed"), "request.draft", eio_request(persons=(person,)))
    told = fill(book().form("eio_annex_a"), docket, world().law, world().directory)
    texts = [said(x.text, "en") for f in told.section("E").fields for x in f.lines]
    assert printed in texts


def test_values_come_from_the_docket_in_the_language_of_the_form() -> None:
    assert answers("eio_annex_a", "A", "executing_state", "de") == ["Frankreich"]
    assert answers("eio_annex_a", "A", "executing_authority", "de") == ["Parquet de Villemodèle"]
    assert answers("eio_annex_a", "K", "reference", "de") == ["12 Js 345/26"]
    assert answers("eio_annex_a", "L", "validated_by", "fr") == ["Judge of Amtsgericht Musterstadt"]
    assert answers("eio_annex_a", "G", "list_offence", "es")[0].startswith("8 fraude")
    assert "01.03.2026 – 30.06.2026" in answers("eio_annex_a", "C", "measures", "de")
    assert "01/03/2026 – 30/06/2026" in answers("eio_annex_a", "C", "measures", "fr")


def test_the_measure_asked_for_is_ticked_and_no_other() -> None:
    field = filled("eio_annex_a").section("C").fields[0]
    assert [said(x.text, "en") for x in field.lines if x.ticked] == ["information on bank and other financial accounts"]
    assert len(field.lines) == 14


def test_additional_sections_stand_only_for_their_measures() -> None:
    form = filled("eio_annex_a")
    assert {s.section.letter for s in form.sections if not s.applies} == {"H1", "H2", "H3", "H5", "H6", "H7"}


LEFT_OUT = [
    ({"facts": ""}, "G", "facts", "Directive 2014/41/EU art 5(1)(d)"),
    ({"persons": ()}, "E", "persons", "Directive 2014/41/EU art 5(1)(c)"),
    ({"remedies": Remedies()}, "J", "remedies", "Directive 2014/41/EU art 14"),
    ({"weighing": Weighing(necessity="Needed")}, "G", "proportionality", "Directive 2014/41/EU art 6(1)(a)"),
    ({"urgency": Urgency(urgent=True)}, "B", "urgency_reason", "Directive 2014/41/EU art 12(2)"),
    (
        {"offence": Offence(description="Fraud", code="StGB § 263", list_category="fraud")},
        "G", "max_years", "Directive 2014/41/EU art 11(1)(g)",
    ),
]


@pytest.mark.parametrize(("changes", "letter", "field", "provision"), LEFT_OUT, ids=[c[2] for c in LEFT_OUT])
def test_what_is_missing_is_named_with_letter_and_provision(
    changes: dict[str, object], letter: str, field: str, provision: str
) -> None:
    docket = entered(Docket("request:lacking"), "request.draft", eio_request(**changes))
    found = check(filled("eio_annex_a", docket), world().law, "FR", "fr")
    assert (letter, field, provision) in [(p.section, p.field, p.provision) for p in found if p.kind == "missing"]
    assert all(p.settled for p in found)


def test_nothing_is_asked_for_on_a_condition_that_does_not_hold() -> None:
    offence = Offence(description="Fraud", code="StGB § 263")
    docket = entered(Docket("request:unlisted"), "request.draft", eio_request(offence=offence))
    assert check(filled("eio_annex_a", docket), world().law, "FR", "fr") == ()


@pytest.mark.parametrize(
    ("party", "language", "kinds"),
    [
        ("FR", "fr", []),
        ("FR", "de", ["language", "language"]),  # not accepted by France, and not the text's language
        ("NL", "fr", ["language"]),
        ("NL", "nl", ["language", "language"]),  # accepted, but there are no labels, and the text is French
        ("XX", "fr", ["cannot_tell"]),
    ],
)
def test_a_language_that_the_executing_party_does_not_accept_is_found(
    party: str, language: str, kinds: list[str]
) -> None:
    assert [p.kind for p in check(filled("eio_annex_a"), world().law, party, language)] == kinds


def test_a_declared_language_is_accepted_and_its_declaration_cited() -> None:
    docket = entered(Docket("request:nl"), "request.draft", eio_request(language="en"))
    assert check(filled("eio_annex_a", docket), world().law, "NL", "en") == ()
    (problem,) = [p for p in check(filled("eio_annex_a"), world().law, "NL", "fr") if "accepts" in p.what]
    assert problem.what == "NL accepts en, nl; the form is in 'fr'."
    assert "Directive 2014/41/EU art 5(2)" in problem.provision


def test_section_m_is_not_for_the_addressee() -> None:
    docket = with_notice_deferred()
    section = filled("epoc", docket).section("M")
    assert section.withheld
    assert section.fields == ()
    shown = filled("epoc", docket, "authority").section("M")
    assert "THE SECRET REASONS" in [said(x.text, "en") for f in shown.fields for x in f.lines]


def test_a_form_for_an_authority_relabelled_for_the_addressee_is_found() -> None:
    form = replace(filled("epoc", audience="authority"), audience="addressee")
    (problem,) = check(form, world().law, "IE", "en")
    assert (problem.kind, problem.section) == ("audience", "M")


def test_a_deferred_notice_needs_a_ground() -> None:
    docket = matter_under("e_evidence", notice=Notice(mode="defer", until=date(2027, 1, 1)))
    missing = {p.field for p in check(filled("epoc", docket), world().law, "IE", "en")}
    assert missing == {"notice_ground", "notice_justified"}


@pytest.mark.parametrize(
    ("measure", "category", "place", "given", "lacking"),
    [
        ("produce_content", "content", "DE", {}, {"notification", "notified_authority"}),
        ("produce_traffic", "traffic", "DE", {"notification": ["residence_exception"]}, set()),
        ("produce_traffic", "traffic", "", {"notification": ["residence_exception"]}, set()),
        ("produce_traffic", "traffic", "FR", {"notification": ["residence_exception"]}, {"notified_authority"}),
        ("produce_traffic", "traffic", "FR", {"notification": ["notified"]}, {"notified_authority"}),
        ("produce_subscriber", "subscriber", "FR", {}, set()),
        ("produce_identification", "identification", "FR", {}, set()),
    ],
)  # fmt: skip
def test_the_enforcing_authority_is_named_unless_offence_and_residence_are_at_home(
    measure: str, category: str, place: str, given: dict[str, object], lacking: set[str]
) -> None:
    """Regulation (EU) 2023/1543 art 8(1)-(2): both limbs; an offence elsewhere shuts the exception."""
    asked = Measure(id=measure, category=category, description="The mailbox", targets=("muster@post.example",))
    offence = Offence(description="Fraud", code="StGB § 263", max_years=5, place=place)
    docket = matter_under("e_evidence", measures=(asked,), offence=offence)
    form = fill(book().form("epoc"), docket, world().law, world().directory, given=given)
    assert {p.field for p in check(form, world().law, "IE", "en") if p.section == "K"} == lacking


def test_dates_and_times_are_written_as_the_language_writes_them() -> None:
    (line,) = next(f.lines for f in filled("un_request").section("a").fields if f.field.id == "date_issued")
    at = sent().latest("request.draft").record.time  # type: ignore[union-attr]
    assert said(line.text, "en") == f"{at:%d/%m/%Y %H:%M:%S} UTC"
    assert said(line.text, "de") == f"{at:%d.%m.%Y %H:%M:%S} UTC"


def test_what_the_docket_says_cannot_be_overwritten_by_hand() -> None:
    form = book().form("eio_annex_a")
    for given, section in (({"facts": "Other facts"}, "G"), ({"signature": "Me"}, "K")):
        with pytest.raises(Conflict, match=rf"section {section}\) cannot be entered: it is taken from the docket"):
            fill(form, sent(), world().law, world().directory, given=given)


def test_what_was_entered_by_hand_is_known_as_such() -> None:
    form = filled("eaw")
    given = {f.field.id for s in form.sections for f in s.fields if f.given}
    assert given == set(GIVEN["eaw"])


def test_a_form_of_another_instrument_is_refused() -> None:
    with pytest.raises(NotAdmitted, match="rests on eio"):
        filled("un_request", sent())


def test_an_unreadable_request_fills_no_form() -> None:
    draft = sent().latest("request.draft")
    assert draft is not None
    for docket in (Docket("request:empty"), Docket("request:erased").with_entry(replace(draft, body=None))):
        with pytest.raises(NotAdmitted, match="no request that can be read"):
            filled("eio_annex_a", docket)


def test_an_erased_authorisation_leaves_its_fields_empty() -> None:
    docket = Docket("request:part")
    for entry in sent().entries:
        docket = docket.with_entry(replace(entry, body=None) if entry.step == "request.authorise" else entry)
    section = filled("eio_annex_a", docket).section("L")
    lines = {f.field.id: f.lines for f in section.fields}
    assert lines["validation_law"] == ()
    assert lines["validating_authority"]


def judged(request: Request, **changes: Any) -> Docket:
    """A draft, and a judge's authorisation that changes it."""
    docket = entered(Docket("request:judged"), "request.draft", request)
    draft = docket.latest("request.draft")
    assert draft is not None
    return entered(docket, "request.authorise", structs.replace(authorisation(draft), **changes), "judge")


ACCOUNT, WIRE = (
    Measure(id=i, category=c, description=d, targets=(t,), period=Period(start=date(2026, 3, 1), end=date(2026, 6, n)))
    for i, c, d, t, n in (
        ("bank_account_data", "bank", "The account", "FR7699999000010000000012337", 30),
        ("interception", "content", "The line", "+49 30 5550100", 10),
    )
)


def said_in(docket: Docket, section: str, field: str) -> list[str]:
    (found,) = (f for f in filled("eio_annex_a", docket).section(section).fields if f.field.id == field)
    return [said(line.text, "en") for line in found.lines]


def test_a_form_orders_what_the_judge_authorised_and_no_more() -> None:
    asked = eio_request(measures=(ACCOUNT, WIRE), notice=Notice(mode="defer"))
    docket = judged(asked, measures=(ACCOUNT,), notice=Notice(mode="notify"))
    form = filled("eio_annex_a", docket)
    assert "+49 30 5550100" not in to_typst(form, "en")
    assert not form.section("H7").applies
    assert form.section("H4").applies
    authorised = docket.latest("request.authorise")
    assert authorised is not None
    assert authorised.id in form.records


def test_a_form_tells_the_person_as_the_judge_decided() -> None:
    docket = matter_under("e_evidence", notice=Notice(mode="notify"))
    deferred = Notice(mode="defer", ground="obstruct_inquiries", reasons="Collusion", until=date(2027, 3, 1))
    draft = docket.latest("order.draft")
    assert draft is not None
    docket = entered(docket, "order.authorise", structs.replace(authorisation(draft), notice=deferred), "judge")
    (mode,) = (f for f in filled("epoc", docket).section("H").fields if f.field.id == "notice_mode")
    assert [said(line.text, "en") for line in mode.lines] == ["the information is deferred"]


@pytest.mark.parametrize("step", ["request.revise", "request.decline"])
def test_an_authorisation_that_no_longer_stands_is_not_printed(step: str) -> None:
    docket = judged(eio_request(measures=(ACCOUNT, WIRE)), measures=(ACCOUNT,))
    drafted = docket.latest("request.draft")
    assert drafted is not None
    declined = bodies.Declined(request=drafted.id, reasons="No.")
    body, role = (declined, "judge") if step == "request.decline" else (eio_request(measures=(WIRE,)), "prosecutor")
    docket = entered(docket, step, body, role)
    form = filled("eio_annex_a", docket)
    assert not any(f.lines for f in form.section("L").fields)
    assert form.section("H7").applies


def test_a_section_for_some_measures_holds_their_targets_and_period_only() -> None:
    docket = judged(eio_request(measures=(ACCOUNT, WIRE)), measures=(ACCOUNT, WIRE))
    assert said_in(docket, "H7", "h7_targets") == ["+49 30 5550100"]
    assert said_in(docket, "H7", "h7_period") == ["01/03/2026 – 10/06/2026"]


@pytest.mark.parametrize(
    ("changes", "said_instead"),
    [
        ({}, {}),
        ({"max_years": 4}, {}),
        ({"max_years": 10}, {"max_years": "5"}),
        ({"code": "§ 263 Abs. 3 StGB", "max_years": 10}, {}),
        ({"code": "StGB § 999", "max_years": 15}, {}),
        ({"list_category": "swindling"}, {}),
        ({"list_category": "terrorism"}, {"list_offence": "8 fraud, including fraud affecting the Union's financial "
                                          "interests"}),
        ({"code": "StGB § 211", "max_years": 15, "list_category": "murder_grievous_injury"}, {}),
        ({"code": "AufenthG § 96", "max_years": 15, "list_category": ""}, {}),
    ],
)  # fmt: skip
def test_a_claim_about_the_offence_that_the_law_file_contradicts_is_told(
    changes: dict[str, Any], said_instead: dict[str, str]
) -> None:
    offence = Offence(description="Fraud", code="StGB § 263", list_category="fraud", max_years=5)
    request = eio_request(offence=structs.replace(offence, **changes))
    form = filled("eio_annex_a", entered(Docket("request:claims"), "request.draft", request))
    found = {p.field: p for p in check(form, world().law, "FR", "fr") if p.kind == "differs"}
    assert {name: said(form.contradicted[name], "en") for name in found} == said_instead
    assert all(p.section == "G" and said_instead[p.field] in p.what for p in found.values())


def test_an_unknown_form_names_those_there_are() -> None:
    with pytest.raises(NotFound) as caught:
        book().form("eio_annex_z")
    assert "eio_annex_a" in caught.value.next_step


def test_purpose_is_ticked_among_the_four_of_the_directive() -> None:
    docket = entered(
        Docket("request:tick"), "request.draft", eio_request(purpose=Purpose(proceedings="legal_person", statement="x"))
    )
    (field,) = filled("eio_annex_a", docket).section("F").fields
    assert [x.ticked for x in field.lines] == [False, False, False, True]


WORDS = '[field]\na = { en = "A", fr = "A", de = "A", es = "A" }\n'
FORM = """id = "f"
instrument = "eio"
short = "F"
provision = "art 1"
mark = "verified"
title = { en = "F", fr = "F", de = "F", es = "F" }
[[sections]]
letter = "A"
title = { en = "F", fr = "F", de = "F", es = "F" }
fields = [ { id = "a" } ]
"""


def test_a_form_is_a_file() -> None:
    assert open_forms({"words.toml": WORDS, "f.toml": FORM}).form("f").sections[0].letter == "A"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("f.toml", FORM.replace(', es = "F" }\n[[', ' }\n[['), "no text in es"),
        ("f.toml", FORM.replace('{ id = "a" }', '{ id = "b" }'), "field b has no text"),
        ("f.toml", FORM.replace('{ id = "a" }', '{ id = "a" }, { id = "a" }'), "twice"),
        ("f.toml", FORM.replace('{ id = "a" }', '{ id = "a", type = "tick", options = "x" }'), "no options"),
        ("f.toml", FORM.replace('{ id = "a" }', '{ id = "a", colour = "x" }'), "colour"),
        ("f.toml", FORM.replace('{ id = "a" }', '{ id = "a", required = "sometimes" }'), "sometimes"),
        ("f.toml", FORM + "]", "f.toml"),
        ("g.toml", FORM, "holds the form"),
    ],
)
def test_a_bad_definition_is_refused(name: str, text: str, message: str) -> None:
    with pytest.raises(BadLaw, match=message):
        open_forms({"words.toml": WORDS, name: text})
