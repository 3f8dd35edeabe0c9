"""``comity file``: take a step with one's own hand. Compose, sign, send, and say what the law answered."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape

from comity.cli.client import DEFAULT_NODE, NodeClient, NodeOption
from comity.cli.hands import KeyOption, PassphraseOption, open_hand
from comity.cli.matter import SEALED_UNTIL, Values, attach, fill_in, find_step, read_files, take_seal, to_body
from comity.cli.output import console, print_findings, print_json, short
from comity.docket.record import compose, record_id
from comity.docket.step import Step
from comity.errors import Conflict, NotFound
from comity.signing.canonical import canonical
from comity.signing.hand import Signer, put_hand

REFUSED = 1
_TRIES = 5  # how often a docket that moved on is read again


def command(
    step: Annotated[str, typer.Argument(metavar="STEP", help="The step to take, e.g. request.draft.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="The form's sections (.toml or .json), then exhibits, if any."),
    ] = None,
    key: KeyOption = "",
    docket: Annotated[str, typer.Option("--docket", help="The docket. Without it a new one is opened.")] = "",
    node: NodeOption = DEFAULT_NODE,
    passphrase_file: PassphraseOption = None,
    sealed_until: Annotated[
        str, typer.Option("--sealed-until", help="Until this month, as 2027-03, the log hides the kind of the act.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be filed; file nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Take a step in a matter with your own hand, and read what the safeguards say.

    The form is a file with the step's sections. What the docket already says (which request is authorised, which
    production received) need not be written. Exit 0: it has effect. Exit 1: it was entered without effect; the
    findings say what is missing and which step would clear it.
    """
    row = find_step(step)
    values, exhibits = read_files(files or [])
    values |= {SEALED_UNTIL: sealed_until} if sealed_until else {}
    client = NodeClient(node, open_hand(key, passphrase_file))
    docket_id = docket or f"{step.partition('.')[0]}:{secrets.token_hex(8)}"
    if dry_run:
        print_json(preview(client, row, values, exhibits, docket_id))
        return
    entered = file_step(client, row, values, exhibits, docket_id)
    if json:
        print_json(entered)
    else:
        _show(entered, row)
    if not entered["effect"]:
        raise typer.Exit(REFUSED)


def preview(client: NodeClient, step: Step, values: Values, exhibits: list[Path], docket_id: str) -> dict[str, Any]:
    """What would be filed: the record and its sections. Nothing is sent; exhibits are only measured."""
    view = _read(client, step, docket_id)
    values, until = take_seal(step, values, view)
    body = to_body(step, attach(fill_in(step, values, view), exhibits, _measure))
    record, sections = _compose(client, step, body, docket_id, view, until)
    return {"record": msgspec.to_builtins(record), "sections": {n: s.value for n, s in sections.items()}}


def file_step(client: NodeClient, step: Step, values: Values, exhibits: list[Path], docket_id: str) -> dict[str, Any]:
    """File a step; the node's answer. A docket that moved on meanwhile is read again and the record made anew."""
    uploaded: dict[Path, Any] = {}

    def upload(path: Path, name: str, media_type: str) -> Any:
        if path not in uploaded:
            uploaded[path] = client.upload(path, name, media_type)
        return uploaded[path]

    for tries in range(1, _TRIES + 1):
        view = _read(client, step, docket_id)
        given, until = take_seal(step, values, view)
        body = to_body(step, attach(fill_in(step, given, view), exhibits, upload))
        try:
            return client.file(signed(client, step, body, docket_id, view, until))
        except Conflict:
            if tries == _TRIES:
                raise
    raise Conflict("The docket keeps moving on.", "Try again in a moment.")


def _read(client: NodeClient, step: Step, docket_id: str) -> dict[str, Any] | None:
    """The docket as it stands; None when there is none and the step may open it."""
    try:
        return client.docket(docket_id)
    except NotFound:
        if "" not in step.after:
            raise
        return None


def signed(
    client: NodeClient, step: Step, body: msgspec.Struct, docket_id: str, view: Any, until: date | None = None
) -> bytes:
    """The filing with the official's hand, ready to be sent (any number of times)."""
    record, sections = _compose(client, step, body, docket_id, view, until)
    signer = client.signer
    if signer is None:
        raise NotFound("Whose hand is it?", "Name your key: --as KEYFILE.")
    return canonical({"record": record, "hand": _hand(signer, record_id(record)), "sections": sections})


def _hand(signer: Signer, identifier: str) -> Any:
    return put_hand(identifier, signer)


def _compose(
    client: NodeClient, step: Step, body: msgspec.Struct, docket_id: str, view: Any, until: date | None
) -> Any:
    who = client.who_am_i()
    return compose(
        docket=docket_id,
        step=step.name,
        answers=tuple(view["heads"]) if view is not None else (),
        party=who.party,
        authority=who.authority,
        role=who.role,
        at=datetime.now(UTC),
        body=body,
        sealed_until=until,
    )


def _measure(path: Path, name: str, media_type: str) -> dict[str, Any]:
    with path.open("rb") as source:
        digest = f"sha256:{file_digest(source, 'sha256').hexdigest()}"
    return {"id": digest, "size": path.stat().st_size, "digest": digest}


def _show(entered: dict[str, Any], step: Step) -> None:
    mark = "[green]✓ has effect[/green]" if entered["effect"] else "[yellow]… entered without effect[/yellow]"
    console.print(f"{mark}  {escape(step.title)}  [bold]{escape(entered['docket'])}[/bold]  {short(entered['id'])}")
    print_findings(entered["findings"])
    next_words = _next(entered["findings"])
    if next_words:
        console.print(next_words)


def _next(findings: list[dict[str, Any]]) -> str:
    steps = sorted({f["cleared_by"] for f in findings if f.get("cleared_by")})
    return f"Next: {escape(', '.join(steps))}." if steps else ""
