"""The attacks on a log that an outsider must notice, made for real: who notices, and by which evidence.

What the node itself, a recipient or a witness alone must notice is in the tests of their rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from comity.errors import ComityError, Malformed, NotFound, Unverified
from comity.node.auditor.audit import Auditor
from comity.node.auditor.source import FolderSource, LogSource, tree_of
from comity.node.auditor.state import AuditState
from comity.node.keeping.gossip_store import SQLiteGossipStore
from comity.node.witness.mirror import Mirror
from comity.node.witness.store import SQLiteWitnessStore
from comity.tlog.audit import AuditReport
from comity.tlog.checkpoint import Checkpoint, read_checkpoint, sign_checkpoint
from comity.tlog.contradiction import OTHER_HISTORY, SAME_SIZE, WENT_BACK, Contradiction
from comity.tlog.cosignature import Ed25519Cosigner, verifier_for
from comity.tlog.encoding import encode_base64
from comity.tlog.leaf import ActLeaf, check_opening, commit, parse_leaf
from comity.tlog.note import Signer, Verifier
from comity.tlog.policy import Policy
from comity.tlog.proof import TlogProof
from comity.tlog.tree import HashReader, Tree, consistency_proof, inclusion_proof, leaf_hash
from comity.tlog.witness import Witness, build_add_checkpoint
from comity.web.gossip import gossip_routes
from tests.audit.shown import (
    DPA,
    LOG,
    LOG_PQ,
    NOW,
    ORIGIN,
    POLICY,
    ShownLog,
    act,
    acts,
    commitment,
)

TODAY = datetime.fromtimestamp(NOW, UTC)
KEYS = [verifier_for(LOG.vkey), verifier_for(LOG_PQ.vkey)]
SIZE = 600


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    return tmp_path / "contradictions"


@pytest.fixture
def audit(tmp_path: Path, evidence: Path) -> Iterator[Callable[..., AuditReport]]:
    """An outsider with a memory."""
    with AuditState(tmp_path / "audit.sqlite") as state:

        def run(log: LogSource, max_age: int | None = None) -> AuditReport:
            return Auditor(log, state, POLICY, TODAY, max_age, evidence).run()

        yield run


def proof_in(evidence: Path) -> Contradiction:
    (file,) = evidence.glob("*.log-contradiction")
    return Contradiction.parse(file.read_bytes())


def test_rollback_is_seen_by_whoever_saw_more(audit: Callable[..., AuditReport], evidence: Path) -> None:
    """Restored from a backup and signed again: two notes, and the times of the log's own key."""
    assert audit(ShownLog(acts(SIZE))).exit_code == 0
    report = audit(ShownLog(acts(400), at=NOW + 60))
    assert (report.exit_code, report.exposed[0].kind, report.exposed[0].key) == (7, WENT_BACK, ORIGIN)
    assert proof_in(evidence).check(KEYS) == ORIGIN
    assert audit(ShownLog(acts(SIZE + 1))).exit_code == 0  # what was seen is still what was seen


def test_rollback_without_a_later_signature_keeps_both_notes(audit: Callable[..., AuditReport], evidence: Path) -> None:
    """An old copy may be a cache's doing, so nobody is convicted; still both notes are kept and nothing is accepted."""
    full, old = ShownLog(acts(SIZE)), ShownLog(acts(400), at=NOW - 60)
    audit(full)
    report = audit(old)
    assert (report.exit_code, report.exposed[0].key) == (7, "")
    assert {path.read_bytes() for path in evidence.iterdir()} == {full.note, old.note}


@pytest.mark.parametrize(
    ("other", "kind"), [(SIZE, SAME_SIZE), (SIZE + 300, OTHER_HISTORY), (SIZE - 100, OTHER_HISTORY)]
)
def test_a_fork_is_seen_and_proved(audit: Callable[..., AuditReport], evidence: Path, other: int, kind: str) -> None:
    """History rewritten from leaf 300 on, also without any witness: two signed notes."""
    audit(ShownLog(acts(SIZE)))
    fork = ShownLog([*acts(300), *acts(other - 300, "another")], cosigned=())
    report = audit(fork)
    assert (report.exit_code, report.exposed[0].kind, report.exposed[0].key) == (7, kind, ORIGIN)
    assert proof_in(evidence).check(KEYS) == ORIGIN


