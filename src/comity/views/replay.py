"""Replay: a docket assessed anew under the law of another day or another version of the law; the findings that change.

Nothing is stored and nothing has effect: it answers "what would this matter have looked like?", for a court that asks
what a new value would have changed and for whoever amends a law file. The list is exact: every finding that differs,
and no other. A change may bring others with it: a step that no longer has effect leaves the later ones out of order.

Left to others: the law of a day (`comity.law.of_day`); replay of a package against what was logged
(`comity.package.replay`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from comity.docket.assess import Bench, assess
from comity.docket.authenticate import Authentic
from comity.docket.docket import Docket, Entry, effective
from comity.docket.finding import Finding
from comity.law.book import LawBook
from comity.law.of_day import law_of

_WITHOUT_CONTENTS = frozenset({"order", "side", "hand"})  # asked of every record's head: `comity.docket.assess`


@dataclass(frozen=True, slots=True)
class Changed:
    """One finding that differs: on which record, of which safeguard; None where there is none on that side.

    A safeguard is not asked, and there is no finding, where order, side or hand already stop the record.
    """

    record: str
    step: str
    safeguard: str
    before: Finding | None
    after: Finding | None

    @property
    def weighs(self) -> bool:
        """Whether the verdict itself differs, and not only its words, provision or certainty."""
        return (self.before and self.before.verdict) != (self.after and self.after.verdict)


def assessed(
    docket: str, records: Iterable[Authentic], bench: Bench, stands: Mapping[str, tuple[Finding, ...]] | None = None
) -> Docket:
    """The docket that ``records``, in whatever order, make when each is assessed under ``bench``.

    ``stands`` holds the findings, by record, of what cannot be assessed anew because contents are not here: they stay,
    as long as order, side and hand, which need no contents, let the record be assessed at all.
    """
    folded, waiting = Docket(docket), {r.id: r for r in records}
    while ready := [r for r in waiting.values() if all(a in folded.by_id for a in r.sealed.record.answers)]:
        for record in sorted(ready, key=lambda r: r.id):
            entry = assess(record, folded, bench)
            if stands and record.id in stands:
                entry = _standing(entry, stands[record.id])
            folded = folded.with_entry(entry)
            del waiting[record.id]
    return folded


def _standing(entry: Entry, logged: Sequence[Finding]) -> Entry:
    """The entry with the logged findings for what its contents would have to tell."""
    told = tuple(f for f in entry.findings if f.safeguard in _WITHOUT_CONTENTS)
    if not effective(told):
        return replace(entry, findings=told, effect=False)
    found = told + tuple(f for f in logged if f.safeguard not in _WITHOUT_CONTENTS)
    return replace(entry, findings=found, effect=effective(found))


def changed_findings(before: Docket, after: Docket) -> tuple[Changed, ...]:
    """Every finding that differs between two assessments of the same records, in the docket's order."""
    changes: list[Changed] = []
    for entry in before.entries:
        now = after.by_id[entry.id].findings if entry.id in after.by_id else ()
        old, new = {f.safeguard: f for f in entry.findings}, {f.safeguard: f for f in now}
        for name in dict.fromkeys((*old, *new)):
            if old.get(name) != new.get(name):
                changes.append(Changed(entry.id, entry.step, name, old.get(name), new.get(name)))
    return tuple(changes)


def under_other_law(
    docket: str, records: Sequence[Authentic], bench: Bench, other: LawBook | None = None, day: date | None = None,
    stands: Mapping[str, tuple[Finding, ...]] | None = None,
) -> tuple[Changed, ...]:
    """The findings that change when ``records`` are assessed under ``other`` (the same book if None), that of ``day``.

    Without ``day`` each record is judged by the law of its own day, as when it was filed. ``stands``: see `assessed`.
    """
    law = other or bench.law
    changed_bench = replace(bench, law=law if day is None else law_of(law, day))
    then, now = assessed(docket, records, bench, stands), assessed(docket, records, changed_bench, stands)
    return changed_findings(then, now)
