"""The nodes of a test, and the German one of them, open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.node.node import Node
from tests.node.nodes import Nodes


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    found = Nodes(tmp_path)
    yield found
    found.close()


@pytest.fixture
def de(nodes: Nodes) -> Node:
    return nodes.open("DE")
