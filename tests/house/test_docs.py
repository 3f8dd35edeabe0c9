"""The documents and the program say the same: links lead somewhere, and every command and option named exists."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import pytest

from tests.house.source import ROOT, texts

LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
FENCED = re.compile(r"^(```+|~~~+).*?^\1\s*$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
DOCUMENTS = list(texts(".md"))


def slug(heading: str) -> str:
    """Anchor that forges give to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Anchors of all headings of a document."""
    return {slug(line.lstrip("#")) for line in FENCED.sub("", text).splitlines() if re.match(r"#{1,6} ", line)}


def broken_links(path: Path, text: str) -> list[str]:
    """Relative links of a document that lead to no file, no heading, or out of the checkout."""
    broken = []
    for target in LINK.findall(INLINE.sub("", FENCED.sub("", text))):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        file, _, anchor = unquote(target).partition("#")
        place = (path.parent / file).resolve() if file else path
        inside = place.is_relative_to(ROOT) and place.exists()
        if not file:
            inside = anchor in anchors(text)
        elif inside and anchor and place.suffix == ".md":
            inside = anchor in anchors(place.read_text(encoding="utf-8"))
        if not inside:
            broken.append(target)
    return broken


@pytest.mark.parametrize(("path", "text"), DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path, _ in DOCUMENTS])
def test_relative_links_lead_somewhere(path: Path, text: str) -> None:
    assert not broken_links(path, text)


def test_a_broken_link_is_seen() -> None:
    text = "# One thing\n[a](LICENSE) [b](#one-thing) [c](https://example.org/x) [d](nowhere.md) [e](../x) [f](#two)\n"
    imagined = ROOT / "imagined.md"
    assert broken_links(imagined, text) == ["nowhere.md", "../x", "#two"]


def command_lines(text: str) -> list[list[str]]:
    """Every call of `comity` that stands as code in a document, as its words after ``comity``."""
    lines = list(INLINE.findall(FENCED.sub("", text)))
    for block in FENCED.finditer(text):
        lines += block.group().replace("\\\n", " ").splitlines()[1:-1]
    found = []
    for line in lines:
        match = re.match(r"(?:\$ |# )?(?:\S*/)?comity (.+)", line.strip())
        if match:
            found.append(words(match.group(1)))
    return found


def words(rest: str) -> list[str]:
    """A shell line's words up to a comment, pipe or redirection; a line the shell would not take is split at spaces."""
    try:
        split = shlex.split(rest, comments=True)
    except ValueError:
        split = rest.split()
    for index, word in enumerate(split):
        if word in {"|", ">", ">>", "&&", ";", "&", "||", "2>"}:
            return split[:index]
    return split


def disagreement(command: Any, line: list[str]) -> str:
    """Why this line could not be typed, or nothing: an unknown command, or an option the command does not have."""
    place, options = "comity", {"--help"}
    while True:
        options |= {opt for parameter in command.params for opt in (*parameter.opts, *parameter.secondary_opts)}
        commands = getattr(command, "commands", None)
        if not commands or not line or not re.fullmatch(r"[a-z][a-z-]+", line[0]):
            break
        if line[0] not in commands:
            return f"`{place}` has no command `{line[0]}`; it has {', '.join(sorted(commands))}"
        place, command, line = f"{place} {line[0]}", commands[line[0]], line[1:]
    unknown = [word for word in line if word.startswith("--") and len(word) > 2 and word.split("=")[0] not in options]
    return f"`{place}` has no option {', '.join(unknown)}" if unknown else ""


def test_calls_are_found_and_judged() -> None:
    text = "Run `comity show --json D1`, not `comity-x`.\n```console\n$ .venv/bin/comity law no | x\ny\n```\n"
    calls = command_lines(text)
    assert calls == [["show", "--json", "D1"], ["law", "no"]]
    cli = click.Group(
        commands={
            "show": click.Command("show", params=[click.Option(["--json"])]),
            "law": click.Group(commands={"route": click.Command("route")}),
        }
    )
    assert disagreement(cli, calls[0]) == ""
    assert disagreement(cli, ["show", "--yaml"]) == "`comity show` has no option --yaml"
    assert disagreement(cli, calls[1]) == "`comity law` has no command `no`; it has route"


def program() -> Any:
    """The whole command line as a click command."""
    typer_main = importlib.import_module("typer.main")
    return typer_main.get_command(importlib.import_module("comity.cli").app)


spec = importlib.util.find_spec("comity.cli")
if spec is not None and spec.origin is not None:

    def test_documents_name_only_commands_and_options_that_exist() -> None:
        cli = program()
        wrong = [
            f"{path.relative_to(ROOT)}: comity {' '.join(line)}: {why}"
            for path, text in DOCUMENTS
            for line in command_lines(text)
            if (why := disagreement(cli, line))
        ]
        assert not wrong, "\n".join(wrong)

    def test_every_command_stands_in_a_document_and_has_help() -> None:
        cli = program()
        named = {line[0] for _, text in DOCUMENTS for line in command_lines(text) if line}
        shown = {name: command for name, command in cli.commands.items() if not command.hidden}
        assert shown.keys() <= named, f"no document names {sorted(shown.keys() - named)}"
        assert not [name for name, command in shown.items() if not (command.help or "").strip()]
