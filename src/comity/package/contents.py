"""What an evidence package holds, as values: records with their proofs, exhibits, Party files, and the index of all.

Left to others: how they lie in the bag (`comity.package.bag`), whether they are true (`comity.package.check`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import BinaryIO, Literal

import msgspec

from comity.docket.logged import Logged
from comity.docket.record import SealedRecord
from comity.docket.sections import Exhibit
from comity.errors import Malformed

FORMAT = "comity-package/1"


@dataclass(frozen=True, slots=True)
class PackagedRecord:
    """A record as filed, with as many sections as the reader may see, and its proof from each log."""

    sealed: SealedRecord
    logged: tuple[Logged, ...]

    @property
    def id(self) -> str:
        """The record's identifier."""
        return self.sealed.id


@dataclass(frozen=True, slots=True)
class PackagedExhibit:
    """An exhibit: identifier and digest as in the production, size in bytes, and how to open its plain bytes."""

    id: str
    name: str
    digest: str
    size: int
    open: Callable[[], BinaryIO]

    @classmethod
    def of(cls, exhibit: Exhibit, opener: Callable[[], BinaryIO]) -> PackagedExhibit:
        """The exhibit that a production names; ``opener`` gives its plain bytes from the beginning."""
        return cls(exhibit.id, exhibit.name, exhibit.digest, exhibit.size, opener)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageContents:
    """All that goes into a package. ``made_at`` is RFC 3339 UTC; ``party_files``: code to the file as published."""

    docket: str
    made_by: str
    made_at: str
    law: str
    records: tuple[PackagedRecord, ...]
    exhibits: tuple[PackagedExhibit, ...] = ()
    party_files: Mapping[str, bytes] = field(default_factory=dict)


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Common settings of the index's parts."""


class IndexedRecord(_Part, frozen=True, kw_only=True):
    """Where a record and its proofs lie. Paths are relative to the bag's ``data`` folder."""

    id: str
    file: str
    logged: tuple[str, ...]


class IndexedExhibit(_Part, frozen=True, kw_only=True):
    """Where an exhibit lies, and its digest."""

    id: str
    digest: str
    file: str


class Index(_Part, frozen=True, kw_only=True):
    """``data/package.json``: what is in the package, records in docket order."""

    format: Literal["comity-package/1"] = "comity-package/1"
    docket: str
    made_by: str
    made_at: str
    law: str
    entries: tuple[IndexedRecord, ...]
    exhibits: tuple[IndexedExhibit, ...]
    parties: tuple[str, ...]


def in_docket_order(records: Iterable[PackagedRecord]) -> tuple[PackagedRecord, ...]:
    """The records by their place in the docket: depth among what they answer, then identifier (`comity.docket.docket`).

    Malformed when one is there twice or answers what is not there.
    """
    listed = tuple(records)
    by_id = {r.id: r for r in listed}
    if len(by_id) != len(listed):
        raise Malformed("A record is in the package twice.", "Give each record once.")
    answers = {identifier: r.sealed.record.answers for identifier, r in by_id.items()}
    if missing := sorted({a for named in answers.values() for a in named} - set(by_id)):
        raise Malformed(f"The record {missing[0]} is missing; others answer it.", "Give every record of the docket.")
    depth: dict[str, int] = {}
    for identifier in TopologicalSorter(answers).static_order():  # no circle: a record names what it answers by digest
        depth[identifier] = 1 + max((depth[a] for a in answers[identifier]), default=0)
    return tuple(sorted(listed, key=lambda r: (depth[r.id], r.id)))
