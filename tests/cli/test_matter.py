"""Matters from files: days, exhibits, and what the docket already says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from comity.cli.demo.script import packaged_matters, read_matter
from comity.cli.matter import attach, fill_in, find_step, read_files, read_form, take_seal, to_body
from comity.errors import Malformed, NotFound
from comity.proceedings import bodies


def test_days_are_counted_from_today(tmp_path: Path) -> None:
    form = tmp_path / "f.toml"
    form.write_text('a = "@today"\nb = ["@today+90", "@today-1"]\nc = "mail@today+1"\n')
    today = datetime.now(UTC).date()
    assert read_form(form) == {
        "a": today.isoformat(),
        "b": [(today + timedelta(days=90)).isoformat(), (today - timedelta(days=1)).isoformat()],
        "c": "mail@today+1",
    }


def test_forms_are_toml_or_json_and_errors_name_the_place(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"outcome": "answered"}')
    assert read_files([tmp_path / "f.json"]) == ({"outcome": "answered"}, [])
    (tmp_path / "bad.toml").write_text("x = \n")
    with pytest.raises(Malformed, match=r"bad\.toml"):
        read_form(tmp_path / "bad.toml")
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(Malformed):
        read_form(tmp_path / "list.json")
    with pytest.raises(NotFound):
        read_files([tmp_path / "nowhere.toml"])


def test_unknown_sections_are_refused() -> None:
    with pytest.raises(Malformed, match="outcom"):
        to_body(find_step("request.close"), {"outcome": "answered", "outcom": "x"})
    with pytest.raises(Malformed, match=r"request\.receipt"):
        find_step("request.receipt")  # a step of the node itself


def entry(step: str, identifier: str, effect: bool = True, **contents: Any) -> dict[str, Any]:
    return {"step": step, "id": identifier, "effect": effect, "contents": contents}


DOCKET = {
    "entries": [
        entry("request.draft", "d1"),
        entry("request.revise", "d2", measures=[{"id": "m"}]),
        entry("request.revise", "d3", effect=False),
        entry("request.authorise", "a1", request="d2"),
        entry("request.produce", "p1", exhibits=[{"digest": "x"}]),
    ],
    "exhibits": [{"name": "statement.xml", "id": "sha256:1"}],
}


def test_what_the_docket_says_need_not_be_written() -> None:
    assert fill_in(find_step("request.send"), {}, DOCKET) == {"request": "d2", "authorisation": "a1"}
    assert fill_in(find_step("request.authorise"), {}, DOCKET)["measures"] == [{"id": "m"}]
    assert fill_in(find_step("request.authorise"), {"measures": []}, DOCKET)["measures"] == []
    assert fill_in(find_step("request.receive"), {}, DOCKET) == {"production": "p1", "digests": ["x"], "complete": True}
    assert fill_in(find_step("request.read"), {"exhibit": "statement.xml"}, DOCKET)["exhibit"] == "sha256:1"
    assert fill_in(find_step("request.draft"), {"a": 1}, None) == {"a": 1}


def test_an_authorisation_of_another_version_is_not_named() -> None:
    docket = {"entries": [*DOCKET["entries"], entry("request.revise", "d4")], "exhibits": []}
    assert fill_in(find_step("request.send"), {}, docket) == {"request": "d4"}


def test_exhibits_are_brought_in_once(tmp_path: Path) -> None:
    (tmp_path / "s.xml").write_bytes(b"<a/>")
    (tmp_path / "x.pdf").write_bytes(b"%PDF")
    brought: list[tuple[str, str]] = []

    def upload(path: Path, name: str, media_type: str) -> dict[str, Any]:
        brought.append((name, media_type))
        return {"id": f"sha256:{name}", "digest": f"sha256:{name}", "size": path.stat().st_size}

    values = {"exhibits": [{"file": str(tmp_path / "s.xml"), "measure": "m"}], "statement": "All of it."}
    filled = attach(values, [tmp_path / "s.xml", tmp_path / "x.pdf"], upload)
    assert brought == [("s.xml", "application/xml"), ("x.pdf", "application/pdf")]
    body = to_body(find_step("request.produce"), filled)
    assert isinstance(body, bodies.Production)
    assert [(x.name, x.size, x.measure) for x in body.exhibits] == [("s.xml", 4, "m"), ("x.pdf", 4, "")]


@pytest.mark.parametrize("folder", packaged_matters(), ids=lambda p: p.name)
def test_packaged_matters_fit_their_forms(folder: Path) -> None:
    matter = read_matter(folder)
    for act in matter.steps:
        if act.form:
            values = read_form(folder / act.form)
            known = {f.name for f in msgspec.structs.fields(find_step(act.step).body)}
            assert set(values) <= known, act.form
    used = {act.form for act in matter.steps if act.form} | {"matter.toml"}
    assert {p.name for p in folder.glob("*.toml")} == used


def test_a_month_is_inherited_said_in_the_form_or_left_out() -> None:
    """What is in the open always, and an emergency, inherits nothing; the line is no section of the form."""
    sealed = {"sealed_until": "2027-03-01", "entries": []}
    draft, order = find_step("request.draft"), find_step("request.extend_seal")
    assert take_seal(draft, {"x": 1}, None) == ({"x": 1}, None)
    assert take_seal(draft, {"x": 1, "sealed_until": "2027-05"}, None) == ({"x": 1}, date(2027, 5, 1))
    assert take_seal(draft, {}, sealed)[1] == date(2027, 3, 1)
    assert take_seal(draft, {"emergency": {}}, sealed)[1] is None
    assert take_seal(order, {}, sealed)[1] is None
    assert take_seal(order, {"sealed_until": "2027-06-01"}, sealed)[1] == date(2027, 6, 1)


@pytest.mark.parametrize("text", ["2027", "2027-13", "2027-00", "2027-03-02", "0000-01", "2027-3", "2027-03-01Z"])
def test_what_is_no_month_is_told(text: str) -> None:
    with pytest.raises(Malformed, match="no month"):
        take_seal(find_step("request.draft"), {"sealed_until": text}, None)


def test_an_order_about_a_seal_names_a_sealed_record_by_itself() -> None:
    entries = [
        {"id": "a", "effect": True, "step": "request.draft", "sealed_until": ""},
        {"id": "b", "effect": False, "step": "request.revise", "sealed_until": "2027-03-01"},
        {"id": "c", "effect": True, "step": "request.revise", "sealed_until": "2027-03-01"},
    ]
    assert fill_in(find_step("request.unseal"), {}, {"entries": entries})["record"] == "c"
