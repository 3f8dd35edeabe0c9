"""The CASE export: says what the records say, in the shape of the minimal example that case_validate accepts."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from tests.package import samples as s

UUID = re.compile(r"kb:[a-z]+-[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def graph() -> list[dict[str, Any]]:
    document = json.loads(s.files_of(s.good()[1])["data/case.jsonld"])
    assert all(value.startswith(("http", "urn:")) for value in document["@context"].values())
    found: list[dict[str, Any]] = document["@graph"]
    return found


def of_type(name: str) -> list[dict[str, Any]]:
    return [node for node in graph() if node["@type"] == name]


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["@id"]] if set(value) == {"@id"} else []
        return own + [r for member in value.values() for r in references(member)]
    return [r for member in value for r in references(member)] if isinstance(value, list) else []


def test_identifiers_are_unique_end_in_a_uuid_and_every_reference_leads_somewhere() -> None:
    identifiers = [node["@id"] for node in graph()]
    assert len(set(identifiers)) == len(identifiers)
    assert all(UUID.fullmatch(identifier) for identifier in identifiers)
    assert set(references(graph())) <= set(identifiers)


def test_identifiers_are_uuids_of_version_5_as_others_make_them() -> None:
    sides, _ = s.good()
    expected = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:comity:kb:action:{sides.records[0].id}")
    assert f"kb:action-{expected}" in {node["@id"] for node in graph()}


def test_one_action_per_act_chained_by_what_it_answers() -> None:
    sides, _ = s.good()
    actions = of_type("case-investigation:InvestigativeAction")
    assert [a["core:name"] for a in actions] == [r.record.step for r in sides.records]
    before = {a["@id"]: [r["@id"] for r in a.get("case-investigation:wasInformedBy", [])] for a in actions}
    names = {r.id: a["@id"] for r, a in zip(sides.records, actions, strict=True)}
    for record in sides.records:
        assert before[names[record.id]] == [names[answered] for answered in record.record.answers]


def test_the_exhibit_has_its_provenance_and_its_hash() -> None:
    exhibit = s.good()[0].contents().exhibits[0]
    (provenance,), (file,) = of_type("case-investigation:ProvenanceRecord"), of_type("observable:File")
    assert provenance["case-investigation:exhibitNumber"] == "E1"
    assert provenance["core:object"] == [{"@id": file["@id"]}]
    facets = {f["@type"]: f for f in file["core:hasFacet"]}
    assert facets["observable:FileFacet"]["observable:sizeInBytes"]["@value"] == str(exhibit.size)
    content = facets["observable:ContentDataFacet"]
    assert content["observable:mimeType"] == "application/xml"
    assert content["observable:hash"]["types:hashMethod"] == "SHA256"
    assert f"sha256:{content['observable:hash']['types:hashValue']['@value'].lower()}" == exhibit.digest
    produced = next(a for a in of_type("case-investigation:InvestigativeAction") if a["core:name"] == "request.produce")
    assert {r["@id"] for r in produced["action:result"]} == {provenance["@id"], file["@id"]}


def test_the_investigation_rests_on_the_judges_and_the_executing_authoritys_decisions() -> None:
    (investigation,) = of_type("case-investigation:Investigation")
    assert investigation["core:name"] == "12 Js 345/26"
    types = [a["case-investigation:authorizationType"] for a in of_type("case-investigation:Authorization")]
    assert types == [
        "request.authorise by judge of de-court",
        "request.recognise by prosecutor of fr-prosecutor",
        "request.order by judge of fr-court",
    ]
    assert len(investigation["case-investigation:relevantAuthorization"]) == 3


def test_what_had_no_effect_is_no_action() -> None:
    sides = s.Sides()
    sides.lie = lambda _, found: found
    world = sides.world
    draft = sides.file("request.draft", s.w.eio_request(), world.who("DE", "prosecutor"))
    body = s.bodies.Transmission(request=draft.id)
    sealed = world.sign("request.send", body, sides.dockets["DE"], world.who("DE", "prosecutor"))
    assert not sides.enter(sealed, parties=("DE",)).effect
    files = s.files_of(s.written(sides.contents()))
    names = [n.get("core:name") for n in json.loads(files["data/case.jsonld"])["@graph"]]
    assert "request.draft" in names
    assert "request.send" not in names
