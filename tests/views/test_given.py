"""What is entered when a form is made: taken strictly, marked, and never over what was signed."""

from __future__ import annotations

import re
import tomllib
from datetime import date

import pytest

from comity.docket.sections import Measure
from comity.errors import BadLaw, Conflict, Malformed
from comity.law.forms import LANGUAGES, open_forms
from comity.node.pdf import render
from comity.views.forms.check import check
from comity.views.forms.fill import FilledForm, fill
from comity.views.forms.given import MAX_TEXT, given_template
from comity.views.forms.lines import said
from comity.views.forms.typeset import to_typst
from tests.views.matters import GIVEN, book, complete, matter_under, request_under, sent, world
from tests.views.test_forms import ALL, FORM, WORDS
from tests.views.test_print import text_of


def made(form_id: str, given: dict[str, object], audience: str = "addressee") -> FilledForm:
    return fill(
        book().form(form_id), complete(form_id), world().law, world().directory,
        audience="authority" if audience == "authority" else "addressee", given=given,
    )  # fmt: skip


def answers(form: FilledForm, field_id: str, language: str = "en") -> list[tuple[str, bool | None]]:
    (field,) = [f for s in form.sections for f in s.fields if f.field.id == field_id]
    return [(said(x.text, language), x.ticked) for x in field.lines]


def test_each_type_is_taken_and_written_in_the_language_of_the_form() -> None:
    given = {"offence_count": 11, "decision_kind": "judgment", "presence": ["counsel", "retrial"], "property": " Car "}
    form = made("eaw", given)
    assert answers(form, "offence_count") == [("11", None)]
    assert answers(form, "decision_kind", "de") == [("vollstreckbares Urteil", None)]
    assert [ticked for _, ticked in answers(form, "presence")] == [False, False, True, False, True]
    assert answers(form, "property") == [("Car", None)]
    assert answers(made("epoc", {"readdressed": True}), "readdressed", "fr") == [("oui", True), ("non", False)]
    assert [f.field.id for _, f in form.given] == ["decision_kind", "presence", "offence_count", "property"]


def test_a_date_is_a_date_of_toml_or_its_text() -> None:
    dated = FORM.replace('{ id = "a" }', '{ id = "a", type = "date" }')
    form = open_forms({"words.toml": WORDS, "f.toml": dated}).form("f")
    taken: tuple[object, ...] = (date(2027, 1, 31), "2027-01-31")
    for value in taken:
        filled = fill(form, sent(), world().law, world().directory, given={"a": value})
        assert said(filled.sections[0].fields[0].lines[0].text, "de") == "31.01.2027"
    refused: tuple[object, ...] = ("31.01.2027", "20270131", "2027-01-31T00:00", "2027-W04-7", 20270131, "٢٠٢٧-٠١-٣١")
    for value in refused:
        with pytest.raises(Malformed, match=r"a \(section A\) is not a date"):
            fill(form, sent(), world().law, world().directory, given={"a": value})


WRONG = [
    ("eaw", {"offence_count": "eleven"}, r"offence_count \(section e\) is not a whole number"),
    ("eaw", {"offence_count": True}, r"offence_count \(section e\) is not a whole number"),
    ("eaw", {"offence_count": -1}, r"offence_count \(section e\) is not a whole number"),
    ("eaw", {"decision_kind": "warrant"}, r"decision_kind \(section b\) is not one of arrest_warrant, judgment"),
    ("eaw", {"decision_kind": ["judgment"]}, r"decision_kind \(section b\) is not one of"),
    ("eaw", {"presence": ["present", "present"]}, r"presence \(section d\) is not one of"),
    ("eaw", {"presence": []}, r"presence \(section d\) is not one of"),
    ("eaw", {"contact": 7}, r"contact \(section i\) is not a text"),
    ("eaw", {"contact": "   "}, r"contact \(section i\) is not a text"),
    ("eaw", {"contact": "x" * (MAX_TEXT + 1)}, r"contact \(section i\) is not a text"),
    ("eaw", {"contact": {"street": "x"}}, r"contact \(section i\) is not a text"),
    ("epoc", {"readdressed": "yes"}, r"readdressed \(section B\) is not true or false"),
    ("eaw", {"colour": "red"}, "eaw has no field 'colour'"),
    ("eio_annex_a", {"h1_consent": "given"}, r"h1_consent \(section H1\) cannot .* temporary_transfer only"),
]


@pytest.mark.parametrize(("form_id", "given", "message"), WRONG, ids=[str(w[1])[:40] for w in WRONG])
def test_what_does_not_fit_is_refused_with_field_section_and_next_step(
    form_id: str, given: dict[str, object], message: str
) -> None:
    with pytest.raises(Malformed, match=message) as caught:
        made(form_id, given)
    assert caught.value.next_step


def test_what_can_be_entered_is_named_when_something_cannot() -> None:
    with pytest.raises(Malformed) as caught:
        made("eaw", {"colour": "red"})
    assert "national_decision (section b)" in caught.value.next_step
    with pytest.raises(Malformed, match="no field") as caught:
        made("eio_annex_b", {"colour": "red"})
    assert caught.value.next_step == "All of this form is taken from the docket."


