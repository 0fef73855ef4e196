"""What may be recorded at all."""

import json

import pytest
from hypothesis import given

from consent.profile import check
from tests.consent.cases import JSON, NURSES, a_consent, a_rule, consents


def errors(value):
    return [each.field for each in check(value) if each.severity == "error"]


def test_a_consent_of_the_profile_has_no_problem():
    """Also as bytes, and with a scanned form by reference."""
    assert check(a_consent()) == []
    assert check(json.dumps(a_consent()).encode()) == []
    assert check(a_consent(sourceAttachment=None, sourceReference={"reference": "DocumentReference/1"})) == []


@pytest.mark.parametrize(
    "name",
    [
        "scope",
        "category",
        "performer",
        "organization",
        "policyRule",
        "status",
        "patient",
        "dateTime",
        "provision",
    ],
)
def test_an_element_that_the_profile_needs_is_missed(name):
    """The reader is lenient where the decision does not depend on it; the recording path is not."""
    where = "provision" if name == "provision" else f"Consent.{name}"
    assert errors(a_consent(**{name: None})) == [where]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"dateTime": "2026-04-01"}, "Consent.dateTime"),
        ({"sourceAttachment": None}, "Consent.source"),
        ({"sourceReference": {"reference": "DocumentReference/1"}}, "Consent.source"),
        ({"sourceAttachment": {"url": "https://elsewhere.example"}}, "Consent.sourceAttachment"),
        ({"purpose": []}, "Consent"),
        ({"policyRule": {"coding": [{"code": "OPTOUT"}]}}, "Consent.policyRule"),
        ({"scope": {"coding": [{"code": "adr"}]}}, "Consent.scope"),
        ({"provision": {"provision": [a_rule()]}}, "provision.type"),
        ({"provision": a_rule("deny", {"purpose": [{"code": "x"}]})}, "provision.provision[0].type"),
        ({"provision": a_rule("deny", a_rule("permit", a_rule("deny", a_rule())))}, "provision.provision[0].provision[0].provision"),
        ({"provision": a_rule("deny", a_rule(period={"end": "soon"}))}, "provision.provision[0].period.end"),
        ({"provision": a_rule("deny", a_rule(actor=[{"role": {}, "reference": {"reference": NURSES}}]))}, "provision.provision[0].actor[0].role"),
    ],
    ids=str,
)  # fmt: skip
def test_a_problem_names_its_place(changes, where):
    """One problem, one field path."""
    assert errors(a_consent(**changes)) == [where]


def test_research_needs_the_scope_of_research():
    """Research is a consent of its own, so that refusing it stops nothing else."""
    rule = a_rule("deny", a_rule("permit", purposes=["research-deidentified"]))
    assert errors(a_consent(rule)) == ["Consent.scope"]
    assert errors(a_consent(rule, scope={"coding": [{"code": "research"}]})) == []
    assert errors(a_consent(a_rule("permit", a_rule("deny", purposes=["research-deidentified"])))) == []


def test_what_this_service_does_not_know_is_a_warning_with_its_place():
    """It may be recorded, and rule 2 says what it then means."""
    found = check(
        a_consent(a_rule("deny", a_rule(action=[{}], purpose=[{"system": "urn:x", "code": "TREAT"}])))
    )
    assert [(each.severity, each.field) for each in found] == [
        ("warning", "provision.provision[0].action"),
        ("warning", "provision.provision[0].purpose[0]"),
    ]
    assert (
        str(found[0]) == "provision.provision[0].action: is not known here: a permit with it does not match"
    )


def test_an_element_name_that_is_no_name_is_not_repeated():
    """Names of elements come from outside, too."""
    found = check(a_consent(a_rule("deny", **{"Taro Yamada": 1})))
    assert [each.field for each in found] == ["provision.?"]


def test_what_is_no_consent_is_one_problem_or_more_and_never_an_exception():
    """Bytes that are no JSON, JSON that is no object."""
    assert errors(b"{") == ["Consent"]
    assert "Consent" in errors([])
    assert "Consent" in errors({"resourceType": "Patient"})


@given(JSON)
def test_checking_is_total(junk):
    """Hostile JSON gives problems."""
    assert errors(junk)


@given(consents())
def test_what_passes_the_check_can_be_read(found):
    """No consent without an error becomes a deny for everything."""
    from consent.fhir import read

    if not errors(found):
        assert read(found).problem == ""
