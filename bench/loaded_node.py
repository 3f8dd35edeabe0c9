"""One node in a process of its own that takes filings from a pipe and answers them, until it is killed.

Started from a forkserver (`warm_node`), so that a hundred deaths take minutes and not an hour. Its
witnesses keep what they saw in files of their own and note every cosignature they give. Judging what it says is left to
`durability`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

from comity.docket.directory import NodeEntry
from comity.docket.record import SealedRecord
from comity.errors import ComityError, Unreachable
from comity.node.door.filed import Door, Filed
from comity.node.door.registrar import Entered
from comity.node.keeping.keys import NodeKeys
from comity.node.node import Node, Outside
from comity.node.witness.store import SQLiteWitnessStore
from comity.settings import Settings
from comity.tlog.checkpoint import parse_checkpoint
from comity.tlog.note import Verifier, split_note
from comity.tlog.policy import KnownWitness
from comity.tlog.witness import Answer, Witness, origin_path, parse_add_checkpoint
from tests.node.nodes import START, cosigner
from tests.world import origin

COSIGNED = "cosigned.log"


def running_clock(began: float) -> Callable[[], datetime]:
    """The clock of all processes of one run: the tests' day, going on from ``began`` (POSIX seconds)."""
    return lambda: START + timedelta(seconds=time.time() - began)


class NotingWitnesses:
    """Both witnesses, each a file on disk; every checkpoint they cosign is noted in one file: none is forgotten."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        keys = {p: NodeKeys.load(folder / p / "keys") for p in ("DE", "FR")}
        logs = {origin(p): [Verifier.parse(k.log_vkeys[0])] for p, k in keys.items()}
        self._by_name = {
            p.lower(): (Witness((cosigner(p),), logs), SQLiteWitnessStore(folder / f"{p}-witness.db")) for p in keys
        }
        self._clock = clock
        self._noted = os.open(folder / COSIGNED, os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def latest(self, witness: KnownWitness, origin: str) -> Answer:
        known, store = self._by_name[witness.name]
        return known.latest(origin_path(origin).partition("/")[0], store)

    def add_checkpoint(self, witness: KnownWitness, body: bytes) -> Answer:
        known, store = self._by_name[witness.name]
        answer = known.add_checkpoint(body, store, int(self._clock().timestamp()))
        if answer.status == 200:
            seen = parse_checkpoint(split_note(parse_add_checkpoint(body).note)[0])
            os.write(self._noted, f"{witness.name} {seen.size} {seen.root.hex()}\n".encode())
        return answer


class _Nobody:
    """No peer answers: what is owed waits."""

    def post(self, node: NodeEntry, data: bytes) -> bytes:
        raise Unreachable(f"{node.id} is not running.", "")

    def fetch(self, node: NodeEntry, blob: str) -> Any:
        raise Unreachable(f"{node.id} is not running.", "")


def serve(folder: Path, link: Connection, began: float) -> None:
    """Open the node, say ("ready", size), answer filings; or say ("refused", why) and end."""
    lock, clock = threading.Lock(), running_clock(began)

    def say(*what: object) -> None:
        with lock:
            link.send(what)

    settings = Settings(node="de-node", cadence_seconds=0.02, retry_seconds=60, clerk_seconds=3600)
    try:
        node = Node.open(settings, folder / "DE", Outside(clock, _Nobody(), NotingWitnesses(folder, clock)))
        node.publisher.published = lambda: say("published", (node.store.checkpoint() or (0,))[0])
        node.start()
    except ComityError as exc:
        return say("refused", str(exc))
    say("ready", node.log.tree.size)
    while True:
        sealed = msgspec.json.decode(link.recv_bytes(), type=SealedRecord)
        try:
            node.registrar.file_later(Filed(sealed, Door.OFFICIAL)).add_done_callback(lambda f: _answer(say, f))
        except ComityError as exc:
            say("failed", str(exc))


def _answer(say: Callable[..., None], future: Future[Entered]) -> None:
    try:
        entered = future.result()
    except ComityError as exc:
        say("failed", str(exc))
    else:
        say("entered", entered.id, entered.position, entered.effect, entered.again)
