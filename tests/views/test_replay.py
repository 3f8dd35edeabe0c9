"""Replay: the list of findings that change under another day's law, or another version's, is exact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from comity.docket.authenticate import Authentic, authenticate
from comity.docket.sections import Basis, Request
from comity.law.book import load_law, open_law
from comity.law.files import packaged
from comity.law.of_day import law_of
from comity.views.replay import Changed, assessed, changed_findings, under_other_law
from tests.world import DAY, Matter, World, account_data, eio_request, to_authorised, to_sent

WORLD = World()
EIO = "instruments/eio.toml"


def authentic(matter: Matter) -> list[Authentic]:
    return [authenticate(sealed, WORLD.directory, n) for n, sealed in enumerate(matter.records)]


def sent(request: Request | None = None) -> tuple[Matter, list[Authentic]]:
    matter = Matter(WORLD)
    to_sent(matter, request)
    return matter, authentic(matter)


def outline(changes: Sequence[Changed]) -> list[tuple[str, str, str, str]]:
    """Step, safeguard, verdict before, verdict after; ``-`` where it was not asked."""
    return [
        (c.step, c.safeguard, c.before.verdict if c.before else "-", c.after.verdict if c.after else "-")
        for c in changes
    ]


def test_under_the_same_law_nothing_changes_and_the_docket_is_the_same() -> None:
    matter, records = sent()
    again = assessed(matter.docket.id, list(reversed(records)), WORLD.bench("DE"))
    assert again == matter.docket
    assert under_other_law(matter.docket.id, records, WORLD.bench("DE")) == ()
    assert under_other_law(matter.docket.id, records, WORLD.bench("DE"), open_law(packaged())) == ()


def test_the_law_of_the_day_itself_changes_nothing() -> None:
    """Freezing the law of the filing's own day is no change of law."""
    for party in ("DE", "FR"):
        matter, records = sent()
        assert under_other_law(matter.docket.id, records, WORLD.bench(party), day=DAY) == ()


BEFORE_EIO = date(2017, 5, 21)
VOID = [  # what follows when the judge's authorisation no longer has effect
    ("request.authorise", "legality_basis", "clear", "hold"),
    ("request.send", "judicial_authorisation", "clear", "hold"),
    ("request.send", "legality_basis", "clear", "hold"),
]


def weighing(changes: Sequence[Changed]) -> list[tuple[str, str, str, str]]:
    return outline([c for c in changes if c.weighs])


def test_the_day_before_the_investigation_order_applied() -> None:
    """Directive 2014/41/EU from 22 May 2017; what also differs is only that Directive 2016/680 is not cited yet."""
    matter, records = sent()
    changes = under_other_law(matter.docket.id, records, WORLD.bench("DE"), day=BEFORE_EIO)
    assert weighing(changes) == VOID
    words = [c for c in changes if not c.weighs and c.before and c.after]
    cites = {c.safeguard for c in words if "2016/680" in c.before.provision and "2016/680" not in c.after.provision}
    assert cites == {
        "targeting_specificity", "scope_duration_limit", "purpose_limitation", "retention_limit",
        "notification_affected", "effective_remedy",
    }  # fmt: skip
    assert {c.safeguard for c in words} - cites == {
        "order", "domestic_equivalence",  # the judge's words fall away
        "accuracy_quality", "transfer_permitted",  # Directive 2016/680 did not bind yet
    }  # fmt: skip
    changes = under_other_law(matter.docket.id, records, WORLD.bench("DE"), day=date(2018, 5, 6))
    assert changes == ()  # both directives applied by then, and nothing this matter rests on has changed since


def as_request() -> World:
    """A world whose law lets the e-Evidence orders be carried out as a request: the dates and conditions stay."""
    files = packaged()
    text = files["instruments/e_evidence.toml"].replace('proceeding = "order"', 'proceeding = "request"')
    return World(law=open_law({**files, "instruments/e_evidence.toml": text}))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 8, 17), [("request.authorise", "legality_basis", "clear", "hold")]),
        (date(2026, 8, 18), []),
    ],
)
def test_the_days_of_the_e_evidence_regulation(day: date, expected: list[tuple[str, str, str, str]]) -> None:
    """Regulation (EU) 2023/1543 art 34: applies from 18 August 2026, and not a day earlier."""
    matter = Matter(world := as_request())
    basis = Basis(instrument="e_evidence", article="art 5", domestic_provision="StPO § 100g")
    measure = account_data(id="produce_traffic", category="traffic", holder="Courrier Exemple SAS")
    entry = to_authorised(matter, eio_request(basis=basis, measures=(measure,)))
    legality = next(f for f in entry.findings if f.safeguard == "legality_basis")
    assert legality.verdict == "clear", legality
    changes = under_other_law(matter.docket.id, authentic(matter), world.bench("DE"), day=day)
    assert outline(changes) == expected


def test_one_value_of_a_law_file() -> None:
    """The list exception from 3 years to 6: fraud (5 years) is tested instead of exempt, on both steps that ask."""
    book = open_law({**packaged(), EIO: packaged()[EIO].replace("threshold_years = 3", "threshold_years = 6")})
    matter, records = sent()
    changes = under_other_law(matter.docket.id, records, WORLD.bench("DE"), book)
    assert outline(changes) == [
        ("request.authorise", "dual_criminality", "clear", "clear"),
        ("request.send", "dual_criminality", "clear", "clear"),
    ]
    for c in changes:
        assert c.before is not None
        assert c.after is not None
        assert "Listed" in c.before.why
        assert "art 313-1" in c.after.why
        assert (c.record, c.before.provision) == (matter.docket.latest(c.step).id, c.after.provision)  # type: ignore[union-attr]


def test_the_end_of_an_instrument() -> None:
    text = packaged()[EIO].replace("since = 2017-05-22\nnote", "since = 2017-05-22\nuntil = 2026-12-03\nnote", 1)
    matter, records = sent()
    for assessor in ("DE", "FR"):
        changes = under_other_law(matter.docket.id, records, WORLD.bench(assessor), open_law({**packaged(), EIO: text}))
        assert weighing(changes) == VOID
        words = {(c.step, c.safeguard) for c in changes if not c.weighs}
        assert words == {("request.send", s) for s in ("order", "domestic_equivalence", "notification_affected")}


def test_a_step_that_loses_its_effect_is_told_with_what_follows() -> None:
    """An entry missing on one side counts as all its findings gone."""
    matter, records = sent()
    before = assessed(matter.docket.id, records, WORLD.bench("DE"))
    after = assessed(matter.docket.id, records[:-1], WORLD.bench("DE"))
    gone = changed_findings(before, after)
    assert {c.step for c in gone} == {"request.send"}
    assert all(c.after is None and c.weighs for c in gone)
    assert len(gone) == len(before.latest("request.send").findings)  # type: ignore[union-attr]


def test_the_law_of_a_day_holds_every_day_and_says_what_it_cannot_tell() -> None:
    book = law_of(load_law(), date(2020, 1, 1))
    assert book.version != load_law().version
    assert book.instrument("e_evidence").in_force == ()
    assert book.instrument("eio").is_in_force(date(1990, 1, 1)) is not None
    assert book.bound("budapest", "DE", date(1990, 1, 1)) is not None
    assert not book.known_on("budapest", "JP", DAY)  # looked up as of 2024 only: for 2020 the files cannot tell
    assert load_law().known_on("budapest", "JP", DAY)
