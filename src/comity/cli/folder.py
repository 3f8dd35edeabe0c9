"""What every command knows of a Party's folder: its code, the names of its files, writing a file whole."""

from __future__ import annotations

import os
from pathlib import Path

from comity.errors import NotFound

DRAFT, ROOT_KEY, ROOT_PUB, JUDICIARY_PUB = "party.toml", "root.key", "root.pub", "judiciary.pub"


def code_of(folder: Path) -> str:
    """The Party's code, kept in ``folder/code``. NotFound when the folder is none of a Party's."""
    path = folder / "code"
    if not path.exists():
        raise NotFound(f"{folder} is not a Party's folder.", "Make it: comity init party CC FOLDER.")
    return path.read_text(encoding="ascii").strip()


def write_text(path: Path, text: str) -> None:
    """Write a public file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
