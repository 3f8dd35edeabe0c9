import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.cli.hands import open_hand
from comity.errors import ComityError, Malformed, NotFound, Unreachable, Unverified
from comity.node.agent import AgentSigner, list_identities
from comity.signing.digest import digest
from comity.signing.hand import check_hand, put_hand
from comity.signing.keys import save_private
from tests.signing.samples import ANN, BOB

needs_agent = pytest.mark.skipif(shutil.which("ssh-agent") is None, reason="ssh-agent is not installed")


@pytest.fixture
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A real ssh-agent that holds ANN's key and one of another kind."""
    folder = tmp_path_factory.mktemp("a")
    path, key, other = folder / "s", folder / "k", folder / "o"
    key.write_bytes(save_private(ANN, None))
    key.chmod(0o600)
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        environment = {**os.environ, "SSH_AUTH_SOCK": str(path)}
        subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(other)], check=True)
        subprocess.run(["ssh-add", "-q", str(other), str(key)], check=True, env=environment)
        yield path
    finally:
        process.terminate()
        process.communicate(timeout=10)


@needs_agent
def test_an_agent_puts_a_hand(agent: Path) -> None:
    hand = put_hand(digest(b"record"), AgentSigner(agent, ANN.public))
    check_hand(hand, digest(b"record"), ANN.public)
    assert hand == put_hand(digest(b"record"), ANN)


@needs_agent
def test_an_agent_lists_its_ed25519_keys(agent: Path) -> None:
    assert list_identities(str(agent)) == [ANN.public]


@needs_agent
def test_an_agent_without_the_key_refuses(agent: Path) -> None:
    with pytest.raises(Unverified, match="ssh-add"):
        AgentSigner(agent, BOB.public).sign(b"x")


@needs_agent
def test_whose_hand_an_agent_puts_is_named_or_asked_for(agent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
    for name in ("agent", "agent:", f"agent:{ANN.public.kid[:6]}"):
        assert open_hand(name, None).public == ANN.public
    with pytest.raises(NotFound, match=f"begins with 'nobody'.*agent:{ANN.public.kid[:10]}"):
        open_hand("agent:nobody", None)
    second = agent.with_name("second")
    second.write_bytes(save_private(BOB, None))
    second.chmod(0o600)
    subprocess.run(["ssh-add", "-q", str(second)], check=True, env={**os.environ, "SSH_AUTH_SOCK": str(agent)})
    with pytest.raises(Malformed, match=r"2 keys in the agent fit.*Name one: agent:.*, agent:"):
        open_hand("agent", None)
    subprocess.run(["ssh-add", "-q", "-D"], check=True, env={**os.environ, "SSH_AUTH_SOCK": str(agent)})
    with pytest.raises(NotFound, match=r"holds no Ed25519 key.*locked"):
        open_hand("agent", None)


def test_no_agent_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="SSH_AUTH_SOCK"):
        list_identities(tmp_path / "none")


def string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def ask(folder: Path, reply: bytes, *, listing: bool) -> None:
    """Ask a false agent that answers one request with these bytes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(folder / "f"))
        server.listen(1)

        def answer() -> None:
            link, _ = server.accept()
            with link:
                link.recv(4096)
                link.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            _ = list_identities(folder / "f") if listing else AgentSigner(folder / "f", ANN.public).sign(b"x")
        finally:
            thread.join()


FORGED = string(b"\x0e" + string(string(b"ssh-ed25519") + string(BOB.sign(b"x"))))
SHORT = string(b"\x0e" + string(string(b"ssh-ed25519") + string(bytes(63))))
RSA = string(b"\x0e" + string(string(b"ssh-rsa") + string(bytes(64))))


@pytest.mark.parametrize("listing", [True, False])
@pytest.mark.parametrize(
    "reply", [b"", bytes(4), b"\xff\xff\xff\xff", b"\0\0\0\1\x06", b"\0\0\0\5\x0c\0\0\0\1", string(b"\x0e")]
)
def test_agents_that_talk_nonsense_are_refused(
    tmp_path_factory: pytest.TempPathFactory, reply: bytes, listing: bool
) -> None:
    with pytest.raises(Unreachable):
        ask(tmp_path_factory.mktemp("n"), reply, listing=listing)


@pytest.mark.parametrize(("reply", "error"), [(FORGED, Unverified), (SHORT, Unreachable), (RSA, Unreachable)])
def test_false_signatures_are_not_handed_on(
    tmp_path_factory: pytest.TempPathFactory, reply: bytes, error: type[ComityError]
) -> None:
    with pytest.raises(error):
        ask(tmp_path_factory.mktemp("n"), reply, listing=False)
