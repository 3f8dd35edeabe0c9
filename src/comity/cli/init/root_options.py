"""How a command line names a root holder: a folder with the key, or a key in the ssh-agent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from comity.cli.hands import AGENT, open_hand, passphrase, read_public
from comity.cli.init.roots import Signed, make_root, open_root
from comity.cli.output import console
from comity.errors import Malformed
from comity.signing.keys import PublicKey, Signer
from comity.signing.roots import Roots

ROOT_FILE, JUDICIARY_FILE = "--root-passphrase-file", "--judiciary-passphrase-file"
RootPassphrase = Annotated[
    Path | None,
    typer.Option(
        ROOT_FILE, envvar="COMITY_ROOT_PASSPHRASE_FILE", help="File with the Party root's passphrase."
    ),
]
JudiciaryPassphrase = Annotated[
    Path | None,
    typer.Option(
        JUDICIARY_FILE,
        envvar="COMITY_JUDICIARY_PASSPHRASE_FILE",
        help="File with the judiciary root's passphrase.",
    ),
]
RootOption = Annotated[
    str,
    typer.Option(
        "--root", metavar="FOLDER|agent:ID", help="The root holder's key that signs. Default: the one in the folder."
    ),
]
PartyFolder = Annotated[Path, typer.Option("--party", help="The Party's folder.")]


def signer_at(where: str | Path, passphrase_file: Path | None, prompt: str, option: str = ROOT_FILE) -> Signer:
    """The holder's key in a folder, or in the agent (``agent:<key id>``). NotFound, Unverified.

    ``option`` names the file.
    """
    if str(where).partition(":")[0] == AGENT:
        return open_hand(str(where), None)
    return open_root(Path(where), passphrase(passphrase_file, prompt, option=option))


def make_holders(base: Path, number: int, passphrase_file: Path | None, option: str) -> list[PublicKey]:
    """The keys of several holders, each in a folder of its own beside ``base``, each under its own passphrase.

    ``option`` names the file.
    """
    keys = []
    for place in range(1, number + 1):
        folder = base.with_name(f"{base.name}-root-{place}")
        made = (folder / "key.pub").exists()
        prompt = f"New passphrase of {folder}"
        secret = b"-" if made else passphrase(passphrase_file, prompt, option=option, confirm=True)
        keys.append(make_root(folder, secret))
        console.print(f"{escape(str(folder))}: a root key. Hand this folder to its holder; keep no copy.")
    return keys


def read_roots(texts: list[str], needed: int) -> Roots:
    """The roots that a command line names: public keys, or files that hold one. Malformed."""
    found = [read_public(Path(t).read_text(encoding="ascii") if Path(t).is_file() else t) for t in texts]
    if not found:
        raise Malformed("No root is named.", "Give each holder's public key: --key FOLDER/key.pub.")
    return Roots(tuple(found), needed)


def tell(signed: Signed) -> bool:
    """Say who has signed, and what comes next while it waits; whether it has taken its place."""
    if signed.done:
        return True
    console.print(f"{escape(signed.what)}")
    console.print(
        f"{escape(str(signed.path))}: {signed.signatures} signature(s); it waits for {escape(signed.needed)}. "
        "Nothing accepts it yet."
    )
    console.print(f"Next: comity init sign {escape(signed.path.name)} --root FOLDER, by the next holder;")
    console.print("when enough have signed, comity init sign on it in the Party's folder: there it takes its place.")
    return False
