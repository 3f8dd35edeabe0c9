"""When a field of a form must be filled: named conditions, each with the rule it stands for.

Form definitions name a condition; only here is it decided. A condition asks the request alone and is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from comity.docket.sections import Request


def always(request: Request) -> bool:
    """The form asks for it in every case."""
    return True


def never(request: Request) -> bool:
    """The form leaves it open."""
    return False


def urgent(request: Request) -> bool:
    """The urgent lane is asked for: reasons are due (EIO art 12(2); Regulation (EU) 2023/1543 art 5(5)(g))."""
    return request.urgency.urgent or request.urgency.deadline is not None


def deadline(request: Request) -> bool:
    """A particular date is asked for (EIO art 12(2))."""
    return request.urgency.deadline is not None


def deferred(request: Request) -> bool:
    """Telling the person is put off: ground and reasons are due (LED art 13(3))."""
    return request.notice.mode == "defer"


def listed(request: Request) -> bool:
    """A list offence is claimed: the penalty of at least three years must be shown (EIO art 11(1)(g))."""
    return bool(request.offence.list_category)


def not_listed(request: Request) -> bool:
    """No list offence is claimed: the offence must be described in full (EAW art 2(4), form (e) II)."""
    return not request.offence.list_category


def related(request: Request) -> bool:
    """An earlier request is named (EIO Annex A section D)."""
    return bool(request.related)


def privileged(request: Request) -> bool:
    """Privileged material was found to be concerned: the precautions are due."""
    return bool(request.privilege.concerned) or any(p.privileged for p in request.persons)


def remedy_sought(request: Request) -> bool:
    """A remedy has already been sought (EIO Annex A section J)."""
    return request.remedies.sought


def decided_before(request: Request) -> bool:
    """A final decision on the same acts is known (ne bis in idem)."""
    return bool(request.prior.decisions)


def orders_data(request: Request) -> bool:
    """Data of a period are asked for."""
    return any(m.category in ("traffic", "content", "bank") for m in request.measures)


def sensitive_data(request: Request) -> bool:
    """Traffic or content data are asked for: the higher threshold (Regulation (EU) 2023/1543 art 5(4))."""
    return any(m.category in ("traffic", "content") for m in request.measures)


CONDITIONS: Mapping[str, Callable[[Request], bool]] = MappingProxyType(
    {
        c.__name__: c
        for c in (
            always, never, urgent, deadline, deferred, listed, not_listed, related, privileged,
            remedy_sought, decided_before, orders_data, sensitive_data,
        )
    }
)
"""Name in a form definition -> condition."""
