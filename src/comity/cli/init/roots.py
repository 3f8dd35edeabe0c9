"""Root holders: making their keys, and signing one after another what needs several of them.

What too few holders have signed yet lies beside its later place under the name ``....pending``. It may be carried from
one holder's computer to the next; in the Party's folder, with the last signature that is needed, it takes its place.

    root.pub, judiciary.pub     the roots, as `comity.signing.roots` writes them; one key, or k of n
    root-changes/, judiciary-changes/   changes of roots, in order, each signed by enough of the old and new ones

Left to others: gathering the Party file (`comity.cli.init.parties`), credentials (`comity.cli.init.officials`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from comity.cli.folder import JUDICIARY_PUB, ROOT_KEY, ROOT_PUB, code_of, write_text
from comity.docket.party_file import MAX_PARTY_FILE, read_party_file
from comity.errors import Conflict, Malformed, NotFound
from comity.node.keeping.keys import read_secret, write_secret
from comity.signing.credential import CREDENTIAL_TYPE, read_unverified
from comity.signing.credential import LARGEST as LARGEST_CREDENTIAL
from comity.signing.keys import PrivateKey, PublicKey, Signer, load_private, save_private
from comity.signing.roots import CHANGE_TYPE, LARGEST_CHANGE, RootChange, Roots, read_change, sign_change
from comity.signing.seal import DOCUMENT_TYPE, add_signature, signers_claimed

PENDING = ".pending"
Office = Literal["party", "judiciary"]
_PUBS: dict[Office, str] = {"party": ROOT_PUB, "judiciary": JUDICIARY_PUB}
_TYPES = ((DOCUMENT_TYPE, MAX_PARTY_FILE), (CREDENTIAL_TYPE, LARGEST_CREDENTIAL), (CHANGE_TYPE, LARGEST_CHANGE))


@dataclass(frozen=True, slots=True)
class Signed:
    """Where a document lies, and how many of those that must sign it have; ``done``: it has taken its place."""

    path: Path
    what: str
    signatures: int
    needed: str
    done: bool


def make_root(folder: Path, passphrase: bytes) -> PublicKey:
    """A root holder's key in ``folder``, under a passphrase; the one that is there already is kept."""
    if (folder / ROOT_KEY).exists():
        return PublicKey.from_text((folder / "key.pub").read_text(encoding="ascii").strip())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = PrivateKey.generate()
    write_secret(folder / ROOT_KEY, save_private(key, passphrase))
    write_text(folder / "key.pub", key.public.to_text() + "\n")
    return key.public


def open_root(folder: Path, passphrase: bytes) -> PrivateKey:
    """The root key in ``folder``. NotFound, Unverified (wrong passphrase, rights too wide)."""
    if not (folder / ROOT_KEY).exists():
        raise NotFound(f"There is no root key in {folder}.", "Each holder has a folder of their own: --root FOLDER.")
    return load_private(read_secret(folder / ROOT_KEY), passphrase)


def roots_in(party: Path, office: Office) -> Roots:
    """The roots of a Party's folder. NotFound, Malformed."""
    path = party / _PUBS[office]
    if not path.exists():
        raise NotFound(f"{path} is missing.", "Restore it, or make the folder with comity init party.")
    return Roots.from_text(path.read_text(encoding="ascii").strip())


def changes_in(party: Path, office: Office) -> tuple[str, ...]:
    """The changes of roots that enough have signed, oldest first."""
    found = sorted((party / f"{_folder(office)}").glob("*.jws"))
    return tuple(path.read_text(encoding="ascii") for path in found)


def _folder(office: Office) -> str:
    return "root-changes" if office == "party" else "judiciary-changes"


def place(target: Path, data: bytes) -> Signed:
    """Put a document that bears a first signature where it belongs, or beside it as pending."""
    pending = target.with_name(target.name + PENDING)
    write_text(pending, data.decode("ascii"))
    return settle(pending)


def sign(path: Path, signer: Signer) -> Signed:
    """Add a holder's signature to a pending document. Malformed when it bears that holder's already."""
    data, (typ, limit) = _read(path)
    write_text(path, add_signature(data, signer, limit, typ).decode("ascii"))
    return settle(path)


