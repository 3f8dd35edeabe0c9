"""Hands on this computer: an official's key in a file under a passphrase, or in an ssh-agent.

Passphrases come from a file that only its owner may read (``--passphrase-file`` or COMITY_PASSPHRASE_FILE), else from
the terminal. They are never taken from the command line or from the environment itself.

Left to others: what is signed (`comity.cli.filing`), who certifies a key (`comity.cli.init.officials`).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from comity.errors import Malformed, NotFound
from comity.node.agent import AgentSigner, list_identities
from comity.node.keeping.keys import read_secret
from comity.signing.hand import Signer
from comity.signing.keys import PublicKey, load_private

AGENT = "agent"
OWN_FILE = "--passphrase-file"
KeyOption = Annotated[
    str,
    typer.Option(
        "--as",
        envvar="COMITY_KEY",
        metavar="KEY",
        help="Your hand: a key file, or agent:<key id> for a key in your ssh-agent.",
    ),
]
PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        OWN_FILE,
        envvar="COMITY_PASSPHRASE_FILE",
        help="File with the key's passphrase (mode 0600). Without it you are asked.",
    ),
]


def open_hand(key: str, passphrase_file: Path | None) -> Signer:
    """The signer that ``key`` names: a file, or ``agent`` / ``agent:<kid>``. Raises NotFound, Unverified, Malformed."""
    if not key:
        raise NotFound(
            "Whose hand is it?", "Name your key: --as KEYFILE, or --as agent:<key id>; see comity init official."
        )
    if key.partition(":")[0] == AGENT:
        return _from_agent(key.partition(":")[2])
    data = _own_file(Path(key), "key", "Check the name after --as; comity init official makes a key.")
    try:
        return load_private(data, passphrase(passphrase_file, f"Passphrase of {key}"))
    except Malformed as exc:
        raise Malformed(f"{key}: {exc.what}", exc.next_step) from exc


def _own_file(path: Path, what: str, next_step: str) -> bytes:
    if not path.is_file():
        raise NotFound(f"There is no {what} file {path}.", next_step)
    return read_secret(path)


def _from_agent(kid: str) -> AgentSigner:
    socket = os.environ.get("SSH_AUTH_SOCK", "")
    if not socket:
        raise NotFound("No ssh-agent is running here.", "Start one and add your key with ssh-add.")
    there = list_identities(socket)
    found = [k for k in there if k.kid.startswith(kid)]
    named = ", ".join(f"agent:{k.kid[:10]}" for k in found or there)
    if not found:
        raise NotFound(
            f"No Ed25519 key in the agent begins with {kid!r}." if there else "The agent holds no Ed25519 key.",
            f"{f'Name one of {named}, or add' if there else 'Add'} yours with ssh-add; a locked agent shows none.",
        )
    if len(found) > 1:
        raise Malformed(f"{len(found)} keys in the agent fit.", f"Name one: {named}.")
    return AgentSigner(socket, found[0])


def passphrase(file: Path | None, prompt: str, *, option: str = OWN_FILE, confirm: bool = False) -> bytes:
    """The passphrase in a file that ``option`` named (its last newline apart), or as typed. Malformed when empty."""
    if file is not None:
        text = _own_file(file, "passphrase", f"Check the name after {option}.").rstrip(b"\r\n")
    else:
        text = _typed(prompt, option, confirm)
    if not text:
        raise Malformed("The passphrase is empty.", "Choose one; it protects the key when the file is copied.")
    return text


def _typed(prompt: str, option: str, confirm: bool) -> bytes:
    try:
        return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True)).encode()
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        raise Malformed("There is no terminal to ask for the passphrase.", f"Give a file: {option}.") from None


def read_public(text: str) -> PublicKey:
    """A public key as ``ed25519:...`` or as a line of an OpenSSH .pub file. Raises Malformed."""
    words = text.split()
    if len(words) >= 2 and words[0] == "ssh-ed25519":
        return PublicKey(_ssh_blob(words[1]))
    return PublicKey.from_text(text.strip())


def _ssh_blob(text: str) -> bytes:
    """The 32 raw bytes in an ``ssh-ed25519`` blob (RFC 8709, 4)."""
    import base64
    import binascii

    head = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"
    try:
        blob = base64.b64decode(text, validate=True)
    except binascii.Error:
        blob = b""
    if not blob.startswith(head) or len(blob) != len(head) + 32:
        raise Malformed("This is not an ssh-ed25519 public key.", "Give the line of the .pub file.")
    return blob[len(head) :]
