"""The demonstration's matters end well although nodes are killed again and again: nothing lost, nothing doubled."""

from __future__ import annotations

import random
import re
import sqlite3
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from comity.cli.demo.driver import Driver
from comity.cli.demo.offline import check, flip_one_byte
from comity.cli.demo.scene import CODES, Scene, set_scene
from comity.cli.demo.script import packaged_matters, read_matter
from comity.cli.demo.telling import _TELLERS
from comity.errors import ComityError
from tests.house.source import ROOT

MOST_KILLS = 4


class Killer:
    """Kills a node in the middle of things, and starts it again a little later."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene, self.random, self.killed = scene, random.Random(seed), 0
        self.events: list[dict[str, Any]] = []
        self.threads: list[threading.Thread] = []

    def tell(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        busy = any(t.is_alive() for t in self.threads)
        if event["event"] == "act" and not busy and self.killed < MOST_KILLS and self.random.random() < 0.4:
            code = self.random.choice(CODES)
            self.threads.append(threading.Thread(target=self.strike, args=(code, self.random.uniform(0, 0.3))))
            self.threads[-1].start()

    def strike(self, code: str, after: float) -> None:
        threading.Event().wait(after)  # somewhere between composing, filing, entering, publishing and delivering
        self.scene.kill(f"{code.lower()}-node")
        self.killed += 1
        self.scene.start(f"{code.lower()}-node")

    def rest(self) -> None:
        for thread in self.threads:
            thread.join()


@pytest.mark.slow
@pytest.mark.timeout(300)  # on a machine that does much else
def test_killed_nodes_lose_and_double_nothing(tmp_path: Path) -> None:
    scene = set_scene(tmp_path / "scene", cadence=0.2)
    killer = Killer(scene, seed=7)
    folders = packaged_matters()
    first = read_matter(folders[0])
    try:
        scene.start_all()
        driver = Driver({code: scene.url(code) for code in CODES}, scene.signer, killer.tell)
        for folder in folders:
            driver.run(folder)
        killer.rest()
        assert killer.killed >= 3
        filed = [e["id"] for e in killer.events if e["event"] == "answer"]
        assert len(set(filed)) == len(filed)
        again = Driver({code: scene.url(code) for code in CODES}, scene.signer, lambda _: None)
        for folder in folders:
            again.run(folder)  # a driver that starts anew finds every act done, and does none again
        check_events(killer.events)
        check_dockets(driver, killer.events, [read_matter(f).docket for f in folders])
        driver.package(first.docket, "DE", "prosecutor", tmp_path / "package.zip")
    finally:
        killer.rest()
        scene.stop_all()
    check(tmp_path / "package.zip", scene.anchors, lambda event: check_events([event]), expect=0)
    flip_one_byte(tmp_path / "package.zip", tmp_path / "altered.zip")
    check(tmp_path / "altered.zip", scene.anchors, lambda _: None, expect=4)
    check_guard(scene)


def documented() -> dict[str, set[str]]:
    """The events of ``comity demo --json`` and what each holds, as docs/cli.md has it."""
    told: dict[str, set[str]] = {}
    section = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8").partition("`comity demo --json`")[2]
    for event, fields in re.findall(r"^\| `(\w+)` \| (.*?) \|", section.partition("\n## ")[0], re.MULTILINE):
        told[event] = set(re.findall(r"`(\w+)`", fields)) - {"act"} | (told["act"] if "as `act`" in fields else set())
    return told


def test_every_event_is_documented_and_no_other() -> None:
    assert set(documented()) == set(_TELLERS)


def check_events(events: list[dict[str, Any]]) -> None:
    """Each holds what docs/cli.md says, and nothing else."""
    for event in events:
        assert set(event) - {"event"} == documented()[event["event"]], event["event"]


def check_guard(scene: Scene) -> None:
    """A row altered by hand: the node does not start, and says so with exit code 7."""
    database = sqlite3.connect(scene.folder / "de-node" / "data" / "node.db")
    with database:
        database.execute("UPDATE records SET effect = 1 WHERE effect = 0")
    database.close()
    scene.start("de-node")
    assert scene.running["de-node"].wait(timeout=30) == 7
    assert (
        "is not what was entered" in (scene.folder / "de-node.log").read_text()
        or "says something else" in (scene.folder / "de-node.log").read_text()
    )


def check_dockets(driver: Driver, events: list[dict[str, Any]], dockets: list[str]) -> None:
    """Each docket holds each answered act once, on its own side; what had effect, on both; one receipt per sending."""
    for docket in dockets:
        for code in CODES:
            entries = driver.client(code, "judge").docket(docket)["entries"]
            ids = [e["id"] for e in entries]
            assert len(set(ids)) == len(ids)
            mine = {e["id"] for e in events if e["event"] == "answer" and e["docket"] == docket and e["party"] == code}
            assert mine <= set(ids)
            steps = Counter(e["step"] for e in entries if e["effect"])
            assert steps["request.receipt"] <= steps["request.send"] == 1
            by_hand = [e for e in entries if e["holder"] and e["party"] == code]
            assert {e["id"] for e in by_hand} == mine


def test_a_package_that_fails_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "package.zip").write_bytes(b"PK")
    (tmp_path / "anchors.toml").write_text("")
    with pytest.raises(ComityError):
        check(tmp_path / "package.zip", tmp_path / "anchors.toml", lambda _: None, expect=0)
