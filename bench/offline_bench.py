"""Checking offline: a delivered record with its proof, and a whole package by the call behind `comity verify`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import msgspec

from bench.row import Row, at_most
from comity.docket.logged import Logged, check_logged
from comity.law.book import load_law
from comity.node.node import Node
from comity.package.check import check_source
from comity.tlog import note
from comity.web.packaging import package_file
from tests.node import matters
from tests.node.nodes import Nodes

ASKED = 3.0  # milliseconds, for one record


def rows(folder: Path) -> list[Row]:
    """One record delivered; the smallest package there is (a draft alone); a whole matter with both logs' proofs."""
    nodes = Nodes(folder / "offline")
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.finish(nodes, de, fr)
    matters.draft(nodes, de, matters.DOCKET + "b")
    nodes.settle()
    receipt = _receipt(nodes, de, fr)
    small, whole = (_package(nodes, de, name) for name in (matters.DOCKET + "b", matters.DOCKET))
    nodes.close()
    return [
        Row("one delivered record, its proof and policy", f"{receipt:.2f} ms", asked=at_most(receipt, ASKED, " ms")),
        Row("... the smallest package, whole (comity verify)", f"{small[0]:.1f} ms", f"1 record, {small[1]:,} bytes"),
        Row("... a finished matter's package, whole", f"{whole[0]:.1f} ms", f"{whole[2]} records, {whole[1]:,} bytes"),
    ]


def _receipt(nodes: Nodes, de: Node, fr: Node) -> float:
    """As the receiver has it: DE's record at FR, proved by DE's log under FR's own policy."""
    record = matters.latest(fr, "request.send").id
    proofs = [msgspec.json.decode(data, type=Logged) for data in fr.store.counterproofs(record)]
    logged = next(proof for proof in proofs if proof.origin == de.entry.origin)
    sealed, policy, now = fr.sealed(record), nodes.anchors.policy(logged.origin), int(nodes.clock().timestamp())
    return _median(lambda: check_logged(sealed, logged, policy, now, 3600), 500)


def _package(nodes: Nodes, node: Node, docket: str) -> tuple[float, int, int]:
    """Milliseconds, bytes, records."""
    now, law = nodes.clock(), load_law()
    with package_file(node, node.registrar.docket(docket), now) as source:
        data = source.read()

    def check() -> int:
        verdict = check_source(BytesIO(data), nodes.anchors, law, int(now.timestamp()))
        if not verdict.ok:
            raise SystemExit(verdict.problems)
        return verdict.records

    return _median(check, 30), len(data), check()


def _median(act: Callable[[], object], count: int) -> float:
    act()
    times = []
    for _ in range(count):
        note.forget()  # each time as the first
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3
