"""Filing, reading, evidence and packages over HTTP, between two real nodes."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import io
import json
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from comity.docket.record import MAX_RECORD, MAX_SECTIONS
from comity.law.book import load_law
from comity.node.keeping.tables import uses
from comity.package.check import check_source
from comity.proceedings import bodies
from comity.web import api, problem
from comity.web.app import create_app
from tests.web.house import DOCKET, House, house
from tests.world import (
    authorisation,
    court_order,
    eio_request,
    exhibit,
    production,
    reception,
    recognition,
)

STATEMENT = b"<Document>a bank statement</Document>" * 100_000


def test_a_filing_twice_is_one_record(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        filing = at.filing(at.who("DE", "prosecutor"), "request.draft", eio_request())
        first = at.http["DE"].post("/api/filings", content=filing)
        second = at.http["DE"].post("/api/filings", content=filing)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json()["id"] == second.json()["id"]
        assert second.json()["again"]
        assert len(at.open["DE"].registrar.docket(DOCKET).entries) == 1


def test_a_filing_that_is_wanting_is_an_answer_with_findings(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        draft = at.file(at.who("DE", "prosecutor"), "request.draft", eio_request())
        answer = at.post(at.who("DE", "prosecutor"), "request.send", bodies.Transmission(request=draft["id"]))
        assert answer.status_code == 201
        assert answer.json()["effect"] is False
        held = [f for f in answer.json()["findings"] if f["verdict"] == "hold"]
        assert [f["cleared_by"] for f in held if f["safeguard"] == "judicial_authorisation"] == ["request.authorise"]


def test_bad_filings_are_refused_and_say_what_to_do(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        good = at.filing(at.who("DE", "prosecutor"), "request.draft", eio_request())
        value = json.loads(good)
        bad = {
            "unknown field": json.dumps({**value, "more": 1}, sort_keys=True, separators=(",", ":")).encode(),
            "not canonical": json.dumps(value, indent=1).encode(),
            "truncated": good[:-20],
            "oversized": b'"' + b"x" * (MAX_RECORD + MAX_SECTIONS) + b'"',
            "not JSON": b"\x00\xff",
            "nested": b"[" * 100_000,
        }
        for what, body in bad.items():
            answer = at.http["DE"].post("/api/filings", content=body)
            assert answer.status_code == 400, what
            assert answer.json()["code"] == "malformed"
            assert answer.json()["next_step"]
        assert not at.open["DE"].registrar.docket(DOCKET).entries


def test_what_nobody_foresaw_shows_no_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret inside")

    with house(tmp_path) as at:
        logged: list[str] = []
        monkeypatch.setattr(api, "summary", broken)
        monkeypatch.setattr(problem, "_log", SimpleNamespace(error=lambda event, **_: logged.append(event)))
        at.file(at.who("DE", "prosecutor"), "request.draft", eio_request())
        answer = at.get("DE", "/api/dockets", at.who("DE", "prosecutor"))
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.json()["code"] == "bug"
        assert logged == ["web.unexpected"]


def to_produced(at: House) -> dict[str, str]:
    """The whole way to evidence on the other side; the exhibit's row."""
    prosecutor, judge, french = at.who("DE", "prosecutor"), at.who("DE", "judge"), at.who("FR", "prosecutor")
    draft = at.file(prosecutor, "request.draft", eio_request())
    allowed = at.file(judge, "request.authorise", authorisation(at.entry("DE", "request.draft")))
    at.file(prosecutor, "request.send", bodies.Transmission(request=draft["id"], authorisation=allowed["id"]))
    at.file(french, "request.acknowledge", bodies.Acknowledgement(reference="R 1", contact="Parquet"))
    at.file(french, "request.recognise", recognition())
    at.file(at.who("FR", "judge"), "request.order", court_order())
    stored = at.http["FR"].post(
        "/api/exhibits?name=statement.xml",
        content=STATEMENT,
        headers={**at.token(french, "fr-node"), "Content-Type": "application/xml"},
    )
    assert stored.status_code == 201, stored.text
    row: dict[str, str] = stored.json()
    assert row["id"] == f"sha256:{hashlib.sha256(STATEMENT).hexdigest()}"
    at.file(french, "request.produce", production(exhibit(id=row["id"], size=row["size"], digest=row["digest"])))
    at.file(prosecutor, "request.receive", reception(at.entry("DE", "request.produce")))
    return row


