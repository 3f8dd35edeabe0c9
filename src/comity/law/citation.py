"""Citations of national offences as people write them: "§ 263 StGB" is "StGB § 263".

Only order, signs, case and the word for "article" are let go; a number is never guessed. Which offences there are is
left to the Parties' files (`comity.law.book`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from comity.law.schema import NationalOffence, PartyLaw

_SIGNS = frozenset({"§", "§§", "art", "art.", "arts", "article", "artículo", "artikel", "s", "s.", "sec", "section"})
_SHOWN = 5


def citation_key(code: str) -> tuple[str, ...]:
    """What two citations of the same provision share; the parts in brackets stay with their number."""
    words = re.sub(r"\s+\(", "(", code.casefold().replace("§", " § ")).replace(",", " ").split()
    return tuple(sorted(word for word in words if word not in _SIGNS))


def nearest(code: str, offences: Iterable[NationalOffence]) -> list[str]:
    """Offences that somebody who wrote ``code`` may have meant, as the file cites them; at most five."""
    known, word, numbers = list(offences), code.casefold().strip(), re.findall(r"\d+", code)
    named = [each.code for each in known if word and word in each.title.casefold()]
    numbered = [each.code for each in known if numbers and re.findall(r"\d+", each.code)[:1] == numbers[:1]]
    return [*named, *numbered][:_SHOWN]


def by_citation(parties: Mapping[str, PartyLaw]) -> dict[tuple[str, tuple[str, ...]], NationalOffence]:
    """Every offence of these Parties' laws, by Party and `citation_key`."""
    return {(party, citation_key(each.code)): each for party, law in parties.items() for each in law.offences}
