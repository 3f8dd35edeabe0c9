"""What the Party file says of a log, held against the log: its end, and the key events that must stand in it.

A checkpoint beyond the end that the roots gave a log was signed by whoever stole its key: note and leaves are kept as
evidence, never counted. Left to others: reading and verifying the log (`audit`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from comity.docket.directory import Directory
from comity.docket.key_events import changes
from comity.errors import ComityError
from comity.node.auditor.state import AuditState
from comity.tlog.audit import Exposed
from comity.tlog.checkpoint import Checkpoint
from comity.tlog.key_event import key_event_leaf
from comity.tlog.leaf import parse_leaf
from comity.tlog.note import NoteVerifier, open_note
from comity.tlog.tiles import WIDTH

BEYOND = "beyond-end"
MOST_LEAVES = 1000  # kept as evidence
Bundle = Callable[[int], Sequence[bytes]]
Write = Callable[[str, bytes], str]


def beyond_end(
    note: bytes, checkpoint: Checkpoint, last: Checkpoint | None, verifiers: Sequence[NoteVerifier], bundle: Bundle,
    write: Write,
) -> Exposed | None:  # fmt: skip
    """The evidence that a log was signed beyond its end (``last``), or None. ``bundle`` reads verified bundles."""
    if last is None or checkpoint == last or checkpoint.size < last.size:
        return None
    lines = [line for line in open_note(note, verifiers).verified if line.name == last.origin]
    signed_by = ", ".join(sorted({f"{line.name}+{line.key_id.hex()}" for line in lines}))
    leaves = list(_leaves(last.size, checkpoint.size, bundle))
    files = [write(f"beyond-{checkpoint.size}.note", note)]
    files += [write(f"beyond-{position}.leaf", leaf) for position, leaf in leaves]
    says = (
        f"The roots ended {last.origin} with {last.size} leaves; somebody with its key signed {checkpoint.size}. "
        f"{len(leaves)} leaf (leaves) beyond the end were read; none counts."
    )
    return Exposed(checkpoint.origin, BEYOND, says, signed_by, ", ".join(filter(None, files[:2])))


def _leaves(start: int, end: int, bundle: Bundle) -> Iterator[tuple[int, bytes]]:
    """The leaves beyond the end, as far as they can be had."""
    for index in range(start // WIDTH, -(-end // WIDTH)):
        try:
            entries = bundle(index)
        except ComityError:  # withheld, or not what was signed: the note is evidence enough
            return
        for position, leaf in enumerate(entries, index * WIDTH):
            if start <= position < min(end, start + MOST_LEAVES):
                yield position, leaf


def missing_events(state: AuditState, directory: Directory, origin: str) -> list[str]:
    """Sentences on key events that the Party file demands and the audited log does not hold."""
    if origin not in directory.origins():
        return []
    entry = directory.node_of(origin)
    lacking = [r for r in changes(entry, origin) if not state.holds(parse_leaf(key_event_leaf(r)).commitment)]
    said = [f"The Party file says of a key what {origin} has no leaf of yet: {record.decode()}" for record in lacking]
    return said if entry.log(origin).end is None and origin == entry.origins[-1] else []
