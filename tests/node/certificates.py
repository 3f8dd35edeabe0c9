"""Orders under the e-Evidence Regulation between two real nodes, and statements of orders that went another way.

The law of these tests lets the orders be carried out as a request, since their own proceeding does not exist yet; dates
and conditions stay. A provider's establishment is an authority of the requested Party. Holds no test.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from comity.analysis.statistics.certificates import CertificateFacts
from comity.docket.directory import Authority, Competence, PartyFile
from comity.docket.sections import Addressee, Basis, Measure, Request, Urgency
from comity.law.book import LawBook, open_law
from comity.law.files import packaged
from comity.node.node import Node
from comity.proceedings import bodies
from comity.proceedings.request_certificate import Counted
from comity.signing.keys import PrivateKey
from tests.node.matters import authorise, send
from tests.node.nodes import Nodes
from tests.world import Who, World, account_data, eio_request, exhibit, production, reception, recognition, seed

PROVIDERS = ("courrier-exemple", "nuage-exemple")
DATA = b"log of connections"


def law() -> LawBook:
    """The packaged law, with the orders carried out as a request."""
    files, name = packaged(), "instruments/e_evidence.toml"
    return open_law({**files, name: files[name].replace('proceeding = "order"', 'proceeding = "request"')})


class WorldWithProviders(World):
    """The world of the tests, with two providers' establishments in France."""

    def __init__(self) -> None:
        super().__init__()
        for name in PROVIDERS:
            key = PrivateKey.from_seed(seed(f"hand {name}"))
            self.people["FR", name, "prosecutor"] = Who(f"Desk of {name}", "prosecutor", name, "FR", key)

    def party_file(self, party: str) -> PartyFile:
        file = super().party_file(party)
        if party != "FR":
            return file
        added = tuple(Authority(id=name, names={"en": name}, kind="provider") for name in PROVIDERS)
        may = tuple(
            Competence(authority=n, role="execute", provision="Test Act s 2", instruments=("*",), measures=("*",))
            for n in PROVIDERS
        )
        node = msgspec.structs.replace(file.nodes[0], authorities=(*file.nodes[0].authorities, *PROVIDERS))
        return msgspec.structs.replace(
            file, authorities=(*file.authorities, *added), competences=(*file.competences, *may), nodes=(node,)
        )


def measure(kind: str, category: str = "") -> Measure:
    """One measure of the regulation, for one account."""
    return account_data(id=kind, category=category or kind.removeprefix("produce_"), holder="Courrier Exemple SAS")


def order(provider: str = PROVIDERS[0], *measures: Measure, urgent: bool = False) -> Request:
    """An order of the German prosecutor; for subscriber data where no measure is given."""
    return eio_request(
        addressee=Addressee(party="FR", authority=provider),
        basis=Basis(instrument="e_evidence", article="art 5", domestic_provision="StPO § 100j"),
        measures=measures or (measure("produce_subscriber"),),
        urgency=Urgency(urgent=urgent, reason="The life of a person is at risk." if urgent else ""),
    )


def issue(nodes: Nodes, de: Node, docket: str, request: Request, sealed_until: date | None = None) -> None:
    """Draft, authorise and send."""
    who = nodes.world.who("DE", "prosecutor")
    drafted = nodes.file(de, docket, "request.draft", request, who, sealed_until=sealed_until)
    for done in (drafted, authorise(nodes, de, docket), send(nodes, de, docket)):
        assert done.effect, done.findings


def withdraw(nodes: Nodes, de: Node, docket: str) -> None:
    """The order is withdrawn."""
    body = bodies.Withdrawal(reasons="The person was identified by other means in the meantime.")
    assert nodes.file(de, docket, "request.withdraw", body, nodes.world.who("DE", "prosecutor")).effect


def fulfil(nodes: Nodes, de: Node, fr: Node, docket: str, provider: str = PROVIDERS[0]) -> None:
    """The provider gives the data, ninety minutes after the order was sent, and they are received."""
    nodes.settle()
    who, drafted = nodes.world.who("FR", "prosecutor", provider), de.registrar.docket(docket).latest("request.draft")
    assert drafted is not None
    asked = [m.id for m in drafted.body.measures]
    acknowledged = bodies.Acknowledgement(reference="C-1", contact="desk@courrier.example")
    for step, body in (("request.acknowledge", acknowledged), ("request.recognise", recognition(*asked))):
        done = nodes.file(fr, docket, step, body, who)
        assert done.effect, done.findings
    nodes.clock.forward(minutes=90)
    digest = nodes.exhibit(fr, DATA)
    given = exhibit(id=digest, digest=digest, size=len(DATA), measure=asked[0])
    produced = nodes.file(fr, docket, "request.produce", production(given), who)
    assert produced.effect, produced.findings
    nodes.settle()
    entry = de.registrar.docket(docket).latest("request.produce")
    assert entry is not None
    received = nodes.file(de, docket, "request.receive", reception(entry), nodes.world.who("DE", "prosecutor"))
    assert received.effect, received.findings


def state(nodes: Nodes, node: Node, docket: str, **fields: Any) -> None:
    """State the facts of a certificate that went another way."""
    given = {"certificate": "epoc", "data": "subscriber", "addressee": PROVIDERS[0], "outcome": "fulfilled", **fields}
    body = Counted(statistics=msgspec.convert(given, CertificateFacts))
    done = nodes.file(node, docket, "statistics.certificate", body, nodes.world.who("DE", "prosecutor"))
    assert done.effect, done.findings
