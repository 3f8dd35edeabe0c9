"""The lines of an answer: a value of the docket as a form shows it, in every language at once.

A text of a person stands as it was written; names, ticks, roles and dates are put into the form's language when it is
set. Nothing is shortened or left out here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from comity.docket.directory import Directory
from comity.docket.sections import FinalDecision, Measure, Period, Person
from comity.errors import NotFound
from comity.law.book import LawBook
from comity.law.countries import printed_in_the_union
from comity.law.forms import FormBook, FormField, Words


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it says, under a heading of its own where it needs one; ``ticked`` is None for plain text.

    ``begins``: the first line of another person, measure or decision of the same field.
    """

    text: Words
    heading: Words | None = None
    ticked: bool | None = None
    begins: bool = False


def plain(text: str) -> Words:
    """A text that is the same in every form language: somebody's own words, a number, a reference."""
    return {"": text}


def said(words: Words, language: str) -> str:
    """A text in ``language``; as it was written, or in English, where there is none."""
    return words.get(language) or words.get("") or words.get("en") or next(iter(words.values()), "")


def day_words(day: date) -> Words:
    """A date as each language writes it in figures."""
    dotted, slashed = f"{day:%d.%m.%Y}", f"{day:%d/%m/%Y}"
    return {"": slashed, "en": slashed, "fr": slashed, "es": slashed, "de": dotted}


def moment_words(moment: datetime) -> Words:
    """A moment (aware) as `day_words`, with the time in UTC: 04/12/2026 16:10:00 UTC."""
    utc = moment.astimezone(UTC)
    return {language: f"{day} {utc:%H:%M:%S} UTC" for language, day in day_words(utc.date()).items()}


def born_words(born: str) -> Words:
    """A date of birth as `day_words`; as written when it is no whole date: often only the year is known."""
    try:
        return day_words(date.fromisoformat(born)) if len(born) == 10 else plain(born)
    except ValueError:
        return plain(born)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes lines with the names of Parties, authorities, measures and offences at hand."""

    forms: FormBook
    law: LawBook
    directory: Directory
    union: bool = False  # the form is of an act of the Union, which prints EL and UK

    def write(self, field: FormField, value: Any) -> tuple[Line, ...]:
        """The lines for ``value`` in ``field``; none when there is nothing to say."""
        if field.type in ("tick", "choice"):
            return self._ticks(field, value)
        if value is None or value == "" or value == ():
            return ()
        values = value if isinstance(value, tuple) else (value,)
        answers = [lines for v in values if (lines := self._one(field, v))]
        return tuple(
            replace(line, begins=number > 0 and place == 0 and len(lines) > 1)
            for number, lines in enumerate(answers) for place, line in enumerate(lines)
        )

    def _ticks(self, field: FormField, value: Any) -> tuple[Line, ...]:
        chosen = {_key(v) for v in (value if isinstance(value, tuple) else (value,))} - {""}
        options = self.forms.words[field.options]
        if not chosen:
            return ()
        if field.type == "choice":
            return tuple(Line(self.forms.word(field.options, key)) for key in sorted(chosen))
        unlisted = [Line(self.forms.word("measure", key), ticked=True) for key in sorted(chosen - set(options))]
        return (*(Line(words, ticked=key in chosen) for key, words in options.items()), *unlisted)

    def _one(self, field: FormField, value: Any) -> tuple[Line, ...]:
        if isinstance(value, Person):
            return self._person(value)
        if isinstance(value, Measure):
            return self._measure(value)
        if isinstance(value, FinalDecision):
            return self._decision(value)
        if isinstance(value, Period):
            return self._period(value)
        if isinstance(value, date):
            return (Line(day_words(value)),)
        return (Line(self._named(field, str(value))),) if str(value).strip() else ()

    def _named(self, field: FormField, value: str) -> Words:
        """A code by the name that the files or the directory give it; the code itself when they have none."""
        try:
            if field.type == "party":
                return {**self.law.party(value).names, "": value}
            if field.type == "authority":
                return {"": next(iter(self.directory.authority(value).names.values())),
                        **self.directory.authority(value).names}
            if field.type == "kind":
                return self.forms.word("authority_kind", self.directory.authority(value).kind)
            if field.type == "time":
                return moment_words(datetime.fromisoformat(value))
            if field.type == "law":
                return plain(self.law.instrument(value).title)
        except NotFound:
            return plain(self._code(value) if field.type == "party" else value)
        return plain(value)

    def _code(self, country: str) -> str:
        return printed_in_the_union(country) if self.union else country

    def _head(self, key: str) -> Words:
        return self.forms.word("part", key)

    def _parts(self, *parts: tuple[str, Words | str]) -> tuple[Line, ...]:
        made = ((key, plain(t) if isinstance(t, str) else t) for key, t in parts)
        return tuple(Line(text, self._head(key)) for key, text in made if any(t.strip() for t in text.values()))

    def _person(self, person: Person) -> tuple[Line, ...]:
        nationality = self._named(FormField(id="nationality", type="party"), person.nationality)
        return self._parts(
            ("role", self.forms.word("role", person.role)),
            ("name", person.name), ("born", born_words(person.born)), ("nationality", nationality),
            ("identifiers", "; ".join(person.identifiers)),
            ("privileged", person.privileged and self.forms.word("privileged", person.privileged)),
        )

    def _measure(self, measure: Measure) -> tuple[Line, ...]:
        period = self._period(measure.period)
        return self._parts(
            ("measure", self.forms.word("measure", measure.id)),
            ("category", self.forms.word("category", measure.category)),
            ("description", measure.description), ("targets", "; ".join(measure.targets)),
            ("period", period[0].text if period else ""),
            ("holder", measure.holder), ("procedures", measure.procedures),
        )

    def _decision(self, decision: FinalDecision) -> tuple[Line, ...]:
        return self._parts(
            ("court", f"{decision.court} ({self._code(decision.party)})"), ("date", day_words(decision.date)),
            ("outcome", self.forms.word("outcome", decision.outcome)),
        )

    def _period(self, period: Period) -> tuple[Line, ...]:
        if period.start is None and period.end is None:
            return ()
        start = day_words(period.start) if period.start else plain("…")
        end = day_words(period.end) if period.end else plain("…")
        languages = {*start, *end}
        return (Line({x: f"{said(start, x)} – {said(end, x)}" for x in languages}),)


def _key(value: Any) -> str:
    return {True: "yes", False: "no", None: ""}[value] if value is None or isinstance(value, bool) else str(value)
