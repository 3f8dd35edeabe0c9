"""A witness cosigns only what extends what it saw: every answer of tlog-witness, over HTTP and across a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import comity
from comity.errors import Conflict, Malformed, NotAuthorised, NotFound, Unreachable, Unverified
from comity.node.witness.store import SQLiteWitnessStore
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.cosignature import Cosigner, Ed25519Cosigner, MLDSACosigner, cosign, timestamp_of, verifier_for
from comity.tlog.note import Signer, add_lines, open_note, sign_line
from comity.tlog.tree import EMPTY_ROOT, Tree, consistency_proof, leaf_hash
from comity.tlog.witness import (
    Answer,
    Seen,
    Witness,
    build_add_checkpoint,
    origin_path,
    parse_add_checkpoint,
    read_answer,
    read_cosignatures,
)
from comity.web.witness import witness_app

ORIGIN = "node.example/act-log/2027"
LOG = Signer.from_seed(ORIGIN, b"l" * 32)
COSIGNERS: list[Cosigner] = [
    Ed25519Cosigner.from_seed("oversight.example/witness", b"w" * 32),
    MLDSACosigner.from_seed("oversight.example/witness", b"q" * 32),
]
VERIFIERS = [verifier_for(each.vkey) for each in COSIGNERS]
WITNESS = Witness(COSIGNERS, {ORIGIN: [verifier_for(LOG.vkey)]})
LEAVES = [leaf_hash(b"%d" % number) for number in range(40)]
FORK = [*LEAVES[:5], leaf_hash(b"another"), *LEAVES[6:]]
NOW = 1_800_000_000


def request(old: int, new: int, leaves: list[bytes] = LEAVES, signer: Signer = LOG, origin: str = ORIGIN) -> bytes:
    tree, nodes = Tree().append(leaves[:new])
    stored = {(level, index): value for level, index, value in nodes}
    proof = consistency_proof(min(old, new), new, lambda places: [stored[place] for place in places])
    return build_add_checkpoint(old, proof, sign_checkpoint(Checkpoint(origin, new, tree.root()), [signer]))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteWitnessStore]:
    with SQLiteWitnessStore(tmp_path / "witness.sqlite") as store:
        yield store


def status(store: SQLiteWitnessStore, body: bytes) -> int:
    return WITNESS.add_checkpoint(body, store, NOW).status


def test_cosigns_what_extends_and_persists_it(store: SQLiteWitnessStore, tmp_path: Path) -> None:
    text = Checkpoint(ORIGIN, 7, Tree().append(LEAVES[:7])[0].root()).encode()
    answer = WITNESS.add_checkpoint(request(0, 7), store, NOW)
    lines = read_answer(answer, text, VERIFIERS)
    assert not isinstance(lines, int)
    assert [timestamp_of(line.signature) for line in lines] == [NOW, NOW]
    with SQLiteWitnessStore(tmp_path / "witness.sqlite") as reopened:
        seen = reopened.get(ORIGIN)
        assert seen is not None
        assert seen.size == 7
        assert len(open_note(seen.note, [verifier_for(LOG.vkey), *VERIFIERS]).verified) == 3
        assert status(reopened, request(7, 40)) == 200


def test_answers_of_the_protocol(store: SQLiteWitnessStore) -> None:
    assert status(store, b"old 0\nnonsense") == 400
    assert status(store, request(9, 7)) == 400
    assert status(store, request(0, 7, origin="other.example/log")) == 404
    assert status(store, request(0, 7, signer=Signer.from_seed(ORIGIN, b"x" * 32))) == 403
    assert status(store, request(0, 7)) == 200
    assert WITNESS.add_checkpoint(request(0, 9), store, NOW) == Answer(409, "text/x.tlog.size", b"7\n")
    assert status(store, request(7, 12, FORK)) == 422
    assert status(store, request(7, 7, FORK)) == 422
    assert status(store, request(7, 7)) == 200
    assert status(store, request(7, 12)) == 200


def test_rollback_is_told_the_size(store: SQLiteWitnessStore) -> None:
    assert status(store, request(0, 20)) == 200
    answer = WITNESS.add_checkpoint(request(5, 8), store, NOW)
    assert read_answer(answer, b"", VERIFIERS) == 20


def test_empty_tree_must_have_its_root(store: SQLiteWitnessStore) -> None:
    lie = sign_checkpoint(Checkpoint(ORIGIN, 0, leaf_hash(b"")), [LOG])
    assert status(store, build_add_checkpoint(0, [], lie)) == 422
    assert status(store, request(0, 0)) == 200
    assert status(store, request(0, 3)) == 200


def test_a_proof_from_zero_must_be_empty(store: SQLiteWitnessStore) -> None:
    note = request(0, 7).partition(b"\n\n")[2]
    assert status(store, build_add_checkpoint(0, [LEAVES[0]], note)) == 422


def test_a_bad_line_of_a_known_key_is_refused_and_strangers_are_not_kept(store: SQLiteWitnessStore) -> None:
    parsed = parse_add_checkpoint(request(0, 7))
    other_text = Checkpoint(ORIGIN, 8, EMPTY_ROOT).encode()
    forged = add_lines(parsed.note, [sign_line(other_text, LOG)])
    assert status(store, build_add_checkpoint(0, [], forged)) == 403
    stranger = add_lines(parsed.note, [sign_line(other_text, Signer.from_seed("stranger.example", b"s" * 32))])
    assert status(store, build_add_checkpoint(0, [], stranger)) == 200
    seen = store.get(ORIGIN)
    assert seen is not None
    assert b"stranger" not in seen.note


def test_the_slower_of_two_racing_requests_is_told_the_size(store: SQLiteWitnessStore) -> None:
    class Overtaken:
        def get(self, origin: str) -> Seen | None:
            return store.get(origin)

        def compare_and_set(self, origin: str, old: Seen | None, new: Seen) -> bool:
            assert status(store, request(0, 20)) == 200
            return store.compare_and_set(origin, old, new)

    answer = WITNESS.add_checkpoint(request(0, 7), Overtaken(), NOW)
    assert answer == Answer(409, "text/x.tlog.size", b"20\n")
    seen = store.get(ORIGIN)
    assert seen is not None
    assert seen.size == 20


def test_store_refuses_what_is_not_current(store: SQLiteWitnessStore) -> None:
    first, second = Seen(1, b"r" * 32, b"n"), Seen(2, b"s" * 32, b"m")
    assert store.compare_and_set(ORIGIN, None, first)
    assert not store.compare_and_set(ORIGIN, None, second)
    assert not store.compare_and_set(ORIGIN, second, first)
    assert store.compare_and_set(ORIGIN, first, second)
    assert store.get(ORIGIN) == second
    assert store.get("another") is None


def test_store_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="cannot be opened"):
        SQLiteWitnessStore(tmp_path / "missing" / "witness.sqlite")


def test_what_was_answered_outlives_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "witness.sqlite"
    program = (
        "import os, pathlib, signal, sys\n"
        "from comity.node.witness.store import SQLiteWitnessStore\n"
        "from comity.tlog.witness import Seen\n"
        "store = SQLiteWitnessStore(pathlib.Path(sys.argv[1]))\n"
        "assert store.compare_and_set('o', None, Seen(5, b'r' * 32, b'n'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    source = str(Path(comity.__file__).parent.parent)
    done = subprocess.run([sys.executable, "-c", program, path], env={**os.environ, "PYTHONPATH": source}, check=False)
    assert done.returncode == -signal.SIGKILL
    with SQLiteWitnessStore(path) as store:
        assert store.get("o") == Seen(5, b"r" * 32, b"n")


def test_over_http(store: SQLiteWitnessStore) -> None:
    client = TestClient(witness_app(WITNESS, store, lambda: NOW))
    assert client.get("/" + origin_path(ORIGIN)).status_code == 404
    answer = client.post("/add-checkpoint", content=request(0, 7))
    assert answer.status_code == 200
    text = Checkpoint(ORIGIN, 7, Tree().append(LEAVES[:7])[0].root()).encode()
    assert len(read_cosignatures(answer.content, text, VERIFIERS)) == 2
    again = client.post("/add-checkpoint", content=request(0, 9))
    assert (again.status_code, again.headers["content-type"], again.content) == (409, "text/x.tlog.size", b"7\n")
    assert client.post("/add-checkpoint", content=b"x" * (2 << 20)).status_code == 413
    assert client.get("/add-checkpoint").status_code == 405
    seen = store.get(ORIGIN)
    assert seen is not None
    assert client.get(f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint").content == seen.note


@pytest.mark.parametrize(
    ("status_code", "error"),
    [(422, Conflict), (404, NotFound), (403, NotAuthorised), (400, Malformed), (500, Unreachable), (409, Conflict)],
)
def test_client_names_what_went_wrong(status_code: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_answer(Answer(status_code, "text/plain", b"because"), b"", VERIFIERS)


def test_client_refuses_answers_that_say_more_or_are_over_another_text() -> None:
    text = Checkpoint(ORIGIN, 0, EMPTY_ROOT).encode()
    good = b"".join(cosign(text, each, NOW).encode() for each in COSIGNERS)
    assert len(read_cosignatures(good, text, VERIFIERS)) == 2
    with pytest.raises(Unverified):
        read_cosignatures(good, Checkpoint(ORIGIN, 1, LEAVES[0]).encode(), VERIFIERS)
    smuggled = Checkpoint(ORIGIN, 2, LEAVES[0]).encode()
    with pytest.raises((Malformed, Unverified)):
        read_cosignatures(smuggled + b"\n" + cosign(smuggled, COSIGNERS[0], NOW).encode(), text, VERIFIERS)
    with pytest.raises(Malformed):
        read_cosignatures(b"", text, VERIFIERS)
