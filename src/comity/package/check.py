"""The offline check of a package: was every safeguard kept, and can each word of that be proved?

Nothing in the package is trusted. Trust comes from the verifier's anchors; law and tables are the verifier's own. The
order: files, maker's seal, Party files, each record's proofs and signatures, how they fit, both sides' assessments
made again, exhibits. Whatever cannot be checked counts against the package.

Left to others: opening files and printing (`comity.cli`); each check's own rules, in the modules it names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO

from comity.docket.assess import Bench
from comity.docket.directory import Directory, open_party_file
from comity.docket.step import Proceeding
from comity.errors import Unverified
from comity.law.book import LawBook
from comity.package.anchors import Anchors
from comity.package.bag import seal_message
from comity.package.container import Limits
from comity.package.contents import PackageContents
from comity.package.exhibits import check_exhibits
from comity.package.lines import record_lines
from comity.package.proved import Proved, check_positions, check_times, prove, record_name
from comity.package.reader import Package, open_package
from comity.package.replay import Assessed, replay
from comity.package.verdict import Line, Report, Verdict
from comity.proceedings.tables import PROCEEDINGS
from comity.signing.keys import PublicKey
from comity.signing.seal import check_seal

_TREE = "RFC 6962; C2SP tlog-proof"
_COSIGNED = "C2SP tlog-cosignature"
Views = dict[str, dict[str, Assessed]]


def check_source(
    source: BinaryIO,
    anchors: Anchors,
    law: LawBook,
    now: int,
    proceedings: Mapping[str, Proceeding] = PROCEEDINGS,
    limits: Limits | None = None,
) -> Verdict:
    """Open a package and check it; a file that is no package is a verdict too. ``now`` in POSIX seconds."""
    report, opened = Report(), list[Package]()
    with report.guard("the file"):
        opened.append(open_package(source, limits))
    if not opened:
        return _verdict(None, report, (), 0)
    return check_package(opened[0], anchors, law, now, proceedings)


def check_package(
    package: Package,
    anchors: Anchors,
    law: LawBook,
    now: int,
    proceedings: Mapping[str, Proceeding] = PROCEEDINGS,
) -> Verdict:
    """Check an opened package offline. Never raises: what goes wrong is a problem, and then ``ok`` is False.

    ``now`` in POSIX seconds, from the verifier's own clock.
    """
    report = Report()
    report.check("files", True, "RFC 8493", "Every file is there once, with the digest that the manifest names.")
    records: list[Proved] = []
    views: Views = {}
    reassessed = 0
    with report.guard("the package"):
        contents = package.contents
        directory = _directory(contents, anchors, report)
        parties = directory.origins()
        benches = {n.origin: Bench(proceedings, law, directory, parties[n.origin]) for n in directory.nodes()}
        records = _prove_all(contents, anchors, benches, now, report)
        with report.stage("package seal", "RFC 7515", f"Sealed by {contents.made_by}: nothing was left out since."):
            _check_seal(package, directory, records)
        with report.stage("places in the logs", _TREE, "Each has a place of its own, after what it answers."):
            check_positions(records, report)
        with report.stage("times", _COSIGNED, "No witness saw a record before the time it claims."):
            check_times(records, report)
        with report.stage("assessed again", "the law of each record's day", _law_words(contents, law)):
            views = {o: replay(contents.docket, o, bench, records, report) for o, bench in benches.items()}
        with report.stage("both logs", "ARCHITECTURE, log", "From the sending on, both sides logged every act."):
            _check_logs(records, views, directory, benches, report)
        check_exhibits(contents.exhibits, records, views, report)
        asserted = False
        for record in records:
            lines = record_lines(record, {o: view[record.id] for o, view in views.items() if record.id in view})
            report.lines.extend(lines)
            whole = all(line.reassessed for line in lines if line.verdict)
            reassessed += whole
            asserted |= whole and lines[0].effect
        if not asserted:
            report.problem("the package", "Nothing in it had effect and could be assessed again; it proves nothing.")
    return _verdict(package.contents, report, records, reassessed)


def _verdict(contents: PackageContents | None, report: Report, records: Sequence[Proved], reassessed: int) -> Verdict:
    return Verdict(
        ok=not report.problems and bool(records),
        docket=contents.docket if contents else "",
        made_by=contents.made_by if contents else "",
        made_at=contents.made_at if contents else "",
        records=len(contents.records) if contents else 0,
        reassessed=reassessed,
        lines=tuple(report.lines),
        problems=tuple(report.problems),
    )


def _directory(contents: PackageContents, anchors: Anchors, report: Report) -> Directory:
    """The Party files, each under the root that the anchors pin. Unverified, Malformed."""
    files = {}
    for code, data in contents.party_files.items():
        root = anchors.parties.get(code)
        if root is None:
            raise Unverified(f"The anchors name no root for {code}.", "Obtain it from that Party and compare it.")
        file = open_party_file(data, root)
        anchors.check_version(code, file.version)
        files[code] = (file, root)
        why = f"The file of {code}, version {file.version} of {file.issued}, is signed by the root the anchors name."
        report.check(f"Party file {code}", True, "RFC 7515; ARCHITECTURE, hand and seal", why)
    return Directory(files)


def _check_seal(package: Package, directory: Directory, records: Sequence[Proved]) -> None:
    """The maker's seal over the manifest: only with it is it known that nothing was left out. Unverified, Malformed."""

    def resolve(kid: str) -> PublicKey:
        node = directory.node_by_seal(kid)
        entry = next(e for e in node.seals if e.kid == kid)
        if node.id != package.contents.made_by:
            raise Unverified(f"The package says it was made by {package.contents.made_by}, but {node.id} sealed it.")
        if entry.revoked_position is not None:
            raise Unverified(f"The key that sealed the package was revoked at {entry.revoked_position}.")
        last = max((r.numbers[node.origin] for r in records if node.origin in r.numbers), default=0)
        return directory.seal_key(kid, max(last, entry.from_position))

    check_seal(package.seal, seal_message(package.manifest), resolve)


