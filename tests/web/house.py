"""Two real nodes behind their HTTP applications, and people who ask them. Holds no test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from starlette.testclient import TestClient

from comity.docket.record import compose, record_id
from comity.node.node import Node
from comity.signing.canonical import canonical
from comity.signing.hand import put_hand
from comity.signing.keys import PrivateKey
from comity.web.app import create_app
from comity.web.token import make_token
from tests.node.nodes import Nodes
from tests.world import Who, World, seed

DOCKET = "request:web-0001"


def world_with_oversight() -> World:
    """The world of the tests with an official of each oversight body."""
    world = World()
    for party in ("DE", "FR"):
        key = PrivateKey.from_seed(seed(f"hand {party} oversight"))
        who = Who(f"Oversight of {party}", "oversight", f"{party.lower()}-oversight", party, key)
        world.people[party, "oversight", "oversight"] = who
    return world


class House:
    """The nodes of DE and FR, each with an HTTP client in memory."""

    def __init__(self, folder: Path) -> None:
        self.nodes = Nodes(folder, world=world_with_oversight())
        self.world = self.nodes.world
        self.open: dict[str, Node] = {party: self.nodes.open(party) for party in ("DE", "FR")}
        self.http = {
            p: TestClient(create_app(n, self.nodes.clock), raise_server_exceptions=False) for p, n in self.open.items()
        }

    def who(self, party: str, role: str) -> Who:
        return self.world.who(party, role, "oversight" if role == "oversight" else "")

    def token(self, who: Who, node: str = "de-node", ahead: float = 0) -> dict[str, str]:
        return {"Authorization": make_token(node, who.key, self.nodes.clock() + timedelta(seconds=ahead))}

    def get(self, party: str, path: str, who: Who) -> Any:
        return self.http[party].get(path, headers=self.token(who, f"{party.lower()}-node"))

    def filing(self, who: Who, step: str, body: msgspec.Struct, docket: str = DOCKET) -> bytes:
        known = self.open[who.party].registrar.docket(docket)
        record, sections = compose(
            docket=docket, step=step, answers=tuple(known.heads), party=who.party, authority=who.authority,
            role=who.role, at=self.nodes.clock(), body=body,
        )  # fmt: skip
        return canonical({"record": record, "hand": put_hand(record_id(record), who.key), "sections": sections})

    def post(self, who: Who, step: str, body: msgspec.Struct, docket: str = DOCKET) -> Any:
        return self.http[who.party].post("/api/filings", content=self.filing(who, step, body, docket))

    def file(self, who: Who, step: str, body: msgspec.Struct, docket: str = DOCKET) -> dict[str, Any]:
        """File something that must have effect, and let it be delivered."""
        answer = self.post(who, step, body, docket)
        assert answer.status_code == 201, answer.text
        assert answer.json()["effect"], answer.text
        self.nodes.settle()
        found: dict[str, Any] = answer.json()
        return found

    def entry(self, party: str, *steps: str) -> Any:
        found = self.open[party].registrar.docket(DOCKET).latest(*steps)
        assert found is not None
        return found


@contextmanager
def house(folder: Path) -> Iterator[House]:
    made = House(folder)
    try:
        yield made
    finally:
        made.nodes.close()
