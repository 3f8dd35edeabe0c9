"""`comity show --form` against a node that runs as a process of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comity.cli import run
from comity.cli.client import NodeClient
from comity.cli.demo.scene import Scene, set_scene
from comity.cli.demo.script import packaged_matters
from comity.cli.filing import file_step
from comity.cli.matter import find_step, read_form

DOCKET = "request:official-forms"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A node of DE at which the demonstration's order was drafted; nothing crosses a border here."""
    made = set_scene(tmp_path_factory.mktemp("forms") / "scene", cadence=0.2)
    try:
        made.start("de-witness")
        made.start("de-node")
        client = NodeClient(made.url("DE"), made.signer("DE", "prosecutor"))
        file_step(client, find_step("request.draft"), read_form(packaged_matters()[0] / "draft.toml"), [], DOCKET)
        yield made
    finally:
        made.stop_all()


Show = Callable[..., tuple[int, str]]


@pytest.fixture
def show(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Show:  # fmt: skip
    """`comity show` of the docket, in an empty folder: how it ended, and what it said."""
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("COMITY_")]:
        monkeypatch.delenv(name)
    whose = ["--as", str(scene.folder / "hands" / "de-prosecutor.key"), "--node", scene.url("DE")]
    whose += ["--passphrase-file", str(scene.folder / "passphrases" / "hands")]

    def shown(*options: str) -> tuple[int, str]:
        code = run(["show", DOCKET, *options, *whose])
        said = capsys.readouterr()
        return code, said.out + said.err

    return shown


@pytest.mark.slow
def test_a_form_is_listed_and_written(show: Show, tmp_path: Path) -> None:
    code, said = show("--forms")
    assert code == 0, said
    assert "eio_annex_a" in said
    assert "Section A lacks" in said  # of the confirmation of receipt, which nobody has given yet
    assert show("--form", "eio_annex_a")[0] == 0
    assert (tmp_path / "eio_annex_a-fr.pdf").read_bytes().startswith(b"%PDF-")  # France accepts French
    assert show("--form", "eio_annex_a")[0] == 5  # nothing is overwritten
    assert [p.name for p in tmp_path.iterdir()] == ["eio_annex_a-fr.pdf"]


@pytest.mark.slow
def test_what_is_missing_or_not_accepted_ends_with_1(show: Show, tmp_path: Path) -> None:
    code, said = show("--form", "eio_annex_b", "--out", "b.pdf")
    assert code == 1, said
    assert "Section " in said
    assert "Directive 2014/41/EU" in said
    code, said = show("--form", "eio_annex_a", "--language", "de", "--out", "a.pdf", "--json")
    assert code == 1, said
    assert "FR accepts fr" in json.loads(said)["problems"][0]["what"]
    assert {p.name for p in tmp_path.iterdir()} == {"a.pdf", "b.pdf"}  # written all the same, with the warning on it
    assert show("--form", "none")[0] == 3


@pytest.mark.slow
def test_what_no_record_holds_is_entered_from_a_file(show: Show, tmp_path: Path) -> None:
    given = tmp_path / "given.toml"
    assert run(["law", "form", "eio_annex_a", "--given-template", "--out", str(given)]) == 0
    code, said = show("--form", "eio_annex_a", "--given", str(given))
    assert code == 0, said
    assert "entered now" not in said  # an empty file gives nothing
    text = given.read_text(encoding="utf-8")
    given.write_text(text.replace('\ncontact = ""', '\ncontact = "Musterstraße 1"'), encoding="utf-8")
    code, said = show("--form", "eio_annex_a", "--given", str(given), "--out", "given.pdf")
    assert code == 0, said
    assert "† entered now, in no record: contact (K)" in said
    given.write_text('reference = "Another"', encoding="utf-8")
    code, said = show("--form", "eio_annex_a", "--given", str(given), "--out", "wrong.pdf")
    assert code == 5, said
    assert "Leave it out" in said
    assert {p.name for p in tmp_path.iterdir()} == {"given.toml", "eio_annex_a-fr.pdf", "given.pdf"}


def test_a_form_tells_what_it_asks_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["law", "form", "epoc", "--language", "de"]) == 0
    said = capsys.readouterr().out
    assert "M  Weitere Angaben nur für die Vollstreckungsbehörde" in said
    assert "notice_justified: Kurze Begründung des Aufschubs" in said
    assert run(["law", "form", "epoc", "--json"]) == 0
    form = json.loads(capsys.readouterr().out)
    fields = {f["id"]: f for s in form["sections"] for f in s["fields"]}
    assert fields["notice_justified"]["given"] is True
    assert (fields["reference"]["given"], fields["reference"]["source"]) == (False, "request.reference")


def test_the_template_is_written_whole_or_not_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["law", "form", "eaw", "--given-template", "--language", "es"]) == 0
    printed = capsys.readouterr().out
    assert 'offence_count = ""' in printed
    assert "# Número de infracciones\n# a whole number; required\n" in printed
    out = tmp_path / "given.toml"
    assert run(["law", "form", "eaw", "--given-template", "--language", "es", "--out", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == printed
    assert run(["law", "form", "eaw", "--given-template", "--out", str(out)]) == 5
    assert run(["law", "form", "eaw", "--language", "nl"]) == 3
    assert run(["law", "form", "nothing"]) == 3
