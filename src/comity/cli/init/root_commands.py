"""``comity init sign | root | roots``: several holders of one root, on computers of their own, one after another."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from comity.cli.hands import passphrase
from comity.cli.init import roots as holders
from comity.cli.init.root_options import ROOT_FILE, RootPassphrase, read_roots, signer_at, tell
from comity.cli.output import console


def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE.pending", help="What waits for signatures.")],
    root: Annotated[
        str, typer.Option("--root", metavar="FOLDER|agent:ID", help="Your root key. Without it, only look.")
    ] = "",
    root_passphrase: RootPassphrase = None,
) -> None:
    """Sign as one of several root holders, after reading what it says. Can be done on a computer of your own.

    With the last signature that is needed, in the Party's folder, the document takes its place.
    """
    signed = holders.settle(file)
    if root and not signed.done:
        signed = holders.sign(file, signer_at(root, root_passphrase, f"Passphrase of {root}"))
    if tell(signed):
        console.print(f"{escape(str(signed.path))}: {escape(signed.what)}. Enough have signed.")


def root(
    folder: Annotated[Path, typer.Argument(help="The holder's folder, on the holder's own computer.")],
    root_passphrase: RootPassphrase = None,
) -> None:
    """Make a root holder's key; tell the Party its public half."""
    made = (folder / "key.pub").exists()
    prompt = f"New passphrase of {folder}"
    secret = b"-" if made else passphrase(root_passphrase, prompt, option=ROOT_FILE, confirm=True)
    console.print(f"{escape(str(folder / 'key.pub'))}: {holders.make_root(folder, secret).to_text()}")
    console.print("Next: give this line to the Party: comity init roots PARTY --key ... --root FOLDER")


def roots(
    party: Annotated[Path, typer.Argument(help="The Party's folder.")],
    key: Annotated[list[str], typer.Option("--key", help="A new holder's public key, or its file; may be repeated.")],
    root: Annotated[str, typer.Option("--root", metavar="FOLDER|agent:ID", help="A holder's key that signs first.")],
    needed: Annotated[int, typer.Option("--needed", min=1, help="How many of the new holders must sign.")] = 1,
    office: Annotated[
        Literal["party", "judiciary"], typer.Option("--office", help="Whose roots: the Party's or its judiciary's.")
    ] = "party",
    root_passphrase: RootPassphrase = None,
) -> None:
    """Replace the root, or its holders, by the signatures of as many old holders as it takes, and of the new ones.

    Whoever trusts the old root follows by themselves, once the Party file is published; nobody else can replace it.
    """
    signer = signer_at(root, root_passphrase, f"Passphrase of {root}")
    signed = holders.change_roots(party, office, read_roots(key, needed), signer, datetime.now(UTC).date())
    if tell(signed):
        console.print(f"{escape(str(signed.path))}: {escape(signed.what)}. Enough have signed.")
        console.print(f"Next: comity init publish {escape(str(party))} --root FOLDER; comity init trust everywhere.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to ``comity init``."""
    app.command("sign")(sign)
    app.command("root")(root)
    app.command("roots")(roots)
