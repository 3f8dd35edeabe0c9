"""The mailbox: carries what is in the outbox to peers, at least once, in order, until each item is confirmed.

Rows are claimed with a lease, so that a dead sender's work is taken up again. A peer that is slow, wrong or gone costs
only its own deliveries; they wait, with growing pauses, and are never dropped. Receivers deduplicate by record.

Left to others: what follows at the receiver (`inbox`), what is delivered at all (`consequences`).
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import msgspec

from comity.docket.directory import Directory, NodeEntry
from comity.errors import ComityError, Malformed
from comity.node.clock import Clock
from comity.node.keeping.store import Store
from comity.node.keeping.vault import Vault
from comity.node.log_lines import get_logger
from comity.node.post.contents import Outgoing
from comity.node.post.delivery import MOST_ITEMS, Answer, Item, Outcome, wrap
from comity.node.post.outbox import Due, Outbox
from comity.node.watched import Watched
from comity.signing.canonical import canonical
from comity.signing.keys import PrivateKey

_log = get_logger(__name__)
LONGEST_PAUSE = 3600  # seconds between two tries
MOST_BYTES = 6 * 1024 * 1024  # of the items in one message; base64 and the envelope come on top
MAX_ANSWER = 4 * 1024 * 1024


class Transport(Protocol):
    """How bytes reach a peer. HTTP in a node; tests bring peers that lie, delay, replay and crash."""

    def post(self, node: NodeEntry, data: bytes) -> bytes:
        """Deliver a message and return the answer's body. Raises Unreachable or the problem the peer named."""

    def fetch(self, node: NodeEntry, blob: str) -> Iterator[bytes]:
        """The ciphertext of an exhibit in chunks. Raises Unreachable."""


