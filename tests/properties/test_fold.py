"""The fold: whatever the order of arrival, the same records make one docket; what has no effect changes nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256
from itertools import permutations
from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from comity.docket.docket import Docket, Entry, fold
from comity.docket.record import Record

STEPS = ("request.draft", "request.revise", "request.authorise", "request.send", "request.consult", "request.receipt")


def entry(number: int, answers: tuple[str, ...], step: str, effect: bool) -> Entry:
    record = Record(
        docket="request:fold-0001", step=step, answers=answers, party="DE", authority="de-court", role="judge",
        at="2026-12-04T16:10:00Z", nonce="AAAAAAAAAAAAAAAAAAAAAA", sections={},
    )  # fmt: skip
    identifier = "sha256:" + sha256(f"{number}".encode()).hexdigest()
    moves = step not in ("request.consult", "request.receipt")
    return Entry(identifier, record, None, "", (), effect, moves)


@st.composite
def graphs(draw: st.DrawFn) -> list[Entry]:
    """Records of a docket, each answering some that came before: any directed acyclic graph."""
    found: list[Entry] = []
    for number in range(draw(st.integers(1, 14))):
        answered = draw(st.sets(st.sampled_from(range(number)), max_size=4)) if number else set()
        answers = tuple(sorted(found[n].id for n in answered))
        found.append(entry(number, answers, draw(st.sampled_from(STEPS)), draw(st.integers(0, 3)) > 0))
    return found


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(entries: list[Entry], chance: random.Random) -> None:
    expected = fold("request:fold-0001", entries)
    shuffled = chance.sample(entries, len(entries))
    assert fold("request:fold-0001", shuffled) == expected
    one_by_one, waiting = Docket("request:fold-0001"), shuffled
    while waiting:
        ready = [e for e in waiting if all(a in one_by_one.by_id for a in e.record.answers)]
        chosen = chance.choice(ready)
        one_by_one = one_by_one.with_entry(chosen)
        waiting = [e for e in waiting if e is not chosen]
    assert one_by_one == expected
    assert (one_by_one.state, one_by_one.heads) == (expected.state, expected.heads)


@given(graphs(), st.data())
def test_twice_is_harmless_and_missing_ones_keep_out_only_what_answers_them(
    entries: list[Entry], data: st.DataObject
) -> None:
    whole = fold("request:fold-0001", entries)
    again = whole
    for each in entries:
        again = again.with_entry(each)
    assert again == whole
    missing = data.draw(st.sampled_from(entries))
    part = fold("request:fold-0001", [e for e in entries if e is not missing])
    gone = {missing.id}
    for each in entries:
        if gone & set(each.record.answers):
            gone.add(each.id)
    assert set(part.by_id) == {e.id for e in entries} - gone
    assert fold("request:fold-0001", [*part.entries, *entries]) == whole


@given(graphs())
def test_what_has_no_effect_moves_nothing(entries: list[Entry]) -> None:
    docket = fold("request:fold-0001", entries)
    effective = {e.id for e in docket.entries if e.effect}
    assert docket.heads <= effective
    assert all(e.id in effective for e in docket.last.values())
    idle = fold("request:fold-0001", [replace(e, effect=False) for e in entries])
    assert (idle.state, idle.heads, idle.last) == ("", frozenset(), {})
    answered = {a for e in docket.entries if e.effect for a in e.record.answers}
    assert docket.heads == effective - answered


@given(graphs(), st.data())
def test_the_past_is_what_the_filer_saw_and_nothing_else(entries: list[Entry], data: st.DataObject) -> None:
    docket = fold("request:fold-0001", entries)
    answers = data.draw(st.sets(st.sampled_from([e.id for e in entries]), min_size=1))
    past = docket.past_of(answers)
    expected, stack = set(), list(answers)
    while stack:
        found = docket.by_id[stack.pop()]
        if found.id not in expected:
            expected.add(found.id)
            stack.extend(found.record.answers)
    assert set(past.by_id) == {e for e in expected if docket.by_id[e].effect}
    assert past == docket.past_of([*answers, *answers])
    if docket.heads <= answers:  # whoever answers every head saw everything that has effect, and nothing else counts
        assert set(past.by_id) == {e.id for e in docket.entries if e.effect}
    assert all(past.by_id[e].depth == docket.by_id[e].depth for e in past.by_id)


def test_a_long_chain_is_folded_in_one_pass() -> None:
    """5,000 records in a row, arriving backwards: a fold that looks at all of them again each time takes minutes."""
    chain: list[Entry] = []
    for number in range(5000):
        chain.append(entry(number, (chain[-1].id,) if chain else (), "request.consult", True))
    begun = process_time()
    docket = fold("request:fold-0001", reversed(chain))
    assert process_time() - begun < 5
    assert [e.id for e in docket.entries] == [e.id for e in chain]
    assert docket.heads == {chain[-1].id}


def test_a_withdrawal_wins_over_what_did_not_know_of_it() -> None:
    sent = entry(1, (), "request.send", True)
    withdrawn = entry(2, (sent.id,), "request.withdraw", True)
    postponed = entry(3, (sent.id,), "request.postpone", True)
    recognised = entry(4, (postponed.id,), "request.recognise", True)
    for order in permutations((sent, withdrawn, postponed, recognised)):
        assert fold("request:fold-0001", order).state == "request.withdraw"
    closed = entry(5, (withdrawn.id, recognised.id), "request.close", True)
    assert fold("request:fold-0001", (sent, withdrawn, postponed, recognised, closed)).state == "request.close"
