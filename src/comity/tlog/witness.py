"""Witnessing (C2SP tlog-witness): a witness that cosigns only what extends what it saw, and the client's side of it.

The witness decides; its store keeps what it saw and must have persisted it before the answer leaves. HTTP, the store
and the clock are left to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple, Protocol

from comity.errors import Conflict, Malformed, NotAuthorised, NotFound, Unreachable, Unverified
from comity.tlog.checkpoint import Checkpoint, parse_checkpoint
from comity.tlog.cosignature import Cosigner, cosign
from comity.tlog.encoding import HASH_SIZE, decode_base64, decode_decimal, decode_text, encode_base64
from comity.tlog.note import MAX_NOTE, NoteVerifier, SignatureLine, add_lines, open_note, split_note
from comity.tlog.tree import EMPTY_ROOT, MAX_PROOF, verify_consistency

MAX_BODY = MAX_NOTE + 64 * 64
TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"
_ASK = "Send the request as tlog-witness describes it."
_SIZE_BODY = re.compile(rb"(?:0|[1-9][0-9]{0,18})\n", re.ASCII)


class Seen(NamedTuple):
    """The latest checkpoint that a witness cosigned for a log, and the note with its cosignatures."""

    size: int
    root: bytes
    note: bytes


class WitnessStore(Protocol):
    """Where a witness keeps what it saw."""

    def get(self, origin: str) -> Seen | None:
        """What was cosigned last for this log."""

    def compare_and_set(self, origin: str, old: Seen | None, new: Seen) -> bool:
        """Replaces ``old`` by ``new`` durably in one step; False, and nothing changed, when ``old`` is not current."""


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True)
class AddCheckpoint:
    """A parsed add-checkpoint request; nothing verified."""

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes


def build_add_checkpoint(old_size: int, proof: Sequence[bytes], note: bytes) -> bytes:
    """Body of an add-checkpoint request: the witness's size, the consistency proof from it, the log-signed note."""
    lines = [f"old {old_size}", *(encode_base64(value) for value in proof), ""]
    return "".join(line + "\n" for line in lines).encode("ascii") + note


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """The request in this body. Raises Malformed."""
    head, blank, note = decode_text(body, "request", MAX_BODY).partition("\n\n")
    lines = head.split("\n")
    if not blank or not lines[0].startswith("old "):
        raise Malformed("The request is not an old size, a proof, a blank line and a checkpoint.", _ASK)
    if len(lines) - 1 > MAX_PROOF:
        raise Malformed(f"The consistency proof has more than {MAX_PROOF} hashes.", _ASK)
    old_size = decode_decimal(lines[0].removeprefix("old "), "old size")
    proof = tuple(decode_base64(line, "hash in the consistency proof", HASH_SIZE) for line in lines[1:])
    return AddCheckpoint(old_size, proof, note.encode())


def origin_path(origin: str) -> str:
    """Where monitors fetch what the witness cosigned last for a log: ``<hex SHA-256 of the origin>/checkpoint``."""
    return f"{sha256(origin.encode()).hexdigest()}/checkpoint"


