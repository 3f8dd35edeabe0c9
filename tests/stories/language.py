"""The sentences a story may use, and nothing else: each is a pattern and what it does to a `Telling`.

``Given`` makes the request, ``When`` acts, ``Then`` says what the law answers; ``And`` repeats the word before it.
After every act the story must say whether it takes effect. A sentence that fits no pattern, or more than one, fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from comity.docket.docket import Entry
from comity.docket.duty import open_duties
from comity.docket.finding import Finding
from comity.docket.sealing import seal_of
from comity.docket.sections import Measure, Notice, Period, Request
from comity.proceedings import bodies
from comity.proceedings.request_certificate import Supplement
from comity.proceedings.tables import PROCEEDINGS
from tests.stories.changes import CHANGES, OPENINGS, reported
from tests.stories.posted import Posted
from tests.world import (
    Who,
    World,
    authorisation,
    court_order,
    exhibit,
    production,
    reception,
    recognition,
    refusal,
    text,
)

DAY = r"(?P<day>\d{1,2} \w+ \d{4})"
PARTY = r"(?P<party>[A-Z]{2})"
MONTH = r"(?P<month>\w+ \d{4})"


def day_of(words: str) -> date:
    """``4 December 2026`` as a date."""
    return datetime.strptime(words, "%d %B %Y").date()


def month_of(words: str) -> date:
    """``March 2027`` as its first day."""
    return datetime.strptime(words, "%B %Y").date()


class Telling:
    """A story being told: the request as it is being written, the matter on both sides, the latest entries."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.request: Request | None = None
        self.matter: Posted | None = None
        self.entries: dict[str, Entry] = {}
        self.judged = True  # whether the latest act's effect was stated
        self.at = datetime(2026, 12, 4, 12, 0, tzinfo=UTC)

    def open(self, request: Request, asking: str) -> None:
        """Begin with a request of ``asking``."""
        self.request = request
        self.matter = Posted(self.world, "request:story", (asking, request.addressee.party))

    @property
    def parts(self) -> tuple[Posted, Request]:
        """The matter and the request; fails when the story has not begun."""
        assert self.matter is not None, "begin with: Given DE asks FR for ..."
        assert self.request is not None
        return self.matter, self.request

    def who(self, party: str, role: str) -> Who:
        """The person a sentence means: ``prosecutor``, ``officer``, ``judge`` or ``duty officer``."""
        return self.world.who(party, "officer", "contact") if role == "duty officer" else self.world.who(party, role)

    def act(self, step: str, body: msgspec.Struct, who: Who | str, until: str = "") -> None:
        """File on both sides, sealed ``until`` a month or as the docket is; the effect before must have been stated."""
        assert self.judged, "say whether the act before takes effect before telling the next"
        matter, _ = self.parts
        sealed = month_of(until) if until else None
        self.entries, self.judged = matter.file(step, body, who, self.at, sealed), False

    def found(self, safeguard: str) -> list[Finding]:
        """What each side found under ``safeguard`` at the latest act."""
        found = [f for e in self.entries.values() for f in e.findings if f.safeguard == safeguard]
        assert found, f"nobody asked about {safeguard}"
        return found


Sentence = Callable[..., None]
SENTENCES: dict[str, list[tuple[re.Pattern[str], Sentence]]] = {"Given": [], "When": [], "Then": []}


def sentence(word: str, pattern: str) -> Callable[[Sentence], Sentence]:
    """Register a sentence."""

    def register(function: Sentence) -> Sentence:
        SENTENCES[word].append((re.compile(pattern), function))
        return function

    return register


def tell(telling: Telling, word: str, words: str) -> None:
    """Do what a sentence says. Fails on a sentence that is unknown or could mean two things."""
    fitting = [(m, f) for p, f in SENTENCES[word] if (m := p.fullmatch(words))]
    assert len(fitting) == 1, f"{'unknown' if not fitting else 'ambiguous'} sentence: {word} {words}"
    match, function = fitting[0]
    function(telling, **{k: v for k, v in match.groupdict().items() if v is not None})


