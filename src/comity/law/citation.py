"""Citations as people write them: "§ 263 Abs. 3 StGB" is "StGB § 263(3)", "ETS 30" the convention of that number.

Order, signs, case, accents, the words for "article" and "paragraph", and the other names that the Party's file gives a
law are let go; a number is never guessed. Which offences there are is left to the Parties' files (`comity.law.book`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

from comity.law.schema import Instrument, NationalOffence, PartyLaw

_SIGNS = frozenset({
    "§", "§§", "art", "art.", "arts", "arts.", "article", "articles", "articulo", "articulos", "artikel",
    "s", "s.", "sec", "sec.", "section", "of", "the", "du", "de", "la", "le", "des", "del", "van", "von", "der",
})  # fmt: skip
_PARAGRAPH = re.compile(
    r"\s+(?:abs|absatz|lid|apartado|al|alinea|para|paragraph|subsection)\b\.?\s*\(?(\d+)\)?|\s+(\(\w{1,3}\))"
)
_ADDED = re.compile(r"(?<=\d)\s+(bis|ter|quater|quinquies|[a-rt-z])(?![\w-])")  # § 263 a; not: Act 2001 s 6
_DOTTED = re.compile(r"(?:(?<=\d)|(?<=bis)|(?<=ter))\.(\d+)")  # art 197 bis.2, as Spanish law is cited
_BOOK = re.compile(r"\b([lrd])[. ]+(?=\d)")  # L. 335-2, as French codes number
_GLUED = re.compile(r"\b(art|arts|s|sec)\.?(?=\d)")  # art.313-1, s6
_SHOWN = 5
_NUMBERED = re.compile(r"\d{2,4}/\d+(?:/[A-Z]+)?")  # of an act of the Union: 2018/1805, 2002/584/JHA


def citation_key(code: str, cited_as: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """What two citations of the same provision share; the paragraph stays with its number.

    ``cited_as``: other names of laws, and how the codes of the file cite them (`PartyLaw.cited_as`).
    """
    return _key(code, tuple((cited_as or {}).items()))


@lru_cache(maxsize=4096)
def _key(code: str, cited_as: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    text = _folded(code)
    for other, own in sorted(cited_as, key=lambda pair: -len(pair[0])):
        text = re.sub(rf"(?<!\w){re.escape(_folded(other))}(?!\w)", _folded(own), text, count=1)
    text = _GLUED.sub(r"\1 ", _BOOK.sub(r"\1", text.replace("§", " § ")))
    text = _DOTTED.sub(r"(\1)", _ADDED.sub(r"\1", text))
    text = _PARAGRAPH.sub(lambda m: f"({m[1]})" if m[1] else m[2], text)
    return tuple(sorted(word for word in text.replace(",", " ").split() if word not in _SIGNS))


def _folded(text: str) -> str:
    """Without case and accents, every dash a hyphen."""
    plain = unicodedata.normalize("NFKD", re.sub("[\u2010-\u2015]", "-", text)).casefold()
    return "".join(c for c in plain if not unicodedata.combining(c))


def nearest(code: str, offences: Iterable[NationalOffence]) -> list[str]:
    """Offences that somebody who wrote ``code`` may have meant, as the file cites them; at most five."""
    known, word, numbers = list(offences), code.casefold().strip(), re.findall(r"\d+", code)
    named = [each.code for each in known if word and word in each.title.casefold()]
    numbered = [each.code for each in known if numbers and re.findall(r"\d+", each.code)[:1] == numbers[:1]]
    return [*named, *numbered][:_SHOWN]


def by_citation(parties: Mapping[str, PartyLaw]) -> dict[tuple[str, tuple[str, ...]], NationalOffence]:
    """Every offence of these Parties' laws, by Party and `citation_key`; also by its whole other citations."""
    found: dict[tuple[str, tuple[str, ...]], NationalOffence] = {}
    for party, law in parties.items():
        codes = {each.code: each for each in law.offences}
        for other, own in law.cited_as.items():
            if own in codes:
                found[party, citation_key(other)] = codes[own]
        found |= {(party, citation_key(each.code, names_of(law))): each for each in law.offences}
    return found


def names_of(law: PartyLaw) -> dict[str, str]:
    """The other names of whole laws in ``cited_as``, without those of single offences."""
    codes = {each.code for each in law.offences}
    return {other: own for other, own in law.cited_as.items() if own not in codes}


def instrument_named(name: str, instruments: Iterable[Instrument]) -> str:
    """The id of the instrument that somebody who wrote ``name`` means: EAW, UNCAC, ETS 30, 2018/1805; else ``name``."""
    wanted = _letters(name)
    meant = [i.id for i in instruments if wanted in {_letters(n) for n in _names_of_instrument(i)}]
    return meant[0] if len(meant) == 1 else name


def _names_of_instrument(i: Instrument) -> Iterable[str]:
    """Its id, its titles, the number of its series or act, with and without what it was made under (JHA, EU)."""
    yield from (i.id, i.short, i.title, i.citation.partition(",")[0])
    for number in _NUMBERED.findall(i.title):
        yield from (number, number.rpartition("/")[0] if number.count("/") > 1 else number)


def _letters(text: str) -> str:
    return "".join(c for c in _folded(text) if c.isalnum())
