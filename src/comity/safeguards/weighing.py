"""Is it necessary, is it proportionate, could it be done at home?"""

from __future__ import annotations

from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.safeguards.citing import source
from comity.safeguards.subject import Subject, asked_of_request, mend, standing_authorisation
from comity.safeguards.wording import says_something


@asked_of_request
def necessity(filing: Filing, subject: Subject) -> Finding:
    """The request says why the measure is needed and which less intrusive means were considered.

    EIO arts 6(1)(a), 10(3).

    Charter art 52(1); ECHR art 8(2). For a preservation the need suffices (Budapest Convention art 29(2)(e)).
    """
    rests, weighed = source(filing, subject, "necessity"), subject.request.weighing
    if not says_something(weighed.necessity):
        return rests.hold("necessity", "Why the measure is needed is not said in any substance.", mend(filing))
    if not subject.preserves_only and not says_something(weighed.less_intrusive):
        return rests.hold("necessity", "Which less intrusive means were considered is not said.", mend(filing))
    return rests.clear("necessity", "The need and the less intrusive means considered are stated.")


@asked_of_request
def proportionality(filing: Filing, subject: Subject) -> Finding:
    """What is gained is weighed against the interference, with the rights of the suspect.

    EIO art 6(1)(a); Budapest art 15(1).

    A pure preservation is weighed when the data are asked for (Budapest Convention art 29(2) does not ask for it).
    """
    rests = source(filing, subject, "proportionality")
    if subject.preserves_only:
        return rests.clear("proportionality", "Preservation only: weighed when the data are asked for.")
    if not says_something(subject.request.weighing.proportionality):
        return rests.hold("proportionality", "Gain and interference are not weighed in any substance.", mend(filing))
    return rests.clear("proportionality", "Gain and interference are weighed.")


@asked_of_request
def domestic_equivalence(filing: Filing, subject: Subject) -> Finding:
    """The measure could have been ordered under the same conditions in a similar case at home (EIO art 6(1)(b)).

    Shown by the provision of domestic law that allows it, named in the request and by the judge. A preservation under
    Budapest Convention art 29 has no such condition.
    """
    rests = source(filing, subject, "domestic_equivalence")
    if subject.preserves_only:
        return rests.clear("domestic_equivalence", "Preservation only: no such condition.")
    if not subject.request.basis.domestic_provision.strip():
        why = f"The provision of {subject.requesting} law that allows the measure at home is not named."
        return rests.hold("domestic_equivalence", why, mend(filing))
    confirmed = ", and by the judge" if standing_authorisation(filing) is not None else ""
    return rests.clear(
        "domestic_equivalence", f"The provision that allows it at home is named in the request{confirmed}."
    )
