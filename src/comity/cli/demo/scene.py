"""The scene of the demonstration: two Parties, their officials, nodes and witnesses, all on this machine.

Made with the same functions as ``comity init``; run as the same processes as ``comity serve`` and ``comity witness``.
A scene that exists is opened again, so that a demonstration can be killed and gone on with.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path

import httpx2
import msgspec

from comity.cli.folder import write_text
from comity.cli.hands import open_hand
from comity.cli.init import nodes, officials, parties
from comity.cli.init.roots import open_root
from comity.errors import Unreachable
from comity.node.keeping.keys import read_secret, write_secret
from comity.signing.hand import Signer
from comity.signing.keys import PublicKey

HOST = "127.0.0.1"
CODES = ("DE", "FR")
STAFF = {
    "prosecutor": ("prosecutor", "prosecution"),
    "judge": ("judge", "court"),
    "duty": ("officer", "contact"),
    "oversight": ("oversight", "oversight"),
}
HOLDERS = {
    ("DE", "prosecutor"): "Staatsanwältin Beispiel",
    ("DE", "judge"): "Richterin Muster",
    ("DE", "duty"): "Bereitschaft Musterstadt",
    ("DE", "oversight"): "Aufsicht Musterstadt",
    ("FR", "prosecutor"): "Procureur Exemple",
    ("FR", "judge"): "Juge Modèle",
    ("FR", "duty"): "Permanence de Villemodèle",
    ("FR", "oversight"): "Contrôle de Villemodèle",
}


class Ports(msgspec.Struct, frozen=True):
    """Where everything listens: Party to port."""

    nodes: dict[str, int]
    witnesses: dict[str, int]


@dataclass(slots=True)
class Scene:
    """The folder of a demonstration and its running processes."""

    folder: Path
    ports: Ports
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def url(self, code: str) -> str:
        """The address of a Party's node."""
        return f"http://{HOST}:{self.ports.nodes[code]}"

    def signer(self, code: str, who: str) -> Signer:
        """The hand of an official of a Party: prosecutor, judge, duty, oversight."""
        return open_hand(
            str(self.folder / "hands" / f"{code.lower()}-{who}.key"), self.folder / "passphrases" / "hands"
        )

    @property
    def anchors(self) -> Path:
        """What a verifier of this demonstration trusts."""
        return self.folder / "verifier" / "anchors.toml"

    def start(self, name: str) -> None:
        """Start one process: ``de-node``, ``fr-witness``..."""
        place = self.folder / name
        node = ["serve", "--config", str(place / "comity.toml")]
        what = node if name.endswith("node") else ["witness", "serve", str(place)]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-c", "from comity.cli import main; main()", *what],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def start_all(self) -> None:
        """Start witnesses and nodes, and wait until they answer. Unreachable, naming the log, when one does not."""
        names = [f"{code.lower()}-{kind}" for kind in ("witness", "node") for code in CODES]
        for name in names:
            self.start(name)
        for name in names:
            self._wait(name)

    def _wait(self, name: str, seconds: float = 30.0) -> None:
        ports = self.ports.nodes if name.endswith("node") else self.ports.witnesses
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.running[name].poll() is None:
            try:
                url = f"http://{HOST}:{ports[name[:2].upper()]}/health/live"
                httpx2.get(url, timeout=1, trust_env=False, verify=False)  # plain HTTP: no roots read from disk
                return
            except httpx2.HTTPError:
                time.sleep(0.1)
        raise Unreachable(f"The {name} did not start.", f"Read {self.folder / f'{name}.log'}.")

    def stop(self, name: str) -> None:
        """Stop one process, gently first."""
        process = self.running.pop(name)
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self, name: str) -> None:
        """End one process as a power cut would."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def stop_all(self) -> None:
        """Stop everything that runs, nodes first."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(self.stop, [n for n in self.running if n.endswith("node")]))
            list(pool.map(self.stop, list(self.running)))


def set_scene(folder: Path, cadence: float = 0.5) -> Scene:
    """The scene in ``folder``: made when it is not there, opened when it is."""
    done = folder / "ports.json"
    if done.exists():
        return Scene(folder, msgspec.json.decode(done.read_bytes(), type=Ports))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "passphrases").mkdir(exist_ok=True, mode=0o700)
    free = _free_ports(4)
    ports = Ports(dict(zip(CODES, free[:2], strict=True)), dict(zip(CODES, free[2:], strict=True)))
    settings: dict[str, float | str] = {"cadence_seconds": cadence, "retry_seconds": cadence, "clerk_seconds": 2.0}
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda code: _found(folder, code, ports, settings), CODES))
    files = [folder / code.lower() / f"{code}.json" for code in CODES]
    for name in [f"{c.lower()}-{kind}" for c in CODES for kind in ("node", "witness")] + ["verifier"]:
        nodes.trust(folder / name, files, {})
    write_text(done, msgspec.json.encode(ports).decode())
    return Scene(folder, ports)


def _found(folder: Path, code: str, ports: Ports, settings: dict[str, float | str]) -> None:
    """One Party: roots, node, witness, officials, Party file."""
    day, cc = datetime.now(UTC).date(), code.lower()
    party, judiciary = folder / cc, folder / f"{cc}-judiciary"
    root, judicial = _passphrase(folder, f"{cc}-root"), _passphrase(folder, f"{cc}-judiciary")
    draft = resources.files("comity.cli.demo").joinpath(f"parties/{code}.toml").read_text(encoding="utf-8")
    parties.found_party(code, party, judiciary, (parties.Holders(root), parties.Holders(judicial)), draft)
    url, authorities = (
        f"http://{HOST}:{ports.nodes[code]}",
        tuple(f"{cc}-{o}" for o in ("prosecution", "court", "contact")),
    )
    plan = nodes.NodePlan(f"node.{cc}.example", url, authorities, f"{HOST}:{ports.nodes[code]}", settings)
    nodes.found_node(folder / f"{cc}-node", party, plan, day.year)
    at = f"{HOST}:{ports.witnesses[code]}"
    nodes.found_witness(folder / f"{cc}-witness", party, f"{cc}-oversight", f"http://{at}", at)
    for who, (role, office) in STAFF.items():
        key = folder / "hands" / f"{cc}-{who}.key"
        public = officials.make_hand(key, _passphrase(folder, "hands")) if not key.exists() else _public(key)
        place = officials.Office(HOLDERS[code, who], role, f"{cc}-{office}", date(day.year + 1, 12, 31))
        by, secret = (judiciary, judicial) if officials.needs_judiciary(role) else (party, root)
        officials.certify(party, place, public, open_root(by, secret), day)
    parties.publish(party, open_root(party, root), day)


def _public(key: Path) -> PublicKey:
    return PublicKey.from_text(key.with_name(key.name + ".pub").read_text(encoding="ascii").strip())


def _passphrase(folder: Path, name: str) -> bytes:
    path = folder / "passphrases" / name
    try:
        write_secret(path, secrets.token_urlsafe(24).encode("ascii"))
    except Exception:
        if not os.path.exists(path):
            raise
    return read_secret(path)


def _free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that are free now."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()
