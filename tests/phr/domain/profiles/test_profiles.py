"""Profiles as data: each rule finds what it is about, says where, and never what was there."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.profiles import PROFILES, base_issues, profile_issues
from phr.domain.profiles.table import load

FHIR = "http://hl7.org/fhir/StructureDefinition/"
JP = "http://jpfhir.jp/fhir/core/StructureDefinition/"
UCUM = "http://unitsofmeasure.org"
CANARY = "Hanako-Canary-4711"


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: float, code: str) -> dict[str, Any]:
    return {"value": value, "unit": code, "system": UCUM, "code": code}


def pulse() -> dict[str, Any]:
    """A heart rate that both the R4 and the JP Core profile accept."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            concept("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs"),
            concept("http://jpfhir.jp/fhir/core/CodeSystem/JP_SimpleObservationCategory_CS", "vital-signs"),
        ],
        "code": concept("http://loinc.org", "8867-4"),
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2026-06-01T10:00:00+09:00",
        "valueQuantity": quantity(72, "/min"),
    }


def pressure() -> dict[str, Any]:
    """A blood pressure."""
    found = pulse()
    del found["valueQuantity"]
    found["code"] = concept("http://loinc.org", "85354-9")
    found["component"] = [
        {"code": concept("http://loinc.org", "8480-6"), "valueQuantity": quantity(120, "mm[Hg]")},
        {"code": concept("http://loinc.org", "8462-4"), "valueQuantity": quantity(80, "mm[Hg]")},
    ]
    return found


