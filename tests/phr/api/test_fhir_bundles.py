"""FHIR batch and transaction: each by itself, or all or nothing in one transaction of the database."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
from fhir.resources.R4B.bundle import Bundle

from tests.phr.api.conftest import refused
from tests.phr.api.fhir_desk import condition, marked, observation, pressure
from tests.proves import proves

pytestmark = pytest.mark.db


def entry(method: str, url: str, resource: dict[str, Any] | None = None, full: str = "", **more: str) -> dict:
    found: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
    if resource is not None:
        found["resource"] = resource
    return {**found, "fullUrl": full} if full else found


def urn() -> str:
    return f"urn:uuid:{uuid4()}"


def send(caller, kind: str, *entries: dict, **headers: str):
    bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return caller.post("/fhir", json=bundle, headers=headers)


def statuses(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    Bundle.model_validate(answer.json())
    return [one["response"]["status"] for one in answer.json().get("entry", [])]


def history(caller, kind: str = "Condition") -> int:
    return len(caller.get(f"/fhir/{kind}/_history?_count=1000").json().get("entry", []))


@proves("*", "interaction", "batch")
def test_a_batch_answers_every_interaction_in_its_place(there):
    """Create, conditional create, update, patch, read, version, history, search and deletion, none by the other's leave."""
    sent, query = marked(condition(there.patient))
    body = there.resident.post("/fhir/Condition", json=sent).json()
    place = f"Condition/{body['id']}"
    operations = base64.b64encode(
        json.dumps([{"op": "replace", "path": "/code/text", "value": "z"}]).encode()
    ).decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": operations}
    answer = send(
        there.resident,
        "batch",
        entry("POST", "Condition", condition(there.patient)),
        entry("POST", "Condition", sent, ifNoneExist=query),
        entry("PUT", place, {**body, "code": {"text": "y"}}, ifMatch='W/"1"'),
        entry("PATCH", place, binary),
        entry("GET", place),
        entry("HEAD", place),
        entry("GET", f"{place}/_history/1"),
        entry("GET", f"{place}/_history"),
        entry("GET", f"Patient?_id={there.patient}"),
        entry("GET", "Condition/none"),
        entry("GET", place, ifNoneMatch='W/"3"'),
        entry("DELETE", place),
        entry("GET", place),
        entry("GET", "Basic/x"),
        entry("POST", "Condition", {"resourceType": "Condition"}),
        entry("GET", f"{place}/$everything"),
    )
    assert statuses(answer) == [
        "201", "200", "200", "200", "200", "200", "200", "200", "200", "404", "304", "204", "410", "404", "400", "400",
    ]  # fmt: skip
    given = answer.json()["entry"]
    assert given[4]["resource"]["code"] == {"text": "z"}
    assert given[9]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert "resource" not in given[0]
    assert given[0]["response"]["location"].endswith("/_history/1")


def test_a_batch_gives_resources_back_where_that_is_wished(there):
    """Prefer holds for every entry."""
    answer = send(
        there.resident,
        "batch",
        entry("POST", "Condition", condition(there.patient)),
        Prefer="return=representation",
    )
    assert answer.json()["entry"][0]["resource"]["resourceType"] == "Condition"


def test_entries_of_a_batch_do_not_refer_to_each_other(there):
    """They may be done in any order, so a reference to a neighbour has no meaning."""
    full = urn()
    answer = send(
        there.resident,
        "batch",
        entry("POST", "Condition", condition(there.patient), full),
        entry("POST", "Condition", condition(there.patient, evidence=[{"detail": [{"reference": full}]}])),
    )
    assert statuses(answer) == ["201", "400"]


