"""The list of findings that change is exact: recomputed by another way, over days on which the law changes.

The other way leaves the law's files whole and asks every statement about the other day, whatever day it is asked about;
records are folded and findings compared one by one, without `comity.law.of_day` and `comity.views.replay`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import pytest

from comity.docket.assess import Bench, assess
from comity.docket.authenticate import Authentic, authenticate
from comity.docket.docket import Docket
from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.law.schema import Cited
from comity.package.replay import as_seen
from comity.safeguards import citing
from comity.views.replay import under_other_law
from tests.package import samples

CACHES = [f for f in vars(citing).values() if hasattr(f, "cache_clear")]
Found = dict[str, list[Finding]]


@contextmanager
def law_asked_about(day: date, bench: Bench) -> Iterator[None]:
    """Every statement of law answers for ``day``, whatever day it is asked about."""

    def forget() -> None:
        bench.law._standards_on.clear()
        for cached in CACHES:
            cached.cache_clear()

    holds, knows, named = Cited.holds_on, Cited.knows, Filing.law_day
    forget()
    try:
        Cited.holds_on = lambda self, _: holds(self, day)  # type: ignore[method-assign]
        Cited.knows = lambda self, _: knows(self, day)  # type: ignore[method-assign]
        Filing.law_day = property(lambda _: day)  # type: ignore[method-assign,assignment]
        yield
    finally:
        Cited.holds_on, Cited.knows = holds, knows  # type: ignore[method-assign]
        Filing.law_day = named  # type: ignore[method-assign]
        forget()


def recomputed(docket: str, records: Sequence[Authentic], bench: Bench) -> Found:
    """The findings of each record, in the order in which they were filed."""
    folded, found = Docket(docket), Found()
    for record in records:
        entry = assess(record, folded, bench)
        folded, found[record.id] = folded.with_entry(entry), list(entry.findings)
    return found


def different(before: Found, after: Found) -> set[tuple[str, str, Finding | None, Finding | None]]:
    out = set()
    for record, old in before.items():
        assert len({f.safeguard for f in old}) == len(old), "two findings of one name would hide each other"
        for name in {f.safeguard for f in (*old, *after[record])}:
            was, now = (next((f for f in x if f.safeguard == name), None) for x in (old, after[record]))
            if was != now:
                out.add((record, name, was, now))
    return out


@pytest.mark.parametrize(
    ("party", "day"),
    [
        ("DE", "2009-11-30"),  # before the Charter bound
        ("DE", "2017-05-21"),  # before the investigation order
        ("DE", "2018-05-06"),  # Directive (EU) 2016/680 due
        ("DE", "2021-01-01"),  # the United Kingdom out
        ("DE", "2027-10-03"),  # a first term over
        ("FR", "2017-05-22"),
        ("FR", "2018-05-05"),
        ("FR", "2026-08-18"),
    ],
)
def test_the_list_is_that_of_an_independent_recomputation(party: str, day: str) -> None:
    sides, _ = samples.good()
    bench, other = sides.world.bench(party), date.fromisoformat(day)
    records = [
        as_seen(authenticate(sealed, sides.world.directory, n), bench)[0] for n, sealed in enumerate(sides.records)
    ]
    told = under_other_law(sides.docket_id, records, bench, day=other)
    before = recomputed(sides.docket_id, records, bench)
    with law_asked_about(other, bench):
        after = recomputed(sides.docket_id, records, bench)
    said = {(c.record, c.safeguard, c.before, c.after) for c in told}
    assert len(said) == len(told)

    expected = different(before, after)
    assert said == expected
