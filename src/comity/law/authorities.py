"""Kinds of authority: does one satisfy what an instrument asks of its issuer?

The instruments name kinds; whether a public prosecutor is also an *independent* one (not exposed to instructions of the
executive in a specific case, CJEU C-508/18 and C-82/19 PPU OG and PI) is a fact of the Party, and of its law file.
Left to others: who an authority is (the Party's signed file), competence in a case (`comity.safeguards`).
"""

from __future__ import annotations

from collections.abc import Collection

from comity.law.schema import PartyLaw

PROSECUTOR, INDEPENDENT = "public_prosecutor", "independent_public_prosecutor"
_WHOLLY = {INDEPENDENT: PROSECUTOR, "investigating_judge": "judge"}  # each is one of the wider kind


def satisfies(kind: str, allowed: Collection[str], law: PartyLaw | None) -> bool | None:
    """Whether an authority of ``kind`` of the Party whose law is ``law`` is one of the ``allowed`` kinds.

    None: cannot tell, because a prosecutor must be independent and the Party's file (or the lack of one) does not say.
    An independent prosecutor satisfies wherever any prosecutor does, and an investigating judge wherever any judge does
    (Regulation (EU) 2018/1805 art 2(8) names judges without telling them apart).
    """
    if kind in allowed or _WHOLLY.get(kind) in allowed:
        return True
    if kind == PROSECUTOR and INDEPENDENT in allowed:
        return law.prosecutor_independent if law is not None else None
    return False
