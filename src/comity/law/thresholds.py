"""Seriousness: is the offence grave enough, and of the kind, for the instrument and the measure?

Left to others: the 3-year condition of the list exception (`comity.law.offences`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from comity.law.offences import OffenceFacts
from comity.law.reckoning import amount_in_words
from comity.law.schema import Instrument, MeasureRule, Threshold


@dataclass(frozen=True, slots=True)
class Kind:
    """Offences that a threshold names by another act: codes that are such an offence, categories that may be one."""

    codes: tuple[str, ...] = ()  # ICCS codes wholly within the act named
    categories: frozenset[str] = frozenset()  # of the 32: broader than the act, so that the files cannot tell
    wider_codes: tuple[str, ...] = ()  # ICCS codes broader than the act


# Regulation (EU) 2023/1543 art 5(4)(b) names articles of three directives, and only offences committed wholly or partly
# by means of an information system; a category of the 32 says neither.
KINDS: dict[str, Kind] = {
    "attacks_on_information_systems": Kind(  # Directive 2013/40/EU arts 3-8
        ("09031", "09032", "09033"), frozenset({"computer_crime"}), ("0903",)
    ),
    "child_sexual_abuse": Kind((), frozenset({"child_sexual_exploitation"}), ("03022",)),  # Directive 2011/93/EU
    "non_cash_payment_fraud": Kind((), frozenset({"forgery_means_of_payment"})),  # Directive (EU) 2019/713
    "obstruction_of_justice": Kind(("0806",)),
    "computer_crime": Kind(("0903",)),  # Convention offences (UN Convention against Cybercrime arts 7-12)
    # Known by the code alone: the taxonomy's act may be wider than the one named, which a person has to see.
    "terrorism": Kind((), wider_codes=("0906",)),  # Directive (EU) 2017/541 arts 3-12 and 14
    "criminal_organisation": Kind((), wider_codes=("0905",)),  # UNTOC art 5
    "money_laundering": Kind(("07041",), wider_codes=("0704",)),  # UNTOC art 6
    "corruption": Kind(("07031",), wider_codes=("0703",)),  # UNTOC art 8: bribery; UNCAC
    # UNCAC arts 23 and 25: laundering the proceeds of corruption, obstructing justice in a case of it.
    "proceeds_of_corruption": Kind((), frozenset({"money_laundering"}), ("0704", "0806")),
    # Budapest Convention arts 7-10, UN Convention against Cybercrime arts 12-15: if by computer.
    "computer_related_offence": Kind(
        (),
        frozenset({
            "fraud", "swindling", "child_sexual_exploitation", "product_piracy", "forgery_documents",
            "forgery_means_of_payment",
        }),
        ("0701", "0702", "03022"),
    ),
}


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why the offence does not reach, and the provision; ``certain`` is False when the files cannot tell."""

    reason: str
    provision: str
    certain: bool


def below_threshold(
    instrument: Instrument, rule: MeasureRule, offence: OffenceFacts, day: date, stage: str = "prosecution"
) -> Shortfall | None:
    """None when every threshold on the maximum penalty is reached (or the offence needs none).

    ``stage`` is ``prosecution`` or ``sentence``; thresholds of the other stage are left aside. One that looks at the
    sentence passed is asked where the sentence is known.
    """
    for t in (*instrument.thresholds, *rule.thresholds):
        if not t.holds_on(day):
            continue
        if t.basis == "sentence_passed":
            found = _sentence(t, offence)
        else:
            found = _one(t, offence) if t.applies_to in ("", stage) else None
        if found is not None:
            return found
    return _outside(instrument, rule, offence, day)


def _sentence(t: Threshold, offence: OffenceFacts) -> Shortfall | None:
    months = t.months if t.months is not None else 12 * (t.years or 0)
    if offence.sentence_months is None or offence.sentence_months >= months:
        return None
    reason = f"The sentence does not reach {amount_in_words(months, 'months')}."
    return Shortfall(reason, t.provision, certain=t.settled)


def _one(t: Threshold, offence: OffenceFacts) -> Shortfall | None:
    months = t.months if t.months is not None else 12 * (t.years or 0)
    amount = amount_in_words(t.years, "years") if t.years else amount_in_words(months, "months")
    asked = f"a maximum of at least {amount}"
    kinds = [is_kind(offence, kind) for kind in t.or_offences]
    if True in kinds:
        return None
    reaches = offence.reaches(months)
    if reaches is None:
        return Shortfall(f"It needs {asked}; the maximum penalty is not stated.", t.provision, certain=False)
    if reaches and not offence.settled:
        return Shortfall(f"It needs {asked}; the maximum penalty is not verified.", t.provision, certain=False)
    if reaches:
        return None
    if None in kinds or (kinds and not (offence.iccs or offence.list_category)):
        why = f"The offence does not reach {asked}; cannot tell whether it is one that needs none."
        return Shortfall(why, t.provision, certain=False)
    return Shortfall(f"The offence does not reach {asked}.", t.provision, certain=offence.settled and t.settled)


def is_kind(offence: OffenceFacts, kind: str) -> bool | None:
    """Whether the offence is of a kind named by a threshold: a category of the 32, or one of `KINDS`.

    None: cannot tell, because only a broader category is known, or the national offence covers its code in part.
    """
    named = KINDS.get(kind)
    if named is None or offence.list_category == kind:
        return offence.list_category == kind
    if any(offence.iccs.startswith(c) for c in named.codes):
        return None if offence.partly or not offence.settled else True
    wider = any(offence.iccs.startswith(c) or c.startswith(offence.iccs or "-") for c in named.wider_codes)
    return None if wider or offence.list_category in named.categories else False


def _outside(i: Instrument, rule: MeasureRule, offence: OffenceFacts, day: date) -> Shortfall | None:
    """Outside the offences that the instrument's scope names (UNCAC: corruption), for all or for some measures."""
    for s in i.scope:
        kinds = [k for k in _words(str(s.parameters.get("offences", ""))) if not k.isdigit()]
        measures = _words(str(s.parameters.get("measures", "")))
        if not kinds or not s.holds_on(day) or (measures and rule.id not in measures):
            continue
        said = [is_kind(offence, k) for k in kinds]
        if True in said:
            continue
        only = f"It is about {', '.join(kinds).replace('_', ' ')} only"
        if not (offence.iccs or offence.list_category):
            return Shortfall(f"{only}; the category is not given.", s.provision, certain=False)
        if None in said or not offence.settled:
            return Shortfall(f"{only}; cannot tell whether the offence is one.", s.provision, certain=False)
        return Shortfall(f"{only}.", s.provision, certain=True)
    return None


def _words(text: str) -> list[str]:
    """The words of a list in a parameter."""
    return text.replace(",", " ").split()
