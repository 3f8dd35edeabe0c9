"""Attacks made on running nodes, or with a node's own keys, that only show where nodes, witnesses and outsiders meet.

docs/attacks.md names for every attack the tests that make it; those here are what no other room's tests make.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from hashlib import sha256
from itertools import combinations
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from comity.docket.logged import act_bytes, findings_bytes, signature_bytes
from comity.errors import BadLaw, ComityError, Malformed, NotFound, Unverified
from comity.node.auditor.audit import Auditor
from comity.node.auditor.state import AuditState
from comity.node.keeping.batch import Batch
from comity.node.log.seals import Made
from comity.node.node import Node
from comity.node.publishing.padding import Padder
from comity.node.witness.store import SQLiteWitnessStore
from comity.signing.base64url import to_base64url
from comity.tlog.audit import AuditReport
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.cosignature import Ed25519Cosigner, verifier_for
from comity.tlog.encoding import encode_base64
from comity.tlog.leaf import ActLeaf, commit, parse_leaf
from comity.tlog.note import NoteSigner, NoteVerifier, Signer
from comity.tlog.policy import Policy
from comity.tlog.policy_lint import lint
from comity.tlog.tree import Tree, consistency_proof, leaf_hash
from comity.tlog.witness import Seen, Witness, build_add_checkpoint, read_answer
from comity.web.app import create_app
from tests.audit.shown import LOG, LOG_PQ, NOW, ORIGIN, ShownLog, acts
from tests.node import matters
from tests.node.lying_peer import Liar, LyingWire
from tests.node.matters import DOCKET
from tests.node.nodes import Nodes
from tests.node.test_mirror_in_quorum import OverHttp
from tests.world import eio_request, origin


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    found = Nodes(tmp_path)
    yield found
    found.close()


@pytest.fixture
def de(nodes: Nodes) -> Node:
    return nodes.open("DE")


def audited(nodes: Nodes, node: Node, source: OverHttp) -> AuditReport:
    """What an outsider finds over HTTP."""
    with AuditState() as state:
        return Auditor(source, state, Policy.parse(nodes.policy(node.party)), nodes.clock()).run()


def salt_of(node: Node, record: str) -> bytes:
    row = node.store.record_row(record)
    assert row is not None
    return bytes(row["salt"])


# --- omission


def test_a_receiver_that_says_done_and_logs_nothing_stays_an_unmatched_pair(tmp_path: Path) -> None:
    """FR takes the request in its own words and hides it: DE's log proves the request, FR's log has no proof of it."""
    nodes = Nodes(tmp_path)
    nodes.wire = LyingWire()
    de, fr = nodes.open("DE"), nodes.open("FR")
    sent = matters.sent(nodes, de)
    nodes.wire.lie("pretend", 100)
    nodes.settle()
    assert de.logged(sent.id).origin == origin("DE")
    assert de.store.counterproofs(sent.id) == []
    assert fr.store.size() == 0
    assert {row["record"] for row in de.mailbox.outbox.waiting()} >= {sent.id}  # said done, of nothing that was asked
    nodes.close()


# --- padding used to hide an act


def test_an_act_logged_as_padding_is_not_taken_by_the_other_side(nodes: Nodes, de: Node) -> None:
    """DE's log holds the draft under a sealed leaf of padding only; nothing that FR is shown opens it as the act."""
    fr = nodes.open("FR")
    draft = matters.draft(nodes, de)
    sealed, findings = de.sealed(draft.id), de.registrar.docket(DOCKET).by_id[draft.id].findings
    salt = b"p" * 32
    hidden = ActLeaf("sealed", commit(salt, "padding", b"", b""), "until 2027-03-01").encode()
    row = {"kind": "padding", "salt": salt, "record": b"", "ref": None}
    start, _ = de.registrar.make(lambda: [Made(hidden, row)])
    de.publisher.publish()
    liar = Liar(nodes, de, fr)
    item = liar.item(draft.id)
    proof = de.log.proof(start).encode().decode()
    for kind, opening in (("padding", salt), ("request", salt), ("request", salt_of(de, draft.id))):
        logged = msgspec.structs.replace(item.logged, kind=kind, salt=to_base64url(opening), proof=proof)
        (outcome,) = liar.deliver(msgspec.structs.replace(item, logged=logged))
        assert (outcome.done, outcome.retry) == (False, False)
    assert fr.registrar.docket(DOCKET).entries == ()
    assert commit(salt, "request", act_bytes(sealed, findings_bytes(findings)), signature_bytes(sealed)) not in hidden