@proves("*", "interaction", "transaction")
def test_a_transaction_resolves_references_everywhere(there):
    """In references, addresses and links of the narrative; whatever the order, and in a circle."""
    first, second = urn(), urn()
    story = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{second}">see</a> {second}</div>'
    answer = send(
        there.resident,
        "transaction",
        entry("POST", "Observation", observation(there.patient, hasMember=[{"reference": second}]), first),
        entry(
            "POST",
            "Condition",
            condition(
                there.patient,
                evidence=[{"detail": [{"reference": first}]}],
                text={"status": "generated", "div": story},
                extension=[{"url": "urn:x", "valueUri": first}],
                identifier=[{"system": "urn:ietf:rfc:3986", "value": first}],
            ),
            second,
        ),
    )
    assert statuses(answer) == ["201", "201"]
    places = [
        one["response"]["location"].partition("/fhir/")[2].partition("/_history")[0]
        for one in answer.json()["entry"]
    ]
    one, two = (there.resident.get(f"/fhir/{place}").json() for place in places)
    assert one["hasMember"] == [{"reference": places[1]}]
    assert two["evidence"][0]["detail"] == [{"reference": places[0]}]
    assert f'href="{places[1]}"' in two["text"]["div"]
    assert two["extension"][0]["valueUri"] == places[0]
    assert two["identifier"][0]["value"] == first, "an identifier is no link"


@proves("*", "interaction", "transaction")
def test_a_transaction_is_done_in_the_order_of_fhir_and_answered_in_that_of_its_entries(there):
    """DELETE, POST, PUT, GET: a read sees what the others did."""
    old = there.resident.post("/fhir/Condition", json=condition(there.patient)).json()
    identity = str(uuid4())
    answer = send(
        there.resident,
        "transaction",
        entry("GET", f"Condition/{identity}"),
        entry("PUT", f"Condition/{identity}", condition(there.patient, id=identity)),
        entry("POST", "Condition", condition(there.patient)),
        entry("DELETE", f"Condition/{old['id']}"),
    )
    assert statuses(answer) == ["200", "201", "201", "204"]
    assert answer.json()["entry"][0]["resource"]["id"] == identity
    refused(there.resident.get(f"/fhir/Condition/{old['id']}"), 410)


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        (lambda _: entry("POST", "Condition", {"resourceType": "Condition"}), 400),
        (lambda _: entry("POST", "Condition", {"resourceType": "Flag"}), 400),
        (lambda other: entry("POST", "Condition", condition(other)), 404),
        (lambda _: entry("PUT", "Condition/x", {"resourceType": "Condition", "id": "y"}), 400),
        (lambda _: entry("PATCH", "Condition/x", {"resourceType": "Basic"}), 400),
        (lambda _: entry("DELETE", "Consent/x"), 405),
        (lambda _: entry("POST", "Patient", {"resourceType": "Patient"}), 405),
        (lambda _: entry("DELETE", "Condition/x", ifMatch='W/"4"'), 412),
        (lambda _: entry("POST", "Basic", {"resourceType": "Basic"}), 404),
        (lambda _: entry("DELETE", "Condition/x/_history/1"), 400),
    ],
)
def test_one_bad_entry_undoes_a_whole_transaction(there, bad, status):
    """All or nothing; the error names the entry."""
    before = history(there.resident)
    answer = send(
        there.resident,
        "transaction",
        entry("POST", "Condition", condition(there.patient)),
        bad(there.neighbour_id),
    )
    refused(answer, status, "Bundle.entry[1]")
    assert history(there.resident) == before


def test_a_refusal_in_a_transaction_undoes_what_was_permitted(there, admin):
    """Consent is asked for each entry; the trail has the refusal and nothing else."""
    flag = {"resourceType": "Flag", "status": "active", "code": {"text": "x"}}
    full = {**flag, "subject": {"reference": f"Patient/{there.patient}"}}
    shut = {**flag, "subject": {"reference": f"Patient/{there.neighbour_id}"}}
    before = history(there.resident, "Flag")
    request = f"tx-{uuid4().hex}"
    answer = send(
        there.nurse,
        "transaction",
        entry("POST", "Flag", full),
        entry("POST", "Flag", shut),
        **{"X-Request-Id": request},
    )
    refused(answer, 403, "Bundle.entry[1]")
    assert history(there.resident, "Flag") == before
    rows = admin.execute(
        "SELECT action, outcome FROM phr.audit_event WHERE request_id = %s", (request,)
    ).fetchall()
    assert ("write", "refused") in rows
    assert ("write", "ok") not in rows