def test_evidence_is_read_only_after_a_record_of_reading(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        row, prosecutor = to_produced(at), at.who("DE", "prosecutor")
        path = f"/api/exhibits/{row['id']}?docket={DOCKET}"
        refused = at.get("DE", path, prosecutor)
        assert refused.status_code == 403
        assert "request.read" in refused.json()["next_step"]
        assert at.get("DE", f"/api/dockets/{DOCKET}/package", prosecutor).status_code == 403
        reading = bodies.Reading(exhibit=row["id"], purpose="Prosecution of the fraud under 12 Js 345/26")
        at.file(prosecutor, "request.read", reading)
        given = at.get("DE", path, prosecutor)
        assert given.status_code == 200
        assert given.content == STATEMENT
        assert at.get("DE", path, at.who("DE", "judge")).status_code == 403  # another's record of reading does not help
        at.nodes.clock.forward(hours=25)
        assert at.get("DE", path, prosecutor).status_code == 403


def test_what_was_erased_from_a_docket_is_not_read_there_though_another_holds_the_same_bytes(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        row, french, fr = to_produced(at), at.who("FR", "prosecutor"), at.open["FR"]
        with fr.store.writing() as db:
            db.execute(uses.insert(), {"exhibit": row["id"], "docket": "request:another-1", "giver": ""})
        reading = bodies.Reading(exhibit=row["id"], purpose="Prosecution of the fraud under 12 Js 345/26")
        at.file(french, "request.read", reading)
        path = f"/api/exhibits/{row['id']}?docket={DOCKET}"
        assert at.get("FR", path, french).status_code == 200
        erasure = bodies.Erasure(exhibits=(row["id"],), ground="court_order", provision="LED art 16")
        at.file(at.who("FR", "judge"), "request.erase", erasure)
        assert fr.store.exhibit(row["id"]) is not None
        assert at.get("FR", path, french).status_code == 404
        seen = at.get("FR", f"/api/dockets/{DOCKET}", french).json()["exhibits"]
        assert [x["present"] for x in seen] == [False]


def test_filings_are_decoded_away_from_the_event_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large or tangled body costs its reader time; others are answered meanwhile."""
    where, decode = [], api.decode_filing
    monkeypatch.setattr(api, "decode_filing", lambda data: where.append(_in_a_loop()) or decode(data))
    with house(tmp_path) as at:
        at.file(at.who("DE", "prosecutor"), "request.draft", eio_request())
    assert where == [False]


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def test_the_package_verifies_offline(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        row, prosecutor = to_produced(at), at.who("DE", "prosecutor")
        reading = bodies.Reading(exhibit=row["id"], purpose="Prosecution of the fraud under 12 Js 345/26")
        at.file(prosecutor, "request.read", reading)
        package = at.get("DE", f"/api/dockets/{DOCKET}/package", prosecutor)
        assert package.status_code == 200, package.text
        now = int(at.nodes.clock().timestamp())
        verdict = check_source(io.BytesIO(package.content), at.nodes.anchors, load_law(), now)
        assert verdict.ok, verdict.problems


def test_no_package_while_a_proof_is_on_its_way(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        prosecutor = at.who("DE", "prosecutor")
        draft = at.file(prosecutor, "request.draft", eio_request())
        allowed = at.file(at.who("DE", "judge"), "request.authorise", authorisation(at.entry("DE", "request.draft")))
        at.post(prosecutor, "request.send", bodies.Transmission(request=draft["id"], authorisation=allowed["id"]))
        answer = at.get("DE", f"/api/dockets/{DOCKET}/package", prosecutor)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_an_upload_that_is_too_large_leaves_nothing(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        node = at.open["DE"]
        node.settings = msgspec.structs.replace(node.settings, max_exhibit_bytes=1000)
        client = type(at.http["DE"])(create_app(node, at.nodes.clock))
        token = at.token(at.who("DE", "prosecutor"))
        whole = client.post("/api/exhibits", content=b"x" * 1001, headers=token)
        streamed = client.post("/api/exhibits", content=iter([b"x" * 600, b"y" * 600]), headers=token)
        assert (whole.status_code, streamed.status_code) == (400, 400)
        assert not node.vault.blobs()
        assert client.post("/api/exhibits?name=../x", content=b"x", headers=token).status_code == 400


def test_a_full_disk_is_told_to_whoever_brings_an_exhibit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with house(tmp_path) as at:
        monkeypatch.setattr("comity.node.keeping.vault.encrypt_stream", full)
        token = at.token(at.who("DE", "prosecutor"))
        answer = at.http["DE"].post("/api/exhibits", content=b"x", headers=token)
        assert (answer.status_code, answer.json()["code"]) == (503, "unreachable")
        assert "disk is full" in answer.json()["detail"]
        at.open["DE"].registrar.failure = "The database cannot be written."
        assert at.http["DE"].get("/health/ready").status_code == 503


def test_duties_are_listed_with_their_arithmetic(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        prosecutor = at.who("DE", "prosecutor")
        draft = at.file(prosecutor, "request.draft", eio_request())
        allowed = at.file(at.who("DE", "judge"), "request.authorise", authorisation(at.entry("DE", "request.draft")))
        at.file(prosecutor, "request.send", bodies.Transmission(request=draft["id"], authorisation=allowed["id"]))
        duties = at.get("FR", "/api/duties", at.who("FR", "prosecutor")).json()["duties"]
        assert {d["duty"] for d in duties} == {"acknowledge", "decide"}
        assert all(d["explanation"] and d["provision"] and d["party"] == "FR" for d in duties)
