"""Checkpoints (C2SP tlog-checkpoint v1.0.0): a log's origin, size and root, signed as a note.

Three lines, no extension lines: those are not covered by ML-DSA cosignatures and cannot be audited, so a checkpoint
that has them is refused. Time comes from cosignatures. Rules on who must have signed are in `comity.tlog.policy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from comity.errors import Malformed, Unverified
from comity.tlog.encoding import (
    HASH_SIZE,
    MAX_INTEGER,
    check_name,
    decode_base64,
    decode_decimal,
    decode_text,
    encode_base64,
)  # fmt: skip
from comity.tlog.note import NoteSigner, NoteVerifier, open_note, sign_note, split_note

_ASK = "Ask the log for its checkpoint again."


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of itself: ``size`` leaves under ``root``. Raises Malformed when made wrong.

    The origin must be usable as a key name, because the log's key bears it.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_name(self.origin, "origin of the checkpoint")
        if not 0 <= self.size <= MAX_INTEGER or len(self.root) != HASH_SIZE:
            raise Malformed("A checkpoint needs a size below 2^63 and a root of 32 bytes.", _ASK)

    def encode(self) -> bytes:
        """The note text: three lines, each with its newline."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n".encode()


def parse_checkpoint(text: bytes) -> Checkpoint:
    """The checkpoint in a note's text; nothing verified. Raises Malformed."""
    lines = decode_text(text, "checkpoint", 1024).split("\n")
    if len(lines) != 4 or lines[3] != "":
        raise Malformed("A checkpoint has exactly three lines: origin, size and root.", _ASK)
    size = decode_decimal(lines[1], "size of the checkpoint")
    return Checkpoint(lines[0], size, decode_base64(lines[2], "root of the checkpoint", HASH_SIZE))


def read_checkpoint(note: bytes) -> Checkpoint:
    """The checkpoint that a note claims to hold, with no signature verified: for looking, never for relying."""
    return parse_checkpoint(split_note(note)[0])


def sign_checkpoint(checkpoint: Checkpoint, signers: Iterable[NoteSigner]) -> bytes:
    """The checkpoint as a note signed by ``signers`` (the log's Ed25519 key first; tlog-tiles demands that one)."""
    return sign_note(checkpoint.encode(), signers)


def open_checkpoint(note: bytes, log_verifiers: Sequence[NoteVerifier], origin: str) -> Checkpoint:
    """The checkpoint of the log ``origin``, signed by one of its keys. Raises Malformed, Unverified."""
    checkpoint = parse_checkpoint(open_note(note, log_verifiers).text)
    if checkpoint.origin != origin:
        raise Unverified(f"This is a checkpoint of {checkpoint.origin}, not of {origin}.", _ASK)
    return checkpoint
