"""The directory: who is who in each Party, as its signed Party file says.

A Party file names the Party's authorities and their competences, its nodes with their seal and envelope keys and their
logs, its judiciary's root, the credentials of its officials and its oversight bodies. It is signed by the Party's root,
which is kept offline; a node pins that root. Judges' credentials count only when the judiciary's root signed them: a
node's operator cannot make up a judge (ARCHITECTURE, hand and seal).

Left to others: standing legal data of a Party (`comity.law`), trust in logs and witnesses (`comity.tlog.policy`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import msgspec

from comity.docket.claims import Claims, must_own
from comity.errors import Malformed, NotFound, Unverified
from comity.signing.canonical import canonical
from comity.signing.credential import check_credential, read_unverified
from comity.signing.keys import PrivateKey, PublicKey
from comity.signing.seal import open_document, sign_document
from comity.signing.trust import KeyEntry, KeyHistory

T = TypeVar("T")
JUDICIAL_ROLES = frozenset({"judge", "investigating_judge"})
MAX_PARTY_FILE = 4 * 1024 * 1024


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Common settings of the parts of a Party file."""


class Authority(_Part, frozen=True, kw_only=True):
    """An authority. ``kind`` as in `comity.law.schema.MeasureRule`; ``territory``: ISO 3166-2 or empty."""

    id: str
    names: dict[str, str]
    kind: str
    territory: str = ""
    time_zone: str = ""


class Competence(_Part, frozen=True, kw_only=True):
    """What an authority may do: issue, validate, execute, transmit. ``*`` stands for all instruments or measures."""

    authority: str
    role: str
    instruments: tuple[str, ...]
    measures: tuple[str, ...] = ("*",)
    provision: str = ""
    since: date | None = None
    until: date | None = None

    def covers(self, role: str, instrument: str, measure: str, day: date) -> bool:
        """Whether it covers this act on this day."""
        dated = (self.since is None or self.since <= day) and (self.until is None or day <= self.until)
        return (
            dated
            and self.role == role
            and ("*" in self.instruments or instrument in self.instruments)
            and ("*" in self.measures or measure in self.measures)
        )


class NodeEntry(_Part, frozen=True, kw_only=True):
    """A node: where it answers, whom it serves, its seal keys, envelope keys (text form) and log (origin, vkeys)."""

    id: str
    url: str
    authorities: tuple[str, ...]
    seals: tuple[KeyEntry, ...]
    envelopes: tuple[str, ...]
    origin: str
    log_vkeys: tuple[str, ...]


class OversightBody(_Part, frozen=True, kw_only=True):
    """An oversight body: its witness's vkey and address, if it runs one."""

    id: str
    names: dict[str, str]
    witness_vkey: str = ""
    witness_url: str = ""


class Revocation(_Part, frozen=True, kw_only=True):
    """A hand's key that is void from ``position`` of the log ``origin`` on. Acts before it stand."""

    kid: str
    origin: str
    position: int
    reason: str = ""


class PartyFile(_Part, frozen=True, kw_only=True):
    """What a Party publishes, signed. ``version`` only grows; ``judiciary_root`` is an ``ed25519:`` key."""

    format: str = "comity-party/1"
    party: str
    version: int
    issued: date
    names: dict[str, str]
    judiciary_root: str
    authorities: tuple[Authority, ...]
    competences: tuple[Competence, ...]
    nodes: tuple[NodeEntry, ...]
    credentials: tuple[str, ...]
    oversight: tuple[OversightBody, ...] = ()
    revocations: tuple[Revocation, ...] = ()


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


def sign_party_file(party_file: PartyFile, root: PrivateKey) -> bytes:
    """The Party file as it is published: a document signed by the Party's root."""
    return sign_document(canonical(party_file), root)


def open_party_file(data: bytes, root: PublicKey) -> PartyFile:
    """Check the root's signature and read the file. Unverified or Malformed with the next step otherwise."""

    def resolve(kid: str) -> PublicKey:
        if kid != root.kid:
            raise Unverified(
                f"The Party file is signed by key {kid}, not by the pinned root {root.kid}.",
                "Compare the root with what the Party publishes; do not accept the file.",
            )
        return root

    payload, _ = open_document(data, resolve, MAX_PARTY_FILE)
    try:
        return msgspec.json.decode(payload, type=PartyFile)
    except msgspec.MsgspecError as exc:
        raise Malformed(f"The Party file cannot be read: {exc}", "Ask the Party for a current file.") from exc


