"""Trust policies (C2SP tlog-policy): which logs are known, and which witnesses must have cosigned a checkpoint.

Reads the policy file and judges a checkpoint by it. What a policy is worth is said by `comity.tlog.policy_lint`; which
policy a recipient chooses is left to its settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from comity.errors import Malformed, Unverified
from comity.tlog.checkpoint import Checkpoint, parse_checkpoint
from comity.tlog.cosignature import timestamp_of, verifier_for
from comity.tlog.note import ED25519, ED25519_COSIGNATURE, MLDSA44, SignatureLine, Vkey, open_note

MAX_POLICY = 1 << 20
MAX_AHEAD = 300  # seconds that the clock of a witness may run ahead of ours
NONE = "none"
_FIX = "Correct the policy file."
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True)
class KnownLog:
    """A log that the policy accepts; the key's name is the log's origin."""

    vkey: Vkey
    url: str | None = None


@dataclass(frozen=True)
class KnownWitness:
    """A witness; ``name`` has meaning inside the policy only."""

    name: str
    vkey: Vkey
    url: str | None = None


@dataclass(frozen=True)
class Group:
    """Witnesses a checkpoint when at least ``threshold`` of its members do."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class CheckedCheckpoint:
    """A checkpoint that a policy accepts; ``cosigned_by``: the policy's witness names, each with its newest time."""

    checkpoint: Checkpoint
    cosigned_by: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Bounds:
    """What is known of a log beside the policy, which has no words for it: where keys and the log itself ended.

    ``terms``: by key id, the smallest and the largest tree that a key may sign. ``last``: the last checkpoint that
    counts.
    """

    terms: Mapping[bytes, tuple[int, int | None]] = field(default_factory=dict)
    last: Checkpoint | None = None

    def allows(self, key_id: bytes, size: int) -> bool:
        """Whether this key of the log may sign a tree of this size."""
        start, end = self.terms.get(key_id, (0, None))
        return start <= size and (end is None or size <= end)


