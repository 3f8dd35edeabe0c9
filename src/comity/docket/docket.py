"""The docket: what the records of one matter add up to. `fold` ignores the order in which they arrived.

Records name what they answer, so they form a graph; their place in the docket is their depth in it, ties broken by
identifier. Two nodes with the same records and the same assessments therefore have the same docket (ARCHITECTURE,
rule 4). A record that two nodes cannot place yet (one it answers has not arrived) is not in the docket.

Left to others: authenticity (`authenticate`), law (`assess`), keeping (`comity.node.keeping.store`).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from comity.docket.finding import Finding, worst
from comity.docket.record import Record

ENDING = frozenset({"request.withdraw", "request.refuse"})  # only a step that answers such a one goes on from it


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
    idle: int = 0  # how many entries have no effect

    @property
    def proceeding(self) -> str:
        """The kind of matter: the part of the identifier before the colon."""
        return self.id.partition(":")[0]

    @property
    def state(self) -> str:
        """The name of the latest effective step that moves the matter, or ``""`` before the first.

        A step of `ENDING` wins over all that was filed without knowing of it, however deep.
        """
        moving = [e for e in self.last.values() if e.moves]
        if not moving:
            return ""
        latest = max(moving, key=lambda e: e.place)
        ending = [e for e in moving if e.step in ENDING and not self.saw(latest, e)]
        return max(ending, key=lambda e: e.place).step if ending else latest.step

    @property
    def opening(self) -> Entry | None:
        """The effective entry that opened the docket."""
        return next((e for e in self.entries if e.effect), None)

    def latest(self, *steps: str) -> Entry | None:
        """The latest effective entry of any of ``steps``. Never "was it ever filed" (ARCHITECTURE, rule 1)."""
        found = [self.last[s] for s in steps if s in self.last]
        return max(found, key=lambda e: e.place) if found else None

    def saw(self, later: Entry, earlier: Entry) -> bool:
        """Whether ``later`` is ``earlier``, or answers it at once or through others: whether its filer knew of it."""
        stack, passed = [later.id], set[str]()
        while stack:
            known = self.by_id.get(stack.pop())
            if known is None or known.id in passed or known.depth < earlier.depth:
                continue
            if known.id == earlier.id:
                return True
            passed.add(known.id)
            stack.extend(known.record.answers)
        return False

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
        by_id = {**self.by_id, placed.id: placed}
        idle = self.idle + (not placed.effect)
        return Docket(self.id, entries, by_id, self._heads_with(placed), self._last_with(placed), idle)

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
        """The docket as the filer saw it: what has effect of ``answers`` and of all that those answer in turn."""
        wanted = set(answers)
        if self.heads <= wanted:  # every record with effect is a head, or answered by one
            return self if not self.idle else _placed(self.id, [e for e in self.entries if e.effect])
        stack, past = list(wanted), set[str]()
        while stack:
            known = self.by_id.get(stack.pop())
            if known is not None and known.id not in past:
                past.add(known.id)
                stack.extend(known.record.answers)
        return _placed(self.id, [e for e in self.entries if e.effect and e.id in past])


def fold(docket_id: str, entries: Iterable[Entry]) -> Docket:
    """The docket of these entries, in whatever order they come; entries that answer what is not here are left out."""
    waiting = {e.id: e for e in entries}
    unmet = {e.id: len(set(e.record.answers)) for e in waiting.values()}
    answering: dict[str, list[str]] = {}
    for entry in waiting.values():
        for answered in set(entry.record.answers):
            answering.setdefault(answered, []).append(entry.id)
    ready, depths = [i for i, count in unmet.items() if not count], dict[str, int]()
    while ready:
        entry = waiting[ready.pop()]
        depths[entry.id] = 1 + max((depths[a] for a in entry.record.answers), default=0)
        for following in answering.get(entry.id, ()):
            unmet[following] -= 1
            if not unmet[following]:
                ready.append(following)
    placed = (replace(waiting[i], depth=depth) for i, depth in depths.items())
    return _placed(docket_id, sorted(placed, key=lambda e: e.place))


def _placed(docket_id: str, entries: list[Entry]) -> Docket:
    """The docket of entries that have their depth already and stand in order."""
    moved = [e for e in entries if e.effect]
    answered = {a for e in moved for a in e.record.answers}
    heads = frozenset(e.id for e in moved if e.id not in answered)
    by_id, last = {e.id: e for e in entries}, {e.step: e for e in moved}
    return Docket(docket_id, tuple(entries), by_id, heads, last, len(entries) - len(moved))


def effective(findings: Iterable[Finding]) -> bool:
    """Whether a filing with these findings has effect: only when every one is clear."""
    return worst(findings) == "clear"
