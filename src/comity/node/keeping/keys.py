"""The node's own keys on disk: seal, log, envelope, vault. One folder, apart from the data, never an official's key.

    seal.key       Ed25519, an OpenSSH private key file
    log.key        one line per log signer, as in Go's note package: PRIVATE+KEY+<origin>+<key id>+<base64>; those of
                   logs and keys to come and of the past stay in it, the Party file says which are in force
    envelope.key   the seed that opens envelopes, as `comity.signing.envelope` writes it; during an overlap the one
                   before it is in envelope.old.key
    vault.key      32 bytes under which the keys of contents are wrapped

They lie unencrypted, because a node must start by itself: whoever reads this folder can act as the node (though never
as an official). So the folder is 0700, each file 0600, and anything wider is refused.

Left to others: officials' keys (`comity.cli.hands`), rotation by position (`comity.signing.trust`).
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from comity.errors import BadLaw, Conflict, Malformed, NotFound, Unverified
from comity.signing.envelope import EnvelopeKey
from comity.signing.keys import PrivateKey, load_private, save_private
from comity.tlog.cosignature import Ed25519Cosigner, MLDSACosigner
from comity.tlog.note import ED25519, ED25519_COSIGNATURE, MLDSA44, Signer

SEAL, LOG, ENVELOPE, VAULT = "seal.key", "log.key", "envelope.key", "vault.key"
OLD_ENVELOPE = "envelope.old.key"
LogSigner = Signer | MLDSACosigner
_PREFIX = "PRIVATE+KEY"
_RESTORE = "Restore the key folder from its backup; never make a new key for data that exists."


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The keys of one node. Printing them never shows a secret."""

    seal: PrivateKey
    log_signers: tuple[LogSigner, ...]
    envelope: EnvelopeKey
    vault: bytes = field(repr=False)
    old_envelope: EnvelopeKey | None = None

    @property
    def envelopes(self) -> tuple[EnvelopeKey, ...]:
        """The keys that open envelopes: the one sealed to now, and during an overlap the one before it."""
        return (self.envelope,) if self.old_envelope is None else (self.envelope, self.old_envelope)

    @property
    def log_vkeys(self) -> tuple[str, ...]:
        """The public halves of the log's keys, for the Party file and for policies."""
        return tuple(signer.vkey.encode() for signer in self.log_signers)

    @classmethod
    def generate(cls, folder: Path, origin: str) -> NodeKeys:
        """Make the keys of the node whose log is called ``origin``, all or none. Conflict when the folder exists."""
        if folder.exists():
            raise Conflict(f"{folder} exists already; keys are never overwritten.", "Use another folder.")
        signers = (Signer.from_seed(origin, _seed()), MLDSACosigner.from_seed(origin, _seed()))
        keys = cls(PrivateKey.generate(), signers, EnvelopeKey.generate(), _seed())
        making = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        making.mkdir(mode=0o700, parents=True)
        try:
            write_secret(making / SEAL, save_private(keys.seal, None))
            write_secret(making / LOG, "".join(private_line(s) + "\n" for s in signers).encode())
            write_secret(making / ENVELOPE, keys.envelope.save(None))
            write_secret(making / VAULT, keys.vault)
            making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return keys

    @classmethod
    def load(cls, folder: Path) -> NodeKeys:
        """Read the keys.

        Raises NotFound when a file is missing, Unverified when others may read it, BadLaw when it is damaged.
        """
        try:
            signers = tuple(_log_signer(line) for line in read_secret(folder / LOG).decode("ascii").splitlines())
            vault = read_secret(folder / VAULT)
            keys = cls(
                load_private(read_secret(folder / SEAL), None),
                signers,
                EnvelopeKey.load(read_secret(folder / ENVELOPE), None),
                vault,
                EnvelopeKey.load(read_secret(old), None) if (old := folder / OLD_ENVELOPE).exists() else None,
            )
        except (Malformed, ValueError) as wrong:
            raise BadLaw(f"A key of this node in {folder} is damaged: {wrong}", _RESTORE) from wrong
        if len(vault) != 32 or not signers:
            raise BadLaw(f"{folder / (LOG if not signers else VAULT)} is damaged.", _RESTORE)
        return keys


def add_log_signers(folder: Path, origin: str) -> tuple[str, ...]:
    """Make new keys for a log, Ed25519 and ML-DSA-44, and add them to those in ``folder``; their public halves."""
    lines = read_secret(folder / LOG)
    made = (Signer.from_seed(origin, _seed()), MLDSACosigner.from_seed(origin, _seed()))
    replace_secret(folder / LOG, lines + "".join(private_line(signer) + "\n" for signer in made).encode())
    return tuple(signer.vkey.encode() for signer in made)


def replace_secret(path: Path, data: bytes) -> None:
    """Put other contents into a secret file, whole or not at all, durably."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write_secret(part, data)
    os.replace(part, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def private_line(signer: LogSigner | Ed25519Cosigner) -> str:
    """A signer's private key as one line of text: Go's note format, for all three types of key."""
    vkey = signer.vkey
    seed = signer.key.private_bytes_raw()
    body = base64.b64encode(bytes([vkey.algorithm]) + seed).decode("ascii")
    return f"{_PREFIX}+{vkey.name}+{vkey.key_id.hex()}+{body}"


def read_private_line(line: str) -> LogSigner | Ed25519Cosigner:
    """The signer that `private_line` wrote. Raises Malformed; the key's id must fit."""
    words = line.rstrip("\n").split("+", 4)
    if len(words) != 5 or "+".join(words[:2]) != _PREFIX:
        raise Malformed("This is not a private key line.", _RESTORE)
    try:
        raw = base64.b64decode(words[4], validate=True)
    except ValueError as wrong:
        raise Malformed("This private key line is damaged.", _RESTORE) from wrong
    kinds: dict[int, type[LogSigner] | type[Ed25519Cosigner]] = {
        ED25519: Signer, ED25519_COSIGNATURE: Ed25519Cosigner, MLDSA44: MLDSACosigner,
    }  # fmt: skip
    kind = kinds.get(raw[0] if raw else 0)
    if kind is None:
        raise Malformed("This private key line is of an unknown type.", _RESTORE)
    signer = kind.from_seed(words[2], raw[1:])
    if signer.vkey.key_id.hex() != words[3]:
        raise Malformed("This private key line's id does not fit its key.", _RESTORE)
    return signer


def _log_signer(line: str) -> LogSigner:
    signer = read_private_line(line)
    if isinstance(signer, Ed25519Cosigner):
        raise Malformed("A witness's key stands among the log's keys.", _RESTORE)
    return signer


def write_secret(path: Path, data: bytes) -> None:
    """Write a new file that its owner alone may read, durably. Conflict when it exists."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(f"{path} exists already; a key is never overwritten.", "Choose another name.") from None
    with os.fdopen(handle, "wb") as sink:
        sink.write(data)
        sink.flush()
        os.fsync(sink.fileno())


def read_secret(path: Path) -> bytes:
    """Read a file that nobody but its owner may read. Raises NotFound, Unverified (rights too wide)."""
    try:
        mode = path.stat().st_mode
        if mode & 0o077:
            raise Unverified(f"{path} can be read by others (mode {mode & 0o777:o}).", f"Run: chmod 600 {path}")
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"The key file {path} is missing.", _RESTORE) from None


def _seed() -> bytes:
    return secrets.token_bytes(32)
