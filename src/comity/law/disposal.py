"""Disposal of confiscated money between the two States, once victims have theirs (Regulation (EU) 2018/1805 art 30(7)).

Up to a threshold the executing State keeps it; above, a part goes to the issuing State. Threshold and part stand in the
instrument's rule `disposal`. Left to others: property other than money, agreements between the two States, costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal

from comity.errors import Malformed, NotFound
from comity.law.schema import Instrument, Rule

CENT = Decimal("0.01")
MOST = Decimal(10**15)  # more than there is


@dataclass(frozen=True, slots=True)
class Disposal:
    """Who gets what, in euro; None where the files cannot tell. ``why`` is the sum in a sentence."""

    issuing: Decimal | None
    executing: Decimal | None
    restitution: Decimal
    why: str
    provision: str
    settled: bool


def disposal(instrument: Instrument, amount: Decimal, restitution: Decimal, day: date) -> Disposal:
    """How ``amount`` euro obtained by execution are disposed of on ``day``, ``restitution`` of it to victims first.

    Raises NotFound where the instrument has no such rule, Malformed for amounts that cannot be.
    """
    rule = next((r for r in instrument.rules if r.topic == "disposal" and r.holds_on(day)), None)
    if rule is None:
        raise NotFound(f"{instrument.short} has no rule on the disposal of money.", "Ask for freezing.")
    for said in (amount, restitution):
        if not said.is_finite() or not 0 <= said < MOST or said != said.quantize(CENT):
            raise Malformed(f"{said} is no amount of money.", "Give euro and cents: 12000.50.")
    if restitution > amount:
        raise Malformed("More goes to victims than was obtained.", "Correct one of the amounts.")
    return _divided(rule, amount, restitution)


def _divided(rule: Rule, amount: Decimal, restitution: Decimal) -> Disposal:
    threshold, percent = int(rule.parameters["threshold_eur"]), int(rule.parameters["percent_to_issuing"])
    left = amount - restitution
    victims = f"After EUR {restitution} to victims EUR {left} remain. " if restitution else ""
    if amount <= threshold or not left:
        why = f"{victims}Up to EUR {threshold} the executing State keeps it." if left else f"{victims}Nothing remains."
        return Disposal(Decimal(0), left, restitution, why, rule.provision, rule.settled)
    if left <= threshold:
        why = f"{victims}Cannot tell whether EUR {threshold} counts before or after restitution: the two States agree."
        return Disposal(None, None, restitution, why, rule.provision, False)
    issuing = (left * percent / 100).quantize(CENT, ROUND_DOWN)
    odd = "; the odd cent stays with the executing State" if issuing * 100 != left * percent else ""
    why = f"{victims}Above EUR {threshold}: {percent} % go to the issuing State{odd}."
    return Disposal(issuing, left - issuing, restitution, why, rule.provision, rule.settled)
