"""A finding: what one safeguard says of one filing, always with the provision it rests on.

*Clear*; *hold*, naming the step that would clear it; *refuse*, naming the ground. The worst finding decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

Verdict = Literal["clear", "hold", "refuse"]
_RANK = {"clear": 0, "hold": 1, "refuse": 2}


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """``safeguard`` is the catalogue's identifier; ``party`` says whose rule it is; ``settled`` is False for KM law."""

    safeguard: str
    verdict: Verdict
    provision: str
    why: str
    cleared_by: str = ""  # hold: the step that would clear it
    ground: str = ""  # refuse: the ground for refusal
    party: str = ""
    settled: bool = True


def clear(safeguard: str, provision: str, why: str, *, party: str = "", settled: bool = True) -> Finding:
    """The safeguard is kept."""
    return Finding(safeguard=safeguard, verdict="clear", provision=provision, why=why, party=party, settled=settled)


def hold(
    safeguard: str, provision: str, why: str, cleared_by: str, *, party: str = "", settled: bool = True
) -> Finding:
    """The step waits; ``cleared_by`` names the step that would clear it."""
    return Finding(
        safeguard=safeguard,
        verdict="hold",
        provision=provision,
        why=why,
        cleared_by=cleared_by,
        party=party,
        settled=settled,
    )


def refuse(safeguard: str, provision: str, why: str, ground: str, *, party: str = "", settled: bool = True) -> Finding:
    """The step cannot be taken on this matter; ``ground`` names the ground for refusal."""
    return Finding(
        safeguard=safeguard, verdict="refuse", provision=provision, why=why, ground=ground, party=party, settled=settled
    )


def worst(findings: Iterable[Finding]) -> Verdict:
    """The verdict that decides; clear when there is nothing to say."""
    return max((f.verdict for f in findings), key=lambda v: _RANK[v], default="clear")
