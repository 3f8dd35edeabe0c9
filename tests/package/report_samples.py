"""A year of a made-up log: public acts, sealed acts with padding, and certificates with their openings."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import msgspec

from comity.analysis.statistics.certificates import CertificateFacts
from comity.errors import NotFound
from comity.package.report import ActOpening, Openings, PeriodReport, SealedSecrets, make_report, sign_report
from comity.signing.base64url import to_base64url
from comity.signing.canonical import canonical
from comity.signing.digest import section_digest
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.cosignature import Ed25519Cosigner
from comity.tlog.counting import PADDING, blinding_from_salt, commit_count, sum_blindings
from comity.tlog.leaf import ActLeaf, commit
from comity.tlog.note import NoteSigner, Signer
from comity.tlog.policy import Policy
from comity.tlog.tiles import Tile, encode_entries, encode_tile, parse_tile_path, tile_coordinates
from comity.tlog.tree import Tree, leaf_hash

NOW = 1_830_000_000
LOG = Signer.from_seed("node.example/act-log/2027", bytes([7]) * 32)
WITNESS = Ed25519Cosigner.from_seed("oversight.example/witness", bytes([8]) * 32)
POLICY = Policy.parse(f"log {LOG.vkey.encode()}\nwitness w {WITNESS.vkey.encode()}\nquorum w\n")
ENTROPY = bytes(range(32))


def salt(number: int) -> bytes:
    return number.to_bytes(32, "big")


def opening(position: int, facts: CertificateFacts) -> ActOpening:
    fields = dict(msgspec.to_builtins(facts))
    section = section_digest(salt(10**6 + position), "statistics", fields)
    act = canonical({"findings": [], "record": {"sections": {"statistics": section}, "step": "order.issue"}})
    return ActOpening(
        position=position, kind="request", salt=to_base64url(salt(position)), act=act.decode(), signatures="{}",
        section_salt=to_base64url(salt(10**6 + position)), fields=fields,
    )  # fmt: skip


def act_leaf(opened: ActOpening) -> bytes:
    commitment = commit(salt(opened.position), "request", opened.act.encode(), b"{}")
    return ActLeaf("request", commitment).encode()


def sealed_leaf(position: int, kind: str | None) -> bytes:
    count = commit_count(kind, blinding_from_salt(salt(position)))
    commitment = commit(salt(position), kind or PADDING, b"{}", b"{}")
    return ActLeaf("sealed", commitment, "until 2027-09-01", count).encode()


@dataclass
class Year:
    """A log in memory, its secrets, and where the period begins."""

    leaves: list[bytes] = field(default_factory=list)
    acts: list[ActOpening] = field(default_factory=list)
    sealed: dict[int, str | None] = field(default_factory=dict)
    start: int = 0

    def certificate(self, facts: CertificateFacts) -> None:
        opened = opening(len(self.leaves), facts)
        self.acts.append(opened)
        self.leaves.append(act_leaf(opened))

    def seal(self, kind: str | None) -> None:
        self.sealed[len(self.leaves)] = kind
        self.leaves.append(sealed_leaf(len(self.leaves), kind))

    def note(self, size: int) -> bytes:
        tree, _ = Tree().append([leaf_hash(leaf) for leaf in self.leaves[:size]])
        signers: list[NoteSigner] = [LOG, WITNESS.at(NOW)]
        return sign_checkpoint(Checkpoint(LOG.name, size, tree.root()), signers)

    def fetch(self, path: str) -> bytes:
        """The log's tiles, made when asked for."""
        tile: Tile = parse_tile_path(path)
        _, nodes = Tree().append([leaf_hash(leaf) for leaf in self.leaves])
        hashes = {(level, index): value for level, index, value in nodes}
        places = tile_coordinates(tile)
        if any(place not in hashes for place in places):
            raise NotFound(f"There is no {path}.")
        if tile.level is None:
            return encode_entries([self.leaves[index] for _, index in places])
        return encode_tile([hashes[place] for place in places])

    def secrets(self) -> SealedSecrets:
        inside = {position: kind for position, kind in self.sealed.items() if position >= self.start}
        counts: dict[str, int] = {}
        for kind in inside.values():
            counts[kind or PADDING] = counts.get(kind or PADDING, 0) + 1
        return SealedSecrets(counts, sum_blindings(blinding_from_salt(salt(position)) for position in inside))

    def report(self, period: str = "2027") -> tuple[PeriodReport, Openings]:
        start = self.note(self.start) if self.start else b""
        return make_report(
            period, start, self.note(len(self.leaves)), self.leaves[self.start :], self.secrets(), self.acts, ENTROPY
        )


def signed(report: PeriodReport) -> bytes:
    return sign_report(report, [LOG])


def a_year(seed: int = 1, certificates: int = 150) -> Year:
    """Mostly ordinary certificates to two providers, a few of everything else; seven leaves before the period."""
    chance, year = random.Random(seed), Year()
    for _ in range(7):
        year.seal(None)
    year.start = len(year.leaves)
    for number in range(certificates):
        emergency = chance.random() < 0.1
        outcome = chance.choices(["fulfilled", "not-fulfilled", "pending"], [8, 2, 1])[0]
        data = chance.choice(["subscriber", "traffic", "content"])
        notified = chance.random() < (0.0 if data == "subscriber" else 0.8)
        year.certificate(
            CertificateFacts(
                certificate="epoc" if notified or chance.random() < 0.8 else "epoc-pr",
                data=data,  # type: ignore[arg-type]
                addressee=chance.choice(["mail-example", "cloud-example"]),
                emergency=emergency,
                outcome=outcome,  # type: ignore[arg-type]
                minutes=chance.randrange(60, 14_000) if outcome == "fulfilled" else None,
                claimed=chance.randrange(100, 90_000) if number % 3 == 0 else None,
                reimbursed=50 if number % 3 == 0 else None,
                enforcement="transmitted" if outcome == "not-fulfilled" and number % 2 else "",
                notified=notified,
                ground="fundamental-right" if notified and chance.random() < 0.05 else "",
                remedy="issuing" if number % 40 == 0 else "",
            )
        )
        if number % 2:
            year.seal(chance.choice([None, None, "request", "disclosure"]))
    year.seal("refusal")
    year.leaves.append(ActLeaf("key-event", bytes(32)).encode())
    return year
