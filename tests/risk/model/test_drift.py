"""Drift: the index is zero for the same people, grows with the difference, and says when there are too few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.model.artifact import shipped
from risk.model.drift import ACT, ENOUGH, WATCH, reference, shares, stability, watch
from risk.model.people import read
from tests.risk.model.build import columns

SHARES = st.lists(st.floats(0.001, 1), min_size=4, max_size=4).map(lambda raw: np.array(raw) / sum(raw))


@given(SHARES, SHARES)
def test_the_index_is_never_negative_and_the_same_both_ways(a, b):
    """Zero only for equal shares."""
    assert stability(a, b) >= 0
    assert stability(a, b) == pytest.approx(stability(b, a))
    assert stability(a, a) == 0


def test_an_empty_bin_is_a_small_share():
    """Not an endless index."""
    assert np.isfinite(stability(np.array([0.5, 0.5]), np.array([1.0, 0.0])))


def test_shares_put_an_edge_into_the_bin_above_and_the_missing_last():
    """By hand."""
    assert shares(np.array([1.0, 2.0, 3.0, np.nan]), np.array([2.0])).tolist() == [0.25, 0.5, 0.25]


def levels(people, expected):
    return {found.input: found.level for found in watch(people, expected)}


def test_the_same_people_are_steady_and_older_people_call_for_action():
    """One input moves, the others do not."""
    given_columns = columns(3000)
    expected = reference(read(given_columns, 3000))
    again = columns(3000, seed=9)
    assert set(levels(read(again, 3000), expected).values()) == {"steady"}
    again["age"] = np.minimum(again["age"] + 15, 79)
    found = levels(read(again, 3000), expected)
    assert found.pop("age") == "act"
    assert set(found.values()) == {"steady"}


def test_a_small_shift_is_watched():
    """Between the two thresholds."""
    given_columns = columns(5000)
    expected = reference(read(given_columns, 5000))
    moved = {**given_columns, "sbp": given_columns["sbp"] + 6}
    found = next(f for f in watch(read(moved, 5000), expected) if f.input == "sbp")
    assert WATCH <= found.index < ACT
    assert found.level == "watch"


def test_few_people_or_none_say_too_few():
    """Chance alone moves the index of a village; a column that is not there has no index."""
    few = columns(ENOUGH - 1)
    del few["hdl"]
    found = {f.input: f for f in watch(read(few, ENOUGH - 1), shipped().drift)}
    assert found["age"].level == "too-few"
    assert (found["hdl"].index, found["hdl"].missing) == (0.0, 1.0)
    assert found["hdl"].level == "too-few"
