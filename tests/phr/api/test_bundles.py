"""Batches over HTTP: an answer for each entry, one transaction a person, and boxes that know people only by cards."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from fhir.resources.R4B.bundle import Bundle

from tests.build import agree
from tests.phr.api.conftest import Client, found, refused
from tests.proves import proves

pytestmark = pytest.mark.db


def observation(subject: dict, at: str, value: float, code: str = "8867-4", unit: str = "/min") -> dict:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": subject,
        "effectiveDateTime": at,
        "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
        "device": {"display": "Polar H10"},
    }


def minute(n: int) -> str:
    return f"2026-03-03T10:{n:02d}:00+09:00"


def a_batch(*resources: dict, **more: str) -> dict:
    request = {"method": "POST", "url": "Observation"} | more
    return {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"resource": one, "request": request} for one in resources],
    }


def answers(answer) -> list[tuple[str, str]]:
    """Status and text of each entry of a valid batch-response."""
    assert answer.status_code == 200, answer.text
    Bundle.model_validate(answer.json())
    return [
        (one["response"]["status"], one["response"]["outcome"]["issue"][-1]["diagnostics"])
        for one in answer.json().get("entry", [])
    ]


@pytest.fixture
def own(system, person, patient, enter):
    agree(system, person, patient)
    return enter(patient, "resident", "collect", person)


@proves("*", "interaction", "batch")
def test_a_batch_is_stored_and_can_be_read_one_by_one(own, enter, person, patient):
    """Each entry says where its Observation is, and it is there."""
    subject = {"reference": f"Patient/{patient}"}
    answer = own.post("/fhir", json=a_batch(*(observation(subject, minute(n), 60 + n) for n in range(5))))
    assert answers(answer) == [("201", "stored")] * 5
    reading = enter(patient, "resident", "self", person)
    places = [one["response"]["location"] for one in answer.json()["entry"]]
    values = [reading.get(f"/fhir/{place}").json()["valueQuantity"]["value"] for place in places]
    assert values == [60, 61, 62, 63, 64]


def test_the_same_batch_again_stores_nothing(own, patient):
    """A box that lost the answer sends again."""
    batch = a_batch(observation({"reference": f"Patient/{patient}"}, minute(1), 61))
    assert answers(own.post("/fhir", json=batch)) == [("201", "stored")]
    assert answers(own.post("/fhir", json=batch)) == [("200", "already there")]


def test_one_bad_entry_costs_the_others_nothing(own, patient, enter, person):
    """Unknown unit, no subject, a value that cannot be true, somebody else: each is answered alone."""
    subject = {"reference": f"Patient/{patient}"}
    batch = a_batch(
        observation(subject, minute(1), 61),
        observation(subject, minute(2), 62, unit="furlongs"),
        observation({}, minute(3), 63),
        observation(subject, minute(4), 9000),
        observation({"reference": "Patient/somebody-else"}, minute(5), 65),
        {"resourceType": "Patient", "id": "x"},
        observation(subject, minute(6), 66),
    )
    got = [status for status, _ in answers(own.post("/fhir/", json=batch))]
    assert got == ["201", "400", "404", "422", "404", "400", "201"]
    reading = enter(patient, "resident", "self", person)
    assert len(found(reading.get("/fhir/Observation?code=8867-4"))) == 2


def test_what_columns_cannot_hold_is_a_document_of_the_same_batch(own, patient, enter, person):
    """A note makes an Observation richer; it is kept whole."""
    subject = {"reference": f"Patient/{patient}"}
    noted = observation(subject, minute(1), 61) | {"note": [{"text": "after the stairs"}]}
    wrong = observation(subject, minute(2), 61) | {"note": "no list"}
    answer = own.post("/fhir", json=a_batch(noted, observation(subject, minute(3), 63), wrong))
    assert [status for status, _ in answers(answer)] == ["201", "201", "400"]
    reading = enter(patient, "resident", "self", person)
    body = reading.get(f"/fhir/{answer.json()['entry'][0]['response']['location']}").json()
    assert body["note"] == [{"text": "after the stairs"}]


def test_without_consent_each_entry_says_no(system, person, patient, enter):
    """Opt-in: nothing is taken that was not agreed to."""
    client = enter(patient, "resident", "collect", person)
    batch = a_batch(observation({"reference": f"Patient/{patient}"}, minute(1), 61))
    ((status, text),) = answers(client.post("/fhir", json=batch))
    assert (status, "consent" in text) == ("403", True)


def pressure(subject: dict, at: str, systolic: float, diastolic: float) -> dict:
    made = observation(subject, at, 0, code="85354-9")
    del made["valueQuantity"]
    unit = {"unit": "mm[Hg]", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
    made["component"] = [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": value, **unit},
        }
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]
    return made


def test_an_alarm_is_told_in_the_answer_itself(own, patient, clock):
    """The sender may be standing beside the person."""
    at = (clock.now() - timedelta(minutes=5)).isoformat(timespec="seconds")
    high = pressure({"reference": f"Patient/{patient}"}, at, 205, 125)
    issues = own.post("/fhir", json=a_batch(high)).json()["entry"][0]["response"]["outcome"]["issue"]
    assert {issue["severity"] for issue in issues[:-1]} == {"warning"}
    assert issues[-1]["severity"] == "information"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"no json", "Bundle"),
        (b"[]", "Bundle"),
        (b'{"resourceType":"Bundle","type":"collection","entry":[]}', "Bundle.type"),
        (b'{"resourceType":"Parameters","type":"batch"}', "Bundle.type"),
        (b'{"resourceType":"Bundle","type":"batch","entry":[{}]}', "Bundle"),
        (b"[" * 100_000, "Bundle"),
    ],
)
def test_what_is_no_batch_is_refused_whole(own, body, field):
    """One clear error that names the place."""
    assert field in refused(own.post("/fhir", content=body), 400)


def test_an_empty_batch_has_an_empty_answer(own):
    """FHIR knows no empty arrays."""
    assert own.post("/fhir", json={"resourceType": "Bundle", "type": "batch"}).json() == {
        "resourceType": "Bundle",
        "type": "batch-response",
    }


# --- boxes


@pytest.fixture
def box(system, app):
    """A gateway box with its token."""
    name = f"box-{uuid4()}"
    system.accounts.put(name, "gateway", recipient=system.settings.recipient, request="test")
    return name, Client(app, system.accounts.issue(name, "gateway", purpose="collect", request="test"))


@pytest.fixture
def card(system, person, patient):
    agree(system, person, patient)
    return system.cards.issue(person, "公民館", actor=patient, request="test")


def shown(code: str) -> dict:
    return {"identifier": {"system": "urn:phr:card", "value": code}}


def test_a_box_delivers_for_the_card_that_it_was_shown(box, card, system, person, patient, enter):
    """The box knows neither name nor Patient id."""
    answer = box[1].post("/fhir", json=a_batch(observation(shown(card.code), minute(1), 61)))
    assert answers(answer) == [("201", "stored")]
    reading = enter(patient, "resident", "self", person)
    (stored,) = found(reading.get("/fhir/Observation?code=8867-4"))
    assert stored["subject"]["reference"] == f"Patient/{patient}"


def test_a_box_cannot_deliver_for_a_patient_that_it_names(box, card, patient):
    """Only who was there with the card; an ended card is nobody's."""
    named = observation({"reference": f"Patient/{patient}"}, minute(1), 61)
    both = observation(shown(card.code) | {"reference": f"Patient/{patient}"}, minute(2), 61)
    wrong = observation(shown("AAAAA-AAAAA-AAAAA-AAAAA"), minute(3), 61)
    other = observation({"identifier": {"system": "urn:else", "value": card.code}}, minute(4), 61)
    got = answers(box[1].post("/fhir", json=a_batch(named, both, wrong, other)))
    assert [status for status, _ in got] == ["404"] * 4
    refused(box[1].post("/fhir/Observation", json=named), 403)


