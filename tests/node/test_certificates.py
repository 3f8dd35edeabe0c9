"""What is counted of a certificate: taken from its docket, entered by the node itself, never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from comity.analysis.statistics.certificates import CertificateFacts
from comity.docket.sections import Remedies
from comity.errors import CannotTell, Malformed
from comity.node import node as node_module
from comity.node.door.certificates import counted_last, own_facts
from comity.node.node import Node
from comity.proceedings import bodies
from comity.proceedings.request_certificate import Supplement
from tests.node.certificates import PROVIDERS, WorldWithProviders, fulfil, issue, law, measure, order, withdraw
from tests.node.matters import DOCKET, finish
from tests.node.nodes import Nodes

LAW = law()


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    monkeypatch.setattr(node_module, "load_law", lambda: LAW)
    made = Nodes(tmp_path, world=WorldWithProviders())
    yield made
    made.close()


def entered(node: Node, docket: str = DOCKET) -> CertificateFacts | None:
    last = counted_last(node.registrar.docket(docket))
    return last.body.statistics if last is not None else None


def test_an_order_fulfilled(nodes: Nodes, de: Node) -> None:
    fr = nodes.open("FR")
    issue(nodes, de, DOCKET, order(PROVIDERS[0], measure("produce_traffic")))
    assert entered(de) is None, "nothing is entered before the end"
    fulfil(nodes, de, fr, DOCKET)
    expected = CertificateFacts(
        certificate="epoc", data="traffic", addressee=PROVIDERS[0], outcome="fulfilled", minutes=90
    )
    assert entered(de) == expected
    nodes.settle()
    assert own_facts(fr.registrar.docket(DOCKET), "FR") is None, "who was asked reports nothing as issued"
    heads = [e for e in fr.registrar.docket(DOCKET).entries if e.step == "request.statistics"]
    assert heads
    assert all(e.body is None for e in heads), "what is counted does not cross"


def test_an_order_withdrawn_and_one_never_sent(nodes: Nodes, de: Node) -> None:
    nodes.open("FR")
    issue(nodes, de, DOCKET, order(PROVIDERS[1], urgent=True))
    withdraw(nodes, de, DOCKET)
    assert entered(de) == CertificateFacts(
        certificate="epoc", data="subscriber", addressee=PROVIDERS[1], emergency=True, outcome="not-fulfilled"
    )
    other = "request:2026-bbbb0001"
    nodes.file(de, other, "request.draft", order(), nodes.world.who("DE", "prosecutor"))
    withdraw(nodes, de, other)
    assert entered(de, other) is None, "it was never issued"


def test_a_refusal_on_a_ground_of_article_12_is_a_notification_with_that_ground(nodes: Nodes, de: Node) -> None:
    fr = nodes.open("FR")
    issue(nodes, de, DOCKET, order(PROVIDERS[0], measure("produce_content")))
    nodes.settle()
    refused = bodies.Refusal(
        ground="immunity_privilege_press", provision="Regulation (EU) 2023/1543 art 12(1)(a)",
        rationale="The mailbox is that of an editorial office and holds what its sources wrote to it in confidence.",
        remedies=Remedies(available="Appeal to the chambre de l'instruction", contact="Villemodèle"),
    )  # fmt: skip
    done = nodes.file(fr, DOCKET, "request.refuse", refused, nodes.world.who("FR", "prosecutor", PROVIDERS[0]))
    assert done.effect, done.findings
    nodes.settle()
    facts = entered(de)
    assert facts is not None
    assert (facts.outcome, facts.notified, facts.ground) == ("not-fulfilled", True, "immunity-or-press")


def test_what_the_docket_cannot_tell_is_stated_and_counts_at_once(nodes: Nodes, de: Node) -> None:
    issue(nodes, de, DOCKET, order(urgent=True))
    withdraw(nodes, de, DOCKET)
    said = Supplement(derogation="not-validated", remedy="enforcing", enforcement="transmitted", claimed=900)
    assert nodes.file(de, DOCKET, "request.certificate", said, nodes.world.who("DE", "prosecutor")).effect
    facts = entered(de)
    assert facts is not None
    assert (facts.derogation, facts.remedy, facts.enforcement) == ("not-validated", "enforcing", "transmitted")
    assert (facts.claimed, facts.reimbursed) == (900, None)


def test_the_data_that_interferes_most_counts(nodes: Nodes, de: Node) -> None:
    kinds = ("produce_identification", "produce_content", "produce_subscriber")
    issue(nodes, de, DOCKET, order(PROVIDERS[0], *(measure(kind) for kind in kinds)))
    withdraw(nodes, de, DOCKET)
    facts = entered(de)
    assert facts is not None
    assert facts.data == "content"


def test_another_instrument_is_not_counted(nodes: Nodes, de: Node) -> None:
    finish(nodes, de, nodes.open("FR"))
    assert entered(de) is None


def test_facts_that_cannot_be_hold_no_step_up_but_are_never_entered(nodes: Nodes, de: Node) -> None:
    issue(nodes, de, DOCKET, order())
    said = Supplement(derogation="validated")  # though no emergency
    assert nodes.file(de, DOCKET, "request.certificate", said, nodes.world.who("DE", "prosecutor")).effect
    withdraw(nodes, de, DOCKET)
    assert entered(de) is None
    with pytest.raises(Malformed, match="derogation outside an emergency"):
        own_facts(de.registrar.docket(DOCKET), "DE")


def test_a_type_of_data_that_the_regulation_does_not_know_cannot_be_told(nodes: Nodes, de: Node) -> None:
    issue(nodes, de, DOCKET, order(PROVIDERS[0], measure("preserve_data", "bank")))
    withdraw(nodes, de, DOCKET)
    assert entered(de) is None
    with pytest.raises(CannotTell, match="type of data"):
        own_facts(de.registrar.docket(DOCKET), "DE")


def test_erased_before_its_end_it_still_counts(nodes: Nodes, de: Node) -> None:
    issue(nodes, de, DOCKET, order())
    ids = tuple(e.id for e in de.registrar.docket(DOCKET).entries)
    body = bodies.Erasure(records=ids, ground="court_order", provision="StPO § 489")
    judge = nodes.world.who("DE", "judge")
    assert nodes.file(de, DOCKET, "request.erase", body, judge).effect
    facts = entered(de)
    assert facts is not None
    assert facts.outcome == "pending"
    assert own_facts(de.registrar.docket(DOCKET), "DE") is None, "the request itself is gone"
    every = tuple(e.id for e in de.registrar.docket(DOCKET).entries)
    again = bodies.Erasure(records=every, ground="court_order", provision="StPO § 489")
    assert nodes.file(de, DOCKET, "request.erase", again, judge).effect
    assert entered(de) == facts, "what is counted names nobody and stays"
    nodes.settle()
    nodes.shut(de)
    assert entered(nodes.open("DE")) == facts


def test_in_a_sealed_docket_what_is_counted_is_sealed_alike(nodes: Nodes, de: Node) -> None:
    issue(nodes, de, DOCKET, order(), sealed_until=date(2027, 3, 1))
    withdraw(nodes, de, DOCKET)
    last = counted_last(de.registrar.docket(DOCKET))
    assert last is not None
    assert last.record.sealed_month == date(2027, 3, 1)
