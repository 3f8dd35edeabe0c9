"""What a lawyer does to the files when the law changes, and what the routes then say.

A protocol enters into force, a Party reserves a measure, a Party denounces: each by data alone.
"""

from __future__ import annotations

from datetime import date

import pytest

from comity.law.book import LawBook, open_law
from comity.law.check import check_law
from comity.law.files import packaged
from comity.law.jurisdiction import Facts, jurisdiction
from comity.law.offences import OffenceFacts
from comity.law.route import Routes, routes

DAY = date(2030, 3, 1)
PROTOCOL = "instruments/second_protocol.toml"
IN_FORCE = """
[[in_force]]
since = 2030-01-01
provision = "CETS 224 art 16(3)"
mark = "knowledge_high"

[[bound]]
parties = ["DE", "FR", "IE", "JP"]
since = 2030-01-01
provision = "CETS 224 art 16"
mark = "knowledge_high"
"""
RESERVATION = """
[[declarations]]
instrument = "second_protocol"
effect = "reserves"
value = "measure"
measures = ["direct_subscriber_order"]
text = "Article 7 does not apply."
provision = "CETS 224 art 7(9)(a)"
mark = "{mark}"
"""
DENOUNCED = """
[[excluded]]
parties = ["FR"]
since = 2030-02-01
note = "denounced"
provision = "ETS 185 art 47"
mark = "knowledge_high"
"""


def law(mark: str = "", denounced: bool = False) -> LawBook:
    """The packaged law with the Protocol in force; with a German reservation marked ``mark``."""
    files = packaged()
    text = files[PROTOCOL].replace("in_force = []\n", "").replace("bound = []\n", "")
    files[PROTOCOL] = text + IN_FORCE
    if mark:
        files["parties/DE.toml"] += RESERVATION.format(mark=mark)
    if denounced:
        files["instruments/budapest.toml"] += DENOUNCED
    return open_law(files)


def said(found: Routes, instrument: str) -> tuple[str, str, str]:
    """How an instrument is answered: open, closed or cannot tell; in words; by which provision."""
    for way in found.open:
        if way.instrument.id == instrument:
            return "open", "", way.provision
    for closed in found.closed:
        if closed.instrument.id == instrument:
            return "closed", closed.reason, closed.provision
    (unclear,) = [u for u in found.cannot_tell if u.instrument.id == instrument]
    return "cannot tell", unclear.question, unclear.provision


def test_a_protocol_in_force_is_open_to_those_it_binds_and_binds_none_outside_its_convention() -> None:
    book = law()
    ask = "direct_subscriber_order"
    assert said(routes(book, "FR", "JP", ask, day=DAY), "second_protocol") == ("open", "", "CETS 224 art 7")
    answer, why, provision = said(routes(book, "FR", "IE", ask, day=DAY), "second_protocol")
    assert (answer, provision) == ("closed", "ETS 185 art 36")
    assert "to which it is a protocol" in why
    assert said(routes(book, "FR", "NL", ask, day=DAY), "second_protocol")[0] == "closed"


@pytest.mark.parametrize(("sender", "to"), [("FR", "DE"), ("DE", "FR")])
def test_who_reserves_article_7_neither_answers_nor_sends_such_orders(sender: str, to: str) -> None:
    book, order = law("knowledge_high"), "direct_subscriber_order"
    answer, why, provision = said(routes(book, sender, to, order, day=DAY), "second_protocol")
    assert (answer, provision) == ("closed", "CETS 224 art 7(9)(a)")
    assert "DE has reserved it: Article 7 does not apply." in why
    assert said(routes(book, sender, to, "giving_effect", day=DAY), "second_protocol")[0] == "open"
    assert said(routes(book, "FR", "JP", order, day=DAY), "second_protocol")[0] == "open"


def test_a_reservation_that_is_not_settled_is_a_question() -> None:
    found = routes(law("knowledge_medium"), "FR", "DE", "direct_subscriber_order", day=DAY)
    assert said(found, "second_protocol")[0] == "cannot tell"


@pytest.mark.parametrize(
    ("day", "answer"), [(date(2030, 1, 31), "open"), (date(2030, 2, 1), "closed"), (date(2035, 1, 1), "closed")]
)
def test_a_party_that_denounces_is_out_from_that_day_and_of_the_protocol_too(day: date, answer: str) -> None:
    book = law(denounced=True)
    assert said(routes(book, "FR", "US", "preserve_data", day=day), "budapest")[0] == answer
    protocol = said(routes(book, "FR", "JP", "direct_subscriber_order", day=day), "second_protocol")
    assert protocol[0] == answer
    if answer == "closed":
        assert "denounced" in protocol[1]


def test_a_protocol_to_what_is_not_there_is_a_problem() -> None:
    files = packaged()
    files[PROTOCOL] = files[PROTOCOL].replace('parent = "budapest"', 'parent = "bucharest"')
    (problem,) = check_law(files)
    assert (problem.file, "bucharest" in problem.what) == (PROTOCOL, True)
    assert problem.line == next(n for n, line in enumerate(files[PROTOCOL].splitlines(), 1) if "bucharest" in line)


def test_an_offence_too_light_in_the_requested_party_is_not_extraditable() -> None:
    """Punishable under both laws by a maximum of at least a year (ETS 24 art 2(1)); NL: insult, three months."""
    files = packaged()
    for heavier in ("Sr art 261", "Sr art 262"):
        block = next(b for b in files["parties/NL.toml"].split("[[") if f'code = "{heavier}"' in b)
        files["parties/NL.toml"] = files["parties/NL.toml"].replace(f"[[{block}", "")
    offence = OffenceFacts("CH", iccs="0209", max_years=1)
    (way,) = routes(open_law(files), "CH", "NL", "surrender", offence=offence, day=DAY).open
    (need,) = [n for n in way.needs if n.kind == "dual_criminality"]
    assert (way.instrument.id, need.provision, need.settled) == ("ece", "ETS 24 art 2(1)", True)
    assert "Double criminality (lacking)" in need.what


def test_what_is_not_settled_closes_no_way_and_owes_no_notification() -> None:
    """The same statement marked knowledge_medium becomes a question for a person."""
    files = packaged()

    def unsettle(name: str, topic: str) -> None:
        head, found, rest = files[name].partition(f'topic = "{topic}"\n')
        assert found
        files[name] = head + found + rest.replace('mark = "knowledge_high"', 'mark = "knowledge_medium"', 1)

    theft = OffenceFacts("FR", iccs="0502", max_years=5)
    target = Facts("DE", "DK", person_in="DK", needs_assistance=False)
    before = open_law(dict(files))
    assert said(routes(before, "FR", "CH", "hearing_witness", offence=theft, day=DAY), "uncac")[0] == "closed"
    assert jurisdiction(before, "eu_mla_2000", "interception", target, DAY).notifications[0].answer == "required"
    unsettle("instruments/uncac.toml", "cooperation")
    unsettle("instruments/eu_mla_2000.toml", "notification")
    book = open_law(files)
    assert said(routes(book, "FR", "CH", "hearing_witness", offence=theft, day=DAY), "uncac")[0] == "open"
    assert jurisdiction(book, "eu_mla_2000", "interception", target, DAY).notifications[0].answer == "cannot_tell"
