"""Operations over HTTP: the newest of each code, figures over a span of time, everything of a person, and what is kept elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from tests.phr.api.conftest import found, refused
from tests.phr.api.fhir_desk import client, condition, observation
from tests.phr.api.search_scene import entries, scene
from tests.proves import proves

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def there(database_url):
    with scene(database_url) as made:
        yield made


@proves("Observation", "operation", "lastn")
def test_the_newest_of_each_code(there):
    """One each, or as many as asked; documents of the same code in the same group."""
    answer = there.half.client.get("/fhir/Observation/$lastn")
    values = {one["code"]["coding"][0]["code"]: one for one in found(answer)}
    assert set(values) == {"8867-4", "85354-9"}
    assert values["8867-4"]["valueQuantity"]["value"] == 100
    three = found(there.half.client.get("/fhir/Observation/$lastn?max=3&code=8867-4"))
    assert [one["valueQuantity"]["value"] for one in three] == [100, 90, 80]
    document = observation(
        there.half.patient, effectiveDateTime="2026-03-03T10:03:30+09:00", note=[{"text": "felt it"}]
    )
    assert there.half.client.post("/fhir/Observation", json=document).status_code == 201
    four = found(there.half.client.get("/fhir/Observation/$lastn?max=3&code=8867-4"))
    assert [one["valueQuantity"]["value"] for one in four] == [100, 72, 90]
    assert found(there.nurse.get(f"/fhir/Observation/$lastn?patient={there.half.patient}&code=8867-4")) == []
    for bad, field in (
        ("max=0", "max"),
        ("max=x", "max"),
        ("_sort=date", "_sort"),
        ("nonsense=1", "nonsense"),
    ):
        refused(there.half.client.get(f"/fhir/Observation/$lastn?{bad}"), 400, field)
    refused(there.nurse.get("/fhir/Observation/$lastn"), 400, "patient")


def components(answer):
    """Statistic -> value of the first code."""
    assert answer.status_code == 200, answer.text
    one = answer.json()["parameter"][0]["resource"]
    return {
        part["code"]["coding"][0]["code"]: part["valueQuantity"]
        for part in one["component"]
        if "valueQuantity" in part
    }


@proves("Observation", "operation", "stats")
def test_figures_over_a_span_of_time(there):
    """From whole days and from part of one, in the unit of the code, with and without the system."""
    base = (
        f"/fhir/Observation/$stats?subject=Patient/{there.open.patient}&code=8867-4&system=http://loinc.org"
    )
    figures = components(there.nurse.get(f"{base}&statistic=average,minimum,maximum,count,sum"))
    assert {name: one["value"] for name, one in figures.items()} == {
        "average": 80,
        "minimum": 60,
        "maximum": 100,
        "count": 5,
        "sum": 400,
    }
    assert figures["average"]["code"] == "/min"
    part = f"{base}&date=ge2026-03-03T10:01:00%2B09:00&date=lt2026-03-03T10:04:00%2B09:00&statistic=median&statistic=std-dev,total-count"
    values = {name: one["value"] for name, one in components(there.nurse.get(part)).items()}
    assert values == {
        "median": 80,
        "std-dev": round(float(np.std([70, 80, 90], ddof=1)), 6),
        "total-count": 3,
    }
    systolic = components(
        there.nurse.get(
            f"/fhir/Observation/$stats?patient={there.half.patient}&code=8480-6&statistic=maximum,variance"
        )
    )
    assert systolic["maximum"] == {
        "value": 121,
        "unit": "mmHg",
        "system": "http://unitsofmeasure.org",
        "code": "mm[Hg]",
    }
    hidden = there.nurse.get(
        f"/fhir/Observation/$stats?patient={there.half.patient}&code=8867-4&statistic=count"
    )
    assert hidden.json() == {"resourceType": "Parameters"}
    assert (
        there.nurse.get("/fhir/Observation/$stats?patient=nobody&code=8867-4&statistic=count").json()
        == hidden.json()
    )


def test_figures_take_parameters_as_a_resource_and_documents_as_values(there):
    """A period, a coding and hours; a temperature that a client wrote in Fahrenheit is averaged in Celsius."""
    who = there.half
    for value in ("98.6", "100.4"):
        written = observation(who.patient, code="8310-5", note=[{"text": "by mouth"}])
        written["valueQuantity"] = {
            "value": float(value),
            "unit": "F",
            "system": "http://unitsofmeasure.org",
            "code": "[degF]",
        }
        assert who.client.post("/fhir/Observation", json=written).status_code == 201
    asked = [
        {"name": "subject", "valueUri": f"Patient/{who.patient}"}, {"name": "statistic", "valueCode": "average"},
        {"name": "coding", "valueCoding": {"system": "http://loinc.org", "code": "8310-5"}},
        {"name": "period", "valuePeriod": {"start": "2026-03-01", "end": "2026-03-31"}},
    ]  # fmt: skip
    answer = who.client.post(
        "/fhir/Observation/$stats", json={"resourceType": "Parameters", "parameter": asked}
    )
    assert components(answer)["average"]["value"] == 37.5
    assert components(answer)["average"]["code"] == "Cel"
    old = [*asked[:3], {"name": "duration", "valueDecimal": 24}]
    assert (
        "parameter"
        not in who.client.post(
            "/fhir/Observation/$stats", json={"resourceType": "Parameters", "parameter": old}
        ).json()
    )
    for bad in ({"resourceType": "Bundle"}, {"resourceType": "Parameters", "parameter": [{"name": 1}]},
                {"resourceType": "Parameters", "parameter": [{"name": "code"}]}):  # fmt: skip
        refused(who.client.post("/fhir/Observation/$stats", json=bad), 400)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("code=1", "statistic"), ("code=1&statistic=mode", "statistic"), ("statistic=sum", "code"), ("code=x|&statistic=sum", "code"),
        ("code=1&statistic=sum&duration=-1", "duration"), ("code=1&statistic=sum&duration=0", "duration"), ("code=1&statistic=sum&x=1", "x"),
        ("code=1&statistic=sum&date=2026", "date"), ("code=1&statistic=sum&date=eb2026", "date"), (f"code={','.join('1' * 30)}&statistic=sum", "code"),
    ],
)  # fmt: skip
def test_figures_that_cannot_be_made_are_refused(there, query, field):
    """With the name of the parameter."""
    refused(there.open.client.get(f"/fhir/Observation/$stats?{query}"), 400, field)


def test_figures_are_of_one_patient_who_is_named(there):
    """Except for the person themselves."""
    refused(there.nurse.get("/fhir/Observation/$stats?code=1&statistic=sum"), 400, "subject")
    refused(
        there.open.client.get(f"/fhir/Observation/$stats?patient={there.half.patient}&code=1&statistic=sum"),
        404,
    )


@proves("Patient", "operation", "everything")
def test_everything_can_be_asked_for_a_span_a_change_and_a_type(there):
    """Types of documents are in it; what has no time stays."""
    who = there.open
    assert who.client.post("/fhir/Condition", json=condition(who.patient)).status_code == 201
    base = f"/fhir/Patient/{who.patient}/$everything"

    def kinds(query):
        return sorted(
            {
                one["resource"]["resourceType"]
                for one in who.client.get(f"{base}?{query}").json().get("entry", [])
            }
        )

    assert {"Condition", "Consent", "Observation", "Patient"} <= set(kinds("_count=500"))
    day = who.client.get(f"{base}?_count=500&start=2026-03-04&end=2026-03-04&_type=Observation,Patient")
    codes = [
        one["resource"]["code"]["coding"][0]["code"]
        for one in day.json()["entry"]
        if "code" in one["resource"]
    ]
    assert codes == ["85354-9"]
    assert kinds("_count=500&start=2026-03-04&end=2026-03-04&_type=Condition") == []
    assert kinds("_count=500&start=2026-03-20&_type=Condition") == ["Condition"]
    assert kinds("_since=2126-01-01") == []
    assert "Observation" in kinds("_since=2020-01-01T00:00:00Z")
    refused(who.client.get(f"{base}?start=yesterday"), 400, "start")
    app = client(
        there.system,
        there.app,
        who.patient,
        "resident",
        "self",
        who.person,
        "patient/Observation.rs?category=laboratory patient/Patient.rs",
    )
    narrow = app.get(f"{base}?_count=500")
    assert {one["resource"]["resourceType"] for one in narrow.json()["entry"]} == {"Patient"}


def test_conditions_of_what_is_kept_elsewhere_know_every_parameter(there):
    """Consents by any parameter of the type; chains and what is included are refused there."""
    who = there.open
    assert len(entries(who.client.get("/fhir/Consent?status=active&purpose=guidance"))) == 1
    assert entries(who.client.get("/fhir/Consent?date=lt2000")) == []
    assert len(entries(who.client.get(f"/fhir/Consent?actor={there.recipient}&category:missing=false"))) == 1
    for bad in (
        "_include=Consent:patient",
        "patient.name=x",
        "nonsense=1",
    ):
        refused(who.client.get(f"/fhir/Consent?{bad}"), 400)
