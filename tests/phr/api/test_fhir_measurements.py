"""Measurements written over FHIR in every way: corrected in their place, in a transaction, and in a batch of many things."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from phr.domain.access import Access
from tests.build import agree, heart_rates
from tests.phr.api.conftest import refused
from tests.phr.api.fhir_desk import client, condition, observation, register
from tests.phr.api.test_fhir_bundles import entry, send, statuses, urn
from tests.proves import proves

pytestmark = pytest.mark.db
_BEATS = {"unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"}
_BEGAN = datetime.now(UTC).replace(microsecond=0)
_MOMENTS = count(1)
_PRESSURE = {"unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}


def beats(patient: str, value: float, **more: Any) -> dict:
    """A heart rate of a moment of its own."""
    at = _BEGAN - timedelta(hours=7 * next(_MOMENTS))
    return {
        **observation(patient, effectiveDateTime=at.isoformat()),
        "valueQuantity": {"value": value, **_BEATS},
        **more,
    }


def pressure(patient: str, upper: int, lower: int, **more: Any) -> dict:
    """A blood pressure of now."""
    made = observation(patient, "85354-9", effectiveDateTime=datetime.now(UTC).isoformat())
    del made["valueQuantity"]
    made["component"] = [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {**_PRESSURE, "value": value},
        }
        for code, value in (("8480-6", upper), ("8462-4", lower))
    ]
    return {**made, **more}


def posted(caller, resource: dict) -> str:
    """The path of a measurement that was just posted."""
    answer = caller.post("/fhir/Observation", json=resource)
    assert answer.status_code == 201, answer.text
    return "/fhir/Observation/" + answer.headers["location"].rpartition("/")[2]


def worth(value: float) -> dict:
    return {"value": value, **_BEATS}


# --- a correction


@proves("Observation", "interaction", "update")
def test_a_put_corrects_a_measurement_and_keeps_what_it_was(there, admin):
    """The next version at the same id; the earlier value is set aside, and sent again it does not come back."""
    sent = beats(there.patient, 72)
    place = posted(there.resident, sent)
    before = there.resident.get(place)
    answer = there.resident.put(place, json={**before.json(), "valueQuantity": worth(75)})
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] != before.headers["etag"]
    assert answer.json()["valueQuantity"]["value"] == 75
    assert there.resident.get(place).json() == answer.json()
    again = there.resident.post("/fhir/Observation", json=sent)
    assert again.status_code == 200
    assert there.resident.get(place).json()["valueQuantity"]["value"] == 75
    kept = admin.execute(
        "SELECT sample FROM phr.vital_conflict WHERE person_id = %s AND sample LIKE %s",
        (there.person, "%: 72.0%"),
    ).fetchall()
    assert kept
    found = there.resident.get(f"/fhir/Observation?_id={place.rpartition('/')[2]}").json()["entry"]
    assert [one["resource"]["valueQuantity"]["value"] for one in found] == [75]


def test_the_same_measurement_put_again_changes_nothing(there):
    """As a client does that syncs: 200, and no new version."""
    place = posted(there.resident, beats(there.patient, 71))
    before = there.resident.get(place)
    answer = there.resident.put(place, json=before.json())
    assert (answer.status_code, answer.headers["etag"]) == (200, before.headers["etag"])


def test_a_correction_names_the_version_that_it_corrects(there):
    """If-Match holds for a measurement too."""
    place = posted(there.resident, beats(there.patient, 71))
    body = {**there.resident.get(place).json(), "valueQuantity": worth(70)}
    refused(there.resident.put(place, json=body, headers={"If-Match": 'W/"99999"'}), 412)
    tag = there.resident.get(place).headers["etag"]
    assert there.resident.put(place, json=body, headers={"If-Match": tag}).status_code == 200


@proves("Observation", "interaction", "patch")
def test_a_patch_corrects_a_measurement(there):
    """Patch changes the Observation as it is shown, and comes out as a correction."""
    place = posted(there.resident, beats(there.patient, 71))
    operations = [{"op": "replace", "path": "/valueQuantity/value", "value": 69}]
    answer = there.resident(
        "PATCH", place, json=operations, headers={"Content-Type": "application/json-patch+json"}
    )
    assert answer.status_code == 200, answer.text
    assert there.resident.get(place).json()["valueQuantity"]["value"] == 69


def test_a_corrected_pressure_alarms(there):
    """Who typed 105 for 205 learns at once."""
    place = posted(there.resident, pressure(there.patient, 105, 75))
    body = there.resident.get(place).json()
    body["component"][0]["valueQuantity"]["value"] = 205
    answer = there.resident.put(place, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.json()["issue"][0]["severity"] == "warning"


def other_time(body: dict) -> dict:
    return {**body, "effectiveDateTime": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("change", "status", "mention"),
    [
        (other_time, 422, "effective"),
        (lambda body: {**body, "code": {"coding": [{"system": "http://loinc.org", "code": "59408-5"}]},
                       "valueQuantity": {"value": 97, "system": "http://unitsofmeasure.org", "code": "%"}}, 422, "code"),
        (lambda body: {**body, "device": {"display": "another watch"}}, 422, "device"),
        (lambda body: {**body, "note": [{"text": "x"}]}, 422, "value only"),
        (lambda body: {**body, "status": "entered-in-error"}, 422, "value only"),
        (lambda body: {**body, "valueQuantity": worth(9000)}, 422, "cannot be true"),
        (lambda body: {**body, "id": "other"}, 400, "id"),
        (lambda body: {name: one for name, one in body.items() if name != "valueQuantity"}, 400, "value"),
    ],
)  # fmt: skip
def test_a_correction_changes_the_value_and_nothing_else(there, change, status, mention):
    """Another time, code or device is another Observation; what is refused leaves everything as it was."""
    place = posted(there.resident, beats(there.patient, 71))
    body = there.resident.get(place).json()
    refused(there.resident.put(place, json=change(body)), status, mention)
    assert there.resident.get(place).json() == body


def test_what_a_device_sent_itself_is_not_corrected_here(there):
    """Points and judgements trust it; the city corrects it after a request."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=40)
    there.system.receive(there.person, [heart_rates(at, [60.0])], request="test")
    day = at.isoformat().replace("+00:00", "Z")
    found = there.resident.get(f"/fhir/Observation?code=8867-4&date={day}").json()["entry"]
    body = found[0]["resource"]
    refused(
        there.resident.put(f"/fhir/Observation/{body['id']}", json={**body, "valueQuantity": worth(61)}), 409
    )


