"""A thread of a node whose failing is known: to the operator's log, and to whoever asks whether the node is ready.

A round that breaks on something nobody foresaw is told and made again when the next is due. A thread that ends so is
not started again: what it left half done in memory cannot be trusted, and the checks at start are the only way back.

Left to others: what a round does, and which errors it foresees (each thread's own file).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from comity.errors import ComityError
from comity.node.log_lines import get_logger

_log = get_logger(__name__)


class Watched:
    """A thread named ``name`` that runs ``run`` once started."""

    def __init__(self, name: str, run: Callable[[], object]) -> None:
        self.name, self.failure = name, ""  # why it does not work at present, for anyone to read
        self._run = run
        self._thread = threading.Thread(target=self._whole, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it is at work."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout: float) -> None:
        """Wait, at most ``timeout`` seconds, until it has ended; it was told to."""
        if self._thread.is_alive():
            self._thread.join(timeout)

    def round(self, act: Callable[[], object]) -> None:
        """Do one round. What breaks it is told until a later one holds."""
        try:
            act()
        except Exception as exc:
            self.failed(exc)
        else:
            self.failure = ""

    def failed(self, exc: Exception) -> None:
        """One round broke; the next is made all the same."""
        self.failure = f"The {self.name}'s last round failed: {_kind(exc)}. It goes on; see thread.failed in the log."
        _log.error("thread.failed", thread=self.name, reason=repr(exc), exc_info=exc)

    def _whole(self) -> None:
        try:
            self._run()
        except BaseException as exc:
            self.failure = f"The {self.name} has ended: {_kind(exc)}. See thread.ended in the log, then restart."
            _log.critical("thread.ended", thread=self.name, reason=repr(exc), exc_info=exc)


def _kind(exc: BaseException) -> str:
    """What may be told to anyone: an error of ours in its words, of any other only what kind it is."""
    return exc.what.rstrip(".") if isinstance(exc, ComityError) else type(exc).__name__
