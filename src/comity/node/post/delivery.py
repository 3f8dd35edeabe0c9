"""A delivery: records, proofs and keys of exhibits on their way to one node, sealed and in an envelope.

What is inside is for the receiving node alone (HPKE); who sent it is sealed outside, so that a stranger is turned away
before anything is opened. The message's identifier, sender and recipient are bound into the envelope.

Left to others: sending and retrying (`mailbox`), judging what was delivered (`inbox`).
"""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec

from comity.docket.directory import Directory, NodeEntry
from comity.docket.logged import Logged
from comity.docket.record import SealedRecord
from comity.errors import Malformed, NotAdmitted, Unverified
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.canonical import canonical
from comity.signing.envelope import EnvelopeKey, EnvelopePublic, open_envelope, read_head, seal_envelope
from comity.signing.keys import PrivateKey
from comity.signing.seal import check_seal, seal

MAX_DELIVERY = 12 * 1024 * 1024  # bytes of the whole message
MOST_ITEMS = 64
T = TypeVar("T")


class ExhibitKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key of one exhibit and the name of its ciphertext, to be fetched from the sender."""

    exhibit: str
    blob: str
    key: str  # base64url


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing delivered: a record with its proof, or only the proof that our log holds the peer's record."""

    kind: Literal["record", "proof"]
    record: str
    sealed: SealedRecord | None = None
    logged: Logged
    keys: tuple[ExhibitKey, ...] = ()


class Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is in the envelope."""

    items: tuple[Item, ...]


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What crosses the wire."""

    format: Literal["comity-delivery/1"] = "comity-delivery/1"
    id: str
    sender: str
    recipient: str
    at: str
    envelope: str  # base64url
    seal: str


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What became of one item at the receiver. ``done``: it need not come again; ``retry``: something is missing."""

    record: str
    kind: str
    done: bool
    retry: bool = False
    problem: str = ""


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The receiver's answer to a delivery, one outcome per item."""

    outcomes: tuple[Outcome, ...]


def wrap(
    items: tuple[Item, ...], sender: NodeEntry, recipient: NodeEntry, message_id: str, at: str, key: PrivateKey
) -> bytes:
    """The message that carries ``items``."""
    if not recipient.envelopes:
        raise NotAdmitted(f"The node {recipient.id} publishes no envelope key.", "Obtain its Party's current file.")
    public = EnvelopePublic.from_text(recipient.envelopes[-1])
    plain = canonical(Contents(items))
    envelope = to_base64url(seal_envelope(plain, public, sender.id, recipient.id, message_id))
    unsealed = Message(id=message_id, sender=sender.id, recipient=recipient.id, at=at, envelope=envelope, seal="")
    return canonical(msgspec.structs.replace(unsealed, seal=seal(canonical(unsealed), key)))


def unwrap(
    data: bytes, own: NodeEntry, keys: tuple[EnvelopeKey, ...], directory: Directory
) -> tuple[Message, Contents]:
    """Check and open a message. Malformed or Unverified otherwise, before anything of it is acted on."""
    if len(data) > MAX_DELIVERY:
        raise Malformed(
            f"The delivery is {len(data)} bytes; {MAX_DELIVERY} are taken.", "Send fewer records at a time."
        )
    message = _decode(data, Message)
    if message.recipient != own.id:
        raise Unverified(f"The delivery is for {message.recipient}, not for {own.id}.", "Send it to its recipient.")
    sender = directory.node(message.sender)
    payload = canonical(msgspec.structs.replace(message, seal=""))
    kid = check_seal(message.seal, payload, lambda k: directory.seal_key_now(k, sender.id))
    if directory.node_by_seal(kid).id != sender.id:
        raise Unverified(f"The delivery's seal is not one of {sender.id}.", "Obtain the sender's current Party file.")
    envelope = from_base64url(message.envelope, "The envelope")
    wanted = read_head(envelope)[1]
    key = next((k for k in keys if k.public.kid == wanted), None)
    if key is None:
        raise Unverified(
            f"The envelope is for the key {wanted}, which this node does not hold.", "Use the current key."
        )
    contents = _decode(open_envelope(envelope, key, message.sender, message.recipient, message.id), Contents)
    if not 1 <= len(contents.items) <= MOST_ITEMS:
        raise Malformed(f"A delivery carries 1 to {MOST_ITEMS} items.", "Send fewer records at a time.")
    return message, contents


def _decode(data: bytes, kind: type[T]) -> T:
    try:
        value = msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise Malformed(f"This is not a delivery: {exc}", "Send it as it was written; compare versions.") from exc
    if canonical(value) != data:
        raise Malformed("The delivery is not in canonical form.", "Send the bytes exactly as they were written.")
    return value