# --- Given


@sentence("Given", rf"{PARTY} asks (?P<asked>[A-Z]{{2}}) (?P<what>[^.]+)\.")
def _asks(telling: Telling, party: str, asked: str, what: str) -> None:
    assert what in OPENINGS, f"unknown opening {what!r}; there is: {sorted(OPENINGS)}"
    telling.open(OPENINGS[what](party, asked), party)


@sentence("Given", r"the request (?P<change>.+)\.")
def _the_request(telling: Telling, change: str) -> None:
    telling.request = changed(telling.parts[1], change)


def changed(request: Request, words: str) -> Request:
    """The request with one change in words."""
    for pattern, change in CHANGES:
        if match := re.fullmatch(pattern, words):
            return change(request, *match.groups())
    raise AssertionError(f"unknown change of the request: {words!r}")


# --- When


@sentence("When", rf"the date is {DAY}\.")
def _date(telling: Telling, day: str) -> None:
    telling.at = datetime.combine(day_of(day), telling.at.timetz())


@sentence("When", rf"the (?P<role>prosecutor|officer|duty officer) of {PARTY} drafts it(?:, sealed until {MONTH})?\.")
def _drafts(telling: Telling, role: str, party: str, month: str = "") -> None:
    telling.act("request.draft", telling.parts[1], telling.who(party, role), month)


@sentence("When", rf"the judge of {PARTY} authorises it, sealed until {MONTH}\.")
def _authorises_sealed(telling: Telling, party: str, month: str) -> None:
    draft = telling.parts[0].latest("request.draft", "request.revise")
    telling.act("request.authorise", authorisation(draft), telling.who(party, "judge"), month)


@sentence("When", rf"the prosecutor of {PARTY} sends it, sealed until {MONTH}\.")
def _sends_sealed(telling: Telling, party: str, month: str) -> None:
    given = telling.parts[0].latest("request.authorise")
    body = bodies.Transmission(request=given.body.request, authorisation=given.id)
    telling.act("request.send", body, telling.who(party, "prosecutor"), month)


@sentence(
    "When",
    rf"the (?P<role>judge|prosecutor) of {PARTY} (?:extends the seal to {MONTH}|lifts the seal)"
    r"(?P<bare>, giving no reasons)?\.",
)
def _seal_order(telling: Telling, role: str, party: str, month: str = "", bare: str = "") -> None:
    record = telling.parts[0].latest("request.draft").id
    body = bodies.SealOrder(record=record, reasons="" if bare else text("inquiries"))
    telling.act("request.extend_seal" if month else "request.unseal", body, telling.who(party, role), month)


@sentence("When", rf"the prosecutor of {PARTY} revises it: the request (?P<change>.+)\.")
def _revises(telling: Telling, party: str, change: str) -> None:
    telling.request = changed(telling.parts[1], change)
    telling.act("request.revise", telling.request, telling.who(party, "prosecutor"))


@sentence(
    "When",
    rf"the (?P<role>judge|prosecutor) of {PARTY} authorises it"
    r"(?:, (?P<how>for one account only|for a second account too|for June only|saying nothing of why"
    r"|having the person told|deferring that the person be told until \d{1,2} \w+ \d{4}|until \d{1,2} \w+ \d{4}))?\.",
)
def _authorises(telling: Telling, role: str, party: str, how: str = "") -> None:
    draft = telling.parts[0].latest("request.draft", "request.revise")
    body = authorisation(draft)
    measure: Measure = body.measures[0]
    changes: dict[str, Any] = {}
    if how == "for one account only":
        changes["measures"] = (msgspec.structs.replace(measure, targets=measure.targets[:1]),)
    elif how == "for a second account too":
        targets = (*measure.targets, "FR7699999999999999999999999")
        changes["measures"] = (msgspec.structs.replace(measure, targets=targets),)
    elif how == "for June only":
        june = Period(start=date(2026, 6, 1), end=date(2026, 6, 30))
        changes["measures"] = (msgspec.structs.replace(measure, period=june),)
    elif how == "saying nothing of why":
        changes["necessity"] = ""
    elif how == "having the person told":
        changes["notice"] = Notice(mode="notify")
    elif how.startswith("deferring"):
        changes["notice"] = Notice(
            mode="defer", ground="obstruct_inquiries", reasons=text("risk"), until=day_of(how.rpartition("until ")[2])
        )
    elif how:
        changes["valid_until"] = day_of(how.rpartition("until ")[2])
    telling.act("request.authorise", msgspec.structs.replace(body, **changes), telling.who(party, role))


