"""A matter from files: the form's sections as TOML or JSON, exhibits as ordinary files; and what the docket says.

What can be read off the docket need not be typed: which request is authorised or sent, which production is received,
which exhibit a file name means.

Left to others: the sections themselves (`comity.docket.sections`), filing (`comity.cli.filing`).
"""

from __future__ import annotations

import json
import mimetypes
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from comity.docket.emergency import EMERGENCY
from comity.docket.sealing import ORDERING, sealable
from comity.docket.step import Step
from comity.errors import Malformed, NotFound
from comity.proceedings.tables import PROCEEDINGS

Values = dict[str, Any]
Upload = Callable[[Path, str, str], Mapping[str, Any]]
FORMS = {".toml", ".json"}
SEALED_UNTIL = "sealed_until"
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})(?:-01)?", re.ASCII)
_DAY = re.compile(r"@today([+-][0-9]{1,5})?", re.ASCII)


def find_step(name: str) -> Step:
    """The row of a step that officials take. Malformed, listing them, otherwise: a step is a word of the command."""
    table = PROCEEDINGS.get(name.partition(".")[0])
    step = table.table.get(name) if table is not None else None
    if step is None or not step.hand:
        known = sorted(s.name for p in PROCEEDINGS.values() for s in p.steps if s.hand)
        raise Malformed(f"Officials take no step called {name!r}.", f"Choose one of: {', '.join(known)}.")
    return step


def read_files(files: Sequence[Path]) -> tuple[Values, list[Path]]:
    """The form's sections and the exhibits. The first .toml or .json file is the form. Raises NotFound, Malformed."""
    for path in files:
        if not path.is_file():
            raise NotFound(f"There is no file {path}.", "Check the name.")
    forms = [p for p in files if p.suffix in FORMS][:1]
    values = read_form(forms[0]) if forms else {}
    return values, [p for p in files if p not in forms]


def read_form(path: Path) -> Values:
    """The sections in a TOML or JSON file. ``file`` of an exhibit is relative to it; days may be written @today+90."""
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, UnicodeDecodeError) as exc:
        raise Malformed(f"{path.name} cannot be read: {exc}.", "Mend that place in the file.") from exc
    if not isinstance(values, dict):
        raise Malformed(f"{path.name} holds no sections.", "Write them as a table: name = value.")
    sections: Values = _with_days(values, datetime.now(UTC).date())
    for exhibit in sections.get("exhibits", ()):
        if isinstance(exhibit, dict) and "file" in exhibit:
            exhibit["file"] = str(path.parent / str(exhibit["file"]))
    return sections


def _with_days(value: Any, today: date) -> Any:
    """The value with every text ``@today``, ``@today+90`` or ``@today-7`` made a day."""
    if isinstance(value, dict):
        return {name: _with_days(each, today) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_days(each, today) for each in value]
    match = _DAY.fullmatch(value) if isinstance(value, str) else None
    return (today + timedelta(days=int(match[1] or 0))).isoformat() if match else value


def take_seal(step: Step, values: Values, docket: Mapping[str, Any] | None) -> tuple[Values, date | None]:
    """The sections without the line ``sealed_until = "2027-03"``, and the month; without it, as the docket is sealed.

    Raises Malformed for what is no month.
    """
    sections = {name: value for name, value in values.items() if name != SEALED_UNTIL}
    inherits = (docket or {}).get(SEALED_UNTIL, "") if sealable(step) and EMERGENCY not in values else ""
    text = str(values.get(SEALED_UNTIL) or inherits)
    return sections, month_of(text) if text else None


def month_of(text: str) -> date:
    """``2027-03`` or ``2027-03-01`` as the first of that month. Raises Malformed."""
    match = _MONTH.fullmatch(text)
    if match is None or not 1 <= int(match[2]) <= 12 or int(match[1]) == 0:
        raise Malformed(f"{text[:20]!r} is no month.", "Write the month until which it is sealed as 2027-03.")
    return date(int(match[1]), int(match[2]), 1)


def fill_in(step: Step, values: Values, docket: Mapping[str, Any] | None) -> Values:
    """The values with what the docket already says. What was given is never changed, but for names of exhibits."""
    filled = dict(values)
    fields = {f.name for f in msgspec.structs.fields(step.body)}
    latest = _latest(docket)
    drafted = latest("request.draft", "request.revise")
    if "request" in fields and drafted:
        filled.setdefault("request", drafted["id"])
    if step.name == "request.authorise" and drafted:
        filled.setdefault("measures", drafted.get("contents", {}).get("measures", []))
    authorised = latest("request.authorise")
    if "authorisation" in fields and authorised and drafted and authorised["contents"].get("request") == drafted["id"]:
        filled.setdefault("authorisation", authorised["id"])
    if step.kind in ORDERING and docket is not None:
        sealed = next((e["id"] for e in docket["entries"] if e["effect"] and e.get(SEALED_UNTIL)), "")
        filled.setdefault("record", sealed)
    produced = latest("request.produce")
    if "production" in fields and produced:
        filled.setdefault("production", produced["id"])
        filled.setdefault("digests", [x["digest"] for x in produced.get("contents", {}).get("exhibits", [])])
        filled.setdefault("complete", True)
    if step.name == "request.read" and docket is not None:
        names = {x["name"]: x["id"] for x in docket.get("exhibits", ())}
        filled["exhibit"] = names.get(str(filled.get("exhibit", "")), filled.get("exhibit", ""))
    return filled


def _latest(docket: Mapping[str, Any] | None) -> Callable[..., Mapping[str, Any] | None]:
    entries = docket["entries"] if docket is not None else []

    def latest(*steps: str) -> Mapping[str, Any] | None:
        return next((e for e in reversed(entries) if e["effect"] and e["step"] in steps), None)

    return latest


def attach(values: Values, files: Sequence[Path], upload: Upload) -> Values:
    """The values with exhibits brought in: those that the form names by ``file``, then the files given besides it."""
    listed = [dict(x) for x in values.get("exhibits", ())]
    named = {Path(x["file"]).resolve() for x in listed if "file" in x}
    listed += [{"file": str(path)} for path in files if path.resolve() not in named]
    if not listed:
        return values
    return {**values, "exhibits": [_brought(x, upload) if "file" in x else x for x in listed]}


def _brought(exhibit: Values, upload: Upload) -> Values:
    path = Path(exhibit.pop("file"))
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", "Check `file` of the exhibit; it is relative to the form.")
    name = exhibit.setdefault("name", path.name)
    media_type = exhibit.setdefault("media_type", mimetypes.guess_type(path.name)[0] or "application/octet-stream")
    stored = upload(path, name, media_type)
    return {**exhibit, "id": stored["id"], "size": stored["size"], "digest": stored["digest"]}


def to_body(step: Step, values: Values) -> msgspec.Struct:
    """The step's typed body. Malformed, naming the section, when it does not fit."""
    try:
        body: msgspec.Struct = msgspec.convert(values, step.body)
    except msgspec.ValidationError as exc:
        fields = ", ".join(f.name for f in msgspec.structs.fields(step.body))
        raise Malformed(f"The form does not fit {step.name}: {exc}.", f"Its sections are: {fields}.") from exc
    return body
