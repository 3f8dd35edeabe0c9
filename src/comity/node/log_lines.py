"""What a process tells its operator: one JSON object per line on stderr. The only place that sets this up.

A traceback names places in the program, never the values of local variables: a key or a passphrase may be among them.
No names of persons or contents are ever logged. A line that cannot be written (a full disk, a closed pipe) is lost, and
nothing else with it: what is told to an operator must not stop an act.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import Any

import structlog

from comity.errors import BadLaw

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_LINE: list[Any] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(ensure_ascii=False),
]


class _Stderr:
    """The process's stderr as it is when a line is written."""

    def write(self, text: str) -> int:
        """Write, if it can be."""
        with suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, if it can be."""
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def log_as_json(level: str) -> None:
    """Lines from ``level`` on (the setting `log_level`). BadLaw when it is none."""
    if level not in _LEVELS:
        raise BadLaw(f"`log_level` is {level!r}.", f"Choose one of: {', '.join(_LEVELS)}.")
    logging.basicConfig(level=logging.WARNING, handlers=[of_libraries()])
    structlog.configure(
        processors=_LINE,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # type: ignore[arg-type]
    )


def of_libraries() -> logging.Handler:
    """Writes what a library has to say (the HTTP server's own errors) as such lines too."""
    clean = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler: logging.Handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[clean, *_LINE], foreign_pre_chain=[structlog.stdlib.add_logger_name]
        )
    )
    return handler


def get_logger(name: str) -> Any:
    """The logger of a module: every command's lines are as a node's, from the first on."""
    if not structlog.is_configured():
        log_as_json("info")
    return structlog.get_logger(name)
