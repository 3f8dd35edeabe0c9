"""Assessment: run a step's safeguards over a filing. The worst finding decides; a safeguard that fails holds.

Three questions that every step asks stand here (is it in order, is it the right side, is it the right hand); all others
are named in the step's row and live in `comity.safeguards`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from comity.docket.authenticate import Authentic
from comity.docket.directory import Directory
from comity.docket.docket import Docket, Entry, effective
from comity.docket.finding import Finding, clear, hold, refuse
from comity.docket.step import Filing, Proceeding, Safeguard, Step
from comity.law.book import LawBook

_SHAPE = "Comity table of steps"
_PATH = re.compile(r"at `\$\.?([a-z_.\[\]0-9]+)`$")


@dataclass(frozen=True, slots=True)
class Bench:
    """All that an assessment needs besides the filing: tables, law, directory, and whose assessment it is."""

    proceedings: Mapping[str, Proceeding]
    law: LawBook
    directory: Directory
    assessor: str

    def step(self, name: str) -> Step | None:
        """The row of a step, or None when no table has it."""
        table = self.proceedings.get(name.partition(".")[0])
        return table.table.get(name) if table else None


def assess(authentic: Authentic, docket: Docket, bench: Bench) -> Entry:
    """The entry this record becomes in ``docket`` (all that is known here): its typed body, findings and effect."""
    record = authentic.sealed.record
    step = bench.step(record.step)
    past = docket.past_of(record.answers)
    body, shape = _typed_body(step, authentic)
    if step is None or shape is not None:
        findings: tuple[Finding, ...] = (shape or _unknown_step(record.step),)
    else:
        filing = Filing(
            record=record,
            body=body,
            official=authentic.official,
            docket=past,
            law=bench.law,
            directory=bench.directory,
            day=record.time.date(),
            assessor=bench.assessor,
        )
        findings = tuple(_ask(question, filing, step) for question in (_order, _side, _hand))
        if effective(findings):
            findings += _safeguards(step, filing)
    return Entry(
        id=authentic.id,
        record=record,
        body=body,
        holder=authentic.official.holder if authentic.official else "",
        findings=findings,
        effect=effective(findings),
        moves=step.moves if step else False,
    )


def _safeguards(step: Step, filing: Filing) -> tuple[Finding, ...]:
    if filing.body is None:
        if step.readers == "own" and filing.record.party != filing.assessor:
            return (
                clear("withheld", _SHAPE, "Content is for the filing Party alone; order, side and hand were checked."),
            )
        return (hold("withheld", _SHAPE, "A section that must be assessed was not sent.", filing.record.step),)
    return tuple(_run(safeguard, filing) for safeguard in step.safeguards)


def _run(safeguard: Safeguard, filing: Filing) -> Finding:
    try:
        return safeguard(filing)
    except Exception as exc:  # a safeguard that fails holds (ARCHITECTURE, one shape)
        name = getattr(safeguard, "__name__", "safeguard")
        why = f"It could not be assessed ({type(exc).__name__}); its words may hold contents and are not kept."
        return hold(name, "Comity: a safeguard that fails holds", why, filing.record.step)


def _typed_body(step: Step | None, authentic: Authentic) -> tuple[Any, Finding | None]:
    if step is None:
        return None, None
    named = authentic.sealed.record.sections
    if set(named) - _field_names(step.body):
        return None, refuse("form", _SHAPE, f"{step.name} has no such section.", "malformed_body")
    if set(named) != set(authentic.values):
        return None, None
    try:
        return msgspec.convert(authentic.values, step.body), None
    except msgspec.ValidationError as exc:
        where = _PATH.search(str(exc))  # only where: the rest of the message may quote contents
        why = f"The body does not fit {step.name}{f' at {where[1]}' if where else ''}; see its form."
        return None, refuse("form", _SHAPE, why, "malformed_body")


@lru_cache(maxsize=256)
def _field_names(body: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(f.name for f in msgspec.structs.fields(body))


def _unknown_step(name: str) -> Finding:
    return refuse("order", _SHAPE, f"No table has a step called {name!r}.", "unknown_step")


def _ask(question: Any, filing: Filing, step: Step) -> Finding:
    result: Finding = question(filing, step)
    return result


def _order(filing: Filing, step: Step) -> Finding:
    state = filing.docket.state
    if filing.record.docket.partition(":")[0] != step.name.partition(".")[0]:
        return refuse("order", _SHAPE, f"{step.name} is not a step of this proceeding.", "wrong_proceeding")
    if state not in step.after:
        after = ", ".join(a or "nothing filed yet" for a in step.after)
        return refuse(
            "order", _SHAPE, f"The docket stands at {state or 'nothing'}; {step.name} follows {after}.", "wrong_order"
        )
    return clear("order", _SHAPE, f"{step.name} may follow {state or 'an empty docket'}.")


def _side(filing: Filing, step: Step) -> Finding:
    opening = filing.docket.opening
    requesting = opening.record.party if opening else filing.record.party
    side = "requesting" if filing.record.party == requesting else "requested"
    if side == "requested":
        request = filing.request
        addressee = getattr(getattr(request, "addressee", None), "party", None)
        if addressee is not None and addressee != filing.record.party:
            return refuse("side", _SHAPE, f"{filing.record.party} is no party to this docket.", "not_a_party")
    if step.by not in (side, "either"):
        return refuse("side", _SHAPE, f"{step.name} is a step of the {step.by} Party.", "wrong_side")
    return clear("side", _SHAPE, f"{filing.record.party} acts as the {side} Party.")


def _hand(filing: Filing, step: Step) -> Finding:
    if not step.hand:
        if filing.official is not None:
            why = f"{step.name} is a step of the node itself; no official takes it."
            return refuse("hand", _SHAPE, why, "wrong_role")
        return clear("hand", _SHAPE, "A step of the node itself; the authority's seal suffices.")
    if filing.official is None:
        return hold("hand", _SHAPE, f"{step.name} needs the hand of: {', '.join(step.roles)}.", step.name)
    if filing.official.role not in step.roles:
        return refuse(
            "hand",
            _SHAPE,
            f"{filing.official.role} may not take {step.name}; {', '.join(step.roles)} may.",
            "wrong_role",
        )
    return clear("hand", _SHAPE, f"By the hand of {filing.official.holder} ({filing.official.role}).")
