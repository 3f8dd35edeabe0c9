"""What the command line prints: findings with ✓ … ✗, tables, JSON. One console for people, plain stdout for programs.

Left to others: what is printed (each command).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

MARKS = {"clear": ("✓", "green"), "hold": ("…", "yellow"), "refuse": ("✗", "red")}
console = Console(highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty())  # piped: one sentence, one line
errors = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def say_error(what: str, next_step: str = "") -> None:
    """An error for people, on stderr: what is wrong, and what to do."""
    errors.print(f"[red]✗[/red] {escape(what)}")
    if next_step:
        errors.print(f"  {escape(next_step)}")


def print_json(value: Any, *, line: bool = False) -> None:
    """A value for programs: no colour, keys sorted. ``line``: on one line, for streams (NDJSON)."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=None if line else 2)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def finding_lines(findings: Iterable[Mapping[str, Any]], *, all_of_them: bool = True) -> list[Text]:
    """One line per finding: mark, safeguard, why, provision; what would clear it, or the ground. Worst first."""
    order = {"refuse": 0, "hold": 1, "clear": 2}
    lines = []
    for found in sorted(findings, key=lambda f: order[f["verdict"]]):
        if not all_of_them and found["verdict"] == "clear":
            continue
        mark, colour = MARKS[found["verdict"]]
        line = Text("  ").append(mark, colour).append(f" {found['safeguard'].replace('_', ' ')}: ", "bold")
        line.append(found["why"]).append(f"  [{found['provision']}]", "cyan")
        if not found.get("settled", True):
            line.append(" (not settled law)", "yellow")
        if found.get("cleared_by"):
            line.append(f"  → clears with: {found['cleared_by']}", "yellow")
        if found.get("ground"):
            line.append(f"  → ground: {found['ground']}", "red")
        lines.append(line)
    return lines


def print_findings(findings: Iterable[Mapping[str, Any]], *, all_of_them: bool = True) -> None:
    """Print the lines of `finding_lines`."""
    for line in finding_lines(findings, all_of_them=all_of_them):
        console.print(line)


def table(title: str, *columns: str) -> Table:
    """A plain table."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def short(identifier: str) -> str:
    """The first digits of a record's identifier, to be recognised by eye."""
    return identifier.removeprefix("sha256:")[:12]
