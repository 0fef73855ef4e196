"""At the evaluation a professional ticks the result, and never more than the measured values show."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from phr.domain.guidance.evaluation import Baseline, check_evaluation, improved_enough, reached, targets
from phr.domain.guidance.weeks import baseline_week, weeks_until
from phr.errors import Invalid
from tests.phr.domain.guidance.scenes import FINAL, FOURTH, THIRD, evaluated

BASE = Baseline(95.0, 80.0, 28.0)
DUE = date(2026, 9, 21)
SHARE = structs.replace(FOURTH, weight_share=structs.replace(FOURTH.weight_share, on=True))
SECOND = structs.replace(FOURTH, second_year=structs.replace(FOURTH.second_year, on=True))


@pytest.mark.parametrize(
    ("waist", "weight", "result"),
    [
        (93.0, 78.0, "full"),
        (93.0, 78.1, "part"),
        (93.1, 78.0, "part"),
        (94.0, 79.0, "part"),
        (94.1, 70.0, "none"),
        (None, 70.0, "none"),
        (90.0, None, "none"),
    ],
)
def test_both_waist_and_weight_must_be_lost(waist, weight, result):
    """2/2 and 1/1, and the limits themselves count."""
    assert reached(BASE, waist, weight, FOURTH) == result


def test_decimals_do_not_cost_a_result():
    """92.3 less 90.3 is 2.0, whatever binary numbers make of it."""
    assert reached(Baseline(92.3, 71.1), 90.3, 69.1, FOURTH) == "full"


def test_without_a_baseline_or_in_the_third_period_nothing_can_be_reached():
    """Unknown means no."""
    assert reached(Baseline(None, 80.0), 60.0, 60.0, FOURTH) == "none"
    assert targets(Baseline(90.0, None), FOURTH) == ()
    assert reached(BASE, 60.0, 60.0, THIRD) == "none"


def test_the_share_of_the_weight_is_off_until_it_is_confirmed():
    """FM: 2.4 % of 60 kg are 1.44, less than two."""
    light = Baseline(90.0, 60.0)
    assert reached(light, 88.5, 58.5, FOURTH) == "part"
    assert reached(light, 88.5, 58.5, SHARE) == "full"
    assert [one.result for one in targets(light, SHARE)] == ["full", "full", "part"]


@pytest.mark.parametrize(
    ("made", "field"),
    [
        ({"result": "full", "waist_cm": 94.0, "weight_kg": 79.0}, "result"),
        ({"result": "part"}, "result"),
        ({"waist_cm": 30.0}, "waist_cm"),
        ({"weight_kg": float("inf")}, "weight_kg"),
        ({"habits": ("diet", "diet")}, "habits"),
        ({"note": "x" * 2001}, "note"),
        ({"day": date(2026, 9, 20)}, "day"),
        ({"day": date(2027, 9, 20)}, "day"),
    ],
)
def test_an_evaluation_outside_the_rule_names_its_field(made, field):
    """Computed points would be worth nothing if the values could be wished."""
    with pytest.raises(Invalid) as error:
        check_evaluation(evaluated(**made), BASE, FOURTH, DUE, FINAL)
    assert error.value.field == field


def test_without_an_interview_there_is_nothing_to_evaluate():
    """The three months have not begun."""
    with pytest.raises(Invalid, match="day"):
        check_evaluation(evaluated(), BASE, FOURTH, None, FINAL)


@given(st.sampled_from(["none", "part", "full"]), st.floats(80, 100), st.floats(70, 90))
def test_less_than_the_values_show_may_always_be_ticked(result, waist, weight):
    """The professional judges: the software sets the upper bound and nothing else."""
    order = ("none", "part", "full")
    event = evaluated(result, waist_cm=waist, weight_kg=weight)
    if order.index(result) <= order.index(reached(BASE, waist, weight, FOURTH)):
        check_evaluation(event, BASE, FOURTH, DUE, FINAL)
    else:
        with pytest.raises(Invalid):
            check_evaluation(event, BASE, FOURTH, DUE, FINAL)


@pytest.mark.parametrize(
    ("before", "now", "enough"),
    [
        (Baseline(95.0, 80.0, 28.0), Baseline(94.0, 79.0), True),
        (Baseline(95.0, 80.0, 28.0), Baseline(94.0, 79.5), False),
        (Baseline(110.0, 95.0, 30.0), Baseline(109.0, 94.0), False),
        (Baseline(110.0, 95.0, 30.0), Baseline(108.0, 93.0), True),
        (Baseline(95.0, 80.0), Baseline(90.0, 70.0), False),
        (Baseline(95.0, None, 28.0), Baseline(90.0, 70.0), False),
    ],
)
def test_a_second_year_may_be_lighter_when_the_values_improved(before, now, enough):
    """FM: one centimetre and kilogram, two from a BMI of 30 on; only where it is switched on."""
    assert improved_enough(before, now, SECOND) == enough
    assert not improved_enough(before, now, FOURTH)
    assert not improved_enough(before, now, THIRD)


def test_the_weeks_say_how_many_days_were_measured():
    """R1-4: a mean of two days is not a mean of seven, and none is none."""
    values = {date(2026, 9, 28): 6000.0, date(2026, 10, 5): 8000.0, date(2026, 10, 4): 7000.0}
    weeks = weeks_until(values, FINAL)
    assert len(weeks) == 8
    assert (weeks[-1].first, weeks[-1].days, weeks[-1].mean) == (date(2026, 9, 29), 2, 7500.0)
    assert (weeks[-2].days, weeks[-2].mean) == (1, 6000.0)
    assert (weeks[0].days, weeks[0].mean) == (0, None)


def test_the_time_before_the_interview_is_one_stretch_of_four_weeks():
    """What was usual before, without the day of the interview itself."""
    values = {date(2026, 6, 20): 4000.0, date(2026, 5, 24): 6000.0, date(2026, 6, 21): 90000.0}
    found = baseline_week(values, date(2026, 6, 21))
    assert (found.first, found.days, found.mean) == (date(2026, 5, 24), 2, 5000.0)
