"""Asking a policy's witnesses for their cosignatures: all at once, so that one that hangs holds nobody up.

A round ends when every witness has answered, or the quorum and a moment for the others; and at once, with what there
is, when an emergency waits to be signed. A witness that has not answered the last round yet is not asked again. What
its answer is worth to this log is left to `publisher`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from comity.errors import ComityError, Conflict, Unreachable
from comity.node.log_lines import get_logger
from comity.tlog.checkpoint import Checkpoint
from comity.tlog.cosignature import verifier_for
from comity.tlog.note import SignatureLine
from comity.tlog.policy import KnownWitness, Policy
from comity.tlog.witness import Answer, build_add_checkpoint, read_answer

_log = get_logger(__name__)
GRACE = 0.5  # seconds for the other witnesses, once the quorum has cosigned
PATIENCE = 0.5  # seconds that an emergency waits for a round; so a flood of them cannot keep a quorum away
LOOK = 0.1  # seconds between two looks whether one waits
MOST = 32  # witnesses asked at the same time
Lines = tuple[SignatureLine, ...]


class Witnesses(Protocol):
    """How a checkpoint reaches a witness. HTTP in a node; tests bring witnesses in memory."""

    def add_checkpoint(self, witness: KnownWitness, body: bytes) -> Answer:
        """Post an add-checkpoint request. Raises Unreachable."""

    def latest(self, witness: KnownWitness, origin: str) -> Answer:
        """Ask what the witness saw last of ``origin``. Raises Unreachable."""


class Cosigning:
    """Asks the witnesses of one node's logs. ``consistency``: of a log (origin), that one size extends another."""

    def __init__(self, witnesses: Witnesses, consistency: Callable[[str, int, int], Sequence[bytes]]) -> None:
        self._witnesses, self._consistency = witnesses, consistency
        self._sizes: dict[tuple[str, str], int] = {}  # by origin and witness: what it saw last, as far as we know
        self._asked: dict[str, Future[Lines]] = {}  # by witness, the one that has not answered yet
        self._pool = ThreadPoolExecutor(max_workers=MOST, thread_name_prefix="witness")

    def stop(self) -> None:
        """Ask nobody any more; an answer that still comes is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def round(
        self, policy: Policy, checkpoint: Checkpoint, note: bytes, hurried: threading.Event
    ) -> tuple[list[SignatureLine], list[KnownWitness]]:
        """Cosignatures of ``note``, and the witnesses that say the log contradicts what they saw (Conflict)."""
        asked = {self._ask(each, checkpoint, note): each for each in policy.witnesses.values() if each.url}
        lines, conflicts, present = list[SignatureLine](), list[KnownWitness](), set[str]()
        for future in self._answered(asked, policy, present, hurried):
            witness = asked[future]
            try:
                lines.extend(future.result())
                present.add(witness.name)
            except Conflict as exc:
                conflicts.append(witness)
                _log.warning("witness.not_believed", witness=witness.name, reason=str(exc))
            except ComityError as exc:
                _log.warning("witness.no_cosignature", witness=witness.name, reason=str(exc))
            except Exception:  # whatever one witness brings about, the others' cosignatures count
                _log.exception("witness.no_cosignature", witness=witness.name)
        return lines, conflicts

    def _answered(
        self, asked: Mapping[Future[Lines], KnownWitness], policy: Policy, present: set[str], hurried: threading.Event
    ) -> Iterable[Future[Lines]]:
        """The answers as they come, until enough are there (``present``) or an emergency must not wait."""
        open_, enough, start = set(asked), False, time.monotonic()
        while open_:
            done, open_ = wait(open_, timeout=GRACE if enough else LOOK, return_when=FIRST_COMPLETED)
            yield from sorted(done, key=list(asked).index)
            late = time.monotonic() - start > PATIENCE and hurried.is_set()
            if not done and (enough or late):
                break
            enough = bool(present) and policy.satisfied(present)
        for future in open_:
            _log.warning("witness.no_cosignature", witness=asked[future].name, reason="It has not answered yet.")

    def _ask(self, witness: KnownWitness, checkpoint: Checkpoint, note: bytes) -> Future[Lines]:
        last = self._asked.get(witness.name)
        if last is not None and not last.done():
            busy: Future[Lines] = Future()
            busy.set_exception(Unreachable(f"The witness {witness.name} has not answered yet.", "Ask its operator."))
            return busy
        asked = self._asked[witness.name] = self._pool.submit(self._cosignature, witness, checkpoint, note)
        return asked

    def _cosignature(self, witness: KnownWitness, checkpoint: Checkpoint, note: bytes) -> Lines:
        """Ask one witness; follow its 409 once, from the size it is at."""
        verifiers, known = [verifier_for(witness.vkey)], (checkpoint.origin, witness.name)
        old = min(self._sizes.get(known, 0), checkpoint.size)
        for _ in range(2):
            hashes = self._consistency(checkpoint.origin, old, checkpoint.size)
            body = build_add_checkpoint(old, hashes, note)
            answer = read_answer(self._witnesses.add_checkpoint(witness, body), checkpoint.encode(), verifiers)
            if not isinstance(answer, int):
                self._sizes[known] = checkpoint.size
                return answer
            if answer > checkpoint.size or answer == old:
                raise Conflict(f"The witness {witness.name} says that it saw {answer} leaves.", "Ask its operator.")
            old = answer
        raise Unreachable(f"The witness {witness.name} keeps answering another size.", "Ask its operator.")
