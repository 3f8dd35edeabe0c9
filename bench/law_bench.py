"""The law: routes a second, and whole assessments of the step with most safeguards (``request.send``)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.row import Row, at_most
from comity.docket.assess import assess
from comity.docket.authenticate import authenticate
from comity.law.book import load_law, open_law
from comity.law.calendars import Calendar
from comity.law.files import packaged
from comity.law.offences import offence_facts
from comity.law.route import routes
from comity.law.time_limits import due, rules_for
from comity.proceedings.request import REQUEST
from tests.world import DAY, NOON, Matter, World, to_sent

P99_ASKED = 2.0  # milliseconds, for a whole assessment


def rows(folder: Path) -> list[Row]:
    """Figures of the law. ``folder`` is not used: the law is asked in memory."""
    return [_loading(), *_assessments(), *_routes(), _limit()]


def _loading() -> Row:
    files = packaged()
    began = time.perf_counter()
    open_law(files)
    spent = (time.perf_counter() - began) * 1e3
    return Row("opening the law", f"{spent:,.0f} ms", f"{len(files)} files; once a process")


def _assessments(count: int = 5000) -> list[Row]:
    """Both sides' assessment of a request being sent, with every safeguard; each time as if it were the first."""
    world = World()
    matter = Matter(world)
    to_sent(matter)
    sealed = matter.records[-1]
    authentic = authenticate(sealed, world.directory, len(matter.records))
    docket = matter.dockets["DE"].past_of(sealed.record.answers)
    bench = world.bench("FR")
    entry = assess(authentic, docket, bench)
    if not entry.effect:
        raise SystemExit(f"The request had no effect: {[f.why for f in entry.findings if f.verdict != 'clear']}")
    times = _timed(lambda: assess(authentic, docket, bench), count)
    p99 = statistics.quantiles(times, n=100)[98] * 1e3
    asked = len(REQUEST.table["request.send"].safeguards)
    return [
        Row("full assessments of request.send", f"{count / sum(times):,.0f}/s", f"{asked} safeguards, one thread"),
        Row("... p50", f"{statistics.median(times) * 1e3:.3f} ms", ""),
        Row("... p99", f"{p99:.3f} ms", asked=at_most(p99, P99_ASKED, " ms")),
    ]


def _routes(count: int = 2000) -> list[Row]:
    """Which instruments are open, over all pairs of the Parties that have a file."""
    law = load_law()
    codes = [p.party for p in law.parties]
    pairs = [(a, b) for a in codes for b in codes if a != b]
    offence = offence_facts(law, "DE", "StGB § 263", DAY)
    turn = iter(range(10**9))

    def one() -> None:
        a, b = pairs[next(turn) % len(pairs)]
        routes(law, a, b, "bank_account_data", "", offence, day=DAY)

    times = _timed(one, count)
    p99 = statistics.quantiles(times, n=100)[98] * 1e3
    return [
        Row("routes", f"{count / sum(times):,.0f}/s", f"{len(law.instruments)} instruments weighed in each"),
        Row("... p50, p99", f"{statistics.median(times) * 1e3:.3f} ms, {p99:.3f} ms", ""),
    ]


def _limit(count: int = 2000) -> Row:
    """The end of a limit in days, with its explanation."""
    law = load_law()
    eio, france = law.instrument("eio"), law.party("FR")
    limit = eio.limit("decide", date(2026, 12, 4))
    if limit is None:
        raise SystemExit("The law has no limit for deciding.")
    calendar, zone, rules = Calendar.of(france), ZoneInfo(france.time_zone), rules_for(eio.kind)
    times = _timed(lambda: due(limit, NOON, calendar, zone, rules=rules), count)
    return Row("time limits computed and explained", f"{count / sum(times):,.0f}/s", "")


def _timed(ask: Callable[[], object], count: int) -> list[float]:
    for _ in range(50):  # warm: the first call of a process compiles nothing but fills lookups
        ask()
    times = []
    for _ in range(count):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return times
