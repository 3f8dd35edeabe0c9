"""When a field of a form must be filled: named conditions, each with the rule it stands for.

Form definitions name a condition; only here is it decided. A condition asks the request, and what the law says of its
issuer, and is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from comity.docket.directory import Directory
from comity.docket.docket import Entry
from comity.docket.sections import Request
from comity.errors import NotFound
from comity.law.authorities import satisfies
from comity.law.book import LawBook


@dataclass(frozen=True, slots=True)
class Case:
    """The request a form is filled from, whether its author may not issue it alone, the Party that asks, and what was
    entered when the form was made, by field."""

    request: Request
    unvalidated: bool = False
    party: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)


def case_of(drafted: Entry, request: Request, law: LawBook, directory: Directory, day: date) -> Case:
    """The case of a draft: its authority may issue alone if the instrument names its kind for every measure. Where the
    files cannot tell (an unknown measure or authority, a prosecutor of unknown independence), it may not."""
    try:
        kind = directory.authority(drafted.record.authority).kind
        rules = [law.instrument(request.basis.instrument).measure(m.id, day) for m in request.measures]
    except NotFound:
        return Case(request, unvalidated=True, party=drafted.record.party)
    own = law.by_party.get(drafted.record.party)
    alone = all(r is not None and (not r.issue or satisfies(kind, r.issue, own) is True) for r in rules)
    return Case(request, unvalidated=not alone, party=drafted.record.party)


def always(case: Case) -> bool:
    """The form asks for it in every case."""
    return True


def never(case: Case) -> bool:
    """The form leaves it open."""
    return False


def urgent(case: Case) -> bool:
    """The urgent lane is asked for: reasons are due (EIO art 12(2); Regulation (EU) 2023/1543 art 5(5)(g))."""
    return case.request.urgency.urgent or case.request.urgency.deadline is not None


def deadline(case: Case) -> bool:
    """A particular date is asked for (EIO art 12(2))."""
    return case.request.urgency.deadline is not None


def deferred(case: Case) -> bool:
    """Telling the person is put off: ground and reasons are due (LED art 13(3))."""
    return case.request.notice.mode == "defer"


def listed(case: Case) -> bool:
    """A list offence is claimed: the penalty of at least three years must be shown (EIO art 11(1)(g))."""
    return bool(case.request.offence.list_category)


def not_listed(case: Case) -> bool:
    """No list offence is claimed: the offence must be described in full (EAW art 2(4), form (e) II)."""
    return not case.request.offence.list_category


def related(case: Case) -> bool:
    """An earlier request is named (EIO Annex A section D)."""
    return bool(case.request.related)


def privileged(case: Case) -> bool:
    """Privileged material was found to be concerned: the precautions are due."""
    return bool(case.request.privilege.concerned) or any(p.privileged for p in case.request.persons)


def remedy_sought(case: Case) -> bool:
    """A remedy has already been sought (EIO Annex A section J)."""
    return case.request.remedies.sought


def decided_before(case: Case) -> bool:
    """A final decision on the same acts is known (ne bis in idem)."""
    return bool(case.request.prior.decisions)


def orders_data(case: Case) -> bool:
    """Data of a period are asked for."""
    return any(m.category in ("traffic", "content", "bank") for m in case.request.measures)


def sensitive_data(case: Case) -> bool:
    """Traffic or content data are asked for: the higher threshold (Regulation (EU) 2023/1543 art 5(4))."""
    return any(m.category in ("traffic", "content") for m in case.request.measures)


def sentenced(case: Case) -> bool:
    """A sentence is to be served: how the trial went and what is left of it are due (FD 2002/584/JHA arts 2(1), 4a)."""
    return any(m.id == "surrender_sentence" for m in case.request.measures)


def served(case: Case) -> bool:
    """Documents are to be served: the name and address of whom they are for are due (Model Treaty art 5(1)(d))."""
    return any(m.id == "service" for m in case.request.measures)


def not_served(case: Case) -> bool:
    """More is asked than to serve documents: the facts and the text of the law are due (UNTOC art 18(15)(c))."""
    return not all(m.id == "service" for m in case.request.measures)


def validation_due(case: Case) -> bool:
    """The author may not issue it alone: a judicial authority must have validated it (EIO art 2(c)(ii); Regulation (EU)
    2023/1543 art 4; Regulation (EU) 2018/1805 art 2(8)(a)(ii))."""
    return case.unvalidated


def notified(case: Case) -> bool:
    """The enforcing authority is notified of an order for traffic or content data, unless offence and residence are at
    home (Regulation (EU) 2023/1543 art 8(1)-(2)). An offence committed elsewhere shuts that exception."""
    at_home = case.request.offence.place in ("", case.party)
    return sensitive_data(case) and not (at_home and case.given.get("notification") == ("residence_exception",))


CONDITIONS: Mapping[str, Callable[[Case], bool]] = MappingProxyType(
    {
        c.__name__: c
        for c in (
            always, never, urgent, deadline, deferred, listed, not_listed, related, privileged,
            remedy_sought, decided_before, orders_data, sensitive_data, sentenced,
            served, not_served, validation_due, notified,
        )
    }
)
"""Name in a form definition -> condition."""
