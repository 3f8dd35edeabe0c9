"""Nobody goes round the registrar: not the code, not a route, not a command, not a row; and every try is seen."""

from __future__ import annotations

import ast
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
import uvicorn
from starlette.testclient import TestClient
from typer.testing import CliRunner

from comity.cli import app as command_line
from comity.docket.record import SealedRecord, compose, record_id
from comity.errors import Tampered
from comity.node.keeping.keys import write_secret
from comity.node.node import Node
from comity.package.check import check_source
from comity.signing.canonical import canonical
from comity.signing.hand import put_hand
from comity.signing.keys import PrivateKey, save_private
from comity.signing.seal import seal
from comity.web.app import create_app, declared
from comity.web.packaging import package_file
from tests.node import matters
from tests.node.insider import blind, enter_by_hand
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes
from tests.world import authorisation, eio_request, seal_payload

SOURCE = Path(__file__).parents[2] / "src" / "comity"
TABLES = {"records", "leaves", "sections"}


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    found = Nodes(tmp_path)
    yield found
    for node in list(found.wire.nodes.values()):
        found.kill(node)


# --- the code


def sources(said: str) -> Iterator[tuple[str, ast.Module]]:
    """The files in which ``said`` (a pattern, in any case) stands at all, parsed."""
    for path in SOURCE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if re.search(said, text, re.IGNORECASE):
            yield path.relative_to(SOURCE).as_posix(), ast.parse(text)


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (found for found in ast.walk(tree) if isinstance(found, ast.Call))


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_only_the_registrar_enters_and_only_admission_makes_what_is_entered() -> None:
    enters, batches, sessions = set(), set(), set()
    for where, tree in sources(r"enter\(|batch\(|session\("):
        for call in calls(tree):
            text = ast.unparse(call.func)
            if re.search(r"store\.enter$", text):
                enters.add(where)
            if name_of(call) == "Batch":
                batches.add(where)
            if name_of(call) == "Session" or text.endswith("registry.session"):
                sessions.add(where)
    restoring = {"node/restore.py"}  # leaves from a mirror, of a node that is down; never a record
    assert enters - restoring == {"node/door/registrar.py"}
    assert batches - restoring == {"node/door/admission.py"}
    assert sessions == {"node/door/admission.py", "node/door/registrar.py"}


def test_no_other_file_writes_records_leaves_or_sections() -> None:
    sql = re.compile(r"\b(insert|replace|update|delete)\b[\w\s]{0,20}\b(records|leaves|sections)\b", re.IGNORECASE)
    for where, tree in sources(r"insert|update|delete|replace[^(]"):
        if where == "node/auditor/state.py":
            continue  # an auditor's own notes of other people's logs, in a file of their own
        whole = list(ast.walk(tree))
        docs = {ast.get_docstring(n, clean=False) for n in whole if isinstance(n, (ast.Module, ast.FunctionDef))}
        for found in whole:
            if isinstance(found, ast.Attribute) and found.attr in ("insert", "update", "delete"):
                table = ast.unparse(found.value).rpartition(".")[2]
                assert table not in TABLES or where == "node/keeping/store.py", f"{where}: {ast.unparse(found)}"
            if isinstance(found, ast.Constant) and isinstance(found.value, str) and found.value not in docs:
                assert not sql.search(found.value) or "." in found.value, f"{where}: {found.value}"


