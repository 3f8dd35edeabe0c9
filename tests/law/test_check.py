"""`law check`: every kind of fault is named with file, line and mend. The faults are made in the packaged files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from comity.docket.sections import Addressee, Basis, Measure, Offence, Request
from comity.law import files as law_files
from comity.law.check import check_law
from comity.law.files import line_of, packaged
from comity.law.references import FIELDS, FORM_FIELDS

FILES = packaged()
EVIDENCE, BUDAPEST, SETS = "instruments/e_evidence.toml", "instruments/budapest.toml", "country_sets.toml"
EIO, ETS30, DE, STANDARDS = "instruments/eio.toml", "instruments/ets30.toml", "parties/DE.toml", "standards.toml"

@pytest.fixture(autouse=True)
def each_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The texts that a case leaves alone are parsed once, not once for each case."""
    monkeypatch.setattr(law_files, "parsed", PARSED)


PARSED = cache(law_files.parsed)
TWICE = 'country_set = "eu_eio"\nprovision = "x"\nmark = "knowledge_high"\n\n[[bound]]\ncountry_set = "eu_eio"'


def test_the_packaged_law_has_no_problem():
    assert [str(p) for p in check_law(FILES)] == []


def test_a_folder_is_checked_like_its_texts(tmp_path: Path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert check_law(tmp_path) == []
    (tmp_path / EIO).write_text("id = ", encoding="utf-8")
    assert [(p.file, p.line) for p in check_law(tmp_path) if "TOML" in p.what] == [(EIO, 1)]


def _line(text: str, needle: str, nth: int = 1) -> int:
    lines = [n for n, line in enumerate(text.splitlines(), 1) if needle in line]
    return lines[nth - 1]


CASES = [
    # what, file, (old, new), the line on which the fault is reported, words of the report
    ("unknown field", EIO, ("amount = 90", "amout = 90"), "amout = 90", "unknown field `amout`"),
    ("unknown field of the instrument", EIO, ('short = "', 'nickname = "x"\nshort = "'), "nickname", "nickname"),
    ("no provision", EIO, ('provision = "Directive 2014/41/EU art 12(4)"\n', ""), None, "missing required field"),
    ("empty provision", EIO, ('provision = "Directive 2014/41/EU art 12(4)"', 'provision = " "'), 'provision = " "',
     "provision is missing"),
    ("no mark", DE, ('mark = "knowledge_high"\n', ""), None, "missing required field `mark`"),
    ("unknown mark", DE, ('mark = "knowledge_high"', 'mark = "sure"'), None, "Invalid enum value 'sure'"),
    ("not read, yet verified", EIO, ('source = "EIO"\n', ""), None, "unverified value shown as settled"),
    ("unknown source", EIO, ('source = "EIO"', 'source = "XYZ"'), 'source = "XYZ"', "Unknown source"),
    ("unverified, yet absolute", STANDARDS,
     ('absolute = true\nparameters = { binding = "mandatory" }\nprovision = "ECHR art 3"\nmark = "knowledge_high"',
      'absolute = true\nparameters = { binding = "mandatory" }\nprovision = "ECHR art 3"\nmark = "knowledge_medium"'),
     'mark = "knowledge_medium"', "unverified value shown as settled"),
    ("overlapping dates", EIO,
     ("[[in_force]]\n", '[[in_force]]\nsince = 2020-01-01\nprovision = "x"\nmark = "knowledge_high"\n\n[[in_force]]\n'),
     None, "Overlapping dates"),
    ("a limit stated twice", EIO,
     ('[[limits]]\nname = "decide_extension"', '[[limits]]\nname = "decide"'), None, "Overlapping dates: limit decide"),
    ("ends before it begins", EIO, ("since = 2017-05-22", "since = 2017-05-22\nuntil = 2016-01-01"),
     "until = 2016-01-01", "before it begins"),
    ("circle of displacement", ETS30, ("preference = 60", 'preference = 60\ndisplaces = ["eio"]'), "displaces",
     "circular reference: ets30"),
    ("circle of being open only without", ETS30, ("preference = 60", 'preference = 60\nonly_without = ["budapest"]'),
     "only_without", "circular reference: ets30"),
    ("a holiday on no day", DE, ('day = "08-15"', 'day = "02-31"'), 'day = "02-31"', "'02-31' is no day"),
    ("a holiday in parts of nowhere", DE, ('parts_of = ["DE-BY"]', 'parts_of = ["DE-XX"]'), "parts_of",
     "Unknown subdivision 'DE-XX'"),
    ("another name for no law", DE, ('"Abgabenordnung" = "AO"', '"Abgabenordnung" = "OA"'), "cited_as",
     "stands for 'OA', by which no offence is cited"),
    ("a limit extends itself", EIO, ('extends = "decide"', 'extends = "decide_extension"'), "extends",
     "decide_extension extends itself"),
    ("unknown instrument", EIO, ('displaces = ["ets30"', 'displaces = ["ets31"'), "displaces",
     "Unknown instrument 'ets31'"),
    ("unknown country set", EIO, ('country_set = "eu_eio"', 'country_set = "eu_oie"'), "country_set",
     "Unknown country set"),
    ("unknown measure", EIO, ('id = "bank_transactions"', 'id = "bank_transaction"'), 'id = "bank_transaction"',
     "Unknown measure 'bank_transaction'"),
    ("a limit for a measure not offered", EIO, ('measures = ["provisional_measure"]', 'measures = ["service"]'),
     'measures = ["service"]', "Unknown measure of this instrument"),
    ("unknown authority", EIO, ('issue = ["judge"', 'issue = ["juge"'), 'issue = ["juge"', "kind of authority 'juge'"),
    ("unknown list", EIO, ('list_id = "thirty_two"', 'list_id = "thirty_three"'), "list_id",
     "Unknown list of offences"),
    ("unknown ICCS code", DE, ('iccs = "0701"', 'iccs = "0777"'), 'iccs = "0777"', "Unknown ICCS code"),
    ("unknown list category", DE, ('list_category = "fraud"', 'list_category = "fraude"'), "fraude", "list category"),
    ("unknown effect", DE, ('effect = "accepts_language"', 'effect = "likes"'), 'effect = "likes"', "Unknown effect"),
    ("unknown safeguard", STANDARDS, ('safeguard = "legality_basis"', 'safeguard = "legality"'),
     'safeguard = "legality"', "Unknown safeguard"),
    ("EU's own country code", ETS30, ('parties = ["DE"]', 'parties = ["Germany"]'), 'parties = ["Germany"]',
     "no country code"),
    ("a gap", EIO, ('topic = "remedies"', 'topic = "remedy"'), "[[rules]]", "nothing is said about remedies"),
    ("a contradiction about who is bound", ETS30,
     ("# --- scope", '[[excluded]]\nparties = ["DE"]\nprovision = "x"\nmark = "knowledge_high"\n\n# --- scope'), None,
     "DE is both bound and expressly not bound"),
    ("a contradiction about double criminality", EIO,
     ('not_for = ["existing_evidence", "database_information", ', 'not_for = ["database_information", '), None,
     "not required for existing_evidence, yet a ground"),
    ("a list exception without threshold", EIO, ("threshold_years = 3\n", ""), None, "without list or threshold"),
    ("the file's name", DE, ('party = "DE"', 'party = "AT"'), None, "called DE.toml but is about AT"),
    ("an article with a point", EIO, ("Directive 2014/41/EU art 12(3)", "Directive 2014/41/EU art 12.3"), "12.3",
     "as it is usually written"),
    ("an article in words", EIO, ("Directive 2014/41/EU art 12(3)", "Directive 2014/41/EU Art. 12 para 3"), "para 3",
     "in another way"),
    ("an article without its act", EIO, ("Directive 2014/41/EU art 12(3)", "12(3)"), '"12(3)"', "names no act"),
    ("an open bracket", EIO, ("Directive 2014/41/EU art 12(3)", "Directive 2014/41/EU art 12(3"), "12(3\"",
     "as it is usually written"),
    ("a paragraph apart", EIO, ("Directive 2014/41/EU art 12(3)", "Directive 2014/41/EU art 12 (3)"), "12 (3)",
     "apart from its article"),
    ("no such date", EIO, ("since = 2017-05-22", "since = 2017-05-32"), "2017-05-32", "No such date"),
    ("a set's name in a parameter", EVIDENCE, ("eu_eevidence_dir", "eu_eevidence_dri"), "parameters",
     "Unknown country set 'eu_eevidence_dri'"),
    ("a country code of three letters", SETS, ('"AT", "BE"', '"AT", "BEL"'), "BEL", "'BEL' is no country code"),
    ("as EU documents print it", EIO, ('parties = ["GB"]', 'parties = ["UK"]'), '"UK"', "'UK' is no country code"),
    ("a code of no country", BUDAPEST, ('parties = ["DE"]', 'parties = ["QQ"]'), '"QQ"', "'QQ' is no country code"),
    ("a member twice", SETS, ('"AT", "BE"', '"AT", "AT", "BE"'), '"AT", "AT"', "A duplicate: AT"),
    ("a set twice", SETS, ('id = "eu_eio"', 'id = "eu27"'), 'id = "eu27"', "A duplicate: 'eu27'"),
    ("an instrument twice", BUDAPEST, ('id = "budapest"', 'id = "ets30"'), None, "called budapest.toml"),
    ("a measure twice", "measures.toml", ('id = "bank_transactions"', 'id = "bank_account_data"'),
     'id = "bank_account_data"', "A duplicate: 'bank_account_data'"),
    ("a source twice", "sources.toml", ('key = "AIO"', 'key = "AIA"'), 'key = "AIA"', "A duplicate: 'AIA'"),
    ("a code twice", "iccs.toml", ('code = "0102"', 'code = "0101"'), 'code = "0101"', "A duplicate: '0101'"),
    ("a category twice", "lists/annex_iv.toml", ('id = "terrorism"', 'id = "corruption"'), None,
     "A duplicate: 'corruption'"),
    ("a protocol to itself", BUDAPEST, ("preference = 50", 'preference = 50\nparent = "second_protocol"'), "parent",
     "refers to itself through `parent`"),
    ("like itself", "measures.toml", ('like = ["provisional_measure"]', 'like = ["preserve_data"]'),
     '"preserve_data"', "preserve_data is said to be like itself"),
    ("a set bound twice", EIO, ('country_set = "eu_eio"', TWICE), "[[bound]]", "is bound twice"),
    ("bound by a set and expressly not", EIO, ('country_set = "eu_eio"', 'country_set = "eu27"'), "eu27",
     "DK is of the set eu27 that is bound, and expressly not bound"),
    ("a threshold below nothing", EVIDENCE, ("years = 3\nbasis", "years = -3\nbasis"), None, "must be positive"),
    ("a field no request has", EIO, ('field = "weighing.necessity"', 'field = "weighing.necesity"'), "necesity",
     "Unknown field of a request"),
    ("a kind of offence", EVIDENCE, ('"terrorism"]\nnote', '"terorism"]\nnote'), "terorism", "Unknown kind of offence"),
    ("a kind of offence in a scope", BUDAPEST, ("computer_crime comp", "computer_crim comp"), "parameters",
     "Unknown kind of offence"),
    ("a measure in a parameter", BUDAPEST, ('measures = "surrender"', 'measures = "surender"'), "parameters",
     "Unknown measure of this instrument 'surender'"),
    ("unknown proceeding", BUDAPEST, ('proceeding = "request"', 'proceeding = "reqest"'), "reqest",
     "Unknown proceeding"),
    ("a language of three letters", DE, ('languages = ["de"]', 'languages = ["deu"]'), '"deu"', "no language code"),
    ("a language in words", DE, ('value = "de"', 'value = "deutsch"'), '"deutsch"', "no language code"),
    ("a ground that no instrument has", DE, ('value = "death_penalty"', 'value = "deth_penalty"'), "deth_penalty",
     "Unknown ground for refusal"),
    ("no UTF-8", EIO, ('short = "European', 'short = "\udcff European'), "short", "Not UTF-8: the byte 0xff"),
    ("a calendar of no country", DE, ('holidays = "DE"', 'holidays = "XX"'), 'holidays = "XX"', "of a calendar 'XX'"),
    ("unknown time zone", DE, ("Europe/Berlin", "Europe/Bonn"), "Europe/Bonn", "Unknown time zone"),
]


@pytest.mark.parametrize(("what", "file", "change", "at", "words"), CASES, ids=[c[0] for c in CASES])
def test_each_fault_is_named_with_file_line_and_mend(what, file, change, at, words):
    old, new = change
    assert old in FILES[file], "the case no longer fits the file"
    text = FILES[file].replace(old, new, 1)
    problems = [p for p in check_law({**FILES, file: text}) if words in p.what]
    assert problems, [str(p) for p in check_law({**FILES, file: text})]
    problem = problems[0]
    assert problem.file == file
    assert problem.line >= 1
    assert problem.mend
    if at is not None:
        assert at in text.splitlines()[problem.line - 1]


def test_a_missing_provision_is_reported_at_its_own_statement():
    text = FILES[EIO]
    cut = text.replace('provision = "Directive 2014/41/EU art 16(1)"\n', "", 1)
    (problem,) = [p for p in check_law({**FILES, EIO: cut}) if p.file == EIO and "provision" in p.what]
    assert problem.line == _line(cut, "[[limits]]")


def test_a_missing_file_is_a_problem():
    files = {k: v for k, v in FILES.items() if k != "iccs.toml"}
    assert "The file is missing." in [p.what for p in check_law(files) if p.file == "iccs.toml"]


def test_broken_toml_is_named_by_its_line():
    broken = FILES[EIO].replace('short = "', "short = ", 1)
    (problem,) = [p for p in check_law({**FILES, EIO: broken}) if "TOML" in p.what]
    assert (problem.file, problem.line) == (EIO, _line(broken, "short = "))


@pytest.mark.parametrize("text", ["", " \n", "\ufeffid = 1"], ids=["empty", "blank", "byte order mark"])
def test_a_file_without_text_is_named(text: str):
    assert [(p.file, p.line, bool(p.mend)) for p in check_law({**FILES, DE: text})] == [(DE, 1, True)]


def test_a_file_that_nothing_would_read_is_named():
    (problem,) = check_law({**FILES, "instrument/eio.toml": FILES[EIO]})
    assert (problem.file, problem.line) == ("instrument/eio.toml", 1)


def test_two_files_of_one_instrument_are_named():
    found = check_law({**FILES, "instruments/eio2.toml": FILES[EIO]})
    assert ("instruments/eio2.toml", "A duplicate: 'eio' is named twice (first in instruments/eio.toml).") in [
        (p.file, p.what) for p in found
    ]


def test_bytes_that_are_no_utf8_are_named_from_the_folder(tmp_path: Path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / EIO).write_bytes(b'id = "eio"\nshort = "\xff"\n')
    assert [(p.file, p.line) for p in check_law(tmp_path)] == [(EIO, 2)]


def test_every_field_that_the_files_may_name_is_one_of_a_request_or_of_the_form():
    request = Request(
        addressee=Addressee(party="FR", authority="x"), basis=Basis(instrument="eio", article="1"), reference="r",
        language="fr", offence=Offence(description="d", code="c"), facts="f",
        measures=(Measure(id="evidence", category="document", description="d"),),
    )  # fmt: skip
    for path in FIELDS:
        here = request
        for name in path.split("."):
            here = getattr(here[0] if isinstance(here, tuple) else here, name)
    assert not FIELDS & FORM_FIELDS


def test_line_of_counts_headers_within_their_parent():
    text = '[[a]]\nx = 1\n[[a.b]]\ny = 1\n[[a]]\nx = 2\n[[a.b]]\ny = 2\n[[a.b]]\ny = 3\n'
    assert line_of(text, ".a[1].x") == 6
    assert line_of(text, ".a[1].b[1].y") == 10
    assert line_of(text, ".a[0].b[0]") == 3
