"""The sentences of stories about emergencies, beside those of `tests.stories.language`. Holds no test."""

from __future__ import annotations

from datetime import timedelta

from comity.docket.duty import open_duties
from comity.proceedings import bodies
from comity.proceedings.tables import PROCEEDINGS
from tests.stories.language import PARTY, Telling, sentence
from tests.world import text

RISK = "A child was abducted and will be killed unless the account is found today."


@sentence("When", rf"the prosecutor of {PARTY} sends it as an emergency(?P<bare>, saying nothing of the risk)?\.")
def _sends_at_once(telling: Telling, party: str, bare: str = "") -> None:
    matter, _ = telling.parts
    draft, given = matter.latest("request.draft", "request.revise"), matter.docket.latest("request.authorise")
    body = bodies.Transmission(
        request=draft.id,
        authorisation=given.id if given is not None else "",
        emergency=bodies.Emergency(risk="Urgent." if bare else RISK),
    )
    telling.act("request.send", body, telling.who(party, "prosecutor"))


@sentence("When", rf"the node of {PARTY} takes it on the log's signature alone\.")
def _taken(telling: Telling, party: str) -> None:
    body = bodies.Unproven(record=telling.parts[0].latest("request.send").id, size=3)
    telling.act("request.unproven", body, party)


@sentence("When", rf"the node of {PARTY} notes that the full proof has not come\.")
def _noted(telling: Telling, party: str) -> None:
    taken = telling.parts[0].latest("request.unproven")
    body = bodies.Overdue(
        duty="full proof", since=taken.id, due="", explanation=(text("proof"),), provision="Comity: emergencies"
    )
    telling.act("request.overdue", body, party)


@sentence("When", rf"the node of {PARTY} has the full proof\.")
def _proved(telling: Telling, party: str) -> None:
    body = bodies.ProvedInFull(record=telling.parts[0].latest("request.send").id, size=9)
    telling.act("request.proved", body, party)


@sentence("When", r"(?P<count>\d+) hours pass\.")
def _hours(telling: Telling, count: str) -> None:
    telling.at += timedelta(hours=int(count))


@sentence("Then", r"the full proof is (?P<state>owed|not owed)\.")
def _owed(telling: Telling, state: str) -> None:
    world, table = telling.world, PROCEEDINGS["request"]
    for docket in telling.parts[0].dockets.values():
        running = {d.duty for d in open_duties(docket, table, world.law, world.directory)}
        assert ("full proof" in running) is (state == "owed")
