"""Officials: their hand keys, and the credentials by which a root says who they are.

Judges are certified by the judiciary's root, all others by the Party's: a Party that signs a judge's credential with
its own root publishes a file that every node refuses.

Left to others: publishing (`comity.cli.init.parties`), using a hand (`comity.cli.hands`).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from comity.cli.folder import code_of, write_text
from comity.cli.init.parties import read_draft
from comity.cli.init.roots import Signed, place, roots_in
from comity.docket.directory import JUDICIAL_ROLES
from comity.errors import Conflict, Malformed, NotFound
from comity.node.keeping.keys import write_secret
from comity.signing.credential import Credential, issue_credential, read_unverified
from comity.signing.keys import PrivateKey, PublicKey, Signer, save_private

ROLES = ("officer", "prosecutor", "central_authority_officer", "judge", "investigating_judge", "oversight")


@dataclass(frozen=True, slots=True)
class Office:
    """Who is to be certified: the holder's name, role and authority, and the last day."""

    holder: str
    role: str
    authority: str
    until: date


def make_hand(path: Path, passphrase: bytes) -> PublicKey:
    """A new hand key in a file that its owner alone may read. Conflict when the file exists."""
    key = PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_secret(path, save_private(key, passphrase))
    write_text(path.with_name(path.name + ".pub"), key.public.to_text() + "\n")
    return key.public


def needs_judiciary(role: str) -> bool:
    """Whether this role is certified by the judiciary's root."""
    return role in JUDICIAL_ROLES


def certify(folder: Path, office: Office, public: PublicKey, root: Signer, day: date) -> Signed:
    """Certify a key with a root and put the credential into the Party's folder; pending while other holders must sign.

    Unverified when ``root`` is none of those that certify this role, NotFound when the Party has no such authority,
    Malformed for an unknown role, Conflict when the key is certified already as somebody else.
    """
    if office.role not in ROLES:
        raise Malformed(f"There is no role {office.role!r}.", f"Choose one of: {', '.join(ROLES)}.")
    draft = read_draft(folder)
    known = {a.id for a in draft.authorities} | {b.id for b in draft.oversight}
    if office.authority not in known:
        raise NotFound(
            f"party.toml names no authority {office.authority!r}.", f"Choose one of: {', '.join(sorted(known))}."
        )
    before = _certified(folder, public)
    if before is not None:
        held = read_unverified(before.read_text(encoding="ascii"))
        if (held.holder, held.role, held.authority) == (office.holder, office.role, office.authority):
            return Signed(before, "", 1, "", True)
        raise Conflict(
            f"This key is certified already, as {held.holder} ({held.role}).", "One key, one office: make another."
        )
    roots_in(folder, "judiciary" if needs_judiciary(office.role) else "party").resolve(root.public.kid)
    credential = Credential(
        kid=public.kid, key=public.to_text(), holder=office.holder, role=office.role, authority=office.authority,
        party=code_of(folder), valid_from=day, valid_until=office.until, serial=secrets.token_hex(8),
    )  # fmt: skip
    text = issue_credential(credential, root)
    name = re.sub(r"[^a-z0-9-]+", "-", f"{office.authority}-{office.role}".lower())
    path = folder / "credentials" / f"{name}-{credential.serial}.jws"
    return place(path, text.encode("ascii"))


def _certified(folder: Path, public: PublicKey) -> Path | None:
    paths = (folder / "credentials").glob("*.jws")
    return next((p for p in paths if read_unverified(p.read_text(encoding="ascii")).kid == public.kid), None)
