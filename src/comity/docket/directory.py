"""The directory: who is who in each Party, as its signed Party file says.

A Party file names the Party's authorities and their competences, its nodes with their seal and envelope keys and their
logs, its judiciary's root, the credentials of its officials and its oversight bodies. It is signed by the Party's root,
which is kept offline; a node pins that root. Judges' credentials count only when the judiciary's root signed them: a
node's operator cannot make up a judge (ARCHITECTURE, hand and seal).

Left to others: standing legal data of a Party (`comity.law`), trust in logs and witnesses (`comity.tlog.policy`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from comity.docket.claims import Claims, must_own
from comity.docket.node_entry import LOG_SPAN
from comity.docket.node_entry import NodeEntry as NodeEntry  # callers look for what a directory holds here
from comity.docket.party_file import Authority as Authority
from comity.docket.party_file import Competence as Competence
from comity.docket.party_file import OversightBody as OversightBody
from comity.docket.party_file import PartyFile as PartyFile
from comity.docket.party_file import Revocation as Revocation
from comity.docket.party_file import open_party_file as open_party_file
from comity.docket.party_file import sign_party_file as sign_party_file
from comity.errors import ComityError, Malformed, NotFound, Unverified
from comity.signing.credential import Credential, check_credential, read_unverified
from comity.signing.keys import PublicKey
from comity.signing.roots import Root, Roots, chain_of
from comity.signing.trust import KeyHistory
from comity.tlog.policy import Policy

T = TypeVar("T")
JUDICIAL_ROLES = frozenset({"judge", "investigating_judge"})


@dataclass(frozen=True, slots=True)
class Official:
    """A named official as certified: role, authority and Party come from the credential, never from the record."""

    kid: str
    holder: str
    role: str
    authority: str
    party: str
    key: PublicKey
    valid_from: date | None
    valid_until: date | None
    certified_by: str  # "judiciary" or "party"

    def valid_on(self, day: date) -> bool:
        """Whether the credential is in force on ``day``."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day <= self.valid_until)


