"""A filing as it is handed in at a door: by an official, by a peer, or by the node itself.

Left to others: whether it may be entered (`comity.node.door.admission`), what it means (`comity.docket.assess`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import msgspec

from comity.docket.logged import Logged
from comity.docket.record import SealedRecord


class Door(Enum):
    """Which side a filing comes from."""

    OFFICIAL = "official"
    PEER = "peer"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class Filed:
    """One filing as handed in. ``position`` and ``logged``: where a peer's log proves it; ``keys``: of its exhibits.

    ``unproven``: it is taken on the signature of the peer's log alone.
    """

    sealed: SealedRecord | None
    door: Door
    logged: Logged | None = None
    position: int = -1
    keys: dict[str, bytes] = field(default_factory=dict)
    act: tuple[str, str, msgspec.Struct, tuple[str, ...]] | None = None
    unproven: bool = False

    @property
    def docket(self) -> str:
        """The docket it is filed in."""
        return self.sealed.record.docket if self.sealed is not None else self.act[0] if self.act else ""
