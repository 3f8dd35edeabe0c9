"""``comity init`` for a node's logs and envelopes: rotate-log, retire-log-key, new-year, successor, rotate-envelope."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape

from comity.cli.init import log_changes
from comity.cli.init.log_changes import Place
from comity.cli.init.root_options import PartyFolder
from comity.cli.output import console
from comity.errors import NotFound

NodeFolder = Annotated[Path, typer.Argument(help="The node's folder.")]
NodeId = Annotated[str, typer.Option("--id", help="The node's identifier.")]
Overlap = Annotated[int, typer.Option("--overlap-days", min=0, help="How long both keys count at least.")]
_PUBLISH = "Next: comity init publish {party}; comity init trust at every node and witness; restart them."


def rotate_log(
    folder: NodeFolder,
    party: PartyFolder,
    node_id: NodeId,
    start: Annotated[int, typer.Option("--from", min=1, help="From which size on they sign: the log's size now.")],
) -> None:
    """Announce new keys for the node's log. Old and new sign together until comity init retire-log-key.

    The log's size is the second line of URL/log/checkpoint. The node enters the announcement in its log by itself.
    """
    for vkey in log_changes.rotate_log(Place(folder, party, node_id), start, _now().date()):
        console.print(f"New log key, from {start} leaves on: {escape(vkey[:60])}...")
    console.print(_PUBLISH.format(party=escape(str(party))))
    console.print("In 30 days or more: comity init retire-log-key.")


def retire_log_key(
    folder: NodeFolder,
    party: PartyFolder,
    node_id: NodeId,
    size: Annotated[int, typer.Option("--at", min=1, help="The largest tree they sign: the log's size now.")],
    overlap: Overlap = 30,
) -> None:
    """End the log keys before the newest ones. Checkpoints up to --at that they signed stand for ever."""
    for vkey in log_changes.retire_log_keys(
        Place(folder, party, node_id), size, _now().date(), timedelta(days=overlap)
    ):
        console.print(f"Signs no more than {size} leaves: {escape(vkey[:60])}...")
    console.print(_PUBLISH.format(party=escape(str(party))))


def new_year(
    folder: NodeFolder,
    party: PartyFolder,
    node_id: NodeId,
    year: Annotated[int | None, typer.Option("--year", help="Which year. Default: the one after this.")] = None,
) -> None:
    """Name the log of the next year, with keys of its own. Do it in December: the node turns to it by itself.

    On 1 January (UTC) the running node publishes the old log's last checkpoint, begins the new log with a leaf that
    names it, and goes on. The old log stays readable at URL/logs/0, /logs/1 ..., and verifiable for ever.
    """
    origin = log_changes.new_year(Place(folder, party, node_id), year or _now().year + 1)
    console.print(f"The log {escape(origin)} follows; the node begins it when its year has come.")
    console.print(_PUBLISH.format(party=escape(str(party))))


def successor(
    folder: NodeFolder,
    party: PartyFolder,
    node_id: NodeId,
    reason: Annotated[Literal["theft", "loss"], typer.Option("--reason", help="Why the log ends.")] = "theft",
    checkpoint: Annotated[
        Path | None,
        typer.Option("--checkpoint", help="The last agreed checkpoint, from a witness, when the database is lost."),
    ] = None,
) -> None:
    """End a log whose key was stolen, or that is lost, with the last checkpoint agreed on, and go on in another.

    Stop the node first. What the thief logged after that checkpoint counts nowhere; your acts that no witness had seen
    yet stand in the new log. The roots' signatures under the Party file are the statement; nothing else ends a log.
    """
    if checkpoint is not None and not checkpoint.is_file():
        raise NotFound(f"There is no file {checkpoint}.", "A witness serves it: URL/<sha256 of the origin>/checkpoint.")
    shown = checkpoint.read_bytes() if checkpoint is not None else None
    last, origin = log_changes.successor(Place(folder, party, node_id), reason, shown, _now().year)
    console.print(f"{escape(last.origin)} ends with {last.size} leaves; nothing larger counts.")
    console.print(f"The log {escape(origin)} follows.")
    console.print(_PUBLISH.format(party=escape(str(party))))
    console.print("Then tell peers and oversight; keep what the thief signed as evidence: comity audit --state FOLDER.")


def rotate_envelope(folder: NodeFolder, party: PartyFolder, node_id: NodeId) -> None:
    """Give the node a new envelope key. What was sealed to the old one still opens until comity init retire-envelope.

    Restart this node first, then publish, so that it holds the key before peers seal to it.
    """
    old, new = log_changes.rotate_envelope(Place(folder, party, node_id))
    console.print(f"Envelopes go to {new} from now on; those to {old} still open.")
    console.print("Restart this node.")
    console.print(_PUBLISH.format(party=escape(str(party))))
    console.print("In 30 days or more: comity init retire-envelope.")


def retire_envelope(folder: NodeFolder, party: PartyFolder, node_id: NodeId, overlap: Overlap = 30) -> None:
    """Destroy the envelope key before the present one: deliveries sealed to it can never be opened again.

    What the node holds stays readable, for that lies under its vault key. Remove the key from your backups too.
    """
    kid = log_changes.retire_envelope(Place(folder, party, node_id), _now(), timedelta(days=overlap))
    console.print(f"{kid} is destroyed here. Remove it from every backup of the key folder.")
    console.print(_PUBLISH.format(party=escape(str(party))))


def _now() -> datetime:
    return datetime.now(UTC)


def add_to(app: typer.Typer) -> None:
    """Add these commands to ``comity init``."""
    app.command("rotate-log")(rotate_log)
    app.command("retire-log-key")(retire_log_key)
    app.command("new-year")(new_year)
    app.command("successor")(successor)
    app.command("rotate-envelope")(rotate_envelope)
    app.command("retire-envelope")(retire_envelope)
