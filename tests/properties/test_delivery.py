"""No altered record, proof or delivery is accepted: one byte of the message, or one value anywhere inside it."""

from __future__ import annotations

import copy
import secrets
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from comity.errors import ComityError
from comity.node.post.delivery import Contents, Message
from comity.signing.base64url import to_base64url
from comity.signing.canonical import canonical
from comity.signing.envelope import EnvelopePublic, seal_envelope
from comity.signing.seal import seal
from comity.tlog.note import Verifier
from tests.node import matters
from tests.node.lying_peer import Liar
from tests.node.nodes import Nodes


@pytest.fixture(scope="module")
def liar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Liar]:
    nodes = Nodes(tmp_path_factory.mktemp("altered"))
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.sent(nodes, de)
    de.publisher.publish()
    yield Liar(nodes, de, fr)
    nodes.close()


@pytest.fixture(scope="module")
def message(liar: Liar) -> bytes:
    own = liar.node.registrar.docket(matters.DOCKET).entries
    return liar.message(*(liar.item(e.id) for e in own))


@pytest.fixture(scope="module")
def contents(liar: Liar) -> Any:
    """One item as plain data, its checkpoint without signatures that the receiver's policy does not ask for."""
    first = liar.node.registrar.docket(matters.DOCKET).entries[0].id
    item = liar.item(first)
    logged = item.logged
    assert logged.earlier is not None
    earlier = msgspec.structs.replace(logged.earlier, note=asked_for_only(liar, logged.earlier.note))
    logged = msgspec.structs.replace(logged, proof=asked_for_only(liar, logged.proof), earlier=earlier)
    item = msgspec.structs.replace(item, logged=logged)
    return msgspec.json.decode(canonical(Contents((item,))))


def asked_for_only(liar: Liar, note: str) -> str:
    """A note without the log's post-quantum signature, which the receiver's policy does not ask for."""
    log = Verifier.parse(liar.nodes.keys["DE"].log_vkeys[0]).vkey
    key_id = b64encode(log.key_id).decode()[:5]
    lines = note.splitlines(keepends=True)
    needless = [x for x in lines if x.startswith(f"— {log.name} ") and not x.split(" ")[2].startswith(key_id)]
    assert len(needless) == 1
    return "".join(x for x in lines if x not in needless)


def wrap_raw(liar: Liar, plain: bytes) -> bytes:
    """Any bytes, properly sealed and in an envelope: what a peer that lies inside can send."""
    name, sender, to = secrets.token_hex(16), liar.node.entry, liar.to.entry
    public = EnvelopePublic.from_text(to.envelopes[-1])
    envelope = to_base64url(seal_envelope(plain, public, sender.id, to.id, name))
    bare = Message(id=name, sender=sender.id, recipient=to.id, at="2026-12-04T16:10:00Z", envelope=envelope, seal="")
    return canonical(msgspec.structs.replace(bare, seal=seal(canonical(bare), liar.key)))


@given(st.data())
def test_a_message_with_one_byte_changed_is_not_believed(liar: Liar, message: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(message) - 1))
    changed = bytearray(message)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ComityError):
        liar.to.inbox.receive(bytes(changed))
    assert liar.to.store.dockets("request") == []


@given(st.data())
def test_a_truncated_or_extended_message_is_not_believed(liar: Liar, message: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(message) - 1))
    for wrong in (message[:cut], message + data.draw(st.binary(min_size=1, max_size=9))):
        with pytest.raises(ComityError):
            liar.to.inbox.receive(wrong)
    assert liar.to.store.dockets("request") == []


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something can be changed: every value at every depth."""
    if path:
        yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from places(member, (*path, name))


def altered(value: Any, data: st.DataObject) -> Any:
    """The value with one thing changed, removed or doubled."""
    changed = copy.deepcopy(value)
    path = data.draw(st.sampled_from(list(places(changed))))
    assume(path != ("items",))  # the same item twice is no alteration either
    holder = changed
    for name in path[:-1]:
        holder = holder[name]
    old = holder[path[-1]]
    if data.draw(st.integers(0, 4)) == 0:
        # A section may be withheld: that is no alteration, and gives no effect (tests/node/test_inbox.py).
        assume(path[:-1] != ("items", 0, "sealed", "sections"))
        del holder[path[-1]]
    elif isinstance(old, str) and old:
        at = data.draw(st.integers(0, len(old) - 1))
        holder[path[-1]] = old[:at] + data.draw(st.sampled_from("aZ0 \n—é")) + old[at + data.draw(st.integers(0, 1)) :]
    elif isinstance(old, list) and old:
        holder[path[-1]] = data.draw(st.sampled_from([old[:-1], old + old[:1], old[::-1]]))
    else:
        holder[path[-1]] = data.draw(st.sampled_from([None, True, False, 0, 1, "", "x", []]))
    return changed


@given(st.data())
def test_an_item_with_one_value_changed_enters_nothing(liar: Liar, contents: Any, data: st.DataObject) -> None:
    changed = altered(contents, data)
    assume(changed != contents)
    try:
        outcomes = liar.to.inbox.receive(wrap_raw(liar, canonical(changed))).outcomes
    except ComityError:
        outcomes = ()
    assert liar.to.store.dockets("request") == [], changed
    assert not any(o.done for o in outcomes)


def test_unaltered_it_is_believed(tmp_path_factory: pytest.TempPathFactory) -> None:
    nodes = Nodes(tmp_path_factory.mktemp("honest"))
    de, fr = nodes.open("DE"), nodes.open("FR")
    matters.sent(nodes, de)
    de.publisher.publish()
    honest = Liar(nodes, de, fr)
    first = de.registrar.docket(matters.DOCKET).entries[0].id
    plain = canonical(Contents((honest.item(first),)))
    assert all(o.done for o in fr.inbox.receive(wrap_raw(honest, plain)).outcomes)
    nodes.close()
