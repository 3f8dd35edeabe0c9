"""Printed forms: a person's text stays text, every letter is printed, the same form gives the same bytes."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.docket.docket import Docket
from comity.docket.sections import Offence, Person
from comity.errors import Malformed, NotFound
from comity.law.forms import LANGUAGES
from comity.node.pdf import render
from comity.views.forms.typeset import quote, to_typst
from tests.views.matters import book, entered, filled, sent, with_notice_deferred
from tests.views.test_forms import ALL, LETTERS
from tests.world import eio_request

HOSTILE = [
    '"); #panic("out")',
    '\\"); #panic("out") //',
    "#import \"/etc/passwd\"",
    '#read("/etc/passwd")',
    "$x^2$ *bold* _it_ `raw` @ref <label> // comment /* more */ ~ --- ...",
    "]})#eval(\"1+1\")",
    "\\u{41} \\n \\",
    "= Section Z",
    "a\nb\r\nc",
]


def hostile(text: str) -> Docket:
    """A request with ``text`` wherever a person writes freely."""
    request = eio_request(
        facts=text, reference=text, confidentiality=text, offence=Offence(description=text, code=text),
        persons=(Person(role=text, name=text, identifiers=(text,)),),
    )
    return entered(Docket("request:hostile"), "request.draft", request)


def text_of(pdf: bytes) -> str:
    """The text of a PDF, by poppler."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    return done.stdout.decode()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form_id", ALL)
def test_every_form_prints_in_every_language_with_every_letter(form_id: str, language: str) -> None:
    source = to_typst(filled(form_id), language)
    assert re.findall(r'^#section\("(\w+)"', source, re.MULTILINE) == LETTERS[form_id].split()
    pdf = render(source)
    assert pdf.startswith(b"%PDF-")
    assert b"pdfuaid:part" in pdf
    assert b"pdfaid:part" in pdf


@pytest.mark.parametrize("language", ["de", "fr", "es"])
@pytest.mark.parametrize("form_id", ALL)
def test_provisions_are_cited_in_the_language_of_the_form(form_id: str, language: str) -> None:
    source = to_typst(filled(form_id), language)
    cited = " ".join(re.findall(r'#field\("[^"]*", "([^"]*)"', source))
    english = ["Directive", "Regulation", "Framework", "Annex ", " art ", " arts "]
    english += [] if language == "fr" else ["section"]
    assert cited
    assert [word for word in english if word in cited] == []


def test_a_citation_keeps_its_numbers() -> None:
    assert "Richtlinie 2014/41/EU Art. 5(1)(a)" in to_typst(filled("eio_annex_a"), "de")
    assert "directive 2014/41/UE art. 5(1)(a)" in to_typst(filled("eio_annex_a"), "fr")
    assert "Decisión Marco 2002/584/JAI art. 4a" in to_typst(filled("eaw"), "es")
    assert "Framework Decision 2002/584/JHA art 4a" in to_typst(filled("eaw"), "en")


def test_a_person_stays_on_one_page_and_what_is_too_long_may_break() -> None:
    persons = tuple(Person(role="suspect", name=f"Max Mustermann {n}", born="1980-01-01") for n in range(40))
    request = eio_request(persons=(*persons, Person(role="suspect", name="Long", identifiers=("x" * 700,))))
    docket = entered(Docket("request:many"), "request.draft", request)
    source = to_typst(filled("eio_annex_a", docket), "en")
    kept = [group for group in source.split("kept(")[1:] if "Mustermann" in group.split("kept(")[0]]
    assert len(kept) == 40
    assert 'kept(answer("Capacity", "", "suspect", gap: 6pt), answer("Name", "", "Long")' not in source
    pages = text_of(render(source)).split("\f")
    assert all(page.count("Mustermann ") == page.count("01/01/1980") for page in pages)


@pytest.mark.parametrize("form_id", ALL)
def test_every_letter_stands_in_the_text_of_the_pdf(form_id: str) -> None:
    form = book().form(form_id)
    text = text_of(render(to_typst(filled(form_id), "en")))
    words = " ".join(text.split())
    for section in form.sections:
        assert f"{section.letter} {section.title['en']}" in words


def test_footer_names_form_page_docket_and_records() -> None:
    form = filled("eio_annex_a")
    pages = text_of(render(to_typst(form, "fr"))).rstrip("\f").split("\f")
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        assert f"Page {number} / {len(pages)}" in page
        for wanted in ("EIO, Annex A", sent().id, *form.records):
            assert wanted in page


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    pdf = text_of(render(to_typst(filled("eio_annex_a", hostile(text)), "en")))
    printed = "".join(pdf.split()).replace("\u200b", "")
    for line in text.splitlines():
        assert "".join(line.split()) in printed


