"""Anchors: one strict file, and digits that two people can compare by telephone."""

from __future__ import annotations

import contextlib
import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import ComityError, Malformed, Unverified
from comity.package.anchors import Anchors, fingerprint, read_anchors, write_anchors
from comity.signing.keys import PublicKey
from tests.package.samples import anchors, policy
from tests.world import World, origin

WORLD = World()
GOOD = anchors(WORLD)
TEXT = write_anchors(GOOD)


def test_bytes_that_are_no_text_are_malformed() -> None:
    with pytest.raises(Malformed, match="not TOML"):
        read_anchors(b"\xff\xfe")


def test_what_is_written_is_read_back_and_written_alike() -> None:
    assert read_anchors(TEXT) == GOOD
    assert write_anchors(read_anchors(TEXT)) == TEXT
    assert read_anchors(TEXT).policy(origin("DE")).quorum == "oversight"


def test_fingerprints_are_fifty_digits_in_ten_groups_and_stand_in_the_file() -> None:
    marks = GOOD.fingerprints()
    assert [name for name, _ in marks] == ["Party DE", "Party FR", f"log {origin('DE')}", f"log {origin('FR')}"]
    for _, digits in marks:
        assert re.fullmatch(r"([0-9]{5} ){9}[0-9]{5}", digits)
        assert digits in TEXT
    assert len({digits for _, digits in marks}) == 4


def test_a_fingerprint_depends_on_the_kind_the_name_and_every_byte() -> None:
    """SHA-256 (FIPS 180-4) of prefix, kind, name and bytes, each after its length; the last fifty digits of it."""
    lengths = [n.to_bytes(8, "big") for n in (4, 2, 3)]
    joined = b"comity-anchor/v1\0" + lengths[0] + b"root" + lengths[1] + b"DE" + lengths[2] + b"abc"
    number = int(sha256(joined).hexdigest(), 16)
    assert fingerprint("root", "DE", b"abc").replace(" ", "") == str(number).zfill(50)[-50:]
    marks = {fingerprint(*x) for x in (("root", "DE", b"abc"), ("policy", "DE", b"abc"), ("root", "FR", b"abc"))}
    assert len(marks | {fingerprint("root", "DE", b"abd"), fingerprint("root", "D", b"Eabc")}) == 5


@given(st.data())
def test_no_change_of_a_key_a_policy_or_a_fingerprint_goes_unseen(data: st.DataObject) -> None:
    """Any one character of the file changed: refused, or only a remark or a space was changed."""
    at = data.draw(st.integers(0, len(TEXT) - 1))
    new = data.draw(st.sampled_from([c for c in "a0 =\"#\n'+Z/é" if c != TEXT[at]]))
    with contextlib.suppress(ComityError):
        assert read_anchors(TEXT[:at] + new + TEXT[at + 1 :]) == GOOD


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("comity-anchors/1", "comity-anchors/2", "comity-anchors/2"),
        ("[parties.DE]", "[parties.de]", "code of a Party"),
        ("[parties.DE]", "[parties.ZE]", "fingerprint of the Party"),
        ("[parties.DE]", "[countries.DE]", "cannot be read"),
        ("[parties.DE]", "[parties.FR]", "not TOML"),
        ("root =", "key =", "cannot be read"),
        ("quorum oversight", "quorum none", "no witness"),
        ("group oversight all de fr", "group oversight 3 de fr", "threshold"),
        (f'[logs."{origin("DE")}"]', '[logs."es.example/log"]', "does not name that log"),
        ('format = "', 'strict = false\nformat = "', "cannot be read"),
        ("fingerprint =", "# fingerprint =", "cannot be read"),
    ],
)
def test_a_file_of_another_form_is_refused(old: str, new: str, match: str) -> None:
    assert old in TEXT
    with pytest.raises(Malformed, match=match):
        read_anchors(TEXT.replace(old, new, 1))


def test_a_wrong_fingerprint_says_the_right_one() -> None:
    right = GOOD.fingerprints()[0][1]
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    with pytest.raises(Malformed, match=f"fingerprint of the Party DE is {right}") as refused:
        read_anchors(TEXT.replace(right, wrong))
    assert "telephone" in refused.value.next_step


@pytest.mark.parametrize("text", ["", "x", 'format = "comity-anchors/1"\nparties = {}\nlogs = {}\n', "\0", "[" * 5000])
def test_a_file_that_anchors_nothing_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read_anchors(text)


def test_oversize_is_refused_before_it_is_read() -> None:
    with pytest.raises(Malformed, match="bytes"):
        read_anchors("#" * (5 << 20))


def test_a_least_version_is_kept_and_an_older_party_file_refused() -> None:
    bound = Anchors(GOOD.parties, GOOD.policies, {"DE": 3})
    read = read_anchors(write_anchors(bound))
    assert read == bound != GOOD
    for party, version in (("DE", 3), ("DE", 4), ("FR", 1)):
        read.check_version(party, version)
    with pytest.raises(Unverified, match="version 2; the anchors ask for 3"):
        read.check_version("DE", 2)
    for wrong in ("0", "-1", "true", '"3"', "3.5"):
        with pytest.raises(Malformed):
            read_anchors(write_anchors(bound).replace("least_version = 3", f"least_version = {wrong}"))


def test_one_root_for_two_parties_is_refused() -> None:
    root = WORLD.root("DE").public
    with pytest.raises(Malformed, match="same root"):
        Anchors({"DE": root, "FR": PublicKey(root.raw)}, {})


def test_a_log_without_a_policy_is_not_trusted() -> None:
    with pytest.raises(Unverified, match="not among the anchors"):
        Anchors(GOOD.parties, {origin("DE"): policy(WORLD, "DE")}).policy(origin("FR"))
