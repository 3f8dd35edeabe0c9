"""A package made by a real node, of a matter that two real nodes carried to and fro, checked with neither at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from comity.law.book import load_law
from comity.package.check import check_source
from comity.package.verdict import Verdict
from comity.proceedings import bodies
from comity.web.packaging import package_file
from tests import world as w
from tests.node.nodes import Nodes

DOCKET = "request:end-to-end-1"


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """Held at first for want of a judge, then authorised, sent, acknowledged and recognised; each side's package."""
    folder: Path = tmp_path_factory.mktemp("nodes")
    nodes = Nodes(folder)
    de, fr, who = nodes.open("DE"), nodes.open("FR"), nodes.world.who
    try:
        draft = nodes.file(de, DOCKET, "request.draft", w.eio_request(), who("DE", "prosecutor"))
        entry = de.registrar.docket(DOCKET).by_id[draft.id]
        held = nodes.file(de, DOCKET, "request.send", bodies.Transmission(request=draft.id), who("DE", "prosecutor"))
        assert not held.effect
        judged = nodes.file(de, DOCKET, "request.authorise", w.authorisation(entry), who("DE", "judge"))
        sending = bodies.Transmission(request=draft.id, authorisation=judged.id)
        assert nodes.file(de, DOCKET, "request.send", sending, who("DE", "prosecutor")).effect
        nodes.settle()
        acknowledged = bodies.Acknowledgement(reference="FR-1", contact="parquet@fr.example")
        nodes.file(fr, DOCKET, "request.acknowledge", acknowledged, who("FR", "prosecutor"))
        nodes.file(fr, DOCKET, "request.recognise", w.recognition(), who("FR", "prosecutor"))
        nodes.settle()
        made = {}
        for node, party in ((de, "DE"), (fr, "FR")):
            with package_file(node, node.registrar.docket(DOCKET), nodes.clock()) as package:
                now = int(nodes.clock().timestamp()) + 5 * 365 * 86400
                made[party] = check_source(package, nodes.anchors, load_law(), now)
        return made
    finally:
        nodes.close()


def test_both_sides_packages_are_ok_and_wholly_assessed_again(verdicts: dict[str, Verdict]) -> None:
    for verdict in verdicts.values():
        assert verdict.ok, verdict.problems
        assert verdict.reassessed == verdict.records


def test_the_attempt_without_a_judge_is_shown_by_the_side_that_made_it(verdicts: dict[str, Verdict]) -> None:
    held = [(x.check, x.effect) for x in verdicts["DE"].lines if not x.ok]
    assert held == [("judicial_authorisation", False)]
    assert verdicts["FR"].records == verdicts["DE"].records - 1


def test_every_act_from_the_sending_on_stands_in_both_logs(verdicts: dict[str, Verdict]) -> None:
    for verdict in verdicts.values():
        acts = {x.record: x for x in verdict.lines if x.record and x.effect}
        assert {x.step for x in acts.values()} >= {"request.send", "request.receipt", "request.recognise"}
        assert all(len(x.logs) == 2 for x in acts.values())