def settle(path: Path) -> Signed:
    """Give a pending document its place when enough roots of the Party's folder it lies in have signed it.

    Anywhere else, only say who has signed. Raises Unverified when a root's signature is bad.
    """
    data, (typ, limit) = _read(path)
    signers, party = set(signers_claimed(data, limit, typ)), _party_of(path)
    asked = _asked(data, typ, party)
    words = ", ".join(f"{r.needed} of {len(r.keys)} {whose}" for whose, r in asked.items()) or "those in root.pub"
    have = len(signers)
    if path.suffix != PENDING or not asked or any(len(signers & r.kids) < r.needed for r in asked.values()):
        return Signed(path, _what(data, typ), have, words, path.suffix != PENDING)
    for roots in asked.values():
        roots.open(data, limit, "The document", typ)
    target = path.with_suffix("")
    if typ == CHANGE_TYPE and party is not None:
        change = read_change(data)
        write_text(party / (ROOT_PUB if change.office == "party" else JUDICIARY_PUB), change.after + "\n")
    write_text(target, data.decode("ascii"))
    path.unlink()
    return Signed(target, _what(data, typ), have, words, True)


def change_roots(party: Path, office: Office, after: Roots, signer: Signer, day: date) -> Signed:
    """Begin to replace the roots of an office. Conflict when they are those already, or another change is pending."""
    before, folder = roots_in(party, office), party / _folder(office)
    if before == after:
        raise Conflict("These are the roots already.", "Name the new ones.")
    folder.mkdir(exist_ok=True)
    if pending := sorted(folder.glob(f"*{PENDING}")):
        raise Conflict(f"{pending[0]} waits for signatures.", "Have it signed, or remove it.")
    change = RootChange(
        party=code_of(party), office=office, before=before.to_text(), after=after.to_text(), issued=day
    )  # fmt: skip
    if signer.public.kid not in before.kids | after.kids:
        raise Malformed("That key is neither one of the old roots nor of the new ones.", "Sign with a holder's key.")
    return place(folder / f"{len(changes_in(party, office)) + 1:03d}.jws", sign_change(change, signer))


def _read(path: Path) -> tuple[bytes, tuple[str, int]]:
    """A document and its type. NotFound, Malformed."""
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", f"Name the file that ends in {PENDING}.")
    data = path.read_bytes()
    for typ, limit in _TYPES:
        try:
            signers_claimed(data, limit, typ)
        except Malformed:
            continue
        return data, (typ, limit)
    raise Malformed(f"{path} is no document that roots sign.", f"Name the file that ends in {PENDING}.")


def _party_of(path: Path) -> Path | None:
    """The Party's folder that a document lies in, or None on a holder's own computer."""
    return next((p for p in (path.parent, path.parent.parent) if (p / "code").exists()), None)


def _asked(data: bytes, typ: str, party: Path | None) -> dict[str, Roots]:
    """Who must sign, by what they are called; empty when that is not known here."""
    if typ == CHANGE_TYPE:
        change = read_change(data)
        return {"old roots": Roots.from_text(change.before), "new roots": Roots.from_text(change.after)}
    if party is None:
        return {}
    if typ == DOCUMENT_TYPE:
        return {"roots": roots_in(party, "party")}
    judicial = read_unverified(data.decode("ascii", "replace")).role in ("judge", "investigating_judge")
    return {"roots of the judiciary": roots_in(party, "judiciary")} if judicial else {"roots": roots_in(party, "party")}


def _what(data: bytes, typ: str) -> str:
    """What a document says, for whoever is asked to sign it."""
    if typ == DOCUMENT_TYPE:
        file = read_party_file(data)
        logs = [log for node in file.nodes for log in node.logs if log.end is not None]
        ends = "".join(f"; ends the log {log.origin} with {log.end.size} leaves" for log in logs if log.end)
        return (
            f"Party file of {file.party}, version {file.version} of {file.issued}: {len(file.nodes)} node(s), "
            f"{len(file.credentials)} official(s), {len(file.revocations)} revocation(s){ends}"
        )
    if typ == CREDENTIAL_TYPE:
        held = read_unverified(data.decode("ascii", "replace"))
        return f"credential: {held.holder} is {held.role} of {held.authority}, until {held.valid_until}"
    change = read_change(data)
    return f"change of the {change.office}'s roots of {change.party}, from {change.before} to {change.after}"
