"""The publisher: signs the log's tree at a fixed cadence, has it cosigned, and publishes it with the quorum.

Derived and repeatable: killed at any point, it signs the same or a larger tree next time. It keeps what it signs in
`last_signed` before the note leaves, and stops for good when a witness saw another history.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from comity.errors import ComityError, Conflict, Tampered, Unreachable, Unverified
from comity.node.clock import Clock
from comity.node.door.admission import moment
from comity.node.keeping.last_signed import LastSigned
from comity.node.log.act_log import ActLog
from comity.node.log_lines import get_logger
from comity.node.publishing.cosigning import Cosigning, Witnesses
from comity.node.watched import Watched
from comity.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from comity.tlog.cosignature import MLDSACosigner, verifier_for
from comity.tlog.note import SignatureLine, Signer, add_lines
from comity.tlog.policy import KnownWitness, Policy
from comity.tlog.tree import Tree

_log = get_logger(__name__)
_STOP = "Do not sign. Restore the leaves from a mirror. If the key was stolen: comity init successor --help."
HURRY = 1.0  # seconds from an emergency to its checkpoint
LogSigner = Signer | MLDSACosigner


def next_tick(due: float, now: float, cadence: float) -> float:
    """The tick after the one that was ``due``, on one grid and not before ``now`` (seconds of one clock): when the next
    checkpoint comes does not tell how long this one took, or that one was missed."""
    return due + cadence * max(1, math.ceil((now - due) / cadence))


class Publisher:
    """Publishes the node's log, whichever that is now. The policies are the node's own: whose cosignatures it waits for
    before it publishes."""

    def __init__(
        self, log: ActLog, last: LastSigned, signers: Mapping[str, Sequence[LogSigner]],
        policies: Mapping[str, Policy], clock: Clock, witnesses: Witnesses, *, cadence: float, renew_after: float,
    ) -> None:  # fmt: skip
        """``signers`` and ``policies`` by origin; ``cadence`` and ``renew_after`` (when an unchanged tree is cosigned
        anew) in seconds."""
        self._logbook, self._last, self._signers, self._policies = log, last, signers, policies
        self._clock, self._cadence, self._renew_after = clock, cadence, renew_after
        self._witnesses, self._cosigning = witnesses, Cosigning(witnesses, log.consistency)
        self._stop, self._hurried = threading.Event(), threading.Event()
        self.thread = Watched("publisher", self._run)
        self._published_at = 0.0
        self.before: Callable[[], object] = lambda: None  # called at every tick; the padder listens
        self.published: Callable[[], None] = lambda: None  # told after every checkpoint; the mailbox listens
        self.failure = ""

    @property
    def _policy(self) -> Policy:
        return self._policies[self._logbook.origin]

    def start(self) -> None:
        """Begin the cadence."""
        self.thread.start()

    def hurry(self) -> None:
        """An emergency was entered: a checkpoint comes within a second, beside the grid; such leaves are public."""
        self._hurried.set()

    def stop(self) -> None:
        """End after the checkpoint in hand."""
        self._stop.set()
        self._hurried.set()
        self.thread.join(30)
        self._cosigning.stop()

    def _run(self) -> None:
        due = time.monotonic() + self._cadence
        while not self._stop.is_set():
            if self._hurried.wait(max(0.0, due - time.monotonic())):
                self._stop.wait(min(HURRY, self._cadence))  # whoever floods with emergencies gets no more than this
                self._hurried.clear()
            else:
                due = next_tick(due, time.monotonic(), self._cadence)
            if self._stop.is_set():
                return
            self.thread.round(self._round)
            if self.failure:
                return

    def _round(self) -> None:
        try:
            self.before()
            self.publish()
        except (Tampered, Conflict) as exc:
            self.failure = self.failure or str(exc)
            _log.critical("log.refuses_to_sign", reason=str(exc))
        except ComityError as exc:
            _log.warning("log.not_published", reason=str(exc))

    def publish(self) -> bool:
        """Sign and publish the tree as it stands; False when there is nothing new. Raises without a quorum.

        After a contradiction (Tampered, Conflict) nothing is signed any more until a person has restarted the node.
        """
        if self.failure:
            raise Tampered(self.failure, "Restart the node when oversight has looked into it.")
        try:
            return self._publish()
        except (Tampered, Conflict) as exc:
            self.failure = str(exc)
            raise

    def begin(self) -> None:
        """Before the door opens: publish the tree as it stands, so that what is entered from now on has a checkpoint
        from just before it. Without witnesses it is tried again at the cadence."""
        try:
            self.publish()
        except ComityError as exc:
            _log.warning("log.not_published", reason=str(exc))

    def begun(self, origin: str) -> bytes:
        """The empty tree of a log about to begin, signed and cosigned: its witnesses follow it.

        Raises without a quorum, and Unverified for a log without a policy here.
        """
        policy, empty = self._policies.get(origin), Checkpoint(origin, 0, Tree().root())
        if policy is None:
            raise Unverified(f"This node has no policy for the log {origin}.", "Run comity init trust here.")
        note = self._sign(empty)
        cosigned = add_lines(note, self._cosigning.round(policy, empty, note, threading.Event())[0])
        policy.check(cosigned, int(self._clock().timestamp()), None)
        return cosigned

    def ask(self, policy: Policy, checkpoint: Checkpoint, note: bytes) -> list[SignatureLine]:
        """Cosignatures of a checkpoint of any log kept here; an emergency cuts the asking short."""
        return self._cosigning.round(policy, checkpoint, note, self._hurried)[0]

    def sign_off(self) -> None:
        """Sign the tree as it stands, so that the guard knows it at the next start. No witness is asked."""
        tree = self._logbook.tree
        if tree.size and not self.failure:
            self._sign(Checkpoint(self._logbook.origin, tree.size, tree.root()))

    def _sign(self, checkpoint: Checkpoint) -> bytes:
        now = int(self._clock().timestamp())
        signers = self._signers.get(checkpoint.origin, ())
        if not any(isinstance(s, Signer) for s in signers):
            raise Tampered(
                f"No key here that is in force signs the log {checkpoint.origin}.",
                "Restore the key folder, or publish the key: comity init rotate-log --help.",
            )
        note = sign_checkpoint(checkpoint, [s if isinstance(s, Signer) else s.at(now) for s in signers])
        if checkpoint.size or self._last.get(checkpoint.origin) is None:  # every tree extends the empty one
            self._last.set(checkpoint.origin, checkpoint.size, checkpoint.root, note)
        return note

    def _publish(self) -> bool:
        newest = self._logbook.rows.checkpoint()
        if newest is None:  # the log begins empty: without a checkpoint before it, no leaf has a lower time bound
            self._publish_tree(Tree())
            newest = (0, b"")
        tree = self._logbook.tree
        fresh = self._clock().timestamp() - self._published_at < self._renew_after
        if newest[0] == tree.size and fresh:
            return False
        self._publish_tree(tree)
        self.published()
        return True

    def _publish_tree(self, tree: Tree) -> None:
        now = self._clock().timestamp()
        checkpoint = Checkpoint(self._logbook.origin, tree.size, tree.root())
        note = self._sign(checkpoint)
        cosigned = add_lines(note, self._cosignatures(checkpoint, note))
        self._policy.check(cosigned, int(self._clock().timestamp()), None)
        self._logbook.rows.add_checkpoint(tree.size, cosigned, moment(self._clock()))
        self._published_at = now

    def _cosignatures(self, checkpoint: Checkpoint, note: bytes) -> list[SignatureLine]:
        lines, conflicts = self._cosigning.round(self._policy, checkpoint, note, self._hurried)
        for witness in conflicts:
            self._check_seen(witness)
        return lines

    def _check_seen(self, witness: KnownWitness) -> None:
        """Tampered when the witness holds a checkpoint, signed by this log, that the tree here contradicts.

        A witness that merely says so could stop any log: what it cannot show is not believed, and it counts as absent.
        """
        if (seen := self._shown(witness)) is not None:
            self._compare(witness, seen)

    def _compare(self, witness: KnownWitness, seen: Checkpoint) -> None:
        size = self._logbook.tree.size
        if seen.size > size:
            raise Tampered(
                f"The witness {witness.name} saw {seen.size} leaves; this log has {size}: some were lost.", _STOP
            )
        if self._logbook.root_at(seen.size) != seen.root:
            raise Tampered(
                f"The witness {witness.name} saw another tree of {seen.size} leaves, signed by this log.", _STOP
            )

    def _own_latest(self, witness: KnownWitness) -> Checkpoint:
        """What a witness saw last of this log, under a signature of this log. Malformed, Unverified, Unreachable."""
        answer = self._witnesses.latest(witness, self._logbook.origin)
        if answer.status != 200:
            raise Unreachable(f"The witness {witness.name} answered {answer.status}.", "Ask its operator.")
        own = [verifier_for(log.vkey) for log in self._policy.logs if log.vkey.name == self._logbook.origin]
        return open_checkpoint(answer.body, own, self._logbook.origin)

    def check_witnesses(self) -> None:
        """At start: Tampered when a witness can show more of this log than is here, or another tree of it."""
        asked = tuple(self._policy.witnesses.values())
        with ThreadPoolExecutor(max_workers=len(asked) or 1) as pool:
            for witness, seen in zip(asked, pool.map(self._shown, asked), strict=True):
                if seen is not None:
                    self._compare(witness, seen)

    def _shown(self, witness: KnownWitness) -> Checkpoint | None:
        """As `_own_latest`; None when the witness is silent, or shows nothing that this log signed."""
        try:
            return self._own_latest(witness)
        except ComityError as exc:
            _log.info("witness.shows_nothing", witness=witness.name, reason=str(exc))
            return None
