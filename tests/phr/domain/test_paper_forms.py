"""Paper forms: the code of a sheet carries a number only, and a copied sheet is always the same samples."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.paper_forms import (
    Meal,
    Pressure,
    Weight,
    address_of,
    number_in,
    refuse_days,
    series_of,
)
from phr.errors import Invalid

TOKYO = ZoneInfo("Asia/Tokyo")
DAY = date(2026, 11, 16)


@given(patient=st.from_regex(r"[A-Za-z0-9.\-]{1,64}", fullmatch=True))
def test_the_code_of_a_sheet_leads_back_to_its_number(patient):
    """Scanned or typed, it is the same record; the address holds nothing else of the person."""
    address = address_of("https://phr.example", "/staff/paper/diary", patient)
    assert number_in(address) == patient
    assert number_in(f" {patient}\n") == patient
    assert urlsplit(address).query == f"for={patient}"


@pytest.mark.parametrize(
    "text", ["https://phr.example/?for=", "https://phr.example/?for=a&for=b", "?", "https://[?for=x", ""]
)
def test_a_code_of_something_else_is_no_number(text):
    """A wrong scan is told as a number that is missing."""
    assert number_in(text) == ""


@given(text=st.text(max_size=80))
def test_reading_a_code_never_fails(text):
    """Whatever somebody holds before the scanner."""
    assert isinstance(number_in(text), str)


def at(series):
    return [datetime.fromtimestamp(us / 1e6, TOKYO) for us in series.start.tolist()]


def test_a_week_on_paper_keeps_morning_and_evening_and_both_readings():
    """The rule of five days reads them as it reads what is typed on the screen."""
    entries = [
        Pressure(DAY, "morning", 1, 131, 82, 66),
        Pressure(DAY, "morning", 2, 129, 80),
        Pressure(DAY, "evening", 1, 125, 78),
        Weight(DAY, 54.2),
    ]
    morning, evening, weight = series_of(entries, TOKYO)
    assert [one.source.key for one in (morning, evening, weight)] == [
        "paper|morning",
        "paper|evening",
        "paper",
    ]
    assert {one.source.method for one in (morning, evening, weight)} == {"manual"}
    assert [moment.strftime("%H:%M") for moment in at(morning)] == ["07:00", "07:02"]
    assert [moment.hour for moment in at(evening)] == [21]
    assert morning.channels["systolic"].tolist() == [131, 129]
    assert morning.channels["pulse"].tolist()[0] == 66
    assert morning.channels["pulse"][1] != morning.channels["pulse"][1]
    assert weight.channels["value"].tolist() == [54.2]
    assert (morning.quality == 1).all()
    assert set(morning.offset.tolist()) == {32400}


def test_two_foods_of_one_meal_stay_two():
    """Two lines of the sheet are two foods, even when they say the same."""
    meals = [Meal(DAY, "dinner", line, {"energy": 300.0}) for line in (3, 4)]
    (series,) = series_of(meals, TOKYO)
    assert series.source.key == "paper|dinner"
    assert len(set(series.start.tolist())) == 2
    assert series.channels["energy"].tolist() == [300.0, 300.0]
    assert series.duration.tolist() == [0, 0]


def test_a_sheet_copied_twice_is_the_same_samples():
    """The receiving service then finds repeats and no conflict."""
    entries = [
        Pressure(DAY, "morning", 1, 131, 82, 66),
        Weight(DAY, 54.2),
        Meal(DAY, "lunch", 0, {"fat": 9.0}),
    ]
    first, second = series_of(entries, TOKYO), series_of(entries, TOKYO)
    assert [one.start.tolist() for one in first] == [one.start.tolist() for one in second]
    assert [one.source for one in first] == [one.source for one in second]
    assert series_of([], TOKYO) == []


@pytest.mark.parametrize("days", [-1, 401])
def test_a_sheet_of_days_that_cannot_be_is_refused(days):
    """Tomorrow, or more than a year ago: a slip of the pen."""
    with pytest.raises(Invalid) as error:
        refuse_days([Weight(DAY - timedelta(days=days), 54.0)], DAY)
    assert error.value.field == "first"
    refuse_days([Weight(DAY, 54.0), Weight(DAY - timedelta(days=400), 54.0)], DAY)
