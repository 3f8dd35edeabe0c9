"""The store: a node's database (SQLite, WAL, synchronous=FULL) behind the few questions the node asks.

One transaction enters a batch: records, sections, leaves, tree nodes and outbox together or not at all. One connection
writes; readers never wait for it. Contents are opaque here (`vault` seals them); what they mean is the registrar's.

Trust: whoever writes to this file by hand is found out by `guard` at start, by the log's witnesses and by every peer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection, Engine, RowMapping

from comity.docket.node_entry import LOG_SPAN
from comity.errors import Conflict, Tampered, Unreachable
from comity.node.keeping import tables as t
from comity.node.keeping.batch import Batch
from comity.node.keeping.tables import LEVELS, LOWEST_KEPT
from comity.node.log_lines import get_logger
from comity.tlog.tiles import HEIGHT, subtree_hash
from comity.tlog.tree import Coordinate, leaf_hash

_log = get_logger(__name__)
SCHEMA_VERSION = "3"
_HAND = "Nothing is entered. Have the operator stop the node: its next start says what was written. Tell oversight."
_ROOM = "Nothing was entered. Have the operator see to the disk's space and rights, then file the same record again."
_RECORDS = sa.select(t.records, t.sections.c.body, t.sections.c.key).outerjoin(
    t.sections, t.sections.c.record == t.records.c.id
)
_NAMED = sqlite.dialect(paramstyle="named")


def sql_of(query: sa.Select[Any]) -> str:
    """A query as `Store.ask` takes it, its parameters by name."""
    return str(query.compile(dialect=_NAMED))


# Compiled once and said to the driver: the log's own rows are many, and SQLAlchemy's way cost more than writing them.
_SIZE = "SELECT coalesce(max(position) + 1, 0) FROM leaves"
_LEAF, _NODE = (str(row.compile(dialect=sqlite.dialect())) for row in (t.leaves.insert(), t.nodes.insert()))
_leaf = t.leaves.c
_RECORD = sql_of(_RECORDS.where(t.records.c.id == sa.bindparam("record")))
_LEAVES = sql_of(
    sa.select(_leaf.leaf)
    .where(_leaf.position.between(sa.bindparam("start"), sa.bindparam("last")))
    .order_by(_leaf.position)
)
_NEWEST = "SELECT size, note FROM checkpoints WHERE size BETWEEN :least AND :most ORDER BY size DESC LIMIT 1"
_SEAL = t.seals.update().where(t.seals.c.position == sa.bindparam("ref"))


@contextmanager
def _told() -> Iterator[None]:
    """Tampered when a row stands where only this node writes, Unreachable when the disk takes nothing."""
    try:
        yield
    except (sqlite3.IntegrityError, sa.exc.IntegrityError) as exc:
        raise Tampered(f"A row was written past the registrar: {getattr(exc, 'orig', exc)}.", _HAND) from exc
    except (sqlite3.OperationalError, sa.exc.OperationalError) as exc:
        raise Unreachable(f"The database cannot be written: {getattr(exc, 'orig', exc)}.", _ROOM) from exc


class Store:
    """The database of one node."""

    def __init__(self, path: Path) -> None:
        """Open or create. Tampered when the schema is another version's."""
        self._writer = _engine(path, "BEGIN IMMEDIATE", pool_size=2)
        self._reader = _engine(path, "BEGIN", pool_size=5)
        with self._writer.begin() as db:
            for statement in t.schema():
                db.exec_driver_sql(statement)
            found = db.scalar(sa.select(t.meta.c.value).where(t.meta.c.key == "schema"))
            if found is None:
                db.execute(t.meta.insert(), {"key": "schema", "value": SCHEMA_VERSION})
            elif found != SCHEMA_VERSION:
                raise Tampered(
                    f"The database has schema {found}; this program knows {SCHEMA_VERSION}.", "Use its version."
                )
        self.forget_pages()
        self._door, self._one = self._writer.connect(), Lock()  # `enter` has a connection of its own, and so has `ask`
        self._asked, self._asking = self._reader.connect(), Lock()
        self._driver = _driver(self._asked)
        self._driver.row_factory = sqlite3.Row

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection with one consistent view."""
        with self._reader.begin() as db:
            yield db

    def ask(self, question: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> list[Any]:
        """The rows that answer one statement (`sql_of`): each asked so often that a transaction would cost most.

        Raises Unreachable once the store is closed.
        """
        with self._asking:
            if self._asked.closed:
                raise Unreachable("The node has been brought to rest.", "Start it, then ask again.")
            return self._driver.execute(question, parameters).fetchall()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A write transaction; committed at the end, rolled back on any error. Raises as `_told`."""
        with _told(), self._writer.begin() as db:
            yield db

    def enter(self, batch: Batch) -> None:
        """Enter a batch in one transaction. Conflict when the log is not at the expected size."""
        with _told(), self._one, self._door.begin():
            db, driver = self._door, _driver(self._door)
            (size,) = driver.execute(_SIZE).fetchone()
            if size != batch.expected_size:
                raise Conflict(
                    f"The log has {size} leaves, not {batch.expected_size}: another process writes to it.",
                    "Stop the other process; one node, one writer.",
                )
            if batch.leaves:
                driver.executemany(_LEAF, batch.leaves)
            if batch.nodes:
                driver.executemany(_NODE, batch.nodes)
            for table in (
                t.records, t.sections, t.outbox, t.sides, t.padding, t.seals, t.escrows, t.sealed_totals,
            ):  # fmt: skip
                if rows := getattr(batch, table.name):
                    driver.executemany(_insert(table, tuple(rows[0])), rows)
            if batch.unsealed:
                db.execute(_SEAL.values(unsealed_by=sa.bindparam("by")), batch.unsealed)
                done = (t.escrows.c.position == sa.bindparam("ref")) & (t.escrows.c.record == "")
                db.execute(t.escrows.delete().where(done), batch.unsealed)  # padding hides nothing any more
            if batch.extended:
                term: dict[str, Any] = {"extended_by": sa.bindparam("by"), "until": sa.bindparam("to")}
                db.execute(_SEAL.values(term), batch.extended)
            if batch.seal_terms:
                db.execute(t.seal_terms.insert().prefix_with("OR REPLACE"), batch.seal_terms)
            if batch.peer_places:
                db.execute(t.peer_places.insert().prefix_with("OR IGNORE"), batch.peer_places)
            if batch.counterproofs:
                db.execute(t.counterproofs.insert().prefix_with("OR REPLACE"), batch.counterproofs)
            if batch.exhibits:
                absent = t.exhibits.c.id.in_([x["id"] for x in batch.exhibits]) & (t.exhibits.c.present == 0)
                db.execute(t.exhibits.delete().where(absent))  # whoever names the bytes first cannot keep others out
                db.execute(t.exhibits.insert().prefix_with("OR IGNORE"), batch.exhibits)
            if batch.erase_records:
                db.execute(t.sections.delete().where(t.sections.c.record.in_(batch.erase_records)))
                db.execute(t.escrows.delete().where(t.escrows.c.record.in_(batch.erase_records)))
            if batch.uses:
                db.execute(t.uses.insert().prefix_with("OR IGNORE"), batch.uses)
            for gone in batch.erase_exhibits:
                this = (t.uses.c.exhibit == gone["exhibit"]) & (t.uses.c.docket == gone["docket"])
                db.execute(t.uses.delete().where(this))
                unused = t.exhibits.c.id.not_in(sa.select(t.uses.c.exhibit))
                db.execute(t.exhibits.delete().where(t.exhibits.c.id == gone["exhibit"], unused))

    def forget_pages(self) -> None:
        """Empty the write-ahead log of what it still holds of deleted rows; secure_delete zeroes the pages.

        A reader may be in the way; the rows are gone then, and the log is emptied after the next erasure or start.
        """
        with self._writer.connect() as db:
            if _driver(db).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                _log.warning("erasure.write_ahead_log_in_use")

    def docket_rows(self, dockets: Sequence[str]) -> list[RowMapping]:
        """Records of these dockets with their sealed sections (None when erased), in order of entry."""
        query = _RECORDS.where(t.records.c.docket.in_(dockets)).order_by(t.records.c.position)
        with self.reading() as db:
            return list(db.execute(query).mappings())

    def record_row(self, record: str) -> Mapping[str, Any] | None:
        """One record with its sealed sections, or None."""
        rows = self.ask(_RECORD, {"record": record})
        return dict(rows[0]) if rows else None

    def record_at(self, position: int) -> str | None:
        """The record whose leaf is at ``position``, or None."""
        with self.reading() as db:
            found: str | None = db.scalar(sa.select(t.records.c.id).where(t.records.c.position == position))
            return found

    def dockets(self, proceeding: str = "") -> list[str]:
        """Identifiers of all dockets of a proceeding, in order of their first entry."""
        query = sa.select(t.records.c.docket).group_by(t.records.c.docket).order_by(sa.func.min(t.records.c.position))
        if proceeding:
            query = query.where(t.records.c.docket.like(f"{proceeding}:%"))
        with self.reading() as db:
            return list(db.scalars(query))

    def size(self) -> int:
        """The number of leaves."""
        return int(self.ask(_SIZE)[0][0])

    def leaves(self, start: int, end: int) -> list[bytes]:
        """The leaves from ``start`` up to but not including ``end``."""
        return [leaf for (leaf,) in self.ask(_LEAVES, {"start": start, "last": end - 1})]

    def hashes(self, coordinates: Sequence[Coordinate], number: int = 0, base: int = 0) -> list[bytes]:
        """Tree nodes by (level, index): the `HashReader` of `comity.tlog.tree`. Tampered when one is missing.

        ``number`` and ``base``: which log, and where its first leaf is.
        """
        kept, below = list[Coordinate](), dict[int, list[Coordinate]]()
        for level, index in coordinates:
            if level >= LOWEST_KEPT:
                kept.append((level, index))
            else:
                below.setdefault(index >> HEIGHT - level, []).append((level, index))
        found = self._kept_hashes(kept, LEVELS * number)
        for together in below.values():
            found.update(self._hashed(together, base))
        try:
            return [found[c] for c in coordinates]
        except KeyError as exc:
            raise Tampered(f"The log's tree lacks the node {exc.args[0]}.", "Restore the database or rebuild.") from exc

    def _hashed(self, together: Sequence[Coordinate], base: int) -> Iterator[tuple[Coordinate, bytes]]:
        """Nodes below the kept ones, hashed from the leaves; all within one tile, read at once."""
        first = min(index << level for level, index in together)
        end = max(index + 1 << level for level, index in together)
        leaves = [leaf_hash(leaf) for leaf in self.leaves(base + first, base + end)]
        if len(leaves) == end - first:
            for level, index in together:
                start = (index << level) - first
                yield (level, index), subtree_hash(leaves[start : start + (1 << level)])

    def _kept_hashes(self, coordinates: Sequence[Coordinate], above: int) -> dict[Coordinate, bytes]:
        found: dict[Coordinate, bytes] = {}
        for start in range(0, len(coordinates), 400):
            part = coordinates[start : start + 400]
            # Joined to the list: `(level, idx) IN (...)` would read the whole table, 150 ms at a million leaves.
            rows = self.ask(
                f"WITH wanted(level, idx) AS (VALUES {','.join(['(?, ?)'] * len(part))}) "
                "SELECT nodes.level, nodes.idx, nodes.hash FROM wanted "
                "JOIN nodes ON nodes.level = wanted.level AND nodes.idx = wanted.idx",
                tuple(number for level, index in part for number in (level + above, index)),
            )
            found.update({(level - above, index): value for level, index, value in rows})
        return found

    def checkpoint(self, at_most: int | None = None, number: int = 0) -> tuple[int, bytes] | None:
        """The newest published checkpoint of a log (size and note), or None."""
        base = LOG_SPAN * number
        most = base + (LOG_SPAN - 1 if at_most is None else at_most)
        rows = self.ask(_NEWEST, {"least": base, "most": most})
        return (rows[0][0] - base, rows[0][1]) if rows else None

    def add_checkpoint(self, size: int, note: bytes, published: str, number: int = 0) -> None:
        """Keep a checkpoint of a log that reached the quorum."""
        row = {"size": LOG_SPAN * number + size, "note": note, "published": published}
        with self.writing() as db:
            db.execute(t.checkpoints.insert().prefix_with("OR REPLACE"), row)

    def exhibit(self, exhibit: str) -> RowMapping | None:
        """The row of an exhibit, or None."""
        with self.reading() as db:
            return db.execute(sa.select(t.exhibits).where(t.exhibits.c.id == exhibit)).mappings().first()

    def exhibit_in(self, docket: str, exhibit: str) -> RowMapping | None:
        """The row of an exhibit that was produced in a docket and not erased from it since, or None."""
        here = sa.exists().where(t.uses.c.exhibit == t.exhibits.c.id, t.uses.c.docket == docket)
        with self.reading() as db:
            return db.execute(sa.select(t.exhibits).where(t.exhibits.c.id == exhibit, here)).mappings().first()

    def add_exhibit(self, row: dict[str, Any]) -> None:
        """Keep an exhibit's row; harmless when it is there."""
        with self.writing() as db:
            db.execute(t.exhibits.insert().prefix_with("OR IGNORE"), row)

    def exhibit_arrived(self, exhibit: str) -> None:
        """The exhibit's blob is in the vault now."""
        with self.writing() as db:
            db.execute(t.exhibits.update().where(t.exhibits.c.id == exhibit).values(present=1))

    def blob_is_anothers(self, blob: str, exhibit: str) -> bool:
        """Whether the blob is here as the bytes of an exhibit other than ``exhibit``."""
        x = t.exhibits.c
        with self.reading() as db:
            return (
                db.scalar(sa.select(x.id).where(x.blob == blob, x.id != exhibit, x.present == 1).limit(1)) is not None
            )

    def givers(self, exhibit: str) -> set[str]:
        """The nodes that gave this exhibit, in whatever docket."""
        query = sa.select(t.uses.c.giver).where(t.uses.c.exhibit == exhibit, t.uses.c.giver != "")
        with self.reading() as db:
            return set(db.scalars(query))

    def sides_of(self, dockets: Iterable[str]) -> dict[str, set[str]]:
        """The sides of several dockets, read together."""
        wanted, found = list(dockets), dict[str, set[str]]()
        with self.reading() as db:
            for start in range(0, len(wanted), 400):
                part = t.sides.c.docket.in_(wanted[start : start + 400])
                for docket, node in db.execute(sa.select(t.sides.c.docket, t.sides.c.node).where(part)):
                    found.setdefault(docket, set()).add(node)
        return found

    def sides(self, docket: str) -> set[str]:
        """The nodes of both sides of a docket; empty before its opening was entered."""
        with self.reading() as db:
            return set(db.scalars(sa.select(t.sides.c.node).where(t.sides.c.docket == docket)))

    def peer_times(self, node: str, position: int) -> tuple[int | None, int | None]:
        """Of a peer's log: the latest time claimed below ``position`` and the one claimed next above it (POSIX)."""
        p = t.peer_places.c
        below = sa.select(p.latest).where(p.node == node, p.position < position).order_by(p.position.desc()).limit(1)
        above = sa.select(p.claimed).where(p.node == node, p.position > position).order_by(p.position).limit(1)
        with self.reading() as db:
            return db.scalar(below), db.scalar(above)

    def blob_names(self) -> set[str]:
        """The names of the blobs that exhibits refer to."""
        with self.reading() as db:
            return set(db.scalars(sa.select(t.exhibits.c.blob)))

    def counterproofs(self, record: str) -> list[bytes]:
        """How peers' logs prove a record."""
        with self.reading() as db:
            return list(db.scalars(sa.select(t.counterproofs.c.logged).where(t.counterproofs.c.record == record)))

    def keep_counterproof(self, row: dict[str, Any]) -> None:
        """Keep how a peer's log proves a record; a later proof replaces an earlier one."""
        with self.writing() as db:
            db.execute(t.counterproofs.insert().prefix_with("OR REPLACE"), row)

    def close(self) -> None:
        """Close all connections."""
        self._door.close()
        with self._asking:
            self._asked.close()
        self._reader.dispose()
        self._writer.dispose()


def _driver(db: Connection) -> sqlite3.Connection:
    """What is said to it costs a fifth of what SQLAlchemy says; the transaction is the same."""
    found = db.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)  # as `_engine` made it
    return found


@lru_cache(maxsize=64)
def _insert(table: sa.Table, columns: tuple[str, ...]) -> str:
    """The statement that inserts rows of these columns, each of which gives every column that has a default here."""
    return str(table.insert().compile(dialect=_NAMED, column_keys=list(columns)))


def _engine(path: Path, begin: str, pool_size: int) -> Engine:
    engine = sa.create_engine(f"sqlite:///{path}", pool_size=pool_size, max_overflow=4, pool_timeout=60)

    @sa.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "foreign_keys=ON",
            "busy_timeout=20000",
            "cache_size=-65536",  # 64 MiB: the index over random identifiers stays in memory well past 10^5 records
            "wal_autocheckpoint=8000",  # pages; fewer, larger checkpoints write each scattered page once
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
