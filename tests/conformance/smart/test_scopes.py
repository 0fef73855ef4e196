"""What a scope opens at the interface (A-01 to A-23), what is granted, and that each entry of a bundle is judged."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.build import heart_rates
from tests.conformance.smart.world import FHIR, VITALS, came_back

PULSE, PRESSURE = "8867-4", "85354-9"


@pytest.fixture(scope="module", autouse=True)
def pulses(world):
    """Three heart rates beside the blood pressure."""
    at = world.system.clock.now() - timedelta(hours=1)
    world.system.receive(world.person, [heart_rates(at, [61.0, 62.0, 63.0])], request="test")


@pytest.fixture(scope="module")
def token(world):
    """Gives an access token for some scopes."""
    kept: dict[str, str] = {}

    def give(scope: str) -> str:
        if scope not in kept:
            kept[scope] = world.launch(scope=scope)["access_token"]
        return kept[scope]

    return give


def codes(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["resource"]["code"]["coding"][0]["code"] for one in answer.json().get("entry", [])]


def an_observation(world, code: str = PULSE) -> dict:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{world.patient}"},
        "effectiveDateTime": (world.system.clock.now() - timedelta(hours=3)).isoformat(timespec="seconds"),
        "valueQuantity": {"value": 64, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    }


@pytest.mark.parametrize("letter", "cruds")
def test_a01_each_interaction_has_its_letter(world, token, letter):
    """A-01: 403 without the letter; with it, something else."""
    http, mine = world.http(), token(f"patient/Observation.{letter}")
    body = {"json": an_observation(world)}
    search = {"content": b"", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    asked = {
        "c": [("POST", "", body)],
        "r": [("GET", "/x", {}), ("GET", "/x/_history/1", {}), ("GET", "/x/_history", {})],
        "u": [("PUT", "/x", {"json": {**an_observation(world), "id": "x"}})],
        "d": [("DELETE", "/x", {})],
        "s": [("GET", "", {}), ("POST", "/_search", search)],
    }
    for needed, calls in asked.items():
        for method, place, more in calls:
            given = {**more, "headers": {**more.get("headers", {}), "Authorization": f"Bearer {mine}"}}
            status = http(method, f"{FHIR}/Observation{place}", **given).status_code
            assert (status == 403) == (needed != letter), (method, place, status)


def test_a03_several_scopes_are_a_union(world, token):
    """A-03: r and s apart are rs; two types are two types."""
    both = token("patient/Observation.r patient/Observation.s patient/Patient.r")
    http = world.http()
    found = http.get(f"{FHIR}/Observation", both).json()["entry"][0]["resource"]
    assert http.get(f"{FHIR}/Observation/{found['id']}", both).status_code == 200
    assert http.get(f"{FHIR}/Patient/{world.patient}", both).status_code == 200


@pytest.mark.parametrize(
    "scope",
    [
        "patient/Observation.sr",
        "patient/Observation.dus",
        "patient/Observation.x",
        "patient/Observation.",
        "patient/Observation.rr",
        "patient/observation.rs",
        "Patient/Observation.rs",
        "patient/Nothing.rs",
        "system/Observation.rs",
        "patient/Observation.rs?nosuch=1",
        "patient/Observation.rs?code:in=x",
        "patient/Observation.rs?patient.birthdate=1970",
        "patient/Observation.rs?_filter=x",
        "patient/*.rs?category=x",
        "patient/Observation.rs?",
        "patient/Observation.rs?category",
        "openid",
        "",
    ],
)
def test_a04_a05_a15_a23_what_cannot_be_granted_is_an_error(world, scope):
    """A-04, A-05, A-15, A-23: and never a token that opens more."""
    said = world.ask(world.add(), scope=scope)
    if (
        "error" not in said.headers["location"]
    ):  # who somebody is, without records, has nothing to choose from
        browser = world.signed_in()
        assert world.decide(browser, said).status_code == 422
    else:
        assert came_back(said)["error"] == "invalid_scope"


def test_a06_what_was_unticked_is_not_granted(world):
    """A-06: reported, and refused at the interface."""
    client, browser = world.add(), world.signed_in()
    asked = world.ask(client, browser, scope="patient/Observation.rs patient/Patient.r")
    back = world.decide(browser, asked, line=["patient/Patient.r"])
    found = world.exchange(client, came_back(back)["code"]).json()
    assert found["scope"] == "patient/Patient.r"
    assert world.http().get(f"{FHIR}/Observation", found["access_token"]).status_code == 403


def test_a06_kinds_of_measurements_can_be_left_out(world):
    """A-06: only the chosen kinds; the scope says so."""
    client, browser = world.add(), world.signed_in()
    asked = world.ask(client, browser, scope="patient/Observation.rs")
    back = world.decide(browser, asked, category=["blood-pressure"])
    found = world.exchange(client, came_back(back)["code"]).json()
    assert found["scope"] == "patient/Observation.rs?category=urn:phr:category|blood-pressure"
    seen = codes(world.http().get(f"{FHIR}/Observation", found["access_token"]))
    assert set(seen) == {PRESSURE}


def test_a07_the_older_form_is_understood_and_given_back(world, token):
    """A-07: .read is r and s; .write does not include reading."""
    read = world.launch(scope="patient/Observation.read")
    assert read["scope"] == "patient/Observation.read"
    http = world.http()
    assert http.get(f"{FHIR}/Observation", read["access_token"]).status_code == 200
    headers = {"Authorization": f"Bearer {read['access_token']}"}
    assert http("POST", f"{FHIR}/Observation", json=an_observation(world), headers=headers).status_code == 403
    assert http.get(f"{FHIR}/Observation", token("patient/Observation.write")).status_code == 403


def test_a08_a09_a_constraint_filters_search_and_read(world, token):
    """A-08, A-09: equal to the filtered whole; what is outside looks like what does not exist."""
    http = world.http()
    every = http.get(f"{FHIR}/Observation?_count=100", token("patient/Observation.rs")).json()["entry"]
    mine = token(f"patient/Observation.rs?code={PULSE}")
    found = http.get(f"{FHIR}/Observation?_count=100", mine)
    whole = [one["resource"]["code"]["coding"][0]["code"] for one in every]
    assert codes(found) == [one for one in whole if one == PULSE]
    assert len(codes(found)) >= 3
    for one in every:
        inside = one["resource"]["code"]["coding"][0]["code"] == PULSE
        status = http.get(f"{FHIR}/Observation/{one['resource']['id']}", mine).status_code
        assert status == (200 if inside else 404)
    assert codes(http.get(f"{FHIR}/Observation?code={PRESSURE}", mine)) == []


def test_a10_a11_or_between_scopes_and_and_within_one(world, token):
    """A-10, A-11, A-16: and a wider scope wins; written raw or percent-encoded."""
    http, place = world.http(), f"{FHIR}/Observation?_count=100"
    both = token(f"patient/Observation.rs?code={PULSE} patient/Observation.rs?code={PRESSURE}")
    assert set(codes(http.get(place, both))) == {PULSE, PRESSURE}
    comma = token(f"patient/Observation.rs?code={PULSE},{PRESSURE}")
    assert sorted(codes(http.get(place, comma))) == sorted(codes(http.get(place, both)))
    none = token(f"patient/Observation.rs?code={PULSE}&code={PRESSURE}")
    assert codes(http.get(place, none)) == []
    wide = token(f"patient/Observation.rs patient/Observation.rs?code={PULSE}")
    assert set(codes(http.get(place, wide))) == {PULSE, PRESSURE}
    raw, encoded = f"patient/Observation.rs?{VITALS}", f"patient/Observation.rs?{VITALS}".replace("|", "%7C")
    assert world.launch(scope=encoded)["scope"] == encoded
    assert sorted(codes(http.get(place, token(raw)))) == sorted(codes(http.get(place, token(encoded))))


def test_a12_letters_are_per_scope(world, token):
    """A-12: may create any, may read one kind."""
    mine = token(f"patient/Observation.rs?code={PRESSURE} patient/Observation.c")
    http = world.http()
    assert set(codes(http.get(f"{FHIR}/Observation", mine))) == {PRESSURE}
    headers = {"Authorization": f"Bearer {mine}"}
    assert http("POST", f"{FHIR}/Observation", json=an_observation(world), headers=headers).status_code != 403


def test_a14_counts_and_side_doors_say_nothing_of_what_is_outside(world, token):
    """A-14: totals, $everything, includes and histories."""
    http, mine = world.http(), token(f"patient/Observation.rs?code={PRESSURE}")
    counted = http.get(f"{FHIR}/Observation?_summary=count", mine)
    assert counted.status_code != 200 or counted.json()["total"] == 1
    every = http.get(f"{FHIR}/Patient/{world.patient}/$everything", mine)
    if every.status_code == 200:
        kinds = {one["resource"]["resourceType"] for one in every.json().get("entry", [])}
        assert kinds <= {"Observation"}
        assert set(codes(every)) <= {PRESSURE}
    included = http.get(f"{FHIR}/Observation?_include=Observation:subject", mine)
    if included.status_code == 200:
        assert {one["resource"]["resourceType"] for one in included.json()["entry"]} == {"Observation"}


def test_a17_a18_scopes_never_open_what_the_person_may_not(world, token):
    """A-17, A-18: nobody's app decides on consents, whatever its scopes are called."""
    wide = token("patient/*.cruds")
    http, headers = world.http(), {"Authorization": f"Bearer {wide}"}
    assert http.get(f"{FHIR}/Consent", wide).status_code == 200
    consent = {"resourceType": "Consent", "patient": {"reference": f"Patient/{world.patient}"}}
    assert http("POST", f"{FHIR}/Consent", json=consent, headers=headers).status_code == 403
    assert http("PUT", f"{FHIR}/Consent/x", json={**consent, "id": "x"}, headers=headers).status_code == 403


