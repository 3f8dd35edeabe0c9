"""Every story in this folder, told on both sides with real keys and real law."""

from __future__ import annotations

from pathlib import Path

import pytest

import tests.stories.emergencies  # noqa: F401  whose sentences are known from here on
from tests.stories.language import Telling, tell
from tests.world import World

STORIES = sorted(Path(__file__).parent.glob("*.txt"))
WORLD = World()
LEAST = 14


def sentences(text: str) -> list[tuple[int, str, str]]:
    """Line number, word (Given, When, Then) and the rest of each sentence. ``#`` begins a comment line."""
    found: list[tuple[int, str, str]] = []
    word = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        first, _, rest = line.strip().partition(" ")
        word = word if first == "And" and word else first
        assert word in ("Given", "When", "Then"), f"line {number}: a sentence begins with Given, When, Then or And"
        found.append((number, word, rest))
    return found


def run(text: str) -> None:
    """Tell a story; AssertionError naming the line when it does not go as told."""
    telling, told = Telling(WORLD), sentences(text)
    assert told, "a story says something"
    assert told[-1][1] == "Then", "a story ends with what the law says"
    for number, word, rest in told:
        try:
            tell(telling, word, rest)
        except AssertionError as wrong:
            raise AssertionError(f"line {number}: {word} {rest}\n{wrong}") from wrong
    assert telling.judged, "say whether the last act takes effect"


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path) -> None:
    run(path.read_text(encoding="utf-8"))


def test_there_are_enough_stories() -> None:
    assert len(STORIES) >= LEAST


ORDER = "Given DE asks FR for bank account data by a European Investigation Order.\n"
DRAFTED = ORDER + "When the prosecutor of DE drafts it.\n"
WRONG = {
    "Given DE asks FR for gold.\nThen it takes effect.": "unknown opening",
    "When pigs fly.\nThen it takes effect.": "unknown sentence",
    ORDER: "ends with",
    DRAFTED + "Then it has no effect.": "it took effect",
    DRAFTED + "And the prosecutor of DE sends it.\nThen it has no effect.": "say whether the act before takes effect",
    DRAFTED + "Then the docket stands at request.draft.": "say whether the last act takes effect",
}


@pytest.mark.parametrize("story", WRONG)
def test_a_wrong_story_fails(story: str) -> None:
    with pytest.raises(AssertionError, match=WRONG[story]):
        run(story)
