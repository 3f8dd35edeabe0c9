"""A peer that lies, delays, forks, replays or breaks: a `Wire` with a will of its own, and deliveries made by hand.

`LyingWire` spoils what real nodes say to each other. `Liar` has a real node's keys and says what it likes. No test.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from comity.docket.directory import NodeEntry
from comity.errors import Unreachable
from comity.node.node import Node
from comity.node.post.delivery import Answer, Item, Outcome, wrap
from comity.signing.canonical import canonical
from tests.node.nodes import Nodes, Wire

Way = Literal["honest", "drop", "lose_answer", "twice", "delay", "truncate", "flip", "pretend", "babble", "forget"]
WAYS: tuple[Way, ...] = ("drop", "lose_answer", "twice", "delay", "truncate", "flip", "pretend", "babble", "forget")


class LyingWire(Wire):
    """Carries deliveries as ``way`` says for the next ``times`` of them, honestly after that."""

    def __init__(self) -> None:
        super().__init__()
        self.way: Way = "honest"
        self.times, self.spoilt = 0, 0
        self.held: list[tuple[NodeEntry, bytes]] = []

    def lie(self, way: Way, times: int = 1) -> None:
        self.way, self.times, self.spoilt = way, times, 0

    def post(self, node: NodeEntry, data: bytes) -> bytes:
        if self.spoilt >= self.times or self.way == "honest":
            return super().post(node, data)
        self.spoilt += 1
        return self._spoil(node, data)

    def _spoil(self, node: NodeEntry, data: bytes) -> bytes:
        honest = super().post
        if self.way in ("drop", "delay"):
            if self.way == "delay":
                self.held.append((node, data))
            raise Unreachable(f"{node.id} does not answer in time.", "")
        if self.way == "truncate":
            return honest(node, data[: len(data) // 2])
        if self.way == "flip":
            middle = len(data) // 2
            return honest(node, data[:middle] + bytes((data[middle] ^ 1,)) + data[middle + 1 :])
        if self.way == "babble":
            return b"<html>502 Bad Gateway</html>"
        if self.way == "forget":
            return canonical(msgspec.to_builtins(Answer(())))
        if self.way == "pretend":  # says that it is done, and keeps nothing; about things never asked, too
            return canonical(msgspec.to_builtins(Answer((Outcome(record="sha256:0", kind="record", done=True),))))
        honest(node, data)
        if self.way == "twice":
            return honest(node, data)
        raise Unreachable(f"{node.id} broke off.", "")  # lose_answer

    def release(self) -> None:
        """Deliver what was held back, newest first."""
        for node, data in reversed(self.held):
            super().post(node, data)
        self.held.clear()

    def fetch(self, node: NodeEntry, blob: str) -> Iterator[bytes]:
        chunks = b"".join(super().fetch(node, blob))
        if self.spoilt < self.times and self.way in ("truncate", "flip", "drop"):
            self.spoilt += 1
            if self.way == "drop":
                raise Unreachable(f"{node.id} does not answer.", "")
            chunks = chunks[:-1] if self.way == "truncate" else chunks[:-1] + bytes((chunks[-1] ^ 1,))
        yield chunks


class Liar:
    """Has the keys of ``node`` and sends ``to`` whatever it is told to."""

    def __init__(self, nodes: Nodes, node: Node, to: Node) -> None:
        self.nodes, self.node, self.to = nodes, node, to
        self.key = nodes.keys[node.party].seal

    def item(self, record: str, kind: str = "record") -> Item:
        """The honest item."""
        return self.node.outgoing.item(kind, record, self.to.entry)

    def message(self, *items: Item) -> bytes:
        at = self.nodes.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        return wrap(items, self.node.entry, self.to.entry, secrets.token_hex(16), at, self.key)

    def deliver(self, *items: Item) -> tuple[Outcome, ...]:
        return self.to.inbox.receive(self.message(*items)).outcomes

    def deliver_docket(self, docket: str, change: Callable[[Item], Item] = lambda item: item) -> tuple[Outcome, ...]:
        """All own records of a docket, each changed, in order."""
        own = [e for e in self.node.registrar.docket(docket).entries if e.record.party == self.node.party]
        return self.deliver(*(change(self.item(e.id)) for e in own))
