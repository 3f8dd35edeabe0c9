"""The report of a period: figures that a stranger recomputes from a log, made here and written as files.

Counts by public kind follow from the leaves. Sealed acts are counted by the sum of their count commitments
(`comity.tlog.tally`). The figures of article 28(2) of Regulation (EU) 2023/1543 come from one commitment for each act
and table, or sum (`report_sums`), published without order; who holds the openings of the acts recomputes those too. The
report is a signed note (C2SP) whose text is one line of canonical JSON. Checking it is left to `report_check`, its
files to `report_files`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from comity.analysis.statistics.certificates import CertificateFacts, read_facts, tables, variants_like
from comity.analysis.statistics.links import hung_on, revealed
from comity.analysis.statistics.small_cells import PROTECTION, THRESHOLD, PublishedTable, is_small, protect
from comity.analysis.statistics.sums import UNITS, Group, Sum, shown_sums
from comity.analysis.statistics.tables import NAME, ROOT, TOTAL, Cell, Layout, Table, table_of
from comity.errors import CannotTell, Malformed
from comity.package.report_sums import blinding_of, committed_values
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.canonical import canonical
from comity.signing.digest import digest
from comity.tlog.checkpoint import read_checkpoint
from comity.tlog.counting import KINDS_COUNTED, commit_to, kind_generator, sum_blindings
from comity.tlog.group import generator, scalar_from
from comity.tlog.leaf_scan import scan_leaf
from comity.tlog.note import NoteSigner, sign_note
from comity.tlog.tally import Line, Point, Tally, prove_tally

_ASK = "Ask the node for the report again; if it stays so, tell oversight."
FORMAT: Final = "comity-statistics/2"


class SealedFigures(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sealed acts by kind, padding among them: numbers shown, kinds withheld, and the proof (base64url)."""

    leaves: int
    shown: dict[str, int]
    withheld: tuple[str, ...]
    proof: str


