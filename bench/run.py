"""`make bench`: every figure beside a limit measured in the same run, on the same disk.

These machines are noisy: read the ratios. Absolute numbers are printed so that a ratio can be judged, not quoted. The
table is printed once, line by line as it is measured; what is being measured is told on standard error.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import append_bench, law_bench, limits, log_bench, offline_bench, registrar, statistics_bench
from bench.row import Row

PARTS: dict[str, tuple[str, Callable[[Path], Sequence[Row]]]] = {
    "limits": ("What the machine can do", limits.rows),
    "registrar": ("Gated records through the registrar", registrar.gated_rows),
    "delivery": ("From filing on one node to effect on the other", registrar.delivery_rows),
    "growth": ("Growth of the cost of a record with the log", registrar.growth_rows),
    "docket": ("... and with its docket", registrar.docket_rows),
    "law": ("The law", law_bench.rows),
    "append": ("Durable append to the log", append_bench.rows),
    "log": ("A log of 10^6 leaves", log_bench.rows),
    "offline": ("Offline checks", offline_bench.rows),
    "statistics": ("Statistics of sealed acts", statistics_bench.rows),
}


def main() -> None:
    """Run the parts named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"which parts ({', '.join(PARTS)}); all when none is named")
    wanted = parser.parse_args().parts or list(PARTS)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    cores = len(os.sched_getaffinity(0))
    print(f"{python}, {platform.machine()}, {cores} cores, load {os.getloadavg()[0]:.1f} before", flush=True)
    began, rows = time.perf_counter(), list[Row]()
    for name in wanted:
        rows += _measured(name)
    kept, asked = (sum(word in row.asked for row in rows) for word in (": kept", ": "))
    print(f"\n{kept} of {asked} asked are kept; {time.perf_counter() - began:.0f} s")


def _measured(name: str) -> list[Row]:
    """The rows of one part, printed as soon as they are there."""
    title, measure = PARTS[name]
    print(f"[{name}: being measured]", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        rows = [Row(*row) for row in measure(Path(folder))]
    print("\n".join(["", title, *(row.line for row in rows)]), flush=True)
    return rows


if __name__ == "__main__":
    main()
