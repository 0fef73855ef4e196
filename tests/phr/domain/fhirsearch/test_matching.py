"""What each kind of search parameter means, over one resource: hl7.org/fhir/R4/search.html, with nothing of a server."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from phr.domain.fhirsearch import PARAMETERS, matches, parameter
from phr.domain.fhirsearch.definitions import load
from phr.domain.fhirsearch.escapes import cut, plain
from phr.domain.fhirsearch.numeric import decimal
from phr.domain.fhirsearch.references import local
from phr.domain.fhirsearch.texts import pairs, shown, strings
from phr.domain.fhirsearch.times import span
from phr.errors import Invalid

TOKYO = ZoneInfo("Asia/Tokyo")
UCUM = "http://unitsofmeasure.org"


def observation(**more):
    """An Observation with these elements."""
    return {"resourceType": "Observation", "id": "o", "status": "final", **more}


def quantity(value, code="mm[Hg]", **more):
    """A Quantity in UCUM."""
    return {"value": Decimal(value), "system": UCUM, "code": code, "unit": "shown", **more}


def holds(query, resource=None, kind="Observation", **elements):
    """Whether a resource matches, in the zone of the city."""
    return matches(kind, query, resource or observation(**elements), TOKYO, "http://here/fhir")


SAMPLED = {
    "origin": quantity(10, "mV"), "period": 10, "factor": Decimal("0.5"), "dimensions": 1, "data": "2 4 E 8 U L",
}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "value", "expected"),
    [
        ("5.4", "5.35", True), ("5.4", "5.4499", True), ("5.4", "5.45", False), ("5.4", "5.3499", False),
        ("ne5.4", "5.4", False), ("ne5.4", "6", True), ("gt120", "120", False), ("gt120", "120.1", True),
        ("lt120", "119.9", True), ("lt120", "120", False), ("ge120", "120", True), ("ge120", "119", False), ("le120", "120", True),
        ("le120", "121", False), ("sa120", "121", True), ("sa120", "120", False), ("eb120", "119", True), ("eb120", "120", False),
        ("ap100", "109.9", True), ("ap100", "111", False), ("ap100", "89", False), ("1e2", "96", True), ("1e2", "106", False),
        ("-5", "-5", True), ("lt-5", "-6", True), ("120||mm[Hg]", "120", True), ("120||shown", "120", True), ("120||kPa", "120", False),
        (f"120|{UCUM}|mm[Hg]", "120", True), (f"120|{UCUM}|", "120", True), ("120|urn:x|mm[Hg]", "120", False),
        (f"16|{UCUM}|kPa", "120", True), (f"gt15.99|{UCUM}|kPa", "120", True), (f"gt16|{UCUM}|kPa", "120", False),
        (f"120|{UCUM}|kg", "120", False), (f"120|{UCUM}|nonsense", "120", False), (f"lt200|{UCUM}|[degF]", "120", False),
    ],
)  # fmt: skip
def test_a_quantity_is_compared_by_its_digits_and_in_its_unit(query, value, expected):
    """Equality knows implicit precision, other prefixes none; units of UCUM are converted."""
    assert holds(f"value-quantity={query}", valueQuantity=quantity(value)) is expected


@pytest.mark.parametrize(
    ("value", "unit", "query"),
    [
        ("98.6", "[degF]", "37.0||"),
        ("37", "Cel", f"98.6|{UCUM}|[degF]"),
        ("70", "kg", f"154.32|{UCUM}|[lb_av]"),
    ],
)
def test_units_whose_zero_is_elsewhere_are_converted_too(value, unit, query):
    """98.6 degrees Fahrenheit are 37 degrees Celsius."""
    asked = query if unit != "[degF]" else f"37.0|{UCUM}|Cel"
    assert holds(f"value-quantity={asked}", valueQuantity=quantity(value, unit))


def test_a_logarithm_is_no_unit_to_convert():
    """Decibels do not grow in proportion."""
    assert not holds(f"value-quantity=1|{UCUM}|1", valueQuantity=quantity("3", "dB"))
    assert not holds(f"value-quantity=1|{UCUM}|{'k' * 70}", valueQuantity=quantity("3", "g"))


def test_another_system_than_ucum_is_never_converted():
    """Its codes mean what that system says."""
    stored = {"value": Decimal(5), "system": "urn:x", "code": "a"}
    assert holds("value-quantity=5|urn:x|a", valueQuantity=stored)
    assert not holds("value-quantity=5|urn:x|b", valueQuantity=stored)


@pytest.mark.parametrize(
    ("query", "expected"),
    [("gt13", True), ("gt14", False), ("lt12", True), ("lt11", False), ("ge14", True), ("le11", True), ("sa10", True), ("sa11", False),
     ("eb15", True), ("eb14", False), ("12.5", False), ("ap12", True), ("ne12", True)],
)  # fmt: skip
def test_sampled_data_are_searched_by_their_bounds(query, expected):
    """From 11 to 14 mV: the letters for errors and limits are no values."""
    assert holds(f"value-quantity={query}", valueSampledData=SAMPLED) is expected


@pytest.mark.parametrize(
    "stored",
    [
        {"valueSampledData": {**SAMPLED, "data": "E U"}}, {"valueSampledData": {**SAMPLED, "origin": None}}, {"valueQuantity": "120"},
        {"valueSampledData": {**SAMPLED, "origin": {"code": "mV"}}}, {"valueSampledData": {**SAMPLED, "factor": "x"}},
        {"valueQuantity": {"code": "mm[Hg]"}}, {"valueQuantity": {"value": True}}, {},
    ],
)  # fmt: skip
def test_what_holds_no_number_matches_none(stored):
    """A value that is missing or of the wrong type is never equal, greater or less."""
    assert not holds("value-quantity=ge-1000000", **stored)


def test_a_comparator_leaves_one_side_open():
    """Less than 5 may be anything below."""
    assert holds("value-quantity=lt1", valueQuantity=quantity("5", comparator="<"))
    assert not holds("value-quantity=gt6", valueQuantity=quantity("5", comparator="<="))
    assert holds("value-quantity=gt900", valueQuantity=quantity("5", comparator=">"))


CODE = {
    "coding": [{"system": "urn:s", "code": "a", "display": "Blood pressure"}, {"code": "b"}],
    "text": "Blutdruck",
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("code=a", True), ("code=b", True), ("code=c,a", True), ("code=urn:s|a", True), ("code=urn:s|b", False), ("code=|b", True),
        ("code=|a", False), ("code=urn:s|", True), ("code=urn:t|", False), ("code:not=a", False), ("code:not=c", True),
        ("code:not=c,a", False), ("code:text=blood", True), ("code:text=BLUT", True), ("code:text=druck", False),
        ("code:missing=false", True), ("code:missing=true", False), ("method:missing=true", True), ("method:not=x", True),
        ("status=final", True), ("status=http://hl7.org/fhir/observation-status|final", True), ("status=urn:x|final", False),
        ("_id=o", True), ("_id=O", False), ("code=a&code=b", True), ("code=a&code=c", False), ("method=x", False),
    ],
)  # fmt: skip
def test_a_token_is_a_system_and_a_code_of_one_coding(query, expected):
    """Comma is OR, repetition AND; a code without a system is any system's, a bare bar none's."""
    assert holds(query, code=CODE) is expected


def test_tokens_are_found_in_identifiers_contacts_and_booleans():
    """By value, with the system where it is named."""
    resource = {
        "resourceType": "Patient", "active": True, "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "a@b"}, None],
        "identifier": [{"system": "urn:i", "value": "7", "type": {"coding": [{"system": "urn:t", "code": "MR"}], "text": "Card"}}],
    }  # fmt: skip
    for query in (
        "active=true", "telecom=1", "phone=1", "email=a@b", "telecom=email|a@b", "identifier=7", "identifier=urn:i|7",
        "identifier:of-type=urn:t|MR|7", "identifier:text=card",
    ):  # fmt: skip
        assert holds(query, resource, "Patient"), query
    for query in (
        "active=false",
        "phone=a@b",
        "identifier=urn:j|7",
        "identifier:of-type=urn:t|MR|8",
        "identifier:of-type=urn:t|XX|7",
    ):
        assert not holds(query, resource, "Patient"), query
    assert not holds(
        "identifier:of-type=urn:t|MR|7", {"resourceType": "Patient", "identifier": ["7"]}, "Patient"
    )


PATIENT = {
    "resourceType": "Patient", "id": "p", "birthDate": "1980-05", "gender": "female",
    "name": [{"family": "Émile", "given": ["Hanako", "ヤマダ"], "use": "official"}], "address": [{"line": ["1-2"], "city": "Mito"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("family=emi", True), ("family=mil", False), ("family:contains=MIL", True), ("family:exact=Émile", True),
        ("family:exact=Emile", False), ("name=hana", True), ("name=ﾔﾏﾀﾞ", True), ("name=ヤマタ", False), ("name=official", False),
        ("address=mito", True), ("address=1-2", True), ("address-city=mito", True), ("birthdate=1980", True), ("birthdate=1980-05-01", False),
        ("birthdate=lt1981", True), ("gender=female", True), ("given=x,hanako", True), ("death-date:missing=true", True),
    ],
)  # fmt: skip
def test_names_are_found_from_their_beginning_without_accents(query, expected):
    """Kana keep their voicing; half width is the same as full width."""
    assert holds(query, PATIENT, "Patient") is expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("subject=p1", True), ("subject=Patient/p1", True), ("subject=http://here/fhir/Patient/p1", True), ("patient=p1", True),
        ("subject:Patient=p1", True), ("subject:Group=p1", False), ("subject=p2", False), ("subject:identifier=urn:i|9", True),
        ("subject:identifier=8", False), ("derived-from=Observation/o1", True), ("derived-from=o2", False),
        ("focus=http://elsewhere/x", True), ("focus=http://elsewhere/y", False), ("subject:missing=false", True),
    ],
)  # fmt: skip
def test_a_reference_is_found_by_id_type_address_or_identifier(query, expected):
    """A version in a stored reference is no part of what it refers to."""
    resource = observation(
        subject={"reference": "Patient/p1", "identifier": {"system": "urn:i", "value": "9"}},
        derivedFrom=[
            {"reference": "http://here/fhir/Observation/o1/_history/2"},
            {"display": "nothing"},
            "text",
        ],
        focus=[{"reference": "http://elsewhere/x"}],
    )
    assert holds(query, resource) is expected


def test_a_canonical_is_found_with_and_without_its_version():
    """The questionnaire of a response is a canonical, which is a text."""
    resource = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": "http://q/1|2",
        "subject": {"reference": "Group/g"},
    }
    assert holds("questionnaire=http://q/1", resource, "QuestionnaireResponse")
    assert holds("questionnaire=http://q/1%7C2", resource, "QuestionnaireResponse")
    assert not holds("questionnaire=http://q/2", resource, "QuestionnaireResponse")
    assert not holds("patient=g", resource, "QuestionnaireResponse"), "a Group is no Patient"


def test_a_profile_is_a_uri():
    """Compared whole; below and above by their beginning."""
    resource = observation(meta={"profile": ["http://x/a/b"], "source": "urn:s"})
    assert holds("_profile=http://x/a/b&_source=urn:s", resource)
    assert not holds("_profile=http://x/a", resource)
    assert holds("_profile:below=http://x/a", resource)
    assert holds("_profile:above=http://x/a/b/c", resource)
    assert not holds("_profile:above=http://x/c", resource)


def test_the_halves_of_a_composite_hold_in_one_place():
    """Systolic above 140 is not met by a diastolic of 150."""
    parts = [
        {"code": {"coding": [{"code": "sys"}]}, "valueQuantity": quantity("118")},
        {"code": {"coding": [{"code": "dia"}]}, "valueQuantity": quantity("150")},
    ]
    resource = observation(code={"coding": [{"code": "bp"}]}, component=parts)
    assert holds("component-code-value-quantity=sys$lt120", resource)
    assert not holds("component-code-value-quantity=sys$gt140", resource)
    assert holds("component-code-value-quantity=sys$gt140,dia$gt140", resource)
    assert holds("combo-code-value-quantity=dia$150", resource)
    assert not holds("code-value-quantity=bp$gt1", resource)
    assert holds(
        "combo-value-quantity=118&component-value-quantity=118&combo-code=bp,x&component-code=sys", resource
    )


@pytest.mark.parametrize(
    ("query", "stored"),
    [
        ("value-string=hel", {"valueString": "Hello"}), ("value-string=go", {"valueCodeableConcept": {"text": "Good"}}),
        ("code-value-string=x$hel", {"valueString": "Hello", "code": {"coding": [{"code": "x"}]}}),
        ("value-date=2026", {"valueDateTime": "2026-01-02"}), ("value-date=ge2026", {"valuePeriod": {"start": "2026-05-01"}}),
        ("date=2026-06-10", {"effectiveTiming": {"event": ["2026-06-10T01:00:00Z", "2026-06-10"]}}),
        ("date=2026-06", {"effectiveTiming": {"repeat": {"boundsPeriod": {"start": "2026-06-02", "end": "2026-06-03"}}}}),
        ("date=le2020", {"effectivePeriod": {"end": "2021-01-01"}}), ("value-string=a%5C%2Cb", {"valueString": "a,b"}),
        ("data-absent-reason=unknown", {"dataAbsentReason": {"coding": [{"code": "unknown"}]}}),
    ],
)  # fmt: skip
def test_each_form_of_a_value_has_its_parameter(query, stored):
    """Text, concepts, dates, periods, timings and reasons."""
    assert holds(query, **stored)


def test_a_time_that_names_nothing_is_no_time():
    """A period without ends, a timing without events, a year that no calendar here holds."""
    for stored in ({}, {"event": []}, {"repeat": "daily"}, {"start": 5}, "0001", 7):
        assert span(stored, TOKYO) is None
    assert not holds("date=ne2026", effectivePeriod={})


def test_a_number_is_a_number():
    """The probability of a prediction."""
    resource = {
        "resourceType": "RiskAssessment",
        "prediction": [{"probabilityDecimal": Decimal("0.25")}, {"probabilityDecimal": "x"}],
    }
    assert holds("probability=gt0.2&probability=0.25", resource, "RiskAssessment")
    assert not holds("probability=gt0.3", resource, "RiskAssessment")
    assert (decimal(2), decimal(0.5), decimal(True), decimal("2")) == (Decimal(2), Decimal("0.5"), None, None)


@pytest.mark.parametrize(
    "query",
    [
        "nonsense=1", "code:in=x", "code:bogus=x", "code=", "code=a,", "code=a|b|c", "code=|", "date=x", "date:not=2026", "value-quantity=x",
        "value-quantity=5|mm", "value-quantity=1e999", "subject=a/b/c", "subject:Practitioner=x", "patient=Group/g", "subject:Group=Patient/p",
        "component-code-value-quantity=a", "component-code-value-quantity=a$1$2", "component-code-value-quantity:missing=true",
        "code:missing=yes", "identifier:of-type=a|b", "_id=%ff", "&".join(["code=1"] * 101), "focus=a b", "value-quantity=5||",
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(query):
    """A wrong result is worse than an error."""
    if query == "value-quantity=5||":
        assert holds(query, valueQuantity=quantity("5"))
        return
    with pytest.raises(Invalid):
        holds(query)


def test_another_type_never_matches_and_an_unknown_one_is_refused():
    """A scope for Observations lets no Patient through."""
    assert not matches("Observation", "status=final", {"resourceType": "Flag", "status": "final"}, TOKYO)
    with pytest.raises(Invalid):
        parameter("Nonsense", "code")


@pytest.mark.parametrize(
    "text",
    [
        '[any]\nx = { type = "token", paths = ["a..b"] }', '[any]\nx = { type = "strange", paths = ["a"] }',
        '[any]\nx = { type = "composite", parts = [["token", "a"]] }',
    ],
)  # fmt: skip
def test_a_broken_table_is_refused_when_it_is_read(text):
    """What the table says is checked on load."""
    with pytest.raises(ValueError, match=r"parameters\.toml"):
        load(text)


def test_every_type_has_the_parameters_that_all_types_have():
    """And every reference names what it may lead to, or may lead anywhere."""
    for kind, table in PARAMETERS.items():
        assert {"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source"} <= set(table), kind
    assert len(PARAMETERS["Observation"]) > 40


def test_escapes_and_small_parts():
    """A backslash stands before a separator, else for itself."""
    assert cut(r"a\,b,c\\,d", ",") == [r"a\,b", r"c\\", "d"]
    assert plain(r"a\,b\|c\$d\\e\f") == r"a,b|c$d\e\f"
    assert local(5) is None
    assert list(pairs(5, "")) == list(pairs({"coding": ["x", {"code": 5}, {"display": "d"}]}, "")) == []
    assert list(shown("x")) == list(strings(5)) == []
    assert list(shown({"coding": [{"code": "x"}]})) == []
