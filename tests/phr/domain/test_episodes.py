"""A change that goes on is new once: it comes back when it grows, or after it was gone."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from phr.domain.episodes import AGAIN, GONE, NEW, RENEWED, SAME, Episode, follow, read

TODAY = date(2026, 6, 10)
LESS, PULSE = frozenset({"steps:down"}), frozenset({"steps:down", "resting:up"})


def test_the_first_night_is_new_and_the_next_nights_are_the_same():
    """R9-3: a dismissed case is not asked for again each night."""
    episode, step = follow(None, LESS, TODAY)
    assert step == NEW
    for night in range(1, RENEWED.days):
        after, step = follow(episode, LESS, TODAY + timedelta(days=night))
        assert (after, step) == (episode, SAME)


def test_after_a_week_it_is_shown_again_with_the_same_mark():
    """The values are brought up to date, and nothing is new."""
    episode, _ = follow(None, PULSE, TODAY)
    after, step = follow(episode, LESS, TODAY + RENEWED)
    assert step == AGAIN
    assert (after.mark, after.seen) == (episode.mark, TODAY + RENEWED)


def test_a_further_signal_is_new_and_one_that_went_and_came_is_not():
    """The mark remembers what was told, so that a value around its limit does not call each time."""
    episode, _ = follow(None, LESS, TODAY)
    grown, step = follow(episode, PULSE, TODAY + timedelta(days=1))
    assert (step, grown.began) == (NEW, TODAY)
    back, step = follow(grown, LESS, TODAY + timedelta(days=2))
    assert step == SAME
    assert follow(back, PULSE, TODAY + timedelta(days=3))[1] == SAME


def test_after_four_weeks_without_a_signal_the_next_one_is_another_episode():
    """The day after the last that still counts."""
    episode, _ = follow(None, LESS, TODAY)
    assert follow(episode, LESS, TODAY + GONE)[1] == AGAIN
    after, step = follow(episode, LESS, TODAY + GONE + timedelta(days=1))
    assert (step, after.began) == (NEW, TODAY + GONE + timedelta(days=1))


@given(st.dates(), st.frozensets(st.sampled_from(["a:up", "b:down", "c"]), min_size=1))
def test_a_mark_is_read_back(began, signals):
    """The case keeps the mark alone."""
    episode = Episode(began, began, signals)
    assert read(episode.mark, began) == episode


def test_a_mark_of_something_else_names_no_episode():
    """A case that was emptied, and a check-up's mark."""
    for mark in ("", "2026-06-10:3", "yesterday|a"):
        assert read(mark, TODAY) is None
