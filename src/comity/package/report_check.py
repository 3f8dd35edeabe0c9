"""Checking a period's report against the log it speaks of: `comity audit --report FILE`.

A stranger needs the report, the log's tiles, a policy and the commitments published beside the report, and finds out
whether every figure follows from them. Who also holds the openings of the acts (an oversight body) makes all figures
again, the withheld ones too. Reading files and fetching tiles are left to the caller.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from comity.analysis.statistics.certificates import layouts, tables, variants_like
from comity.analysis.statistics.links import revealed
from comity.analysis.statistics.small_cells import PROTECTION, THRESHOLD, PublishedTable, attack_published, is_small
from comity.analysis.statistics.sums import objection, shown_sums
from comity.analysis.statistics.tables import ROOT, TOTAL, Layout
from comity.errors import ComityError, Malformed, Unverified
from comity.package.report import (
    ActOpening,
    Openings,
    PeriodReport,
    SealedFigures,
    SumFigures,
    TableFigures,
    cell_point,
    committed_all,
    figures_of,
    publish_tables,
    published,
    sealed_tally,
    sum_figures,
    table_tally,
    withheld_whole,
)
from comity.package.report_sums import check_sum
from comity.signing.base64url import from_base64url
from comity.signing.canonical import canonical, parse_canonical
from comity.signing.digest import digest, section_digest
from comity.tlog.checkpoint import Checkpoint
from comity.tlog.cosignature import verifier_for
from comity.tlog.counting import KINDS_COUNTED, kind_generator, sum_commitments
from comity.tlog.leaf import HEADER, SEALED, check_opening, parse_leaf
from comity.tlog.leaf_scan import Unreadable, scan_leaves
from comity.tlog.note import MAX_NOTE, open_note, split_note
from comity.tlog.policy import Policy
from comity.tlog.tally import check_tally
from comity.tlog.tiles import WIDTH, Fetch, TileReader
from comity.tlog.tree import Tree, frontier_of

MAX_OPENINGS = 256 << 20
SECTION = "statistics"
_SEALED = f"{HEADER}\n{SEALED}\n".encode()
_ASK = "Ask the node for the report again; if it stays so, tell oversight."


@dataclass(frozen=True)
class Problem:
    """One thing in a report that does not follow from the log: the part it stands in, and the figure in that part."""

    where: str
    says: str
    figure: str = ""


def check_report(
    data: bytes, fetch: Fetch, policy: Policy, openings: bytes | Openings, *, now: int, newest: bytes | None = None
) -> list[Problem]:
    """Everything in a signed report that does not follow from the log. Empty: all of it does.

    ``fetch`` reads the log's tiles by path; ``policy`` is the reader's own; ``openings`` the file published beside the
    report; ``now`` in POSIX seconds; ``newest`` the checkpoint whose tiles are there, by default the report's own.
    Never raises for what the report's maker did wrong.
    """
    try:
        report = open_report(data, policy)
        opened = openings if isinstance(openings, Openings) else read_openings(openings)
        leaves = period_leaves(report, fetch, policy, now, newest)
    except ComityError as error:
        return [Problem("report", error.what)]
    return recompute(leaves, opened, report)


def claimed_origin(data: bytes) -> str:
    """The log that a report says it is of, before anything is verified: to look up whom to trust. Raises Malformed."""
    value = parse_canonical(split_note(data)[0].rstrip(b"\n"), limit=MAX_NOTE)
    origin = value.get("origin") if isinstance(value, dict) else None
    if not isinstance(origin, str):
        raise Malformed("This is no report of a period.", "Name the report.note of the period.")
    return origin


def open_report(data: bytes, policy: Policy) -> PeriodReport:
    """The report, if the log it speaks of signed it. Raises Malformed, Unverified."""
    note = open_note(data, [verifier_for(log.vkey) for log in policy.logs])
    if note.text.count(b"\n") != 1:
        raise Malformed("A report is one line of canonical JSON.", _ASK)
    report = read_report(note.text[:-1])
    if not any(line.name == report.origin for line in note.verified):
        raise Unverified(f"The report speaks of {report.origin}, which did not sign it.", _ASK)
    return report


def read_report(data: bytes) -> PeriodReport:
    """The report in its canonical JSON, whoever signed it. Raises Malformed."""
    try:
        return msgspec.convert(parse_canonical(data, limit=MAX_NOTE), PeriodReport)
    except msgspec.ValidationError as wrong:
        raise Malformed(f"This is no report of a period: {wrong}.", _ASK) from wrong


def read_openings(data: bytes) -> Openings:
    """The file published beside a report. Raises Malformed."""
    try:
        return msgspec.convert(parse_canonical(data, limit=MAX_OPENINGS), Openings)
    except msgspec.ValidationError as wrong:
        raise Malformed(f"These are no openings of a period: {wrong}.", _ASK) from wrong


def period_leaves(
    report: PeriodReport, fetch: Fetch, policy: Policy, now: int, newest: bytes | None = None
) -> list[bytes]:
    """The leaves between the report's two checkpoints, each authenticated. Raises Malformed, NotFound, Unverified.

    Read under ``newest``, which must extend both: whoever copies a log later need not have kept its partial tiles.
    """
    end = _checkpoint(report, report.end, policy, now)
    start = _checkpoint(report, report.start, policy, now) if report.start else Checkpoint(end.origin, 0, Tree().root())
    whole = end if newest is None else _checkpoint(report, newest.decode("utf-8", "replace"), policy, now)
    if not start.size <= end.size <= whole.size:
        raise Malformed("The period ends before it begins, or after the copy of the log does.", _ASK)
    reader = TileReader(whole.size, whole.root, fetch)
    for each in (start, end):
        if Tree(each.size, frontier_of(each.size, reader) if each.size else ()).root() != each.root:
            raise Unverified(f"The log does not extend the report's checkpoint of {each.size} leaves.", _ASK)
    found: list[bytes] = []
    for index in range(start.size // WIDTH, -(-end.size // WIDTH)):
        found += reader.entries(index)[max(0, start.size - index * WIDTH) : end.size - index * WIDTH]
    return found


def _checkpoint(report: PeriodReport, note: str, policy: Policy, now: int) -> Checkpoint:
    checkpoint = policy.check(note.encode(), now, None).checkpoint
    if checkpoint.origin != report.origin:
        raise Unverified(f"A checkpoint in the report is of {checkpoint.origin}, not of {report.origin}.", _ASK)
    return checkpoint


def recompute(leaves: Sequence[bytes], openings: Openings, report: PeriodReport) -> list[Problem]:
    """Every difference between the report and what the leaves of the period and the openings say, bit for bit."""
    found = [*_public(leaves, report), *_tried("sealed", _check_sealed, leaves, report)]
    if (report.threshold, report.protection) != (THRESHOLD, PROTECTION):
        found.append(Problem("report", "It was made by another rule for small counts than this program's."))
    if digest(canonical(openings.commitments)) != report.commitments:
        found.append(Problem("commitments", "They are not those that the report was made from."))
    names, keys = [table.name for table in report.tables], [each.group.key for each in report.sums]
    if sorted([*names, *report.withheld_tables]) != sorted(variants[0][0].name for variants in layouts(())):
        found.append(Problem("tables", "They are not all the tables there are, each published or withheld once."))
    if set(openings.commitments) != {*names, *keys} or len(set(keys)) != len(keys):
        found.append(Problem("commitments", "They are not of the tables and sums of the report, each once."))
    for table in report.tables:
        found += _tried(table.name, _check_table, table, openings, report)
    for each in report.sums:
        found += _tried(each.group.key, _check_sum, each, openings, report)
    found += _tried("tables", _check_links, report)
    return [*found, *_tried("acts", _check_acts, leaves, openings, report)] if openings.acts else found


def _tried(where: str, check: Callable[..., Iterator[str]], *arguments: object) -> list[Problem]:
    try:
        return [Problem(where, says) for says in check(*arguments)]
    except ComityError as error:
        return [Problem(where, error.what)]


def _public(leaves: Sequence[bytes], report: PeriodReport) -> Iterator[Problem]:
    scanned = scan_leaves(leaves)
    bad = sum(isinstance(leaf, Unreadable) for leaf in scanned)
    if bad:
        yield Problem("public", f"{bad} leaves cannot be read.")
    counts = Counter(leaf.kind for leaf in scanned if not isinstance(leaf, Unreadable))
    for kind in sorted({*counts, *report.public}):
        if counts[kind] != report.public.get(kind, 0):
            says = f"The report says {report.public.get(kind, 0)} {kind}; the log holds {counts[kind]}."
            yield Problem("public", says, kind)


def _check_sealed(leaves: Sequence[bytes], report: PeriodReport) -> Iterator[str]:
    figures = report.sealed
    sealed = [parse_leaf(leaf) for leaf in leaves if leaf.startswith(_SEALED)]
    counts = [leaf.count for leaf in sealed if leaf.count is not None]
    if len(counts) != len(sealed):
        yield f"{len(sealed) - len(counts)} sealed leaves bear no count commitment and cannot be counted."
    if figures.leaves != len(counts):
        yield f"The report counts {figures.leaves} sealed leaves; the log holds {len(counts)}."
    if {*figures.shown, *figures.withheld} != set(KINDS_COUNTED):
        yield "It does not speak of every kind that a sealed leaf can hold."
        return
    small = sorted(kind for kind, count in figures.shown.items() if is_small(count))
    if small:
        yield f"Small counts show: {', '.join(small)}."
    if figures.shown:  # where none is shown, nothing is given but the number of leaves, which anybody counts
        for (kind, _), (low, high) in attack_published(_sealed_table(figures)).items():
            yield f"{kind} is withheld, but who subtracts finds it: {low} to {high}."
    tally = sealed_tally(figures.shown, figures.withheld, figures.leaves)
    proof = from_base64url(figures.proof, "The proof of the sealed counts")
    check_tally(tally, sum_commitments(counts), kind_generator, report.context(SEALED), proof)


def _sealed_table(figures: SealedFigures) -> PublishedTable:
    numbers: dict[tuple[str, str], int | None] = {(kind, ROOT): None for kind in figures.withheld}
    numbers |= {(kind, ROOT): count for kind, count in figures.shown.items()} | {(TOTAL, ROOT): figures.leaves}
    return PublishedTable(Layout(SEALED, "Sealed acts", "none", KINDS_COUNTED), numbers)


def _check_links(report: PeriodReport) -> Iterator[str]:
    """What a reader of all tables could find out of a cell withheld: the same attack as before publishing."""
    yield from revealed([published(table) for table in report.tables], report.hidden_before)


def _check_table(figures: TableFigures, openings: Openings, report: PeriodReport) -> Iterator[str]:
    table = published(figures)
    texts = openings.commitments.get(figures.name, ())
    units = [from_base64url(text, "A commitment", size=32) for text in texts]
    if list(texts) != sorted(texts):
        yield "The commitments are not sorted; their order could say something."
    if table.layout not in [layout for layout, _ in variants_like(table.layout)]:
        yield "It is not laid out as article 28(2) is reported here."
    small = sorted(" ".join(cell) for cell, count in table.cells.items() if count is not None and is_small(count))
    if small:
        yield f"Small counts show: {', '.join(small[:5])}."
    if table.cells[TOTAL, ROOT] != len(units):
        yield f"The total is {table.cells[TOTAL, ROOT]}, but {len(units)} acts are committed to."
    proof = from_base64url(figures.proof, "The proof of the table")
    context = report.context(figures.name)
    check_tally(table_tally(table), sum_commitments(units), cell_point(figures.name), context, proof)


def _check_sum(figures: SumFigures, openings: Openings, report: PeriodReport) -> Iterator[str]:
    texts = openings.commitments.get(figures.group.key, ())
    units = [from_base64url(text, "A commitment", size=32) for text in texts]
    if list(texts) != sorted(texts):
        yield "The commitments are not sorted; their order could say something."
    if figures.count != len(units):
        yield f"It is over {figures.count} certificates, but {len(units)} are committed to."
    if why := objection(figures.group, figures.count, [published(table) for table in report.tables]):
        yield why
    check_sum(figures.group, figures.totals, figures.blinding, units)


def _check_acts(leaves: Sequence[bytes], openings: Openings, report: PeriodReport) -> Iterator[str]:
    """All figures made again from the acts themselves: what only oversight can do."""
    for act in openings.acts:
        try:
            _check_act(leaves, act, report)
        except ComityError as error:
            yield f"The act at position {act.position}: {error.what}"
    if len({act.position for act in openings.acts}) != len(openings.acts):
        yield "An act is opened twice."
    facts = [act.facts() for act in openings.acts]
    counted = tables(facts)
    shown = [table for _, table in publish_tables(counted, report.hidden_before)]
    made, added = [figures_of(table, "") for table in shown], shown_sums(facts, shown)
    if tuple(sum_figures(each, openings.acts) for each in added) != report.sums:
        yield "The times and costs are others."
    withheld = withheld_whole(counted, shown)
    if withheld != report.withheld_tables:
        yield f"The tables to be withheld whole are others: {', '.join(withheld) or 'none'}."
    if made != [msgspec.structs.replace(table, proof="") for table in report.tables]:
        yield "The tables are others."
    if committed_all([table.layout for table in shown], added, openings.acts) != openings.commitments:
        yield "The acts are not those that are committed to."


def _check_act(leaves: Sequence[bytes], act: ActOpening, report: PeriodReport) -> None:
    if not report.first <= act.position < report.last:
        raise Malformed("It is not of the period.", _ASK)
    salt = from_base64url(act.salt, "The salt", size=32)
    leaf = parse_leaf(leaves[act.position - report.first])
    check_opening(leaf, salt, act.kind, act.act.encode(), act.signatures.encode())
    record = parse_canonical(act.act.encode(), limit=MAX_NOTE)
    try:
        expected = record["record"]["sections"][SECTION]
    except (TypeError, KeyError) as wrong:
        raise Malformed("Its record has no statistical fields.", _ASK) from wrong
    made = section_digest(from_base64url(act.section_salt, "The salt of the section", size=32), SECTION, act.fields)
    if not isinstance(expected, str) or not hmac.compare_digest(expected, made):
        raise Unverified("Its statistical fields are not those that were signed.", _ASK)
