"""FHIR Consent for guardians and the counter, versions by number, errors that name the element, and everything of a person."""

from __future__ import annotations

import json

import pytest

from tests.build import a_consent
from tests.phr.api.conftest import found, refused
from tests.phr.services.families import CLERK, a_family
from tests.proves import proves


@pytest.fixture
def family(system):
    return a_family(system, agreed=())


@pytest.fixture
def guardian(enter, family):
    """The mother, with a token of her own."""
    return enter(family.row.recipient.removeprefix("Patient/"), "resident", "self", family.mother)


def for_child(family, **more):
    """What the mother agrees to for her child; it ends with the guardianship."""
    last = family.row.ends_at.date()
    given = {
        "purposes": ("collect",),
        "performer": family.row.recipient,
        "until": last.replace(year=last.year - 1),
    }
    return a_consent(family.child_patient, **(given | more))


def test_a_guardian_records_reads_and_ends_what_they_gave_for_a_child(guardian, family):
    """And finds it by the patient in the query; what others gave for the child is not shown."""
    made = guardian.post("/fhir/Consent", json=for_child(family))
    assert made.status_code == 201, made.text
    address = f"/fhir/Consent/{made.json()['id']}"
    query = f"?patient={family.child_patient}"
    assert guardian.get(address + query).json() == made.json()
    refused(guardian.get(address), 404)
    ids = {one["id"] for one in found(guardian.get(f"/fhir/Consent{query}"))}
    assert ids == {made.json()["id"], family.row.consent_id}
    ended = guardian.put(address, json={**made.json(), "status": "inactive"}, headers={"If-Match": 'W/"1"'})
    assert ended.json()["status"] == "inactive"
    assert len(found(guardian.get(f"{address}/_history{query}"))) == 2


def test_a_guardian_speaks_for_themselves_only_and_no_longer_than_they_may(guardian, family):
    """Each refusal names the element in the OperationOutcome."""
    forever = for_child(family, until=None)
    answer = guardian.post("/fhir/Consent", json=forever)
    assert answer.json()["issue"][0]["expression"] == ["Consent.provision.period.end"]
    another = guardian.post(
        "/fhir/Consent", json=for_child(family, performer=f"Patient/{family.child_patient}")
    )
    assert another.json()["issue"][0]["expression"] == ["Consent.performer"]
    bad = guardian.post("/fhir/Consent", json={**for_child(family), "provision": {"type": "maybe"}})
    assert bad.json()["issue"][0]["expression"][0].startswith("Consent.provision")
    refused(
        guardian.post("/fhir/Consent", json={**for_child(family), "patient": {"display": "x"}}),
        400,
        "Consent.patient",
    )


def test_after_the_guardianship_nothing_of_the_child_is_found(guardian, family, system):
    made = guardian.post("/fhir/Consent", json=for_child(family)).json()
    system.guardians.end(family.child, family.row.guardianship_id, CLERK)
    query = f"?patient={family.child_patient}"
    refused(guardian.get(f"/fhir/Consent/{made['id']}{query}"), 404)
    assert found(guardian.get(f"/fhir/Consent{query}")) == []  # as for a child that does not exist
    refused(guardian.post("/fhir/Consent", json=for_child(family)), 404)


def test_the_counter_records_for_a_person_and_names_them_in_the_query(enter, record):
    """The document says which account recorded it; a client's word about that is dropped."""
    clerk = enter("clerk-7", "registrar", "register")
    mine = [{"url": "urn:phr:consent-recorder", "valueString": "somebody else"}]
    made = clerk.post("/fhir/Consent", json={**a_consent(record, purposes=("guidance",)), "extension": mine})
    assert made.status_code == 201, made.text
    assert made.json()["extension"] == [
        {"url": "urn:phr:consent-recorder", "valueString": "registrar:clerk-7"}
    ]
    address = f"/fhir/Consent/{made.json()['id']}"
    assert clerk.get(f"{address}?patient={record}").status_code == 200
    refused(clerk.get(address), 400, "patient")


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("purpose=guidance", 1),
        ("purpose=urn:phr:purpose|guidance", 1),
        ("purpose=points", 0),
        ("actor=Organization/city-health", 2),
        ("consentor=Patient/nobody", 0),
        ("status=active&purpose=guidance,collect", 2),
    ],
)
@proves("Consent", "interaction", "search-type")
def test_consents_are_searched_by_what_they_say(resident, record, query, hits):
    resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",)))
    assert len(found(resident.get(f"/fhir/Consent?{query}"))) == hits


@proves("Consent", "interaction", "vread")
def test_each_version_is_read_by_its_number(resident, record):
    made = resident.post("/fhir/Consent", json=a_consent(record, purposes=("guidance",))).json()
    address = f"/fhir/Consent/{made['id']}"
    resident.put(address, json={**made, "status": "inactive"})
    assert [resident.get(f"{address}/_history/{n}").json()["status"] for n in (1, 2)] == [
        "active",
        "inactive",
    ]
    for version in ("3", "0", "x", "１"):
        refused(resident.get(f"{address}/_history/{version}"), 404)


def pages_of(client, address):
    """Every entry over all pages, following the links as they are given."""
    entries = []
    while address:
        body = client.get(address).json()
        entries += body.get("entry", [])
        address = next((one["url"] for one in body["link"] if one["relation"] == "next"), None)
    return [f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in entries]


def test_everything_is_the_same_streamed_and_page_by_page(resident, record):
    """Patient, consents and every Observation, each once."""
    address = f"/fhir/Patient/{record}/$everything"
    streamed = json.loads(resident.get(address).content)
    names = [f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in streamed["entry"]]
    assert len(names) == len(set(names))
    assert pages_of(resident, f"{address}?_count=4") == names
    assert sum(name.startswith("Observation/") for name in names) == 14
    assert {name.split("/")[0] for name in names} == {"Patient", "Consent", "Observation"}
    assert all(one.startswith("Patient/") for one in pages_of(resident, f"{address}?_count=9&_type=Patient"))


@proves("Patient", "operation", "everything")
def test_everything_obeys_the_gate_for_each_caller(resident, nurse, stranger, record):
    """A nurse gets what is shared, nothing after a withdrawal, and an old link is worth nothing."""
    address = f"/fhir/Patient/{record}/$everything"
    refused(nurse.get(address), 404)
    refused(stranger.get(address), 401)
    made = resident.post(
        "/fhir/Consent", json=a_consent(record, purposes=("guidance",), categories=("heart",))
    ).json()
    first = nurse.get(f"{address}?_count=5").json()
    link = next(one["url"] for one in first["link"] if one["relation"] == "next")
    kinds = {name.split("/")[0] for name in pages_of(nurse, f"{address}?_count=50")}
    assert kinds == {"Patient", "Observation"}
    assert sum(name.startswith("Observation/") for name in pages_of(nurse, f"{address}?_count=50")) == 12
    resident.put(f"/fhir/Consent/{made['id']}", json={**made, "status": "inactive"})
    refused(nurse.get(link), 404)
    refused(nurse.get(address), 404)


@pytest.mark.parametrize(
    ("query", "field"),
    [("_type=Basic", "_type"), ("_count=1&_cursor=x", "_cursor"), ("_count=1&_cursor=WzFd", "_cursor"), ("_count=x", "_count"), ("since=1", "since")],
)  # fmt: skip
def test_what_everything_does_not_know_is_refused(resident, record, query, field):
    refused(resident.get(f"/fhir/Patient/{record}/$everything?{query}"), 400, field)


def test_everything_of_somebody_else_looks_like_nobody(resident):
    refused(resident.get("/fhir/Patient/p-somebody-else/$everything"), 404)
