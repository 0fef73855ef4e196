"""The table of FHIR types: what it says is checked when it is read, and every rule about it follows from it."""

from __future__ import annotations

import pytest

from consent.categories import CATEGORIES
from phr.domain.documents import category_of_observation, describe, filed, subject_of
from phr.domain.fhir.rules import may_write, writing_purpose
from phr.domain.fhir.texts import parse_any
from phr.domain.fhir.types import DIRECTORY, INTERACTIONS, UNCLASSIFIED, kinds, load, writable
from phr.errors import Invalid
from tests.phr.domain.test_documents import TOKYO, observation


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"served": "documents"},
        {"served": "somewhere", "category": "x"},
        {"served": "documents", "category": "x", "colour": 1},
        {"served": "documents", "category": "x", "without": ["fly"]},
    ],
)
def test_a_row_that_says_too_little_or_too_much_is_refused(row):
    with pytest.raises(ValueError, match="Flag"):
        load({"Flag": row})


def test_every_type_stands_under_a_consent_or_under_a_door_of_its_own():
    """A category that nobody knows would be a type that nobody guards."""
    own = {"by-code", "by-target", UNCLASSIFIED, DIRECTORY, "identity", "consent", "audit", "subscription"}
    for kind in kinds().values():
        assert kind.category in own | set(CATEGORIES), kind.name
        if kind.category in CATEGORIES or kind.category.startswith("by-"):
            assert kind.person, kind.name
        assert set(kind.interactions) <= set(INTERACTIONS)


def test_only_what_is_created_is_writable():
    assert writable("Condition")
    assert not writable("AuditEvent")
    assert not writable("Basic")


@pytest.mark.parametrize(
    ("kind", "role", "purpose", "category", "may"),
    [
        ("Condition", "resident", "self", "checkup", True),
        ("Condition", "resident", "collect", "checkup", True),
        ("Condition", "nurse", "guidance", "checkup", True),
        ("Condition", "nurse", "risk", "checkup", False),
        ("Condition", "registrar", "register", "checkup", False),
        ("Condition", "researcher", "research-identifiable", "checkup", False),
        ("Condition", "gateway", "collect", "checkup", False),
        ("Flag", "resident", "self", "guidance", False),
        ("Flag", "nurse", "guidance", "guidance", True),
        ("Organization", "resident", "self", DIRECTORY, False),
        ("Organization", "registrar", "register", DIRECTORY, True),
        ("Organization", "operator", "operate", DIRECTORY, True),
    ],
)
def test_who_may_write_what(kind, role, purpose, category, may):
    """Staff the directory, nurses guidance, whoever collects what is about a person."""
    assert may_write(kinds()[kind], role, purpose, category) is may


def test_what_a_person_sends_and_what_was_measured_is_collected():
    assert writing_purpose("Condition", "resident", "self") == "collect"
    assert writing_purpose("Observation", "nurse", "guidance") == "collect"
    assert writing_purpose("Flag", "nurse", "guidance") == "guidance"


def test_what_no_consent_knows_is_filed_for_its_person_alone_or_in_the_directory():
    strange = describe(observation(code={"text": "only text"}), TOKYO, lambda: "n")
    assert filed(strange) == UNCLASSIFIED
    assert filed(describe(observation(), TOKYO, lambda: "n")) == "heart"
    assert filed(describe({"resourceType": "Device"}, TOKYO, lambda: "n")) == DIRECTORY
    mine = {"resourceType": "Device", "patient": {"reference": "Patient/p"}}
    assert filed(describe(mine, TOKYO, lambda: "n")) == UNCLASSIFIED


def test_the_kind_of_an_observation_is_read_before_it_is_validated():
    assert category_of_observation(observation()) == "heart"
    assert category_of_observation({"code": {"coding": 5}}) is None
    assert category_of_observation({"code": 5}) is None
    assert category_of_observation({}) is None


def test_a_resource_is_about_one_person():
    """References to a version count; those to another server, or to other types, are nobody's here."""
    target = {
        "resourceType": "Provenance",
        "target": [{"reference": "Patient/a/_history/2"}, {"reference": "Goal/g"}, 5],
    }
    assert subject_of(target) == "a"
    with pytest.raises(Invalid):
        subject_of(
            {"resourceType": "Provenance", "target": [{"reference": "Patient/a"}, {"reference": "Patient/b"}]}
        )
    assert subject_of(observation(subject={"reference": "https://elsewhere.example/fhir/Patient/a"})) == ""


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 5000, b"1e999", b"1" * 500 + b".5"])
def test_what_is_no_json_is_one_error(text):
    with pytest.raises(Invalid):
        parse_any(text)


@pytest.mark.parametrize("name", ["status__ext", "for_fhir", "fhir_comments", "Status"])
def test_the_library_s_own_spellings_are_no_members_of_fhir(name):
    """Taken, they would be stored as they came and be no valid resource for anybody else."""
    extra = (
        {name: {"extension": [{"url": "urn:x", "valueCode": "y"}]}}
        if name != "fhir_comments"
        else {name: ["x"]}
    )
    with pytest.raises(Invalid):
        describe(observation(**extra), TOKYO, lambda: "n")