@sentence("When", rf"the judge of {PARTY} declines to authorise it\.")
def _declines(telling: Telling, party: str) -> None:
    draft = telling.parts[0].latest("request.draft", "request.revise")
    telling.act(
        "request.decline", bodies.Declined(request=draft.id, reasons=text("refusal")), telling.who(party, "judge")
    )


@sentence(
    "When",
    rf"the (?P<role>prosecutor|officer|duty officer|judge) of {PARTY} sends it"
    r"(?P<old>, naming the authorisation that fell)?\.",
)
def _sends(telling: Telling, role: str, party: str, old: str = "") -> None:
    matter, _ = telling.parts
    draft = matter.latest("request.draft", "request.revise")
    given = matter.docket.latest("request.authorise")
    stands = given is not None and (bool(old) or given.body.request == draft.id)
    body = bodies.Transmission(request=draft.id, authorisation=given.id if given is not None and stands else "")
    telling.act("request.send", body, telling.who(party, role))


@sentence(
    "When", rf"the (?P<role>prosecutor|duty officer) of {PARTY} acknowledges it(?:, reporting that (?P<prior>.+))?\."
)
def _acknowledges(telling: Telling, role: str, party: str, prior: str = "") -> None:
    body = bodies.Acknowledgement(reference="PV 2026/77", contact="Bureau 4")
    if prior:
        body = msgspec.structs.replace(body, prior=reported(prior))
    telling.act("request.acknowledge", body, telling.who(party, role))


@sentence(
    "When",
    rf"the (?P<role>prosecutor|officer|judge) of {PARTY} recognises it"
    r"(?:, naming the offence of (?P<offence>.+?))?(?P<wider>, and a search besides)?\.",
)
def _recognises(telling: Telling, role: str, party: str, offence: str = "", wider: str = "") -> None:
    ids = tuple(m.id for m in telling.parts[1].measures) + (("search_and_seizure",) if wider else ())
    telling.act("request.recognise", recognition(*ids, offence=offence), telling.who(party, role))


@sentence("When", rf"the judge of {PARTY} orders the execution\.")
def _orders(telling: Telling, party: str) -> None:
    telling.act("request.order", court_order(*(m.id for m in telling.parts[1].measures)), telling.who(party, "judge"))


@sentence("When", rf"the prosecutor of {PARTY} consults on (?P<ground>\w+)\.")
def _consults(telling: Telling, party: str, ground: str) -> None:
    body = bodies.Consultation(subject="Before deciding", text=text("ground"), ground=ground)
    telling.act("request.consult", body, telling.who(party, "prosecutor"))


@sentence("When", rf"the prosecutor of {PARTY} refuses it on (?P<ground>\w+)(?P<bare>, giving no reasons)?\.")
def _refuses(telling: Telling, party: str, ground: str, bare: str = "") -> None:
    body = refusal(ground, rationale="No.") if bare else refusal(ground)
    telling.act("request.refuse", body, telling.who(party, "prosecutor"))


@sentence("When", rf"the (?P<role>prosecutor|duty officer) of {PARTY} preserves the data until {DAY}\.")
def _preserves(telling: Telling, role: str, party: str, day: str) -> None:
    body = bodies.Preservation(holder="Courrier Exemple SAS", description="The mailbox as asked", until=day_of(day))
    telling.act("request.preserve", body, telling.who(party, role))