class TableFigures(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A published table: by row and column, null for what is withheld; and the proof (base64url)."""

    name: str
    title: str
    provision: str
    rows: tuple[str, ...]
    leaves: tuple[str, ...]
    cells: dict[str, dict[str, int | None]]
    proof: str

    def layout(self) -> Layout:
        """Rows and columns. Raises Malformed."""
        return Layout(self.name, self.title, self.provision, self.rows, self.leaves)


class SumFigures(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the values of some certificates add up to (`comity.analysis.statistics.sums`), and how many those are.

    ``blinding`` (base64url) opens the sum of their commitments to ``totals``, and no single one.
    """

    name: str
    row: str
    column: str
    count: int
    totals: dict[str, int]
    blinding: str

    def __post_init__(self) -> None:
        named = all(NAME.fullmatch(part) for part in (*self.row.split("/"), *self.column.split("/")))
        if not named or set(self.totals) != set(UNITS.get(self.name, ())) or self.count < 1:
            raise Malformed("A sum of the report is of no certificates, no kind, or no name there is.", _ASK)

    @property
    def group(self) -> Group:
        """Which certificates."""
        return Group(self.name, self.row, self.column)


class PeriodReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The figures between two cosigned checkpoints. ``start`` is "" where the period begins with the log.

    ``withheld_tables``: those that cannot be published without showing a small count. ``hidden_before``: rows that
    reports before withhold (`links.hidden_rows`). ``commitments``: digest of the commitments that are published beside
    the report.
    """

    format: Literal["comity-statistics/2"] = FORMAT
    origin: str
    period: str
    start: str
    end: str
    threshold: int = THRESHOLD
    protection: int = PROTECTION
    public: dict[str, int]
    sealed: SealedFigures
    tables: tuple[TableFigures, ...]
    withheld_tables: tuple[str, ...]
    hidden_before: tuple[str, ...] = ()
    sums: tuple[SumFigures, ...]
    commitments: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.period):
            raise Malformed(f"The period is called {self.period!r}.", "Call it as 2027 or 2027-q1.")
        kinds = (*self.public, *self.sealed.shown, *self.sealed.withheld)
        if not all(NAME.fullmatch(kind) for kind in kinds):  # they stand in CSV as they are
            raise Malformed("The report names a kind that cannot be one.", _ASK)

    @property
    def first(self) -> int:
        """Position of the first leaf of the period."""
        return read_checkpoint(self.start.encode()).size if self.start else 0

    @property
    def last(self) -> int:
        """Position after the last leaf of the period."""
        return read_checkpoint(self.end.encode()).size

    def context(self, name: str) -> bytes:
        """What ties a proof to this log, these positions and this part of the report."""
        return f"{FORMAT}\n{self.origin}\n{self.first}\n{self.last}\n{name}\n".encode()


class ActOpening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What opens one act for its statistical fields only: all other contents are salted digests inside ``act``.

    ``act`` and ``signatures`` are the bytes under the leaf's commitment (`comity.docket.logged`); ``section_salt``
    and ``fields`` open the section "statistics" of the record in it. Salts in base64url. ``earlier``: the fields with
    which an earlier report counted the same docket, which the record in ``act`` names.
    """

    position: int
    kind: str
    salt: str
    act: str
    signatures: str
    section_salt: str
    fields: dict[str, Any]
    earlier: dict[str, Any] | None = None

    def facts(self) -> CertificateFacts:
        """The statistical fields. Raises Malformed."""
        return read_facts({**self.fields, "earlier": self.earlier})


class Openings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Published beside a report: for each table and sum the commitments of its acts, sorted. ``acts`` for oversight."""

    commitments: dict[str, tuple[str, ...]]
    acts: tuple[ActOpening, ...] = ()


@dataclass(frozen=True)
class SealedSecrets:
    """What a node knows of the sealed leaves of a period: how many of each kind, and the sum of their blindings."""

    counts: Mapping[str, int]
    blinding: int


def make_report(
    period: str,
    start: bytes,
    end: bytes,
    leaves: Iterable[bytes],
    sealed: SealedSecrets,
    acts: Sequence[ActOpening],
    entropy: bytes,
    hidden_before: Collection[str] = (),
) -> tuple[PeriodReport, Openings]:
    """The report over the leaves between two cosigned checkpoints (notes; ``start`` empty for the log's beginning).

    ``hidden_before``: what the reports before withhold (`links.hidden_rows`).

    ``acts``: every certificate of the period, opened; ``entropy``: 32 fresh random bytes. Raises CannotTell for a
    period in which a single table could be read back; tables that could be are withheld whole and named.
    """
    facts = [act.facts() for act in acts]
    made = tables(facts)
    ready = publish_tables(made, hidden_before)
    added = shown_sums(facts, [shown for _, shown in ready])
    commitments = committed_all([shown.layout for _, shown in ready], added, acts)
    report = PeriodReport(
        origin=read_checkpoint(end).origin,
        period=period,
        start=start.decode(),
        end=end.decode(),
        public=dict(sorted(Counter(scan_leaf(leaf).kind for leaf in leaves).items())),
        sealed=SealedFigures(leaves=0, shown={}, withheld=(), proof=""),
        tables=(),
        withheld_tables=withheld_whole(made, [shown for _, shown in ready]),
        hidden_before=tuple(sorted(hidden_before)),
        sums=tuple(sum_figures(each, acts) for each in added),
        commitments=digest(canonical(commitments)),
    )
    figures = tuple(_figures(report, table, shown, acts, entropy) for table, shown in ready)
    complete = msgspec.structs.replace(report, tables=figures, sealed=_sealed(report, sealed, entropy))
    return complete, Openings(commitments=commitments, acts=tuple(acts))


def sign_report(report: PeriodReport, signers: Iterable[NoteSigner]) -> bytes:
    """The report as a signed note: the log's key first, then oversight bodies that recomputed it. Raises Malformed.

    One line of JSON can never be read as a checkpoint, which has three.
    """
    return sign_note(canonical(report) + b"\n", signers)


def publish_table(table: Table, *hung_on: Iterable[Cell]) -> PublishedTable:
    """The table as it is published: its total is known from the number of commitments. Raises CannotTell.

    ``hung_on``: cells that other tables hang on; the first of these lists that can stay shown does.
    """
    if is_small(table.counts[TOTAL, ROOT]):
        raise CannotTell(f"The table {table.layout.name} counts fewer than five acts.", "Publish a longer period.")
    for cells in hung_on:
        shown = [cell for cell in cells if not is_small(table.counts.get(cell, 0))]
        with suppress(CannotTell):
            return protect(table, [(TOTAL, ROOT), *shown])
    return protect(table, [(TOTAL, ROOT)])


def publish_tables(
    made: Sequence[Sequence[Table]], hidden_before: Collection[str] = ()
) -> list[tuple[Table, PublishedTable]]:
    """The tables that can be published beside one another, each in the finest of its layouts in which it can be.

    Attacked together before they are returned. One that cannot be protected in any, or that with those before it would
    reveal a small count, is left out whole.
    """
    ready: list[tuple[Table, PublishedTable]] = []
    coarsest = [variants[-1] for variants in made]
    layouts = [[variants[0] for variants in made], *(coarsest[:end] for end in range(len(made), 1, -1))]
    for variants in made:
        for table in variants:
            with suppress(CannotTell):
                shown = publish_table(table, *(hung_on(table, others) for others in layouts))
                if not revealed([*(other for _, other in ready), shown], hidden_before):
                    ready.append((table, shown))
                    break
    return ready


def sum_figures(found: Sum, acts: Sequence[ActOpening]) -> SumFigures:
    """A sum in the form of the report."""
    group = found.group
    return SumFigures(
        name=group.name, row=group.row, column=group.column, count=found.count, totals=dict(found.totals),
        blinding=blinding_of(group, acts),
    )  # fmt: skip


def withheld_whole(made: Iterable[Sequence[Table]], shown: Iterable[PublishedTable]) -> tuple[str, ...]:
    """The names of the tables that are left out."""
    names = {table.layout.name for table in shown}
    return tuple(variants[0].layout.name for variants in made if variants[0].layout.name not in names)


def committed_all(
    layouts: Iterable[Layout], added: Iterable[Sum], acts: Sequence[ActOpening]
) -> dict[str, tuple[str, ...]]:
    """The commitments published beside a report, by table and sum."""
    found = {layout.name: committed(layout, acts) for layout in layouts}
    return found | {each.group.key: committed_values(each.group, acts) for each in added}


def committed(layout: Layout, acts: Iterable[ActOpening]) -> tuple[str, ...]:
    """The commitments of acts to their cells in a table, sorted so that their order says nothing."""
    point = cell_point(layout.name)
    return tuple(sorted(to_base64url(commit_to(point(cell), key)) for cell, key in _cells(layout, acts)))


def _cells(layout: Layout, acts: Iterable[ActOpening]) -> list[tuple[str, int]]:
    """Cell and blinding of each act that a table counts."""
    rules = [rule for known, rule in variants_like(layout) if known == layout]
    place, found = rules[-1], list[tuple[str, int]]()  # without addressees a finer layout is the same, and counts none
    for act in acts:
        cell, salt = place(act.facts()), from_base64url(act.salt, "The salt", size=32)
        if cell is not None:
            found.append((" ".join(cell), scalar_from("comity/cell-blinding/v1", salt, layout.name.encode())))
    return found


def cell_point(table: str) -> Point:
    """From "row column" to the generator that counts one act in that cell."""
    return lambda cell: generator(f"cell {table} {cell}")


def table_tally(table: PublishedTable) -> Tally:
    """What a published table says about sums of commitments. Raises Malformed."""
    layout, cells = table.layout, table.cells
    inner: list[Cell] = [(row, column) for row in layout.rows for column in layout.counted]
    shown = {" ".join(cell): count for cell in inner if (count := cells[cell]) is not None}
    lines = [
        Line(tuple(" ".join(part) for part in parts), total)
        for cell, parts in layout.lines()
        if (total := cells[cell]) is not None
    ]
    return Tally(shown, tuple(" ".join(cell) for cell in inner if cells[cell] is None), tuple(lines))


def _figures(
    report: PeriodReport, table: Table, shown: PublishedTable, acts: Sequence[ActOpening], entropy: bytes
) -> TableFigures:
    name = table.layout.name
    counts = {" ".join(cell): count for cell, count in table.counts.items()}
    secret = sum_blindings(key for _, key in _cells(table.layout, acts))
    proof = prove_tally(table_tally(shown), counts, secret, cell_point(name), report.context(name), entropy)
    return figures_of(shown, to_base64url(proof))


def figures_of(table: PublishedTable, proof: str) -> TableFigures:
    """A published table in the form of the report."""
    layout = table.layout
    cells = {row: {column: table.cells[row, column] for column in layout.columns} for row in (*layout.rows, TOTAL)}
    return TableFigures(
        name=layout.name, title=layout.title, provision=layout.provision, rows=layout.rows, leaves=layout.leaves,
        cells=cells, proof=proof,
    )  # fmt: skip


def sealed_tally(shown: dict[str, int], withheld: tuple[str, ...], leaves: int) -> Tally:
    """What the report says of sealed leaves: every one counts once, so all kinds together are as many as leaves."""
    return Tally(shown, withheld, (Line(tuple(kind for kind in KINDS_COUNTED), leaves),))


def _sealed(report: PeriodReport, secrets: SealedSecrets, entropy: bytes) -> SealedFigures:
    counts = {kind: secrets.counts.get(kind, 0) for kind in KINDS_COUNTED}
    layout = Layout("sealed", "Sealed acts", "none", KINDS_COUNTED)
    table = table_of(layout, {(kind, ROOT): count for kind, count in counts.items()})
    try:
        hidden = protect(table, [(TOTAL, ROOT)]).withheld
    except CannotTell:  # nothing to hide a small count behind: say only how many leaves there are
        hidden = tuple((kind, ROOT) for kind in KINDS_COUNTED)
    withheld = tuple(kind for kind in KINDS_COUNTED if (kind, ROOT) in hidden)
    shown = {kind: count for kind, count in counts.items() if kind not in withheld}
    leaves = sum(counts.values())
    tally = sealed_tally(shown, withheld, leaves)
    proof = prove_tally(tally, counts, secrets.blinding, kind_generator, report.context("sealed"), entropy)
    return SealedFigures(leaves=leaves, shown=shown, withheld=withheld, proof=to_base64url(proof))


def published(figures: TableFigures) -> PublishedTable:
    """The table in a report, every cell there and no other. Raises Malformed."""
    layout = figures.layout()
    cells = {(row, column): count for row, by in figures.cells.items() for column, count in by.items()}
    if set(cells) != set(layout.cells()):
        raise Malformed(f"The table {figures.name} lacks cells or has others.", "Ask for the report again.")
    return PublishedTable(layout, cells)
