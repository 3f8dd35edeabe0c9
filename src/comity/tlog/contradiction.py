"""Two signed notes of one log that cannot both be true: a proof that anyone with the log's key can check.

Three kinds: *same-size* (one size, two roots), *other-history* (the larger tree does not begin with the smaller one;
hashes of the larger tree prove it) and *went-back* (one key signed the smaller tree later than the larger one, by the
times in its own cosignatures). Fetching trees, keeping proofs and telling people are left to the caller.

The file, extension `.log-contradiction`; sizes in bytes, the smaller tree first, or at one size the smaller root:

    log-contradiction/v1
    <kind>
    first <size of the first note>
    second <size of the second note>
    <base64 of a hash>                  other-history only: see `prefix_proof`
    (blank line, then the two notes)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from comity.errors import ComityError, Malformed, Unverified
from comity.tlog.checkpoint import Checkpoint, parse_checkpoint, read_checkpoint
from comity.tlog.cosignature import timestamp_of
from comity.tlog.encoding import HASH_SIZE, decode_base64, decode_decimal, encode_base64
from comity.tlog.note import ED25519, MAX_NOTE, NoteVerifier, SignatureLine, split_note
from comity.tlog.tree import EMPTY_ROOT, Coordinate, HashReader, fold, node_hash

HEADER = "log-contradiction/v1"
SUFFIX = ".log-contradiction"
SAME_SIZE, OTHER_HISTORY, WENT_BACK = "same-size", "other-history", "went-back"
KINDS = (SAME_SIZE, OTHER_HISTORY, WENT_BACK)
MAX_HASHES = 128
MAX_HEAD = 128 + MAX_HASHES * 45
MAX_FILE = MAX_HEAD + 2 * MAX_NOTE
_ASK = "Ask whoever sent it for the original proof."


@dataclass(frozen=True)
class Contradiction:
    """A claim that two notes contradict each other; `check` decides. Raises Malformed when made wrong."""

    kind: str
    first: bytes
    second: bytes
    proof: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise Malformed("There is no such kind of contradiction.", _ASK)
        if len(self.proof) > MAX_HASHES or any(len(value) != HASH_SIZE for value in self.proof):
            raise Malformed(f"The proof has more than {MAX_HASHES} hashes, or one that is not of 32 bytes.", _ASK)
        if self.proof and self.kind != OTHER_HISTORY:
            raise Malformed(f"A contradiction of the kind {self.kind} needs no hashes.", _ASK)
        small, large = self.checkpoints
        if small.origin != large.origin:
            raise Malformed("The two notes are of two logs.", _ASK)
        if (small.size, small.root) >= (large.size, large.root) or (small.size == large.size) != (
            self.kind == SAME_SIZE
        ):
            raise Malformed("The two notes are not in their order, or not of the sizes that the kind demands.", _ASK)

    @property
    def checkpoints(self) -> tuple[Checkpoint, Checkpoint]:
        """What the two notes say, the smaller tree first; nothing verified."""
        return read_checkpoint(self.first), read_checkpoint(self.second)

    @property
    def origin(self) -> str:
        """The log that contradicts itself."""
        return read_checkpoint(self.first).origin

    def encode(self) -> bytes:
        """The bytes of the file."""
        lines = [HEADER, self.kind, f"first {len(self.first)}", f"second {len(self.second)}"]
        lines += [encode_base64(value) for value in self.proof]
        return "".join(line + "\n" for line in [*lines, ""]).encode("ascii") + self.first + self.second

    @classmethod
    def parse(cls, data: bytes) -> Contradiction:
        """The claim in these bytes; nothing verified. Raises Malformed."""
        if len(data) > MAX_FILE:
            raise Malformed(f"A contradiction has at most {MAX_FILE} bytes; this has {len(data)}.", _ASK)
        head, blank, notes = data.partition(b"\n\n")
        if not blank or not head.isascii() or len(head) > MAX_HEAD:
            raise Malformed("This is not the head of a contradiction, a blank line and two notes.", _ASK)
        lines = head.decode("ascii").split("\n")
        if len(lines) < 4 or lines[0] != HEADER:
            raise Malformed(f"This does not begin with {HEADER}.", _ASK)
        first, second = _size(lines[2], "first "), _size(lines[3], "second ")
        if first + second != len(notes):
            raise Malformed("The sizes of the two notes do not add up to what follows.", _ASK)
        proof = tuple(decode_base64(line, "hash in the contradiction", HASH_SIZE) for line in lines[4:])
        return cls(lines[1], notes[:first], notes[first:], proof)

    def check(self, verifiers: Sequence[NoteVerifier]) -> str:
        """The name of the key that contradicted itself: the log's, or, for *went-back*, perhaps a witness's.

        ``verifiers`` hold the log's keys and may hold witnesses'. Raises Unverified when it is no contradiction, or
        when one of the notes was not signed by the log.
        """
        small, large = self.checkpoints
        lines = [signed_lines(note, verifiers) for note in (self.first, self.second)]
        if any(all(line.name != small.origin for line in each) for each in lines):
            raise Unverified(f"A known key of {small.origin} did not sign both notes.",
                             "Check that the log's verifier key is in the policy.")
        if self.kind == WENT_BACK:
            return _later_for_less(lines[0], lines[1], verifiers)
        if self.kind == OTHER_HISTORY and prefix_root(small.size, large, self.proof) == small.root:
            raise Unverified("The larger tree begins with the smaller one: the notes agree.", _ASK)
        return small.origin

    def sentence(self) -> str:
        """What the two notes show, for people."""
        small, large = self.checkpoints
        if self.kind == SAME_SIZE:
            return f"{self.origin} signed two different trees of {small.size} leaves: it shows two histories."
        if self.kind == OTHER_HISTORY:
            return f"{self.origin} signed a tree of {large.size} leaves that does not begin with its {small.size}."
        return f"{self.origin} was shown with {large.size} leaves and later with {small.size}: it was taken back."


def _size(line: str, word: str) -> int:
    if not line.startswith(word):
        raise Malformed(f"The contradiction does not say how long its {word}note is.", _ASK)
    return decode_decimal(line.removeprefix(word), "size of the note")


def signed_lines(note: bytes, verifiers: Iterable[NoteVerifier]) -> list[SignatureLine]:
    """The lines of the note that known keys signed well. Bad and unknown lines are passed over, not refused: whoever
    hands on evidence must not be able to spoil it by adding a line. Raises Malformed."""
    text, lines = split_note(note)
    known = {(each.vkey.name, each.vkey.key_id): each for each in verifiers}
    return [
        line
        for line in lines
        if (verifier := known.get((line.name, line.key_id))) is not None and verifier.check(text, line.signature)
    ]


def trimmed(note: bytes, verifiers: Iterable[NoteVerifier]) -> bytes:
    """The note with the lines of known keys only. Raises Malformed, and Unverified when none is left."""
    text, _ = split_note(note)
    lines = signed_lines(note, verifiers)
    if not any(line.name == parse_checkpoint(text).origin for line in lines):
        raise Unverified("The note is not signed by a known key of its log.",
                         "Check that the log's verifier key is in the policy.")
    return text + b"\n" + b"".join(line.encode() for line in dict.fromkeys(lines))


def _later_for_less(
    small: Sequence[SignatureLine], large: Sequence[SignatureLine], verifiers: Sequence[NoteVerifier]
) -> str:
    """Who signed the smaller tree at a later time than the larger one. Raises Unverified when nobody did."""
    timed = {(each.vkey.name, each.vkey.key_id) for each in verifiers if each.vkey.algorithm != ED25519}
    for line in small:
        for other in large:
            same = (line.name, line.key_id) == (other.name, other.key_id)
            if same and (line.name, line.key_id) in timed and timestamp_of(line.signature) > timestamp_of(
                other.signature
            ):
                return line.name
    raise Unverified("No key signed the smaller tree later than the larger one.", _ASK)


def _ranges(old: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The ranges, left to right, that the tree splits into when it is opened only where ``old`` lies inside."""
    if start >= old or end <= old:
        yield start, end
    else:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        yield from _ranges(old, start, middle)
        yield from _ranges(old, middle, end)


