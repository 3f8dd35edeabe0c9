"""Key events: leaves that say when a log began, after which one, and when keys were announced or ended.

They hide nothing: whoever knows the Party file and the former log's last checkpoint makes the same leaf, byte for byte,
and looks for it in the log. So their salt is 32 zero bytes, and the record is the canonical JSON made here.

Left to others: when they are entered (`comity.node.publishing.turn`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from comity.tlog.checkpoint import Checkpoint
from comity.tlog.encoding import encode_base64
from comity.tlog.leaf import KEY_EVENT, ActLeaf, commit

SALT = bytes(32)
Change = Literal["announced", "ended", "revoked"]


def log_begun(origin: str, vkeys: Sequence[str], former: Checkpoint) -> bytes:
    """The record of the leaf that begins a log which goes on after another."""
    before = {"origin": former.origin, "root": encode_base64(former.root), "size": former.size}
    return _record({"event": "log-begun", "former": before, "origin": origin, "vkeys": list(vkeys)})


def key_changed(use: str, key: str, change: Change, number: int) -> bytes:
    """The record of a key's change. ``use``: log, seal or envelope; ``number``: the size, or number, it counts from."""
    return _record({"change": change, "event": "key", "from": number, "key": key, "use": use})


def key_event_leaf(record: bytes, number: int | None = None) -> bytes:
    """The leaf. ``number``: for the first of a log, its own number through all the node's logs."""
    return ActLeaf(KEY_EVENT, commit(SALT, KEY_EVENT, record, b""), "-" if number is None else f"ref {number}").encode()


def _record(value: dict[str, object]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")
