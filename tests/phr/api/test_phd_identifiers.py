"""Readings that devices named by the HL7 PHD guide: stored as samples, found by their identifier, given back as they came."""

from __future__ import annotations

from typing import Any

import pytest

from phr.ids import parse_observation_id
from tests.phr.api.conftest import Client, found
from tests.phr.api.fhir_desk import Desk, observation

pytestmark = pytest.mark.db
DEVICE = "74E8FFFEFF051C00"


def weight(patient: str, second: int = 0, kilograms: float = 72, **more: Any) -> dict[str, Any]:
    """A weight of the first of March 2026, half past seven, as a gateway passes it on."""
    return observation(
        patient,
        "29463-7",
        identifier=[{"value": f"{DEVICE}-{patient}-188736-{825665400 + second}"}],
        effectiveDateTime=f"2026-03-01T07:30:{second:02}+09:00",
        device={"reference": "Device/scale-1", "display": "scale"},
        valueQuantity={
            "value": kilograms,
            "unit": "kg",
            "system": "http://unitsofmeasure.org",
            "code": "kg",
        },
        **more,
    )


def test_such_a_reading_is_a_sample_and_comes_back_as_it_came(there: Desk) -> None:
    """Identifier, device and value; the id says that it went where measurements go."""
    sent = weight(there.patient)
    stored = there.resident.post("/fhir/Observation", json=sent)
    assert stored.status_code == 201, stored.text
    identity = stored.headers["location"].rpartition("/")[2]
    assert parse_observation_id(identity) is not None
    back = there.resident.get(f"/fhir/Observation/{identity}").json()
    assert {name: back[name] for name in sent if name != "code"} == {
        name: one for name, one in sent.items() if name != "code"
    }
    assert {one["code"] for one in back["code"]["coding"]} == {"29463-7", "31000296", "188736"}
    again = there.resident.post("/fhir/Observation", json=sent)
    assert again.status_code == 200


def test_it_is_found_by_its_identifier_and_by_nothing_near_it(there: Desk) -> None:
    """A search by identifier finds samples as it finds documents."""
    sent = weight(there.patient, 10)
    there.resident.post("/fhir/Observation", json=sent)
    there.resident.post("/fhir/Observation", json=weight(there.patient, 11))
    value = sent["identifier"][0]["value"]
    for query in (f"identifier={value}", f"identifier=|{value}", f"identifier=x,{value}"):
        (one,) = found(there.resident.get(f"/fhir/Observation?{query}"))
        assert one["identifier"] == sent["identifier"], query
    for query in (f"identifier=urn:x|{value}", f"identifier={value}9", "identifier=other"):
        assert found(there.resident.get(f"/fhir/Observation?{query}")) == [], query
    whole = found(there.nurse.get(f"/fhir/Observation?patient={there.patient}&identifier={value}"))
    assert [one["identifier"] for one in whole] == [sent["identifier"]]


def test_readings_with_and_without_an_identifier_are_told_apart(there: Desk) -> None:
    """What came without one says none, and is found as such."""
    plain = observation(there.patient, "8867-4", effectiveDateTime="2026-03-01T08:00:00+09:00")
    assert there.resident.post("/fhir/Observation", json=plain).status_code == 201
    there.resident.post("/fhir/Observation", json=weight(there.patient, 20))
    day = "date=2026-03-01&_count=100"
    with_one = found(there.resident.get(f"/fhir/Observation?{day}&identifier:missing=false"))
    without = found(there.resident.get(f"/fhir/Observation?{day}&identifier:missing=true"))
    assert all("identifier" in one for one in with_one)
    assert not any("identifier" in one for one in without)
    assert {"8867-4"} <= {one["code"]["coding"][0]["code"] for one in without}
    assert len(with_one) + len(without) == len(found(there.resident.get(f"/fhir/Observation?{day}")))


def test_two_gateways_pass_on_one_reading(there: Desk) -> None:
    """Identity is the identifier's, whatever the passing gateway calls the device."""
    first = there.resident.post("/fhir/Observation", json=weight(there.patient, 30))
    second = there.resident.post(
        "/fhir/Observation", json={**weight(there.patient, 30), "device": {"display": "Scale in the hall"}}
    )
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["location"] == second.headers["location"]


def test_a_correction_keeps_identifier_and_device(there: Desk) -> None:
    """The identity of a measurement is no part of what a correction changes."""
    sent = weight(there.patient, 40)
    place = there.resident.post("/fhir/Observation", json=sent).headers["location"]
    present = there.resident.get(f"/fhir/{place}").json()
    present["valueQuantity"]["value"] = 71.5
    changed = there.resident.put(f"/fhir/{place}", json=present)
    assert changed.status_code == 200, changed.text
    back = there.resident.get(f"/fhir/{place}").json()
    assert (back["valueQuantity"]["value"], back["identifier"]) == (71.5, sent["identifier"])


def test_a_box_names_readings_by_the_card_that_it_was_shown(there: Desk) -> None:
    """It knows no patient: the card stands in the identifier, and the patient in its place when it is stored."""
    card = there.system.cards.issue(there.person, "hall", actor=there.patient, request="test")
    there.system.accounts.put("box-phd", "gateway", recipient=there.system.settings.recipient, request="test")
    secret = there.system.accounts.issue("box-phd", "gateway", purpose="collect", request="test")
    sent = weight(there.patient, 50)
    sent["subject"] = {"identifier": {"system": "urn:phr:card", "value": card.code}}
    own = sent["identifier"][0]["value"]
    sent["identifier"][0]["value"] = own.replace(there.patient, f"{card.code}-urn:phr:card")
    entry = {"resource": sent, "request": {"method": "POST", "url": "Observation"}}
    answer = Client(there.app, secret).post(
        "/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    )
    assert answer.json()["entry"][0]["response"]["status"] == "201", answer.text
    (one,) = found(there.resident.get(f"/fhir/Observation?identifier={own}"))
    assert one["subject"] == {"reference": f"Patient/{there.patient}"}
