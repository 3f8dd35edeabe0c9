"""Figures as files for others: CSV and a Data Package descriptor (datapackage.org, version 2.0), the same bytes always.

CSV is RFC 4180 with LF, ASCII names only, so nothing in it can be taken for a formula. A withheld count is an empty
field with the status "withheld". Turning the descriptor into JSON bytes is left to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from comity.analysis.statistics.small_cells import PublishedTable

PROFILE = "https://datapackage.org/profiles/2.0/"
SHOWN, WITHHELD = "shown", "withheld"
_TYPES = dict.fromkeys(("count", "minutes", "claimed", "reimbursed"), "integer")


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> bytes:
    """A CSV file; None is an empty field. Values must need no quotes."""
    lines = [",".join(header), *(",".join("" if value is None else str(value) for value in row) for row in rows)]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def table_csv(table: PublishedTable) -> bytes:
    """One row for each cell, totals included, in the order of the table."""
    return csv_bytes(
        ("row", "column", "count", "status"),
        ((*cell, table.cells[cell], WITHHELD if table.cells[cell] is None else SHOWN) for cell in table.layout.cells()),
    )


def descriptor(
    name: str, title: str, files: Mapping[str, bytes], keys: Mapping[str, Sequence[str]], sources: Mapping[str, str]
) -> dict[str, Any]:
    """The content of ``datapackage.json`` for CSV files by path; ``keys`` are their key columns.

    ``sources`` says in words what each file was made from.
    """
    return {
        "$schema": f"{PROFILE}datapackage.json",
        "name": name,
        "title": title,
        "licenses": [{"name": "CC0-1.0", "path": "https://creativecommons.org/publicdomain/zero/1.0/"}],
        "resources": [_resource(path, data, keys[path], sources[path]) for path, data in sorted(files.items())],
    }


def _resource(path: str, data: bytes, key: Sequence[str], source: str) -> dict[str, Any]:
    columns = data.decode("ascii").partition("\n")[0].split(",")
    fields: list[dict[str, Any]] = [{"name": column, "type": _TYPES.get(column, "string")} for column in columns]
    for field in fields:
        if field["name"] == "status":
            field["constraints"] = {"enum": [SHOWN, WITHHELD]}
    return {
        "name": path.removesuffix(".csv"),
        "path": path,
        "description": source,
        "type": "table",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(data),
        "hash": f"sha256:{sha256(data).hexdigest()}",
        "dialect": {"lineTerminator": "\n"},
        "schema": {
            "$schema": f"{PROFILE}tableschema.json",
            "fields": fields,
            "primaryKey": list(key),
            "missingValues": [""],
        },
    }
