"""Counting sealed acts and withholding small cells: what an auditor, a node and a stranger spend."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.limits import signatures
from bench.row import Row
from comity.analysis.statistics.certificates import DATA, KINDS, OUTCOMES, CertificateFacts, tables
from comity.analysis.statistics.small_cells import attack, protect
from comity.analysis.statistics.tables import ROOT, TOTAL
from comity.tlog.counting import (
    KINDS_COUNTED,
    blinding_from_salt,
    check_kind,
    commit_count,
    kind_generator,
    prove_kind,
    sum_blindings,
    sum_commitments,
)
from comity.tlog.tally import Line, Tally, check_tally, prove_tally

LEAVES = 2_000
ENTROPY = bytes(32)


def rows(folder: Path) -> list[Row]:
    """Figures as rows."""
    _, verify = signatures()
    beside = f"one Ed25519 verification: {1e6 / verify:.0f} us"
    (figure, value), *more = [*_counting(), *_withholding()]
    return [Row(figure, value, beside), *(Row(*each) for each in more)]


def _counting() -> Iterator[tuple[str, str]]:
    keys = [blinding_from_salt(number.to_bytes(32, "big")) for number in range(LEAVES)]
    kinds = [None if number % 4 else "request" for number in range(LEAVES)]
    spent, commitments = _timed(lambda: [commit_count(*pair) for pair in zip(kinds, keys, strict=True)])
    yield "count commitment, made", f"{spent / LEAVES * 1e6:.0f} us"
    spent, proofs = _timed(lambda: [prove_kind("request", key, b"", ENTROPY) for key in keys[:20]])
    yield f"proof of kind ({len(proofs[0])} bytes), made", f"{spent / 20 * 1e3:.2f} ms"
    fitting = [commit_count("request", key) for key in keys[:20]]
    spent, _ = _timed(lambda: _check_all(fitting, proofs))
    yield "proof of kind, checked", f"{spent / 20 * 1e3:.2f} ms"
    spent, total = _timed(lambda: sum_commitments(commitments))
    yield "sealed leaf, validated and summed", f"{spent / LEAVES * 1e6:.0f} us"
    counts = {kind: sum((each or "padding") == kind for each in kinds) for kind in KINDS_COUNTED}
    tally = Tally({"refusal": 0}, tuple(k for k in KINDS_COUNTED if k != "refusal"), (Line(KINDS_COUNTED, LEAVES),))
    spent, proof = _timed(lambda: prove_tally(tally, counts, sum_blindings(keys), kind_generator, b"", ENTROPY))
    yield "sum opened, all but one kind withheld", f"{spent * 1e3:.1f} ms"
    spent, _ = _timed(lambda: check_tally(tally, total, kind_generator, b"", proof))
    yield f"the same, checked ({len(proof)} bytes)", f"{spent * 1e3:.1f} ms"


def _check_all(commitments: list[bytes], proofs: list[bytes]) -> None:
    for commitment, proof in zip(commitments, proofs, strict=True):
        check_kind(commitment, proof, b"")


def _withholding() -> Iterator[tuple[str, str]]:
    for providers, acts in ((2, 150), (5, 1_000), (10, 20_000)):
        table = tables(_facts(providers, acts))[0][0]
        spent, shown = _timed(lambda table=table: protect(table, [(TOTAL, ROOT)]))  # type: ignore[misc]
        cells = len(table.counts)
        name = f"{acts:,} acts, {cells} cells: {len(shown.withheld)} withheld"
        yield name, f"{spent * 1e3:.0f} ms"
        spent, weak = _timed(lambda table=table, shown=shown: attack(table, shown.withheld))  # type: ignore[misc]
        yield f"  attacked: {len(weak)} pinned", f"{spent * 1e3:.0f} ms"


def _facts(providers: int, acts: int) -> list[CertificateFacts]:
    chance = random.Random(providers)
    return [
        CertificateFacts(
            certificate=chance.choices(KINDS, [4, 1])[0],  # type: ignore[arg-type]
            data=chance.choice(DATA),  # type: ignore[arg-type]
            addressee=f"provider-{int(chance.paretovariate(1)) % providers}",
            emergency=chance.random() < 0.1,
            outcome=chance.choices(OUTCOMES, [8, 2, 1])[0],  # type: ignore[arg-type]
        )
        for _ in range(acts)
    ]


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    found = act()
    return time.perf_counter() - began, found
