"""No finding quotes what people wrote: whatever stands in a body's texts, no ``why`` repeats it.

Findings outlive the contents they were made from and are read by oversight, so a text quoted there could not be erased.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from comity.docket.assess import assess
from comity.docket.authenticate import authenticate
from comity.docket.docket import Docket
from comity.docket.finding import Finding
from comity.docket.sections import FinalDecision, Person, PriorProceedings, Privilege
from comity.docket.step import Filing, Safeguard, Step
from comity.proceedings import bodies
from comity.proceedings.request import REQUEST
from tests.world import (
    NOON,
    Matter,
    Who,
    World,
    authorisation,
    court_order,
    eio_request,
    preservation_request,
    production,
    reception,
    recognition,
    refusal,
    text,
    to_sent,
)

WORLD = World()
MARK = "Xylographie Quarzwanderer verschwieg elf heimliche Namen"


def marked(value: Any, kind: Any = None) -> Iterator[Any]:
    """``value`` with one free text after the other replaced by the marker words."""
    if isinstance(value, msgspec.Struct):
        hints = typing.get_type_hints(type(value))
        for field in value.__struct_fields__:
            for other in marked(getattr(value, field), hints[field]):
                yield msgspec.structs.replace(value, **{field: other})
    elif isinstance(value, tuple):
        for at, item in enumerate(value):
            yield from ((*value[:at], other, *value[at + 1 :]) for other in marked(item, _inner(kind)))
    elif isinstance(value, str) and kind is str:
        yield MARK


def _inner(kind: Any) -> Any:
    found = [a for a in typing.get_args(kind) if a is not types.EllipsisType]
    return found[0] if found else None


def requests() -> list[Any]:
    decided = FinalDecision(
        party="DE", court="Amtsgericht", date=date(2020, 1, 1), outcome="acquitted", same_acts=True, enforced="none"
    )
    odd = msgspec.structs.replace(decided, outcome="discontinued")
    lawyer = Person(role="third_party", name="Maria Beispiel", privileged="lawyer")
    careful = Privilege(checked=True, concerned="lawyer", precautions=text("sorting"))
    return [
        eio_request(),
        preservation_request(),
        eio_request(prior=PriorProceedings(checked=True, decisions=(decided,))),
        eio_request(prior=PriorProceedings(checked=True, decisions=(odd,)), persons=(lawyer,), privilege=careful),
    ]


def samples(matter: Matter) -> list[tuple[str, Any]]:
    """A body of each step that people fill in."""
    draft, sent = matter.latest("request.draft"), matter.latest("request.send")
    produced = matter.docket.latest("request.produce") or replace(sent, body=production())
    return [
        ("request.authorise", authorisation(draft)),
        ("request.send", bodies.Transmission(request=draft.id, authorisation=sent.body.authorisation)),
        ("request.acknowledge", bodies.Acknowledgement(reference="PV", contact="x")),
        ("request.consult", bodies.Consultation(subject="x", text=text("x"), ground="ne_bis_in_idem")),
        ("request.recognise", recognition(offence="Code pénal art 313-1")),
        ("request.order", court_order()),
        ("request.preserve", bodies.Preservation(holder="x", description="y", until=date(2027, 3, 1))),
        ("request.refuse", refusal("ne_bis_in_idem")),
        ("request.produce", production()),
        ("request.receive", reception(produced)),
        ("request.read", bodies.Reading(exhibit="E1", purpose=eio_request().purpose.statement)),
        ("request.withdraw", bodies.Withdrawal(reasons=text("x"))),
        ("request.notify", bodies.NotificationGiven(person="x", contents="y", remedies=eio_request().remedies)),
        ("request.erase", bodies.Erasure(exhibits=("E1",), ground="withdrawn", provision="LED art 16")),
        ("request.close", bodies.Closure(outcome="answered")),
    ]


def answers(step: Step, body: Any, docket: Docket, who: Who) -> Iterator[Finding]:
    """What every safeguard of a step says, whether or not the step is in order, to both sides."""
    record = WORLD.sign(step.name, body, docket, who).record
    for assessor in ("DE", "FR"):
        official = WORLD.directory.official(who.key.public.kid)
        filing = Filing(record, body, official, docket, WORLD.law, WORLD.directory, NOON.date(), assessor)
        for guard in step.safeguards:
            yield _run(guard, filing)


def _run(guard: Safeguard, filing: Filing) -> Finding:
    return guard(filing)


def leaks(finding: Finding) -> bool:
    return any(word.casefold() in repr(finding).casefold() for word in MARK.split() if len(word) > 4)


def with_request(docket: Docket, request: Any) -> Docket:
    """The docket as if its draft had said this; the authorisation asks for what the request asks."""
    entries = [replace(e, body=request) if e.step == "request.draft" else e for e in docket.entries]
    last = {e.step: e for e in entries}
    return replace(docket, entries=tuple(entries), by_id={e.id: e for e in entries}, last=last)


MATTER = Matter(WORLD)
to_sent(MATTER)
BODIES = samples(MATTER)


@pytest.mark.parametrize(("name", "body"), BODIES, ids=[name for name, _ in BODIES])
def test_no_finding_quotes_the_body(name: str, body: Any) -> None:
    step, tried = REQUEST.table[name], 0
    who = WORLD.who("FR" if step.by == "requested" else "DE", "judge" if "judge" in step.roles else "prosecutor")
    for changed in marked(body):
        for found in answers(step, changed, MATTER.docket, who):
            assert not leaks(found), found
        tried += 1
    assert tried or name == "request.close"


@pytest.mark.parametrize("number", range(4))
def test_no_finding_quotes_the_request(number: int) -> None:
    request, tried = requests()[number], 0
    for changed in marked(request):
        tried += 1
        opener, opened = WORLD.who("DE", "officer"), Docket("request:x")
        found = list(answers(REQUEST.table["request.draft"], changed, opened, opener))
        assert not any(leaks(f) for f in found), found
        if any(f.verdict != "clear" for f in found):
            continue  # it opens no docket, so nobody is asked about it again
        docket = with_request(MATTER.docket, changed)
        for name, body in BODIES:
            step = REQUEST.table[name]
            who = WORLD.who("FR" if step.by == "requested" else "DE", "prosecutor")
            for each in answers(step, body, docket, who):
                assert not leaks(each), (name, each)
    assert tried > 30


def test_a_body_that_does_not_fit_is_not_quoted() -> None:
    draft = WORLD.sign("request.draft", eio_request(), Docket("request:odd"), WORLD.who("DE", "prosecutor"))
    authentic = authenticate(draft, WORLD.directory, 0)
    for section, value in (("notice", {"mode": MARK}), ("basis", {MARK: "x"}), ("facts", [MARK])):
        odd = replace(authentic, values={**authentic.values, section: value})
        entry = assess(odd, Docket("request:odd"), WORLD.bench("DE"))
        assert [f.ground for f in entry.findings] == ["malformed_body"]
        assert not leaks(entry.findings[0]), entry.findings


def test_a_safeguard_that_fails_does_not_say_what_it_read() -> None:
    def failing(filing: Filing) -> Finding:
        raise ValueError(MARK)

    steps = tuple(replace(s, safeguards=(failing,)) if s.name == "request.draft" else s for s in REQUEST.steps)
    bench = replace(WORLD.bench("DE"), proceedings={"request": replace(REQUEST, steps=steps)})
    draft = WORLD.sign("request.draft", eio_request(), Docket("request:odd"), WORLD.who("DE", "prosecutor"))
    entry = assess(authenticate(draft, WORLD.directory, 0), Docket("request:odd"), bench)
    assert not entry.effect
    assert entry.findings[-1].cleared_by == "request.draft"
    assert not any(leaks(f) for f in entry.findings)
