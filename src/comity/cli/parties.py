"""A Party's folder: its roots, what it says of its authorities, and the signed Party file made of it.

    party.toml                    authorities, competences, oversight bodies, revocations: edited by hand
    root.key, root.pub            the Party's root, under a passphrase; keep this folder on a computer without network
    judiciary.pub                 the judiciary's root, whose key lies elsewhere, with the judiciary
    nodes/, credentials/, oversight/, revocations/   what `comity init node|official|witness|revoke` put here
    <CC>.json                     the signed Party file

Left to others: officials' keys (`comity.cli.officials`), nodes' folders (`comity.cli.nodes`).
"""

from __future__ import annotations

import os
import re
from datetime import date
from importlib import resources
from pathlib import Path
from typing import TypeVar

import msgspec

from comity.docket.directory import (
    Authority,
    Competence,
    Directory,
    NodeEntry,
    OversightBody,
    PartyFile,
    Revocation,
    open_party_file,
    sign_party_file,
)
from comity.errors import BadLaw, Malformed, NotFound
from comity.node.keys import read_secret, write_secret
from comity.signing.keys import PrivateKey, PublicKey, load_private, save_private

DRAFT, ROOT_KEY, ROOT_PUB, JUDICIARY_PUB = "party.toml", "root.key", "root.pub", "judiciary.pub"
T = TypeVar("T")
_CODE = re.compile(r"[A-Z]{2}", re.ASCII)


class PartyDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person writes in ``party.toml``."""

    names: dict[str, str]
    authorities: tuple[Authority, ...]
    competences: tuple[Competence, ...]
    oversight: tuple[OversightBody, ...] = ()
    revocations: tuple[Revocation, ...] = ()


def code_of(folder: Path) -> str:
    """The Party's code, kept in ``folder/code``. NotFound when the folder is none of a Party's."""
    path = folder / "code"
    if not path.exists():
        raise NotFound(f"{folder} is not a Party's folder.", "Make it: comity init party CC FOLDER.")
    return path.read_text(encoding="ascii").strip()


def make_root(folder: Path, passphrase: bytes) -> PublicKey:
    """A root key in ``folder``, under a passphrase; the one that is there already is kept."""
    if (folder / ROOT_PUB).exists():
        return PublicKey.from_text((folder / ROOT_PUB).read_text(encoding="ascii").strip())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = PrivateKey.generate()
    write_secret(folder / ROOT_KEY, save_private(key, passphrase))
    write_text(folder / ROOT_PUB, key.public.to_text() + "\n")
    return key.public


def open_root(folder: Path, passphrase: bytes) -> PrivateKey:
    """The root key in ``folder``. NotFound, Unverified (wrong passphrase, rights too wide)."""
    return load_private(read_secret(folder / ROOT_KEY), passphrase)


def found_party(code: str, folder: Path, judiciary: Path, roots: tuple[bytes, bytes], draft: str = "") -> None:
    """Make a Party's folder and its judiciary's, each with a root under its own passphrase. Harmless when repeated."""
    if _CODE.fullmatch(code) is None:
        raise Malformed(f"{code!r} is not the code of a Party.", "Use two capital letters, as in ISO 3166-1.")
    if judiciary.resolve().is_relative_to(folder.resolve()):
        raise Malformed("The judiciary's root would lie in the Party's folder.", "Keep it apart: --judiciary FOLDER.")
    make_root(folder, roots[0])
    judicial = make_root(judiciary, roots[1])
    for name in ("nodes", "credentials", "oversight"):
        (folder / name).mkdir(exist_ok=True)
    write_text(folder / "code", code + "\n")
    write_text(folder / JUDICIARY_PUB, judicial.to_text() + "\n")
    if not (folder / DRAFT).exists():
        write_text(folder / DRAFT, draft or template(code))


def template(code: str) -> str:
    """The ``party.toml`` to begin with, its offices made up."""
    text = resources.files("comity.cli").joinpath("templates/party.toml").read_text(encoding="utf-8")
    return text.replace("{CC}", code).replace("{cc}", code.lower())


def read_draft(folder: Path) -> PartyDraft:
    """``party.toml``. BadLaw names what is wrong in it."""
    try:
        return msgspec.toml.decode((folder / DRAFT).read_bytes(), type=PartyDraft)
    except FileNotFoundError:
        raise NotFound(f"{folder / DRAFT} is missing.", "Make the folder with comity init party.") from None
    except msgspec.MsgspecError as exc:
        raise BadLaw(f"{folder / DRAFT}: {exc}", "Mend it, then publish again.") from exc


def publish(folder: Path, passphrase: bytes, day: date) -> PartyFile:
    """Sign the Party file anew, one version up; what was published before when nothing changed."""
    code, root = code_of(folder), open_root(folder, passphrase)
    target = folder / f"{code}.json"
    before = open_party_file(target.read_bytes(), root.public) if target.exists() else None
    file = _gather(folder, code, before.version if before else 0, day)
    if before is not None and msgspec.structs.replace(file, version=before.version, issued=before.issued) == before:
        return before
    Directory({code: (file, root.public)})  # refuses what no node could use, e.g. a judge certified by the Party
    write_text(target, sign_party_file(file, root).decode("ascii"))
    return file


def _gather(folder: Path, code: str, version: int, day: date) -> PartyFile:
    draft = read_draft(folder)
    revoked = sorted((folder / "revocations").glob("*.json"))
    witnesses = {w.id: w for w in (_decode(p, OversightBody) for p in sorted((folder / "oversight").glob("*.json")))}
    return PartyFile(
        party=code,
        version=version + 1,
        issued=day,
        names=draft.names,
        judiciary_root=(folder / JUDICIARY_PUB).read_text(encoding="ascii").strip(),
        authorities=draft.authorities,
        competences=draft.competences,
        nodes=tuple(_decode(p, NodeEntry) for p in sorted((folder / "nodes").glob("*.json"))),
        credentials=tuple(p.read_text(encoding="ascii") for p in sorted((folder / "credentials").glob("*.jws"))),
        oversight=tuple(witnesses.get(body.id, body) for body in draft.oversight),
        revocations=(*draft.revocations, *(_decode(p, Revocation) for p in revoked)),
    )


def _decode(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.MsgspecError as exc:
        raise BadLaw(f"{path}: {exc}", "Make it again with comity init.") from exc


def write_text(path: Path, text: str) -> None:
    """Write a public file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
