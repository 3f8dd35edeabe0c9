"""Commands as a table: the file of each is read when that command is asked for, so that every one starts fast.

Left to others: which commands there are (`comity.cli`, `comity.cli.law.command`), what one does (its own file).
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperGroup


class Row(NamedTuple):
    """A command: its module, what it is called there (a function or a Typer), and what the overview says of it."""

    module: str
    called: str
    said: str


class Commands(TyperGroup):
    """A group whose ``rows`` are read when one of them is asked for; the overview reads none."""

    rows: ClassVar[Mapping[str, Row]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Read({**self.commands, **self.rows})

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The overview."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._overview(formatter.width - 16)))

    def _overview(self, width: int) -> Iterator[tuple[str, str]]:
        for name in self.commands:
            said = self.rows[name].said if name in self.rows else self.commands[name].get_short_help_str(width)
            yield name, said


class _Read(UserDict[str, Any]):
    """Commands and rows by name; whoever takes a row gets its command."""

    def __getitem__(self, name: str) -> Any:
        found = self.data[name]
        if isinstance(found, Row):
            found = self.data[name] = _command(name, found)
        return found


@cache
def _command(name: str, row: Row) -> Any:
    """The command of a row, from its file."""
    found = getattr(import_module(row.module), row.called)
    around = typer.Typer(add_completion=False, rich_markup_mode=None, callback=lambda: None)
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
    group = typer.main.get_command(around)
    assert isinstance(group, TyperGroup)
    return group.commands[name]
