"""Replay: a docket assessed anew under the law of another day or another version of the law; the findings that change.

Nothing is stored and nothing has effect: it answers "what would this matter have looked like?", for a court that asks
what a new value would have changed and for whoever amends a law file. The list is exact: every finding that differs,
and no other. A change may bring others with it: a step that no longer has effect leaves the later ones out of order.

Left to others: the law of a day (`comity.law.of_day`); replay of a package against what was logged
(`comity.package.replay`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from comity.docket.assess import Bench, assess
from comity.docket.authenticate import Authentic
from comity.docket.docket import Docket
from comity.docket.finding import Finding
from comity.law.book import LawBook
from comity.law.of_day import law_of


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


def assessed(docket: str, records: Iterable[Authentic], bench: Bench) -> Docket:
    """The docket that ``records``, in whatever order, make when each is assessed under ``bench``."""
    folded, waiting = Docket(docket), {r.id: r for r in records}
    while ready := [r for r in waiting.values() if all(a in folded.by_id for a in r.sealed.record.answers)]:
        for record in sorted(ready, key=lambda r: r.id):
            folded = folded.with_entry(assess(record, folded, bench))
            del waiting[record.id]
    return folded


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
    docket: str, records: Sequence[Authentic], bench: Bench, other: LawBook | None = None, day: date | None = None
) -> tuple[Changed, ...]:
    """The findings that change when ``records`` are assessed under ``other`` (the same book if None), that of ``day``.

    Without ``day`` each record is judged by the law of its own day, as when it was filed.
    """
    law = other or bench.law
    changed_bench = replace(bench, law=law if day is None else law_of(law, day))
    return changed_findings(assessed(docket, records, bench), assessed(docket, records, changed_bench))