def test_nobody_corrects_what_they_may_not_see(there):
    """Somebody else's measurement and one that is not there look the same; and a nurse who only reads writes none."""
    place = posted(there.resident, beats(there.patient, 71))
    body = there.resident.get(place).json()
    mine = {**body, "subject": {"reference": f"Patient/{there.neighbour_id}"}}
    none = place[:-8] + "AAAAAAAA"
    lost = {**mine, "id": none.rpartition("/")[2]}
    assert refused(there.neighbour.put(place, json=mine), 404) == refused(
        there.neighbour.put(none, json=lost), 404
    )
    refused(there.neighbour.put(place, json=body), 404)
    refused(there.resident("DELETE", place), 422)


def test_a_token_corrects_only_within_its_scopes(there):
    """Both what it was and what it becomes must be within."""
    place = posted(there.resident, beats(there.patient, 71))
    body = there.resident.get(place).json()
    for scope, status in (
        ("patient/Observation.rs", 403),
        ("patient/Observation.u?code=http://loinc.org|8480-6", 404),
    ):
        app = client(there.system, there.app, there.patient, "resident", "self", there.person, scope)
        refused(app.put(place, json={**body, "valueQuantity": worth(70)}), status)


def test_a_correction_is_taken_back_by_another(there):
    """There and back as often as it is asked for; what stands is what was said last, whoever sends the other again."""
    sent = beats(there.patient, 71)
    place = posted(there.resident, sent)
    body = there.resident.get(place).json()
    for value in (70, 71, 70, 71):
        answer = there.resident.put(place, json={**body, "valueQuantity": worth(value)})
        assert answer.status_code == 200, answer.text
        assert there.resident.get(place).json()["valueQuantity"]["value"] == value
    versions = int(there.resident.get(place).json()["meta"]["versionId"])
    assert versions >= 5
    assert (
        there.resident.post("/fhir/Observation", json={**sent, "valueQuantity": worth(70)}).status_code == 200
    )
    assert there.resident.post("/fhir/Observation", json=sent).status_code == 200
    assert there.resident.get(place).json()["valueQuantity"]["value"] == 71