@sentence("When", rf"the prosecutor of {PARTY} produces (?P<what>the statement|a letter nobody asked for)\.")
def _produces(telling: Telling, party: str, what: str) -> None:
    measure = telling.parts[1].measures[0].id if what == "the statement" else "search_and_seizure"
    telling.act("request.produce", production(exhibit(measure=measure)), telling.who(party, "prosecutor"))


@sentence("When", rf"the prosecutor of {PARTY} receives it(?P<altered>, altered on the way)?\.")
def _receives(telling: Telling, party: str, altered: str = "") -> None:
    body = reception(telling.parts[0].latest("request.produce"))
    if altered:
        body = msgspec.structs.replace(body, digests=("sha256:" + "0" * 64,))
    telling.act("request.receive", body, telling.who(party, "prosecutor"))


@sentence(
    "When", rf"the prosecutor of {PARTY} reads the statement for (?P<purpose>the request's purpose|another case)\."
)
def _reads(telling: Telling, party: str, purpose: str) -> None:
    words = (
        telling.parts[1].purpose.statement if purpose.startswith("the request") else "Tax assessment in another case"
    )
    telling.act("request.read", bodies.Reading(exhibit="E1", purpose=words), telling.who(party, "prosecutor"))


@sentence("When", rf"the prosecutor of {PARTY} tells the person of the measure and the remedies\.")
def _notifies(telling: Telling, party: str) -> None:
    matter, request = telling.parts
    body = bodies.NotificationGiven(person="Erika Mustermann", contents=text("measure"), remedies=request.remedies)
    telling.act("request.notify", body, matter.world.who(party, "prosecutor"))


@sentence("When", r"the post is held up\.")
def _held_up(telling: Telling) -> None:
    telling.parts[0].held = True


@sentence("When", r"the post arrives\.")
def _arrives(telling: Telling) -> None:
    telling.parts[0].arrive()


@sentence("When", rf"the prosecutor of {PARTY} sends it from a node that asks nothing\.")
def _sends_unasked(telling: Telling, party: str) -> None:
    telling.parts[0].lax = party
    _sends(telling, "prosecutor", party)
    telling.parts[0].lax = ""


@sentence("When", rf"the node of {PARTY} registers it on arrival\.")
def _registers(telling: Telling, party: str) -> None:
    sent = next(e for e in telling.parts[0].dockets[party].entries if e.step == "request.send")
    body = bodies.Receipt(record=sent.id, received="2026-12-04T12:00:00Z", position=0, findings=sent.findings)
    assert telling.judged
    matter = telling.parts[0]
    sealed = telling.world.sign("request.receipt", body, matter.dockets[party], party, telling.at, (sent.id,))
    telling.entries, telling.judged = matter.enter(sealed), False


@sentence("When", rf"the prosecutor of {PARTY} postpones it\.")
def _postpones(telling: Telling, party: str) -> None:
    until = date(2027, 1, 31)
    reasons = text("inquiries")
    body = bodies.Postponement(ground="ongoing_investigation", provision="art 15", reasons=reasons, until=until)
    telling.act("request.postpone", body, telling.who(party, "prosecutor"))


@sentence(
    "When",
    rf"the (?P<role>prosecutor|duty officer|judge) of {PARTY} erases (?P<what>the draft|the statement)"
    r" as (?P<ground>\w+)\.",
)
def _erases(telling: Telling, role: str, party: str, what: str, ground: str) -> None:
    records = (telling.parts[0].latest("request.draft").id,) if what == "the draft" else ()
    exhibits = () if records else ("E1",)
    body = bodies.Erasure(records=records, exhibits=exhibits, ground=ground, provision="LED art 16")
    telling.act("request.erase", body, telling.who(party, role))