# --- salt grinding, guessing the record


def test_nothing_public_can_be_recomputed_from_a_guessed_record(nodes: Nodes, de: Node) -> None:
    """Who guesses a whole record right, its findings, its signatures and all, still cannot find its leaf."""
    drafts = [matters.draft(nodes, de, DOCKET + tail) for tail in ("", "b")]
    assert de.publisher.publish()
    with TestClient(create_app(de)) as http:
        source = OverHttp(http)
        public = source.checkpoint() + source.fetch("tile/entries/000.p/2") + source.fetch("tile/0/000.p/2")
    for draft in drafts:
        sealed, row = de.sealed(draft.id), de.store.record_row(draft.id)
        assert row is not None
        findings = de.registrar.docket(sealed.record.docket).by_id[draft.id].findings
        act, signatures = act_bytes(sealed, findings_bytes(findings)), signature_bytes(sealed)
        guesses = [sha256(data).digest() for data in (act, signatures, act + signatures, msgspec.json.encode(sealed))]
        guesses += [commit(bytes([n]) * 32, row["kind"], act, signatures) for n in range(256)]
        guesses += [bytes.fromhex(draft.id.removeprefix("sha256:")), commit(sha256(act).digest(), "request", act, b"")]
        assert not [g for g in guesses if g in public or encode_base64(g).encode() in public]
        known = commit(row["salt"], row["kind"], act, signatures)  # that this search finds what is there
        assert encode_base64(known).encode() in public
    salts = [salt_of(de, d.id) for d in drafts]
    assert len(set(salts)) == 2
    assert all(len(salt) == 32 for salt in salts)


# --- one commitment counted twice


def test_a_leaf_that_a_node_enters_twice_is_listed_over_http(nodes: Nodes, de: Node) -> None:
    """DE's insiders enter the leaf of an act once more, to count it twice."""
    matters.sent(nodes, de)
    again = de.log.append([de.store.leaves(1, 2)[0]])
    de.store.enter(Batch(de.log.end, leaves=again.leaves, nodes=again.nodes))
    de.log.tree = again.tree
    de.publisher.publish()
    with TestClient(create_app(de)) as http:
        report = audited(nodes, de, OverHttp(http))
    assert (report.exit_code, report.sums.totals) == (4, {"duplicate": 1})
    assert "leaf 1" in report.sums.breaches[0].says


# --- a cache between the node and the outsider


class Cache(OverHttp):
    """A content network that answers for the node: what it was told to spoil, it spoils."""

    def __init__(self, http: TestClient, path: str, harm: Callable[[bytes], bytes]) -> None:
        super().__init__(http)
        self._path, self._harm = path, harm

    def fetch(self, path: str) -> bytes:
        data = super().fetch(path)
        return self._harm(data) if path == self._path else data


@pytest.mark.parametrize("path", ["tile/entries/000.p/3", "tile/0/000.p/3", "checkpoint"])
@pytest.mark.parametrize("harm", [lambda d: d[:-1], lambda d: d[:-32], lambda d: d[:9] + b"\1" + d[10:]])
def test_a_cache_that_poisons_or_cuts_is_found(
    nodes: Nodes, de: Node, path: str, harm: Callable[[bytes], bytes]
) -> None:
    matters.sent(nodes, de)
    de.publisher.publish()
    with TestClient(create_app(de)) as http:
        with pytest.raises((Malformed, Unverified, NotFound)):
            audited(nodes, de, Cache(http, path, harm))
        assert audited(nodes, de, Cache(http, path, lambda data: data)).exit_code == 0


