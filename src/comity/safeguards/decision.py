"""The requested side's decision: within the request, on its own law, with reasons; a refusal on a given ground."""

from __future__ import annotations

from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.law.refusal import one_of
from comity.law.schema import Cited, Ground
from comity.safeguards.citing import Source, catalogue, source, standards, stated
from comity.safeguards.grounds import consulted, declared_mandatory, grounds_between, instrument_grounds
from comity.safeguards.subject import Subject, asked_of_request, said, subject_of
from comity.safeguards.wording import listed, says_something

_PROCEEDINGS = frozenset({"criminal", "administrative_with_criminal_court", "judicial_other", "legal_person"})

# Which standards of the catalogue stand behind a ground, where no instrument needs to give it.
_STANDARDS = {
    "ne_bis_in_idem": ("ne_bis_in_idem",),
    "fundamental_rights": ("non_refoulement",),
    "death_penalty": ("death_penalty_assurance",),
    "persecution_discrimination": ("persecution_clause",),
}


def statement_of_reasons(filing: Filing) -> Finding:
    """Reasons are individual, specific and concrete.

    Kadi II C-584/10 P; UNTOC art 18(23); Budapest art 27(7); ETS 30 art 19.

    Asked of the step alone: a request that was erased can still be withdrawn.
    """
    name, subject = "statement_of_reasons", subject_of(filing)
    rests = Source(catalogue(filing, name)) if isinstance(subject, str) else source(filing, subject, name)
    if filing.body is None:
        return rests.hold(name, "Cannot tell: the reasons were erased or withheld.", filing.record.step)
    reasons = getattr(filing.body, "rationale", "") or getattr(filing.body, "reasons", "")
    if not says_something(reasons):
        return rests.hold(name, "No reasons of any substance are given.", filing.record.step)
    return rests.clear(name, "Reasons are given.")


def arrived(filing: Filing) -> Finding:
    """The two sides talk, and the asked one refuses, once the request has come: also one that is wanting on arrival.

    EIO arts 6(3), 11(4), 16(2); Budapest art 27(6).

    What was found wanting has no effect at the asked side, whose docket does not move; its receipt says that it came.
    """
    name, rests = "arrived", Source("Directive 2014/41/EU arts 6(3), 11(4), 16(2); ETS 185 art 27(6)")
    if filing.docket.latest("request.send", "request.receipt") is None:
        return rests.hold(name, "The request has not been sent yet.", "request.send")
    return rests.clear(name, "The request has come to the Party asked.")


@asked_of_request
def within_request(filing: Filing, subject: Subject) -> Finding:
    """What is recognised or ordered is what was asked and authorised, nothing more.

    EIO art 9(1); Budapest art 25(4).
    """
    name, rests = "within_request", Source(f"{_executed(filing, subject).provision}; ECHR art 8(2)")
    if filing.body is None:
        return rests.hold(name, "Cannot tell: the decision was erased or withheld.", filing.record.step)
    asked = {m.id for m in subject.measures}
    if filing.record.step == "request.order":
        recognised = filing.docket.latest("request.recognise")
        asked = set(recognised.body.measures) if recognised is not None and recognised.body is not None else set()
    if subject.preserves_only and filing.record.step == "request.recognise":
        why = "Only a preservation is asked; the answer to it is to preserve, and nothing is given on it."
        return rests.hold(name, why, "request.preserve")
    beyond = sorted({said(filing, m) for m in set(filing.body.measures) - asked})
    if beyond or not filing.body.measures:
        why = f"Not asked for or not authorised: {listed(beyond)}." if beyond else "No measure is named."
        return rests.hold(name, why, filing.record.step)
    return rests.clear(name, f"Within what was asked: {listed(sorted(said(filing, m) for m in filing.body.measures))}.")


def _executed(filing: Filing, subject: Subject) -> Source:
    return source(filing, subject, "domestic_basis")


@asked_of_request
def domestic_basis(filing: Filing, subject: Subject) -> Finding:
    """The requested side names the provision of its own law that lets it act.

    EIO arts 9(1), 10(1); Budapest art 25(4); ECHR art 8(2).
    """
    name, rests = "domestic_basis", _executed(filing, subject)
    if filing.body is None:
        return rests.hold(name, "Cannot tell: the decision was erased or withheld.", filing.record.step)
    if not filing.body.domestic_provision.strip():
        return rests.hold(name, f"The provision of {filing.record.party} law is not named.", filing.record.step)
    return rests.clear(name, f"The provision of {filing.record.party} law is named.")