def _cover(start: int, end: int) -> list[Coordinate]:
    """The complete subtrees that make up a range of `_ranges`, left to right."""
    places = []
    for level in range((end - start).bit_length() - 1, -1, -1):
        if (end - start) >> level & 1:
            places.append((level, start >> level))
            start += 1 << level
    return places


def prefix_proof(old: int, new: int, read: HashReader) -> tuple[bytes, ...]:
    """What proves which root the first ``old`` of ``new`` leaves have (0 <= old < new), whatever it may be.

    As many complete subtrees as cover the first ``old`` leaves, then one hash for each further range: the hashes of a
    consistency proof (RFC 6962 section 2.1.2), with those of the old tree not taken for granted.
    """
    if not 0 <= old < new:
        raise Malformed(f"A tree of {new} leaves has no proper beginning of {old}.", "Ask with the smaller size first.")
    return tuple(fold(read(_cover(start, end))) for start, end in _ranges(old, 0, new))


def prefix_root(old: int, tree: Checkpoint, proof: Sequence[bytes]) -> bytes:
    """The root that the first ``old`` leaves of ``tree`` have, proved. Raises Unverified."""
    if not 0 <= old < tree.size or len(proof) != sum(1 for _ in _ranges(old, 0, tree.size)):
        raise Unverified("The hashes do not prove how the larger tree begins: there are too few or too many.", _ASK)
    left = iter(proof)

    def root(start: int, end: int) -> bytes:
        if start >= old or end <= old:
            return next(left)
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        return node_hash(root(start, middle), root(middle, end))

    if root(0, tree.size) != tree.root:
        raise Unverified("The hashes do not lead to the root of the larger tree.", _ASK)
    return fold(proof[: old.bit_count()])


