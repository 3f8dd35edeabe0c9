"""What follows from an entry inside the node: deliveries, exhibits to fetch, erasures, the node's own answer.

Each consequence is rows of the same transaction, so that none is lost when the node dies right after entering.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from comity.docket.authenticate import Authentic
from comity.docket.docket import Docket, Entry
from comity.docket.emergency import is_emergency
from comity.docket.logged import size_of
from comity.docket.record import SealedRecord
from comity.errors import Malformed, NotAdmitted
from comity.node.door import certificates
from comity.node.door.filed import Door, Filed
from comity.node.keeping.erasure import STEP, Act, contents_erased
from comity.proceedings.bodies import Erasure, Production, Receipt, Unproven

if TYPE_CHECKING:
    from comity.node.door.admission import Session


def follow(session: Session, filed: Filed, authentic: Authentic, entry: Entry) -> None:
    """Add to the session what follows from ``entry``."""
    if filed.logged is not None:
        _answer_peer(session, filed, authentic, entry)
    elif entry.effect:
        _deliver(session, entry)
    if entry.effect and isinstance(entry.body, Production):
        _exhibits_due(session, filed, authentic, entry.body)
    if entry.effect and isinstance(entry.body, Erasure):
        _erase(session, filed, entry)
    certificates.follow(session, entry)


def check_exhibits(session: Session, sealed: SealedRecord) -> None:
    """NotAdmitted when an official's filing names exhibits that are not in the vault, or are not this Party's to give.

    What another Party gave goes back to that Party at most: handing it on needs its prior authorisation (Directive
    (EU) 2016/680 art 35(1)(c), (e)), for which there is no step.
    """
    produces = sealed.record.step.endswith(".produce")
    named = sealed.sections.get("exhibits" if produces else "digests")
    for item in named.value if named is not None and isinstance(named.value, list | tuple) else ():
        exhibit = str(item.get("digest", "")) if isinstance(item, dict) else str(item)
        row = session.registry.store.exhibit(exhibit)
        if row is None or not row["present"]:
            raise NotAdmitted(
                f"The exhibit {exhibit[:80]} is not in this node's vault.",
                "Upload it first; a peer's exhibit is fetched by itself, try again in a moment.",
            )
        if produces and (others := session.givers(exhibit) - session.sides(sealed.record.docket)):
            raise NotAdmitted(
                f"The exhibit {exhibit[:80]} was given by {min(others)}; it is not handed on without the prior "
                "authorisation of the Party that gave it (LED art 35(1)(c), (e)).",
                "Ask that Party to give it to the requesting Party itself.",
            )


def _deliver(session: Session, entry: Entry) -> None:
    """Queue an own entry for the other side; at the step that crosses, everything that came before it too."""
    docket = session.docket(entry.record.docket)
    step = session.registry.bench.step(entry.step)
    crossing = step is not None and step.crosses
    if not crossing and not _has_crossed(session, docket):
        return
    earlier = [e for e in docket.entries if e.effect and e.id != entry.id] if crossing else []
    for node in sorted(session.sides(docket.id) - {session.registry.entry.id}):
        for each in (*earlier, entry):
            _queue(session, node, "record", each.id)


def _has_crossed(session: Session, docket: Docket) -> bool:
    own = session.registry.entry.authorities
    return any(
        e.record.authority not in own or ((step := session.registry.bench.step(e.step)) is not None and step.crosses)
        for e in docket.last.values()
    )


def _answer_peer(session: Session, filed: Filed, authentic: Authentic, entry: Entry) -> None:
    """Keep how the peer's log proves the record, prove ours in return, and take the table's own answering step."""
    if filed.logged is None:
        return
    session.keep_counterproof(entry.id, filed.logged)
    _queue(session, authentic.node.id, "proof", entry.id)
    step = session.registry.bench.step(entry.step)
    if step is None or not step.answered_by:
        return
    body = Receipt(
        record=entry.id,
        received=session.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        position=session.position_of(entry.id),
        findings=entry.findings,
    )
    session.prepare(Filed(None, Door.NODE, act=(entry.record.docket, step.answered_by, body, (entry.id,))))
    if filed.unproven and is_emergency(entry.record, step):
        unproven = Unproven(record=entry.id, size=size_of(filed.logged))
        session.prepare(Filed(None, Door.NODE, act=(entry.record.docket, step.unproven_by, unproven, (entry.id,))))


def _exhibits_due(session: Session, filed: Filed, authentic: Authentic, body: Production) -> None:
    """Note which docket uses the exhibits. A peer's: keep the keys that came along, queue fetching what is not here."""
    docket = authentic.sealed.record.docket
    giver = authentic.node.id if filed.logged is not None else ""
    session.batch.uses.extend({"exhibit": x.digest, "docket": docket, "giver": giver} for x in body.exhibits)
    if filed.logged is None:
        return
    for exhibit in body.exhibits:
        key = filed.keys.get(exhibit.digest)
        if key is None:
            raise Malformed(f"The production came without the key of {exhibit.name[:80]}.", "Deliver it with its keys.")
        blob, stream_key = key[:32].hex(), key[32:]
        if session.registry.store.blob_is_anothers(blob, exhibit.digest):
            raise NotAdmitted("The ciphertext named is that of another exhibit.", "Name the exhibit's own ciphertext.")
        session.batch.exhibits.append(
            {
                "id": exhibit.digest, "size": exhibit.size, "name": exhibit.name[:255],
                "media_type": exhibit.media_type[:120],
                "blob": blob, "key": session.registry.vault.wrap_key(exhibit.digest, stream_key),
                "present": 0,  # only bytes that were fetched and read are here
                "stored": session.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )  # fmt: skip
        _queue(session, authentic.node.id, "fetch", exhibit.digest)


def _erase(session: Session, filed: Filed, entry: Entry) -> None:
    """Erase what this side may erase of its own; of a peer's erasure nothing follows here but that it is shown."""
    if filed.logged is not None:
        return
    body: Erasure = entry.body
    docket = session.docket(entry.record.docket)
    acts = [_act(session, e) for e in docket.entries if e.id != entry.id]
    session.batch.erase_records.extend(sorted(contents_erased(_act(session, entry), acts, session.registry.entry.id)))
    productions = [e.body for e in docket.all("request.produce") if isinstance(e.body, Production)]
    produced = {name: x.digest for p in productions for x in p.exhibits for name in (x.id, x.digest)}
    digests = {produced[name] for name in body.exhibits if name in produced}
    for row in (session.registry.store.exhibit(digest) for digest in sorted(digests)):
        if row is not None:
            session.batch.erase_exhibits.append({"exhibit": row["id"], "docket": docket.id})
            session.batch.erase_blobs.append(row["blob"])
    session.erased_from.add(docket.id)


def _act(session: Session, entry: Entry) -> Act:
    own, found = session.registry.entry, session.registry.bench.directory.find_node(entry.record.authority)
    node = own.id if entry.record.authority in own.authorities else found.id if found is not None else ""
    erases = entry.body if entry.effect and entry.step == STEP else None
    return Act(entry.id, node, entry.record.role, entry.step, erases)


def _queue(session: Session, node: str, kind: str, subject: str) -> None:
    position = session.position_of(subject) if kind != "fetch" else -1
    session.batch.outbox.append(
        {
            "node": node,
            "kind": kind,
            "record": subject,
            "position": position,
            "attempts": 0,
            "next_at": 0,
            "lease_until": 0,
            "problem": "",
        }
    )
