"""``comity witness``: run an oversight body's witness, which cosigns what it saw grow and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import structlog
import typer

from comity.cli.nodes import WITNESS_SETTINGS, WitnessSettings, read_cosigner
from comity.cli.serve import log_as_json, run_server
from comity.docket.directory import Directory
from comity.errors import BadLaw, NotFound
from comity.package.anchors import read_anchors
from comity.tlog.witness import Witness


def command(
    folder: Annotated[Path, typer.Argument(help="The witness's folder, as comity init witness made it.")],
) -> None:
    """Run a witness until it is stopped. It follows the logs of all nodes in the Party files it trusts."""
    from comity.node.witness.followed import ended, followed
    from comity.node.witness.store import SQLiteWitnessStore
    from comity.web.witness import witness_app

    log_as_json("info")
    settings = _settings(folder)
    cosigner = read_cosigner(folder)
    with SQLiteWitnessStore(folder / settings.data) as store:
        directory = _directory(folder)
        witness = Witness((cosigner,), followed(directory), ended(directory))
        structlog.get_logger(__name__).info("witness.started", name=settings.name, listen=settings.listen)
        run_server(witness_app(witness, store), settings.listen)


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
    return read_parties(folder / "parties", read_anchors(path.read_text(encoding="utf-8")))[0]
