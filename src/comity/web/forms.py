"""Official forms over HTTP: which a docket's instrument has, what each still lacks, and the printed document.

A form shows contents, so it is for officials who see the docket's contents. The PDF is a rendering; only the signed
records are evidence. Left to others: filling and checking (`comity.views.forms`), setting (`comity.node.pdf`).
"""

from __future__ import annotations

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
from comity.views.forms.check import Problem, check, first_accepted
from comity.views.forms.fill import Audience, FilledForm, fill
from comity.views.forms.source import entry_of
from comity.views.forms.typeset import to_typst
from comity.web.access import Call, Door, Guard
from comity.web.api import answer, asked_docket

JSON, PDF = "application/json", "application/pdf"
MAX_LANGUAGE = 8  # characters; ISO 639-1 has two


async def listed(call: Call) -> Response:
    """The official forms of the docket's instrument, each with what is wrong with it as it stands."""

    def read() -> Any:
        docket, request = _readable(call)
        instrument = request.basis.instrument
        made = [_view(call.node, docket, request, f) for f in load_forms().of(instrument)]
        return {"docket": docket.id, "instrument": instrument, "forms": made}

    return answer(await run_in_threadpool(read))


async def printed(call: Call) -> Response:
    """One form as PDF; what is wrong with it as JSON, if that alone is accepted."""
    accepted = call.request.headers.get("accept", "")
    if JSON in accepted and PDF not in accepted:
        return answer(await run_in_threadpool(lambda: _asked(call, _view)))
    name, data = await run_in_threadpool(lambda: _asked(call, _pdf))
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=PDF, headers=headers)


def _asked(call: Call, make: Any) -> Any:
    docket, request = _readable(call)
    form, asked = load_forms().form(call.request.path_params["form"]), call.request.query_params
    language = asked.get("language", "")
    if len(language) > MAX_LANGUAGE:
        raise Malformed("The language is not a code of two letters.", "Name it as fr, de, es or en.")
    return make(call.node, docket, request, form, language, _audience(asked.get("audience", "addressee")))


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


def _filled(
    node: Node, docket: Docket, request: Request, form: Form, language: str, audience: Audience
) -> tuple[FilledForm, str, tuple[Problem, ...]]:
    """The form, the language it is set in, and its problems."""
    filled = fill(form, docket, node.law, node.directory, audience=audience)
    party = request.addressee.party
    chosen = language or first_accepted(form, node.law, party, filled.day) or filled.language
    return filled, chosen, check(filled, node.law, party, chosen)


def _view(
    node: Node, docket: Docket, request: Request, form: Form, language: str = "", audience: Audience = "addressee"
) -> dict[str, Any]:
    _, chosen, problems = _filled(node, docket, request, form, language, audience)
    return {
        "id": form.id, "title": form.title, "provision": form.provision, "settled": form.settled,
        "docket": docket.id, "language": chosen, "audience": audience,
        "problems": [msgspec.to_builtins(p) for p in problems],
    }  # fmt: skip


def _pdf(
    node: Node, docket: Docket, request: Request, form: Form, language: str, audience: Audience
) -> tuple[str, bytes]:
    """File name and bytes. What is wrong with the whole form is printed on it: it must not pass for one in order."""
    filled, chosen, problems = _filled(node, docket, request, form, language, audience)
    warnings = tuple(p.what for p in problems if p.kind != "missing")  # what is missing is printed in its place
    return f"{form.id}-{chosen}.pdf", render(to_typst(filled, chosen, warnings))


DOORS = (
    Door("GET", "/api/dockets/{docket}/forms", Guard.OFFICIAL, listed),
    Door("GET", "/api/dockets/{docket}/forms/{form}", Guard.OFFICIAL, printed),
)
