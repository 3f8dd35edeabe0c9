"""What two sides may do to each other: the peer's door, the sides of a docket, erasure, evidence of others, floods."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from comity.docket.record import compose, record_id
from comity.docket.sections import Addressee
from comity.errors import ComityError, Conflict, Malformed, NotAdmitted, Tampered, Unverified
from comity.node.door.notice import MOST_KINDS, Attempts
from comity.node.node import Node
from comity.node.post.delivery import ExhibitKey, Item, Message, Outcome
from comity.proceedings import bodies
from comity.signing.canonical import canonical
from comity.signing.hand import put_hand
from tests.node import matters
from tests.node.lying_peer import Liar
from tests.node.matters import DOCKET, latest, sent
from tests.node.nodes import Nodes
from tests.world import (
    authorisation,
    court_order,
    eio_request,
    exhibit,
    production,
    recognition,
)

OTHER = "request:2026-bbbb0002"


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Nodes]:
    found = Nodes(tmp_path, ("DE", "FR", "NL"))
    yield found
    found.close()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Nodes]:
    found = Nodes(tmp_path)
    yield found
    found.close()


def asked_for(nodes: Nodes, asking: Node, asked: Node, docket: str, language: str) -> None:
    """A matter between any two nodes, up to the order of the requested court."""
    a, b, who = asking.party, asked.party, nodes.world.who
    to = Addressee(party=b, authority=f"{b.lower()}-prosecutor")
    nodes.file(asking, docket, "request.draft", eio_request(addressee=to, language=language), who(a, "prosecutor"))
    drafted = latest(asking, "request.draft", docket=docket)
    nodes.file(asking, docket, "request.authorise", authorisation(drafted), who(a, "judge"))
    authorised = latest(asking, "request.authorise", docket=docket)
    body = bodies.Transmission(request=drafted.id, authorisation=authorised.id)
    assert nodes.file(asking, docket, "request.send", body, who(a, "prosecutor")).effect
    nodes.settle()
    known = bodies.Acknowledgement(reference="x", contact="y")
    assert nodes.file(asked, docket, "request.acknowledge", known, who(b, "prosecutor")).effect
    offence = {"DE": "StGB § 263", "NL": "StGB § 263"}.get(b)
    decided = recognition(offence=offence) if offence else recognition()
    assert nodes.file(asked, docket, "request.recognise", decided, who(b, "judge")).effect
    assert nodes.file(asked, docket, "request.order", court_order(), who(b, "judge")).effect


def give(nodes: Nodes, node: Node, docket: str, digest: str, size: int) -> None:
    body = production(exhibit(id=digest, digest=digest, size=size))
    assert nodes.file(node, docket, "request.produce", body, nodes.world.who(node.party, "prosecutor")).effect
    nodes.settle()


# --- evidence


def test_a_production_cannot_name_anothers_ciphertext_as_its_own(two: Nodes) -> None:
    de, fr = two.open("DE"), two.open("FR")
    asked_for(two, de, fr, DOCKET, "fr")
    first = two.exhibit(fr, b"statement")
    give(two, fr, DOCKET, first, 9)
    taken = de.store.exhibit(first)
    assert taken is not None
    assert taken["present"]
    asked_for(two, de, fr, OTHER, "fr")
    second = two.exhibit(fr, b"other")
    body = production(exhibit(id=second, digest=second, size=5))
    made = two.file(fr, OTHER, "request.produce", body, two.world.who("FR", "prosecutor"))
    two.clock.forward(seconds=1)
    for node in (de, fr):  # all but the production is delivered by the honest way
        node.publisher.publish()
    liar = Liar(two, fr, de)
    item = liar.item(made.id)
    false = msgspec.structs.replace(item, keys=(ExhibitKey(second, taken["blob"], "AAAA"),))
    outcomes = two_rounds(fr, liar, false)
    assert not outcomes[-1].done
    assert "another exhibit" in outcomes[-1].problem
    assert de.store.exhibit(second) is None
    assert de.vault.has(taken["blob"])


def two_rounds(fr: Node, liar: Liar, last: Item) -> list[Outcome]:
    """Everything FR has said in the other docket, then the altered item."""
    before = [e.id for e in fr.registrar.docket(OTHER).entries if e.record.party == "FR" and e.id != last.record]
    return [*liar.deliver(*(liar.item(i) for i in before)), *liar.deliver(last)]


def test_bytes_that_merely_have_the_right_name_are_not_present_until_read(two: Nodes) -> None:
    de, fr = two.open("DE"), two.open("FR")
    asked_for(two, de, fr, DOCKET, "fr")
    digest = two.exhibit(fr, b"statement")
    fr_blob = fr.store.exhibit(digest)
    assert fr_blob is not None
    (de.vault._folder / fr_blob["blob"]).write_bytes(b"not these")
    body = production(exhibit(id=digest, digest=digest, size=9))
    two.file(fr, DOCKET, "request.produce", body, two.world.who("FR", "prosecutor"))
    fr.publisher.publish()
    two.wire.fetch = lambda *_: iter([b"not these"])  # type: ignore[method-assign]
    two.settle(3)
    row = de.store.exhibit(digest)
    assert row is not None
    assert not row["present"]


def test_evidence_another_party_gave_is_not_handed_on(three: Nodes) -> None:
    de, fr, nl = three.open("DE"), three.open("FR"), three.open("NL")
    asked_for(three, de, nl, OTHER, "en")
    digest = three.exhibit(nl, b"statement of NL")
    give(three, nl, OTHER, digest, 15)
    asked_for(three, fr, de, DOCKET, "de")
    with pytest.raises(NotAdmitted, match=r"given by nl-node.*LED art 35\(1\)\(c\)"):
        give(three, de, DOCKET, digest, 15)
    assert fr.store.exhibit(digest) is None


# --- erasure


def test_an_erasure_takes_nothing_from_the_other_side(two: Nodes) -> None:
    de, fr = two.open("DE"), two.open("FR")
    asked_for(two, de, fr, DOCKET, "fr")
    digest = two.exhibit(fr, b"statement")
    give(two, fr, DOCKET, digest, 9)
    draft, produced = latest(de, "request.draft").id, latest(fr, "request.produce").id
    body = bodies.Erasure(records=(draft, produced), exhibits=(digest,), ground="unlawful", provision="LED art 16")
    assert two.file(fr, DOCKET, "request.erase", body, two.world.who("FR", "judge")).effect
    two.settle()
    assert latest(de, "request.erase").record.party == "FR"  # shown
    assert de.sealed(draft).sections
    assert de.sealed(produced).sections
    row = de.store.exhibit(digest)
    assert row is not None
    assert de.vault.has(row["blob"])
    assert not fr.sealed(produced).sections
    assert fr.store.exhibit(digest) is None
    for node in (de, fr):
        two.kill(node)
        two.open(node.party)  # the guard knows who erased what where


def test_contents_gone_that_only_the_other_side_erased_are_found(two: Nodes) -> None:
    de, fr = two.open("DE"), two.open("FR")
    asked_for(two, de, fr, DOCKET, "fr")
    draft = latest(de, "request.draft").id
    body = bodies.Erasure(records=(draft,), ground="unlawful", provision="LED art 16")
    assert two.file(fr, DOCKET, "request.erase", body, two.world.who("FR", "judge")).effect
    two.settle()
    two.kill(de)
    with sqlite3.connect(two.folder / "DE" / "data" / "node.db") as db:
        db.execute("DELETE FROM sections WHERE record = ?", (draft,))
    with pytest.raises(Tampered, match="missing"):
        two.open("DE")


@pytest.mark.parametrize("published", [True, False])
def test_a_node_starts_again_after_a_withdrawn_request_was_erased(two: Nodes, published: bool) -> None:
    de = two.open("DE")
    sent(two, de)
    if published:
        de.publisher.publish()
    prosecutor = two.world.who("DE", "prosecutor")
    reasons = "The proceedings were closed before the request was executed."
    assert two.file(de, DOCKET, "request.withdraw", bodies.Withdrawal(reasons=reasons), prosecutor).effect
    gone = bodies.Erasure(records=(latest(de, "request.draft").id,), ground="withdrawn", provision="BDSG § 75")
    assert two.file(de, DOCKET, "request.erase", gone, prosecutor).effect
    two.kill(de)
    assert two.open("DE").registrar.docket(DOCKET).state == "request.withdraw"


# --- sides


def test_a_stranger_is_no_side_of_a_docket_by_filing_first_or_filing_junk(three: Nodes) -> None:
    de, fr, nl = three.open("DE"), three.open("FR"), three.open("NL")

    class Junk(msgspec.Struct, frozen=True):
        addressee: Addressee

    made = nl.registrar.act(DOCKET, "request.consult", Junk(Addressee(party="DE", authority="de-prosecutor")))
    nl.publisher.publish()
    junk = Item(kind="record", record=made.id, sealed=nl.sealed(made.id), logged=nl.logged(made.id))
    (outcome,) = Liar(three, nl, de).deliver(junk)
    assert not outcome.done
    assert "must open it" in outcome.problem
    assert DOCKET not in de.store.dockets("request")
    sent(three, de)
    three.settle()
    assert fr.registrar.docket(DOCKET).state == "request.send"
    assert de.store.sides(DOCKET) == fr.store.sides(DOCKET) == {"de-node", "fr-node"}
    (outcome,) = Liar(three, nl, de).deliver(junk)
    assert "no party" in outcome.problem
    assert [e.record.party for e in nl.registrar.docket(DOCKET).entries] == ["NL"]


def test_a_side_written_into_the_database_is_found(two: Nodes) -> None:
    de = two.open("DE")
    matters.draft(two, de)
    two.kill(de)
    with sqlite3.connect(two.folder / "DE" / "data" / "node.db") as db:
        db.execute("INSERT INTO sides SELECT docket, 'nl-node', mark FROM sides LIMIT 1")
    with pytest.raises(Tampered, match="nl-node is a side"):
        two.open("DE")


def test_nothing_of_a_peer_enters_a_docket_that_never_crosses(two: Nodes) -> None:
    de, fr = two.open("DE"), two.open("FR")
    docket = "oversight:2026-12-04.fr-node"
    made = de.registrar.act(docket, "oversight.attempt", bodies.Attempt(door="x", what="y", reason="z"))
    de.publisher.publish()
    item = Item(kind="record", record=made.id, sealed=de.sealed(made.id), logged=de.logged(made.id))
    (outcome,) = Liar(two, de, fr).deliver(item)
    assert not outcome.done
    assert "do not cross" in outcome.problem
    assert {e.record.party for e in fr.registrar.docket(docket).entries} == {"FR"}  # the note of this attempt


# --- the door


def test_a_stranger_learns_nothing_of_a_docket(two: Nodes) -> None:
    de = two.open("DE")
    first = matters.draft(two, de)
    mallory = two.world.who("FR", "prosecutor").key
    record, sections = compose(
        docket=DOCKET, step="request.revise", answers=(), party="DE", authority="de-prosecutor", role="prosecutor",
        at=two.clock(), body=eio_request(),
    )  # fmt: skip
    with pytest.raises(Unverified) as caught:
        de.registrar.file(record, put_hand(record_id(record), mallory), sections)
    assert first.id not in str(caught.value)
    known = de.sealed(first.id)
    with pytest.raises(ComityError) as again:  # what was entered is told to whose hand it bears
        de.registrar.file(known.record, put_hand(record_id(record), mallory), known.sections)
    assert not isinstance(again.value, Conflict)
    assert matters.DOCKET in de.dockets._kept
    de.registrar.docket("request:never-filed-1")
    assert "request:never-filed-1" not in de.dockets._kept


def test_time_does_not_go_backwards_along_a_peers_log(two: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    de, fr = two.open("DE"), two.open("FR")
    sent(two, de)
    two.settle()
    back = 2 * de.settings.clock_tolerance_seconds
    monkeypatch.setattr("comity.node.door.admission.Session._check_clock", lambda *_: None)
    who, start = two.world.who("DE", "prosecutor"), two.clock.now
    body = bodies.Consultation(subject="s", text="t")
    outcomes: list[Outcome] = []
    for seconds in (back, back + 1):
        two.clock.now = start - timedelta(seconds=seconds)
        entered = two.file(de, DOCKET, "request.consult", body, who)
        two.clock.now = start
        de.publisher.publish()
        outcomes += Liar(two, de, fr).deliver(Liar(two, de, fr).item(entered.id))
    assert not outcomes[-1].done
    assert fr.store.peer_times("de-node", 10**6)[0] == int(start.timestamp())


# --- floods


def test_a_flood_of_distinct_rubbish_makes_few_records(two: Nodes) -> None:
    fr = two.open("FR")
    before = fr.store.size()
    for number in range(10_000):
        rubbish = Message(id="x", sender="a", recipient=f"r{number}", at="", envelope="", seal="")
        with pytest.raises(ComityError):
            fr.inbox.receive(canonical(rubbish))
    two.clock.forward(seconds=61)
    fr.registrar.note_attempt("exchange", "x", "y")
    assert fr.store.size() - before <= 4
    counted = [e.body.count for e in fr.registrar.docket("oversight:2026-12-04.fr-node").entries]
    assert sum(counted) == 10_001


def test_reasons_chosen_by_who_knocks_are_counted_together(two: Nodes) -> None:
    fr = two.open("FR")
    before = fr.store.size()
    for number in range(500):
        fr.registrar.note_attempt("door", "x", f"reason {number}")
    assert fr.store.size() - before == MOST_KINDS + 1


@pytest.mark.parametrize("name", ["DE_node", "Node.example", "n" * 90])
def test_a_node_that_could_not_note_attempts_does_not_start(two: Nodes, name: str) -> None:
    with pytest.raises(Malformed, match="no name for a node"):
        Attempts(lambda *_: None, name, two.clock)
