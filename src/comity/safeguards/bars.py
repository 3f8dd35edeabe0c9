"""Bars: a final judgment on the same acts, a risk of grave harm, a persecution."""

from __future__ import annotations

from comity.docket.finding import Finding
from comity.docket.sections import FinalDecision, PriorProceedings
from comity.docket.step import Filing
from comity.law.schema import Cited, Standard
from comity.safeguards.citing import Source, catalogue, resting, source, standards
from comity.safeguards.grounds import applies, consulted
from comity.safeguards.subject import Subject, asked_of_request, by_requested, mend
from comity.safeguards.wording import says_something

_BARS = frozenset({"served", "being_served", "unenforceable"})  # Convention implementing the Schengen Agreement art 54
_UNION = "eu27"  # whose judgments are those of a Member State: EAW arts 3(2), 4(5); Charter art 50
_SCHENGEN = "schengen_associated"  # whose judgments count beside those: Convention of Schengen art 54
_WORST = ("refuse", "hold", "clear")


@asked_of_request
def ne_bis_in_idem(filing: Filing, subject: Subject) -> Finding:
    """Nobody is tried again for acts finally judged (Charter art 50; CISA art 54; EIO art 11(1)(d); ICCPR art 14(7)).

    Acquitted, or convicted with the penalty served, being served or no longer enforceable. Reads what the request
    declares and what the requested side's own registers show (its acknowledgement). Mandatory where Charter art 50
    binds both Parties and the one that judged; otherwise as the instrument and the requested Party say.
    """
    name, rests = "ne_bis_in_idem", _rests(filing)
    priors = _priors(filing, subject)
    decisions = [d for p in priors for d in p.decisions if d.same_acts]
    barring = [f for d in decisions if (f := _one(filing, subject, d)) is not None]
    if barring:
        return min(barring, key=lambda f: _WORST.index(f.verdict))
    if not subject.request.prior.checked and not subject.preserves_only:
        return rests.hold(name, "Nobody has checked for a final judgment on the same acts.", mend(filing))
    checked = "Preservation only: checked when the data are asked for." if not subject.request.prior.checked else ""
    return rests.clear(name, checked or "Checked; no final judgment on the same acts bars it.")


def _one(filing: Filing, subject: Subject, decision: FinalDecision) -> Finding | None:
    """What one decision on the same acts means; None where it bars nothing."""
    told = f"A court of {_whose(filing, decision)} finally decided on {decision.date}: {decision.outcome}."
    if decision.outcome == "acquitted" or (decision.outcome == "convicted" and decision.enforced in _BARS):
        binding, facts = _binding(filing, subject, decision), _facts(filing, subject, decision)
        return applies(filing, subject, "ne_bis_in_idem", "ne_bis_in_idem", told, binding=binding, facts=facts)
    if decision.outcome == "discontinued" or decision.enforced == "none":
        return _unclear(filing, subject, told)
    return None


def _priors(filing: Filing, subject: Subject) -> tuple[PriorProceedings, ...]:
    """What both sides know of prior proceedings: the request, and the latest acknowledgement's own registers."""
    acknowledged = filing.docket.latest("request.acknowledge")
    shown = getattr(acknowledged.body, "prior", None) if acknowledged is not None else None
    return (subject.request.prior, shown) if shown is not None else (subject.request.prior,)


def _whose(filing: Filing, decision: FinalDecision) -> str:
    return decision.party if decision.party in filing.law.by_party else "another State"


def _facts(filing: Filing, subject: Subject, decision: FinalDecision) -> frozenset[str]:
    """The decision as grounds for refusal name it: whose court judged, and what became of the sentence."""
    within = decision.party in filing.law.members(_UNION)
    facts = {"ne_bis_in_idem", "judged_in_member_state" if within else "judged_in_third_state"}
    facts |= {"judged_in_schengen_state"} if decision.party in filing.law.members(_SCHENGEN) else set()
    facts |= {"judged_there"} if decision.party == subject.requested else set()
    return frozenset(facts | {"acquitted" if decision.outcome == "acquitted" else decision.enforced})


