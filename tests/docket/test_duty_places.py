"""Duties owed at a place whose law is in no file: counted by the zone of the Party file, or said to be untellable."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from comity.docket.duty import OpenDuty, open_duties
from comity.law.book import open_law
from comity.law.files import packaged
from comity.proceedings import bodies
from comity.proceedings.request import REQUEST
from tests.world import NOON, Matter, World, to_sent

WITHOUT_FR = open_law({name: text for name, text in packaged().items() if name != "parties/FR.toml"})


def duties(zone: str | None, territory: str = "") -> tuple[OpenDuty, ...]:
    """What is open after a German order came to France, of whose law there is no file."""
    world = World()
    matter = Matter(world)
    sent = to_sent(matter)
    receipt = bodies.Receipt(record=sent.id, received="2026-12-04T12:00:00Z", position=3, findings=())
    matter.file("request.receipt", receipt, "FR")
    office = SimpleNamespace(time_zone=zone or "", territory=territory)
    directory: Any = SimpleNamespace(authority=lambda _: office)
    return open_duties(matter.docket, REQUEST, WITHOUT_FR, directory)


@pytest.mark.parametrize(
    ("zone", "offset"), [("Europe/Paris", "+01:00"), ("America/Cayenne", "-03:00"), ("Pacific/Noumea", "+11:00")]
)
def test_the_zone_of_the_party_file_counts(zone: str, offset: str) -> None:
    found = {d.duty: d for d in duties(zone)}
    assert found
    for duty in found.values():
        assert duty.expires is not None
        assert duty.expires.isoformat().endswith(offset)
        assert duty.state(NOON) != "no number"


@pytest.mark.parametrize(("zone", "territory"), [(None, ""), ("Europe/Paris", "FR-NOWHERE")])
def test_where_nothing_says_it_no_date_is_made_up(zone: str | None, territory: str) -> None:
    found = duties(zone, territory)
    assert found
    for duty in found:
        assert (duty.expires, duty.state(datetime.max.replace(tzinfo=NOON.tzinfo))) == (None, "no number")
        assert "cannot tell" in duty.explanation[0]
        assert duty.provision