def test_an_ended_card_takes_nothing_more(box, card, system, person, patient):
    """Lost means ended, at once."""
    system.cards.revoke(person, card.card, actor=patient, request="test")
    ((status, _),) = answers(box[1].post("/fhir", json=a_batch(observation(shown(card.code), minute(1), 61))))
    assert status == "404"


def test_a_box_reads_nothing(box, card, patient):
    """Consent to collect lets data in, never out."""
    for address in (
        "/fhir/Observation?patient=" + patient,
        f"/fhir/Patient/{patient}",
        "/fhir/Patient?_id=x",
    ):
        refused(box[1].get(address), 403)
    refused(
        box[1].get(
            f"/fhir/Observation/$reconciled?patient={patient}&code=55423-8&start=2026-03-03&end=2026-03-03"
        ),
        403,
    )


def test_no_role_reads_with_the_purpose_of_collecting(own, patient, enter):
    """Who agreed to collecting agreed to no look."""
    nurse = enter(f"nurse-{uuid4()}", "nurse", "collect")
    for client in (own, nurse):
        refused(client.get(f"/fhir/Observation?patient={patient}"), 403)


def test_a_box_that_was_taken_away_delivers_nothing(box, card, system):
    """Its tokens end at once."""
    system.accounts.end_all(box[0], "test")
    refused(box[1].post("/fhir", json=a_batch(observation(shown(card.code), minute(1), 61))), 401)
