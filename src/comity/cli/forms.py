"""``comity show DOCKET --form`` and ``--forms``: the official forms of a docket, what they lack, and the PDF.

Left to others: filling, checking and printing, which the node does (`comity.web.forms`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from rich.markup import escape

from comity.cli.client import NodeClient
from comity.cli.output import console, print_json
from comity.errors import Conflict


def list_forms(client: NodeClient, docket: str, json: bool) -> None:
    """Print which official forms the docket's instrument has, each with its problems."""
    found = client.get(f"/api/dockets/{docket}/forms")
    if json:
        return print_json(found)
    if not found["forms"]:
        return console.print(f"The files hold no official form of {escape(found['instrument'])}.")
    for form in found["forms"]:
        about = f"{form['title']['en']}, in {form['language']}"
        console.print(f"[bold]{escape(form['id'])}[/bold]  {escape(about)}")
        _print_problems(form["problems"])
    return None


def write_form(
    client: NodeClient, docket: str, form: str, *, language: str, audience: str, out: Path | None, json: bool
) -> bool:
    """Write the form as PDF, and print what is wrong with it. Whether it may be sent as it is: nothing is wrong.

    Raises Conflict when the file exists, NotFound when there is no such form or no label in this language.
    """
    asked = urlencode({k: v for k, v in (("language", language), ("audience", audience)) if v})
    path = f"/api/dockets/{docket}/forms/{quote(form, safe='')}?{asked}"
    found = client.get(path)
    target = out or Path(f"{found['id']}-{found['language']}.pdf")
    if target.exists():
        raise Conflict(f"{target} exists already.", "Choose another name with --out; nothing is overwritten.")
    if not json:
        _print_problems(found["problems"])
    _write(target, client.raw("GET", path, signed=True).content)
    if json:
        print_json({**found, "file": str(target)})
    else:
        console.print(f"Written: {escape(str(target))}, in {escape(found['language'])}. Only the records are evidence.")
    return not found["problems"]


def _write(target: Path, data: bytes) -> None:
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(data)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def _print_problems(problems: list[Mapping[str, Any]]) -> None:
    for p in problems:
        unsettled = "" if p["settled"] else "  [yellow](not settled law)[/yellow]"
        console.print(f"  [red]✗[/red] {escape(p['what'])}  [cyan]{escape(p['provision'])}[/cyan]{unsettled}")
    if not problems:
        console.print("  [green]✓[/green] nothing is missing")
