"""A Party's folder: its roots, what it says of its authorities, and the signed Party file made of it.

    party.toml                    authorities, competences, oversight bodies, revocations: edited by hand
    root.key, root.pub            the Party's root, under a passphrase; keep this folder on a computer without network.
                                  With several holders, each has a key of their own elsewhere (`comity.cli.init.roots`)
    judiciary.pub                 the judiciary's root, whose key lies elsewhere, with the judiciary
    nodes/, credentials/, oversight/, revocations/   what `comity init node|official|witness|revoke` put here
    <CC>.json                     the signed Party file

Left to others: officials' keys (`comity.cli.init.officials`), nodes' folders (`comity.cli.init.nodes`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import TypeVar

import msgspec

from comity.cli.folder import DRAFT, JUDICIARY_PUB, ROOT_PUB, code_of, write_text
from comity.cli.init.roots import Signed, changes_in, make_root, place, roots_in
from comity.docket.directory import Directory
from comity.docket.node_entry import NodeEntry
from comity.docket.party_file import (
    Authority,
    Competence,
    OversightBody,
    PartyFile,
    Revocation,
    read_party_file,
    sign_party_file,
)
from comity.errors import BadLaw, Malformed, NotFound
from comity.signing.keys import Signer
from comity.signing.roots import Roots, chain_of

T = TypeVar("T")
_CODE = re.compile(r"[A-Z]{2}", re.ASCII)


class PartyDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person writes in ``party.toml``."""

    names: dict[str, str]
    authorities: tuple[Authority, ...]
    competences: tuple[Competence, ...]
    oversight: tuple[OversightBody, ...] = ()
    revocations: tuple[Revocation, ...] = ()


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds a root: a passphrase for a key made here, or the keys of several of whom ``needed`` must sign."""

    passphrase: bytes = b""
    roots: Roots | None = None

    def found(self, folder: Path) -> Roots:
        """Make the key in ``folder`` unless others hold the root; write ``root.pub``, unless it is there."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (folder / ROOT_PUB).exists():
            return Roots.from_text((folder / ROOT_PUB).read_text(encoding="ascii").strip())
        roots = self.roots or Roots((make_root(folder, self.passphrase),))
        write_text(folder / ROOT_PUB, roots.to_text() + "\n")
        return roots


def found_party(code: str, folder: Path, judiciary: Path, roots: tuple[Holders, Holders], draft: str = "") -> None:
    """Make a Party's folder and its judiciary's, each with its root (``roots``). Harmless when repeated."""
    if _CODE.fullmatch(code) is None:
        raise Malformed(f"{code!r} is not the code of a Party.", "Use two capital letters, as in ISO 3166-1.")
    if judiciary.resolve().is_relative_to(folder.resolve()):
        raise Malformed("The judiciary's root would lie in the Party's folder.", "Keep it apart: --judiciary FOLDER.")
    roots[0].found(folder)
    judicial = roots[1].found(judiciary)
    for name in ("nodes", "credentials", "oversight"):
        (folder / name).mkdir(exist_ok=True)
    write_text(folder / "code", code + "\n")
    if not (folder / JUDICIARY_PUB).exists():
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


def publish(folder: Path, signer: Signer, day: date) -> tuple[PartyFile, Signed]:
    """Sign the Party file anew, one version up; what was published before when nothing changed.

    With several holders it waits, pending, for the others. Unverified when ``signer`` is none of them.
    """
    code, roots = code_of(folder), roots_in(folder, "party")
    roots.resolve(signer.public.kid)
    target, pinned = folder / f"{code}.json", changes_in(folder, "party")
    before = read_party_file(target.read_bytes()) if target.exists() else None
    file = _gather(folder, code, before.version if before else 0, day)
    if before is not None and msgspec.structs.replace(file, version=before.version, issued=before.issued) == before:
        return before, Signed(target, "", roots.needed, "", True)
    first = chain_of(roots, pinned, code, "party")[0]
    Directory({code: (file, first)})  # refuses what no node could use, e.g. a judge certified by the Party
    return file, place(target, sign_party_file(file, signer))


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
        root_changes=changes_in(folder, "party"),
        judiciary_changes=changes_in(folder, "judiciary"),
    )


def _decode(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except msgspec.MsgspecError as exc:
        raise BadLaw(f"{path}: {exc}", "Make it again with comity init.") from exc
