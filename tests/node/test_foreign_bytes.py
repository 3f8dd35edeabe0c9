"""Whatever bytes reach a node or its readers from outside, only an error that people can read comes out.

Bytes at random, samples cut and spliced, and samples with one value exchanged for another that JSON allows, written
anew in canonical form, so that what looks behind the first check is met too. The log's own formats: tests/tlog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.analysis.statistics.certificates import read_facts
from comity.docket.escrow import decode_escrow, decode_opening
from comity.docket.logged import Logged, check_logged
from comity.docket.party_file import open_party_file, read_party_file
from comity.docket.record import decode_sealed, encode_sealed, open_sections
from comity.errors import ComityError
from comity.node.post.delivery import Contents, Item
from comity.package.anchors import read_anchors, write_anchors
from comity.package.report import Openings, PeriodReport
from comity.package.report_check import check_report, open_report, read_openings
from comity.package.report_files import report_files
from comity.package.report_leaf import read_report_leaf
from comity.signing.canonical import canonical
from comity.tlog.contradiction import Contradiction
from comity.tlog.note import sign_note
from comity.tlog.policy import Policy
from comity.tlog.unsealed import Unsealed, decode_unsealed, encode_unsealed, parse_unsealed_path
from comity.web.api import decode_filing
from tests.node import matters
from tests.node.lying_peer import Liar
from tests.node.nodes import Nodes
from tests.package import report_samples
from tests.tlog.test_foreign_bytes import mutations, text_of

_LEAF = b'{"act":"{}","origin":"o","position":1,"salt":"","sections":{},"signatures":""}'
_OPENED = Unsealed(1, 2, "request", 7)
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**53, 2**70, "", "\x00", "\u2028", "é" * 9, "x" * 5000, "sha256:" + "0" * 64, [], {}, [[[]]],
    {"": ""}, ["A"] * 40,
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def exchanged(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with another at a place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = exchanged(value[path[0]], path[1:], new)
    return copy


def exchanges(good: bytes) -> st.SearchStrategy[bytes]:
    """The sample, canonical, with one value exchanged."""
    value = msgspec.json.decode(good)
    made = st.tuples(st.sampled_from(list(places(value))), st.sampled_from(ODD))
    return made.map(lambda change: msgspec.json.encode(exchanged(value, *change), order="sorted"))


def refused(parse: Callable[[bytes], object], data: bytes) -> ComityError | None:
    """Parse; nothing but a ComityError may come out."""
    try:
        parse(data)
    except ComityError as error:
        return error
    return None


class Foreign:
    """Two nodes in the middle of a matter, whose bytes are the samples."""

    def __init__(self, folder: Path) -> None:
        self.nodes = Nodes(folder)
        self.de, self.fr = self.nodes.open("DE"), self.nodes.open("FR")
        self.sent = matters.sent(self.nodes, self.de)
        self.de.publisher.publish()
        self.liar = Liar(self.nodes, self.de, self.fr)
        self.item = self.liar.item(matters.latest(self.de, "request.draft").id)

    def deliver(self, data: bytes) -> None:
        """An item of the liar's making, sealed and enveloped as is right; the answer must be one."""
        self._answered(msgspec.json.decode(data, type=Item))

    def deliver_all(self, data: bytes) -> None:
        self._answered(*msgspec.json.decode(data, type=Contents).items)

    def _answered(self, *items: Item) -> None:
        assert all(outcome.done or outcome.problem for outcome in self.liar.deliver(*items))

    def logged(self, data: bytes) -> None:
        sealed, policy = self.de.sealed(self.item.record), Policy.parse(self.nodes.policy("DE"))
        check_logged(sealed, msgspec.json.decode(data, type=Logged), policy, int(self.nodes.clock().timestamp()), 3600)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    found = Foreign(tmp_path_factory.mktemp("foreign"))
    yield found
    found.nodes.close()


