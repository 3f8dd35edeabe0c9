"""A filled form as the source of a printed document (typst). Pure; the same form gives the same source.

Nothing that a person wrote reaches the markup: every text stands in a string literal, and typst sets strings as they
are. Left to others: making the PDF (`comity.node.pdf`).
"""

from __future__ import annotations

import re
import unicodedata

from comity.errors import NotFound
from comity.law.forms import LANGUAGES, Words
from comity.views.forms.fill import FilledField, FilledForm, FilledSection
from comity.views.forms.lines import Line, plain, said

_LONGEST = 34  # characters of a word that fit into the column of answers; the longest account number (IBAN)
_KEPT = 600  # characters of a person or measure that are kept together: well below a page
_WORD = re.compile(rf"\S{{{_LONGEST}}}(?=\S)")
_PREAMBLE = """
#set page(paper: "a4", margin: (x: 20mm, top: 18mm, bottom: 30mm), footer-descent: 4mm, footer: context {
  set text(size: 7pt, fill: luma(80))
  line(length: 100%, stroke: 0.4pt + luma(150))
  grid(columns: (1fr, auto), column-gutter: 8pt,
    strong(form-short) + " · " + docket-id,
    page-word + " " + counter(page).display() + " / " + str(counter(page).final().first()))
  set text(size: 5.5pt, font: "DejaVu Sans Mono")
  set par(leading: 3pt)
  records.join(linebreak())
})
#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), size: 10pt, hyphenate: false)
#set par(leading: 0.55em, justify: false)
#set block(spacing: 3pt)
#show heading.where(level: 1): it => block(below: 9pt, text(size: 15pt, it.body))
#show heading.where(level: 2): it => block(width: 100%, above: 13pt, below: 7pt, sticky: true, it.body)
#let section(letter, title) = heading(level: 2, outlined: true, grid(columns: (auto, 1fr), column-gutter: 7pt,
  align: horizon, box(fill: luma(30), inset: (x: 5pt, y: 4pt), radius: 1.5pt, text(fill: white, size: 10.5pt, letter)),
  text(size: 11pt, title)))
#let lines(texts) = texts.join(linebreak())
#let note(..texts) = block(text(size: 8pt, fill: luma(70), lines(texts.pos())))
#let warning(..texts) = block(width: 100%, above: 9pt, inset: 6pt, stroke: 1.2pt + luma(30),
  text(size: 9.5pt, lines(texts.pos().map(t => strong("! ") + t))))
#let answer(heading, mark, gap: 0pt, ..texts) = block(above: 0pt, below: 4pt, inset: (top: gap), {
  if heading != "" { text(size: 8.5pt, fill: luma(70), heading + colon + " ") }
  if mark == "" { lines(texts.pos()) } else { grid(columns: (11pt, 1fr), mark, lines(texts.pos())) }
})
#let kept(..answers) = block(breakable: false, above: 0pt, below: 4pt, answers.pos().join())
#let field(label, provision, ..answers) = grid(columns: (33%, 1fr), column-gutter: 10pt, inset: (y: 4pt),
  stroke: (top: 0.3pt + luma(190)),
  block(breakable: false, block(below: 4pt, strong(label)) + text(size: 7pt, fill: luma(90), provision)),
  block(answers.pos().join()))
"""


def to_typst(filled: FilledForm, language: str, warnings: tuple[str, ...] = ()) -> str:
    """The source of ``filled`` in ``language``. ``warnings`` stand framed under the title.

    Raises NotFound when there are no labels in ``language``.
    """
    if language not in LANGUAGES:
        raise NotFound(f"There are no forms in {language!r}.", f"Choose one of: {', '.join(LANGUAGES)}.")
    sections = (_section(filled, s, language) for s in filled.sections)
    return "".join((_head(filled, language), _warned(warnings), *sections))


def quote(text: str, *, whole: bool = False) -> str:
    """``text`` as a typst string literal: typst sets it as it stands and never reads it as markup or code.

    Characters that would change how the text around them looks (controls, directions, invisible ones) are shown by
    number, so that a reader sees that they are there. Overlong words may be broken, unless ``whole``.
    """
    shown = "".join(_shown(c) for c in text)
    broken = shown if whole else _WORD.sub(lambda m: m.group() + "\u200b", shown)
    return '"' + broken.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shown(char: str) -> str:
    if char == "\t":
        return " "
    return f"[U+{ord(char):04X}]" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") else char


