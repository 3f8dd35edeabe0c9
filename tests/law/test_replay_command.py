"""``comity law replay``: the findings of a package that another day's law, or other law files, would change."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from comity.cli.law import replay as law_replay
from comity.cli.law.command import law_app
from comity.law.files import packaged
from comity.package.anchors import write_anchors
from tests.package import samples


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lawyer's desk: a true package, anchors of their own, and this program's law files as a folder."""
    sides, data = samples.good()
    (tmp_path / "matter.zip").write_bytes(data)
    (tmp_path / "anchors.toml").write_text(write_anchors(samples.anchors(sides.world)), "utf-8")
    for name, text in packaged().items():
        path = tmp_path / "law" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "time", lambda: samples.NOW)
    monkeypatch.setattr(law_replay, "stay_offline", lambda: None)  # it lasts as long as the process
    return tmp_path


def ask(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "300"}).invoke(law_app, ["replay", "matter.zip", *arguments])


def told(*arguments: str) -> dict[str, list[dict[str, Any]]]:
    result = ask("--json", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, list[dict[str, Any]]] = json.loads(result.stdout)
    return found


@pytest.mark.usefixtures("desk")
def test_under_the_law_of_its_own_day_nothing_changes() -> None:
    assert told("--on", "2026-12-04") == {"DE": [], "FR": []}
    assert told("--law", "law") == {"DE": [], "FR": []}


@pytest.mark.usefixtures("desk")
def test_the_day_before_the_directive_applied_everything_falls_with_its_basis() -> None:
    for party, changes in told("--on", "2017-05-21").items():
        first = next(c for c in changes if c["weighs"])
        assert (first["step"], first["safeguard"]) == ("request.authorise", "legality_basis"), party
        assert (first["before"]["verdict"], first["after"]["verdict"]) == ("clear", "hold")
        assert "not in force" in first["after"]["why"]


def test_one_value_of_the_files_changes_the_findings_that_rest_on_it_and_no_other(desk: Path) -> None:
    path = desk / "law" / "standards.toml"
    text = path.read_text("utf-8")
    old = 'provision = "Directive (EU) 2016/680 art 6"'
    assert text.count(old) == 1
    path.write_text(text.replace(old, 'provision = "Directive (EU) 2016/680 art 6 as amended"'), "utf-8")
    for changes in told("--law", "law").values():
        assert {c["safeguard"] for c in changes} == {"accuracy_quality"}
        assert not any(c["weighs"] for c in changes)
        assert all("as amended" in c["after"]["provision"] for c in changes)


def test_nothing_is_said_of_a_package_that_does_not_hold(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask().exit_code != 0  # under which law?
    assert ask("--on", "2017-05-32").exit_code != 0
    monkeypatch.setattr(time, "time", lambda: 0)  # before any witness saw it
    result = ask("--on", "2017-05-21")
    assert result.exit_code == 4
    assert "Do not rely" in result.output


def test_what_was_withheld_stands_as_logged_and_what_follows_is_assessed(desk: Path) -> None:
    """Else everything after it would be out of order under either law, and no change would be seen."""
    sides, _ = samples.good()
    contents, whole = sides.contents(), told("--on", "2017-05-21")
    (bare,) = [r for r in contents.records if r.sealed.record.step == "request.acknowledge"]
    sealed = bare.sealed.withholding(frozenset(bare.sealed.record.sections))
    records = tuple(replace(r, sealed=sealed) if r is bare else r for r in contents.records)
    (desk / "matter.zip").write_bytes(samples.written(replace(contents, records=records)))
    result = ask("--json", "--on", "2017-05-21")
    assert json.loads(result.stdout) == whole  # its order needs no contents, and what it was found to be is logged
    assert result.stderr.count("contents are not here") == 2  # once for each side


@pytest.mark.usefixtures("desk")
def test_it_is_told_in_words() -> None:
    said = ask("--on", "2017-05-21").output
    assert "As DE assesses it:" in said
    assert "legality_basis: clear → hold" in said
