"""Asking a node for a report over HTTP, with the command's own client, and what is served beside the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comity.cli import report as command
from comity.errors import Unreachable
from comity.package.report_check import read_openings
from comity.signing.canonical import canonical
from tests.node.certificates import state
from tests.web.house import House, house

WANTED = {"period": "2027", "origin": "", "start": None, "end": None}


@pytest.fixture
def at(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        for number in range(6):
            state(made.nodes, made.open["DE"], f"statistics:stated-{number:04d}")
        yield made


class Client:
    """As `comity.cli.client.NodeClient`, for one official of the house; ``between`` happens before each question."""

    def __init__(self, at: House, role: str, between: Any = None) -> None:
        self.at, self.who, self.between = at, at.who("DE", role), between

    def raw(self, method: str, path: str, *, signed: bool, content: bytes) -> Any:
        if self.between is not None:
            self.between()
        return self.at.http["DE"].request(method, path, headers=self.at.token(self.who), content=content)


def test_the_command_asks_until_a_checkpoint_covers_what_is_counted(at: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PAUSE", 0)
    with pytest.raises(Unreachable, match="No checkpoint of 6 leaves"):
        command.make(Client(at, "prosecutor"), WANTED, wait=0)  # type: ignore[arg-type]
    rounds = iter([lambda: None, at.nodes.settle, lambda: None])
    made = command.make(Client(at, "prosecutor", lambda: next(rounds)()), WANTED, wait=60)  # type: ignore[arg-type]
    assert (made["period"], made["start"], made["end"]) == ("2027", 0, 6)
    assert command.make(Client(at, "oversight"), WANTED, wait=0) == made  # type: ignore[arg-type]


def test_what_is_made_is_served_beside_the_log_and_the_acts_to_oversight_alone(at: House) -> None:
    at.nodes.settle()
    command.make(Client(at, "prosecutor"), WANTED, wait=0)  # type: ignore[arg-type]
    http = at.http["DE"]
    (listed,) = json.loads(http.get("/log/reports/index.json").content)
    for name in listed["files"]:
        assert http.get(f"/log/reports/2027/{name}").status_code == 200
        assert http.get(f"/logs/0/reports/2027/{name}").status_code == 200
    assert http.get("/log/reports/2027/public-acts.csv").headers["content-type"].startswith("text/csv")
    assert read_openings(http.get("/log/reports/2027/openings.json").content).acts == ()
    assert http.get("/log/reports/2028/report.note").status_code == 404
    answer = at.get("DE", "/api/oversight/reports/2027", at.who("DE", "oversight"))
    assert len(read_openings(answer.content).acts) == 6
    assert at.get("DE", "/api/oversight/reports/2028", at.who("DE", "oversight")).status_code == 404


@pytest.mark.parametrize("body", [b"", b"{}", b'{"period": "2027"}', canonical({**WANTED, "more": 1}), b"x" * 5000])
def test_anything_else_asks_for_no_report(at: House, body: bytes) -> None:
    headers = at.token(at.who("DE", "prosecutor"))
    assert at.http["DE"].post("/api/reports", headers=headers, content=body).status_code == 400
