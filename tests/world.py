"""A small world for tests: five real Parties with fictitious offices and persons, keys from fixed seeds, sample bodies.

`World` signs real records (compose, hand, seal) and reads its directory from signed Party files; `Matter` takes one
docket forward on both sides through `authenticate` and `assess`. Nothing here is a mock. Holds no test.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any

import msgspec

from comity.docket.assess import Bench, assess
from comity.docket.authenticate import authenticate
from comity.docket.directory import (
    Authority,
    Competence,
    Directory,
    NodeEntry,
    OversightBody,
    PartyFile,
    Revocation,
    open_party_file,
    sign_party_file,
)
from comity.docket.docket import Docket, Entry
from comity.docket.record import Record, SealedRecord, compose, record_id
from comity.docket.sealing import inherited
from comity.docket.sections import Request
from comity.law.book import LawBook, load_law
from comity.proceedings import bodies
from comity.proceedings.tables import PROCEEDINGS
from comity.signing.canonical import canonical
from comity.signing.credential import Credential, issue_credential
from comity.signing.envelope import EnvelopeKey
from comity.signing.hand import Hand, put_hand
from comity.signing.keys import PrivateKey
from comity.signing.seal import seal
from comity.signing.trust import KeyEntry
from comity.tlog.note import Signer as LogSigner
from tests.sample_bodies import (
    account_data,
    authorisation,
    court_order,
    eio_request,
    exhibit,
    preservation_request,
    production,
    reception,
    recognition,
    refusal,
    text,
)

__all__ = [
    "DAY",
    "NOON",
    "OFFICES",
    "Matter",
    "Who",
    "World",
    "account_data",
    "authorisation",
    "court_order",
    "days_after",
    "eio_request",
    "exhibit",
    "origin",
    "preservation_request",
    "production",
    "reception",
    "recognition",
    "refusal",
    "seal_payload",
    "seed",
    "text",
    "to_authorised",
    "to_sent",
]

DAY = date(2026, 12, 4)
NOON = datetime(2026, 12, 4, 12, 0, tzinfo=UTC)
OFFICES = {
    "DE": ("Staatsanwaltschaft Musterstadt", "Amtsgericht Musterstadt", "Kontaktstelle Musterstadt"),
    "FR": ("Parquet de Villemodèle", "Tribunal judiciaire de Villemodèle", "Point de contact de Villemodèle"),
    "ES": ("Fiscalía de Villamuestra", "Juzgado de Villamuestra", "Punto de contacto de Villamuestra"),
    "NL": ("Parket Voorbeeldstad", "Rechtbank Voorbeeldstad", "Contactpunt Voorbeeldstad"),
    "IE": ("Office of Prosecutions, Sampletown", "District Court of Sampletown", "Contact point of Sampletown"),
}
"""Prosecutor, court and contact point of each Party. Their ids: ``de-prosecutor``, ``de-court``, ``de-contact``."""

STAFF = (
    ("prosecutor", "prosecutor", "Prosecutor"),
    ("prosecutor", "officer", "Officer"),
    ("court", "judge", "Judge"),
    ("contact", "officer", "Duty officer"),
)


def seed(name: str) -> bytes:
    """32 bytes that depend on nothing but the name."""
    return sha256(f"comity test {name}".encode()).digest()


def seal_payload(record: Record, hand: Hand | None) -> bytes:
    """The bytes under a seal, as whoever writes another program makes them."""
    return canonical({"hand": hand, "record": record})


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who signs: holder, role, authority and Party as their credential says, and their key."""

    holder: str
    role: str
    authority: str
    party: str
    key: PrivateKey