def unquoted(literal: str) -> str:
    """What typst reads in a string literal, by its own rule: a backslash takes the next character."""
    assert literal[0] == literal[-1] == '"'
    inner, out, i = literal[1:-1], [], 0
    while i < len(inner):
        assert inner[i] != '"', "the literal ends too early"
        i += inner[i] == "\\"
        out.append(inner[i])
        i += 1
    return "".join(out)


@given(st.text(st.characters(codec="utf-8"), max_size=120))
@settings(max_examples=200)
def test_a_literal_ends_where_it_should_and_holds_what_was_said(text: str) -> None:
    literal = quote(text)
    assert "\n" not in literal
    visible = [c for c in text if c.isprintable() and c != "\t"]
    shown = iter(unquoted(literal))
    assert all(c in shown for c in visible)  # in order, nothing left out


@given(st.text(st.sampled_from('"\\#[](){}$*_`<>@=~/-\n \tab'), max_size=60))
@settings(max_examples=25)
def test_any_text_compiles_and_reaches_no_code(text: str) -> None:
    assert render(to_typst(filled("eio_annex_a", hostile(text)), "en"))


@pytest.mark.parametrize("char", ["\u202e", "\u200b", "\x00", "\x1b", "\ufeff", "\u2066", "\ue000", "\u2028"])
def test_characters_that_deceive_the_eye_are_shown(char: str) -> None:
    assert quote(f"a{char}b") == f'"a[U+{ord(char):04X}]b"'


def test_a_lone_surrogate_is_shown_and_does_not_stop_the_print() -> None:
    assert render(to_typst(filled("eio_annex_a", hostile_facts("a\ud800b")), "en"))


def hostile_facts(text: str) -> Docket:
    draft = sent().latest("request.draft")
    assert draft is not None
    return Docket("request:facts").with_entry(replace(draft, body=eio_request(facts=text)))


def test_what_is_withheld_from_the_addressee_is_not_in_the_source() -> None:
    docket = with_notice_deferred(facts="FACTS NOT FOR THE PROVIDER")
    for_provider = to_typst(filled("epoc", docket), "de")
    assert "SECRET" not in for_provider
    assert "FACTS" not in for_provider
    assert "Nicht für den Adressaten bestimmt" in for_provider
    assert "FACTS NOT FOR THE PROVIDER" in to_typst(filled("epoc", docket, "authority"), "de")


def test_the_same_form_gives_the_same_bytes() -> None:
    source = to_typst(filled("eio_annex_a"), "es")
    assert source == to_typst(filled("eio_annex_a"), "es")
    assert render(source) == render(source)


def test_long_text_flows_over_pages_and_long_words_break() -> None:
    docket = hostile_facts("Sentence. " * 2000 + "\n" + "W" * 400 + "\nTHE END")
    text = text_of(render(to_typst(filled("eio_annex_a", docket), "en")))
    assert text.count("Sentence.") == 2000
    assert "THE END" in text
    assert text.replace("\u200b", "").count("W") >= 400


def test_missing_fields_are_printed_as_missing() -> None:
    assert "(manquant)" in to_typst(filled("eio_annex_a", hostile_facts("")), "fr")
    assert "(manquant)" not in to_typst(filled("eio_annex_a"), "fr")


def test_unverified_forms_and_hand_entries_say_so_in_print() -> None:
    assert "not settled law" in to_typst(filled("freezing_certificate"), "en")
    assert "not settled law" not in to_typst(filled("eio_annex_a"), "en")
    assert "not part of the signed record" in to_typst(filled("eaw"), "en")
    assert "not part of the signed record" not in to_typst(filled("eio_annex_a"), "en")


def test_no_labels_no_form() -> None:
    with pytest.raises(NotFound, match="'nl'"):
        to_typst(filled("eio_annex_a"), "nl")


def test_a_name_that_no_font_can_show_is_not_left_out() -> None:
    with pytest.raises(Malformed, match="font"):
        render(to_typst(filled("eio_annex_a", hostile_facts("名前")), "en"))


@pytest.mark.parametrize("source", ["#panic()", "#", '#read("pyproject.toml")', '#read("/pyproject.toml")', "#let"])
def test_a_source_that_cannot_be_set_is_refused(source: str) -> None:
    with pytest.raises(Malformed, match="cannot be printed"):
        render(source)