# --- witnesses bribed


def views(count: int, needed: int, bribed: int, folder: Path) -> int:
    """How many of two histories reach the quorum when so many witnesses sign both; the most over all ways to divide
    the honest ones, who are real witnesses with a memory and sign the first they see."""
    cosigners = [Ed25519Cosigner.from_seed(f"w{n}.example/witness", bytes([n + 1]) * 32) for n in range(count)]
    names = " ".join(f"w{n}" for n in range(count))
    lines = [f"log {LOG.vkey.encode()}", *(f"witness w{n} {c.vkey.encode()}" for n, c in enumerate(cosigners))]
    policy = Policy.parse("\n".join([*lines, f"group g {needed} {names}", "quorum g", ""]))
    keys = [verifier_for(LOG.vkey)]
    one, other = ShownLog(acts(3), cosigned=()), ShownLog([*acts(2), *acts(2, "another")], cosigned=())
    most, honest = 0, range(bribed, count)
    for size in range(len(honest) + 1):
        for first in combinations(honest, size):
            with SQLiteWitnessStore(folder / "w.sqlite") as store:
                reached = 0
                for shown, mine in ((one, set(first)), (other, set(honest) - set(first))):
                    signers: list[NoteSigner] = [LOG, LOG_PQ.at(NOW), *(cosigners[n].at(NOW) for n in range(bribed))]
                    note = sign_checkpoint(Checkpoint(ORIGIN, shown.size, root(shown)), signers)
                    for number in mine:
                        note += cosigned(cosigners[number], shown, note, store, keys)
                    try:
                        policy.check(note, NOW, None)
                        reached += 1
                    except Unverified:
                        pass
            (folder / "w.sqlite").unlink()
            most = max(most, reached)
    return most


def root(shown: ShownLog) -> bytes:
    return Tree().append([leaf_hash(leaf) for leaf in shown.entries])[0].root()


def cosigned(
    cosigner: Ed25519Cosigner, shown: ShownLog, note: bytes, store: SQLiteWitnessStore, keys: Sequence[NoteVerifier]
) -> bytes:
    witness = Witness([cosigner], {ORIGIN: keys})
    body = build_add_checkpoint(0, consistency_proof(0, shown.size, shown.hashes), note)
    answer = witness.add_checkpoint(body, _Apart(store, cosigner.name), NOW)
    lines = read_answer(answer, Checkpoint(ORIGIN, shown.size, root(shown)).encode(), [verifier_for(cosigner.vkey)])
    assert not isinstance(lines, int)
    return b"".join(line.encode() for line in lines)


class _Apart:
    """One file for the memories of several witnesses."""

    def __init__(self, store: SQLiteWitnessStore, name: str) -> None:
        self._store, self._name = store, name

    def get(self, origin: str) -> Seen | None:
        return self._store.get(f"{self._name} {origin}")

    def compare_and_set(self, origin: str, old: Seen | None, new: Seen) -> bool:
        return self._store.compare_and_set(f"{self._name} {origin}", old, new)


@pytest.mark.parametrize(("count", "needed", "bears"), [(3, 2, 0), (4, 3, 1), (5, 4, 2)])
def test_bribed_witnesses_split_the_view_only_beyond_the_bound(
    tmp_path: Path, count: int, needed: int, bears: int
) -> None:
    """2q - n > f: with f bribed at most one history has a quorum; with one more, two have. The lint says the same."""
    assert 2 * needed - count - 1 == bears
    assert views(count, needed, bears, tmp_path) == 1
    assert views(count, needed, bears + 1, tmp_path) == 2