def test_a20_each_entry_of_a_bundle_is_judged(world, token):
    """A-20: a token that only reads creates nothing in a batch, nor in a transaction."""
    headers = {"Authorization": f"Bearer {token('patient/Observation.rs')}"}
    entry = {"resource": an_observation(world), "request": {"method": "POST", "url": "Observation"}}
    search = {"request": {"method": "GET", "url": "Observation"}}
    http = world.http()
    alone = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    answer = http("POST", FHIR, json=alone, headers=headers)
    said = answer.json().get("entry") or [{}]
    assert answer.status_code == 403 or said[0]["response"]["status"].startswith("403")
    mixed = {"resourceType": "Bundle", "type": "batch", "entry": [search, entry]}
    answer = http("POST", FHIR, json=mixed, headers=headers)
    assert answer.status_code in {200, 403}
    if answer.status_code == 200:
        statuses = [one["response"]["status"][:3] for one in answer.json()["entry"]]
        assert statuses == ["200", "403"]
    whole = {"resourceType": "Bundle", "type": "transaction", "entry": [search, entry]}
    assert 400 <= http("POST", FHIR, json=whole, headers=headers).status_code < 500


@pytest.mark.parametrize(
    "place",
    [
        "AuditEvent",
        "AuditEvent/1-1",
        "Consent",
        "Consent/x",
        "Consent/x/_history",
        "Consent/x/_history/1",
        "Observation",
        "Observation/x",
        "Observation/x/_history",
        "Observation/$reconciled?code=55423-8&start=2026-01-01&end=2026-01-02",
        "Immunization",
        "RiskAssessment/x",
    ],
)
def test_a_token_for_another_type_opens_no_route(world, token, place):
    """Leaks 5 and 6: every route asks for its own scope."""
    assert world.http().get(f"{FHIR}/{place}", token("patient/Flag.rs")).status_code == 403


