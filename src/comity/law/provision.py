"""How a provision is written: ``Directive 2014/41/EU art 12(3)``, so that two people find the same line of law.

Only what can be seen without the text is checked: the sign for an article, its number, brackets, and that the act is
named. Left to others: whether the text says so (the mark), offences of national law (`comity.law.citation`).
"""

from __future__ import annotations

import re
from functools import cache

_BRACKETS = r"(?:\((?:[0-9]{1,3}|[A-Za-z]{1,4})\))*"
_ARTICLE = rf"[LRDA]?[0-9]+(?:[a-z]{{1,3}}\b)?(?: (?:bis|ter|quater)\b)?{_BRACKETS}"
_WELL = re.compile(rf"arts? {_ARTICLE}(?=[\s,;:)–-]|$)")
_SIGN = re.compile(r"\b(?:[Aa]rts?\.|Arts?\b|ART\b|[Aa]rticles? (?=[0-9]))")
_NAMES_ARTICLE = re.compile(r"\barts?\b")
_APART = re.compile(r"\d \([0-9]{1,3}\)")
_ACT_ALONE = re.compile(r"(?:Directive|Regulation|Framework Decision|C?ETS|UNTOC|UNCAC)\b(?!.*Annex).*\d\([0-9a-z]\)")
_SPELT = re.compile(r"\barts? [^;]*?(?:\bpara(?:graph|s)?\.?|\bno\.|\blit\.?)\s*[0-9a-z]")
_MEND = "Write it as `Directive 2014/41/EU art 12(3)`: the act, `art` or `arts`, numbers and letters in brackets."


@cache
def fault_of(provision: str) -> tuple[str, str] | None:
    """What is wrong with how ``provision`` is written, and the mend; None when nothing is."""
    said = provision.strip()
    if not said:
        return "The provision is missing.", "Name the article it rests on."
    if re.match(r"[(0-9]+(?:\(|$)", said) or re.match(rf"arts? {_ARTICLE}", said):
        return f"The provision {said!r} names no act.", _MEND
    if _SIGN.search(said) or _SPELT.search(said):
        return f"The provision {said!r} writes its article in another way.", _MEND
    signs = list(_NAMES_ARTICLE.finditer(said))
    if any(not _WELL.match(said, m.start()) for m in signs) or (not signs and _ACT_ALONE.match(said)):
        return f"The provision {said!r} has no `art` with a number as it is usually written.", _MEND
    if signs and _APART.search(said):
        return f"The provision {said!r} has a paragraph apart from its article.", _MEND
    if said.count("(") != said.count(")"):
        return f"The provision {said!r} has a bracket that is not closed.", _MEND
    return None
