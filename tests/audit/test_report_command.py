"""Recomputing a report as the documents say it: every such command of theirs, over HTTP, against a real node's log."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from comity.cli import report_audit
from comity.errors import Malformed, NotFound, Unverified
from comity.node.publishing.reports import FOLDER
from comity.package.report_files import NOTE
from comity.proceedings.statistics import ReportMade
from comity.signing.canonical import canonical
from tests.audit.test_command import run, serving
from tests.node.certificates import WorldWithProviders, state
from tests.node.nodes import START, Nodes
from tests.node.test_reports import export, make
from tests.world import origin

DOCUMENTS = [Path(__file__).parents[2] / "docs" / name for name in ("verify-a-node.md", "statistics.md")]
LINES = [
    line
    for document in DOCUMENTS
    for line in re.findall(r"^\$ comity audit (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    if "--report" in line
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A static copy of a node's log and report, served over HTTP; policy, report and acts in the reader's folder."""
    nodes = Nodes(tmp_path / "nodes", world=WorldWithProviders())
    node = nodes.open("DE")
    for number in range(6):
        state(nodes, node, f"statistics:stated-{number:04d}")
    nodes.settle()
    assert isinstance(make(nodes, node, "2027"), ReportMade)
    export(node, tmp_path / "log")
    reader = tmp_path / "reader"
    reader.mkdir()
    (reader / "policy.txt").write_text(nodes.policy("DE"))
    (reader / NOTE).write_bytes((tmp_path / "log" / FOLDER / "2027" / NOTE).read_bytes())
    (reader / "acts.json").write_bytes(canonical(node.reports.openings("2027")))
    nodes.close()
    monkeypatch.chdir(reader)
    monkeypatch.setattr(report_audit, "now", lambda: int(START.timestamp()) + 60)
    with serving(Starlette(routes=[Mount("/log", StaticFiles(directory=tmp_path / "log"))])) as url:
        yield url


def test_every_command_of_the_documents_runs(place: str) -> None:
    assert len(LINES) == 3
    for line in LINES:
        code, said = run(*(re.sub(r"https://\w+\.example", place, word) for word in shlex.split(line)))
        assert code == 0, said
        assert "follow from the log, bit for bit" in said


def test_what_is_no_report_of_a_trusted_log_has_a_next_step(place: str, tmp_path: Path) -> None:
    policy = ("--policy", "policy.txt")
    Path("empty").write_bytes(b"")
    Path("other.txt").write_text(Path("policy.txt").read_text().replace(origin("DE"), origin("FR")))
    Path("forged").write_bytes(Path(NOTE).read_bytes().replace(b'"request":6', b'"request":7'))
    for words, error in [
        ((place, *policy, "--report", "nowhere"), NotFound),
        ((place, *policy, "--report", "empty"), Malformed),
        ((place, *policy, "--report", "policy.txt"), Malformed),
        ((place, *policy, "--report", "forged"), Unverified),
        ((place, "--report", NOTE), Malformed),
        ((str(tmp_path / "reader"), *policy, "--report", NOTE), NotFound),
        ((place, *policy, "--report", NOTE, "--openings", "nowhere"), NotFound),
    ]:
        with pytest.raises(error) as caught:
            run(*words)
        assert caught.value.next_step, words
