"""The FHIR interface as a client sees it: who may ask, what is found, and what changes when a consent does."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome

from tests.build import CUFF, WATCH, a_consent, agree, blood_pressure, heart_rates

pytestmark = pytest.mark.db
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DAY = date(2026, 3, 3)
TEN = datetime(2026, 3, 3, 1, tzinfo=UTC)  # ten o'clock in the city
BEATS = [60.0 + n for n in range(12)]


@pytest.fixture
def record(system, person, patient) -> str:
    """A person with twelve heart rates of one day and two blood pressures of the next, shared with nobody yet."""
    agree(system, person, patient, purposes=("collect",))
    series = [
        heart_rates(TEN, BEATS),
        blood_pressure(TEN + timedelta(days=1), 121, 81),
        blood_pressure(TEN + timedelta(days=1, hours=2), 135, 88),
    ]
    assert system.receive(person, series, request="test").stored == 14
    return patient


@pytest.fixture
def resident(enter, record, person):
    return enter(record, "resident", "self", person)


@pytest.fixture
def nurse(enter):
    return enter("nurse-api", "nurse", "guidance")


def found(answer) -> list[dict[str, Any]]:
    """The resources of a page, which must be a valid Bundle."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+json")
    body = answer.json()
    Bundle.model_validate(body)
    assert body.get("entry") != [], "FHIR JSON has no empty arrays"
    return [entry["resource"] for entry in body.get("entry", [])]


def refused(answer, status: int, mention: str = "") -> str:
    """The text of an OperationOutcome with this status."""
    assert answer.status_code == status, answer.text
    OperationOutcome.model_validate(answer.json())
    text = answer.json()["issue"][0]["diagnostics"]
    assert mention in text, text
    return text


def link(answer, relation: str) -> str | None:
    links = {one["relation"]: one["url"] for one in answer.json()["link"]}
    return links.get(relation)


def walk(client, address: str) -> list[list[dict[str, Any]]]:
    """All pages from an address on, by their next links."""
    pages = []
    following: str | None = address
    while following is not None:
        answer = client.get(following)
        pages.append(found(answer))
        following = link(answer, "next")
        assert len(pages) < 50
    return pages


def audited(admin, request: str) -> list[tuple]:
    return admin.execute(
        "SELECT role, actor, purpose, action, object, n, outcome FROM phr.audit_event WHERE request_id = %s ORDER BY at, seq",
        (request,),
    ).fetchall()


# --- who may ask


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/fhir/Observation"), ("POST", "/fhir/Observation"), ("POST", "/fhir/Observation/_search"),
        ("GET", "/fhir/Observation/x"), ("GET", "/fhir/Patient"), ("GET", "/fhir/Patient/x"), ("GET", "/fhir/Consent"),
        ("POST", "/fhir/Consent"), ("GET", "/fhir/Consent/x"), ("PUT", "/fhir/Consent/x"), ("GET", "/fhir/Consent/x/_history"),
    ],
)  # fmt: skip
def test_without_a_live_token_nothing_is_served(stranger, method, path):
    """No context means no rows; the challenge says how to come back."""
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer"},
    ):
        answer = stranger(method, path, headers=headers)
        refused(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_session_or_link_is_no_token(stranger, system, resident, record):
    """A secret opens one door only: a one-time link stolen from a mail is no key to the interface."""
    for kind in ("link", "web"):
        secret = system.accounts.issue(record, kind, purpose="self", request="test")
        refused(stranger.get("/fhir/Observation", headers={"Authorization": f"Bearer {secret}"}), 401)


def test_a_token_ends_after_an_hour(resident, clock):
    """Tokens are short-lived."""
    assert resident.get("/fhir/Observation").status_code == 200
    clock.tick(timedelta(minutes=61))
    refused(resident.get("/fhir/Observation"), 401)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/fhir/Observation?patient=x"), ("GET", "/fhir/Patient/x"), ("POST", "/fhir/Observation")],
)
def test_a_token_for_deidentified_research_reaches_no_record(enter, method, path):
    """That purpose receives releases only."""
    researcher = enter(
        "researcher-api", "researcher", "research-deidentified", recipient="Organization/univ-a"
    )
    refused(researcher(method, path), 403)


