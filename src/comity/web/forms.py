"""Official forms over HTTP: which a docket's instrument has, what each still lacks, and the printed document.

A form shows contents, so it is for officials who see the docket's contents. The PDF is a rendering; only the signed
records are evidence. A POST brings what no record holds; it is printed and kept nowhere.

Left to others: filling and checking (`comity.views.forms`), setting (`comity.node.pdf`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from comity.docket.docket import Docket
from comity.docket.sections import Request
from comity.errors import Malformed, NotAdmitted, NotFound
from comity.law.forms import Form, load_forms
from comity.node.node import Node
from comity.node.pdf import render
from comity.signing.canonical import parse_canonical
from comity.views.forms.check import Problem, check, first_accepted
from comity.views.forms.fill import Audience, FilledForm, fill
from comity.views.forms.given import NOTHING_GIVEN
from comity.views.forms.lines import said
from comity.views.forms.source import entry_of
from comity.views.forms.typeset import to_typst
from comity.web.access import Call, Door, Guard
from comity.web.api import answer, asked_docket
from comity.web.body import read_body

JSON, PDF = "application/json", "application/pdf"
MAX_LANGUAGE = 8  # characters; ISO 639-1 has two
MAX_GIVEN = 256 * 1024  # bytes of what is entered into one form


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a POST: values by field id."""

    given: dict[str, Any]


class Asked(msgspec.Struct, frozen=True):
    """What is asked for: the form, its language (empty: that of the Party it goes to), for whom, what is entered."""

    form: Form
    language: str = ""
    audience: Audience = "addressee"
    given: Mapping[str, Any] = NOTHING_GIVEN


async def listed(call: Call) -> Response:
    """The official forms of the docket's instrument, each with what is wrong with it as it stands."""

    def read() -> Any:
        docket, request = _readable(call)
        instrument = request.basis.instrument
        made = [_view(call.node, docket, Asked(f)) for f in load_forms().of(instrument)]
        return {"docket": docket.id, "instrument": instrument, "forms": made}

    return answer(await run_in_threadpool(read))


async def printed(call: Call) -> Response:
    """One form as PDF; what is wrong with it as JSON, if that alone is accepted."""
    return await _answered(call, NOTHING_GIVEN)


async def completed(call: Call) -> Response:
    """As `printed`, with what the body (canonical JSON) gives for fields that no record holds. Nothing is kept."""
    data = await read_body(call.request, MAX_GIVEN)
    if data is None:
        raise Malformed(f"What is given has more than {MAX_GIVEN} bytes.", "Shorten it.")
    try:
        given = msgspec.convert(parse_canonical(data, limit=MAX_GIVEN), Given).given
    except msgspec.ValidationError as exc:
        raise Malformed(f"What is given cannot be read: {exc}.", 'Send {"given":{"FIELD":VALUE}}.') from exc
    return await _answered(call, given)


async def _answered(call: Call, given: Mapping[str, Any]) -> Response:
    accepted = call.request.headers.get("accept", "")

    def make(view: Any) -> Any:
        docket, _ = _readable(call)
        return view(call.node, docket, _asked(call, given))

    if JSON in accepted and PDF not in accepted:
        return answer(await run_in_threadpool(make, _view))
    name, data = await run_in_threadpool(make, _pdf)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=PDF, headers=headers)


def _asked(call: Call, given: Mapping[str, Any]) -> Asked:
    form, asked = load_forms().form(call.request.path_params["form"]), call.request.query_params
    language = asked.get("language", "")
    if len(language) > MAX_LANGUAGE:
        raise Malformed("The language is not a code of two letters.", "Name it as fr, de, es or en.")
    return Asked(form, language, _audience(asked.get("audience", "addressee")), given)


def _readable(call: Call) -> tuple[Docket, Request]:
    """The docket and its request. NotFound when it is none of the caller's, NotAdmitted without a request."""
    docket, contents = asked_docket(call, call.request.path_params["docket"])
    if not contents:
        raise NotFound("The contents of this docket are not for you.", "Ask who takes part in it.")
    entry = entry_of(docket, "request")
    if entry is None or not isinstance(entry.body, Request):
        raise NotAdmitted(f"The docket {docket.id} holds no request that can be read here.", "Draft one first.")
    return docket, entry.body


def _audience(named: str) -> Audience:
    if named == "addressee":
        return "addressee"
    if named == "authority":
        return "authority"
    raise Malformed(f"There is no audience {named[:40]!r}.", "Choose addressee or authority.")


def _filled(node: Node, docket: Docket, asked: Asked) -> tuple[FilledForm, str, tuple[Problem, ...]]:
    """The form, the language it is set in, and its problems."""
    filled = fill(asked.form, docket, node.law, node.directory, audience=asked.audience, given=asked.given)
    chosen = asked.language or first_accepted(filled.form, node.law, filled.party, filled.day) or filled.language
    return filled, chosen, check(filled, node.law, filled.party, chosen)


def _view(node: Node, docket: Docket, asked: Asked) -> dict[str, Any]:
    filled, chosen, problems = _filled(node, docket, asked)
    form = filled.form
    return {
        "id": form.id, "title": form.title, "provision": form.provision, "settled": form.settled,
        "docket": docket.id, "language": chosen, "audience": asked.audience, "party": filled.party,
        "given": [{"section": s.section.letter, "field": f.field.id, "in_record": False} for s, f in filled.given],
        "problems": [{**msgspec.to_builtins(p), "what": p.what} for p in problems],
    }  # fmt: skip


def _pdf(node: Node, docket: Docket, asked: Asked) -> tuple[str, bytes]:
    """File name and bytes. What is wrong with the whole form is printed on it: it must not pass for one in order."""
    filled, chosen, problems = _filled(node, docket, asked)
    warned = tuple(said(p.words, chosen) for p in problems if p.kind != "missing")  # that is printed in its place
    return f"{filled.form.id}-{chosen}.pdf", render(to_typst(filled, chosen, warned))


DOORS = (
    Door("GET", "/api/dockets/{docket}/forms", Guard.OFFICIAL, listed),
    Door("GET", "/api/dockets/{docket}/forms/{form}", Guard.OFFICIAL, printed),
    Door("POST", "/api/dockets/{docket}/forms/{form}", Guard.OFFICIAL, completed),
)
