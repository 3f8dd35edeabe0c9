"""The two sides of a docket: the node of the authority that opened it and the node it is addressed to.

Only these deliver into a docket and are delivered its records. The opening fixes them once and for all; nothing filed
later, with effect or without, adds to them. Kept by `comity.node.keeping.store`, for the opening may be erased.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comity.docket.directory import Directory


def sides_of(opener: str, values: Mapping[str, Any], directory: Directory) -> set[str]:
    """The nodes of both sides, from the node that sealed the opening and the values of the opening's sections."""
    return {opener} | addressed(values, directory)


def addressed(values: Mapping[str, Any], directory: Directory) -> set[str]:
    """The node that the sections of a request are addressed to; empty when they name none."""
    addressee = values.get("addressee")
    authority = addressee.get("authority", "") if isinstance(addressee, dict) else ""
    node = directory.find_node(str(authority))
    return {node.id} if node is not None else set()
