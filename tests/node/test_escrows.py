"""Escrow over a running node: every sealed leaf, k of n bodies, erased with the record; a lie is found by a sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from comity.cli import run
from comity.cli.init.parties import read_draft, template
from comity.docket.escrow import (
    Escrow,
    Opening,
    Share,
    decode_escrow,
    decode_opening,
    encode_escrow,
    encode_opening,
    make_escrow,
    open_escrow,
    open_share,
)
from comity.docket.party_file import OversightBody
from comity.errors import BadLaw, Malformed, Unverified
from comity.node.keeping.keys import write_secret
from comity.node.log.escrows import EscrowTo, escrows
from comity.node.log.openings import export_node
from comity.node.node import Node
from comity.node.publishing.padding import Padder
from comity.proceedings import bodies
from comity.signing.base64url import to_base64url
from comity.signing.envelope import EnvelopeKey
from comity.tlog.leaf import parse_leaf
from comity.web import escrows as room
from comity.web.app import create_app
from comity.web.token import make_token
from tests.node import matters
from tests.node.nodes import Nodes
from tests.node.test_sealed import draft, tick
from tests.web.house import world_with_oversight
from tests.world import seed

KEYS = {name: EnvelopeKey("x25519", seed(name)) for name in ("dpa", "oversight", "parliament")}
BODIES = tuple(
    OversightBody(id=name, names={"en": name}, envelope=key.public.to_text()) for name, key in KEYS.items()
)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    found = Nodes(tmp_path, world=world_with_oversight(), oversight=BODIES, escrow_needed=2)
    yield found
    found.close()


def held(node: Node) -> list[Escrow]:
    return [decode_escrow(body) for _, body in escrows(node.store, 0, 1000)]


def share(escrow: Escrow, name: str) -> Share:
    party = escrow.shares[0].body.partition("-")[0]
    return open_share(escrow, f"{party}-{name}", KEYS[name])


def opened(escrow: Escrow, *names: str) -> Opening:
    return decode_opening(open_escrow(escrow, [share(escrow, name) for name in names]))


def checked(node: Node, escrow: Escrow, *names: str) -> Opening:
    opening = opened(escrow, *names)
    opening.check(parse_leaf(node.store.leaves(escrow.position, escrow.position + 1)[0]))
    return opening


def pad(nodes: Nodes, node: Node, least: int = 4) -> None:
    Padder(node.registrar, node.store, node.log, nodes.clock, least).tick()


def test_every_sealed_leaf_is_escrowed_and_any_two_of_three_open_it(nodes: Nodes, de: Node) -> None:
    draft(nodes, de)
    matters.authorise(nodes, de)
    pad(nodes, de)
    assert [escrow.position for escrow in held(de)] == list(range(6))
    for names in (("dpa", "oversight"), ("parliament", "dpa"), ("oversight", "parliament")):
        kinds = [checked(de, escrow, *names).kind for escrow in held(de)]
        assert kinds == ["request", "decision-grant", *["padding"] * 4]
    with pytest.raises(Unverified, match="too few"):
        opened(held(de)[0], "dpa")


def test_sizes_do_not_tell_an_act_from_padding(nodes: Nodes, de: Node) -> None:
    draft(nodes, de)
    matters.authorise(nodes, de)
    matters.send(nodes, de)
    pad(nodes, de)
    assert len({len(escrow.content) for escrow in held(de)}) == 1


def test_what_stands_in_the_open_is_not_escrowed_and_padding_only_until_it_is_unsealed(nodes: Nodes, de: Node) -> None:
    draft(nodes, de, until=None)
    assert held(de) == []
    pad(nodes, de)
    assert len(held(de)) == 4
    nodes.clock.now = datetime(2027, 12, 1, tzinfo=UTC)
    tick(nodes, de)
    assert held(de) == []


def test_both_sides_escrow_what_they_log(nodes: Nodes, de: Node) -> None:
    fr = nodes.open("FR")
    draft(nodes, de)
    matters.finish(nodes, de, fr)
    for node in (de, fr):
        assert len(held(node)) == 9
        assert {checked(node, escrow, "dpa", "oversight").kind for escrow in held(node)} > {"disclosure"}


def test_erasing_a_record_erases_its_escrow_to_the_last_byte(nodes: Nodes, de: Node, tmp_path: Path) -> None:
    drafted = draft(nodes, de)
    matters.authorise(nodes, de)
    first, second = held(de)
    needle = first.content[100:160].encode()
    de.store.forget_pages()
    assert found(tmp_path / "DE" / "data", needle)
    body = bodies.Erasure(records=(drafted.id,), ground="court_order", provision="LED art 16")
    who = nodes.world.who("DE", "judge")
    done = nodes.file(de, matters.DOCKET, "request.erase", body, who)
    assert done.effect, done.findings
    assert first.position not in {escrow.position for escrow in held(de)}
    assert second in held(de)
    assert not found(tmp_path / "DE" / "data", needle)


def found(folder: Path, needle: bytes) -> bool:
    return any(needle in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_node_that_escrows_a_lie_is_found_by_a_sample(nodes: Nodes, de: Node) -> None:
    """Its acts are sealed as padding in the escrow; its log says otherwise, and so does any sample that is opened."""
    true = de.registrar._registry.escrow
    assert true is not None
    de.registrar._registry = replace(de.registrar._registry, escrow=Lying(true.node, true.bodies, true.needed))
    draft(nodes, de)
    (escrow,) = held(de)
    assert opened(escrow, "dpa", "oversight").kind == "padding"
    with pytest.raises(Unverified, match="not what the leaf"):
        checked(de, escrow, "dpa", "oversight")


class Lying(EscrowTo):
    """Escrows every act as padding."""

    def row(self, position: int, record: str, kind: str, salt: bytes, act: bytes, signatures: bytes) -> dict[str, Any]:
        return super().row(position, record, "padding", salt, b"", b"")


def test_one_false_share_is_named_and_the_others_open(nodes: Nodes, de: Node) -> None:
    draft(nodes, de)
    (escrow,) = held(de)
    with pytest.raises(Unverified, match="de-dpa"):
        open_escrow(escrow, [Share(1, bytes(32)), share(escrow, "oversight")])


@pytest.mark.parametrize("needed", [4, -1])
def test_a_node_that_asks_for_more_bodies_than_have_a_key_does_not_start(tmp_path: Path, needed: int) -> None:
    with pytest.raises(BadLaw, match="escrow_needed"):
        Nodes(tmp_path, oversight=BODIES, escrow_needed=needed).open("DE")


def test_an_opening_comes_back_as_it_was_and_nothing_else_is_one() -> None:
    opening = Opening("request", to_base64url(bytes(32)), "act", "signatures")
    data = encode_opening(opening)
    assert decode_opening(data) == opening
    for wrong in (b"", data[:-1], data + b"x", b"x" + data, encode_opening(opening)[:-4] + bytes(4)):
        with pytest.raises(Malformed):
            decode_opening(wrong)


def test_an_escrow_of_another_leaf_does_not_open_this_one(nodes: Nodes, de: Node) -> None:
    draft(nodes, de)
    matters.authorise(nodes, de)
    first, second = held(de)
    moved = msgspec.structs.replace(first, position=second.position)
    assert decode_escrow(encode_escrow(moved)) == moved
    with pytest.raises(Unverified):
        opened(moved, "dpa", "oversight")


def test_oversight_fetches_by_page_and_opens_a_sample_at_the_command_line(
    nodes: Nodes, de: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real commands against the real application: fetch, two shares, open; a lie ends with exit 4."""
    monkeypatch.setattr(room, "PAGE", 3)
    draft(nodes, de)
    pad(nodes, de, 5)
    de.publisher.publish()
    export_node(de.log.rows, tmp_path / "log")
    who, http = nodes.world.who("DE", "oversight", "oversight"), TestClient(create_app(de, nodes.clock))
    found: list[str] = []
    at: Any = 0
    while at is not None:
        headers = {"Authorization": make_token("de-node", who.key, nodes.clock())}
        answer = http.get(f"/api/oversight/escrows?since={at}", headers=headers)
        found, at = [*found, *answer.json()["escrows"]], answer.json()["next"]
    assert len(found) == 6
    assert http.get("/api/oversight/escrows?since=-1", headers=headers).status_code == 400
    escrow, shares = tmp_path / "0.escrow", []
    escrow.write_text(found[0])
    for name in ("dpa", "oversight"):
        write_secret(tmp_path / name, KEYS[name].save(None))
        assert run(["escrow", "share", str(escrow), "--body", f"de-{name}", "--key", str(tmp_path / name)]) == 0
        shares.append(str(tmp_path / f"0.de-{name}.share"))
    capsys.readouterr()
    assert run(["escrow", "open", str(escrow), *shares, "--log", str(tmp_path / "log")]) == 0
    assert "request.draft in request:2026-aaaa0001" in capsys.readouterr().out
    assert run(["escrow", "open", str(escrow), shares[0], "--log", str(tmp_path / "log")]) == 4
    false = make_escrow(
        encode_opening(Opening("padding", to_base64url(bytes(32)), "", "")), "de-node", 0,
        {f"de-{name}": key.public for name, key in KEYS.items()}, 2, bytes(32),
    )  # fmt: skip
    escrow.write_bytes(encode_escrow(false))
    for name in ("dpa", "oversight"):
        assert run(["escrow", "share", str(escrow), "--body", f"de-{name}", "--key", str(tmp_path / name)]) == 0
    assert run(["escrow", "open", str(escrow), *shares, "--log", str(tmp_path / "log")]) == 4


def test_a_body_makes_its_key_and_the_party_file_names_it(tmp_path: Path) -> None:
    party = tmp_path / "de"
    found_party(party)
    body = read_draft(party).oversight[0].id
    command = ["escrow", "key", str(tmp_path / "body"), "--party", str(party), "--body", body]
    assert run(command) == 0
    entered = (party / "oversight" / f"{body}.json").read_bytes()
    assert run(command) == 0
    assert (party / "oversight" / f"{body}.json").read_bytes() == entered
    key = EnvelopeKey.load((tmp_path / "body" / "escrow.key").read_bytes(), None)
    assert msgspec.json.decode(entered, type=OversightBody).envelope == key.public.to_text()
    assert run([*command[:-1], "nobody"]) == 3


def found_party(folder: Path) -> None:
    """What ``comity init party`` leaves, as far as this command asks."""
    (folder / "oversight").mkdir(parents=True)
    (folder / "party.toml").write_text(template("DE"))
