"""The HTTP face of gossip: hand in a checkpoint, read the contradictions found. Open to anyone.

POST /gossip (a note): 200 with what it means, 409 with the contradiction it makes, 400, 403, 404, 413, 429.
GET /gossip/conflicts: the list; GET /gossip/conflicts/<id>: one contradiction as a file.

No log is read while a stranger waits: that is left to `comity.node.publishing.anchor`, deciding to `tlog.gossip`,
keeping to the store. Requests need no login: the log's signature counts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from comity.errors import ComityError, NotFound
from comity.node.keeping.gossip_store import SQLiteGossipStore, identifier_of
from comity.node.log_lines import get_logger
from comity.tlog.checkpoint import Checkpoint
from comity.tlog.contradiction import SUFFIX, Trees
from comity.tlog.gossip import Gossip, followed
from comity.tlog.policy import Policy
from comity.tlog.tree import HashReader
from comity.web.body import read_body
from comity.web.problem import problem

MAX_BODY = 256 * 1024  # 64 lines of the longest kind
_TEXT = "text/plain; charset=utf-8"
_log = get_logger(__name__)


class Bucket:
    """A flood limit: ``rate`` requests a second on the long run, ``burst`` at once."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        """Full at first; ``clock`` in seconds, never going back."""
        self._rate, self._burst, self._clock = rate, burst, clock
        self._lock = threading.Lock()
        self._left, self._at = float(burst), clock()

    def take(self) -> bool:
        """Whether one more request may pass now."""
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._at) * self._rate)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


def _no_trees(checkpoint: Checkpoint) -> HashReader:
    raise NotFound(f"The tree of {checkpoint.origin} cannot be read here.", "Compare with a mirror of that log.")


def gossip_routes(
    store: SQLiteGossipStore,
    policies: Sequence[Policy],
    trees: Trees = _no_trees,
    *,
    unproven: Callable[[], object] = lambda: None,
    per_second: float = 10,
    burst: int = 100,
    clock: Callable[[], float] = time.monotonic,
) -> list[Route]:
    """The routes. ``policies`` say which logs are followed; ``trees`` reads a log's tree (`node.auditor.source`),
    without it only contradictions of one size, or by time, are found, and ``unproven`` is told of what is not."""
    gossip, bucket = Gossip(followed(policies), trees), Bucket(per_second, burst, clock)

    async def hear(request: Request) -> Response:
        if not bucket.take():
            return Response("Too many checkpoints at once.\n", 429, {"Retry-After": "10"}, _TEXT)
        body = await read_body(request, MAX_BODY)
        if body is None:
            return Response(f"A checkpoint has at most {MAX_BODY} bytes here.\n", 413, media_type=_TEXT)
        try:
            return await run_in_threadpool(lambda: _hear(gossip, store, body, unproven))
        except ComityError as error:
            return problem(error)

    async def conflicts(_: Request) -> Response:
        found = await run_in_threadpool(store.contradictions)
        listed = [
            {"id": identifier, "origin": each.origin, "kind": each.kind, "says": each.sentence(),
             "sizes": [checkpoint.size for checkpoint in each.checkpoints]}
            for identifier, each in found
        ]  # fmt: skip
        return JSONResponse(listed, headers={"Cache-Control": "no-cache"})

    async def conflict(request: Request) -> Response:
        identifier = request.path_params["identifier"]
        try:
            proof = await run_in_threadpool(lambda: store.contradiction(identifier))
        except ComityError as error:
            return problem(error)
        return _file(identifier, proof, 200)

    return [
        Route("/gossip", hear, methods=["POST"]),
        Route("/gossip/conflicts", conflicts, methods=["GET"]),
        Route("/gossip/conflicts/{identifier:str}", conflict, methods=["GET"]),
    ]


def _hear(gossip: Gossip, store: SQLiteGossipStore, body: bytes, unproven: Callable[[], object]) -> Response:
    heard = gossip.hear(body, store)
    if heard.said == "unproven":
        unproven()
    if heard.contradiction is not None:
        proof = heard.contradiction.encode()
        _log.critical("gossip.contradiction", says=heard.contradiction.sentence(), id=identifier_of(proof))
        return _file(identifier_of(proof), proof, 409)
    said = {"said": heard.said, "origin": heard.checkpoint.origin, "size": heard.checkpoint.size}
    return JSONResponse(said)


def _file(identifier: str, proof: bytes, status: int) -> Response:
    name = f'attachment; filename="{identifier[:16]}{SUFFIX}"'
    return Response(proof, status, {"Content-Disposition": name, "Location": f"/gossip/conflicts/{identifier}"}, _TEXT)
