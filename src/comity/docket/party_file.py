"""The Party file: what a Party publishes of itself, signed by its root.

Its authorities and their competences, its nodes (`comity.docket.node_entry`), its judiciary's root, the credentials of
its officials, its oversight bodies, revoked keys and the changes of its roots.

Left to others: what several Party files say together (`comity.docket.directory`), pinning roots (`comity.package`).
"""

from __future__ import annotations

from datetime import date

import msgspec

from comity.docket.node_entry import NodeEntry
from comity.errors import Malformed, Unverified
from comity.signing.canonical import canonical
from comity.signing.keys import Signer
from comity.signing.roots import Root, Roots, chain_of, read_root
from comity.signing.seal import add_signature, sign_document, unverified_payload

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


class OversightBody(_Part, frozen=True, kw_only=True):
    """An oversight body: vkey and address of its witness, and of its mirror (another name and key), if it runs one.

    A mirror is a witness that keeps every leaf. ``envelope``: the key that openings are escrowed to.
    """

    id: str
    names: dict[str, str]
    witness_vkey: str = ""
    witness_url: str = ""
    mirror_vkey: str = ""
    mirror_url: str = ""
    envelope: str = ""


class Revocation(_Part, frozen=True, kw_only=True):
    """A hand's key that is void from ``position`` of the log ``origin`` on. Acts before it stand."""

    kid: str
    origin: str
    position: int
    reason: str = ""


class PartyFile(_Part, frozen=True, kw_only=True):
    """What a Party publishes, signed. ``version`` only grows; ``judiciary_root`` as `comity.signing.roots` writes it.

    The changes are those of the roots, oldest first, each signed by enough of the old and of the new ones.
    """

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
    root_changes: tuple[str, ...] = ()
    judiciary_changes: tuple[str, ...] = ()


def sign_party_file(party_file: PartyFile, root: Signer, *further: Signer) -> bytes:
    """The Party file as it is published: a document signed by the Party's root, or by several holders of it."""
    signed = sign_document(canonical(party_file), root)
    for each in further:
        signed = add_signature(signed, each, MAX_PARTY_FILE)
    return signed


def read_party_file(data: bytes) -> PartyFile:
    """What a Party file claims, nothing verified: for looking, never for relying. Malformed."""
    try:
        return msgspec.json.decode(unverified_payload(data, MAX_PARTY_FILE), type=PartyFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise Malformed(f"The Party file cannot be read: {exc}", "Ask the Party for a current file.") from exc


def open_party_file(data: bytes, root: Root) -> PartyFile:
    """Check the signatures of the Party's root, as it was changed since it was pinned, and read the file.

    Unverified (another root, too few of its holders) or Malformed, with the next step, otherwise.
    """
    file = read_party_file(data)
    chain_of(root, file.root_changes, file.party, "party")[-1].open(data, MAX_PARTY_FILE, "The Party file")
    return file


def check_judiciary(known: str, file: PartyFile) -> None:
    """Unverified when a Party's file names another judiciary's root than was ``known``, to which the judiciary's own
    changes do not lead: who holds the Party's root must not be able to make judges."""
    try:
        led_to = chain_of(read_root(known), file.judiciary_changes, file.party, "judiciary")[-1]
    except Unverified as exc:
        raise _made_up(file.party) from exc
    if led_to != Roots.from_text(file.judiciary_root):
        raise _made_up(file.party)


def _made_up(party: str) -> Unverified:
    return Unverified(
        f"The Party file of {party} names another root of the judiciary, without the old one's signatures.",
        f"Ask the judiciary of {party}, not the Party. If it lost its root, trust the Party anew from an empty folder.",
    )
