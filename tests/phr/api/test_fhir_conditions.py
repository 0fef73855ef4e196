"""Conditional writes of Observations: any search decides, samples and documents alike, and nobody is quicker than another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from phr.ids import parse_observation_id
from tests.phr.api.conftest import found, refused
from tests.phr.api.fhir_desk import Desk, marked, observation

pytestmark = pytest.mark.db
DEVICE = "74E8FFFEFF051C00"


def beat(there: Desk, minute: int, value: float = 72, **more: Any) -> dict[str, Any]:
    quantity = {"value": value, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}
    at = f"2026-04-05T10:{minute:02}:00+09:00"
    return observation(there.patient, effectiveDateTime=at, valueQuantity=quantity, **more)


def weight(there: Desk, minute: int, **more: Any) -> tuple[dict[str, Any], str]:
    """A weight that its scale named, and the query that finds it."""
    value = f"{DEVICE}-{there.patient}-188736-{828693000 + 60 * minute}"
    quantity = {"value": 71, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"}
    made = observation(
        there.patient,
        "29463-7",
        identifier=[{"value": value}],
        effectiveDateTime=f"2026-04-05T08:{30 + minute}:00+09:00",
        valueQuantity=quantity,
        **more,
    )
    return made, f"identifier={value}"


def place(answer: Any) -> str:
    assert answer.status_code in (200, 201), answer.text
    return answer.headers["location"].split("/_history")[0].rpartition("/")[2]


def once(there: Desk, sent: dict[str, Any], query: str) -> Any:
    return there.resident.post("/fhir/Observation", json=sent, headers={"If-None-Exist": query})


def test_a_condition_finds_what_was_measured_by_anything_that_a_search_finds_it_by(there: Desk) -> None:
    """Code, time and value; what does not fit is no reason to leave the new one out."""
    kept = place(there.resident.post("/fhir/Observation", json=beat(there, 1)))
    fits = "code=8867-4&date=eq2026-04-05T10:01:00%2B09:00&value-quantity=72"
    again = once(there, beat(there, 2), fits)
    assert (again.status_code, place(again), again.json()["id"]) == (200, kept, kept)
    new = once(there, beat(there, 2, 80), fits.replace("=72", "=80"))
    assert (new.status_code, place(new) == kept) == (201, False)
    refused(once(there, beat(there, 3), "code=8867-4&date=2026-04-05"), 412)
    refused(once(there, beat(there, 3), "colour=red"), 400, "colour")


def test_documents_and_samples_answer_one_condition(there: Desk) -> None:
    """Two that fit are two, whatever home they have."""
    sent, query = marked(beat(there, 5))
    document = place(once(there, sent, query))
    assert parse_observation_id(document) is None
    assert place(once(there, sent, query)) == document
    there.resident.post("/fhir/Observation", json=beat(there, 5))
    refused(once(there, beat(there, 6), "date=2026-04-05T10:05:00%2B09:00"), 412)


def test_eight_gateways_that_pass_on_one_reading_make_one(there: Desk) -> None:
    """The condition is asked under the lock of the person, so one of them is first and the others find it."""
    sent, query = weight(there, 1)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _n: once(there, sent, query), range(8)))
    assert sorted(one.status_code for one in answers) == [200] * 7 + [201]
    assert len({place(one) for one in answers}) == 1
    assert len(found(there.resident.get(f"/fhir/Observation?{query}"))) == 1


def test_what_was_measured_is_corrected_by_a_condition_and_not_deleted(there: Desk) -> None:
    """An update and a patch correct it; there is no deletion."""
    sent, query = weight(there, 2)
    kept = place(once(there, sent, query))
    sent["valueQuantity"]["value"] = 70.5
    changed = there.resident.put(f"/fhir/Observation?{query}", json=sent)
    assert (changed.status_code, changed.json()["id"]) == (200, kept)
    operations = [{"op": "replace", "path": "/valueQuantity/value", "value": 70}]
    headers = {"Content-Type": "application/json-patch+json"}
    patched = there.resident("PATCH", f"/fhir/Observation?{query}", json=operations, headers=headers)
    assert (patched.status_code, patched.json()["valueQuantity"]["value"]) == (200, 70)
    refused(there.resident("DELETE", f"/fhir/Observation?{query}"), 422)


def bundle(*entries: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    listed = [{"resource": resource, "request": request} for resource, request in entries]
    return {"resourceType": "Bundle", "type": "transaction", "entry": listed}


def test_a_transaction_creates_under_a_condition_where_measurements_go(there: Desk) -> None:
    """The form in which gateways of the guide send: each reading once, and others may refer to it."""
    sent, query = weight(there, 3)
    request = {"method": "POST", "url": "Observation", "ifNoneExist": query}
    about, _query = marked(beat(there, 9, derivedFrom=[{"reference": "urn:uuid:5f0c2c0e-0000-4000-8000-1"}]))
    whole = bundle((sent, request), (about, {"method": "POST", "url": "Observation"}))
    whole["entry"][0]["fullUrl"] = "urn:uuid:5f0c2c0e-0000-4000-8000-1"
    first = there.resident.post("/fhir", json=whole)
    assert first.status_code == 200, first.text
    statuses = [one["response"]["status"][:3] for one in first.json()["entry"]]
    assert statuses == ["201", "201"]
    kept, other = (
        one["response"]["location"].split("/_")[0].rpartition("/")[2] for one in first.json()["entry"]
    )
    assert parse_observation_id(kept) is not None
    linked = there.resident.get(f"/fhir/Observation/{other}").json()["derivedFrom"]
    assert linked == [{"reference": f"Observation/{kept}"}]
    again = there.resident.post("/fhir", json=bundle((sent, request)))
    assert again.json()["entry"][0]["response"]["status"][:3] == "200"


def test_a_conditional_reference_means_what_was_measured(there: Desk) -> None:
    """Exactly one, of the people in the transaction."""
    sent, query = weight(there, 4)
    kept = place(once(there, sent, query))
    made, _query = marked(beat(there, 10, derivedFrom=[{"reference": f"Observation?{query}"}]))
    answer = there.resident.post("/fhir", json=bundle((made, {"method": "POST", "url": "Observation"})))
    assert answer.status_code == 200, answer.text
    other = answer.json()["entry"][0]["response"]["location"].split("/_")[0].rpartition("/")[2]
    linked = there.resident.get(f"/fhir/Observation/{other}").json()["derivedFrom"]
    assert linked == [{"reference": f"Observation/{kept}"}]


def test_who_only_delivers_learns_no_value_by_conditions(there: Desk) -> None:
    """Whether something fits would tell what it says: a collector names an identifier, and nothing beside it."""
    sent, query = weight(there, 5)
    for asked in ("code=29463-7", f"{query}&value-quantity=gt70", "identifier:missing=true", "_id:not=x"):
        answer = there.collector.post("/fhir/Observation", json=sent, headers={"If-None-Exist": asked})
        refused(answer, 400, "identifier")
    answers = [
        there.collector.post("/fhir/Observation", json=sent, headers={"If-None-Exist": query})
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 200]
    assert answers[1].text == ""


def test_what_is_somebody_else_s_fits_nothing(there: Desk) -> None:
    """A condition is asked of the one person whom it is about."""
    sent, query = weight(there, 6)
    place(once(there, sent, query))
    theirs = {**sent, "subject": {"reference": f"Patient/{there.neighbour_id}"}}
    answer = there.neighbour.post("/fhir/Observation", json=theirs, headers={"If-None-Exist": query})
    refused(answer, 403)
