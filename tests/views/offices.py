"""Offices that the matters in `as_filed` need, their real nodes, and people who file with `comity file`. Holds no test.

Beside the offices of `tests.world` each Party has a central authority, a police office and a provider. All are made up.
A matter is filed as its user does: its file is read, signed and sent over HTTP.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn

from comity.cli import run
from comity.cli.client import NodeClient
from comity.cli.filing import file_step
from comity.cli.matter import find_step, read_form
from comity.docket.directory import Authority, Competence, PartyFile
from comity.docket.docket import Docket
from comity.node.keeping.keys import write_secret
from comity.node.node import Node
from comity.signing.keys import PrivateKey, save_private
from comity.web.app import create_app
from tests.node.nodes import START, Nodes
from tests.world import Who, World, seed

MATTERS = Path(__file__).parent / "as_filed"
PARTIES = ("DE", "FR", "ES", "IE")
OWN = {"central": "central_authority", "police": "other_investigating_authority", "provider": "provider"}
NAMES = {"central": "Ministry of Justice", "police": "Police Headquarters", "provider": "Provider's establishment"}


class Offices(World):
    """The world with the further offices, and an officer in each."""

    def __init__(self) -> None:
        super().__init__()
        for party in PARTIES:
            for office in OWN:
                name = f"{party.lower()}-{office}"
                key = PrivateKey.from_seed(seed(f"hand {name} officer"))
                self.people[party, office, "officer"] = Who(f"Officer of {name}", "officer", name, party, key)

    def party_file(self, party: str) -> PartyFile:
        file, code = super().party_file(party), party.lower()
        offices = tuple(Authority(id=f"{code}-{o}", names={"en": NAMES[o]}, kind=kind) for o, kind in OWN.items())
        roles = {"central": ("issue", "transmit", "execute"), "police": ("issue", "transmit"), "provider": ("execute",)}
        competences = tuple(
            Competence(authority=f"{code}-{o}", role=r, instruments=("*",), provision="Test Act s 2")
            for o in OWN for r in roles[o]
        )
        served = (*file.nodes[0].authorities, *(a.id for a in offices))
        return msgspec.structs.replace(
            file,
            authorities=(*file.authorities, *offices),
            competences=(*file.competences, *competences),
            nodes=(msgspec.structs.replace(file.nodes[0], authorities=served),),
        )


class FrozenTime(datetime):
    """The day of the matters: the law changes, and the tests must not."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> FrozenTime:
        return cls.fromtimestamp(START.timestamp(), tz)


class Desk:
    """The desks of DE and FR: two running nodes, their addresses, and the dockets opened there."""

    def __init__(self, folder: Path, nodes: Nodes, opened: dict[str, Node], urls: dict[str, str]) -> None:
        self.folder, self.nodes, self.opened, self.urls = folder, nodes, opened, urls
        write_secret(folder / "passphrase", b"not secret")

    def file(self, matter: str, step: str, who: Who, path: Path | None = None) -> dict[str, Any]:
        """File a step of a matter from its file; it must have effect."""
        name = path or MATTERS / matter / f"{step.partition('.')[2]}.toml"
        form = read_form(name if name.exists() else MATTERS / name.name)
        client = NodeClient(self.urls[who.party], who.key)
        answer = file_step(client, find_step(step), form, [], docket_of(matter))
        assert answer["effect"], [f for f in answer["findings"] if f["verdict"] != "clear"]
        self.nodes.settle()
        return answer

    def open(self, matter: str, office: str = "prosecutor", role: str = "prosecutor") -> None:
        """Draft a matter and have a judge authorise it."""
        world = self.nodes.world
        self.file(matter, "request.draft", world.who("DE", role, office))
        self.file(matter, "request.authorise", world.who("DE", "judge"))

    def docket(self, matter: str) -> Docket:
        """The docket as DE's node keeps it."""
        return self.opened["DE"].registrar.docket(docket_of(matter))

    def show(self, matter: str, who: Who, *options: str) -> int:
        """`comity show`, by the hand of ``who``; its exit code."""
        key = self.folder / f"{who.authority}-{who.role}.key"
        if not key.exists():
            write_secret(key, save_private(who.key, b"not secret"))
        asked = ("--node", self.urls[who.party], "--as", str(key), "--passphrase-file", str(self.folder / "passphrase"))
        return run(["show", docket_of(matter), *options, *asked])


def docket_of(matter: str) -> str:
    return f"request:matter-{matter.replace('_', '-')}"


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """Two nodes behind HTTP on the day of the matters. What they know of ES and IE stands in their Party files."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("client", "filing", "matter"):
            patch.setattr(f"comity.cli.{module}.datetime", FrozenTime)
        nodes = Nodes(folder / "nodes", PARTIES, Offices())
        servers, threads, urls = [], [], {}
        try:
            opened = {party: nodes.open(party) for party in ("DE", "FR")}
            for party, node in opened.items():
                config = uvicorn.Config(create_app(node, nodes.clock), port=0, log_level="error", lifespan="off")
                server = uvicorn.Server(config)
                thread = threading.Thread(target=server.run, daemon=True)
                thread.start()
                while not server.started:
                    time.sleep(0.01)
                urls[party] = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
                servers.append(server)
                threads.append(thread)
            yield Desk(folder, nodes, opened, urls)
        finally:
            for server in servers:
                server.should_exit = True
            for thread in threads:
                thread.join(timeout=10)
            nodes.close()
