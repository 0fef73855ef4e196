"""Search over HTTP beyond the golden cases: pages and withdrawals, chains and includes through the gate, scopes, shapes, operations."""

from __future__ import annotations

import json
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from phr.services.fhirsearch import gathering, including
from tests.build import agree, heart_rates
from tests.phr.api.conftest import found, link, refused
from tests.phr.api.fhir_desk import client, observation
from tests.phr.api.search_scene import PULSES, TEN, entries, scene
from tests.proves import proves

pytestmark = pytest.mark.db
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def there(database_url):
    with scene(database_url) as made:
        yield made


# --- whose, and how much


@proves("*", "interaction", "search-system")
@proves("Observation", "interaction", "search-type")
def test_a_search_without_a_patient_goes_over_everybody_who_shares(there):
    """Each with what they share: all of one, the blood pressures of the other."""
    answer = there.nurse.get("/fhir/Observation?_count=100")
    whose = [one["subject"]["reference"].removeprefix("Patient/") for one in found(answer)]
    assert {one: whose.count(one) for one in whose} == {there.open.patient: 6, there.half.patient: 1}
    assert answer.json()["total"] == 7
    assert len(entries(there.nurse.get("/fhir/Patient"))) == 2


def test_a_search_over_too_many_people_is_refused_with_a_way_out(there, monkeypatch):
    """Too costly, with what to name; the same search of one patient goes."""
    monkeypatch.setattr(gathering, "MOST_PEOPLE", 1)
    answer = there.nurse.get("/fhir/Observation")
    assert refused(answer, 403, "name a patient")
    assert answer.json()["issue"][0]["code"] == "too-costly"
    assert len(entries(there.nurse.get(f"/fhir/Observation?patient={there.half.patient}"))) == 1


def test_too_many_results_to_sort_are_refused(there, monkeypatch):
    """Orders other than that of time need every match at hand."""
    monkeypatch.setattr(gathering, "MOST_HITS", 2)
    monkeypatch.setattr(gathering, "_AT_ONCE", 1)
    refused(there.nurse.get("/fhir/Observation?_sort=code"), 403, "search for less")
    refused(there.open.client.get("/fhir/Observation?_summary=count&_sort=status"), 403, "search for less")


def test_the_record_of_one_patient_is_searched_by_its_address(there):
    """Patient/[id]/Observation is the same search."""
    base = f"/fhir/Patient/{there.open.patient}/Observation"
    assert len(entries(there.nurse.get(f"{base}?code=8867-4"))) == 5
    assert entries(there.nurse.get("/fhir/Patient/nobody/Observation")) == []
    refused(there.nurse.get(f"/fhir/Patient/{there.open.patient}/Nonsense"), 404)


def test_a_type_that_is_not_held_is_not_found(there):
    """As is one that other parts of the service keep."""
    xml = "_format=application/xml"
    refused(there.nurse.get(f"/fhir/Observation?{xml}"), 406)
    refused(there.nurse.post("/fhir/Observation/_search", content=xml, headers=FORM), 406)
    for kind in ("Medication", "observation"):
        refused(there.nurse.get(f"/fhir/{kind}"), 404)
        refused(there.nurse.post(f"/fhir/{kind}/_search", content="", headers=FORM), 404)
    refused(
        there.nurse.post(
            "/fhir/Observation/_search", content="{}", headers={"Content-Type": "application/json"}
        ),
        415,
    )


# --- pages


@pytest.mark.parametrize(
    "sort", ["", "&_sort=date", "&_sort=-value-quantity,date", "&_sort=code,-_lastUpdated"]
)
def test_pages_join_to_the_whole_without_repeats(there, sort):
    """In every order, and the links hold nothing in the clear."""
    whole = entries(there.nurse.get(f"/fhir/Observation?_count=100{sort}"))
    address, seen = f"/fhir/Observation?_count=2{sort}", []
    while address:
        answer = there.nurse.get(address)
        seen += entries(answer)
        address = link(answer, "next")
        assert address is None or (there.open.patient not in address and "_sort=" not in address)
    assert seen == whole
    assert len(set(seen)) == 7


def test_the_pages_of_a_form_hold_its_parameters_sealed(there):
    """What was kept out of the address stays out of the addresses that the server makes."""
    form = urlencode({"patient": there.open.patient, "code": "8867-4", "_count": "2"})
    first = there.nurse.post("/fhir/Observation/_search", content=form, headers=FORM)
    following = link(first, "next")
    assert "8867-4" not in following
    assert there.open.patient not in following
    second = there.nurse.get(following)
    assert len({*entries(first), *entries(second)}) == 4
    for broken in (f"{following}x", following.replace("Observation", "Patient"), f"{following[:-6]}AAAAAA"):
        refused(there.nurse.get(broken), 400, "_cursor")


