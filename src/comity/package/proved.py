"""Proof record by record: its place in each log, its seal and hand at that place, and how the places fit together.

Left to others: what the law says of it (`comity.package.replay`); whether log, leaf and commitment hold
(`comity.docket.logged`), which this calls for every proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from comity.docket.assess import Bench
from comity.docket.authenticate import Authentic, authenticate
from comity.docket.directory import Directory
from comity.docket.logged import Logged, Place, check_bracket, check_logged, check_not_backdated
from comity.docket.sealing import check_shown
from comity.errors import Unverified
from comity.package.anchors import Anchors
from comity.package.contents import PackagedRecord
from comity.package.verdict import Report

TOLERANCE = 300  # seconds that clocks of filers and witnesses may differ
_ASK = "Ask the node that made the package for its original proofs, and tell oversight."


@dataclass(frozen=True, slots=True)
class Proved:
    """A record whose signatures and proofs hold: its place in its own node's log, and in every log given.

    A node's logs, one after another, go by the origin of its first: ``home`` and the keys of the mappings. ``numbers``
    put the places of all of them in order (`NodeEntry.number`).
    """

    authentic: Authentic
    own: Place
    places: Mapping[str, Place]
    logged: Mapping[str, Logged]
    numbers: Mapping[str, int]

    @property
    def home(self) -> str:
        """The log of the node that sealed it."""
        return self.authentic.node.origin

    @property
    def id(self) -> str:
        """The record's identifier."""
        return self.authentic.id

    @property
    def name(self) -> str:
        """The record for people: step and the beginning of the identifier."""
        return record_name(self.authentic.sealed.record.step, self.id)


def record_name(step: str, identifier: str) -> str:
    """How a record is called in a sentence."""
    return f"{step} ({identifier[:15]}…)"


def prove(packaged: PackagedRecord, docket: str, bench: Bench, anchors: Anchors, now: int) -> Proved:
    """Check a record's proofs, then its seal and hand at its place in its own log. Malformed, Unverified, NotFound."""
    sealed, record, directory = packaged.sealed, packaged.sealed.record, bench.directory
    if record.docket != docket:
        raise Unverified(f"The record is of the docket {record.docket}, not of {docket}.", _ASK)
    step = bench.step(record.step)
    if step is None:
        raise Unverified(f"This verifier knows no step {record.step!r}.", "Use a version that knows it.")
    places: dict[str, Place] = {}
    numbers, held = dict[str, int](), dict[str, Logged]()
    for logged in packaged.logged:
        policy, node = anchors.policy(logged.origin), directory.node_of(logged.origin)
        if node.origin in places:
            raise Unverified(f"There are two proofs from the log {logged.origin}.", _ASK)
        place = check_logged(sealed, logged, directory.bounded(logged.origin, policy), now, None)
        check_shown(record, logged, step)
        places[node.origin], held[node.origin] = place, logged
        numbers[node.origin] = node.number(place.origin, place.position)
    home = _home(record.authority, places, directory)
    authentic = authenticate(sealed, directory, numbers[home])
    if authentic.node.origin != home:
        raise Unverified(f"It was sealed by {authentic.node.id}, whose log {authentic.node.origin} has no proof.", _ASK)
    return Proved(authentic, places[home], places, held, numbers)


def _home(authority: str, places: Mapping[str, Place], directory: Directory) -> str:
    directory.authority(authority)
    own = {node.origin for node in directory.nodes() if authority in node.authorities}
    found = [origin for origin in places if origin in own]
    if len(found) != 1:
        raise Unverified(f"There is no proof from the log of the node that serves {authority}.", _ASK)
    return found[0]


def check_positions(records: Sequence[Proved], report: Report) -> None:
    """In each log one record per position, an answer after what it answers, one tree per size."""
    seen: dict[tuple[str, int], str] = {}
    roots: dict[tuple[str, int], bytes] = {}
    by_id = {r.id: r for r in records}
    for record in records:
        for home, place in record.places.items():
            checkpoint, origin = place.checkpoint.checkpoint, place.origin
            if seen.setdefault((origin, place.position), record.id) != record.id:
                report.problem(record.name, f"Two records stand at position {place.position} of {origin}.", _ASK)
            if roots.setdefault((origin, checkpoint.size), checkpoint.root) != checkpoint.root:
                report.problem(record.name, f"{origin} showed two trees of {checkpoint.size} leaves: it has forked.",
                               "Keep both checkpoints; they prove it. Tell every oversight body.")
            for answered in _answered(record, by_id):
                before = answered.numbers.get(home)
                if before is not None and before >= record.numbers[home]:
                    report.problem(record.name, f"It answers {answered.name} but stands before it in {origin}.", _ASK)


def check_times(records: Sequence[Proved], report: Report, tolerance: int = TOLERANCE) -> None:
    """No witness saw a record before the time it claims, nor its log without it after that time; no record claims to be
    older than what it answers. Every checkpoint in the package bounds every record of its log."""
    by_id = {r.id: r for r in records}
    sizes = _sizes_seen(records)
    for record in records:
        claimed = int(record.authentic.sealed.record.time.timestamp())
        with report.guard(record.name):
            check_bracket(record.own, claimed, tolerance)
            seen = [time for size, time in sizes[record.own.origin] if size <= record.own.position]
            check_not_backdated(record.own.origin, claimed, max(seen), tolerance)
        for origin, place in record.places.items():
            seen = [time for _, time in place.checkpoint.cosigned_by]
            if not seen or min(seen) < claimed - tolerance:
                report.problem(record.name, f"It claims a time after that at which witnesses saw it in {origin}.", _ASK)
        for answered in _answered(record, by_id):
            if answered.authentic.sealed.record.time.timestamp() > claimed + tolerance:
                report.problem(record.name, f"It claims to be older than {answered.name}, which it answers.", _ASK)


def _sizes_seen(records: Iterable[Proved]) -> dict[str, set[tuple[int, int]]]:
    """Each log's checkpoints in the package: size and newest cosignature."""
    seen: dict[str, set[tuple[int, int]]] = {}
    for place in (place for record in records for place in record.places.values()):
        for checked in (place.checkpoint, place.earlier):
            if checked is not None and checked.cosigned_by:
                newest = max(time for _, time in checked.cosigned_by)
                seen.setdefault(place.origin, set()).add((checked.checkpoint.size, newest))
    return seen


def _answered(record: Proved, by_id: Mapping[str, Proved]) -> Iterable[Proved]:
    return [by_id[a] for a in record.authentic.sealed.record.answers if a in by_id]
