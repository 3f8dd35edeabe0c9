"""What CONTRIBUTING promises: an instrument with known conditions is one file, a Party is one file, and no code.

The two files in `tests/law/added/` are the worked examples; each is added to the packaged law, asked for a route, and
then real records are assessed under it by every safeguard of the steps.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from comity.docket.docket import Entry
from comity.docket.duty import open_duties
from comity.docket.sections import Addressee, Basis, Offence, Request
from comity.errors import BadLaw
from comity.law.book import LawBook, load_law, open_law
from comity.law.files import packaged
from comity.law.offences import OffenceFacts
from comity.law.route import routes
from comity.proceedings import bodies
from comity.proceedings.request import REQUEST
from tests import world as worlds
from tests.world import DAY, NOON, Matter, World, eio_request, to_authorised

ADDED = Path(__file__).parent / "added"
PETTY = Offence(description="Theft from a shop", code="StGB § 999", max_years=3)
CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"


def law_with(name: str) -> LawBook:
    """The packaged law and one more file."""
    return open_law({**packaged(), name: (ADDED / name).read_text(encoding="utf-8")})


def example_request(**changes: object) -> Request:
    basis = Basis(instrument="example", article="art 2", domestic_provision="StPO §§ 94, 95, 161a")
    return eio_request(basis=basis, **changes)


def sending(matter: Matter, authorised: Entry) -> dict[str, Entry]:
    body = bodies.Transmission(request=authorised.body.request, authorisation=authorised.id)
    return matter.file("request.send", body, matter.world.who("DE", "prosecutor"))


def test_the_guide_names_both_examples_and_they_are_no_law_of_this_program():
    text = CONTRIBUTING.read_text(encoding="utf-8")
    assert "tests/law/added/instruments/example.toml" in text
    assert "tests/law/added/parties/BE.toml" in text
    assert "example" not in load_law().by_instrument
    assert "BE" not in load_law().by_party


def test_a_new_instrument_leads_a_route_and_its_own_threshold_closes_it():
    book = law_with("instruments/example.toml")
    best = routes(book, "DE", "FR", "bank_account_data", day=DAY).open[0]
    assert (best.instrument.id, best.provision) == ("example", "Example treaty art 2")
    assert {n.kind for n in best.needs} >= {"issue", "threshold", "period", "language", "contents"}
    petty = routes(book, "DE", "FR", "bank_account_data", offence=OffenceFacts("DE", max_years=3), day=DAY)
    assert ("example", "Example treaty art 2(2)") in {(c.instrument.id, c.provision) for c in petty.closed}
    assert "example" in {c.instrument.id for c in routes(book, "DE", "NL", "bank_account_data", day=DAY).closed}


def test_a_new_instrument_is_assessed_by_every_safeguard():
    matter = Matter(world := World(law=law_with("instruments/example.toml")))
    entry = to_authorised(matter, example_request())
    assert [f for f in entry.findings if f.verdict != "clear"] == []
    cited = {f.safeguard: f.provision for f in entry.findings}
    assert "Example treaty art 12" in cited["legality_basis"]
    assert "Example treaty art 2(2)" in cited["seriousness_threshold"]
    assert cited["dual_criminality"] == "Example treaty art 6"
    assert "Example treaty art 7" in cited["proportionality"]
    assert world.law.version != load_law().version


@pytest.mark.parametrize(
    ("change", "safeguard", "verdict"),
    [
        ({"facts": ""}, "form_complete", "hold"),
        ({"offence": PETTY}, "seriousness_threshold", "refuse"),
    ],
)
def test_its_conditions_bite(change: dict[str, object], safeguard: str, verdict: str):
    entry = to_authorised(Matter(World(law=law_with("instruments/example.toml"))), example_request(**change))
    found = next(f for f in entry.findings if f.safeguard == safeguard)
    assert (found.verdict, "Example treaty" in found.provision) == (verdict, True)
    assert not entry.effect


def test_its_limits_run_as_duties():
    matter = Matter(world := World(law=law_with("instruments/example.toml")))
    authorised = to_authorised(matter, example_request())
    entries = sending(matter, authorised)
    assert entries["FR"].effect
    receipt = bodies.Receipt(record=entries["FR"].id, received="2026-12-04T12:00:00Z", position=1, findings=())
    matter.file("request.receipt", receipt, "FR", NOON)
    duties = {d.duty: d for d in open_duties(matter.dockets["FR"], REQUEST, world.law, world.directory)}
    cited = {d.provision: d.expires for d in duties.values()}
    paris = ZoneInfo("Europe/Paris")  # received on Friday 4 December 2026
    assert cited["Example treaty art 4(1)"] == datetime(2026, 12, 10, tzinfo=paris)  # three working days
    assert cited["Example treaty art 4(2)"] == datetime(2026, 12, 25, tzinfo=paris)  # twenty days, a treaty: not moved


def test_a_new_party_is_one_file(monkeypatch: pytest.MonkeyPatch):
    """Belgium: a route, double criminality by its own offence, its language, and a whole assessment on both sides."""
    book = law_with("parties/BE.toml")
    best = routes(book, "DE", "BE", "bank_account_data", day=DAY).open[0]
    assert (best.instrument.id, best.certain) == ("eio", True)
    before = routes(load_law(), "DE", "BE", "bank_account_data", day=DAY).open[0]
    assert not before.certain  # its languages were not in the files
    monkeypatch.setitem(worlds.OFFICES, "BE", ("Parket Proefstad", "Rechtbank Proefstad", "Contactpunt Proefstad"))
    matter = Matter(World(law=book), parties=("DE", "BE"))
    request = eio_request(addressee=Addressee(party="BE", authority="be-prosecutor"), language="fr")
    entry = to_authorised(matter, request)
    assert [f for f in entry.findings if f.verdict != "clear"] == []
    wrong = Matter(World(law=book), docket="request:test-2", parties=("DE", "BE"))
    authorised = to_authorised(wrong, eio_request(addressee=request.addressee, language="en"))
    for held in sending(wrong, authorised).values():
        assert {f.safeguard for f in held.findings if f.verdict == "hold"} == {"language_accepted"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('provision = "Example treaty art 7"\n', "", "missing required field `provision`"),
        ("years = 4", "yeers = 4", "unknown field `yeers`"),
        ('topic = "costs"', 'topic = "cost"', "nothing is said about costs"),
        ('kind = "convention"', 'kind = "convention"\ndisplaces = ["example"]', "circular reference"),
    ],
)
def test_a_wrong_file_is_not_opened(old: str, new: str, words: str):
    name = "instruments/example.toml"
    text = (ADDED / name).read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(BadLaw, match=r"instruments/example\.toml:\d+: ") as refused:
        open_law({**packaged(), name: text.replace(old, new, 1)})
    assert words in str(refused.value)
    assert refused.value.next_step
