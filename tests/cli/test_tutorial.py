"""The tutorial runs as it is written: its commands, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.warm import warm
from tests.house.source import ROOT

PORTS = ("8141", "8142", "8151", "8152")


def commands() -> str:
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def free_ports() -> list[str]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    found = [str(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)  # on a machine that does much else
def test_the_tutorial(tmp_path: Path) -> None:
    script = commands()
    assert "comity verify altered.zip" in script
    for written, free in zip(PORTS, free_ports(), strict=True):  # other ports, so that tests can run side by side
        script = script.replace(written, free)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COMITY_")}
    folder = tmp_path / "tutorial"
    folder.mkdir()
    with warm(tmp_path) as tools, (tmp_path / "output").open("wb") as output:
        path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), environment["PATH"]])
        process = subprocess.Popen(
            ["bash", "-e", "-o", "pipefail", "-c", f"set -m\n{script}"],
            cwd=folder, env={**environment, "PATH": path}, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(timeout=280)
        finally:
            for pid in _session(process.pid):
                os.kill(pid, signal.SIGKILL)
    said = (tmp_path / "output").read_text(encoding="utf-8")
    assert process.returncode == 0, said[-3000:]
    assert "judicial authorisation: No judge has authorised this request" in said
    assert "✓ It holds" in said
    assert "Do not rely on this package" in said


def _session(session: int) -> list[int]:
    """What the tutorial left running."""
    listed = subprocess.run(["ps", "-o", "pid=", "-s", str(session)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]