@dataclass(frozen=True)
class Policy:
    """A parsed policy. ``quorum`` is the name of a witness or group, or "none"."""

    logs: tuple[KnownLog, ...]
    witnesses: Mapping[str, KnownWitness]
    groups: Mapping[str, Group]
    quorum: str
    bounds: Bounds = field(default_factory=Bounds)

    def bounded(self, bounds: Bounds) -> Policy:
        """The policy for one log that must also keep to ``bounds``."""
        return replace(self, bounds=bounds)

    @classmethod
    def parse(cls, text: str | bytes) -> Policy:
        """The policy in the file's text. Raises Malformed, naming the line."""
        return _Reading().read(text.encode() if isinstance(text, str) else text)

    def check(self, note: bytes, now: int, max_age: int | None) -> CheckedCheckpoint:
        """The checkpoint in ``note``, if a known log signed it and the quorum cosigned it.

        ``now`` in POSIX seconds. Cosignatures more than 300 s ahead of ``now`` do not count, nor, when ``max_age``
        (seconds) is given, those older: the whole quorum must be fresh, so that one witness cannot refresh an old view.
        Raises Malformed, Unverified.
        """
        logs = [verifier_for(log.vkey) for log in self.logs]
        witnesses = [verifier_for(witness.vkey) for witness in self.witnesses.values()]
        if not logs:
            raise Unverified("The policy names no log.", "Add the log's verifier key to the policy.")
        opened = open_note(note, logs + witnesses)
        checkpoint = parse_checkpoint(opened.text)
        self._check_end(checkpoint)
        max_age = None if checkpoint == self.bounds.last else max_age  # a log that ended is never cosigned anew
        keys = {
            (log.vkey.name, log.vkey.key_id)
            for log in self.logs
            if log.vkey.name == checkpoint.origin and self.bounds.allows(log.vkey.key_id, checkpoint.size)
        }
        if not any((line.name, line.key_id) in keys for line in opened.verified):
            raise Unverified(f"No log of the policy signed this checkpoint of {checkpoint.origin} with a key that "
                             f"counts at {checkpoint.size} leaves.",
                             "Check that the log's verifier key is in the policy and has not been retired.")
        times = self._times(opened.verified)
        counted = {name: time for name, time in times.items() if _timely(time, now, max_age)}
        if not self.satisfied(counted):
            raise Unverified(f"The quorum {self.quorum!r} did not cosign the checkpoint of {checkpoint.origin}; "
                             f"{self._missing(times, counted)}", _NEXT[bool(set(times) - set(counted))])
        return CheckedCheckpoint(checkpoint, sorted(counted.items()))

    def _check_end(self, checkpoint: Checkpoint) -> None:
        last = self.bounds.last
        if last is None or last.origin != checkpoint.origin or checkpoint == last or checkpoint.size < last.size:
            return
        raise Unverified(
            f"The log {checkpoint.origin} ended with {last.size} leaves; this checkpoint has {checkpoint.size} and "
            "another root." if checkpoint.size == last.size else
            f"The log {checkpoint.origin} ended with {last.size} leaves; this checkpoint has {checkpoint.size}.",
            "Keep it as evidence: whoever signed it had the log's key after its end. Tell oversight.",
        )

    def satisfied(self, cosigned: Iterable[str]) -> bool:
        """Whether these witnesses (by their names in the policy) make up the quorum."""
        present = set(cosigned)
        for group in self.groups.values():  # members stand before their group, so one pass suffices
            if sum(member in present for member in group.members) >= group.threshold:
                present.add(group.name)
        return self.quorum == NONE or self.quorum in present

    def evaluate(self, witness: Callable[[str], int], group: Callable[[Group, list[int]], int]) -> int:
        """Folds the tree of groups under the quorum to one number, members before groups; 0 without a quorum."""
        values = {name: witness(name) for name in self.witnesses}
        for name, each in self.groups.items():
            values[name] = group(each, [values[member] for member in each.members])
        return 0 if self.quorum == NONE else values[self.quorum]

    def _times(self, lines: Sequence[SignatureLine]) -> dict[str, int]:
        names = {(each.vkey.name, each.vkey.key_id): each.name for each in self.witnesses.values()}
        times: dict[str, int] = {}
        for line in lines:
            name = names.get((line.name, line.key_id))
            if name is not None:
                times[name] = max(times.get(name, 0), timestamp_of(line.signature))
        return times

    def _missing(self, times: Mapping[str, int], counted: Mapping[str, int]) -> str:
        absent = [_shown(name) for name in self.witnesses if name not in times]
        untimely = [_shown(name) for name in times if name not in counted]
        parts = [f"missing: {', '.join(absent)}"] if absent else []
        parts += [f"too old or ahead of the clock: {', '.join(untimely)}"] if untimely else []
        return "; ".join(parts) + "."


_NEXT = {
    False: "Ask the log for a checkpoint with more cosignatures.",
    True: "Compare the clocks, this one and the witness's; else ask the log for a newer checkpoint.",
}


def _timely(time: int, now: int, max_age: int | None) -> bool:
    return time <= now + MAX_AHEAD and (max_age is None or time >= now - max_age)


