"""Whatever bytes come in, a parser of the log answers with its value or with Malformed or Unverified, nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed, Unverified
from comity.tlog.checkpoint import Checkpoint, parse_checkpoint, read_checkpoint, sign_checkpoint
from comity.tlog.cosignature import verifier_for
from comity.tlog.leaf import ActLeaf, parse_leaf
from comity.tlog.note import Vkey, open_note
from comity.tlog.policy import Policy
from comity.tlog.proof import TlogProof
from comity.tlog.tiles import decode_entries, decode_tile, encode_entries, parse_tile_path
from comity.tlog.tree import inclusion_proof, verify_consistency, verify_inclusion
from comity.tlog.witness import Seen, Witness, build_add_checkpoint, parse_add_checkpoint, read_cosignatures
from tests.tlog.biglog import LOG, LOG_PQ, NOW, WITNESSES, entry, read, tree_at

CHECKPOINT = Checkpoint(LOG.name, 3, tree_at(3).root())
NOTE = sign_checkpoint(CHECKPOINT, [LOG, LOG_PQ.at(NOW), WITNESSES[0].at(NOW)])
PATH = inclusion_proof(1, 3, read)
POLICY = f"# p\nlog {LOG.vkey.encode()}\nwitness w {WITNESSES[0].vkey.encode()}\ngroup g any w\nquorum g\n".encode()
KEYS = [verifier_for(LOG.vkey), verifier_for(LOG_PQ.vkey), verifier_for(WITNESSES[0].vkey)]


class Forgetful:
    def get(self, origin: str) -> Seen | None:
        return None

    def compare_and_set(self, origin: str, old: Seen | None, new: Seen) -> bool:
        return True


def witnessed(data: bytes) -> None:
    answer = Witness([WITNESSES[0]], {LOG.name: [verifier_for(LOG.vkey)]}).add_checkpoint(data, Forgetful(), NOW)
    assert answer.status in {200, 400, 403, 404, 409, 422}


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


PARSERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "note": (lambda data: open_note(data, KEYS), NOTE),
    "checkpoint": (parse_checkpoint, CHECKPOINT.encode()),
    "unverified checkpoint": (read_checkpoint, NOTE),
    "key": (lambda data: verifier_for(text_of(data)), LOG.vkey.encode().encode()),
    "other key": (lambda data: Vkey.parse(text_of(data)), LOG_PQ.vkey.encode().encode()),
    "leaf": (parse_leaf, ActLeaf("sealed", b"c" * 32, "until 2027-03-01").encode()),
    "policy": (lambda data: Policy.parse(data).check(NOTE, NOW, None), POLICY),
    "judged note": (lambda data: Policy.parse(POLICY).check(data, NOW, None), NOTE),
    "proof": (
        lambda data: TlogProof.parse(data).verify(Policy.parse(POLICY), entry(1), NOW),
        TlogProof(1, entry(1), PATH, NOTE).encode(),
    ),
    "request": (parse_add_checkpoint, build_add_checkpoint(0, PATH, NOTE)),
    "witness": (witnessed, build_add_checkpoint(0, [], NOTE)),
    "cosignatures": (lambda data: read_cosignatures(data, CHECKPOINT.encode(), KEYS), NOTE.split(b"\n\n")[1]),
    "bundle": (lambda data: decode_entries(data, 3), encode_entries([b"a", b"", b"bcd"])),
    "tile": (lambda data: decode_tile(data, 3), b"x" * 96),
    "path": (lambda data: parse_tile_path(text_of(data)), b"tile/0/x001/x234/067.p/8"),
}


def mutations(good: bytes) -> st.SearchStrategy[bytes]:
    places = st.integers(0, len(good))
    marks = [b"\n", b"\n\n", b" ", b"\r", b"+", b"=", "\u2014".encode(), b"0", b"\xff"]
    pieces = st.one_of(st.binary(max_size=4), st.sampled_from(marks))
    spliced = st.tuples(places, places, pieces).map(
        lambda cut: good[: min(cut[0], cut[1])] + cut[2] + good[max(cut[0], cut[1]) :]
    )
    inserted = st.tuples(places, pieces).map(lambda cut: good[: cut[0]] + cut[1] + good[cut[0] :])
    return st.one_of(st.binary(max_size=400), spliced, inserted)


def refused(parse: Callable[[bytes], object], data: bytes) -> Malformed | Unverified | None:
    try:
        parse(data)
    except (Malformed, Unverified) as error:
        return error
    return None


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
def test_parsers_refuse_and_never_break(name: str, data: st.DataObject) -> None:
    parse, good = PARSERS[name]
    parse(good)
    refusal = refused(parse, data.draw(mutations(good)))
    assert refusal is None or (refusal.what and refusal.next_step and str(refusal).encode())


@given(st.integers(-5, 2**64), st.integers(-5, 2**64), st.lists(st.binary(min_size=30, max_size=33), max_size=70))
def test_verification_ends_on_any_numbers(one: int, two: int, proof: list[bytes]) -> None:
    root = tree_at(3).root()
    with pytest.raises(Unverified):
        verify_inclusion(one, two, root, b"r" * 32, proof)
    with pytest.raises(Unverified):
        verify_consistency(one, root, two, b"r" * 32, proof)
