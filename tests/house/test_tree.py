"""What may stand in the checkout: nothing of one machine, one registry or one desk."""

from __future__ import annotations

import hashlib
import re

from tests.house.source import ROOT, texts, tracked

# In pieces, because this file is searched too.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
        ("docker", "io"),
    ]
)
MACHINE_PATH = re.compile(r"(?<![\w.}\])-])(?:/(?:work|home|root|Users)/\w|[A-Z]:\\Users\\)")
NOT_IN_HERE = re.compile(r"(?<![\w-])(?:\.\./)*shared/(?:[a-z]+/|[A-Z]+\.md)")
# Names of tools that may lie on somebody's desk and say nothing about Comity: digests, this file being searched too.
DESK = {
    "3ea125d0bff386e6",
    "60965168ce762e94",
    "6f7ac1823da81d2e",
    "7d3194f79e645c42",
    "920510199770f4d6",
    "c70eca6b0f88f44d",
    "c857d09db23e6822",
}
LARGEST = 1_000_000


def short(word: str) -> str:
    """First eight bytes of the SHA-256 of a word, in hexadecimal."""
    return hashlib.sha256(word.encode()).hexdigest()[:16]


def test_no_registry_and_no_machine_is_named() -> None:
    found = []
    for path, text in texts():
        for number, line in enumerate(text.splitlines(), 1):
            if MACHINE_PATH.search(line) or NOT_IN_HERE.search(line) or any(name in line for name in REGISTRIES):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, "\n".join(found)


def test_patterns_see_what_they_are_for() -> None:
    assert MACHINE_PATH.search("data = /" + "home/anna/data")
    assert not MACHINE_PATH.search("frame/" + "work/x and /network/" + "root/")
    assert NOT_IN_HERE.search("see ../sha" + "red/reference/law.md")
    assert not NOT_IN_HERE.search("unshared/folder")


def test_no_tool_of_the_desk_is_named() -> None:
    words = {word: path for path, text in texts() for word in set(re.findall(r"[a-z]{4,}", text.lower()))}
    found = {word: str(path.relative_to(ROOT)) for word, path in words.items() if short(word) in DESK}
    assert not found, f"say what it does for Comity, or leave it out: {found}"


def test_no_file_is_enormous() -> None:
    large = [f"{path.relative_to(ROOT)}: {path.stat().st_size}" for path in tracked() if path.stat().st_size > LARGEST]
    assert not large, f"fetch or make such files when they are needed: {large}"


def test_licence_is_the_whole_eupl() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    articles = [int(number) for number in re.findall(r"^(\d+)\. [A-Z]", text, re.MULTILINE)]
    assert articles == list(range(1, 16))
    assert "EUROPEAN UNION PUBLIC LICENCE v. 1.2" in text
    assert "\nAppendix\n" in text
    assert text.rstrip().endswith("require the production of a new\nEUPL version.")
