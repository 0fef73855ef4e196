"""Every type that is kept as a document goes through every interaction; what is not served says so."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from phr.domain.fhir.types import kinds
from tests.phr.api.conftest import refused
from tests.phr.api.fhir_desk import marked
from tests.proves import proves

pytestmark = pytest.mark.db
TEXT = {"text": "x"}
LEAST: dict[str, dict[str, Any]] = {
    "Observation": {"status": "final", "code": TEXT},
    "Device": {},
    "DeviceMetric": {"type": TEXT, "category": "measurement"},
    "Questionnaire": {"status": "draft"},
    "QuestionnaireResponse": {"status": "completed"},
    "RiskAssessment": {"status": "final"},
    "Flag": {"status": "active", "code": TEXT},
    "Task": {"status": "draft", "intent": "order"},
    "CarePlan": {"status": "draft", "intent": "plan"},
    "Goal": {"lifecycleStatus": "active", "description": TEXT},
    "Communication": {"status": "completed"},
    "Immunization": {"status": "completed", "vaccineCode": TEXT, "occurrenceString": "as a child"},
    "Condition": {},
    "MedicationStatement": {"status": "active", "medicationCodeableConcept": TEXT},
    "DocumentReference": {"status": "current", "content": [{"attachment": {"title": "x"}}]},
    "Provenance": {"recorded": "2026-04-01T00:00:00Z", "agent": [{"who": {"display": "x"}}]},
    "Organization": {"name": "x"},
    "Practitioner": {},
    "PractitionerRole": {},
    "RelatedPerson": {},
}
"""The least that makes a valid resource of each type."""
PATCH = {"Content-Type": "application/json-patch+json"}
DAY = {"Observation", "Flag", "Device", "Organization", "Provenance"}
"""One type of each way to be filed; the others run at night."""


def by_day(names: Iterable[str]) -> list[Any]:
    return [pytest.param(one, marks=() if one in DAY else pytest.mark.slow) for one in sorted(names)]


def least(name: str, patient: str) -> dict[str, Any]:
    kind = kinds()[name]
    mine = {"reference": f"Patient/{patient}"}
    about = (
        {}
        if kind.directory and not kind.person
        else {kind.person[0]: [mine] if name == "Provenance" else mine}
    )
    return {"resourceType": name, **LEAST[name], **about}


def test_the_least_of_every_type_that_is_written_here_is_known():
    """A new type in the table comes with its row here."""
    written = {
        one.name for one in kinds().values() if one.served == "documents" and "create" in one.interactions
    }
    assert set(LEAST) == written


@proves(
    "Resource",
    "interaction",
    "create",
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "search-type",
)
@proves("Resource", "update", "create")
@proves("Resource", "conditional", "read")
@proves(
    "Questionnaire",
    "interaction",
    "create",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
)
@proves("*", "patch", "application/json-patch+json")
@pytest.mark.parametrize("name", by_day(LEAST))
def test_every_type_goes_through_every_interaction(there, name):
    """Create, read, version, update, patch, both histories, deletion, and the conditional forms."""
    writer = there.nurse
    if kinds()[name].category in {"unclassified", "by-code", "by-target"}:
        writer = there.resident
    reader = there.resident
    answer = writer.post(f"/fhir/{name}", json=least(name, there.patient))
    assert answer.status_code == 201, answer.text
    body = answer.json()
    address = f"/fhir/{name}/{body['id']}"
    assert reader.get(address).json() == body
    assert reader.get(address, headers={"If-None-Match": 'W/"1"'}).status_code == 304
    updated = writer.put(address, json={**body, "language": "ja"}, headers={"If-Match": 'W/"1"'})
    assert (updated.status_code, updated.headers["etag"]) == (200, 'W/"2"'), updated.text
    operations = json.dumps([{"op": "replace", "path": "/language", "value": "en"}])
    patched = writer("PATCH", address, content=operations, headers=PATCH)
    assert (patched.status_code, patched.json()["language"]) == (200, "en"), patched.text
    assert reader.get(f"{address}/_history/1").json() == body
    history = reader.get(f"{address}/_history").json()
    Bundle.model_validate(history)
    assert [one["response"]["etag"] for one in history["entry"]] == ['W/"3"', 'W/"2"', 'W/"1"']
    newest = reader.get(f"/fhir/{name}/_history?_count=3").json()
    assert [one["resource"]["id"] for one in newest["entry"]] == [body["id"]] * 3
    there_is = reader.get(f"/fhir/{name}?_id={body['id']}").json()
    assert [one["resource"]["id"] for one in there_is["entry"]] == [body["id"]]
    assert writer("DELETE", address).status_code == 204
    refused(reader.get(address), 410)
    again = writer.put(address, json=body)
    assert (again.status_code, again.headers["etag"]) == (201, 'W/"5"'), again.text


@proves("Resource", "conditional", "create", "update", "patch", "delete-single")
@pytest.mark.parametrize("name", by_day(set(LEAST) - {"Provenance"}))
def test_every_type_with_an_identifier_has_the_conditional_forms(there, name):
    """The one that fits is found again, changed, patched and deleted."""
    sent, query = marked(least(name, there.patient))
    if name == "QuestionnaireResponse":  # its identifier is one, not a list
        sent["identifier"] = sent["identifier"][0]
    of = kinds()[name]
    writer = there.resident if of.category in {"unclassified", "by-code"} else there.nurse
    where = (
        query
        if of.category == "directory" or writer is there.resident
        else f"patient={there.patient}&{query}"
    )
    headers = {"If-None-Exist": query}
    first = writer.post(f"/fhir/{name}", json=sent, headers=headers)
    again = writer.post(f"/fhir/{name}", json=sent, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200), first.text
    changed = writer.put(f"/fhir/{name}?{query}", json={**sent, "language": "ja"})
    assert (changed.status_code, changed.json()["id"]) == (200, first.json()["id"]), changed.text
    operations = json.dumps([{"op": "remove", "path": "/language"}])
    assert writer("PATCH", f"/fhir/{name}?{where}", content=operations, headers=PATCH).status_code == 200
    assert writer("DELETE", f"/fhir/{name}?{where}").status_code == 204
    refused(writer.get(f"/fhir/{name}/{first.json()['id']}"), 410)


@pytest.mark.parametrize("name", sorted(kinds()))
def test_what_is_not_served_says_so(there, name):
    """405 for each interaction that the table leaves out, of whoever asks."""
    left_out = {"create", "update", "patch", "delete"} - set(kinds()[name].interactions)
    asked = {
        "create": ("POST", f"/fhir/{name}", {}),
        "update": ("PUT", f"/fhir/{name}/x", {}),
        "patch": ("PATCH", f"/fhir/{name}/x", PATCH),
        "delete": ("DELETE", f"/fhir/{name}/x", {}),
    }
    for interaction in left_out:
        method, address, headers = asked[interaction]
        body = b"[]" if interaction == "patch" else json.dumps({"resourceType": name, "id": "x"}).encode()
        more = {} if interaction == "delete" else {"content": body}
        refused(there.nurse(method, address, headers=headers, **more), 405)
