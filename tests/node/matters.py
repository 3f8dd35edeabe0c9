"""A whole matter between two nodes, taken forward by people who look at the docket and take the next step. No test."""

from __future__ import annotations

from comity.docket.docket import Docket, Entry
from comity.node.door.registrar import Entered
from comity.node.node import Node
from comity.proceedings import bodies
from tests.node.nodes import Nodes
from tests.world import (
    authorisation,
    court_order,
    eio_request,
    exhibit,
    production,
    reception,
    recognition,
)

DOCKET = "request:2026-aaaa0001"
STATEMENT = b"statement"
WHOLE = (
    "request.draft", "request.authorise", "request.send", "request.receipt", "request.acknowledge",
    "request.recognise", "request.order", "request.produce", "request.receive",
)  # fmt: skip


def draft(nodes: Nodes, node: Node, docket: str = DOCKET) -> Entered:
    return nodes.file(node, docket, "request.draft", eio_request(), nodes.world.who("DE", "prosecutor"))


def authorise(nodes: Nodes, node: Node, docket: str = DOCKET) -> Entered:
    entry = latest(node, "request.draft", "request.revise", docket=docket)
    return nodes.file(node, docket, "request.authorise", authorisation(entry), nodes.world.who("DE", "judge"))


def send(nodes: Nodes, node: Node, docket: str = DOCKET) -> Entered:
    found = latest(node, "request.authorise", docket=docket)
    body = bodies.Transmission(request=found.body.request, authorisation=found.id)
    return nodes.file(node, docket, "request.send", body, nodes.world.who("DE", "prosecutor"))


def sent(nodes: Nodes, node: Node, docket: str = DOCKET) -> Entered:
    """Draft, authorise and send; every step has effect."""
    for act in (draft, authorise, send):
        done = act(nodes, node, docket)
        assert done.effect, done.findings
    return done


def latest(node: Node, *steps: str, docket: str = DOCKET) -> Entry:
    found = node.registrar.docket(docket).latest(*steps)
    assert found is not None, f"no effective {steps} in {docket}"
    return found


def has(docket: Docket, step: str) -> bool:
    return docket.latest(step) is not None


def advance(nodes: Nodes, de: Node, fr: Node, docket: str = DOCKET) -> bool:
    """Take the next step that somebody has to take; False when the matter is finished on both sides."""
    asking, asked = de.registrar.docket(docket), fr.registrar.docket(docket)
    done = _ask(nodes, de, asking, docket) or _answer(nodes, fr, asked, docket)
    if done is not None:
        assert done.effect, (done.step, done.findings)
        return True
    if has(asking, "request.produce") and not has(asking, "request.receive"):
        body = reception(latest(de, "request.produce", docket=docket))
        row = de.store.exhibit(body.digests[0])
        if row is not None and row["present"]:
            received = nodes.file(de, docket, "request.receive", body, nodes.world.who("DE", "prosecutor"))
            assert received.effect, received.findings
        return True
    return not has(asked, "request.receive")


def _ask(nodes: Nodes, de: Node, docket: Docket, name: str) -> Entered | None:
    following = {"": draft, "request.draft": authorise, "request.authorise": send}.get(docket.state)
    return following(nodes, de, name) if following else None


def _answer(nodes: Nodes, fr: Node, docket: Docket, name: str) -> Entered | None:
    prosecutor, judge = nodes.world.who("FR", "prosecutor"), nodes.world.who("FR", "judge")
    if docket.state == "request.send":
        body = bodies.Acknowledgement(reference="FR-7", contact="parquet@villemodele.example")
        return nodes.file(fr, name, "request.acknowledge", body, prosecutor)
    if docket.state == "request.acknowledge":
        return nodes.file(fr, name, "request.recognise", recognition(), judge)
    if docket.state == "request.recognise" and not has(docket, "request.order"):
        return nodes.file(fr, name, "request.order", court_order(), judge)
    if docket.state == "request.recognise":
        digest = nodes.exhibit(fr, STATEMENT)
        given = exhibit(id=nodes.exhibit_name or digest, digest=digest, size=len(STATEMENT))
        return nodes.file(fr, name, "request.produce", production(given), prosecutor)
    return None


def finish(nodes: Nodes, de: Node, fr: Node, docket: str = DOCKET) -> None:
    """Take the matter to its end, everything delivered."""
    for _ in range(40):
        nodes.settle()
        if not advance(nodes, de, fr, docket):
            nodes.settle()
            return
    raise AssertionError(f"stuck: {de.registrar.docket(docket).state}, {fr.registrar.docket(docket).state}")


def check_whole(node: Node, docket: str = DOCKET) -> None:
    """Every step of the matter once, with effect, each record in the log exactly once, nothing left to deliver."""
    check_steps(node, docket)
    entries = node.registrar.docket(docket).entries
    rows = node.store.docket_rows([docket])
    assert sorted(r["id"] for r in rows) == sorted(e.id for e in entries)
    assert len({r["position"] for r in rows}) == len(rows)
    assert node.store.size() == len(node.store.leaves(0, 1 << 30)) == node.log.tree.size
    assert node.mailbox.outbox.waiting() == []


def attempts(node: Node) -> list[bodies.Attempt]:
    """What was noted for oversight."""
    found = [node.registrar.docket(d) for d in node.store.dockets("oversight")]
    return [e.body for d in found for e in d.entries if e.effect]


def check_steps(node: Node, docket: str = DOCKET) -> None:
    """Every step of the matter once, with effect."""
    entries = node.registrar.docket(docket).entries
    assert tuple(e.step for e in entries) == WHOLE
    assert all(e.effect for e in entries)
