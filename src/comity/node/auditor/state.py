"""What an auditor has seen of one log, on disk (SQLite): the newest checkpoint, and each leaf once it was verified.

A killed audit goes on from here. The checkpoint never goes back: whoever removes this file forgets what they saw.
Rows are only ever added for leaves that a checkpoint commits to; the auditor sees to that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from comity.errors import Conflict, NotFound, Unreachable
from comity.tlog.audit import FOLLOW_UPS, MAX_SHOWN, Breach, Breaks, LeafSums, emergencies_open
from comity.tlog.leaf import KEY_EVENT
from comity.tlog.leaf_scan import LeafFacts, Unreadable
from comity.tlog.tree import Coordinate, node_hash

_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (
    one INTEGER PRIMARY KEY CHECK (one = 1), origin TEXT NOT NULL, size INTEGER NOT NULL, note BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS leaves (
    position INTEGER PRIMARY KEY, kind TEXT NOT NULL, commitment BLOB, hash BLOB NOT NULL, ref INTEGER, until TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS faults (position INTEGER PRIMARY KEY, kind TEXT NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS numbering (one INTEGER PRIMARY KEY CHECK (one = 1), first INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS later (ref INTEGER NOT NULL, kind TEXT NOT NULL, until TEXT) STRICT;
CREATE INDEX IF NOT EXISTS later_refs ON later (ref);
CREATE TABLE IF NOT EXISTS counts (position INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS openings (
    place INTEGER PRIMARY KEY, position INTEGER NOT NULL UNIQUE, kind TEXT NOT NULL, fault TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS unseals ON leaves (position) WHERE kind = 'unseal';
CREATE INDEX IF NOT EXISTS refs ON leaves (ref) WHERE ref IS NOT NULL;
"""
_UNREADABLE = """SELECT 'unreadable', position, reason FROM faults WHERE kind = '' ORDER BY position"""
_UNKNOWN = """SELECT 'unknown-kind', position, 'There is no public kind of act ''' || kind || '''.'
    FROM faults WHERE kind <> '' ORDER BY position"""
_REFERENCES = """
SELECT 'wrong-reference', a.position, CASE
    WHEN a.ref >= a.position THEN 'It refers to leaf ' || a.ref || ', which does not stand before it.'
    WHEN a.kind = 'erase' AND t.kind = 'erase' THEN 'It erases leaf ' || a.ref || ', which is an erasure.'
    WHEN a.kind <> 'erase' AND t.kind <> 'sealed' THEN
        'An ' || a.kind || ' refers to leaf ' || a.ref || ', which is no sealed act.'
    ELSE 'An ' || a.kind || ' refers to leaf ' || a.ref || ', about which leaf ' || (
        SELECT min(b.position) FROM leaves b WHERE b.ref = a.ref AND b.position < a.position
        AND b.kind = CASE a.kind WHEN 'extend' THEN 'unseal' ELSE a.kind END) || ' said the last word.' END AS says
FROM leaves a LEFT JOIN leaves t ON t.position = a.ref WHERE a.ref IS NOT NULL AND says IS NOT NULL
ORDER BY a.position"""
_DUPLICATES = """
SELECT 'duplicate', max(position), 'It carries the commitment that leaf ' || min(position)
    || ' carries already: one act would be counted ' || count(*) || ' times.'
FROM leaves WHERE commitment IS NOT NULL GROUP BY commitment HAVING count(*) > 1 ORDER BY 2"""
_OVERDUE = """
SELECT 'overdue', position, 'Sealed until ' || term || ', and neither unsealed nor extended since.' FROM (
    SELECT s.position AS position, coalesce((SELECT l.until FROM later l WHERE l.ref = s.position
        AND l.kind = 'extend' ORDER BY l.rowid DESC LIMIT 1), (SELECT e.until FROM leaves e WHERE e.ref = s.position
        AND e.kind = 'extend' ORDER BY e.position DESC LIMIT 1), s.until) AS term
    FROM leaves s WHERE s.kind = 'sealed' AND s.until IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM leaves u WHERE u.ref = s.position AND u.kind = 'unseal')
    AND NOT EXISTS (SELECT 1 FROM later v WHERE v.ref = s.position AND v.kind = 'unseal'))
WHERE term < ? ORDER BY position"""

