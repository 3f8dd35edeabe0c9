"""Exit codes, help, and what the command line says when something is wrong."""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from starlette.applications import Starlette

from comity import cli, errors
from comity.cli import run
from comity.cli.client import NodeClient
from comity.cli.serve import run_server
from comity.errors import ComityError, Conflict, Malformed
from comity.node.keeping.keys import write_secret
from comity.settings import Settings, read_settings
from comity.signing.keys import PrivateKey, save_private
from tests.house.source import ROOT

DOCUMENT = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
KINDS = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, ComityError)]


def commands(group: Any, name: str = "comity") -> list[tuple[str, Any]]:
    found = []
    for word, command in group.commands.items():
        found.append((f"{name} {word}", command))
        if hasattr(command, "commands"):
            found += commands(command, f"{name} {word}")
    return found


ALL = commands(typer.main.get_command(cli.app))


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_every_command_explains_itself(name: str, command: Any) -> None:
    assert len((command.help or "").split()) >= 5
    for parameter in command.params:
        if "--help" not in parameter.opts:
            assert parameter.help, f"{name} {parameter.opts[0]} has no help"


def test_the_overview_names_every_command_in_full_and_reads_none() -> None:
    code = (
        "import sys; from comity.cli import run; run(['--help'])\n"
        "raise SystemExit(any(m.startswith(('comity.node', 'comity.law', 'cryptography')) for m in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    listed = dict(re.findall(r"^  ([a-z]+)  +(.+)$", done.stdout.partition("Commands:")[2], re.MULTILINE))
    assert listed == {name: row.said for name, row in cli.FirstWords.rows.items()}
    assert listed.keys() == typer.main.get_command(cli.app).commands.keys()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["show", "due", "verify", "demo", "file"])
def test_what_reads_speaks_json(name: str) -> None:
    command = dict(ALL)[f"comity {name}"]
    assert any("--json" in p.opts for p in command.params)


def test_exit_codes_are_documented_and_no_others() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE)}
    used = {k.exit_code for k in KINDS} | {0, 1, cli.USAGE, cli.BUG, cli.INTERRUPTED}
    assert used == documented


def test_every_kind_of_error_ends_with_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import comity.cli.due as due

    for kind in KINDS:

        def broken(*_: object, kind: type[ComityError] = kind) -> None:
            raise kind("Something is wrong.", "Do this.")

        monkeypatch.setattr(due, "open_hand", broken)
        assert run(["due"]) == kind.exit_code
        assert "Do this." in capsys.readouterr().err


def test_a_bug_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import comity.cli.due as due

    monkeypatch.delenv("COMITY_DEBUG", raising=False)
    monkeypatch.setattr(due, "open_hand", lambda *_: 1 / 0)
    assert run(["due"]) == cli.BUG
    assert "Traceback" not in capsys.readouterr().err


def test_usage_not_found_and_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["no-such-command"]) == 2
    assert run(["file"]) == 2
    assert run(["file", "request.fly"]) == 2
    assert run(["show"]) == 3  # whose hand?
    assert run(["show", "--as", "nowhere.key"]) == 3
    assert run(["serve"]) == 2  # no comity.toml says which node it is


