"""Gossip: people hand in the checkpoints they were shown; two that contradict each other are kept and shown to all.

Decides what a note handed in means; the store keeps it, HTTP and flood limits are left to `comity.web.gossip`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, Protocol

from comity.errors import ComityError, NotFound
from comity.tlog.checkpoint import Checkpoint, read_checkpoint
from comity.tlog.contradiction import Contradiction, Trees, find_contradiction, trimmed
from comity.tlog.cosignature import verifier_for
from comity.tlog.note import NoteVerifier
from comity.tlog.policy import Policy

Said = Literal["known", "new", "unproven", "contradiction"]


class GossipStore(Protocol):
    """Where the notes heard and the contradictions found are kept."""

    def notes(self, origin: str, size: int) -> list[tuple[bytes, bool]]:
        """The notes kept of the log at this size (one per root), and those next to it in size, above and below, the
        nearest and the nearest that were compared; each with whether it was."""

    def keep(self, checkpoint: Checkpoint, note: bytes, compared: bool) -> None:
        """Keep a note durably. Raises NotAdmitted when there are too many of the log."""

    def keep_contradiction(self, contradiction: Contradiction) -> None:
        """Keep a contradiction durably. Harmless when it is there."""


class Heard(NamedTuple):
    """What a note means: known already, new and in agreement, not comparable yet, or in contradiction with another."""

    said: Said
    checkpoint: Checkpoint
    contradiction: Contradiction | None = None


@dataclass(frozen=True)
class Gossip:
    """Listens to gossip about ``logs`` (origin to the keys of log and witnesses known for it)."""

    logs: Mapping[str, Sequence[NoteVerifier]]
    trees: Trees

    def hear(self, note: bytes, store: GossipStore) -> Heard:
        """Take in one note. Raises Malformed, NotFound (a log not followed), Unverified (not signed by the log)."""
        checkpoint = read_checkpoint(note)
        verifiers = self.logs.get(checkpoint.origin)
        if verifiers is None:
            raise NotFound("No policy here names the log of this checkpoint.", "Hand it to one who follows that log.")
        kept = store.notes(checkpoint.origin, checkpoint.size)
        if (note, True) in kept:  # cheap before dear: the same bytes again need no signature checked
            return Heard("known", checkpoint)
        note = trimmed(note, verifiers)
        said: Said = "known" if any(read_checkpoint(each) == checkpoint for each, _ in kept) else "new"
        proven = any(compared and read_checkpoint(each) == checkpoint for each, compared in kept)
        tree = cache(self.trees)
        for other, compared in sorted(kept, key=lambda each: abs(read_checkpoint(each[0]).size - checkpoint.size)):
            try:
                found = find_contradiction(other, note, verifiers, tree)
            except ComityError:
                if compared and not proven:  # what could not be compared itself is no yardstick
                    said = "unproven"
                continue
            if found is not None:
                store.keep_contradiction(found)  # and the note not among those heard: what came first is compared with
                return Heard("contradiction", checkpoint, found)
        store.keep(checkpoint, note, said != "unproven")
        return Heard(said, checkpoint)


def followed(policies: Sequence[Policy]) -> dict[str, list[NoteVerifier]]:
    """The logs that these policies name, each with its keys and those of the policies' witnesses."""
    logs: dict[str, list[NoteVerifier]] = {}
    for policy in policies:
        witnesses = [verifier_for(witness.vkey) for witness in policy.witnesses.values()]
        for log in policy.logs:
            known = logs.setdefault(log.vkey.name, [])
            known += [each for each in (verifier_for(log.vkey), *witnesses) if each not in known]
    return logs
