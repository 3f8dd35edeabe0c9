"""The docket: what the records of one matter add up to. `fold` ignores the order in which they arrived.

Records name what they answer, so they form a graph; their place in the docket is their depth in it, ties broken by
identifier. Two nodes with the same records and the same assessments therefore have the same docket (ARCHITECTURE,
rule 4). A record that two nodes cannot place yet (one it answers has not arrived) is not in the docket.

Left to others: authenticity (`authenticate`), law (`assess`), keeping (`comity.node.store`).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from comity.docket.finding import Finding, worst
from comity.docket.record import Record


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in its docket: who put the hand, what this node found, whether it has effect.

    ``body`` is the step's typed body, or None when a section was withheld or erased; ``moves`` says whether the step
    changes the docket's state (messages do not).
    """

    id: str
    record: Record
    body: Any
    holder: str
    findings: tuple[Finding, ...]
    effect: bool
    moves: bool = True
    depth: int = 0

    @property
    def step(self) -> str:
        """The step's name."""
        return self.record.step

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands in the docket, whatever the order of arrival."""
        return (self.depth, self.id)


@dataclass(frozen=True, slots=True)
class Docket:
    """Everything known of one matter. Immutable; `with_entry` gives the next one."""

    id: str
    entries: tuple[Entry, ...] = ()
    by_id: dict[str, Entry] = field(default_factory=dict)
    heads: frozenset[str] = frozenset()  # effective records that no effective record answers
    last: dict[str, Entry] = field(default_factory=dict)  # step -> its latest effective entry

    @property
    def proceeding(self) -> str:
        """The kind of matter: the part of the identifier before the colon."""
        return self.id.partition(":")[0]

    @property
    def state(self) -> str:
        """The name of the latest effective step that moves the matter, or ``""`` before the first."""
        moving = [e for e in self.last.values() if e.moves]
        return max(moving, key=lambda e: e.place).step if moving else ""

    @property
    def opening(self) -> Entry | None:
        """The effective entry that opened the docket."""
        return next((e for e in self.entries if e.effect), None)

    def latest(self, *steps: str) -> Entry | None:
        """The latest effective entry of any of ``steps``. Never "was it ever filed" (ARCHITECTURE, rule 1)."""
        found = [self.last[s] for s in steps if s in self.last]
        return max(found, key=lambda e: e.place) if found else None

    def all(self, step: str) -> tuple[Entry, ...]:
        """Every effective entry of ``step``, in order."""
        return tuple(e for e in self.entries if e.effect and e.step == step)

    def with_entry(self, entry: Entry) -> Docket:
        """The docket with one more entry; twice is harmless. KeyError if the record answers one that is not here."""
        if entry.id in self.by_id:
            return self
        depth = 1 + max((self.by_id[a].depth for a in entry.record.answers), default=0)
        placed = replace(entry, depth=depth)
        if not self.entries or self.entries[-1].place < placed.place:
            entries = (*self.entries, placed)
        else:
            ordered = list(self.entries)
            insort(ordered, placed, key=lambda e: e.place)
            entries = tuple(ordered)
        return Docket(
            self.id, entries, {**self.by_id, placed.id: placed}, self._heads_with(placed), self._last_with(placed)
        )

    def _heads_with(self, entry: Entry) -> frozenset[str]:
        if not entry.effect:
            return self.heads
        newest = not self.entries or self.entries[-1].place < entry.place
        answered = not newest and any(e.effect and entry.id in e.record.answers for e in self.entries)
        return (self.heads - set(entry.record.answers)) | (frozenset() if answered else {entry.id})

    def _last_with(self, entry: Entry) -> dict[str, Entry]:
        before = self.last.get(entry.step)
        if not entry.effect or (before is not None and before.place > entry.place):
            return self.last
        return {**self.last, entry.step: entry}

    def past_of(self, answers: Iterable[str]) -> Docket:
        """The docket as the filer saw it: the records ``answers`` names and all that those answer in turn."""
        wanted = set(answers)
        if self.heads <= wanted:
            return self
        stack, past = list(wanted), set()
        while stack:
            known = self.by_id.get(stack.pop())
            if known is not None and known.id not in past:
                past.add(known.id)
                stack.extend(known.record.answers)
        return fold(self.id, [e for e in self.entries if e.id in past])


def fold(docket_id: str, entries: Iterable[Entry]) -> Docket:
    """The docket of these entries, in whatever order they come; entries that answer what is not here are left out."""
    docket = Docket(docket_id)
    waiting = {e.id: e for e in entries}
    while ready := [e for e in waiting.values() if all(a in docket.by_id for a in e.record.answers)]:
        for entry in sorted(ready, key=lambda e: e.id):
            docket = docket.with_entry(entry)
            del waiting[entry.id]
    return docket


def effective(findings: Iterable[Finding]) -> bool:
    """Whether a filing with these findings has effect: only when every one is clear."""
    return worst(findings) == "clear"
