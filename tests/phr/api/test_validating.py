"""$validate over HTTP: every issue with its place, profiles by name and by claim, and nothing stored."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome

from ingest.codes import VITALS
from phr.domain.fhir.texts import parse
from phr.domain.profiles import PROFILES, base_issues, profile_issues
from tests.conftest import SHARED
from tests.phr.api.conftest import found, refused
from tests.proves import proves

FHIR = "http://hl7.org/fhir/StructureDefinition/"
EXAMPLES = SHARED / "data" / "fhir"


def issues(answer) -> list[dict]:
    """The issues of an outcome."""
    assert answer.status_code == 200, answer.text
    OperationOutcome.model_validate(answer.json())
    return answer.json()["issue"]


def bare(**more) -> dict:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


@proves("Resource", "operation", "validate")
@proves("*", "operation", "validate")
def test_a_resource_is_judged_and_not_kept(resident):
    """Bare, at the type and at the base; what is fine is said to be fine, with nothing stored."""
    for address in ("/fhir/Observation/$validate", "/fhir/$validate"):
        assert [one["severity"] for one in issues(resident.post(address, json=bare()))] == ["information"]
    before = len(found(resident.get("/fhir/Observation")))
    several = issues(
        resident.post("/fhir/$validate", json={**bare(status="x"), "colour": 1, "note": [{"text": 1}]})
    )
    places = {one["expression"][0] for one in several}
    assert {"Observation.status", "Observation", "Observation.note[0].text"} <= places
    assert {one["severity"] for one in several} == {"error"}
    assert len(found(resident.get("/fhir/Observation"))) == before


def test_profiles_are_named_or_claimed(resident):
    """In Parameters, in the address, and in meta.profile."""
    heart = FHIR + "heartrate"
    wrapped = {
        "resourceType": "Parameters",
        "parameter": [{"name": "resource", "resource": bare()}, {"name": "profile", "valueUri": heart}],
    }
    named = issues(resident.post("/fhir/Observation/$validate", json=wrapped))
    asked = issues(resident.post(f"/fhir/Observation/$validate?profile={heart}", json=bare()))
    claimed = issues(resident.post("/fhir/Observation/$validate", json=bare(meta={"profile": [heart]})))
    assert named == asked == claimed
    assert len(named) > 4
    unknown = issues(resident.post("/fhir/$validate", json=bare(meta={"profile": ["urn:unknown"]})))
    assert [one["severity"] for one in unknown] == ["information"]
    refused(resident.post("/fhir/$validate?profile=urn:unknown", json=bare()), 400, "profile")


def test_the_mode_says_what_for(resident):
    """create, update (needs an id), delete (needs no resource), profile (needs one)."""
    assert [one["severity"] for one in issues(resident.post("/fhir/$validate?mode=create", json=bare()))] == [
        "information"
    ]
    update = issues(resident.post("/fhir/$validate?mode=update", json=bare()))
    assert [one["expression"] for one in update] == [["Observation.id"]]
    gone = {"resourceType": "Parameters", "parameter": [{"name": "mode", "valueCode": "delete"}]}
    assert issues(resident.post("/fhir/$validate", json=gone))[0]["severity"] == "information"
    nothing = {"resourceType": "Parameters", "parameter": [{"name": "mode", "valueCode": "create"}]}
    assert issues(resident.post("/fhir/$validate", json=nothing))[0]["severity"] == "fatal"
    refused(resident.post("/fhir/$validate?mode=profile", json=bare()), 400, "profile")
    refused(resident.post("/fhir/$validate?mode=magic", json=bare()), 400, "mode")
    refused(resident.post("/fhir/$validate?colour=x", json=bare()), 400, "colour")
    plain = {"resourceType": "Parameters", "parameter": [{"name": "x", "valueString": "y"}]}
    assert issues(resident.post("/fhir/Parameters/$validate", json=plain))[0]["severity"] == "information"
    odd = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": 7}]}
    refused(resident.post("/fhir/$validate", json=odd), 400, "resource")


def test_another_type_than_the_address_says_is_fatal(resident, stranger):
    """And without a token nothing is judged."""
    wrong = issues(resident.post("/fhir/Patient/$validate", json=bare()))
    assert [one["severity"] for one in wrong] == ["fatal"]
    refused(stranger.post("/fhir/$validate", json=bare()), 401)


WRONG = [
    b"", b"{", b"[]", b"null", b"7", b'"x"', b"{}", b'{"resourceType":7}', b'{"resourceType":"Nope"}', b"\xff\xfe",
    b'{"resourceType":"Observation"}', b'{"resourceType":"Observation","status":["final"],"code":{}}',
    b'{"resourceType":"Observation","status":"final","code":{"coding":{}}}',
    b'{"resourceType":"Observation","status":"final","code":{"text":"a"},"valueQuantity":{"value":1e999999}}',
    b'{"resourceType":"Observation","status":"final","code":{"text":"a"},"component":[[[]]]}',
    b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Nope"}}]}',
    b'{"resourceType":"Patient","contained":[{"resourceType":"Patient","contained":[{}]}]}',
    b'{"resourceType":"Patient","birthDate":"yesterday","gender":5,"name":"x"}',
    b'{"resourceType":"Patient","meta":{"profile":"x"},"__proto__":{}}',
    b'{"resourceType":"Parameters","parameter":"x"}', b'{"resourceType":"Parameters","parameter":[7,null]}',
    b'{"a":' * 3000 + b"1" + b"}" * 3000, b'{"resourceType":"Patient","id":"' + b"x" * 100_000 + b'"}',
]  # fmt: skip


def test_what_is_wrong_in_any_way_is_told_and_breaks_nothing(resident):
    """An outcome with an error, or a refusal: never a fault of ours."""
    sent = {"Content-Type": "application/fhir+json"}
    for body in WRONG:
        answer = resident.post("/fhir/$validate", content=body, headers=sent)
        assert answer.status_code in (200, 400), (body[:80], answer.text)
        OperationOutcome.model_validate(answer.json())
        severities = {one["severity"] for one in answer.json()["issue"]}
        assert severities & {"error", "fatal"}, (body[:80], answer.text)


def test_what_the_service_renders_is_valid_with_the_profiles_that_it_claims(resident):
    """The profiles of the vocabulary are known here, all but that of laboratory results."""
    for one in found(resident.get("/fhir/Observation")):
        errors = [
            each
            for each in issues(resident.post("/fhir/$validate", json=one))
            if each["severity"] != "information"
        ]
        assert errors == []
    claimed = {url for vital in VITALS.values() for url in vital.profiles}
    assert {url for url in claimed if url not in PROFILES} <= {
        "http://jpfhir.jp/fhir/core/StructureDefinition/JP_Observation_LabResult"
    }


@pytest.mark.shared
@pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are not beside the repository")
@pytest.mark.parametrize(("folder", "number"), [("jp-core-json-examples", 51), ("r4-official-examples", 316)])
def test_published_examples_have_no_error(folder, number):
    """Of JP Core and of FHIR R4: with the profiles that they claim, as far as these are known here."""
    wrong = Counter()
    for path in sorted((EXAMPLES / folder).rglob("*.json")):
        resource = parse(path.read_bytes())
        listed = list(base_issues(resource))
        for url in json.loads(path.read_bytes()).get("meta", {}).get("profile", []):
            listed += profile_issues(resource, url)
        wrong[any(one.severity in ("error", "fatal") for one in listed)] += 1
    assert wrong == {False: number}
