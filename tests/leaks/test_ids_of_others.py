"""An id that somebody else chose: whoever tries it learns nothing, not even that it is taken."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.build import agree

pytestmark = pytest.mark.db
KINDS = {
    "Condition": ("subject", {"code": {"text": "x"}}),
    "Goal": ("subject", {"lifecycleStatus": "active", "description": {"text": "x"}}),
    "Immunization": (
        "patient",
        {"status": "completed", "vaccineCode": {"text": "x"}, "occurrenceDateTime": "2026-04-01"},
    ),
    "Observation": ("subject", {"status": "final", "code": {"text": "x"}}),
}


def resource(kind: str, patient: str, identity: str) -> dict:
    """The least of a type, about somebody, under an id."""
    whose, more = KINDS[kind]
    return {"resourceType": kind, "id": identity, whose: {"reference": f"Patient/{patient}"}, **more}


@pytest.fixture(scope="module")
def attacker(town):
    """Another resident, who lets the city collect."""
    agree(town.system, town.other_person, town.other, purposes=("collect",))
    return town.token(town.other, "resident", "self", town.other_person)


@pytest.fixture(scope="module")
def collector(town):
    """An organisation that delivers what it counted itself: staff choose such ids."""
    return town.token("nurse-counts", "nurse", "collect")


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("way", ["alone", "batch", "transaction", "where"])
def test_an_id_that_can_be_guessed_answers_alike_whether_it_is_taken_or_free(
    town, attacker, collector, kind, way
):
    """However it is put: status, body and headers are those for an id that nobody has."""
    taken, free = f"tanaka-{uuid4().hex[:8]}", f"tanaka-{uuid4().hex[:8]}"
    made = collector("PUT", f"/fhir/{kind}/{taken}", json=resource(kind, town.victim, taken))
    assert made.status_code == 201, made.text
    answers = [put(attacker, way, resource(kind, town.other, one)) for one in (taken, free)]
    said = [
        (one.status_code, one.text.replace(taken, "X").replace(free, "X"), sorted(one.headers))
        for one in answers
    ]
    assert said[0] == said[1]
    assert "201" not in said[0][1]  # the id itself is random, and may have these digits
    for one in (taken, free):
        assert attacker.get(f"/fhir/{kind}/{one}").status_code == 404


def put(caller, way: str, body: dict):
    """The same resource, put in one of the ways that there are."""
    place = f"{body['resourceType']}/{body['id']}"
    if way == "alone":
        return caller("PUT", f"/fhir/{place}", json=body)
    if way == "where":
        return caller("PUT", f"/fhir/{body['resourceType']}?identifier=urn:x|{uuid4()}", json=body)
    entry = {"request": {"method": "PUT", "url": place}, "resource": body}
    return caller.post("/fhir", json={"resourceType": "Bundle", "type": way, "entry": [entry]})


def test_a_uuid_is_an_id_that_a_resident_may_choose(town, attacker):
    """Who has not seen it cannot name it: there is nothing to try. One's own goes on under any id that it has."""
    identity = str(uuid4())
    sent = resource("Condition", town.other, identity)
    assert attacker("PUT", f"/fhir/Condition/{identity}", json=sent).status_code == 201
    assert (
        attacker("PUT", f"/fhir/Condition/{identity}", json={**sent, "code": {"text": "y"}}).status_code
        == 200
    )


def test_a_resident_goes_on_with_what_was_delivered_under_a_counted_id(town, attacker, collector):
    """What is one's own is there to be seen, so that its id tells nothing."""
    identity = f"c-{uuid4().hex[:8]}"
    sent = resource("Condition", town.other, identity)
    assert collector("PUT", f"/fhir/Condition/{identity}", json=sent).status_code == 201
    answer = attacker("PUT", f"/fhir/Condition/{identity}", json={**sent, "code": {"text": "y"}})
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