def test_what_a_measurement_was_before_its_corrections_can_be_read(there):
    """Version by version and as a history, for whoever may read it now; days change for other reasons, which make none."""
    sent = beats(there.patient, 71)
    place = posted(there.resident, sent)
    first = there.resident.get(place).json()
    second = there.resident.put(place, json={**first, "valueQuantity": worth(70)}).json()
    third = there.resident.put(place, json={**first, "valueQuantity": worth(69)}).json()
    for one in (first, second, third):
        answer = there.resident.get(f"{place}/_history/{one['meta']['versionId']}")
        assert (answer.status_code, answer.json()) == (200, one)
        assert answer.headers["etag"] == f'W/"{one["meta"]["versionId"]}"'
    refused(there.resident.get(f"{place}/_history/999"), 404)
    listed = there.resident.get(f"{place}/_history").json()["entry"]
    assert [one["resource"]["valueQuantity"]["value"] for one in listed] == [69, 70, 71]
    assert [one["resource"] for one in there.nurse.get(f"{place}/_history").json()["entry"]] == [
        third,
        second,
        first,
    ]
    refused(there.neighbour.get(f"{place}/_history/{first['meta']['versionId']}"), 404)
    few = there.resident.get(f"{place}/_history?_count=1").json()["entry"]
    assert [one["resource"] for one in few] == [third]
    for later in ("_since=2099-01-01", "_at=2020-01-01"):
        assert "entry" not in there.resident.get(f"{place}/_history?{later}").json()
    now = there.resident.get(f"{place}/_history?_at=2099-01-01").json()["entry"]
    assert [one["resource"] for one in now] == [third]
    whole = there.resident.get("/fhir/Observation/_history?_count=1000").json().get("entry", [])
    assert place.rpartition("/")[2] not in {one["resource"]["id"] for one in whole if "resource" in one}


def test_a_value_that_a_person_set_aside_stays_away(there, admin):
    """No correction brings back what somebody said is wrong in itself."""
    sent = beats(there.patient, 71)
    place = posted(there.resident, sent)
    body = there.resident.get(place).json()
    there.resident.put(place, json={**body, "valueQuantity": worth(70)})
    admin.execute(
        "UPDATE phr.sample_review SET reason = 'device-fault' WHERE person_id = %s", (there.person,)
    )
    refused(there.resident.put(place, json=body), 409)


# --- in a transaction


@proves("Observation", "interaction", "create")
def test_measurements_of_a_transaction_go_where_measurements_go(there):
    """Chart, $lastn, $stats and search find them, and others of the transaction may refer to them."""
    full, story = urn(), urn()
    sent = beats(there.patient, 77)
    answer = send(
        there.resident,
        "transaction",
        entry(
            "POST", "Condition", condition(there.patient, evidence=[{"detail": [{"reference": full}]}]), story
        ),
        entry("POST", "Observation", sent, full),
    )
    assert statuses(answer) == ["201", "201"]
    places = [
        one["response"]["location"].partition("/fhir/")[2].partition("/_history")[0]
        for one in answer.json()["entry"]
    ]
    assert len(places[1].rpartition("/")[2]) == 48
    kept = there.resident.get(f"/fhir/{places[0]}").json()
    assert kept["evidence"][0]["detail"] == [{"reference": places[1]}]
    assert there.resident.get(f"/fhir/{places[1]}").json()["valueQuantity"]["value"] == 77
    again = there.resident.post("/fhir/Observation", json=sent)
    assert (again.status_code, again.headers["location"]) == (200, places[1])
    access = Access("resident", there.patient, f"Patient/{there.patient}", "self", "test", there.person)
    at = datetime.fromisoformat(sent["effectiveDateTime"]).astimezone(there.system.settings.tz).date()
    with there.system.store.begin(access) as uow:
        chunks = uow.vitals.chunks(there.person, ["8867-4"], at, at)
        uow.commit()
    assert any(77 in column for one in chunks for column in one.columns.channels.values())


def test_a_device_of_the_same_transaction_is_the_source(there):
    """What refers to a new Device is one source with what refers to it later."""
    full = urn()
    device = {
        "resourceType": "Device",
        "patient": {"reference": f"Patient/{there.patient}"},
        "type": {"text": "watch"},
    }
    sent = beats(there.patient, 78)
    answer = send(
        there.resident,
        "transaction",
        entry("POST", "Observation", {**sent, "device": {"reference": full}}),
        entry("POST", "Device", device, full),
    )
    assert statuses(answer) == ["201", "201"]
    made = answer.json()["entry"][1]["response"]["location"].partition("/fhir/")[2].partition("/_history")[0]
    again = there.resident.post("/fhir/Observation", json={**sent, "device": {"reference": made}})
    assert again.status_code == 200


