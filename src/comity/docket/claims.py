"""Claims: in the Party files that somebody trusts together, a name or key belongs to one Party, once.

Without this the file read last would win: one Party could revoke another's judges, certify its officials' keys as its
own, or have its deliveries sent elsewhere. Which names are claimed is said where the files are indexed
(`comity.docket.directory`).
"""

from __future__ import annotations

from collections.abc import Iterable

from comity.errors import Unverified

_ASK = "Trust neither file until both Parties say, by telephone, whose it is; then obtain corrected files."


class Claims:
    """Who claims what, over all Party files of one directory."""

    def __init__(self) -> None:
        """Nothing is claimed yet."""
        self._by: dict[tuple[str, str], str] = {}

    def take(self, party: str, what: str, names: Iterable[str]) -> None:
        """Claim names of a kind (``what``) for a Party. Unverified when another Party, or this one, has claimed one."""
        for name in names:
            other = self._by.get((what, name))
            if other == party:
                raise Unverified(
                    f"The Party file of {party} names the {what} {name} twice.", "Ask for a corrected one."
                )
            if other is not None:
                raise Unverified(f"{other} and {party} both claim the {what} {name}.", _ASK)
            self._by[what, name] = party


def must_own(party: str, what: str, names: Iterable[str], own: Iterable[str], next_step: str) -> None:
    """Unverified, with ``next_step``, when a Party speaks of a name that is not among its ``own``."""
    foreign = sorted(set(names) - set(own))
    if foreign:
        raise Unverified(f"The Party file of {party} speaks of {what} {foreign[0]}, which is not its own.", next_step)