def _rests(filing: Filing) -> Source:
    binding = [s for s in standards(filing, "ne_bis_in_idem", (filing.assessor,)) if _mandatory(s)]
    return resting(binding, catalogue(filing, "ne_bis_in_idem"))


def _mandatory(standard: Standard) -> bool:
    return standard.parameters.get("binding") == "mandatory" and standard.parameters.get("scope") != "same_state"


def _binding(filing: Filing, subject: Subject, decision: FinalDecision) -> tuple[Cited, ...]:
    """The standards that bind requesting, requested and deciding Party alike, and leave no choice."""
    shared = standards(filing, "ne_bis_in_idem", (*subject.parties, decision.party))
    return tuple(s for s in shared if _mandatory(s))


def _unclear(filing: Filing, subject: Subject, told: str) -> Finding | None:
    """A decision of which the files cannot tell whether it bars: the two sides consult, or the judge has read it."""
    why = f"Cannot tell whether this bars further prosecution: {told}"
    if by_requested(filing, subject):
        if consulted(filing, subject, "ne_bis_in_idem"):
            return None
        return _rests(filing).hold("ne_bis_in_idem", f"{why} Consult.", "request.consult")
    if filing.record.step == "request.authorise" or filing.docket.latest("request.authorise") is not None:
        return None  # a judge has the declaration before them and answers for it
    return _rests(filing).hold("ne_bis_in_idem", f"{why} A judge must read it.", "request.authorise")


@asked_of_request
def non_refoulement(filing: Filing, subject: Subject) -> Finding:
    """No assistance towards torture, the death penalty or a flagrant denial of justice.

    ECHR arts 2, 3, 6; Soering; Othman.

    ICCPR arts 6-7, Charter arts 4, 19(2). The death penalty can be met by assurances; torture never (Saadi v Italy).
    Both sides make their own assessment and write it down (EIO arts 1(4), 11(1)(f)).
    """
    name, rights = "non_refoulement", subject.request.rights
    rests = source(filing, subject, name)
    if rights.torture_risk:
        return rests.refuse(
            name, "A real risk of torture or inhuman treatment is stated; it is not weighed.", "fundamental_rights"
        )
    if rights.flagrant_denial:
        return rests.refuse(name, "A flagrant denial of justice is to be expected.", "fundamental_rights")
    if rights.death_penalty and not says_something(rights.assurances):
        found = standards(filing, "death_penalty_assurance", (filing.assessor,))
        return resting(found, catalogue(filing, "death_penalty_assurance")).refuse(
            name, "The offence may be punished by death and no assurance is given.", "death_penalty"
        )
    if subject.preserves_only:
        return rests.clear(name, "Preservation only; no risk is stated.")
    if not says_something(rights.assessment):
        return rests.hold(name, "The fundamental rights of the person were not assessed.", mend(filing))
    if filing.record.step == "request.recognise" and not says_something(getattr(filing.body, "rights", "")):
        return rests.hold(name, f"{subject.requested} has not written down its own assessment.", "request.recognise")
    return rests.clear(name, "Assessed; no risk is stated that bars assistance.")


@asked_of_request
def persecution_clause(filing: Filing, subject: Subject) -> Finding:
    """No help in prosecuting somebody for race, religion, nationality or opinion.

    ECHR art 14; ICCPR art 26; Charter art 21.

    A political offence is the ground of Budapest Convention arts 27(4)(a), 29(5) and ETS 30 art 2(a).
    """
    name, rests = "persecution_clause", source(filing, subject, "persecution_clause")
    if subject.request.rights.persecution:
        return rests.refuse(name, "The prosecution has a discriminatory motive.", "persecution_discrimination")
    offence = filing.law.known_offence(subject.requesting, subject.request.offence.code)
    if subject.request.offence.political or (offence is not None and offence.kind == "political"):
        return applies(filing, subject, name, "political_offence", "The offence is a political one.")
    return rests.clear(name, "No discriminatory motive and no political offence is stated.")
