"""Google Health food and drink: what a food holds by channel, foods of one meal kept apart, and nothing guessed."""

import json
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.files import google_health
from ingest.files.google_bodies import SALT_OF_SODIUM

TOKYO = ZoneInfo("Asia/Tokyo")
SOURCE = {"recordingMethod": "MANUAL", "platform": "FITBIT"}
SPAN = {
    "startTime": "2026-06-10T03:00:00Z",
    "startUtcOffset": "32400s",
    "endTime": "2026-06-10T03:00:01Z",
    "endUtcOffset": "32400s",
}


def food(name="ごはん", **more):
    return {"dataSource": SOURCE, "nutritionLog": {"interval": SPAN, "foodDisplayName": name, **more}}


def decode(*points):
    return google_health.decode(json.dumps({"dataPoints": list(points)}).encode(), zone=TOKYO)


def grams(**amounts):
    return [{"nutrient": name, "quantity": {"grams": amount}} for name, amount in amounts.items()]


def test_a_food_gives_energy_and_the_masses_of_a_label():
    """Sodium comes as grams of sodium; the label and the intake standards count salt."""
    (found,), rejects = decode(
        food(
            energy={"kcal": 420},
            totalFat={"grams": 8.5},
            totalCarbohydrate={"grams": 69.1},
            nutrients=grams(PROTEIN=14.2, SODIUM=0.9, DIETARY_FIBER=4.1, SUGAR=3),
        )
    )
    assert rejects == []
    assert found.code == "meal"
    assert {name: round(float(column[0]), 4) for name, column in found.channels.items()} == {
        "energy": 420.0,
        "protein": 14.2,
        "fat": 8.5,
        "carbohydrate": 69.1,
        "salt": round(0.9 * SALT_OF_SODIUM, 4),
        "fibre": 4.1,
    }


def test_what_a_food_does_not_tell_is_absent_and_what_is_omitted_is_zero():
    """proto3 leaves a zero out: a present quantity without a number is none, an absent one is unknown."""
    (found,), _ = decode(food(energy={"kcal": 90}, totalFat={}))
    known = {name: float(column[0]) for name, column in found.channels.items() if np.isfinite(column[0])}
    assert known == {"energy": 90.0, "fat": 0.0}


def test_a_food_without_any_number_is_counted_and_not_stored():
    """A name alone says nothing that could be added up, and the count does not repeat it."""
    series, rejects = decode(food(name="とんかつ"))
    assert series == []
    assert [(one.reason, one.field) for one in rejects] == [("no-value", "dataPoints[0].nutritionLog.kcal")]


def test_two_foods_of_one_moment_are_two_records():
    """Else the second would be a conflict of the first, and half of a meal would vanish."""
    (found,), _ = decode(food("ごはん", energy={"kcal": 250}), food("みそ汁", energy={"kcal": 40}))
    assert len(set(found.start.tolist())) == 2
    assert {start // 1_000_000 for start in found.start.tolist()} == {1_781_060_400}
    assert (found.start + found.duration).tolist() == [1_781_060_401_000_000] * 2


@given(st.permutations([("a", 1), ("b", 2), ("c", 3), ("d", 4)]), st.integers(0, 4))
def test_foods_come_out_the_same_in_any_order_and_any_paging(foods, cut):
    """A food is known by its name and meal, not by its place."""

    def rows(part):
        series, _ = decode(*(food(name, energy={"kcal": amount}) for name, amount in part))
        return {
            (start, value)
            for one in series
            for start, value in zip(one.start.tolist(), one.channels["energy"].tolist(), strict=True)
        }

    assert rows(foods[:cut]) | rows(foods[cut:]) == rows(sorted(foods))


def test_the_same_food_with_another_amount_keeps_its_place():
    """An amount that was corrected later replaces the first and does not stand beside it."""
    (first,), _ = decode(food(energy={"kcal": 250}))
    (second,), _ = decode(food(energy={"kcal": 125}))
    assert first.start.tolist() == second.start.tolist()


def test_water_comes_as_millilitres():
    """Whatever unit the account shows."""
    amount = {"milliliters": 473.176, "userProvidedUnit": "FLUID_OUNCE_US"}
    (found,), rejects = decode(
        {"dataSource": SOURCE, "hydrationLog": {"interval": SPAN, "amountConsumed": amount}}
    )
    assert (found.code, found.channels["value"].tolist(), rejects) == ("8999-5", [473.176], [])


@pytest.mark.parametrize("body", [{"energy": 5}, {"nutrients": {"PROTEIN": 3}}, {"totalFat": {"grams": "x"}}])
def test_a_food_of_the_wrong_shape_costs_only_itself(body):
    """The refusal names the place."""
    (found,), rejects = decode(food(energy={"kcal": 100}), food(**body))
    assert len(found) == 1
    assert [one.reason for one in rejects] == ["bad-value"]
    assert rejects[0].field.startswith("dataPoints[1].nutritionLog")
