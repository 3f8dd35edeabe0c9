"""Runs matters through the HTTP interface of two nodes, as their officials would, and tells what happens.

Resumable: before each act it looks whether the docket has it already, and it asks until it is answered, so nodes may be
killed and restarted at any moment, and the driver itself as well.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from comity.cli.client import NodeClient
from comity.cli.demo.script import Act, Matter, read_matter
from comity.cli.filing import file_step
from comity.cli.matter import find_step, read_form
from comity.docket.finding import Finding, worst
from comity.errors import ComityError, NotFound, Tampered, Unreachable
from comity.signing.hand import Signer

PATIENCE = 60.0
Tell = Callable[[dict[str, Any]], None]
View = dict[str, Any]


@dataclass(slots=True)
class Driver:
    """Officials of both Parties at their nodes. ``tell`` gets one event after another."""

    urls: Mapping[str, str]
    hands: Callable[[str, str], Signer]
    tell: Tell
    patience: float = PATIENCE
    _clients: dict[tuple[str, str], NodeClient] = field(default_factory=dict)
    _done: dict[str, dict[str, str]] = field(default_factory=dict)  # docket -> record -> step, those with effect

    def run(self, folder: Path) -> Matter:
        """Run one matter to its end. Raises what the nodes answer, or Tampered when a matter takes another course."""
        matter = read_matter(folder)
        self.tell({"event": "matter", "title": matter.title, "docket": matter.docket, "parties": list(matter.parties)})
        taken: Counter[tuple[str, str, str, str]] = Counter()
        for act in matter.steps:
            docket = act.docket or matter.docket
            key = (docket, act.party, act.step, act.expect)
            taken[key] += 1
            self._act(folder, act, docket, taken[key])
        return matter

    def client(self, party: str, who: str) -> NodeClient:
        """An official at their node."""
        key = (party, who)
        if key not in self._clients:
            self._clients[key] = NodeClient(self.urls[party], self.hands(party, who), self.patience)
        return self._clients[key]

    def _act(self, folder: Path, act: Act, docket: str, nth: int) -> None:
        client = self.client(act.party, act.who)
        who = client.who_am_i()
        about = {
            "docket": docket, "party": act.party, "step": act.step, "title": find_step(act.step).title,
            "holder": who.holder, "role": who.role, "say": act.say, "whole": act.findings,
        }  # fmt: skip
        self.tell({"event": "act", **about})
        began = time.monotonic()
        entered = self._known(client, docket, act, nth) or self._file(folder, act, docket, client)
        verdict = _came_to(entered)
        findings, identifier = entered["findings"], entered["id"]
        self.tell({"event": "answer", **about, "effect": entered["effect"], "findings": findings, "id": identifier})
        if verdict != act.expect:
            raise Tampered(f"{act.step} came to {verdict!r}, not {act.expect!r}.", "Read the findings above.")
        if entered["effect"]:
            self._done.setdefault(docket, {})[identifier] = act.step
        self._afterwards(act, docket, identifier, began)

    def _known(self, client: NodeClient, docket: str, act: Act, nth: int) -> View | None:
        """The nth taking of this step by this Party with this outcome, if the docket has it from an earlier run."""
        try:
            entries = client.docket(docket)["entries"]
        except NotFound:
            return None
        mine = [e for e in entries if (e["step"], e["party"]) == (act.step, act.party) and _came_to(e) == act.expect]
        return mine[nth - 1] if len(mine) >= nth else None

    def _file(self, folder: Path, act: Act, docket: str, client: NodeClient) -> View:
        values = read_form(folder / act.form) if act.form else {}
        if self._done.get(docket):
            self._wait(client, docket, lambda view: self._here(view, docket, act))
        return file_step(client, find_step(act.step), values, [], docket)

    def _here(self, view: View, docket: str, act: Act) -> bool:
        """Whether everything with effect has arrived, and for receiving or reading, the exhibits too."""
        arrived = set(self._done[docket]) <= {e["id"] for e in view["entries"]}
        exhibits = act.step not in ("request.receive", "request.read") or all(x["present"] for x in view["exhibits"])
        return arrived and exhibits

    def _wait(self, client: NodeClient, docket: str, ready: Callable[[View], bool]) -> View:
        until = time.monotonic() + self.patience
        while True:
            try:
                view = client.docket(docket)
                if ready(view):
                    return view
            except NotFound:
                pass
            if time.monotonic() > until:
                raise Unreachable(f"The docket {docket} did not move on in time.", "Read the nodes' logs.")
            time.sleep(0.1)

    def _afterwards(self, act: Act, docket: str, identifier: str, began: float) -> None:
        if act.fetch:
            self._fetch(act, docket, identifier)
        if act.watch:
            self._watch(act, docket, identifier, began)
        if act.due:
            for party in self.urls:
                duties = [d for d in self._reader(party, docket).get("/api/duties")["duties"] if d["docket"] == docket]
                if duties:
                    self.tell({"event": "due", "docket": docket, "party": party, "duties": duties})
                    break

    def _reader(self, party: str, docket: str) -> NodeClient:
        """An official of ``party`` who may read the docket: whoever was asked, else the court."""
        for who in ("prosecutor", "duty", "judge"):
            try:
                self.client(party, who).docket(docket)
                return self.client(party, who)
            except NotFound:
                continue
        return self.client(party, "judge")

    def _watch(self, act: Act, docket: str, identifier: str, began: float) -> None:
        """Wait until the other side has it, and tell how it assessed it for itself."""

        def has_it(view: View) -> bool:
            return any(e["id"] == identifier for e in view["entries"])

        view = self._wait(self.client(act.watch, "judge"), docket, has_it)
        entry = next(e for e in view["entries"] if e["id"] == identifier)
        self.tell(
            {
                "event": "arrived", "docket": docket, "party": act.watch, "step": act.step, "id": identifier,
                "effect": entry["effect"], "findings": entry["findings"],
                "seconds": round(time.monotonic() - began, 2),
                "contents": entry["contents"] if act.rationale else {},
            }
        )  # fmt: skip

    def _fetch(self, act: Act, docket: str, identifier: str) -> None:
        client = self.client(act.party, act.who)
        view = client.docket(docket)
        read = next(e for e in view["entries"] if e["id"] == identifier)["contents"]["exhibit"]
        exhibit = next(x for x in view["exhibits"] if x["id"] == read)
        sink = BytesIO()
        client.download(f"/api/exhibits/{read}?docket={docket}", sink)
        if f"sha256:{sha256(sink.getvalue()).hexdigest()}" != exhibit["digest"]:
            raise Tampered(f"{exhibit['name']} is not what was produced.", "Do not use it.")
        about = {k: exhibit[k] for k in ("name", "media_type", "size", "digest")}
        self.tell({"event": "read", "docket": docket, "party": act.party, **about})

    def package(self, docket: str, party: str, who: str, target: Path) -> None:
        """Write the docket's evidence package; waits until both logs have proved every act."""
        until = time.monotonic() + self.patience
        while True:
            try:
                with target.open("wb") as sink:
                    self.client(party, who).download(f"/api/dockets/{docket}/package", sink)
                return
            except ComityError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)


def run_matters(
    urls: Mapping[str, str], hands: Callable[[str, str], Signer], folders: Sequence[Path], tell: Tell
) -> Driver:
    """Run matters one after another at the nodes with these addresses; the driver, to ask for packages."""
    driver = Driver(urls, hands, tell)
    for folder in folders:
        driver.run(folder)
    return driver


def _came_to(entry: Mapping[str, Any]) -> str:
    """What an entry came to: effect, hold or refuse."""
    if entry["effect"]:
        return "effect"
    return worst(Finding(safeguard="", verdict=f["verdict"], provision="", why="") for f in entry["findings"])
