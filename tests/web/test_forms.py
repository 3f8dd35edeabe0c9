"""Official forms over HTTP: listed, checked, printed, for nobody but who sees the contents."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from comity.docket.sections import Person
from comity.errors import BadLaw
from comity.law.forms import FormBook, load_forms, open_forms, read_forms
from comity.node import node as node_module
from comity.signing.canonical import canonical
from comity.views.forms.fill import fill
from comity.views.forms.typeset import to_typst
from tests.node.nodes import Nodes
from tests.web.house import DOCKET, House, house
from tests.world import eio_request

FORMS = f"/api/dockets/{DOCKET}/forms"
ANNEX_A = f"{FORMS}/eio_annex_a"


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("forms")) as made:
        made.file(made.who("DE", "prosecutor"), "request.draft", eio_request(language="fr"))
        yield made


def ask(at: House, path: str, accept: str = "application/json", role: str = "prosecutor") -> Any:
    return at.http["DE"].get(path, headers={**at.token(at.who("DE", role)), "Accept": accept})


def test_the_forms_of_the_instrument_are_listed_with_what_they_lack(at: House) -> None:
    found = ask(at, FORMS).json()
    assert (found["instrument"], [f["id"] for f in found["forms"]]) == ("eio", [f.id for f in load_forms().of("eio")])
    annex_a, annex_b = found["forms"][:2]
    assert (annex_a["language"], annex_a["problems"]) == ("fr", [])
    assert "missing" in {p["kind"] for p in annex_b["problems"]}  # nobody has confirmed receipt yet
    assert all(p["provision"] and p["what"] for f in found["forms"] for p in f["problems"])


def test_a_form_is_printed_in_the_language_of_the_executing_party(at: House) -> None:
    answer = ask(at, ANNEX_A, "application/pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-disposition"] == 'attachment; filename="eio_annex_a-fr.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    assert ask(at, ANNEX_A, "*/*").content == answer.content


def test_a_language_that_is_not_accepted_is_a_problem_and_stands_on_the_print(at: House) -> None:
    assert [p for p in ask(at, f"{ANNEX_A}?language=fr").json()["problems"] if p["kind"] == "language"] == []
    wrong = [p["what"] for p in ask(at, f"{ANNEX_A}?language=de").json()["problems"] if p["kind"] == "language"]
    assert wrong[0] == "FR accepts fr; the form is in 'de'."
    pdf = ask(at, f"{ANNEX_A}?language=de", "application/pdf").content
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    text = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30).stdout
    words = " ".join(text.decode().split())
    assert "FR akzeptiert fr; das Formular ist in „de“ verfasst." in words  # in the language of the form
    assert "accepts" not in words


def test_what_cannot_be_asked_says_why(at: House) -> None:
    for path, status in (
        (f"{FORMS}/nothing", 404),
        (f"{FORMS}/eaw", 409),  # of another instrument
        (f"{ANNEX_A}?audience=everybody", 400),
        (f"{ANNEX_A}?language=Deutsch%0A%0A", 400),
        (f"{FORMS.replace(DOCKET, 'request:none')}", 404),
    ):
        answer = ask(at, path)
        assert (answer.status_code, bool(answer.json()["next_step"])) == (status, True), path
    assert ask(at, f"{ANNEX_A}?language=it", "application/pdf").status_code == 404  # no labels in it


def give(at: House, body: Any, accept: str = "application/json", role: str = "prosecutor", path: str = ANNEX_A) -> Any:
    content = body if isinstance(body, bytes) else canonical({"given": body})
    headers = {**at.token(at.who("DE", role)), "Accept": accept}
    return at.http["DE"].post(path, headers=headers, content=content)


def test_what_no_record_holds_is_given_printed_and_kept_nowhere(at: House) -> None:
    registrar = at.open["DE"].registrar
    before = [e.id for e in registrar.docket(DOCKET).entries], at.open["DE"].log.tree.size
    given = {"contact": "Musterstraße 1, 99999 Musterstadt", "stamp": ""}
    answer = give(at, given)
    assert answer.json()["given"] == [{"section": "K", "field": "contact", "in_record": False}]
    assert (answer.json()["problems"], answer.json()["party"]) == ([], "FR")
    pdf = give(at, given, "application/pdf")
    assert (pdf.status_code, pdf.headers["cache-control"]) == (200, "no-store")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.content != ask(at, ANNEX_A, "application/pdf").content
    assert ask(at, ANNEX_A).json()["given"] == []
    assert ([e.id for e in registrar.docket(DOCKET).entries], at.open["DE"].log.tree.size) == before


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"facts": "Other"}, 409, "facts (section G) cannot be entered"),
        ({"colour": "red"}, 400, "eio_annex_a has no field"),
        ({"contact": 7}, 400, "contact (section K) is not a text"),
        ({"contact": None}, 400, "contact (section K) is not a text"),
        (b'{"given":{"contact":"a","contact":"b"}}', 400, "canonical"),
        (b'{"given":{"contact":1.5}}', 400, "float"),
        (b'{"given":{},"more":1}', 400, "more"),
        (b'{"given":[]}', 400, "object"),
        (b"{}", 400, "given"),
        (b"", 400, "JSON"),
        (b'{"given":{"contact":"' + b"x" * 300_000 + b'"}}', 400, "bytes"),
    ],
    ids=lambda x: str(x)[:40],
)
def test_what_may_not_be_given_is_refused(at: House, body: Any, status: int, said: str) -> None:
    answer = give(at, body)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert answer.json()["next_step"]


def test_giving_has_the_guard_of_reading(at: House) -> None:
    assert give(at, {}, role="judge").status_code == 200
    assert give(at, {}, role="oversight").status_code == 403
    contact = at.world.who("DE", "officer", "contact")
    assert at.http["DE"].post(ANNEX_A, headers=at.token(contact), content=b'{"given":{}}').status_code == 404
    assert at.http["DE"].post(ANNEX_A, content=b'{"given":{}}').status_code == 403


def test_a_form_that_goes_back_is_in_the_language_of_who_asked(at: House) -> None:
    """The acknowledgement goes to DE, whatever language the order to FR is in."""
    answer = ask(at, f"{FORMS}/eio_annex_b").json()
    assert (answer["party"], answer["language"]) == ("DE", "de")
    assert {p["kind"] for p in answer["problems"]} == {"missing"}
    french = ask(at, f"{FORMS}/eio_annex_b?language=fr").json()["problems"]
    assert [p["words"]["fr"] for p in french if p["kind"] == "language"] == [
        "DE accepte de ; le formulaire est en « fr »."
    ]


def test_only_who_sees_the_contents_gets_a_form(at: House) -> None:
    contact = at.world.who("DE", "officer", "contact")
    for path in (FORMS, ANNEX_A):
        for accept in ("application/json", "application/pdf"):
            assert ask(at, path, accept, "judge").status_code == 200
            assert ask(at, path, accept, "oversight").status_code == 403
            headers = {**at.token(contact), "Accept": accept}
            assert at.http["DE"].get(path, headers=headers).status_code == 404


def test_a_node_with_a_broken_form_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = read_forms(files("comity.law") / "data")

    def broken() -> FormBook:
        return open_forms({n: t.replace("request.reference", "request.referenze") for n, t in texts.items()})

    monkeypatch.setattr(node_module, "load_forms", broken)
    nodes = Nodes(tmp_path)
    try:
        with pytest.raises(BadLaw, match=r"forms/\w+\.toml: .*referenze") as caught:
            nodes.open("DE")
        assert caught.value.next_step
    finally:
        nodes.close()


def test_what_a_prosecutor_reads_is_in_their_words(at: House) -> None:
    """Dates of birth as dates are written, a language by its name, each measure apart from the one before."""
    person, year = Person(role="suspect", name="A", born="1980-01-31"), Person(role="witness", name="B", born="1980")
    request = eio_request(language="fr", persons=(person, year))
    at.file(at.who("DE", "prosecutor"), "request.draft", request, "request:words-01")
    docket = at.open["DE"].registrar.docket("request:words-01")
    source = to_typst(fill(load_forms().form("eio_annex_a"), docket, at.open["DE"].law, at.open["DE"].directory), "fr")
    assert 'answer("Date de naissance", "", "31/01/1980")' in source
    assert 'answer("Date de naissance", "", "1980")' in source
    assert 'answer("", "", "français")' in source
    assert source.count('"témoin", gap: 6pt)') == 1
