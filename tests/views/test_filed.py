"""Every official form, complete, from a matter as its user writes and files it: real nodes, real hands, `comity show`.

The matters are files in `as_filed`. `MUST` says what each form must hold in each matter (law reference section 22); a
field that is dropped from a form, or from a matter, is found here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comity.cli.forms import read_values
from comity.docket.docket import Docket
from comity.law.book import load_law
from comity.law.forms import load_forms
from comity.law.references import FORM_FIELDS
from comity.safeguards.form import _IF_ANY
from comity.views.forms.check import check
from comity.views.forms.fill import FilledForm, fill
from comity.views.forms.source import type_at
from tests.views.offices import MATTERS, Desk, desk
from tests.world import Who

OPENED_BY = {
    "eio": ("prosecutor", "prosecutor"), "eio_police": ("police", "officer"),
    "interception": ("prosecutor", "prosecutor"),
    "epoc": ("prosecutor", "prosecutor"), "epoc_pr": ("prosecutor", "prosecutor"), "eaw": ("prosecutor", "prosecutor"),
    "eaw_sentence": ("prosecutor", "prosecutor"), "freezing": ("prosecutor", "prosecutor"),
    "untoc": ("central", "officer"), "uncac": ("central", "officer"),
}  # fmt: skip
"""Matter -> office and role of whoever drafts it."""

LANGUAGE = {
    "eio_annex_a": "fr", "eio_annex_b": "de", "eio_annex_c": "fr", "epoc": "fr", "epoc_pr": "en",
    "e_evidence_annex_iii": "de", "eaw": "es", "freezing_certificate": "es", "un_request": "en",
}  # fmt: skip
"""The language that each form comes out in unasked: one that the Party it goes to accepts."""

_EIO = {
    "A": "issuing_state executing_state executing_authority", "B": "urgent", "C": "measure_types measures",
    "E": "persons", "F": "proceedings",
    "G": "facts offence offence_law max_years necessity proportionality domestic_provision",
    "H4": "h4_measures h4_reasons", "I": "language", "J": "remedy_sought remedies remedies_contact",
    "K": "issuing_authority issuing_kind reference official signature",
}  # fmt: skip
_EAW = {
    "a": "persons", "b": "decision_kind national_decision domestic_provision", "c": "max_years",
    "e": "offence_count facts offence_time offence_place participation offence offence_law",
    "i": "issuing_state issuing_authority issuing_kind official reference contact signature",
}  # fmt: skip
_UN = {
    "a": "requesting_state requesting_authority requested_state requested_authority reference date_issued legal_basis",
    "b": "proceedings offence official", "c": "facts offence_law", "d": "measures", "f": "purpose", "g": "signature",
}  # fmt: skip
MUST: dict[tuple[str, str], dict[str, str]] = {
    ("eio_annex_a", "eio"): _EIO,
    ("eio_annex_a", "eio_police"): {
        **_EIO, "L": "validating_authority validating_kind validated_by validating_signature",
    },
    ("eio_annex_b", "eio"): {
        "A": "issuing_authority reference date_issued date_received",
        "B": "executing_state executing_authority own_reference official", "C": "contact", "E": "signature",
    },
    ("eio_annex_c", "interception"): {
        "A": "notified_state notified_authority",
        "B": "intercepting_state intercepting_authority reference persons targets periods purpose", "C": "signature",
    },
    ("epoc", "epoc"): {
        "A": "issuing_state issuing_authority validating_authority reference", "B": "addressee addressee_state",
        "C": "urgent", "E": "targets", "F": "categories evidence_described periods",
        "G": "proceedings offence_law max_years", "H": "notice_mode notice_ground notice_justified",
        "I": "issuing_kind official signature", "J": "validating_kind validated_by validating_signature",
        "K": "notification notified_authority", "L": "data_receiver",
        "M": "facts necessity proportionality notice_reasons",
    },
    ("epoc_pr", "epoc_pr"): {
        "A": "issuing_state issuing_authority reference", "B": "addressee addressee_state", "C": "targets",
        "D": "categories evidence_described", "E": "proceedings offence_law notice_mode",
        "F": "issuing_kind official signature",
    },
    ("e_evidence_annex_iii", "epoc_pr"): {
        "A": "reference date_issued", "B": "issuing_state issuing_authority", "C": "addressee",
        "D": "refusal_ground refusal_reasons", "H": "official signature",
    },
    ("eaw", "eaw"): _EAW,
    ("eaw", "eaw_sentence"): {**_EAW, "c": "max_years imposed remaining", "d": "presence"},
    ("freezing_certificate", "freezing"): {
        "A": "issuing_state executing_state", "B": "urgent", "C": "property", "D": "persons",
        "E": "facts offence offence_law max_years necessity proportionality", "I": "remedies",
        "J": "issuing_authority issuing_kind reference official signature",
    },
    ("un_request", "untoc"): _UN,
    ("un_request", "uncac"): {**_UN, "h": "property order_copy execution_extent third_parties finality"},
}  # fmt: skip
CASES = sorted(MUST)


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("filed")) as made:
        for matter, (office, role) in OPENED_BY.items():
            made.open(matter, office, role)
        drafted = made.docket("eio").latest("request.draft")
        assert drafted is not None
        made.file("eio", "request.send", made.nodes.world.who("DE", "prosecutor"), MATTERS / "send.toml")
        made.file("eio", "request.acknowledge", made.nodes.world.who("FR", "prosecutor"))
        yield made


def given_of(form_id: str, matter: str) -> Path | None:
    path = MATTERS / matter / ("annex_iii.toml" if form_id == "e_evidence_annex_iii" else "given.toml")
    return path if path.exists() and form_id not in ("eio_annex_a", "eio_annex_b") else None


def whose(at: Desk, matter: str) -> Who:
    office, role = OPENED_BY[matter]
    return at.nodes.world.who("DE", role, office)


def made(at: Desk, form_id: str, matter: str, given: dict[str, Any] | None = None, docket: Any = None) -> FilledForm:
    path = given_of(form_id, matter)
    entered = given if given is not None else read_values(path) if path else {}
    node = at.opened["DE"]
    return fill(
        load_forms().form(form_id), docket or at.docket(matter), node.law, node.directory, audience="authority",
        given=entered,
    )  # fmt: skip


def missing(at: Desk, form: FilledForm) -> set[tuple[str, str]]:
    problems = check(form, at.opened["DE"].law, form.party, LANGUAGE[form.form.id])
    assert {p.kind for p in problems} <= {"missing"}
    return {(p.section, p.field) for p in problems}


@pytest.mark.parametrize(("form_id", "matter"), CASES)
def test_the_form_comes_out_complete(
    at: Desk, form_id: str, matter: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = given_of(form_id, matter)
    out = tmp_path / "form.pdf"
    options = ("--given", str(given)) if given else ()
    code = at.show(matter, whose(at, matter), "--form", form_id, "--out", str(out), "--json", *options)
    said = capfd.readouterr()
    assert code == 0, said
    answer = json.loads(said.out)
    assert (answer["problems"], answer["language"]) == ([], LANGUAGE[form_id])
    assert {g["field"] for g in answer["given"]} == set(read_values(given) if given else ())
    assert not any(g["in_record"] for g in answer["given"])
    assert out.read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(("form_id", "matter"), CASES)
def test_what_the_form_must_hold_is_this(at: Desk, form_id: str, matter: str) -> None:
    form = made(at, form_id, matter)
    needed = {s.section.letter: " ".join(f.field.id for f in s.fields if f.needed) for s in form.sections}
    assert {letter: fields for letter, fields in needed.items() if fields} == MUST[form_id, matter]


@pytest.mark.parametrize(("form_id", "matter"), CASES)
def test_each_mandatory_field_that_is_not_given_is_missed(at: Desk, form_id: str, matter: str) -> None:
    given = read_values(path) if (path := given_of(form_id, matter)) else {}
    due = {f.field.id: s.section.letter for s in made(at, form_id, matter).sections for f in s.fields if f.needed}
    for name in given.keys() & due.keys():
        form = made(at, form_id, matter, {k: v for k, v in given.items() if k != name})
        assert missing(at, form) == {(due[name], name)}


@pytest.mark.parametrize(("form_id", "matter"), CASES)
def test_each_mandatory_field_that_a_record_lacks_is_missed(at: Desk, form_id: str, matter: str) -> None:
    docket, dropped = at.docket(matter), 0
    for section in made(at, form_id, matter).sections:
        for field in section.fields:
            source = field.field.source
            if field.needed and not field.given and field.field.type != "signature" and can_be_blank(source):
                without = made(at, form_id, matter, docket=blanked(docket, source))
                assert (section.section.letter, field.field.id) in missing(at, without), source
                dropped += 1
    assert dropped >= (1 if form_id in ("eio_annex_b", "e_evidence_annex_iii") else 4)


def can_be_blank(source: str) -> bool:
    """Whether a body may lack it by its type: not a truth value, one of a few words, or what the record itself bears.

    Without the measures or the kind of notice other fields are no longer due; these are blanked by what stands in them.
    """
    kept = ("language", "offence.list_category", "basis.instrument", "addressee.party", "measures.id")
    if ".record." in source or source in {f"request.{k}" for k in kept}:
        return False
    return type_at(source) in (str, int | None, tuple[str, ...]) or source == "request.persons"


def blanked(docket: Docket, source: str) -> Docket:
    """The docket as if the last record of the source's step had never held this value."""
    root, *names = source.split(".")
    steps = {"request": ["request.draft"], "acknowledgement": ["request.acknowledge"]}.get(root, [])
    if root == "request" and names[0] in ("measures", "notice"):
        steps.append("request.authorise")  # what the judge authorised is what the form orders
    bare = Docket(docket.id)
    for entry in docket.entries:
        body = _blank(entry.body, names) if entry.step in steps else entry.body
        bare = bare.with_entry(replace(entry, body=body))
    return bare


