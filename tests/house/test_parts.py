"""The parts that Comity uses are those it names, and each is pinned by hash."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.house.source import ROOT, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def plain(name: str) -> str:
    """Name of a distribution as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named(requirements: list[str]) -> set[str]:
    """Distributions named in a list of requirements."""
    return {plain(re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]) for requirement in requirements}


def pinned(file: str) -> dict[str, list[str]]:
    """Distribution -> the lines that pin it, from a compiled requirements file."""
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements" / file).read_text(encoding="utf-8"))
    return {plain(block.split("==")[0]): block.splitlines() for block in blocks if "==" in block.splitlines()[0]}


@pytest.mark.parametrize("file", ["run.txt", "dev.txt"])
def test_every_part_is_pinned_by_hash(file: str) -> None:
    pins = pinned(file)
    needed = named(PROJECT["project"]["dependencies"]) | named(PROJECT["build-system"]["requires"])
    if file == "dev.txt":
        needed |= named(PROJECT["project"]["optional-dependencies"]["dev"])
    assert needed <= pins.keys(), f"run `make requirements`: {needed - pins.keys()}"
    bare = [name for name, lines in pins.items() if not any("--hash=sha256:" in line for line in lines)]
    assert not bare


def test_tests_run_on_what_a_node_runs_on() -> None:
    run, dev = pinned("run.txt"), pinned("dev.txt")
    differing = {name for name, lines in run.items() if dev.get(name, [""])[0] != lines[0]}
    assert not differing


def test_hpke_package_is_never_installed() -> None:
    """The package of that name pulls `cryptography` back to an old version without a word."""
    assert "hpke" not in pinned("dev.txt")


def test_source_imports_only_what_is_declared() -> None:
    declared = named(PROJECT["project"]["dependencies"])
    origin = packages_distributions()
    undeclared: dict[str, str] = {}
    for module in modules():
        for node in ast.walk(module.tree):
            roots = {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                roots = {node.module}
            for root in {name.partition(".")[0] for name in roots} - {"comity"} - sys.stdlib_module_names:
                if not declared & {plain(name) for name in origin.get(root, [root])}:
                    undeclared[root] = module.name
    assert not undeclared, f"name them in pyproject.toml and run `make requirements`: {undeclared}"
