"""Nodes' and witnesses' folders: made, entered in the Party's folder, and told whom to trust.

Left to others: the Party's folder (`comity.cli.init.parties`), running them (`comity.cli.serve`, `comity.cli.witness`).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from comity.cli.folder import ROOT_PUB, code_of, write_text
from comity.cli.init.parties import read_draft
from comity.docket.node_entry import NodeEntry
from comity.docket.party_file import (
    OversightBody,
    PartyFile,
    check_judiciary,
    open_party_file,
    read_party_file,
)
from comity.errors import Conflict, Malformed, NotFound, Unverified
from comity.node.keeping.keys import NodeKeys, private_line, read_private_line, read_secret, write_secret
from comity.package.anchors import Anchors, read_anchors, write_anchors
from comity.signing.canonical import canonical
from comity.signing.keys import PublicKey
from comity.signing.roots import Root, read_root, roots_of
from comity.signing.trust import KeyEntry
from comity.tlog.cosignature import Ed25519Cosigner, MLDSACosigner

WITNESS_KEY, WITNESS_SETTINGS = "witness.key", "witness.toml"


class WitnessSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``witness.toml``: the witness's name, where it listens, where what it saw is kept (relative to this file).

    ``mirror`` makes it a mirror: the folder in which it keeps every leaf of the logs it follows.
    """

    name: str
    listen: str
    data: str = "seen.db"
    mirror: str = ""


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
    entry = _held(party / "nodes" / f"{plan.id}.json", public) or NodeEntry(
        id=plan.id,
        url="",
        authorities=(),
        seals=(KeyEntry(kid=public.kid, key=public.to_text(), use="seal", authority=plan.id, from_position=0),),
        envelopes=(keys.envelope.public.to_text(),),
        origin=keys.log_signers[0].vkey.name,
        log_vkeys=keys.log_vkeys,
    )
    entry = msgspec.structs.replace(entry, url=plan.url.rstrip("/"), authorities=plan.authorities)
    if not (folder / "comity.toml").exists():
        settings = {"node": plan.id, "listen": plan.listen, **plan.settings}
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        write_text(folder / "comity.toml", "# All settings: docs/settings.md\n" + "\n".join(lines) + "\n")
    write_text(party / "nodes" / f"{plan.id}.json", canonical(entry).decode("ascii"))
    return entry


def _held(path: Path, public: PublicKey) -> NodeEntry | None:
    """The entry of a node founded before, so that its keys' rotations and its logs are kept; None for another key."""
    held = msgspec.json.decode(path.read_bytes(), type=NodeEntry) if path.exists() else None
    return held if held is not None and public.kid in {entry.kid for entry in held.seals} else None


