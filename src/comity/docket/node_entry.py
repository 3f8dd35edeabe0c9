"""A node as its Party file names it: address, authorities, keys, and its logs one after another.

A node keeps one log at a time and may go on in another: every year in a new one, and at once when the log's key was
stolen. An act's place is then a log and a position in it; its **number** puts the places of all logs of one node in
order, so that keys can count "from here on" over several logs: the log's place in the chain times 2^40, plus position.

Left to others: whose word this is (`comity.docket.directory`), which log a node writes to now
(`comity.node.log.act_log`).
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from comity.errors import Malformed, Unverified
from comity.signing.trust import KeyEntry
from comity.tlog.checkpoint import Checkpoint
from comity.tlog.encoding import HASH_SIZE, decode_base64
from comity.tlog.note import Vkey
from comity.tlog.policy import Bounds

LOG_SPAN = 1 << 40
"""What the numbers of one log's leaves and the next one's are apart: more leaves than a log can have."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Common settings."""


class LogKeyTerm(_Part, frozen=True, kw_only=True):
    """A log's key that was not there from the beginning, or ended: it signs trees of ``start`` to ``end`` leaves.

    ``since``: the day it was announced.
    """

    vkey: str
    start: int = 0
    end: int | None = None
    since: date | None = None


class LogEnd(_Part, frozen=True, kw_only=True):
    """The last checkpoint of a log that counts: nothing larger does, whoever signed it. ``root`` is base64.

    ``theft`` and ``loss``: the roots' own statement that names the last agreed checkpoint, and the log that follows.
    """

    size: int
    root: str
    reason: Literal["year", "theft", "loss"] = "year"


class LogEntry(_Part, frozen=True, kw_only=True):
    """One log: its origin, all keys that ever signed for it, when some of them did, and its end, once it has one."""

    origin: str
    vkeys: tuple[str, ...]
    terms: tuple[LogKeyTerm, ...] = ()
    end: LogEnd | None = None

    @property
    def signing_vkeys(self) -> tuple[str, ...]:
        """The keys in force."""
        ended = {term.vkey for term in self.terms if term.end is not None}
        return tuple(vkey for vkey in self.vkeys if vkey not in ended)

    @property
    def last(self) -> Checkpoint | None:
        """The last checkpoint that counts, or None while the log grows. Raises `Malformed`."""
        if self.end is None:
            return None
        return Checkpoint(self.origin, self.end.size, decode_base64(self.end.root, "root of the log's end", HASH_SIZE))

    @property
    def bounds(self) -> Bounds:
        """What a checkpoint of this log must keep to, over what a policy asks. Raises `Malformed`."""
        return Bounds({Vkey.parse(term.vkey).key_id: (term.start, term.end) for term in self.terms}, self.last)

    def check(self) -> None:
        """Raises `Malformed` when the entry contradicts itself."""
        wrong = "Ask the Party for a corrected file."
        if any(Vkey.parse(vkey).name != self.origin for vkey in self.vkeys):
            raise Malformed(f"A key of the log {self.origin} bears another name.", wrong)
        for term in self.terms:
            if term.vkey not in self.vkeys or not 0 <= term.start <= (term.start if term.end is None else term.end):
                raise Malformed(f"A term of a key of the log {self.origin} cannot be.", wrong)
        if len({term.vkey for term in self.terms}) != len(self.terms):
            raise Malformed(f"A key of the log {self.origin} has two terms.", wrong)
        if self.end is None and self.vkeys and not self.signing_vkeys:
            raise Malformed(f"All keys of the log {self.origin} have ended.", "Name a new key, or the log's end.")
        _ = self.bounds


class NodeEntry(_Part, frozen=True, kw_only=True):
    """A node: where it answers, whom it serves, its seal keys, its envelope keys (text form; the last is sealed to).

    ``origin`` to ``log_end`` are its first log, ``further_logs`` those after it, in order.
    """

    id: str
    url: str
    authorities: tuple[str, ...]
    seals: tuple[KeyEntry, ...]
    envelopes: tuple[str, ...]
    origin: str
    log_vkeys: tuple[str, ...]
    log_terms: tuple[LogKeyTerm, ...] = ()
    log_end: LogEnd | None = None
    further_logs: tuple[LogEntry, ...] = ()

    @property
    def logs(self) -> tuple[LogEntry, ...]:
        """All its logs, in order."""
        first = LogEntry(origin=self.origin, vkeys=self.log_vkeys, terms=self.log_terms, end=self.log_end)
        return (first, *self.further_logs)

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins of its logs, in order."""
        return (self.origin, *(log.origin for log in self.further_logs))

    def with_logs(self, logs: tuple[LogEntry, ...]) -> NodeEntry:
        """The entry with these logs instead."""
        first, further = logs[0], logs[1:]
        return msgspec.structs.replace(
            self, origin=first.origin, log_vkeys=first.vkeys, log_terms=first.terms, log_end=first.end,
            further_logs=further,
        )  # fmt: skip

    def log(self, origin: str) -> LogEntry:
        """Its log of this name; `Unverified` when it has none."""
        for log in self.logs:
            if log.origin == origin:
                return log
        raise Unverified(f"{origin} is not a log of {self.id}.", "Ask for the proof of the sender's own log.")

    def number(self, origin: str, position: int) -> int:
        """The number of a place in its logs. `Unverified` for another's log, or a place after the log's end."""
        log = self.log(origin)
        if not 0 <= position < LOG_SPAN or (log.end is not None and position >= log.end.size):
            ended = f", which ended with {log.end.size} leaves" if log.end is not None else ""
            raise Unverified(
                f"Position {position} is not one of {origin}{ended}.",
                "What was logged there after its end does not count: keep it as evidence, tell oversight.",
            )
        return self.origins.index(origin) * LOG_SPAN + position

    def place(self, number: int) -> str:
        """A number for people: position and log."""
        return f"position {number % LOG_SPAN} of {self.origins[min(number // LOG_SPAN, len(self.origins) - 1)]}"
