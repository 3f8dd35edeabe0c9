"""One node in a process of its own, for tests that kill it: loopback HTTP, witnesses on disk, an official who goes on.

``python -m tests.node.run_node FOLDER PARTY PEER``. The official of each Party looks at the docket every moment and
takes the next step that is theirs; when the matter is finished here and nothing waits, ``PARTY.done`` is written.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec

from comity.docket.directory import NodeEntry
from comity.errors import ComityError, Unreachable
from comity.node.keeping.keys import NodeKeys
from comity.node.node import Node, Outside
from comity.node.witness.store import SQLiteWitnessStore
from comity.settings import Settings
from comity.signing.canonical import canonical
from comity.tlog.note import Verifier
from comity.tlog.policy import KnownWitness
from comity.tlog.witness import Answer, Witness, origin_path
from tests.node import matters
from tests.node.nodes import Nodes
from tests.world import World, origin


class DiskWitnesses:
    """Both witnesses, each a file that all processes share: as durable as the real ones."""

    def __init__(self, folder: Path, keys: dict[str, NodeKeys], nodes: Any) -> None:
        logs = {origin(p): [Verifier.parse(k.log_vkeys[0])] for p, k in keys.items()}
        self.by_name = {
            p.lower(): (Witness((Nodes.cosigner(nodes, p),), logs), SQLiteWitnessStore(folder / f"{p}-witness.db"))
            for p in keys
        }

    def add_checkpoint(self, witness: KnownWitness, body: bytes) -> Answer:
        known, store = self.by_name[witness.name]
        return known.add_checkpoint(body, store, int(clock().timestamp()))

    def latest(self, witness: KnownWitness, origin: str) -> Answer:
        known, store = self.by_name[witness.name]
        return known.latest(origin_path(origin).partition("/")[0], store)


class Loopback:
    """Posts to the peer's port, which it writes to a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def post(self, node: NodeEntry, data: bytes) -> bytes:
        return self._ask("POST", node, "/deliveries", data)

    def fetch(self, node: NodeEntry, blob: str) -> Iterator[bytes]:
        yield self._ask("GET", node, f"/{blob}", None)

    def _ask(self, method: str, node: NodeEntry, path: str, data: bytes | None) -> bytes:
        import http.client

        try:
            port = int((self.folder / f"{node.id[:2].upper()}.port").read_text())
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            link.request(method, path, data)
            answer = link.getresponse()
            body = answer.read()
        except (OSError, ValueError, http.client.HTTPException) as exc:
            raise Unreachable(f"{node.id}: {exc!r}", "") from exc
        if answer.status != 200:
            raise Unreachable(f"{node.id}: {answer.status}", "")
        return body


def clock() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def serve(node: Node, folder: Path) -> None:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with self._answering():
                data = self.rfile.read(int(self.headers["Content-Length"]))
                self._say(200, canonical(msgspec.to_builtins(node.inbox.receive(data))))

        def do_GET(self) -> None:
            with self._answering(), node.vault.open_blob(self.path[1:]) as source:
                self._say(200, source.read())

        def _answering(self) -> Any:
            from contextlib import contextmanager

            @contextmanager
            def answering() -> Iterator[None]:
                try:
                    yield
                except ComityError as exc:
                    self._say(400, str(exc).encode())

            return answering()

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    (folder / f"{node.party}.port").write_text(str(server.server_port))
    threading.Thread(target=server.serve_forever, daemon=True).start()


def act(node: Node, folder: Path, world: World) -> None:
    """Take the next step that is this Party's, until the matter is finished and delivered."""
    acting: Any = SimpleNamespace(world=world, clock=clock, exhibit_name="")
    acting.file = lambda *args, **kw: Nodes.file(acting, *args, **kw)
    acting.exhibit = lambda *args: Nodes.exhibit(acting, *args)
    idle = SimpleNamespace(registrar=SimpleNamespace(docket=lambda _: matters.Docket(matters.DOCKET)))
    idle.registrar.docket = lambda _: SimpleNamespace(state="request.close", latest=lambda *_: None)
    pair: Any = (node, idle) if node.party == "DE" else (idle, node)
    while True:
        time.sleep(0.15)  # an official is slower than a machine; gives the killer something to hit
        with suppress(ComityError):
            matters.advance(acting, *pair)
        finished = matters.has(node.registrar.docket(matters.DOCKET), "request.receive")
        if finished and not node.mailbox.outbox.waiting():
            (folder / f"{node.party}.done").touch()


def main() -> None:
    folder, party, peer = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    keys = {p: NodeKeys.load(folder / p / "keys") for p in sorted((party, peer))}
    settings = Settings(node=f"{party.lower()}-node", cadence_seconds=0.1, retry_seconds=0.05, clerk_seconds=3600)
    witnesses = DiskWitnesses(folder, keys, None)
    node = Node.open(settings, folder / party, Outside(clock, Loopback(folder), witnesses))
    node.start()
    serve(node, folder)
    act(node, folder, World())


if __name__ == "__main__":
    main()
