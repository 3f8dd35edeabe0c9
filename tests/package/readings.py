"""Small readings of a package's contents and of a verdict, shared by the tests of the check. Holds no test."""

from __future__ import annotations

from dataclasses import replace

from comity.package.contents import PackageContents, PackagedRecord
from comity.package.verdict import Verdict
from tests.package import samples as s
from tests.world import World


def of(contents: PackageContents, step: str) -> PackagedRecord:
    return next(r for r in contents.records if r.sealed.record.step == step)


def swapped(contents: PackageContents, old: PackagedRecord, *new: PackagedRecord) -> PackageContents:
    kept = [r for r in contents.records if r.id != old.id]
    return replace(contents, records=(*kept, *new))


def good() -> tuple[PackageContents, World]:
    sides, _ = s.good()
    return sides.contents(), sides.world


def what(verdict: Verdict) -> str:
    return " / ".join(f"{p.where}: {p.what}" for p in verdict.problems)