def test_a_node_does_not_start_with_one_witness_s_key_under_two_names(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    path = tmp_path / "DE" / "anchors.toml"
    key = nodes.cosigner("DE").vkey.encode()
    assert len(lint(Policy.parse(nodes.policy("DE")))) >= 1
    text = path.read_text(encoding="utf-8")
    assert nodes.cosigner("FR").vkey.encode() in text
    path.write_text(text.replace(nodes.cosigner("FR").vkey.encode(), key), encoding="utf-8")
    with pytest.raises((Malformed, BadLaw), match="same public key"):
        nodes.open("DE")
    nodes.close()


# --- timing and volume


def test_what_a_tick_shows_does_not_tell_whether_there_was_an_act(nodes: Nodes, de: Node) -> None:
    """Forty ticks, a sealed act in every other: the same number, kinds and lengths of leaves in each, and the
    bytes of acts and padding cannot be told apart (chi-square over the hashes' nibbles, limit at one in a million)."""
    padder, who = Padder(de.registrar, de.store, de.log, nodes.clock, 4), nodes.world.who("DE", "prosecutor")
    dice, shown, bytes_of = random.Random(7), [], {True: bytearray(), False: bytearray()}
    busy = [True] * 20 + [False] * 20
    dice.shuffle(busy)
    for number, with_act in enumerate(busy):
        start = de.store.size()
        if with_act:
            nodes.file(de, f"{DOCKET}{number}", "request.draft", eio_request(), who, sealed_until=date(2027, 3, 1))
        padder.tick()
        assert de.publisher.publish()
        leaves = de.store.leaves(start, de.store.size())
        read = [parse_leaf(leaf) for leaf in leaves]
        shown.append((len(leaves), tuple(leaf.kind for leaf in read), tuple(len(leaf) for leaf in leaves)))
        for leaf in read:
            bytes_of[with_act] += leaf.commitment + (leaf.count or b"")
    assert len(set(shown)) == 1  # nothing of this tells anything
    assert chi_square(*map(nibbles, bytes_of.values())) < 60  # 15 degrees of freedom: 57.7 at one in a million


def nibbles(data: bytes | bytearray) -> Counter[int]:
    return Counter(half for byte in data for half in (byte >> 4, byte & 15))


def chi_square(one: Counter[int], other: Counter[int]) -> float:
    """The statistic of two samples over sixteen classes."""
    first, second = math.sqrt(other.total() / one.total()), math.sqrt(one.total() / other.total())
    return sum((first * one[n] - second * other[n]) ** 2 / (one[n] + other[n]) for n in range(16))


def test_the_statistic_sees_what_is_not_alike() -> None:
    assert chi_square(nibbles(bytes(range(256)) * 20), nibbles(bytes(range(240)) * 20 + bytes(320))) > 60


# --- a forger with a quantum computer


def test_a_verifier_that_asks_for_ml_dsa_refuses_what_only_ed25519_signs(nodes: Nodes, de: Node) -> None:
    """Years later the log's Ed25519 key is broken: a rewritten log has a perfect line of it, none of the other."""
    matters.draft(nodes, de)
    assert de.publisher.publish()
    newest = de.store.checkpoint()
    assert newest is not None
    classic, lattice = (verifier_for(vkey).vkey for vkey in nodes.keys["DE"].log_vkeys)
    assert (classic.algorithm, lattice.algorithm) == (0x01, 0x06)
    asks = Policy.parse(f"log {lattice.encode()}\nquorum none\n")
    now = int(nodes.clock().timestamp())
    assert asks.check(newest[1], now, None).checkpoint.size == 1
    broken = next(signer for signer in nodes.keys["DE"].log_signers if isinstance(signer, Signer))
    tree, _ = Tree().append([leaf_hash(b"another history")])
    forged = sign_checkpoint(Checkpoint(origin("DE"), 1, tree.root()), [broken])
    with pytest.raises(Unverified):
        asks.check(forged, now, None)
    lines = newest[1].decode().splitlines(keepends=True)
    borrowed = forged + "".join(x for x in lines if x.startswith(f"— {origin('DE')} ")).encode()
    with pytest.raises(ComityError):  # nor do the honest lines fit the other text
        asks.check(borrowed, now, None)
    fooled = Policy.parse(f"log {classic.encode()}\nquorum none\n")  # who asks for less is fooled
    assert fooled.check(forged, now, None).checkpoint.root == tree.root()