def test_after_a_withdrawal_the_next_page_is_empty(there):
    """Whatever the order and the type: a link proves nothing."""
    patient = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": patient, "gender": "male", "birthDate": "1970-01-01"}
    person = there.system.register.put(resource, actor="t", role="system", request="t")[0]
    agree(there.system, person, patient, purposes=("collect",))
    consent = agree(there.system, person, patient, purposes=("guidance",), recipients=(there.recipient,))
    there.system.receive(person, [heart_rates(TEN, PULSES)], request="t")
    links = []
    for more in ("", "&_sort=value-quantity"):
        first = there.nurse.get(f"/fhir/Observation?patient={patient}&_count=2{more}")
        links.append(link(first, "next"))
        assert len(entries(there.nurse.get(links[-1]))) == 2
    there.system.consents.withdraw(person, consent, actor=patient, role="resident", request="t")
    for one in links:
        answer = there.nurse.get(one)
        assert entries(answer) == []
        assert answer.json().get("total", 0) == 0


# --- totals and shapes


def test_totals_are_exact_when_asked_for_and_absent_when_not_wanted(there):
    """On any page; a page that holds everything knows its total anyway."""
    search = f"/fhir/Observation?patient={there.open.patient}&_count=2"
    assert "total" not in there.nurse.get(search).json()
    for wish in ("accurate", "estimate"):
        first = there.nurse.get(f"{search}&_total={wish}")
        assert first.json()["total"] == there.nurse.get(link(first, "next")).json()["total"] == 6
    assert "total" not in there.nurse.get("/fhir/Patient?_total=none").json()
    for none in ("_summary=count", "_count=0"):
        answer = there.nurse.get(f"/fhir/Observation?patient={there.open.patient}&{none}")
        assert (answer.json()["total"], answer.json().get("entry")) == (6, None)
        assert there.nurse.get(f"/fhir/Patient?{none}").json()["total"] == 2


def test_a_lenient_search_says_in_its_self_link_what_counted(there):
    """Strict without the wish."""
    address = f"/fhir/Observation?patient={there.open.patient}&nonsense=1&code=8867-4"
    refused(there.nurse.get(address), 400, "nonsense")
    answer = there.nurse.get(address, headers={"Prefer": "handling=lenient"})
    assert len(entries(answer)) == 5
    assert "nonsense" not in link(answer, "self")
    refused(there.nurse.get(address, headers={"Prefer": "handling=strict"}), 400)


# --- through the gate


def test_a_chain_leads_through_what_the_caller_may_see(there):
    """By name, by birth date, through two references; nothing of whom nobody knows."""
    assert len(entries(there.nurse.get("/fhir/Observation?patient.family=openfam"))) == 6
    assert len(entries(there.nurse.get("/fhir/Observation?subject:Patient.birthdate=1960&code=85354-9"))) == 2
    assert entries(there.nurse.get("/fhir/Observation?subject:Patient.name=nobody")) == []
    assert (
        len(entries(there.nurse.get(f"/fhir/Observation?patient={there.half.patient}&patient.gender=female")))
        == 1
    )
    assert entries(there.open.client.get("/fhir/Observation?patient.family=halffam")) == []
    deep = "/fhir/Observation?subject:Patient._has:Observation:patient:code=8867-4"
    assert len(entries(there.nurse.get(deep))) == 6


def test_a_reverse_chain_asks_only_what_the_caller_may_see(there):
    """The heart rates of the second are not shared: as if there were none."""
    who = entries(there.nurse.get("/fhir/Patient?_has:Observation:patient:code=8867-4"))
    assert who == [there.open.patient]
    both = entries(there.nurse.get("/fhir/Patient?_has:Observation:subject:combo-value-quantity=gt120"))
    assert sorted(both) == sorted([there.open.patient, there.half.patient])
    assert (
        entries(
            there.nurse.get(f"/fhir/Patient?_has:Observation:patient:code=8867-4&_id={there.half.patient}")
        )
        == []
    )
    assert entries(there.nurse.get("/fhir/Patient?_has:Condition:patient:code=x")) == []
    assert entries(there.half.client.get("/fhir/Patient?_has:Observation:patient:code=8867-4")) == [
        there.half.patient
    ]