def witnessed(witness: Witness, log: ShownLog, store: SQLiteWitnessStore, old: int = 0) -> int:
    body = build_add_checkpoint(old, consistency_proof(old, log.size, log.hashes), log.note)
    return witness.add_checkpoint(body, store, NOW).status


def test_a_fork_is_refused_by_a_witness_and_without_it_fails_the_quorum(tmp_path: Path) -> None:
    """The witness says 422; a first-time reader, who can compare with nothing, finds the quorum missing."""
    honest, fork = ShownLog(acts(SIZE)), ShownLog([*acts(300), *acts(400, "another")], cosigned=[DPA])
    witness = Witness([Ed25519Cosigner.from_seed("w.example/w", b"w" * 32)], {ORIGIN: KEYS})
    with SQLiteWitnessStore(tmp_path / "witness.sqlite") as store:
        assert witnessed(witness, honest, store) == 200
        assert witnessed(witness, fork, store, SIZE) == 422
    with AuditState() as state, pytest.raises(Unverified, match="quorum"):
        Auditor(fork, state, POLICY, TODAY).run()


def test_a_split_view_is_found_by_gossip(tmp_path: Path) -> None:
    """Two people who were shown two histories hand their notes in: 409, and the proof for all to fetch and check."""
    honest, fork = ShownLog(acts(SIZE)), ShownLog([*acts(300), *acts(400, "another")])

    def trees(checkpoint: Checkpoint) -> HashReader:
        return tree_of(checkpoint, next(log for log in (honest, fork) if log.size == checkpoint.size).fetch)

    with SQLiteGossipStore(tmp_path / "gossip.sqlite") as store:
        http = TestClient(Starlette(routes=gossip_routes(store, [POLICY], trees)))
        assert http.post("/gossip", content=honest.note).json() == {"said": "new", "origin": ORIGIN, "size": SIZE}
        answer = http.post("/gossip", content=fork.note)
        assert answer.status_code == 409
        (listed,) = http.get("/gossip/conflicts").json()
        assert (listed["kind"], listed["sizes"]) == (OTHER_HISTORY, [SIZE, 700])
        fetched = http.get(f"/gossip/conflicts/{listed['id']}").content
    assert fetched == answer.content
    assert Contradiction.parse(fetched).check(KEYS) == ORIGIN


def test_a_stale_view_is_refused_by_its_cosignatures(audit: Callable[..., AuditReport]) -> None:
    """Shown yesterday's log for today's: every cosignature is a day old."""
    stale = ShownLog(acts(SIZE), at=NOW - 86_400)
    with pytest.raises(Unverified, match="too old"):
        audit(stale, 3600)
    assert audit(stale).exit_code == 0  # nothing else is wrong with it


def test_forward_dating_is_refused(audit: Callable[..., AuditReport]) -> None:
    """Cosignatures from the future do not count."""
    with pytest.raises(Unverified, match="ahead of the clock"):
        audit(ShownLog(acts(3), at=NOW + 3600))


@pytest.mark.parametrize("real", ["disclosure", "emergency"])
def test_a_lie_about_the_kind_is_seen_when_the_leaf_is_opened(real: str) -> None:
    """Called a notification in public; whoever gets the opening holds a proof of the lie."""
    salt, record, signatures = b"s" * 32, b'{"step":"x"}', b"{}"
    honest = commit(salt, real, record, signatures)
    lie = parse_leaf(ActLeaf("notification", honest).encode())
    with pytest.raises(Unverified, match="the log lies"):
        check_opening(lie, salt, real, record, signatures)
    with pytest.raises(Unverified, match="not what the leaf"):  # nor can the public kind be opened instead
        check_opening(lie, salt, "notification", record, signatures)
    check_opening(ActLeaf("sealed", honest, "until 2028-01-01"), salt, real, record, signatures)


