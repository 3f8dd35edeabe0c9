"""``comity serve``: run a node. ``comity witness``'s server is started the same way."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from comity.errors import BadLaw, Conflict
from comity.node.log_lines import get_logger, log_as_json
from comity.settings import read_settings

if TYPE_CHECKING:
    from starlette.applications import Starlette


def command(
    config: Annotated[
        Path, typer.Option("--config", envvar="COMITY_CONFIG", help="The node's settings; all are optional but `node`.")
    ] = Path("comity.toml"),
) -> None:
    """Run a node until it is stopped (Ctrl-C or SIGTERM).

    Refuses to start, with exit code 7, when what is stored is not what was entered, logged and signed. Killing it at
    any moment loses nothing that was answered.
    """
    from comity.node.node import Node  # only here: every other command starts in half the time without
    from comity.web.app import create_app

    settings, folder = read_settings(config)
    if not settings.node:
        raise BadLaw(f"{config} does not say which node this is.", "Set `node`; comity init node writes it.")
    log_as_json(settings.log_level)
    node = Node.open(settings, folder)
    node.start()
    try:
        get_logger(__name__).info("node.started", node=node.entry.id, listen=settings.listen)
        run_server(create_app(node), settings.listen)
    finally:
        node.stop()


def run_server(app: Starlette, listen: str) -> None:
    """Serve on ``host:port`` with one worker, until SIGINT or SIGTERM."""
    import uvicorn

    # uvicorn raises the signal again when it has come to rest; then whoever started it must still clean up.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: sys.exit(0))
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise BadLaw(f"`listen` is {listen!r}.", "Write host:port, e.g. 127.0.0.1:8140.")
    config = uvicorn.Config(
        app, host=host.strip("[]"), port=int(port), workers=1, log_config=None, access_log=False,
        server_header=False, timeout_graceful_shutdown=10, lifespan="off",
    )  # fmt: skip
    try:
        held = socket.create_server((config.host, config.port), family=_family(config.host), backlog=config.backlog)
    except OSError as exc:
        raise Conflict(
            f"Nothing can listen on {listen}: {exc.strerror or exc}.",
            "Stop what holds the address, or change `listen` (and the address in the Party file).",
        ) from exc
    with held:
        uvicorn.Server(config).run([held])


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