class Directory:
    """All Party files a node or verifier trusts, indexed. Immutable after construction."""

    def __init__(self, files: Mapping[str, tuple[PartyFile, Root]]) -> None:
        """``files`` maps a Party's code to its file and the root it was checked against."""
        self.files = {code: file for code, (file, _) in files.items()}
        self._officials: dict[str, Official] = {}
        self._authorities: dict[str, tuple[str, Authority]] = {}
        self._nodes: dict[str, tuple[str, NodeEntry]] = {}
        self._logs: dict[str, tuple[str, NodeEntry]] = {}
        self._by_authority: dict[str, NodeEntry] = {}
        self._seals: dict[str, tuple[NodeEntry, KeyHistory]] = {}
        self._revoked: dict[tuple[str, str], int] = {}
        claims = Claims()
        for code, (file, root) in files.items():
            chains = _chains(file, root)
            _claim(code, file, chains, claims)
            self._index(code, file)
            self._index_credentials(code, file, chains, claims)
            self._index_revocations(code, file)

    def _index(self, code: str, file: PartyFile) -> None:
        for authority in file.authorities:
            self._authorities[authority.id] = (code, authority)
        for node in file.nodes:
            self._nodes[node.id] = (code, node)
            self._logs.update(dict.fromkeys(node.origins, (code, node)))
            self._by_authority.update(dict.fromkeys(node.authorities, node))
            history = KeyHistory(node.seals)
            self._seals.update({entry.kid: (node, history) for entry in node.seals})

    def _index_credentials(self, code: str, file: PartyFile, chains: _Chains, claims: Claims) -> None:
        offices = _offices(file)
        for text in file.credentials:
            claimed = _role_claimed(text)
            judicial = claimed in JUDICIAL_ROLES
            credential = _by_one_of(chains["judiciary" if judicial else "party"], text)
            if credential.party != code or credential.role != claimed:
                raise Unverified(
                    f"The Party file of {code} carries a credential of Party {credential.party}.",
                    "Ask the Party for a corrected file.",
                )
            must_own(code, "the authority", (credential.authority,), offices, "Ask the Party for a corrected file.")
            claims.take(code, "key", (credential.kid,))
            self._officials[credential.kid] = Official(
                kid=credential.kid,
                holder=credential.holder,
                role=credential.role,
                authority=credential.authority,
                party=code,
                key=PublicKey.from_text(credential.key),
                valid_from=credential.valid_from,
                valid_until=credential.valid_until,
                certified_by="judiciary" if judicial else "party",
            )

    def _index_revocations(self, code: str, file: PartyFile) -> None:
        """A Party revokes its own officials' keys in its own logs; of two revocations the earlier counts."""
        hands = [kid for kid, official in self._officials.items() if official.party == code]
        kept = "A Party revokes its own officials' keys, and keeps their credentials: acts before it stand."
        must_own(code, "the key", (r.kid for r in file.revocations), hands, kept)
        logs = "An official's acts stand in the logs of the Party's own nodes: name one of them."
        own = [origin for node in file.nodes for origin in node.origins]
        must_own(code, "the log", (r.origin for r in file.revocations), own, logs)
        for revocation in file.revocations:
            if revocation.position < 0:
                raise Malformed(f"The key {revocation.kid} is revoked below position 0.", "Positions count from 0.")
            node = self._logs[revocation.origin][1]
            place = (revocation.kid, node.id)
            number = node.origins.index(revocation.origin) * LOG_SPAN + revocation.position
            self._revoked[place] = min(number, self._revoked.get(place, number))

    def official(self, kid: str) -> Official:
        """The official whose key this is; Unverified when no trusted Party file certifies it."""
        try:
            return self._officials[kid]
        except KeyError:
            raise Unverified(
                f"The hand's key {kid} is certified by no Party file known here.",
                "Have it certified (judges: by the judiciary's root), the Party file published, and trusted here: "
                "comity init trust; a node takes a new Party file when it is restarted.",
            ) from None

    def revoked_at(self, kid: str, node: NodeEntry) -> int | None:
        """The number (`NodeEntry.number`) in the logs of ``node`` from which a hand's key is void, or None."""
        return self._revoked.get((kid, node.id))

    def authority(self, authority_id: str) -> Authority:
        """The authority; NotFound when no Party file names it."""
        return self._find(self._authorities, authority_id, "authority")[1]

    def party_of(self, authority_id: str) -> str:
        """The Party an authority belongs to."""
        return self._find(self._authorities, authority_id, "authority")[0]

    def node(self, node_id: str) -> NodeEntry:
        """The node called ``node_id``."""
        return self._find(self._nodes, node_id, "node")[1]

    def node_for(self, authority_id: str) -> NodeEntry:
        """The node that serves an authority; NotFound when none does."""
        try:
            return self._by_authority[authority_id]
        except KeyError:
            raise NotFound(
                f"No node serves the authority {authority_id!r}.",
                "Check the identifier, or obtain the Party's current file.",
            ) from None

    def find_node(self, authority_id: str) -> NodeEntry | None:
        """The node that serves an authority, or None."""
        return self._by_authority.get(authority_id)

    def nodes(self) -> Iterable[NodeEntry]:
        """Every node of every Party."""
        return [node for _, node in self._nodes.values()]

    def origins(self) -> dict[str, str]:
        """The Party that keeps each log."""
        return {origin: code for origin, (code, _) in self._logs.items()}

    def node_of(self, origin: str) -> NodeEntry:
        """The node that keeps a log; NotFound when none does."""
        return self._find(self._logs, origin, "log")[1]

    def bounded(self, origin: str, policy: Policy) -> Policy:
        """A policy for a log, with what its Party file says of the log's keys and end; as it is for an unknown log."""
        found = self._logs.get(origin)
        return policy if found is None else policy.bounded(found[1].log(origin).bounds)

    def seal_key(self, kid: str, number: int) -> PublicKey:
        """The seal key ``kid`` if it counted at ``number`` of its node's logs; Unverified, saying why, otherwise."""
        return self._sealed_by(kid)[1].valid_at(kid, number, "seal")

    def seal_key_now(self, kid: str, node_id: str) -> PublicKey:
        """A seal key of ``node_id`` that was neither rotated out nor revoked: for messages, which have no position."""
        node, history = self._sealed_by(kid)
        entry = next(e for e in node.seals if e.kid == kid)
        if node.id != node_id or entry.until_position is not None or entry.revoked_position is not None:
            raise Unverified(f"The key {kid} is not a current seal of {node_id}.", "Use the node's current seal key.")
        return history.valid_at(kid, entry.from_position, "seal")

    def node_by_seal(self, kid: str) -> NodeEntry:
        """The node whose seal key this is."""
        return self._sealed_by(kid)[0]

    def _sealed_by(self, kid: str) -> tuple[NodeEntry, KeyHistory]:
        try:
            return self._seals[kid]
        except KeyError:
            raise Unverified(
                f"The seal's key {kid} belongs to no node in the Party files known here.",
                "Obtain the sender's current Party file and check its root.",
            ) from None

    def competence(self, authority_id: str, role: str, instrument: str, measure: str, day: date) -> Competence | None:
        """The competence by which an authority may act in ``role``, or None."""
        file = self.files.get(self._authorities.get(authority_id, ("", None))[0])
        held = file.competences if file is not None else ()
        return next((c for c in held if c.authority == authority_id and c.covers(role, instrument, measure, day)), None)

    @staticmethod
    def _find(table: Mapping[str, T], key: str, what: str) -> T:
        try:
            return table[key]
        except KeyError:
            raise NotFound(
                f"There is no {what} {key!r} in the Party files known here.", "Check the identifier."
            ) from None


