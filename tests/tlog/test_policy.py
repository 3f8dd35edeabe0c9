"""A policy accepts what its quorum cosigned, says who is missing otherwise, and what it is worth itself."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Malformed, Unverified
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.cosignature import Ed25519Cosigner
from comity.tlog.note import SignatureLine, Signer, add_lines
from comity.tlog.policy import Policy
from comity.tlog.policy_lint import lint, outages, overlap
from tests.tlog.biglog import LOG, LOG_PQ, NOW, tree_at

WITNESSES = [Ed25519Cosigner.from_seed(f"w{number}.example", bytes([number + 1]) * 32) for number in range(7)]
KEYS = [witness.vkey.encode() for witness in WITNESSES]
CHECKPOINT = Checkpoint(LOG.name, 3, tree_at(3).root())
HEAD = f"log {LOG.vkey.encode()}\n" + "".join(f"witness w{number} {key}\n" for number, key in enumerate(KEYS))
NESTED = HEAD + (
    "group domestic any w0 w1\ngroup foreign 3 w2 w3 w4 w5\ngroup both all domestic foreign\nquorum both\n"
)


def note(*cosigned: int, at: int = NOW) -> bytes:
    return sign_checkpoint(CHECKPOINT, [LOG, *(WITNESSES[number].at(at) for number in cosigned)])


def test_nested_quorum() -> None:
    policy = Policy.parse(NESTED)
    checked = policy.check(note(0, 2, 3, 5), NOW, 60)
    assert checked.checkpoint == CHECKPOINT
    assert checked.cosigned_by == [("w0", NOW), ("w2", NOW), ("w3", NOW), ("w5", NOW)]
    with pytest.raises(Unverified, match="missing: w1, w3, w4, w6"):
        policy.check(note(0, 2, 5), NOW, 60)
    with pytest.raises(Unverified, match="missing: w0, w1, w6"):
        policy.check(note(2, 3, 4, 5), NOW, 60)


@given(st.sets(st.integers(0, 6)))
def test_quorum_is_what_the_file_says(cosigned: set[int]) -> None:
    expected = bool(cosigned & {0, 1}) and len(cosigned & {2, 3, 4, 5}) >= 3
    assert Policy.parse(NESTED).satisfied(f"w{number}" for number in cosigned) == expected


def test_only_timely_cosignatures_count() -> None:
    policy = Policy.parse(HEAD + "quorum w0\n")
    assert policy.check(note(0), NOW + 60, 60).cosigned_by == [("w0", NOW)]
    assert policy.check(note(0), NOW + 10**9, None).cosigned_by == [("w0", NOW)]
    assert policy.check(note(0), NOW - 300, 60).cosigned_by == [("w0", NOW)]
    for now, age in [(NOW + 61, 60), (NOW - 301, 60), (NOW - 301, None)]:
        with pytest.raises(Unverified, match=r"too old or ahead of the clock: w0.*Compare the clocks"):
            policy.check(note(0), now, age)
    renewed = add_lines(note(0), [line_at(0, NOW + 50)])
    assert policy.check(renewed, NOW + 61, 60).cosigned_by == [("w0", NOW + 50)]


def line_at(number: int, timestamp: int) -> SignatureLine:
    witness = WITNESSES[number]
    return SignatureLine(witness.name, witness.vkey.key_id, witness.sign_at(CHECKPOINT.encode(), timestamp))


def test_the_log_must_have_signed_under_its_own_name() -> None:
    policy = Policy.parse(HEAD + "quorum w0\n")
    with pytest.raises(Unverified, match="No log of the policy"):
        policy.check(sign_checkpoint(CHECKPOINT, [WITNESSES[0].at(NOW)]), NOW, None)
    elsewhere = Checkpoint("other.example/log", 3, CHECKPOINT.root)
    with pytest.raises(Unverified, match="No log of the policy"):
        policy.check(sign_checkpoint(elsewhere, [LOG, WITNESSES[0].at(NOW)]), NOW, None)
    with pytest.raises(Unverified, match="names no log"):
        Policy.parse("quorum none\n").check(note(), NOW, None)
    other = Signer.from_seed(LOG.name, b"?" * 32)
    with pytest.raises(Unverified):
        policy.check(sign_checkpoint(CHECKPOINT, [other, WITNESSES[0].at(NOW)]), NOW, None)


def test_either_key_of_the_log_will_do_and_none_may_be_bad() -> None:
    policy = Policy.parse(f"log {LOG.vkey.encode()}\nlog {LOG_PQ.vkey.encode()} https://node.example/\nquorum none\n")
    assert policy.check(sign_checkpoint(CHECKPOINT, [LOG_PQ.at(NOW)]), NOW, None).cosigned_by == []
    forged = add_lines(note(), [SignatureLine(LOG.name, LOG_PQ.vkey.key_id, bytes(2428))])
    with pytest.raises(Unverified, match="is bad"):
        policy.check(forged, NOW, None)


def test_spaces_comments_urls_and_foreign_octets_are_read() -> None:
    text = b" \t# caf\xe9 \xff\n\n\tlog  " + LOG.vkey.encode().encode() + b"\n"
    text += b"witness \xff\xfe " + KEYS[0].encode() + b" https://w.example/ \nquorum \xff\xfe"
    with pytest.raises(Malformed):
        Policy.parse(text)
    policy = Policy.parse(text + b"\n")
    assert len(policy.witnesses) == 1
    assert policy.check(note(0), NOW, None).cosigned_by[0][1] == NOW


BAD = {
    "no quorum": HEAD,
    "two quorums": HEAD + "quorum w0\nquorum w0\n",
    "quorum above its definition": "quorum w0\n" + HEAD,
    "unknown member": HEAD + "group g any w0 w9\nquorum g\n",
    "none as a member": HEAD + "group g any w0 none\nquorum g\n",
    "none as a name": HEAD + "group none any w0\nquorum none\n",
    "member twice": HEAD + "group g any w0 w0\nquorum g\n",
    "member of two groups": HEAD + "group g any w0 w1\ngroup h any w0 w2\nquorum g\n",
    "name twice": HEAD + "group w0 any w1\nquorum w0\n",
    "threshold 0": HEAD + "group g 0 w0\nquorum g\n",
    "threshold too great": HEAD + "group g 2 w0\nquorum g\n",
    "threshold with a leading zero": HEAD + "group g 01 w0\nquorum g\n",
    "empty group": HEAD + "group g any\nquorum g\n",
    "one key under two names": HEAD + f"witness again {KEYS[0]}\nquorum w0\n",
    "one key as log and witness": HEAD + f"log {Signer(LOG.name, WITNESSES[0].key).vkey.encode()}\nquorum w0\n",
    "log twice": f"log {LOG.vkey.encode()}\n" + HEAD + "quorum w0\n",
    "log key as a witness's": f"witness w {LOG.vkey.encode()}\nquorum w\n",
    "witness key as a log's": f"log {KEYS[0]}\nquorum none\n",
    "bad key": HEAD.replace("+A", "+B") + "quorum w0\n",
    "unknown word": HEAD + "quorums w0\n",
    "CRLF": (HEAD + "quorum w0\n").replace("\n", "\r\n"),
    "NUL": HEAD + "# \0\nquorum w0\n",
    "DEL": HEAD + "# \x7f\nquorum w0\n",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_bad_policies_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        Policy.parse(text)


def test_one_key_under_two_names_is_named() -> None:
    with pytest.raises(Malformed, match=r"Line 9 .* witness again has the same public key as witness w0"):
        Policy.parse(BAD["one key under two names"])


# n, q, f as recommended for quorums of oversight bodies: 2q - n > f.
@pytest.mark.parametrize(("count", "needed", "bears", "away"), [(3, 2, 0, 1), (3, 3, 2, 0), (5, 4, 2, 1), (7, 5, 2, 2)])
def test_lint_states_what_a_plain_quorum_bears(count: int, needed: int, bears: int, away: int) -> None:
    names = " ".join(f"w{number}" for number in range(count))
    policy = Policy.parse(HEAD + f"group g {needed} {names}\nquorum g\n")
    sentences = lint(policy)
    assert f"at most f = {bears} witness(es) are dishonest (2q - n > f)" in sentences[0]
    assert f"any {away} witness(es) are away" in sentences[1]


def test_lint_names_weak_policies() -> None:
    assert "no cosignature" in lint(Policy.parse(HEAD + "quorum none\n"))[0]
    weak = lint(Policy.parse(HEAD.split("\n", 1)[1] + "group g 2 w0 w1 w2 w3\nquorum g\n"))
    assert "not even f = 0" in weak[0]
    assert any(sentence.startswith("Group g asks for 2 of 4 (2q - n = 0)") for sentence in weak)
    assert "Witness w6 is named, but no quorum depends on it." in weak
    assert "The policy names no log, so it accepts none." in weak
    assert any("Group domestic" in sentence for sentence in lint(Policy.parse(NESTED)))


@given(st.data())
def test_overlap_and_outages_are_the_true_minima(data: st.DataObject) -> None:
    lines, free = [HEAD], [f"w{number}" for number in range(7)]
    for number in range(data.draw(st.integers(1, 3))):
        members = data.draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
        free = [name for name in free if name not in members] + [f"g{number}"]
        lines.append(f"group g{number} {data.draw(st.integers(1, len(members)))} {' '.join(members)}\n")
    policy = Policy.parse("".join(lines) + f"quorum {free[-1]}\n")
    names = list(policy.witnesses)
    chosen = [set(each) for size in range(8) for each in itertools.combinations(names, size)]
    quorums = [each for each in chosen if policy.satisfied(each)]
    least = [each for each in quorums if not any(other < each for other in quorums)]
    assert overlap(policy) == min(len(one & two) for one in least for two in least)
    fatal = min(len(each) for each in chosen if not policy.satisfied(set(names) - each))
    assert outages(policy) == fatal - 1
