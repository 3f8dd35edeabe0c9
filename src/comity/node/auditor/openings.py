"""The openings of what was unsealed: fetched beside the log and checked against the leaves, padding among them.

An unsealing whose opening is missing or false is a breach: the node keeps secret what it may not, or lied about the
kind when it sealed. What was checked once is not fetched again.
"""

from __future__ import annotations

from comity.errors import ComityError
from comity.node.auditor.source import LogSource
from comity.node.auditor.state import AuditState
from comity.tlog.tiles import WIDTH
from comity.tlog.unsealed import Unsealed, decode_unsealed, unsealed_path

Found = tuple[int, str, str]


def check_openings(source: LogSource, state: AuditState) -> None:
    """Check every opening that the leaves read so far demand, and keep the result in the state. Never raises for it."""
    offset = state.offset()
    place, last = state.opened(WIDTH)
    while unseals := state.unseals(last, WIDTH):
        openings, why = _fetched(source, place // WIDTH, len(unseals))
        known = [*openings, *[None] * (len(unseals) - len(openings))]
        found = [
            _checked(at, ref, count, offset, opening, why)
            for (at, ref, count), opening in zip(unseals, known, strict=False)
        ]
        state.keep_openings(place, found)
        place, last = place + len(unseals), unseals[-1][0]


def _fetched(source: LogSource, index: int, width: int) -> tuple[list[Unsealed | None], str]:
    """The openings of one file, or none and why. A partial file that is gone is cut from the full one."""
    why = ""
    for of in dict.fromkeys((width, WIDTH)):
        try:
            return decode_unsealed(source.fetch(unsealed_path(index, of)), of), ""
        except ComityError as error:
            why = why or error.what
    return [], why


def _checked(at: int, ref: int, count: bytes | None, offset: int, opening: Unsealed | None, why: str) -> Found:
    if ref < 0:  # a leaf of the log before: its count commitment stands there
        return at, "", ""
    if opening is None:
        return at, "", f"No opening of leaf {ref} is published. {why}".rstrip()
    try:
        opening.check(ref + offset, at + offset, count)
    except ComityError as error:
        return at, "", error.what
    return at, opening.kind, ""
