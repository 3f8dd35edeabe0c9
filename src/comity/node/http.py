"""The client with which a node, and whoever audits one, speaks HTTP. Every exchange ends, however slow the other side.

A time-out counts the wait for each read alone; whoever sends one byte before each of them runs out would never be done.
So asking and answering have their patience each, and a little more for all that they carry, and are broken off then.

Left to others: what is said to whom, and that it is said again (`transport`, `comity.node.auditor`).
"""

from __future__ import annotations

import ssl
import time
from functools import cache
from typing import Any

import httpx2

PATIENCE = 3  # times the time-out of one read, for all of an answer that carries little
SLOWEST = 8192  # bytes a second; who carries much has so much more time
_PART = 65536


def client(timeout: float) -> httpx2.Client:
    """``timeout`` in seconds for each read. No proxies of the environment and no redirects: the address is as named."""
    return httpx2.Client(timeout=timeout, transport=_Transport(timeout), trust_env=False, follow_redirects=False)


@cache
def _trusted() -> ssl.SSLContext:
    """The roots of this machine, read from disk once."""
    return httpx2.create_ssl_context(trust_env=False)


class _Transport(httpx2.HTTPTransport):
    def __init__(self, timeout: float) -> None:
        super().__init__(verify=_trusted(), trust_env=False)
        network = _Network(self._pool._network_backend, PATIENCE * timeout)
        self._pool._network_backend = network  # type: ignore[assignment]


class _Network:
    """Connects as ``network`` does, and bounds what goes over each connection."""

    def __init__(self, network: Any, patience: float) -> None:
        self._network, self._patience = network, patience

    def connect_tcp(self, *where: Any, **how: Any) -> _Stream:
        return _Stream(self._network.connect_tcp(*where, **how), self._patience)

    def connect_unix_socket(self, *where: Any, **how: Any) -> _Stream:
        return _Stream(self._network.connect_unix_socket(*where, **how), self._patience)

    def sleep(self, seconds: float) -> None:
        self._network.sleep(seconds)


class _Stream:
    """One connection. Asking has ``patience`` (seconds), and so has each answer."""

    def __init__(self, stream: Any, patience: float) -> None:
        self._stream, self._patience = stream, patience
        self._asking, self._began, self._carried = False, 0.0, 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._turn(asking=False)
        data: bytes = self._stream.read(max_bytes, self._left(timeout, httpx2.ReadTimeout))
        self._carried += len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._turn(asking=True)
        for start in range(0, len(buffer), _PART):  # one write is as long as the other side likes
            part = buffer[start : start + _PART]
            self._stream.write(part, self._left(timeout, httpx2.WriteTimeout))
            self._carried += len(part)

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *whom: Any, **how: Any) -> _Stream:
        return _Stream(self._stream.start_tls(*whom, **how), self._patience)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _turn(self, *, asking: bool) -> None:
        if self._asking != asking:
            self._asking, self._began, self._carried = asking, time.monotonic(), 0

    def _left(self, timeout: float | None, late: type[httpx2.TimeoutException]) -> float:
        left = self._began + self._patience + self._carried / SLOWEST - time.monotonic()
        if left <= 0:
            took = time.monotonic() - self._began
            raise late(f"slower than can be waited for: {self._carried} bytes in {took:.0f} s")
        return left if timeout is None else min(timeout, left)
