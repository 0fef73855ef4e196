"""Who may have which screening this fiscal year, and has not had it."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.messages.screenings import ScreeningsError, age_this_year, due, load, screenings

TEXT = files("phr.domain.messages").joinpath("screenings.toml").read_text("utf-8")
TODAY = date(2026, 11, 21)
KNOWN = screenings()


def born(age):
    """Somebody of this age on the last day of the fiscal year."""
    return date(2027 - age, 1, 15)


@pytest.mark.parametrize(
    ("age", "sex", "names"),
    [
        (19, "female", []),
        (20, "female", ["cervix"]),
        (39, "male", []),
        (40, "male", ["checkup", "lung", "colon"]),
        (40, "female", ["checkup", "lung", "colon", "breast", "cervix"]),
        (50, "male", ["checkup", "stomach", "lung", "colon"]),
        (69, "female", ["checkup", "stomach", "lung", "colon", "breast", "cervix"]),
        (70, "female", ["checkup"]),
        (74, "male", ["checkup"]),
        (75, "male", []),
        (45, "unknown", ["checkup", "lung", "colon"]),
        (45, "", ["checkup", "lung", "colon"]),
    ],
)
def test_ages_and_sexes_of_the_guideline(age, sex, names):
    """Breast and cervix ask for the sex; the stomach begins at 50; nobody is asked about what they are too old for."""
    assert due(KNOWN, born(age), sex, TODAY, {}) == names


def test_who_has_no_birth_date_is_asked_about_nothing():
    assert due(KNOWN, None, "female", TODAY, {}) == []


def test_the_law_makes_who_is_born_on_the_first_of_april_older_on_its_eve():
    assert age_this_year(date(1987, 4, 1), TODAY) == 40
    assert age_this_year(date(1987, 4, 2), TODAY) == 39


@pytest.mark.parametrize(
    ("name", "last", "again"),
    [
        ("lung", date(2026, 4, 1), False),
        ("lung", date(2026, 3, 31), True),
        ("stomach", date(2025, 4, 1), False),
        ("stomach", date(2025, 3, 31), True),
        ("breast", date(2025, 6, 1), False),
    ],
)
def test_what_was_had_is_asked_for_again_after_its_interval(name, last, again):
    """Intervals are fiscal years: each year, or every second."""
    assert (name in due(KNOWN, born(60), "female", TODAY, {name: last})) is again


def test_after_the_last_day_nothing_is_open():
    """A city that ends in January says nothing in February."""
    early = load(TEXT.replace("last_month = 3", "last_month = 1"))
    assert early.closes(date(2026, 11, 1)) == date(2027, 1, 31)
    assert early.closes(date(2027, 2, 1)) == date(2027, 1, 31)
    assert due(early, born(60), "male", date(2027, 1, 31), {}) != []
    assert due(early, born(60), "male", date(2027, 2, 1), {}) == []


def test_a_city_that_ends_in_december_ends_in_the_same_year():
    assert load(TEXT.replace("last_month = 3", "last_month = 12")).closes(TODAY) == date(2026, 12, 31)


@given(st.dates(date(1930, 1, 1), date(2010, 1, 1)), st.sampled_from(["male", "female", "other", "unknown"]))
def test_having_had_everything_leaves_nothing(birth, sex):
    first = due(KNOWN, birth, sex, TODAY, {})
    assert due(KNOWN, birth, sex, TODAY, dict.fromkeys(first, TODAY)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from = 50", "from = 90"),
        ("every = 2", "every = 0"),
        ('sex = "female"', 'sex = "f"'),
        ("last_month = 3", "last_month = 13"),
        ("last_month = 3", ""),
        ("from = 50", ""),
        ('ja = "特定健診"', ""),
        ("[screening.checkup]", "[screening"),
    ],
)
def test_a_wrong_file_is_refused(old, new):
    assert old in TEXT
    with pytest.raises(ScreeningsError):
        load(TEXT.replace(old, new, 1))