def test_a_resource_is_touched_once(there):
    """Twice in one transaction is an error, also by a query."""
    sent, query = marked(condition(there.patient))
    body = there.resident.post("/fhir/Condition", json=sent).json()
    place = f"Condition/{body['id']}"
    refused(
        send(there.resident, "transaction", entry("PUT", place, body), entry("DELETE", place)),
        400,
        "Bundle.entry[0]",
    )
    refused(
        send(there.resident, "transaction", entry("PUT", place, body), entry("DELETE", f"Condition?{query}")),
        400,
        "same resource",
    )
    full = urn()
    twice = [entry("POST", "Condition", condition(there.patient), full) for _ in range(2)]
    refused(send(there.resident, "transaction", *twice), 400, "fullUrl")


def test_conditions_in_a_transaction_decide_what_others_refer_to(there):
    """A conditional create that finds one gives its id to whoever refers to it; a conditional update likewise."""
    sent, query = marked(condition(there.patient))
    body = there.resident.post("/fhir/Condition", json=sent).json()
    full, other = urn(), urn()
    second, where = marked(condition(there.patient, code={"text": "new"}))
    answer = send(
        there.resident,
        "transaction",
        entry("POST", "Condition", sent, full, ifNoneExist=query),
        entry("PUT", f"Condition?{where}", second, other),
        entry(
            "POST",
            "Condition",
            condition(there.patient, evidence=[{"detail": [{"reference": full}, {"reference": other}]}]),
        ),
    )
    assert statuses(answer) == ["200", "201", "201"]
    places = [
        one["response"]["location"].partition("/fhir/")[2].partition("/_history")[0]
        for one in answer.json()["entry"]
    ]
    assert places[0] == f"Condition/{body['id']}"
    kept = there.resident.get(f"/fhir/{places[2]}").json()
    assert [one["reference"] for one in kept["evidence"][0]["detail"]] == places[:2]
    refused(
        send(there.resident, "transaction", entry("POST", "Condition", sent), entry("DELETE", "Condition")),
        400,
    )


def test_a_conditional_reference_means_exactly_one_resource(there):
    """None or several: the whole fails, with the entry."""
    sent, query = marked(condition(there.patient))
    link = [{"detail": [{"reference": f"Condition?{query}"}]}]
    asking = entry("POST", "Condition", condition(there.patient, evidence=link))
    refused(send(there.resident, "transaction", asking), 412, "Bundle.entry[0]")
    body = there.resident.post("/fhir/Condition", json=sent).json()
    answer = send(there.resident, "transaction", asking)
    kept = there.resident.get(
        "/fhir/" + answer.json()["entry"][0]["response"]["location"].partition("/fhir/")[2]
    ).json()
    assert kept["evidence"] == [{"detail": [{"reference": f"Condition/{body['id']}"}]}]
    there.resident.post("/fhir/Condition", json=sent)
    refused(send(there.resident, "transaction", asking), 412)


def test_an_alarm_is_told_in_a_transaction_too(there, clock):
    """Whoever measured learns at once, whatever the measurement came with."""
    body = pressure(there.patient, clock.now(), 205, 125)
    answer = send(there.resident, "transaction", entry("POST", "Observation", body))
    assert statuses(answer) == ["201"]
    assert answer.json()["entry"][0]["response"]["outcome"]["issue"]


def test_who_only_delivers_reads_nothing_in_a_bundle(there):
    """The purpose of the token holds for each entry."""
    answer = send(
        there.collector,
        "batch",
        entry("GET", f"Patient/{there.patient}"),
        entry("POST", "Condition", condition(there.patient)),
    )
    assert statuses(answer) == ["403", "201"]