def changed(resource: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with some elements in place of others; None takes one away."""
    found = {**copy.deepcopy(resource), **changes}
    return {name: value for name, value in found.items() if value is not None}


def places(resource: dict[str, Any], profile: str) -> list[str]:
    return [one.place for one in profile_issues(resource, profile) if one.severity == "error"]


@pytest.mark.parametrize(
    "profile", [FHIR + "vitalsigns", FHIR + "heartrate", JP + "JP_Observation_VitalSigns"]
)
def test_what_holds_everything_has_no_issue(profile):
    """Also with a version behind the name of the profile."""
    assert base_issues(pulse()) == []
    assert profile_issues(pulse(), profile) == []
    assert profile_issues(pulse(), profile + "|4.0.1") == []
    assert profile_issues(pressure(), FHIR + "bp") == []


@pytest.mark.parametrize(
    ("resource", "profile", "place"),
    [
        (changed(pulse(), category=None), "heartrate", "category"),
        (changed(pulse(), category=[concept("urn:x", "vital-signs")]), "heartrate", "category"),
        (changed(pulse(), code=concept("http://loinc.org", "9279-1")), "heartrate", "code"),
        (changed(pulse(), subject=None), "heartrate", "subject"),
        (changed(pulse(), effectiveDateTime=None), "heartrate", "effectiveDateTime"),
        (changed(pulse(), effectiveDateTime="2026"), "heartrate", "effectiveDateTime"),
        (changed(pulse(), valueQuantity=None), "heartrate", "value"),
        (changed(pulse(), valueQuantity={"value": 72}), "heartrate", "valueQuantity"),
        (changed(pulse(), valueQuantity=quantity(72, "kg")), "heartrate", "valueQuantity"),
        (changed(pulse(), valueQuantity=quantity(72, "ms")), "vitalsigns", "valueQuantity"),
        (changed(pressure(), valueQuantity=quantity(1, "mm[Hg]")), "bp", "valueQuantity"),
        (changed(pressure(), component=None), "bp", "component"),
        (changed(pressure(), component=["x"]), "bp", "component"),
        (changed(pressure(), component=[{"code": concept("http://loinc.org", "8480-6")}]), "bp", "component[0]"),
        (changed(pressure(), component=[{"code": concept("http://loinc.org", "8480-6"), "valueQuantity": quantity(1, "kg")}]), "bp", "component[0].valueQuantity"),
        (changed(pulse(), hasMember=None), "vitalspanel", "hasMember"),
    ],
)  # fmt: skip
def test_each_rule_finds_what_is_missing_and_says_where(resource, profile, place):
    """Category, code, subject, time, value, unit, components and members."""
    assert f"Observation.{place}" in places(resource, FHIR + profile)


def test_a_reason_stands_for_a_value():
    """vs-2 and vs-3."""
    without = changed(pulse(), valueQuantity=None, dataAbsentReason={"text": "x"})
    assert profile_issues(without, FHIR + "heartrate") == []
    parts = pressure()
    del parts["component"][1]["valueQuantity"]
    parts["component"][1]["dataAbsentReason"] = {"text": "x"}
    assert profile_issues(parts, FHIR + "bp") == []


def test_every_issue_is_found_and_not_only_the_first():
    """A client mends all at once."""
    bare = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    assert len(places(bare, FHIR + "heartrate")) >= 5
    broken = {
        "resourceType": "Observation",
        "status": "x",
        "valueQuantity": {"value": []},
        "note": [{"text": 1}],
    }
    found = {one.place for one in base_issues({**broken, "component": [{"valueQuantity": {"code": 7}}]})}
    assert len(found) >= 2 or found == {"Observation.valueQuantity.value"}


def test_a_code_without_loinc_is_a_warning_of_the_general_profile():
    """Its binding is extensible."""
    local = changed(pulse(), code={"text": "x"})
    issues = profile_issues(local, FHIR + "vitalsigns")
    assert [(one.severity, one.place) for one in issues] == [("warning", "Observation.code")]


def test_a_profile_of_another_type_and_one_that_is_not_known_are_said():
    """The first is an error, the second a remark: it is not checked."""
    patient = {"resourceType": "Patient"}
    assert [one.severity for one in profile_issues(patient, FHIR + "bp")] == ["error"]
    assert [one.severity for one in profile_issues(patient, "urn:unknown")] == ["information"]


@pytest.mark.parametrize(
    ("resource", "place", "code"),
    [
        ({"resourceType": "Nothing"}, "resourceType", "not-supported"),
        ({}, "resourceType", "not-supported"),
        ({"resourceType": "Evidence"}, "resourceType", "not-supported"),
        (changed(pulse(), status="unheard"), "Observation.status", "code-invalid"),
        (changed(pulse(), status=None), "Observation.status", "required"),
        (changed(pulse(), colour=CANARY, shape=CANARY), "Observation", "structure"),
        ({"resourceType": "Patient", "contained": [{"resourceType": "Zip"}]}, "Patient", "structure"),
        ({**pulse(), CANARY: 1}, "Observation", "structure"),
        ({**pulse(), "note": []}, "Observation.note", "structure"),
        ({**pulse(), "note": [{}]}, "Observation.note[0]", "structure"),
        ({**pulse(), "note": None}, "Observation.note", "structure"),
        ({**pulse(), "note": [{"text": "a\0b"}]}, "Observation.note[0].text", "value"),
        ({**pulse(), "valueQuantity": {"value": CANARY}}, "Observation.valueQuantity", "structure"),
    ],
)  # fmt: skip
def test_the_base_finds_what_is_no_fhir_and_never_repeats_a_value(resource, place, code):
    """Unknown types, unknown members, empty and null ones, wrong types and codes."""
    found = base_issues(resource)
    assert any(one.place.startswith(place) and one.code == code for one in found), found
    assert CANARY not in str(found)


def test_deep_nesting_ends_in_an_issue():
    """Not in the end of the process."""
    nested: dict[str, Any] = {"url": "u", "valueString": "x"}
    for _ in range(300):
        nested = {"url": "u", "extension": [nested]}
    found = base_issues({**pulse(), "extension": [nested]})
    assert {one.code for one in found} == {"structure"}


def test_a_gap_beside_an_extended_primitive_is_fhir():
    """Null stands in an array where only the extension says something."""
    patient = {
        "resourceType": "Patient",
        "name": [
            {"given": ["A", None], "_given": [None, {"extension": [{"url": "urn:x", "valueString": "y"}]}]}
        ],
    }
    assert [one.place for one in base_issues(patient) if "null" in one.text] == []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["coding", "system", "code", "value", "text", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*pulse(), "component", "hasMember", "dataAbsentReason"]), ANYTHING))
def test_any_resource_gets_issues_and_no_exception(resource):
    """Whatever a client writes."""
    given_one = {**resource, "resourceType": "Observation"}
    assert isinstance(base_issues(given_one), list)
    for url in PROFILES:
        assert isinstance(profile_issues(given_one, url), list)


@pytest.mark.parametrize(
    "rules", ['[{ rule = "magic" }]', '[{ rule = "coding", at = "code" }]', '[{ rule = "present" }]']
)
def test_a_broken_table_of_profiles_is_refused_when_it_is_read(rules):
    """An unknown rule, and one that lacks what it needs."""
    text = f'[systems]\n[profile.x]\nurl="u"\ntitle="t"\ntype="Observation"\nrules={rules}'
    with pytest.raises(ValueError, match=r"profiles\.toml"):
        load(text)