Trees = Callable[[Checkpoint], HashReader]


def find_contradiction(
    one: bytes, other: bytes, verifiers: Sequence[NoteVerifier], trees: Trees
) -> Contradiction | None:
    """The contradiction between two notes, or None when they agree, or when they are of two logs.

    ``trees`` gives a reader over the tree of a checkpoint (the larger of the two); what it reads is verified here.
    ``verifiers`` show, by times, that a log went back. Raises Malformed; Unverified, NotFound or Unreachable when the
    larger tree cannot be had: then nothing is known.
    """
    first, second = sorted((one, other), key=lambda note: (read_checkpoint(note).size, read_checkpoint(note).root))
    small, large = read_checkpoint(first), read_checkpoint(second)
    if small.origin != large.origin or small == large:
        return None
    if small.size == large.size:
        return Contradiction(SAME_SIZE, first, second)
    back = went_back(first, second, verifiers)
    if small.size == 0 and small.root == EMPTY_ROOT:  # every tree begins so; nothing need be read
        return back
    try:
        proof = prefix_proof(small.size, large.size, trees(large))
        agree = prefix_root(small.size, large, proof) == small.root
    except ComityError:
        if back is None:
            raise
        return back
    return back if agree else Contradiction(OTHER_HISTORY, first, second, proof)


def went_back(small: bytes, large: bytes, verifiers: Sequence[NoteVerifier]) -> Contradiction | None:
    """The proof that one key signed the smaller tree later than the larger one, if one did."""
    claim = Contradiction(WENT_BACK, small, large)
    try:
        claim.check(verifiers)
    except Unverified:
        return None
    return claim