class Directory:
    """All Party files a node or verifier trusts, indexed. Immutable after construction."""

    def __init__(self, files: Mapping[str, tuple[PartyFile, PublicKey]]) -> None:
        """``files`` maps a Party's code to its file and the root it was checked against."""
        self.files = {code: file for code, (file, _) in files.items()}
        self._officials: dict[str, Official] = {}
        self._authorities: dict[str, tuple[str, Authority]] = {}
        self._nodes: dict[str, tuple[str, NodeEntry]] = {}
        self._by_authority: dict[str, NodeEntry] = {}
        self._seals: dict[str, tuple[NodeEntry, KeyHistory]] = {}
        self._revoked: dict[tuple[str, str], Revocation] = {}
        claims = Claims()
        for code, (file, root) in files.items():
            _claim(code, file, root, claims)
            self._index(code, file)
            self._index_credentials(code, file, root, claims)
            self._index_revocations(code, file)

    def _index(self, code: str, file: PartyFile) -> None:
        for authority in file.authorities:
            self._authorities[authority.id] = (code, authority)
        for node in file.nodes:
            self._nodes[node.id] = (code, node)
            self._by_authority.update(dict.fromkeys(node.authorities, node))
            history = KeyHistory(node.seals)
            self._seals.update({entry.kid: (node, history) for entry in node.seals})

    def _index_credentials(self, code: str, file: PartyFile, root: PublicKey, claims: Claims) -> None:
        judiciary, offices = PublicKey.from_text(file.judiciary_root), _offices(file)
        for text in file.credentials:
            claimed = _role_claimed(text)
            signer = judiciary if claimed in JUDICIAL_ROLES else root
            credential = check_credential(text, signer, None)
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
                certified_by="judiciary" if signer is judiciary else "party",
            )

    def _index_revocations(self, code: str, file: PartyFile) -> None:
        """A Party revokes its own officials' keys in its own logs; of two revocations the earlier counts."""
        hands = [kid for kid, official in self._officials.items() if official.party == code]
        kept = "A Party revokes its own officials' keys, and keeps their credentials: acts before it stand."
        must_own(code, "the key", (r.kid for r in file.revocations), hands, kept)
        logs = "An official's acts stand in the logs of the Party's own nodes: name one of them."
        must_own(code, "the log", (r.origin for r in file.revocations), (n.origin for n in file.nodes), logs)
        for revocation in file.revocations:
            if revocation.position < 0:
                raise Malformed(f"The key {revocation.kid} is revoked below position 0.", "Positions count from 0.")
            known = self._revoked.get((revocation.kid, revocation.origin))
            if known is None or revocation.position < known.position:
                self._revoked[revocation.kid, revocation.origin] = revocation

    def official(self, kid: str) -> Official:
        """The official whose key this is; Unverified when no trusted Party file certifies it."""
        try:
            return self._officials[kid]
        except KeyError:
            raise Unverified(
                f"The hand's key {kid} is certified by no Party file known here.",
                "Have the official's key certified (judges: by the judiciary's root) and the Party file published.",
            ) from None

    def revoked_at(self, kid: str, origin: str) -> int | None:
        """The position in ``origin`` from which a hand's key is void, or None."""
        found = self._revoked.get((kid, origin))
        return found.position if found else None

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
        return {node.origin: code for code, node in self._nodes.values()}

    def seal_key(self, kid: str, position: int) -> PublicKey:
        """The seal key ``kid`` if it was valid at ``position`` of its node's log; Unverified, saying why, otherwise."""
        return self._sealed_by(kid)[1].valid_at(kid, position, "seal")

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


def _claim(code: str, file: PartyFile, root: PublicKey, claims: Claims) -> None:
    """Claim every name and key of a Party file. Unverified when another's, or its own twice."""
    if file.party != code:
        raise Unverified(f"The file of {code} is that of {file.party}.", "Ask for the right one.")
    claims.take(code, "key", (root.kid, PublicKey.from_text(file.judiciary_root).kid))
    claims.take(code, "authority", _offices(file))
    claims.take(code, "witness", (b.witness_vkey for b in file.oversight if b.witness_vkey))
    mine = [a.id for a in file.authorities]
    for node in file.nodes:
        claims.take(code, "node", (node.id,))
        claims.take(code, "log", (node.origin,))
        claims.take(code, "key", (*(entry.kid for entry in node.seals), *node.envelopes))
        must_own(code, "the authority", node.authorities, mine, "A node serves authorities of its own Party.")


def _role_claimed(text: str) -> str:
    """The role a credential claims, before it is verified: it only decides which root must have signed it."""
    return read_unverified(text).role
