"""The law's files: where they lie, how they are decoded, and on which line a thing stands.

Files are TOML: readable by a lawyer, without YAML's traps. Every element of a list of statements has its own
``[[header]]``, so that each can be pointed at by its line.

Left to others: whether the statements fit together (`comity.law.check`), asking them (`comity.law.book`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import msgspec

from comity.law.schema import (
    CountrySet,
    DataCategory,
    IccsCode,
    Instrument,
    Measure,
    OffenceCategory,
    PartyLaw,
    SafeguardEntry,
    Source,
    Standard,
)

T = TypeVar("T")
_SURROGATE = re.compile("[\udc80-\udcff]")
_DATE = re.compile(r"\s*(?:since|until|as_of)\s*=\s*\d")
_ENTRY = re.compile(r"- at `\$((?:\.\w+|\[\d+\]|\[\.\.\.\])*)`")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong in a law file, on which line (1 is the first; 0 when no line can be named), and the mend."""

    file: str
    line: int
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what} {self.mend}"


class OffenceList(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A list of offence categories, e.g. the 32; a file of its own in ``lists/``."""

    id: str
    title: str
    categories: tuple[OffenceCategory, ...]


@dataclass(slots=True)
class Decoded:
    """All files as typed values, each beside the name of its file; and what could not be decoded."""

    instruments: dict[str, Instrument] = field(default_factory=dict)
    parties: dict[str, PartyLaw] = field(default_factory=dict)
    lists: dict[str, OffenceList] = field(default_factory=dict)
    country_sets: tuple[CountrySet, ...] = ()
    standards: tuple[Standard, ...] = ()
    safeguards: tuple[SafeguardEntry, ...] = ()
    measures: tuple[Measure, ...] = ()
    categories: tuple[DataCategory, ...] = ()
    iccs: tuple[IccsCode, ...] = ()
    sources: tuple[Source, ...] = ()
    problems: list[Problem] = field(default_factory=list)


_FOLDERS: dict[str, tuple[str, Any]] = {
    "instruments/": ("instruments", Instrument),
    "parties/": ("parties", PartyLaw),
    "lists/": ("lists", OffenceList),
}
_TABLES: dict[str, dict[str, Any]] = {
    "country_sets.toml": {"country_sets": tuple[CountrySet, ...]},
    "standards.toml": {"standards": tuple[Standard, ...]},
    "safeguards.toml": {"safeguards": tuple[SafeguardEntry, ...]},
    "measures.toml": {"categories": tuple[DataCategory, ...], "measures": tuple[Measure, ...]},
    "iccs.toml": {"iccs": tuple[IccsCode, ...]},
    "sources.toml": {"sources": tuple[Source, ...]},
}


def packaged() -> dict[str, str]:
    """The files that come with the package: name below ``law/data`` (``instruments/eio.toml``) and text."""
    return read(package_files("comity.law") / "data")


def read(root: Traversable) -> dict[str, str]:
    """Every TOML file below ``root``, by its relative name, but for definitions of forms, which are not law.

    Bytes that are no UTF-8 are kept as lone surrogates, so that their file and line can be named (`parsed`).
    """
    return {name: text for name, text in sorted(_walk(root, "")) if not name.startswith("forms/")}


def _walk(root: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in root.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".toml"):
            yield f"{prefix}{entry.name}", text_of(entry)


def text_of(file: Traversable) -> str:
    """The text of a file; bytes that are no UTF-8 as lone surrogates, which `parsed` then names."""
    return file.read_bytes().decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def parsed(name: str, text: str) -> dict[str, Any] | Problem:
    """The tables of a TOML ``text``; or why it is no UTF-8 or not TOML, with the line."""
    if wrong := _SURROGATE.search(text):
        line, byte = text.count("\n", 0, wrong.start()) + 1, ord(wrong[0]) & 0xFF
        return Problem(name, line, f"Not UTF-8: the byte 0x{byte:02x}.", "Save the file as UTF-8.")
    if text.startswith("\ufeff"):
        return Problem(name, 1, "It begins with a byte order mark.", "Save it as UTF-8 without one.")
    if not text.strip():
        return Problem(name, 1, "The file is empty.", "Put its text back, or remove the file.")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        at = re.search(r"line (\d+)", str(e))
        line = int(at[1]) if at else max(1, len(text.splitlines()))  # "at end of document"
        if _DATE.match(text.splitlines()[line - 1]):
            return Problem(name, line, "No such date.", "Write a day that exists, without quotes: 2017-05-22.")
        return Problem(name, line, f"Not TOML: {e}.", "Correct the syntax.")


def _folder(name: str) -> str:
    return next((f for f in _FOLDERS if name.startswith(f)), "")


def decode(files: Mapping[str, str]) -> Decoded:
    """Decode all ``files``; a file that cannot be read becomes a problem and is left out."""
    out = Decoded()
    for name, text in sorted(files.items()):
        raw = parsed(name, text)
        if isinstance(raw, Problem):
            out.problems.append(raw)
        else:
            _decode_one(out, name, text, raw)
    for missing in _TABLES.keys() - files.keys():
        out.problems.append(Problem(missing, 0, "The file is missing.", "Put it back; the others refer to it."))
    return out


def _decode_one(out: Decoded, name: str, text: str, raw: dict[str, Any]) -> None:
    if folder := _folder(name):
        attribute, kind = _FOLDERS[folder]
        value = _convert(out, name, text, raw, kind, "")
        if value is not None:
            getattr(out, attribute)[name] = value
    elif tables := _TABLES.get(name):
        for extra in raw.keys() - tables.keys():
            out.problems.append(Problem(name, line_of(text, f".{extra}"), f"Unknown field `{extra}`.", "Remove it."))
        for key, kind in tables.items():
            value = _convert(out, name, text, raw.get(key, []), kind, f".{key}")
            if value is not None:
                setattr(out, key, value)
    else:
        what = "No such law file is known: nothing would read it."
        out.problems.append(Problem(name, 1, what, "Move it to instruments/, parties/ or lists/, or remove it."))


def _convert(out: Decoded, name: str, text: str, raw: Any, kind: type[T], prefix: str) -> T | None:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as e:
        path = _ENTRY.search(str(e))
        where = prefix + (path[1] if path else "")
        unknown = re.search(r"unknown field `(\w+)`", str(e))
        line = _line_of_fault(text, raw, kind, prefix, where + (f".{unknown[1]}" if unknown else ""))
        out.problems.append(Problem(name, line, _sentence(e), _mend(str(e))))
        return None


def _sentence(e: Exception) -> str:
    text = str(e).split(" - at ")[0]
    return text if text.endswith(".") else text + "."


def _mend(fault: str) -> str:
    if "missing required field" in fault:
        return "Add the field; every statement of law names its provision and its mark."
    if "unknown field" in fault:
        return "Remove it or correct its spelling; the fields are described in the schema."
    return "Give a value of the kind that the schema describes."


def _line_of_fault(text: str, raw: Any, kind: Any, prefix: str, path: str) -> int:
    """Msgspec writes ``[...]`` for an element of a list: find which one by converting each alone."""
    while "[...]" in path:
        head = path.split("[...]")[0]
        elements = _follow(raw, head[len(prefix):])
        rest = path.split("[...]", 1)[1]
        index = next((i for i, e in enumerate(elements) if _fails(raw, kind, head[len(prefix):], i)), 0)
        path = f"{head}[{index}]{rest}"
        if not elements:
            break
    return line_of(text, path)


def _follow(raw: Any, path: str) -> list[Any]:
    for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", path):
        raw = raw[key] if key else raw[int(index)]
    return raw if isinstance(raw, list) else []


def _fails(raw: Any, kind: Any, path: str, index: int) -> bool:
    """Whether the conversion still fails when the list at ``path`` holds its element ``index`` alone."""
    copy = msgspec.json.decode(msgspec.json.encode(raw))
    elements = _follow(copy, path)
    elements[:] = [elements[index]]
    try:
        msgspec.convert(copy, kind, strict=False)
    except msgspec.ValidationError as e:
        return path in str(e) or not path
    return False


def line_of(text: str, path: str) -> int:
    """The line on which ``path`` (``.limits[2].amount``) stands in a TOML ``text``; the nearest header before it.

    Counts ``[[headers]]``; a nested list (``.measures[1].thresholds[0]``) is counted from its parent's header.
    """
    lines = text.splitlines()
    at, end, header = 0, len(lines), ""
    for key, index in re.findall(r"\.(\w+)(?:\[(\d+)\])?", path):
        header = f"{header}.{key}" if header else key
        starts = [i for i in range(at, end) if lines[i].split("#")[0].strip() in (f"[[{header}]]", f"[{header}]")]
        n = int(index) if index else 0
        if n < len(starts):
            at = starts[n]
            end = starts[n + 1] if n + 1 < len(starts) else end
            continue
        found = next((i for i in range(at, end) if re.match(rf"\s*{key}\s*=", lines[i])), None)
        return (found if found is not None else at) + 1
    return at + 1
