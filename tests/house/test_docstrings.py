"""Every module says what it holds; everything public says what it is for."""

from __future__ import annotations

import ast

from tests.every import every
from tests.house.source import Module, modules


def undocumented(tree: ast.Module) -> list[str]:
    """Public classes, functions and methods without a docstring, overloads and overrides apart."""
    found: list[str] = []

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
                continue
            marks = {ast.unparse(mark).rpartition(".")[2] for mark in node.decorator_list}
            if not ast.get_docstring(node) and not marks & {"overload", "override"}:
                found.append(prefix + node.name)
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")

    visit(tree.body, "")
    return found


@every("module", modules(), ids=lambda module: module.name)
def test_module_and_what_is_public_have_docstrings(module: Module) -> None:
    assert ast.get_docstring(module.tree), f"{module.name} does not say what it holds and what it leaves to others"
    assert not undocumented(module.tree), f"{module.name}: without a docstring: {undocumented(module.tree)}"


def test_a_missing_docstring_is_seen() -> None:
    tree = ast.parse("class A:\n    '''A.'''\n    def b(self): ...\n    def _c(self): ...\ndef d(): ...\n")
    assert undocumented(tree) == ["A.b", "d"]