def found_witness(
    folder: Path, party: Path, body_id: str, url: str, listen: str, *, mirror: bool = False, ml_dsa: bool = False
) -> OversightBody:
    """Make the folder of an oversight body's witness or mirror, and enter it in the Party's. Harmless when repeated.

    ``ml_dsa``: it cosigns with ML-DSA-44 (FIPS 204) instead of Ed25519. Conflict when the folder holds another.
    """
    kind = "mirror" if mirror else "witness"
    body = _entered_body(party, body_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{body_id}.{code_of(party).lower()}.example/{kind}"
    if not (folder / WITNESS_KEY).exists():
        kind_of_key = MLDSACosigner if ml_dsa else Ed25519Cosigner
        made = kind_of_key.from_seed(name, secrets.token_bytes(32))
        write_secret(folder / WITNESS_KEY, (private_line(made) + "\n").encode("ascii"))
    cosigner = read_cosigner(folder)
    if not (folder / WITNESS_SETTINGS).exists():
        keeps = 'mirror = "logs"\n' if mirror else ""
        write_text(folder / WITNESS_SETTINGS, f'name = "{cosigner.name}"\nlisten = "{listen}"\n{keeps}')
    if not cosigner.name.endswith(f"/{kind}"):
        raise Conflict(f"{folder} holds {cosigner.name}.", "A mirror has a folder, a name and a key of its own.")
    if ml_dsa and not isinstance(cosigner, MLDSACosigner):
        raise Conflict(f"{folder} holds an Ed25519 key.", "Use a new folder; the body's witness is then the new one.")
    changes = {f"{kind}_vkey": cosigner.vkey.encode(), f"{kind}_url": url.rstrip("/")}
    entered = msgspec.structs.replace(body, **changes)
    write_text(party / "oversight" / f"{body_id}.json", msgspec.json.encode(entered).decode())
    return entered


def _entered_body(party: Path, body_id: str) -> OversightBody:
    """An oversight body of party.toml, with the witness and mirror entered for it before."""
    body = next((b for b in read_draft(party).oversight if b.id == body_id), None)
    if body is None:
        raise NotFound(f"party.toml names no oversight body {body_id!r}.", "Add it under [[oversight]].")
    path = party / "oversight" / f"{body_id}.json"
    return msgspec.json.decode(path.read_bytes(), type=OversightBody) if path.exists() else body


def read_cosigner(folder: Path) -> Ed25519Cosigner | MLDSACosigner:
    """The witness's key. NotFound, Unverified, Malformed."""
    signer = read_private_line(read_secret(folder / WITNESS_KEY).decode("ascii", "replace"))
    if not isinstance(signer, Ed25519Cosigner | MLDSACosigner):
        raise Malformed(f"{folder / WITNESS_KEY} is not a witness's key.", "Restore it from its backup.")
    return signer


def trust(folder: Path, files: Iterable[Path], roots: Mapping[str, Root]) -> Anchors:
    """Tell a node, a witness or a verifier (``folder``) whom to trust: Party files under their roots, anchors.

    A root comes from ``roots`` by the Party's code, else from ``root.pub`` beside the file: then its fingerprint must
    be compared with its owner. Raises Unverified when a file is not signed by its root.
    """
    opened: dict[str, tuple[PartyFile, Root, bytes]] = {}
    before = _trusted(folder / "anchors.toml")
    for path in files:
        data = path.read_bytes()
        root = roots.get(path.stem) or _root_beside(path)
        file = open_party_file(data, root)
        if path.stem not in roots and before is not None and file.party in before.parties:
            _check_led_to(before.parties[file.party], file, data, root)
            check_judiciary(_judiciary_in(folder, file.party), file)
        opened[file.party] = (file, root, data)
    anchors = Anchors(
        {code: root for code, (_, root, _) in opened.items()},
        policies_of([file for file, _, _ in opened.values()]),
        {code: file.version for code, (file, _, _) in opened.items()},
    )
    _not_older(before, anchors)
    (folder / "parties").mkdir(parents=True, exist_ok=True)
    for code, (_, _, data) in opened.items():
        write_text(folder / "parties" / f"{code}.json", data.decode("ascii"))
    write_text(folder / "anchors.toml", write_anchors(anchors))
    return anchors


def _trusted(path: Path) -> Anchors | None:
    return read_anchors(path.read_bytes()) if path.exists() else None


def _check_led_to(pinned: Root, file: PartyFile, data: bytes, root: Root) -> None:
    """Unverified when a Party shows another root than was trusted here, to which its changes of roots do not lead."""
    try:
        open_party_file(data, pinned)
    except Unverified as exc:
        raise Unverified(
            f"The root of {file.party} is not the one trusted here, nor was it replaced by it: {exc.what}",
            f"Compare it with {file.party} by telephone; only then: --root '{file.party}={roots_of(root).to_text()}'.",
        ) from exc


def _judiciary_in(folder: Path, code: str) -> str:
    """The judiciary's root of the Party file that was trusted here before."""
    return read_party_file((folder / "parties" / f"{code}.json").read_bytes()).judiciary_root


def _not_older(before: Anchors | None, anchors: Anchors) -> None:
    """Unverified when a Party file is older than the one trusted here before."""
    for code, version in anchors.least_versions.items():
        if before is not None and code in before.parties:
            before.check_version(code, version)


def _root_beside(path: Path) -> Root:
    beside = path.parent / ROOT_PUB
    if not beside.exists():
        raise NotFound(f"The root that signed {path.name} is not known.", "Give it: --root CC=ed25519:...")
    return read_root(beside.read_text(encoding="ascii").strip())


def policies_of(files: Iterable[PartyFile]) -> dict[str, str]:
    """For each node's log a policy that asks for a quorum of all Parties' oversight witnesses.

    Of n witnesses n - (n-1)//3 must have cosigned, so that two quorums always share an honest one (log reference 5.6).
    Where there are mirrors, one of them too: then no leaf is withheld under a published checkpoint.
    """
    listed = list(files)
    bodies = [b for file in listed for b in file.oversight if b.witness_vkey]
    if not bodies:
        raise NotFound("No oversight body of these Parties runs a witness.", "Make one: comity init witness.")
    quorum = len(bodies) - (len(bodies) - 1) // 3
    witnesses = [f"witness {b.id} {b.witness_vkey} {b.witness_url}".rstrip() for b in bodies]
    rule = [*witnesses, f"group oversight {quorum} {' '.join(b.id for b in bodies)}", *_mirrored(listed)]
    return {
        log.origin: "\n".join([*(f"log {v}" for v in log.vkeys), *rule, ""])
        for file in listed
        for node in file.nodes
        for log in node.logs
    }


def _mirrored(files: Iterable[PartyFile]) -> list[str]:
    """The lines that ask for a mirror besides the quorum of witnesses, where an oversight body runs one."""
    bodies = [b for file in files for b in file.oversight if b.mirror_vkey]
    if not bodies:
        return ["quorum oversight"]
    mirrors = [f"witness {b.id}-mirror {b.mirror_vkey} {b.mirror_url}".rstrip() for b in bodies]
    names = " ".join(f"{b.id}-mirror" for b in bodies)
    return [*mirrors, f"group mirrors any {names}", "group both all oversight mirrors", "quorum both"]