@proves("Observation", "include", "Observation:subject", "Observation:patient", "Observation:derived-from")
@proves("Patient", "revinclude", "Observation:patient", "Provenance:target")
def test_includes_come_once_and_each_passes_the_gate(there):
    """Forward, backward and again; what a resource refers to of somebody else's is left out."""
    one = there.open.client
    first = entries(one.get("/fhir/Observation?code=8867-4&_count=1"))[0]
    derived = observation(
        there.open.patient,
        code="41950-7",
        derivedFrom=[{"reference": f"Observation/{first}"}],
        valueQuantity={"value": 1},
    )
    made = one.post(
        "/fhir/Observation", json={**derived, "identifier": [{"system": "urn:t", "value": uuid4().hex}]}
    )
    assert made.status_code == 201, made.text
    provenance = {
        "resourceType": "Provenance", "target": [{"reference": f"Observation/{first}"}], "recorded": "2026-03-05T10:00:00Z",
        "agent": [{"who": {"reference": f"Patient/{there.half.patient}"}}],
    }  # fmt: skip
    assert one.post("/fhir/Provenance", json=provenance).status_code == 201
    address = "/fhir/Observation?code=41950-7&_include=Observation:derived-from&_include:iterate=Observation:patient"
    answer = one.get(address)
    assert len(entries(answer)) == 1
    assert sorted(entries(answer, "include")) == sorted([first, there.open.patient])
    around = one.get(
        f"/fhir/Observation?_id={first}&_revinclude=Provenance:target&_include=Observation:*&_include:iterate=Provenance:agent"
    )
    kinds = [entry["resource"]["resourceType"] for entry in around.json()["entry"]]
    assert sorted(kinds) == ["Observation", "Patient", "Provenance"]
    assert there.half.patient not in entries(around, "include")
    back = one.get("/fhir/Patient?_revinclude=Observation:patient&_revinclude:iterate=Provenance:target")
    assert len(entries(back, "include")) >= 7
    assert len(set(entries(back, "include"))) == len(entries(back, "include"))
    nurse = there.nurse.get(
        f"/fhir/Patient?_id={there.half.patient}&_revinclude=Observation:*&_revinclude=Consent:patient"
    )
    assert len(entries(nurse, "include")) == 1


def test_more_includes_than_an_answer_holds_are_cut_with_a_warning(there, monkeypatch):
    """An entry with the mode outcome says so."""
    monkeypatch.setattr(including, "MOST_INCLUDED", 2)
    answer = there.open.client.get("/fhir/Patient?_revinclude=Observation:patient")
    assert len(entries(answer, "include")) == 2
    outcome = answer.json()["entry"][-1]
    assert (outcome["search"]["mode"], outcome["resource"]["issue"][0]["code"]) == ("outcome", "incomplete")


def test_a_search_is_in_the_trail_with_counts_and_no_values(there):
    """Of everybody of whom something was found."""
    there.nurse.get("/fhir/Observation?code=85354-9")
    for who in (there.open, there.half):
        rows = who.client.get("/fhir/AuditEvent?_count=50").json()["entry"]
        assert any("search" in json.dumps(one["resource"]) for one in rows)


# --- scopes


def test_granular_scopes_hold_for_matches_totals_and_includes(there):
    """Blood pressures alone: other Observations look as if there were none, and Patients stay out."""
    scope = "patient/Observation.rs?code=http://loinc.org|85354-9"
    app = client(there.system, there.app, there.open.patient, "resident", "self", there.open.person, scope)
    answer = app.get("/fhir/Observation?_include=Observation:patient&_total=accurate")
    assert {one["code"]["coding"][0]["code"] for one in found(answer)} == {"85354-9"}
    assert answer.json()["total"] == 1
    assert entries(app.get("/fhir/Observation?code=8867-4&_count=2")) == []
    assert entries(app.get("/fhir/Observation?_sort=code&_count=1")) != []
    for closed in (
        "/fhir/Patient",
        "/fhir/Observation?patient.family=open",
        "/fhir/Patient?_has:Observation:patient:code=1",
    ):
        refused(app.get(closed), 403)
    assert {one["code"]["coding"][0]["code"] for one in found(app.get("/fhir/Observation/$lastn?max=3"))} == {
        "85354-9"
    }
    refused(app.get("/fhir/Observation/$stats?code=8867-4&statistic=count"), 403)
    both = f"{scope} patient/Patient.rs"
    wide = client(there.system, there.app, there.open.patient, "resident", "self", there.open.person, both)
    assert entries(wide.get("/fhir/Patient?_has:Observation:patient:code=8867-4")) == []
    assert entries(wide.get("/fhir/Patient?_has:Observation:patient:code=85354-9")) == [there.open.patient]
