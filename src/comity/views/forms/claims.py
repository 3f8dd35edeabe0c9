"""What a request claims of its offence, where the law file of its own Party says otherwise.

A form carries the claim to an authority that may rely on it: a list category with three years ends the test of double
criminality there. Only what is settled in the file contradicts, and a lower maximum claims nothing.
Left to others: the requested Party's test (`comity.safeguards.offence`), which goes by the file anyway.
"""

from __future__ import annotations

from datetime import date

from comity.docket.sections import Request
from comity.errors import NotFound
from comity.law.book import LawBook
from comity.law.forms import FormBook, Words
from comity.law.schema import NationalOffence
from comity.views.forms.lines import plain

THE_LIST = "thirty_two"


def contradicted(request: Request, party: str, law: LawBook, forms: FormBook, day: date) -> dict[str, Words]:
    """Field of a form -> what the file of ``party`` says instead of the request; empty where it does not contradict."""
    known = law.known_offence(party, request.offence.code)
    if known is None or not known.settled or not known.holds_on(day):
        return {}
    found: dict[str, Words] = {}
    if (years := _more_than(known, request.offence.max_years)) is not None:
        found["max_years"] = plain(years)
    claimed = request.offence.list_category
    if claimed and known.list_category and not _alike(law, claimed, known.list_category):
        found["list_offence"] = forms.word("list_offence", known.list_category)
    return found


def _more_than(known: NationalOffence, claimed: int | None) -> str | None:
    """The file's maximum in years, if ``claimed`` is more; None if not, or where the file states none."""
    if claimed is None or known.life:
        return None
    if known.fine_only:
        return "0" if claimed else None
    months = known.max_months if known.max_months is not None else 12 * known.max_years if known.max_years else None
    return f"{months / 12:g}" if months is not None and 12 * claimed > months else None


def _alike(law: LawBook, one: str, other: str) -> bool:
    """Whether two categories are one, or share a place in the taxonomy (fraud and swindling)."""
    try:
        places = [set(law.category(THE_LIST, each).iccs) for each in (one, other)]
    except NotFound:
        return False
    return one == other or bool(places[0] & places[1])
