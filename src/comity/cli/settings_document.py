"""docs/settings.md, made from the settings themselves. Run as a module to write it; a test compares."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise

import msgspec

from comity import settings
from comity.settings import Settings

_HEAD = """\
# Settings

Made from `src/comity/settings.py`; do not edit. All of them stand in one file, `comity.toml`, and all have a sane value
but `node`. What is law is not a setting, and no setting can switch a safeguard off.

| setting | default | what it is |
| --- | --- | --- |
"""


def document() -> str:
    """The text of docs/settings.md."""
    told = _docstrings()
    rows = []
    for field in msgspec.structs.fields(Settings):
        default = repr(field.default).replace("'", '"')
        rows.append(f"| `{field.name}` | `{default}` | {told[field.name]} |")
    return _HEAD + "\n".join(rows) + "\n"


def _docstrings() -> dict[str, str]:
    """The sentence that stands under each setting in the source."""
    tree = ast.parse(inspect.getsource(settings))
    body = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Settings").body
    told = {}
    for name, text in pairwise(body):
        if (
            isinstance(name, ast.AnnAssign)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            told[ast.unparse(name.target)] = " ".join(text.value.value.split()).replace("``", "`")
    return told


if __name__ == "__main__":
    print(document(), end="")
