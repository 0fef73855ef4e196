"""What the FHIR interface records: Observations, Consents and their versions, and what it says of itself and to the trail."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome

from tests.build import CUFF, WATCH, a_consent
from tests.phr.api.conftest import found, link, refused
from tests.phr.api.fhir_desk import pressure
from tests.proves import proves

pytestmark = pytest.mark.db


def audited(admin, request: str) -> list[tuple]:
    return admin.execute(
        "SELECT role, actor, purpose, action, object, n, outcome FROM phr.audit_event WHERE request_id = %s ORDER BY at, seq",
        (request,),
    ).fetchall()


# --- what is recorded


def an_observation(
    patient: str, value: Any = 72, code: str = "8867-4", at: str = "2026-03-05T10:00:00+09:00"
) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": at,
        "valueQuantity": {
            "value": value,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
    }


def test_a_posted_observation_is_found_at_its_location(resident, record):
    """201 with its place; the same again changes nothing and says so."""
    answer = resident.post("/fhir/Observation", json=an_observation(record))
    assert answer.status_code == 201, answer.text
    place = answer.headers["location"]
    assert urlsplit(place).path.removeprefix("/").startswith(("fhir/Observation/", "Observation/"))
    identity = place.rpartition("/")[2]
    assert resident.get(f"/fhir/Observation/{identity}").json()["valueQuantity"]["value"] == 72
    again = resident.post("/fhir/Observation", json=an_observation(record))
    assert (again.status_code, again.headers["location"]) == (200, place)
    other = resident.post("/fhir/Observation", json=an_observation(record, value=99))
    assert other.status_code == 409
    assert resident.get(f"/fhir/Observation/{identity}").json()["valueQuantity"]["value"] in (72, 99)


def test_an_observation_for_somebody_else_is_refused_as_unknown(resident, enter, system, person, record):
    """A resident writes to their own record; collecting needs a consent."""
    refused(resident.post("/fhir/Observation", json=an_observation("p-somebody-else")), 404)
    for consent in system.consents.all(person, actor=record, role="resident", request="test"):
        system.consents.withdraw(person, consent.consent.id, actor=record, role="resident", request="test")
    refused(resident.post("/fhir/Observation", json=an_observation(record)), 403)


@proves("Consent", "interaction", "create", "read")
def test_a_new_consent_is_created_with_its_place_and_version(resident, record):
    """201, Location and ETag, and it is read back as it is kept."""
    answer = resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",)))
    assert answer.status_code == 201, answer.text
    identity = answer.json()["id"]
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["location"].endswith(f"/fhir/Consent/{identity}/_history/1")
    read = resident.get(f"/fhir/Consent/{identity}")
    assert (read.json(), read.headers["etag"]) == (answer.json(), 'W/"1"')
    assert identity in {one["id"] for one in found(resident.get("/fhir/Consent?status=active"))}
    assert identity not in {one["id"] for one in found(resident.get("/fhir/Consent?status=inactive"))}


@proves("Consent", "interaction", "update", "history-instance")
def test_an_update_names_the_version_it_follows(resident, record):
    """If-Match keeps two windows from overwriting each other, and the history keeps every version."""
    made = resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",))).json()
    address = f"/fhir/Consent/{made['id']}"
    withdrawn = {**made, "status": "inactive"}
    refused(resident.put(address, json=withdrawn, headers={"If-Match": 'W/"7"'}), 412)
    refused(resident.put(address, json=withdrawn, headers={"If-Match": "soon"}), 400, "If-Match")
    refused(resident.put(f"{address}x", json=withdrawn), 400, "Consent.id")
    assert resident.get(address).json()["status"] == "active"
    done = resident.put(address, json=withdrawn, headers={"If-Match": 'W/"1"'})
    assert (done.status_code, done.headers["etag"], done.json()["status"]) == (200, 'W/"2"', "inactive")
    history = resident.get(f"{address}/_history")
    assert [one["status"] for one in found(history)] == ["inactive", "active"]
    assert history.json()["type"] == "history"
    assert [one["request"]["method"] for one in history.json()["entry"]] == ["PUT", "POST"]


def test_the_service_gives_ids_and_nobody_learns_which_are_taken(resident, enter, record, system):
    """An id in a new Consent is not taken over, and a PUT to another's id looks like one to an id that nobody has."""
    made = resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",))).json()
    second = resident.post("/fhir/Consent", json={**a_consent(record, purposes=("risk",)), "id": made["id"]})
    assert second.status_code == 201
    assert second.json()["id"] != made["id"]
    other = f"p-{uuid4().hex[:12]}"
    mine = {"resourceType": "Patient", "id": other, "gender": "male", "birthDate": "1970-01-01"}
    person = system.register.put(mine, actor="test", role="system", request="test")[0]
    neighbour = enter(other, "resident", "self", person)
    taken = neighbour.put(f"/fhir/Consent/{made['id']}", json={**a_consent(other), "id": made["id"]})
    free = neighbour.put("/fhir/Consent/free", json={**a_consent(other), "id": "free"})
    assert refused(taken, 404) == refused(free, 404)
    assert resident.get(f"/fhir/Consent/{made['id']}").json() == made


