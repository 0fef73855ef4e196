"""FHIR REST: create, read, versions, update, patch, delete and history of documents, and their conditional forms."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from tests.phr.api.conftest import refused
from tests.phr.api.fhir_desk import condition, marked, observation
from tests.proves import proves

pytestmark = pytest.mark.db


def made(answer) -> dict:
    assert answer.status_code == 201, answer.text
    return answer.json()


# --- create and read


def test_a_created_resource_has_its_place_version_and_time(there):
    """201 with Location of the version, ETag and Last-Modified; the id is ours to give, whatever the body says."""
    answer = there.resident.post("/fhir/Condition", json=condition(there.patient, id="mine"))
    body = made(answer)
    assert body["id"] != "mine"
    assert answer.headers["location"].endswith(f"/fhir/Condition/{body['id']}/_history/1")
    assert (answer.headers["etag"], body["meta"]["versionId"]) == ('W/"1"', "1")
    assert answer.headers["last-modified"].endswith("GMT")
    read = there.resident.get(f"/fhir/Condition/{body['id']}")
    assert (read.json(), read.headers["etag"]) == (body, 'W/"1"')


def test_a_decimal_comes_back_as_it_was_written(there):
    """6.30 was measured to a hundredth; also in a pretty answer."""
    text = json.dumps(observation(there.patient, code="4548-4")).replace('"value": 72', '"value": 6.30')
    sent = text.replace('"resourceType"', '"id": "dec-1", "resourceType"').replace("dec-1", str(uuid4()))
    identity = json.loads(sent)["id"]
    answer = there.resident.put(f"/fhir/Observation/{identity}", content=sent)
    assert answer.status_code == 201, answer.text
    assert '"value":6.30' in there.resident.get(f"/fhir/Observation/{identity}").text
    assert '"value": 6.30' in there.resident.get(f"/fhir/Observation/{identity}?_pretty=true").text


def test_head_is_get_without_its_body(there):
    """The same headers, no body."""
    body = made(there.resident.post("/fhir/Condition", json=condition(there.patient)))
    answer = there.resident("HEAD", f"/fhir/Condition/{body['id']}")
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, b"", 'W/"1"')


@proves("Resource", "conditional", "read")
def test_who_has_the_version_already_is_told_so(there):
    """304 without a body for If-None-Match and If-Modified-Since."""
    answer = there.resident.post("/fhir/Condition", json=condition(there.patient))
    address = f"/fhir/Condition/{made(answer)['id']}"
    for headers in ({"If-None-Match": 'W/"1"'}, {"If-Modified-Since": answer.headers["last-modified"]}):
        same = there.resident.get(address, headers=headers)
        assert (same.status_code, same.content) == (304, b"")
    assert there.resident.get(address, headers={"If-None-Match": 'W/"2"'}).status_code == 200
    assert there.resident.get(address, headers={"If-Modified-Since": "long ago"}).status_code == 200


def test_only_json_of_fhir_4_is_spoken(there):
    """406 and 415 say so, instead of an answer in another form."""
    refused(there.resident.get("/fhir/Condition/x?_format=xml"), 406)
    refused(there.resident.get("/fhir/Condition/x", headers={"Accept": "application/fhir+xml"}), 406)
    refused(
        there.resident.get("/fhir/Condition/x", headers={"Accept": "application/fhir+json; fhirVersion=5.0"}),
        406,
    )
    refused(
        there.resident.get("/fhir/Condition/x", headers={"Accept": "application/fhir+json; fhirVersion=4.0"}),
        404,
    )
    xml = {"Content-Type": "application/fhir+xml"}
    refused(there.resident.post("/fhir/Condition", content=b"<Condition/>", headers=xml), 415)
    refused(there.resident("PATCH", "/fhir/Condition/x", json=[]), 415)


def test_prefer_says_how_much_comes_back(there):
    """minimal: no body; OperationOutcome: one; the resource is what comes without a wish."""
    sent = condition(there.patient)
    small = there.resident.post("/fhir/Condition", json=sent, headers={"Prefer": "return=minimal"})
    assert (small.status_code, small.content) == (201, b"")
    said = there.resident.post("/fhir/Condition", json=sent, headers={"Prefer": "return=OperationOutcome"})
    assert said.json()["resourceType"] == "OperationOutcome"
    whole = there.resident.post("/fhir/Condition", json=sent, headers={"Prefer": "return=representation"})
    assert whole.json()["resourceType"] == "Condition"


@pytest.mark.parametrize(
    ("body", "mention"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b'{"resourceType":"Flag"}', "resourceType"),
        (b'{"resourceType":"Condition"}', "subject"),
        (b'{"resourceType":"Condition","subject":{"reference":"Patient/x"},"onsetAge":5}', "onsetAge"),
        (b'{"resourceType":"Condition","subject":{"reference":"Group/x"}}', "Condition.subject"),
        (b'{"resourceType":"Condition","subject":{"reference":"Patient/x"},"subject__ext":{}}', "Condition"),
    ],
)
def test_what_is_no_valid_resource_is_refused_with_its_place(there, body, mention):
    """400 and one OperationOutcome that names the element."""
    refused(there.nurse.post("/fhir/Condition", content=body), 400, mention)


def test_a_code_that_fhir_requires_is_one_of_its_list(there):
    """Required bindings, which the library leaves open."""
    flag = {
        "resourceType": "Flag",
        "status": "maybe",
        "code": {"text": "x"},
        "subject": {"reference": f"Patient/{there.patient}"},
    }
    refused(there.nurse.post("/fhir/Flag", json=flag), 400, "Flag.status")
    made(there.nurse.post("/fhir/Flag", json={**flag, "status": "active"}))


def test_an_unknown_type_does_not_exist_and_what_is_not_served_is_said(there):
    """404 for a type, 405 for an interaction."""
    refused(there.resident.get("/fhir/Basic/x"), 404)
    refused(there.resident.post("/fhir/Basic", json={"resourceType": "Basic"}), 404)
    refused(there.resident("DELETE", f"/fhir/Patient/{there.patient}"), 405)
    refused(there.resident.put("/fhir/AuditEvent/x", json={"resourceType": "AuditEvent", "id": "x"}), 405)
    refused(there.resident.post("/fhir/Encounter", json={"resourceType": "Encounter"}), 405)


def test_a_subsetted_resource_is_not_taken(there):
    """It would overwrite what was left out of it."""
    cut = condition(there.patient, meta={"tag": [{"system": "http://x", "code": "SUBSETTED"}]})
    refused(there.resident.post("/fhir/Condition", json=cut), 422)


# --- update


def test_an_update_is_the_next_version_and_both_can_be_read(there):
    """Versions are numbered; the same content again makes none."""
    body = made(there.resident.post("/fhir/Condition", json=condition(there.patient)))
    address = f"/fhir/Condition/{body['id']}"
    changed = {**body, "code": {"text": "asthma"}}
    answer = there.resident.put(address, json=changed)
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    assert there.resident.put(address, json=answer.json()).headers["etag"] == 'W/"2"'
    assert there.resident.get(f"{address}/_history/1").json() == body
    assert there.resident.get(f"{address}/_history/2").json() == answer.json()
    for version in ("3", "0", "one", "9" * 12):
        refused(there.resident.get(f"{address}/_history/{version}"), 404)


def test_an_update_of_a_new_id_creates_it(there):
    """201 the first time, 200 after; the id in the body is the one in the address."""
    identity = str(uuid4())
    sent = condition(there.patient, id=identity)
    answer = there.resident.put(f"/fhir/Condition/{identity}", json=sent)
    assert answer.status_code == 201
    assert answer.headers["location"].endswith(f"/fhir/Condition/{identity}/_history/1")
    assert (
        there.resident.put(f"/fhir/Condition/{identity}", json={**sent, "code": {"text": "y"}}).status_code
        == 200
    )
    refused(there.resident.put("/fhir/Condition/other", json=sent), 400, "Condition.id")


def test_if_match_keeps_two_writers_from_overwriting_each_other(there):
    """412 for another version, 400 for no version, also for a patch and a deletion."""
    body = made(there.resident.post("/fhir/Condition", json=condition(there.patient)))
    address = f"/fhir/Condition/{body['id']}"
    second = {"If-Match": 'W/"2"'}
    refused(there.resident.put(address, json={**body, "code": {"text": "y"}}, headers=second), 412)
    refused(there.resident.put(address, json=body, headers={"If-Match": "soon"}), 400, "If-Match")
    refused(patched(there.resident, address, [], second), 412)
    refused(there.resident("DELETE", address, headers=second), 412)
    refused(
        there.resident.put("/fhir/Condition/none-yet", json={**body, "id": "none-yet"}, headers=second), 412
    )
    first = {"If-Match": 'W/"1"'}
    assert there.resident.put(address, json={**body, "code": {"text": "y"}}, headers=first).status_code == 200


def test_a_resource_stays_with_its_person(there):
    """A document is never moved into another record, and a taken id is not given away."""
    body = made(there.nurse.post("/fhir/Goal", json=goal(there.patient)))
    moved = {**body, "subject": {"reference": f"Patient/{there.neighbour_id}"}}
    refused(there.nurse.put(f"/fhir/Goal/{body['id']}", json=moved), 422)
    refused(there.resident.put(f"/fhir/Goal/{body['id']}", json=moved), 404)
    assert there.resident.get(f"/fhir/Goal/{body['id']}").json() == body


def goal(patient: str) -> dict:
    return {
        "resourceType": "Goal",
        "lifecycleStatus": "active",
        "description": {"text": "8000 steps"},
        "subject": {"reference": f"Patient/{patient}"},
    }


# --- patch


def patched(caller, address: str, operations, headers=None):
    more = {"Content-Type": "application/json-patch+json", **(headers or {})}
    return caller("PATCH", address, content=json.dumps(operations), headers=more)


@proves("*", "patch", "application/json-patch+json")
def test_a_patch_changes_parts_and_leaves_numbers_as_they_are(there):
    """What comes out is a version like any other."""
    sent = json.dumps(observation(there.patient, code="4548-4", id="x")).replace(
        '"value": 72', '"value": 5.60'
    )
    identity = str(uuid4())
    there.resident.put(f"/fhir/Observation/{identity}", content=sent.replace('"x"', f'"{identity}"'))
    operations = [
        {"op": "test", "path": "/status", "value": "final"},
        {"op": "replace", "path": "/status", "value": "amended"},
        {"op": "add", "path": "/note", "value": [{"text": "after lunch"}]},
    ]
    answer = patched(there.resident, f"/fhir/Observation/{identity}", operations)
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    assert (answer.json()["status"], answer.json()["note"]) == ("amended", [{"text": "after lunch"}])
    assert '"value":5.60' in answer.text


@pytest.mark.parametrize(
    ("operations", "status"),
    [
        ({"op": "add"}, 400),
        ([1], 400),
        ([{"op": "fly", "path": "/status"}], 400),
        ([{"op": "add", "path": "status", "value": 1}], 422),
        ([{"op": "test", "path": "/status", "value": "draft"}], 422),
        ([{"op": "remove", "path": "/no/such/place"}], 422),
        ([{"op": "replace", "path": "/resourceType", "value": "Flag"}], 400),
        ([{"op": "replace", "path": "/id", "value": "other"}], 400),
        ([{"op": "remove", "path": "/subject"}], 400),
        ([{"op": "add", "path": "/code", "value": 5}], 400),
        ([{"op": "replace", "path": "", "value": 5}], 400),
        ([{"op": "test", "path": "/id", "value": None}] * 101, 400),
    ],
)
def test_a_patch_that_does_not_fit_changes_nothing(there, operations, status):
    """Wrong operations, tests that fail, results that are no valid resource of this person."""
    body = made(there.resident.post("/fhir/Condition", json=condition(there.patient)))
    address = f"/fhir/Condition/{body['id']}"
    refused(patched(there.resident, address, operations), status)
    assert there.resident.get(address).json() == body


def test_a_patch_that_copies_itself_larger_and_larger_is_stopped(there):
    """Thirty copies would fill the memory."""
    body = made(
        there.resident.post("/fhir/Condition", json=condition(there.patient, note=[{"text": "x" * 1000}]))
    )
    operations = [{"op": "copy", "from": "/note", "path": "/note/0"}] * 30
    refused(patched(there.resident, f"/fhir/Condition/{body['id']}", operations), 422)


# --- delete


def test_a_deleted_resource_is_gone_and_its_person_keeps_the_versions(there):
    """204, then 410; deleting again is the same; history shows the deletion; an update brings it back."""
    body = made(there.resident.post("/fhir/Condition", json=condition(there.patient)))
    address = f"/fhir/Condition/{body['id']}"
    assert there.resident("DELETE", address).status_code == 204
    assert there.resident("DELETE", address).status_code == 204
    refused(there.resident.get(address), 410)
    refused(there.resident.get(f"{address}/_history/2"), 410)
    refused(patched(there.resident, address, []), 410)
    assert there.resident.get(f"{address}/_history/1").json() == body
    entries = there.resident.get(f"{address}/_history").json()["entry"]
    assert [(one["request"]["method"], "resource" in one) for one in entries] == [
        ("DELETE", False),
        ("POST", True),
    ]
    again = there.resident.put(address, json=body)
    assert (again.status_code, again.headers["etag"]) == (201, 'W/"3"')


def test_others_see_that_it_was_deleted_and_nothing_of_what_it_said(there):
    """Versions of before the deletion are for the person alone."""
    body = made(there.nurse.post("/fhir/Goal", json=goal(there.patient)))
    address = f"/fhir/Goal/{body['id']}"
    assert there.nurse.get(f"{address}/_history/1").status_code == 200
    assert there.nurse("DELETE", address).status_code == 204
    refused(there.nurse.get(address), 410)
    refused(there.nurse.get(f"{address}/_history/1"), 410)
    assert [one["request"]["method"] for one in there.nurse.get(f"{address}/_history").json()["entry"]] == [
        "DELETE"
    ]
    assert len(there.resident.get(f"{address}/_history").json()["entry"]) == 2


def test_deleting_what_is_not_there_or_not_yours_looks_the_same(there):
    """204 and nothing happens."""
    body = made(there.resident.post("/fhir/Condition", json=condition(there.patient)))
    theirs = there.neighbour("DELETE", f"/fhir/Condition/{body['id']}")
    nothing = there.neighbour("DELETE", "/fhir/Condition/nothing")
    assert (theirs.status_code, theirs.content) == (nothing.status_code, nothing.content) == (204, b"")
    assert there.resident.get(f"/fhir/Condition/{body['id']}").status_code == 200


# --- conditional forms


@proves("Resource", "conditional", "create")
def test_a_conditional_create_makes_one(there):
    """201 the first time, 200 with what is there after, 412 when several fit."""
    sent, query = marked(condition(there.patient))
    headers = {"If-None-Exist": query}
    first = there.resident.post("/fhir/Condition", json=sent, headers=headers)
    again = there.resident.post("/fhir/Condition", json=sent, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    made(there.resident.post("/fhir/Condition", json=sent))
    refused(there.resident.post("/fhir/Condition", json=sent, headers=headers), 412)
    refused(
        there.resident.post("/fhir/Condition", json=sent, headers={"If-None-Exist": ""}), 400, "If-None-Exist"
    )
    refused(there.resident.post("/fhir/Condition", json=sent, headers={"If-None-Exist": "colour=red"}), 400)


@proves("Resource", "conditional", "update")
def test_a_conditional_update_creates_changes_or_refuses(there):
    """None fits: 201; one: 200; several: 412; another id in the body: 400."""
    sent, query = marked(condition(there.patient))
    first = there.resident.put(f"/fhir/Condition?{query}", json=sent)
    body = made(first)
    second = there.resident.put(f"/fhir/Condition?{query}", json={**sent, "code": {"text": "y"}})
    assert (second.status_code, second.json()["id"], second.headers["etag"]) == (200, body["id"], 'W/"2"')
    refused(there.resident.put(f"/fhir/Condition?{query}", json={**sent, "id": "other"}), 400, "Condition.id")
    made(there.resident.post("/fhir/Condition", json=sent))
    refused(there.resident.put(f"/fhir/Condition?{query}", json=sent), 412)
    refused(there.resident.put("/fhir/Condition", json=sent), 400, "query")


@proves("Resource", "conditional", "patch", "delete-single")
def test_a_conditional_patch_and_a_conditional_delete_take_the_one_that_fits(there):
    """404 to patch nothing, 204 to delete nothing, 412 for several."""
    sent, query = marked(condition(there.patient))
    change = [{"op": "replace", "path": "/code/text", "value": "z"}]
    refused(patched(there.resident, f"/fhir/Condition?{query}", change), 404)
    body = made(there.resident.post("/fhir/Condition", json=sent))
    assert patched(there.resident, f"/fhir/Condition?{query}", change).json()["code"] == {"text": "z"}
    assert there.resident("DELETE", f"/fhir/Condition?{query}").status_code == 204
    refused(there.resident.get(f"/fhir/Condition/{body['id']}"), 410)
    assert there.resident("DELETE", f"/fhir/Condition?{query}").status_code == 204
    for _ in range(2):
        made(there.resident.post("/fhir/Condition", json=sent))
    refused(there.resident("DELETE", f"/fhir/Condition?{query}"), 412)
    refused(there.resident("DELETE", "/fhir/Condition"), 400, "query")


def test_who_works_for_the_city_names_the_patient_in_a_condition(there):
    """A query alone says not whose resource is meant."""
    sent, query = marked(goal(there.patient))
    body = made(there.nurse.post("/fhir/Goal", json=sent, headers={"If-None-Exist": query}))
    refused(there.nurse("DELETE", f"/fhir/Goal?{query}"), 400, "patient")
    assert there.nurse("DELETE", f"/fhir/Goal?patient={there.patient}&{query}").status_code == 204
    refused(there.nurse.get(f"/fhir/Goal/{body['id']}"), 410)
