"""A matter whose post can be held up, and whose nodes can be careless. Holds no test."""

from __future__ import annotations

import dataclasses

from comity.docket.assess import assess
from comity.docket.authenticate import authenticate
from comity.docket.docket import Entry
from comity.docket.record import SealedRecord
from comity.docket.step import Proceeding
from comity.proceedings.tables import PROCEEDINGS
from tests.world import Matter


class Posted(Matter):
    """A matter whose post can be held up: what a side files meanwhile reaches the other only when the post arrives."""

    held = False
    lax = ""  # a Party whose node asks no safeguards, for one filing

    def enter(self, sealed: SealedRecord) -> dict[str, Entry]:
        """Enter where it has arrived."""
        if not self.held:
            return self._enter(sealed, self.parties)
        self.waiting: list[SealedRecord] = [*getattr(self, "waiting", ()), sealed]
        return self._enter(sealed, (sealed.record.party,))

    def arrive(self) -> None:
        """The post comes through."""
        self.held = False
        for sealed in self.waiting:
            self._enter(sealed, tuple(p for p in self.parties if p != sealed.record.party))

    def _enter(self, sealed: SealedRecord, parties: tuple[str, ...]) -> dict[str, Entry]:
        entries, authentic = {}, authenticate(sealed, self.world.directory, 0)
        for party in parties:
            bench = self.world.bench(party)
            if party == self.lax:
                steps = tuple(dataclasses.replace(s, safeguards=()) for s in PROCEEDINGS["request"].steps)
                bench = dataclasses.replace(bench, proceedings={"request": Proceeding("request", "", steps, ())})
            entries[party] = assess(authentic, self.dockets[party], bench)
            self.dockets[party] = self.dockets[party].with_entry(entries[party])
        return entries
