"""The sections of a request: the common field set of the official forms (law reference section 22.6).

Letters of forms are not here; a form maps its letters onto these fields. Types only: no rule is applied here.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Common settings of all sections: immutable, no unknown field where we write."""


class Basis(_Part, frozen=True, kw_only=True):
    """The legal basis: instrument and article, and the provision of domestic law that allows the measure at home."""

    instrument: str
    article: str
    domestic_provision: str = ""


class Addressee(_Part, frozen=True, kw_only=True):
    """The requested Party and the authority asked."""

    party: str
    authority: str


class Urgency(_Part, frozen=True, kw_only=True):
    """Whether the urgent lane is asked for, why, and by when."""

    urgent: bool = False
    reason: str = ""
    deadline: date | None = None


class Offence(_Part, frozen=True, kw_only=True):
    """The offence under the requesting Party's law. ``max_years`` is the maximum deprivation of liberty."""

    description: str
    code: str  # as cited in the requesting Party's law, e.g. "StGB § 263"
    iccs: str = ""
    list_category: str = ""
    max_years: int | None = None
    place: str = ""  # ISO 3166-1 of where it was committed
    time: str = ""
    political: bool = False
    fiscal: bool = False


class Person(_Part, frozen=True, kw_only=True):
    """A person concerned. ``role``: suspect, accused, convicted, victim, witness, expert, third_party, unknown."""

    role: str
    name: str = ""
    born: str = ""
    nationality: str = ""
    identifiers: tuple[str, ...] = ()
    privileged: str = ""  # lawyer, doctor, journalist, clergy, member_of_parliament, diplomat...


class Period(_Part, frozen=True, kw_only=True):
    """The period the data concern; both ends included."""

    start: date | None = None
    end: date | None = None


class Measure(_Part, frozen=True, kw_only=True):
    """One measure asked for: its identifier in the instrument, what exactly, about whom or what, over which period."""

    id: str
    category: str
    description: str
    targets: tuple[str, ...] = ()  # accounts, addresses, devices, identifiers: specific ones
    period: Period = Period()
    holder: str = ""  # who holds the data (bank, provider)
    procedures: str = ""  # formalities to be followed (EIO art 9(2))


class Weighing(_Part, frozen=True, kw_only=True):
    """Necessity and proportionality in words: why needed, which milder means were considered, what is weighed."""

    necessity: str = ""
    less_intrusive: str = ""
    proportionality: str = ""


class Rights(_Part, frozen=True, kw_only=True):
    """The requesting authority's own check of fundamental rights; flags bind it."""

    assessment: str = ""
    death_penalty: bool = False
    torture_risk: bool = False
    persecution: bool = False
    flagrant_denial: bool = False
    assurances: str = ""


class FinalDecision(_Part, frozen=True, kw_only=True):
    """A final judgment on the same acts, anywhere."""

    party: str
    court: str
    date: date
    outcome: Literal["acquitted", "convicted", "discontinued"]
    same_acts: bool
    enforced: Literal["served", "being_served", "unenforceable", "not_enforced", "none"] = "none"


class PriorProceedings(_Part, frozen=True, kw_only=True):
    """The check for ne bis in idem: was it made, and what did it find."""

    checked: bool = False
    decisions: tuple[FinalDecision, ...] = ()


class Privilege(_Part, frozen=True, kw_only=True):
    """The check for privilege, immunity and press protection, and how protected material is kept apart."""

    checked: bool = False
    concerned: str = ""  # empty: none found; else what kind
    precautions: str = ""
    waived: bool = False


class Purpose(_Part, frozen=True, kw_only=True):
    """What the evidence may be used for, and the proceedings it is asked for."""

    proceedings: Literal["criminal", "administrative_with_criminal_court", "judicial_other", "legal_person"] = (
        "criminal"
    )
    statement: str = ""
    onward: Literal["none", "with_consent"] = "none"


class Retention(_Part, frozen=True, kw_only=True):
    """How long the evidence may be kept and under which provision."""

    until: date | None = None
    review: date | None = None
    provision: str = ""


DeferralGround = Literal[
    "", "obstruct_inquiries", "prejudice_prevention", "public_security", "national_security", "rights_of_others"
]  # LED art 13(3)


class Notice(_Part, frozen=True, kw_only=True):
    """Whether the person concerned is told, or why telling is deferred, on which ground and until when."""

    mode: Literal["notify", "defer"] = "notify"
    ground: DeferralGround = ""
    reasons: str = ""
    until: date | None = None


class Remedies(_Part, frozen=True, kw_only=True):
    """What legal remedy is open against the measure, where, and whether one has been sought."""

    available: str = ""
    sought: bool = False
    contact: str = ""


class Exhibit(_Part, frozen=True, kw_only=True):
    """A piece of evidence by reference: digest and size of the plain bytes, and what it is."""

    id: str
    name: str
    media_type: str
    size: int
    digest: str
    description: str = ""
    measure: str = ""
    personal: bool = True


class Request(_Part, frozen=True, kw_only=True):
    """A request as drafted: everything the forms ask for. The body of ``request.draft`` and ``request.revise``."""

    addressee: Addressee
    basis: Basis
    reference: str
    language: str  # ISO 639-1 of the request's text
    offence: Offence
    facts: str
    measures: tuple[Measure, ...]
    persons: tuple[Person, ...] = ()
    urgency: Urgency = Urgency()
    weighing: Weighing = Weighing()
    rights: Rights = Rights()
    prior: PriorProceedings = PriorProceedings()
    privilege: Privilege = Privilege()
    purpose: Purpose = Purpose()
    retention: Retention = Retention()
    notice: Notice = Notice()
    remedies: Remedies = Remedies()
    confidentiality: str = ""
    related: str = ""  # docket of an earlier request (preservation), if any
