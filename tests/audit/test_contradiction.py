"""Two notes that contradict each other convict a key; two that agree convict nobody, whoever says otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import ComityError, Malformed, Unverified
from comity.tlog.checkpoint import Checkpoint, read_checkpoint
from comity.tlog.contradiction import (
    OTHER_HISTORY,
    SAME_SIZE,
    WENT_BACK,
    Contradiction,
    find_contradiction,
    prefix_proof,
    prefix_root,
    trimmed,
    went_back,
)
from comity.tlog.cosignature import verifier_for
from comity.tlog.note import Signer, sign_note
from comity.tlog.tree import HashReader, Tree, frontier_of, leaf_hash
from tests.audit.shown import DPA, LOG, LOG_PQ, NOW, OMBUDSMAN, ShownLog, acts

KEYS = [verifier_for(each.vkey) for each in (LOG, LOG_PQ, OMBUDSMAN, DPA)]
HONEST = ShownLog(acts(40))
FORK = ShownLog([*acts(20), *acts(25, "another")])


def trees(checkpoint: Checkpoint) -> HashReader:
    return next(log.hashes for log in (HONEST, FORK) if read_checkpoint(log.note) == checkpoint)


@given(st.integers(1, 40), st.integers(0, 40))
def test_a_prefix_proof_proves_the_root_of_every_beginning(new: int, old: int) -> None:
    tree = Checkpoint(LOG.name, new, Tree(new, frontier_of(new, HONEST.hashes)).root())
    if old >= new:
        with pytest.raises(Malformed):
            prefix_proof(old, new, HONEST.hashes)
        return
    proof = prefix_proof(old, new, HONEST.hashes)
    expected = Tree().append([leaf_hash(leaf) for leaf in acts(40)[:old]])[0].root()
    assert prefix_root(old, tree, proof) == expected
    for altered in (proof[1:], (*proof, b"\0" * 32), (b"\0" * 32, *proof[1:])):
        with pytest.raises(Unverified):
            prefix_root(old, tree, altered)


def test_one_size_and_two_roots() -> None:
    found = find_contradiction(HONEST.note, FORK.sign(40), KEYS, trees)
    assert found is not None
    assert (found.kind, found.check(KEYS)) == (SAME_SIZE, LOG.name)


def test_two_sizes_and_two_histories() -> None:
    found = find_contradiction(HONEST.note, FORK.note, KEYS, trees)
    assert found is not None
    assert (found.kind, found.check(KEYS)) == (OTHER_HISTORY, LOG.name)
    assert Contradiction.parse(found.encode()) == found


def test_notes_that_agree_are_no_contradiction_and_cannot_be_made_one() -> None:
    early = HONEST.sign(25, NOW - 60)
    assert find_contradiction(HONEST.note, early, KEYS, trees) is None
    honest = Contradiction(OTHER_HISTORY, early, HONEST.note, prefix_proof(25, 40, HONEST.hashes))
    forged = Contradiction(OTHER_HISTORY, early, HONEST.note, prefix_proof(25, 45, FORK.hashes))
    for claim in (honest, forged, Contradiction(WENT_BACK, early, HONEST.note)):
        with pytest.raises(Unverified):
            claim.check(KEYS)


def test_going_back_is_proved_by_the_times_of_one_key() -> None:
    late = HONEST.sign(25, NOW + 60)
    found = find_contradiction(late, HONEST.note, KEYS, trees)
    assert found is not None
    assert (found.kind, found.check(KEYS)) == (WENT_BACK, LOG.name)
    # A witness that was late with the smaller tree proves nothing of the log by another witness's time.
    slow = trimmed(HONEST.sign(25, NOW + 60, [DPA]), [KEYS[0], KEYS[3]])
    fast = trimmed(HONEST.sign(40, NOW, [OMBUDSMAN]), [KEYS[0], KEYS[2]])
    assert went_back(slow, fast, KEYS) is None


def test_a_forger_convicts_nobody() -> None:
    forger = Signer.from_seed(LOG.name, b"f" * 32)
    forged = sign_note(Checkpoint(LOG.name, 40, b"\1" * 32).encode(), [forger])
    first, second = sorted([forged, HONEST.note], key=lambda note: read_checkpoint(note).root)
    claim = Contradiction(SAME_SIZE, first, second)
    with pytest.raises(Unverified):
        claim.check(KEYS)
    with pytest.raises(Unverified):
        trimmed(forged, KEYS)


def test_a_signature_borrowed_from_another_note_convicts_nobody() -> None:
    """The log's own name, key and signature, but not over this text."""
    text = Checkpoint(LOG.name, 40, b"\1" * 32).encode()
    borrowed = text + b"\n" + HONEST.note.rpartition(b"\n\n")[2]
    first, second = sorted([borrowed, HONEST.note], key=lambda note: read_checkpoint(note).root)
    with pytest.raises(Unverified):
        Contradiction(SAME_SIZE, first, second).check(KEYS)


def test_a_bad_line_added_does_not_spoil_the_evidence() -> None:
    spoiled = HONEST.note + FORK.note.rpartition(b"\n\n")[2]
    assert spoiled != HONEST.note
    found = find_contradiction(spoiled, FORK.sign(40), KEYS, trees)
    assert found is not None
    assert found.check(KEYS) == LOG.name


def sample() -> bytes:
    found = find_contradiction(HONEST.note, FORK.note, KEYS, trees)
    assert found is not None
    return found.encode()


SAMPLE = sample()


@given(st.binary(max_size=400) | st.integers(0, len(SAMPLE)).map(lambda end: SAMPLE[:end]))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    if data != SAMPLE:
        with pytest.raises(Malformed):
            Contradiction.parse(data)


@given(st.integers(0, len(SAMPLE) - 1), st.integers(0, 7))
def test_an_altered_proof_convicts_nobody_or_says_the_same(place: int, bit: int) -> None:
    data = bytearray(SAMPLE)
    data[place] ^= 1 << bit
    try:
        claim = Contradiction.parse(bytes(data))
        assert claim.check(KEYS) == LOG.name
    except ComityError:
        return
    # What still convicts differs in lines of witnesses only, which this kind does not rest on.
    assert claim.checkpoints == Contradiction.parse(SAMPLE).checkpoints


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"first ", b"first 0"), (b"\nsecond", b"\r\nsecond"), (b"-history\n", b"-history \n"), (b"/v1", b"/v2"),
     (b"other-history", b"same-size"), (b"other-history", b"went-back"), (b"first", b"First")],
)  # fmt: skip
def test_another_spelling_is_refused(old: bytes, new: bytes) -> None:
    with pytest.raises(Malformed):
        Contradiction.parse(SAMPLE.replace(old, new, 1))
