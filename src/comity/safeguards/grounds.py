"""When a ground for refusal applies: does it bind, or may the requested Party go on after consulting?

A mandatory ground (by the instrument, a Party's declaration, or a standard that binds both) refuses. An optional one is
the requested Party's to use: it holds the decision until the two sides have consulted; a decision taken by hand after
that is a decision not to rely on it. Before the request is sent it is only said, so that nobody is surprised.
"""

from __future__ import annotations

from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.law.refusal import given, one_of
from comity.law.schema import Cited, Declaration, Ground
from comity.safeguards.citing import Source, stated
from comity.safeguards.subject import Subject, by_requested


def instrument_grounds(
    filing: Filing, subject: Subject, ground: str, facts: frozenset[str] | None = None
) -> tuple[Ground, ...]:
    """The instrument's statements of ``ground`` that are available for every measure in force (else none).

    With ``facts`` only those that turn on nothing else: a judgment of a third State is not one of a Member State.
    """
    per_measure = [
        tuple(
            g
            for g in grounds_between(filing, subject, m.id)
            if g.id == ground and (facts is None or not g.on or given(g, facts))
        )
        for m in subject.measures
    ]
    if not per_measure or not all(per_measure):
        return ()
    return tuple(dict.fromkeys(g for grounds in per_measure for g in grounds))


def grounds_between(filing: Filing, subject: Subject, measure: str) -> tuple[Ground, ...]:
    """The instrument's grounds for ``measure`` between the two Parties: not those that another treaty displaces."""
    return filing.law.grounds(subject.instrument, measure, subject.parties, filing.day)


def declared_mandatory(
    filing: Filing, subject: Subject, ground: str, facts: frozenset[str] | None = None
) -> tuple[Declaration, ...]:
    """The requested Party's own rule that ``ground`` leaves no choice (on these ``facts``), where it has one."""
    law = filing.law.by_party.get(subject.requested)
    if law is None:
        return ()
    made = law.declared(subject.instrument.id, "ground_mandatory", filing.day)
    return tuple(d for d in made if d.value == ground and (facts is None or all(one_of(f) & facts for f in d.on)))


def consulted(filing: Filing, subject: Subject, ground: str) -> bool:
    """Whether the requested Party has consulted on ``ground`` since the request was sent."""
    sent = filing.docket.latest("request.send", "request.receipt")
    return sent is not None and any(
        e.record.party == subject.requested and e.body is not None and e.body.ground == ground and e.place > sent.place
        for e in filing.docket.all("request.consult")
    )


def applies(
    filing: Filing, subject: Subject, name: str, ground: str, why: str, *, binding: tuple[Cited, ...] = (),
    facts: frozenset[str] | None = None,
) -> Finding:
    """The finding of safeguard ``name`` when the ``facts`` of ``ground`` are given; ``binding``: standards that bind.

    Without ``facts`` every statement of the ground is meant.
    """
    declared = declared_mandatory(filing, subject, ground, facts)
    offered = instrument_grounds(filing, subject, ground, facts)
    if binding or declared or any(g.binding == "mandatory" for g in offered):
        whose = subject.requested if declared and not binding else ""
        rests = stated(*binding, *(declared if not binding else ()), *offered, party=whose)
        return rests.refuse(name, f"{why} The ground is mandatory.", ground)
    if not offered:
        return Source(subject.instrument.citation).clear(
            name, f"{why} {subject.instrument.short} has no such ground for these measures."
        )
    rests = stated(*offered, party=subject.requested)
    if not by_requested(filing, subject):
        return rests.clear(name, f"{why} {subject.requested} may refuse on this optional ground.")
    if consulted(filing, subject, ground):
        return rests.clear(
            name, f"{why} The ground is optional; after consulting, the deciding hand does not rely on it."
        )
    return rests.hold(
        name,
        f"{why} The ground is optional: consult, then refuse on it or decide not to rely on it.",
        "request.consult",
    )
