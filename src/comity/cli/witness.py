"""``comity witness serve``: run an oversight body's witness, which cosigns what it saw grow and nothing else.

Or its mirror, which cosigns only what it holds in full, and serves what it holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from comity.cli.init.nodes import WITNESS_SETTINGS, WitnessSettings, read_cosigner
from comity.cli.serve import run_server
from comity.docket.directory import Directory
from comity.errors import BadLaw, NotAuthorised, NotFound
from comity.node.log_lines import get_logger, log_as_json
from comity.package.anchors import read_anchors
from comity.tlog.witness import Witness

app = typer.Typer(help="Run an oversight body's witness or mirror.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Run an oversight body's witness or mirror."""


@app.command("serve")
def command(
    folder: Annotated[Path, typer.Argument(help="The witness's folder, as comity init witness made it.")],
    mirror: Annotated[
        Path | None,
        typer.Option("--mirror", help="Be a mirror: keep the logs in this folder. Else as witness.toml says."),
    ] = None,
) -> None:
    """Run a witness or a mirror until it is stopped. It follows the logs of all nodes in the Party files it trusts.

    A mirror fetches every leaf before it cosigns, and serves its copy of each log at /<SHA-256 of the origin>.
    """
    from comity.node.witness.followed import ended, followed, later, sources
    from comity.node.witness.mirror import Mirror
    from comity.node.witness.store import SQLiteWitnessStore
    from comity.web.mirror import mirror_app
    from comity.web.witness import witness_app

    log_as_json("info")
    settings = _settings(folder)
    cosigner = read_cosigner(folder)
    with SQLiteWitnessStore(folder / settings.data) as store:
        directory = _directory(folder)
        logs = followed(directory)
        copies = mirror or (folder / settings.mirror if settings.mirror else None)
        if copies is None:
            server = witness_app(Witness((cosigner,), logs, ended(directory), later(directory)), store)
        else:
            _own_name(settings.name)
            keeper = Mirror(
                (cosigner,), logs, ended(directory), later(directory), sources=sources(directory), folder=copies
            )
            server = mirror_app(keeper, store)
        kind = "witness" if copies is None else "mirror"
        get_logger(__name__).info(f"{kind}.started", name=settings.name, listen=settings.listen)
        run_server(server, settings.listen)


def _own_name(name: str) -> None:
    if name.endswith("/witness"):
        raise NotAuthorised(
            f"{name} is a witness; a mirror has a name and a key of its own.",
            "Make it: comity init witness FOLDER --mirror --party ... --body ...",
        )


def _settings(folder: Path) -> WitnessSettings:
    path = folder / WITNESS_SETTINGS
    if not path.exists():
        raise NotFound(f"{path} is missing.", "Make the witness: comity init witness --help.")
    try:
        return msgspec.toml.decode(path.read_bytes(), type=WitnessSettings)
    except msgspec.MsgspecError as exc:
        raise BadLaw(f"{path}: {exc}", "Mend the setting.") from exc


def _directory(folder: Path) -> Directory:
    from comity.node.node import read_parties

    path = folder / "anchors.toml"
    if not path.exists():
        raise NotFound(f"{path} is missing: this witness follows no log.", "Write it: comity init trust --help.")
    return read_parties(folder / "parties", read_anchors(path.read_bytes()))[0]
