"""The command line. Each command is one file; this one puts them together and turns errors into exit codes.

Exit codes (docs/cli.md): 0 ok, 1 refused by a finding, 2 usage, 3 not found, 4 not authorised or unverified,
5 conflict, 6 unreachable, 7 tampered, 70 a bug.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Protocol, runtime_checkable

import typer
from typer.exceptions import Abort, TyperException

from comity.cli import audit, due, escrow, filing, report, restore, serve, show, verify, witness
from comity.cli.demo.command import command as demo_command
from comity.cli.init import command as init
from comity.cli.law.command import law_app
from comity.cli.output import say_error
from comity.errors import ComityError

BUG = 70
USAGE = 2
INTERRUPTED = 130


@runtime_checkable
class Shown(Protocol):
    """An error of usage that prints itself, with the command's usage."""

    def show(self) -> None:
        """Print it."""


app = typer.Typer(
    name="comity",
    help="Ask another country's authorities for help in a criminal matter, answer them, and prove that every "
    "safeguard the law demands was kept.\n\nNew here? Run: comity demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(init.app, name="init")
app.command("serve")(serve.command)
app.add_typer(witness.app, name="witness")
app.command("restore")(restore.command)
app.command("file")(filing.command)
app.command("show")(show.command)
app.command("due")(due.command)
app.command("verify")(verify.command)
app.command("demo")(demo_command)
app.command("audit")(audit.command)
app.command("report")(report.command)
app.add_typer(escrow.app, name="escrow")
app.add_typer(law_app, name="law")


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; the exit code. Prints errors with the next step; a traceback only if COMITY_DEBUG is set."""
    try:
        answer = typer.main.get_command(app).main(arguments, prog_name="comity", standalone_mode=False)
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
    except Exception as exc:
        if os.environ.get("COMITY_DEBUG"):
            traceback.print_exc()
        say_error(f"This is a bug in comity: {exc!r}.", "Run again with COMITY_DEBUG=1 and report what it prints.")
        return BUG
