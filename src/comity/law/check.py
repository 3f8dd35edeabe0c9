"""Whether the law's files hold together: everything `law check` says, and what the node refuses to start on.

Each problem names the file, the line and the mend. Single statements (provision, mark, dates, overlaps) are checked
here; what refers to what is checked in `comity.law.references`.

Left to others: reading and decoding (`comity.law.files`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.resources.abc import Traversable
from itertools import combinations

import msgspec

from comity.law.fault import Fault
from comity.law.files import Decoded, Problem, decode, line_of, read
from comity.law.provision import fault_of
from comity.law.references import faults
from comity.law.schema import (
    Cited,
    Content,
    Declaration,
    DualCriminality,
    Ground,
    Limit,
    MeasureRule,
    Membership,
    NationalOffence,
    Standard,
)

BINDING_EFFECTS = frozenset({"ground_mandatory", "requires_judge"})


def check_law(source: Traversable | Mapping[str, str]) -> list[Problem]:
    """Every problem in the law files: ``source`` is their folder, or name and text of each. Empty when all is well."""
    files = source if isinstance(source, Mapping) else read(source)
    return check_decoded(decode(files), files)


def check_decoded(decoded: Decoded, files: Mapping[str, str]) -> list[Problem]:
    """As `check_law`, for files already decoded.

    What could not be read is reported alone: everything that refers to it would only repeat it.
    """
    found = list(decoded.problems)
    if found:
        return sorted(set(found))
    everything = [*_statements(decoded), *faults(decoded)]
    for fault in everything:
        line = line_of(files.get(fault.file, ""), fault.path)
        found.append(Problem(fault.file, line, fault.what, fault.mend))
    return sorted(set(found))


def _statements(decoded: Decoded) -> Iterator[Fault]:
    sources = {s.key for s in decoded.sources}
    for file, root in _files(decoded):
        stated = list(cited(root, ""))
        for path, value in stated:
            yield from _statement(file, path, value, sources)
        yield from _overlaps(file, stated)


def _files(d: Decoded) -> Iterator[tuple[str, object]]:
    for group in (d.instruments, d.parties, d.lists):
        yield from group.items()
    yield "country_sets.toml", {"country_sets": d.country_sets}
    yield "standards.toml", {"standards": d.standards}
    yield "iccs.toml", {"iccs": d.iccs}


def cited(value: object, path: str) -> Iterator[tuple[str, Cited]]:
    """Every statement in ``value`` with its path, e.g. ``.measures[1].thresholds[0]``."""
    if isinstance(value, Cited):
        yield path, value
    if isinstance(value, msgspec.Struct):
        inside: Iterable[tuple[str, object]] = ((f".{name}", getattr(value, name)) for name in value.__struct_fields__)
    elif isinstance(value, dict):
        inside = ((f".{key}", inner) for key, inner in value.items())
    else:
        assert isinstance(value, tuple)
        inside = ((f"[{i}]", inner) for i, inner in enumerate(value) if isinstance(inner, msgspec.Struct))
    for step, inner in inside:
        if isinstance(inner, msgspec.Struct | dict | tuple):
            yield from cited(inner, path + step)


def _statement(file: str, path: str, s: Cited, sources: set[str]) -> Iterator[Fault]:
    if wrong := fault_of(s.provision):
        yield Fault(file, f"{path}.provision", *wrong)
    if s.since and s.until and s.since > s.until:
        yield Fault(file, f"{path}.until", f"It ends ({s.until}) before it begins ({s.since}).", "Correct the dates.")
    yield from _mark(file, path, s, sources)


def _mark(file: str, path: str, s: Cited, sources: set[str]) -> Iterator[Fault]:
    """An unverified value must not be shown as settled (law reference, section 0.1)."""
    keys = [k.strip() for k in s.source.replace(";", ",").split(",") if k.strip()]
    if s.mark in ("verified", "secondary") and not keys:
        yield Fault(
            file, f"{path}.mark",
            f"An unverified value shown as settled: it is marked {s.mark} but names no text that was read.",
            "Name the text in `source` (sources.toml), or mark it knowledge_high or knowledge_medium.",
        )
    for key in keys:
        if key not in sources:
            yield Fault(file, f"{path}.source", f"Unknown source {key!r}.", "Add it to sources.toml or correct it.")
    if not s.settled and _decisive(s):
        yield Fault(
            file, f"{path}.mark",
            "An unverified value shown as settled: knowledge_medium cannot make a ground mandatory or a rule absolute.",
            "Verify the text and raise the mark, or make it optional so that a human decides.",
        )


def _decisive(s: Cited) -> bool:
    match s:
        case Ground():
            return s.binding == "mandatory"
        case Standard():
            return s.absolute or s.parameters.get("binding") == "mandatory"
        case Declaration():
            return s.effect in BINDING_EFFECTS
        case _:
            return False


def _key(s: object) -> tuple[object, ...] | None:
    """What may be stated only once for a day; None when several may hold side by side."""
    match s:
        case MeasureRule():
            return ("measure", s.id)
        case Limit():
            return ("limit", s.name, s.urgent, s.trigger, s.measures)
        case DualCriminality():
            return ("double criminality for", s.measures or "every other measure")
        case NationalOffence():
            return ("offence", s.code)
        case Standard():
            return ("standard", s.id)
        case Content():
            return ("content", s.field, s.measures, s.provision)
        case Ground():
            return ("ground", s.id, s.letter, s.only_for, s.provision)
        case Declaration():
            return ("declaration", s.instrument, s.effect, s.value, s.measures, s.provision)
        case _:
            return None


def _overlaps(file: str, stated: Iterable[tuple[str, Cited]]) -> Iterator[Fault]:
    seen: dict[tuple[object, ...], list[tuple[str, Cited]]] = {}
    for path, value in stated:
        for key in _keys(path, value):
            seen.setdefault(key, []).append((path, value))
    for key, group in seen.items():
        for (_, a), (path, b) in combinations(group, 2):
            if a.overlaps(b):
                what = " ".join(str(k) for k in key if isinstance(k, str) and k)
                yield Fault(
                    file, path, f"Overlapping dates: {what} is stated twice for the same days ({_span(b)}).",
                    "Give the earlier one an `until`, or remove one.",
                )


def _keys(path: str, value: Cited) -> Iterable[tuple[object, ...]]:
    if path.startswith(".in_force["):
        return [("in force",)]
    if isinstance(value, Membership):
        kind = "bound" if path.startswith(".bound[") else "excluded"
        return [(kind, p) for p in value.parties]
    key = _key(value)
    return [key] if key is not None else []


def _span(s: Cited) -> str:
    return f"{s.since or 'always'} to {s.until or 'further notice'}"
