"""Tokens: an official shows who they are by signing, with their own hand key, that they speak to this node now.

A signed document (RFC 7515) of its own type, so that it never passes for a hand or a seal, and a hand never for it. It
names the node and the moment and lives for a minute. Nothing is stored: there is no session and no password.

Left to others: what an official may see (`comity.web.access`), keys (`comity.cli.hands`).
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Literal

import msgspec

from comity.docket.directory import Directory, Official
from comity.errors import ComityError, Malformed, NotAuthorised, Unverified
from comity.signing.base64url import from_base64url, to_base64url
from comity.signing.canonical import canonical, parse_canonical
from comity.signing.hand import Signer
from comity.signing.keys import PublicKey
from comity.signing.seal import open_document, sign_document

SCHEME = "Comity"
TOKEN_TYPE = "comity-token+jws"
LIFE_SECONDS = 60
AHEAD_SECONDS = 30  # how far the official's clock may run ahead of the node's
_LARGEST = 4096
_FORM = "%Y-%m-%dT%H:%M:%SZ"


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is signed: for which node, when (RFC 3339, UTC, whole seconds), and a nonce."""

    format: Literal["comity-token/1"] = "comity-token/1"
    node: str
    at: str
    nonce: str


def make_token(node: str, signer: Signer, now: datetime) -> str:
    """The value of an Authorization header for ``node``. Raises what the signer raises."""
    token = Token(node=node, at=now.astimezone(UTC).strftime(_FORM), nonce=to_base64url(secrets.token_bytes(12)))
    return f"{SCHEME} {to_base64url(sign_document(canonical(token), signer, TOKEN_TYPE))}"


def check_token(header: str, node: str, directory: Directory, now: datetime, number: int) -> Official:
    """The official who signed the token. NotAuthorised, with the next step, for whatever is wrong with it.

    ``number``: of the next leaf in the node's logs. A key revoked at or below it could file nothing more; it reads
    nothing.
    """
    scheme, _, text = header.partition(" ")
    if scheme != SCHEME:
        raise NotAuthorised("This needs an official's token.", "Ask with your own key: comity show --as KEY.")
    try:
        token, official = _open(text, directory)
    except ComityError as exc:
        raise NotAuthorised(f"The token does not verify: {exc.what}", exc.next_step) from exc
    age = (now - _moment(token.at)).total_seconds()
    if token.node != node:
        raise NotAuthorised(
            f"The token is for the node {token.node[:120]!r}, not for {node}.", "Make one for this node."
        )
    if not -AHEAD_SECONDS <= age <= LIFE_SECONDS:
        raise NotAuthorised(
            f"The token is {age:.0f} s old by this node's clock.", "Set the clock that is wrong; ask again."
        )
    revoked = directory.revoked_at(official.kid, directory.node(node))
    if revoked is not None and revoked <= number:
        raise NotAuthorised(f"The key of {official.holder} was revoked.", "Have a new key certified.")
    if not official.valid_on(now.date()):
        raise NotAuthorised(f"The credential of {official.holder} is not in force.", "Have it renewed by its root.")
    return official


def _open(text: str, directory: Directory) -> tuple[Token, Official]:
    unknown: list[Unverified] = []

    def key(kid: str) -> PublicKey:
        try:
            return directory.official(kid).key
        except Unverified as exc:
            unknown.append(exc)
            raise

    try:
        payload, kid = open_document(from_base64url(text, "The token"), key, _LARGEST, TOKEN_TYPE)
    except Unverified as exc:
        raise (unknown[0] if unknown else exc) from None
    try:
        return msgspec.convert(parse_canonical(payload, limit=_LARGEST), Token), directory.official(kid)
    except msgspec.ValidationError as exc:
        raise Malformed(f"it is not a token: {exc}", "Make a new one.") from exc


def _moment(at: str) -> datetime:
    try:
        return datetime.strptime(at, _FORM).replace(tzinfo=UTC)
    except ValueError:
        raise NotAuthorised("The token's time is not of the form 2026-12-04T16:10:00Z.", "Make a new one.") from None
