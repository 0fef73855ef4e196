"""Change against the own past: never from days that were not worn, never from too few days, never from one odd day."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import BadInput
from risk.home_limits import MEASURES, standard
from risk.trends import change, weight_rules

TODAY = dt.date(2026, 5, 14)


def days(ages):
    return np.datetime64(TODAY, "D") - np.array(ages, dtype="timedelta64[D]")


def moved(measure, past, recent, *, worn=None, **options):
    """``past`` and ``recent`` are the values of the days of the two stretches, newest first."""
    trend = standard().trends[measure]
    ages = [*range(len(recent)), *range(trend.recent_days, trend.recent_days + len(past))]
    values = np.array([*recent, *past], dtype=np.float64)
    minutes = np.full(len(values), 900.0) if worn is None else np.array(worn, dtype=np.float64)
    return change(measure, days(ages), values, today=TODAY, worn_minutes=minutes, **options)


def test_fewer_steps_than_before_are_a_signal_with_values_limits_and_dates():
    """From 6,000 to 4,000 over two weeks, with the days that were counted."""
    found = moved("steps", [5900, 6000, 6100] * 10, [4000] * 14)
    assert (found.past, found.recent, found.change) == (6000, 4000, -2000)
    assert (found.past_days, found.recent_days, found.signal) == (30, 14, True)
    assert found.reason.ja == (
        "歩数 6000 → 4000 歩(-2000、ご自身の直近14日と以前の30日の中央値、目安 1500 歩以上の変化)2026-05-14"
    )
    assert "1500 steps or more" in found.reason.en


def test_days_in_a_drawer_do_not_count():
    """Fourteen days of nothing on an unworn watch are no fall to zero; they are no days at all."""
    found = moved("steps", [6000] * 30, [0] * 14, worn=[0] * 14 + [900] * 30)
    assert (found.enough, found.signal, found.recent_days) == (False, False, 0)


def test_a_day_worn_too_short_does_not_count():
    """599 minutes are below the least, 600 are enough."""
    assert moved("steps", [6000] * 30, [100] * 14, worn=[599] * 14 + [600] * 30).recent_days == 0
    assert moved("steps", [6000] * 30, [100] * 14, worn=[600] * 44).signal


def test_a_measure_of_a_worn_device_needs_the_worn_minutes():
    """Without them a drawer cannot be told from a bed."""
    with pytest.raises(BadInput) as caught:
        change("steps", days([0]), np.array([1.0]), today=TODAY)
    assert caught.value.field == "worn_minutes"
    assert not change("weight", days([0]), np.array([60.0]), today=TODAY).enough


@pytest.mark.parametrize(("past", "recent", "enough"), [(14, 7, True), (13, 7, False), (14, 6, False)])
def test_too_few_days_is_an_answer(past, recent, enough):
    """14 days before and 7 of the last 14 are the least for steps."""
    found = moved("steps", [6000] * past, [6000] * recent)
    assert found.enough is enough
    assert (found.past_days, found.recent_days) == (past, recent)


def test_one_odd_day_moves_nothing():
    """The middle value, not the mean: one day of 40,000 steps is one day."""
    assert not moved("steps", [6000] * 30, [*[6000] * 13, 40000]).notable
    assert moved("steps", [*[6000] * 29, 90000], [6000] * 14).change == 0


def test_a_person_with_a_restless_past_needs_a_larger_change():
    """The same change is notable against an even past and not against a wide one."""
    assert moved("steps", [6000] * 30, [4400] * 14).notable
    assert not moved("steps", [3000, 9000] * 15, [4400] * 14).notable


def test_a_small_change_of_an_even_past_is_not_notable():
    """The least difference counts too: 100 steps are no news."""
    assert not moved("steps", [6000] * 30, [5900] * 14).notable


def test_a_resting_rate_is_shown_and_is_no_signal_alone():
    """Trend display, no flag alone: the line is there, the signal is not."""
    found = moved("resting_heart_rate", [60] * 30, [70] * 7)
    assert (found.notable, found.signal) == (True, False)
    assert found.reason is not None


def test_a_day_after_today_is_not_counted():
    """The future is no evidence."""
    found = change("weight", days([-1, -2, -3]), np.array([60.0] * 3), today=TODAY)
    assert (found.recent_days, found.past_days) == (0, 0)


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        (("weight", days([0, 0]), np.array([60.0, 61.0])), "days"),
        (("weight", days([0, 1]), np.array([60.0])), "values"),
        (("mood", days([0]), np.array([60.0])), "measure"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns, field):
    """A day given twice, columns of different length, a measure that is not known."""
    with pytest.raises(BadInput) as caught:
        change(*columns, today=TODAY)
    assert caught.value.field == field


history = st.lists(
    st.tuples(st.integers(0, 90), st.integers(0, 20000), st.booleans()),
    max_size=60,
    unique_by=lambda day: day[0],
)


@settings(max_examples=60)
@given(rows=history, turn=st.randoms(), noise=st.integers(0, 100000))
def test_order_and_unworn_days_change_nothing(rows, turn, noise):
    """Days that were not worn may hold anything, in any order, and the answer is the same."""
    shuffled = [(age, value if worn else noise, worn) for age, value, worn in rows]
    turn.shuffle(shuffled)
    found = [
        change(
            "steps",
            days([age for age, _, _ in some]),
            np.array([value for _, value, _ in some], dtype=np.float64),
            today=TODAY,
            worn_minutes=np.array([900.0 if worn else 0.0 for _, _, worn in some]),
        )
        for some in (rows, shuffled, [row for row in rows if row[2]])
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("measure", MEASURES)
@settings(max_examples=20)
@given(shift=st.integers(-30, 30))
def test_only_the_difference_matters(measure, shift):
    """A level is not judged, the change is."""
    past, recent = [100.0, 101.0] * 14, [95.0] * standard().trends[measure].recent_days
    one = moved(measure, past, recent)
    two = moved(measure, [value + shift for value in past], [value + shift for value in recent])
    assert (one.change, one.notable, one.signal) == pytest.approx((two.change, two.notable, two.signal))


@pytest.mark.parametrize(
    ("ages", "kilograms", "gained"),
    [
        ([0, 7], [62.0, 60.0], True),
        ([0, 7], [61.9, 60.0], False),
        ([0, 8], [65.0, 60.0], None),
        ([0, 3, 7], [61.0, 59.0, 60.0], True),
        ([0], [62.0], None),
        ([], [], None),
    ],
)
def test_two_kilograms_gained_within_a_week(ages, kilograms, gained):
    """The latest weight against the lowest of the seven days before; one weight alone says nothing."""
    found = weight_rules(days(ages), np.array(kilograms), today=TODAY)
    assert found.gained is gained
    assert bool(found.reasons) is bool(gained)


@pytest.mark.parametrize(
    ("then", "now", "lost"),
    [
        ((183, 62.0), 60.0, True),
        ((183, 61.9), 60.0, False),
        ((213, 62.0), 60.0, True),
        ((214, 62.0), 60.0, None),
    ],
)
def test_two_kilograms_lost_in_six_months(then, now, lost):
    """J-CHS and checklist item 11, from the scale: about six months ago against this week."""
    found = weight_rules(days([then[0], 0]), np.array([then[1], now]), today=TODAY)
    assert found.lost is lost
    if lost:
        assert found.reasons[-1].ja == "6か月の体重減少 2.0 kg(目安 2 kg以上)2026-05-14"


def test_weights_without_their_days_are_refused():
    """Columns of different length."""
    with pytest.raises(BadInput, match="kilograms"):
        weight_rules(days([0, 1]), np.array([60.0]), today=TODAY)
