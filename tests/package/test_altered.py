"""No altered package is ok: any byte, any file, with or without everything around it made anew."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from comity.docket.record import record_id
from comity.package.anchors import Anchors
from comity.signing.hand import put_hand
from tests.package import samples as s
from tests.package.readings import good, of, swapped

# --- any byte, any copy ----------------------------------------------------------------------------------------------


@given(st.data())
def test_no_package_with_one_byte_changed_is_ok(data: st.DataObject) -> None:
    sides, whole = s.good()
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    assert not s.verdict(bytes(changed), sides.world).ok


@given(st.data())
def test_no_package_with_one_byte_changed_and_everything_around_it_made_anew_is_ok(data: st.DataObject) -> None:
    """Whoever changes it has the maker's own key: only signatures, proofs and the law stand in the way."""
    sides, whole = s.good()
    files = s.files_of(whole)
    claims = ("data/records/", "data/logged/", "data/parties/", "data/exhibits/")
    path = data.draw(st.sampled_from(sorted(p for p in files if p.startswith(claims))))
    changed = bytearray(files[path])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    assert not s.verdict(s.remade({**files, path: bytes(changed)}), sides.world).ok


def test_a_package_that_calls_itself_another_docket_is_not_ok() -> None:
    sides, whole = s.good()
    files = s.files_of(whole)
    other = files["data/package.json"].replace(b'"request:test-1"', b'"request:test-2"')
    verdict = s.verdict(s.remade({**files, "data/package.json": other}), sides.world)
    assert verdict.docket == "request:test-2"
    assert not verdict.ok


def test_the_same_files_made_anew_are_the_same_package() -> None:
    """So that the property above fails packages for their content and not for how they were remade."""
    _, whole = s.good()
    assert s.remade(s.files_of(whole)) == whole


@given(st.data())
def test_no_two_files_can_change_places(data: st.DataObject) -> None:
    sides, whole = s.good()
    files = s.files_of(whole)
    folder = data.draw(st.sampled_from(["data/records/", "data/logged/", "data/parties/"]))
    paths = sorted(p for p in files if p.startswith(folder))
    a, b = data.draw(st.sampled_from(paths)), data.draw(st.sampled_from(paths))
    if files[a] != files[b]:
        assert not s.verdict(s.remade({**files, a: files[b], b: files[a]}), sides.world).ok


@given(st.data())
def test_no_package_cut_short_or_added_to_is_ok(data: st.DataObject) -> None:
    sides, whole = s.good()
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert not s.verdict(whole[:cut], sides.world).ok
    assert not s.verdict(whole[cut:] + b"x", sides.world).ok
    assert not s.verdict(whole + data.draw(st.binary(min_size=1, max_size=40)), sides.world).ok


def test_bytes_that_are_no_package_are_a_verdict_and_not_an_exception() -> None:
    world = s.good()[0].world
    for data in (b"", b"PK", b"\0" * 22, b"PK\5\6" + b"\0" * 18, b"PK\5\6" + b"\xff" * 18):
        verdict = s.verdict(data, world)
        assert not verdict.ok
        assert verdict.problems[0].next_step


def test_whatever_fails_inside_is_a_problem() -> None:
    contents, world = good()
    package = s.open_package(io.BytesIO(s.written(contents)))
    broken: Any = None
    assert s.check_package(package, s.anchors(world), world.law, s.NOW).ok
    assert not s.check_package(package, s.anchors(world), broken, s.NOW).ok
    assert not s.check_package(package, broken, world.law, s.NOW).ok
    assert not s.check_package(package, s.anchors(world), world.law, broken).ok
    assert not s.check_package(package, s.anchors(world), world.law, s.NOW, broken).ok
    assert not s.check_package(package, s.anchors(world), world.law, s.NOW, {}).ok


def test_a_hand_of_another_official_does_not_count() -> None:
    contents, world = good()
    old = of(contents, "request.authorise")
    hand = put_hand(record_id(old.sealed.record), world.who("DE", "prosecutor").key)
    seal = world.seal(old.sealed.record, hand, "DE")
    sealed = msgspec.structs.replace(old.sealed, hand=hand, seal=seal)
    assert not s.verdict_on(swapped(contents, old, replace(old, sealed=sealed)), world).ok


def test_anchors_without_any_trust_are_not_anchors() -> None:
    sides, data = s.good()
    assert not s.verdict(data, sides.world, Anchors({}, {})).ok
