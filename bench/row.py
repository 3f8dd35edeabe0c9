"""One line of the bench: a figure, its value, what was asked of it and whether that is kept, what to read it beside."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """``asked`` is empty where nothing is."""

    figure: str
    value: str
    beside: str = ""
    asked: str = ""

    @property
    def line(self) -> str:
        """The row as one line of the table."""
        return f"  {self.figure:<46} {self.value:>18}   {self.asked:<24} {self.beside}".rstrip()


def at_least(value: float, least: float, unit: str = "") -> str:
    """That at least so much was asked, and whether it is kept."""
    return f"≥ {least:,g}{unit}: {'kept' if value >= least else 'NOT KEPT'}"


def at_most(value: float, most: float, unit: str = "") -> str:
    """That at most so much was asked, and whether it is kept."""
    return f"≤ {most:,g}{unit}: {'kept' if value <= most else 'NOT KEPT'}"
