"""Signals of many people at once: the same answer as one person after the other, whatever is missing."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.errors import BadInput
from risk.home_limits import MEASURES, standard
from risk.trend_columns import medians, signals, span, weight_signals, weight_span
from risk.trends import change, weight_rules

TODAY = dt.date(2026, 5, 14)
SCALES = {
    "weight": 60, "spo2": 96, "temperature": 36.5, "resting_heart_rate": 62, "steps": 6000, "sleep": 400,
}  # fmt: skip


def days(number):
    return np.datetime64(TODAY, "D") - np.arange(number).astype("timedelta64[D]")


@pytest.mark.parametrize("measure", MEASURES)
@given(seed=st.integers(0, 10_000), worn=st.booleans())
@settings(max_examples=25)
def test_a_table_of_people_gives_what_each_person_alone_gives(measure, seed, worn):
    """The table is only faster: same people, same signals, with gaps and days in a drawer."""
    rng = np.random.default_rng(seed)
    trend, number = standard().trends[measure], span(measure)
    moved = rng.normal(0, 2 * trend.change, (20, 1)) * (np.arange(number) < trend.recent_days)
    values = SCALES[measure] + moved + rng.normal(0, trend.floor, (20, number))
    values[rng.random(values.shape) < rng.choice([0.05, 0.4, 0.8], (20, 1))] = np.nan
    minutes = rng.choice([0.0, 599.0, 600.0, 900.0], values.shape) if worn or trend.worn else None
    found = signals(measure, values, worn_minutes=minutes)
    for row in range(20):
        alone = change(
            measure,
            days(number),
            values[row],
            today=TODAY,
            worn_minutes=None if minutes is None else minutes[row],
        )
        assert found[row] == alone.signal


@given(st.integers(0, 10_000))
@settings(max_examples=60)
def test_weights_of_many_people_give_what_each_alone_gives(seed):
    """Gain within a week and loss within six months, with most days missing."""
    rng = np.random.default_rng(seed)
    values = 60 + rng.choice([0.0, 1.0, 2.0, 3.0], (20, weight_span())) * rng.choice([-1, 1], (20, 1))
    values[rng.random(values.shape) < rng.choice([0.3, 0.8, 0.97], (20, 1))] = np.nan
    found = weight_signals(values)
    for row in range(20):
        alone = weight_rules(days(weight_span()), values[row], today=TODAY)
        assert found[row] == bool(alone.gained or alone.lost)


def test_a_change_for_the_better_is_no_signal():
    """Walking more is shown to the person; a nurse is not called for it."""
    trend = standard().trends["steps"]
    values = np.where(np.arange(span("steps")) < trend.recent_days, 9000.0, 6000.0)[None, :]
    worn = np.full(values.shape, 900.0)
    assert not signals("steps", values, worn_minutes=worn)[0]
    assert signals("steps", 15000 - values, worn_minutes=worn)[0]


def test_a_middle_value_leaves_gaps_out():
    """Even and odd numbers, and nothing at all."""
    table = np.array([[3.0, np.nan, 1.0], [5.0, 1.0, 2.0], [np.nan] * 3])
    np.testing.assert_array_equal(medians(table), [2.0, 2.0, np.nan])
    assert medians(np.empty((2, 0))).shape == (2,)


@pytest.mark.parametrize(
    ("measure", "shape", "worn", "field"),
    [
        ("naps", (1, 3), None, "measure"),
        ("weight", (1, 3), None, "values"),
        ("weight", (63,), None, "values"),
        ("steps", (1, 70), None, "worn_minutes"),
        ("steps", (1, 70), (1, 69), "worn_minutes"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(measure, shape, worn, field):
    """One clear error that names the column."""
    with pytest.raises(BadInput) as caught:
        signals(measure, np.zeros(shape), worn_minutes=None if worn is None else np.zeros(worn))
    assert caught.value.field == field


def test_a_table_of_weights_that_does_not_fit_is_refused():
    """As above."""
    with pytest.raises(BadInput):
        weight_signals(np.zeros((1, 3)))
