"""A docket as an official reads it over HTTP: entries with findings, what may come next, which duties run.

Left to others: who may read it (`comity.web.access`).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from comity.docket.docket import Docket, Entry
from comity.docket.duty import OpenDuty
from comity.docket.sealing import seal_of
from comity.docket.step import Proceeding, Side
from comity.errors import ComityError
from comity.node.node import Node
from comity.proceedings.bodies import Production

View = dict[str, Any]


def summary(node: Node, docket: Docket) -> View:
    """One line of the list of dockets."""
    first, last = docket.entries[0], docket.entries[-1]
    acts = [e for e in docket.entries if e.effect] or docket.entries
    request = next((e.body for e in reversed(acts) if hasattr(e.body, "addressee")), None)
    return {
        "id": docket.id,
        "state": docket.state,
        "requesting": first.record.party,
        "requested": request.addressee.party if request is not None else "",
        "instrument": request.basis.instrument if request is not None else "",
        "entries": len(docket.entries),
        "changed": last.record.at,
    }


def whole(node: Node, docket: Docket, now: datetime, *, contents: bool) -> View:
    """Everything of a docket that this reader may see."""
    table = node.bench.proceedings.get(docket.proceeding)
    view = summary(node, docket) if docket.entries else {"id": docket.id, "state": docket.state}
    return {
        **view,
        "heads": sorted(docket.heads),
        "sealed_until": _month(seal_of(docket, now.date())),
        "entries": [entry_view(node, e, contents=contents) for e in docket.entries],
        "next_steps": _next_steps(node, docket, table),
        "duties": [duty_view(docket.id, d, now) for d in node.duties(docket.id)],
        "exhibits": _exhibits(node, docket) if contents else [],
    }


def entry_view(node: Node, entry: Entry, *, contents: bool) -> View:
    """One entry; with the values of its sections only for who takes part."""
    record, step = entry.record, node.bench.step(entry.step)
    view: View = {
        "id": entry.id,
        "step": entry.step,
        "title": step.title if step else entry.step,
        "party": record.party,
        "authority": record.authority,
        "role": record.role,
        "holder": entry.holder,
        "at": record.at,
        "answers": list(record.answers),
        "effect": entry.effect,
        "sealed_until": _month(record.sealed_month),
        "findings": msgspec.to_builtins(entry.findings),
        "logs": logs_of(node, entry.id),
    }
    if contents:
        view["contents"] = {name: s.value for name, s in node.sealed(entry.id).sections.items()}
    return view


def seal_view(docket: Docket, now: datetime) -> View | None:
    """Until when a docket is sealed, if it is."""
    until = seal_of(docket, now.date())
    return {"docket": docket.id, "until": until.isoformat()} if until is not None else None


def _month(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


def logs_of(node: Node, record: str) -> list[str]:
    """The logs whose proof of this record is at hand, ours first."""
    found = [msgspec.json.decode(data)["origin"] for data in node.store.counterproofs(record)]
    try:
        return [node.logged(record).origin, *sorted(found)]
    except ComityError:
        return sorted(found)


def duty_view(docket: str, duty: OpenDuty, now: datetime) -> View:
    """An open duty with its arithmetic."""
    return {
        "docket": docket,
        "duty": duty.duty,
        "owed_by": duty.owed_by,
        "party": duty.party,
        "due": duty.due.isoformat() if duty.due else None,
        "state": duty.state(now),
        "since": duty.since.id,
        "discharged_by": list(duty.discharged_by),
        "explanation": list(duty.explanation),
        "provision": duty.provision,
        "mark": duty.mark,
    }


def _side(node: Node, docket: Docket) -> Side:
    opening = docket.opening
    return "requesting" if opening is None or opening.record.party == node.party else "requested"


def _next_steps(node: Node, docket: Docket, table: Proceeding | None) -> list[View]:
    """What this side may take now, by hand. Moves that the node takes by itself are left out."""
    steps = table.next_steps(docket, _side(node, docket)) if table is not None else ()
    return [
        {"step": s.name, "title": s.title, "roles": list(s.roles), "provision": s.provision} for s in steps if s.hand
    ]


def _exhibits(node: Node, docket: Docket) -> list[View]:
    produced = [x for e in docket.entries if e.effect and isinstance(e.body, Production) for x in e.body.exhibits]
    views = []
    for exhibit in produced:
        row = node.store.exhibit_in(docket.id, exhibit.digest)
        views.append({**msgspec.to_builtins(exhibit), "present": bool(row is not None and row["present"])})
    return views
