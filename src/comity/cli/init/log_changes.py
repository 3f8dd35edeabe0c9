"""A node's logs and envelope keys as they change: rotation with overlap, the next year's log, the end of a stolen one.

They are entered in the Party's folder and count once published. New private keys go into the node's key folder at once:
a node that holds more keys than its Party file names signs with those that are named.

Left to others: seals and hands (`comity.cli.init.key_changes`), what a node makes of it
(`comity.node.publishing.turn`).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from comity.cli.folder import write_text
from comity.docket.node_entry import LogEnd, LogEntry, LogKeyTerm, NodeEntry
from comity.errors import BadLaw, Conflict, Malformed, NotFound
from comity.node.keeping.keys import ENVELOPE, OLD_ENVELOPE, NodeKeys, add_log_signers, read_secret, replace_secret
from comity.settings import read_settings
from comity.signing.canonical import canonical
from comity.signing.envelope import EnvelopeKey
from comity.tlog.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from comity.tlog.cosignature import verifier_for
from comity.tlog.encoding import encode_base64


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is kept: its folder, its Party's folder, its identifier."""

    folder: Path
    party: Path
    node: str

    @property
    def keys(self) -> Path:
        """The node's key folder."""
        return self.folder / "keys"

    def read(self) -> NodeEntry:
        """The node's entry. NotFound, BadLaw."""
        path = self.party / "nodes" / f"{self.node}.json"
        if not path.exists():
            raise NotFound(f"{path} is missing.", "Give the node's identifier as it was founded: --id.")
        try:
            return msgspec.json.decode(path.read_bytes(), type=NodeEntry)
        except msgspec.MsgspecError as exc:
            raise BadLaw(f"{path}: {exc}", "Restore it from the Party's backup.") from exc

    def write(self, entry: NodeEntry) -> None:
        """Put another entry."""
        for log in entry.logs:
            log.check()
        write_text(self.party / "nodes" / f"{self.node}.json", canonical(entry).decode("ascii"))


def rotate_log(place: Place, start: int, day: date) -> tuple[str, ...]:
    """Announce new keys for the newest log, from trees of ``start`` leaves on; their vkeys. The old ones go on signing.

    Done already at this size, nothing changes. Conflict while a rotation is under way.
    """
    entry = place.read()
    log = entry.logs[-1]
    begun = [term for term in log.terms if term.start and term.end is None]
    if begun and begun[0].start == start:
        return tuple(term.vkey for term in begun)
    if begun and _outgoing(log):
        raise Conflict("A rotation of this log's keys is under way.", "End it first: comity init retire-log-key.")
    made = add_log_signers(place.keys, log.origin)
    terms = (*log.terms, *(LogKeyTerm(vkey=vkey, start=start, since=day) for vkey in made))
    _put_last(place, entry, msgspec.structs.replace(log, vkeys=(*log.vkeys, *made), terms=terms))
    return made


def retire_log_keys(place: Place, size: int, day: date, overlap: timedelta) -> tuple[str, ...]:
    """End the keys before the newest ones: they sign no tree of more than ``size`` leaves; their vkeys.

    Conflict when nothing was announced, or less than ``overlap`` ago.
    """
    entry = place.read()
    log = entry.logs[-1]
    new = [term for term in log.terms if term.start and term.end is None]
    ending = _outgoing(log)
    if not new or not ending:
        raise Conflict(f"No newer key of {log.origin} is announced.", "Announce one first: comity init rotate-log.")
    since = max(term.since or date.min for term in new)
    if day < since + overlap:
        raise Conflict(
            f"The new key was announced on {since}; both sign until {since + overlap}.",
            "Wait, so that everybody has the new Party file; or --overlap-days 0 for a key that was stolen.",
        )
    if size < max(term.start for term in new):
        raise Malformed("The old keys would end before the new ones begin.", "Give the log's size now: --at.")
    kept = {term.vkey: term for term in log.terms}
    terms = {v: msgspec.structs.replace(kept.get(v, LogKeyTerm(vkey=v)), end=size) for v in ending}
    _put_last(place, entry, msgspec.structs.replace(log, terms=tuple({**kept, **terms}.values())))
    return ending


def _outgoing(log: LogEntry) -> tuple[str, ...]:
    """The keys in force that were there before the newest ones."""
    newest = max((term.start for term in log.terms if term.end is None), default=0)
    starts = {term.vkey: term.start for term in log.terms}
    return tuple(vkey for vkey in log.signing_vkeys if starts.get(vkey, 0) < newest)


def new_year(place: Place, year: int) -> str:
    """Name the log of a year, with keys of its own, after the present one; its origin. Harmless when repeated."""
    return _follow(place, place.read(), f"{place.node}/act-log/{year}")


