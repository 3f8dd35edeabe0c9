"""A log in memory that tests can show, fork, roll back and poison: real leaves, real keys, real tiles."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from comity.errors import NotFound
from comity.node.log.export import export_log, tile_bytes
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.cosignature import Ed25519Cosigner, MLDSACosigner
from comity.tlog.leaf import ActLeaf
from comity.tlog.note import NoteSigner, Signer
from comity.tlog.policy import Policy
from comity.tlog.tiles import parse_tile_path
from comity.tlog.tree import Coordinate, Tree, frontier_of, leaf_hash

NOW = 1_800_000_000
ORIGIN = "node.example/act-log/2027"
LOG = Signer.from_seed(ORIGIN, b"l" * 32)
LOG_PQ = MLDSACosigner.from_seed(ORIGIN, b"L" * 32)
OMBUDSMAN = Ed25519Cosigner.from_seed("ombudsman.example/witness", b"o" * 32)
DPA = Ed25519Cosigner.from_seed("dpa.example/witness", b"d" * 32)
COURT = Ed25519Cosigner.from_seed("court.example/witness", b"c" * 32)
WITNESSES = (OMBUDSMAN, DPA, COURT)
POLICY_TEXT = (
    f"log {LOG.vkey.encode()}\nlog {LOG_PQ.vkey.encode()}\nwitness ombudsman {OMBUDSMAN.vkey.encode()}\n"
    f"witness dpa {DPA.vkey.encode()}\nwitness court {COURT.vkey.encode()}\n"
    "group two 2 ombudsman dpa court\nquorum two\n"
)
POLICY = Policy.parse(POLICY_TEXT)


def commitment(index: int, word: str = "act") -> bytes:
    return sha256(b"%s %d" % (word.encode(), index)).digest()


def act(index: int, kind: str = "request", public: str = "-", word: str = "act") -> bytes:
    return ActLeaf(kind, commitment(index, word), public).encode()


def acts(count: int, word: str = "act") -> list[bytes]:
    return [act(index, word=word) for index in range(count)]


class ShownLog:
    """A log that shows a checkpoint and serves its files; it is a `LogSource` and the rows of an export."""

    def __init__(
        self, leaves: Sequence[bytes], *, at: int = NOW, cosigned: Sequence[Ed25519Cosigner] = WITNESSES
    ) -> None:
        self.entries = list(leaves)
        _, nodes = Tree().append([leaf_hash(leaf) for leaf in self.entries])
        self.nodes = {(level, index): value for level, index, value in nodes}
        self.size = len(self.entries)
        self.note = self.sign(self.size, at, cosigned)
        self.asked: list[str] = []

    def sign(self, size: int, at: int = NOW, cosigned: Sequence[Ed25519Cosigner] = WITNESSES) -> bytes:
        signers: list[NoteSigner] = [LOG, LOG_PQ.at(at), *(each.at(at) for each in cosigned)]
        return sign_checkpoint(Checkpoint(ORIGIN, size, Tree(size, frontier_of(size, self.hashes)).root()), signers)

    def hashes(self, coordinates: Sequence[Coordinate]) -> list[bytes]:
        return [self.nodes[place] for place in coordinates]

    def leaves(self, start: int, end: int) -> list[bytes]:
        return self.entries[start:end]

    def published(self) -> tuple[int, bytes]:
        return self.size, self.note

    def checkpoint(self) -> bytes:
        return self.note

    def fetch(self, path: str) -> bytes:
        self.asked.append(path)
        tile = parse_tile_path(path)
        if (tile.index * 256 + tile.width) << 8 * (tile.level or 0) > self.size:
            raise NotFound(f"There is no {path}.")
        return tile_bytes(tile, Rows(self))

    def write(self, folder: Path) -> Path:
        export_log(Rows(self), folder)
        return folder


class Rows:
    """The rows of a shown log, as a node's store answers."""

    def __init__(self, log: ShownLog) -> None:
        self._log = log

    def checkpoint(self) -> tuple[int, bytes]:
        return self._log.published()

    def leaves(self, start: int, end: int) -> list[bytes]:
        return self._log.leaves(start, end)

    def hashes(self, coordinates: Sequence[Coordinate]) -> list[bytes]:
        return self._log.hashes(coordinates)
