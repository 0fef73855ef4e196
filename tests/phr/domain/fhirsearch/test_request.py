"""A search as it is asked: which names it knows, what columns can decide of it, and how its matches are shown."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.fhirsearch import fits, parameter
from phr.domain.fhirsearch.criteria import Place, identified, referring
from phr.domain.fhirsearch.narrowing import observation_query, people_of
from phr.domain.fhirsearch.request import request
from phr.domain.fhirsearch.shaping import ordered, shape
from phr.domain.fhirsearch.statistics import FROM_DAYS, KNOWN, figures, known, of_days
from phr.errors import Invalid

PLACE = Place(ZoneInfo("Asia/Tokyo"), "http://here/fhir")


def asked(*pairs, kind="Observation", lenient=False):
    """The search of these parameters."""
    return request(kind, [tuple(one.split("=", 1)) for one in pairs], PLACE, lenient=lenient)


def test_everything_that_a_search_may_say_is_understood():
    """Criteria, chains, reverse chains, includes, order, size and shape, each where it belongs."""
    found = asked(
        "code=a", "date:missing=true", "subject:Patient.name=x", "patient.birthdate=1980", "derived-from:Observation.code=b",
        "_has:Provenance:target:agent=Practitioner/1", "_include=Observation:subject", "_include:iterate=Observation:*:Patient",
        "_revinclude=Provenance:target", "_sort=-date,code", "_count=7", "_total=accurate", "_summary=data", "_elements=code,status",
        "_format=application/fhir json", "_pretty=true", "_list=5",
    )  # fmt: skip
    assert [one.name for one in found.criteria] == ["code", "date"]
    assert [(one.of.name, one.kind, one.rest) for one in found.chains] == [
        ("subject", "Patient", ("name", "x")), ("patient", "Patient", ("birthdate", "1980")), ("derived-from", "Observation", ("code", "b")),
    ]  # fmt: skip
    assert [(one.kind, one.of.name, one.rest) for one in found.has] == [
        ("Provenance", "target", ("agent", "Practitioner/1"))
    ]
    assert [(one.kind, one.of and one.of.name, one.target, one.again) for one in found.includes] == [
        ("Observation", "subject", "", False), ("Observation", None, "Patient", True),
    ]  # fmt: skip
    assert [one.kind for one in found.revincludes] == ["Provenance"]
    assert [(one.of.name, one.descending) for one in found.sort] == [("date", True), ("code", False)]
    assert (found.count, found.total, found.summary, found.elements) == (
        7,
        "accurate",
        "data",
        ("code", "status"),
    )
    assert found.lists == ("5",)
    assert len(found.used) == 17


@pytest.mark.parametrize(
    "bad",
    [
        "_sort=subject", "_sort=nonsense", "_count=x", "_count=-1", "_total=some", "_summary=x", "_elements=a,b c", "_format=xml", "_pretty=1",
        "_include=Observation", "_include=Nothing:x", "_include=Observation:code", "_include=Observation:x", "_include=a:b:c:d",
        "_include:again=Observation:subject", "_count:iterate=1", "_list:x=1", "_has=1", "_has:x=1", "_has:Observation:code:x=1", "_has:Nothing:a:b=1",
        "subject.identifier=x", "code.name=x", "subject:Patient.nonsense=x", "patient:Practitioner.name=x", "subject:Patient.a.b.c.d=x", "_tag.x=1",
        "_has:Observation:patient:_has:Observation:patient:_has:Observation:patient:_has:Observation:patient:code=1", "code:x=1",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(bad):
    """Strict by default."""
    with pytest.raises(Invalid):
        asked(bad)


def test_a_search_of_what_is_no_type_or_of_too_much_is_refused():
    """Limits keep one search from becoming many."""
    with pytest.raises(Invalid):
        asked(kind="Nonsense")
    with pytest.raises(Invalid):
        asked(*["_include=Observation:subject"] * 13)


def test_a_lenient_search_leaves_out_names_that_it_does_not_know():
    """The self link then says what counted; a value that cannot be read is refused all the same."""
    found = asked("nonsense=1", "code=a", "code:bogus=b", lenient=True)
    assert found.used == (("code", "a"),)
    with pytest.raises(Invalid):
        asked("date=never", lenient=True)


def test_a_patient_that_is_named_is_no_longer_a_condition():
    """People are decided by their rows; what names a Patient in another way stays a condition."""
    assert people_of(asked("code=a"))[0] is None
    named, left = people_of(asked("patient=a,Patient/b", "subject=http://here/fhir/Patient/b", "code=c"))
    assert named == ("b",)
    assert [one.name for one in left.criteria] == ["code"]
    assert people_of(asked("subject:Patient=a"))[0] == ("a",)
    for other in (
        "subject=Group/1",
        "subject=http://there/x",
        "subject:identifier=x",
        "subject:missing=false",
        "performer=Patient/a",
    ):
        named, left = people_of(asked(other))
        assert named is None
        assert len(left.criteria) == 1
    assert people_of(asked("patient=a", kind="Provenance"))[0] is None, "whom it is about is not whose it is"
    assert people_of(asked("_id=a,b", "gender=male", kind="Patient"))[0] == ("a", "b")
    assert people_of(asked("_id:not=a", kind="Patient"))[0] is None


def test_plain_conditions_become_fields_and_stay_conditions():
    """Columns decide them for samples; documents are asked for all."""
    found = observation_query(
        asked(
            "code=a,urn:s|b", "category=c", "status=final", "date=ge2026", "_id=1,2", "_id=2,3", "code:text=x"
        ),
        9,
    )
    assert [[(one.system, one.code) for one in group] for group in found.codes] == [
        [(None, "a"), ("urn:s", "b")]
    ]
    assert (len(found.categories), len(found.statuses), len(found.dates)) == (1, 1, 1)
    assert (found.ids, found.count, found.descending, len(found.criteria)) == (("2",), 9, True, 7)
    assert not observation_query(asked("_sort=date"), 1).descending
    assert observation_query(asked(), 1).ids is None


def test_what_a_chain_found_becomes_a_condition():
    """By ids, or by references, relative or by our own address."""
    resource = {
        "resourceType": "Observation",
        "id": "o",
        "derivedFrom": [{"reference": "http://here/fhir/Observation/x"}],
    }
    of = parameter("Observation", "derived-from")
    assert fits([identified(["o"]), referring(of, {("Observation", "x")}, PLACE.base)], resource)
    assert not identified([]).fits(resource)
    assert not referring(of, {("Observation", "y")}, PLACE.base).fits(resource)


WHOLE = {
    "resourceType": "Observation", "id": "o", "meta": {"tag": [{"code": "t"}]}, "text": {"div": "x"}, "status": "final", "_status": {"id": "s"},
    "category": [], "code": {"text": "c"}, "valueQuantity": {"value": Decimal("6.30")}, "note": [{"text": "n"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("summary", "elements", "kept"),
    [
        ("true", (), {"status", "_status", "code", "valueQuantity"}), ("text", (), {"status", "_status", "code", "text"}),
        ("data", (), {"status", "_status", "code", "valueQuantity", "category", "note"}),
        ("", ("value",), {"status", "_status", "code", "valueQuantity"}), ("", ("note",), {"status", "_status", "code", "note"}),
    ],
)  # fmt: skip
def test_a_resource_of_which_parts_are_left_out_says_so(summary, elements, kept):
    """Mandatory elements, id and meta stay; the tag SUBSETTED joins those that were there."""
    made = shape(summary, elements)
    assert made is not None
    shown = made(WHOLE)
    assert set(shown) == kept | {"resourceType", "id", "meta"}
    assert [one["code"] for one in shown["meta"]["tag"]] == ["t", "SUBSETTED"]
    assert made({"resourceType": "Observation", "id": "p", "status": "final", "code": {}})["meta"]["tag"]


def test_without_a_wish_resources_are_shown_as_they_are():
    """Nothing is parsed where nothing is left out."""
    assert shape("", ()) is shape("false", ()) is shape("count", ()) is None


def test_the_order_has_several_keys_and_what_has_none_is_last():
    """Ascending and descending; dates, numbers, codes and texts."""
    found = [
        {"id": "1", "status": "b", "valueQuantity": {"value": Decimal(5)}, "valueString": "é"},
        {"id": "2", "status": "a", "valueQuantity": {"value": Decimal(10)}, "valueString": "F"},
        {
            "id": "3",
            "status": "a",
            "effectiveDateTime": "2026-01-01",
            "meta": {"profile": ["http://x"]},
            "valueQuantity": {},
        },
    ]

    def ids(*keys):
        return [
            one["id"] for one in ordered(found, asked(f"_sort={','.join(keys)}").sort, lambda one: one, PLACE)
        ]

    assert ids("status", "-value-quantity") == ["2", "3", "1"]
    assert ids("-value-quantity") == ["2", "1", "3"]
    assert ids("value-quantity") == ["1", "2", "3"]
    assert ids("-value-string") == ["2", "1", "3"]
    assert ids("date") == ids("-date") == ids("_profile") == ["3", "1", "2"]
    risks = [{"id": "a", "prediction": [{"probabilityDecimal": 1}]}, {"id": "b", "effectivePeriod": {}}]
    key = asked("_sort=probability", kind="RiskAssessment").sort
    assert [one["id"] for one in ordered(risks, key, lambda one: one, PLACE)] == ["a", "b"]
    strange = [{"id": "1", "effectivePeriod": {}}, {"id": "2", "effectiveDateTime": "2026"}]
    assert [one["id"] for one in ordered(strange, asked("_sort=date").sort, lambda one: one, PLACE)] == [
        "2",
        "1",
    ]


def test_the_statistics_are_those_of_a_hand_calculation():
    """Of 2, 4, 4, 4, 5, 5, 7, 9: mean 5, variance 32/7."""
    found = figures(KNOWN, np.array([2.0, 4, 4, 4, 5, 5, 7, 9]), 10)
    wanted = {
        "average": 5, "maximum": 9, "minimum": 2, "count": 8, "sum": 40, "median": 4.5, "variance": 32 / 7, "std-dev": (32 / 7) ** 0.5,
        "4-lower": 4, "4-upper": 5.5, "4-dev": 1.5, "20-percent": 4, "80-percent": 6.2, "5-1": 4, "5-2": 4, "5-3": 5, "5-4": 6.2,
        "total-count": 10,
    }  # fmt: skip
    assert {name: round(value, 9) for name, value in found.items()} == {
        name: round(value, 9) for name, value in wanted.items()
    }
    assert figures(["count", "average", "total-count"], np.array([]), 2) == {
        "count": 0,
        "average": None,
        "total-count": 2,
    }
    assert figures(["variance"], np.array([3.0]), 1) == {"variance": 0.0}


@given(st.lists(st.lists(st.integers(0, 200), min_size=1, max_size=5), min_size=1, max_size=5))
def test_sums_of_days_give_what_their_values_give(days):
    """Count, extremes, sum and mean of whole days are exact."""
    rows = [(len(day), float(min(day)), float(max(day)), float(sum(day))) for day in days]
    every = np.array([value for day in days for value in day], np.float64)
    assert of_days(sorted(FROM_DAYS), rows) == pytest.approx(figures(sorted(FROM_DAYS), every, 0))


def test_no_days_give_a_number_alone():
    """Of nothing there is no least and no greatest."""
    assert of_days(["count", "minimum"], []) == {"count": 0.0, "minimum": None}


def test_statistics_that_are_not_known_are_refused():
    """And each counts once."""
    assert known(["sum", "sum"]) == ("sum",)
    for bad in ([], ["mode"]):
        with pytest.raises(Invalid):
            known(bad)


def test_what_was_concluded_from_a_search_is_kept_with_it_and_not_with_its_copies():
    """A search that is asked again is not worked out again; one with other conditions is."""
    search = asked("patient=p1", "code=8867-4")
    named, left = people_of(search)
    assert people_of(search)[1] is left
    assert named == ("p1",)
    assert observation_query(left, 5) is observation_query(left, 5)
    assert observation_query(left, 6).count == 6
    assert observation_query(replace(left, criteria=()), 5).codes == ()
    assert people_of(replace(search, criteria=left.criteria))[0] is None


def test_the_address_of_a_search_holds_what_counts():
    """As it came, without what a lenient search left out."""
    assert asked().address == "Observation"
    assert asked("code=a b", "unknown=1", lenient=True).address == "Observation?code=a+b"
