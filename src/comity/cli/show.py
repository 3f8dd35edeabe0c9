"""``comity show``: the dockets one takes part in, or one docket whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from comity.cli.client import DEFAULT_NODE, NodeClient, NodeOption
from comity.cli.forms import list_forms, write_form
from comity.cli.hands import KeyOption, PassphraseOption, open_hand
from comity.cli.output import console, print_findings, print_json, short, table
from comity.errors import Conflict


def command(
    docket: Annotated[str, typer.Argument(metavar="[DOCKET]", help="A docket; without it, the list of yours.")] = "",
    key: KeyOption = "",
    node: NodeOption = DEFAULT_NODE,
    passphrase_file: PassphraseOption = None,
    package: Annotated[
        Path | None, typer.Option("--package", help="Write the docket's evidence package to this file.")
    ] = None,
    exhibit: Annotated[
        str, typer.Option("--exhibit", help="Write this exhibit (name or id) to a file of its name here.")
    ] = "",
    form: Annotated[str, typer.Option("--form", help="Write this official form as PDF, e.g. eio_annex_a.")] = "",
    forms: Annotated[bool, typer.Option("--forms", help="List the official forms, and what each lacks.")] = False,
    language: Annotated[
        str, typer.Option("--language", help="Language of the form; else the first accepted by the Party it goes to.")
    ] = "",
    audience: Annotated[
        str, typer.Option("--audience", help="For whom the form is: addressee, or authority (with what is kept back).")
    ] = "addressee",
    given: Annotated[
        Path | None,
        typer.Option("--given", help="What no record holds, for the form: comity law form FORM --given-template."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The form's file; else FORM-LANGUAGE.pdf here.")] = None,
    attempts: Annotated[bool, typer.Option("--attempts", help="For oversight: what the node turned away.")] = False,
    findings: Annotated[bool, typer.Option("--findings", help="Show clear findings too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show your dockets, or one docket with every act, finding and duty, and what may come next.

    With --form, exit 1: something is missing, or the Party it goes to does not accept the language.
    """
    client = NodeClient(node, open_hand(key, passphrase_file))
    if attempts:
        _attempts(client.get("/api/oversight/attempts"), json)
    elif not docket:
        _list(client.get("/api/dockets"), json)
    elif package is not None:
        _save(client, f"/api/dockets/{docket}/package", package)
        console.print(f"{escape(str(package))}: check it with comity verify {escape(str(package))}")
    elif exhibit:
        _fetch(client, docket, exhibit)
    elif forms:
        list_forms(client, docket, json)
    elif form:
        write_form(client, docket, form, language=language, audience=audience, given=given, out=out, json=json)
    else:
        view = client.docket(docket)
        print_json(view) if json else _docket(view, findings)


def _fetch(client: NodeClient, docket: str, wanted: str) -> None:
    exhibits = client.docket(docket)["exhibits"]
    identifier = next((x["id"] for x in exhibits if wanted in (x["name"], x["id"])), wanted)
    name = next((x["name"] for x in exhibits if x["id"] == identifier), "exhibit")
    _save(client, f"/api/exhibits/{identifier}?docket={docket}", Path(Path(name).name))
    console.print(f"Written: {escape(Path(name).name)}")


def _save(client: NodeClient, path: str, target: Path) -> None:
    """Write what a path gives into a new file, whole or not at all. Conflict when the file exists."""
    if target.exists():
        raise Conflict(f"{target} exists already.", "Choose another name; nothing is overwritten.")
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("wb") as sink:
            client.download(path, sink)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def _list(answer: dict[str, Any], json: bool) -> None:
    if json:
        return print_json(answer)
    if not answer["dockets"]:
        return console.print("No docket yet. Open one: comity file request.draft FORM.toml --as KEY")
    listed = table("Dockets", "docket", "from → to", "instrument", "stands at", "acts", "last act")
    for d in answer["dockets"]:
        sides = f"{d['requesting']} → {d['requested'] or '?'}"
        listed.add_row(d["id"], sides, d["instrument"], d["state"] or "nothing yet", str(d["entries"]), d["changed"])
    console.print(listed)


def _attempts(answer: dict[str, Any], json: bool) -> None:
    if json:
        return print_json(answer)
    listed = table("Turned away", "at", "door", "what", "why", "times")
    for a in answer["attempts"]:
        listed.add_row(a["at"], a["door"], a["what"], a["reason"], str(a.get("count", 1)))
    console.print(listed)


def _docket(view: dict[str, Any], all_of_them: bool) -> None:
    console.print(f"[bold]{escape(view['id'])}[/bold]  {view.get('requesting', '')} → {view.get('requested', '')}")
    if view.get("sealed_until"):
        console.print(f"sealed until {view['sealed_until']}")
    for entry in view["entries"]:
        mark = "[green]✓[/green]" if entry["effect"] else "[yellow]…[/yellow]"
        who = entry["holder"] or "the node"
        console.print(
            f"{mark} [bold]{escape(entry['title'])}[/bold]  {entry['party']}, {escape(who)}, {entry['at']}  "
            f"{short(entry['id'])}  in {len(entry['logs'])} log(s)"
        )
        print_findings(entry["findings"], all_of_them=all_of_them)
    for duty in view["duties"]:
        console.print(
            f"⏳ {duty['duty']}: owed by {duty['party']}, due {duty['due'] or 'without a number'}, {duty['state']}"
        )
    steps = ", ".join(s["step"] for s in view["next_steps"])
    console.print(f"May come next: {escape(steps or 'nothing; it is closed')}")
