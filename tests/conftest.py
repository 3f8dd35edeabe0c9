"""What all tests share: folders in memory, Hypothesis on a slow machine, logs led nowhere, cheap passphrases."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from hypothesis import HealthCheck, settings
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

from comity.law import files
from comity.signing import keys

# Commands are immutable: a runner need not make all of them from their functions for every line that is typed.
typer.testing._get_command = cache(typer.testing._get_command)
# Hundreds of nodes are opened in one process. What they say to their databases is compiled once for all of them, and a
# law file is parsed once, however many others are changed beside it.
files.parsed = cache(files.parsed)
STATEMENTS, begin = LRUCache(2000), Engine.__init__


def _with_shared_statements(self: Engine, *args: Any, **options: Any) -> None:
    begin(self, *args, **options)
    self._compiled_cache = STATEMENTS


Engine.__init__ = _with_shared_statements
SQLiteDialect_pysqlite.__hash__ = lambda self: hash(type(self))
SQLiteDialect_pysqlite.__eq__ = lambda self, other: type(self) is type(other)

MEMORY, ROOM, NO_PROGRAMS = Path("/dev/shm"), 4 << 30, os.ST_NOEXEC
# A node waits for its disk at every commit. A process that is killed loses nothing of a folder in memory either; what
# a disk may lose is tried by `make durability`, on the disk.
if os.access(MEMORY, os.W_OK) and not os.statvfs(MEMORY).f_flag & NO_PROGRAMS and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

settings.register_profile("house", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("house"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


@pytest.fixture(scope="session", autouse=True)
def rounds_outside_tests() -> Iterator[int]:
    """A passphrase costs a tenth of a second on purpose; here it costs a hundredth."""
    real, keys.KDF_ROUNDS = keys.KDF_ROUNDS, 1
    yield real
    keys.KDF_ROUNDS = real


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, so that no core waits at the end for one that another has begun late."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
