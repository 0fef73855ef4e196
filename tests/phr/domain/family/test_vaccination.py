"""Vaccinations: windows by age and by what was given, and honest words where the list cannot know."""

from __future__ import annotations

import copy
import tomllib
from datetime import date, timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.family.vaccination import SCHEDULE, Dose, due, schedule_of

BORN = date(2026, 1, 15)
RAW = tomllib.loads(
    resources.files("phr.domain.family").joinpath("vaccination.toml").read_text(encoding="utf-8")
)


def line(key, today, *given_days, born=BORN, sex="male"):
    found = due(born, sex, {key: given_days} if given_days else {}, today)
    return next(one for one in found if one.vaccine.key == key)


def test_a_window_opens_and_closes():
    """BCG: from five months to the day before the first birthday."""
    assert line("bcg", date(2026, 6, 14)).state == "later"
    opened = line("bcg", date(2026, 6, 15))
    assert (opened.state, opened.first, opened.last) == ("open", date(2026, 6, 15), date(2027, 1, 14))
    assert line("bcg", date(2027, 1, 14)).state == "open"
    assert line("bcg", date(2027, 1, 15)).state == "over"
    assert line("bcg", date(2026, 8, 1), date(2026, 7, 1)).state == "done"


def test_an_interval_of_27_days_or_more_ends_on_the_28th_day():
    """After the last dose, and 139 days after the first for the third of hepatitis B."""
    second = line("hepatitis-b", date(2026, 4, 20), date(2026, 4, 20))
    assert (second.dose, second.first, second.state) == (2, date(2026, 5, 18), "later")
    third = line("hepatitis-b", date(2026, 8, 1), date(2026, 5, 1), date(2026, 6, 1))
    assert third.first == max(date(2026, 8, 15), date(2026, 5, 1) + timedelta(days=140))


def test_who_began_late_is_told_to_ask():
    """Other numbers of doses apply then; the list does not guess them."""
    assert line("pneumococcal", date(2026, 8, 14)).state == "open"
    assert line("pneumococcal", date(2026, 8, 15)).state == "ask"
    assert line("pneumococcal", date(2026, 9, 1), date(2026, 8, 20)).state == "ask"
    assert line("pneumococcal", date(2026, 9, 1), date(2026, 4, 1), date(2026, 5, 1)).state == "open"
    assert line("rota", date(2026, 4, 30)).state == "over"


def test_products_with_two_or_three_doses_are_left_to_the_doctor():
    """Rotavirus: after the doses of the list it says ask, not done."""
    assert line("rota", date(2026, 5, 1), date(2026, 3, 10), date(2026, 4, 10)).state == "ask"


@pytest.mark.parametrize(
    ("born", "first"),
    [
        (date(2020, 4, 1), date(2025, 4, 1)),
        (date(2020, 4, 2), date(2026, 4, 1)),
        (date(2021, 3, 31), date(2026, 4, 1)),
    ],
)
def test_the_year_before_school_is_that_of_the_school_age(born, first):
    """Born on 1 April belongs to the older class."""
    found = line("measles-rubella", first, born + timedelta(days=400), born=born)
    assert (found.first, found.state) == (first, "open")
    assert Dose(before_school=True).window(born)[1] == first.replace(year=first.year + 1)


def test_hpv_is_listed_for_girls_and_for_whoever_had_it():
    """And marked as to be confirmed."""
    assert "hpv" not in {one.vaccine.key for one in due(BORN, "male", {}, BORN)}
    girl = next(one for one in due(BORN, "female", {}, BORN) if one.vaccine.key == "hpv")
    assert not girl.vaccine.confirmed
    assert "hpv" in {one.vaccine.key for one in due(BORN, "male", {"hpv": [date(2040, 1, 1)]}, BORN)}


@given(
    st.dates(date(2008, 1, 1), date(2026, 11, 21)),
    st.sampled_from([one.key for one in SCHEDULE.vaccines]),
    st.lists(st.integers(0, 2000), max_size=6),
    st.integers(0, 7000),
)
def test_every_history_gives_one_line_with_a_sane_window(born, key, days, age):
    """Whatever was given and whenever: one line for the vaccine, an open window holds today."""
    today = born + timedelta(days=age)
    found = due(born, "female", {key: [born + timedelta(days=n) for n in days]}, today)
    assert len(found) == len(SCHEDULE.vaccines)
    one = next(each for each in found if each.vaccine.key == key)
    assert one.given == tuple(sorted(one.given))
    if one.state == "open":
        assert one.first <= today <= one.last
    if one.state == "later":
        assert today < one.first <= one.last


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw.update(sources=[]),
        lambda raw: raw["vaccine"][0].update(doses=[]),
        lambda raw: raw["vaccine"].append(raw["vaccine"][0]),
        lambda raw: raw["vaccine"][0]["doses"][0].update({"from": {"weeks": 6}}),
        lambda raw: raw["vaccine"][0]["doses"][0].update({"from": {"days": 0}}),
        lambda raw: raw["vaccine"][0]["doses"][0].update({"from": None}),
    ],
)
def test_a_schedule_that_contradicts_itself_is_refused(spoil):
    """Before it reaches a page."""
    raw = copy.deepcopy(RAW)
    assert schedule_of(raw) == SCHEDULE
    spoil(raw)
    with pytest.raises((ValueError, TypeError)):
        schedule_of(raw)