def test_a_commitment_used_twice_is_listed(audit: Callable[..., AuditReport]) -> None:
    """One act logged again to count twice: two leaves with one commitment."""
    report = audit(ShownLog([*acts(SIZE), act(17, "decision-grant")]))
    assert (report.exit_code, report.sums.totals) == (4, {"duplicate": 1})
    assert (report.sums.breaches[0].position, "leaf 17" in report.sums.breaches[0].says) == (SIZE, True)


def test_a_seal_not_lifted_is_listed(audit: Callable[..., AuditReport]) -> None:
    """`until` passed, no unseal, no extension: the list of what is overdue."""
    report = audit(ShownLog([act(0, "sealed", "until 2026-12-01"), act(1, "sealed", "until 2028-01-01")]))
    assert [(each.kind, each.position) for each in report.sums.breaches] == [("overdue", 0)]
    assert report.exit_code == 4


def test_emergencies_are_counted(audit: Callable[..., AuditReport]) -> None:
    """The loophole has a public kind; emergencies without any later act that could follow them up are counted."""
    report = audit(ShownLog([act(0, "emergency"), act(1, "notification"), act(2, "emergency")]))
    assert (report.sums.counts["emergency"], report.sums.emergencies_open) == (2, 1)
    assert report.sums.emergencies == (0, 2)


