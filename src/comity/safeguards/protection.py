"""Protected persons and material: lawyers, clergy, doctors, members of parliament, diplomats, journalists."""

from __future__ import annotations

from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.safeguards.citing import Source, resting, standards
from comity.safeguards.grounds import applies, consulted, grounds_between
from comity.safeguards.subject import Subject, asked_of_request, by_requested, mend
from comity.safeguards.wording import says_something


@asked_of_request
def privilege_protection(filing: Filing, subject: Subject) -> Finding:
    """Privilege, immunity and the press are checked, and protected material kept apart.

    EIO art 11(1)(a), (5); ECHR art 10.

    The case file decides nothing alone: the requested Party applies the ground of the instrument or its own law.
    """
    name, rests = "privilege_protection", _rests(filing, subject)
    check = subject.request.privilege
    concerned = bool(check.concerned) or any(p.privileged for p in subject.request.persons)
    if subject.preserves_only:
        return rests.clear(name, "Preservation only: nothing is read or disclosed.")
    if not check.checked:
        return rests.hold(name, "Nobody has checked for privilege, immunity or the press.", mend(filing))
    if not concerned:
        return rests.clear(name, "Checked; none is concerned.")
    if check.waived:
        return rests.clear(name, "Protected persons or material are concerned; it has been waived.")
    return _concerned(filing, subject, rests, "Protected persons or material are concerned.")


def _concerned(filing: Filing, subject: Subject, rests: Source, why: str) -> Finding:
    """Without precautions the ground applies; with them the requested side judges if they suffice."""
    name, ground = "privilege_protection", "immunity_privilege_press"
    if not says_something(subject.request.privilege.precautions):
        found = applies(filing, subject, name, ground, f"{why} How protected material is kept apart is not said.")
        return found if found.verdict == "refuse" else rests.hold(name, found.why, mend(filing))
    if by_requested(filing, subject) and not consulted(filing, subject, ground):
        return rests.hold(name, f"{why} Consult whether the precautions suffice.", "request.consult")
    return rests.clear(name, f"{why} Precautions are stated.")


def _rests(filing: Filing, subject: Subject) -> Source:
    own = [
        g
        for m in subject.measures
        for g in grounds_between(filing, subject, m.id)
        if g.id == "immunity_privilege_press"
    ]
    cited = (*own, *standards(filing, "press_protection", (filing.assessor,)))
    return resting(cited, subject.instrument.citation)
