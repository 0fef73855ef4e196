"""Fraud signals: each line on both sides, and a file that is checked when it is read."""

from importlib.resources import files
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.fraud import SIGNALS, FraudRulesError, load_fraud_rules, parse_fraud_rules, signals_of
from phr.domain.samples import Columns

RULES = load_fraud_rules()
TEXT = files("phr.domain").joinpath("fraud.toml").read_text("utf-8")
MINUTE = 60_000_000
MIDNIGHT = 20_000 * 24 * 60 * MINUTE


def steps(values, *, start=9 * 60, minutes=1, gap=0):
    """Rows of so many minutes, one after the other, from a minute of the day on."""
    n = len(values)
    return Columns(
        MIDNIGHT + (start + np.arange(n, dtype=np.int64) * (minutes + gap)) * MINUTE,
        MappingProxyType({"value": np.asarray(values, np.float64)}),
        np.full(n, 32400, np.int32),
        np.zeros(n, np.uint8),
        np.full(n, minutes * MINUTE, np.int64),
    )


def found(columns):
    return signals_of(columns, MIDNIGHT, RULES)


def living(n, mean=100, seed=3):
    return np.random.default_rng(seed).uniform(0.6, 1.4, n) * mean


def test_the_same_pace_for_two_hours_is_a_signal_and_for_less_it_is_none():
    """6.3: constant cadence for more than two hours; a pendulum makes about 67 steps a minute."""
    assert found(steps([67.0] * 120)) == ("steady",)
    assert found(steps([67.0] * 119)) == ()


@pytest.mark.parametrize(("spread", "expected"), [(0.019, ("steady",)), (0.021, ())])
def test_a_spread_of_two_percent_is_the_line(spread, expected):
    """6.3: coefficient of variation below 2 %."""
    assert found(steps([100 * (1 + spread), 100 * (1 - spread)] * 60)) == expected


def test_a_swing_inside_a_living_day_is_found_wherever_it_begins():
    """The window slides: an honest walk before and after hides nothing."""
    assert found(steps([*living(77), *([67.0] * 125), *living(50, seed=4)])) == ("steady",)


def test_slow_rows_and_few_rows_are_no_pace():
    """Nearly standing still is not a machine; eight rows of a quarter of an hour are the fewest that tell."""
    assert found(steps([20.0] * 200)) == ()
    assert found(steps([67.0 * 15] * 8, minutes=15)) == ("steady",)
    assert found(steps([67.0 * 30] * 8, minutes=30)) == ()


def test_a_break_ends_a_walk():
    """Two steady hours that are not one stretch are two shorter walks."""
    one = steps([67.0] * 100)
    two = steps([67.0] * 100, start=12 * 60)
    both = Columns(
        np.concatenate([one.start, two.start]),
        {"value": np.concatenate([one.channels["value"], two.channels["value"]])},
        np.concatenate([one.offset, two.offset]),
        np.concatenate([one.quality, two.quality]),
        np.concatenate([one.duration, two.duration]),
    )
    assert found(both) == ()


def test_ten_minutes_above_what_people_walk_are_a_signal():
    """6.3: more than 220 a minute for ten minutes."""
    assert found(steps(living(10, 222, 1) * 0 + 221)) == ("fast",)
    assert found(steps([220.0] * 10)) == ()
    assert found(steps([300.0] * 9)) == ()


def test_walking_through_the_whole_night_is_a_signal_and_a_late_walk_is_none():
    """6.3: steps at impossible hours; every hour from midnight to five."""
    night = living(300, 40, 5)
    assert found(steps(night, start=0)) == ("night",)
    night[60:120] = 0
    assert found(steps(night, start=0)) == ()


def test_rows_without_a_duration_tell_nothing():
    """Unknown is not suspicious: a day's sum in one row has no pace."""
    one = steps([9000.0], minutes=1)
    assert found(Columns(one.start, one.channels, one.offset, one.quality, None)) == ()
    assert found(steps([9000.0], minutes=24 * 60)) == ()
    assert found(steps([0.0] * 200)) == ()


@given(st.lists(st.floats(0, 500), min_size=1, max_size=300), st.integers(0, 600))
def test_any_day_gives_known_signals_each_once(values, start):
    """Total: whatever the values, an answer of known words."""
    told = found(steps(values, start=start))
    assert len(set(told)) == len(told)
    assert set(told) <= set(SIGNALS)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("[fine] ", "[fine", "TOML"),
        ("[twin] ", "[double] ", "file"),
        ("per_minute = 220", "per_second = 220", "fast"),
        ("per_minute = 220", "per_minute = true", "fast.per_minute"),
        ("variation = 0.02", "variation = 0.9", "steady.variation"),
        ("first_hour = 0", "first_hour = 9", "night"),
    ],
)
def test_a_file_with_a_mistake_is_refused_as_a_whole(old, new, place):
    """Checked on load: the place is named."""
    assert old in TEXT
    with pytest.raises(FraudRulesError, match=place.replace(".", r"\.")):
        parse_fraud_rules(TEXT.replace(old, new, 1))


def test_a_table_must_be_a_table():
    """A plain value in its place is refused."""
    text = TEXT[: TEXT.index("[twin]")].replace("# Signals", "twin = 1\n# Signals", 1)
    with pytest.raises(FraudRulesError, match="twin"):
        parse_fraud_rules(text)
