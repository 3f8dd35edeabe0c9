"""Gossip over HTTP: what is taken in, what is refused, what is kept for good."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from comity.errors import Unreachable
from comity.node.auditor import gossip
from comity.node.auditor.audit import Auditor
from comity.node.auditor.state import AuditState
from comity.node.keeping.gossip_store import SQLiteGossipStore
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.contradiction import SAME_SIZE, Contradiction
from comity.tlog.cosignature import verifier_for
from comity.tlog.note import Signer, sign_note
from comity.web.gossip import MAX_BODY, Bucket, gossip_routes
from tests.audit.shown import LOG, LOG_PQ, NOW, ORIGIN, POLICY, ShownLog, acts

KEYS = [verifier_for(LOG.vkey), verifier_for(LOG_PQ.vkey)]
HONEST = ShownLog(acts(50))
FORK = ShownLog(acts(50, "another"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gossip.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SQLiteGossipStore]:
    with SQLiteGossipStore(path) as store:
        yield store


@pytest.fixture
def http(store: SQLiteGossipStore) -> TestClient:
    return TestClient(Starlette(routes=gossip_routes(store, [POLICY])))


def test_a_note_is_taken_once_and_known_then(http: TestClient) -> None:
    assert http.post("/gossip", content=HONEST.note).json()["said"] == "new"
    assert http.post("/gossip", content=HONEST.note).json()["said"] == "known"
    assert http.post("/gossip", content=HONEST.sign(50, NOW + 9)).json()["said"] == "known"
    assert http.get("/gossip/conflicts").json() == []


def test_what_cannot_be_compared_is_said_to_be_unproven_and_compared_when_it_can(store: SQLiteGossipStore) -> None:
    deaf = TestClient(Starlette(routes=gossip_routes(store, [POLICY])))
    hearing = TestClient(Starlette(routes=gossip_routes(store, [POLICY], lambda _: HONEST.hashes)))
    early = HONEST.sign(20, NOW - 60)
    deaf.post("/gossip", content=HONEST.note)
    assert deaf.post("/gossip", content=early).json()["said"] == "unproven"
    assert hearing.post("/gossip", content=early).json()["said"] == "known"
    other = FORK.sign(19, NOW - 70)
    assert deaf.post("/gossip", content=other).json()["said"] == "unproven"
    assert hearing.post("/gossip", content=other).status_code == 409


def test_two_roots_of_one_size_are_kept_over_a_restart(http: TestClient, path: Path) -> None:
    http.post("/gossip", content=HONEST.note)
    answer = http.post("/gossip", content=FORK.note)
    assert answer.status_code == 409
    assert http.post("/gossip", content=FORK.note).content == answer.content
    with SQLiteGossipStore(path) as again:
        ((_, found),) = again.contradictions()
    assert (found.kind, found.check(KEYS)) == (SAME_SIZE, ORIGIN)


def test_what_is_refused_leaves_nothing(http: TestClient, store: SQLiteGossipStore) -> None:
    stranger = Signer.from_seed("stranger.example/log", b"s" * 32)
    forger = Signer.from_seed(ORIGIN, b"f" * 32)
    checkpoint = Checkpoint(ORIGIN, 3, b"\1" * 32)
    for content, status in [
        (b"", 400), (b"junk", 400), (HONEST.note[:-1], 400), (b"x" * (MAX_BODY + 1), 413),
        (sign_note(Checkpoint(stranger.name, 3, b"\1" * 32).encode(), [stranger]), 404),
        (sign_checkpoint(checkpoint, [forger]), 403),
    ]:  # fmt: skip
        assert http.post("/gossip", content=content).status_code == status
    assert store.notes(ORIGIN, 3) == []
    assert http.get("/gossip/conflicts/nothing").status_code == 404


def test_a_flood_is_turned_away_and_later_let_in_again(store: SQLiteGossipStore) -> None:
    now = [0.0]
    http = TestClient(
        Starlette(routes=gossip_routes(store, [POLICY], per_second=2, burst=3, clock=lambda: now[0]))
    )
    assert [http.post("/gossip", content=b"junk").status_code for _ in range(5)] == [400, 400, 400, 429, 429]
    assert http.get("/gossip/conflicts").status_code == 200
    now[0] = 0.5
    assert [http.post("/gossip", content=HONEST.note).status_code for _ in range(2)] == [200, 429]


@given(st.lists(st.floats(0, 10), max_size=50))
def test_no_more_pass_than_the_rate_allows(waits: list[float]) -> None:
    now = [0.0]
    bucket, passed = Bucket(2, 5, lambda: now[0]), 0
    for wait in waits:
        now[0] += wait
        passed += bucket.take()
    assert passed <= 5 + 2 * now[0] + 1e-6


def test_a_log_that_floods_is_refused_and_others_are_not(path: Path) -> None:
    with SQLiteGossipStore(path, max_notes=2) as store:
        http = TestClient(Starlette(routes=gossip_routes(store, [POLICY], lambda _: HONEST.hashes)))
        statuses = [http.post("/gossip", content=HONEST.sign(size)).status_code for size in (10, 20, 30)]
    assert statuses == [200, 200, 409]


Serve = Callable[[httpx2.Request], httpx2.Response]


def answering(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    transport = httpx2.MockTransport(serve)
    monkeypatch.setattr(gossip, "client", lambda _: httpx2.Client(transport=transport))


def test_an_outsider_reads_and_hands_in(monkeypatch: pytest.MonkeyPatch, http: TestClient, tmp_path: Path) -> None:
    def serve(request: httpx2.Request) -> httpx2.Response:
        answer = http.request(request.method, request.url.path, content=request.content)
        return httpx2.Response(answer.status_code, content=answer.content)

    answering(monkeypatch, serve)
    place = "http://gossip.example"
    assert gossip.hand_in(place, HONEST.note) == []
    (proof,) = gossip.hand_in(place, FORK.note)
    assert gossip.conflicts_at(place) == [proof]
    with AuditState() as state:
        auditor = Auditor(FORK, state, POLICY, datetime.now(UTC))
        (exposed,) = auditor.shown_elsewhere([b"junk", proof], place)
        assert (exposed.origin, exposed.key, exposed.file) == (ORIGIN, ORIGIN, place)
        assert replace(auditor, policy=None).shown_elsewhere([proof], place) == []
        (kept,) = replace(auditor, evidence=tmp_path / "kept").shown_elsewhere([proof], place)
        assert Path(kept.file).read_bytes() == proof  # whoever showed it may be gone tomorrow
    assert Contradiction.parse(proof).kind == SAME_SIZE


@pytest.mark.parametrize(
    "listed",
    [b"{", b"3", b"[3]", b'[{"no": 1}]', b"[" * 9**5, b'[{"id": "../../etc"}]', b'[{"id": 5}]', b"\xff", b"x" * 2**21],
)
def test_a_foreign_list_does_no_harm(monkeypatch: pytest.MonkeyPatch, listed: bytes) -> None:
    asked: list[str] = []

    def serve(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        return httpx2.Response(200, content=listed)

    answering(monkeypatch, serve)
    with contextlib.suppress(Unreachable):
        assert gossip.conflicts_at("http://gossip.example") == []
    assert asked == ["/gossip/conflicts"]


plain = st.none() | st.text() | st.integers()


@given(st.recursive(plain, lambda each: st.lists(each) | st.dictionaries(st.text(), each)))
def test_a_list_of_anything_is_read_or_refused(value: object) -> None:
    with contextlib.suppress(Unreachable):
        ids = gossip._ids(json.dumps(value).encode(), "there")
        assert all(len(each) == 64 for each in ids)
