"""Food against a plan: nothing counted twice, half days not averaged, gaps not zeros, and one careful notice about fat."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.nutrition import NUTRIENTS, OCCASIONS, Eaten, Food, Plan, eaten, fat_above_plan, occasion_of, week
from risk.nutrition_targets import standard

MAN = standard().of(55, "M")
VALUES = st.dictionaries(st.sampled_from(NUTRIENTS), st.floats(0, 2000), max_size=6)
FOODS = st.lists(
    st.builds(Food, st.sampled_from(OCCASIONS), st.sampled_from(["a", "b", "c"]), VALUES), max_size=12
)


def food(occasion="lunch", source="typed", **values):
    return Food(occasion, source, values)


@pytest.mark.parametrize(
    ("hour", "name"),
    [
        (3, "snack"), (4, "breakfast"), (9, "breakfast"), (10, "lunch"), (14, "lunch"), (15, "snack"), (16, "snack"),
        (17, "dinner"), (21, "dinner"), (22, "snack"),
    ],
)  # fmt: skip
def test_a_food_without_a_name_of_its_meal_belongs_to_the_meal_of_its_hour(hour, name):
    """The hour at the person's place."""
    assert occasion_of(hour) == name


def test_two_apps_that_repeat_one_lunch_count_once():
    """Of one occasion the source that tells most of it; the dinner of the other app still counts."""
    day = eaten(
        [
            food(energy=500, fat=20),
            food(energy=100),
            food(source="app", energy=600, fat=22),
            food("dinner", "app", energy=700, fat=30),
        ]
    )
    assert day.totals == {"energy": 1300, "fat": 50}
    assert day.occasions == ("lunch", "dinner")


def test_a_share_uses_only_foods_that_tell_both_and_says_which_totals_are_partly_known():
    """A food of which only the energy is known would make the day look lean."""
    day = eaten([food(energy=900, fat=30), food(energy=900)])
    assert day.shares["fat"] == pytest.approx(30)
    assert day.totals["fat"] == 30
    assert day.partly == {"fat"}


def test_a_day_without_numbers_is_empty():
    """A food that tells nothing is no occasion either."""
    assert eaten([food()]) == Eaten()
    assert eaten([food(fat=0, energy=0)]).shares == {}


@given(FOODS)
def test_no_total_is_more_than_all_foods_and_none_is_less_than_the_best_single_source(foods):
    """Never the sum of what two sources repeat, never less than one of them."""
    day = eaten(foods)
    for name, total in day.totals.items():
        assert total <= sum(one.values.get(name, 0) for one in foods) + 1e-6
    assert all(share >= 0 for share in day.shares.values())
    assert eaten(reversed(foods)).totals == pytest.approx(day.totals)


@given(FOODS, FOODS)
def test_the_order_of_days_does_not_change_a_week(one, other):
    """Means are means."""
    days = [eaten(one), eaten(other)]
    assert week(days, standard()) == week(days[::-1], standard())


def test_days_with_one_meal_are_no_days_of_the_mean_and_gaps_are_no_zeros():
    """2000 and 1800 kcal on two days, a biscuit on a third, and four days of nothing."""
    full = [
        eaten([food(energy=1200), food("dinner", energy=800)]),
        eaten([food(energy=1000), food("dinner", energy=800)]),
    ]
    found = week([*full, eaten([food("snack", energy=90)]), *[Eaten()] * 4], standard())
    assert (found.days, found.means) == (2, {"energy": 1900})
    assert week([], standard()).means == {}


@pytest.mark.parametrize(
    ("fat", "plan", "said"),
    [
        (73.3, Plan(), False),  # 33.0 percent of 2000 kcal: the margin itself says nothing yet
        (73.4, Plan(), True),
        (60, Plan(fat=25), False),  # 27 percent, planned 25
        (63, Plan(fat=25), True),
        (61.1, Plan(energy=2000, fat=25), False),  # 55.6 g planned
        (61.2, Plan(energy=2000, fat=25), True),
        (80, Plan(energy=2400), False),  # 30 percent of the standard: 80 g
    ],
)
def test_fat_is_spoken_of_only_clearly_above_the_plan(fat, plan, said):
    """The plan of the nurse comes before the standard; kcal make grams of it."""
    day = eaten([food(energy=1000, fat=fat / 2), food("dinner", energy=1000, fat=fat / 2)])
    assert fat_above_plan(day, plan, MAN, standard()) is said


def test_one_meal_says_nothing_yet_and_a_child_has_no_standard():
    """A lunch alone is no day; without a target and without a plan there is nothing to be above."""
    lunch = eaten([food(energy=500, fat=50)])
    both = eaten([food(energy=500, fat=50), food("dinner", energy=500, fat=50)])
    assert not fat_above_plan(lunch, Plan(), MAN, standard())
    assert fat_above_plan(both, Plan(), MAN, standard())
    assert not fat_above_plan(both, Plan(), standard().of(12, "M"), standard())
    assert not fat_above_plan(
        eaten([food(energy=500), food("dinner", energy=1)]), Plan(energy=2000), MAN, standard()
    )
