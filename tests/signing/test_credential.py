from datetime import date
from typing import Any

import msgspec
import pytest

from comity.errors import Malformed, Unverified
from comity.signing.canonical import canonical
from comity.signing.credential import CREDENTIAL_TYPE, Credential, check_credential, issue_credential, read_unverified
from comity.signing.keys import PrivateKey
from comity.signing.seal import add_signature, sign_document
from tests.signing.samples import ANN, BOB, CAY

JUDGE = Credential(
    kid=ANN.public.kid,
    key=ANN.public.to_text(),
    holder="Judge Example",
    role="judge",
    authority="Court of Example",
    party="XA",
    valid_from=date(2027, 1, 1),
    valid_until=date(2028, 12, 31),
    serial="2027-1",
)
IN_FORCE = date(2027, 6, 1)


def check(text: str, root: PrivateKey = BOB, on: date = IN_FORCE) -> Credential:
    return check_credential(text, root.public, on)


def test_a_credential_of_the_root_checks() -> None:
    assert check(issue_credential(JUDGE, BOB)) == JUDGE
    assert JUDGE.public == ANN.public


def test_nobody_but_the_root_makes_a_judge() -> None:
    text = issue_credential(JUDGE, CAY)
    with pytest.raises(Unverified):
        check(text)
    with pytest.raises(Unverified):
        check(issue_credential(JUDGE, ANN))


def test_a_signature_beside_the_root_s_does_no_harm_and_no_good() -> None:
    text = add_signature(issue_credential(JUDGE, BOB).encode(), CAY, 20_000, CREDENTIAL_TYPE).decode()
    assert check(text) == check(text, root=CAY) == JUDGE
    with pytest.raises(Unverified):
        check(text, root=ANN)


@pytest.mark.parametrize(
    ("on", "valid"),
    [
        (date(2026, 12, 31), False),
        (date(2027, 1, 1), True),
        (date(2028, 12, 31), True),
        (date(2029, 1, 1), False),
    ],
)
def test_both_days_are_included(on: date, valid: bool) -> None:
    text = issue_credential(JUDGE, BOB)
    if valid:
        assert check(text, on=on) == JUDGE
    else:
        with pytest.raises(Unverified):
            check(text, on=on)


def test_reading_unverified_proves_nothing_and_checks_the_shape() -> None:
    assert read_unverified(issue_credential(JUDGE, CAY)) == JUDGE
    with pytest.raises(Malformed):
        read_unverified(signed(b"{}"))


def test_without_a_day_all_but_the_dates_is_checked() -> None:
    assert check_credential(issue_credential(JUDGE, BOB), BOB.public, None) == JUDGE
    with pytest.raises(Unverified):
        check_credential(issue_credential(JUDGE, CAY), BOB.public, None)


def test_dates_may_be_open() -> None:
    open_ended = msgspec.structs.replace(JUDGE, valid_from=None, valid_until=None)
    text = issue_credential(open_ended, BOB)
    assert check(text, on=date(1900, 1, 1)) == check(text, on=date(9999, 12, 31)) == open_ended


@pytest.mark.parametrize(
    "change",
    [
        {"kid": BOB.public.kid},
        {"key": BOB.public.to_text()},
        {"key": "webauthn:AAAA"},
        {"valid_until": date(2026, 1, 1)},
        {"holder": ""},
        {"serial": ""},
    ],
)
def test_a_credential_that_contradicts_itself_is_neither_issued_nor_taken(change: Any) -> None:
    wrong = msgspec.structs.replace(JUDGE, **change)
    with pytest.raises(Malformed):
        issue_credential(wrong, BOB)
    with pytest.raises(Malformed):
        check(sign_document(canonical(wrong), BOB, CREDENTIAL_TYPE).decode())


def signed(payload: bytes, typ: str = CREDENTIAL_TYPE) -> str:
    return sign_document(payload, BOB, typ).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "é",
        signed(canonical(JUDGE), "comity-document+jws"),
        signed(canonical({**msgspec.to_builtins(JUDGE), "extra": 1})),
        signed(canonical({**msgspec.to_builtins(JUDGE), "valid_from": "2027-1-1"})),
        signed(canonical({**msgspec.to_builtins(JUDGE), "serial": 1})),
        signed(canonical(JUDGE) + b" "),
        signed(canonical({**msgspec.to_builtins(JUDGE), "holder": "x" * 20_000})),
    ],
)
def test_other_shapes_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        check(text)