def _offices(file: PartyFile) -> list[str]:
    return [*(a.id for a in file.authorities), *(b.id for b in file.oversight)]


_Chains = Mapping[str, tuple[Roots, ...]]


def _chains(file: PartyFile, root: Root) -> _Chains:
    """All roots that Party and judiciary ever had, oldest first. Unverified, Malformed."""
    judiciary = Roots.from_text(file.judiciary_root)
    chains = {
        "party": chain_of(root, file.root_changes, file.party, "party"),
        "judiciary": chain_of(judiciary, file.judiciary_changes, file.party, "judiciary"),
    }
    if chains["judiciary"][-1] != judiciary:
        raise Unverified("The judiciary's root is not the last of its changes.", "Ask for a corrected file.")
    return chains


def _by_one_of(chain: tuple[Roots, ...], text: str) -> Credential:
    """The credential, signed by the root in force, or by one before it whose certificates the Party still publishes."""
    for roots in chain[:-1]:
        with suppress(ComityError):
            return check_credential(text, roots, None)
    return check_credential(text, chain[-1], None)


def _claim(code: str, file: PartyFile, chains: _Chains, claims: Claims) -> None:
    """Claim every name and key of a Party file. Unverified when another's, or its own twice."""
    if file.party != code:
        raise Unverified(f"The file of {code} is that of {file.party}.", "Ask for the right one.")
    for chain in chains.values():
        claims.take(code, "key", sorted(frozenset().union(*(roots.kids for roots in chain))))
    claims.take(code, "authority", _offices(file))
    vkeys = (vkey for b in file.oversight for vkey in (b.witness_vkey, b.mirror_vkey))
    claims.take(code, "witness", (vkey for vkey in vkeys if vkey))
    mine = [a.id for a in file.authorities]
    for node in file.nodes:
        claims.take(code, "node", (node.id,))
        claims.take(code, "log", node.origins)
        claims.take(code, "log key", (vkey for log in node.logs for vkey in log.vkeys))
        for log in node.logs:
            log.check()
        claims.take(code, "key", (*(entry.kid for entry in node.seals), *node.envelopes))
        must_own(code, "the authority", node.authorities, mine, "A node serves authorities of its own Party.")


def _role_claimed(text: str) -> str:
    """The role a credential claims, before it is verified: it only decides which root must have signed it."""
    return read_unverified(text).role