@asked_of_request
def ground_available(filing: Filing, subject: Subject) -> Finding:
    """A refusal names a ground that the instrument gives for these measures, or that binds whatever the instrument.

    EIO art 11; Budapest Convention arts 27(4), 29(5); ETS 30 art 2; Charter art 50. Says whether it is mandatory.
    """
    name = "ground_available"
    if filing.body is None:
        return Source(subject.instrument.citation).hold(
            name, "Cannot tell: the refusal was erased or withheld.", filing.record.step
        )
    ground: str = filing.body.ground
    offered = _of_these_proceedings(instrument_grounds(filing, subject, ground), subject)
    declared = declared_mandatory(filing, subject, ground)
    binding = _binding(filing, subject, ground)
    if not (offered or declared or binding):
        given = sorted({g.id for m in subject.measures for g in grounds_between(filing, subject, m.id)})
        why = f"What is named is no ground here for all of these measures. There is: {listed(given)}."
        return Source(subject.instrument.citation).hold(name, why, "request.refuse")
    mandatory = bool(binding or declared) or any(g.binding == "mandatory" for g in offered)
    whose = subject.requested if declared and not (offered or binding) else ""
    rests = stated(*offered, *binding, *declared, party=whose)
    return rests.clear(name, f"{ground} is {'a mandatory' if mandatory else 'an optional'} ground.")


def _of_these_proceedings(grounds: tuple[Ground, ...], subject: Subject) -> tuple[Ground, ...]:
    """Without those that are for proceedings of another kind than the request's (EIO art 11(1)(c): art 4(b) or (c))."""
    kind = subject.request.purpose.proceedings
    asked = [[one_of(f) for f in g.on if one_of(f) <= _PROCEEDINGS] for g in grounds]
    return tuple(g for g, kinds in zip(grounds, asked, strict=True) if all(kind in k for k in kinds))


def _binding(filing: Filing, subject: Subject, ground: str) -> tuple[Cited, ...]:
    """The standards behind ``ground`` that bind the requested Party and leave no choice."""
    found = [s for safeguard in _STANDARDS.get(ground, ()) for s in standards(filing, safeguard, (subject.requested,))]
    return tuple(
        s for s in found if s.parameters.get("binding") == "mandatory" and s.parameters.get("scope") != "same_state"
    )


@asked_of_request
def consulted_first(filing: Filing, subject: Subject) -> Finding:
    """Where the instrument says so, the other side is consulted before a refusal.

    EIO art 11(4); Budapest art 27(6).
    """
    name = "consulted_first"
    if filing.body is None:
        return Source(subject.instrument.citation).hold(
            name, "Cannot tell: the refusal was erased or withheld.", filing.record.step
        )
    ground: str = filing.body.ground
    needed = [g for g in instrument_grounds(filing, subject, ground) if g.consult_first]
    if not needed:
        return Source(subject.instrument.citation).clear(name, "No consultation is asked for on this ground.")
    rests = Source("; ".join(dict.fromkeys(g.consult_first for g in needed)), all(g.settled for g in needed))
    if not consulted(filing, subject, ground):
        return rests.hold(name, f"{subject.requested} must first consult on {ground}.", "request.consult")
    return rests.clear(name, f"{subject.requested} has consulted on {ground}.")


@asked_of_request
def postponement_grounded(filing: Filing, subject: Subject) -> Finding:
    """A postponement has a ground of the instrument and an end; it stops the clock, so it is not free.

    EIO art 15(1); Budapest art 27(5)-(6); UNTOC art 18(25)-(26); UNCAC art 46(25)-(26).

    Where the instrument says so, and where it gives no ground at all, the two sides consult first.
    """
    name, rules = "postponement_grounded", subject.instrument.rules
    said = next((r for r in rules if r.topic == "postponement" and r.holds_on(filing.day)), None)
    rests = stated(said) if said is not None else Source(subject.instrument.citation)
    if filing.body is None:
        return rests.hold(name, "Cannot tell: the postponement was erased or withheld.", filing.record.step)
    if filing.body.until <= filing.day:
        return rests.hold(name, "A postponement ends on a later day than today.", filing.record.step)
    allowed = str(said.parameters.get("grounds", "")).split() if said is not None else []
    if allowed and filing.body.ground not in allowed:
        why = f"What is named is no ground to postpone here. There is: {listed(allowed)}."
        return rests.hold(name, why, filing.record.step)
    first = said is None or said.parameters.get("consult", "")
    if first and not consulted(filing, subject, filing.body.ground):
        why = "It asks to consult first." if said is not None else "It gives no ground to postpone: consult first."
        cited = rests if first is True else Source(f"{rests.provision}; {first}", rests.settled)
        return cited.hold(name, f"{subject.instrument.short}: {why}", "request.consult")
    return rests.clear(name, f"Postponed until {filing.body.until}.")
