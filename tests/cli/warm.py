"""`comity` for a script of many commands: each a process of its own, forked from one that has read the program already.

Starting the program takes longer than most commands take. `warm` writes a ``comity`` for the PATH: what serves is the
real program, started as ever; anything else is forked with the caller's folder, environment and files, and its exit
code is the answer. Passphrases cost a hundredth of what they cost, as in every test (tests/conftest.py). Holds no test.
"""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
ASK = """#!{python} -SE
import array, json, os, socket, sys
if "serve" in sys.argv[1:3]:
    os.execv({python!r}, [{python!r}, {comity!r}, *sys.argv[1:]])
os.umask(mask := os.umask(0))
asked = {{"argv": sys.argv, "cwd": os.getcwd(), "env": dict(os.environ), "mask": mask}}
link = socket.socket(socket.AF_UNIX)
link.connect({place!r})
link.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
link.sendall(json.dumps(asked).encode())
link.shutdown(socket.SHUT_WR)
sys.exit(int(link.recv(3) or b"70"))
"""


@contextmanager
def warm(folder: Path) -> Iterator[Path]:
    """A folder for the PATH, with the ``comity`` of this module in it; ends when left."""
    place, tools = folder / "warm", folder / "bin"
    tools.mkdir()
    comity = Path(sys.executable).with_name("comity")
    asks = tools / "comity"
    asks.write_text(ASK.format(python=sys.executable, comity=str(comity), place=str(place)), encoding="utf-8")
    asks.chmod(0o755)
    command = [sys.executable, "-m", "tests.cli.warm", str(place)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield tools
    finally:
        process.kill()
        process.wait()


def serve(place: str) -> None:
    """Fork for every caller, until killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here; the caller hears of each by its link
    door = socket.socket(socket.AF_UNIX)
    door.bind(place)
    door.listen()
    print("ready", flush=True)
    while True:
        link, _ = door.accept()
        if os.fork() == 0:
            door.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            answer(link)
        link.close()


def answer(link: socket.socket) -> None:
    """Be the caller's command, say how it ended, and end."""
    from comity.cli import run

    _, sent, _, _ = link.recvmsg(1, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    files = array.array("i", sent[0][2])
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    asked = json.loads(b"".join(iter(lambda: link.recv(1 << 16), b"")))
    os.chdir(asked["cwd"])
    os.umask(asked["mask"])
    os.environ.clear()
    os.environ.update(asked["env"])
    code = run(asked["argv"][1:])
    sys.stdout.flush()
    sys.stderr.flush()
    link.sendall(str(code).encode())
    os._exit(0)


def read_all() -> None:
    """Every command's module, and the law."""
    from comity.cli import FirstWords
    from comity.law.book import load_law
    from comity.signing import keys

    for row in FirstWords.rows.values():
        import_module(row.module)
    load_law()
    keys.KDF_ROUNDS = 1


if __name__ == "__main__":
    read_all()
    serve(sys.argv[1])
