"""Grounds for refusal on the facts of a case: which arise, whether they leave a choice, and what is still to be known.

A ground names the facts on which it turns (`Ground.on`, `Ground.unless`), what it is about first. A fact that is
neither given nor denied is not known: where a ground that is raised turns on it, the answer is *cannot tell*.

Left to others: a request's own facts (`comity.safeguards`), double criminality by the taxonomy (`comity.law.offences`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from comity.errors import Malformed
from comity.law.book import LawBook
from comity.law.schema import Declaration, Ground, Instrument

Arises = Literal["yes", "no", "cannot_tell", "not_raised"]
Weight = Literal["must", "may", ""]


@dataclass(frozen=True, slots=True)
class Raised:
    """One ground and the facts: does it arise, must or may the requested Party refuse, and by whose rule.

    ``open_facts``: what would have to be known; ``whose``: a Party whose own rule leaves no choice, else empty.
    """

    ground: Ground
    arises: Arises
    weight: Weight
    why: str
    provision: str
    open_facts: tuple[str, ...] = ()
    whose: str = ""

    @property
    def settled(self) -> bool:
        """Whether the statement of the ground may be relied on."""
        return self.ground.settled


def facts_on(ground: Ground) -> tuple[str, ...]:
    """What must be given for the ground to arise, alternatives parted by ``|``; its own id where it names nothing."""
    return ground.on or (ground.id,)


def one_of(fact: str) -> frozenset[str]:
    """The alternatives of which one is enough."""
    return frozenset(a.strip() for a in fact.split("|"))


def given(ground: Ground, facts: Collection[str]) -> bool:
    """Whether ``facts`` hold all that the ground needs, and nothing that keeps it from arising."""
    return all(one_of(f) & set(facts) for f in facts_on(ground)) and not set(ground.unless) & set(facts)


def raised(
    book: LawBook, instrument: Instrument, measure: str, facts: Collection[str], denied: Collection[str],
    requested: str, day: date,
) -> tuple[Raised, ...]:
    """Every ground of ``instrument`` for ``measure`` on ``day``, judged by the ``facts`` given and those ``denied``.

    ``requested`` (ISO 3166-1 alpha-2; empty: not said) is the Party whose own rule may leave no choice. Raises NotFound
    for an unknown measure, Malformed for a fact on which no ground turns, or one both given and denied.
    """
    book.measure(measure)
    grounds = instrument.grounds_for(measure, day)
    own = tuple(d for d in _declared(book, instrument, requested, day) if d.settled)
    turned_on = [f for g in grounds for f in (*facts_on(g), *g.unless)] + [f for d in own for f in d.on]
    known = {a for f in turned_on for a in one_of(f)}
    unknown = sorted({*facts, *denied} - known)
    if unknown:
        raise Malformed(
            f"No ground of {instrument.short} for {measure} turns on {', '.join(unknown)}.",
            f"Name facts from: {', '.join(sorted(known))}.",
        )
    if both := sorted(set(facts) & set(denied)):
        raise Malformed(f"{', '.join(both)}: both given and denied.", "Say it once.")
    return tuple(_one(g, set(facts), set(denied), requested, own) for g in grounds)


def _declared(book: LawBook, i: Instrument, requested: str, day: date) -> tuple[Declaration, ...]:
    """The requested Party's own rules that a ground leaves no choice, where it has a file."""
    law = book.by_party.get(requested)
    return law.declared(i.id, "ground_mandatory", day) if law else ()


def _one(g: Ground, facts: set[str], denied: set[str], requested: str, own: tuple[Declaration, ...]) -> Raised:
    needed = facts_on(g)
    missing = tuple(f for f in needed if not one_of(f) & facts)
    if not one_of(needed[0]) & (facts | denied):  # what it is about; the others only qualify it
        return Raised(g, "not_raised", "", "Nothing that raises it is given.", g.provision, missing)
    out = [f for f in needed if one_of(f) <= denied]
    if out:
        return Raised(g, "no", "", f"Not so: {_words(out)}.", g.provision)
    if kept := sorted(set(g.unless) & facts):
        return Raised(g, "no", "", f"It does not arise: {_words(kept)}.", g.provision)
    if missing:
        return Raised(g, "cannot_tell", "", f"It also needs: {_words(missing)}.", g.provision, missing)
    doubtful = tuple(u for u in g.unless if u not in denied)
    if doubtful:
        return Raised(g, "cannot_tell", "", f"Unless one of: {_words(doubtful)}.", g.provision, doubtful)
    if not g.settled:
        return Raised(g, "cannot_tell", "", "The ground itself is not settled in the files.", g.provision)
    return _weighed(g, facts, requested, tuple(d for d in own if d.value == g.id))


def _weighed(g: Ground, facts: set[str], requested: str, own: tuple[Declaration, ...]) -> Raised:
    """It arises: mandatory by the instrument, or by the requested Party's own law, or for it to choose."""
    if g.binding == "mandatory":
        return Raised(g, "yes", "must", "It must be refused.", g.provision)
    for d in own:
        if all(one_of(f) & facts for f in d.on):
            provision, why = f"{g.provision}; {d.provision}", f"{requested} must refuse by its own law: {d.text}"
            return Raised(g, "yes", "must", why, provision, whose=requested)
    missing = tuple(f for d in own for f in d.on if not one_of(f) & facts)
    stricter = f" By the law of {requested} it must be, if: {_words(missing)}." if missing else ""
    return Raised(g, "yes", "may", f"It may be refused.{stricter}", g.provision, missing)


def _words(facts: Collection[str]) -> str:
    return "; ".join(f.replace("_", " ").replace(" | ", " or ") for f in facts)


def first_consulted(found: Collection[Raised]) -> Iterator[str]:
    """The provisions by which the other side is consulted before a refusal on a ground that arises, or may."""
    yield from dict.fromkeys(r.ground.consult_first for r in found if r.ground.consult_first and r.arises != "no")