def test_verify_never_opens_a_socket() -> None:
    code = (
        "import socket; from comity.cli.verify import stay_offline; from comity.errors import ComityError\n"
        "stay_offline()\n"
        "ways = (lambda: socket.create_connection(('127.0.0.1', 9)), lambda: socket.getaddrinfo('x.example', 80))\n"
        "for reach in ways:\n"
        "    try:\n        reach()\n    except ComityError:\n        continue\n    raise SystemExit('it reached out')\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
    # In a process of its own: whoever ran verify can open no connection any more.
    verify = [sys.executable, "-c", "from comity.cli import main; main()", "verify", "nowhere.zip"]
    assert subprocess.run(verify, capture_output=True, check=False, timeout=60).returncode == 3


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    path = tmp_path / "comity.toml"
    path.write_text('node = "n"\ncadense_seconds = 1\n')
    with pytest.raises(ComityError, match="cadense_seconds"):
        read_settings(path)
    assert run(["serve", "--config", str(path)]) == 2


@pytest.mark.parametrize(
    "line",
    [
        "cadence_seconds = 0", "cadence_seconds = inf", "retry_seconds = nan", "clerk_seconds = -1.0",
        "freshness_seconds = 0", "padding_leaves = -1", "max_exhibit_bytes = -1", 'node = "\xff"',
    ],
)  # fmt: skip
def test_a_setting_that_would_stop_a_node_is_refused_when_it_is_read(tmp_path: Path, line: str) -> None:
    path = tmp_path / "comity.toml"
    path.write_text(line, encoding="latin-1")
    assert run(["serve", "--config", str(path)]) == 2


def test_what_is_no_file_or_no_text_is_said_and_is_no_bug(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    anything = tmp_path / "anything"
    anything.write_bytes(b"x")
    for arguments in (["serve", "--config", str(tmp_path)], ["demo", "--forms", str(anything / "forms")]):
        assert run(arguments) == 2, arguments
        said = capsys.readouterr().err
        assert "bug" not in said
        assert len(said.strip().splitlines()) >= 2, said


def test_a_hand_that_cannot_be_opened_says_which_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, word = tmp_path / "my.key", tmp_path / "word"
    assert run(["show", "--as", str(key)]) == 3
    assert f"There is no key file {key}." in capsys.readouterr().err
    key.write_bytes(b"no key")
    key.chmod(0o600)
    assert run(["show", "--as", str(key), "--passphrase-file", str(word)]) == 3
    assert f"There is no passphrase file {word}." in capsys.readouterr().err
    word.write_bytes(b"a long enough passphrase")
    word.chmod(0o600)
    assert run(["show", "--as", str(key), "--passphrase-file", str(word)]) == 2
    assert str(key) in capsys.readouterr().err


def test_without_a_terminal_a_passphrase_is_asked_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "my.key"
    write_secret(key, save_private(PrivateKey.generate(), b"a long enough passphrase"))
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    monkeypatch.delenv("COMITY_PASSPHRASE_FILE", raising=False)
    assert run(["show", "--as", str(key)]) == 2
    assert "--passphrase-file" in capsys.readouterr().err


OFFICIAL = ("official", "-", "--party", "de", "--holder", "A", "--authority", "de-court")
NEW_KEY = ("official", "new.key", "--party", "de", "--holder", "A", "--authority", "de-court", "--role", "officer")


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (("party", "DE", "de"), ["--root-passphrase-file"]),
        (("party", "DE", "de"), ["--judiciary-passphrase-file", "--root-passphrase-file"]),
        (("party", "DE", "de", "--roots", "2"), ["--root-passphrase-file"]),
        (("root", "holder"), ["--root-passphrase-file"]),
        ((*OFFICIAL, "--role", "officer"), ["--root-passphrase-file"]),
        ((*OFFICIAL, "--role", "judge"), ["--judiciary-passphrase-file"]),
        (NEW_KEY, ["--passphrase-file"]),
    ],
)
def test_what_is_wrong_with_a_passphrase_names_the_option_it_is_given_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...],
    options: list[str],
) -> None:  # fmt: skip
    """The first of ``options`` is wrong or not given, any other is right."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    write_secret(tmp_path / "word", b"a long enough passphrase")
    asked, *right = options
    given = ["init", *words, *(w for o in right for w in (o, "word"))]
    if words[:2] == ("official", "-"):
        given += ["--public", PrivateKey.generate().public.to_text()]
    assert run([*given, asked, "nowhere"]) == 3
    assert f"name after {asked}." in capsys.readouterr().err
    if "official" not in words:  # its folder would be asked for first
        assert run(given) == 2
        assert f"Give a file: {asked}." in capsys.readouterr().err


def test_what_is_no_node_is_told_from_a_node_that_does_not_answer() -> None:
    client = NodeClient("nonsense", None, patience=0)
    with pytest.raises(Malformed, match="no address of a node"):
        client.info()


def test_an_address_in_use_is_said_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held, pytest.raises(Conflict, match="Nothing can listen on"):
        run_server(Starlette(), f"127.0.0.1:{held.getsockname()[1]}")
    with pytest.raises(ComityError, match="listen"):
        run_server(Starlette(), "127.0.0.1:99999")


def test_settings_document_is_made_from_the_settings() -> None:
    from comity.cli.settings_document import document

    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == document()
    for setting in msgspec.structs.fields(Settings):
        assert f"`{setting.name}`" in document()
