"""Tooth brushing: nothing is taken away, a forgotten day is forgiven, and a class is counted only when it is large."""

from __future__ import annotations

import copy
import tomllib
from datetime import date, timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.family.brushing import (
    RULES,
    checked_class,
    checked_day,
    checked_time,
    class_total,
    class_window,
    rules_of,
    school_year_end,
    streak,
    week_of,
)
from phr.errors import Invalid

TODAY = date(2026, 11, 21)
RAW = tomllib.loads(
    resources.files("phr.domain.family").joinpath("brushing.toml").read_text(encoding="utf-8")
)


def days(*back):
    return [TODAY - timedelta(days=n) for n in back]


def test_today_and_two_days_back_may_be_entered():
    """Later is forgotten, earlier has not been."""
    for back in (0, 1, 2):
        assert checked_day(TODAY - timedelta(days=back), TODAY)
    for back in (-1, 3):
        with pytest.raises(Invalid):
            checked_day(TODAY - timedelta(days=back), TODAY)


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        ((), 0),
        ((0,), 1),
        ((1, 2), 2),  # today may still come
        ((0, 1, 3, 4), 4),  # one day is forgiven
        ((0, 2, 4), 2),  # not two in a week
        ((0, 1, 2, 3, 4, 5, 6, 8, 9), 9),
        ((0, 2, 3, 4, 5, 6, 7, 8, 10), 9),  # seven days apart
        ((3, 4), 0),  # two days missed in a row
        ((2, 3), 2),
    ],
)
def test_a_streak_forgives_one_missed_day_a_week(back, expected):
    assert streak(days(*back), TODAY).days == expected


@given(st.sets(st.integers(0, 400)), st.integers(0, 400))
def test_brushing_once_more_takes_nothing_away(back, more):
    """Days, streak and stickers only grow."""
    before, after = streak(days(*back), TODAY), streak(days(*back, more), TODAY)
    assert after.ever >= before.ever
    assert set(after.stickers) >= set(before.stickers)
    assert after.days >= before.days
    assert before.next_sticker is None or before.next_sticker > before.ever


def test_all_stickers_can_be_had():
    assert streak(days(*range(400)), TODAY).next_sticker is None


@given(st.integers(0, 60), st.integers(0, 2000))
def test_a_class_is_counted_only_from_ten_children_on_and_never_exactly(children, times):
    """So that one child's evening cannot be read from two totals."""
    found = class_total(children, times)
    if children < 10:
        assert found is None
    else:
        assert found % 10 == 0
        assert found <= times < found + 10


def test_the_window_is_of_full_days():
    assert class_window(TODAY) == (date(2026, 11, 14), date(2026, 11, 20))
    assert school_year_end(date(2026, 3, 31)) == date(2026, 3, 31)
    assert school_year_end(date(2026, 4, 1)) == date(2027, 3, 31)


def test_a_week_is_shown_day_by_day():
    shown = week_of({TODAY: (True, False)}, TODAY)
    assert len(shown) == 7
    assert shown[-1] == (TODAY, True, False)
    assert shown[0] == (TODAY - timedelta(days=6), False, False)


def test_times_and_class_codes_are_words_of_the_table():
    """A class code stands in a consent as Group/code."""
    assert checked_time("morning") == "morning"
    assert checked_class("kiji-2a") == "kiji-2a"
    with pytest.raises(Invalid):
        checked_time("noon")
    for bad in ("", "abc", "x/y-1", "a" * 33, "２年１組です"):
        with pytest.raises(Invalid):
            checked_class(bad)


@pytest.mark.parametrize(
    "change", [{"class_at_least": 9}, {"back_days": 0}, {"sticker_days": [3, 1]}, {"timer_seconds": 3}]
)
def test_a_table_that_would_show_small_classes_is_refused(change):
    raw = copy.deepcopy(RAW)
    assert rules_of(raw) == RULES
    with pytest.raises((ValueError, TypeError)):
        rules_of({**raw, **change})