@pytest.mark.parametrize("form_id", ALL)
def test_nothing_that_the_docket_holds_is_overruled(form_id: str) -> None:
    """Whatever the value: also where the docket says nothing under this field."""
    form = book().form(form_id)
    for section in form.sections:
        for field in section.fields:
            if field.source:
                with pytest.raises(Conflict, match=rf"{field.id} \(section {section.letter}\)") as caught:
                    made(form_id, {field.id: "x"}, "authority")
                assert "request.revise" in caught.value.next_step


def test_a_step_taken_elsewhere_is_entered_only_where_the_docket_has_none() -> None:
    form, answered = book().form("e_evidence_annex_iii"), complete("e_evidence_annex_iii")
    given = {
        "refusal_ground": "not_stored", "refusal_reasons": "Deleted.", "official": "A. Person", "signature": "On paper",
    }
    filled = fill(form, matter_under("e_evidence"), world().law, world().directory, given=given)
    assert check(filled, world().law, "DE", "de") == ()
    assert {f.field.id for _, f in filled.given} == set(given)
    for name, value in given.items():
        with pytest.raises(Conflict, match="taken from the docket"):
            fill(form, answered, world().law, world().directory, given={name: value})


def test_what_is_left_empty_is_not_given() -> None:
    form = made("eaw", {"offence_count": "", "contact": ""})
    assert form.given == ()
    assert "contact" in {p.field for p in check(form, world().law, "IE", "en")}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form_id", ALL)
def test_the_template_names_every_field_and_gives_nothing(form_id: str, language: str) -> None:
    form = book().form(form_id)
    text = given_template(form, book(), language)
    values = tomllib.loads(text)
    assert list(values) == [f.id for s in form.sections for f in s.fields if f.open]
    assert set(values.values()) <= {""}
    for section in form.sections:
        for field in section.fields:
            if field.open:
                before = text[: text.index(f"\n{field.id} = ")]
                assert f"# {said(book().label(field), language)}\n" in before
                headings = re.findall(r"\n\n# (\w+)  ", before)
                assert headings[-1] == section.letter
    assert made(form_id, {k: v for k, v in values.items() if not k.startswith("h")}).given == ()


def test_a_section_kept_from_the_addressee_takes_nothing_for_them() -> None:
    kept = FORM.replace('letter = "A"', 'letter = "A"\naudience = "authority"')
    form = open_forms({"words.toml": WORDS, "f.toml": kept}).form("f")
    with pytest.raises(Malformed, match=r"a \(section A\) cannot be entered: the section is kept"):
        fill(form, sent(), world().law, world().directory, given={"a": "x"})
    assert fill(form, sent(), world().law, world().directory, given={"a": "x"}, audience="authority").given


@pytest.mark.parametrize("kind", ["persons", "authority", "time"])
def test_a_field_that_nobody_can_enter_is_no_definition(kind: str) -> None:
    with pytest.raises(BadLaw, match="nobody can enter a"):
        open_forms({"words.toml": WORDS, "f.toml": FORM.replace('{ id = "a" }', f'{{ id = "a", type = "{kind}" }}')})


def test_what_was_given_is_marked_in_print_with_its_sections() -> None:
    text = " ".join(text_of(render(to_typst(made("eaw", GIVEN["eaw"]), "en"))).split())
    assert "not part of the signed record. (b, e, i)" in text
    assert "Number of offences †" in text
    assert "Summary of the facts †" not in text


def test_hostile_text_that_is_given_stays_text() -> None:
    for hostile in ('"); #panic("out")', "#read(\"/etc/passwd\")", "a\u202eb", "line\nline"):
        assert render(to_typst(made("eaw", {**GIVEN["eaw"], "contact": hostile}), "en"))


def test_a_warrant_to_serve_a_sentence_tells_of_the_trial() -> None:
    sentence = Measure(id="surrender_sentence", category="person", description="Three years")
    docket = matter_under("eaw", measures=(sentence,))
    form = fill(book().form("eaw"), docket, world().law, world().directory, given=GIVEN["eaw"])
    missing = {p.field for p in check(form, world().law, "IE", "en")}
    assert missing == {"imposed", "remaining", "presence"}


def test_an_order_for_what_a_prosecutor_may_not_order_alone_is_validated() -> None:
    """Traffic and content need a judge; subscriber data do not (Regulation (EU) 2023/1543 art 4(1)-(2))."""
    needs = {}
    for measure, category in (("produce_content", "content"), ("produce_subscriber", "subscriber")):
        asked = Measure(id=measure, category=category, description="x", targets=("a",), holder="b")
        draft = request_under("e_evidence", measures=(asked,))
        docket = matter_under("e_evidence", measures=draft.measures)
        form = fill(book().form("epoc"), docket, world().law, world().directory)
        needs[measure] = {f.field.id for f in form.section("J").fields if f.needed}
    assert needs["produce_subscriber"] == set()
    assert {"validated_by", "validating_signature"} <= needs["produce_content"]
