"""The tables of a node's database. Ground state: records, leaves, checkpoints; the rest can be rebuilt or repeated."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

metadata = MetaData()

# One row per entered record, own or a peer's. `position` is its leaf in this node's log.
records = Table(
    "records",
    metadata,
    Column("id", String(71), primary_key=True),
    Column("position", Integer, nullable=False, unique=True),
    Column("docket", String(120), nullable=False, index=True),
    Column("step", String(60), nullable=False),
    Column("node", String(120), nullable=False),  # the node that sealed it
    Column("kind", String(40), nullable=False),
    Column("effect", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # record, hand and seal; no section
    Column("findings", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),  # opens the leaf
    Column("entered", String(27), nullable=False),
)

# The sections of a record, sealed under a key of its own; erasing both rows erases the contents.
sections = Table(
    "sections",
    metadata,
    Column("record", String(71), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("key", LargeBinary, nullable=False),  # wrapped under the vault key
)

leaves = Table(
    "leaves", metadata, Column("position", Integer, primary_key=True), Column("leaf", LargeBinary, nullable=False)
)

# Leaves without a record: padding, and what the node itself unseals or extends. The row opens the leaf.
padding = Table(
    "padding",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("kind", String(40), nullable=False),  # padding | unseal | extend
    Column("salt", LargeBinary, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("ref", Integer),  # the leaf that this one unseals or extends
)

# Every sealed leaf, padding or act, and how long it stays sealed. Follows from the leaves, but for the docket.
seals = Table(
    "seals",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("docket", String(120), nullable=False),  # "" for padding
    Column("until", String(10), nullable=False),  # as extended last
    Column("extended_by", Integer),  # the leaf that extended it last
    Column("unsealed_by", Integer),  # the leaf that unsealed it
    Index("seals_due", "unsealed_by", "until"),
    Index("seals_docket", "docket"),
)

# What a judge ordered last of a docket's seals: until when its leaves before ``position`` stay sealed.
seal_terms = Table(
    "seal_terms",
    metadata,
    Column("docket", String(120), primary_key=True),
    Column("record", String(71), nullable=False),  # the order
    Column("position", Integer, nullable=False),
    Column("until", String(10), nullable=False),  # "": to be unsealed
)

# What opens each sealed leaf, encrypted to the oversight bodies; erased with the record's contents.
escrows = Table(
    "escrows",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("record", String(71), nullable=False, index=True),  # "" for padding
    Column("body", LargeBinary, nullable=False),
)

# Sealed leaves by kind and the sum of their blindings, from the log's beginning to ``size``: outlives every salt.
sealed_totals = Table(
    "sealed_totals",
    metadata,
    Column("size", Integer, primary_key=True),
    Column("counts", Text, nullable=False),  # canonical JSON: kind -> number
    Column("blinding", LargeBinary, nullable=False),  # 32 bytes (`comity.tlog.group.encode_scalar`)
)

# Nodes of the tree, each over eight leaves or more; those below are hashed from the leaves when they are asked for.
LOWEST_KEPT = 3
LEVELS = 64  # more than any tree has

# The logs this node kept, one after another; positions go on from one to the next. Nodes of log n have 64 n added to
# their level, checkpoints 2^40 n to their size.
logs = Table(
    "logs",
    metadata,
    Column("number", Integer, primary_key=True),  # 0, 1, ...
    Column("origin", String(200), nullable=False, unique=True),
    Column("start", Integer, nullable=False),  # position of its first leaf
)

nodes = Table(
    "nodes",
    metadata,
    Column("level", Integer, primary_key=True),
    Column("idx", Integer, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# Checkpoints that reached the quorum, as published.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("size", Integer, primary_key=True),
    Column("note", LargeBinary, nullable=False),
    Column("published", String(27), nullable=False),
)

# How a peer's log proves a record: `Logged` as canonical JSON, for our records and for theirs.
counterproofs = Table(
    "counterproofs",
    metadata,
    Column("record", String(71), primary_key=True),
    Column("origin", String(200), primary_key=True),
    Column("logged", LargeBinary, nullable=False),
)

# What is still to be carried to a peer. A row is deleted when the peer has confirmed it.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("node", String(120), nullable=False),
    Column("kind", String(10), nullable=False),  # record | proof | fetch
    Column("record", String(71), nullable=False),
    Column("position", Integer, nullable=False),  # may go once a published checkpoint covers it
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", Integer, nullable=False, default=0),  # POSIX seconds
    Column("lease_until", Integer, nullable=False, default=0),
    Column("problem", Text, nullable=False, default=""),
    Index("outbox_due", "node", "next_at"),
)

# Exhibits in the vault; the blob's name is the digest of its ciphertext.
exhibits = Table(
    "exhibits",
    metadata,
    Column("id", String(71), primary_key=True),  # digest of the plain bytes
    Column("size", Integer, nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(120), nullable=False),
    Column("blob", String(64), nullable=False),
    Column("key", LargeBinary, nullable=False),  # stream key, wrapped under the vault key
    Column("present", Integer, nullable=False),  # 0 while the blob is still to be fetched from the peer
    Column("stored", String(27), nullable=False),
)

# Which dockets an exhibit was produced in: the same bytes may be evidence in several, and are erased with the last.
uses = Table(
    "uses",
    metadata,
    Column("exhibit", String(71), primary_key=True),
    Column("docket", String(120), primary_key=True),
    Column("giver", String(120), nullable=False, default=""),  # the node that gave it; empty: produced here
)

# The two sides of each docket, fixed when its opening was entered: still known when the opening was erased.
sides = Table(
    "sides",
    metadata,
    Column("docket", String(120), primary_key=True),
    Column("node", String(120), primary_key=True),
    Column("mark", LargeBinary, nullable=False),  # made with the vault key: a row written by hand has none
)

# Where a peer's records stand in its log and what time each claims: time must not go backwards along a log.
peer_places = Table(
    "peer_places",
    metadata,
    Column("node", String(120), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("claimed", Integer, nullable=False),  # POSIX seconds
    Column("latest", Integer, nullable=False),  # the latest time claimed up to here
)

# Checkpoints of peers' logs as their deliveries showed them, cosigned: what they can no longer take back.
seen_checkpoints = Table(
    "seen_checkpoints",
    metadata,
    Column("origin", String(200), primary_key=True),
    Column("size", Integer, primary_key=True),
    Column("cosigned", Integer, nullable=False),  # POSIX seconds of the newest cosignature
    Column("note", LargeBinary, nullable=False),
)

meta = Table("meta", metadata, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False))


@cache
def schema() -> tuple[str, ...]:
    """The statements that make what is not there yet: every table, then every index."""
    makes: list[CreateTable | CreateIndex] = []
    makes += [CreateTable(table, if_not_exists=True) for table in metadata.sorted_tables]
    indexes = [index for table in metadata.sorted_tables for index in table.indexes]
    makes += [CreateIndex(index, if_not_exists=True) for index in sorted(indexes, key=lambda each: str(each.name))]
    return tuple(str(each.compile(dialect=sqlite.dialect())) for each in makes)
