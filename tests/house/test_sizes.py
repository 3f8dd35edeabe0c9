"""A file has one noun and a function one verb: sizes and names that keep it so."""

from __future__ import annotations

from tests.every import every
from tests.house.source import ROOT, Module, functions, modules, tracked

FILE_LINES = 400
FUNCTION_LINES = 50
NOT_A_NOUN = {
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "managers",
    "service",
    "services",
    "base",
    "common",
    "misc",
}


@every("module", modules(), ids=lambda module: module.name)
def test_file_and_functions_stay_small(module: Module) -> None:
    assert module.lines <= FILE_LINES, f"{module.name} has {module.lines} lines: split it by its nouns"
    long = {
        function.name: (function.end_lineno or 0) - function.lineno + 1
        for function in functions(module.tree)
        if (function.end_lineno or 0) - function.lineno + 1 > FUNCTION_LINES
    }
    assert not long, f"{module.name}: functions above {FUNCTION_LINES} lines: {long}"


def test_every_file_is_named_for_what_it_holds() -> None:
    """`utils` and its kin say nothing, and so everything ends in them."""
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if NOT_A_NOUN & {part.rsplit(".", 1)[0].lower() for part in path.relative_to(ROOT).parts}
    ]
    assert not found, f"name these for what they hold: {found}"
