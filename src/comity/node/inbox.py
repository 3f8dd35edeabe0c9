"""The inbox: what becomes of a delivery. Nothing is entered without proof of logging under this node's own quorum.

The sender's seal is checked before anything is opened, proofs before anything is entered: in the sender's log, under
a fresh quorum, between two checkpoints that leave no room for a false date. What fails is turned away and noted for
oversight; what is authentic goes to the registrar, which assesses it anew. Deliveries may come twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

from comity.docket.assess import Bench
from comity.docket.directory import NodeEntry
from comity.docket.logged import Logged, Place, check_bracket, check_logged, check_not_backdated
from comity.docket.record import SealedRecord
from comity.docket.sealing import check_shown
from comity.errors import ComityError, Conflict, Malformed, Unreachable, Unverified
from comity.node.clock import Clock
from comity.node.contents import Outgoing
from comity.node.delivery import Answer, Item, Outcome, unwrap
from comity.node.peers import PeerCheckpoints
from comity.node.registrar import Entered, Registrar
from comity.node.store import Store
from comity.signing.base64url import from_base64url
from comity.signing.canonical import canonical
from comity.signing.envelope import EnvelopeKey
from comity.tlog.policy import Policy


class Inbox:
    """Receives deliveries for one node. ``policies``: log origin -> the policy this node trusts it by."""

    def __init__(
        self, registrar: Registrar, store: Store, outgoing: Outgoing, bench: Bench, own: NodeEntry,
        envelope: EnvelopeKey, policies: Mapping[str, Policy], peers: PeerCheckpoints, clock: Clock, *,
        freshness: int, tolerance: int,
    ) -> None:  # fmt: skip
        """In seconds, ``freshness``: how old the cosignatures may be; ``tolerance``: what clocks may differ."""
        self._registrar, self._store, self._outgoing, self._bench = registrar, store, outgoing, bench
        self._own, self._envelope, self._policies = own, envelope, policies
        self._peers, self._clock, self._freshness, self._tolerance = peers, clock, freshness, tolerance

    def receive(self, data: bytes) -> Answer:
        """Take a delivery in. Raises when the message itself is not to be believed; else one outcome per item."""
        try:
            message, contents = unwrap(data, self._own, (self._envelope,), self._bench.directory)
        except ComityError as exc:
            self._registrar.note_attempt("exchange", "a delivery", exc.what, exc.code)
            raise
        sender = self._bench.directory.node(message.sender)
        begun = [(item, self._begin(item, sender)) for item in contents.items]
        return Answer(tuple(self._end(item, outcome, sender) for item, outcome in begun))

    def _begin(self, item: Item, sender: NodeEntry) -> Future[Entered] | ComityError | None:
        """Check an item and hand it to the registrar without waiting, so that a delivery is entered together."""
        try:
            if item.kind == "proof":
                self._take_proof(item, sender)
                return None
            if item.sealed is None or item.sealed.id != item.record:
                raise Malformed("The item does not carry the record it names.", "Deliver the record itself.")
            place = self._prove(item.sealed, item.logged, sender)
            self._check_time(item.sealed, place)
            keys = {k.exhibit: _key(k.blob, k.key) for k in item.keys}
            return self._registrar.accept_later(item.sealed, item.logged, place.position, keys)
        except ComityError as exc:
            return exc

    def _end(self, item: Item, begun: Future[Entered] | ComityError | None, sender: NodeEntry) -> Outcome:
        try:
            if isinstance(begun, ComityError):
                raise begun
            if begun is not None:
                begun.result()
        except (Conflict, Unreachable) as exc:  # something is missing yet; not the sender's fault
            return Outcome(record=item.record, kind=item.kind, done=False, retry=True, problem=str(exc))
        except ComityError as exc:
            self._registrar.note_attempt("exchange", f"{sender.id}: {item.kind} {item.record[:71]}", exc.what)
            return Outcome(record=item.record, kind=item.kind, done=False, problem=str(exc))
        return Outcome(record=item.record, kind=item.kind, done=True)

    def _take_proof(self, item: Item, sender: NodeEntry) -> None:
        self._prove(self._outgoing.sealed(item.record), item.logged, sender)
        row = {"record": item.record, "origin": item.logged.origin, "logged": canonical(item.logged)}
        self._store.keep_counterproof(row)

    def _prove(self, sealed: SealedRecord, logged: Logged, sender: NodeEntry) -> Place:
        if logged.origin != sender.origin:
            raise Unverified(f"The proof is of {logged.origin}, not of the sender's log.", "Prove it in your own log.")
        policy = self._policies.get(logged.origin)
        if policy is None:
            raise Unverified(f"This node trusts no log {logged.origin}.", "Add its policy to anchors.toml.")
        place = check_logged(sealed, logged, policy, int(self._clock().timestamp()), self._freshness)
        check_shown(sealed.record, logged, self._bench.step(sealed.record.step))
        self._peers.see(logged, place)
        return place

    def _check_time(self, sealed: SealedRecord, place: Place) -> None:
        """Neither backdated nor dated ahead, by what the sender shows and by what this node saw of the log before."""
        claimed = int(sealed.record.time.timestamp())
        check_bracket(place, claimed, self._tolerance)
        seen = self._peers.seen_from(place.origin, place.position)
        if seen is not None:
            check_not_backdated(place.origin, claimed, seen, self._tolerance)


def _key(blob: str, key: str) -> bytes:
    """Name of the ciphertext and stream key as one value for the registrar."""
    try:
        name = bytes.fromhex(blob)
    except ValueError:
        raise Malformed(
            "The name of an exhibit's ciphertext is not hexadecimal.", "Deliver the record again."
        ) from None
    if len(name) != 32:
        raise Malformed("The name of an exhibit's ciphertext has not 32 bytes.", "Deliver the record again.")
    return name + from_base64url(key, "The key of an exhibit")