class World:
    """Five Parties, their offices, officials and nodes. People are asked for as ``world.who("DE", "judge")``."""

    def __init__(
        self, *, law: LawBook | None = None, revocations: dict[str, tuple[Revocation, ...]] | None = None
    ) -> None:
        self._law = law
        self._revocations = revocations or {}
        self.people: dict[tuple[str, str, str], Who] = {}
        for party, offices in OFFICES.items():
            names = dict(zip(("prosecutor", "court", "contact"), offices, strict=True))
            for office, role, title in STAFF:
                holder, authority = f"{title} of {names[office]}", f"{party.lower()}-{office}"
                key = PrivateKey.from_seed(seed(f"hand {authority} {role}"))
                self.people[party, office, role] = Who(holder, role, authority, party, key)

    @cached_property
    def law(self) -> LawBook:
        """The packaged law."""
        return self._law or load_law()

    def who(self, party: str, role: str, office: str = "") -> Who:
        """The official of a Party with this role; ``office`` tells the two officers apart.

        default: the prosecutor's.
        """
        return self.people[party, office or {"judge": "court"}.get(role, "prosecutor"), role]

    def root(self, party: str) -> PrivateKey:
        """The Party's root, which signs its Party file and its officials' credentials."""
        return PrivateKey.from_seed(seed(f"root {party}"))

    def judiciary(self, party: str) -> PrivateKey:
        """The root of the Party's judiciary, which alone certifies its judges."""
        return PrivateKey.from_seed(seed(f"judiciary {party}"))

    def node_key(self, party: str) -> PrivateKey:
        """The seal key of the Party's node."""
        return PrivateKey.from_seed(seed(f"seal {party}"))

    def envelope_key(self, party: str) -> EnvelopeKey:
        """The envelope key of the Party's node."""
        return EnvelopeKey("x25519", seed(f"envelope {party}"))

    def log_key(self, party: str) -> LogSigner:
        """The signer of the log of the Party's node."""
        return LogSigner.from_seed(origin(party), seed(f"log {party}"))

    def party_file(self, party: str) -> PartyFile:
        """What the Party publishes, unsigned."""
        mine = [w for w in self.people.values() if w.party == party]
        return PartyFile(
            party=party,
            version=1,
            issued=date(2026, 1, 1),
            names={"en": party},
            judiciary_root=self.judiciary(party).public.to_text(),
            authorities=_authorities(party),
            competences=_competences(party),
            nodes=(self._node(party),),
            credentials=tuple(self._credential(w) for w in mine),
            oversight=(OversightBody(id=f"{party.lower()}-oversight", names={"en": f"Oversight body of {party}"}),),
            revocations=self._revocations.get(party, ()),
        )

    @cached_property
    def directory(self) -> Directory:
        """All five Party files, signed by their roots and read back under them."""
        files = {}
        for party in OFFICES:
            root = self.root(party)
            files[party] = (open_party_file(sign_party_file(self.party_file(party), root), root.public), root.public)
        return Directory(files)

    def bench(self, assessor: str) -> Bench:
        """What ``assessor`` judges with."""
        return Bench(PROCEEDINGS, self.law, self.directory, assessor)

    def sign(
        self,
        step: str,
        body: msgspec.Struct,
        docket: Docket,
        who: Who | str,
        at: datetime = NOON,
        answers: tuple[str, ...] | None = None,
        sealed_until: date | None = None,
    ) -> SealedRecord:
        """A sealed record of ``step`` answering the docket's heads, by an official's hand or by the node of a Party.

        Sealed as the docket is, or until ``sealed_until``.
        """
        party = who if isinstance(who, str) else who.party
        record, sections = compose(
            docket=docket.id,
            step=step,
            answers=tuple(sorted(docket.heads)) if answers is None else answers,
            party=party,
            authority=f"{party.lower()}-prosecutor" if isinstance(who, str) else who.authority,
            role="node" if isinstance(who, str) else who.role,
            at=at,
            body=body,
            sealed_until=sealed_until or inherited(self.bench(party).step(step), docket, at.date()),
        )
        hand = None if isinstance(who, str) else put_hand(record_id(record), who.key)
        return SealedRecord(
            record=record,
            hand=hand,
            seal=self.seal(record, hand, party),
            sections=sections,
        )

    def seal(self, record: Record, hand: Any, party: str) -> str:
        """The seal of a Party's node over record and hand."""
        return seal(seal_payload(record, hand), self.node_key(party))

    def _credential(self, who: Who) -> str:
        signer = self.judiciary(who.party) if who.role == "judge" else self.root(who.party)
        return issue_credential(
            Credential(
                kid=who.key.public.kid,
                key=who.key.public.to_text(),
                holder=who.holder,
                role=who.role,
                authority=who.authority,
                party=who.party,
                valid_from=date(2025, 1, 1),
                valid_until=date(2030, 12, 31),
                serial=f"{who.authority}-{who.role}",
            ),
            signer,
        )

    def _node(self, party: str) -> NodeEntry:
        key, name = self.node_key(party).public, f"{party.lower()}-node"
        entry = KeyEntry(kid=key.kid, key=key.to_text(), use="seal", authority=name, from_position=0)
        return NodeEntry(
            id=name,
            url=f"https://{party.lower()}.example",
            authorities=tuple(a.id for a in _authorities(party)),
            seals=(entry,),
            envelopes=(self.envelope_key(party).public.to_text(),),
            origin=origin(party),
            log_vkeys=(self.log_key(party).vkey.encode(),),
        )


