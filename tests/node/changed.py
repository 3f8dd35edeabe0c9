"""What the roots publish anew for nodes of `tests.node.nodes`: a changed node entry, trusted everywhere. No test."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from comity.docket.directory import NodeEntry, PartyFile, open_party_file, sign_party_file
from comity.package.anchors import Anchors, write_anchors
from comity.tlog.cosignature import verifier_for
from comity.tlog.witness import Witness
from tests.node.nodes import Nodes


def entry_of(nodes: Nodes, party: str) -> NodeEntry:
    return open_party_file(nodes.party_files[party], nodes.world.root(party).public).nodes[0]


def publish(nodes: Nodes, party: str, change: Callable[[NodeEntry], NodeEntry]) -> PartyFile:
    """Sign the Party's file one version up; every node and witness trusts it from its next start on."""
    root = nodes.world.root(party)
    file = open_party_file(nodes.party_files[party], root.public)
    file = msgspec.structs.replace(file, version=file.version + 1, nodes=(change(file.nodes[0]),))
    nodes.party_files[party] = sign_party_file(file, root)
    policies = {log.origin: policy(nodes, log.vkeys) for p in nodes.parties for log in entry_of(nodes, p).logs}
    nodes.anchors = Anchors(nodes.anchors.parties, policies)
    for each in nodes.parties:
        (nodes.folder / each / "anchors.toml").write_text(write_anchors(nodes.anchors), encoding="utf-8")
        (nodes.folder / each / "parties" / f"{party}.json").write_bytes(nodes.party_files[party])
    _tell_witnesses(nodes)
    return file


def policy(nodes: Nodes, vkeys: tuple[str, ...]) -> str:
    """Both Parties' witnesses must cosign this log."""
    of_witnesses = nodes.policy(nodes.parties[0]).split("\n", 1)[1]
    return "".join(f"log {vkey}\n" for vkey in vkeys) + of_witnesses


def _tell_witnesses(nodes: Nodes) -> None:
    logs = [log for p in nodes.parties for log in entry_of(nodes, p).logs]
    keys = {log.origin: [verifier_for(v) for v in log.signing_vkeys] for log in logs}
    ended = {log.origin: log.end.size for log in logs if log.end is not None}
    chains = [entry_of(nodes, p).origins for p in nodes.parties]
    later = {origin: chain[place + 1 :] for chain in chains for place, origin in enumerate(chain)}
    for name, (witness, store) in nodes.witnesses.by_name.items():
        nodes.witnesses.by_name[name] = (Witness(witness.cosigners, keys, ended, later), store)
