"""A nutrition plan is a valid FHIR NutritionOrder, comes back as it went, and refuses what nobody plans."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import orjson
import pytest
from fhir.resources.R4B.nutritionorder import NutritionOrder
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.documents import dump
from phr.domain.nutrition_plan import RANGES, order, plan_id, planned
from phr.errors import Invalid

AT = datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)
PERSON = UUID(int=7)
PLANS = st.fixed_dictionaries({}, optional={name: st.floats(*ends) for name, ends in RANGES.items()})


@given(PLANS)
def test_any_plan_is_valid_fhir_and_comes_back_as_it_went(plan):
    """An empty plan ends the one before it."""
    made = order(PERSON, "p-1", plan, AT, "Organization/city-health")
    text = dump(made)
    assert NutritionOrder.model_validate_json(text).status == ("active" if plan else "revoked")
    assert planned(orjson.loads(text)) == plan


@pytest.mark.parametrize("name", RANGES)
def test_both_ends_of_a_range_are_allowed_and_beyond_is_refused_by_name(name):
    """25 percent written as 2500 is a slip of the finger."""
    low, high = RANGES[name]
    for value in (low, high):
        order(PERSON, "p-1", {name: value}, AT, "c")
    for value in (low - 0.1, high + 0.1, float("nan")):
        with pytest.raises(Invalid) as refused:
            order(PERSON, "p-1", {name: value}, AT, "c")
        assert refused.value.field == name


def test_an_unknown_item_is_refused_and_its_name_is_not_repeated():
    """Unknown means no."""
    with pytest.raises(Invalid) as refused:
        order(PERSON, "p-1", {"山田": 3}, AT, "c")
    assert refused.value.field == "plan"


def test_what_another_system_adds_to_a_plan_is_left_alone():
    """Only the items that we know are read."""
    other = {"modifier": {"coding": [{"system": "urn:x", "code": "zinc"}]}, "amount": {"value": 8}}
    assert planned({"status": "active", "oralDiet": {"nutrient": [other]}}) == {}


def test_a_person_has_one_plan():
    """Its id depends on the person alone."""
    assert plan_id(PERSON) == plan_id(UUID(int=7)) != plan_id(uuid4())
