"""An official's key in an ssh-agent: it signs there, and never enters this process (draft-ietf-sshm-ssh-agent).

Left to others: starting the agent, adding keys (`ssh-add`, with `-c` to be asked each time), tokens behind it.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from comity.errors import ComityError, Malformed, Unreachable, Unverified
from comity.signing.keys import SIGNATURE_SIZE, PublicKey

WAIT_SECONDS = 60.0
"""How long the agent may take: its holder may have to confirm, or to touch a token."""

_LARGEST = 256 * 1024
_REQUEST_IDENTITIES, _IDENTITIES_ANSWER = 11, 12
_SIGN_REQUEST, _SIGN_RESPONSE = 13, 14
_FAILURE = 5
_ED25519 = b"ssh-ed25519"


@dataclass(frozen=True)
class AgentSigner:
    """A `Signer` whose key lies in the agent behind a Unix socket."""

    socket_path: str | Path
    public: PublicKey

    def sign(self, message: bytes) -> bytes:
        """Return the agent's 64-byte Ed25519 signature, checked before it is handed on.

        Raises `Unreachable` if there is no agent or it answers nonsense, `Unverified` if it refuses or has no such key.
        """
        request = bytes((_SIGN_REQUEST,)) + _string(_blob(self.public)) + _string(message) + bytes(4)
        answer = _ask(self.socket_path, request)
        if answer[:1] == bytes((_FAILURE,)):
            raise Unverified("The agent refused to sign.", "Add the key with ssh-add, or confirm when asked.")
        signature = _signature(_expect(answer, _SIGN_RESPONSE))
        self.public.verify(signature, message)
        return signature


def list_identities(socket_path: str | Path) -> list[PublicKey]:
    """Return the Ed25519 keys in the agent; others are passed over. Raises `Unreachable` if there is no agent."""
    rest = _expect(_ask(socket_path, bytes((_REQUEST_IDENTITIES,))), _IDENTITIES_ANSWER)
    count, rest = _number(rest)
    keys = []
    for _ in range(count):
        blob, rest = _take(rest)
        _, rest = _take(rest)
        kind, key = _take(blob)
        if kind == _ED25519:
            keys.append(_public(key))
    return keys


def _ask(socket_path: str | Path, request: bytes) -> bytes:
    """Send one message and return the agent's answer, its type byte first."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(WAIT_SECONDS)
            link.connect(str(socket_path))
            link.sendall(_string(request))
            size, _ = _number(_receive(link, 4))
            if not 0 < size <= _LARGEST:
                raise _nonsense()
            return _receive(link, size)
    except OSError as wrong:
        raise Unreachable(f"The ssh-agent does not answer: {wrong}.", "Start it, and check SSH_AUTH_SOCK.") from wrong


def _receive(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = link.recv(size - len(data))
        if not part:
            raise Unreachable("The ssh-agent hung up.", "Start it again.")
        data += part
    return data


def _expect(answer: bytes, kind: int) -> bytes:
    if answer[0] != kind:
        raise _nonsense()
    return answer[1:]


def _signature(body: bytes) -> bytes:
    blob, rest = _take(body)
    kind, after = _take(blob)
    signature, end = _take(after)
    if rest or end or kind != _ED25519 or len(signature) != SIGNATURE_SIZE:
        raise _nonsense()
    return signature


def _public(blob: bytes) -> PublicKey:
    raw, end = _take(blob)
    if end:
        raise _nonsense()
    try:
        return PublicKey(raw)
    except Malformed as wrong:
        raise _nonsense() from wrong


def _blob(public: PublicKey) -> bytes:
    """Return a public key in SSH's wire form (RFC 8709, 4)."""
    return _string(_ED25519) + _string(public.raw)


def _string(data: bytes) -> bytes:
    """Return data after its length in 4 bytes, big-endian (RFC 4251, 5)."""
    return len(data).to_bytes(4, "big") + data


def _number(data: bytes) -> tuple[int, bytes]:
    if len(data) < 4:
        raise _nonsense()
    return int.from_bytes(data[:4], "big"), data[4:]


def _take(data: bytes) -> tuple[bytes, bytes]:
    """Return a length-prefixed string and what comes after it."""
    size, rest = _number(data)
    if size > len(rest):
        raise _nonsense()
    return rest[:size], rest[size:]


def _nonsense() -> ComityError:
    return Unreachable("The ssh-agent's answer is not the agent protocol.", "Check that the socket is an ssh-agent's.")