def test_consents_are_their_giver_s_alone(resident, nurse, enter, record, system):
    """Nobody else creates, reads or changes them, and nobody learns that they exist."""
    made = resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",))).json()
    address = f"/fhir/Consent/{made['id']}"
    refused(nurse.get(address), 404)
    refused(nurse.get(f"{address}/_history"), 404)
    refused(nurse.put(address, json=made), 404)
    refused(nurse.post("/fhir/Consent", json=a_consent(record)), 404)
    refused(resident.post("/fhir/Consent", json=a_consent("p-somebody-else")), 404)
    refused(resident.get("/fhir/Consent/unknown"), 404)
    refused(resident.get("/fhir/Consent/unknown/_history"), 404)


def test_after_a_withdrawal_the_very_next_request_finds_nothing(resident, nurse, record):
    """Also a next link and an id from before, and the count of what a page still held."""
    made = resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",))).json()
    first = nurse.get(f"/fhir/Observation?patient={record}&_count=5")
    assert len(found(first)) == 5
    following = link(first, "next")
    identity = found(first)[0]["id"]
    assert len(found(nurse.get(following))) == 5
    resident.put(
        f"/fhir/Consent/{made['id']}", json={**made, "status": "inactive"}, headers={"If-Match": 'W/"1"'}
    )
    assert found(nurse.get(following)) == []
    assert found(nurse.get(f"/fhir/Observation?patient={record}")) == []
    refused(nurse.get(f"/fhir/Observation/{identity}"), 404)
    refused(nurse.get(f"/fhir/Patient/{record}"), 404)
    assert len(found(resident.get("/fhir/Observation"))) == 14


# --- what it says of itself, and what the trail says of it


def test_a_request_s_id_is_in_the_trail(resident, nurse, admin, record):
    """Whoever asks for an explanation can name the request; the trail says who, why and how many, never what."""
    request = f"request-{uuid4()}"
    resident.get("/fhir/Observation?_count=3", headers={"X-Request-Id": request})
    assert ("resident", record, "self", "search", "Observation", 3, "ok") in audited(admin, request)
    asked = f"request-{uuid4()}"
    nurse.get(f"/fhir/Observation?patient={record}", headers={"X-Request-Id": asked})
    assert ("nurse", "nurse-api", "guidance", "search", "Observation", 0, "ok") in audited(admin, asked)
    odd = "x' OR '1'='1"
    assert resident.get("/fhir/Observation", headers={"X-Request-Id": odd}).status_code == 200
    assert audited(admin, odd) == []


def test_a_wrong_method_or_path_is_an_outcome_too(resident):
    """Errors of the interface have one form."""
    refused(resident("DELETE", "/fhir/AuditEvent/x"), 405)
    refused(resident.get("/fhir/Medication/x"), 404)
    refused(resident("PATCH", "/fhir/AuditEvent/x"), 405)


def test_answers_are_never_kept_by_caches(resident, record):
    """Health data stay out of browsers' and proxies' stores."""
    for address in (
        "/fhir/Observation",
        "/fhir/Consent",
        f"/fhir/Patient/{record}",
        "/fhir/Observation/none",
    ):
        assert resident.get(address).headers["cache-control"] == "no-store"


def test_a_posted_alarm_is_told_in_the_answer(resident, record, clock):
    """Whoever measured learns at once, with the warning before the receipt."""
    body = pressure(record, clock.now() - timedelta(minutes=5), 205, 125)
    answer = resident.post("/fhir/Observation", content=json.dumps(body))
    assert answer.status_code == 201, answer.text
    OperationOutcome.model_validate(answer.json())
    assert answer.json()["issue"][0]["severity"] == "warning"
    assert {WATCH.key, CUFF.key}.isdisjoint(answer.text.split('"'))
