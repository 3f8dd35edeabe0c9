"""Below `settings` nothing reaches disk, network, clock, chance or environment.

Why: both nodes and an offline verifier years later must come to the same answer from the same bytes. Time comes in as
an argument, data as bytes, and whatever waits or writes lives in `comity.node`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.every import every
from tests.house.source import BELOW_SETTINGS, Module, modules

NEVER_IMPORTED = {
    "disk": {"os", "shutil", "tempfile", "glob", "fileinput", "mmap", "fcntl", "sqlite3", "dbm", "shelve", "obstore"},
    "database": {"sqlalchemy", "alembic", "psycopg"},
    "network": {
        "socket",
        "ssl",
        "http",
        "httpx",
        "httpx2",
        "requests",
        "urllib.request",
        "aiohttp",
        "starlette",
        "uvicorn",
    },
    "clock": {"time", "sched", "asyncio", "threading", "concurrent", "multiprocessing", "signal"},
    "chance": {"random", "uuid"},
    "environment": {
        "subprocess",
        "ctypes",
        "platform",
        "getpass",
        "pwd",
        "logging",
        "structlog",
        "runpy",
        "typer",
        "rich",
    },
}
NEVER_USED = {
    "datetime.datetime.now": "clock",
    "datetime.datetime.utcnow": "clock",
    "datetime.datetime.today": "clock",
    "datetime.date.today": "clock",
    "pathlib.Path": "disk",
    "pathlib.PosixPath": "disk",
    "io.open": "disk",
    "open": "disk",
    "input": "environment",
    "print": "environment",
    "breakpoint": "environment",
    "eval": "environment",
    "exec": "environment",
    "__import__": "environment",
    "importlib.import_module": "environment",
    "sys.argv": "environment",
    "sys.stdin": "environment",
    "sys.stdout": "environment",
    "sys.stderr": "environment",
    "sys.path": "environment",
}
FILE_METHODS = {"read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir", "rmdir", "touch", "iterdir"}
ALLOWED_IN = {
    # The law is data that travels inside the package.
    "law": {"importlib.resources", "read_text", "read_bytes", "iterdir"},
    # Keys, salts and nonces come from the operating system's generator, and from nowhere else.
    "signing": {"secrets"},
}


def names_imported(tree: ast.Module) -> dict[str, str]:
    """Local name -> dotted name, for every import in the module."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                head = alias.name.partition(".")[0]
                found[alias.asname or head] = alias.name if alias.asname else head
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def modules_imported(tree: ast.Module) -> set[str]:
    """Dotted name of everything imported, as it is written after ``import`` or ``from ... import``."""
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | set(names_imported(tree).values())


def names_used(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything the module names, aliases resolved."""
    imported = names_imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            head, dot, rest = ast.unparse(node).partition(".")
            if head.isidentifier():
                yield node.lineno, imported.get(head, head) + dot + rest


def reaches_out(tree: ast.Module, room: str) -> list[str]:
    """What in this module reaches outside, each with its kind."""
    allowed = ALLOWED_IN.get(room, set())
    found: list[str] = []
    roots = {(kind, name) for kind, names in NEVER_IMPORTED.items() for name in names} | {
        ("disk", "importlib.resources"),
        ("chance", "secrets"),
    }
    for dotted in sorted(modules_imported(tree)):
        for kind, name in sorted(roots):
            if name not in allowed and (dotted == name or dotted.startswith(f"{name}.")):
                found.append(f"imports {dotted} ({kind})")
    for line, dotted in names_used(tree):
        if dotted in NEVER_USED:
            found.append(f"line {line}: {dotted} ({NEVER_USED[dotted]})")
    for node in ast.walk(tree):
        method = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
        if method in FILE_METHODS - allowed:
            found.append(f".{method}() (disk)")
    return found


@every(
    "module", [module for module in modules() if module.room in BELOW_SETTINGS], ids=lambda module: module.name
)
def test_module_below_settings_is_pure(module: Module) -> None:
    found = reaches_out(module.tree, module.room)
    assert not found, f"{module.name} reaches out; take it as an argument instead: {found}"


@pytest.mark.parametrize(
    "code",
    [
        "import time\n",
        "from time import monotonic\n",
        "import datetime as dt\nx = dt.datetime.now(dt.UTC)\n",
        "from datetime import datetime, UTC\nx = datetime.now(UTC)\n",
        "from datetime import date\nx = date.today()\n",
        "import os\nx = os.environ['A']\n",
        "def f():\n    from os import environ\n",
        "x = open('a')\n",
        "from pathlib import Path\nx = Path('a')\n",
        "import urllib.request\n",
        "from urllib import request\n",
        "from importlib import resources\n",
        "import importlib.resources as r\n",
        "import random\n",
        "from secrets import token_bytes\n",
        "def f(p):\n    return p.read_text()\n",
        "from sqlalchemy.engine import Engine\n",
    ],
)
def test_reaching_out_is_seen(code: str) -> None:
    assert reaches_out(ast.parse(code), "views")


@pytest.mark.parametrize(
    ("code", "room"),
    [
        (
            "from datetime import datetime, time, timedelta\nx = lambda now: now.time()\n",
            "law",
        ),
        ("from importlib import resources\nx = resources.files('a').joinpath('b').read_text()\n", "law"),
        ("import secrets\nx = secrets.token_bytes(16)\n", "signing"),
        ("from urllib.parse import urlsplit\nimport io\nx = io.BytesIO(b'')\n", "package"),
    ],
)
def test_what_does_not_reach_out_is_let_be(code: str, room: str) -> None:
    assert reaches_out(ast.parse(code), room) == []