class _Reading:
    """A policy file being read, line by line. Octets above 0x7F are opaque, hence Latin-1 inside."""

    def __init__(self) -> None:
        self.logs: list[KnownLog] = []
        self.witnesses: dict[str, KnownWitness] = {}
        self.groups: dict[str, Group] = {}
        self.used: set[str] = set()
        self.keys: dict[bytes, str] = {}
        self.quorum: str | None = None

    def read(self, data: bytes) -> Policy:
        if len(data) > MAX_POLICY:
            raise Malformed(f"The policy has more than {MAX_POLICY} bytes.", _FIX)
        if any((octet < 0x20 and octet not in b"\t\n") or octet == 0x7F for octet in data):
            raise Malformed("The policy holds a control character other than tab and newline.", _FIX)
        if data and not data.endswith(b"\n"):
            raise Malformed("The last line of the policy does not end in a newline.", _FIX)
        for number, line in enumerate(data.decode("latin-1").split("\n"), 1):
            words = re.split("[ \t]+", line.strip(" \t"))
            if words != [""] and not words[0].startswith("#"):
                self._line(number, words)
        if self.quorum is None:
            raise Malformed("The policy has no quorum line.", _FIX)
        return Policy(tuple(self.logs), self.witnesses, self.groups, self.quorum)

    def _line(self, number: int, words: list[str]) -> None:
        readers = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        try:
            if words[0] not in readers:
                raise Malformed("The line begins with none of log, witness, group, quorum.")
            readers[words[0]](words[1:])
        except Malformed as error:
            raise Malformed(f"Line {number} of the policy: {error.what}", _FIX) from error

    def _log(self, words: list[str]) -> None:
        if len(words) not in (1, 2):
            raise Malformed("A log line is: log <vkey> [<url>].")
        vkey = self._vkey(words[0], (ED25519, MLDSA44), f"log {len(self.logs) + 1}")
        self.logs.append(KnownLog(vkey, _utf8(words[1]) if words[1:] else None))

    def _witness(self, words: list[str]) -> None:
        if len(words) not in (2, 3):
            raise Malformed("A witness line is: witness <name> <vkey> [<url>].")
        name = self._new_name(words[0])
        vkey = self._vkey(words[1], (ED25519_COSIGNATURE, MLDSA44), f"witness {_shown(name)}")
        self.witnesses[name] = KnownWitness(name, vkey, _utf8(words[2]) if words[2:] else None)

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise Malformed("A group line is: group <name> all|any|<k> <name>...")
        name, members = self._new_name(words[0]), tuple(_utf8(word) for word in words[2:])
        threshold = {"all": len(members), "any": 1}.get(words[1])
        if threshold is None:
            threshold = int(words[1]) if _NUMBER.fullmatch(words[1]) else 0
        if not 1 <= threshold <= len(members):
            raise Malformed(f"The threshold {_utf8(words[1])!r} is not all, any or a number from 1 to {len(members)}.")
        for member in members:
            self._use(member)
        self.groups[name] = Group(name, threshold, members)

    def _quorum(self, words: list[str]) -> None:
        if len(words) != 1 or self.quorum is not None:
            raise Malformed("There must be one quorum line: quorum <name>.")
        name = _utf8(words[0])
        if name != NONE and name not in self.witnesses and name not in self.groups:
            raise Malformed(f"{name!r} is not defined above.")
        self.quorum = name

    def _use(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise Malformed(f"{name!r} is not defined above.")
        if name in self.used:
            raise Malformed(f"{name!r} is a member twice; it may count in one way only.")
        self.used.add(name)

    def _new_name(self, word: str) -> str:
        name = _utf8(word)
        if name == NONE or name in self.witnesses or name in self.groups:
            raise Malformed(f"The name {name!r} is taken.")
        return name

    def _vkey(self, word: str, algorithms: tuple[int, ...], owner: str) -> Vkey:
        vkey = Vkey.parse(_utf8(word))
        if vkey.algorithm not in algorithms:
            raise Malformed(f"The key of {owner} is of a type that this role cannot use.")
        if vkey.public_key in self.keys:
            raise Malformed(f"{owner} has the same public key as {self.keys[vkey.public_key]}.")
        self.keys[vkey.public_key] = owner
        return vkey


def _shown(name: str) -> str:
    """The name as it can be printed."""
    return name.encode("utf-8", "backslashreplace").decode()


def _utf8(word: str) -> str:
    """The octets as text; names that are no UTF-8 keep their octets as surrogates, which equal only themselves."""
    return word.encode("latin-1").decode("utf-8", "surrogateescape")
