"""Every exchange over HTTP ends: a peer that sends a byte now and then is a peer that does not answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from comity.docket.directory import NodeEntry
from comity.errors import Unreachable
from comity.node.http import PATIENCE, client
from comity.node.post.transport import HttpTransport
from tests.house.source import PACKAGE

TIMEOUT, PAUSE, LONG = 0.05, 0.01, 10.0  # seconds: of a read, between two bytes, for a machine that is busy
OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def peer(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """The address of a server that reads what is asked and leaves the rest to ``answer``."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def converse(link: socket.socket) -> None:
            with link, suppress(OSError):
                while link.recv(65536):
                    answer(link)

        def serve() -> None:
            with suppress(OSError):  # closed
                while True:
                    threading.Thread(target=converse, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def drip(begun: bytes, again: bytes) -> Callable[[socket.socket], object]:
    """Begin an answer, and go on with it for as long as anybody listens."""

    def answer(link: socket.socket) -> None:
        link.sendall(begun)
        until = time.monotonic() + LONG
        while time.monotonic() < until:
            link.sendall(again)
            time.sleep(PAUSE)

    return answer


def entry(url: str) -> NodeEntry:
    return NodeEntry(
        id="node.fr.example", url=url, authorities=(), seals=(), envelopes=(), origin="fr.example/log", log_vkeys=()
    )


@pytest.mark.parametrize(
    ("begun", "again"),
    [(OK + b"Content-Length: 100000\r\n\r\n", b" "), (OK + b"X", b"x"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n")],
    ids=["body", "header", "continue"],
)
def test_whoever_drips_is_broken_off(begun: bytes, again: bytes) -> None:
    with peer(drip(begun, again)) as url:
        start = time.monotonic()
        with pytest.raises(Unreachable, match="does not answer: ReadTimeout"):
            HttpTransport(TIMEOUT).post(entry(url), b"x")
        assert time.monotonic() - start < LONG / 2


def test_a_node_asks_nobody_past_these_bounds() -> None:
    """Peers, witnesses, logs and conflicts are all asked by this one kind of client."""
    made = [p.name for p in (PACKAGE / "node").rglob("*.py") if "httpx2.Client(" in p.read_text(encoding="utf-8")]
    assert made == ["http.py"]


def test_whoever_does_not_read_is_broken_off() -> None:
    full = threading.Event()
    with peer(lambda _: full.wait(LONG)) as url:
        with pytest.raises(Unreachable, match="does not answer"):
            HttpTransport(TIMEOUT).post(entry(url), bytes(32 << 20))
        full.set()


def test_who_carries_much_has_the_time_for_it_and_each_exchange_its_own() -> None:
    """On one connection, which is kept."""

    def answer(link: socket.socket) -> None:
        link.sendall(OK + b"Content-Length: 49152\r\n\r\n")
        for _ in range(12):
            link.sendall(bytes(4096))
            time.sleep(TIMEOUT / 2)

    with peer(answer) as url, client(TIMEOUT) as http:
        for _ in range(2):
            begun = time.monotonic()
            assert len(http.get(url).content) == 49152
            assert time.monotonic() - begun > PATIENCE * TIMEOUT
            time.sleep(PATIENCE * TIMEOUT)