JLAC10 = "urn:oid:1.2.392.200119.6.1005"
HDL, HEIGHT, STRANGE = "3F070000002399901", "9N001000000000001", "99999-9"


@pytest.fixture(scope="module")
def examined(world):
    """What a check-up found: blood, and a height that carries the code of any height as well; and an unknown kind."""
    when = world.system.clock.now().date().isoformat()
    for codings, value, unit in (
        ([(JLAC10, HDL)], 61, "mg/dL"),
        ([(JLAC10, HEIGHT), ("http://loinc.org", "8302-2")], 161, "cm"),
        ([("http://loinc.org", STRANGE)], 1, "mg"),
    ):
        body = {
            **an_observation(world),
            "code": {"coding": [{"system": system, "code": code} for system, code in codings]},
            "effectiveDateTime": when,
            "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": unit},
            "note": [{"text": "x"}],
        }
        held = world.launch(scope="patient/Observation.c")["access_token"]
        answer = world.http()(
            "POST", f"{FHIR}/Observation", json=body, headers={"Authorization": f"Bearer {held}"}
        )
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("ticked", "there"),
    [
        (["checkup"], {HDL, HEIGHT}),
        (["body", "heart"], {PULSE}),
        (["checkup", "heart"], {HDL, HEIGHT, PULSE}),
    ],
)
def test_a06_exactly_the_kinds_that_are_ticked_remain(world, examined, ticked, there):
    """A-06: check-ups among them, whatever other codes they carry; what no kind names goes with none."""
    client, browser = world.add(), world.signed_in()
    asked = world.ask(client, browser, scope="patient/Observation.rs")
    back = world.decide(browser, asked, category=ticked)
    held = world.exchange(client, came_back(back)["code"]).json()["access_token"]
    assert set(codes(world.http().get(f"{FHIR}/Observation", held))) == there
