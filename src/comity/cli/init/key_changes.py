"""Keys that end: an official's key revoked, a node's seal rotated, both by position in the log.

They are entered in the Party's folder and count once published: `comity init publish`, then `comity init trust` at
every node. Positions, not dates: acts before the position stand for ever, acts from it on never count.

Left to others: the rules of histories (`comity.signing.trust`), publishing (`comity.cli.init.parties`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from comity.cli.folder import code_of, write_text
from comity.docket.directory import NodeEntry, Revocation
from comity.errors import BadLaw, Conflict, NotFound
from comity.node.keeping.keys import SEAL, read_secret, write_secret
from comity.signing.canonical import canonical
from comity.signing.credential import read_unverified
from comity.signing.keys import PrivateKey, load_private, save_private
from comity.signing.trust import KeyEntry, KeyHistory

NEXT = "seal.next"


def revoke_hand(party: Path, kid: str, origin: str, position: int, reason: str) -> Path:
    """Enter in the Party's folder that an official's key is void from ``position`` of the log ``origin`` on.

    ``origin`` may be empty when the Party has one node. NotFound for a key or log that is not the Party's; Conflict
    when the key is void from an earlier position already: a revocation moves earlier, never later.
    """
    certified = {read_unverified(p.read_text(encoding="ascii")).kid for p in (party / "credentials").glob("*.jws")}
    found = sorted(k for k in certified if kid and k.startswith(kid))
    if len(found) != 1:
        raise NotFound(
            f"{code_of(party)} certified {len(found) or 'no'} key(s) named {kid}.", "Give the key's whole name."
        )
    log = _log_of(party, origin)
    path = party / "revocations" / f"{found[0]}@{log.replace('/', '_')}.json"
    before = msgspec.json.decode(path.read_bytes(), type=Revocation) if path.exists() else None
    if before is not None and before.position < position:
        raise Conflict(
            f"The key is void from position {before.position} of {log} already.", "It can only move earlier."
        )
    path.parent.mkdir(exist_ok=True)
    made = Revocation(kid=found[0], origin=log, position=position, reason=reason)
    write_text(path, canonical(made).decode("ascii"))
    return path


def _log_of(party: Path, origin: str) -> str:
    logs = sorted(_entry(p).origin for p in (party / "nodes").glob("*.json"))
    if origin not in logs and (origin or len(logs) != 1):
        raise NotFound(f"{code_of(party)} has no log {origin!r}.", f"Give --origin, one of: {', '.join(logs)}.")
    return origin or logs[0]


@dataclass(frozen=True, slots=True)
class Rotation:
    """From which position the new seal counts, and up to which the old one does; a stolen one ends at once."""

    start: int
    overlap: int
    stolen: bool = False


def rotate_seal(folder: Path, party: Path, node: str, plan: Rotation) -> tuple[str, str]:
    """Give a node a new seal key and enter it in the Party's folder; the names of the old and the new key.

    The old key's file stays beside it. Broken off, it may be repeated; done already at this position, nothing changes.
    Malformed when the old key would end before the new one begins; NotFound, Unverified, BadLaw as the files are.
    """
    keys, path = folder / "keys", party / "nodes" / f"{node}.json"
    if not path.exists():
        raise NotFound(f"{path} is missing.", "Give the node's identifier as it was founded: --id.")
    entry, old = _entry(path), _key(keys / SEAL)
    history = KeyHistory(entry.seals)
    here = next((e for e in history.entries if e.kid == old.public.kid), None)
    if here is None:
        raise BadLaw(f"The seal in {keys} is not one of {node}.", "Check both folders.")
    if here.from_position == plan.start and plan.start > 0:
        return here.kid, here.kid
    if not (keys / NEXT).exists():
        write_secret(keys / NEXT, save_private(PrivateKey.generate(), None))
    new = _key(keys / NEXT)
    if new.public.kid not in {e.kid for e in history.entries}:
        made = msgspec.structs.replace(entry, seals=_rotated(history, here, new, plan).entries)
        write_text(path, canonical(made).decode("ascii"))
    retired = keys / f"seal-{old.public.kid[:16]}.retired"
    if not retired.exists():
        os.link(keys / SEAL, retired)
    os.replace(keys / NEXT, keys / SEAL)
    return old.public.kid, new.public.kid


def _rotated(history: KeyHistory, old: KeyEntry, new: PrivateKey, plan: Rotation) -> KeyHistory:
    key = new.public
    successor = KeyEntry(
        kid=key.kid, key=key.to_text(), use="seal", authority=old.authority, from_position=plan.start
    )  # fmt: skip
    rotated = history.rotate(old.kid, successor, plan.start + max(plan.overlap, int(plan.stolen)))
    return rotated.revoke(old.kid, plan.start) if plan.stolen else rotated


def _key(path: Path) -> PrivateKey:
    return load_private(read_secret(path), None)


def _entry(path: Path) -> NodeEntry:
    try:
        return msgspec.json.decode(path.read_bytes(), type=NodeEntry)
    except msgspec.MsgspecError as exc:
        raise BadLaw(f"{path}: {exc}", "Restore it from the Party's backup.") from exc
