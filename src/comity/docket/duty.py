"""Duties that are open in a docket: who owes what by when, with the arithmetic. Looks at no clock.

"From the latest of these steps, one of those is due within this limit, otherwise this step is owed." The limit is a
name in the instrument's file; its number, unit, place and provision come from there (`comity.law.time_limits`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from comity.docket.directory import Directory
from comity.docket.docket import Docket, Entry, effective
from comity.docket.sections import Request
from comity.docket.step import Duty, Proceeding, Side
from comity.errors import CannotTell, NotFound
from comity.law.book import LawBook
from comity.law.calendars import Calendar
from comity.law.schema import Limit
from comity.law.time_limits import NoNumber, Reckoning, due, rules_for, state


@dataclass(frozen=True, slots=True)
class OpenDuty:
    """A duty not yet discharged. ``reckoning`` has the moment, or says that the law gives no number."""

    duty: str
    owed_by: Side
    party: str
    since: Entry
    owed_step: str
    discharged_by: tuple[str, ...]
    reckoning: Reckoning | NoNumber

    @property
    def due(self) -> datetime | None:
        """The last moment that is in time on every reading, or None where the law gives no number."""
        return self.reckoning.due if isinstance(self.reckoning, Reckoning) else None

    @property
    def expires(self) -> datetime | None:
        """The moment from which it is late."""
        return self.reckoning.expires if isinstance(self.reckoning, Reckoning) else None

    @property
    def explanation(self) -> tuple[str, ...]:
        """The arithmetic in sentences."""
        return self.reckoning.explanation

    @property
    def provision(self) -> str:
        """The provision of the limit."""
        return self.reckoning.provision

    @property
    def mark(self) -> str:
        """How sure the provision is."""
        return self.reckoning.mark

    def state(self, now: datetime) -> str:
        """Running, due today, overdue... as `comity.law.time_limits.state`."""
        return state(self.reckoning, now)


def open_duties(docket: Docket, table: Proceeding, law: LawBook, directory: Directory) -> tuple[OpenDuty, ...]:
    """The duties of ``docket`` that are neither discharged nor ended."""
    entry = docket.latest("request.draft", "request.revise")
    if entry is None or not isinstance(entry.body, Request):
        return ()
    found = (_open(duty, docket, entry, entry.body, law, directory) for duty in table.duties)
    return tuple(f for f in found if f is not None)


def _open(
    duty: Duty, docket: Docket, drafted: Entry, request: Request, law: LawBook, directory: Directory
) -> OpenDuty | None:
    since = _begun(duty, docket)
    if since is None or _over(duty, docket, since):
        return None
    instrument = law.instrument(request.basis.instrument)
    measure = request.measures[0].id if request.measures else ""
    limit = duty.own_limit or instrument.limit(duty.limit, since.record.time.date(), measure, request.urgency.urgent)
    if limit is None:
        return None
    sides = {"requesting": drafted.record.party, "requested": request.addressee.party}
    rules = rules_for(instrument.kind) if duty.own_limit is None else "treaty"  # elapsed hours, none added by a rule
    reckoning: Reckoning | NoNumber
    try:
        place = _calendar(limit, drafted, request, law, directory)
        reckoning = due(limit, since.record.time, *place, rules=rules)
    except CannotTell as unknown:
        reckoning = NoNumber(limit.provision, limit.mark, (f"{limit.name}: cannot tell. {unknown.what}",))
    party = sides.get(duty.owed_by, drafted.record.party)
    return OpenDuty(duty.name, duty.owed_by, party, since, duty.otherwise, duty.due, reckoning)


def _begun(duty: Duty, docket: Docket) -> Entry | None:
    """The latest step that begins the duty. Not a receipt of what was found wanting on arrival: there it has no effect.

    A receipt tells what the receiving side found (``findings``), so both sides see alike whether a clock runs.
    """
    begun = (e for step in duty.since for e in docket.all(step) if effective(getattr(e.body, "findings", ())))
    return max(begun, key=lambda e: e.place, default=None)


def _over(duty: Duty, docket: Docket, since: Entry) -> bool:
    """Whether it was discharged since, or ended by a step that whoever began it did not know of."""
    done, ended = docket.latest(*duty.due), docket.latest(*duty.closed_by)
    return (done is not None and done.place > since.place) or (ended is not None and not docket.saw(since, ended))


def _calendar(
    limit: Limit, drafted: Entry, request: Request, law: LawBook, directory: Directory
) -> tuple[Calendar, ZoneInfo]:
    """Holidays and time zone of the place that the limit names. CannotTell where no file says them."""
    here = limit.place == "requesting"
    code = drafted.record.party if here else request.addressee.party
    party = law.by_party.get(code)
    try:
        authority = directory.authority(drafted.record.authority if here else request.addressee.authority)
    except NotFound:
        authority = None
    zone = (authority.time_zone if authority else "") or (party.time_zone if party else "")
    territory = authority.territory if authority else ""
    if not zone:
        raise CannotTell(f"The time zone of {code} is in no file.", "Add a Party file of its law, or compute by hand.")
    if party is not None:
        return Calendar.of(party, territory if territory in party.subdivisions else ""), ZoneInfo(zone)
    return Calendar(code) if limit.unit == "hours" else Calendar.undeclared(code, territory), ZoneInfo(zone)
