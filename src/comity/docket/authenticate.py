"""Authenticity: is this record what its seal, hand and sections say, and who put them there?

Checks, cheapest first: sections open their digests; the seal is by a key of a node that serves the record's authority,
valid at the record's position in that node's log; the hand is by a certified official of that authority and role, not
revoked at that position. Says nothing about law: an authentic record may still be wanting (`comity.docket.assess`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from comity.docket.directory import Directory, NodeEntry, Official
from comity.docket.record import SealedRecord, open_sections
from comity.errors import Unverified
from comity.signing.hand import check_hand
from comity.signing.seal import check_seal


@dataclass(frozen=True, slots=True)
class Authentic:
    """A record whose signatures hold: identifier, sealing node, the official whose hand it bears, its values."""

    id: str
    sealed: SealedRecord
    node: NodeEntry
    official: Official | None
    values: dict[str, Any]


def authenticate(
    sealed: SealedRecord, directory: Directory, number: int, sealed_here: NodeEntry | None = None
) -> Authentic:
    """Verify a sealed record as the entry at ``number`` of its node's logs (`NodeEntry.number`). Malformed, Unverified.

    ``sealed_here`` is the node itself when it has only just put the seal: its own signature is not verified again.
    """
    record = sealed.record
    values = open_sections(sealed)
    node = sealed_here
    if node is None:
        node = directory.node_by_seal(check_seal(sealed.seal, sealed.payload, lambda k: directory.seal_key(k, number)))
    if record.authority not in node.authorities or directory.party_of(record.authority) != record.party:
        raise Unverified(
            f"The node {node.id} does not serve the authority {record.authority!r} of {record.party}.",
            "File through the node that the Party file names for that authority.",
        )
    official = _official(sealed, directory, node, number)
    return Authentic(sealed.id, sealed, node, official, values)


def _official(sealed: SealedRecord, directory: Directory, node: NodeEntry, number: int) -> Official | None:
    if sealed.hand is None:
        return None
    official = directory.official(sealed.hand.kid)
    check_hand(sealed.hand, sealed.id, official.key)
    revoked = directory.revoked_at(official.kid, node)
    if revoked is not None and number >= revoked:
        stands = node.place(number)
        raise Unverified(
            f"The key of {official.holder} was revoked at {node.place(revoked)}; the act stands at {stands}.",
            "Acts before that position stand. Have a new key certified.",
        )
    record = sealed.record
    if not official.valid_on(record.time.date()):
        raise Unverified(
            f"The credential of {official.holder} was not in force on {record.time.date()}.",
            "Have it renewed by its root; if that is not the day, set the clock.",
        )
    if (official.party, official.authority, official.role) != (record.party, record.authority, record.role):
        raise Unverified(
            f"The record claims {record.role} at {record.authority}; the hand's credential says {official.role} at "
            f"{official.authority}.",
            "File in the role and authority that the credential names.",
        )
    return official
