"""Sealed acts through time: unsealed, extended or overdue."""

from __future__ import annotations

from datetime import date

import pytest

from comity.errors import Malformed, NotAdmitted, Unverified
from comity.tlog.counting import blinding_from_salt, commit_count
from comity.tlog.leaf import ActLeaf, commit
from comity.tlog.sealed import SealedActs, check_unsealed

HASH = bytes(32)
SALT = bytes(range(32))


def sealed(until: str) -> ActLeaf:
    return ActLeaf("sealed", HASH, f"until {until}")


def log(*leaves: ActLeaf) -> SealedActs:
    acts = SealedActs()
    acts.follow(enumerate(leaves))
    return acts


def late(acts: SealedActs, today: str) -> list[int]:
    return [act.position for act in acts.overdue(date.fromisoformat(today))]


def test_what_is_neither_unsealed_nor_extended_is_overdue_the_day_after() -> None:
    acts = log(sealed("2027-06-01"), ActLeaf("request", HASH), sealed("2027-03-01"))
    assert late(acts, "2027-03-01") == []
    assert late(acts, "2027-03-02") == [2]
    assert late(acts, "2028-01-01") == [2, 0]


def test_unsealing_ends_it_and_extending_moves_it() -> None:
    acts = log(
        sealed("2027-03-01"), sealed("2027-03-01"), ActLeaf("extend", HASH, "ref 0 until 2027-06-01"),
        ActLeaf("unseal", HASH, "ref 1"),
    )  # fmt: skip
    assert late(acts, "2027-06-01") == []
    assert late(acts, "2027-06-02") == [0]
    assert acts.acts[0].extensions == 1
    assert acts.acts[1].unsealed_by == 3
    assert acts.faults == []


@pytest.mark.parametrize(
    "leaf",
    [
        ActLeaf("extend", HASH, "ref 0 until 2027-03-01"),
        ActLeaf("extend", HASH, "ref 0 until 2027-01-01"),
        ActLeaf("extend", HASH, "ref 1 until 2028-01-01"),
        ActLeaf("extend", HASH, "ref 2 until 2028-01-01"),
        ActLeaf("extend", HASH, "ref 99 until 2028-01-01"),
        ActLeaf("unseal", HASH, "ref 2"),
        ActLeaf("unseal", HASH, "ref 1"),
    ],
)
def test_leaves_without_effect_are_faults_and_change_nothing(leaf: ActLeaf) -> None:
    before = [sealed("2027-03-01"), ActLeaf("request", HASH), sealed("2027-03-01"), ActLeaf("unseal", HASH, "ref 2")]
    acts = log(*before, leaf)
    assert [position for position, _ in acts.faults] == [4]
    assert acts.acts == log(*before).acts


def test_following_goes_on_where_it_stopped() -> None:
    acts = log(sealed("2027-03-01"))
    acts.follow([(1, ActLeaf("unseal", HASH, "ref 0"))])
    assert late(acts, "2030-01-01") == []


def test_extending_needs_a_later_month_in_time_and_within_the_law() -> None:
    acts, today = log(sealed("2027-03-01"), sealed("2026-12-01"), ActLeaf("request", HASH)), date(2027, 1, 15)
    leaf = acts.extend(0, date(2027, 7, 1), HASH, today, 6)
    assert (leaf.kind, leaf.public) == ("extend", "ref 0 until 2027-07-01")
    for ref, until in [(0, date(2027, 3, 1)), (0, date(2027, 8, 1)), (1, date(2027, 4, 1)), (2, date(2027, 4, 1))]:
        with pytest.raises(NotAdmitted):
            acts.extend(ref, until, HASH, today, 6)
    with pytest.raises(Malformed):
        acts.extend(0, date(2027, 4, 2), HASH, today, 6)
    assert acts.unseal(1, HASH).public == "ref 1"
    with pytest.raises(NotAdmitted):
        acts.unseal(2, HASH)


def test_unsealing_opens_act_and_count_together() -> None:
    count = commit_count("request", blinding_from_salt(SALT))
    leaf = ActLeaf("sealed", commit(SALT, "request", b"{}", b""), "until 2027-03-01", count)
    check_unsealed(leaf, SALT, "request", b"{}", b"")
    with pytest.raises(Unverified):
        check_unsealed(leaf, SALT, "refusal", b"{}", b"")
    with pytest.raises(Unverified):
        check_unsealed(leaf, bytes(32), "request", b"{}", b"")
    with pytest.raises(Malformed):
        check_unsealed(ActLeaf("request", leaf.commitment), SALT, "request", b"{}", b"")


def test_a_leaf_counted_as_another_kind_than_it_holds_is_caught_when_unsealed() -> None:
    """The lie that statistics alone cannot show: a disclosure counted as padding."""
    count = commit_count(None, blinding_from_salt(SALT))
    leaf = ActLeaf("sealed", commit(SALT, "disclosure", b"{}", b""), "until 2027-03-01", count)
    with pytest.raises(Unverified, match="the log lies"):
        check_unsealed(leaf, SALT, "disclosure", b"{}", b"")
    bare = ActLeaf("sealed", leaf.commitment, "until 2027-03-01")
    with pytest.raises(Unverified, match="no statistics"):
        check_unsealed(bare, SALT, "disclosure", b"{}", b"")


def test_padding_is_unsealed_as_padding() -> None:
    leaf = ActLeaf(
        "sealed", commit(SALT, "padding", b"", b""), "until 2027-03-01", commit_count(None, blinding_from_salt(SALT))
    )
    check_unsealed(leaf, SALT, None, b"", b"")
