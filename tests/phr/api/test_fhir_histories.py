"""Histories of records and types, what a token's scopes leave of them and of writes, and writers at the same time."""

from __future__ import annotations

import threading

import pytest

from tests.build import agree
from tests.phr.api.conftest import link, refused
from tests.phr.api.fhir_desk import client, condition, flag, marked, observation, register
from tests.proves import proves

pytestmark = pytest.mark.db


def made(answer) -> dict:
    assert answer.status_code == 201, answer.text
    return answer.json()


# --- histories


@proves("*", "interaction", "history-system")
@proves("Consent", "interaction", "history-type")
def test_the_history_of_a_record_has_every_version_of_every_type_newest_first(there):
    """Page by page, each page asked anew; a version stands in exactly one page."""
    patient, person = register(there.system)
    agree(there.system, person, patient, purposes=("collect",))
    own = client(there.system, there.app, patient, "resident", "self", person)
    kept = [made(own.post("/fhir/Condition", json=condition(patient)))["id"] for _ in range(3)]
    for identity in kept:
        body = own.get(f"/fhir/Condition/{identity}").json()
        own.put(f"/fhir/Condition/{identity}", json={**body, "code": {"text": "y"}})
    own("DELETE", f"/fhir/Condition/{kept[0]}")
    whole = own.get("/fhir/_history?_count=1000").json()["entry"]
    kinds = {one["fullUrl"].split("/")[-2] for one in whole}
    assert {"Condition", "Patient", "Consent"} <= kinds
    consents = own.get("/fhir/Consent/_history?_count=1000").json()["entry"]
    assert consents == [one for one in whole if "/Consent/" in one["fullUrl"]]
    times = [one["response"]["lastModified"] for one in whole]
    assert times == sorted(times, reverse=True)
    seen, address = [], "/fhir/Condition/_history?_count=2"
    while address:
        page = own.get(address)
        seen += [(one["fullUrl"], one["response"]["etag"]) for one in page.json().get("entry", [])]
        address = (link(page, "next") or "").partition("8000")[2]
    assert len(seen) == len(set(seen)) == 7
    since = own.get(f"/fhir/Condition/_history?_since={whole[0]['response']['lastModified']}").json()["entry"]
    assert since[0]["request"]["method"] == "DELETE"
    assert "entry" not in own.get("/fhir/Condition/_history?_at=2020-01-01").json()
    assert len(own.get("/fhir/Condition/_history?_at=2199").json()["entry"]) == 3
    for wrong in ("_since=soon", "_colour=1", "_cursor=x", "_cursor=WzEsMiwzXQ"):
        refused(own.get(f"/fhir/Condition/_history?{wrong}"), 400)


def test_who_works_for_the_city_names_whose_history_it_is(there):
    """The history of everybody is nobody's business; a person's is as far as it is shared."""
    refused(there.nurse.get("/fhir/Flag/_history"), 400, "patient")
    refused(there.nurse.get("/fhir/_history"), 400, "patient")
    made(there.nurse.post("/fhir/Flag", json=flag(there.patient)))
    made(there.resident.post("/fhir/Observation", json=observation(there.patient, code="88888-8")))
    seen = there.nurse.get(f"/fhir/_history?patient={there.patient}&_count=1000").json()["entry"]
    kinds = {one["fullUrl"].split("/")[-2] for one in seen}
    assert "Flag" in kinds
    assert all("88888-8" not in str(one) for one in seen)
    assert "Consent" not in kinds
    assert "entry" not in there.nurse.get(f"/fhir/_history?patient={there.neighbour_id}").json()
    refused(there.resident.get(f"/fhir/_history?patient={there.neighbour_id}"), 404)


# --- scopes


def test_a_token_with_scopes_does_what_they_say_and_nothing_else(there):
    """Read is not write, and one type is not another; also in the history of a record."""
    body = made(there.resident.post("/fhir/Condition", json=condition(there.patient)))
    app = client(
        there.system, there.app, there.patient, "resident", "self", there.person, scope="patient/Condition.rs"
    )
    assert app.get(f"/fhir/Condition/{body['id']}").json() == body
    refused(app.post("/fhir/Condition", json=condition(there.patient)), 403)
    refused(app("DELETE", f"/fhir/Condition/{body['id']}"), 403)
    refused(app.get("/fhir/Goal/x"), 403)
    kinds = {one["fullUrl"].split("/")[-2] for one in app.get("/fhir/_history?_count=1000").json()["entry"]}
    assert kinds == {"Condition"}


def test_a_scope_with_a_constraint_holds_before_and_after_a_write(there):
    """A resource outside of it looks like none, and none may be brought outside of it."""
    inside = condition(there.patient, category=[{"coding": [{"system": "urn:k", "code": "in"}]}])
    outside = condition(there.patient, category=[{"coding": [{"system": "urn:k", "code": "out"}]}])
    scope = "patient/Condition.cruds?category=urn:k|in"
    app = client(there.system, there.app, there.patient, "resident", "self", there.person, scope=scope)
    mine = made(app.post("/fhir/Condition", json=inside))
    theirs = made(there.resident.post("/fhir/Condition", json=outside))
    refused(app.post("/fhir/Condition", json=outside), 403)
    refused(app.put(f"/fhir/Condition/{mine['id']}", json={**outside, "id": mine["id"]}), 403)
    for path in ("", "/_history/1"):
        refused(app.get(f"/fhir/Condition/{theirs['id']}{path}"), 404)
    refused(app.put(f"/fhir/Condition/{theirs['id']}", json={**inside, "id": theirs["id"]}), 404)
    refused(app("DELETE", f"/fhir/Condition/{theirs['id']}"), 404)
    assert there.resident.get(f"/fhir/Condition/{theirs['id']}").json() == theirs


# --- at the same time


def test_eight_at_once_make_one(there):
    """A conditional create under load: one 201, seven 200, one resource."""
    sent, query = marked(condition(there.patient))
    start_line, got = threading.Barrier(8), []

    def post() -> None:
        start_line.wait()
        got.append(there.resident.post("/fhir/Condition", json=sent, headers={"If-None-Exist": query}))

    threads = [threading.Thread(target=post) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one.status_code for one in got) == [200] * 7 + [201]
    assert len({one.json()["id"] for one in got}) == 1


def test_eight_updates_of_one_version_make_one(there):
    """If-Match under load: one is the next version, seven are told that it is not theirs any more."""
    body = made(there.resident.post("/fhir/Condition", json=condition(there.patient)))
    start_line, got = threading.Barrier(8), []

    def put(number: int) -> None:
        start_line.wait()
        changed = {**body, "code": {"text": str(number)}}
        headers = {"If-Match": 'W/"1"'}
        got.append(
            there.resident.put(f"/fhir/Condition/{body['id']}", json=changed, headers=headers).status_code
        )

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(got) == [200] + [412] * 7
