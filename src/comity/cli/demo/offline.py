"""The end of the demonstration: the package is checked where no node can be reached, then with one byte changed.

Where the system allows it (``unshare -rn``) the check runs in a network namespace of its own, in which there is nothing
to reach; everywhere, ``comity verify`` itself refuses to open a socket, and the nodes are stopped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from comity.cli.demo.driver import Tell
from comity.errors import Tampered

_VERIFY = (sys.executable, "-c", "from comity.cli import main; main()", "verify")


def check(package: Path, anchors: Path, tell: Tell, *, expect: int) -> None:
    """Run ``comity verify`` on a package, offline. Tampered when it does not end as expected."""
    alone = ("unshare", "-rn") if _can_unshare() else ()
    command = [*alone, *_VERIFY, str(package), "--anchors", str(anchors)]
    colours = {"FORCE_COLOR": "1", "COLUMNS": "160"} if sys.stdout.isatty() else {}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env={**_environment(), **colours}
    )
    shown = " ".join([*alone, "comity verify", package.name, "--anchors", anchors.name])
    event: dict[str, Any] = {
        "event": "verify", "command": shown, "exit": done.returncode, "as_expected": done.returncode == expect,
        "network": "none" if alone else "not used", "output": done.stdout + done.stderr,
    }  # fmt: skip
    tell(event)
    if done.returncode != expect:
        raise Tampered(f"comity verify ended with {done.returncode}, not {expect}.", "Read what it printed above.")


def flip_one_byte(package: Path, target: Path) -> int:
    """Copy a package with one bit of an exhibit's bytes changed; where, counted from the beginning of the file."""
    with zipfile.ZipFile(package) as opened:
        member = next(m for m in opened.infolist() if "/data/exhibits/" in m.filename and m.filename.endswith(".xml"))
        needle = opened.read(member)[:200]
    data = bytearray(package.read_bytes())
    place = data.index(needle, member.header_offset) + 120
    data[place] ^= 0x01
    target.write_bytes(data)
    return place


def _can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("COMITY_")}