def _law_words(contents: PackageContents, law: LawBook) -> str:
    """Which edition of the law files was used; another than the maker's is no fault if the findings are the same."""
    edition = "the same edition" if contents.law == law.version else f"the verifier's own edition ({law.version[:12]})"
    return f"Each finding whose contents are here was made again from {edition} of the law files, and is the same."


def _prove_all(
    contents: PackageContents, anchors: Anchors, benches: Mapping[str, Bench], now: int, report: Report
) -> list[Proved]:
    proved = []
    bench = next(iter(benches.values()), None)
    if bench is None:
        raise Unverified("The package holds no Party file with a node.", "Ask for a package with the Parties' files.")
    for packaged in contents.records:
        filed, before = packaged.sealed.record, len(report.problems)
        with report.guard(record_name(filed.step, packaged.id)):
            found = prove(packaged, contents.docket, bench, anchors, now)
            if strangers := sorted(set(found.places) - set(benches)):
                raise Unverified(f"No Party file here names the log {strangers[0]}.", "Ask for that Party's file.")
            proved.append(found)
        for wrong in report.problems[before:]:
            line = Line(
                check="proof",
                ok=False,
                provision=_TREE,
                why=wrong.what,
                step=filed.step,
                record=packaged.id,
                at=filed.at,
                effect=False,
            )
            report.lines.append(line)
    return proved


def _check_logs(
    records: Sequence[Proved],
    views: Views,
    directory: Directory,
    benches: Mapping[str, Bench],
    report: Report,
) -> None:
    """From the sending on, every effective record stands in the logs of both sides."""
    effective = [r for r in records if _effect(r, views)]
    crossing = [i for i, r in enumerate(effective) if _crosses(r, benches[r.home])]
    if not crossing:
        return
    both = _both_sides(effective, views, directory)
    for record in effective[crossing[0] :]:
        lacking = sorted(both - set(record.places))
        if lacking:
            report.problem(
                record.name,
                f"It has no proof from the log {lacking[0]}; both sides must have logged it.",
                "Ask for the missing proof; an act that only one side logged proves nothing to the other.",
            )


def _crosses(record: Proved, bench: Bench) -> bool:
    step = bench.step(record.authentic.sealed.record.step)
    return step is not None and step.crosses


def _effect(record: Proved, views: Views) -> bool:
    """Whether it has effect in its own node's log."""
    own = views.get(record.home, {}).get(record.id)
    return own is not None and own.entry.effect


def _both_sides(effective: Sequence[Proved], views: Views, directory: Directory) -> set[str]:
    """The logs of all nodes that acted, and of the node that was asked."""
    origins = {r.home for r in effective}
    for record in effective:
        addressee = getattr(views[record.home][record.id].entry.body, "addressee", None)
        if addressee is not None:
            origins.add(directory.node_for(addressee.authority).origin)
    return origins