def test_no_room_above_the_node_touches_its_tables() -> None:
    for room in ("cli", "web"):
        for path in (SOURCE / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert "comity.node.keeping.tables" not in text, path
            assert "comity.node.door.admission" not in text, path
            assert "sqlite3" not in text, path


# --- every route


def effects(node: Node) -> set[str]:
    found = (node.registrar.docket(d) for d in node.store.dockets("request"))
    return {e.id for d in found for e in d.entries if e.effect}


def filings(nodes: Nodes, node: Node) -> list[bytes]:
    """Filings that want a hand: none, another's, one over something else, and bytes that are no filing."""
    docket = node.registrar.docket(DOCKET)
    prosecutor, judge = nodes.world.who("DE", "prosecutor"), nodes.world.who("DE", "judge")
    found = [b"", b"{}", b"[]", b"\xff", b"null", b'{"hand":null,"record":{},"sections":{}}']
    for hand in (None, prosecutor, nodes.world.who("FR", "judge")):
        record, sections = compose(
            docket=DOCKET, step="request.authorise", answers=tuple(docket.heads), party="DE",
            authority=judge.authority, role="judge", at=nodes.clock(),
            body=authorisation(matters.latest(node, "request.draft")),
        )  # fmt: skip
        put = put_hand(record_id(record), hand.key) if hand is not None else None
        found.append(canonical({"hand": put, "record": record, "sections": sections}))
    other = put_hand("sha256:" + "0" * 64, judge.key)
    found.append(canonical({"hand": other, "record": record, "sections": sections}))
    sealed = SealedRecord(
        record=record, hand=None, seal=seal(seal_payload(record, None), nodes.keys["DE"].seal), sections=sections
    )
    found.append(canonical(sealed))
    return found


def test_no_route_has_an_effect_without_a_hand(nodes: Nodes) -> None:
    de = nodes.open("DE")
    matters.draft(nodes, de)
    before, size, bad = effects(de), de.store.size(), filings(nodes, de)
    app = create_app(de, nodes.clock)
    assert {(r.path, m) for r in app.routes for m in r.methods - {"HEAD"}} == set(declared())  # type: ignore[attr-defined]
    turned_away = 0
    with TestClient(app, raise_server_exceptions=False) as browser:
        for path, _ in sorted(declared()):
            place = path.replace("{docket}", DOCKET).replace("{path:path}", "0/000").replace("{blob}", "0" * 64)
            place = re.sub(r"\{[^}]*\}", "x", place)
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                bodies = bad if (path, method) in declared() else bad[-1:]  # what is not declared reads no body
                for body in bodies if method in ("POST", "PUT") else [b""]:
                    for token in ("", "Bearer x", "Comity e30"):
                        answer = browser.request(method, place, content=body, headers={"Authorization": token})
                        assert answer.status_code < 500 or path == "/health/ready", (method, place, answer.text)
                        turned_away += answer.status_code >= 400
    assert turned_away > 100
    assert effects(de) == before
    assert {d.partition(":")[0] for d in de.store.dockets()} == {"request", "oversight"}
    assert de.store.size() == size + len(matters.attempts(de))
    doors = {a.door for a in matters.attempts(de)}
    assert "/api/filings" in doors
    assert "exchange" in doors


# --- every command


def test_no_command_offers_a_way_round(nodes: Nodes) -> None:
    def walk(command: object, name: str = "comity") -> Iterator[tuple[str, str]]:
        for parameter in getattr(command, "params", []):
            yield name, " ".join((*parameter.opts, *parameter.secondary_opts))
        for child, sub in getattr(command, "commands", {}).items():
            yield from walk(sub, f"{name} {child}")

    found = list(walk(typer.main.get_command(command_line)))
    assert len({name for name, _ in found}) > 5
    for name, options in found:
        assert not re.search(r"force|skip|bypass|override|unsafe|no-verify|ignore|without", options), (name, options)


def now() -> datetime:
    """The real time, by which the command line goes."""
    return datetime.now(UTC).replace(microsecond=0)


@contextmanager
def served(node: Node) -> Iterator[str]:
    """The node's real HTTP interface on loopback."""
    config = uvicorn.Config(create_app(node, now), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def leaves_of(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", {})
    if not children:
        yield words, command
    for child, sub in children.items():
        yield from leaves_of(sub, (*words, child))


def typed(words: tuple[str, ...], command: Any, values: dict[str, str]) -> list[str]:
    """The command with every argument filled, and every option whose value is at hand."""
    found = list(words)
    for parameter in command.params:
        name = next((o for o in parameter.opts if o in values), "")
        if not parameter.opts[0].startswith("-"):
            found.append(values.get(parameter.name.lower(), values["place"]))
        elif name:
            found += [name, values[name]]
    return found


def test_every_command_is_tried_without_the_judges_hand(nodes: Nodes, tmp_path: Path) -> None:
    nodes.clock.now = now()
    de = nodes.open("DE", now)
    matters.draft(nodes, de)
    form = tmp_path / "authorise.json"
    form.write_bytes(canonical(msgspec.to_builtins(authorisation(matters.latest(de, "request.draft")))))
    hands = {
        "node": nodes.keys["DE"].seal, "stranger": PrivateKey.from_seed(b"s" * 32),
        "prosecutor": nodes.world.who("DE", "prosecutor").key, "other": nodes.world.who("FR", "judge").key,
    }  # fmt: skip
    before, tried = effects(de), set[str]()
    write_secret(tmp_path / "passphrase", b"a long enough passphrase\n")
    with served(de) as url:
        for who, key in (*hands.items(), ("judge", nodes.world.who("DE", "judge").key)):
            path = tmp_path / f"{who}.key"
            write_secret(path, save_private(key, b"a long enough passphrase"))
            values = {
                "step": "request.authorise", "file": str(form), "files": str(form), "docket": DOCKET,
                "--docket": DOCKET, "--as": str(path), "--passphrase-file": str(tmp_path / "passphrase"), "--node": url,
                "--config": str(tmp_path / "DE" / "comity.toml"), "place": str(tmp_path / "none"),
            }  # fmt: skip
            for words, command in leaves_of(typer.main.get_command(command_line)):
                if words in {("demo",), ("verify",), ("law", "replay")}:  # own nodes; close all sockets for good
                    continue
                if who != "judge":
                    CliRunner().invoke(command_line, typed(words, command, values), input="")
                    tried.add(" ".join(words))
                    assert effects(de) == before, (who, words)
                elif words == ("file",):  # the same words with the judge's hand do take effect
                    result = CliRunner().invoke(command_line, typed(words, command, values), input="")
                    assert effects(de) > before, (result.output, result.exception)
    assert {"file", "show", "serve", "init node", "init official", "law check"} <= tried


# --- a row


def forge_authorisation(nodes: Nodes, de: Node) -> str:
    """An authorisation that no judge gave, written into the database with a leaf, a tree and a seal that fit."""
    judge = nodes.world.who("DE", "judge")
    docket = de.registrar.docket(DOCKET)
    record, sections = compose(
        docket=DOCKET, step="request.authorise", answers=tuple(docket.heads), party="DE", authority=judge.authority,
        role="judge", at=nodes.clock(), body=authorisation(matters.latest(de, "request.draft")),
    )  # fmt: skip
    mark = seal(seal_payload(record, None), nodes.keys["DE"].seal)
    sealed = SealedRecord(record=record, hand=None, seal=mark, sections=sections)
    enter_by_hand(de.store, de.log, (sealed, "de-node"), de.vault)
    nodes.kill(de)
    return sealed.id


def test_a_row_written_into_the_database_is_found_at_start(nodes: Nodes) -> None:
    de = nodes.open("DE")
    matters.draft(nodes, de)
    forge_authorisation(nodes, de)
    with pytest.raises(Tampered, match="position 1 cannot have effect"):
        nodes.open("DE")


def test_the_other_side_never_acts_on_it_and_no_package_of_it_verifies(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The insider runs a program without the guard: their own node believes the row, nobody else does."""
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.draft(nodes, de)
    forged = forge_authorisation(nodes, de)
    blind(monkeypatch)
    de = nodes.open("DE")
    assert de.registrar.docket(DOCKET).state == "request.authorise"
    assert matters.send(nodes, de).effect  # at home it looks authorised
    nodes.settle()
    there = fr.registrar.docket(DOCKET)
    assert there.state == "request.draft"
    assert not there.by_id[forged].effect
    assert [e.effect for e in there.entries if e.step == "request.send"] == [False]
    assert not matters.has(there, "request.authorise")
    verdict = check_source(package_of(nodes, de), nodes.anchors, de.law, int(nodes.clock().timestamp()))
    assert not verdict.ok
    assert verdict.problems


def package_of(nodes: Nodes, node: Node):  # type: ignore[no-untyped-def]
    import comity.web.packaging as packaging

    keep = packaging._check_proofs
    packaging._check_proofs = lambda *_: None  # the insider does not wait for the other side's proofs
    try:
        return package_file(node, node.registrar.docket(DOCKET), nodes.clock())
    finally:
        packaging._check_proofs = keep


def test_an_honest_package_verifies_and_one_with_a_row_added_does_not(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.finish(nodes, de, fr)
    now = int(nodes.clock().timestamp())
    honest = check_source(package_of(nodes, de), nodes.anchors, de.law, now)
    assert honest.ok, honest.problems
    forge_authorisation(nodes, de)
    blind(monkeypatch)
    de = nodes.open("DE")
    nodes.settle()
    assert not check_source(package_of(nodes, de), nodes.anchors, de.law, now).ok


def test_every_kind_of_attempt_is_a_record_that_oversight_sees_and_the_log_proves(nodes: Nodes) -> None:
    de = nodes.open("DE")
    de.registrar.note_attempt("cli", "request.authorise in a docket", "No hand.")
    de.publisher.publish()
    (docket,) = de.store.dockets("oversight")
    (entry,) = de.registrar.docket(docket).entries
    assert entry.effect
    assert entry.step == "oversight.attempt"
    assert de.logged(entry.id).origin == de.entry.origin
    request = eio_request()
    assert request.facts not in str(entry.body)
