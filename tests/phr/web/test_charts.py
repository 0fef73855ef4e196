"""Charts: the table has the same numbers, gaps stay gaps, and the usual range is the person's own."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.web.charts import STYLES, axis_for, days_missing, first_day, record_chart, usual_range, weekly_chart
from phr.web.views.resident import Record
from phr.web.words import WORDS

LAST = date(2026, 11, 21)
values = st.lists(st.one_of(st.just(float("nan")), st.floats(30, 200)), min_size=1, max_size=400)


def days_of(count: int) -> list[date]:
    return [LAST - timedelta(days=i) for i in range(count)][::-1]


@pytest.mark.parametrize(
    "state", ["record-blood-pressure", "record-year", "record-heart-day", "record-steps-year"]
)
def test_the_table_has_the_numbers_of_the_chart(samples, rendered, state):
    """chart.js draws from the table; so every value of the chart is there, at its own time and line."""
    view: Record = samples.VIEWS[state][2]
    page = rendered[state, "ja"]
    rows = re.findall(r'<tr data-x="([^"]+)">(.*?)</tr>', page, re.DOTALL)
    shown = {
        (at, key, float(value))
        for at, row in rows
        for key, value in re.findall(r'data-k="([^"]+)" data-v="([^"]+)"', row)
    }
    keys = [line.key for line in view.chart.style.lines]
    there = [dict(zip(keys, row.values, strict=True)) for row in view.chart.rows]
    assert len(rows) == len(there)
    wanted = {
        (at, key, value)
        for (at, _), row in zip(rows, reversed(there), strict=True)
        for key, value in row.items()
        if value is not None
    }
    assert shown == wanted
    assert len(shown) > 10
    spec = json.loads(re.search(r'data-chart="([^"]+)"', page)[1].replace("&#34;", '"'))
    assert [line["k"] for line in spec["series"]] == keys
    assert spec["y"] == [view.chart.axis.low, view.chart.axis.high]


def test_a_day_without_a_value_has_a_row_that_says_so():
    """A gap is never drawn over."""
    days = days_of(28)
    column = np.full(28, 60.0)
    column[10:13] = np.nan
    chart = record_chart("t", "weight", "month", LAST, days, {"value": column})
    assert len(chart.rows) == 28
    assert [row.values[0] for row in chart.rows[10:13]] == [None] * 3
    assert chart.measured == 25


def test_days_that_are_missing_from_the_input_are_gaps_too():
    """The store gives only the days that it has."""
    chart = record_chart("t", "weight", "week", LAST, [LAST - timedelta(days=3)], {"value": np.array([60.0])})
    assert [row.values[0] for row in chart.rows] == [None, None, None, 60.0, None, None, None]


def test_no_value_in_the_period_is_no_chart():
    """The page then says that there is nothing."""
    assert record_chart("t", "weight", "week", LAST, [], {"value": np.array([])}) is None
    old = [LAST - timedelta(days=30)]
    assert record_chart("t", "weight", "week", LAST, old, {"value": np.array([60.0])}) is None


def test_a_year_is_52_weekly_means():
    """A week without a value is a gap, not a zero."""
    days = days_of(364)
    column = np.arange(364.0)
    column[7:14] = np.nan
    chart = record_chart("t", "steps", "year", LAST, days, {"value": column})
    assert len(chart.rows) == 52
    assert chart.rows[0].values == (3.0,)
    assert chart.rows[1].values == (None,)
    assert chart.rows[0].at == first_day("year", LAST)


def test_the_usual_range_is_the_10th_to_the_90th_percentile_of_28_days():
    """Older values do not count."""
    days = days_of(40)
    column = np.concatenate([np.full(12, 500.0), np.arange(28.0)])
    assert usual_range(days, column, LAST) == pytest.approx((2.7, 24.3))


@pytest.mark.parametrize(("known", "missing"), [(0, 7), (6, 1), (7, 0), (28, 0)])
def test_seven_days_make_a_usual_range(known, missing):
    """Fewer say nothing about what is usual; the page says how many more are needed."""
    days = days_of(28)
    column = np.full(28, np.nan)
    column[:known] = 60.0
    assert (usual_range(days, column, LAST) is None) == (missing > 0)
    assert days_missing(days, column, LAST) == missing


@given(values)
def test_the_usual_range_lies_within_the_values(column):
    """And its ends are in order."""
    found = usual_range(days_of(len(column)), np.array(column), LAST)
    if found is not None:
        known = [value for value in column[-28:] if value == value]  # noqa: PLR0124 - NaN differs from itself
        assert min(known) - 1e-9 <= found[0] <= found[1] <= max(known) + 1e-9


@given(values)
def test_every_value_lies_within_the_axis(column):
    """Nothing is drawn outside."""
    days = days_of(len(column))
    chart = record_chart("t", "weight", "year", LAST, days, {"value": np.array(column)})
    if chart is not None:
        for row in chart.rows:
            assert row.values[0] is None or chart.axis.low <= row.values[0] <= chart.axis.high


@given(st.floats(-1e5, 1e5), st.floats(0, 1e6))
def test_an_axis_has_few_round_marks(low, span):
    """It holds both ends and its marks can be read."""
    axis = axis_for(low, low + span)
    assert axis.low <= low + 1e-6 * max(1, axis.tick)
    assert axis.high >= low + span - 1e-6 * max(1, axis.tick)
    assert 1 <= round((axis.high - axis.low) / axis.tick) <= 9


def test_the_limit_lines_of_home_blood_pressure_are_135_and_85():
    """JSH 2025, home."""
    assert STYLES["blood-pressure"].limits == (135.0, 85.0)


def test_every_vital_of_the_pages_has_a_style():
    """A vital that has a page has a chart."""
    assert set(STYLES) == set(WORDS["vital"])
    assert {line.key for style in STYLES.values() for line in style.lines} == set(WORDS["line"])


def test_the_course_of_a_case_is_weekly_with_its_guidance_shaded():
    """Before, during and after can be seen."""
    first = date(2026, 6, 1)
    days = [first + timedelta(days=i) for i in range(21)]
    period = (date(2026, 6, 8), date(2026, 6, 14))
    chart = weekly_chart(
        "c", "weight", first, 3, days, {"value": np.repeat([80.0, 79.0, 78.0], 7)}, period=period
    )
    assert [row.values[0] for row in chart.rows] == [80.0, 79.0, 78.0]
    assert chart.period == period
