"""Proving sums in a report: one commitment to each value, published without order, and what opens their sum.

A value v of a unit is committed to as v * G_unit + r * H, with a generator for each unit; the report gives the totals
and the sum of all r, so anybody adds up the commitments and compares. Single values stay hidden: each r is known to
whoever holds the act alone. Which sums may stand is left to `comity.analysis.statistics.sums`.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from comity.analysis.statistics.certificates import CertificateFacts
from comity.analysis.statistics.sums import UNITS, Group, values
from comity.errors import Malformed, Unverified
from comity.signing.base64url import from_base64url, to_base64url
from comity.tlog.counting import BLIND, commit_to, sum_blindings, sum_commitments
from comity.tlog.group import IDENTITY, add, decode_scalar, encode_scalar, generator, scalar_from, times

_SUSPECT = "Do not rely on the figures; keep them as evidence and tell oversight."
MOST = 2**53


class Opened(Protocol):
    """An act opened for its statistical fields."""

    @property
    def salt(self) -> str:
        """Of its leaf, in base64url."""

    def facts(self) -> CertificateFacts:
        """The fields. Raises Malformed."""


def point_of(group: str, amounts: Mapping[str, int]) -> bytes:
    """The amounts of the units of a kind of sum (``group``: its name), as a point."""
    total = IDENTITY
    for unit, amount in amounts.items():
        total = add(total, times(amount, generator(f"sum {group} {unit}")))
    return total


def _parts(group: Group, acts: Iterable[Opened]) -> list[tuple[tuple[int, ...], int]]:
    """Values and blinding of each act that is added up in a group."""
    found = []
    for act in acts:
        if (own := values(act.facts()).get(group)) is not None:
            salt = from_base64url(act.salt, "The salt", size=32)
            found.append((own, scalar_from("comity/sum-blinding/v1", salt, group.key.encode())))
    return found


def committed_values(group: Group, acts: Iterable[Opened]) -> tuple[str, ...]:
    """The commitments of acts to their values, sorted so that their order says nothing."""
    units = UNITS[group.name]
    parts = ((dict(zip(units, own, strict=True)), key) for own, key in _parts(group, acts))
    return tuple(sorted(to_base64url(commit_to(point_of(group.name, own), key)) for own, key in parts))


def blinding_of(group: Group, acts: Iterable[Opened]) -> str:
    """What opens the sum of the commitments (base64url)."""
    return to_base64url(encode_scalar(sum_blindings(key for _, key in _parts(group, acts))))


def check_sum(group: Group, totals: Mapping[str, int], blinding: str, commitments: Sequence[bytes]) -> None:
    """Unverified unless the commitments add up to these totals; Malformed for what is no such sum."""
    if not all(0 <= total < MOST for total in totals.values()):
        raise Malformed("A total is negative or above 2^53.", _SUSPECT)
    opened = decode_scalar(from_base64url(blinding, "The blinding of the sum", size=32), "blinding of the sum")
    made = add(point_of(group.name, totals), times(opened, BLIND))
    if not hmac.compare_digest(made, sum_commitments(commitments)):
        raise Unverified("The totals are not those that the commitments add up to.", _SUSPECT)
