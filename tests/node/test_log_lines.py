"""What an operator is told: one object per line, no value of a local variable, and no act is lost with a line."""

from __future__ import annotations

import json
import logging
import sys
from io import FileIO, TextIOWrapper

import pytest
import structlog

from comity.errors import BadLaw
from comity.node.log_lines import get_logger, log_as_json, of_libraries
from tests.house.source import PACKAGE

SECRET = "-".join(("correct", "horse"))


def break_with(passphrase: str) -> None:
    local = passphrase.upper()
    raise ValueError(f"a bug with {len(local)} letters")


@pytest.mark.parametrize("configured", [False, True])
def test_a_traceback_shows_no_value_of_a_local_variable(
    capfd: pytest.CaptureFixture[str], configured: bool
) -> None:
    """Before any command has said at which level it logs, too."""
    structlog.reset_defaults()
    if configured:
        log_as_json("info")
    log = get_logger("tests")
    try:
        break_with(SECRET)
    except ValueError:
        log.exception("thread.failed", thread="clerk")
    out, err = capfd.readouterr()
    assert not out
    (line,) = err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["thread"]) == ("thread.failed", "error", "clerk")
    assert "a bug with 13 letters" in told["exception"]
    assert SECRET not in err.lower()


def test_what_a_library_logs_is_such_a_line_too(capfd: pytest.CaptureFixture[str]) -> None:
    library = logging.Logger("uvicorn.error")
    library.addHandler(of_libraries())
    try:
        break_with(SECRET)
    except ValueError:
        library.exception("Exception in %s application", "ASGI")
    told = json.loads(capfd.readouterr().err)
    assert (told["event"], told["level"], told["logger"]) == ("Exception in ASGI application", "error", "uvicorn.error")
    assert "a bug with 13 letters" in told["exception"]
    assert SECRET not in told["exception"].lower()


def test_no_other_module_sets_logging_up() -> None:
    """A logger made elsewhere would print as structlog does by itself: to stdout, with every local variable."""
    own = PACKAGE / "node" / "log_lines.py"
    assert [p.name for p in PACKAGE.rglob("*.py") if p != own and "structlog" in p.read_text(encoding="utf-8")] == []


def test_a_line_that_cannot_be_written_is_lost_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    full = TextIOWrapper(FileIO("/dev/full", "w"), write_through=True)
    with pytest.raises(OSError, match="No space"):
        full.write("a line")
    monkeypatch.setattr(sys, "stderr", full)
    get_logger("tests").warning("delivery.put_off")
    full.close()
    get_logger("tests").warning("delivery.put_off")


def test_a_level_that_is_none_is_told() -> None:
    with pytest.raises(BadLaw, match="loud"):
        log_as_json("loud")
