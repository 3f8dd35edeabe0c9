"""A node does not start on law files that are wrong: it says which file, which line and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.errors import BadLaw
from comity.law import book
from comity.law.book import load_law
from comity.law.files import packaged
from tests.node.nodes import Nodes

FILES = packaged()
EIO, IE, STANDARDS = "instruments/eio.toml", "parties/IE.toml", "standards.toml"
WRONG = [
    ("an unknown field", EIO, "amount = 90", "amout = 90", "unknown field `amout`"),
    ("a missing provision", EIO, 'provision = "Directive 2014/41/EU art 12(4)"\n', "", "missing required field"),
    ("overlapping dates", EIO, 'name = "decide_extension"', 'name = "decide"', "Overlapping dates"),
    ("a circular reference", EIO, 'displaces = ["ets30"', 'displaces = ["eio", "ets30"', "circular reference"),
    ("an unverified value shown as settled", EIO, 'source = "EIO"\n', "", "unverified value shown as settled"),
    ("not TOML", IE, 'party = "IE"', "party = IE", "Not TOML"),
    ("an article in another form", EIO, "art 12(3)", "Art. 12 (3)", "in another way"),
    ("a typo in the name of a set", EIO, 'country_set = "eu_eio"', 'country_set = "eu_oie"', "Unknown country set"),
    ("no such date", EIO, "2017-05-22", "2017-05-32", "No such date"),
    ("an id given twice", EIO, 'id = "telephone_hearing"', 'id = "video_hearing"', "stated twice"),
    ("no UTF-8", EIO, 'short = "', 'short = "\udcff', "Not UTF-8"),
    ("an unknown safeguard", STANDARDS, 'safeguard = "necessity"', 'safeguard = "need"', "Unknown safeguard"),
]


@pytest.fixture(autouse=True)
def fresh_law() -> Iterator[None]:
    """The packaged law is read once per process: read it again, and again afterwards."""
    load_law.cache_clear()
    yield
    load_law.cache_clear()


def test_the_node_starts_on_the_packaged_law(tmp_path: Path) -> None:
    nodes = Nodes(tmp_path)
    assert nodes.open("DE").law.version == book.digest(FILES)
    nodes.close()


@pytest.mark.parametrize(("file", "old", "new", "words"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_the_node_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, words: str
) -> None:
    assert old in FILES[file]
    monkeypatch.setattr(book, "packaged", lambda: {**FILES, file: FILES[file].replace(old, new, 1)})
    nodes = Nodes(tmp_path)
    with pytest.raises(BadLaw) as refused:
        nodes.open("DE")
    named, line, _ = refused.value.what.split(":", 2)
    assert named == file
    assert 0 < int(line) <= len(FILES[file].splitlines())
    assert words in refused.value.what
    assert "comity law check" in refused.value.next_step
    nodes.close()