class Mailbox:
    """Empties the outbox of one node."""

    def __init__(
        self, store: Store, vault: Vault, outgoing: Outgoing, directory: Directory, own: NodeEntry, key: PrivateKey,
        transport: Transport, clock: Clock, *, retry: float, limit: int, lease: float = 60.0,
        signed: Callable[[], tuple[int, bytes] | None] = lambda: None,
    ) -> None:  # fmt: skip
        """``retry`` and ``lease`` in seconds, ``limit`` in bytes of an exhibit. ``signed``: size and note of what the
        node's log signed last, cosigned or not; emergencies go under it."""
        self._store, self._vault, self._outgoing, self._directory = store, vault, outgoing, directory
        self._own, self._key, self._transport, self._clock = own, key, transport, clock
        self._retry, self._limit, self._signed = retry, limit, signed
        self.outbox = Outbox(store, lease)
        self._wake, self._stop = threading.Event(), threading.Event()
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="mailbox")
        self.thread = Watched("mailbox", self._run)

    def start(self) -> None:
        """Begin to deliver. Leases of an earlier life of this node are void: one node, one sender."""
        self.outbox.release()
        self.thread.start()

    def stop(self) -> None:
        """End after the deliveries in hand."""
        self._stop.set()
        self._wake.set()
        self.thread.join(30)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def wake(self) -> None:
        """There may be something to deliver."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(timeout=min(self._retry, 1.0))
            self._wake.clear()
            self.thread.round(self._serve_all)

    def _serve_all(self) -> None:
        for node in self.outbox.nodes_due(self._now()):
            with self._lock:
                if node in self._busy:
                    continue
                self._busy.add(node)
            try:
                self._pool.submit(self._serve, node)
            except RuntimeError:  # no thread for it now: this peer's turn comes again
                with self._lock:
                    self._busy.discard(node)
                raise

    def _serve(self, node: str) -> None:
        try:
            while not self._stop.is_set() and self.deliver(node):
                pass
        except BaseException:  # whatever it is, the others are served; this peer again when its lease lapses
            _log.exception("mailbox.failed", peer=node)
        finally:
            with self._lock:
                self._busy.discard(node)

    def deliver(self, node: str) -> bool:
        """One round to one peer; True when it may be worth another at once."""
        start, published = self._outgoing.published()
        signed, claimed = self._signed(), list[Due]()
        if signed is not None and start + signed[0] > published:
            covered = range(published, start + signed[0])
            claimed = self.outbox.claim_emergencies(node, covered, signed, self._now(), MOST_ITEMS)
        claimed = claimed or self.outbox.claim(node, published, self._now(), MOST_ITEMS)
        if not claimed:
            return False
        fetches = [c for c in claimed if c.kind == "fetch"]
        messages = [c for c in claimed if c.kind != "fetch"]
        try:
            peer = self._directory.node(node)
        except ComityError as exc:
            self._put_off(claimed, str(exc))
            return False
        good = [self._fetch(peer, c) for c in fetches]
        return (self._send(peer, messages) if messages else True) and all(good)

    def _send(self, peer: NodeEntry, claimed: Sequence[Due]) -> bool:
        """Deliver these together, in as many messages as their size asks for."""
        found = [(due, item) for due in claimed if (item := self._item(peer, due)) is not None]
        good = len(found) == len(claimed)
        while found:
            length, size = 1, len(canonical(found[0][1]))
            while length < len(found) and (size := size + len(canonical(found[length][1]))) <= MOST_BYTES:
                length += 1
            part, found = found[:length], found[length:]
            good = self._deliver_items(peer, part) and good
        return good

    def _item(self, peer: NodeEntry, due: Due) -> Item | None:
        """What is due, or None and put off: one that cannot be made must not keep the others."""
        try:
            return self._outgoing.item(due.kind, due.record, peer, due.under)
        except ComityError as exc:
            self._put_off([due], str(exc))
            return None

    def _deliver_items(self, peer: NodeEntry, part: Sequence[tuple[Due, Item]]) -> bool:
        claimed = [due for due, _ in part]
        try:
            answer = self._exchange(peer, tuple(item for _, item in part))
        except ComityError as exc:
            self._put_off(claimed, str(exc))
            return False
        outcomes = {(o.kind, o.record): o for o in answer.outcomes}
        settled = [self._settle(c, outcomes.get((c.kind, c.record))) for c in claimed]  # every one, before judging
        return all(settled)

    def _exchange(self, peer: NodeEntry, items: tuple[Item, ...]) -> Answer:
        at = self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        message = wrap(items, self._own, peer, secrets.token_hex(16), at, self._key)
        data = self._transport.post(peer, message)
        if len(data) > MAX_ANSWER:
            raise Malformed(f"{peer.id} answered {len(data)} bytes.", "It is asked again; tell its operator.")
        try:
            return msgspec.json.decode(data, type=Answer)
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            raise Malformed(f"{peer.id} answered something else: {exc}.", "It is asked again.") from exc

    def _settle(self, due: Due, outcome: Outcome | None) -> bool:
        if outcome is not None and outcome.done:
            self.outbox.done(due) if due.under is None else self.outbox.proof_due(due)
            return True
        problem = outcome.problem if outcome is not None else "The peer did not say what became of it."
        self._put_off([due], problem)
        return False

    def _put_off(self, claimed: Sequence[Due], problem: str) -> None:
        for due in claimed:
            pause = min(self._retry * 2 ** min(due.attempts, 12), LONGEST_PAUSE)
            self.outbox.put_off(due, self._now() + max(1, int(pause)) if pause >= 1 else self._now(), problem)
            _log.warning(
                "delivery.put_off", peer=due.node, record=due.record, attempts=due.attempts + 1, reason=problem
            )

    def _fetch(self, peer: NodeEntry, due: Due) -> bool:
        """Fetch one exhibit's ciphertext and check that its plain bytes are the ones that were produced."""
        row = self._store.exhibit(due.record)
        if row is None:  # erased meanwhile
            self.outbox.done(due)
            return True
        try:
            if not self._vault.has(row["blob"]):
                self._vault.place_blob(self._transport.fetch(peer, row["blob"]), row["blob"], self._limit)
            self._vault.read(due.record, row["blob"], row["key"], _Nowhere())
            self._store.exhibit_arrived(due.record)
        except ComityError as exc:
            self._put_off([due], str(exc))
            return False
        self.outbox.done(due)
        return True

    def _now(self) -> int:
        return int(self._clock().timestamp())


class _Nowhere:
    """A sink that forgets."""

    def write(self, data: bytes, /) -> int:
        return len(data)
