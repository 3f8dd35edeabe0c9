"""The registrar: the one door. Nothing is entered but here: verify, admit, assess, enter.

Filings come from three sides: an official's (`file`), a peer's (`accept`), and the node's own acts (`act`). All go
through one queue and one writer thread, which enters what is waiting in one transaction (group commit). What is not
authentic is turned away and noted for oversight; what is authentic but legally wanting is entered with its findings and
has no effect.

Left to others: publishing and delivering what was entered (`publisher`, `mailbox`), keeping (`store`, `vault`).
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from comity.docket.assess import Bench
from comity.docket.docket import Docket
from comity.docket.emergency import EMERGENCY
from comity.docket.finding import Finding
from comity.docket.logged import Logged
from comity.docket.record import Record, SealedRecord, Section
from comity.errors import ComityError, Unreachable
from comity.node.clock import Clock
from comity.node.door.admission import Prepared, Registry
from comity.node.door.filed import Door, Filed
from comity.node.door.notice import Attempts
from comity.node.keeping.batch import Batch
from comity.node.keeping.dockets import Dockets
from comity.node.keeping.store import Store
from comity.node.log import seals
from comity.node.log.act_log import ActLog
from comity.node.log.seals import Made
from comity.node.log_lines import get_logger
from comity.node.watched import Watched
from comity.signing.hand import Hand

_log = get_logger(__name__)
MOST_AT_ONCE = 512  # filings in one transaction


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a filing: where it stands, whether it has effect, every finding. ``again``: it was there before."""

    id: str
    docket: str
    step: str
    position: int
    effect: bool
    findings: tuple[Finding, ...]
    at: str
    again: bool = False


@dataclass(slots=True)
class _Waiting:
    filed: Filed
    answer: Future[Entered] = field(default_factory=Future)


@dataclass(slots=True)
class _Making:
    """Leaves without a record, made when it is their turn; answered with the log's size before and after them."""

    make: Callable[[], Sequence[Made]]
    answer: Future[tuple[int, int]] = field(default_factory=Future)


