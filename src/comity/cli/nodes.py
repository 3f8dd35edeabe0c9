"""Nodes' and witnesses' folders: made, entered in the Party's folder, and told whom to trust.

Left to others: the Party's folder (`comity.cli.parties`), running them (`comity.cli.serve`, `comity.cli.witness`).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from comity.cli.parties import ROOT_PUB, code_of, read_draft, write_text
from comity.docket.directory import NodeEntry, OversightBody, PartyFile, open_party_file
from comity.errors import Malformed, NotFound
from comity.node.keys import NodeKeys, private_line, read_private_line, read_secret, write_secret
from comity.package.anchors import Anchors, read_anchors, write_anchors
from comity.signing.canonical import canonical
from comity.signing.keys import PublicKey
from comity.signing.trust import KeyEntry
from comity.tlog.cosignature import Ed25519Cosigner

WITNESS_KEY, WITNESS_SETTINGS = "witness.key", "witness.toml"


class WitnessSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``witness.toml``: the witness's name, where it listens, where what it saw is kept (relative to this file)."""

    name: str
    listen: str
    data: str = "seen.db"


@dataclass(frozen=True, slots=True)
class NodePlan:
    """A node to be made: its identifier, its address as peers reach it, whom it serves."""

    id: str
    url: str
    authorities: tuple[str, ...]
    listen: str
    settings: Mapping[str, float | str]


def found_node(folder: Path, party: Path, plan: NodePlan, year: int) -> NodeEntry:
    """Make a node's folder (keys, comity.toml) and enter the node in the Party's folder. Harmless when repeated."""
    known = {a.id for a in read_draft(party).authorities}
    if unknown := sorted(set(plan.authorities) - known):
        raise NotFound(f"party.toml names no authority {unknown[0]!r}.", f"Choose of: {', '.join(sorted(known))}.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    origin = f"{plan.id}/act-log/{year}"
    keys = NodeKeys.load(folder / "keys") if (folder / "keys").exists() else NodeKeys.generate(folder / "keys", origin)
    public = keys.seal.public
    entry = NodeEntry(
        id=plan.id,
        url=plan.url.rstrip("/"),
        authorities=plan.authorities,
        seals=_seals(party / "nodes" / f"{plan.id}.json", public)
        or (KeyEntry(kid=public.kid, key=public.to_text(), use="seal", authority=plan.id, from_position=0),),
        envelopes=(keys.envelope.public.to_text(),),
        origin=keys.log_signers[0].vkey.name,
        log_vkeys=keys.log_vkeys,
    )
    if not (folder / "comity.toml").exists():
        settings = {"node": plan.id, "listen": plan.listen, **plan.settings}
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        write_text(folder / "comity.toml", "# All settings: docs/settings.md\n" + "\n".join(lines) + "\n")
    write_text(party / "nodes" / f"{plan.id}.json", canonical(entry).decode("ascii"))
    return entry


def _seals(path: Path, public: PublicKey) -> tuple[KeyEntry, ...]:
    """The seals of a node founded before, so that its rotations are kept; empty when it has another key or is new."""
    held = msgspec.json.decode(path.read_bytes(), type=NodeEntry).seals if path.exists() else ()
    return held if public.kid in {entry.kid for entry in held} else ()


def found_witness(folder: Path, party: Path, body_id: str, url: str, listen: str) -> OversightBody:
    """Make a witness's folder for an oversight body of the Party and enter it there. Harmless when repeated."""
    body = next((b for b in read_draft(party).oversight if b.id == body_id), None)
    if body is None:
        raise NotFound(f"party.toml names no oversight body {body_id!r}.", "Add it under [[oversight]].")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{body_id}.{code_of(party).lower()}.example/witness"
    if not (folder / WITNESS_KEY).exists():
        made = Ed25519Cosigner.from_seed(name, secrets.token_bytes(32))
        write_secret(folder / WITNESS_KEY, (private_line(made) + "\n").encode("ascii"))
    cosigner = read_cosigner(folder)
    if not (folder / WITNESS_SETTINGS).exists():
        write_text(folder / WITNESS_SETTINGS, f'name = "{cosigner.name}"\nlisten = "{listen}"\n')
    entered = msgspec.structs.replace(body, witness_vkey=cosigner.vkey.encode(), witness_url=url.rstrip("/"))
    write_text(party / "oversight" / f"{body_id}.json", msgspec.json.encode(entered).decode())
    return entered


def read_cosigner(folder: Path) -> Ed25519Cosigner:
    """The witness's key. NotFound, Unverified, Malformed."""
    signer = read_private_line(read_secret(folder / WITNESS_KEY).decode("ascii", "replace"))
    if not isinstance(signer, Ed25519Cosigner):
        raise Malformed(f"{folder / WITNESS_KEY} is not a witness's key.", "Restore it from its backup.")
    return signer


def trust(folder: Path, files: Iterable[Path], roots: Mapping[str, PublicKey]) -> Anchors:
    """Tell a node, a witness or a verifier (``folder``) whom to trust: Party files under their roots, anchors.

    A root comes from ``roots`` by the Party's code, else from ``root.pub`` beside the file: then its fingerprint must
    be compared with its owner. Raises Unverified when a file is not signed by its root.
    """
    opened: dict[str, tuple[PartyFile, PublicKey, bytes]] = {}
    for path in files:
        data = path.read_bytes()
        root = roots.get(path.stem) or _root_beside(path)
        file = open_party_file(data, root)
        opened[file.party] = (file, root, data)
    anchors = Anchors(
        {code: root for code, (_, root, _) in opened.items()},
        policies_of([file for file, _, _ in opened.values()]),
        {code: file.version for code, (file, _, _) in opened.items()},
    )
    _not_older(folder / "anchors.toml", anchors)
    (folder / "parties").mkdir(parents=True, exist_ok=True)
    for code, (_, _, data) in opened.items():
        write_text(folder / "parties" / f"{code}.json", data.decode("ascii"))
    write_text(folder / "anchors.toml", write_anchors(anchors))
    return anchors


def _not_older(path: Path, anchors: Anchors) -> None:
    """Unverified when a Party file is older than the one trusted here before, under the same root."""
    before = read_anchors(path.read_text(encoding="utf-8")) if path.exists() else None
    for code, version in anchors.least_versions.items():
        if before is not None and before.parties.get(code) == anchors.parties[code]:
            before.check_version(code, version)


def _root_beside(path: Path) -> PublicKey:
    beside = path.parent / ROOT_PUB
    if not beside.exists():
        raise NotFound(f"The root that signed {path.name} is not known.", "Give it: --root CC=ed25519:...")
    return PublicKey.from_text(beside.read_text(encoding="ascii").strip())


def policies_of(files: Iterable[PartyFile]) -> dict[str, str]:
    """For each node's log a policy that asks for a quorum of all Parties' oversight witnesses.

    Of n witnesses n - (n-1)//3 must have cosigned, so that two quorums always share an honest one (log reference 5.6).
    """
    listed = list(files)
    bodies = [b for file in listed for b in file.oversight if b.witness_vkey]
    if not bodies:
        raise NotFound("No oversight body of these Parties runs a witness.", "Make one: comity init witness.")
    quorum = len(bodies) - (len(bodies) - 1) // 3
    witnesses = [f"witness {b.id} {b.witness_vkey} {b.witness_url}".rstrip() for b in bodies]
    group = f"group oversight {quorum} {' '.join(b.id for b in bodies)}"
    return {
        node.origin: "\n".join([*(f"log {v}" for v in node.log_vkeys), *witnesses, group, "quorum oversight", ""])
        for file in listed
        for node in file.nodes
    }
