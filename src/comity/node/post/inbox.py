"""The inbox: what becomes of a delivery. Nothing is entered without proof of logging under this node's own quorum.

The sender's seal is checked before anything is opened, proofs before anything is entered: in the sender's log, under
a fresh quorum, between two checkpoints that leave no room for a false date. What fails is turned away and noted for
oversight; what is authentic goes to the registrar, which assesses it anew. Deliveries may come twice. Only
an emergency is taken before its quorum (`emergency`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from comity.docket.assess import Bench
from comity.docket.directory import NodeEntry
from comity.docket.emergency import is_emergency
from comity.docket.logged import Logged, Place, check_bracket, check_logged, check_not_backdated, log_alone
from comity.docket.record import SealedRecord
from comity.docket.sealing import check_shown
from comity.errors import ComityError, Conflict, Malformed, Unreachable, Unverified
from comity.node.clock import Clock
from comity.node.door.registrar import Entered, Registrar
from comity.node.keeping.peers import PeerCheckpoints
from comity.node.keeping.store import Store
from comity.node.post.contents import Outgoing
from comity.node.post.delivery import Answer, Item, Outcome, unwrap
from comity.node.post.emergency import check_now, hurried, proved_in_full
from comity.signing.base64url import from_base64url
from comity.signing.envelope import EnvelopeKey
from comity.tlog.policy import Policy

_Begun = tuple[Future[Entered], bool] | ComityError | None  # with whether it was taken without its full proof


class Inbox:
    """Receives deliveries for one node. ``policies``: log origin -> the policy this node trusts it by."""

    def __init__(
        self, registrar: Registrar, store: Store, outgoing: Outgoing, bench: Bench, own: NodeEntry,
        envelopes: tuple[EnvelopeKey, ...], policies: Mapping[str, Policy], peers: PeerCheckpoints, clock: Clock, *,
        freshness: int, tolerance: int, emergencies: bool = True,
    ) -> None:  # fmt: skip
        """In seconds, ``freshness``: how old the cosignatures may be; ``tolerance``: what clocks may differ.

        ``emergencies``: whether one is taken on the signature of the sender's log alone.
        """
        self._registrar, self._store, self._outgoing, self._bench = registrar, store, outgoing, bench
        self._own, self._envelopes, self._policies = own, envelopes, policies
        self._peers, self._clock, self._freshness, self._tolerance = peers, clock, freshness, tolerance
        self._emergencies = emergencies

    def receive(self, data: bytes) -> Answer:
        """Take a delivery in. Raises when the message itself is not to be believed; else one outcome per item."""
        try:
            message, contents = unwrap(data, self._own, self._envelopes, self._bench.directory)
        except ComityError as exc:
            self._registrar.note_attempt("exchange", "a delivery", exc.what, exc.code)
            raise
        sender = self._bench.directory.node(message.sender)
        urgent = self._urgent(contents.items, sender)
        begun = [(item, self._begin(item, sender, item.record in urgent)) for item in contents.items]
        return Answer(tuple(self._end(item, outcome, sender) for item, outcome in begun))

    def _urgent(self, items: Sequence[Item], sender: NodeEntry) -> frozenset[str]:
        """The records that may do without a quorum: emergencies that the sender's log signed, what they build on."""

        def holds(item: Item) -> bool:
            try:
                if item.sealed is not None:
                    self._prove_alone(item.sealed, item.logged, sender)
                return item.sealed is not None
            except ComityError:
                return False

        return hurried(items, self._bench, holds) if self._emergencies else frozenset()

    def _begin(self, item: Item, sender: NodeEntry, urgent: bool) -> _Begun:
        """Check an item and hand it to the registrar without waiting, so that a delivery is entered together."""
        try:
            if item.kind == "proof":
                self._take_proof(item, sender)
                return None
            if item.sealed is None or item.sealed.id != item.record:
                raise Malformed("The item does not carry the record it names.", "Deliver the record itself.")
            place, alone = self._place(item.sealed, item.logged, sender, urgent)
            number = sender.number(place.origin, place.position)
            keys = {k.exhibit: _key(k.blob, k.key) for k in item.keys}
            return self._registrar.accept_later(item.sealed, item.logged, number, keys, unproven=alone), alone
        except ComityError as exc:
            return exc

    def _end(self, item: Item, begun: _Begun, sender: NodeEntry) -> Outcome:
        try:
            if isinstance(begun, ComityError):
                raise begun
            if begun is not None and begun[0].result().again and not begun[1]:
                self._in_full(item.record, item.logged, item.sealed)  # taken as an emergency before, perhaps
        except (Conflict, Unreachable) as exc:  # something is missing yet; not the sender's fault
            return Outcome(record=item.record, kind=item.kind, done=False, retry=True, problem=str(exc))
        except ComityError as exc:
            self._registrar.note_attempt("exchange", f"{sender.id}: {item.kind} {item.record[:71]}", exc.what)
            return Outcome(record=item.record, kind=item.kind, done=False, problem=str(exc))
        return Outcome(record=item.record, kind=item.kind, done=True)

    def _take_proof(self, item: Item, sender: NodeEntry) -> None:
        """The proof of a record that is here: of one of ours, or in full of an emergency that came without."""
        sealed = self._outgoing.sealed(item.record)
        place = self._prove(sealed, item.logged, sender)
        if sealed.record.authority in sender.authorities:
            self._check_time(sealed, place)
        self._in_full(item.record, item.logged, sealed)

    def _in_full(self, record: str, logged: Logged, sealed: SealedRecord | None) -> None:
        if sealed is not None:
            proved_in_full(record, logged, sealed.record.docket, self._registrar, self._store)

    def _place(self, sealed: SealedRecord, logged: Logged, sender: NodeEntry, urgent: bool) -> tuple[Place, bool]:
        """Where the record stands in the sender's log, and whether only that log's own signature says so."""
        try:
            place = self._prove(sealed, logged, sender)
        except Unverified:
            if not urgent:
                raise
            return self._prove_alone(sealed, logged, sender), True
        self._check_time(sealed, place)
        return place, False

    def _prove_alone(self, sealed: SealedRecord, logged: Logged, sender: NodeEntry) -> Place:
        """As `_prove`, for an emergency: no quorum and no freshness; the time is bounded as far as witnesses saw."""
        now = int(self._clock().timestamp())
        place = check_logged(sealed, logged, log_alone(self._policy(logged, sender)), now, None)
        step = self._bench.step(sealed.record.step)
        check_shown(sealed.record, logged, step)
        if is_emergency(sealed.record, step):
            check_now(sealed, now)
        self._peers.heard_alone(logged)
        self._check_not_before(sealed, place)
        return place

    def _prove(self, sealed: SealedRecord, logged: Logged, sender: NodeEntry) -> Place:
        policy = self._policy(logged, sender)
        place = check_logged(sealed, logged, policy, int(self._clock().timestamp()), self._freshness)
        check_shown(sealed.record, logged, self._bench.step(sealed.record.step))
        self._peers.see(logged, place)
        return place

    def _policy(self, logged: Logged, sender: NodeEntry) -> Policy:
        if logged.origin not in sender.origins:
            raise Unverified(f"The proof is of {logged.origin}, not of the sender's log.", "Prove it in your own log.")
        policy = self._policies.get(logged.origin)
        if policy is None:
            raise Unverified(f"This node trusts no log {logged.origin}.", "Add its policy to anchors.toml.")
        return policy

    def _check_time(self, sealed: SealedRecord, place: Place) -> None:
        """Neither backdated nor dated ahead, by what the sender shows and by what this node saw of the log before."""
        check_bracket(place, int(sealed.record.time.timestamp()), self._tolerance)
        self._check_not_before(sealed, place)

    def _check_not_before(self, sealed: SealedRecord, place: Place) -> None:
        """Not backdated, as far as witnesses or this node saw the log without the record."""
        claimed = int(sealed.record.time.timestamp())
        for seen in (place.seen_from, self._peers.seen_from(place.origin, place.position)):
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
