"""No sequence of filings reaches a production without a judge's hand and clear findings, on either node.

A machine files anything, by anyone, on both nodes: bodies of the sample with parts left out, changed or from another
step, steps out of order, revisions after the authorisation, authorisations that lapsed, the other Party's judge; a
lying peer answers less than it knows. After every step the rules below must hold on both nodes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from comity.docket.docket import Docket, Entry
from comity.docket.sections import Basis, Measure, Notice, Period, Privilege, Rights
from comity.errors import ComityError
from comity.node.door.admission import Session
from comity.node.node import Node
from comity.proceedings import bodies
from tests.node import matters
from tests.node.matters import DOCKET, STATEMENT
from tests.node.nodes import Nodes
from tests.world import (
    Who,
    account_data,
    authorisation,
    court_order,
    eio_request,
    exhibit,
    production,
    reception,
    recognition,
    refusal,
)

PEOPLE = [
    (p, r, o)
    for p in ("DE", "FR")
    for r, o in (("prosecutor", ""), ("officer", ""), ("judge", ""), ("officer", "contact"))
]
CHANGES: list[dict[str, Any]] = [
    {}, {}, {}, {"measures": ()}, {"measures": (account_data(targets=()),)},
    {"measures": (account_data(period=Period()),)},
    {"measures": (account_data(), Measure(id="none_such", category="bank", description="?"))}, {"facts": ""},
    {"rights": Rights()}, {"rights": Rights(torture_risk=True, assessment="There is a risk of torture there, sadly.")},
    {"privilege": Privilege()}, {"basis": Basis(instrument="none_such", article="1")}, {"notice": Notice(mode="defer")},
    {"language": "de"}, {"retention": None},
]  # fmt: skip
ABOUT = "The matter was considered, and the reasons stand in the file that was sent with it."


def body_for(step: str, docket: Docket, changes: dict[str, Any], valid: date) -> msgspec.Struct:
    """A body of this step about this docket, as good as the docket allows, with changes."""
    made = _changed(eio_request(), changes)
    asked = docket.latest("request.draft", "request.revise")
    granted = docket.latest("request.authorise")
    request = asked.id if asked is not None else "sha256:" + "0" * 64
    done = docket.latest("request.produce")
    makers: dict[str, Callable[[], msgspec.Struct]] = {
        "request.draft": lambda: made,
        "request.revise": lambda: made,
        "request.authorise": lambda: _authorisation(asked, made, changes, valid),
        "request.send": lambda: bodies.Transmission(request=request, authorisation=granted.id if granted else ""),
        "request.acknowledge": lambda: bodies.Acknowledgement(reference="1", contact="x"),
        "request.recognise": lambda: recognition(*(m.id for m in made.measures)),
        "request.order": lambda: court_order(),
        "request.produce": lambda: production(exhibit(size=len(STATEMENT))),
        "request.refuse": lambda: refusal("fundamental_rights"),
        "request.decline": lambda: bodies.Declined(request=request, reasons=ABOUT),
        "request.withdraw": lambda: bodies.Withdrawal(reasons=ABOUT),
        "request.receive": lambda: reception(done) if done else bodies.Withdrawal(reasons=ABOUT),
        "request.close": lambda: bodies.Closure(outcome="answered"),
    }
    return makers[step]()


def _changed(sample: Any, changes: dict[str, Any]) -> Any:
    known = {f.name for f in msgspec.structs.fields(sample)}
    return msgspec.structs.replace(sample, **{k: v for k, v in changes.items() if k in known and v is not None})


def _authorisation(asked: Entry | None, made: Any, changes: dict[str, Any], valid: date) -> bodies.Authorisation:
    if asked is None or asked.body is None:
        blank = bodies.Authorisation(
            request="sha256:" + "0" * 64, measures=made.measures, necessity=ABOUT, proportionality=ABOUT,
            domestic_provision="StPO § 162", rights=ABOUT, notice=made.notice, valid_until=valid,
        )  # fmt: skip
        return blank
    return _changed(authorisation(asked, valid_until=valid), changes)


STEPS = (
    "request.draft", "request.revise", "request.authorise", "request.send", "request.acknowledge", "request.recognise",
    "request.order", "request.produce", "request.refuse", "request.decline", "request.withdraw", "request.receive",
    "request.close",
)  # fmt: skip
IN_ORDER = (
    ("request.draft", "DE", "prosecutor"), ("request.authorise", "DE", "judge"), ("request.send", "DE", "prosecutor"),
    ("request.acknowledge", "FR", "prosecutor"), ("request.recognise", "FR", "prosecutor"),
    ("request.produce", "FR", "prosecutor"),
)  # fmt: skip


class TwoNodes(RuleBasedStateMachine):
    """Both nodes of one matter, and everybody who may come to them."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.nodes = Nodes(self.folder)
        self.running = {p: self.nodes.open(p) for p in ("DE", "FR")}
        self.nodes.exhibit(self.running["FR"], STATEMENT)
        self.filed = Counter[str]()

    def teardown(self) -> None:
        if hasattr(self, "nodes"):
            for node in self.running.values():
                self.nodes.kill(node)
            shutil.rmtree(self.folder)

    def file(self, node: Node, step: str, body: msgspec.Struct, who: Who, answers: tuple[str, ...] | None) -> None:
        try:
            entered = self.nodes.file(node, DOCKET, step, body, who, answers)
        except ComityError:
            return
        assert entered.effect == all(f.verdict == "clear" for f in entered.findings)

    @rule(
        person=st.sampled_from(PEOPLE), step=st.sampled_from(STEPS), changes=st.sampled_from(CHANGES),
        days=st.sampled_from([-1, 0, 200]), swap=st.sampled_from(["", "", "", *STEPS]),
    )  # fmt: skip
    def anyone_files_anything(
        self, person: tuple[str, str, str], step: str, changes: dict[str, Any], days: int, swap: str
    ) -> None:
        who, node = self.nodes.world.who(*person), self.running[person[0]]
        valid = self.nodes.clock().date() + timedelta(days=days)
        body = body_for(swap or step, node.registrar.docket(DOCKET), changes, valid)
        self.file(node, step, body, who, None)

    @rule(steps=st.integers(1, 9))
    def the_matter_goes_on_as_it_should(self, steps: int) -> None:
        """Somebody takes the next step rightly, so that the machine gets far enough to do harm."""
        for _ in range(steps):
            self.nodes.settle()
            before = self.running["DE"].registrar.docket(DOCKET), self.running["FR"].registrar.docket(DOCKET)
            try:
                matters.advance(self.nodes, self.running["DE"], self.running["FR"])
            except (ComityError, AssertionError, AttributeError):
                assert before[1].state in ("", *STEPS)

    @rule(left_out=st.sampled_from([step for step, _, _ in IN_ORDER]))
    def everybody_acts_rightly_but_one_step_is_left_out(self, left_out: str) -> None:
        """So that a safeguard that is gone is found at once: nothing else is wrong with these filings."""
        for step, party, role in IN_ORDER:
            if step != left_out:
                self.nodes.settle()
                docket, valid = self.running[party].registrar.docket(DOCKET), self.nodes.clock().date()
                body = body_for(step, docket, {}, valid + timedelta(days=90))
                self.file(self.running[party], step, body, self.nodes.world.who(party, role), None)

    @rule(person=st.sampled_from(PEOPLE), step=st.sampled_from(STEPS), changes=st.sampled_from(CHANGES), data=st.data())
    def a_peer_answers_less_than_it_knows(
        self, person: tuple[str, str, str], step: str, changes: dict[str, Any], data: st.DataObject
    ) -> None:
        """Its own door is broken: it files on a part of the docket, and delivers that."""
        who, node = self.nodes.world.who(*person), self.running[person[0]]
        docket = node.registrar.docket(DOCKET)
        if not docket.entries:
            return
        some = data.draw(st.sets(st.sampled_from([e.id for e in docket.entries if e.effect] or [""]), max_size=2))
        past = docket.past_of(some - {""})
        valid = self.nodes.clock().date() + timedelta(days=30)
        body = body_for(step, past, changes, valid)
        with patch.object(Session, "_check_door", lambda *_: None):
            self.file(node, step, body, who, tuple(sorted(some - {""})))

    @rule()
    def everything_is_delivered(self) -> None:
        self.nodes.settle()

    @rule(days=st.sampled_from([1, 60, 250]))
    def time_passes(self, days: int) -> None:
        self.nodes.clock.forward(days=days)

    @rule(party=st.sampled_from(["DE", "FR"]))
    def a_node_dies_and_starts_again(self, party: str) -> None:
        self.nodes.kill(self.running[party])
        self.running[party] = self.nodes.open(party)
        self.running[party].mailbox.outbox.release()

    @invariant()
    def nothing_is_produced_without_a_judge(self) -> None:
        if not hasattr(self, "running"):
            return
        for node in self.running.values():
            docket = node.registrar.docket(DOCKET)
            for produced in docket.all("request.produce"):
                event(f"produced after {len(docket.entries)} entries")
                check_production(node, docket, produced)

    @invariant()
    def every_record_is_in_the_log_once(self) -> None:
        if not hasattr(self, "running"):
            return
        for node in self.running.values():
            entries = [e for d in node.store.dockets() for e in node.registrar.docket(d).entries]
            positions = [node.store.record_row(e.id) for e in entries]
            assert sorted(r["position"] for r in positions if r) == list(range(node.store.size()))
            assert len({e.id for e in entries}) == len(entries) == node.log.tree.size


def check_production(node: Node, docket: Docket, produced: Entry) -> None:
    """The rule of DESIGN section 3 and of the EIO Directive art 2(c), in the production's own past."""
    past = docket.past_of(produced.record.answers)
    request = past.latest("request.draft", "request.revise")
    granted = past.latest("request.authorise")
    assert request is not None
    assert granted is not None
    assert granted.body.request == request.id
    assert granted.body.valid_until >= produced.record.time.date()
    assert all(f.verdict == "clear" for e in (granted, produced) for f in e.findings)
    hand = node.sealed(granted.id).hand
    assert hand is not None
    official = node.directory.official(hand.kid)
    assert (official.role, official.certified_by, official.party) == ("judge", "judiciary", request.record.party)
    assert {m.id for m in granted.body.measures} <= {m.id for m in request.body.measures}
    assert past.latest("request.recognise") is not None
    assert produced.record.party != request.record.party


TestTwoNodes = TwoNodes.TestCase
TestTwoNodes.settings = settings(max_examples=15, stateful_step_count=18, deadline=None)
