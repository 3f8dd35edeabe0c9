"""What a node tells of its records: with their sections as far as the reader may see, and the proof of its own log."""

from __future__ import annotations

from comity.docket.assess import Bench
from comity.docket.directory import NodeEntry
from comity.docket.logged import Earlier, Logged
from comity.docket.record import SealedRecord
from comity.errors import NotAuthorised, NotFound
from comity.node.keeping.dockets import Dockets, read_findings
from comity.node.keeping.store import Store
from comity.node.keeping.vault import Vault
from comity.node.log.act_log import ActLog, EarlierProof
from comity.node.post.delivery import ExhibitKey, Item
from comity.proceedings.bodies import Production
from comity.signing.base64url import to_base64url
from comity.tlog.encoding import encode_base64


class Outgoing:
    """Reads records and proofs out of the store, for deliveries and for packages."""

    def __init__(self, store: Store, vault: Vault, log: ActLog, dockets: Dockets, bench: Bench) -> None:
        """Nothing is kept here."""
        self._store, self._vault, self._log, self._dockets, self._bench = store, vault, log, dockets, bench

    def sealed(self, record: str) -> SealedRecord:
        """A record with the sections held. NotFound when it was never entered."""
        row = self._store.record_row(record)
        if row is None:
            raise NotFound(f"There is no record {record[:80]} here.", "Check the identifier.")
        return self._dockets.sealed(row)

    def logged(self, record: str, under: tuple[int, bytes] | None = None) -> Logged:
        """How this node's log proves a record, ``under`` a checkpoint (size, note) or the newest published one.

        NotFound until that covers it.
        """
        row = self._store.record_row(record)
        if row is None:
            raise NotFound(f"There is no record {record[:80]} here.", "Check the identifier.")
        proof, earlier = self._log.bracket(row["position"], under)
        return Logged(
            origin=self._log.place(row["position"])[0].origin,
            kind=row["kind"],
            salt=to_base64url(row["salt"]),
            findings=read_findings(row["findings"]),
            proof=proof.encode().decode(),
            earlier=_earlier(earlier),
        )

    def published(self) -> tuple[int, int]:
        """Where this node's log begins, and the position up to which published checkpoints cover its acts."""
        start, newest = self._log.rows.start, self._log.rows.checkpoint()
        return start, start + (newest[0] if newest is not None else 0)

    def item(self, kind: str, record: str, reader: NodeEntry, under: tuple[int, bytes] | None = None) -> Item:
        """A record without what only its own side may read; or only the proof that we hold the other's record.

        NotAuthorised when ``reader`` is no party to the docket, whatever the outbox says.
        """
        logged, sealed = self.logged(record, under), self.sealed(record)
        if reader.id not in self._store.sides(sealed.record.docket):
            raise NotAuthorised(f"{reader.id} is no party to {sealed.record.docket}.", "Nothing is delivered to it.")
        if kind == "proof":
            return Item(kind="proof", record=record, logged=logged)
        step = self._bench.step(sealed.record.step)
        if step is None or step.readers == "own":
            sealed = sealed.withholding(frozenset(sealed.record.sections))
        return Item(kind="record", record=record, sealed=sealed, logged=logged, keys=self._keys(sealed))

    def _keys(self, sealed: SealedRecord) -> tuple[ExhibitKey, ...]:
        entry = self._dockets.get(sealed.record.docket).by_id.get(sealed.id)
        if entry is None or not isinstance(entry.body, Production):
            return ()
        rows = [row for x in entry.body.exhibits if (row := self._store.exhibit(x.digest)) is not None]
        return tuple(
            ExhibitKey(row["id"], row["blob"], to_base64url(self._vault.unwrap_key(row["id"], row["key"])))
            for row in rows
        )


def _earlier(found: EarlierProof | None) -> Earlier | None:
    if found is None:
        return None
    return Earlier(note=found.note.decode(), consistency=tuple(encode_base64(value) for value in found.hashes))