def origin(party: str) -> str:
    """The origin of a Party's log."""
    return f"{party.lower()}.example/log"


def _authorities(party: str) -> tuple[Authority, ...]:
    kinds = {"prosecutor": "public_prosecutor", "court": "court", "contact": "contact_point_24_7"}
    return tuple(
        Authority(id=f"{party.lower()}-{office}", names={"en": name}, kind=kind)
        for (office, kind), name in zip(kinds.items(), OFFICES[party], strict=True)
    )


def _competences(party: str) -> tuple[Competence, ...]:
    held = {
        "prosecutor": ("issue", "transmit", "execute"),
        "court": ("issue", "validate", "execute"),
        "contact": ("issue", "transmit", "execute"),
    }
    return tuple(
        Competence(
            authority=f"{party.lower()}-{office}",
            role=role,
            provision="Test Act s 1",
            instruments=("budapest",) if office == "contact" else ("*",),
            measures=("preserve_data",) if office == "contact" else ("*",),
        )
        for office, roles in held.items()
        for role in roles
    )


class Matter:
    """One docket between two Parties, each assessing every record for itself."""

    def __init__(self, world: World, docket: str = "request:test-1", parties: tuple[str, str] = ("DE", "FR")) -> None:
        self.world = world
        self.dockets = {p: Docket(docket) for p in parties}
        self.parties = parties
        self.records: list[SealedRecord] = []
        self._position = 0

    @property
    def docket(self) -> Docket:
        """The docket as the requesting Party sees it."""
        return self.dockets[self.parties[0]]

    def file(
        self, step: str, body: msgspec.Struct, who: Who | str, at: datetime = NOON, sealed_until: date | None = None
    ) -> dict[str, Entry]:
        """Sign a record and enter it on both sides; the entry each side made of it, by Party."""
        own = self.dockets[who if isinstance(who, str) else who.party]
        return self.enter(self.world.sign(step, body, own, who, at, sealed_until=sealed_until))

    def enter(self, sealed: SealedRecord) -> dict[str, Entry]:
        """Authenticate and assess a sealed record on both sides and fold it into both dockets."""
        authentic = authenticate(sealed, self.world.directory, self._position)
        self._position += 1
        self.records.append(sealed)
        entries = {}
        for party, docket in self.dockets.items():
            entry = assess(authentic, docket, self.world.bench(party))
            self.dockets[party] = docket.with_entry(entry)
            entries[party] = entry
        return entries

    def latest(self, *steps: str) -> Entry:
        """The latest effective entry of these steps; fails the test when there is none."""
        entry = self.docket.latest(*steps)
        assert entry is not None, f"no effective {', '.join(steps)}"
        return entry


def days_after(days: int, start: datetime = NOON) -> datetime:
    """A moment some days after ``start``."""
    return start + timedelta(days=days)


def to_authorised(matter: Matter, request: Request | None = None, parties: Iterable[str] = ("DE", "FR")) -> Entry:
    """Draft and authorise; the authorisation as the requesting Party entered it."""
    asking = next(iter(parties))
    world = matter.world
    draft = matter.file("request.draft", request or eio_request(), world.who(asking, "prosecutor"))[asking]
    return matter.file("request.authorise", authorisation(draft), world.who(asking, "judge"))[asking]


def to_sent(matter: Matter, request: Request | None = None) -> Entry:
    """Draft, authorise and send; the sending as the requesting Party entered it."""
    authorised = to_authorised(matter, request)
    body = bodies.Transmission(request=authorised.body.request, authorisation=authorised.id)
    return matter.file("request.send", body, matter.world.who("DE", "prosecutor"))["DE"]
