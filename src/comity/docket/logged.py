"""Logged: the proof that one node's log holds a record, together with what that node found when it entered it.

An entry is committed as *act* (record and findings) and *signatures* (hand and seal), so neither can be changed later
without the commitment in the leaf failing. The same shape travels in deliveries and in evidence packages; whoever
holds it can check it offline, under a policy of their own choosing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from comity.docket.finding import Finding
from comity.docket.record import SealedRecord
from comity.errors import Malformed
from comity.signing.base64url import from_base64url
from comity.signing.canonical import canonical
from comity.tlog.checkpoint import parse_checkpoint
from comity.tlog.leaf import check_opening, parse_leaf
from comity.tlog.note import split_note
from comity.tlog.policy import CheckedCheckpoint, Policy
from comity.tlog.proof import TlogProof


class Logged(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``proof`` is a C2SP tlog-proof with the leaf in ``extra``; ``salt`` opens the leaf's commitment (base64url)."""

    origin: str
    kind: str
    salt: str
    findings: tuple[Finding, ...]
    proof: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in a log, proved: position, the checkpoint and who cosigned it when (POSIX seconds)."""

    origin: str
    position: int
    checkpoint: CheckedCheckpoint


def act_bytes(sealed: SealedRecord, findings: Sequence[Finding]) -> bytes:
    """The record and this node's findings: the ``record`` field of the commitment (log reference 5.3)."""
    return canonical({"findings": list(findings), "record": sealed.record})


def signature_bytes(sealed: SealedRecord) -> bytes:
    """Hand and seal: the ``signatures`` field of the commitment."""
    return canonical({"hand": sealed.hand, "seal": sealed.seal})


def check_logged(sealed: SealedRecord, logged: Logged, policy: Policy, now: int, max_age: int | None) -> Place:
    """Prove that ``sealed`` stands in the log ``logged.origin`` with these findings, under ``policy``.

    ``now`` and ``max_age`` in seconds as in `comity.tlog.policy.Policy.check`. Malformed or Unverified otherwise: a
    wrong salt, other findings, another record, another log's proof, another index, a quorum not reached.
    """
    proof = TlogProof.parse(logged.proof.encode())
    if proof.extra is None:
        raise Malformed("The proof does not carry the leaf.", "Ask the sender for a proof with the leaf in `extra`.")
    origin = parse_checkpoint(split_note(proof.checkpoint_note)[0]).origin
    if origin != logged.origin:
        raise Malformed(
            f"The proof is of the log {origin}, not of {logged.origin}.", "Ask for the proof of the right log."
        )
    leaf = parse_leaf(proof.extra)
    salt = from_base64url(logged.salt, "The leaf's salt", size=32)
    check_opening(leaf, salt, logged.kind, act_bytes(sealed, logged.findings), signature_bytes(sealed))
    return Place(origin, proof.index, proof.verify(policy, proof.extra, now, max_age))
