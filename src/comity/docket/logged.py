"""Logged: the proof that one node's log holds a record, together with what that node found when it entered it.

An entry is committed as *act* (record and findings) and *signatures* (hand and seal), so neither can be changed later
without the commitment in the leaf failing. The same shape travels in deliveries and in evidence packages; whoever
holds it can check it offline, under a policy of their own choosing.

Time comes from witnesses alone: an *earlier* checkpoint, too small to hold the leaf, says when it was not there yet;
the proof's own checkpoint says when it was. Who must show an earlier one is left to the receiver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from comity.docket.finding import Finding
from comity.docket.record import SealedRecord
from comity.errors import Malformed, Unverified
from comity.signing.base64url import from_base64url
from comity.signing.canonical import canonical, canonical_object
from comity.tlog.checkpoint import parse_checkpoint, read_checkpoint
from comity.tlog.encoding import HASH_SIZE, decode_base64
from comity.tlog.leaf import SEALED, check_opening, parse_leaf
from comity.tlog.note import split_note
from comity.tlog.policy import NONE, CheckedCheckpoint, Policy
from comity.tlog.proof import TlogProof
from comity.tlog.sealed import check_unsealed
from comity.tlog.tree import MAX_PROOF, verify_consistency

_NO_PROOF = "Ask the sender for the original proof."


class Earlier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A cosigned checkpoint from before the leaf, and the consistency proof (base64) to the checkpoint of the proof."""

    note: str
    consistency: tuple[str, ...] = ()


class Logged(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """``proof`` is a C2SP tlog-proof with the leaf in ``extra``; ``salt`` opens the leaf's commitment (base64url)."""

    origin: str
    kind: str
    salt: str
    findings: tuple[Finding, ...]
    proof: str
    earlier: Earlier | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in a log, proved: position, the checkpoint and who cosigned it when (POSIX seconds).

    ``earlier`` is the checkpoint shown from before the leaf, proved to be of the same log; None when none was shown.
    """

    origin: str
    position: int
    checkpoint: CheckedCheckpoint
    earlier: CheckedCheckpoint | None = None

    @property
    def seen_from(self) -> int | None:
        """The last moment (POSIX seconds) at which a witness still saw the log without the leaf, or None."""
        return max((time for _, time in self.earlier.cosigned_by), default=None) if self.earlier is not None else None

    @property
    def seen_by(self) -> int | None:
        """The first moment at which a witness saw the leaf in the log, or None without witnesses."""
        return min((time for _, time in self.checkpoint.cosigned_by), default=None)


def findings_bytes(findings: Sequence[Finding]) -> bytes:
    """A node's findings in canonical form."""
    return canonical(list(findings))


def act_bytes(sealed: SealedRecord, findings: bytes) -> bytes:
    """The record and this node's findings (canonical): the ``record`` field of the commitment (log reference 5.3)."""
    return canonical_object(findings=findings, record=sealed.record_bytes)


def signature_bytes(sealed: SealedRecord) -> bytes:
    """Hand and seal: the ``signatures`` field of the commitment."""
    return canonical_object(hand=sealed.hand_bytes, seal=canonical(sealed.seal))


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
    act, signatures = act_bytes(sealed, findings_bytes(logged.findings)), signature_bytes(sealed)
    if leaf.kind == SEALED:
        check_unsealed(leaf, salt, logged.kind, act, signatures)
    else:
        check_opening(leaf, salt, logged.kind, act, signatures)
    checked = proof.verify(policy, proof.extra, now, max_age)
    return Place(origin, proof.index, checked, _check_earlier(logged.earlier, proof.index, checked, policy, now))


def size_of(logged: Logged) -> int:
    """The size of the tree that a proof is under; nothing is verified. Malformed."""
    return read_checkpoint(TlogProof.parse(logged.proof.encode()).checkpoint_note).size


def log_alone(policy: Policy) -> Policy:
    """The policy that asks for the log's own signature and no quorum: for an emergency only (log reference 5.5)."""
    return replace(policy, quorum=NONE)


def check_bracket(place: Place, claimed: int, tolerance: int) -> None:
    """Unverified unless the time ``claimed`` by a record fits between the checkpoints around its leaf.

    POSIX seconds; ``tolerance``: what clocks of filers and witnesses may differ. For the log of the node that sealed
    the record: a log reference 5.5 "earlier checkpoint" is demanded, without one nobody knows how late it was logged.
    """
    if place.seen_from is None:
        raise Unverified(
            f"The proof shows no checkpoint of {place.origin} from before the record: it could be backdated.",
            "Deliver it again with the checkpoint that came before it.",
        )
    check_not_backdated(place.origin, claimed, place.seen_from, tolerance)
    if place.seen_by is None or place.seen_by < claimed - tolerance:
        raise Unverified(
            f"The record claims a time after that at which witnesses saw it in {place.origin}.",
            "Keep record and proof; tell oversight.",
        )


def check_not_backdated(origin: str, claimed: int, seen_from: int, tolerance: int) -> None:
    """Unverified when a record claims a time at which witnesses still saw its log without it (POSIX seconds).

    The filer's clock and a witness's may each be off by ``tolerance`` from the node's, hence twice.
    """
    if claimed < seen_from - 2 * tolerance:
        raise Unverified(
            f"The record claims to be {seen_from - claimed} s older than the last time at which witnesses saw "
            f"{origin} without it: it was backdated, or logged too late.",
            "Keep record and proof; tell oversight. An honest filer files the act anew.",
        )


def _check_earlier(
    earlier: Earlier | None, position: int, checked: CheckedCheckpoint, policy: Policy, now: int
) -> CheckedCheckpoint | None:
    """The earlier checkpoint, cosigned by a quorum, of a tree that the later one extends. Malformed, Unverified."""
    if earlier is None:
        return None
    note, later = earlier.note.encode(), checked.checkpoint
    before = read_checkpoint(note)
    if before.origin != later.origin:
        raise Malformed(f"The earlier checkpoint is of {before.origin}, not of {later.origin}.", _NO_PROOF)
    if before.size > position:
        raise Malformed(
            f"The earlier checkpoint has {before.size} leaves and could hold the one at {position}.", _NO_PROOF
        )
    if len(earlier.consistency) > MAX_PROOF:
        raise Malformed(f"The consistency proof has more than {MAX_PROOF} hashes.", _NO_PROOF)
    hashes = [decode_base64(each, "hash in the consistency proof", HASH_SIZE) for each in earlier.consistency]
    verify_consistency(before.size, before.root, later.size, later.root, hashes)
    return policy.check(note, now, None)