def _quoted_lines(text: str) -> str:
    """A text of several lines as several literals."""
    return ", ".join(quote(line) for line in text.replace("\r\n", "\n").split("\n"))


def _word(filled: FilledForm, key: str, language: str) -> str:
    return said(filled.forms.word("form", key), language)


def _head(filled: FilledForm, language: str) -> str:
    form, title = filled.form, said(filled.form.title, language)
    records = "".join(f"{quote(r, whole=True)}, " for r in filled.records)
    preamble = [said(form.preamble, language)] if form.preamble else []
    notes = [_cited(filled, form.provision, language), *preamble, _word(filled, "own_wording", language)]
    if not form.settled:
        notes.append(_word(filled, "not_verified", language))
    if filled.given:
        letters = ", ".join(dict.fromkeys(s.section.letter for s, _ in filled.given))
        notes.append(f"† {_word(filled, 'given', language)} ({letters})")
    day = f"datetime(year: {filled.day.year}, month: {filled.day.month}, day: {filled.day.day})"
    return (
        f"#set document(title: {quote(title)}, author: \"Comity\", date: {day})\n"
        f"#set text(lang: {quote(language)})\n"
        f"#let form-short = {quote(form.short)}\n#let docket-id = {quote(filled.docket, whole=True)}\n"
        f"#let records = ({records})\n#let page-word = {quote(_word(filled, 'page', language))}\n"
        f"#let colon = {quote(_word(filled, 'colon', language))}\n"
        f"{_PREAMBLE}#heading(level: 1, {quote(title)})\n#note({', '.join(quote(n) for n in notes)})\n"
    )


def _warned(warnings: tuple[str, ...]) -> str:
    return f"#warning({', '.join(quote(w) for w in warnings)})\n" if warnings else ""


def _section(filled: FilledForm, section: FilledSection, language: str) -> str:
    title = said(section.section.title, language)
    head = f"#section({quote(section.section.letter)}, {quote(title)})\n"
    if section.withheld:
        return head + f"#note({quote(_word(filled, 'withheld', language))})\n"
    if not section.applies:
        return head + f"#note({quote(_word(filled, 'not_applicable', language))})\n"
    return head + "".join(_field(filled, section, f, language) for f in section.fields)


def _field(filled: FilledForm, section: FilledSection, field: FilledField, language: str) -> str:
    label = said(filled.forms.label(field.field), language) + (" †" if field.given else "")
    provision = _cited(filled, filled.form.provision_of(section.section, field.field), language)
    if filled.form.mark_of(field.field) == "knowledge_medium":
        provision += f" ({_word(filled, 'unsettled', language)})"
    empty = Line(plain(_word(filled, "missing" if field.needed else "nothing", language)))
    answers = ", ".join(_together(group, language) for group in _groups(field.lines or (empty,)))
    return f"#field({quote(label)}, {quote(provision)}, {answers})\n"


def _groups(lines: tuple[Line, ...]) -> list[list[Line]]:
    """The lines of each person, measure or decision."""
    groups: list[list[Line]] = []
    for line in lines:
        if line.begins or not groups:
            groups.append([])
        groups[-1].append(line)
    return groups


def _together(group: list[Line], language: str) -> str:
    """One person, measure or decision on one page; what is too long for that may break, so that nothing is cut off."""
    answers = ", ".join(_answer(line, language) for line in group)
    short = sum(len(said(line.text, language)) for line in group) <= _KEPT
    return f"kept({answers})" if len(group) > 1 and short and not any(x.ticked is not None for x in group) else answers


def _cited(filled: FilledForm, provision: str, language: str) -> str:
    """A provision with its words in ``language``: "Richtlinie 2014/41/EU Art. 5(1)(a)"."""
    words = filled.forms.words.get("citation", {})
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.sub(rf"(?<![A-Za-z])(?:{pattern})(?!\w)", lambda m: said(words[m.group()], language), provision)


def _answer(line: Line, language: str) -> str:
    mark = "" if line.ticked is None else "☒" if line.ticked else "☐"
    gap = ", gap: 6pt" if line.begins else ""
    heading, texts = quote(_said(line.heading, language)), _quoted_lines(said(line.text, language))
    return f"answer({heading}, {quote(mark)}, {texts}{gap})"


def _said(words: Words | None, language: str) -> str:
    return said(words, language) if words else ""
