"""Day summaries as a table of people by days: one source speaks for a day, and none is added to another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.day_table import CODES, HEART, MEASURES, DayColumns, chosen, values_of, worn_minutes

TODAY = 20_000


def columns(*rows):
    """Rows of person, code, source, days ago, samples, mean, total, worn."""
    parts = list(zip(*rows, strict=True)) if rows else [()] * 8
    code = np.array([CODES.index(one) for one in parts[1]], np.int64)
    whole = [np.array(parts[at], np.int64) for at in (0, 2, 3, 4, 7)]
    return DayColumns(
        whole[0],
        code,
        whole[1],
        TODAY - whole[2],
        whole[3],
        np.array(parts[5], float),
        np.array(parts[6], float),
        whole[4],
    )


def table(measure, found, people=2, days=5):
    return values_of(found, MEASURES[measure], chosen(found, MEASURES[measure], TODAY, people, days))


def test_the_preferred_code_speaks_and_among_its_sources_the_one_with_most_samples():
    """Steps of a watch before the day's sum of an application; never both together."""
    found = columns(
        (0, "41950-7", 0, 1, 900, 9000, 9000, 0),
        (0, "55423-8", 1, 1, 10, 300, 3000, 0),
        (0, "55423-8", 2, 1, 20, 200, 4000, 0),
        (1, "41950-7", 0, 2, 1, 7000, 7000, 0),
    )
    steps = table("steps", found)
    assert (steps[0, 1], steps[1, 2]) == (4000, 7000)
    assert np.isnan(steps).sum() == 8


def test_a_weight_is_the_mean_of_its_day_and_a_walk_the_sum():
    """Each measure says which of the two a day's value is."""
    found = columns((0, "29463-7", 0, 0, 2, 60.5, 121.0, 0), (1, "93832-4", 0, 0, 3, 140.0, 420.0, 0))
    assert table("weight", found)[0, 0] == 60.5
    assert table("sleep", found)[1, 0] == 420


def test_days_outside_of_the_table_do_not_count():
    """Tomorrow of another zone, and what is too long ago."""
    found = columns((0, "29463-7", 0, -1, 1, 60, 60, 0), (0, "29463-7", 0, 5, 1, 61, 61, 0))
    assert np.isnan(table("weight", found)).all()


def test_a_device_was_worn_as_long_as_the_one_that_was_worn_longest():
    """Two watches in turn are not worn twice; a day without heart rates says nothing."""
    found = columns((0, HEART, 0, 1, 1, 70, 70, 300), (0, HEART, 1, 1, 1, 70, 70, 800))
    minutes, rows = worn_minutes(found, TODAY, 1, 3)
    np.testing.assert_array_equal(minutes, [[np.nan, 800, np.nan]])
    assert rows.tolist() == [[-1, 1, -1]]


def test_nobody_measured_anything():
    """An empty block is a table without values."""
    assert np.isnan(table("weight", columns())).all()


@given(st.permutations(range(12)))
def test_the_order_of_the_rows_does_not_matter(order):
    """The database gives them in any order."""
    rows = [
        (n % 2, ("55423-8", "41950-7")[n % 3 % 2], n % 4, n % 3, n, float(n), float(10 * n), n)
        for n in range(12)
    ]
    expected = table("steps", columns(*rows))
    shuffled = columns(*rows).take(np.array(order))
    assert len(shuffled) == len(rows)
    np.testing.assert_array_equal(table("steps", shuffled), expected)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_code_of_a_measure_is_read(measure):
    """A code that no block reads would be a measure without data."""
    assert set(MEASURES[measure].codes) <= set(CODES)
