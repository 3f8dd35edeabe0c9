"""Gathering a docket into an evidence package: records, both logs' proofs, exhibits, Party files.

Left to others: the package's form (`comity.package.bag`), who may have it (`comity.web.evidence`).
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from typing import BinaryIO

import msgspec

from comity.docket.docket import Docket
from comity.docket.logged import Logged
from comity.docket.sections import Exhibit
from comity.errors import NotFound
from comity.node.keeping.keys import NodeKeys
from comity.node.node import Node
from comity.package.bag import write_package
from comity.package.contents import PackageContents, PackagedExhibit, PackagedRecord
from comity.proceedings.bodies import Erasure, Production


def package_file(node: Node, docket: Docket, now: datetime) -> BinaryIO:
    """The package of a docket in a file that vanishes when closed.

    NotFound while a proof or an exhibit is still on its way: a package that lacks one would prove less than it seems.
    """
    _check_proofs(node, docket)
    contents = PackageContents(
        docket=docket.id,
        made_by=node.entry.id,
        made_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        law=node.law.version,
        records=tuple(_record(node, e.id) for e in docket.entries),
        exhibits=tuple(_exhibit(node, docket.id, x) for x in _produced(docket).values()),
        party_files=_party_files(node, docket),
    )
    sink = tempfile.TemporaryFile(dir=node.base / node.settings.data)  # noqa: SIM115 - the caller closes it
    try:
        write_package(sink, contents, NodeKeys.load(node.base / node.settings.keys).seal)
        sink.seek(0)
    except BaseException:
        sink.close()
        raise
    return sink


def _record(node: Node, identifier: str) -> PackagedRecord:
    theirs = tuple(msgspec.json.decode(data, type=Logged) for data in node.store.counterproofs(identifier))
    return PackagedRecord(node.sealed(identifier), (node.logged(identifier), *theirs))


def _check_proofs(node: Node, docket: Docket) -> None:
    """From the sending on, both sides' logs must prove every act that has effect."""
    acts = [e for e in docket.entries if e.effect]
    steps = [node.bench.step(e.step) for e in acts]
    if not any(step is not None and step.crosses for step in steps):
        return
    waiting = [e for e in acts if not node.store.counterproofs(e.id)]
    if waiting:
        raise NotFound(
            f"The other side's proof of {len(waiting)} acts has not arrived yet, first of {waiting[0].step}.",
            "Wait until its log has confirmed them, then ask again.",
        )


def _produced(docket: Docket) -> dict[str, Exhibit]:
    """What was produced with effect and not erased since."""
    bodies = [e.body for e in docket.entries if e.effect]
    erased = {name for b in bodies if isinstance(b, Erasure) for name in b.exhibits}
    produced = [x for b in bodies if isinstance(b, Production) for x in b.exhibits]
    return {x.id: x for x in produced if not {x.id, x.digest} & erased}


def _exhibit(node: Node, docket: str, exhibit: Exhibit) -> PackagedExhibit:
    row = node.store.exhibit_in(docket, exhibit.digest)
    if row is None or not row["present"]:
        raise NotFound(f"The exhibit {exhibit.name} is not in the vault.", "It was erased, or is still on its way.")
    blob, key = row["blob"], row["key"]

    def opened() -> BinaryIO:
        plain = tempfile.TemporaryFile(dir=node.base / node.settings.data)  # noqa: SIM115 - the writer closes it
        node.vault.read(exhibit.digest, blob, key, plain)
        plain.seek(0)
        return plain

    return PackagedExhibit.of(exhibit, opened)


def _party_files(node: Node, docket: Docket) -> dict[str, bytes]:
    folder = node.base / node.settings.parties
    codes = {e.record.party for e in docket.entries}
    codes |= {e.body.addressee.party for e in docket.entries if hasattr(e.body, "addressee")}
    return {code: (folder / f"{code}.json").read_bytes() for code in sorted(codes & set(node.directory.files))}