@pytest.mark.parametrize(
    ("path", "harm"),
    [
        ("tile/entries/000", lambda data: data[:-1]),
        ("tile/entries/000", lambda data: data + b"\0\0"),
        ("tile/entries/002.p/88", lambda data: data[: len(data) // 2]),
        ("tile/0/001", lambda data: data[:-32]),
        ("tile/0/002.p/88", lambda data: data[:-32]),
        ("tile/1/000.p/2", lambda data: data[:32]),
        ("tile/entries/001", lambda data: data.replace(b"request", b"refusal", 1)),
        ("tile/entries/002.p/88", lambda data: data.replace(b"request", b"refusal", 1)),
        ("tile/0/000", lambda data: b"\1" + data[1:]),
        ("tile/0/002.p/88", lambda data: b"\1" + data[1:]),
        ("tile/1/000.p/2", lambda data: b"\1" + data[1:]),
        ("tile/0/000", lambda data: None),
        ("tile/entries/002.p/88", lambda data: None),
    ],
)
def test_truncated_poisoned_and_missing_files_are_refused(
    audit: Callable[..., AuditReport], tmp_path: Path, path: str, harm: Callable[[bytes], bytes | None]
) -> None:
    """Every file that serves the tree is checked against the root; the same log unharmed goes through afterwards."""
    folder = ShownLog(acts(SIZE)).write(tmp_path / "log")
    whole = (folder / path).read_bytes()
    harmed = harm(whole)
    assert harmed != whole
    (folder / path).unlink() if harmed is None else (folder / path).write_bytes(harmed)
    with pytest.raises((Malformed, Unverified, NotFound)):
        audit(FolderSource(folder))
    (folder / path).write_bytes(whole)
    assert audit(FolderSource(folder)).exit_code == 0


_HASH = encode_base64(commitment(1))


@pytest.mark.parametrize(
    "leaf",
    [
        f"act-leaf/v1\r\nrequest\r\n{_HASH}\r\n-\r\n",
        f"act-leaf/v1\nrequest\n{_HASH}\n-",
        f"act-leaf/v1\nrequest\n{_HASH}\n-\n\n",
        f"act-leaf/v1\nrequest\u2003\n{_HASH}\n-\n",
        f"act-leaf/v1\nrequest\n{_HASH[:-2]}p=\n-\n",
        f"act-leaf/v1\nrequest\n{_HASH[:-1]}\n-\n",
        f"act-leaf/v1\nunseal\n{_HASH}\nref 00\n",
        f"act-leaf/v1\nsealed\n{_HASH}\nuntil 2027-02-02\n",
        f"act-leaf/v1\nrequest\n{_HASH}\n{'-' * 600}\n",
    ],
)
def test_another_spelling_of_a_leaf_is_shown(audit: Callable[..., AuditReport], leaf: str) -> None:
    """A log that commits to something that is no leaf cannot hide it from the count."""
    report = audit(ShownLog([*acts(3), leaf.encode()]))
    assert (report.exit_code, report.sums.totals, report.sums.counts) == (4, {"unreadable": 1}, {"request": 3})


@pytest.mark.parametrize(
    ("old", "new"), [(b"\n600\n", b"\n0600\n"), (b"\n600\n", b"\r\n600\r\n"), (b"=\n", b"\n"), (b"\n\n", b"\nx\n\n")]
)
def test_another_spelling_of_a_checkpoint_is_refused(audit: Callable[..., AuditReport], old: bytes, new: bytes) -> None:
    log = ShownLog(acts(SIZE))
    log.note = log.note.replace(old, new, 1)
    with pytest.raises(ComityError):
        audit(log)


def test_the_proof_of_another_log_or_another_place_is_refused() -> None:
    """Origin, index and size are all under the signature or the root."""
    log, other = ShownLog(acts(SIZE)), Signer.from_seed("other.example/act-log/2027", b"x" * 32)
    root = Tree().append([leaf_hash(leaf) for leaf in acts(SIZE)])[0].root()
    path = inclusion_proof(5, SIZE, log.hashes)
    assert TlogProof(5, None, path, log.note).verify(POLICY, act(5), NOW).checkpoint.origin == ORIGIN
    with pytest.raises(Unverified):
        TlogProof(6, None, path, log.note).verify(POLICY, act(5), NOW)
    foreign = sign_checkpoint(Checkpoint(other.name, SIZE, root), [other])
    with pytest.raises(Unverified):
        TlogProof(5, None, path, foreign).verify(POLICY, act(5), NOW)
    borrowed = sign_checkpoint(Checkpoint(ORIGIN, SIZE, root), [other])  # another log's key under this origin
    both = Policy.parse(f"log {LOG.vkey.encode()}\nlog {other.vkey.encode()}\nquorum none\n")
    with pytest.raises(Unverified):
        TlogProof(5, None, path, borrowed).verify(both, act(5), NOW)


class Withholding(ShownLog):
    """Signs everything and does not serve one bundle."""

    def fetch(self, path: str) -> bytes:
        if path == "tile/entries/001":
            raise NotFound("gone")
        return super().fetch(path)


def test_a_leaf_withheld_is_refused_by_a_mirror_and_not_by_a_witness(tmp_path: Path) -> None:
    """The tree extends itself, so a witness cosigns; a mirror in the quorum does not, and there is no checkpoint."""
    honest, withholding = ShownLog(acts(SIZE)), Withholding(acts(SIZE))
    witness = Witness([Ed25519Cosigner.from_seed("w.example/w", b"w" * 32)], {ORIGIN: [Verifier(LOG.vkey)]})
    cosigner = Ed25519Cosigner.from_seed("w.example/mirror", b"m" * 32)
    with SQLiteWitnessStore(tmp_path / "w.sqlite") as store:
        assert witnessed(witness, withholding, store) == 200

    def mirror(log: ShownLog) -> Mirror:
        return Mirror([cosigner], {ORIGIN: [Verifier(LOG.vkey)]}, sources={ORIGIN: log}, folder=tmp_path / "mirror")

    with SQLiteWitnessStore(tmp_path / "m.sqlite") as store:
        assert witnessed(mirror(withholding), withholding, store) == 503
        assert store.get(ORIGIN) is None
        assert witnessed(mirror(honest), honest, store) == 200
        grown = ShownLog(acts(900))
        assert witnessed(mirror(grown), grown, store, SIZE) == 200
        fork = ShownLog([*acts(300), *acts(700, "another")])
        assert witnessed(mirror(fork), fork, store, 900) == 422
        assert len(list((tmp_path / "mirror").rglob("*.log-contradiction"))) == 1
    held = mirror(grown).held(ORIGIN)
    assert read_checkpoint(held.checkpoint()).size == 900
    with AuditState() as state:
        assert Auditor(held, state, POLICY, TODAY).run().exit_code == 0
