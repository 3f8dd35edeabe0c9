"""The command line. Each command is one file; this one puts them together and turns errors into exit codes.

Exit codes (docs/cli.md): 0 ok, 1 refused by a finding, 2 usage, 3 not found, 4 not authorised or unverified,
5 conflict, 6 unreachable, 7 tampered, 70 a bug.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Protocol, runtime_checkable

import typer
from typer.exceptions import Abort, TyperException

from comity.cli.commands import Commands, Row
from comity.cli.output import say_error
from comity.errors import ComityError

BUG = 70
USAGE = 2
INTERRUPTED = 130
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}


@runtime_checkable
class Shown(Protocol):
    """An error of usage that prints itself, with the command's usage."""

    def show(self) -> None:
        """Print it."""


class FirstWords(Commands):
    """What may follow ``comity``."""

    rows: ClassVar[Mapping[str, Row]] = {
        name: Row(f"comity.cli.{module}", called, said)
        for name, module, called, said in (
            ("init", "init.command", "app", "Set up a Party, its officials, nodes and witnesses; whom to trust."),
            ("serve", "serve", "command", "Run a node until it is stopped."),
            ("witness", "witness", "app", "Run an oversight body's witness or mirror."),
            ("restore", "restore", "command", "Bring leaves that were lost with the disk back from a mirror."),
            ("file", "filing", "command", "Take a step in a matter with your own hand."),
            ("show", "show", "command", "Show your dockets, or one of them; take out exhibits and forms."),
            ("due", "due", "command", "Show which duties run, by when, and how that was counted."),
            ("verify", "verify", "command", "Check an evidence package offline."),
            ("demo", "demo.command", "command", "Run two nodes through three matters; check one package offline."),
            ("audit", "audit", "command", "Check a node's whole log from outside."),
            ("report", "report", "command", "Make the report of a period, or give the one there is."),
            ("escrow", "escrow", "app", "For oversight bodies: open a sealed leaf without the node."),
            ("law", "law.command", "law_app", "Ask the law: routes, texts, differences, limits, grounds."),
        )
    }


app = typer.Typer(
    name="comity",
    cls=FirstWords,
    callback=lambda: None,
    help="Ask another country's authorities for help in a criminal matter, answer them, and prove that every "
    "safeguard the law demands was kept.\n\nNew here? Run: comity demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; the exit code. Prints errors with the next step; a traceback only if COMITY_DEBUG is set."""
    try:
        answer = _built().main(arguments, prog_name="comity", standalone_mode=False)
        return answer if isinstance(answer, int) else 0
    except TyperException as exc:
        exc.show() if isinstance(exc, Shown) else say_error(str(exc))
        return USAGE
    except (Abort, KeyboardInterrupt):
        return INTERRUPTED
    except ComityError as exc:
        say_error(exc.what, exc.next_step)
        return exc.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as exc:
        if exc.filename is None and exc.errno not in _DISK:
            return _bug(exc)
        say_error(f"{exc.filename or 'The disk'}: {exc.strerror}.", "Check the path, its rights and the free space.")
        return USAGE
    except Exception as exc:
        return _bug(exc)


def _bug(exc: Exception) -> int:
    if os.environ.get("COMITY_DEBUG"):
        traceback.print_exc()
    say_error(f"This is a bug in comity: {exc!r}.", "Run again with COMITY_DEBUG=1 and report what it prints.")
    return BUG


@cache
def _built() -> Any:
    return typer.main.get_command(app)
