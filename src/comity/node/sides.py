"""The two sides of a docket: the nodes that serve the authorities at work in it and the authority it is addressed to.

Only these nodes deliver into a docket and are delivered its records. Still known when the request itself was erased.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comity.docket.directory import Directory
from comity.docket.docket import Docket
from comity.docket.sections import Request


def participants(docket: Docket, directory: Directory) -> set[str]:
    """The nodes of both sides; empty when nothing was entered yet. The opening fixes whom a docket is addressed to."""
    requests = [e for e in docket.entries if isinstance(e.body, Request)]
    opening = next((e for e in requests if e.effect), requests[0] if requests else None)
    authorities = {e.record.authority for e in docket.entries}
    if opening is not None:
        authorities.add(opening.body.addressee.authority)
    return {node.id for a in authorities if (node := directory.find_node(a)) is not None}


def addressed(values: Mapping[str, Any], directory: Directory) -> set[str]:
    """The node that the sections of a request are addressed to; empty when they name none."""
    addressee = values.get("addressee")
    authority = addressee.get("authority", "") if isinstance(addressee, dict) else ""
    node = directory.find_node(str(authority))
    return {node.id} if node is not None else set()