def successor(place: Place, reason: Literal["theft", "loss"], shown: bytes | None, year: int) -> tuple[Checkpoint, str]:
    """End the newest log with the last checkpoint that its witnesses cosigned, and name the log that follows.

    ``shown``: that checkpoint as a peer or witness holds it, when the node's own database is lost; else it is read
    here, where the node must not be running. Conflict, NotFound, Unverified.
    """
    entry = place.read()
    note = _published(place, entry) if shown is None else shown
    log = entry.log(read_checkpoint(note).origin)
    last = open_checkpoint(note, [verifier_for(vkey) for vkey in log.vkeys], log.origin)
    if log.end is not None and log.last != last:
        raise Conflict(f"{log.origin} was ended with {log.end.size} leaves already.", "An end is never moved.")
    end = log.end or LogEnd(size=last.size, root=encode_base64(last.root), reason=reason)
    logs = tuple(msgspec.structs.replace(x, end=end) if x.origin == log.origin else x for x in entry.logs)
    entry = entry.with_logs(logs)
    following = logs[entry.origins.index(log.origin) + 1 :]
    if following:  # named already: the next year's, or this was done before
        place.write(entry)
        return last, following[0].origin
    number = sum(x.origin.startswith(f"{place.node}/act-log/{year}") for x in logs) + 1
    return last, _follow(place, entry, f"{place.node}/act-log/{year}" + (f"-{number}" if number > 1 else ""))


def _follow(place: Place, entry: NodeEntry, origin: str) -> str:
    """Add a log to the chain, its keys made (or found in the key folder, when this was broken off)."""
    if origin in entry.origins:
        place.write(entry)
        return origin
    held = tuple(v for v in NodeKeys.load(place.keys).log_vkeys if v.startswith(f"{origin}+"))
    vkeys = held or add_log_signers(place.keys, origin)
    place.write(entry.with_logs((*entry.logs, LogEntry(origin=origin, vkeys=vkeys))))
    return origin


def _published(place: Place, entry: NodeEntry) -> bytes:
    """The last checkpoint that the node published, read from its database while it is at rest."""
    settings, _ = read_settings(place.folder / "comity.toml")
    data = place.folder / settings.data
    if not (data / "node.db").exists():
        raise NotFound(f"There is no database in {data}.", "Give the last cosigned checkpoint: --checkpoint FILE.")
    from comity.node.keeping.store import Store
    from comity.node.log.act_log import (
        ActLog,  # loaded here: the database's parts take long, and other commands need none
    )

    with _at_rest(data):
        store = Store(data / "node.db")
        try:
            newest = ActLog(entry.origin, store).rows.checkpoint()
        finally:
            store.close()
    if newest is None:
        raise NotFound("This log never published a checkpoint.", "Give one that a witness holds: --checkpoint FILE.")
    return newest[1]


@contextmanager
def _at_rest(data: Path) -> Iterator[None]:
    with (data / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Conflict("The node is running.", "Stop it first: what it publishes now would not count.") from None
        yield


def _put_last(place: Place, entry: NodeEntry, log: LogEntry) -> None:
    place.write(entry.with_logs((*entry.logs[:-1], log)))


def rotate_envelope(place: Place) -> tuple[str, str]:
    """Give a node a new envelope key; the names of the old and the new one. What is sealed to the old one still opens.

    Conflict while an old one is still kept: end that first.
    """
    entry, keys = place.read(), NodeKeys.load(place.keys)
    old = keys.old_envelope
    if old is not None and old.public != keys.envelope.public:
        if keys.envelope.public.to_text() in entry.envelopes:
            raise Conflict("The envelope key before this one is still kept.", "End it: comity init retire-envelope.")
        new = keys.envelope
    else:
        old, new = keys.envelope, EnvelopeKey.generate()
        replace_secret(place.keys / OLD_ENVELOPE, read_secret(place.keys / ENVELOPE))
        replace_secret(place.keys / ENVELOPE, new.save(None))
    place.write(msgspec.structs.replace(entry, envelopes=(old.public.to_text(), new.public.to_text())))
    return old.public.kid, new.public.kid


def retire_envelope(place: Place, now: datetime, overlap: timedelta) -> str:
    """Destroy the envelope key before the present one; its name. Deliveries sealed to it can never be opened again.

    NotFound when there is none, Conflict when it was replaced less than ``overlap`` ago.
    """
    entry, keys, path = place.read(), NodeKeys.load(place.keys), place.keys / OLD_ENVELOPE
    if keys.old_envelope is None:
        raise NotFound("No earlier envelope key is kept here.", "Make a new one first: comity init rotate-envelope.")
    ends = datetime.fromtimestamp(path.stat().st_mtime, now.tzinfo) + overlap
    if now < ends:
        raise Conflict(
            f"Peers may still seal to the old key; it is kept until {ends:%Y-%m-%d %H:%M}.",
            "Wait, so that every peer has the new Party file; or --overlap-days 0 for a key that was stolen.",
        )
    place.write(msgspec.structs.replace(entry, envelopes=(keys.envelope.public.to_text(),)))
    _destroy(path)
    return keys.old_envelope.public.kid


def _destroy(path: Path) -> None:
    """Overwrite a file in place, durably, then remove it. What a disk or a backup keeps beside it is not reached."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
