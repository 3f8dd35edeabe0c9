"""``comity demo``: three matters between two nodes, then an evidence package checked offline."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from comity.cli.demo.driver import Tell, run_matters
from comity.cli.demo.offline import check, flip_one_byte
from comity.cli.demo.scene import Scene, set_scene
from comity.cli.demo.script import packaged_matters, read_matter
from comity.cli.demo.telling import tell_people, tell_programs
from comity.cli.verify import NOT_TO_BE_RELIED_ON


def command(
    json: Annotated[bool, typer.Option("--json", help="Tell it as one JSON object a line.")] = False,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", help="Play it in this folder and leave everything there; go on if it was broken off."),
    ] = None,
    forms: Annotated[
        Path | None, typer.Option("--forms", help="Only copy the matters' forms into this folder, for comity file.")
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Only the first matter and its package.")] = False,
) -> None:
    """Run two nodes, a German and a French one, through three real matters; then check the evidence offline.

    Real Parties and law, made-up offices and persons. Nothing is installed and nothing leaves this machine; all of it
    is gone afterwards, unless you --keep it.
    """
    if forms is not None:
        for matter in packaged_matters():
            shutil.copytree(matter, forms / matter.name, dirs_exist_ok=True)
        return
    tell: Tell = tell_programs if json else tell_people
    began = time.monotonic()
    with _folder(keep) as folder:
        tell({"event": "say", "text": "Founding two Parties with their courts, nodes and oversight witnesses..."})
        scene = set_scene(folder)
        play(scene, tell, fast=fast)
    tell({"event": "say", "text": f"Done in {time.monotonic() - began:.0f} s."})


def play(scene: Scene, tell: Tell, *, fast: bool = False) -> None:
    """Run the matters at the scene's nodes, stop the nodes, and check the first matter's package."""
    folders = packaged_matters()[: 1 if fast else None]
    first = read_matter(folders[0])
    package = scene.folder / "package.zip"
    try:
        scene.start_all()
        driver = run_matters({code: scene.url(code) for code in scene.ports.nodes}, scene.signer, folders, tell)
        tell({"event": "heading", "title": "The evidence package, checked offline"})
        driver.package(first.docket, first.parties[0], "prosecutor", package)
    finally:
        scene.stop_all()
    tell({"event": "say", "text": f"{package.name}: {package.stat().st_size} bytes. Both nodes are stopped now."})
    check(package, scene.anchors, tell, expect=0)
    altered = scene.folder / "altered.zip"
    place = flip_one_byte(package, altered)
    tell({"event": "say", "text": f"\nNow one bit at byte {place} of a copy is changed (in the bank statement):"})
    check(altered, scene.anchors, tell, expect=NOT_TO_BE_RELIED_ON)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="comity-demo-") as made:
        yield Path(made)
