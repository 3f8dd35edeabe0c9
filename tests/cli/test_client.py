"""The client asks again when a node is restarted under it, and never mixes two beginnings of one file."""

from __future__ import annotations

import socket
import threading
from io import BytesIO

import pytest

from comity.cli.client import NodeClient
from comity.errors import Unreachable

WHOLE = b"the whole file"


def answers(listening: socket.socket, *given: bytes) -> None:
    """Answer each connection with the bytes given, then cut it."""
    for reply in given:
        connection, _ = listening.accept()
        connection.recv(65536)
        connection.sendall(reply)
        connection.close()
    listening.close()


def head(length: int) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n".encode()


@pytest.mark.parametrize("cut", [b"", head(len(WHOLE)), head(len(WHOLE)) + WHOLE[:5]])
def test_a_download_that_is_cut_begins_anew(cut: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NodeClient, "_token", lambda _: {})
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread = threading.Thread(target=answers, args=(listening, cut, head(len(WHOLE)) + WHOLE))
    thread.start()
    sink = BytesIO()
    assert NodeClient(url, None).download("/api/exhibits/x", sink) == len(WHOLE)
    assert sink.getvalue() == WHOLE
    thread.join()


def test_a_node_that_stays_away_is_named_when_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NodeClient, "_token", lambda _: {})
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(Unreachable, match="does not answer"):
        NodeClient(url, None, patience=0.3).download("/api/exhibits/x", BytesIO())