@dataclass(frozen=True)
class Witness:
    """Cosigns with every one of ``cosigners`` for the logs in ``logs`` (origin to the keys trusted for it).

    ``ended``: of logs that were ended, how many leaves count; what is larger is refused, whoever signed it. ``later``:
    the logs that follow a log; once one of them has leaves, the log before it grows no more.
    """

    cosigners: Sequence[Cosigner]
    logs: Mapping[str, Sequence[NoteVerifier]]
    ended: Mapping[str, int] = field(default_factory=dict)
    later: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def add_checkpoint(self, body: bytes, store: WitnessStore, now: int) -> Answer:
        """The answer to an add-checkpoint request at ``now`` (POSIX seconds).

        200 with cosignatures, 400 malformed or old size too big, 403 not signed by the log, 404 unknown log,
        409 with the witness's size when the old size is not it, 422 when the tree does not extend the one cosigned.
        """
        try:
            request = parse_add_checkpoint(body)
            text, _ = split_note(request.note)
            checkpoint = parse_checkpoint(text)
        except Malformed as error:
            return _refusal(400, error)
        verifiers = self.logs.get(checkpoint.origin)
        if verifiers is None:
            return _text(404, f"This witness does not follow the log {checkpoint.origin}.\n")
        try:
            open_note(request.note, verifiers)
        except Unverified as error:
            return _refusal(403, error)
        if checkpoint.size > self.ended.get(checkpoint.origin, checkpoint.size):
            return _text(403, f"{checkpoint.origin} was ended with {self.ended[checkpoint.origin]} leaves.\n")
        if request.old_size > checkpoint.size:
            return _text(400, "The old size is greater than the size of the checkpoint.\n")
        for origin in self.later.get(checkpoint.origin, ()):
            if (begun := store.get(origin)) is not None and begun.size and checkpoint.size > request.old_size:
                return _text(403, f"{checkpoint.origin} went on in {origin} and grows no more.\n")
        return self._extend(request, text, checkpoint, store, now)

    def _extend(
        self, request: AddCheckpoint, text: bytes, checkpoint: Checkpoint, store: WitnessStore, now: int
    ) -> Answer:
        seen = store.get(checkpoint.origin)
        if request.old_size != (seen.size if seen else 0):
            return _size(seen)
        old_root = seen.root if seen else EMPTY_ROOT
        try:
            verify_consistency(request.old_size, old_root, checkpoint.size, checkpoint.root, request.proof)
        except Unverified as error:
            self.contradicted(request.note, now)
            return _refusal(422, error)
        if (wanting := self.wanting(request.note, now)) is not None:
            return wanting
        lines = [cosign(text, cosigner, now) for cosigner in self.cosigners]
        note = add_lines(self._own_lines_only(request.note, checkpoint.origin), lines)
        # Persisted before the cosignature leaves: otherwise a crash or a racing request could roll the view back.
        if not store.compare_and_set(checkpoint.origin, seen, Seen(checkpoint.size, checkpoint.root, note)):
            return _size(store.get(checkpoint.origin))
        return Answer(200, TEXT, b"".join(line.encode() for line in lines))

    def wanting(self, note: bytes, now: int) -> Answer | None:
        """What else must be so before the checkpoint ``note`` is cosigned: nothing. A mirror asks more."""
        return None

    def contradicted(self, note: bytes, now: int) -> None:
        """Told of a checkpoint, signed by its log, that was not shown to extend the one cosigned last."""

    def _own_lines_only(self, note: bytes, origin: str) -> bytes:
        """The note with the log's verified lines only: strangers' lines are not kept or served."""
        opened = open_note(note, self.logs[origin])
        return opened.text + b"\n" + b"".join(line.encode() for line in opened.verified)

    def latest(self, origin_hash: str, store: WitnessStore) -> Answer:
        """For monitors: the note cosigned last for the log whose origin has this hex SHA-256, or 404."""
        for origin in self.logs:
            if sha256(origin.encode()).hexdigest() == origin_hash:
                seen = store.get(origin)
                if seen is not None:
                    return Answer(200, TEXT, seen.note)
        return _text(404, "This witness has cosigned nothing for such a log.\n")


def _text(status: int, sentence: str) -> Answer:
    return Answer(status, TEXT, sentence.encode())


def _refusal(status: int, error: Malformed | Unverified) -> Answer:
    return _text(status, f"{error}\n")


def _size(seen: Seen | None) -> Answer:
    return Answer(409, SIZE, b"%d\n" % (seen.size if seen else 0))


def read_cosignatures(body: bytes, text: bytes, verifiers: Iterable[NoteVerifier]) -> tuple[SignatureLine, ...]:
    """The lines in a witness's 200 answer that are good cosignatures over the checkpoint ``text`` by known keys.

    Lines of unknown keys are left out. Raises Malformed, Unverified.
    """
    note = open_note(text + b"\n" + body, list(verifiers))
    if note.text != text:
        raise Malformed("The witness answered with more than signature lines.", "Ask the witness's operator.")
    return note.verified


def read_answer(
    answer: Answer, text: bytes, verifiers: Iterable[NoteVerifier]
) -> tuple[SignatureLine, ...] | int:
    """The cosignatures in a witness's answer, or the size it is at (409): ask again with the proof from there.

    Raises NotFound (404), NotAuthorised (403), Conflict (422, or 409 without a size: the witness saw another history),
    Malformed (400, or an answer that is not of the protocol), Unverified, Unreachable (any other status).
    """
    if answer.status == 200:
        return read_cosignatures(answer.body, text, verifiers)
    if answer.status == 409:
        if answer.content_type.split(";")[0].strip() != SIZE:  # tlog-witness v1.0.0: another root at the same size
            raise Conflict("The witness saw another tree of this size.", "Stop signing; compare with the witness.")
        if not _SIZE_BODY.fullmatch(answer.body):
            raise Malformed("The witness says that the size is another, but not which.", "Ask the witness's operator.")
        return decode_decimal(answer.body[:-1].decode("ascii"), "size the witness is at")
    reason = answer.body[:300].decode("utf-8", "replace").strip()
    if answer.status == 422:
        raise Conflict(f"The witness saw a history that this tree does not extend: {reason}",
                       "Stop signing; compare with the witness and a mirror before going on.")
    if answer.status == 404:
        raise NotFound(f"The witness does not follow this log: {reason}", "Ask its operator to add the log.")
    if answer.status == 403:
        raise NotAuthorised(f"The witness does not know the log's key: {reason}", "Give its operator the verifier key.")
    if answer.status == 400:
        raise Malformed(f"The witness could not read the request: {reason}", "Compare versions with its operator.")
    raise Unreachable(f"The witness answered {answer.status}: {reason}", "Try again later.")
