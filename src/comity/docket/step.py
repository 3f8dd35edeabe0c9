"""Steps, duties and the proceeding that holds them: tables of names, never conditions.

Every ``if`` is a named safeguard with a docstring and a citation (`comity.safeguards`). Only the clerk has a clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from comity.docket.docket import Docket
from comity.docket.finding import Finding
from comity.docket.record import Record
from comity.docket.sections import Request

if TYPE_CHECKING:
    from comity.docket.directory import Directory, Official
    from comity.law.book import LawBook
    from comity.law.schema import Limit

T = TypeVar("T")
Side = Literal["requesting", "requested", "either"]
Audience = Literal["own", "both"]


def asked_once(ask: Callable[[Filing], T]) -> Callable[[Filing], T]:
    """Keep what ``ask`` answers with the filing, which never changes: many safeguards ask the same of it."""

    @wraps(ask)
    def answer(filing: Filing) -> T:
        if ask not in filing.answers:
            filing.answers[ask] = ask(filing)
        found: T = filing.answers[ask]
        return found

    return answer


@dataclass(frozen=True, slots=True)
class Filing:
    """What a safeguard looks at: the record, its body, who put the hand, the docket it answers, the law of its day.

    ``docket`` is the causal past of the record, so that both sides judge the same. ``assessor`` is the Party that is
    judging now; ``day`` is the record's own day, so that a replay years later applies the law of then.
    """

    record: Record
    body: Any
    official: Official | None
    docket: Docket
    law: LawBook
    directory: Directory
    day: date
    assessor: str
    answers: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)  # of `asked_once`

    @property
    def law_day(self) -> date:
        """The day whose law is applied: the record's own, unless a replay asks for that of another day."""
        return self.law.of_day or self.day

    @property
    @asked_once
    def request(self) -> Request | None:
        """The request as it stands: the body being filed when it is one, else the latest drafted or revised."""
        if isinstance(self.body, Request):
            return self.body
        entry = self.docket.latest("request.draft", "request.revise")
        return entry.body if entry is not None else None


Safeguard = Callable[[Filing], Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: who may take it, after which, what guards it, what it carries, who may read it, whose hand it needs.

    ``roles`` are credential roles; an empty tuple is a step of the node itself (no hand). ``after`` names the states
    in which it may be taken (``""`` opens the docket). ``kind`` is the public kind of its leaf.
    """

    name: str
    title: str
    body: type[msgspec.Struct]
    by: Side
    roles: tuple[str, ...]
    after: tuple[str, ...]
    safeguards: tuple[Safeguard, ...] = ()
    readers: Audience = "both"
    kind: str = "request"
    moves: bool = True
    seals: bool = False  # a seal may begin with this step (`comity.docket.sealing`)
    crosses: bool = False  # from this step on, the other side's node receives the docket
    answered_by: str = ""  # the step that the receiving node itself takes on arrival
    unproven_by: str = ""  # may be claimed as an emergency; the receiver takes this step without full proof of logging
    provision: str = ""

    @property
    def hand(self) -> bool:
        """Whether a named official must put their own hand to it."""
        return bool(self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """From the latest of ``since``, one of ``due`` within ``limit`` (named in the instrument), else ``otherwise``.

    ``own_limit`` is one of Comity's own, in elapsed hours, where no instrument has such a duty.
    """

    name: str
    since: tuple[str, ...]
    due: tuple[str, ...]
    limit: str
    otherwise: str
    owed_by: Side
    closed_by: tuple[str, ...] = ()  # steps that end the duty without discharging it (withdrawal, closure)
    own_limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Proceeding:
    """The table of steps and duties of one kind of matter."""

    name: str
    title: str
    steps: tuple[Step, ...]
    duties: tuple[Duty, ...]
    table: dict[str, Step] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Index the steps by name."""
        object.__setattr__(self, "table", {s.name: s for s in self.steps})

    def next_steps(self, docket: Docket, side: Side) -> tuple[Step, ...]:
        """The steps that the table lets ``side`` take from the docket's state."""
        return tuple(s for s in self.steps if docket.state in s.after and s.by in (side, "either"))
