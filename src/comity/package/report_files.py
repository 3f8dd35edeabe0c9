"""A period's report as open data: JSON, CSV and a Data Package, the same bytes whoever makes them from the same report.

Making and checking the report are left to `comity.package.report` and `comity.package.report_check`.
"""

from __future__ import annotations

from comity.analysis.statistics.data_package import SHOWN, WITHHELD, csv_bytes, descriptor, table_csv
from comity.analysis.statistics.sums import COSTS, MINUTES
from comity.package.report import PeriodReport, published
from comity.signing.canonical import canonical

FIGURES = "report.json"
NOTE, OPENINGS, LEAF = "report.note", "openings.json", "leaf.json"
"""Beside these files: the signed report, the commitments, and what opens the leaf that commits to the report."""


def report_files(report: PeriodReport) -> dict[str, bytes]:
    """The report as open data, by path: JSON, a CSV for each table, and ``datapackage.json``; the same bytes always."""
    kinds = [(kind, count, SHOWN) for kind, count in sorted(report.public.items())]
    numbers = {**report.sealed.shown, **dict.fromkeys(report.sealed.withheld)}
    sealed = [(kind, count, WITHHELD if count is None else SHOWN) for kind, count in sorted(numbers.items())]
    times = [
        (each.row, each.column, each.count, each.totals["minutes"] // each.count)
        for each in report.sums if each.name == MINUTES and each.count
    ]
    costs = [
        (each.row, each.count, each.totals["claimed"], each.totals["reimbursed"])
        for each in report.sums if each.name == COSTS
    ]
    files = {
        "public-acts.csv": csv_bytes(("kind", "count", "status"), kinds),
        "sealed-acts.csv": csv_bytes(("kind", "count", "status"), sealed),
        "average-minutes.csv": csv_bytes(("row", "column", "count", "minutes"), sorted(times)),
        "costs.csv": csv_bytes(("row", "count", "claimed", "reimbursed"), sorted(costs)),
    }
    keys = dict.fromkeys(files, ("kind",)) | {"average-minutes.csv": ("row", "column"), "costs.csv": ("row",)}
    sources = {
        "public-acts.csv": "Leaves of the log by public kind",
        "sealed-acts.csv": "Sealed leaves by kind, from the sum of their count commitments",
        "average-minutes.csv": "Average time from issue to the data, or (preservation) to the production asked for "
        "then; of five or more certificates. Regulation (EU) 2023/1543 art 28(2)(e), (f)",
        "costs.csv": "Costs claimed and reimbursed, in cents of a euro. Regulation (EU) 2023/1543 art 28(2)(j)",
    }
    for figures in report.tables:
        path = f"{figures.name}.csv"
        files[path] = table_csv(published(figures))
        keys[path], sources[path] = ("row", "column"), f"{figures.title}. {figures.provision}"
    title = f"Comity: figures of {report.origin}, {report.period}"
    package = descriptor(f"comity-{report.period}", title, files, keys, sources)
    return {**files, FIGURES: canonical(report), "datapackage.json": canonical(package)}