class Registrar:
    """The one door of a node. Thread-safe; every call blocks until the answer is durable."""

    def __init__(self, store: Store, log: ActLog, dockets: Dockets, registry: Registry, clock: Clock) -> None:
        """``registry`` holds what admission needs: bench, vault, the node's entry and seal."""
        self._store, self._log, self._dockets, self._registry, self._clock = store, log, dockets, registry, clock
        self._queue: queue.SimpleQueue[_Waiting | _Making | None] = queue.SimpleQueue()
        self.thread = Watched("registrar", self._run)
        self._ended = False
        self.failure = ""  # why nothing can be entered at present
        self._attempts = Attempts(self.act, registry.entry.id, clock)
        self.entered: Callable[[list[str]], None] = lambda _: None  # told which dockets changed; the clerk listens
        self.urgent: Callable[[], None] = lambda: None  # told that an emergency was entered; the publisher listens

    @property
    def bench(self) -> Bench:
        """Tables, law and directory that filings are judged by."""
        return self._registry.bench

    def start(self) -> None:
        """Open the door."""
        self.thread.start()

    def stop(self) -> None:
        """Enter what is waiting, then close the door."""
        self._attempts.flush()
        self._queue.put(None)
        self.thread.join(60)

    def file(self, record: Record, hand: Hand | None, sections: dict[str, Section]) -> Entered:
        """File an official's act. It is sealed here, after it was found authentic and admissible.

        Raises Malformed, Unverified, NotAdmitted or Conflict, each with the next step; nothing is entered then.
        """
        sealed = SealedRecord(record=record, hand=hand, seal="", sections=sections)
        return self._submit(Filed(sealed, Door.OFFICIAL))

    def accept(self, sealed: SealedRecord, logged: Logged, position: int) -> Entered:
        """Enter a peer's act, whose place in the peer's log was proved by the caller."""
        return self.accept_later(sealed, logged, position, {}).result()

    def accept_later(
        self, sealed: SealedRecord, logged: Logged, position: int, keys: dict[str, bytes], *, unproven: bool = False
    ) -> Future[Entered]:
        """As `accept`, without waiting. ``keys``: of exhibits produced (name of the ciphertext, then stream key).

        ``unproven``: for an emergency, on the signature of the peer's log alone.
        """
        return self.file_later(Filed(sealed, Door.PEER, logged, position, keys, unproven=unproven))

    def act(self, docket: str, step: str, body: msgspec.Struct, also: tuple[str, ...] = ()) -> Entered:
        """File an act of the node itself. ``also``: records it answers besides the docket's heads."""
        return self._submit(Filed(None, Door.NODE, act=(docket, step, body, also)))

    def docket(self, docket: str) -> Docket:
        """The docket as entered so far."""
        return self._dockets.get(docket)

    def note_attempt(self, door: str, what: str, reason: str, code: str = "") -> None:
        """Note for oversight that something was turned away. Repeats are counted, so a flood stays small.

        ``code``: the error's, where nobody is known yet (`Attempts.note`).
        """
        self._attempts.note(door, what, reason, code)

    def make(self, make: Callable[[], Sequence[Made]]) -> tuple[int, int]:
        """Append leaves without a record (`padding`, `unsealing`); the log's size before and after them.

        ``make`` is called by the writer thread, so that nothing is entered between what it reads and what it makes.
        """
        waiting = _Making(make)
        self._queue_up(waiting)
        return waiting.answer.result()

    def _submit(self, filed: Filed) -> Entered:
        return self.file_later(filed).result()

    def file_later(self, filed: Filed) -> Future[Entered]:
        """Queue a filing without waiting for the answer."""
        waiting = _Waiting(filed)
        self._queue_up(waiting)
        return waiting.answer

    def _queue_up(self, waiting: _Waiting | _Making) -> None:
        if not self.thread.alive:
            raise _closed()
        self._queue.put(waiting)
        if self._ended:  # meanwhile
            self._turn_away()

    def _run(self) -> None:
        taken: list[_Waiting | _Making] = []
        try:
            while taken := self._take():
                for making in (each for each in taken if isinstance(each, _Making)):
                    self._make(making)
                if batch := [each for each in taken if isinstance(each, _Waiting)]:
                    self._enter_all(batch)
        finally:
            self._ended = True
            for waiting in taken:
                _answer_closed(waiting)
            self._turn_away()

    def _turn_away(self) -> None:
        """Answer whoever waits at a door that is closed."""
        with suppress(queue.Empty):
            while True:
                _answer_closed(self._queue.get_nowait())

    def _enter_all(self, batch: list[_Waiting]) -> None:
        """Enter a batch; answer everybody who waits, whatever happens.

        What breaks before anything is on disk has changed nothing, and the door stays open. After that, memory may lag
        behind the disk: the door closes (by raising) until the start checks have read everything again.
        """
        size = self._log.end
        try:
            self._enter(batch)
        except BaseException as exc:
            stored = self._log.end > size
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(_stored() if stored else _stored_nothing(exc))
            if stored or not isinstance(exc, Exception):
                raise
            if not isinstance(exc, ComityError):
                self.thread.failed(exc)
        else:
            self.thread.failure = ""

    def _make(self, waiting: _Making) -> None:
        start = self._log.end
        try:
            made = waiting.make()
            if made:
                rows = self._registry.session(self._dockets, start, self._clock()).rows(start)
                seals.enter_made(rows, start, made, self._registry.escrow)
                self._append(rows, [each.leaf for each in made])
            self.thread.failure = ""
            waiting.answer.set_result((start, self._log.end))
        except BaseException as exc:
            waiting.answer.set_exception(_stored_nothing(exc))
            if not isinstance(exc, Exception):
                raise
            if not isinstance(exc, ComityError):
                self.thread.failed(exc)

    def _take(self) -> list[_Waiting | _Making]:
        """What waits, after waiting for it; nothing when the door is to be closed."""
        first = self._queue.get()
        if first is None:
            return []
        batch: list[_Waiting | _Making] = [first]
        while len(batch) < MOST_AT_ONCE:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                self._queue.put(None)
                break
            batch.append(following)
        return batch

    def _enter(self, batch: list[_Waiting]) -> None:
        session = self._registry.session(self._dockets, self._log.end, self._clock())
        with suppress(ComityError):  # what is wrong with one docket is told to those who file in it
            session.read_ahead(w.filed.docket for w in batch)
        answers: list[tuple[_Waiting, Prepared]] = []
        for waiting in batch:
            try:
                answers.append((waiting, session.prepare(waiting.filed)))
            except ComityError as exc:
                waiting.answer.set_exception(exc)
            except Exception as exc:  # one filing that breaks the program must not take the others with it
                _log.exception("filing.failed", docket=waiting.filed.docket)
                waiting.answer.set_exception(_stored_nothing(exc))
        if session.prepared:
            self._append(session.rows(self._log.end), [p.leaf for p in session.prepared.values()])
            for docket in session.changed.values():
                self._dockets.put(docket)
            for docket_id in session.erased_from:
                self._dockets.forget(docket_id)
            self._forget(session.batch)
        for waiting, prepared in answers:
            waiting.answer.set_result(_entered(prepared))
        if session.prepared:
            self.entered(list(session.changed))
            if any(row["kind"] == EMERGENCY for row in session.batch.records):
                self.urgent()

    def _append(self, rows: Batch, leaves: list[bytes]) -> None:
        appended = self._log.append(leaves)
        seals.account(self._store, rows, self._log.end + len(leaves))
        rows.leaves, rows.nodes = appended.leaves, appended.nodes
        try:
            self._store.enter(rows)
        except ComityError as exc:
            _log.error("registrar.cannot_enter", reason=str(exc))
            self.failure = exc.what
            raise
        self.failure, self._log.tree = "", appended.tree

    def _forget(self, batch: Batch) -> None:
        """Take the bytes of what was erased off the disk too; what fails here is made good at the next start."""
        try:
            kept = self._store.blob_names() if batch.erase_blobs else set()
            for blob in set(batch.erase_blobs) - kept:  # another docket may hold the same bytes
                self._registry.vault.erase_blob(blob)
            if batch.erase_records or batch.erase_exhibits:
                self._store.forget_pages()
        except Exception:
            _log.exception("erasure.bytes_left")


def _entered(prepared: Prepared) -> Entered:
    entry = prepared.entry
    return Entered(
        id=entry.id,
        docket=entry.record.docket,
        step=entry.step,
        position=prepared.position,
        effect=entry.effect,
        findings=entry.findings,
        at=prepared.at,
        again=prepared.again,
    )


def _closed() -> Unreachable:
    return Unreachable("The registrar is not at work.", "Start the node; nothing was entered.")


def _answer_closed(waiting: _Waiting | _Making | None) -> None:
    if waiting is not None and not waiting.answer.done():
        waiting.answer.set_exception(_closed())


def _stored() -> Unreachable:
    return Unreachable(
        "The filing was entered, but the node had to close its door.",
        "File the same record again when the node was restarted; it is entered once.",
    )


def _stored_nothing(exc: BaseException) -> ComityError:
    if isinstance(exc, ComityError):
        return exc
    return Unreachable(f"The filing could not be stored ({exc}); nothing was entered.", "File the same record again.")
