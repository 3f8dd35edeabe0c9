"""What a leaf must show of a record: sealed as its head says, in the open otherwise; and that it shows no more."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.docket.finding import Finding, clear, hold
from comity.docket.record import Record
from comity.docket.sealing import MOST_MONTHS, check_leaf, month_after
from comity.errors import Malformed, Unverified
from comity.node.log.seals import sealed_leaf
from comity.proceedings.request import REQUEST
from comity.tlog.counting import KINDS_COUNTED
from comity.tlog.leaf import ActLeaf, parse_leaf

MARCH, MAY = "2027-03-01", "2027-05-01"
CLEAR, HELD = (clear("a", "art 1", "x"),), (hold("a", "art 1", "x", "request.revise"),)


def record(step: str, until: str = "") -> Record:
    return Record(
        docket="request:test-1", step=step, answers=(), party="DE", authority="a", role="judge",
        at="2026-12-04T12:00:00Z", nonce="", sections={}, sealed_until=until or msgspec.UNSET,
    )  # fmt: skip


def leaf(kind: str, public: str = "-") -> ActLeaf:
    return ActLeaf(kind, bytes(32), public)


RIGHT: tuple[tuple[str, str, ActLeaf, str, tuple[Finding, ...]], ...] = (
    ("request.draft", "", leaf("request"), "request", CLEAR),
    ("request.draft", "", leaf("request"), "request", HELD),
    ("request.draft", MARCH, leaf("sealed", f"until {MARCH}"), "request", CLEAR),
    ("request.draft", MARCH, leaf("sealed", f"until {MARCH}"), "request", HELD),
    ("request.produce", MARCH, leaf("sealed", f"until {MARCH}"), "disclosure", CLEAR),
    ("request.extend_seal", MAY, leaf("extend", f"ref 3 until {MAY}"), "extend", CLEAR),
    ("request.extend_seal", MAY, leaf("request"), "request", HELD),
    ("request.extend_seal", MAY, leaf("request"), "request", CLEAR),  # too late in this log
    ("request.unseal", "", leaf("unseal", "ref 3"), "unseal", CLEAR),
    ("request.unseal", "", leaf("request"), "request", HELD),
    ("request.unknown", "", leaf("request"), "request", HELD),
)
WRONG: tuple[tuple[str, str, ActLeaf, str, tuple[Finding, ...]], ...] = (
    ("request.draft", MARCH, leaf("request"), "request", CLEAR),
    ("request.draft", "", leaf("sealed", f"until {MARCH}"), "request", CLEAR),
    ("request.draft", MARCH, leaf("sealed", f"until {MAY}"), "request", CLEAR),
    ("request.draft", MARCH, leaf("sealed", f"until {MARCH}"), "disclosure", CLEAR),
    ("request.produce", "", leaf("request"), "request", CLEAR),
    ("request.extend_seal", MAY, leaf("extend", "ref 3 until 2027-09-01"), "extend", CLEAR),
    ("request.extend_seal", MAY, leaf("extend", f"ref 3 until {MAY}"), "extend", HELD),
    ("request.extend_seal", MAY, leaf("sealed", f"until {MAY}"), "request", HELD),
    ("request.unseal", "", leaf("unseal", "ref 3"), "unseal", HELD),
)


@pytest.mark.parametrize(("step", "until", "shown", "kind", "findings"), RIGHT)
def test_what_a_log_may_show(
    step: str, until: str, shown: ActLeaf, kind: str, findings: tuple[Finding, ...]
) -> None:
    check_leaf(shown, kind, record(step, until), REQUEST.table.get(step), findings)


@pytest.mark.parametrize(("step", "until", "shown", "kind", "findings"), WRONG)
def test_what_a_log_may_not_show(
    step: str, until: str, shown: ActLeaf, kind: str, findings: tuple[Finding, ...]
) -> None:
    with pytest.raises(Unverified):
        check_leaf(shown, kind, record(step, until), REQUEST.table.get(step), findings)


@given(
    st.sampled_from(KINDS_COUNTED), st.sampled_from(KINDS_COUNTED), st.binary(min_size=32, max_size=32),
    st.binary(max_size=300), st.binary(max_size=300),
)  # fmt: skip
def test_a_sealed_leaf_shows_nothing_of_its_kind_but_two_random_looking_values(
    one: str, other: str, salt: bytes, act: bytes, more: bytes
) -> None:
    """Two leaves of whatever kinds and contents differ in their commitments alone, padding among them."""
    first = sealed_leaf(one, salt, act, more, date(2027, 3, 1)).encode().split(b"\n")
    second = sealed_leaf(other, bytes(reversed(salt)) or salt, more, act, date(2027, 3, 1)).encode().split(b"\n")
    assert [first[n] for n in (0, 1, 3, 5)] == [second[n] for n in (0, 1, 3, 5)]
    assert [len(line) for line in first] == [len(line) for line in second]
    assert parse_leaf(b"\n".join(first)).kind == "sealed"
    assert not any(name.encode() in line for name in KINDS_COUNTED for line in first)


@pytest.mark.parametrize("text", ["", "2027-03", "2027-03-02", "2027-13-01", "0000-01-01", " 2027-03-01"])
def test_a_head_names_the_first_of_a_month_or_nothing(text: str) -> None:
    with pytest.raises(Malformed):
        _ = msgspec.structs.replace(record("request.draft"), sealed_until=text).sealed_month


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, MOST_MONTHS))
def test_months_are_counted_from_the_days_own(day: date, months: int) -> None:
    found = month_after(day, months)
    assert found.day == 1
    assert (found.year - day.year) * 12 + found.month - day.month == months
