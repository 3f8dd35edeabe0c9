"""Whether the law's files hold together."""

from __future__ import annotations

from collections.abc import Mapping

from comity.law.files import Decoded, Problem


def check_decoded(decoded: Decoded, files: Mapping[str, str]) -> list[Problem]:
    """Problems."""
    return sorted(decoded.problems)