def test_a_resident_sees_their_own_record_and_no_other(resident, enter, record, system):
    """Naming somebody else finds nothing, and does not say whether they exist."""
    assert len(found(resident.get("/fhir/Observation"))) == 14
    other = f"p-{uuid4().hex[:12]}"
    mine = {"resourceType": "Patient", "id": other, "gender": "male", "birthDate": "1970-01-01"}
    person = system.register.put(mine, actor="test", role="system", request="test")[0]
    neighbour = enter(other, "resident", "self", person)
    assert found(neighbour.get("/fhir/Observation")) == []
    assert found(neighbour.get(f"/fhir/Observation?patient={record}")) == []
    assert found(neighbour.get("/fhir/Observation?patient=nobody-at-all")) == []
    identity = found(resident.get("/fhir/Observation?_count=1"))[0]["id"]
    assert resident.get(f"/fhir/Observation/{identity}").status_code == 200
    theirs = neighbour.get(f"/fhir/Observation/{identity}")
    nobodys = neighbour.get(f"/fhir/Observation/{identity[:-2]}AA")
    assert refused(theirs, 404) == refused(nobodys, 404)
    yours, none = neighbour.get(f"/fhir/Patient/{record}"), neighbour.get("/fhir/Patient/nobody-at-all")
    assert refused(yours, 404) == refused(none, 404)
    assert found(neighbour.get(f"/fhir/Patient?_id={record}")) == []


def test_a_nurse_sees_what_was_agreed_to_and_nothing_else(nurse, system, person, record):
    """Kinds of data that are not shared look as though there were none."""
    address = f"/fhir/Observation?patient={record}"
    assert found(nurse.get(address)) == found(nurse.get("/fhir/Observation?patient=nobody-at-all")) == []
    agree(system, person, record, purposes=("guidance",), categories=("blood-pressure",))
    codes = {one["code"]["coding"][0]["code"] for one in found(nurse.get(address))}
    assert codes == {"85354-9"}
    assert found(nurse.get(f"{address}&code=8867-4")) == []


def test_not_yours_and_does_not_exist_look_the_same(nurse, resident, record):
    """Status, headers and text of both answers are equal."""
    identity = found(resident.get("/fhir/Observation?_count=1"))[0]["id"]
    theirs = nurse.get(f"/fhir/Observation/{identity}")
    unknown = nurse.get("/fhir/Observation/no-such-thing")
    assert (
        (theirs.status_code, theirs.content)
        == (unknown.status_code, unknown.content)
        == (404, unknown.content)
    )
    assert set(theirs.headers) == set(unknown.headers)
    assert nurse.get(f"/fhir/Patient/{record}").content == nurse.get("/fhir/Patient/nobody").content


def test_a_nurse_must_name_a_patient(nurse):
    """There is no search over a whole city."""
    refused(nurse.get("/fhir/Observation"), 400, "patient")
    refused(nurse.get("/fhir/Patient"), 400, "_id")


# --- what is found


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("code=8867-4", 12), ("code=http://loinc.org|8867-4", 12), ("code=http://loinc.org|", 14), ("code=|8867-4", 0),
        ("code=8867-4,85354-9", 14), ("code=8867-4&code=85354-9", 0), ("category=vital-signs", 14), ("category=laboratory", 0),
        ("date=2026-03-03", 12), ("date=eq2026-03-03", 12), ("date=ne2026-03-03", 2), ("date=gt2026-03-03", 2),
        ("date=ge2026-03-03", 14), ("date=lt2026-03-04", 12), ("date=le2026-03-04", 14), ("date=sa2026-03-03", 2),
        ("date=eb2026-03-04", 12), ("date=2026-03", 14), ("date=2026", 14), ("date=2025", 0),
        ("date=ge2026-03-03T10:00:00%2B09:00&date=lt2026-03-03T10:05:00%2B09:00", 5), ("date=2026-03-03T01:00:00Z", 1),
        ("status=final", 14), ("status=preliminary", 0), ("_count=5", 5), ("_count=0", 0),
    ],
)  # fmt: skip
def test_each_parameter_narrows_as_fhir_says(resident, query, number):
    """Repeats are ANDed, commas ORed, a date names the range of its precision in the city's zone."""
    assert len(found(resident.get(f"/fhir/Observation?{query}"))) == number


def test_patient_and_subject_are_the_same_parameter(nurse, resident, system, person, record):
    """With and without the type, and as a modifier."""
    agree(system, person, record, purposes=("guidance",))
    for query in (
        f"patient={record}",
        f"patient=Patient/{record}",
        f"subject=Patient/{record}",
        f"subject:Patient={record}",
    ):
        assert len(found(nurse.get(f"/fhir/Observation?{query}"))) == 14
        assert len(found(resident.get(f"/fhir/Observation?{query}"))) == 14
    assert len(found(nurse.get(f"/fhir/Observation?patient={record},nobody"))) == 14


