"""FHIR Consent in every other way: patched, deleted, by a condition, in a batch; each ends what it ends at once."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from phr.api import consenting
from tests.build import a_consent
from tests.phr.api.conftest import found, refused
from tests.phr.api.test_fhir_bundles import entry, send, statuses
from tests.proves import proves

PATCH = {"Content-Type": "application/json-patch+json"}


def made(caller, patient: str, **more: Any) -> dict:
    """A recorded consent to guidance."""
    answer = caller.post("/fhir/Consent", json=a_consent(patient, purposes=("guidance",), **more))
    assert answer.status_code == 201, answer.text
    return answer.json()


def named(patient: str, mark: str) -> dict:
    return {
        **a_consent(patient, purposes=("guidance",)),
        "identifier": [{"system": "urn:test", "value": mark}],
    }


def seen(nurse, patient: str) -> int:
    return len(found(nurse.get(f"/fhir/Observation?patient={patient}")))


@proves("Consent", "interaction", "patch")
def test_a_patch_is_checked_as_a_whole_consent_is(resident, nurse, record):
    """A patch that ends a consent ends it at once; one that makes it mean nothing is refused and changes nothing."""
    one = made(resident, record)
    address = f"/fhir/Consent/{one['id']}"
    assert seen(nurse, record)
    bad = [{"op": "replace", "path": "/provision/type", "value": "maybe"}]
    refused(resident("PATCH", address, json=bad, headers=PATCH), 400, "provision.type")
    moved = [{"op": "replace", "path": "/patient/reference", "value": "Patient/somebody"}]
    refused(resident("PATCH", address, json=moved, headers=PATCH), 400, "Consent.patient")
    end = [{"op": "replace", "path": "/status", "value": "inactive"}]
    refused(resident("PATCH", address, json=end, headers={**PATCH, "If-Match": 'W/"7"'}), 412)
    assert seen(nurse, record)
    done = resident("PATCH", address, json=end, headers={**PATCH, "If-Match": 'W/"1"'})
    assert (done.status_code, done.json()["status"], done.headers["etag"]) == (200, "inactive", 'W/"2"')
    assert seen(nurse, record) == 0
    refused(resident("PATCH", "/fhir/Consent/none", json=end, headers=PATCH), 404)
    refused(resident("PATCH", address, json=end), 415)


@proves("Consent", "interaction", "delete")
def test_a_deletion_withdraws_at_once_and_keeps_what_was_agreed(resident, nurse, record):
    """The consent becomes inactive and its versions stay; twice is once, and nobody learns which ids are taken."""
    one = made(resident, record)
    address = f"/fhir/Consent/{one['id']}"
    assert seen(nurse, record)
    refused(resident("DELETE", address, headers={"If-Match": 'W/"7"'}), 412)
    done = resident("DELETE", address)
    assert (done.status_code, done.headers["etag"]) == (204, 'W/"2"')
    assert seen(nurse, record) == 0
    assert resident.get(address).json()["status"] == "inactive"
    assert resident.get(f"{address}/_history/1").json()["status"] == "active"
    assert resident("DELETE", address).status_code == 204
    assert resident("DELETE", "/fhir/Consent/none").status_code == 204
    assert len(found(resident.get(f"{address}/_history"))) == 2


def test_somebody_elses_consent_is_neither_patched_nor_deleted(resident, nurse, enter, record):
    """It looks like one that is not there, and it stays as it is."""
    one = made(resident, record)
    address = f"/fhir/Consent/{one['id']}"
    end = [{"op": "replace", "path": "/status", "value": "inactive"}]
    for other in (nurse, enter("clerk-x", "registrar", "register")):
        query = f"?patient={record}" if other is nurse else "?patient=p-else"
        refused(other("PATCH", address + query, json=end, headers=PATCH), 404)
        assert other("DELETE", address + query).status_code == 204
    assert resident.get(address).json()["status"] == "active"


@proves("Consent", "conditional", "create", "update", "patch", "delete-single", "read")
def test_consents_are_written_by_what_they_say(resident, record):
    """If-None-Exist, and PUT, PATCH and DELETE with a query; several that fit are an error."""
    sent, query = named(record, "a"), "identifier=urn:test|a"
    first = resident.post("/fhir/Consent", json=sent, headers={"If-None-Exist": query})
    again = resident.post("/fhir/Consent", json=sent, headers={"If-None-Exist": query})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    changed = resident.put(f"/fhir/Consent?{query}", json=sent)
    assert (changed.status_code, changed.json()["id"]) == (200, first.json()["id"])
    new = resident.put("/fhir/Consent?identifier=urn:test|b", json=named(record, "b"))
    assert new.status_code == 201
    refused(resident.put("/fhir/Consent?status=active", json=sent), 412)
    refused(resident.put("/fhir/Consent", json=sent), 400, "query")
    tag = resident.get(f"/fhir/Consent/{new.json()['id']}").headers["etag"]
    kept = resident.get(f"/fhir/Consent/{new.json()['id']}", headers={"If-None-Match": tag})
    assert kept.status_code == 304
    end = [{"op": "replace", "path": "/status", "value": "inactive"}]
    patched = resident("PATCH", f"/fhir/Consent?{query}", json=end, headers=PATCH)
    assert patched.json()["status"] == "inactive"
    assert resident("DELETE", "/fhir/Consent?identifier=urn:test|b").status_code == 204
    assert resident.get(f"/fhir/Consent/{new.json()['id']}").json()["status"] == "inactive"
    assert resident("DELETE", "/fhir/Consent?identifier=urn:test|none").status_code == 204
    refused(resident.post("/fhir/Consent", json=sent, headers={"If-None-Exist": "colour=red"}), 400, "colour")


def test_eight_who_record_one_consent_at_once_record_one(resident, record):
    """The condition is asked under the lock of the person: one is first, the others find it."""
    sent, headers = named(record, "at-once"), {"If-None-Exist": "identifier=urn:test|at-once"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _n: resident.post("/fhir/Consent", json=sent, headers=headers), range(8))
        )
    assert sorted(one.status_code for one in answers) == [200] * 7 + [201]
    assert len({one.json()["id"] for one in answers}) == 1
    assert len(found(resident.get("/fhir/Consent?identifier=urn:test|at-once"))) == 1


def test_what_was_recorded_in_between_gets_its_next_version(resident, record, monkeypatch):
    """An update that found none and comes second is not lost: what it says is what counts from then on."""
    sent, query = named(record, "between"), "identifier=urn:test|between"
    asked = consenting._meant

    def late(call, desk, fits):
        assert asked(call, desk, fits) is None
        monkeypatch.setattr(consenting, "_meant", asked)
        assert resident.post("/fhir/Consent", json=sent).status_code == 201

    monkeypatch.setattr(consenting, "_meant", late)
    answer = resident.put(f"/fhir/Consent?{query}", json={**sent, "language": "en"})
    assert (answer.status_code, answer.json()["meta"]["versionId"]) == (200, "2")
    assert [one["language"] for one in found(resident.get(f"/fhir/Consent?{query}"))] == ["en"]


def test_a_batch_does_what_each_request_alone_does(resident, nurse, record):
    """Recorded, read, searched, changed and withdrawn in a batch; a transaction is refused them."""
    one = made(resident, record)
    place = f"Consent/{one['id']}"
    operations = json.dumps([{"op": "add", "path": "/identifier", "value": [{"value": "x"}]}])
    data = base64.b64encode(operations.encode()).decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
    answer = send(
        resident,
        "batch",
        entry("POST", "Consent", a_consent(record, purposes=("risk",))),
        entry("GET", place),
        entry("GET", f"{place}/_history"),
        entry("GET", f"{place}/_history/1"),
        entry("GET", "Consent?status=active"),
        entry("PATCH", place, binary),
        entry("PUT", place, {**one, "language": "ja"}, ifMatch='W/"9"'),
        entry("DELETE", place),
        entry("GET", "Consent/none"),
        entry("GET", "AuditEvent?_count=1"),
        entry("GET", "Subscription"),
        entry("GET", "Group"),
        entry("PATCH", "AuditEvent/1-1", binary),
    )
    assert statuses(answer) == [
        "201", "200", "200", "200", "200", "200", "412", "204", "404", "200", "200", "403", "405",
    ]  # fmt: skip
    assert resident.get(f"/fhir/{place}").json()["status"] == "inactive"
    assert seen(nurse, record) == 0
    refused(send(resident, "transaction", entry("DELETE", place)), 405, "Bundle.entry[0]")


def test_consents_are_shown_as_a_search_asks(resident, record):
    """Order, summary, chosen elements, pages and the form: as with any other type."""
    for purpose in ("guidance", "risk", "points"):
        resident.post("/fhir/Consent", json=a_consent(record, purposes=(purpose,)))
    whole = found(resident.get("/fhir/Consent?_sort=_id"))
    assert [one["id"] for one in found(resident.get("/fhir/Consent?_sort=-_id"))] == [
        one["id"] for one in reversed(whole)
    ]
    few = found(resident.get("/fhir/Consent?_elements=status"))
    assert "provision" not in few[0]
    assert few[0]["meta"]["tag"][-1]["code"] == "SUBSETTED"
    assert resident.get("/fhir/Consent?_summary=count").json()["total"] == len(whole)
    paged, address = [], "/fhir/Consent?_count=2"
    while address:
        body = resident.get(address).json()
        paged += [one["resource"]["id"] for one in body["entry"]]
        address = next((one["url"] for one in body["link"] if one["relation"] == "next"), "")
    assert sorted(paged) == sorted(one["id"] for one in whole)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert len(found(resident.post("/fhir/Consent/_search", content=b"status=active", headers=form))) == len(
        whole
    )
    refused(resident.post("/fhir/Consent/_search", json={}), 415)
    refused(resident.get("/fhir/Consent?patient.name=x"), 400)


@pytest.mark.parametrize("query", ["_cursor=x", "_include=Consent:patient", "_has:Provenance:target:agent=x"])
def test_what_a_search_of_consents_cannot_do_is_said(resident, record, query):
    """A wrong answer is worse than an error."""
    refused(resident.get(f"/fhir/Consent?{query}"), 400)
