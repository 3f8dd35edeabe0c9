"""Every door has a guard, and every guard turns away strangers and wrong roles. It walks the routes as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Message

from comity.docket.directory import Revocation
from comity.proceedings import bodies
from comity.signing.keys import PrivateKey
from comity.web.access import Guard
from comity.web.app import create_app, declared
from comity.web.body import read_body
from comity.web.token import make_token
from tests.node.nodes import Nodes
from tests.web.house import DOCKET, House, house
from tests.world import Who, World, eio_request, origin, seed

STRANGER = Who("Nobody", "prosecutor", "de-prosecutor", "DE", PrivateKey.from_seed(seed("stranger")))
ASKING = [(path, method, guard) for (path, method), guard in sorted(declared().items())]
BY_TOKEN = {Guard.OFFICIAL, Guard.READER, Guard.OVERSIGHT}


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("doors")) as made:
        made.file(made.who("DE", "prosecutor"), "request.draft", eio_request())
        yield made


def address(path: str) -> str:
    return path.replace("{docket}", DOCKET).replace("{exhibit}", f"sha256:{'0' * 64}").replace("{blob}", "0" * 64)


def test_every_route_is_declared_and_nothing_else_is(at: House) -> None:
    app = create_app(at.open["DE"])
    there = {(r.path, m) for r in app.routes for m in r.methods - {"HEAD"}}  # type: ignore[attr-defined]
    assert there == set(declared())


@pytest.mark.parametrize(("path", "method", "guard"), [d for d in ASKING if d[2] in BY_TOKEN])
def test_strangers_and_wrong_roles_are_turned_away(at: House, path: str, method: str, guard: Guard) -> None:
    prosecutor, judge, oversight = (at.who("DE", r) for r in ("prosecutor", "judge", "oversight"))
    wrong = {"foreign": at.token(at.who("FR", "prosecutor")), "foreign oversight": at.token(at.who("FR", "oversight"))}
    wrong |= {"nobody": {}, "password": {"Authorization": "Basic eDp5"}, "stranger": at.token(STRANGER)}
    wrong |= {"another node's": at.token(prosecutor, "fr-node")}
    wrong |= {"old": at.token(prosecutor, ahead=-61), "of tomorrow": at.token(prosecutor, ahead=31)}
    if guard is Guard.OVERSIGHT:
        wrong |= {"prosecutor": at.token(prosecutor), "judge": at.token(judge)}
    if guard is Guard.OFFICIAL:
        wrong |= {"oversight": at.token(oversight)}
    for whose, headers in wrong.items():
        answer = at.http["DE"].request(method, address(path), headers=headers)
        assert answer.status_code == 403, (whose, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "not-authorised"
        assert answer.json()["next_step"]


def test_a_key_that_nobody_certified_is_told_so_and_what_to_do(at: House) -> None:
    said = at.http["DE"].get("/api/dockets", headers=at.token(STRANGER)).json()
    assert "certified by no Party file" in said["detail"]
    assert "certified" in said["next_step"]


def test_a_hand_or_a_seal_never_passes_for_a_token(at: House) -> None:
    from comity.signing.base64url import to_base64url
    from comity.signing.canonical import canonical
    from comity.signing.seal import sign_document
    from comity.web.token import Token

    who = at.who("DE", "prosecutor")
    token = canonical(Token(node="de-node", at=at.nodes.clock().strftime("%Y-%m-%dT%H:%M:%SZ"), nonce="x"))
    forged = sign_document(token, who.key)  # a document of another type over the right words
    answer = at.http["DE"].get("/api/dockets", headers={"Authorization": f"Comity {to_base64url(forged)}"})
    assert answer.status_code == 403


def test_filings_are_judged_by_their_own_hand(at: House) -> None:
    impostor = Who("Nobody", "judge", "de-court", "DE", STRANGER.key)
    answer = at.post(impostor, "request.draft", eio_request(), "request:of-nobody")
    assert answer.status_code == 403
    assert answer.json()["code"] == "unverified"
    assert not at.open["DE"].registrar.docket("request:of-nobody").entries


def test_rubbish_from_peers_is_turned_away(at: House) -> None:
    for rubbish in (b"", b"{}", b"\xff" * 1000, b'{"sealed":1}'):
        answer = at.http["DE"].post("/exchange/deliveries", content=rubbish)
        assert 400 <= answer.status_code < 500, answer.text
    assert at.http["DE"].get("/exchange/exhibits/..%2f..%2fnode.db").status_code in (400, 404)


def test_open_doors_answer_without_a_token(at: House) -> None:
    for path in ("/health/live", "/health/ready", "/info", "/party"):
        answer = at.http["DE"].get(path)
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_was_turned_away_is_seen_by_oversight(at: House) -> None:
    at.http["DE"].get(f"/api/dockets/{DOCKET}", headers=at.token(STRANGER))
    listed = at.get("DE", "/api/oversight/attempts", at.who("DE", "oversight")).json()["attempts"]
    assert any(a["door"] == "/api/dockets/{docket}" for a in listed)


def test_only_who_takes_part_reads_a_docket(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        at.file(at.who("DE", "prosecutor"), "request.draft", eio_request())
        mine = at.get("DE", f"/api/dockets/{DOCKET}", at.who("DE", "prosecutor"))
        assert mine.json()["entries"][0]["contents"]["reference"] == "12 Js 345/26"
        assert at.get("DE", f"/api/dockets/{DOCKET}", at.who("DE", "judge")).status_code == 200
        contact = at.world.who("DE", "officer", "contact")
        other = at.get("DE", f"/api/dockets/{DOCKET}", contact)
        assert (other.status_code, other.json()["code"]) == (404, "not-found")
        assert at.get("DE", "/api/dockets", contact).json() == {"dockets": []}
        listed = at.get("DE", "/api/oversight/attempts", at.who("DE", "oversight")).json()["attempts"]
        assert [a["what"] for a in listed] == [f"read {DOCKET}"]
        seen = at.get("DE", f"/api/dockets/{DOCKET}", at.who("DE", "oversight"))
        assert seen.json()["entries"][0]["findings"]
        assert "12 Js" not in seen.text
        assert "contents" not in seen.json()["entries"][0]


def test_filing_in_vain_makes_nobody_take_part(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        draft = at.file(at.who("DE", "prosecutor"), "request.draft", eio_request())
        contact = at.world.who("DE", "officer", "contact")
        for step, body in (("request.close", bodies.Closure(outcome="lapsed")), ("request.draft", eio_request())):
            junk = at.post(contact, step, body)
            assert not junk.is_success or not junk.json()["effect"], junk.text
        assert at.get("DE", f"/api/dockets/{DOCKET}", contact).status_code == 404
        assert at.get("DE", "/api/dockets", contact).json() == {"dockets": []}
        mine = at.get("DE", f"/api/dockets/{DOCKET}", at.who("DE", "prosecutor")).json()
        assert draft["id"] in [e["id"] for e in mine["entries"]]


def test_who_opened_a_docket_in_vain_sees_what_is_wanting(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        prosecutor = at.who("DE", "prosecutor")
        assert not at.post(prosecutor, "request.close", bodies.Closure(outcome="lapsed")).json()["effect"]
        seen = at.get("DE", f"/api/dockets/{DOCKET}", prosecutor)
        assert seen.status_code == 200
        assert any(f["verdict"] != "clear" for f in seen.json()["entries"][0]["findings"])


def test_a_revoked_key_reads_nothing_from_its_position_on(tmp_path: Path) -> None:
    kid = World().who("DE", "judge").key.public.kid
    world = World(revocations={"DE": (Revocation(kid=kid, origin=origin("DE"), position=1),)})
    nodes = Nodes(tmp_path, world=world)
    node, judge, prosecutor = nodes.open("DE"), world.who("DE", "judge"), world.who("DE", "prosecutor")
    try:
        http = TestClient(create_app(node, nodes.clock))

        def asks(who: Who) -> int:
            token = make_token("de-node", who.key, nodes.clock())
            return http.get("/api/dockets", headers={"Authorization": token}).status_code

        assert asks(judge) == 200  # its next act would stand at position 0
        nodes.file(node, DOCKET, "request.draft", eio_request(), prosecutor)
        assert (asks(judge), asks(prosecutor)) == (403, 200)
    finally:
        nodes.close()


def test_every_door_speaks_of_problems_alike(at: House) -> None:
    """Peers' doors and the log answer as the API does (RFC 9457)."""
    http = at.http["DE"]
    wrong = [
        http.post("/exchange/deliveries", content=b"{}"),
        http.get(f"/exchange/exhibits/{'0' * 64}"),
        http.get("/log/tile/0/x99"),
        http.get("/gossip/conflicts/none"),
        http.post("/gossip", content=b"x"),
        http.post("/api/filings", content=b"{}"),
    ]
    for answer in wrong:
        assert answer.headers["content-type"] == "application/problem+json", answer.url
        said = answer.json()
        assert said["status"] == answer.status_code >= 400
        assert said["next_step"]
        assert answer.headers["cache-control"] == "no-store"


def test_a_body_without_an_end_is_not_held() -> None:
    taken = 0

    async def endless() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    request = Request({"type": "http", "method": "POST", "path": "/", "headers": []}, endless)
    assert asyncio.run(read_body(request, 1000)) is None
    assert taken == 11


def test_a_body_as_long_as_it_may_be_is_read() -> None:
    pieces = [b"x" * 600, b"y" * 400]

    async def pieced() -> Message:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    request = Request({"type": "http", "method": "POST", "path": "/", "headers": []}, pieced)
    assert asyncio.run(read_body(request, 1000)) == b"x" * 600 + b"y" * 400