@pytest.mark.parametrize("size", [1, 3, 5, 14, 20])
@pytest.mark.parametrize("order", ["date", "-date"])
def test_next_links_walk_through_everything_once_and_in_order(resident, size, order):
    """No page repeats or skips an Observation, whatever its size."""
    pages = walk(resident, f"/fhir/Observation?_count={size}&_sort={order}")
    everything = [one for page in pages for one in page]
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
    times = [datetime.fromisoformat(one["effectiveDateTime"]) for one in everything]
    assert times == sorted(times, reverse=order == "-date")
    assert len({one["id"] for one in everything}) == len(everything) == 14


def test_a_next_link_keeps_the_search(resident):
    """The following pages answer the same question."""
    pages = walk(resident, "/fhir/Observation?code=8867-4&date=2026-03-03&_count=5&_sort=date")
    values = [one["valueQuantity"]["value"] for page in pages for one in page]
    assert values == BEATS


def test_a_search_in_the_body_is_the_same_search(resident):
    """POST _search keeps values out of addresses and changes nothing else."""
    for query in (
        {"code": "8867-4", "_count": "3"},
        {"date": "ge2026-03-04"},
        {"_sort": "date", "_count": "2"},
        {},
    ):
        over_get = resident.get(f"/fhir/Observation?{urlencode(query)}")
        over_post = resident.post("/fhir/Observation/_search", content=urlencode(query), headers=FORM)
        assert found(over_post) == found(over_get)
        assert link(over_post, "next") == link(over_get, "next")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("nonsense=1", "nonsense"), ("code:text=heart", "code:text"), ("date:missing=true", "date:missing"), ("date=yesterday", "date"),
        ("date=2026-13-01", "date"), ("date=xx2026", "date"), ("_count=-1", "_count"), ("_count=many", "_count"), ("_sort=code", "_sort"),
        ("_format=xml", "_format"), ("_cursor=zzz", "_cursor"), ("code=a|b|c", "code"), ("code=", "code"), ("patient=Group/1", "patient"),
        ("_include=Observation:patient", "_include"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_its_name(resident, query, field):
    """A wrong result is worse than an error."""
    refused(resident.get(f"/fhir/Observation?{query}"), 400, field)


def test_an_observation_is_read_as_it_was_found(resident):
    """Search and read give the same resource; its version is its ETag."""
    for one in found(resident.get("/fhir/Observation")):
        answer = resident.get(f"/fhir/Observation/{one['id']}")
        assert answer.json() == one
        assert answer.headers["etag"] == f'W/"{one["meta"]["versionId"]}"'


def test_a_patient_is_read_by_those_who_hold_a_consent(resident, nurse, system, person, record):
    """And by the person."""
    assert resident.get(f"/fhir/Patient/{record}").json()["id"] == record
    refused(nurse.get(f"/fhir/Patient/{record}"), 404)
    agree(system, person, record, purposes=("guidance",), categories=("heart",))
    assert nurse.get(f"/fhir/Patient/{record}").json()["birthDate"] == "1960-05-05"
    assert [one["id"] for one in found(nurse.get(f"/fhir/Patient?_id={record},nobody"))] == [record]


# --- what is recorded


def an_observation(
    patient: str, value: Any = 72, code: str = "8867-4", at: str = "2026-03-05T10:00:00+09:00"
) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": at,
        "valueQuantity": {
            "value": value,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
    }


def test_a_posted_observation_is_found_at_its_location(resident, record):
    """201 with its place; the same again changes nothing and says so."""
    answer = resident.post("/fhir/Observation", json=an_observation(record))
    assert answer.status_code == 201, answer.text
    place = answer.headers["location"]
    assert urlsplit(place).path.removeprefix("/").startswith(("fhir/Observation/", "Observation/"))
    identity = place.rpartition("/")[2]
    assert resident.get(f"/fhir/Observation/{identity}").json()["valueQuantity"]["value"] == 72
    again = resident.post("/fhir/Observation", json=an_observation(record))
    assert (again.status_code, again.headers["location"]) == (200, place)
    other = resident.post("/fhir/Observation", json=an_observation(record, value=99))
    assert other.status_code == 409
    assert resident.get(f"/fhir/Observation/{identity}").json()["valueQuantity"]["value"] in (72, 99)


def test_an_observation_for_somebody_else_is_refused_as_unknown(resident, enter, system, person, record):
    """A resident writes to their own record; collecting needs a consent."""
    refused(resident.post("/fhir/Observation", json=an_observation("p-somebody-else")), 404)
    for consent in system.consents.all(person, actor=record, role="resident", request="test"):
        system.consents.withdraw(person, consent.consent.id, actor=record, role="resident", request="test")
    refused(resident.post("/fhir/Observation", json=an_observation(record)), 403)


def test_a_new_consent_is_created_with_its_place_and_version(resident, record):
    """201, Location and ETag, and it is read back as it is kept."""
    answer = resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",)))
    assert answer.status_code == 201, answer.text
    identity = answer.json()["id"]
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["location"].endswith(f"/fhir/Consent/{identity}/_history/1")
    read = resident.get(f"/fhir/Consent/{identity}")
    assert (read.json(), read.headers["etag"]) == (answer.json(), 'W/"1"')
    assert identity in {one["id"] for one in found(resident.get("/fhir/Consent?status=active"))}
    assert identity not in {one["id"] for one in found(resident.get("/fhir/Consent?status=inactive"))}


def test_an_update_names_the_version_it_follows(resident, record):
    """If-Match keeps two windows from overwriting each other, and the history keeps every version."""
    made = resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",))).json()
    address = f"/fhir/Consent/{made['id']}"
    withdrawn = {**made, "status": "inactive"}
    refused(resident.put(address, json=withdrawn, headers={"If-Match": 'W/"7"'}), 412)
    refused(resident.put(address, json=withdrawn, headers={"If-Match": "soon"}), 400, "If-Match")
    refused(resident.put(f"{address}x", json=withdrawn), 400, "Consent.id")
    assert resident.get(address).json()["status"] == "active"
    done = resident.put(address, json=withdrawn, headers={"If-Match": 'W/"1"'})
    assert (done.status_code, done.headers["etag"], done.json()["status"]) == (200, 'W/"2"', "inactive")
    history = resident.get(f"{address}/_history")
    assert [one["status"] for one in found(history)] == ["inactive", "active"]
    assert history.json()["type"] == "history"
    assert [one["request"]["method"] for one in history.json()["entry"]] == ["PUT", "POST"]


def test_the_service_gives_ids_and_nobody_learns_which_are_taken(resident, enter, record, system):
    """An id in a new Consent is not taken over, and a PUT to another's id looks like one to an id that nobody has."""
    made = resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",))).json()
    second = resident.post("/fhir/Consent", json={**a_consent(record, purposes=("risk",)), "id": made["id"]})
    assert second.status_code == 201
    assert second.json()["id"] != made["id"]
    other = f"p-{uuid4().hex[:12]}"
    mine = {"resourceType": "Patient", "id": other, "gender": "male", "birthDate": "1970-01-01"}
    person = system.register.put(mine, actor="test", role="system", request="test")[0]
    neighbour = enter(other, "resident", "self", person)
    taken = neighbour.put(f"/fhir/Consent/{made['id']}", json={**a_consent(other), "id": made["id"]})
    free = neighbour.put("/fhir/Consent/free", json={**a_consent(other), "id": "free"})
    assert refused(taken, 404) == refused(free, 404)
    assert resident.get(f"/fhir/Consent/{made['id']}").json() == made


def test_consents_are_their_giver_s_alone(resident, nurse, enter, record, system):
    """Nobody else creates, reads or changes them, and nobody learns that they exist."""
    made = resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",))).json()
    address = f"/fhir/Consent/{made['id']}"
    refused(nurse.get(address), 404)
    refused(nurse.get(f"{address}/_history"), 404)
    refused(nurse.put(address, json=made), 404)
    refused(nurse.post("/fhir/Consent", json=a_consent(record)), 404)
    refused(resident.post("/fhir/Consent", json=a_consent("p-somebody-else")), 404)
    refused(resident.get("/fhir/Consent/unknown"), 404)
    refused(resident.get("/fhir/Consent/unknown/_history"), 404)


def test_after_a_withdrawal_the_very_next_request_finds_nothing(resident, nurse, record):
    """Also a next link and an id from before, and the count of what a page still held."""
    made = resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",))).json()
    first = nurse.get(f"/fhir/Observation?patient={record}&_count=5")
    assert len(found(first)) == 5
    following = link(first, "next")
    identity = found(first)[0]["id"]
    assert len(found(nurse.get(following))) == 5
    resident.put(
        f"/fhir/Consent/{made['id']}", json={**made, "status": "inactive"}, headers={"If-Match": 'W/"1"'}
    )
    assert found(nurse.get(following)) == []
    assert found(nurse.get(f"/fhir/Observation?patient={record}")) == []
    refused(nurse.get(f"/fhir/Observation/{identity}"), 404)
    refused(nurse.get(f"/fhir/Patient/{record}"), 404)
    assert len(found(resident.get("/fhir/Observation"))) == 14


# --- what it says of itself, and what the trail says of it


def test_the_statement_is_valid_and_lists_what_is_served(stranger, app, resident):
    """No more and no less: each interaction has its route, each parameter is understood."""
    body = stranger.get("/fhir/metadata").json()
    CapabilityStatement.model_validate(body)
    assert body["fhirVersion"] == "4.0.1"
    routes = {
        (method, route["path"])
        for route in _routes(app)
        for method in route["methods"]
        if route["path"].startswith("/fhir/")
    }
    named = {("GET", "/fhir/metadata")}
    for resource in body["rest"][0]["resource"]:
        kind = resource["type"]
        known = {
            "read": [("GET", f"/fhir/{kind}/{{identity}}")],
            "search-type": [("GET", f"/fhir/{kind}"), ("POST", f"/fhir/{kind}/_search")],
            "create": [("POST", f"/fhir/{kind}")],
            "update": [("PUT", f"/fhir/{kind}/{{identity}}")],
            "history-instance": [("GET", f"/fhir/{kind}/{{identity}}/_history")],
        }
        for interaction in resource["interaction"]:
            assert routes & set(known[interaction["code"]]), (kind, interaction)
            named |= set(known[interaction["code"]])
        for parameter in resource["searchParam"]:
            answer = resident.get(f"/fhir/{kind}?{parameter['name']}=2026")
            assert "unknown search parameter" not in answer.text
    assert routes <= named, "something is served that the statement does not list"


def _routes(app) -> list[dict[str, Any]]:
    """What the app serves, from its own description."""
    return [
        {"path": path, "methods": [method.upper() for method in ways]}
        for path, ways in app.openapi()["paths"].items()
    ]


def test_a_request_s_id_is_in_the_trail(resident, nurse, admin, record):
    """Whoever asks for an explanation can name the request; the trail says who, why and how many, never what."""
    request = f"request-{uuid4()}"
    resident.get("/fhir/Observation?_count=3", headers={"X-Request-Id": request})
    assert ("resident", record, "self", "search", "Observation", 3, "ok") in audited(admin, request)
    asked = f"request-{uuid4()}"
    nurse.get(f"/fhir/Observation?patient={record}", headers={"X-Request-Id": asked})
    assert ("nurse", "nurse-api", "guidance", "search", "Observation", 0, "ok") in audited(admin, asked)
    odd = "x' OR '1'='1"
    assert resident.get("/fhir/Observation", headers={"X-Request-Id": odd}).status_code == 200
    assert audited(admin, odd) == []


def test_a_wrong_method_or_path_is_an_outcome_too(resident):
    """Errors of the interface have one form."""
    refused(resident("DELETE", "/fhir/Observation/x"), 405)
    refused(resident.get("/fhir/Medication"), 404)
    refused(resident("PATCH", "/fhir/Consent/x"), 405)


def test_answers_are_never_kept_by_caches(resident, record):
    """Health data stay out of browsers' and proxies' stores."""
    for address in (
        "/fhir/Observation",
        "/fhir/Consent",
        f"/fhir/Patient/{record}",
        "/fhir/Observation/none",
    ):
        assert resident.get(address).headers["cache-control"] == "no-store"


def test_a_posted_alarm_is_told_in_the_answer(resident, record, clock):
    """Whoever measured learns at once, with the warning before the receipt."""
    pressure = {
        **an_observation(
            record, code="85354-9", at=(clock.now() - timedelta(minutes=5)).isoformat(timespec="seconds")
        ),
        "component": [
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "valueQuantity": {
                    "value": value,
                    "unit": "mm[Hg]",
                    "system": "http://unitsofmeasure.org",
                    "code": "mm[Hg]",
                },
            }
            for code, value in (("8480-6", 205), ("8462-4", 125))
        ],
    }
    del pressure["valueQuantity"]
    answer = resident.post("/fhir/Observation", content=json.dumps(pressure))
    assert answer.status_code == 201, answer.text
    OperationOutcome.model_validate(answer.json())
    assert answer.json()["issue"][0]["severity"] == "warning"
    assert {WATCH.key, CUFF.key}.isdisjoint(answer.text.split('"'))
