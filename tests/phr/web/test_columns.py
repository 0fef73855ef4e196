"""Columns of samples: a thinned day shows every extreme and every gap of the whole day."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.web.columns import fine, thinned

SECOND = 1_000_000
days = st.lists(st.floats(20, 250, allow_nan=False), min_size=1, max_size=3000)


@given(values=days, most=st.integers(2, 400))
def test_a_thinned_day_keeps_the_extremes_and_both_ends(values, most):
    """A spike of one second is what a nurse would look for."""
    column = np.array(values)
    kept = thinned(column, most)
    assert len(kept) <= most + 4
    assert column[kept].min() == column.min()
    assert column[kept].max() == column.max()
    assert kept[0] == 0
    assert kept[-1] == len(column) - 1
    assert (np.diff(kept) > 0).all()


def test_few_values_are_all_kept():
    """Nothing is thinned that a screen can show."""
    assert list(thinned(np.array([3.0, 1.0, 2.0]), 3)) == [0, 1, 2]


@pytest.mark.parametrize("most", [100_000, 50])
def test_a_gap_stays_a_gap_however_few_points_are_left(most):
    """A line over an hour without a device would be invented."""
    at = np.arange(2000, dtype=np.int64) * SECOND
    at[1200:] += 3600 * SECOND
    found = fine(at, np.sin(np.arange(2000.0)), most)
    (gap,) = found.gaps
    assert found.at[gap] == at[1199]
    assert found.at[gap + 1] == at[1200]
    assert found.of == 2000


def test_a_cuff_that_measures_twice_a_day_has_no_gap_within_its_habit():
    """What is far apart for a watch is usual for others."""
    at = np.arange(6, dtype=np.int64) * 3600 * SECOND
    assert fine(at, np.ones(6)).gaps == ()


def test_the_columns_come_back_as_they_went():
    """Distances and a unit are small to send; a value that is no number is left out."""
    at = np.array([5, 6, 8, 9], np.int64) * SECOND
    told = json.loads(fine(at, np.array([61.0, np.nan, 62.5, 70.0])).json())
    assert told == {"from": 5000, "unit": 1000, "dx": [0, 3, 1], "y": [61.0, 62.5, 70.0], "gaps": [], "of": 3}
    odd = json.loads(fine(at + 250_000, np.ones(4)).json())
    assert (odd["unit"], odd["dx"]) == (1, [0, 1000, 2000, 1000])


def test_a_day_without_samples_is_empty_columns():
    """The browser then leaves the first picture."""
    told = json.loads(fine(np.empty(0, np.int64), np.empty(0)).json())
    assert (told["dx"], told["y"], told["of"]) == ([], [], 0)
