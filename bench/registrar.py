"""The registrar under load: real filings (draft, authorisation, sending), every safeguard asked, all durable."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import islice
from pathlib import Path

import msgspec

from bench import limits
from bench.row import Row, at_least, at_most
from comity.docket.docket import Entry
from comity.docket.record import SealedRecord, compose, record_id
from comity.node.door.filed import Door, Filed
from comity.node.door.registrar import Entered
from comity.node.node import Node
from comity.proceedings import bodies
from comity.signing.hand import put_hand
from tests.node.nodes import Nodes
from tests.world import Who, authorisation, eio_request

ASKED, FLAT = 1_000, 1.2  # gated records a second; a record at 10^5, to that at 10^3


def gated_rows(folder: Path, count: int = 6000) -> list[Row]:
    """Gated records a second beside raw commits and signatures."""
    nodes = Nodes(folder / "gated")
    node = nodes.open("DE")
    filed = list(islice(matters(nodes), count))
    rate = count / _file_all(node, filed)
    nodes.close()
    raw_one, raw_many = limits.commits(folder, 1), limits.commits(folder, 100)
    sign, verify = limits.signatures()
    return [
        Row("gated records", f"{rate:,.0f}/s", "draft, authorise, send in turn", at_least(rate, ASKED, "/s")),
        Row("... to raw SQLite, one row a commit", f"{rate / raw_one:.2f}", f"{raw_one:,.0f}/s"),
        Row("... to raw SQLite, 100 rows a commit", f"{rate / raw_many:.3f}", f"{raw_many:,.0f}/s"),
        Row("... to Ed25519 signing", f"{rate / sign:.3f}", f"{sign:,.0f}/s; each record: one signed, one verified"),
        Row("... to sign + verify, one thread", f"{rate * (1 / sign + 1 / verify):.2f}", "share of the time"),
    ]


def growth_rows(folder: Path, window: int = 900, rounds: int = 7) -> list[Row]:
    """Cost of a record at 10^3, 10^4 and 10^5 records in one log: three logs, timed in turn, so that noise hits all."""
    marks = (1_000, 10_000, 100_000)
    filled = {mark: _filled_log(folder / f"growth-{mark}", mark) for mark in marks}
    costs: dict[int, list[float]] = {mark: [] for mark in marks}
    for _ in range(rounds):
        for mark, (_, node, source) in filled.items():
            costs[mark].append(_file_all(node, list(islice(source, window))) / window)
    for nodes, _, _ in filled.values():
        nodes.close()
    starts = [_start(nodes, mark) for mark, (nodes, _, _) in filled.items()]
    ratios = {m: statistics.median(c / b for c, b in zip(costs[m], costs[marks[0]], strict=True)) for m in marks}
    found = list[Row]()
    for mark in marks:
        found.append(Row(f"a record at {_power(mark)}", f"{statistics.median(costs[mark]) * 1e6:,.0f} us"))
        if mark != marks[0]:
            found.append(Row("... to that at 10^3", f"{ratios[mark]:.2f}", "round by round", _flat(ratios[mark])))
    return found + starts


def _power(mark: int) -> str:
    return f"10^{len(str(mark)) - 1}"


def _flat(ratio: float) -> str:
    return at_most(ratio, FLAT)


def _start(nodes: Nodes, mark: int) -> Row:
    """A node's start with every check of the guard: leaves, tree, contents, and a delivery owed for every record."""
    began = time.perf_counter()
    node = nodes.open("DE")
    spent, size = time.perf_counter() - began, node.log.tree.size
    nodes.close()
    return Row(
        f"start at {_power(mark)}, all checks", f"{spent:.2f} s",
        f"{size:,} records, {spent / size * 1e6:,.0f} us each; nothing delivered, so the outbox is checked whole",
    )  # fmt: skip


def _filled_log(folder: Path, size: int, at_once: int = 3000) -> tuple[Nodes, Node, Iterator[Filed]]:
    nodes = Nodes(folder)
    node, source = nodes.open("DE"), matters(nodes)
    for start in range(0, size, at_once):
        _file_all(node, list(islice(source, min(at_once, size - start))))
    return nodes, node, source


