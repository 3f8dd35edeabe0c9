"""Protected persons and material: lawyers, clergy, doctors, members of parliament, diplomats, journalists."""

from __future__ import annotations

from comity.docket.finding import Finding
from comity.docket.step import Filing
from comity.safeguards.citing import Source, standards
from comity.safeguards.grounds import applies
from comity.safeguards.subject import Subject, asked_of_request, mend
from comity.safeguards.wording import listed, says_something


@asked_of_request
def privilege_protection(filing: Filing, subject: Subject) -> Finding:
    """Privilege, immunity and the press are checked, and protected material kept apart.

    EIO art 11(1)(a), (5); ECHR art 10.

    The case file decides nothing alone: the requested Party applies the ground of the instrument or its own law.
    """
    name, rests = "privilege_protection", _rests(filing, subject)
    check = subject.request.privilege
    kinds = sorted({p.privileged for p in subject.request.persons if p.privileged} | ({check.concerned} - {""}))
    if subject.preserves_only:
        return rests.clear(name, "Preservation only: nothing is read or disclosed.")
    if not check.checked:
        return rests.hold(name, "Nobody has checked for privilege, immunity or the press.", mend(filing))
    if not kinds:
        return rests.clear(name, "Checked; none is concerned.")
    if check.waived:
        return rests.clear(name, f"Concerned: {listed(kinds)}; it has been waived.")
    if not says_something(check.precautions):
        why = f"Concerned: {listed(kinds)}; how protected material is kept apart is not said."
        return rests.hold(name, why, mend(filing))
    return applies(filing, subject, name, "immunity_privilege_press", f"Concerned: {listed(kinds)}, with precautions.")


def _rests(filing: Filing, subject: Subject) -> Source:
    own = [
        g
        for m in subject.measures
        for g in subject.instrument.grounds_for(m.id, filing.day)
        if g.id == "immunity_privilege_press"
    ]
    cited = (*own, *standards(filing, "press_protection", (filing.assessor,)))
    return Source("; ".join(dict.fromkeys(c.provision for c in cited)) or subject.instrument.citation)
