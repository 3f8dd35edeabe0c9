"""The facts of a certificate that are counted (Regulation (EU) 2023/1543 article 28(2)), as its docket shows them.

Taken from effective steps only; what no step shows comes from the official's own statement (``certificate``), and what
neither shows is not claimed. A certificate that asks for several types of data counts once, under the one that
interferes most. Left to others: entering the facts (`comity.node.door.certificates`), counting them.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from comity.analysis.statistics.certificates import DATA, CertificateFacts, read_facts
from comity.docket.docket import Docket, Entry
from comity.docket.sections import Measure, Request
from comity.errors import CannotTell
from comity.proceedings.bodies import Authorisation, Refusal
from comity.proceedings.request_certificate import Supplement

INSTRUMENT: Final = "e_evidence"
PRODUCTION = "produce_"
GROUNDS = {
    "immunity_privilege_press": "immunity-or-press",
    "fundamental_rights": "fundamental-right",
    "ne_bis_in_idem": "ne-bis-in-idem",
    "dual_criminality": "double-criminality",
}
"""Grounds of article 12(1)(a) to (d), which a notified authority alone raises, as the statistics call them."""


def certificate_facts(docket: Docket) -> CertificateFacts | None:
    """The statistical fields of the certificate in this docket; None when there is none, it was not issued, or the
    request is erased or withheld.

    CannotTell where the type of data is none of the regulation's, Malformed where the fields cannot all be true.
    """
    drafted, sent = _latest(docket, "draft", "revise"), _latest(docket, "send")
    if drafted is None or sent is None or not isinstance(drafted.body, Request):
        return None
    request: Request = drafted.body
    if request.basis.instrument != INSTRUMENT:
        return None
    measures = _measures(docket, sent, request)
    certificate = "epoc" if any(m.id.startswith(PRODUCTION) for m in measures) else "epoc-pr"
    facts: dict[str, Any] = {
        "certificate": certificate,
        "data": _data(measures),
        "addressee": request.addressee.authority,
        "emergency": request.urgency.urgent,
        "outcome": _outcome(docket, certificate),
        **_stated(docket),
    }
    if request.remedies.sought and facts.get("remedy", "") in ("", "enforcing"):  # the request's own court
        facts["remedy"] = "both" if facts.get("remedy") else "issuing"
    refused = _latest(docket, "refuse")
    if facts["outcome"] == "not-fulfilled" and refused is not None and isinstance(refused.body, Refusal):
        ground = GROUNDS.get(refused.body.ground, "")
        facts |= {"ground": ground, "notified": True} if ground else {}
    followed = facts.pop("followed_minutes", None)
    if facts["outcome"] == "fulfilled":
        facts["minutes"] = _minutes(sent, _latest(docket, "receive")) if certificate == "epoc" else followed
    return read_facts(facts)


def _latest(docket: Docket, *steps: str) -> Entry | None:
    return docket.latest(*(f"{docket.proceeding}.{step}" for step in steps))


def _measures(docket: Docket, sent: Entry, request: Request) -> tuple[Measure, ...]:
    """What was issued: as authorised, where the sending rests on an authorisation, else as asked."""
    authorised = docket.by_id.get(getattr(sent.body, "authorisation", ""))
    if authorised is not None and isinstance(authorised.body, Authorisation):
        return authorised.body.measures
    return request.measures


def _data(measures: tuple[Measure, ...]) -> str:
    known = {m.id.removeprefix(PRODUCTION) if m.id.startswith(PRODUCTION) else m.category for m in measures}
    if not known or not known <= set(DATA):
        raise CannotTell(
            f"The type of data is none of the regulation's: {', '.join(sorted(known)) or 'no measure'}.",
            f"Revise the request, or state the certificate: comity file statistics.certificate ({', '.join(DATA)}).",
        )
    return max(known, key=DATA.index)


def _outcome(docket: Docket, certificate: str) -> str:
    ended = docket.state.partition(".")[2]
    if ended in ("refuse", "withdraw"):
        return "not-fulfilled"
    if _latest(docket, "produce" if certificate == "epoc" else "preserve") is not None:
        return "fulfilled"
    return "not-fulfilled" if ended == "close" else "pending"


def _minutes(sent: Entry, received: Entry | None) -> int | None:
    """Whole minutes from issue until the data were received; None as long as nobody has said that they were."""
    if received is None:
        return None
    return max(0, int((received.record.time - sent.record.time).total_seconds())) // 60


def _stated(docket: Docket) -> dict[str, Any]:
    """What an official stated last, if anything."""
    said = _latest(docket, "certificate")
    if said is None or not isinstance(said.body, Supplement):
        return {}
    return msgspec.structs.asdict(said.body)