def docket_rows(folder: Path, length: int = 1000) -> list[Row]:
    """Cost of a record in one docket as it grows to 10^3 records."""
    nodes = Nodes(folder / "docket")
    node = nodes.open("DE")
    who = nodes.world.who("DE", "prosecutor")
    first = list(islice(matters(nodes), 3))
    _file_all(node, first)
    docket = first[0].docket
    times = []
    for n in range(length):
        body = bodies.Consultation(subject=f"Question {n}", text="Which branch of the bank holds the account?")
        heads = tuple(sorted(node.registrar.docket(docket).heads))
        filed = _filed(nodes, docket, "request.consult", body, who, heads)[0]
        times.append(_file_all(node, [filed]))
    nodes.close()
    early, late = statistics.median(times[:100]), statistics.median(times[-100:])
    return [
        Row("a record in a docket of 10^2", f"{early * 1e6:,.0f} us", "filed alone: includes a commit of its own"),
        Row("a record in a docket of 10^3", f"{late * 1e6:,.0f} us"),
        Row("... to that in one of 10^2", f"{late / early:.2f}", asked=_flat(late / early)),
    ]


def delivery_rows(folder: Path, count: int = 20) -> list[Row]:
    """From filing on one node to effect on the other, without the wait for the cadence."""
    nodes = Nodes(folder / "delivery")
    here, there = nodes.open("DE"), nodes.open("FR")
    times = []
    for n in range(count):
        filed = list(islice(matters(nodes, f"d{n}"), 3))
        _file_all(here, filed[:2])
        began = time.perf_counter()
        _file_all(here, filed[2:])
        here.publisher.publish()
        while there.registrar.docket(filed[0].docket).latest("request.send") is None:
            here.mailbox.deliver(there.entry.id)
        times.append(time.perf_counter() - began)
    nodes.close()
    return [
        Row(
            "filing here to effect there (median)", f"{statistics.median(times) * 1e3:,.1f} ms",
            "3 records, with checkpoint and 2 cosignatures; cadence and network come on top",
        )
    ]  # fmt: skip


def matters(nodes: Nodes, prefix: str = "m") -> Iterator[Filed]:
    """Filings of endless matters: draft, authorisation by a judge, sending."""
    prosecutor, judge = nodes.world.who("DE", "prosecutor"), nodes.world.who("DE", "judge")
    request = eio_request()
    number = 0
    while True:
        docket = f"request:{prefix}{number:015d}"
        draft, drafted = _filed(nodes, docket, "request.draft", request, prosecutor, ())
        yield draft
        order, ordered = _filed(nodes, docket, "request.authorise", authorisation(drafted), judge, (drafted.id,))
        yield order
        sending = bodies.Transmission(request=drafted.id, authorisation=ordered.id)
        yield _filed(nodes, docket, "request.send", sending, prosecutor, (ordered.id,))[0]
        number += 1


def _filed(
    nodes: Nodes, docket: str, step: str, body: msgspec.Struct, who: Who, answers: tuple[str, ...]
) -> tuple[Filed, Entry]:
    record, sections = compose(
        docket=docket, step=step, answers=answers, party=who.party, authority=who.authority, role=who.role,
        at=nodes.clock(), body=body,
    )  # fmt: skip
    hand = put_hand(record_id(record), who.key)
    entry = Entry(id=record_id(record), record=record, body=body, holder=who.holder, findings=(), effect=True)
    return Filed(SealedRecord(record=record, hand=hand, seal="", sections=sections), Door.OFFICIAL), entry


def _file_all(node: Node, filed: list[Filed]) -> float:
    """Seconds until all are durable. Raises when one has no effect: a refusal would be cheaper than the real thing."""
    began = time.perf_counter()
    waiting: list[Future[Entered]] = [node.registrar.file_later(f) for f in filed]
    answers = [w.result() for w in waiting]
    spent = time.perf_counter() - began
    wanting = [a for a in answers if not a.effect]
    if wanting:
        why = [f.why for f in wanting[0].findings if f.verdict != "clear"]
        raise SystemExit(f"{wanting[0].step} had no effect: {why}")
    return spent



