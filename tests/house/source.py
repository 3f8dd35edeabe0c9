"""The checkout as the house tests see it: its files, and the modules of the package as syntax trees.

Holds no test. Only files that git knows are looked at, so that somebody's notes beside them do not matter.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "comity"
BELOW_SETTINGS = (
    "views",
    "package",
    "proceedings",
    "safeguards",
    "docket",
    "law",
    "analysis",
    "signing",
    "tlog",
    "errors",
)
"""Rooms without disk, network, clock and environment (ARCHITECTURE.md)."""


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file of the package."""

    path: Path
    text: str

    @property
    def tree(self) -> ast.Module:
        """The module parsed, once."""
        return _parsed(self.text)

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return len(self.text.splitlines())

    @property
    def name(self) -> str:
        """Path below src, for messages and test ids."""
        return self.path.relative_to(ROOT / "src").as_posix()

    @property
    def room(self) -> str:
        """First part below ``comity``: the package or the module directly in it."""
        return self.path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def modules() -> tuple[Module, ...]:
    """Every module under src/comity, in order of path."""
    return tuple(Module(path, path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py")))


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def tracked() -> tuple[Path, ...]:
    """Every file git knows that is still on disk; without git (a released archive), every file outside dot folders."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=30)
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    except (OSError, subprocess.SubprocessError):
        paths = [path for path in ROOT.rglob("*") if not path.relative_to(ROOT).parts[0].startswith(".")]
    return tuple(path for path in sorted(paths) if path.is_file())


def texts(*suffixes: str) -> Iterator[tuple[Path, str]]:
    """Tracked files that are text, with their text; only those with one of the suffixes if any is given."""
    for path in tracked():
        if suffixes and path.suffix not in suffixes:
            continue
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a module, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
