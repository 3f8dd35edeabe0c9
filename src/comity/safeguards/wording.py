"""Whether a text says something. A form field with a dash in it is not a reason.

The least number of words is Comity's own rule, not law: reasons must be individual, specific and concrete, and fewer
words cannot be. Left to others: whether the reasons are good; that is for people.
"""

from __future__ import annotations

from collections.abc import Sequence

LEAST_WORDS = 5


def says_something(text: str) -> bool:
    """Whether the text has at least `LEAST_WORDS` different words with letters or digits in them."""
    words = set[str]()
    for word in text.split():
        if word.isalnum() or any(c.isalnum() for c in word):
            words.add(word.casefold())
            if len(words) == LEAST_WORDS:
                return True
    return False


def listed(items: Sequence[str]) -> str:
    """The items as a sentence says them: ``a, b and c``."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "nothing"
