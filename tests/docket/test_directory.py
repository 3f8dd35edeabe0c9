"""One Party's file never speaks for another: whatever two of them claim, or one claims twice, is refused whole."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec
import pytest

from comity.docket.directory import (
    Authority,
    Directory,
    OversightBody,
    PartyFile,
    Revocation,
    open_party_file,
    sign_party_file,
)
from comity.errors import Malformed, Unverified
from comity.signing.credential import Credential, issue_credential
from tests.world import World, origin

WORLD = World()
DE_JUDGE, FR_JUDGE = (WORLD.who(party, "judge").key.public.kid for party in ("DE", "FR"))


def directory(change: Callable[[PartyFile], PartyFile], reverse: bool = False) -> Directory:
    """The directory of DE and FR, with FR's file changed and signed anew; read in either order."""
    files = {}
    for party in ("FR", "DE") if reverse else ("DE", "FR"):
        file, root = WORLD.party_file(party), WORLD.root(party)
        signed = sign_party_file(change(file) if party == "FR" else file, root)
        files[party] = (open_party_file(signed, root.public), root.public)
    return Directory(files)


def credential(kid_of: str, authority: str = "fr-prosecutor") -> str:
    """A credential by FR's root for the key of ``kid_of``'s judge."""
    key = WORLD.who(kid_of, "judge").key.public
    return issue_credential(
        Credential(
            kid=key.kid, key=key.to_text(), holder="Somebody", role="officer", authority=authority, party="FR",
            valid_from=date(2025, 1, 1), valid_until=date(2030, 1, 1), serial="1",
        ),
        WORLD.root("FR"),
    )  # fmt: skip


def revoking(*found: Revocation) -> Callable[[PartyFile], PartyFile]:
    return lambda file: msgspec.structs.replace(file, revocations=found)


def node(**changes: object) -> Callable[[PartyFile], PartyFile]:
    """FR's file with a second node, like its first but for ``changes``."""

    def change(file: PartyFile) -> PartyFile:
        fresh = {"id": "fr-node-2", "origin": "fr.example/log2", "seals": (), "envelopes": (), "log_vkeys": ()}
        return msgspec.structs.replace(
            file, nodes=(*file.nodes, msgspec.structs.replace(file.nodes[0], **{**fresh, **changes}))
        )

    return change


DE = WORLD.party_file("DE")
CLASHES: dict[str, Callable[[PartyFile], PartyFile]] = {
    "authority": lambda f: msgspec.structs.replace(
        f, authorities=(*f.authorities, Authority(id="de-court", names={"en": "x"}, kind="court"))
    ),
    "own authority twice": lambda f: msgspec.structs.replace(f, authorities=(*f.authorities, f.authorities[0])),
    "oversight body": lambda f: msgspec.structs.replace(
        f, oversight=(OversightBody(id="de-oversight", names={"en": "x"}),)
    ),
    "node": node(id="de-node"),
    "log": node(origin=origin("DE")),
    "seal key": node(seals=DE.nodes[0].seals),
    "envelope key": node(envelopes=DE.nodes[0].envelopes),
    "node for a foreign authority": node(authorities=("de-prosecutor",)),
    "hand key": lambda f: msgspec.structs.replace(f, credentials=(*f.credentials, credential("DE"))),
    "own judge's key as an officer's": lambda f: msgspec.structs.replace(
        f, credentials=(*f.credentials, credential("FR"))
    ),
    "officer at a foreign authority": lambda f: msgspec.structs.replace(
        f, credentials=(credential("NL", "de-prosecutor"),)
    ),
    "judiciary's root is a Party's root": lambda f: msgspec.structs.replace(
        f, judiciary_root=WORLD.root("FR").public.to_text()
    ),
    "foreign revocation": revoking(Revocation(kid=DE_JUDGE, origin=origin("DE"), position=0)),
    "foreign revocation in an own log": revoking(Revocation(kid=DE_JUDGE, origin=origin("FR"), position=0)),
    "revocation in a foreign log": revoking(Revocation(kid=FR_JUDGE, origin=origin("DE"), position=0)),
    "another Party's name": lambda f: msgspec.structs.replace(f, party="NL"),
}


@pytest.mark.parametrize("reverse", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("what", CLASHES)
def test_what_is_not_ones_own_is_refused(what: str, reverse: bool) -> None:
    with pytest.raises(Unverified) as refused:
        directory(CLASHES[what], reverse)
    assert refused.value.next_step


def test_what_is_ones_own_is_not() -> None:
    """So that the refusals above are for their reason: the same changes, with names of its own."""
    held = directory(lambda f: node()(msgspec.structs.replace(f, credentials=(*f.credentials, credential("NL")))))
    assert held.node("fr-node-2").url == "https://fr.example"
    assert held.official(WORLD.who("NL", "judge").key.public.kid).party == "FR"
    assert held.origins() == {origin("DE"): "DE", origin("FR"): "FR", "fr.example/log2": "FR"}


def test_of_two_revocations_the_earlier_counts() -> None:
    at = [Revocation(kid=FR_JUDGE, origin=origin("FR"), position=p) for p in (7, 3, 9)]
    assert directory(revoking(*at)).revoked_at(FR_JUDGE, WORLD.party_file("FR").nodes[0]) == 3
    assert directory(revoking(*at)).revoked_at(FR_JUDGE, DE.nodes[0]) is None
    with pytest.raises(Malformed):
        directory(revoking(Revocation(kid=FR_JUDGE, origin=origin("FR"), position=-1)))


def test_only_a_seal_seals() -> None:
    """A key that the Party file gives to another use is no seal, wherever it stands."""
    log = msgspec.structs.replace(WORLD.party_file("FR").nodes[0].seals[0], use="log")
    held = directory(lambda f: msgspec.structs.replace(f, nodes=(msgspec.structs.replace(f.nodes[0], seals=(log,)),)))
    for ask in (lambda: held.seal_key(log.kid, 0), lambda: held.seal_key_now(log.kid, "fr-node")):
        with pytest.raises(Unverified, match="is for log, not for seal"):
            ask()
