"""The chain of custody of a docket as CASE 1.5 / UCO 1.5 JSON-LD, for programs of others. An export, never a store.

One Investigation with its Authorizations; an InvestigativeAction for each act that had effect, chained by what it
answers; per exhibit a ProvenanceRecord and a File with its hash. Nothing is said here that the records do not say;
identifiers are derived from them, so the same docket gives the same bytes.

Left to others: whether it is true (`comity.package.check` reads the records, not this); PROV-O, which
case-prov makes from CASE.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha1
from typing import Any

from comity.docket.docket import effective
from comity.package.contents import PackageContents, PackagedExhibit, PackagedRecord
from comity.signing.canonical import canonical

Node = dict[str, Any]
CONTEXT = {
    "action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "kb": "urn:comity:kb:",
    "observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_URLS = bytes.fromhex("6ba7b8119dad11d180b400c04fd430c8")  # RFC 9562, 6.6: the name space of URLs
AUTHORISING = ("request.authorise", "request.recognise", "request.order")


def case_jsonld(contents: PackageContents) -> bytes:
    """``data/case.jsonld``: canonical JSON-LD of the package's effective records and its exhibits."""
    acts = [r for r in contents.records if r.logged and all(effective(logged.findings) for logged in r.logged)]
    media = _media(acts)
    exhibits = [node for e in contents.exhibits for node in _exhibit(e, media.get(e.id, ""))]
    authorisations = [_authorisation(r) for r in acts if r.sealed.record.step in AUTHORISING]
    actions = [_action(r, contents.exhibits, {a.id for a in acts}) for r in acts]
    objects = [*actions, *(n for n in exhibits if n["@type"] == "case-investigation:ProvenanceRecord")]
    investigation: Node = {
        "@id": _id("investigation", contents.docket),
        "@type": "case-investigation:Investigation",
        "core:name": _reference(acts) or contents.docket,
        "core:object": [_ref(o) for o in objects],
        "case-investigation:relevantAuthorization": [_ref(a) for a in authorisations],
    }
    full = {name: value for name, value in investigation.items() if value}
    graph = [full, *authorisations, *_organisations(acts), *actions, *exhibits]
    return canonical({"@context": CONTEXT, "@graph": graph})


def _id(kind: str, name: str) -> str:
    """An identifier that ends in a UUID, as UCO asks: version 5 (RFC 9562, 5.5) of a URN, so the same for everybody.

    Nothing rests on its SHA-1; who wants to know what an identifier stands for reads the records.
    """
    raw = bytearray(sha1(_URLS + f"urn:comity:kb:{kind}:{name}".encode(), usedforsecurity=False).digest()[:16])
    raw[6], raw[8] = raw[6] & 0x0F | 0x50, raw[8] & 0x3F | 0x80
    h = raw.hex()
    return f"kb:{kind}-{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def _ref(node: Node) -> Node:
    return {"@id": node["@id"]}


def _time(at: str) -> Node:
    return {"@type": "xsd:dateTime", "@value": at}


def _value(packaged: PackagedRecord, name: str) -> Any:
    section = packaged.sealed.sections.get(name)
    return section.value if section is not None else None


def _reference(acts: Iterable[PackagedRecord]) -> str:
    found = [_value(r, "reference") for r in acts if r.sealed.record.step in ("request.draft", "request.revise")]
    return next((text for text in reversed(found) if isinstance(text, str)), "")


def _named(packaged: PackagedRecord) -> list[Node]:
    """The exhibits that a production names; a section is a list when read, a tuple when just composed."""
    listed = _value(packaged, "exhibits")
    return [e for e in listed if isinstance(e, dict)] if isinstance(listed, list | tuple) else []


def _media(acts: Iterable[PackagedRecord]) -> dict[str, str]:
    return {str(e.get("id")): str(e.get("media_type", "")) for r in acts for e in _named(r)}


def _authorisation(packaged: PackagedRecord) -> Node:
    record, until = packaged.sealed.record, _value(packaged, "valid_until")
    node: Node = {
        "@id": _id("authorization", packaged.id),
        "@type": "case-investigation:Authorization",
        "case-investigation:authorizationIdentifier": packaged.id,
        "case-investigation:authorizationType": f"{record.step} by {record.role} of {record.authority}",
        "core:startTime": _time(record.at),
    }
    if isinstance(until, str):
        node["core:endTime"] = _time(f"{until}T23:59:59Z")
    return node


def _organisations(acts: Iterable[PackagedRecord]) -> list[Node]:
    names = sorted({r.sealed.record.authority for r in acts})
    return [{"@id": _id("organization", n), "@type": "identity:Organization", "core:name": n} for n in names]


def _action(packaged: PackagedRecord, exhibits: Iterable[PackagedExhibit], acts: set[str]) -> Node:
    record = packaged.sealed.record
    node: Node = {
        "@id": _id("action", packaged.id),
        "@type": "case-investigation:InvestigativeAction",
        "core:name": record.step,
        "core:description": f"{packaged.id}, filed by {record.role} of {record.authority} ({record.party})",
        "action:startTime": _time(record.at),
        "action:performer": {"@id": _id("organization", record.authority)},
    }
    before = [{"@id": _id("action", a)} for a in record.answers if a in acts]
    if before:
        node["case-investigation:wasInformedBy"] = before
    wanted = {e.get("id") for e in _named(packaged)}
    results = [{"@id": _id(k, e.id)} for e in exhibits if e.id in wanted for k in ("provenancerecord", "file")]
    if results:
        node["action:result"] = results
    return node


def _exhibit(exhibit: PackagedExhibit, media: str) -> tuple[Node, Node]:
    digest = exhibit.digest.removeprefix("sha256:").upper()
    content: Node = {
        "@id": _id("contentdatafacet", exhibit.id),
        "@type": "observable:ContentDataFacet",
        "observable:hash": {
            "@id": _id("hash", exhibit.id),
            "@type": "types:Hash",
            "types:hashMethod": "SHA256",
            "types:hashValue": {"@type": "xsd:hexBinary", "@value": digest},
        },
    }
    if media:
        content["observable:mimeType"] = media
    facet = {
        "@id": _id("filefacet", exhibit.id),
        "@type": "observable:FileFacet",
        "observable:fileName": exhibit.name,
        "observable:sizeInBytes": {"@type": "xsd:integer", "@value": str(exhibit.size)},
    }
    file: Node = {
        "@id": _id("file", exhibit.id),
        "@type": "observable:File",
        "core:hasFacet": [facet, content],
    }
    provenance: Node = {
        "@id": _id("provenancerecord", exhibit.id),
        "@type": "case-investigation:ProvenanceRecord",
        "case-investigation:exhibitNumber": exhibit.id,
        "core:object": [_ref(file)],
    }
    return provenance, file