@sentence("When", rf"the prosecutor of {PARTY} withdraws it\.")
def _withdraws(telling: Telling, party: str) -> None:
    telling.act("request.withdraw", bodies.Withdrawal(reasons=text("withdrawal")), telling.who(party, "prosecutor"))


@sentence("When", rf"the (?P<role>prosecutor|judge) of {PARTY} states for the statistics that a remedy was used\.")
def _states(telling: Telling, role: str, party: str) -> None:
    telling.act("request.certificate", Supplement(remedy="issuing"), telling.who(party, role))


@sentence("When", rf"the prosecutor of {PARTY} closes it as (?P<outcome>\w+)\.")
def _closes(telling: Telling, party: str, outcome: str) -> None:
    body = bodies.Closure(outcome=outcome)
    telling.act("request.close", body, telling.who(party, "prosecutor"))


# --- Then


@sentence("Then", r"it takes effect\.")
def _effect(telling: Telling) -> None:
    for party, entry in telling.entries.items():
        wanting = [f for f in entry.findings if f.verdict != "clear"]
        assert entry.effect, f"{party} found: {wanting}"
    telling.judged = True


@sentence("Then", r"it has no effect\.")
def _no_effect(telling: Telling) -> None:
    assert telling.entries
    assert not any(e.effect for e in telling.entries.values()), "it took effect"
    telling.judged = True


@sentence(
    "Then",
    r"(?P<safeguard>\w+) (?P<verdict>holds|refuses|is clear) under (?P<provision>[^,]+)"
    r"(?:, by the rule of (?P<whose>[A-Z]{2}))?(?:, cleared by (?P<step>request\.\w+))?"
    r"(?:, on the ground (?P<ground>\w+))?\.",
)
def _finding(
    telling: Telling, safeguard: str, verdict: str, provision: str, whose: str = "", step: str = "", ground: str = ""
) -> None:
    meant = {"holds": "hold", "refuses": "refuse", "is clear": "clear"}[verdict]
    for found in telling.found(safeguard):
        assert (found.verdict, found.cleared_by, found.ground) == (meant, step, ground), found
        assert provision in found.provision, found
        assert not whose or found.party == whose, found


@sentence("Then", r"both sides say: (?P<words>.+)")
def _says(telling: Telling, words: str) -> None:
    for party, entry in telling.entries.items():
        assert any(words in f.why for f in entry.findings), f"{party}: {[f.why for f in entry.findings]}"


@sentence("Then", r"the docket stands at (?P<state>request\.\w+)\.")
def _state(telling: Telling, state: str) -> None:
    matter, _ = telling.parts
    assert {d.state for d in matter.dockets.values()} == {state}


@sentence("Then", rf"for both sides it is (?:sealed until {MONTH}|in the open)\.")
def _sealed(telling: Telling, month: str = "") -> None:
    until = month_of(month) if month else None
    assert {seal_of(d, telling.at.date()) for d in telling.parts[0].dockets.values()} == {until}


@sentence("Then", rf"it has effect for {PARTY} and none for (?P<other>[A-Z]{{2}})\.")
def _differs(telling: Telling, party: str, other: str) -> None:
    assert {p: e.effect for p, e in telling.entries.items()} == {party: True, other: False}
    telling.judged = True


@sentence("Then", r"(?:no time limit runs|a time limit runs to (?P<what>\w+))\.")
def _clock(telling: Telling, what: str = "") -> None:
    world, table = telling.world, PROCEEDINGS["request"]
    for docket in telling.parts[0].dockets.values():
        running = {d.duty for d in open_duties(docket, table, world.law, world.directory)}
        assert what in running if what else not running


@sentence("Then", r"nothing else is wanting\.")
def _nothing_else(telling: Telling) -> None:
    wanting = {f.safeguard for e in telling.entries.values() for f in e.findings if f.verdict != "clear"}
    assert len(wanting) == 1, f"wanting: {sorted(wanting)}"
