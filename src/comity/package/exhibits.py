"""Exhibits against the productions that name them: each there, each the one that was produced, none besides.

Left to others: that a file has the digest the package names (`comity.package.reader`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from comity.docket.sections import Exhibit
from comity.package.contents import PackagedExhibit
from comity.package.proved import Proved
from comity.package.replay import Assessed
from comity.package.verdict import Report

_ASK = "Ask for the package again with all exhibits; do not use the ones in doubt."


def check_exhibits(
    given: Sequence[PackagedExhibit],
    records: Sequence[Proved],
    views: Mapping[str, Mapping[str, Assessed]],
    report: Report,
) -> None:
    """Compare the package's exhibits with those of every production that has effect on both sides."""
    bodies = [body for record in records if (body := _body(record, views)) is not None]
    produced = _produced(bodies, report)
    erased = {name for body in bodies for name in _listed(body) if isinstance(name, str)}
    present = {exhibit.id: exhibit for exhibit in given}
    for exhibit in given:
        named = produced.get(exhibit.id)
        same = named is not None and (named.digest, named.size) == (exhibit.digest, exhibit.size)
        why = f"{exhibit.id} is the one that was produced ({exhibit.digest[:23]}…, {exhibit.size} bytes)."
        report.check("exhibit", same, "EIO art 13(1)", why if same else f"No production names this {exhibit.id}.", _ASK)
    for identifier, named in produced.items():
        if identifier in present:
            continue
        gone = identifier in erased or named.digest in erased
        why = f"{identifier} was erased under a record of this docket." if gone else f"{identifier} is not here."
        report.check("exhibit", gone, "LED art 16" if gone else "EIO art 13(1)", why, _ASK)


def _body(record: Proved, views: Mapping[str, Mapping[str, Assessed]]) -> Any:
    """The typed body of a record that has effect in every log given; None otherwise."""
    seen = [view[record.id] for view in views.values() if record.id in view]
    own = views.get(record.home, {}).get(record.id)
    return own.entry.body if own is not None and all(a.entry.effect for a in seen) else None


def _listed(body: Any) -> Iterable[Any]:
    listed = getattr(body, "exhibits", ())
    return listed if isinstance(listed, tuple) else ()


def _produced(bodies: Iterable[Any], report: Report) -> dict[str, Exhibit]:
    produced: dict[str, Exhibit] = {}
    for exhibit in (e for body in bodies for e in _listed(body) if isinstance(e, Exhibit)):
        if produced.setdefault(exhibit.id, exhibit).digest != exhibit.digest:
            report.problem("exhibit", f"Two productions name different files {exhibit.id}.", _ASK)
    return produced
