"""Pseudonyms and date shifts of one release."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.pseudonym import ReleaseKey, shift
from phr.errors import Unsafe

SECRET = b"s" * 32
people = st.text(min_size=1, max_size=40)
instants = st.datetimes().map(lambda moment: np.datetime64(moment, "us"))


def key(release="one", entropy=b"e" * 32, secret=SECRET):
    return ReleaseKey.derive(secret, release, entropy=entropy)


@given(people)
def test_a_person_keeps_one_pseudonym_inside_a_release(person):
    """Rows of one person must stay together."""
    assert key().pseudonym(person) == key().pseudonym(person)


@given(people)
def test_another_release_another_secret_or_other_randomness_gives_another_pseudonym(person):
    """Stable hashes across exports are a link between them."""
    keys = [key(), key(release="two"), key(entropy=b"f" * 32), key(secret=b"t" * 32)]
    assert len({each.pseudonym(person) for each in keys}) == len(keys)


@given(people, people)
def test_two_people_have_two_pseudonyms(one, other):
    """A pseudonym stands for one person."""
    assert (key().pseudonym(one) == key().pseudonym(other)) == (one == other)


@given(people)
def test_a_pseudonym_is_plain_text_that_needs_no_quotes(person):
    """It goes into CSV and into a FHIR id."""
    assert key().pseudonym(person).isalnum()
    assert len(key().pseudonym(person)) == 26


def test_every_shift_from_26_weeks_back_to_26_ahead_occurs_about_equally_and_none_is_zero():
    """An uneven shift, or none at all, would give dates away."""
    drawn = np.array([key().weeks(f"person-{n}") for n in range(5200)])
    found, counts = np.unique(drawn, return_counts=True)
    assert found.tolist() == [*range(-26, 0), *range(1, 27)]
    assert 50 < counts.min() <= counts.max() < 160


@given(st.lists(instants, min_size=2, max_size=5), people)
def test_intervals_weekdays_and_times_of_day_survive_the_shift(moments, person):
    """Days of wearables are read by weekday and by interval."""
    before = np.array(moments)
    after = shift(before, key().weeks(person))
    days = before.astype("datetime64[D]"), after.astype("datetime64[D]")
    assert (np.diff(after) == np.diff(before)).all()
    assert (before - days[0] == after - days[1]).all()
    assert ((days[1] - days[0]).astype(int) % 7 == 0).all()


def test_a_shift_for_each_row_moves_each_row():
    """Rows of many people are moved at once."""
    moved = shift(np.array(["2026-01-05", "2026-01-05"], dtype="datetime64[D]"), np.array([1, -1]))
    assert moved.astype(str).tolist() == ["2026-01-12", "2025-12-29"]


def test_a_short_secret_is_refused():
    """Key derivation adds no strength."""
    with pytest.raises(Unsafe, match="32 bytes"):
        key(secret=b"short")


def test_the_key_does_not_show_itself():
    """A key in a log rebuilds every pseudonym."""
    assert repr(key()) == "ReleaseKey()"


def test_seeds_differ_by_use_and_by_release():
    """Noise that repeats could be taken off."""
    assert len({key().seed("noise"), key().seed("order"), key("two").seed("noise")}) == 3
