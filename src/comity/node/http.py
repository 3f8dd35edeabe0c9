"""The client with which a node, and whoever audits one, speaks HTTP. What is said to whom is left to the callers."""

from __future__ import annotations

import ssl
from functools import cache

import httpx2


def client(timeout: float) -> httpx2.Client:
    """``timeout`` in seconds for each read. No proxies of the environment and no redirects: the address is as named."""
    return httpx2.Client(timeout=timeout, trust_env=False, follow_redirects=False, verify=_trusted())


@cache
def _trusted() -> ssl.SSLContext:
    """The roots of this machine, read from disk once."""
    return httpx2.create_ssl_context(trust_env=False)
