"""Seriousness: is the offence grave enough, and of the kind, for the instrument and the measure?

Left to others: the 3-year condition of the list exception (`comity.law.offences`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from comity.law.kinds import KINDS
from comity.law.offences import OffenceFacts
from comity.law.reckoning import amount_in_words
from comity.law.schema import Cited, Instrument, MeasureRule, Threshold


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why the offence does not reach, and the provision; ``certain`` is False when the files cannot tell.

    ``settled``: whether the threshold itself is settled law.
    """

    reason: str
    provision: str
    certain: bool
    settled: bool = True


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


def _unsure(reason: str, rests: Cited) -> Shortfall:
    """A shortfall of which the files cannot tell whether there is one."""
    return Shortfall(reason, rests.provision, certain=False, settled=rests.settled)


def _sentence(t: Threshold, offence: OffenceFacts) -> Shortfall | None:
    months = t.months if t.months is not None else 12 * (t.years or 0)
    if offence.sentence_months is None or offence.sentence_months >= months:
        return None
    reason = f"The sentence does not reach {amount_in_words(months, 'months')}."
    return Shortfall(reason, t.provision, t.settled, t.settled)


def _one(t: Threshold, offence: OffenceFacts) -> Shortfall | None:
    months = t.months if t.months is not None else 12 * (t.years or 0)
    amount = amount_in_words(t.years, "years") if t.years else amount_in_words(months, "months")
    asked = f"a maximum of at least {amount}"
    kinds = [is_kind(offence, kind) for kind in t.or_offences]
    if True in kinds:
        return None
    reaches = offence.reaches(months)
    if reaches is None:
        return _unsure(f"It needs {asked}; the maximum penalty is not stated.", t)
    if reaches and not offence.settled:
        return _unsure(f"It needs {asked}; the maximum penalty is not verified.", t)
    if reaches:
        return None
    if None in kinds or (kinds and not (offence.iccs or offence.list_category)):
        why = f"The offence does not reach {asked}; cannot tell whether it is one that needs none."
        return _unsure(why, t)
    return Shortfall(f"The offence does not reach {asked}.", t.provision, offence.settled and t.settled, t.settled)


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
    """Outside the offences that the instrument's scope names (UNCAC: corruption), for all or for some measures.

    Or of a kind that it excludes (ETS 30 art 1(2): purely military offences).
    """
    for s in i.scope:
        if offence.kind != "ordinary" and s.holds_on(day) and s.parameters.get("excluded_kind") == offence.kind:
            return Shortfall(f"It does not reach {offence.kind} offences.", s.provision, s.settled, s.settled)
        kinds = [k for k in _words(str(s.parameters.get("offences", ""))) if not k.isdigit()]
        measures = _words(str(s.parameters.get("measures", "")))
        if not kinds or not s.holds_on(day) or (measures and rule.id not in measures):
            continue
        said = [is_kind(offence, k) for k in kinds]
        if True in said:
            continue
        only = f"It is about {', '.join(kinds).replace('_', ' ')} only"
        if not (offence.iccs or offence.list_category):
            return _unsure(f"{only}; the category is not given.", s)
        if None in said or not offence.settled:
            return _unsure(f"{only}; cannot tell whether the offence is one.", s)
        return Shortfall(f"{only}.", s.provision, s.settled, s.settled)
    return None


def _words(text: str) -> list[str]:
    """The words of a list in a parameter."""
    return text.replace(",", " ").split()
