"""Whose FHIR resources are whose: who writes, who reads, what no consent names, the directory, what a device measured."""

from __future__ import annotations

from uuid import uuid4

import pytest

from phr.domain.assessments import RULE
from phr.domain.emergency import card_id
from phr.domain.home_target import identity as goal_id
from tests.build import agree
from tests.phr.api.conftest import found, refused
from tests.phr.api.fhir_desk import client, condition, flag, marked, observation, pressure, register
from tests.proves import proves

pytestmark = pytest.mark.db


def made(answer) -> dict:
    assert answer.status_code == 201, answer.text
    return answer.json()


# --- who writes


def test_nurses_write_what_is_guidance_and_residents_read_it(there):
    """A Flag is what a nurse says of a person; the person neither writes nor ends it."""
    body = made(there.nurse.post("/fhir/Flag", json=flag(there.patient)))
    address = f"/fhir/Flag/{body['id']}"
    assert there.resident.get(address).json() == body
    refused(there.resident.post("/fhir/Flag", json=flag(there.patient)), 403)
    refused(there.resident.put(address, json={**body, "status": "inactive"}), 403)
    refused(there.resident("DELETE", address), 403)
    assert there.nurse.put(address, json={**body, "status": "inactive"}).status_code == 200


def test_nobody_writes_into_a_record_that_is_not_shared(there):
    """403 without the person's consent, 404 for a resident who names somebody else; and nothing is stored."""
    for caller, status in ((there.nurse, 403), (there.collector, 403), (there.resident, 404)):
        refused(caller.post("/fhir/Condition", json=condition(there.neighbour_id)), status)
    refused(there.neighbour.post("/fhir/Condition", json=condition(there.neighbour_id)), 403)
    assert "entry" not in there.neighbour.get("/fhir/Condition/_history").json()


def test_what_is_not_shared_looks_like_what_is_not_there(there):
    """Read, version, history, update and patch give nobody a hint."""
    body = made(there.resident.post("/fhir/Condition", json=condition(there.patient)))
    for path in ("", "/_history", "/_history/1"):
        theirs = there.neighbour.get(f"/fhir/Condition/{body['id']}{path}")
        nothing = there.neighbour.get(f"/fhir/Condition/nothing{path}")
        assert (
            (theirs.status_code, theirs.content)
            == (nothing.status_code, nothing.content)
            == (404, nothing.content)
        )


def test_who_delivers_reads_nothing(there):
    """The purpose collect lets data in, never out: no read, no history, no patch, no resource of before."""
    sent, query = marked(condition(there.patient))
    body = made(there.collector.post("/fhir/Condition", json=sent))
    for path in ("", "/_history", "/_history/1"):
        refused(there.collector.get(f"/fhir/Condition/{body['id']}{path}"), 403)
    patch = {"Content-Type": "application/json-patch+json"}
    refused(there.collector("PATCH", f"/fhir/Condition/{body['id']}", content=b"[]", headers=patch), 403)
    again = there.collector.post("/fhir/Condition", json=sent, headers={"If-None-Exist": query})
    assert (again.status_code, again.content) == (200, b"")


