"""Offline proofs of logging (C2SP tlog-proof): index, inclusion proof and cosigned checkpoint in one text.

In Comity the leaf itself stands in ``extra``, which is not authenticated: it is worth what the inclusion proof says of
it. The file extension is `.tlog-proof`. Which policy judges a proof is left to the recipient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from comity.errors import Malformed
from comity.tlog.checkpoint import parse_checkpoint
from comity.tlog.encoding import HASH_SIZE, MAX_INTEGER, decode_base64, decode_decimal, decode_text, encode_base64
from comity.tlog.note import MAX_NOTE, split_note
from comity.tlog.policy import CheckedCheckpoint, Policy
from comity.tlog.tree import MAX_PROOF, leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"
MAX_EXTRA = 65535
_ASK = "Ask whoever sent it for the original proof."


@dataclass(frozen=True)
class TlogProof:
    """A proof that the leaf at ``index`` is in the tree of ``checkpoint_note``. Raises Malformed when made wrong."""

    index: int
    extra: bytes | None
    proof_hashes: Sequence[bytes]
    checkpoint_note: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_INTEGER:
            raise Malformed("The index in the proof is out of range.", _ASK)
        if len(self.proof_hashes) > MAX_PROOF or any(len(value) != HASH_SIZE for value in self.proof_hashes):
            raise Malformed(f"A proof has at most {MAX_PROOF} hashes of 32 bytes.", _ASK)
        if self.extra is not None and len(self.extra) > MAX_EXTRA:
            raise Malformed(f"The extra data in the proof has more than {MAX_EXTRA} bytes.", _ASK)
        parse_checkpoint(split_note(self.checkpoint_note)[0])

    def encode(self) -> bytes:
        """The text of the proof."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines += [f"index {self.index}", *(encode_base64(value) for value in self.proof_hashes), ""]
        return "".join(line + "\n" for line in lines).encode("ascii") + self.checkpoint_note

    @classmethod
    def parse(cls, data: bytes) -> TlogProof:
        """The proof in these bytes; nothing verified. Raises Malformed."""
        text = decode_text(data, "proof", MAX_NOTE + 2 * MAX_EXTRA)
        head, blank, note = text.partition("\n\n")
        lines = head.split("\n")
        if not blank or lines.pop(0) != HEADER:
            raise Malformed(f"The proof does not begin with {HEADER}, or has no checkpoint.", _ASK)
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "), "extra data in the proof")
        if not lines or not lines[0].startswith("index "):
            raise Malformed("The proof has no index line.", _ASK)
        index = decode_decimal(lines.pop(0).removeprefix("index "), "index in the proof")
        if len(lines) > MAX_PROOF:
            raise Malformed(f"The proof has more than {MAX_PROOF} hashes.", _ASK)
        hashes = tuple(decode_base64(line, "hash in the proof", HASH_SIZE) for line in lines)
        return cls(index, extra, hashes, note.encode())

    def verify(self, policy: Policy, leaf: bytes, now: int, max_age: int | None = None) -> CheckedCheckpoint:
        """The checkpoint that proves ``leaf`` to be at ``index`` of a log, by ``policy``.

        ``now`` and ``max_age`` as in `Policy.check`. Raises Malformed, Unverified.
        """
        checkpoint = parse_checkpoint(split_note(self.checkpoint_note)[0])
        # Cheap before dear: hashes first, signatures after.
        verify_inclusion(self.index, checkpoint.size, leaf_hash(leaf), checkpoint.root, self.proof_hashes)
        return policy.check(self.checkpoint_note, now, max_age)
