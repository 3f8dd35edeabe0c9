"""Official forms on the command line: ``comity show DOCKET --form`` and ``--forms`` ask a node for a docket's forms;
``comity law form`` tells what a form asks for, and writes the file for ``--given``.

Left to others: filling, checking and printing, which the node does (`comity.web.forms`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
import typer
from rich.markup import escape

from comity.cli.client import NodeClient
from comity.cli.output import console, print_json
from comity.errors import Conflict, Malformed, NotFound
from comity.law.forms import LANGUAGES, Form, FormBook, FormField, load_forms
from comity.signing.canonical import canonical
from comity.views.forms.given import given_template, type_words
from comity.views.forms.lines import said

LACKING = 1


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
    client: NodeClient,
    docket: str,
    form: str,
    *,
    language: str,
    audience: str,
    given: Path | None,
    out: Path | None,
    json: bool,
) -> None:
    """Write the form as PDF, and print what is wrong with it. Exit 1: it may not be sent as it is.

    ``given``: a file with what no record holds (`read_values`). Raises Conflict when the file exists or ``given``
    overrules the docket, Malformed for what may not be given, NotFound when there is no such form or no label in this
    language.
    """
    asked = urlencode({k: v for k, v in (("language", language), ("audience", audience)) if v})
    path = f"/api/dockets/{docket}/forms/{quote(form, safe='')}?{asked}"
    method, content = ("GET", None) if given is None else ("POST", canonical({"given": read_values(given)}))
    found = client.raw(method, path, signed=True, content=content, accept="application/json").json()
    target = out or Path(f"{found['id']}-{found['language']}.pdf")
    if target.exists():
        raise Conflict(f"{target} exists already.", "Choose another name with --out; nothing is overwritten.")
    if not json:
        _print_problems(found["problems"])
        if any(p["to_enter"] for p in found["problems"]):
            console.print(f"  What no record holds you enter: comity law form {escape(found['id'])} --given-template")
    _write(target, client.raw(method, path, signed=True, content=content).content)
    if json:
        print_json({**found, "file": str(target)})
    else:
        _print_written(found, target)
    if found["problems"]:
        raise typer.Exit(LACKING)


def _print_written(found: Mapping[str, Any], target: Path) -> None:
    entered = ", ".join(f"{g['field']} ({g['section']})" for g in found["given"])
    if entered:
        console.print(f"  † entered now, in no record: {escape(entered)}")
    console.print(f"Written: {escape(str(target))}, in {escape(found['language'])}. Only the records are evidence.")


def read_values(path: Path) -> dict[str, Any]:
    """What a TOML file gives, by field. Raises NotFound, Malformed; what may be given is the node's to say."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise NotFound(f"There is no file {path}.", "Write one: comity law form FORM --given-template.") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise Malformed(f"{path.name} cannot be read: {exc}.", "Mend that place in the file.") from exc
    plain: dict[str, Any] = msgspec.to_builtins(values)
    return {name: _sendable(value) for name, value in plain.items()}


def _sendable(value: Any) -> Any:
    """The value; what canonical JSON has no place for (a fraction) as a list of text: no field takes that, and the node
    says which field it is."""
    try:
        canonical(value)
    except Malformed:
        return [str(value)]
    return value


def form_command(
    name: Annotated[str, typer.Argument(help="The form, e.g. eaw; comity show DOCKET --forms names a docket's.")],
    language: Annotated[str, typer.Option("--language", help="Language of the labels: en, fr, de or es.")] = "en",
    given_template_: Annotated[
        bool, typer.Option("--given-template", help="Write the empty file for: comity show DOCKET --form --given.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="The file for --given-template; else printed.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What an official form asks for: sections with their letters, fields, and where each is filled from.

    With --given-template: an empty file with every field that no record holds, to be filled in by you.
    """
    book = load_forms()
    form = book.form(name)
    if language not in LANGUAGES:
        raise NotFound(f"There are no labels in {language!r}.", f"Choose one of: {', '.join(LANGUAGES)}.")
    if given_template_:
        _write_template(given_template(form, book, language), out)
    elif json:
        print_json(_form_view(form, book, language))
    else:
        _print_form(form, book, language)


def _write_template(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.exists():
        raise Conflict(f"{out} exists already.", "Choose another name with --out; nothing is overwritten.")
    _write(out, text.encode("utf-8"))
    console.print(f"Written: {escape(str(out))}. Fill it in, and name it: comity show DOCKET --form FORM --given FILE")


def _form_view(form: Form, book: FormBook, language: str) -> dict[str, Any]:
    return {
        "id": form.id, "instruments": form.instruments, "title": said(form.title, language), "settled": form.settled,
        "sections": [
            {
                "letter": s.letter, "title": said(s.title, language), "audience": s.audience, "measures": s.measures,
                "fields": [
                    {
                        "id": f.id, "label": said(book.label(f), language), "type": f.type, "source": f.source,
                        "required": f.required, "given": f.open, "provision": form.provision_of(s, f),
                        "settled": form.mark_of(f) != "knowledge_medium",
                    }
                    for f in s.fields
                ],
            }
            for s in form.sections
        ],
    }  # fmt: skip


def _print_form(form: Form, book: FormBook, language: str) -> None:
    title, provision = escape(said(form.title, language)), escape(form.provision)
    doubt = "" if form.settled else "  [yellow](not settled: check the list of sections)[/yellow]"
    console.print(f"[bold]{title}[/bold]  ({form.id})  [cyan]{provision}[/cyan]{doubt}")
    for section in form.sections:
        console.print(f"\n[bold]{escape(section.letter)}  {escape(said(section.title, language))}[/bold]")
        for field in section.fields:
            due = "" if field.required == "never" else f"  [yellow]{field.required}[/yellow]"
            due += "" if form.mark_of(field) != "knowledge_medium" else "  [yellow](not settled)[/yellow]"
            label = escape(said(book.label(field), language))
            console.print(f"   {escape(field.id)}: {label}  ({escape(_from(field, book))}){due}")


def _from(field: FormField, book: FormBook) -> str:
    entered = f"† entered: {type_words(field, book)}" if field.open else ""
    return "; or ".join(x for x in (field.source, entered) if x)


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
