"""A record: one step taken in a docket, sealed, content-addressed, with its contents as detachable sections.

The record itself holds no personal data: each section of its body (offence, persons, measures...) stands in it as a
salted digest, and travels beside it as a `Section`. So a section can be withheld from one reader or erased for all,
while hand, seal, log commitment and every other section still verify (ARCHITECTURE, rule 7).

Left to others: who may sign (`comity.docket.authenticate`), what a step needs (`comity.docket.step`).
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from typing import Any, Literal

import msgspec

from comity.errors import Malformed
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.canonical import canonical, canonical_object
from comity.signing.digest import digest, new_salt, section_digest
from comity.signing.hand import Hand

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}-01", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
MAX_RECORD = 64 * 1024  # bytes of the canonical record without its sections
MAX_SECTIONS = 4 * 1024 * 1024  # bytes of all sections together; larger things are exhibits


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is signed. ``at`` is the filer's clock (RFC 3339, UTC, whole seconds); the log brackets it independently.

    ``answers`` names the records it builds on, sorted; ``sections`` maps a section's name to its salted digest.
    ``sealed_until``: the first of the month until which its leaf is sealed (`comity.docket.sealing`); absent when not.
    """

    format: Literal["comity-record/1"] = "comity-record/1"
    docket: str
    step: str
    answers: tuple[str, ...]
    party: str
    authority: str
    role: str
    at: str
    nonce: str
    sections: dict[str, str]
    sealed_until: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def sealed_month(self) -> date | None:
        """``sealed_until`` as a date, or None; Malformed when it is not the first of a month."""
        if self.sealed_until is msgspec.UNSET:
            return None
        if _MONTH.fullmatch(self.sealed_until) is not None:
            with suppress(ValueError):
                return date.fromisoformat(self.sealed_until)
        raise Malformed(f"{self.sealed_until[:20]!r} is not the first of a month.", "Give it as 2027-03-01.")

    @property
    def time(self) -> datetime:
        """``at`` as an aware datetime; Malformed when it is not whole seconds in UTC."""
        return _time(self.at)


@lru_cache(maxsize=256)
def _time(text: str) -> datetime:
    if _TIME.fullmatch(text) is not None:
        with suppress(ValueError):
            return datetime.fromisoformat(text)
    raise Malformed(f"The time {text!r} is not of the form 2026-12-04T16:10:00Z.", "Give UTC, whole seconds.")


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One part of a record's body with the salt that opens its digest."""

    salt: str
    value: Any


class SealedRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, dict=True):
    """A record with its hand, its seal and as many sections as this reader holds: the unit that is filed and sent.

    Its parts are encoded once, whatever is made over them: identifier, seal, commitment, row.
    """

    record: Record
    hand: Hand | None
    seal: str
    sections: dict[str, Section]

    @cached_property
    def record_bytes(self) -> bytes:
        """The canonical record."""
        return canonical(self.record)

    @cached_property
    def hand_bytes(self) -> bytes:
        """The canonical hand."""
        return canonical(self.hand)

    @cached_property
    def id(self) -> str:
        """The record's identifier: the digest of its canonical bytes."""
        return digest(self.record_bytes)

    @property
    def payload(self) -> bytes:
        """The bytes under the seal: record and hand together, so that neither can be exchanged for another."""
        return canonical_object(hand=self.hand_bytes, record=self.record_bytes)

    @property
    def closed(self) -> bytes:
        """Record, hand and seal, without the sections."""
        return canonical_object(hand=self.hand_bytes, record=self.record_bytes, seal=canonical(self.seal))

    def under(self, seal: str) -> SealedRecord:
        """The same under this seal."""
        sealed = SealedRecord(record=self.record, hand=self.hand, seal=seal, sections=self.sections)
        sealed.__dict__.update(self.__dict__)  # what was encoded is the same
        return sealed

    def withholding(self, names: frozenset[str]) -> SealedRecord:
        """The same record without the named sections; everything left still verifies."""
        kept = {k: v for k, v in self.sections.items() if k not in names}
        return SealedRecord(record=self.record, hand=self.hand, seal=self.seal, sections=kept)


def record_id(record: Record) -> str:
    """``sha256:<hex>`` of the canonical record. The nonce keeps it from being guessed."""
    return digest(canonical(record))


def compose(
    *,
    docket: str,
    step: str,
    answers: tuple[str, ...],
    party: str,
    authority: str,
    role: str,
    at: datetime,
    body: msgspec.Struct,
    sealed_until: date | None = None,
) -> tuple[Record, dict[str, Section]]:
    """Make a record of ``body``: every field that is set becomes a salted section.

    ``sealed_until``: the first of a month, or None for a record in the open.
    """
    values = msgspec.to_builtins(body)
    sections = {name: Section(salt=to_base64url(new_salt()), value=value) for name, value in sorted(values.items())}
    record = Record(
        docket=docket,
        step=step,
        answers=tuple(sorted(answers)),
        party=party,
        authority=authority,
        role=role,
        at=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        nonce=to_base64url(new_salt()[:16]),
        sections={name: _digest(name, s) for name, s in sections.items()},
        sealed_until=sealed_until.isoformat() if sealed_until is not None else msgspec.UNSET,
    )
    return record, sections


def open_sections(sealed: SealedRecord) -> dict[str, Any]:
    """The values of the sections present, each checked against its digest in the record. Malformed otherwise."""
    for name, section in sealed.sections.items():
        expected = sealed.record.sections.get(name)
        if expected is None or _digest(name, section) != expected:
            raise Malformed(
                f"Section {name!r} is not the one that was signed.",
                "Ask the sender for the record again; do not act on it.",
            )
    return {name: section.value for name, section in sealed.sections.items()}


def _digest(name: str, section: Section) -> str:
    return section_digest(from_base64url(section.salt, "The salt of a section", size=32), name, section.value)


def encode_sealed(sealed: SealedRecord) -> bytes:
    """Canonical bytes of a sealed record with its sections, for the wire and for packages."""
    return canonical(sealed)


def decode_sealed(data: bytes) -> SealedRecord:
    """Strict inverse of `encode_sealed`: Malformed on unknown fields, truncation, oversize or other than canonical."""
    if len(data) > MAX_RECORD + MAX_SECTIONS:
        raise Malformed(
            f"The record is {len(data)} bytes long; at most {MAX_RECORD + MAX_SECTIONS} are taken.",
            "Put large material into an exhibit instead.",
        )
    try:
        sealed = msgspec.json.decode(data, type=SealedRecord)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise Malformed(f"This is not a sealed record: {exc}", "Send the bytes exactly as they were written.") from exc
    if canonical(sealed) != data:
        raise Malformed(
            "The record is not in canonical form (RFC 8785).", "Send the bytes exactly as they were written."
        )
    return sealed
