"""`make bench`: every figure beside a limit measured in the same run, on the same disk.

These machines are noisy: read the ratios. Absolute numbers are printed so that a ratio can be judged, not quoted.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import append_bench, law_bench, limits, log_bench, offline_bench, registrar, statistics_bench

Row = tuple[str, str, str]


def main() -> None:
    """Run the parts named on the command line, or all."""
    parts: dict[str, Callable[[Path], list[Row]]] = {
        "limits": limits.rows,
        "registrar": registrar.gated_rows,
        "delivery": registrar.delivery_rows,
        "growth": registrar.growth_rows,
        "docket": registrar.docket_rows,
        "law": law_bench.rows,
        "append": append_bench.rows,
        "log": log_bench.rows,
        "offline": offline_bench.rows,
        "statistics": statistics_bench.rows,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="which parts; all when none is named")
    wanted = parser.parse_args().parts or list(parts)
    console = Console()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    console.print(f"{python}, {platform.machine()}, {_cores()} cores")
    table = Table("part", "figure", "value", "beside")
    for name in wanted:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            for figure, value, beside in parts[name](Path(folder)):
                table.add_row(name, figure, value, beside)
                console.print(f"  {name}: {figure}: {value}  {beside}")
    console.print(table)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
