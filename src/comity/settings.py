"""Settings: one frozen object, read once from ``comity.toml``, sane without any.

Every setting is documented here, where it is defined; docs/settings.md is made from these lines. What is law is not a
setting, and no setting can switch a safeguard off.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from comity.errors import BadLaw

Pause = Annotated[float, msgspec.Meta(gt=0, le=31_536_000)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of one node."""

    node: str = ""
    """The node's identifier in its Party's file, e.g. ``node.sta-musterstadt.de.example``."""
    data: str = "data"
    """Folder of the database, the vault and the last signed checkpoint. Relative to this file."""
    keys: str = "keys"
    """Folder of the node's own keys (seal, log, envelope, vault). Never put officials' keys here."""
    parties: str = "parties"
    """Folder of the Party files known here, one ``<CC>.json`` each."""
    anchors: str = "anchors.toml"
    """Roots of the Parties and trust policies of their logs: what this node trusts before anything else."""
    listen: str = "127.0.0.1:8140"
    """Address and port of the HTTP interface. Put a TLS proxy in front of anything but loopback."""
    cadence_seconds: Pause = 10.0
    """Time between checkpoints. Fixed, so that the log does not tell when something happened."""
    padding_leaves: Count = 0
    """Sealed leaves at every checkpoint at least, filled up with padding: hides how many acts are sealed. With 4,
    choose a cadence of 60 seconds for a small node (2 million leaves a year); 0 while no act is sealed."""
    escrow_needed: Count = 0
    """How many of this Party's oversight bodies it takes to open a sealed leaf without this node. What opens each is
    escrowed to all of them that publish an envelope key (``comity escrow key``). 0: nothing is escrowed."""
    retry_seconds: Pause = 5.0
    """First pause before a failed delivery is tried again; doubles up to an hour."""
    peer_timeout_seconds: Pause = 20.0
    """How long to wait for another node or a witness to send something; three times that for the whole of a short
    answer."""
    clerk_seconds: Pause = 30.0
    """Time between two looks of the clerk at the duties."""
    anchor_seconds: Pause = 3600.0
    """Time between two looks at the peers' logs; each commits their newest checkpoints to this node's own log."""
    clock_tolerance_seconds: Count = 300
    """How far a filing's time may be from this node's clock."""
    freshness_seconds: Annotated[int, msgspec.Meta(gt=0)] = 3600
    """How old the newest cosignature on a delivered proof may be."""
    accept_emergencies: bool = True
    """Take a request marked as an emergency on the signature of the sender's log alone, its full proof being due within
    24 hours. ``false``: no request is taken without its quorum, whatever it says."""
    max_exhibit_bytes: Count = 200 * 1024**3
    """The largest exhibit taken, in bytes."""
    log_level: str = "info"
    """``debug``, ``info``, ``warning`` or ``error``."""


def read_settings(path: Path | None) -> tuple[Settings, Path]:
    """The settings and the folder that relative paths start from. BadLaw names the setting that is wrong."""
    if path is None or not path.exists():
        return Settings(), Path.cwd() if path is None else path.parent
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Settings), path.parent.resolve()
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise BadLaw(f"{path.name}: {exc}", "Mend the setting; docs/settings.md lists them all.") from exc
