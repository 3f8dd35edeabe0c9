"""Which key events a node's log must hold, by its Party file: both follow from it, so anyone can ask for them.

Left to others: their bytes (`comity.tlog.key_event`), entering and looking (`comity.node`).
"""

from __future__ import annotations

from comity.docket.node_entry import LogEntry, NodeEntry
from comity.tlog.key_event import Change, key_changed


def first_vkeys(log: LogEntry) -> tuple[str, ...]:
    """The keys that a log began with."""
    later = {term.vkey for term in log.terms if term.start}
    return tuple(vkey for vkey in log.vkeys if vkey not in later)


def changes(entry: NodeEntry, origin: str) -> list[bytes]:
    """What the Party file says of keys that came or went: log keys of ``origin``, seals, envelope keys."""
    found: list[tuple[str, str, Change, int]] = []
    for term in entry.log(origin).terms:
        found += [("log", term.vkey, "announced", term.start)] if term.start else []
        found += [("log", term.vkey, "ended", term.end)] if term.end is not None else []
    for seal in entry.seals:
        found += [("seal", seal.key, "announced", seal.from_position)] if seal.from_position else []
        found += [("seal", seal.key, "ended", seal.until_position)] if seal.until_position is not None else []
        found += [("seal", seal.key, "revoked", seal.revoked_position)] if seal.revoked_position is not None else []
    found += [("envelope", key, "announced", place) for place, key in enumerate(entry.envelopes) if place]
    return [key_changed(*each) for each in found]
