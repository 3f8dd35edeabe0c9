"""``comity restore``: after a loss, bring a node's missing leaves back from a mirror.

Shows only; the work is in `comity.node.restore`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from comity.cli.output import console
from comity.node.log_lines import log_as_json
from comity.settings import read_settings


def command(
    mirror: Annotated[str, typer.Argument(metavar="URL|FOLDER", help="An oversight body's mirror, or its folder.")],
    config: Annotated[
        Path, typer.Option("--config", envvar="COMITY_CONFIG", help="The node's settings. The node must be down.")
    ] = Path("comity.toml"),
) -> None:
    """Bring leaves that were lost with the disk back from a mirror, so that the node may sign again.

    Each is checked against what the log itself signed. Their records do not come back: they stay as commitments that
    nobody here can open, and the loss is noted for oversight.
    """
    from comity.node.node import Outside
    from comity.node.restore import restore

    settings, folder = read_settings(config)
    log_as_json(settings.log_level)
    done = restore(settings, folder, mirror, Outside.http(settings))
    console.print(
        f"{escape(done.origin)}: leaves {done.start} to {done.end - 1} are back, {done.end - done.start} of them. "
        "What they committed to is lost here; the loss is noted for oversight."
    )
    console.print(f"Next: comity serve --config {escape(str(config))}. Ask the other sides for what they hold.")
