"""What an insider can do who has the machine, the program and the node's keys, but nobody's hand. Holds no test."""

from __future__ import annotations

import pytest

from comity.docket.finding import clear
from comity.docket.logged import act_bytes, findings_bytes, signature_bytes
from comity.docket.record import SealedRecord
from comity.node.keeping.batch import Batch
from comity.node.keeping.dockets import Closed
from comity.node.keeping.store import Store
from comity.node.keeping.vault import Vault
from comity.node.log.act_log import ActLog
from comity.signing.canonical import canonical
from comity.tlog.leaf import ActLeaf, commit

Forged = tuple[SealedRecord, str]
"""A record made up, and the node it is said to come from."""


def enter_by_hand(store: Store, log: ActLog, made: Forged, vault: Vault | None = None) -> None:
    """What somebody with the program and the database, but not the registrar, can write: leaf and tree fit."""
    sealed, node = made
    findings = (clear("judicial_authorisation", "EIO art 2(c)", "Authorised."),)
    kind, salt = "decision-grant", b"s" * 32
    act = act_bytes(sealed, findings_bytes(findings))
    leaf = ActLeaf(kind, commit(salt, kind, act, signature_bytes(sealed))).encode()
    grown = log.append([leaf])
    row = {
        "id": sealed.id, "position": log.tree.size, "docket": sealed.record.docket, "step": sealed.record.step,
        "kind": kind, "node": node, "effect": 1, "salt": salt, "entered": "2026-12-04T16:10:00.000Z",
        "sealed": canonical(Closed(sealed.record, sealed.hand, sealed.seal)), "findings": canonical(list(findings)),
    }  # fmt: skip
    batch = Batch(log.tree.size, records=[row], leaves=grown.leaves, nodes=grown.nodes)
    if vault is not None:
        contents, key = vault.seal_sections(sealed.id, sealed.sections)
        batch.sections.append({"record": sealed.id, "body": contents, "key": key})
    store.enter(batch)
    log.tree = grown.tree


def blind(patch: pytest.MonkeyPatch) -> None:
    """Switch the start-up guard off, as an insider would in their own copy of the program."""
    for check in ("check_store", "check_holdings", "check_unsigned"):
        patch.setattr(f"comity.node.node.{check}", lambda *_: 0)
