"""A fault in the law's files: where it stands, what is wrong, and the mend."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault at ``path`` of ``file``, and its mend."""

    file: str
    path: str
    what: str
    mend: str