def _blank(value: Any, names: list[str]) -> Any:
    if isinstance(value, tuple) and names:
        return tuple(_blank(v, names) for v in value)
    if names:
        return msgspec.structs.replace(value, **{names[0]: _blank(getattr(value, names[0]), names[1:])})
    return () if isinstance(value, tuple) else "" if isinstance(value, str) else None


@pytest.mark.parametrize("matter", ["epoc", "epoc_pr", "eaw", "freezing"])
def test_what_another_proceeding_carries_is_not_sent_as_a_request(at: Desk, matter: str) -> None:
    """A provider would read what section M keeps from it, and the clocks would be those of a request."""
    with pytest.raises(AssertionError, match="carried out by another proceeding"):
        at.file(matter, "request.send", at.nodes.world.who("DE", "prosecutor"), MATTERS / "send.toml")


def test_what_is_yet_to_be_entered_is_told(at: Desk, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert at.show("epoc", whose(at, "epoc"), "--form", "epoc", "--out", str(tmp_path / "form.pdf")) == 1
    said = " ".join(capfd.readouterr().out.split())
    assert "Section H lacks: Short justification of the delay" in said
    assert "you enter: comity law form epoc --given-template" in said


def test_what_overrules_the_docket_ends_with_5_and_writes_nothing(
    at: Desk, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given, out = tmp_path / "given.toml", tmp_path / "form.pdf"
    wrong = {
        'facts = "Other facts"': (5, "facts (section M) cannot be entered: it is taken from the docket"),
        'colour = "red"': (2, "epoc has no field 'colour'"),
        "platform = 1.5": (2, "platform (section L) is not a text"),
        "platform = [": (2, "given.toml cannot be read"),
    }
    for text, (expected, message) in wrong.items():
        given.write_text(text, encoding="utf-8")
        code = at.show("epoc", whose(at, "epoc"), "--form", "epoc", "--given", str(given), "--out", str(out))
        said = " ".join(capfd.readouterr().err.split())
        assert (code, message in said) == (expected, True), said
    assert at.show("epoc", whose(at, "epoc"), "--form", "epoc", "--given", "none.toml") == 3
    assert not out.exists()


def test_every_item_that_an_instrument_asks_for_is_in_a_section_of_a_request_or_known_to_be_elsewhere() -> None:
    fields = {c.field for i in load_law().instruments for c in i.contents}
    for field in fields - FORM_FIELDS:
        assert type_at(f"request.{field}") is not None
    assert fields >= _IF_ANY - {"confidentiality", "related"}