def lenient(parse: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """A parser behind msgspec's own: what does not have the shape was never handed on."""

    def parsed(data: bytes) -> object:
        try:
            return parse(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    return parsed


@cache
def year() -> tuple[report_samples.Year, PeriodReport, Openings]:
    """A year with its report and openings: every kind of figure in it, and as few certificates as may be."""
    made = report_samples.a_year(certificates=9)
    for number in range(12):
        fields = {"addressee": "a", "outcome": "fulfilled", "minutes": number, "claimed": 5}
        facts = read_facts({"certificate": "epoc", "data": "subscriber", **fields})
        made.certificate(facts)
    return made, *made.report()


def signed_by_a_liar(data: bytes) -> None:
    """The log's key signs whatever its node likes: checking it and making its files again ends in words."""
    made, _, openings = year()
    note = sign_note(data + b"\n", [report_samples.LOG])
    found = check_report(note, made.fetch, report_samples.POLICY, openings, now=report_samples.NOW)
    assert all(problem.says for problem in found)
    report_files(open_report(note, report_samples.POLICY))


def samples(at: Foreign) -> dict[str, tuple[Callable[[bytes], object], bytes]]:
    """Each parser with bytes that it takes."""
    sealed = at.de.sealed(at.item.record)
    filing = canonical({"hand": sealed.hand, "record": sealed.record, "sections": sealed.sections})
    file, root = at.nodes.party_files["DE"], at.nodes.world.root("DE").public
    _, report, openings = year()
    return {
        "a message": (at.fr.inbox.receive, at.liar.message(at.item)),
        "an item": (lenient(at.deliver), canonical(at.item)),
        "a delivery's contents": (lenient(at.deliver_all), canonical(Contents((at.item, at.item)))),
        "a proof of logging": (lenient(at.logged), canonical(at.item.logged)),
        "a record": (lambda d: open_sections(decode_sealed(d)), encode_sealed(sealed)),
        "a filing": (decode_filing, filing),
        "a Party file": (lambda d: open_party_file(d, root), file),
        "a Party file not opened": (read_party_file, file),
        "anchors": (lambda d: read_anchors(d.decode("utf-8", "replace")), write_anchors(at.nodes.anchors).encode()),
        "a report": (lambda d: open_report(d, report_samples.POLICY), report_samples.signed(report)),
        "a report signed by a liar": (signed_by_a_liar, canonical(report)),
        "openings of a period": (read_openings, canonical(openings)),
        "a report's leaf": (read_report_leaf, _LEAF),
        "openings of what was unsealed": (lambda d: decode_unsealed(d, 2), encode_unsealed([_OPENED, None])),
        "a path of openings": (lambda d: parse_unsealed_path(text_of(d)), b"unsealed/x001/000.p/8"),
        "an escrow": (decode_escrow, b"{}"),
        "an opening in escrow": (decode_opening, b"{}"),
        "a contradiction": (Contradiction.parse, b"log-contradiction/v1\nsame-size\nfirst 1\nsecond 1\n\nab"),
    }  # fmt: skip


NAMES = (
    "a message", "an item", "a delivery's contents", "a proof of logging", "a record", "a filing", "a Party file",
    "a Party file not opened", "anchors", "a report", "a report signed by a liar", "openings of a period",
    "a report's leaf", "openings of what was unsealed", "a path of openings", "an escrow", "an opening in escrow",
    "a contradiction",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_foreign_bytes_are_taken_or_refused_in_words(foreign: Foreign, name: str, data: st.DataObject) -> None:
    parse, good = samples(foreign)[name]
    strategies = [mutations(good)] + ([exchanges(good)] if good.endswith(b"}") else [])
    refusal = refused(parse, data.draw(st.one_of(strategies)))
    assert refusal is None or (refusal.what and refusal.next_step and str(refusal).encode("utf-8"))


def test_every_sample_has_its_row(foreign: Foreign) -> None:
    assert set(samples(foreign)) == set(NAMES)


def test_after_all_that_the_honest_delivery_is_taken(foreign: Foreign) -> None:
    """Nothing that was thrown at the node has hurt it."""
    assert all(outcome.done for outcome in foreign.liar.deliver_docket(matters.DOCKET))
    assert foreign.fr.registrar.docket(matters.DOCKET).state == "request.send"
