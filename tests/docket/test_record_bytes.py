"""What is made over a record is made over the same bytes, though each part of it is encoded once."""

from __future__ import annotations

import msgspec
import pytest

from comity.docket.finding import clear
from comity.docket.logged import act_bytes, findings_bytes, signature_bytes
from comity.docket.record import SealedRecord, record_id
from comity.signing.canonical import canonical, canonical_object
from tests.world import Matter, World, seal_payload, to_sent

FINDINGS = (clear("order", "Comity table", "“Quoted”, with \\ and ü."), clear("side", "ETS 30", "", party="DE"))


@pytest.fixture(scope="module")
def records() -> list[SealedRecord]:
    matter = Matter(World())
    to_sent(matter)
    without_hand = msgspec.structs.replace(matter.records[0], hand=None)
    return [*matter.records, without_hand, without_hand.withholding(frozenset({"facts"}))]


def test_parts_joined_are_the_whole_encoded(records: list[SealedRecord]) -> None:
    for sealed in records:
        record, hand = sealed.record, sealed.hand
        assert sealed.id == record_id(record)
        assert sealed.payload == seal_payload(record, hand)
        assert sealed.closed == canonical({"seal": sealed.seal, "record": record, "hand": hand})
        assert signature_bytes(sealed) == canonical({"seal": sealed.seal, "hand": hand})
        act = act_bytes(sealed, findings_bytes(FINDINGS))
        assert act == canonical({"record": record, "findings": list(FINDINGS)})


def test_another_seal_changes_no_other_byte(records: list[SealedRecord]) -> None:
    for sealed in records:
        fresh = msgspec.structs.replace(sealed, seal="another")
        sealed.payload  # noqa: B018  (encoded, then taken along)
        again = sealed.under("another")
        assert again == fresh
        assert (again.id, again.payload, again.closed) == (fresh.id, fresh.payload, fresh.closed)
        assert again.closed != sealed.closed


def test_members_are_joined_in_canonical_order() -> None:
    assert canonical_object(b=b"1", a=b"[]", aa=b"null") == canonical({"aa": None, "b": 1, "a": []})
    assert canonical_object() == canonical({})
    with pytest.raises(UnicodeEncodeError):
        canonical_object(ä=b"1")
