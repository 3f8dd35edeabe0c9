"""The verdict on a package: every check with its answer and reason, as plain data for whoever prints it.

Left to others: the checks (`comity.package.check`), colours and words on a screen (`comity.cli`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from comity.errors import ComityError


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Common settings of the parts of a verdict."""


class HandBy(_Part, frozen=True, kw_only=True):
    """Whose hand a record bears. ``certified_by``: "judiciary" or "party", the root that certified the key."""

    holder: str
    role: str
    authority: str
    party: str
    certified_by: str
    key: str


class Cosigned(_Part, frozen=True, kw_only=True):
    """A witness (its name in the verifier's policy) and when it cosigned, RFC 3339 UTC."""

    witness: str
    at: str


class Standing(_Part, frozen=True, kw_only=True):
    """Where a record stands in a log, proved: its leaf, the size of the cosigned tree, who cosigned it."""

    origin: str
    position: int
    size: int
    cosigned: tuple[Cosigned, ...]


class Line(_Part, frozen=True, kw_only=True):
    """One check and its answer.

    ``check``: a safeguard's identifier, or a check of the package itself (then ``record`` may be empty). ``ok`` is
    whether it is kept. ``verdict`` is the finding (clear, hold, refuse) and ``assessed_by`` the Parties that made it;
    both are empty where no safeguard spoke. ``effect``: whether the record had effect; a safeguard that is not kept
    by a record without effect did its work. ``reassessed``: whether this verifier came to the finding by itself;
    False means that it is the logs' word alone.
    """

    check: str
    ok: bool
    provision: str
    why: str
    step: str = ""
    record: str = ""
    at: str = ""
    verdict: str = ""
    assessed_by: tuple[str, ...] = ()
    settled: bool = True
    effect: bool = True
    reassessed: bool = False
    hand: HandBy | None = None
    seal: str = ""
    logs: tuple[Standing, ...] = ()


class Problem(_Part, frozen=True, kw_only=True):
    """Something for which the package is not to be relied on: where, what, and what to do."""

    where: str
    what: str
    next_step: str


class Verdict(_Part, frozen=True, kw_only=True):
    """The whole answer. ``ok`` only when there is no problem and something was proved and assessed."""

    ok: bool
    docket: str
    made_by: str
    made_at: str
    records: int
    reassessed: int
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]


class Report:
    """Collects lines and problems while checks run. Whatever goes wrong becomes a problem, never an exception."""

    def __init__(self) -> None:
        """Nothing checked yet."""
        self.lines: list[Line] = []
        self.problems: list[Problem] = []

    def problem(self, where: str, what: str, next_step: str = "Do not rely on it; ask both sides.") -> None:
        """Something is wrong."""
        self.problems.append(Problem(where=where, what=what, next_step=next_step))

    def check(self, name: str, good: bool, provision: str, why: str, next_step: str = "") -> None:
        """A check of the package itself; a problem too when it is not good."""
        self.lines.append(Line(check=name, ok=good, provision=provision, why=why))
        if not good:
            self.problem(name, why, next_step or "Do not rely on it; ask both sides.")

    @contextmanager
    def stage(self, name: str, provision: str, why: str) -> Iterator[None]:
        """Run a group of checks and say in one line how it ended: ``why`` when all is well, else the first problem."""
        before = len(self.problems)
        with self.guard(name):
            yield
        new = self.problems[before:]
        self.lines.append(Line(check=name, ok=not new, provision=provision, why=new[0].what if new else why))

    @contextmanager
    def guard(self, where: str) -> Iterator[None]:
        """Run checks; any exception becomes a problem at ``where``. A check that fails is a check not passed."""
        try:
            yield
        except ComityError as wrong:
            self.problem(where, wrong.what, wrong.next_step or "Do not rely on it.")
        except Exception as wrong:
            self.problem(where, f"It could not be checked: {wrong!r}.", "Do not rely on it; report this.")