_OPENINGS = "SELECT 'opening', position, fault FROM openings WHERE fault <> '' ORDER BY position"
_OPENED = "SELECT kind, count(*) FROM openings WHERE kind <> '' GROUP BY kind"


def _place(leaf: LeafFacts, offset: int) -> int | None:
    """The position in this log of the leaf that another refers to."""
    return None if leaf.ref is None or leaf.kind == KEY_EVENT else leaf.ref - offset


class AuditState:
    """The state of one audit. Without a path it is kept in a temporary file and forgotten."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or make the file. Unreachable when it cannot be used."""
        try:
            self._db = sqlite3.connect("" if path is None else path, timeout=10, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise Unreachable(
                f"The state {path} cannot be opened: {error}.", "Check the folder's rights, or use another folder."
            ) from error

    def seen(self, origin: str) -> bytes | None:
        """The newest checkpoint accepted of this log, or None. Conflict when the state is another log's."""
        row = self._db.execute("SELECT origin, note FROM seen").fetchone()
        if row is not None and row[0] != origin:
            raise Conflict(f"This state belongs to the log {row[0]}, not to {origin}.", "Use a folder for each log.")
        return None if row is None else bytes(row[1])

    def see(self, origin: str, size: int, note: bytes) -> None:
        """Keep a checkpoint that extends the one seen before."""
        self._db.execute("INSERT OR REPLACE INTO seen VALUES (1, ?, ?, ?)", (origin, size, note))

    def holds(self, commitment: bytes) -> bool:
        """Whether a verified leaf carries this commitment."""
        found = self._db.execute("SELECT 1 FROM leaves WHERE commitment = ? LIMIT 1", (commitment,)).fetchone()
        return found is not None

    def done(self) -> int:
        """How many leaves, from the first, have been verified."""
        return int(self._db.execute("SELECT coalesce(max(position) + 1, 0) FROM leaves").fetchone()[0])

    def add(self, start: int, hashes: Sequence[bytes], facts: Sequence[LeafFacts | Unreadable]) -> None:
        """Add verified leaves that follow those already here, in one transaction."""
        offset = self._begin(start, facts)
        rows = [
            (position, "", None, value, None, None)
            if isinstance(each, Unreadable)
            else (position, each.kind, each.commitment, value, _place(each, offset), each.until)
            for position, (value, each) in enumerate(zip(hashes, facts, strict=True), start)
        ]
        counts = [
            (position, each.counted)
            for position, each in enumerate(facts, start)
            if isinstance(each, LeafFacts) and each.counted is not None
        ]
        faults = [(position, *each) for position, each in enumerate(facts, start) if isinstance(each, Unreadable)]
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT INTO leaves VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.executemany("INSERT INTO faults VALUES (?, ?, ?)", faults)
            self._db.executemany("INSERT INTO counts VALUES (?, ?)", counts)
            self._db.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            self._db.execute("ROLLBACK")
            raise Conflict("Another audit is writing to this state.", "Wait for it, or use another folder.") from error
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def hashes(self, coordinates: Sequence[Coordinate]) -> list[bytes]:
        """Nodes of the tree of the verified leaves: a `HashReader`. Raises NotFound beyond them."""
        return [self._node(level, index) for level, index in coordinates]

    def _node(self, level: int, index: int) -> bytes:
        start, end = index << level, (index + 1) << level
        query = "SELECT hash FROM leaves WHERE position >= ? AND position < ? ORDER BY position"
        row = [bytes(each[0]) for each in self._db.execute(query, (start, end))]
        if len(row) != end - start:
            raise NotFound(f"The leaves below {end} were not all read.", "Run the audit to its end.")
        while len(row) > 1:
            row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
        return row[0]

    def sums(self, today: str) -> LeafSums:
        """What the leaves mean together on the day ``today`` (YYYY-MM-DD)."""
        counts = dict(self._db.execute("SELECT kind, count(*) FROM leaves WHERE kind <> '' GROUP BY kind").fetchall())
        totals: dict[str, int] = {}
        shown: list[Breach] = []
        for breach in self._breaches(today):
            totals[breach.kind] = totals.get(breach.kind, 0) + 1
            if totals[breach.kind] <= MAX_SHOWN:
                shown.append(breach)
        opened = dict(self._db.execute(_OPENED).fetchall())
        still, places = (self._emergencies(), self._emergency_places()) if "emergency" in counts else (0, ())
        return LeafSums(counts, totals, tuple(shown), still, opened, places)

    def offset(self) -> int:
        """The number of the first leaf: references name numbers, which go on through all logs of a node.

        Kept here are positions in this log; what lies before it has a negative one.
        """
        row = self._db.execute("SELECT first FROM numbering").fetchone()
        return int(row[0]) if row is not None else 0

    def _begin(self, start: int, facts: Sequence[LeafFacts | Unreadable]) -> int:
        """As `offset`, when leaves from ``start`` on are added: a log that goes on after another says so at once."""
        first = facts[0] if facts and start == 0 else None
        if isinstance(first, LeafFacts) and first.kind == KEY_EVENT and first.ref is not None:
            self._db.execute("INSERT OR REPLACE INTO numbering VALUES (1, ?)", (first.ref,))
        return self.offset()

    def orders_before(self) -> list[tuple[int, str, str | None]]:
        """What this log unseals and extends of the logs before it: number of the leaf, kind, month."""
        query = """SELECT ref + ?, kind, until FROM leaves WHERE ref < 0 AND kind IN ('unseal', 'extend')
            ORDER BY position"""
        return self._db.execute(query, (self.offset(),)).fetchall()

    def settle(self, orders: Sequence[tuple[int, str, str | None]]) -> None:
        """Take into account what later logs unsealed and extended (`orders_before`), and nothing of it known before."""
        first = self.offset()
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("DELETE FROM later")
        rows = [(number - first, kind, until) for number, kind, until in orders]
        self._db.executemany("INSERT INTO later VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def unseals(self, after: int, number: int) -> list[tuple[int, int, bytes | None]]:
        """The unsealings at positions beyond ``after``, in order: position, leaf unsealed, its count commitment."""
        query = """SELECT u.position, u.ref, c.value FROM leaves u LEFT JOIN counts c ON c.position = u.ref
            WHERE u.kind = 'unseal' AND u.position > ? ORDER BY u.position LIMIT ?"""
        rows = self._db.execute(query, (after, number))
        return [(at, ref, None if count is None else bytes(count)) for at, ref, count in rows]

    def opened(self, width: int) -> tuple[int, int]:
        """How many unsealings, from the first and in files of ``width``, were found right; the position of the last."""
        wrong, known = self._db.execute(
            "SELECT (SELECT min(place) FROM openings WHERE fault <> ''), (SELECT count(*) FROM openings)"
        ).fetchone()
        place = (known if wrong is None else wrong) // width * width
        row = self._db.execute("SELECT position FROM openings WHERE place = ?", (place - 1,)).fetchone()
        return place, row[0] if row is not None else -1

    def keep_openings(self, start: int, found: Sequence[tuple[int, str, str]]) -> None:
        """Keep of the unsealings from the ``start``-th on: position, the kind opened, what is wrong ("" nothing)."""
        rows = [(start + place, *each) for place, each in enumerate(found)]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT OR REPLACE INTO openings VALUES (?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def _breaches(self, today: str) -> Iterator[Breach]:
        for query in (_UNREADABLE, _UNKNOWN, _REFERENCES, _DUPLICATES, _OPENINGS):
            yield from self._read(query)
        yield from self._read(_OVERDUE, today)

    def _read(self, query: str, *values: str) -> Iterator[Breach]:
        kind: Breaks
        for kind, position, says in self._db.execute(query, values):
            yield Breach(kind, position, says)

    def _emergency_places(self) -> tuple[int, ...]:
        query = "SELECT position FROM leaves WHERE kind = 'emergency' ORDER BY position LIMIT ?"
        return tuple(row[0] for row in self._db.execute(query, (MAX_SHOWN,)))

    def _emergencies(self) -> int:
        kinds = ("emergency", *FOLLOW_UPS)
        query = f"SELECT kind FROM leaves WHERE kind IN ({','.join('?' * len(kinds))}) ORDER BY position"
        return emergencies_open(row[0] for row in self._db.execute(query, kinds))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> AuditState:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
