"""Imports go down the list of rooms only, and proceedings do not know one another.

The contract stands in pyproject.toml and is held by import-linter; here it is run, and shown to bite.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.house.source import PACKAGE, ROOT

ROOMS = ["cli", "web", "node", "settings", "views", "proceedings", "safeguards", "docket", "law", "signing", "errors"]


def lint(where: Path, package: Path) -> subprocess.CompletedProcess[str]:
    """Import-linter under the contract of ``where``/pyproject.toml, for the package in ``package``."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as c; c()",
            "--no-cache",
            "--no-logo",
        ],
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_imports_go_down_only() -> None:
    result = lint(ROOT, ROOT / "src")
    assert result.returncode == 0, result.stdout + result.stderr


def test_contract_lists_every_room_in_order() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["id"] == "layers")["layers"]
    listed = [name.strip(" ()") for layer in layers for name in layer.split("|")]
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix in {"", ".py"} and not path.name.startswith("_")}
    assert [name for name in listed if name in ROOMS] == ROOMS
    assert rooms - {"py"} <= set(listed), f"rooms that no layer names: {rooms - set(listed)}"


def test_every_room_is_a_package() -> None:
    """A folder without ``__init__.py`` is not seen by the contract, and its imports would go unwatched."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert not [str(path.relative_to(ROOT)) for path in sorted(folders) if not (path / "__init__.py").exists()]


UPWARDS = [
    ("errors", "comity.law"),
    ("law", "comity.docket"),
    ("views", "comity.node"),
    ("signing", "comity.tlog"),
    ("proceedings/request", "comity.proceedings.order"),
    ("proceedings/request", "comity.proceedings.tables"),
    ("node", "comity.web"),
    ("node/keeping", "comity.node.door"),
]


def test_imports_upwards_are_refused(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    inner = ["proceedings/request", "proceedings/order", "proceedings/tables", "node/keeping", "node/door"]
    for name in ["", *ROOMS, "tlog", "analysis", "package", *inner]:
        room = tmp_path / "src" / "comity" / name
        room.mkdir(parents=True, exist_ok=True)
        (room / "__init__.py").touch()
    assert lint(tmp_path, tmp_path / "src").returncode == 0
    for importer, imported in UPWARDS:
        with (tmp_path / "src" / "comity" / importer / "__init__.py").open("a", encoding="utf-8") as file:
            file.write(f"import {imported}\n")
    result = lint(tmp_path, tmp_path / "src")
    assert result.returncode == 1, result.stdout + result.stderr
    told = " ".join(result.stdout.split())
    for importer, imported in UPWARDS:
        assert f"comity.{importer.replace('/', '.')} -> {imported} (l." in told, result.stdout
