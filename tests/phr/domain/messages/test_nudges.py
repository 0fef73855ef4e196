"""Nudges: a reason in what is shared, or silence; nobody is asked why they never measured."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.messages.catalogue import catalogue
from phr.domain.messages.nudges import NudgesError, chosen, load, nudges

TEXT = files("phr.domain.messages").joinpath("nudges.toml").read_text("utf-8")
TODAY = date(2026, 11, 21)
STEPS, PRESSURE, WEIGHT = "55423-8", "85354-9", "29463-7"


def ago(*days, value=1.0):
    return {TODAY - timedelta(days=day): value for day in days}


def template(days, goals=None, resting=()):
    found = chosen(nudges(), days, goals or {}, TODAY, resting)
    return None if found is None else found.template


def test_who_measured_and_stopped_is_asked_after_a_week():
    assert template({PRESSURE: ago(8, 9, 10)}) == "nudge.bp-week"


@pytest.mark.parametrize("days", [(7, 8, 9, 10), (0, 8, 9, 10), (8, 9), (40, 41, 42), ()])
def test_who_measures_still_or_never_did_is_not_asked(days):
    """A week ago is not over a week; two days are no habit; what was long ago is over."""
    assert template({PRESSURE: ago(*days)}) is None


def test_what_is_not_shared_gives_no_reason_to_write():
    assert template({}) is None


def test_close_to_the_goal_is_said_and_at_the_goal_is_not():
    goal = {STEPS: 8000.0}
    assert template({STEPS: ago(1, 2, 3, value=7000.0)}, goal) == "nudge.steps-near"
    assert template({STEPS: ago(1, 2, 3, value=6000.0)}, goal) is None
    assert template({STEPS: ago(1, 2, 3, value=8000.0)}, goal) is None
    assert template({STEPS: ago(1, 2, value=7000.0)}, goal) is None
    assert template({STEPS: ago(1, 2, 3, value=7000.0)}) is None


def test_days_at_the_goal_are_named_before_what_is_missing():
    """Praise comes first, and not every week."""
    days = {STEPS: ago(1, 2, 3, 4, value=9000.0), PRESSURE: ago(8, 9, 10)}
    goal = {STEPS: 8000.0}
    assert template(days, goal) == "nudge.steps-met"
    assert template(days, goal, {"nudge.steps-met"}) == "nudge.bp-week"
    assert template(days) == "nudge.bp-week"


def test_today_is_not_over_and_does_not_count():
    assert template({STEPS: ago(0, 1, 2, 3, value=9000.0)}, {STEPS: 8000.0}) is None


def test_weight_rests_for_a_month():
    assert template({WEIGHT: ago(29)}) == "nudge.weight-month"
    assert template({WEIGHT: ago(27)}) is None


@given(
    st.dictionaries(
        st.sampled_from([STEPS, PRESSURE, WEIGHT]),
        st.dictionaries(st.integers(0, 69), st.floats(0, 30000), max_size=20),
    ),
    st.floats(1000, 12000),
)
def test_a_text_that_rests_never_comes(days, goal):
    """Whatever the data say."""
    held = {code: {TODAY - timedelta(days=n): v for n, v in values.items()} for code, values in days.items()}
    everything = {one.template for one in nudges()}
    assert template(held, {STEPS: goal}, everything) is None
    found = template(held, {STEPS: goal})
    assert found is None or found in everything


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('template = "nudge.steps-met"', 'template = "notice"'),
        ('template = "nudge.steps-met"', 'template = "nudge.unknown"'),
        ('when = "met"\ndays', 'when = "always"\ndays'),
        ("days = 7\nleast", "days = 0\nleast"),
        ("days = 7\nleast", "days = 99\nleast"),
        ("rest = 28", ""),
        ("rest = 28", 'rest = "x"'),
        ("least = 4", "most = 4"),
    ],
)
def test_a_wrong_file_is_refused(old, new):
    assert old in TEXT
    with pytest.raises(NudgesError):
        load(TEXT.replace(old, new, 1), catalogue())


def test_an_empty_file_nudges_nobody():
    assert load("", catalogue()) == ()
