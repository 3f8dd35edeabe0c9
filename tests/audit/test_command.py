"""The command as a stranger runs it: every command of docs/verify-a-node.md, over HTTP, and its exit codes."""

from __future__ import annotations

import json
import os
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from typer.testing import CliRunner

from comity.cli.audit import command
from comity.errors import ComityError, Malformed, NotFound, Tampered, Unverified
from comity.node.auditor.source import HttpSource, trees_of
from comity.node.keeping.gossip_store import SQLiteGossipStore
from comity.node.log.export import RowsSource
from comity.tlog.contradiction import Contradiction
from comity.tlog.cosignature import verifier_for
from comity.web.gossip import gossip_routes
from tests.audit.shown import LOG, ORIGIN, POLICY, POLICY_TEXT, Rows, ShownLog, act, acts
from tests.serving import serving

DOCUMENT = Path(__file__).parents[2] / "docs" / "verify-a-node.md"
COMMANDS = re.findall(r"^\$ comity audit (.+)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
SIZE = 700
MIRRORED = "8f1c0549d1a26cca24385d2d9ef28cd4bd059d03eb0c5cbf25f1a316458c2ecd"
app = typer.Typer()
app.command()(command)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.txt").write_text(POLICY_TEXT)
    return tmp_path


@pytest.fixture
def node(here: Path) -> Iterator[tuple[str, ShownLog]]:
    """A node's log as static files and its gossip, on a port of its own."""
    log = ShownLog(acts(SIZE), at=int(time.time()))
    log.write(here / "served")
    store = SQLiteGossipStore(here / "gossip.sqlite")
    routes = [
        *gossip_routes(store, [POLICY], trees_of({ORIGIN: RowsSource(Rows(log))})),
        Mount("/log", StaticFiles(directory=here / "served")),
        Mount(f"/{MIRRORED}", StaticFiles(directory=here / "served")),  # as a mirror serves it
    ]
    with serving(Starlette(routes=routes)) as url:
        yield url, log
    store.close()


def test_every_command_of_the_document_runs(node: tuple[str, ShownLog]) -> None:
    assert len(COMMANDS) == 7
    for line in (line for line in COMMANDS if "--report" not in line):
        words = [re.sub(r"https://\w+\.example", node[0], word) for word in shlex.split(line)]
        code, said = run(*words)
        assert code == 0, said
        if "--json" in words:
            assert json.loads(said)["counts"] == {"request": SIZE}
        else:
            assert "All right" in said
            assert "cosigned by ombudsman" in said
            assert "2q - n = 1" in said
    assert os.listdir("seen") == ["audit.sqlite"]


def test_a_copy_is_the_log_byte_for_byte_and_grows_with_it(node: tuple[str, ShownLog], here: Path) -> None:
    ShownLog(acts(300), at=int(time.time())).write(here / "younger")
    assert run("younger", "--policy", "policy.txt", "--copy", "copy")[0] == 0
    code, said = run(node[0], "--policy", "policy.txt", "--copy", "copy")
    assert (code, f"{SIZE} leaves" in said) == (0, True)
    for served in (path for path in (here / "served").rglob("*") if path.is_file()):
        assert (here / "copy" / served.relative_to(here / "served")).read_bytes() == served.read_bytes()
    code, said = run("copy", "--policy", "policy.txt", "--json")
    assert (code, json.loads(said)["size"]) == (0, SIZE)
    with pytest.raises(Tampered):  # the older log does not take the place of the newer
        run("younger", "--policy", "policy.txt", "--copy", "copy")


def test_a_copy_holds_only_what_leads_to_the_root(node: tuple[str, ShownLog], here: Path) -> None:
    assert run(node[0], "--policy", "policy.txt", "--state", "seen")[0] == 0
    bundle = here / "served" / "tile" / "entries" / "000"
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"x")  # the host lies to who has audited already
    with pytest.raises(ComityError):
        run(node[0], "--policy", "policy.txt", "--state", "seen", "--copy", "copy")
    assert not (here / "copy" / "checkpoint").exists()


def test_a_fork_ends_with_7_and_is_known_to_all(node: tuple[str, ShownLog], here: Path) -> None:
    url, _ = node
    assert run(url, "--policy", "policy.txt", "--state", "seen")[0] == 0
    fork = ShownLog([*acts(300), *acts(SIZE - 300, "another")], at=int(time.time()))
    fork.write(here / "fork")
    assert run("fork", "--policy", "policy.txt", "--state", "mine", "--gossip", url)[0] == 0  # the first to be heard
    code, said = run(url, "--policy", "policy.txt", "--state", "seen", "--gossip", url)
    assert (code, "same-size" in said) == (7, True)
    (proof_file,) = Path("seen/contradictions").iterdir()
    assert Contradiction.parse(proof_file.read_bytes()).check([verifier_for(LOG.vkey)]) == ORIGIN
    code, said = run("fork", "--policy", "policy.txt", "--state", "seen", "--json")
    found = json.loads(said)
    assert (code, found["verdict"], found["contradictions"][0]["key"]) == (7, "tampered", ORIGIN)
    proof = Contradiction.parse(Path(found["contradictions"][0]["file"]).read_bytes())
    assert proof.check([verifier_for(LOG.vkey)]) == ORIGIN
    # Whoever asks the node from now on learns it from the node's own list.
    assert run(url, "--policy", "policy.txt")[0] == 7


def test_what_is_not_in_order_ends_with_4(here: Path) -> None:
    until = "until 2026-01-01"
    log = ShownLog([act(0), act(0), act(1, "sealed", until), act(2, "emergency")], at=int(time.time()))
    log.write(here / "log")
    code, said = run("log", "--policy", "policy.txt")
    assert (code, "duplicate: 1" in said, "overdue: 1" in said, "1 emergencies" in said) == (4, True, True, True)
    assert run("log", "--policy", "policy.txt", "--gossip", "http://127.0.0.1:1")[0] == 4


def test_without_a_policy_nothing_is_verified_and_nothing_is_kept(here: Path) -> None:
    ShownLog(acts(3), at=int(time.time())).write(here / "log")
    code, said = run("log")
    assert (code, "nobody's signature was checked" in said) == (4, True)
    with pytest.raises(Malformed):
        run("log", "--state", "seen")


def test_errors_have_a_next_step(here: Path) -> None:
    ShownLog(acts(3), at=int(time.time()), cosigned=()).write(here / "log")
    for words, error in [
        (("nowhere", "--policy", "policy.txt"), NotFound),
        (("log", "--policy", "missing.txt"), NotFound),
        (("log", "--policy", "policy.txt"), Unverified),
    ]:
        with pytest.raises(error) as caught:
            run(*words)
        assert caught.value.next_step


def test_a_log_of_others_at_its_own_prefix_is_found(node: tuple[str, ShownLog]) -> None:
    source = HttpSource(f"{node[0]}/log")
    assert source.checkpoint() == node[1].note
    assert source.fetch("tile/0/000") == node[1].fetch("tile/0/000")
    with pytest.raises(NotFound):
        HttpSource(f"{node[0]}/elsewhere").checkpoint()
