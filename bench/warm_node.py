"""Imported by the forkserver of `durability` alone: one node has lived and ended here, so its children start warm."""

from __future__ import annotations

import tempfile
from pathlib import Path

import bench.loaded_node  # noqa: F401
from tests.node import matters
from tests.node.nodes import Nodes


def _live() -> None:
    with tempfile.TemporaryDirectory() as folder:
        nodes = Nodes(Path(folder))
        node = nodes.open("DE")
        matters.sent(nodes, node)
        node.publisher.publish()
        nodes.kill(node)  # no thread is left: what is forked from here is whole
        nodes.kill(nodes.open("DE"))


_live()