def test_a_measurement_that_contradicts_undoes_a_transaction(there):
    """Kept aside is not stored: all or nothing."""
    sent = beats(there.patient, 71)
    posted(there.resident, sent)
    before = len(there.resident.get("/fhir/Condition/_history?_count=1000").json().get("entry", []))
    answer = send(
        there.resident,
        "transaction",
        entry("POST", "Condition", condition(there.patient)),
        entry("POST", "Observation", {**sent, "valueQuantity": worth(79)}),
    )
    refused(answer, 409, "Bundle.entry[1]")
    assert len(there.resident.get("/fhir/Condition/_history?_count=1000").json().get("entry", [])) == before
    found = there.resident.get("/fhir/Observation?code=8867-4&value-quantity=79").json()
    assert not [
        one
        for one in found.get("entry", [])
        if one["resource"]["effectiveDateTime"][:19] == sent["effectiveDateTime"][:19]
    ]


def test_a_correction_in_a_transaction_is_one(there):
    """PUT of a measurement among other entries."""
    place = posted(there.resident, beats(there.patient, 71))
    body = there.resident.get(place).json()
    answer = send(
        there.resident,
        "transaction",
        entry("POST", "Condition", condition(there.patient)),
        entry("PUT", place.removeprefix("/fhir/"), {**body, "valueQuantity": worth(70)}),
    )
    assert statuses(answer) == ["201", "200"]
    assert there.resident.get(place).json()["valueQuantity"]["value"] == 70


@pytest.mark.parametrize(
    "more", [{}, {"note": [{"text": "after the stairs"}]}, {"identifier": [{"value": "x"}]}]
)
def test_an_alarm_of_a_transaction_reaches_the_city(there, more, admin):
    """In columns or as a document: the case is opened as with a single request."""
    patient, person = register(there.system)
    agree(there.system, person, patient, purposes=("collect", "guidance"))
    own = client(there.system, there.app, patient, "resident", "self", person)
    answer = send(own, "transaction", entry("POST", "Observation", pressure(patient, 205, 125, **more)))
    assert statuses(answer) == ["201"]
    assert answer.json()["entry"][0]["response"]["outcome"]["issue"][0]["severity"] == "warning"
    kinds = admin.execute("SELECT kind FROM phr.work_item WHERE person_id = %s", (person,)).fetchall()
    assert any(kind.startswith("alarm:") for (kind,) in kinds)


# --- in a batch


def test_observations_of_a_mixed_batch_take_the_fast_path_and_answers_keep_their_order(there, monkeypatch):
    """One delivery for a person, however many other things stand between."""
    many = type(there.system.intake).many
    sizes = []

    def counted(self, bodies, *given, **more):
        sizes.append(len(bodies))
        return many(self, bodies, *given, **more)

    monkeypatch.setattr(type(there.system.intake), "many", counted)
    sent = [beats(there.patient, 60 + n) for n in range(3)]
    full = urn()
    answer = send(
        there.resident,
        "batch",
        entry("POST", "Observation", sent[0]),
        entry("POST", "Condition", condition(there.patient), full),
        entry("POST", "Observation", sent[1]),
        entry("GET", "Condition/none"),
        entry("POST", "Observation", beats(there.neighbour_id, 60)),
        entry("POST", "Observation", sent[0]),
        entry("POST", "Observation", beats(there.patient, 60, hasMember=[{"reference": full}])),
        entry("POST", "Observation", sent[2]),
    )
    assert statuses(answer) == ["201", "201", "201", "404", "404", "200", "400", "201"]
    assert sizes == [4]


def test_an_unknown_code_is_kept_the_same_alone_and_in_a_batch(there):
    """For the person alone, either way."""
    strange = {**observation(there.patient, "99999-9"), "effectiveDateTime": "2026-02-02T10:00:00Z"}
    assert there.resident.post("/fhir/Observation", json=strange).status_code == 201
    assert statuses(send(there.resident, "batch", entry("POST", "Observation", strange))) == ["201"]
    mixed = send(
        there.resident,
        "batch",
        entry("POST", "Observation", strange),
        entry("GET", f"Patient/{there.patient}"),
    )
    assert statuses(mixed) == ["201", "200"]
