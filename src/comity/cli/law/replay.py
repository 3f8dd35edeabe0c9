"""``comity law replay``: an evidence package under the law of another day, or other law files: what changes.

The package is checked first, as ``comity verify`` does: nothing is said of a matter that does not hold. Left to others:
what changes (`comity.views.replay`), the law of a day (`comity.law.of_day`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape

from comity.cli.law.ask import day_of
from comity.cli.output import console, errors, print_json, short
from comity.cli.verify import NOT_TO_BE_RELIED_ON, stay_offline
from comity.docket.assess import Bench
from comity.docket.directory import Directory, open_party_file
from comity.errors import Malformed, NotFound
from comity.law.book import LawBook, load_law, open_law
from comity.law.files import read
from comity.package.anchors import Anchors, read_anchors
from comity.package.check import check_package
from comity.package.proved import prove
from comity.package.reader import Package, open_package
from comity.package.replay import as_seen, replay
from comity.package.verdict import Report
from comity.proceedings.tables import PROCEEDINGS
from comity.views.replay import Changed, under_other_law


def replay_command(
    package: Annotated[Path, typer.Argument(help="The evidence package, as it was handed over.")],
    on: Annotated[
        str, typer.Option("--on", metavar="DATE", help="The day whose law is asked; each act's own day without it.")
    ] = "",
    law: Annotated[str, typer.Option("--law", metavar="FOLDER", help="Other law files than this program's.")] = "",
    anchors: Annotated[Path, typer.Option("--anchors", help="Whom YOU trust: roots and witnesses.")] = Path(
        "anchors.toml"
    ),
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What would have been found of a matter under the law of another day, or under other law files.

    Lists every finding that differs, as each side assesses it, and no other. Changes nothing.
    Exit 0: answered. Exit 4: the package does not hold; see comity verify.
    """
    stay_offline()
    if not (on or law):
        raise Malformed("Under which law?", "Give --on 2026-08-17, --law FOLDER, or both.")
    for path in (package, anchors):
        if not path.is_file():
            raise NotFound(f"There is no file {path}.", "Check the name; anchors are written by comity init trust.")
    trusted, own = read_anchors(anchors.read_bytes()), load_law()
    other = open_law(read(Path(law))) if law else own
    with package.open("rb") as source:
        opened, now = open_package(source), int(time.time())
        if not check_package(opened, trusted, own, now, PROCEEDINGS).ok:
            console.print("[red]✗ Do not rely on this package.[/red] comity verify says why.")
            raise typer.Exit(NOT_TO_BE_RELIED_ON)
        found = list(_answers(opened, trusted, own, other, on, now))
    for party, answer in found:
        if answer.standing:
            errors.print(f"{party}: contents are not here; the logged findings of {_names(answer.standing)} stand.")
    if not json:
        return _print(found)
    told: dict[str, list[dict[str, Any]]] = {}
    for party, answer in found:  # a Party may have several nodes in a matter; what they find alike is said once
        said = told.setdefault(party, [])
        said += [c for c in map(_plain, answer.changes) if c not in said]
    return print_json(told)


def _names(records: Sequence[str]) -> str:
    return ", ".join(short(r) for r in records)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One side: the findings that change for it, and the records it cannot assess anew (contents are not here)."""

    changes: tuple[Changed, ...]
    standing: tuple[str, ...]


def _answers(
    package: Package, anchors: Anchors, own: LawBook, other: LawBook, on: str, now: int
) -> Iterator[tuple[str, _Answer]]:
    """Each side's answer, in the order of Parties. The package has been checked: nothing here fails then."""
    contents, report = package.contents, Report()
    files = {c: (open_party_file(d, anchors.parties[c]), anchors.parties[c]) for c, d in contents.party_files.items()}
    directory = Directory(files)
    parties, day = directory.origins(), day_of(on) if on else None
    for node in sorted(directory.nodes(), key=lambda n: (parties[n.origin], n.origin)):
        bench = Bench(PROCEEDINGS, own, directory, parties[node.origin])
        proved = [prove(r, contents.docket, bench, anchors, now) for r in contents.records]
        found = replay(contents.docket, node.origin, bench, proved, report)
        seen = [as_seen(p.authentic, bench)[0] for p in proved if p.id in found]
        stands = {i: a.entry.findings for i, a in found.items() if not a.reassessed}
        if seen:
            changes = under_other_law(contents.docket, seen, bench, other, day, stands)
            yield parties[node.origin], _Answer(changes, tuple(stands))


def _plain(change: Changed) -> dict[str, Any]:
    said = {"record": change.record, "step": change.step, "safeguard": change.safeguard, "weighs": change.weighs}
    return {**said, "before": msgspec.to_builtins(change.before), "after": msgspec.to_builtins(change.after)}


def _print(found: Iterable[tuple[str, _Answer]]) -> None:
    for party, answer in found:
        changes = answer.changes
        weighty = [c for c in changes if c.weighs]
        console.print(f"[bold]As {party} assesses it:[/bold] {len(weighty)} answers differ, {len(changes)} findings.")
        for c in changes:
            then, now = (f.verdict if f else "not asked" for f in (c.before, c.after))
            mark = "[red]≠[/red]" if c.weighs else "~"
            console.print(f"{mark} {c.step} {short(c.record)} {c.safeguard}: {then} → {now}")
            for f in (c.before, c.after):
                if f is not None:
                    console.print(f"    {escape(f.why)}  [cyan]{escape(f.provision)}[/cyan]")