@proves("Patient", "interaction", "create", "update", "patch", "history-instance")
@proves(
    "Patient", "interaction", "create", "read", "update", "patch", "vread", "history-instance", "history-type"
)
def test_only_the_register_writes_patients(there):
    """The counter creates, updates and patches them; If-Match holds; others read those whom they may know."""
    born = {
        "resourceType": "Patient",
        "gender": "male",
        "birthDate": "1970-01-01",
        "name": [{"text": "Yamada Taro"}],
    }
    for caller in (there.resident, there.nurse, there.collector):
        refused(caller.post("/fhir/Patient", json=born), 403)
    body = made(there.registrar.post("/fhir/Patient", json=born))
    address = f"/fhir/Patient/{body['id']}"
    refused(there.registrar.put(address, json=body, headers={"If-Match": 'W/"4"'}), 412)
    changed = there.registrar.put(address, json={**body, "gender": "female"}, headers={"If-Match": 'W/"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, 'W/"2"')
    patch = {"Content-Type": "application/json-patch+json"}
    operations = b'[{"op":"replace","path":"/gender","value":"other"}]'
    answer = there.registrar("PATCH", address, content=operations, headers=patch)
    assert (answer.json()["gender"], answer.headers["etag"]) == ("other", 'W/"3"')
    refused(
        there.registrar("PATCH", address, content=operations, headers={**patch, "If-Match": 'W/"1"'}), 412
    )
    refused(there.nurse.get(address), 404)
    assert len(there.registrar.get(f"{address}/_history").json()["entry"]) == 3
    assert there.registrar.get(f"{address}/_history/1").json() == body
    whole = there.registrar.get(f"/fhir/Patient/_history?patient={body['id']}").json()["entry"]
    assert [one["response"]["etag"] for one in whole] == ['W/"3"', 'W/"2"', 'W/"1"']


def test_what_the_service_keeps_itself_is_not_written_here(there):
    """Its pages read these in their own form: the goal of home blood pressure, the emergency card, its judgements."""
    mine = {"subject": {"reference": f"Patient/{there.patient}"}}
    aim = {
        "resourceType": "Goal",
        "id": goal_id(there.person),
        "lifecycleStatus": "active",
        "description": {"text": "x"},
    }
    refused(there.resident.put(f"/fhir/Goal/{aim['id']}", json={**aim, **mine}), 422)
    card = {
        "resourceType": "QuestionnaireResponse",
        "id": card_id(there.person),
        "status": "completed",
        **mine,
    }
    refused(there.resident.put(f"/fhir/QuestionnaireResponse/{card['id']}", json=card), 422)
    judged = {"resourceType": "RiskAssessment", "status": "final", **mine}
    pretended = {**judged, "method": {"coding": [{"system": RULE, "code": "official"}]}}
    refused(there.nurse.post("/fhir/RiskAssessment", json=pretended), 422)
    made(there.nurse.post("/fhir/RiskAssessment", json=judged))


# --- what no consent names


def test_what_no_consent_names_is_for_its_person_alone(there):
    """An Observation of an unknown code is kept, and nobody else ever sees it, however much is shared."""
    strange = observation(there.patient, code="99999-9")
    body = made(there.resident.post("/fhir/Observation", json=strange))
    address = f"/fhir/Observation/{body['id']}"
    assert there.resident.get(address).json() == body
    for path in ("", "/_history", "/_history/1"):
        refused(there.nurse.get(f"{address}{path}"), 404)
    changed = there.resident.put(address, json={**body, "status": "amended"})
    assert changed.headers["etag"] == 'W/"2"'
    delivered = there.collector.post("/fhir/Observation", json=strange)
    assert delivered.status_code == 201
    place = "/fhir/" + delivered.headers["location"].partition("/fhir/")[2]
    assert there.resident.get(place).status_code == 200
    assert there.resident("DELETE", address).status_code == 204


def test_what_no_consent_names_needs_a_consent_to_collect_anything(there):
    """Whoever collects nothing of a person collects this neither; and a denial of everything is one."""
    refused(
        there.neighbour.post("/fhir/Observation", json=observation(there.neighbour_id, code="99999-9")), 403
    )
    patient, person = register(there.system)
    agree(there.system, person, patient, purposes=("collect",))
    own = client(there.system, there.app, patient, "resident", "self", person)
    made(
        own.post(
            "/fhir/RelatedPerson",
            json={"resourceType": "RelatedPerson", "patient": {"reference": f"Patient/{patient}"}},
        )
    )
    for held in there.system.consents.all(person, actor=patient, role="resident", request="test"):
        there.system.consents.withdraw(
            person, held.consent.id, actor=patient, role="resident", request="test"
        )
    refused(own.post("/fhir/Observation", json=observation(patient, code="99999-9")), 403)


def test_a_person_deletes_what_is_theirs_whatever_is_consented(there):
    """After a withdrawal nothing is collected any more, and everything of one's own can still go."""
    patient, person = register(there.system)
    agree(there.system, person, patient, purposes=("collect",))
    own = client(there.system, there.app, patient, "resident", "self", person)
    body = made(own.post("/fhir/Condition", json=condition(patient)))
    for held in there.system.consents.all(person, actor=patient, role="resident", request="test"):
        there.system.consents.withdraw(
            person, held.consent.id, actor=patient, role="resident", request="test"
        )
    refused(own.put(f"/fhir/Condition/{body['id']}", json={**body, "code": {"text": "y"}}), 403)
    assert own("DELETE", f"/fhir/Condition/{body['id']}").status_code == 204
    refused(own.get(f"/fhir/Condition/{body['id']}"), 410)


def test_provenance_stands_with_what_it_is_about(there):
    """Of one person, in the category of its targets; a target that is nobody's says nothing."""
    goal = {
        "resourceType": "Goal",
        "lifecycleStatus": "active",
        "description": {"text": "walk"},
        "subject": {"reference": f"Patient/{there.patient}"},
    }
    body = made(there.nurse.post("/fhir/Goal", json=goal))
    said = {
        "resourceType": "Provenance",
        "target": [{"reference": f"Goal/{body['id']}"}],
        "recorded": "2026-04-01T10:00:00+09:00",
        "agent": [{"who": {"display": "nurse"}}],
    }
    mine = made(there.nurse.post("/fhir/Provenance", json=said))
    assert there.resident.get(f"/fhir/Provenance/{mine['id']}").json() == mine
    refused(
        there.nurse.post("/fhir/Provenance", json={**said, "target": [{"reference": "Goal/none"}]}),
        400,
        "target",
    )
    two = [{"reference": f"Patient/{one}"} for one in (there.patient, there.neighbour_id)]
    refused(there.nurse.post("/fhir/Provenance", json={**said, "target": two}), 400, "one person")


# --- the directory


def test_staff_keep_the_directory_and_everybody_reads_it(there):
    """Organisations, practitioners and devices of nobody; a resident writes none of it."""
    sent, query = marked({"resourceType": "Organization", "name": "City health centre"})
    body = made(there.nurse.post("/fhir/Organization", json=sent, headers={"If-None-Exist": query}))
    address = f"/fhir/Organization/{body['id']}"
    for caller in (there.resident, there.neighbour, there.registrar):
        assert caller.get(address).json() == body
    for caller in (there.resident, there.neighbour):
        refused(caller.post("/fhir/Organization", json=sent), 403)
        refused(caller.put(address, json={**body, "name": "x"}), 403)
        refused(caller("DELETE", address), 403)
    assert there.registrar.put(address, json={**body, "name": "Health centre"}).headers["etag"] == 'W/"2"'
    assert len(there.resident.get(f"{address}/_history").json()["entry"]) == 2
    assert there.nurse("DELETE", f"/fhir/Organization?{query}").status_code == 204


def test_a_device_is_somebody_s_or_nobody_s(there):
    """With a patient it is theirs alone, without one it is of the directory."""
    mine = made(
        there.resident.post(
            "/fhir/Device",
            json={"resourceType": "Device", "patient": {"reference": f"Patient/{there.patient}"}},
        )
    )
    refused(there.nurse.get(f"/fhir/Device/{mine['id']}"), 404)
    shared = made(there.nurse.post("/fhir/Device", json={"resourceType": "Device", "status": "active"}))
    assert there.neighbour.get(f"/fhir/Device/{shared['id']}").status_code == 200
    refused(there.resident.post("/fhir/Device", json={"resourceType": "Device"}), 403)
    moved = {**shared, "patient": {"reference": f"Patient/{there.patient}"}}
    assert there.collector.put(f"/fhir/Device/{shared['id']}", json=moved).status_code == 422


@proves("Questionnaire", "interaction", "read")
def test_questionnaires_of_the_service_stay_and_staff_add_others(there):
    """Those of the service have one version and are read by everybody."""
    built_in = "phq-9" if there.resident.get("/fhir/Questionnaire/phq-9").status_code == 200 else None
    names = [one["id"] for one in found(there.resident.get("/fhir/Questionnaire"))]
    assert names
    name = built_in or names[0]
    assert there.resident.get(f"/fhir/Questionnaire/{name}/_history/1").status_code == 200
    refused(there.resident.get(f"/fhir/Questionnaire/{name}/_history/2"), 404)
    assert len(there.resident.get(f"/fhir/Questionnaire/{name}/_history").json()["entry"]) == 1
    body = made(
        there.nurse.post("/fhir/Questionnaire", json={"resourceType": "Questionnaire", "status": "draft"})
    )
    assert there.resident.get(f"/fhir/Questionnaire/{body['id']}").json() == body


# --- what a device measured


def test_what_was_measured_is_corrected_and_never_deleted_here(there):
    """Its id is the service's own: one clear answer, also for an id of this form that nobody has."""
    place = there.resident.post("/fhir/Observation", json=observation(there.patient)).headers["location"]
    identity = place.rpartition("/")[2]
    address = f"/fhir/Observation/{identity}"
    body = there.resident.get(address).json()
    patch = {"Content-Type": "application/json-patch+json"}
    assert there.resident.put(address, json={**body, "status": "amended"}).json() == body
    refused(there.resident("DELETE", address), 422)
    assert there.resident("PATCH", address, content=b"[]", headers=patch).json() == body
    refused(there.neighbour.put(address, json={**observation(there.neighbour_id), "id": identity}), 404)
    version = body["meta"]["versionId"]
    assert there.resident.get(f"{address}/_history/{version}").json() == body
    refused(there.resident.get(f"{address}/_history/999999"), 404)
    entries = there.resident.get(f"{address}/_history").json()["entry"]
    assert [one["resource"] for one in entries] == [body]
    assert there.resident.get(address, headers={"If-None-Match": f'W/"{version}"'}).status_code == 304


def test_an_observation_with_an_id_of_its_own_is_a_document_that_alarms_like_any_other(there, clock):
    """However a value comes in, it is looked at, and one that cannot be true is not kept."""
    identity = str(uuid4())
    body = pressure(there.patient, clock.now(), 210, 130, id=identity)
    answer = there.resident.put(f"/fhir/Observation/{identity}", json=body)
    assert (answer.status_code, answer.json()["resourceType"]) == (201, "OperationOutcome")
    assert (
        there.resident.get(f"/fhir/Observation/{identity}").json()["component"][0]["valueQuantity"]["value"]
        == 210
    )
    identity = str(uuid4())
    absurd = observation(
        there.patient,
        id=identity,
        valueQuantity={"value": 9000, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    )
    refused(there.resident.put(f"/fhir/Observation/{identity}", json=absurd), 422)
